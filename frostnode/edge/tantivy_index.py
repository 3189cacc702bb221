"""SearchIndex over Tantivy: a view that can be deleted at any time.

The cursor is a document of its own, replaced in the same commit as the documents that it covers.
Trust: whoever can write to the folder can make searches lie; nothing else reads it.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import tantivy

from frostnode.edge.disk import disk
from frostnode.edge.memory import give_back
from frostnode.protocol.errors import LocalError, StorageError
from frostnode.protocol.limits import SEARCH_HEAP_BYTES, SEARCH_OFFSET_MAX
from frostnode.protocol.names import Did
from frostnode.protocol.query import parse_query
from frostnode.search_port import Found

_VERSION: Final = "2"
"""Part of the folder's name: another schema is another index, rebuilt from nothing."""

_THREADS: Final = 1
"""That analyse texts. Each makes files of its own at each commit: with two, a change is found twice as late as with one, and a
whole catalog is indexed no faster, for its records come from one thread.
"""

_CHARS_WITHOUT_TRACE: Final = 1024 * 1024
"""After more text than that the writer leaves so much freed memory behind that it is worth giving back."""

_CURSOR_ID: Final = "~cursor"
_FIELDS: Final = ["title", "text"]
_BOOSTS: Final = {"title": 4.0}


