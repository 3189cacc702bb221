"""The tables `[view.NAME]` of frost.toml: what a node shows as a site of its own, under which title, and in which colours."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final
from urllib.parse import urlsplit

from frostnode.edge.colours import (
    BAND_INK,
    CONTRAST_MIN,
    DARK,
    LIGHT,
    Colour,
    Theme,
    contrast,
    for_dark,
    parse_colour,
)
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import VIEW_INTRO_CHARS_MAX, VIEW_TITLE_CHARS_MAX, VIEWS_MAX
from frostnode.search.language import parse_query

ABOUT: Final = {
    "title": "What the site is called.",
    "query": "What it shows, as any search says it: of one publisher, with a keyword, of a place.",
    "intro": "What its first page says; Markdown.",
    "logo": "File with its logo, PNG or SVG, in this folder or anywhere. Shown to everyone.",
    "url": "Where it is a site of its own besides /v/NAME/: a host name that leads to this node.",
    "accent": "Colour of links and buttons, #rrggbb.",
    "accent_dark": "The same in the dark theme; by default lighter by as much as it must be.",
    "band": "Colour of the band at the head, in both themes.",
}
"""What each setting does."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewSettings:
    """One view. What is left out is as on the node's own pages."""

    name: str
    """The last part of its path, /v/NAME/."""
    title: str
    query: str
    intro: str = ""
    logo: str = ""
    url: str = ""
    accent: str = ""
    accent_dark: str = ""
    band: str = ""

    @property
    def host(self) -> str:
        """The host at whose root it is, as browsers name it; "" for none."""
        return urlsplit(self.url).netloc.lower()


def read_views(table: object) -> tuple[ViewSettings, ...]:
    """The views that the tables say, in their order.

    Raises:
        LocalError: input.unreadable, naming the setting
    """
    if not isinstance(table, Mapping):
        raise _wrong("view", table, "tables [view.NAME]")
    if len(table) > VIEWS_MAX:
        raise _wrong("view", len(table), f"at most {VIEWS_MAX}")
    views = tuple(_view(name, value) for name, value in table.items())
    hosts = [view.host for view in views if view.host]
    if len(set(hosts)) < len(hosts):
        raise _wrong("view: url", "one host twice", "each once")
    return views


def _view(name: str, table: object) -> ViewSettings:
    where = f"view.{name}"
    if not _NAME.fullmatch(name):
        raise _wrong("view", name, "a name of small letters, digits and hyphens")
    if not isinstance(table, Mapping):
        raise _wrong(where, table, "a table")
    for setting, value in table.items():
        if setting not in ABOUT:
            raise _wrong(f"{where}: unknown setting {setting!r}", None, ", ".join(ABOUT))
        if not isinstance(value, str):
            raise _wrong(f"{where}.{setting}", value, "text")
    for setting in ("title", "query"):
        if not table.get(setting, "").strip():
            raise _wrong(f"{where}.{setting}", '""', ABOUT[setting])
    for setting, chars_max in (("title", VIEW_TITLE_CHARS_MAX), ("intro", VIEW_INTRO_CHARS_MAX)):
        if len(table.get(setting, "")) > chars_max:
            raise _wrong(f"{where}.{setting}", f"{len(table[setting])} characters", f"at most {chars_max}")
    view = ViewSettings(name=name, **table)
    _check_query(where, view.query)
    if view.url and not _is_site(view.url):
        raise _wrong(f"{where}.url", view.url, "https://HOST, without a path")
    _check_colours(where, view)
    return view


def _check_query(where: str, query: str) -> None:
    try:
        clauses = parse_query(query).clauses
    except LocalError as error:
        raise _wrong(f"{where}.query: {error.message}", error.found, str(error.expected)) from error
    if not clauses:
        raise _wrong(f"{where}.query", query, ABOUT["query"])


def _is_site(url: str) -> bool:
    try:
        parts = urlsplit(url)
        is_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and is_port
        and "@" not in parts.netloc
        and parts.path in ("", "/")
        and not parts.query
        and not parts.fragment
        and url.isascii()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """What a view sets; None is as on the node's own pages."""

    accent: Colour | None = None
    accent_dark: Colour | None = None
    band: Colour | None = None


def colours_of(view: ViewSettings) -> Colours:
    """The colours of a view whose settings were checked."""
    accent, dark, band = (parse_colour(text) for text in (view.accent, view.accent_dark, view.band))
    return Colours(accent=accent, accent_dark=dark or (for_dark(accent) if accent else None), band=band)


def _check_colours(where: str, view: ViewSettings) -> None:
    """Whether text can be read: in the accent in either theme, and on the band."""
    for setting in ("accent", "accent_dark", "band"):
        text = getattr(view, setting)
        if text and parse_colour(text) is None:
            raise _wrong(f"{where}.{setting}", text, "#rrggbb")
    colours = colours_of(view)
    if colours.accent:
        _check_accent(f"{where}.accent", colours.accent, LIGHT, "a darker one")
    if colours.accent_dark:
        _check_accent(f"{where}.accent_dark", colours.accent_dark, DARK, "a lighter one")
    if colours.band:
        for ink in BAND_INK:
            _check_contrast(f"{where}.band", colours.band, contrast(colours.band, ink), ink, "a darker one")


def _check_accent(setting: str, accent: Colour, theme: Theme, rather: str) -> None:
    found, ground = theme.worst(accent)
    _check_contrast(setting, accent, found, ground, rather)


def _check_contrast(setting: str, colour: Colour, found: float, other: Colour, rather: str) -> None:
    if found < CONTRAST_MIN:
        raise _wrong(
            f"{setting}: {colour} beside {other} cannot be read by all",
            f"a contrast of {found:.2f}:1",
            f"{CONTRAST_MIN}:1 (WCAG AA): {rather}",
        )


def lines_of(views: tuple[ViewSettings, ...]) -> Iterator[str]:
    """The tables, every setting with its comment; an example where there is none."""
    if not views:
        yield "# [view.ocean]"
        yield from (f'# {name} = ""  # {about}' for name, about in ABOUT.items())
    for view in views:
        yield f"[view.{view.name}]"
        for setting in fields(view):
            if setting.name in ABOUT:
                yield f"# {ABOUT[setting.name]}"
                yield f"{setting.name} = {_toml(getattr(view, setting.name))}"


def _toml(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'


def _wrong(what: str, found: Any, expected: str) -> LocalError:
    return LocalError("input.unreadable", what, found=found, expected=expected)
