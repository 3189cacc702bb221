"""Boxes of all conventions, and the areas that they cover."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.limits import SEARCH_AREAS_MAX
from frostnode.search.areas import areas_of
from frostnode.search.query import Area

WORLD = Area(-180, -90, 180, 90)


@pytest.mark.parametrize(
    ("box", "covered"),
    [
        ([-180, -90, 180, 90], [WORLD]),
        ([0, -90, 360, 90], [WORLD]),
        ([180, -90, -180, 90], [WORLD]),
        ([-180, 90, 180, -90], [WORLD]),
        ([-90, -180, 90, 180], [WORLD]),
        ([10, 20, 30, 40], [Area(10, 20, 30, 40)]),
        ([10, 20, -500, 30, 40, 9000], [Area(10, 20, 30, 40)]),
        ([200, 1, 220, 2], [Area(-160, 1, -140, 2)]),
        ([350, 0, 10, 5], [Area(-10, 0, 10, 5)]),
        ([170, -10, -170, 10], [Area(170, -10, 180, 10), Area(-180, -10, -170, 10)]),
        ([170, -10, 190, 10], [Area(170, -10, 180, 10), Area(-180, -10, -170, 10)]),
        ([5, 6, 5, 6], [Area(5, 6, 5, 6)]),
        ([5, 6], [Area(5, 6, 5, 6)]),
        ([0, -90.5, 10, 90.5], [Area(0, -90, 10, 90)]),
        ([0, 0, 0], [Area(0, 0, 0, 0)]),
        ([1e9, 0, 1e9, 0], []),
        ([500, 0, 510, 10], []),
        ([0, 100, 10, 120], [Area(100, 0, 120, 10)]),
        ([100, 100, 110, 120], []),
        ([float("nan"), 0, 1, 1], []),
        ([0, 0, float("inf"), 1], []),
        ([0, 0, "1", 1], []),
        ([True, 0, 1, 1], []),
        ([], []),
        ("0,0,1,1", []),
        (None, []),
    ],
)
def test_a_box_covers_areas_within_180_degrees(box: object, covered: list[Area]) -> None:
    assert list(areas_of([box])) == covered
    if isinstance(box, list) and len(box) > 1:
        assert list(areas_of(box)) == covered, "one box where a list of boxes is expected"


def test_the_hull_of_the_others_is_no_box_of_its_own_and_what_is_too_many_becomes_one() -> None:
    small = [[float(at), 0.0, at + 1.0, 1.0] for at in range(SEARCH_AREAS_MAX + 3)]
    hull = [0.0, 0.0, 90.0, 1.0]
    found = areas_of([hull, *small])
    assert len(found) == SEARCH_AREAS_MAX
    assert found[0] == Area(0, 0, 1, 1)
    assert found[-1] == Area(SEARCH_AREAS_MAX - 1, 0, SEARCH_AREAS_MAX + 3, 1)
    assert areas_of([small[0], small[0]]) == (Area(0, 0, 1, 1),)


side = st.one_of(st.floats(-400, 400), st.floats(), st.integers(-400, 400), st.none(), st.text(max_size=2))


@given(st.one_of(st.none(), st.lists(st.one_of(side, st.lists(side, max_size=7)), max_size=9)))
def test_areas_lie_on_earth_upright_whatever_is_said(boxes: object) -> None:
    found = areas_of(boxes)
    assert len(found) <= SEARCH_AREAS_MAX
    for area in found:
        assert -180 <= area.west <= area.east <= 180
        assert -90 <= area.south <= area.north <= 90


@given(st.floats(-180, 180), st.floats(0, 359), st.integers(-1, 1))
def test_full_turns_change_nothing(west: float, width: float, turns: int) -> None:
    def covered(shift: float) -> float:
        return sum(area.east - area.west for area in areas_of([[west + shift, 0, west + shift + width, 1]]))

    if abs(west + 360 * turns) <= 360 and abs(west + 360 * turns + width) <= 360 and west + width <= 360:
        assert covered(360 * turns) == pytest.approx(covered(0)) == pytest.approx(width)
