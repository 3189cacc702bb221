"""Extents for people: every convention of boxes, and whatever else is found in their place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.edge.http.extent import Rectangle, box_text, interval_text, read_extent, rectangles
from frostnode.search.areas import sides_of


@pytest.mark.parametrize(
    ("box", "text"),
    [
        ([-180, -90, 180, 90], "the whole globe"),
        ([0, -90, 360, 90], "the whole globe"),
        ([-180, -60.5, 180, 60], "60.5° S to 60° N, all longitudes"),
        ([5, -90, 6, 90], "all latitudes, 5° E to 6° E"),
        ([170, -10, -160, 10], "10° S to 10° N, 170° E to 160° W"),
        ([200, 0, 210.5, 10], "0° to 10° N, 200° to 210.5°"),
        ([8.5, 47.4, 8.5, 47.4], "47.4° N, 8.5° E"),
        ([0, 1, -5, 2, 3, 100], "1° N to 3° N, 0° to 2° E"),
    ],
)
def test_a_box_in_words(box, text):
    sides = sides_of(box)
    assert sides is not None
    assert box_text(*sides) == text


@pytest.mark.parametrize(
    ("box", "drawn"),
    [
        ((-180, -90, 180, 90), [(0, 0, 360, 180)]),
        ((0, -90, 360, 90), [(0, 0, 360, 180)]),
        ((10, 20, 30, 40), [(190, 50, 20, 20)]),
        ((170, -10, -160, 10), [(350, 80, 10, 20), (0, 80, 20, 20)]),
        ((190, 0, 210, 10), [(10, 80, 20, 10)]),
        ((0, 0, 0, 0), [(178, 88, 4, 4)]),
        ((179.9, 89.9, 180, 90), [(356, 0, 4, 4)]),
        ((10, 50, 20, 40), [(190, 40, 10, 10)]),
        ((10, -90.5, 20, 40), [(190, 50, 10, 130)]),
        ((100, -95, 120, 40), []),
    ],
)
def test_a_box_on_the_map(box, drawn):
    assert list(rectangles(*box)) == [Rectangle(*numbers) for numbers in drawn]


@given(st.tuples(*[st.floats(-400, 400) | st.integers(-400, 400)] * 4))
def test_whatever_is_drawn_lies_on_the_map(box):
    for drawn in rectangles(*box):
        assert drawn.width > 0 and drawn.height > 0
        assert drawn.x >= 0 and drawn.x + drawn.width <= 360.01
        assert drawn.y >= 0 and drawn.y + drawn.height <= 180.01


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        (["1979-01-01T00:00:00Z", "2020-12-31T23:59:59Z"], "1979-01-01 to 2020-12-31T23:59:59Z"),
        (["1979-01-01T00:00:00.000Z", None], "since 1979-01-01"),
        (["1979-01-01T00:00:00+00:00", None], "since 1979-01-01"),
        ([None, "2020"], "until 2020"),
        (["2020", "2020"], "2020"),
        ([None, None], ""),
        (["a"], ""),
        ("2020", ""),
    ],
)
def test_an_interval_in_words(interval, text):
    assert interval_text(interval) == text


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=20,
)


@given(st.fixed_dictionaries({}, optional={"bbox": _json, "interval": _json}))
def test_any_extent_is_read_or_left(extent):
    read = read_extent(extent)
    assert read is None or read.boxes or read.intervals
