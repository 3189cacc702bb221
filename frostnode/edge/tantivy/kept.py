"""What the index keeps of a record to judge and show it by.

It is one value: the library takes as long for each value of a record as for all that is in it.
"""

from collections.abc import Iterable
from typing import Final, TypeAlias

from frostnode.protocol.limits import SNIPPET_CHARS_MAX
from frostnode.protocol.names import DATASET, VERSION, Did
from frostnode.search.document import SearchDocument
from frostnode.search.query import Field
from frostnode.search.values import spelled
from frostnode.search_port import Found

Place: TypeAlias = tuple[int, int]
"""The segment of a record, and its number there."""

_PART: Final = b"\xff"
"""What parts are kept apart by: a byte that is in no UTF-8, as the next."""

_ITEM: Final = b"\xfe"
"""What each item of a list ends with."""


def kept_of(name: str, document: SearchDocument, titled: str, same: Iterable[str]) -> bytes:
    """Write what is kept; `same` is `same_as`, `titled` the words of the title as they are compared: to find them takes longer than to read them."""
    texts = (name, document.title, titled, document.description[:SNIPPET_CHARS_MAX])
    lists = (same, document.keywords, document.refers_to)
    return _PART.join((*map(str.encode, texts), *map(_list, lists)))


def same_as(document: SearchDocument) -> list[str]:
    """The identifiers that a record shares with others, as they are compared."""
    return [spelled(Field.ID, name) for name in document.same_as]


def _list(items: Iterable[str]) -> bytes:
    return b"".join(item.encode() + _ITEM for item in items)


def _items(part: bytes) -> list[str]:
    return [item.decode() for item in part.split(_ITEM)[:-1]]


class Record:
    """What is kept of one record; `place` is where it lies in the snapshot that it was read from."""

    __slots__ = ("_parts", "did", "key", "name", "place", "title", "title_words", "type")

    def __init__(self, kept: bytes, place: Place) -> None:
        name, title, titled, *self._parts = kept.split(_PART)
        self.name, self.title = name.decode(), title.decode()
        self.title_words = titled.decode().split()
        self.place = place
        self.did, self.type, self.key = _parts_of(self.name)

    @property
    def same_as(self) -> list[str]:
        """The identifiers that it shares with others."""
        return _items(self._parts[1])

    @property
    def keywords(self) -> list[str]:
        """Its keywords."""
        return _items(self._parts[2])

    @property
    def refers_to(self) -> list[str]:
        """The names of the records that it refers to."""
        return _items(self._parts[3])

    def found(self, score: float, *, is_near: bool = False) -> Found:
        """The record as it is answered."""
        return Found(
            did=self.did,
            type=self.type,
            key=self.key,
            title=self.title,
            score=score,
            description=self._parts[0].decode(),
            same_as=self.same_as,
            is_near=is_near,
        )


def _parts_of(name: str) -> tuple[Did, str, str]:
    """The publisher, type and key of a record, of its DID URL."""
    did, _, record = name.partition("/")
    if not record.startswith("~"):
        return Did(did), VERSION if "@" in record else DATASET, record
    type_, _, key = record[1:].partition("/")
    return Did(did), type_, key
