"""A search index in memory: the same words, phrases and order of the same hits at every run."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import SEARCH_OFFSET_MAX
from frostnode.protocol.names import Did
from frostnode.protocol.query import Occur, Term, parse_query
from frostnode.search_port import Found

_WORD: Final = re.compile(r"\w+")
_TITLE_WEIGHT: Final = 4.0

Words: TypeAlias = tuple[str, ...]
Record: TypeAlias = tuple[Did, str, str]


@dataclass(slots=True)
class IndexImage:
    """What was committed: it outlives the index, as files would."""

    cursor: int = 0
    mark: bytes = b""
    documents: dict[Record, tuple[Words, Words]] = field(default_factory=dict)
    """Title and text of each record, as words."""

    def copy(self) -> "IndexImage":
        """The same at this moment."""
        return IndexImage(self.cursor, self.mark, dict(self.documents))


class MemoryIndex:
    """A `frostnode.ports.SearchIndex` over an image. A word of the title counts for more; stems are not known."""

    def __init__(self, image: IndexImage | None = None, original: "MemoryIndex | None" = None) -> None:
        self._image = IndexImage() if image is None else image
        self._original = original
        self._waiting: dict[Record, tuple[Words, Words] | None] = {}

    def cursor(self) -> int:
        """The arrival that the last commit covers."""
        return self._image.cursor

    def mark(self) -> bytes:
        """The tag of that arrival."""
        return self._image.mark

    def put(self, did: Did, type_: str, key: str, title: str, text: Sequence[str]) -> None:
        """Index a record in place of what was there of it."""
        self._waiting[did, type_, key] = (_words(title), _words("\n".join((key, *text))))

    def remove(self, did: Did, type_: str, key: str) -> None:
        """Forget a record."""
        self._waiting[did, type_, key] = None

    def commit(self, cursor: int, mark: bytes) -> None:
        """Make all since the last commit visible, with the cursor and its mark."""
        for record, document in self._waiting.items():
            if document is None:
                self._image.documents.pop(record, None)
            else:
                self._image.documents[record] = document
        self._waiting.clear()
        self._image.cursor, self._image.mark = cursor, mark

    def clear(self) -> None:
        """Drop everything."""
        self._waiting.clear()
        self._image.documents.clear()
        self._image.cursor, self._image.mark = 0, b""

    def beside(self) -> "MemoryIndex":
        """An empty index beside this one."""
        return MemoryIndex(original=self)

    def take_over(self) -> None:
        """Put this index in the place of the one that it was made beside, and be closed."""
        assert self._original is not None, "not made by `beside`"
        self.close()
        self._original.become(self._image)

    def become(self, image: IndexImage) -> None:
        """Take this image for what was committed."""
        mine = self._image
        mine.cursor, mine.mark, mine.documents = image.cursor, image.mark, image.documents

    def close(self) -> None:
        """What was not committed is lost."""
        self._waiting.clear()

    def search(
        self, query: str, *, limit: int, offset: int = 0, without: frozenset[Did] = frozenset()
    ) -> tuple[int, list[Found]]:
        """Words, "phrases", +must, -not; nothing of the publishers `without`.

        Raises:
            LocalError: query.malformed
        """
        if not 0 <= offset <= SEARCH_OFFSET_MAX:
            raise LocalError("query.malformed", "offset", found=offset, expected=f"0 to {SEARCH_OFFSET_MAX}")
        found = [hit for hit in self._matching(parse_query(query)) if hit.did not in without]
        found.sort(key=lambda hit: (-hit.score, hit.did, hit.type, hit.key))
        return len(found), found[offset : offset + limit]

    def _matching(self, terms: list[Term]) -> Iterator[Found]:
        for (did, type_, key), document in self._image.documents.items():
            score = _score(terms, *document)
            if score:
                yield Found(did=did, type=type_, key=key, score=score)


def _words(text: str) -> Words:
    return tuple(_WORD.findall(text.lower()))


def _score(terms: list[Term], title: Words, text: Words) -> float:
    """How well a document answers; 0 when it does not."""
    total = 0.0
    for term in terms:
        words = _words(term.text)
        score = _TITLE_WEIGHT * _times(words, title) + _times(words, text)
        if (term.occur is Occur.MUST and not score) or (term.occur is Occur.MUST_NOT and score):
            return 0
        total += 0 if term.occur is Occur.MUST_NOT else score
    return total


def _times(phrase: Words, words: Words) -> int:
    """How often a phrase is among the words."""
    length = len(phrase)
    return sum(words[at : at + length] == phrase for at in range(len(words) - length + 1))
