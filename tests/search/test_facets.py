"""Values by which hits are counted."""

from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.limits import FACET_LABEL_CHARS_MAX, FACET_VALUES_MAX, FACET_YEARS_MAX
from frostnode.search.facets import first_of, labels, year_of, years
from frostnode.search.language import parse_query
from frostnode.search.printing import print_query
from frostnode.search.query import Field, Query, Within
from frostnode.search.values import spelled


def test_the_values_of_most_hits_come_first_and_only_so_many():
    assert list(first_of({"b": 2, "a": 2, "c": 3, "none": 0}).items()) == [("c", 3), ("a", 2), ("b", 2)]
    assert len(first_of({str(number): 1 for number in range(100)})) == FACET_VALUES_MAX


def test_keywords_are_counted_in_one_spelling_each_once():
    assert labels([" Sea  Ice", "sea ice", "", "x" * 200]) == ["sea ice", "x" * FACET_LABEL_CHARS_MAX]


def test_what_nobody_could_ask_for_is_not_counted():
    assert labels(["--", '"Sea" ice', f"{'x' * (FACET_LABEL_CHARS_MAX - 1)} y"]) == [
        "sea ice",
        "x" * (FACET_LABEL_CHARS_MAX - 1),
    ]


@given(st.lists(st.text(max_size=2 * FACET_LABEL_CHARS_MAX), max_size=5))
def test_each_keyword_that_is_counted_can_be_asked_for_as_it_is(keywords):
    for label in labels(keywords):
        value = Within(Field.SUBJECT, label)
        assert spelled(Field.SUBJECT, label) == label
        assert parse_query(print_query(Query((value,)))).clauses == (value,)


def test_days_beyond_all_calendars_have_the_last_year_that_there_is():
    assert [year_of(day) for day in (0, -1, 365, -(10**9), 10**9)] == [1970, 1969, 1971, 1, 9999]


PERIODS = st.lists(
    st.tuples(st.integers(1990, 2010) | st.none(), st.integers(0, 9) | st.none()).filter(
        lambda period: period != (None, None)
    ),
    min_size=1,
    max_size=20,
)


@given(PERIODS)
def test_each_year_counts_the_periods_that_touch_it(periods):
    spans = [(begin, None if length is None else (begin or 1995) + length) for begin, length in periods]
    begun, ended = ({}, {})
    for begin, end in spans:
        for counts, year in ((begun, begin), (ended, end)):
            if year is not None:
                counts[year] = counts.get(year, 0) + 1
    known = begun.keys() | ended.keys()
    plain = {
        f"{year:04}": sum(
            (begin is None or begin <= year) and (end is None or year <= end) for begin, end in spans
        )
        for year in range(min(known), max(known) + 1)
    }
    latest = sorted(year for year, count in plain.items() if count)[-FACET_YEARS_MAX:]
    assert years(begun, ended, len(spans)) == first_of({year: plain[year] for year in latest}, len(latest))


def test_of_many_years_the_latest_are_counted():
    found = years({1: 1, 2000: 1}, {1995: 1, 2001: 1}, 2)
    assert len(found) == FACET_YEARS_MAX and min(found) == "1798" and max(found) == "2001"
    assert found["1995"] == 1 and "1996" not in found


def test_where_nothing_is_known_of_time_there_are_no_years():
    assert years({}, {}, 0) == {}
