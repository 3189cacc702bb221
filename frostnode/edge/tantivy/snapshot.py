"""One state of the index: counts, the first hits in an order that only the records decide, and what is kept of them."""

from collections.abc import Sequence
from functools import cached_property
from math import log2
from typing import Final, TypeAlias

import tantivy

from frostnode.edge.tantivy.clauses import Clauses, Query
from frostnode.edge.tantivy.kept import Place, Record
from frostnode.edge.tantivy.schema import (
    CHANGED,
    COMMITS,
    CURSOR,
    CURSOR_ID,
    HARVESTED,
    ID,
    KEPT,
    MARK,
    NO,
    TEXT,
    TIE,
    USED,
    WEIGHT,
    YES,
)
from frostnode.protocol.limits import SEARCH_COUNTS_CACHED_MAX, SEARCH_TIES_MAX
from frostnode.search.matching import Wanted
from frostnode.search.ranking import rarity
from frostnode.search_port import Found, Sort

Hit: TypeAlias = tuple[float, tantivy.DocAddress]

_TIES: Final = 32
"""Hits that are asked for beyond the last, to see whether it has equals."""

_COLUMNS: Final = {Sort.NEWEST: CHANGED, Sort.OLDEST: CHANGED, Sort.USED: USED}


class Snapshot:
    """What one commit made visible, for as long as anybody reads it. Safe from any thread.

    `cursor`, `mark` and `commits` are what the commit said of itself.
    """

    def __init__(self, index: tantivy.Index) -> None:
        self.searcher: Final = index.searcher()
        self.schema: Final = index.schema
        self.clauses: Final = Clauses(self.schema, self.searcher)
        self._worths: dict[Wanted, float] = {}
        self.cursor, self.mark, self.commits = self._read_covered()

    def _read_covered(self) -> tuple[int, bytes, int]:
        hits = self.searcher.search(self.clauses.term(ID, CURSOR_ID), limit=1).hits
        if not hits:
            return 0, b"", 0
        document = self.searcher.doc(hits[0][1])
        return int(document[CURSOR][0]), document[MARK][0], int(document[COMMITS][0])

    @cached_property
    def best_quality(self) -> float:
        """By what the score of the best record is multiplied, and no more: never too little, whatever precision scores have."""
        every = tantivy.Query.all_query()
        weight = self.searcher.aggregate(every, {WEIGHT: {"max": {"field": WEIGHT}}})[WEIGHT]["value"]
        return 1.0001 * log2(2 + (weight or 0.0))

    def count(self, query: Query) -> int:
        """How many records there are of this; none of those that are gone."""
        found = self.searcher.search(query, limit=1, count=True)
        return int(found.count or 0)  # type: ignore[attr-defined]  # missing in its stubs

    @cached_property
    def _gone(self) -> int:
        """At most so many records are in the files of the index that are gone from it."""
        written = sum(self.searcher.doc_freq(HARVESTED, said) for said in (YES, NO))
        return max(0, written + 1 - self.searcher.num_docs)

    def rarity(self, run: Wanted) -> float:
        """What a run of words is worth, by how many records have it; kept for the next who asks."""
        if run not in self._worths:
            if len(self._worths) >= SEARCH_COUNTS_CACHED_MAX:
                self._worths = {}
            self._worths[run] = self._rarity(run)
        return self._worths[run]

    def _rarity(self, run: Wanted) -> float:
        """Counted where it makes a difference how many have several forms of a word, and how many are gone."""
        total, written = self.searcher.num_docs, self.clauses.written(TEXT, run)
        if written:
            worth = rarity(min(total, sum(written)), total)
            if worth == rarity(max(0, max(written) - self._gone), total):
                return worth
        return rarity(self.count(self.clauses.run(TEXT, run)), total)

    def top(self, query: Query, limit: int, sort: Sort = Sort.RELEVANCE) -> tuple[int, list[Hit]]:
        """How many records there are of this, and the first of them.

        Of equals the library keeps those that it happens to meet first; so as many are asked for as shows all equals of the last.
        """
        size = min(limit + _TIES, self.searcher.num_docs + 1)
        while True:
            total, hits = self._search(query, size, sort)
            is_cut = len(hits) == size and hits[limit - 1][0] == hits[-1][0]
            if not is_cut or size >= SEARCH_TIES_MAX:
                break
            size = min(8 * size, SEARCH_TIES_MAX)
        ties = self.searcher.fast_field_values(TIE, [address for _, address in hits])
        sign = 1 if sort is Sort.OLDEST else -1
        order = sorted(zip(hits, ties, strict=True), key=lambda found: (sign * found[0][0], found[1] or 0))
        return total, [hit for hit, _ in order[:limit]]

    def _search(self, query: Query, limit: int, sort: Sort) -> tuple[int, list[Hit]]:
        if sort is Sort.RELEVANCE:
            result = self.searcher.search(query, limit=limit, count=True, weight_by_field=WEIGHT)
        else:
            order = tantivy.Order.Asc if sort is Sort.OLDEST else tantivy.Order.Desc
            column = _COLUMNS[sort]
            result = self.searcher.search(query, limit=limit, count=True, order_by_field=column, order=order)
        return int(result.count or 0), result.hits  # type: ignore[attr-defined]  # missing in its stubs

    def records(self, hits: Sequence[Hit]) -> list[tuple[float, Record]]:
        """The records of some hits, each with its score."""
        return [(score, self._record(address)) for score, address in hits]

    def found(self, hits: Sequence[Hit], *, is_near: bool = False) -> list[Found]:
        """The same as they are answered."""
        return [record.found(score, is_near=is_near) for score, record in self.records(hits)]

    def record(self, name: str) -> Record | None:
        """The record of this name."""
        hits = self.searcher.search(self.clauses.term(ID, name), limit=1, count=False).hits
        return self._record(hits[0][1]) if hits else None

    def _record(self, address: tantivy.DocAddress) -> Record:
        return Record(self.searcher.doc(address)[KEPT][0], place_of(address))


def place_of(address: tantivy.DocAddress) -> Place:
    """Where a record lies, so that it can be compared."""
    return address.segment_ord, address.doc
