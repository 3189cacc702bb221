"""The tables [view.NAME]: what is written is what is read, and what could not be read by people is refused with its reason."""

import pytest

from frostnode.config import Config, read_config, write_config
from frostnode.edge.view_settings import ViewSettings, colours_of, read_views
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import VIEW_INTRO_CHARS_MAX, VIEW_TITLE_CHARS_MAX, VIEWS_MAX

OCEAN = {"title": "Ocean", "query": "keyword:ocean"}


def refusal(table):
    with pytest.raises(LocalError) as caught:
        read_views(table)
    assert caught.value.code == "input.unreadable"
    return str(caught.value)


def test_views_are_written_as_they_are_read(tmp_path):
    views = (
        ViewSettings(
            name="ocean", title='The "Ocean"\n', query='publisher:"NOAA" -model', intro="# Ökologie"
        ),
        ViewSettings(
            name="b-2",
            title="B",
            query="ice",
            logo="b.svg",
            url="https://b.example.org",
            accent="#0b6485",
            accent_dark="#7ccbe8",
            band="#0a1d2c",
        ),
    )
    path = tmp_path / "frost.toml"
    path.write_text(write_config(Config(view=views)), "utf-8")
    assert read_config(path).view == views
    assert "# [view.ocean]" in write_config(Config())


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ([], "tables [view.NAME]"),
        ({"Ocean": OCEAN}, "small letters"),
        ({"../x": OCEAN}, "small letters"),
        ({"o": "x"}, "view.o"),
        ({"o": {**OCEAN, "colour": "#000000"}}, "unknown setting 'colour'"),
        ({"o": {**OCEAN, "title": 1}}, "view.o.title"),
        ({"o": {"title": "x"}}, "view.o.query"),
        ({"o": {"query": "x"}}, "view.o.title"),
        ({"o": {**OCEAN, "query": "bbox:x"}}, "view.o.query"),
        ({"o": {**OCEAN, "query": "( )"}}, "view.o.query"),
        ({"o": {**OCEAN, "title": "x" * (VIEW_TITLE_CHARS_MAX + 1)}}, f"at most {VIEW_TITLE_CHARS_MAX}"),
        ({"o": {**OCEAN, "intro": "x" * (VIEW_INTRO_CHARS_MAX + 1)}}, f"at most {VIEW_INTRO_CHARS_MAX}"),
        ({f"v{at}": OCEAN for at in range(VIEWS_MAX + 1)}, f"at most {VIEWS_MAX}"),
        *(
            ({"o": {**OCEAN, "url": url}}, "without a path")
            for url in (
                "ocean.example.org",
                "https://a.example/x",
                "ftp://a.example",
                "https://u@a.example",
                "https://a:x",
            )
        ),
        ({name: {**OCEAN, "url": "https://A.example"} for name in "ab"}, "one host twice"),
        ({"o": {**OCEAN, "accent": "blue"}}, "#rrggbb"),
    ],
)
def test_what_cannot_be_a_view_is_refused_with_its_setting(table, words):
    assert words in refusal(table)


@pytest.mark.parametrize(
    ("setting", "colour", "words"),
    [
        ("accent", "#7fd3ee", ("view.o.accent: #7fd3ee beside", "1.", "4.5:1 (WCAG AA): a darker one")),
        ("accent_dark", "#003355", ("view.o.accent_dark: #003355 beside", "4.5:1 (WCAG AA): a lighter one")),
        ("band", "#88aacc", ("view.o.band: #88aacc beside", "4.5:1 (WCAG AA): a darker one")),
    ],
)
def test_a_colour_that_cannot_be_read_is_refused_with_its_contrast(setting, colour, words):
    said = refusal({"o": {**OCEAN, setting: colour}})
    assert all(word in said for word in words)


def test_a_view_is_not_at_the_host_of_the_node_itself(tmp_path):
    path = tmp_path / "frost.toml"
    view = ViewSettings(name="o", title="O", query="o", url="https://A.example/")
    path.write_text(write_config(Config(url="https://a.example", view=(view,))), "utf-8")
    with pytest.raises(LocalError, match="another host"):
        read_config(path)


def test_an_accent_brings_one_for_the_dark_theme_unless_that_is_said():
    (plain,) = read_views({"o": {**OCEAN, "accent": "#00634f"}})
    (said,) = read_views({"o": {**OCEAN, "accent": "#00634f", "accent_dark": "#ffffff"}})
    (none,) = read_views({"o": OCEAN})
    assert colours_of(plain).accent_dark.luminance > colours_of(plain).accent.luminance
    assert str(colours_of(said).accent_dark) == "#ffffff" and colours_of(none).accent_dark is None
