"""A search as a value: what must be there, what must not, within which fields, when and where.

Rules (spec/15-search.md#queries):
- a hit has everything that is asked for and nothing that is not; the same field asked for several times means any of them,
  and so do several periods and several areas; with a `+` each of them must be there;
- what has all but some of the plain words is not lost: it comes after all hits, and is counted apart;
- what exactly a query means is said by `meaning` and `matching`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Occur(StrEnum):
    """How much something matters. A word without a sign is wanted, and may be missing in what is only near."""

    WANTED = ""
    MUST = "+"
    MUST_NOT = "-"


class Field(StrEnum):
    """What can be asked for by name, as it is written before the colon."""

    PUBLISHER = "publisher"
    TYPE = "type"
    TITLE = "title"
    KEYWORD = "keyword"
    SUBJECT = "subject"
    """A keyword as a whole."""
    MODEL = "model"
    VARIABLE = "variable"
    COLUMN = "column"
    FORMAT = "format"
    LICENSE = "license"
    PRICE = "price"
    ACCESS = "access"
    HOST = "host"
    SOURCE = "source"
    YEAR = "year"
    ID = "id"


@dataclass(frozen=True, slots=True)
class Word:
    """A word to look for; as a prefix, whatever begins with it."""

    text: str
    occur: Occur = Occur.WANTED
    is_prefix: bool = False


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that follow each other within one text."""

    text: str
    occur: Occur = Occur.WANTED


@dataclass(frozen=True, slots=True)
class Within:
    """What a field must say, or must not: a phrase in a text field, one value in a field of values."""

    field: Field
    text: str
    occur: Occur = Occur.WANTED
    is_prefix: bool = False


@dataclass(frozen=True, slots=True)
class Period:
    """Data from some time between two days: both days count, in days since 1970-01-01; None is open.

    There are one or two of them, the first not after the last, of the years 1 to 9999.
    """

    first: int | None
    last: int | None


@dataclass(frozen=True, slots=True)
class Area:
    """Data from some place in a box, in degrees: -180 ≤ west, east ≤ 180, south ≤ north; west > east crosses the antimeridian.

    A point is a box without extent.
    """

    west: float
    south: float
    east: float
    north: float


Clause: TypeAlias = Word | Phrase | Within | Period | Area


@dataclass(frozen=True, slots=True)
class Query:
    """All clauses in the order in which they were written; none asks for everything."""

    clauses: tuple[Clause, ...] = ()
