"""What the index keeps of a record, and under which names.

Texts are kept as words with their places, values as they are spelled. What hits are shown, counted and sorted by lies in columns, for
a column answers about a hundred thousand hits as fast as the store about a hundred.
"""

from collections.abc import Iterator
from typing import Any, Final

import tantivy

from frostnode.edge.tantivy.analysis import ANALYSIS, words
from frostnode.edge.tantivy.kept import kept_of, same_as
from frostnode.protocol.limits import SEARCH_AREAS_MAX, SNIPPET_CHARS_MAX
from frostnode.protocol.names import url_of
from frostnode.search.document import SearchDocument
from frostnode.search.facets import year_of
from frostnode.search.matching import VALUE_READERS
from frostnode.search.query import Field
from frostnode.search.ranking import LEAD_WORDS, quality, tie
from frostnode.search.values import spelled
from frostnode.search.words import joined, spaced

FORMAT: Final = "8"
"""Part of the folder's name: another schema is another index, rebuilt from nothing."""

CURSOR_ID: Final = "~cursor"
"""The identifier of the document that says how far the index has followed."""

ID: Final = "id"
DID: Final = "did"
SAME: Final = "same"
NAME: Final = "name"
HARVESTED: Final = "harvested"
YES: Final = "yes"
NO: Final = "no"
CURSOR: Final = "cursor"
MARK: Final = "mark"
KEPT: Final = "kept"
"""What hits are judged and shown by."""
COMMITS: Final = "commits"

TITLE: Final = "title"
KEYWORD: Final = "keyword"
VARIABLE: Final = "variable"
COLUMN: Final = "column"
LEAD: Final = "lead"
"""The first words of the description, once more."""

TEXT: Final = "text"
"""All texts and the key: whatever finds a record stands here, and in the fields beside it where it counts for more."""

WHOLE: Final = "whole"
"""The words of the title, and those of the key, each as one value: who types just that means this record."""

_WORDY: Final = (TITLE, KEYWORD, VARIABLE, COLUMN, TEXT)

VALUES: Final[dict[Field, str]] = {
    Field.SUBJECT: "label",
    Field.TYPE: "type",
    Field.MODEL: "model",
    Field.FORMAT: "format",
    Field.LICENSE: "license",
    Field.PRICE: "price",
    Field.ACCESS: "access",
    Field.HOST: "host",
}
"""Fields of values, and what they are called here."""

_VALUES_READ: Final = tuple((name, VALUE_READERS[field]) for field, name in VALUES.items())

FIRST: Final = "first"
LAST: Final = "last"
FIRST_YEAR: Final = "first_year"
LAST_YEAR: Final = "last_year"
WEIGHT: Final = "weight"
CHANGED: Final = "changed"
USED: Final = "used"
TIE: Final = "tie"

OPEN: Final = 2**40
"""The day, before and after which there is none, that stands for an end that is open."""

_TIE_BITS: Final = 15
_MS_MAX: Final = 2**48 - 1
_USES_MAX: Final = 2**20 - 1


def sides(number: int) -> tuple[str, str, str, str]:
    """What the four sides of the n-th area are called: west, east, south, north."""
    return f"west{number}", f"east{number}", f"south{number}", f"north{number}"


_SIDES: Final = tuple(map(sides, range(SEARCH_AREAS_MAX)))


def build_schema() -> tantivy.Schema:
    """The schema of this version."""
    builder = tantivy.SchemaBuilder()
    for name in (ID, SAME):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in (DID, *VALUES.values()):
        builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
    for name in (NAME, HARVESTED, WHOLE):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in _WORDY:
        builder.add_text_field(name, tokenizer_name=ANALYSIS)
    builder.add_text_field(LEAD, tokenizer_name=ANALYSIS, index_option="basic")
    for name in (KEPT, MARK):
        builder.add_bytes_field(name, stored=True)
    for name in (CURSOR, COMMITS):
        builder.add_integer_field(name, stored=True)
    for name in (FIRST, LAST, FIRST_YEAR, LAST_YEAR):
        builder.add_integer_field(name, fast=True)
    for number in range(SEARCH_AREAS_MAX):
        for name in sides(number):
            builder.add_float_field(name, fast=True)
    builder.add_float_field(WEIGHT, fast=True)
    for name in (CHANGED, USED, TIE):
        builder.add_unsigned_field(name, fast=True)
    return builder.build()


def entry_of(document: SearchDocument) -> dict[str, Any]:
    """All that the index keeps of a record, by the names of the fields; only what it has."""
    did, type_, key = document.did, document.type, document.key
    order = tie(did, type_, key)
    name, titled = url_of(did, type_, key), " ".join(words(document.title))
    same = same_as(document)
    entry: dict[str, Any] = {
        ID: name,
        KEPT: kept_of(name, document, titled, same),
        NAME: spelled(Field.ID, key),
        DID: did,
        TITLE: spaced(document.title),
        WHOLE: list(dict.fromkeys((titled, " ".join(words(key))))),
        TEXT: joined(_texts(document)),
        WEIGHT: 2 ** quality(document, order) - 2,
        CHANGED: min(max(document.changed_ms, 0), _MS_MAX) << _TIE_BITS | order & (1 << _TIE_BITS) - 1,
        USED: min(max(document.uses, 0), _USES_MAX) << 43 | order >> 20,
        TIE: order,
        HARVESTED: YES if document.harvested_from else NO,
    }
    if document.keywords:
        entry[KEYWORD] = [spaced(keyword) for keyword in document.keywords]
    for name, texts in ((VARIABLE, document.variables), (COLUMN, document.columns)):
        if texts:
            entry[name] = joined(texts)
    if document.description:
        begun = spaced(_beginning(document.description))
        entry[LEAD] = " ".join(begun.split(maxsplit=LEAD_WORDS)[:LEAD_WORDS])
    if same:
        entry[SAME] = same
    for name, read in _VALUES_READ:
        if values := read(document):
            entry[name] = sorted(values)  # those in order are counted a third faster
    entry.update(_time(document))
    for names, area in zip(_SIDES, document.areas, strict=False):
        entry.update(zip(names, map(float, (area.west, area.east, area.south, area.north)), strict=True))
    return entry


def _texts(document: SearchDocument) -> list[str]:
    return [
        document.title,
        document.key,
        document.description,
        *document.keywords,
        *document.variables,
        *document.columns,
        *document.texts,
    ]


def _beginning(description: str) -> str:
    """How a description begins, in whole words: a part of a word may be another one."""
    cut = description[:SNIPPET_CHARS_MAX]
    if len(description) <= SNIPPET_CHARS_MAX:
        return cut
    whole = cut.rsplit(maxsplit=1)
    return whole[0] if len(whole) > 1 else ""


def _time(document: SearchDocument) -> Iterator[tuple[str, int]]:
    first, last = document.first_day, document.last_day
    if first is None and last is None:
        return
    yield FIRST, -OPEN if first is None else first
    yield LAST, OPEN if last is None else last
    if first is not None:
        yield FIRST_YEAR, year_of(first)
    if last is not None:
        yield LAST_YEAR, year_of(last)
