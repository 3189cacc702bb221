"""What scripts/page-speed calls good."""

import pytest

from scripts.browsing.speed import Speed


def speed(**found):
    good = {
        "answered_ms": 20,
        "first_ms": 900,
        "largest_ms": 900,
        "blocked_ms": 10,
        "shift": 0,
        "kilobytes": 40,
        "requests": 5,
    }
    return Speed(**{**good, **found})


def test_nothing_is_beyond_what_is_good():
    assert speed().beyond() == []
    assert speed(first_ms=1800, largest_ms=2500, blocked_ms=200, shift=0.1).beyond() == []


@pytest.mark.parametrize(
    ("name", "value"), [("first_ms", 1801), ("largest_ms", 2501), ("blocked_ms", 201), ("shift", 0.11)]
)
def test_each_figure_has_its_limit(name, value):
    assert speed(**{name: value}).beyond() == [name]
