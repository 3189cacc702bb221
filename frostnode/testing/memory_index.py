"""A search index in memory that looks at each document in turn: slow, and plainly right about what is a hit."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from frostnode.protocol.limits import SEARCH_ENOUGH, SNIPPET_CHARS_MAX
from frostnode.protocol.names import Did
from frostnode.protocol.records import PROFILE, PROFILE_KEY
from frostnode.search.document import SearchDocument
from frostnode.search.facets import ASKED_BY, first_of, year_of, years
from frostnode.search.matching import (
    DocumentWords,
    Question,
    Verdict,
    Words,
    field_values,
    texts_in,
    wanted_of,
)
from frostnode.search.meaning import FUNCTION_WORDS, meaning_of
from frostnode.search.query import Field, Query
from frostnode.search_port import Answer, Ask, Counts, Found, Sort
from frostnode.testing.plain_words import plain_words

_TITLE_WEIGHT: Final = 4.0

Record: TypeAlias = tuple[Did, str, str]


@dataclass(slots=True)
class IndexImage:
    """What was committed: it outlives the index, as files would."""

    cursor: int = 0
    mark: bytes = b""
    commits: int = 0
    documents: dict[Record, SearchDocument] = field(default_factory=dict)

    def copy(self) -> "IndexImage":
        """The same at this moment."""
        return replace(self, documents=dict(self.documents))


class MemoryIndex:
    """A `frostnode.search_port.SearchIndex` over an image. A word of the title counts for more."""

    def __init__(
        self,
        image: IndexImage | None = None,
        original: "MemoryIndex | None" = None,
        words: Words = plain_words,
    ) -> None:
        self._image = IndexImage() if image is None else image
        self._original = original
        self._words = words
        self._waiting: dict[Record, SearchDocument | None] = {}

    def cursor(self) -> int:
        """The arrival that the last commit covers."""
        return self._image.cursor

    def mark(self) -> bytes:
        """The tag of that arrival."""
        return self._image.mark

    def put(self, document: SearchDocument) -> None:
        """Index a record in place of what was there of it."""
        self._waiting[document.did, document.type, document.key] = document

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
        self._image.commits += 1

    def clear(self) -> None:
        """Drop everything."""
        self._waiting.clear()
        self._image.documents.clear()
        self._image.cursor, self._image.mark = 0, b""
        self._image.commits += 1

    def beside(self) -> "MemoryIndex":
        """An empty index beside this one."""
        return MemoryIndex(original=self, words=self._words)

    def take_over(self) -> None:
        """Put this index in the place of the one that it was made beside, and be closed."""
        assert self._original is not None, "not made by `beside`"
        self.close()
        self._original.become(self._image)

    def become(self, image: IndexImage) -> None:
        """Take this image for what was committed."""
        mine = self._image
        mine.cursor, mine.mark, mine.documents = image.cursor, image.mark, image.documents
        mine.commits += 1

    def close(self) -> None:
        """What was not committed is lost."""
        self._waiting.clear()

    def words(self, text: str) -> list[str]:
        """The words of a text as they are compared."""
        return self._words(text)

    def referred(self, did: Did, type_: str, key: str) -> Sequence[str]:
        """What the committed document of a record refers to."""
        document = self._image.documents.get((did, type_, key))
        return document.refers_to if document is not None else ()

    def search(self, ask: Ask) -> Answer:
        """The first hits in order, what is only near behind them."""
        question = Question(ask.query, self._words)
        within = Question(ask.within or Query(), self._words)
        hits: list[SearchDocument] = []
        near: list[SearchDocument] = []
        for document in self._named():
            if document.did in ask.without:
                continue
            seen = DocumentWords(document, self._words, is_own=document.did in ask.own)
            verdict = question.judge(seen)
            if verdict is not Verdict.NOT and within.judge(seen) is Verdict.HIT:
                (hits if verdict is Verdict.HIT else near).append(document)
        if len(hits) >= SEARCH_ENOUGH:
            near = []
        found = [
            *(self._found(ask.query, document) for document in self._ordered(ask, hits)),
            *(self._found(ask.query, document, is_near=True) for document in self._ordered(ask, near)),
        ]
        counts = Counts(len(hits), {each: _facet(hits, each, ask.own) for each in ask.facets})
        return Answer(
            near=len(near),
            found=found[: ask.limit],
            generation=f"{self._image.cursor}.{self._image.commits}",
            count=lambda: counts,
        )

    def _named(self) -> list[SearchDocument]:
        """All documents with the names of their publishers."""
        documents = self._image.documents
        names = {
            did: document.title
            for (did, type_, key), document in documents.items()
            if (type_, key) == (PROFILE, PROFILE_KEY) and document.title != key
        }
        return [replace(one, publisher=names.get(one.did, "")) for one in documents.values()]

    def similar(
        self, did: Did, type_: str, key: str, *, limit: int, without: frozenset[Did] = frozenset()
    ) -> Sequence[Found]:
        """Other records of its type, those first that share most words of title and keywords."""
        mine = self._image.documents.get((did, type_, key))
        if mine is None:
            return []
        words = self._likeness(mine)
        others = [
            self._found(Query(), other, score=float(len(words & self._likeness(other))))
            for other in self._image.documents.values()
            if other is not mine and other.type == type_ and other.did not in without
            if not set(mine.same_as).intersection(other.same_as)
        ]
        others = [other for other in others if other.score]
        return sorted(others, key=lambda hit: (-hit.score, hit.did, hit.type, hit.key))[:limit]

    def _likeness(self, document: SearchDocument) -> set[str]:
        texts = (document.title, *document.keywords)
        return {word for text in texts for word in self._words(text)} - FUNCTION_WORDS

    def sharing(
        self, names: Collection[str], *, limit: int, without: frozenset[Did] = frozenset(), at_hand: int = 0
    ) -> Sequence[Found]:
        """Records that share some of these identifiers; none where they are no more than who asks has at hand."""
        found = [
            self._found(Query(), document, score=1.0)
            for document in self._image.documents.values()
            if document.did not in without and not set(names).isdisjoint(document.same_as)
        ]
        if len(found) <= at_hand:
            return []
        return sorted(found, key=lambda hit: (hit.did, hit.type, hit.key))[:limit]

    def _ordered(self, ask: Ask, documents: Iterable[SearchDocument]) -> list[SearchDocument]:
        def rank(document: SearchDocument) -> float:
            match ask.sort:
                case Sort.RELEVANCE:
                    return -self._score(ask.query, document)
                case Sort.NEWEST:
                    return -document.changed_ms
                case Sort.OLDEST:
                    return document.changed_ms
                case Sort.USED:
                    return -document.uses

        return sorted(documents, key=lambda one: (rank(one), one.did, one.type, one.key))

    def _found(
        self,
        query: Query,
        document: SearchDocument,
        *,
        is_near: bool = False,
        score: float | None = None,
    ) -> Found:
        return Found(
            did=document.did,
            type=document.type,
            key=document.key,
            title=document.title,
            score=self._score(query, document) if score is None else score,
            description=document.description[:SNIPPET_CHARS_MAX],
            same_as=document.same_as,
            is_near=is_near,
        )

    def _score(self, query: Query, document: SearchDocument) -> float:
        meaning = meaning_of(query)
        asked = (wanted_of(text, self._words) for text in (*meaning.wanted, *meaning.must))
        wanted = [run for run in asked if run is not None]
        title = tuple(self._words(document.title))
        texts = [tuple(self._words(text)) for text in texts_in(document)]
        anywhere = sum(any(map(run.is_in, texts)) for run in wanted)
        return _TITLE_WEIGHT * sum(run.is_in(title) for run in wanted) + anywhere


def _facet(documents: Sequence[SearchDocument], field_: Field, own: frozenset[Did]) -> Mapping[str, int]:
    """How many of these there are of each value, the largest first."""
    if field_ is Field.YEAR:
        timed = [one for one in documents if (one.first_day, one.last_day) != (None, None)]
        begun = Counter(year_of(one.first_day) for one in timed if one.first_day is not None)
        ended = Counter(year_of(one.last_day) for one in timed if one.last_day is not None)
        return years(begun, ended, len(timed))
    counts: Counter[str] = Counter()
    for document in documents:
        asked = ASKED_BY.get(field_, field_)
        counts.update(set(field_values(document, asked, is_own=document.did in own)))
    return first_of(counts)
