"""Where the words of a text begin and end, before anything is done to the words themselves.

Rules (spec/15-search.md#words):
- words are runs of letters, digits and the vowel signs of scripts that write them as marks; other marks are dropped;
- what is written without spaces is not cut into words by guessing: each of its characters is one.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from frostnode.protocol.limits import WORD_RUNS_CACHED_MAX

_ALONE: Final = (
    "CJK ", "HIRAGANA ", "KATAKANA", "IDEOGRAPHIC ", "THAI ", "LAO ", "KHMER ", "MYANMAR ",
)  # fmt: skip
"""How the names of characters begin that are words by themselves: of Chinese, Japanese, Thai, Lao, Khmer, Burmese."""

_RUN: Final = re.compile(r"[^\x00-\x7f]+")
"""What is not ASCII, which in most texts is little. An accent that stands by itself behind its letter is dropped all the same."""

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
    return text if text.isascii() else _RUN.sub(_apart, text)


def spaced_all(texts: Sequence[str]) -> list[str]:
    """The same of many texts, of which mostly none needs it."""
    return list(texts) if "".join(texts).isascii() else [spaced(text) for text in texts]


def _apart(found: re.Match[str]) -> str:
    run = found.group()
    return _put_apart_once(run) if len(run) <= _SHORT else _put_apart(run)


def _put_apart(run: str) -> str:
    return unicodedata.normalize("NFKC", run.lower()).translate(_TABLE)


_put_apart_once = lru_cache(WORD_RUNS_CACHED_MAX)(_put_apart)
