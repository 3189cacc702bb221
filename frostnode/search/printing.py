"""A search as text, and with a value more or less: what links to answers say.

What is printed is read as the same query again (`frostnode.search.language.parse_query`), if it came from there or from here.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from frostnode.protocol.limits import SPELLINGS_CACHED_MAX
from frostnode.search.query import Area, Clause, Field, Occur, Period, Phrase, Query, Within, Word
from frostnode.search.values import area_text, bound_text, period_text, says_something, spelled

_QUOTED: Final = '"{}"'.format


def print_query(query: Query) -> str:
    """The text that asks for this."""
    periods = [clause for clause in query.clauses if isinstance(clause, Period)]
    is_alone = len(periods) == 1  # several bounds would be read as one
    return " ".join(_clause(clause, is_alone=is_alone) for clause in query.clauses)


def _clause(clause: Clause, *, is_alone: bool) -> str:
    match clause:
        case Word(text=text, occur=occur, is_prefix=is_prefix):
            return f"{occur}{text}{'*' if is_prefix else ''}"
        case Phrase(text=text, occur=occur):
            return f"{occur}{_QUOTED(text)}"
        case Within(field=field, text=text, occur=occur, is_prefix=is_prefix):
            is_plain = len(text.split()) == 1 and not text.endswith("*")
            value = text if is_plain else _QUOTED(text)
            return f"{occur}{field}:{value}{'*' if is_prefix else ''}"
        case Period():
            return (bound_text(clause) if is_alone else "") or period_text(clause)
        case Area():
            return area_text(clause)


def without_value(query: Query, field: Field, text: str) -> Query:
    """The same, and a value of a field asked for no more.

    Raises:
        LocalError: query.malformed: a year or a source that is none
    """
    value = spelled(field, text)
    return Query(tuple(clause for clause in query.clauses if not _asks(clause, field, value)))


def switched(query: Query, field: Field, texts: Iterable[str]) -> Iterator[tuple[bool, str]]:
    """For each of these values of a field, whether it is asked for, and the text that asks for it too, or for it no more.

    Raises:
        LocalError: query.malformed: a year or a source that is none
    """
    printed = print_query(query)
    asked = {
        clause.text for clause in query.clauses if isinstance(clause, Within) and _is_choice(clause, field)
    }
    for text in texts:
        value, choice = _choice(field, text)
        if value in asked:
            yield True, print_query(without_value(query, field, text))
        else:
            yield False, f"{printed} {choice}".strip()


@lru_cache(SPELLINGS_CACHED_MAX)
def _choice(field: Field, text: str) -> tuple[str, str]:
    """A value in its one spelling, and what asks for it; nothing does where it says nothing."""
    value = spelled(field, text)
    return value, _clause(Within(field, value), is_alone=True) if says_something(value) else ""


def _asks(clause: Clause, field: Field, value: str) -> bool:
    return isinstance(clause, Within) and _is_choice(clause, field) and clause.text == value


def _is_choice(clause: Within, field: Field) -> bool:
    return clause.field is field and clause.occur is not Occur.MUST_NOT and not clause.is_prefix
