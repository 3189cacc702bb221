"""Colours that can be read: contrast as WCAG counts it, and the grounds that the style sheet really has."""

import re
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.edge.colours import (
    BAND_INK,
    CONTRAST_MIN,
    DARK,
    LIGHT,
    WHITE,
    Colour,
    contrast,
    for_dark,
    parse_colour,
)

part = st.integers(0, 255)
colours = st.builds(Colour, part, part, part)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#777777", "#ffffff", 4.48),
        ("#767676", "#ffffff", 4.54),
        ("#ff0000", "#ff0000", 1.0),
    ],
)
def test_contrast_is_that_of_wcag(one, other, expected):
    assert contrast(parse_colour(one), parse_colour(other)) == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize("text", ["", "#fff", "red", "#12345g", "#1234567", "rgb(0,0,0)", " #000000"])
def test_what_is_no_colour_is_none(text):
    assert parse_colour(text) is None


@given(colours, colours)
def test_contrast_lies_between_nothing_and_all_and_knows_no_order(one, other):
    assert 1 <= contrast(one, other) == contrast(other, one) <= 21


@given(colours)
def test_a_colour_is_read_as_it_is_written(colour):
    assert parse_colour(str(colour)) == parse_colour(str(colour).upper()) == colour


@given(colours)
def test_any_accent_becomes_one_that_the_dark_theme_can_show(accent):
    lighter = for_dark(accent)
    assert DARK.worst(lighter)[0] >= CONTRAST_MIN
    assert lighter.luminance >= accent.luminance
    assert lighter == accent or DARK.worst(accent)[0] < CONTRAST_MIN


def test_the_grounds_are_those_of_the_style_sheet():
    text = files("frostnode.edge.http").joinpath("static/site.css").read_text("utf-8")
    light, dark = re.findall(r":root \{([^}]*)\}", text)[:2]
    for theme, block in ((LIGHT, light), (DARK, dark)):
        said = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+);", block))
        paper = parse_colour(said["paper"]) or WHITE
        assert (theme.paper, theme.shade) == (paper, parse_colour(said["shade"]))
        assert theme.worst(parse_colour(said["cold"]))[0] >= CONTRAST_MIN
    said = dict(re.findall(r"--(night-[a-z]+): (#[0-9a-f]+);", light))
    assert [str(ink) for ink in BAND_INK] == [said[f"night-{name}"] for name in ("ink", "quiet", "cold")]
    night = parse_colour(re.search(r"--night: (#[0-9a-f]+);", light)[1])
    assert all(contrast(night, ink) >= CONTRAST_MIN for ink in BAND_INK)
