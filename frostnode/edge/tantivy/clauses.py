"""Parts of queries in the terms of the library: words in fields, values, days, places. None of them scores by itself."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final, TypeAlias

import tantivy

from frostnode.edge.tantivy.schema import (
    CURSOR_ID,
    DID,
    FIRST,
    HARVESTED,
    ID,
    LAST,
    NAME,
    SAME,
    TEXT,
    VALUES,
    YES,
    sides,
)
from frostnode.protocol.limits import (
    SEARCH_AREAS_MAX,
    SEARCH_COUNTS_CACHED_MAX,
    SEARCH_PREFIX_TERMS_MAX,
)
from frostnode.search.matching import Run, Wanted, parts_of
from frostnode.search.query import Area, Field, Period, Within
from frostnode.search.values import is_whole_did

Query: TypeAlias = tantivy.Query
MUST: Final = tantivy.Occur.Must
SHOULD: Final = tantivy.Occur.Should
MUST_NOT: Final = tantivy.Occur.MustNot

_PATTERN_BYTES_MAX: Final = 200
"""The library compiles no longer patterns; so much of a beginning leaves few terms, which can be listed."""

_TERMS_MAX: Final = 32
"""So many values are looked for one by one; of more the library first marks all that have any, out of all that there is."""

_NAMES: Final = (ID, SAME, NAME)
_BASIC: Final = "basic"


def any_of(queries: Sequence[Query]) -> Query:
    """What at least one of them finds; nothing, if there is none."""
    if len(queries) == 1:
        return queries[0]
    return tantivy.Query.boolean_query([(SHOULD, query) for query in queries])


def all_of(queries: Iterable[Query], without: Iterable[Query] = ()) -> Query:
    """What all of them find, and none of the others."""
    clauses = [(MUST, query) for query in queries] or [(MUST, tantivy.Query.all_query())]
    return tantivy.Query.boolean_query([*clauses, *((MUST_NOT, query) for query in without)])


class Clauses:
    """Makes them, for one snapshot."""

    def __init__(self, schema: tantivy.Schema, searcher: tantivy.Searcher) -> None:
        self._schema = schema
        self._searcher = searcher
        self._forms: dict[Run, Run] = {}
        self.cursor: Final = self.term(ID, CURSOR_ID)
        self.harvested: Final = self.term(HARVESTED, YES)

    def term(self, field: str, value: str) -> Query:
        """What has exactly this."""
        return tantivy.Query.term_query(self._schema, field, value, _BASIC)

    def one_of(self, field: str, values: Collection[str]) -> Query:
        """What has any of these values."""
        if len(values) <= _TERMS_MAX:
            return any_of([self.term(field, value) for value in sorted(values)])
        return tantivy.Query.term_set_query(self._schema, field, sorted(values))

    def run(self, field: str, wanted: Wanted) -> Query:
        """What has these words after each other in one text of a field, or one in any of its forms."""
        words = wanted.words
        if wanted.forms:
            return any_of([self.term(field, form) for form in self._there(wanted.forms)])
        if len(words) == 1:
            return self.beginning(field, words[0]) if wanted.is_prefix else self.term(field, words[0])
        if wanted.is_prefix:
            beginning: list[str | tuple[int, str]] = [*words[:-1], f"{words[-1]}.*"]
            return tantivy.Query.regex_phrase_query(self._schema, field, beginning)
        return tantivy.Query.phrase_query(self._schema, field, list(words))

    def _there(self, forms: Run) -> Run:
        """Those of them that any record has; the first at least."""
        there = self._forms.get(forms)
        if there is None:
            there = tuple(form for form in forms if self._searcher.doc_freq(TEXT, form)) or forms[:1]
            if len(self._forms) >= SEARCH_COUNTS_CACHED_MAX:
                self._forms = {}
            self._forms[forms] = there
        return there

    def written(self, field: str, wanted: Wanted) -> list[int]:
        """How many records were written with each form of a word, those among them that are gone since; nothing where that is not told."""
        if wanted.is_prefix or len(wanted.words) > 1:
            return []
        return [self._searcher.doc_freq(field, form) for form in self._there(wanted.forms or wanted.words)]

    def at_most(self, wanted: Wanted) -> int:
        """More records do not have these words, none of which is the beginning of one, in their texts: told without looking at them."""
        if wanted.forms:
            return sum(self._searcher.doc_freq(TEXT, form) for form in self._there(wanted.forms))
        return min(self._searcher.doc_freq(TEXT, word) for word in wanted.words)

    def beginning(self, field: str, text: str) -> Query:
        """What has a value or word that begins so."""
        if len(text.encode()) > _PATTERN_BYTES_MAX:
            terms = self._searcher.terms_with_prefix(field, text, limit=SEARCH_PREFIX_TERMS_MAX)
            return self.one_of(field, [term for term, _ in terms])
        escaped = "".join(char if char.isalnum() else f"\\x{{{ord(char):x}}}" for char in text)
        return tantivy.Query.regex_query(self._schema, field, f"{escaped}.*")

    def value(self, wanted: Within, own: Query) -> Query:
        """What has a value in a field of values; `own` are the records of publishers that are hosted here."""
        match wanted.field:
            case Field.PUBLISHER:
                return (self.term if is_whole_did(wanted.text) else self.beginning)(DID, wanted.text)
            case Field.SOURCE:
                return self.source(wanted.text, own)
            case Field.ID:
                return any_of([self._named(name, wanted) for name in _NAMES])
            case _:
                return self._named(VALUES[wanted.field], wanted)

    def _named(self, name: str, wanted: Within) -> Query:
        return self.beginning(name, wanted.text) if wanted.is_prefix else self.term(name, wanted.text)

    def source(self, name: str, own: Query) -> Query:
        """What is here as its publisher's host, as taken over from elsewhere, or as neither."""
        match name:
            case "own":
                return own
            case "harvested":
                return all_of([self.harvested], without=[own])
            case _:
                return all_of([], without=[own, self.harvested, self.cursor])

    def time(self, period: Period) -> Query:
        """What says to have data of some of these days."""
        first = _range(self._schema, LAST, tantivy.FieldType.Integer, low=period.first)
        last = _range(self._schema, FIRST, tantivy.FieldType.Integer, high=period.last)
        found = [query for query in (first, last) if query is not None]
        return all_of(found or [tantivy.Query.exists_query(FIRST)])

    def place(self, area: Area) -> Query:
        """What says to have data of some of this area."""
        return any_of(
            [self._box(number, part) for part in parts_of(area) for number in range(SEARCH_AREAS_MAX)]
        )

    def _box(self, number: int, part: Area) -> Query:
        west, east, south, north = sides(number)
        bounds = (
            (west, None, part.east),
            (east, part.west, None),
            (south, None, part.north),
            (north, part.south, None),
        )
        ranges = (
            _range(self._schema, side, tantivy.FieldType.Float, low, high) for side, low, high in bounds
        )
        return all_of(query for query in ranges if query is not None)


def _range(
    schema: tantivy.Schema,
    field: str,
    kind: tantivy.FieldType,
    low: float | None = None,
    high: float | None = None,
) -> Query | None:
    if low is None and high is None:
        return None
    return tantivy.Query.range_query(schema, field, kind, low, high)
