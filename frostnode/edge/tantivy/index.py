"""SearchIndex over Tantivy: a view that can be deleted at any time.

The cursor is a document of its own, replaced in the same commit as the documents that it covers.
Trust: whoever can write to the folder can make searches lie; nothing else reads it.
"""

import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import tantivy

from frostnode.edge.disk import disk
from frostnode.edge.memory import give_back
from frostnode.edge.tantivy.analysis import ANALYSIS, ANALYZER, words
from frostnode.edge.tantivy.clauses import Query
from frostnode.edge.tantivy.names import Names, is_profile, name_of, read_names
from frostnode.edge.tantivy.opening import open_index
from frostnode.edge.tantivy.reading import Reading
from frostnode.edge.tantivy.schema import (
    COMMITS,
    CURSOR,
    CURSOR_ID,
    DID,
    FORMAT,
    ID,
    MARK,
    TEXT,
    build_schema,
    entry_of,
)
from frostnode.edge.tantivy.snapshot import Snapshot
from frostnode.edge.threads import Beside
from frostnode.protocol.errors import LocalError, StorageError
from frostnode.protocol.limits import SEARCH_COUNTING_THREADS_MAX, SEARCH_HEAP_BYTES
from frostnode.protocol.names import Did, url_of
from frostnode.search.document import SearchDocument
from frostnode.search_port import Answer, Ask, Found

_THREADS: Final = 1
"""That analyse texts. Each makes files of its own at each commit: with two, a change is found twice as late as with one, and a
whole catalog is indexed no faster, for its records come from one thread.
"""

_HANDED_OVER: Final = 32
"""Records that are handed over together: the thread that analyses them sleeps when it has none, and to wake it costs as much as to make
a document.
"""

_LARGE_CHARS: Final = 64 * 1024
"""A record with more text than that waits for no others: so little memory waits."""

_CHARS_WITHOUT_TRACE: Final = 1024 * 1024
"""After more text than that the writer leaves so much freed memory behind that it is worth giving back."""


@contextmanager
def _reading() -> Iterator[None]:
    """What was written cannot be read: the index is a view, and there is a way to have it anew."""
    try:
        yield
    except ValueError as error:
        if "max expansions" in str(error):
            raise LocalError(
                "query.malformed",
                "words that begin so",
                found="too many",
                expected="more letters before the *",
            ) from error
        raise StorageError(
            "storage.damaged", f"search index: {error}", hint="`frost reindex` rebuilds it"
        ) from error


