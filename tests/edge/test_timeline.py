"""The drawing of hits by year: which years it has, how high they are, what is chosen of them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.edge.http.timeline import TALL, timeline
from frostnode.search.query import Period


def day(year, month=1, of=1):
    return (date(year, month, of) - date(1970, 1, 1)).days


def test_there_is_one_bar_for_each_year_as_high_as_its_share():
    drawn = timeline({2000: 1, 2001: 4, 2002: 2}, None, 2026)
    assert (drawn.first, drawn.last, drawn.years, drawn.counts) == (2000, 2002, 3, "1 4 2")
    assert drawn.bars == f"M0.1 {TALL}v-16h0.8V64zM1.1 {TALL}v-64h0.8V64zM2.1 {TALL}v-32h0.8V64z"
    assert (drawn.start, drawn.stop, drawn.is_narrowed) == (2000, 2002, False)


def test_what_is_chosen_is_shown_even_where_there_is_little():
    drawn = timeline({2000: 1, 2001: 4}, Period(day(1990, 5), day(1995, 12, 31)), 2026)
    assert (drawn.first, drawn.start, drawn.stop, drawn.is_narrowed) == (1990, 1990, 1995, True)
    open_ended = timeline({2000: 1, 2001: 4}, Period(day(2001), None), 2026)
    assert (open_ended.start, open_ended.stop) == (2001, 2001)


@pytest.mark.parametrize(
    ("counts", "first", "last"),
    [
        ({1700: 1, **dict.fromkeys(range(1990, 2000), 500)}, 1990, 1999),  # what is rare tells nothing
        ({2020: 3, **dict.fromkeys(range(2021, 2120), 5)}, 2020, 2026),  # open ends are drawn up to now
        ({**dict.fromkeys(range(2020, 2100), 5), 2100: 4}, 2020, 2100),  # projections are told
        ({**dict.fromkeys(range(2020, 2100), 500), 2100: 499}, 2020, 2026),  # but not for one of them
    ],
)
def test_years_that_tell_nothing_are_left_out(counts, first, last):
    drawn = timeline(counts, None, 2026)
    assert (drawn.first, drawn.last) == (first, last)


@pytest.mark.parametrize("counts", [{}, {2000: 7}])
def test_there_is_no_drawing_without_two_years(counts):
    assert timeline(counts, None, 2026) is None


@given(
    st.dictionaries(st.integers(1, 9999), st.integers(1, 10**6), max_size=30),
    st.none() | st.integers(day(1), day(9999)),
    st.none() | st.integers(0, 10**6),
)
def test_it_is_drawn_within_its_bounds_whatever_was_counted(counts, first, length):
    last = None if first is None or length is None else min(first + length, day(9999))
    drawn = timeline(counts, Period(first, last) if first is not None else None, 2026)
    if drawn is not None:
        assert 2 <= drawn.years <= 200 and len(drawn.counts.split()) == drawn.years
        assert drawn.first <= drawn.start <= drawn.stop <= drawn.last
