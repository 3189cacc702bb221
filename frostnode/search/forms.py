"""The forms in which a word that is asked for may stand in a text: singular and plural, -ed and -ing.

Rules (spec/15-search.md#forms): texts are kept as they are, and it is the question that knows grammar; so what begins so, and what
stands in quotes, is found to the letter. Whatever the rules make that is no word is found nowhere, and does no harm.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from frostnode.protocol.limits import WORD_FORMS_CACHED_MAX

_LETTERS_MIN: Final = 3
_VOWELS: Final = frozenset("aeiouy")
_HISSING: Final = ("s", "x", "z", "ch", "sh")
_NO_PLURAL: Final = ("ss", "us", "is")
_KEEP_E: Final = ("ee", "oe", "ye")
_DOUBLED: Final = frozenset("bdgmnprt")
"""Last letters of short words that are written twice before -ed and -ing."""

_SHORT: Final = 6


@lru_cache(WORD_FORMS_CACHED_MAX)
def forms(word: str) -> tuple[str, ...]:
    """The forms of a word as texts are compared, itself first; words with digits or other letters than a to z have one."""
    if len(word) < _LETTERS_MIN or not (word.isascii() and word.isalpha()):
        return (word,)
    return tuple(dict.fromkeys((word, *(form for base in _bases(word) for form in _inflected(base)))))


def _bases(word: str) -> Iterator[str]:
    """What a word may be a form of."""
    for noun in tuple(_singulars(word)) or (word,):
        yield noun
        yield from _verbs(noun)


def _singulars(word: str) -> Iterator[str]:
    if len(word) <= _LETTERS_MIN or not word.endswith("s") or word.endswith(_NO_PLURAL):
        return
    yield word[:-1]
    if word.endswith("ies"):
        yield f"{word[:-3]}y"
    elif word.endswith("es") and word[:-2].endswith(_HISSING):
        yield word[:-2]


def _verbs(word: str) -> Iterator[str]:
    """Of which verbs a word may be the past or the participle."""
    for ending in ("ing", "ed"):
        rest = word.removesuffix(ending)
        if rest == word or _VOWELS.isdisjoint(rest) or len(rest) < (4 if rest.endswith("e") else 2):
            continue
        yield rest
        yield f"{rest}e"
        if rest[-1] == rest[-2]:
            yield rest[:-1]
        if ending == "ed" and rest.endswith("i"):
            yield f"{rest[:-1]}y"


def _inflected(base: str) -> Iterator[str]:
    """All forms of a word: as a noun, and as a verb where it does not end like one of their forms."""
    is_y = base.endswith("y") and base[-2:-1] not in _VOWELS
    yield base
    yield f"{base[:-1]}ies" if is_y else f"{base}es" if base.endswith(_HISSING) else f"{base}s"
    if base.endswith(("ing", "ed")):
        return
    yield f"{base[:-1]}ied" if is_y else f"{base.removesuffix('e')}ed"
    yield f"{base if base.endswith(_KEEP_E) else base.removesuffix('e')}ing"
    if len(base) <= _SHORT and base[-1] in _DOUBLED and base[-2] in _VOWELS and base[-3:-2] not in _VOWELS:
        yield f"{base}{base[-1]}ed"
        yield f"{base}{base[-1]}ing"
