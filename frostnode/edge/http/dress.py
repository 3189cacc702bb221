"""How the pages of a view look: its title, logo and colours, and where its paths begin.

Nothing is written into a page that a strict policy would have to allow: the colours are a style sheet of its own, the logo a file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from markupsafe import Markup

from frostnode.edge.colours import DARK, LIGHT, WHITE, Colour
from frostnode.edge.http.markdown import rich
from frostnode.edge.logo import Logo
from frostnode.edge.view_settings import ViewSettings, colours_of

_HASH_CHARS: Final = 12
_MEDIA_TYPES: Final = {"png": "image/png", "svg": "image/svg+xml", "css": "text/css; charset=utf-8"}
_LOGO_HEIGHT: Final = 40
_LOGO_WIDTH_MAX: Final = 220
_LINE: Final = 0.18
_LAND: Final = 0.09
"""How much white is in the lines and the land on the band."""

_OWN: Final = ("/record/", "/record?", "/search", "/opensearch.xml")
"""Pages that a view has too; all others are the node's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A logo as a page shows it."""

    href: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dress:
    """What the templates know of a view; `prefix` is before the paths of its pages, `node` where the node's own first page is."""

    name: str
    title: str
    query: str
    intro: Markup
    prefix: str
    node: str
    node_name: str
    style: str
    logo: Picture | None
    canonical: str

    def at(self, path: str) -> str:
        """Where a path of a live node leads to: to the page of this view, if it has one."""
        return f"{self.prefix}{path}" if path == "/" or path.startswith(_OWN) else path


def within_of(view: ViewSettings) -> str:
    """The search that finds what a view shows: datasets alone."""
    return f"{view.query} +type:dataset"


def files_of(view: ViewSettings, logo: Logo | None) -> Mapping[str, tuple[bytes, str]]:
    """The style sheet and the logo, with their media types, each under a name with the hash of what it holds: `dress.….css`, `logo.….png`."""
    found = {"dress": (style_of(view).encode(), "css")}
    if logo is not None:
        found["logo"] = (logo.content, logo.kind)
    return {
        f"{stem}.{sha256(content).hexdigest()[:_HASH_CHARS]}.{kind}": (content, _MEDIA_TYPES[kind])
        for stem, (content, kind) in found.items()
    }


def dress_of(view: ViewSettings, logo: Logo | None, *, node: str, node_name: str, is_root: bool) -> Dress:
    """The dress of a view at the root of its host, or below /v/."""
    below = f"/v/{view.name}"
    files = files_of(view, logo)
    style = next(name for name in files if name.startswith("dress."))
    picture = next((name for name in files if name.startswith("logo.")), "")
    shape = _shape(logo) if logo is not None else (0, 0)
    base = view.url.rstrip("/") or (f"{node}{below}" if node else "")
    return Dress(
        name=view.name,
        title=view.title,
        query=view.query,
        intro=rich(view.intro).html,
        prefix="" if is_root else below,
        node=f"{node}/" if is_root and node else "" if is_root else "/",
        node_name=node_name,
        style=f"{below}/{style}",
        logo=Picture(href=f"{below}/{picture}", width=shape[0], height=shape[1]) if picture else None,
        canonical=base,
    )


def _shape(logo: Logo) -> tuple[int, int]:
    """Of one height, unless it is very wide."""
    scale = min(_LOGO_HEIGHT / logo.height, _LOGO_WIDTH_MAX / logo.width)
    return max(1, round(logo.width * scale)), max(1, round(logo.height * scale))


def style_of(view: ViewSettings) -> str:
    """The style sheet of a view: it changes what site.css calls its colours, and nothing else."""
    colours = colours_of(view)
    light: dict[str, Colour] = {}
    dark: dict[str, Colour] = {}
    if colours.accent:
        light |= {"cold": colours.accent, "ice": LIGHT.ice(colours.accent)}
    if colours.accent_dark:
        dark |= {"cold": colours.accent_dark, "ice": DARK.ice(colours.accent_dark)}
    if colours.band:
        band = {
            "night": colours.band,
            "night-line": colours.band.mixed(WHITE, _LINE),
            "night-land": colours.band.mixed(WHITE, _LAND),
        }
        light |= band
        dark |= band
    return f"{_root(light)}@media(prefers-color-scheme:dark){{{_root(dark)}}}\n"


def _root(colours: Mapping[str, Colour]) -> str:
    return f":root{{{''.join(f'--{name}:{colour};' for name, colour in colours.items())}}}"
