"""Searches as people write them: words, "phrases", +must, -not, begin*, `field:value`, days and places.

Rules (spec/15-search.md#queries):
- any text is a search, but for one that is too long, has too many parts, or gives a field a value that it cannot have;
- a name that is none of the fields is a part of a word, and so is an address, and a name in capitals before what is no value of
  its field: titles can be pasted as they are;
- what is printed (`frostnode.search.printing`) is read as the same again.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import PREFIX_LETTERS_MIN, QUERY_CHARS_MAX, QUERY_CLAUSES_MAX
from frostnode.search.query import Area, Clause, Field, Occur, Period, Phrase, Query, Within, Word
from frostnode.search.values import (
    FIRST_DAY,
    WORDY_FIELDS,
    area_of_box,
    area_of_point,
    check_prefix,
    doi_of,
    first_day,
    period_of,
    says_something,
    spelled,
    unreadable,
)

_AFTER: Final = "after"
_BEFORE: Final = "before"
_DURING: Final = "during"
_DOI: Final = "doi"
_AREAS: Final[dict[str, Callable[[str], Area]]] = {"bbox": area_of_box, "point": area_of_point}
_FIELDS: Final = frozenset(map(str, Field))
_NAMES: Final = frozenset({*_FIELDS, *_AREAS, _AFTER, _BEFORE, _DURING, _DOI})

_PART: Final = re.compile(rf'([+-]*)(?:(?:((?ai:{"|".join(sorted(_NAMES))})):)?"([^"]*)"?(\*?)|([^\s"]+))')
"""Signs, then something in quotes, perhaps behind a name of ours, or all up to a blank or a quote."""

_WORD_BEGIN: Final = re.compile(rf"[^\W_]{{{PREFIX_LETTERS_MIN},}}\Z")


@dataclass(frozen=True, slots=True)
class _Bound:
    """What `after:` or `before:` says: all that are written make one period."""

    text: str
    first: int | None = None
    last: int | None = None


def parse_query(text: str) -> Query:
    """What a text asks for; what has neither letter nor digit asks for nothing.

    Raises:
        LocalError: query.malformed: longer than QUERY_CHARS_MAX, of more than QUERY_CLAUSES_MAX clauses, or with a
            value that its field cannot have
    """
    if len(text) > QUERY_CHARS_MAX:
        raise LocalError(
            "query.malformed", "characters of the query", found=len(text), expected=QUERY_CHARS_MAX
        )
    clauses = tuple(_with_one_period(list(_parts(text.encode("utf-8", "replace").decode()))))
    if len(clauses) > QUERY_CLAUSES_MAX:
        raise LocalError(
            "query.malformed", "parts of the query", found=len(clauses), expected=QUERY_CLAUSES_MAX
        )
    return Query(clauses)


def _parts(text: str) -> Iterator[Clause | _Bound]:
    for match in _PART.finditer(text):
        signs, name, quoted, star, run = match.groups()
        occur = Occur(signs[:1])
        if run is not None:
            found = _run(run, occur)
        elif name is not None:
            found = _value(name, quoted, occur, is_quoted=True, has_star=bool(star))
        else:
            found = _phrase(quoted, occur)
        if found is not None:
            yield found


def _run(text: str, occur: Occur) -> Clause | _Bound | None:
    """What stands without quotes: a value behind a name of ours, or a word, whatever characters it has."""
    name, colon, value = text.partition(":")
    if colon and name.lower() in _NAMES:
        plain = value.rstrip("*")
        return _value(name, plain, occur, is_quoted=False, has_star=plain != value)
    return _word(text, occur)


def _value(name: str, value: str, occur: Occur, *, is_quoted: bool, has_star: bool) -> Clause | _Bound | None:
    """What a field is asked for; words, where it is rather a part of a title that begins like a field."""
    try:
        return _named(name, value, occur, is_quoted=is_quoted, has_star=has_star)
    except LocalError:
        if name.islower():
            raise
        return (_phrase if is_quoted else _word)(f"{name}:{value}", occur)


def _word(text: str, occur: Occur) -> Word | None:
    plain = text.rstrip("*")
    if not says_something(plain):
        return None
    return Word(plain, occur, is_prefix=plain != text and _WORD_BEGIN.search(plain) is not None)


def _phrase(text: str, occur: Occur) -> Phrase | None:
    return Phrase(" ".join(text.split()), occur) if says_something(text) else None


def _named(name: str, value: str, occur: Occur, *, is_quoted: bool, has_star: bool) -> Clause | _Bound | None:
    """What a field is asked for. A name with nothing behind it is a word."""
    if not says_something(value):
        return _word(name, occur)
    kind = name.lower()
    if kind in _FIELDS:
        return _within(Field(kind), value, occur, has_star=has_star)
    if kind == _DOI:
        if (doi := doi_of(value)) is not None:
            return _within(Field.ID, doi, occur, has_star=has_star)
        return (_phrase if is_quoted else _word)(f"{name}:{value}", occur)
    if occur is Occur.MUST_NOT:
        raise unreadable(kind, f"-{name}:{value}", "no sign: days and places cannot be left out")
    if has_star:
        raise unreadable(kind, f"{value}*", "a value without *")
    return _AREAS[kind](value) if kind in _AREAS else _time(kind, value)


def _within(field: Field, value: str, occur: Occur, *, has_star: bool) -> Within:
    if has_star:
        check_prefix(field, value)
        text = spelled(field, value, is_prefix=True)
        if _can_begin(field, text):
            return Within(field, text, occur, is_prefix=True)
    return Within(field, spelled(field, value), occur)


def _can_begin(field: Field, text: str) -> bool:
    """Whether there is enough of a value for asking what begins with it."""
    if field in WORDY_FIELDS:
        return _WORD_BEGIN.search(text) is not None
    return sum(map(str.isalnum, text)) >= PREFIX_LETTERS_MIN


def _time(kind: str, value: str) -> Period | _Bound:
    value = value.strip()
    if kind == _DURING:
        return period_of(value)
    day = first_day(kind, value)
    if kind == _AFTER:
        return _Bound(f"{kind}:{value}", first=day)
    if day <= FIRST_DAY:
        raise unreadable(kind, value, "a day after 0001-01-01")
    return _Bound(f"{kind}:{value}", last=day - 1)


def _with_one_period(parts: list[Clause | _Bound]) -> Iterator[Clause]:
    """The clauses, with all bounds together where the first of them stood."""
    bounds = [part for part in parts if isinstance(part, _Bound)]
    is_told = False
    for part in parts:
        if not isinstance(part, _Bound):
            yield part
        elif not is_told:
            is_told = True
            yield _together(bounds)


def _together(bounds: list[_Bound]) -> Period:
    first = max((bound.first for bound in bounds if bound.first is not None), default=None)
    last = min((bound.last for bound in bounds if bound.last is not None), default=None)
    if first is not None and last is not None and first > last:
        written = " ".join(bound.text for bound in bounds)
        raise unreadable("time", written, "a day that is after the one and before the other")
    return Period(first, last)
