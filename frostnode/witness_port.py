"""What the flow asks of a witness key. Like the ports, it knows the protocol and nothing else."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from frostnode.protocol.cosigners import Cosigner
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.names import Did, Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigned:
    """The last tree of a log that a witness has cosigned: the note has its line and that of the log."""

    origin: Origin
    size: int
    root: bytes
    time_s: int
    note: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CosignRequest:
    """A signed checkpoint (origin, size, root) that extends the tree `old_size`, `old_root`; the caller has checked it."""

    origin: Origin
    old_size: int
    old_root: bytes
    size: int
    root: bytes
    note: bytes


class Witness(Protocol):
    """The holder of a witness key (trusted with: saying what it saw, and when).

    It remembers durably the last tree that it cosigned of each log, and compares, signs and remembers as
    one act, before anybody sees the line. Its memory never goes back, whatever becomes of the store.
    """

    @property
    def cosigner(self) -> Cosigner:
        """Name and key."""

    def last(self, origin: Origin) -> Cosigned | None: ...
    def last_by_digest(self, digest: bytes) -> Cosigned | None:
        """The same by the SHA-256 of the origin."""

    def remembered(self) -> list[Cosigned]:
        """All of these, as they are stored, in order of origin."""

    def cosign(self, requests: Sequence[CosignRequest], now_s: int) -> list[Cosigned | None]:
        """One answer each; None where another tree was cosigned last than the request says, and nothing was done.

        The tree that was cosigned last is answered as it was, with its old time. A larger tree gets a later
        time than the one before, whatever the clock says. Raises StorageError: nothing was cosigned.
        """


class VouchReader(Protocol):
    """What a store remembers of those who vouch for histories that are not decided."""

    def vouched(self, did: Did) -> dict[Cid, frozenset[str]]:
        """Which trusted witnesses have cosigned epochs of a publisher whose identity is forked, by opening event."""

    def forked(self) -> list[Did]:
        """Publishers whose identity is forked: of two histories neither is followed yet."""

    def contested(self) -> list[Did]:
        """Publishers of whom more identity events are kept than count, sorted; `is_contested`: one of them."""

    def is_contested(self, did: Did) -> bool: ...


class VouchWriter(Protocol):
    """The same, to be added to."""

    def vouch(self, did: Did, event: Cid, witnesses: Iterable[str]) -> None:
        """Remember who cosigned the epoch that an event opened, until the history is decided."""