@contextmanager
def _reading() -> Iterator[None]:
    """What was written cannot be read: the index is a view, and there is a way to have it anew."""
    try:
        yield
    except ValueError as error:
        raise StorageError(
            "storage.damaged", f"search index: {error}", hint="`frost reindex` rebuilds it"
        ) from error


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("did", tokenizer_name="raw", index_option="basic")
    builder.add_integer_field("cursor", stored=True)
    builder.add_text_field("mark", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("title", tokenizer_name="en_stem")
    builder.add_text_field("text", tokenizer_name="en_stem")
    return builder.build()


class TantivyIndex:
    """One index in one folder, one writer; searching is safe from any thread."""

    def __init__(self, folder: Path, original: "TantivyIndex | None" = None) -> None:
        self._folder = folder / f"v{_VERSION}"
        self._original = original
        self._drop_others()
        self._open()

    def _drop_others(self) -> None:
        """Delete indexes of other versions, and what a replacement that broke off left: they hold what was erased."""
        with disk(self._folder):
            for path in self._folder.parent.glob("*"):
                if path != self._folder and path.is_dir():
                    shutil.rmtree(path)

    def _open(self) -> None:
        with disk(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
        self._chars = 0
        self._writer: tantivy.IndexWriter | None = None
        self._last: tuple[int, bytes] | None = None  # what the last commit covers, once known
        self._without: tuple[frozenset[Did], tantivy.Query] | None = None
        with _reading():
            self._index = tantivy.Index(_schema(), path=str(self._folder))

    @contextmanager
    def _writing(self) -> Iterator[tantivy.IndexWriter]:
        """The library has one error for whatever a disk refuses, and after it a writer that loses what it is given.

        So the next write begins with another writer at the last commit; what was put since then is put again.
        """
        try:
            if self._writer is None:
                self._writer = self._index.writer(SEARCH_HEAP_BYTES, num_threads=_THREADS)
            yield self._writer
        except ValueError as error:
            self.close()
            raise StorageError(
                "storage.failed", f"search index: {error}", hint="the disk may be full, or failing"
            ) from error

    def cursor(self) -> int:
        """The arrival that the last commit covers."""
        return self._covered()[0]

    def mark(self) -> bytes:
        """The tag of that arrival."""
        return self._covered()[1]

    def _covered(self) -> tuple[int, bytes]:
        if self._last is None:
            self._last = self._read_covered()
        return self._last

    def _read_covered(self) -> tuple[int, bytes]:
        with _reading():
            self._index.reload()
            searcher = self._index.searcher()
            query = tantivy.Query.term_query(self._index.schema, "id", _CURSOR_ID)
            hits = searcher.search(query, limit=1).hits
            if not hits:
                return 0, b""
            document = searcher.doc(hits[0][1])
            return int(document["cursor"][0]), bytes.fromhex(document["mark"][0])

    def put(self, did: Did, type_: str, key: str, title: str, text: Sequence[str]) -> None:
        """Index a record in place of what was there of it."""
        identifier = _identifier(did, type_, key)
        document = tantivy.Document()
        document.add_text("id", identifier)
        document.add_text("did", did)
        document.add_text("title", title)
        words = "\n".join((key, *text))
        document.add_text("text", words)
        with self._writing() as writer:
            writer.delete_documents_by_term("id", identifier)
            writer.add_document(document)
        self._chars += len(words)

    def remove(self, did: Did, type_: str, key: str) -> None:
        """Forget a record."""
        with self._writing() as writer:
            writer.delete_documents_by_term("id", _identifier(did, type_, key))

    def commit(self, cursor: int, mark: bytes) -> None:
        """Make all since the last commit durable and visible, with the cursor and its mark."""
        with self._writing() as writer:
            writer.delete_documents_by_term("id", _CURSOR_ID)
            writer.add_document(tantivy.Document(id=[_CURSOR_ID], cursor=[cursor], mark=[mark.hex()]))
            self._last = None
            writer.commit()
        with _reading():
            self._index.reload()
        self._last = cursor, mark
        if self._chars > _CHARS_WITHOUT_TRACE:
            give_back()
        self._chars = 0

    def search(
        self, query: str, *, limit: int, offset: int = 0, without: frozenset[Did] = frozenset()
    ) -> tuple[int, list[Found]]:
        """Words, "phrases", +must, -not; everything else is words.

        Raises:
            LocalError: query.malformed
        """
        if not 0 <= offset <= SEARCH_OFFSET_MAX:
            raise LocalError("query.malformed", "offset", found=offset, expected=f"0 to {SEARCH_OFFSET_MAX}")
        text = " ".join(f'{term.occur}"{term.text.replace(chr(92), " ")}"' for term in parse_query(query))
        parsed, _ = self._index.parse_query_lenient(text, _FIELDS, field_boosts=_BOOSTS)
        with _reading():
            searcher = self._index.searcher()
            result = searcher.search(self._but(parsed, without), limit=offset + limit + _TIES, count=True)
            found = [_found(searcher, score, address) for score, address in result.hits]
        found.sort(key=lambda hit: (-hit.score, hit.did, hit.type, hit.key))
        total = int(result.count or 0)  # type: ignore[attr-defined]  # missing in its stubs
        return total, found[offset : offset + limit]

    def _but(self, query: tantivy.Query, without: frozenset[Did]) -> tantivy.Query:
        """Whatever is asked for, the cursor is no hit, and nothing of those who are left out."""
        cursor = tantivy.Query.term_query(self._index.schema, "id", _CURSOR_ID)
        clauses = [(tantivy.Occur.Must, query), (tantivy.Occur.MustNot, cursor)]
        if without:
            if self._without is None or self._without[0] is not without:
                query = tantivy.Query.term_set_query(self._index.schema, "did", sorted(without))
                self._without = (without, query)
            clauses.append((tantivy.Occur.MustNot, self._without[1]))
        return tantivy.Query.boolean_query(clauses)

    def clear(self) -> None:
        """Drop everything; the next folding rebuilds it."""
        self.close()
        with disk(self._folder):
            shutil.rmtree(self._folder)
        self._open()

    def beside(self) -> "TantivyIndex":
        """An empty index beside this one."""
        folder = self._folder.with_name(f"{self._folder.name}.new")
        with disk(folder):
            if folder.exists():
                shutil.rmtree(folder)
        return TantivyIndex(folder, original=self)

    def take_over(self) -> None:
        """Put this index in the place of the one that it was made beside, and be closed."""
        assert self._original is not None, "not made by `beside`"
        self.close()
        self._original.become(self._folder)

    def become(self, folder: Path) -> None:
        """Take what is in the folder for this index. Whoever is searching ends with the files that it began with."""
        self.close()
        old = self._folder.with_name(f"{self._folder.name}.old")
        with disk(self._folder):
            self._folder.rename(old)
            folder.rename(self._folder)
        self._drop_others()
        self._open()

    def close(self) -> None:
        """Give up the writer's lock. What was not committed is lost."""
        writer, self._writer = self._writer, None
        if writer is not None:
            with suppress(ValueError):  # its threads died of what the disk refused
                writer.wait_merging_threads()


_TIES: Final = 32
"""Hits beyond the page, so that equal scores at its end are put in order before it is cut."""


def _identifier(did: Did, type_: str, key: str) -> str:
    return f"{did} {type_} {key}"


def _found(searcher: tantivy.Searcher, score: float, address: tantivy.DocAddress) -> Found:
    did, type_, key = searcher.doc(address)["id"][0].split(" ")
    return Found(did=Did(did), type=type_, key=key, score=score)
