"""Where the words of a text begin and end, before anything is done to the words themselves.

Rules (spec/15-search.md#words):
- words are runs of letters, digits and the vowel signs of scripts that write them as marks; other marks are dropped;
- what is written without spaces is not cut into words by guessing: each of its characters is one.
"""

import codecs
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from frostnode.protocol.limits import WORD_RUNS_CACHED_MAX

_ALONE: Final = (
    "CJK ", "HIRAGANA ", "KATAKANA", "IDEOGRAPHIC ", "THAI ", "LAO ", "KHMER ", "MYANMAR ",
)  # fmt: skip
"""How the names of characters begin that are words by themselves: of Chinese, Japanese, Thai, Lao, Khmer, Burmese."""

BETWEEN: Final = "\u00aa"
"""Stands between texts that are handed on as one: a letter that no text has which was put in order, for there it is an a."""

_SHORT: Final = 16
"""Characters of a run that is kept when it was put in order: degrees, dashes, names with an accent come again and again."""

_SPACE: Final = " "
_NOWHERE: Final = frozenset({"Cn", "Co", "Cs"})
"""Categories without characters: they part words, and nothing is kept of them, for there are a million."""


class _Table(dict[int, str | None]):
    """What becomes of each character, found out when it first comes: at most one entry for each that there is."""

    def __missing__(self, code: int) -> str | None:
        char = chr(code)
        category = unicodedata.category(char)
        if category in _NOWHERE:
            return _SPACE
        found: str | None
        if category in ("Cf", "Me") or (category == "Mn" and _is_dropped(char)):
            found = None
        elif unicodedata.name(char, "").startswith(_ALONE) and char.isalnum():
            found = f" {char} "
        else:
            found = char
        self[code] = found
        return found


def _is_dropped(mark: str) -> bool:
    """Whether a mark only changes the letter that it stands on: an accent, a point, a virama, a variation of form."""
    return unicodedata.combining(mark) != 0 or "VARIATION SELECTOR" in unicodedata.name(mark, "")


_TABLE: Final = _Table()


def spaced(text: str) -> str:
    """The text with its words apart, so that each run of letters and digits is one."""
    return text if text.isascii() else text.encode("ascii", _APART).decode()


def joined(texts: Sequence[str]) -> str:
    """The same of many texts, as one with BETWEEN between each two."""
    return f" {BETWEEN} ".join(texts if all(map(str.isascii, texts)) else map(spaced, texts))


def _apart(found: UnicodeError) -> tuple[bytes, int]:
    """What becomes of a run of what is not ASCII, of which most texts have little; an accent by itself comes without its letter."""
    assert isinstance(found, UnicodeEncodeError)
    run = found.object[found.start : found.end]
    apart = _put_apart_once(run) if len(run) <= _SHORT else _put_apart(run)
    return apart.encode(), found.end


def _put_apart(run: str) -> str:
    return unicodedata.normalize("NFKC", run.lower()).translate(_TABLE)


_put_apart_once = lru_cache(WORD_RUNS_CACHED_MAX)(_put_apart)

_APART: Final = "frostnode.apart"
"""How to encode what is not ASCII: the encoder gets over all else ten times as fast as a regular expression."""

codecs.register_error(_APART, _apart)
