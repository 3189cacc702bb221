"""Whether a document is what a query asks for, looked at one by one: what every index must say too.

Rules (spec/15-search.md#meaning):
- words are compared as the index has them (spec/15-search.md#words): one by itself in any of its forms, those that follow each other
  to the letter, and within one text;
- a value is compared in its one spelling, whole, or by its beginning where a `*` says so.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache, partial
from itertools import chain
from operator import attrgetter
from typing import Final, TypeAlias

from frostnode.protocol.limits import SPELLINGS_CACHED_MAX
from frostnode.protocol.names import url_of
from frostnode.search.document import SearchDocument
from frostnode.search.facets import labels
from frostnode.search.forms import forms
from frostnode.search.meaning import meaning_of
from frostnode.search.query import Area, Field, Period, Phrase, Query, Within, Word
from frostnode.search.values import WORDY_FIELDS, is_did, is_whole_did, period_of, spelled

Words: TypeAlias = Callable[[str], list[str]]
"""The words of a text, in order, as they are compared."""

Run: TypeAlias = tuple[str, ...]
"""Words that follow each other."""


class Verdict(StrEnum):
    """What a document is to a query."""

    HIT = "hit"
    NEAR = "near"
    """It has some of the plain words, and all else that is asked for."""
    NOT = "not"


def texts_in(document: SearchDocument) -> tuple[str, ...]:
    """The texts in which words are looked for that are asked for in no field."""
    return (
        document.key,
        document.title,
        *document.keywords,
        document.description,
        *document.texts,
        *document.variables,
        *document.columns,
        document.publisher,
    )


_TEXTS: Final[Mapping[Field, Callable[[SearchDocument], Sequence[str]]]] = {
    Field.TITLE: lambda document: (document.title,),
    Field.KEYWORD: lambda document: document.keywords,
    Field.VARIABLE: lambda document: document.variables,
    Field.COLUMN: lambda document: document.columns,
    Field.PUBLISHER: lambda document: (document.publisher,),
}
_ONE_VALUE: Final[Mapping[Field, Callable[[SearchDocument], str]]] = {
    Field.PUBLISHER: attrgetter("did"),
    Field.TYPE: attrgetter("type"),
    Field.MODEL: attrgetter("model"),
    Field.LICENSE: attrgetter("license"),
    Field.PRICE: attrgetter("price"),
    Field.ACCESS: attrgetter("access"),
    Field.SOURCE: lambda document: "harvested" if document.harvested_from else "carried",
}
_VALUES: Final[Mapping[Field, Callable[[SearchDocument], Sequence[str]]]] = {
    Field.FORMAT: attrgetter("formats"),
    Field.HOST: attrgetter("hosts"),
    Field.SUBJECT: lambda document: labels(document.keywords),
    Field.ID: lambda document: (*document.same_as, document.key, record_url(document)),
}


def record_url(document: SearchDocument) -> str:
    """The DID URL of the record."""
    return url_of(document.did, document.type, document.key)


def field_texts(document: SearchDocument, field: Field) -> Sequence[str]:
    """The texts of a field of texts; none of others."""
    return _TEXTS[field](document) if field in _TEXTS else ()


def _speller(field: Field) -> Callable[[str], str]:
    """How a value is put in order. Few values are those of many records, but by an identifier each is its own."""
    spell: Callable[[str], str] = partial(spelled, field)
    return spell if field is Field.ID else lru_cache(SPELLINGS_CACHED_MAX)(spell)


def _reader_of_one(
    field: Field, read: Callable[[SearchDocument], str]
) -> Callable[[SearchDocument], tuple[str, ...]]:
    spell = _speller(field)

    def values(document: SearchDocument) -> tuple[str, ...]:
        value = read(document)
        return (spell(value),) if value else ()

    return values


def _reader(
    field: Field, read: Callable[[SearchDocument], Sequence[str]]
) -> Callable[[SearchDocument], tuple[str, ...]]:
    spell = _speller(field)
    return lambda document: tuple(dict.fromkeys(map(spell, filter(None, read(document)))))


VALUE_READERS: Final = {
    **{field: _reader_of_one(field, read) for field, read in _ONE_VALUE.items()},
    **{field: _reader(field, read) for field, read in _VALUES.items()},
}
"""How a document says what values it has of each field of values: as they are compared, each once."""


def field_values(document: SearchDocument, field: Field, *, is_own: bool = False) -> tuple[str, ...]:
    """The values of a field of values, as they are compared; `is_own`: its publisher is hosted here."""
    if field is Field.SOURCE and is_own:
        return ("own",)
    read = VALUE_READERS.get(field)
    return () if read is None else read(document)


def has_time(document: SearchDocument, period: Period) -> bool:
    """Whether it says of which time its data are, and some of them are of this one."""
    if document.first_day is None and document.last_day is None:
        return False
    is_early = document.first_day is None or period.last is None or document.first_day <= period.last
    is_late = document.last_day is None or period.first is None or period.first <= document.last_day
    return is_early and is_late


def has_place(document: SearchDocument, area: Area) -> bool:
    """Whether some of its data are of this place; borders count."""
    return any(
        box.west <= part.east
        and part.west <= box.east
        and box.south <= part.north
        and part.south <= box.north
        for box in document.areas
        for part in parts_of(area)
    )


def parts_of(area: Area) -> tuple[Area, ...]:
    """The same place in one box, or in two where it crosses the antimeridian."""
    if area.west <= area.east:
        return (area,)
    return (
        Area(area.west, area.south, 180.0, area.north),
        Area(-180.0, area.south, area.east, area.north),
    )


class DocumentWords:
    """A document with its words, each text by itself, for as many questions as there are."""

    def __init__(self, document: SearchDocument, words: Words, *, is_own: bool = False) -> None:
        self.document = document
        self._is_own = is_own
        self._numbers = {text: number for number, text in enumerate(dict.fromkeys(texts_in(document)))}
        self._runs = [tuple(words(text)) for text in self._numbers]
        self.all = frozenset(chain.from_iterable(self._runs))

    @cached_property
    def keys(self) -> frozenset[str]:
        """All words and values, each under one name: what a search can be looked up by."""
        values = self._values.items()
        return self.all.union(_key(field, value) for field, there in values for value in there)

    @cached_property
    def _values(self) -> Mapping[Field, tuple[str, ...]]:
        return {field: field_values(self.document, field, is_own=self._is_own) for field in VALUE_READERS}

    @cached_property
    def _fields(self) -> Mapping[Field, frozenset[int]]:
        """Which of the texts belong to each field."""
        return {
            field: frozenset(self._numbers[text] for text in field_texts(self.document, field))
            for field in _TEXTS
        }

    @cached_property
    def _in_order(self) -> list[str]:
        return sorted(self.all)

    @cached_property
    def _places(self) -> Mapping[str, list[tuple[int, int]]]:
        """Where each word stands: in which text, at which place."""
        places = defaultdict(list)
        for number, run in enumerate(self._runs):
            for at, word in enumerate(run):
                places[word].append((number, at))
        return places

    def has(self, wanted: "Wanted", field: Field | None = None) -> bool:
        """Whether these words follow each other within one text, of a field or any."""
        if wanted.forms and field is None:
            return not self.all.isdisjoint(wanted.forms)
        if not self.all.issuperset(wanted.whole):
            return False
        if wanted.is_prefix and not self._has_beginning(wanted.words[-1]):
            return False
        if field is None and len(wanted.words) == 1:
            return True
        texts = range(len(self._runs)) if field is None else self._fields[field]
        if not wanted.whole:
            return any(wanted.is_in(self._runs[number]) for number in texts)
        places = self._places[wanted.words[0]]
        return any(number in texts and wanted.is_at(self._runs[number], at) for number, at in places)

    def _has_beginning(self, beginning: str) -> bool:
        at = bisect_left(self._in_order, beginning)
        return at < len(self._in_order) and self._in_order[at].startswith(beginning)

    def has_beginning_of_value(self, field: Field, beginning: str) -> bool:
        """Whether a field of values has one that begins so."""
        return any(value.startswith(beginning) for value in self._values[field])


@dataclass(frozen=True, slots=True)
class Wanted:
    """Words that shall follow each other, to the letter; of the last one perhaps only the beginning.

    `forms` are those in any of which a single word may stand; none where it is meant to the letter.
    """

    words: Run
    is_prefix: bool = False
    forms: Run = ()

    @property
    def whole(self) -> Run:
        """Those of which not only the beginning is known."""
        return self.words[:-1] if self.is_prefix else self.words

    def is_in(self, run: Run) -> bool:
        """Whether they follow each other in a text of these words, or a form of a single one is there."""
        if self.forms:
            return not set(run).isdisjoint(self.forms)
        return any(self.is_at(run, at) for at in range(len(run) - len(self.words) + 1))

    def is_at(self, run: Run, at: int) -> bool:
        """Whether they stand at a place of a text of these words."""
        end = at + len(self.words)
        if not self.is_prefix:
            return run[at:end] == self.words
        return (
            end <= len(run)
            and run[at : end - 1] == self.words[:-1]
            and run[end - 1].startswith(self.words[-1])
        )


def wanted_of(text: Word | Phrase, words: Words) -> Wanted | None:
    """What a part of a query asks for in any text; None where it has no word."""
    run = tuple(words(text.text))
    if not run:
        return None
    if isinstance(text, Phrase):
        return Wanted(run)
    return Wanted(run, text.is_prefix, forms(run[0]) if len(run) == 1 and not text.is_prefix else ())


@dataclass(frozen=True, slots=True)
class _Value:
    """What a field must say: a value, or words of a text of it. `key`: what a document has that has it, if that is known."""

    value: Within
    wanted: Wanted | None = None
    period: Period | None = None
    key: str | None = None

    def is_in(self, document: DocumentWords) -> bool:
        if self.wanted is not None:
            return document.has(self.wanted, self.value.field)
        if self.period is not None:
            return has_time(document.document, self.period)
        if self.key is not None:
            return self.key in document.keys
        return document.has_beginning_of_value(self.value.field, self.value.text)


class Question:
    """A query, ready to be asked of many documents. Words and fields without any word ask for nothing."""

    def __init__(self, query: Query, words: Words) -> None:
        meaning = meaning_of(query)
        self._words = words
        self._wanted = self._texts(meaning.wanted)
        self._must = self._texts(meaning.must)
        self._must_not = self._texts(meaning.must_not)
        self._groups = tuple(filter(None, map(self._group, meaning.groups)))
        self._without = tuple(filter(None, map(self._value, meaning.without)))
        self._periods = meaning.periods
        self._areas = meaning.areas

    def judge(self, document: DocumentWords) -> Verdict:
        """What a document is to the query."""
        if not self._has_all_else(document):
            return Verdict.NOT
        there = sum(map(document.has, self._wanted))
        if there == len(self._wanted):
            return Verdict.HIT
        return Verdict.NEAR if there else Verdict.NOT

    def is_answered_by(self, document: DocumentWords) -> bool:
        """Whether a document is a hit."""
        return all(map(document.has, self._wanted)) and self._has_all_else(document)

    def _has_all_else(self, document: DocumentWords) -> bool:
        return (
            all(map(document.has, self._must))
            and not any(map(document.has, self._must_not))
            and all(any(value.is_in(document) for value in group) for group in self._groups)
            and not any(value.is_in(document) for value in self._without)
            and (not self._periods or any(has_time(document.document, one) for one in self._periods))
            and (not self._areas or any(has_place(document.document, one) for one in self._areas))
        )

    def ways_in(self) -> list[tuple[str, ...]]:
        """Sets of keys of which every hit has one: by each of them alone all hits can be looked up."""
        texts = (*self._wanted, *self._must)
        ways: list[tuple[str, ...]] = [wanted.forms for wanted in texts if wanted.forms]
        ways += [(word,) for wanted in texts if not wanted.forms for word in wanted.whole]
        for group in self._groups:
            keys = tuple(key for value in group if (key := value.key) is not None)
            if len(keys) == len(group):
                ways.append(keys)
        return ways

    def may_be_of(self, did: str, type_: str) -> bool:
        """Whether a record of this publisher and type may be a hit, as far as its name says."""
        names = {Field.PUBLISHER: did, Field.TYPE: type_}

        def is_named(value: _Value) -> bool:
            name = names.get(value.value.field)
            if name is None or value.wanted is not None:
                return True
            is_beginning = value.value.is_prefix or value.value.field is Field.PUBLISHER
            return name.startswith(value.value.text) if is_beginning else name == value.value.text

        return all(any(map(is_named, group)) for group in self._groups)

    def _texts(self, texts: Iterable[Word | Phrase]) -> tuple[Wanted, ...]:
        return tuple(filter(None, (wanted_of(text, self._words) for text in texts)))

    def _group(self, values: tuple[Within, ...]) -> tuple[_Value, ...]:
        """The values of which any is enough; none where one of them asks for nothing."""
        found = tuple(value for value in map(self._value, values) if value is not None)
        return found if len(found) == len(values) else ()

    def _value(self, value: Within) -> _Value | None:
        field, text = value.field, value.text
        if field is Field.YEAR:
            return _Value(value, period=period_of(text))
        if field is Field.PUBLISHER and is_did(text):
            return _Value(value, key=_key(field, text) if is_whole_did(text) else None)
        if field not in WORDY_FIELDS:
            return _Value(value, key=None if value.is_prefix else _key(field, text))
        words = tuple(self._words(text))
        if not words:
            return None
        wanted = Wanted(words, value.is_prefix)
        return _Value(value, wanted, key=max(wanted.whole, key=len, default=None))


def _key(field: Field, value: str) -> str:
    """The name of a value among words: no word has a colon."""
    return f"{field}:{value}"
