"""How many hits there are by the values of fields, out of the columns of the index."""

from collections.abc import Mapping
from typing import Any, Final

import tantivy

from frostnode.edge.tantivy.clauses import Query, all_of
from frostnode.edge.tantivy.schema import DID, FIRST, FIRST_YEAR, LAST_YEAR, VALUES
from frostnode.edge.tantivy.snapshot import Snapshot
from frostnode.protocol.limits import FACET_VALUES_MAX
from frostnode.search.facets import ASKED_BY, first_of, years
from frostnode.search.query import Field
from frostnode.search.values import SOURCES

_COLUMNS: Final = {
    **VALUES,
    Field.PUBLISHER: DID,
    **{counted: VALUES[asked] for counted, asked in ASKED_BY.items()},
}

_SIZE: Final = 16 * FACET_VALUES_MAX
"""Values that are asked for to tell the few that are shown."""

_LIKELY: Final = 2 * FACET_VALUES_MAX
"""Of these, those that may be shown."""

_SIZE_MAX: Final = 65_000
"""More the library does not count."""


def count_values(
    snapshot: Snapshot, query: Query, fields: tuple[Field, ...], own: Query
) -> dict[Field, Mapping[str, int]]:
    """The values of these fields with most hits."""
    columns = [_COLUMNS[field] for field in fields if field in _COLUMNS]
    request = {column: _terms(column, _SIZE) for column in columns}
    if Field.YEAR in fields:
        request |= {column: _terms(column, _SIZE_MAX) for column in (FIRST_YEAR, LAST_YEAR)}
        request[FIRST] = {"value_count": {"field": FIRST}}
    found = snapshot.searcher.aggregate(query, request) if request else {}
    for column in columns:
        found[column] = _settled(snapshot.searcher, query, column, found[column])
    return {field: _counts(field, found, snapshot, query, own) for field in fields}


def _terms(column: str, size: int, **more: Any) -> dict[str, Any]:
    return {"terms": {"field": column, "size": size, **more}}


def _settled(
    searcher: tantivy.Searcher, query: Query, column: str, found: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Counts of which those that are shown are exact.

    Of many values each part of the index answers with those that are frequent in it alone; then the likely ones are counted by
    themselves, and if that does not tell them from what was cut off, all.
    """
    buckets, error = found["buckets"], found["doc_count_error_upper_bound"]
    if len(buckets) < _SIZE:
        return found
    likely, missed = buckets[:_LIKELY], buckets[_LIKELY]["doc_count"] + error
    if error:
        only = _terms(column, _LIKELY, include=[bucket["key"] for bucket in likely])
        likely = searcher.aggregate(query, {column: only})[column]["buckets"]
    if sorted((bucket["doc_count"] for bucket in likely), reverse=True)[FACET_VALUES_MAX - 1] > missed:
        return {"buckets": likely}
    every: Mapping[str, Any] = searcher.aggregate(query, {column: _terms(column, _SIZE_MAX)})[column]
    return every


def _counts(
    field: Field,
    found: Mapping[str, Any],
    snapshot: Snapshot,
    query: Query,
    own: Query,
) -> Mapping[str, int]:
    if field is Field.SOURCE:
        source = snapshot.clauses.source
        return first_of({name: snapshot.count(all_of([query, source(name, own)])) for name in SOURCES})
    if field is Field.YEAR:
        begun, ended = (_buckets(found[column]) for column in (FIRST_YEAR, LAST_YEAR))
        return years(begun, ended, int(found[FIRST]["value"]))
    return first_of(_buckets(found[_COLUMNS[field]]))


def _buckets(found: Mapping[str, Any]) -> dict[Any, int]:
    return {bucket["key"]: bucket["doc_count"] for bucket in found["buckets"]}