class TantivyIndex:
    """One index in one folder, one writer; searching is safe from any thread."""

    def __init__(self, folder: Path, original: "TantivyIndex | None" = None) -> None:
        self._folder = folder / f"v{FORMAT}"
        self._original = original
        self._hidden: tuple[frozenset[Did], Query | None] = (frozenset(), None)
        self._schema = build_schema()
        self._beside = Beside("counting", SEARCH_COUNTING_THREADS_MAX)
        self._writer: tantivy.IndexWriter | None = None
        self._newest: Reading | None = None  # what the last commit made visible, once somebody asks
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
        self._renamed: dict[Did, str] = {}  # since the last commit
        self._waiting: list[tuple[str, tantivy.Document | None]] = []
        with _reading(), disk(self._folder):
            index = open_index(self._folder, self._schema)
            index.register_tokenizer(ANALYSIS, ANALYZER)
        self._index, self._newest = index, None

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

    # -- what the one writer does -----------------------------------------------------------------------

    def cursor(self) -> int:
        """The arrival that the last commit covers."""
        return self._reading().snapshot.cursor

    def mark(self) -> bytes:
        """The tag of that arrival."""
        return self._reading().snapshot.mark

    def put(self, document: SearchDocument) -> None:
        """Index a record in place of what was there of it."""
        entry = entry_of(document)
        made = tantivy.Document.from_dict(entry, self._schema)
        self._replace(entry[ID], made, is_large=len(entry[TEXT]) > _LARGE_CHARS)
        self._chars += len(entry[TEXT])
        if is_profile(document.type, document.key):
            self._renamed[document.did] = name_of(document.key, document.title)

    def remove(self, did: Did, type_: str, key: str) -> None:
        """Forget a record."""
        self._replace(url_of(did, type_, key), None)
        if is_profile(type_, key):
            self._renamed[did] = ""

    def _replace(self, name: str, document: tantivy.Document | None, *, is_large: bool = False) -> None:
        self._waiting.append((name, document))
        if is_large or len(self._waiting) >= _HANDED_OVER:
            with self._writing() as writer:
                self._hand_over(writer)

    def _hand_over(self, writer: tantivy.IndexWriter) -> None:
        for name, document in self._waiting:
            writer.delete_documents_by_term(ID, name)
            if document is not None:
                writer.add_document(document)
        self._waiting.clear()

    def commit(self, cursor: int, mark: bytes) -> None:
        """Make all since the last commit durable and visible, with the cursor and its mark."""
        before = self._reading()
        commits = before.snapshot.commits + 1
        covered = {ID: CURSOR_ID, CURSOR: cursor, MARK: mark, COMMITS: commits}
        self._waiting.append((CURSOR_ID, tantivy.Document.from_dict(covered, self._schema)))
        with self._writing() as writer:
            self._hand_over(writer)
            writer.commit()
        with _reading():
            self._newest = self._look(before.names.after(self._renamed))
        self._renamed = {}
        if self._chars > _CHARS_WITHOUT_TRACE:
            give_back()
        self._chars = 0

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
        """Take what is in the folder for this index.

        Whoever is searching ends with the files that it began with, and who asks meanwhile is answered out of them too.
        """
        self._reading()
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
        self._renamed, self._waiting = {}, []
        if writer is not None:
            with suppress(ValueError):  # its threads died of what the disk refused
                writer.wait_merging_threads()

    # -- what anybody asks ------------------------------------------------------------------------------

    def search(self, ask: Ask) -> Answer:
        """The first hits, how many there are, and by which values.

        Raises:
            LocalError: query.malformed: a beginning of words that too many words have
        """
        with _reading():
            return self._reading().search(ask, self._left_out(ask.without))

    def similar(
        self, did: Did, type_: str, key: str, *, limit: int, without: frozenset[Did] = frozenset()
    ) -> Sequence[Found]:
        """Records of the same type that share the rarest words of title and keywords."""
        with _reading():
            name = url_of(did, type_, key)
            return self._reading().similar(name, type_, limit, self._left_out(without))

    def sharing(
        self, names: Collection[str], *, limit: int, without: frozenset[Did] = frozenset(), at_hand: int = 0
    ) -> Sequence[Found]:
        """Records that share some of these identifiers; none where they are no more than who asks has at hand."""
        with _reading():
            return self._reading().sharing(names, limit, self._left_out(without), at_hand)

    def referred(self, did: Did, type_: str, key: str) -> Sequence[str]:
        """The names of the records that the committed document of this record refers to."""
        with _reading():
            record = self._reading().snapshot.record(url_of(did, type_, key))
            return record.refers_to if record is not None else []

    def words(self, text: str) -> list[str]:
        """The words of a text as they are compared."""
        return words(text)

    def _reading(self) -> Reading:
        """What the last commit made visible: whoever holds it reads on in it, whatever is committed meanwhile."""
        newest = self._newest
        if newest is None:
            with _reading():
                newest = self._newest = self._look()
        return newest

    def _look(self, names: Names | None = None) -> Reading:
        self._index.reload()
        snapshot = Snapshot(self._index)
        return Reading(snapshot, read_names(snapshot) if names is None else names, self._beside)

    def _left_out(self, without: frozenset[Did]) -> Query | None:
        if not without:
            return None
        known, query = self._hidden
        if known is not without:
            query = tantivy.Query.term_set_query(self._schema, DID, sorted(without))
            self._hidden = (without, query)
        return query
