"""What the flow asks of the full-text index over current records."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from frostnode.protocol.names import Did
from frostnode.search.document import SearchDocument
from frostnode.search.query import Field, Query


class Sort(StrEnum):
    """What comes first."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    OLDEST = "oldest"
    USED = "used"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One search: the first `limit` hits in order, and how many there are by the values of some fields.

    `without` are publishers of whom nothing is wanted; `own` those that this node hosts, for `source:own`; `known` those that
    it hosts, follows or has vouched for. What `within` does not find is as if it were not there. Whoever asks again with the same `without` (by identity) is answered sooner.
    """

    query: Query
    limit: int
    sort: Sort = Sort.RELEVANCE
    facets: tuple[Field, ...] = ()
    without: frozenset[Did] = frozenset()
    own: frozenset[Did] = frozenset()
    known: frozenset[Did] = frozenset()
    within: Query | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One hit of a search."""

    did: Did
    type: str
    key: str
    title: str
    score: float
    description: str = ""
    """How it begins."""
    same_as: Sequence[str] = ()
    is_near: bool = False
    """Whether it lacks some of the plain words."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many records have all that is asked for, and how many of them have which values.

    `facets` are the counts over `total`, the largest first, ties by value, at most FACET_VALUES_MAX of each, of years FACET_YEARS_MAX.
    """

    total: int
    facets: Mapping[Field, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The first of the records that have all that is asked for, or nearly, in order; how many there are takes longer to say.

    Nothing near is looked for where SEARCH_ENOUGH records or more have all; what is near comes after the hits, but in the order of
    relevance the best of both are in one order. `generation` changes whenever answers may. `count` waits for what is counted meanwhile.
    """

    near: int
    found: Sequence[Found]
    generation: str
    count: Callable[[], Counts]
    meant: str = ""
    """The query with words that are nowhere replaced by the nearest that are; "" where there is nothing to say."""

    @property
    def total(self) -> int:
        """How many records have all that is asked for."""
        return self.count().total

    @property
    def facets(self) -> Mapping[Field, Mapping[str, int]]:
        """How many of them have which values."""
        return self.count().facets


class SearchIndex(Protocol):
    """Full text over current records; a view that can be dropped and rebuilt.

    `put`, `remove` and `commit` belong to one writer; documents and cursor of one `commit` become
    durable and visible together. Equal documents give equal answers in equal order, whatever was there before. What publishers
    are called is known from their profiles, which are documents too.
    """

    def cursor(self) -> int:
        """The arrival up to which the committed index has followed; 0 when empty."""

    def mark(self) -> bytes:
        """What was committed with the cursor; empty when the index is."""

    def put(self, document: SearchDocument) -> None: ...
    def remove(self, did: Did, type_: str, key: str) -> None: ...
    def commit(self, cursor: int, mark: bytes) -> None: ...
    def clear(self) -> None: ...
    def beside(self) -> "SearchIndex":
        """An empty index beside this one, to be filled and put in its place."""

    def take_over(self) -> None:
        """Replace the index that this one was made beside: nothing of what was there is left in any file. Closes this one."""

    def close(self) -> None: ...
    def referred(self, did: Did, type_: str, key: str) -> Sequence[str]:
        """What the committed document of a record refers to; nothing where there is no such document."""

    def search(self, ask: Ask) -> Answer: ...
    def similar(
        self, did: Did, type_: str, key: str, *, limit: int, without: frozenset[Did] = frozenset()
    ) -> Sequence[Found]:
        """Other records of the same type that are most like this one."""

    def sharing(
        self, names: Collection[str], *, limit: int, without: frozenset[Did] = frozenset(), at_hand: int = 0
    ) -> Sequence[Found]:
        """Records that share some of these identifiers, at most `limit`; none where they are no more than who asks has `at_hand`.

        What was committed since those were found may make it as many; who asks again is told.
        """

    def words(self, text: str) -> list[str]:
        """The words of a text as they are compared (spec/15-search.md#words), in order."""
