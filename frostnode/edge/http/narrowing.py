"""What a search is narrowed by, for people: each filter with the search without it, and the form of place and time.

All of it is the one query language (spec/15-search.md): the form becomes `bbox:`, `after:`, `before:` and `during:`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from frostnode.edge.http.extent import Rectangle, box_text, rectangles
from frostnode.protocol.errors import LocalError
from frostnode.protocol.names import Did
from frostnode.search.printing import print_query
from frostnode.search.query import Area, Clause, Field, Occur, Period, Phrase, Query, Within, Word
from frostnode.search.values import area_of_box, period_of, period_text

SIDES: Final = ("west", "south", "east", "north")
"""The numbers of the form."""

TIMES: Final = ("from", "to")
"""The days of the form: years, months or days."""

_OPEN: Final = ".."


@dataclass(frozen=True, slots=True)
class Filter:
    """One clause: what it is about, its value, and the search without it."""

    name: str
    value: str
    without: str


def filters(query: Query, named: Mapping[Did, str]) -> list[Filter]:
    """All that narrows a search but its words. `named` says what publishers are called."""
    return [
        Filter(*_words(clause, named), print_query(_without(query, at)))
        for at, clause in enumerate(query.clauses)
        if not isinstance(clause, Word | Phrase)
    ]


def drops(query: Query, named: Mapping[Did, str], most: int) -> list[Filter]:
    """What may be left out where nothing is found: each of the first clauses, words too, and all filters together."""
    if len(query.clauses) < 2:
        return []
    single = [
        Filter(*_words(clause, named), print_query(_without(query, at)))
        for at, clause in enumerate(query.clauses[:most])
    ]
    words = words_of(query)
    has_more = len(filters(query, named)) > 1
    return [*single, Filter("all filters", "", words)] if words and has_more else single


def without_period(query: Query) -> str:
    """The search at all times."""
    return print_query(Query(tuple(one for one in query.clauses if not isinstance(one, Period))))


def words_of(query: Query) -> str:
    """The words and phrases of a search alone."""
    return print_query(Query(tuple(one for one in query.clauses if isinstance(one, Word | Phrase))))


def _without(query: Query, at: int) -> Query:
    return Query((*query.clauses[:at], *query.clauses[at + 1 :]))


def _words(clause: Clause, named: Mapping[Did, str]) -> tuple[str, str]:
    """What a clause is about, and its value."""
    match clause:
        case Within(field=field, text=text, occur=occur, is_prefix=is_prefix):
            known = named.get(Did(text), "") if field is Field.PUBLISHER else ""
            name = f"no {field}" if occur is Occur.MUST_NOT else str(field)
            return name, (known or text) + ("…" if is_prefix else "")
        case Period():
            begin, end = _ends(clause)
            return "time", f"{begin or 'the beginning'} to {end or 'now'}" if begin != end else begin
        case Area(west=west, south=south, east=east, north=north):
            return "place", box_text(west, south, east, north)
        case Word(text=text, occur=occur, is_prefix=is_prefix):
            return "no word" if occur is Occur.MUST_NOT else "word", text + ("…" if is_prefix else "")
        case Phrase(text=text, occur=occur):
            return "no phrase" if occur is Occur.MUST_NOT else "phrase", text


def _ends(period: Period) -> tuple[str, str]:
    """The first and the last year, month or day, in the shortest form; "" where open."""
    begin, slash, end = period_text(period).removeprefix("during:").partition("/")
    first, last = begin, end if slash else begin
    return ("" if first == _OPEN else first, "" if last == _OPEN else last)


# -- the form ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What stands in the form of place and time, by the names of its fields, and what is marked on the map."""

    values: Mapping[str, str]
    drawn: Sequence[Rectangle]


def form_of(query: Query) -> Form:
    """The form as a search fills it: with its first place and its first period."""
    area = next((clause for clause in query.clauses if isinstance(clause, Area)), None)
    period = next((clause for clause in query.clauses if isinstance(clause, Period)), None)
    sides = [f"{side:g}" for side in (area.west, area.south, area.east, area.north)] if area else [""] * 4
    ends = _ends(period) if period else ("", "")
    return Form(
        values=dict(zip((*SIDES, *TIMES), (*sides, *ends), strict=True)),
        drawn=[drawn for clause in query.clauses if isinstance(clause, Area) for drawn in _drawn(clause)],
    )


def form_as_sent(values: Mapping[str, str]) -> Form:
    """The form as somebody filled it in, where it could not be read."""
    return Form(values={name: values.get(name, "")[:20] for name in (*SIDES, *TIMES)}, drawn=())


def _drawn(area: Area) -> Iterator[Rectangle]:
    east = area.east + 360 if area.west > area.east else area.east
    return rectangles(area.west, area.south, east, area.north)


def with_form(query: Query, values: Mapping[str, str]) -> Query:
    """The search with the place and the period of the form instead of its first ones; without them where fields are empty.

    Raises:
        LocalError: query.malformed
    """
    place = _place(values) if any(name in values for name in SIDES) else None
    time = _time(values) if any(name in values for name in TIMES) else None
    changed = query
    if any(name in values for name in SIDES):
        changed = _replaced(changed, Area, place)
    if any(name in values for name in TIMES):
        changed = _replaced(changed, Period, time)
    return changed


def _place(values: Mapping[str, str]) -> Area | None:
    sides = [values.get(name, "").strip() for name in SIDES]
    if not any(sides):
        return None
    if missing := [name for name, side in zip(SIDES, sides, strict=True) if not side]:
        raise LocalError(
            "query.malformed",
            f"the {' and '.join(missing)} of the box {'is' if len(missing) == 1 else 'are'} missing",
            hint="A place has all four sides, or none",
        )
    return area_of_box(",".join(sides))


def _time(values: Mapping[str, str]) -> Period | None:
    begin, end = (values.get(name, "").strip() for name in TIMES)
    if not begin and not end:
        return None
    return period_of(f"{begin or _OPEN}/{end or _OPEN}")


def _replaced(query: Query, kind: type[Area | Period], new: Clause | None) -> Query:
    """The query with another first clause of a kind, where the old one stood; at the end where there was none."""
    at = next((at for at, clause in enumerate(query.clauses) if isinstance(clause, kind)), None)
    added = () if new is None else (new,)
    if at is None:
        return replace(query, clauses=(*query.clauses, *added))
    return Query((*query.clauses[:at], *added, *query.clauses[at + 1 :]))
