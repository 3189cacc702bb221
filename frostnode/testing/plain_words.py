"""The words of a text without a search index: no stems, everything else as it is there."""

import re
from typing import Final
from unicodedata import combining, normalize

_ALONE: Final = "\u0e00-\u0eff\u1780-\u17ff\u2e80-\u30ff\u31c0-\u9fff\uf900-\ufaff"
"""Scripts that are written without spaces: each of their characters is a word."""

_WORD: Final = re.compile(rf"[{_ALONE}]|[^\W_{_ALONE}]+")


def plain_words(text: str) -> list[str]:
    """Runs of letters and digits, without regard to case and accents."""
    if text.isascii():
        return _WORD.findall(text.lower())
    return _WORD.findall("".join(char for char in normalize("NFKD", text.casefold()) if not combining(char)))
