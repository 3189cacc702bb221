"""How far words are from each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.search.spelling import distance_within, may_be_within, mistakes_in

WORDS = st.text("abcd", max_size=7)


@pytest.mark.parametrize(
    ("a", "b", "far"),
    [
        ("", "", 0),
        ("ice", "ice", 0),
        ("temprature", "temperature", 1),
        ("teh", "the", 1),
        ("precipitaiton", "precipitation", 1),
        ("oceann", "ocean", 1),
        ("salinety", "salinity", 1),
        ("sallinety", "salinity", 2),
        ("wind", "ice", None),
    ],
)
def test_letters_that_are_wrong_missing_too_many_or_exchanged(a, b, far):
    assert distance_within(a, b, 2) == distance_within(b, a, 2) == far


@given(WORDS, WORDS, st.integers(0, 3))
def test_the_quick_look_is_never_wrong_about_a_no(a, b, allowed):
    far = distance_within(a, b, 9)
    assert distance_within(a, b, allowed) == (far if far <= allowed else None)
    assert far > allowed or may_be_within(a, b, allowed)


def test_short_words_have_no_mistakes():
    assert [mistakes_in("x" * length) for length in (1, 3, 4, 7, 8, 20)] == [0, 0, 1, 1, 2, 2]
