"""What a query asks of a record, put in order: all indexes and matchers begin with this.

Rules (spec/15-search.md#meaning):
- words that only hold a sentence together are not asked for, unless they have a sign, or there is nothing else to ask for;
- a phrase in quotes must be there, as must what has a `+`; plain words alone may be missing in what is near.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

from frostnode.search.query import Area, Field, Occur, Period, Phrase, Query, Within, Word

FUNCTION_WORDS: Final = frozenset((
    "a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "in", "into", "is", "it", "its",
    "of", "on", "or", "that", "the", "their", "these", "this", "those", "to", "was", "were", "which",
    "with",
))  # fmt: skip
"""Words that nearly every text has: they tell nothing apart."""

Text: TypeAlias = Word | Phrase
T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """A hit has all of `wanted`; what has only some of them, at least one, is near. All else holds for both."""

    wanted: tuple[Word, ...]
    must: tuple[Text, ...]
    must_not: tuple[Text, ...]
    groups: tuple[tuple[Within, ...], ...]
    """One of each group must be there."""
    without: tuple[Within, ...]
    periods: tuple[Period, ...]
    """One of them, if there are any; areas likewise."""
    areas: tuple[Area, ...]


def meaning_of(query: Query) -> Meaning:
    """What a query means."""
    texts = [clause for clause in query.clauses if isinstance(clause, Word | Phrase)]
    plain = [text for text in texts if isinstance(text, Word) and text.occur is Occur.WANTED]
    must = [text for text in texts if text.occur is not Occur.MUST_NOT and text not in plain]
    wanted = [word for word in plain if not _holds_together(word)]
    if not wanted and not must:
        wanted = plain
    values = [clause for clause in query.clauses if isinstance(clause, Within)]
    return Meaning(
        wanted=_once(wanted),
        must=_once(must),
        must_not=_once(text for text in texts if text.occur is Occur.MUST_NOT),
        groups=_groups(values),
        without=_once(value for value in values if value.occur is Occur.MUST_NOT),
        periods=_once(clause for clause in query.clauses if isinstance(clause, Period)),
        areas=_once(clause for clause in query.clauses if isinstance(clause, Area)),
    )


def _holds_together(word: Word) -> bool:
    return not word.is_prefix and word.text.lower() in FUNCTION_WORDS


def _groups(values: list[Within]) -> tuple[tuple[Within, ...], ...]:
    """The values of each field that are enough each by itself; each that must be there, alone."""
    any_of: dict[Field, list[Within]] = {}
    groups: list[tuple[Within, ...]] = []
    for value in values:
        if value.occur is Occur.WANTED:
            any_of.setdefault(value.field, []).append(value)
        elif value.occur is Occur.MUST:
            groups.append((value,))
    return _once([*(_once(group) for group in any_of.values()), *groups])


def _once(items: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))
