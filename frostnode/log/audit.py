"""What fsck asks of a store: everything as it is stored, in the order of storage, unjudged.

Rule for adapters: damage that can be read at all is handed out, not raised; only what the database
itself cannot read raises StorageError.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from frostnode.ports import LogReader
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.history import Place
from frostnode.protocol.merkle import Hash
from frostnode.protocol.names import Did, Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPublisher:
    """A publisher: its events (digest they are filed under, bytes as they came), choices, and what they come to."""

    did: Did
    tip: bytes | None
    forked: bool
    events: Sequence[tuple[bytes, bytes]]
    choices: dict[Place, Cid | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLog:
    """The row of a log: `edge` is the hashes of the compact range of `size` leaves, `tail` its last bundle.

    `ahead` is the note of a signed tree that these leaves begin, `beyond` what lies to their right in it.
    """

    did: Did
    origin: Origin
    size: int
    edge: bytes
    tail: bytes
    served: int
    checkpoint: bytes | None
    ahead: bytes | None
    beyond: Sequence[Hash]
    disputed: bool
    astray: bool


StoredBody: TypeAlias = tuple[int, int, int, bytes]
"""A line of the index of bodies: the bytes with this digest are in pack, from start, so many. There are millions."""


class LogAudit(LogReader, Protocol):
    """One snapshot, laid open."""

    def structure(self) -> list[str]:
        """What the database itself finds wrong with its pages, references and keys."""

    def stored_publishers(self) -> Iterator[StoredPublisher]: ...
    def stored_logs(self, did: Did) -> list[StoredLog]:
        """All logs of a publisher, also those of void epochs."""

    def stored_bundles(self, origin: Origin) -> Iterator[tuple[int, bytes]]:
        """Full bundles of a log with their numbers, ascending."""

    def stored_tiles(self, origin: Origin) -> Iterator[tuple[int, int, bytes]]:
        """Tiles of a log: level, number, hashes; ascending."""

    def withheld_leaves(self, origin: Origin) -> dict[int, Hash]: ...
    def stored_packs(self) -> Iterator[tuple[int, bytes]]:
        """Packs of bodies with their numbers, ascending."""

    def stored_bodies(self) -> Iterator[StoredBody]:
        """The index of bodies: (pack, start, size, digest), ascending."""

    def absent_bodies(self, digests: Sequence[bytes]) -> set[bytes]:
        """Those of the digests whose bodies are neither here nor withheld."""


class AuditableStore(Protocol):
    """A store that can be laid open."""

    def audit(self) -> AbstractContextManager[LogAudit]:
        """A consistent snapshot."""
