"""How many hits there are by the values of fields, out of the columns of the index."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import tantivy

from frostnode.edge.tantivy.clauses import SHOULD, Query, all_of
from frostnode.edge.tantivy.plan import Plan
from frostnode.edge.tantivy.schema import DID, FIRST, FIRST_YEAR, LAST_YEAR, VALUES
from frostnode.edge.tantivy.snapshot import Snapshot
from frostnode.protocol.limits import FACET_VALUES_MAX
from frostnode.search.facets import ASKED_BY, first_of, years
from frostnode.search.query import Field
from frostnode.search.values import SOURCES
from frostnode.search_port import Counts

_COLUMNS: Final = {
    **VALUES,
    Field.PUBLISHER: DID,
    **{counted: VALUES[asked] for counted, asked in ASKED_BY.items()},
}

_LIKELY: Final = 2 * FACET_VALUES_MAX
"""Values of which some may not be shown, should others turn out to be more."""

_KEPT: Final = 8 * _LIKELY
"""Values that are kept of what is counted over everything; of few hits so many may be equals."""

_FEW: Final = 2_000
"""At most so many hits have many values that are equals, and few to tell of."""

_EACH: Final = 10 * _KEPT
"""Values that each part of the index tells of: the more, the more often they are exact."""

_ONE_EACH: Final = (DID, VALUES[Field.TYPE])
"""Columns in which each record has just one value: they tell how many there are."""

_SIZE_MAX: Final = 65_000
"""More the library does not count."""


@dataclass(frozen=True, slots=True)
class _All:
    """How often the most frequent values of a column are there in all; none of the others is more than `missed` times."""

    counts: Mapping[Any, int]
    missed: int

    def only(self) -> dict[str, Any]:
        """Those that are to be counted elsewhere too: all, where there are no others."""
        return {"include": list(self.counts)} if self.missed else {}


AllCounts: TypeAlias = dict[str, _All]
"""Counts over everything, by columns: filled as they are asked for."""


def count_values(
    snapshot: Snapshot, plan: Plan, fields: tuple[Field, ...], own: Query, all_counts: AllCounts
) -> Counts:
    """How many hits there are, 0 where that is not counted, and the values of these fields with most of them.

    Where most records are hits, those are counted that are none, and taken off from `all_counts`.
    """
    columns = [_COLUMNS[field] for field in fields if field in _COLUMNS]
    is_most, total = plan.is_most, 0
    if is_most is None:
        total = snapshot.count(plan.which)
        is_most = 2 * total > snapshot.searcher.num_docs
    found = _less_the_rest(snapshot, plan, columns, all_counts) if is_most else {}
    size = _KEPT if plan.at_most <= _FEW else _LIKELY + 1
    request = {column: _terms(column, size) for column in columns if column not in found}
    if Field.YEAR in fields:
        request |= {column: _terms(column, _SIZE_MAX) for column in (FIRST_YEAR, LAST_YEAR)}
        request[FIRST] = {"value_count": {"field": FIRST}}
    told_by = next((column for column in _ONE_EACH if column in request), _ONE_EACH[-1])
    if plan.is_most is False and told_by not in request:
        request[told_by] = _terms(told_by, 1)
    answer = snapshot.searcher.aggregate(plan.which, request) if request else {}
    for column in columns:
        if column not in found:
            found[column] = _counts_of(_settled(snapshot.searcher, plan.which, column, size, answer[column]))
    return Counts(
        total=_total(answer[told_by]) if plan.is_most is False else total,
        facets={field: _shown(field, found, answer, snapshot, plan.which, own) for field in fields},
    )


def _less_the_rest(
    snapshot: Snapshot, plan: Plan, columns: Sequence[str], all_counts: AllCounts
) -> dict[str, Mapping[Any, int]]:
    """Counts of all less those of what is no hit: of columns of which that tells what is shown."""
    searcher = snapshot.searcher
    missing = [column for column in columns if column not in all_counts]
    if missing:
        every = tantivy.Query.boolean_query([(SHOULD, plan.which), (SHOULD, plan.rest)])
        answer = searcher.aggregate(every, {column: _terms(column, _KEPT) for column in missing})
        all_counts.update({column: _all_of(searcher, every, column, answer[column]) for column in missing})
    request = {column: _terms(column, _KEPT, **all_counts[column].only()) for column in columns}
    rest = searcher.aggregate(plan.rest, request) if request else {}
    found: dict[str, Mapping[Any, int]] = {}
    for column in columns:
        known, less = all_counts[column], _counts_of(rest[column])
        counts = {value: count - less.get(value, 0) for value, count in known.counts.items()}
        likely = sorted(counts.values(), reverse=True)[:FACET_VALUES_MAX]
        if not known.missed or likely[-1] > known.missed:
            found[column] = counts
    return found


def _all_of(searcher: tantivy.Searcher, every: Query, column: str, found: Mapping[str, Any]) -> _All:
    """Exact counts of the values that are frequent in any part of the index."""
    buckets, error = found["buckets"], found["doc_count_error_upper_bound"]
    if len(buckets) < _KEPT:
        return _All(_counts_of(found), 0)
    missed = buckets[-1]["doc_count"] + error
    if error:
        only = _terms(column, _KEPT, include=[bucket["key"] for bucket in buckets])
        found = searcher.aggregate(every, {column: only})[column]
    return _All(_counts_of(found), missed)


def _terms(column: str, size: int, **more: Any) -> dict[str, Any]:
    return {"terms": {"field": column, "size": size, "segment_size": max(size, _EACH), **more}}


def _settled(
    searcher: tantivy.Searcher, query: Query, column: str, size: int, found: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Counts of which those that are shown are exact; so many values were asked for.

    Of many values each part of the index answers with those that are frequent in it alone; then the likely ones are counted by
    themselves, and if that does not tell them from what was cut off, all.
    """
    buckets, error = found["buckets"], found["doc_count_error_upper_bound"]
    if len(buckets) < size:
        return found
    likely, missed = buckets[:_LIKELY], buckets[_LIKELY]["doc_count"] + error
    if error:
        only = _terms(column, _LIKELY, include=[bucket["key"] for bucket in likely])
        likely = searcher.aggregate(query, {column: only})[column]["buckets"]
    if sorted((bucket["doc_count"] for bucket in likely), reverse=True)[FACET_VALUES_MAX - 1] > missed:
        return {"buckets": likely}
    every: Mapping[str, Any] = searcher.aggregate(query, {column: _terms(column, _SIZE_MAX)})[column]
    return every


def _shown(
    field: Field,
    found: Mapping[str, Mapping[Any, int]],
    answer: Mapping[str, Any],
    snapshot: Snapshot,
    query: Query,
    own: Query,
) -> Mapping[str, int]:
    if field is Field.SOURCE:
        source = snapshot.clauses.source
        return first_of({name: snapshot.count(all_of([query, source(name, own)])) for name in SOURCES})
    if field is Field.YEAR:
        begun, ended = (_counts_of(answer[column]) for column in (FIRST_YEAR, LAST_YEAR))
        return years(begun, ended, int(answer[FIRST]["value"]))
    return first_of(found[_COLUMNS[field]])


def _total(found: Mapping[str, Any]) -> int:
    """How many values there are, those among them that are not told apart."""
    return int(found["sum_other_doc_count"]) + sum(_counts_of(found).values())


def _counts_of(found: Mapping[str, Any]) -> dict[Any, int]:
    return {bucket["key"]: bucket["doc_count"] for bucket in found["buckets"]}
