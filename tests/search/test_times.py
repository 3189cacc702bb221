"""Dates and intervals of all spellings, as days."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.search.times import day_of, days_of, period_of, year_of

EPOCH = date(1970, 1, 1)


def days(first: date, last: date | None = None) -> tuple[int, int]:
    return (first - EPOCH).days, ((last or first) - EPOCH).days


@given(st.dates())
def test_days_are_those_of_the_calendar(day: date) -> None:
    number = day_of(day.year, day.month, day.day)
    assert EPOCH + timedelta(number) == day
    assert year_of(number) == day.year


@given(st.integers(-999_999, 999_999))
def test_years_go_on_where_calendars_end(year: int) -> None:
    assert year_of(day_of(year)) == year
    assert year_of(day_of(year) - 1) == year - 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1978-10-26T00:00:00Z", days(date(1978, 10, 26))),
        ("1978-10-26T23:59:59.999+14:00", days(date(1978, 10, 26))),
        ("2001-12-14t21:59:43.10-05:00", days(date(2001, 12, 14))),
        ("2001-12-14 21:59:43.10 -5", days(date(2001, 12, 14))),
        ("2001-12-14 21:59:43 UTC", days(date(2001, 12, 14))),
        (" 2001-12-14 ", days(date(2001, 12, 14))),
        ("2001-2-3", days(date(2001, 2, 3))),
        ("2001/2/3", days(date(2001, 2, 3))),
        ("20010203", days(date(2001, 2, 3))),
        ("2001", days(date(2001, 1, 1), date(2001, 12, 31))),
        ("2001-12", days(date(2001, 12, 1), date(2001, 12, 31))),
        ("2000-02", days(date(2000, 2, 1), date(2000, 2, 29))),
        (1990, days(date(1990, 1, 1), date(1990, 12, 31))),
        ("-0500-01-01", (day_of(-500), day_of(-500))),
        ("+12345-06-01", (day_of(12345, 6), day_of(12345, 6))),
        ("10000-01-01", None),
        ("2001-13-01", None),
        ("2001-02-29", None),
        ("2001-00-10", None),
        ("..", None),
        ("present", None),
        ("", None),
        (None, None),
        (True, None),
        (5, None),
        ({}, None),
        ("2001" * 1000, None),
    ],
)
def test_a_date_a_month_or_a_year_are_its_days(text: object, expected: tuple[int, int] | None) -> None:
    assert days_of(text) == expected


@pytest.mark.parametrize(
    ("intervals", "expected"),
    [
        ([["2000", "2001"]], days(date(2000, 1, 1), date(2001, 12, 31))),
        ([["2000", None]], (day_of(2000), None)),
        ([[None, "2000"]], (None, day_of(2001) - 1)),
        ([["..", "2000"]], (None, day_of(2001) - 1)),
        ([["2000", "present"]], (day_of(2000), None)),
        ([["2005", "2001"]], days(date(2001, 1, 1), date(2005, 12, 31))),
        ([["2000", "2001"], ["1990", "1991-06"]], days(date(1990, 1, 1), date(2001, 12, 31))),
        ([["2000", "2001"], ["1990", None]], (day_of(1990), None)),
        (["2001-08-06/2002-09-09"], days(date(2001, 8, 6), date(2002, 9, 9))),
        (["2001/2010"], days(date(2001, 1, 1), date(2010, 12, 31))),
        (["1990 - 2000"], days(date(1990, 1, 1), date(2000, 12, 31))),
        (["2001/.."], (day_of(2001), None)),
        (["2001-02-03"], days(date(2001, 2, 3))),
        ([[None, None]], None),
        ([["soon", "later"]], None),
        ([["2000"]], None),
        ([], None),
        ("2000", None),
        (None, None),
    ],
)
def test_intervals_are_one_period(intervals: object, expected: object) -> None:
    assert period_of(intervals) == expected


ends = st.one_of(
    st.none(), st.text(max_size=30), st.integers(), st.sampled_from(["2001", "1999-05", "..", "-0044-03-15"])
)


@given(st.one_of(st.none(), st.lists(st.one_of(ends, st.lists(ends, max_size=3)), max_size=6)))
def test_a_period_begins_before_it_ends_whatever_is_said(intervals: object) -> None:
    period = period_of(intervals)
    if period is not None and None not in period:
        assert period[0] <= period[1]  # type: ignore[operator]
