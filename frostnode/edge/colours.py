"""Colours of a page, and whether text in them can be read: contrast as WCAG 2.2 counts it (1.4.3, level AA)."""

import re
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

CONTRAST_MIN: Final = 4.5
"""Of text of any size, at level AA."""

_HEX: Final = re.compile(r"#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})")
_KNEE: Final = 0.04045
_STEPS: Final = 20


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour of sRGB, each part from 0 to 255."""

    red: int
    green: int
    blue: int

    def __str__(self) -> str:
        """As style sheets write it."""
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}"

    @property
    def luminance(self) -> float:
        """How light it is: 0 is black, 1 is white."""
        return 0.2126 * _linear(self.red) + 0.7152 * _linear(self.green) + 0.0722 * _linear(self.blue)

    def mixed(self, other: "Colour", share: float) -> "Colour":
        """With so much of another colour in it."""
        pairs = zip(self.parts, other.parts, strict=True)
        return Colour(*(round(mine + (theirs - mine) * share) for mine, theirs in pairs))

    @property
    def parts(self) -> tuple[int, int, int]:
        """Red, green and blue."""
        return self.red, self.green, self.blue


def _linear(part: int) -> float:
    share = part / 255
    return share / 12.92 if share <= _KNEE else float(((share + 0.055) / 1.055) ** 2.4)


WHITE: Final = Colour(255, 255, 255)


def parse_colour(text: str) -> Colour | None:
    """A colour as `#rrggbb`; None for anything else."""
    found = _HEX.fullmatch(text.lower())
    return Colour(*(int(part, 16) for part in found.groups())) if found else None


def contrast(one: Colour, other: Colour) -> float:
    """Between 1, where nothing can be read, and 21."""
    darker, lighter = sorted((one.luminance, other.luminance))
    return (lighter + 0.05) / (darker + 0.05)


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """What lies behind text on the pages; `tint` is how much of the accent is in the ground of what it marks."""

    paper: Colour
    shade: Colour
    tint: float

    def grounds(self, accent: Colour) -> tuple[Colour, ...]:
        """All that this accent stands on."""
        return self.paper, self.shade, self.ice(accent)

    def ice(self, accent: Colour) -> Colour:
        """The ground of what the accent marks."""
        return self.paper.mixed(accent, self.tint)

    def worst(self, accent: Colour) -> tuple[float, Colour]:
        """The least contrast of the accent, and on which ground."""
        return min(((contrast(accent, ground), ground) for ground in self.grounds(accent)), key=itemgetter(0))


LIGHT: Final = Theme(paper=WHITE, shade=Colour(0xF3, 0xF6, 0xF9), tint=0.11)
DARK: Final = Theme(paper=Colour(0x0E, 0x16, 0x1D), shade=Colour(0x16, 0x21, 0x2A), tint=0.14)
"""As static/site.css has them."""

BAND_INK: Final = (
    Colour(0xF1, 0xF7, 0xFB),
    Colour(0xA9, 0xC2, 0xD3),
    Colour(0x7F, 0xD3, 0xEE),
)
"""In what is written on the band at the head of a page: in the same colours in both themes."""


def for_dark(accent: Colour) -> Colour:
    """The accent with so much white in it that it can be read in the dark theme."""
    return next(
        lighter
        for step in range(_STEPS + 1)
        if DARK.worst(lighter := accent.mixed(WHITE, step / _STEPS))[0] >= CONTRAST_MIN
    )
