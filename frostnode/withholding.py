"""The part of the store's port that is about what a node withholds: erased content, blocks, and what is left to overwrite."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.names import Did, Origin
from frostnode.protocol.withheld import Block, Withheld


class WithheldReader(Protocol):
    """What is withheld, and why."""

    def withheld(self, page: int) -> list[Withheld]:
        """At most HEADS_PAGE_MAX lines: blocks, then what is gone in order of log and entry; page from 0."""

    def withheld_header(self, header: Cid) -> Withheld | None:
        """The header with this CID, if it was here and is erased."""

    def erased_among(self, leaf_hashes: Iterable[bytes], bodies: Iterable[Cid]) -> Withheld | None:
        """The first of these headers and bodies that is not taken again."""

    def absent_leaves(self, origin: Origin, start: int, stop: int) -> tuple[int, int] | None:
        """From the first to behind the last of leaves [start, stop) that came as a hash alone and would be taken; None for none."""

    def blocks(self, did: Did | None = None) -> list[Block]:
        """All blocks, or those of one publisher and its records; by DID, type and key."""

    def block(self, did: Did, type_: str = ..., key: str = ...) -> Block | None:
        """The block that keeps a publisher, or one of its records, from being shown."""

    def blocked_body(self, cid: Cid) -> Block | None:
        """The block that keeps a body from being given out by its CID."""

    def scrubs(self) -> dict[str, int]:
        """Where bytes of what was erased may still lie: `store`, `catalog`, `index`; each with the last arrival noted."""


class WithheldWriter(Protocol):
    """How it comes to be so, within one transaction.

    What is erased is overwritten where it lies; that its bytes may still lie in other files of the home is noted
    with it, and struck off by whoever scrubs these.
    """

    def put_leaves(self, origin: Origin, leaves: Sequence[tuple[int, bytes]]) -> list[int]:
        """Keep leaves of one bundle, by index, that are `absent` here; answers which were. Arrivals are the caller's.

        A leaf of another hash than the one that is held is not kept, nor one that was erased here.
        """

    def withhold_body(self, origin: Origin, index: int, state: str, reason: str) -> None:
        """Erase the body that an entry names, if it is here, and never take it again.

        `state` is `erased` or `refused`. Raises LocalError record.not-found when the entry names none.
        """

    def withhold_bodies(self, origin: Origin, indexes: Sequence[int], state: str, reason: str) -> list[bool]:
        """The same for many; answers of which it was not done before. An entry without a body has none to erase."""

    def withhold_leaf(self, origin: Origin, index: int, state: str, reason: str) -> None:
        """Erase a header down to its leaf hash. Raises LocalError record.not-found when it is not held."""

    def withhold_leaves(self, origin: Origin, indexes: Sequence[int], state: str, reason: str) -> None:
        """The same for many held leaves; those that are withheld already stay so."""

    def put_block(self, block: Block) -> None:
        """Block a publisher or record; of one that is blocked already the reason is replaced."""

    def block_bodies(self, block: Block, bodies: Iterable[Cid]) -> None:
        """Give these bodies out by their CID no longer, as long as the block stands."""

    def remove_block(self, block: Block) -> None:
        """Block it no longer. What was kept is shown again; arrivals are the caller's."""

    def scrubbed(self, place: str, arrival: int) -> None:
        """Nothing of what was erased up to this arrival lies there any more."""

    def scrub_again(self, place: str, arrival: int) -> None:
        """What was erased up to this arrival lies there again."""


class Scrubbable(Protocol):
    """A store that can be made to hold no byte of what was erased from it, in no file of its own."""

    def scrub(self) -> bool:
        """Overwrite what is left; False while a reader still needs it. What is noted in the store is scrubbed once."""
