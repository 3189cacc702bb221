"""What the flow asks of the full-text index over current records."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from frostnode.protocol.names import Did


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One hit of a search."""

    did: Did
    type: str
    key: str
    score: float


class SearchIndex(Protocol):
    """Full text over current records; a view that can be dropped and rebuilt.

    `put`, `remove` and `commit` belong to one writer; documents and cursor of one `commit` become
    durable and visible together.
    """

    def cursor(self) -> int:
        """The arrival up to which the committed index has followed; 0 when empty."""

    def mark(self) -> bytes:
        """What was committed with the cursor; empty when the index is."""

    def put(self, did: Did, type_: str, key: str, title: str, text: Sequence[str]) -> None: ...
    def remove(self, did: Did, type_: str, key: str) -> None: ...
    def commit(self, cursor: int, mark: bytes) -> None: ...
    def clear(self) -> None: ...
    def beside(self) -> "SearchIndex":
        """An empty index beside this one, to be filled and put in its place."""

    def take_over(self) -> None:
        """Replace the index that this one was made beside: nothing of what was there is left in any file. Closes this one."""

    def close(self) -> None: ...
    def search(
        self, query: str, *, limit: int, offset: int = 0, without: frozenset[Did] = frozenset()
    ) -> tuple[int, list[Found]]:
        """(number of hits, the hits in order of score, ties by did, type, key); none of the publishers `without`."""
