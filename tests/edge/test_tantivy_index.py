"""The search index: whatever the library says of the disk is an error of ours, and what was meant comes first among many."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from frostnode.edge.tantivy.index import TantivyIndex
from frostnode.protocol.errors import StorageError
from frostnode.protocol.names import Did
from frostnode.search.document import SearchDocument
from frostnode.search.language import parse_query
from frostnode.search.matching import Wanted
from frostnode.search.ranking import rarity
from frostnode.search_port import Ask

DID = Did("did:frost:x")
ONE = SearchDocument(did=DID, type="dataset", key="a", title="A", texts=["words"])


class Full:
    """A writer on a full disk: it says so at whatever comes next."""

    def __getattr__(self, name: str) -> object:
        if name == "wait_merging_threads":
            return lambda: None

        def refuse(*_: object) -> None:
            raise ValueError("Worker thread failed")

        return refuse


def test_a_full_disk_is_an_error_of_ours_at_every_step(tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path)
    for step in (
        lambda: [index.put(ONE) for _ in range(100)],
        lambda: index.put(replace(ONE, texts=["words " * 20_000])),
        lambda: [index.remove(DID, "dataset", "a") for _ in range(100)],
        lambda: index.commit(1, b"tag"),
    ):
        index._writer = Full()  # type: ignore[assignment]
        with pytest.raises(StorageError) as failed:
            step()
        assert failed.value.code == "storage.failed"


def test_what_was_not_yet_handed_over_is_put_in_order_of_the_calls(tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path)
    for title in ("One", "Two"):
        index.put(SearchDocument(did=DID, type="dataset", key="a", title=title))
    index.put(SearchDocument(did=DID, type="dataset", key="b", title="Gone"))
    index.remove(DID, "dataset", "b")
    index.commit(1, b"tag")
    answer = index.search(Ask(query=parse_query(""), limit=9))
    assert [(found.key, found.title) for found in answer.found] == [("a", "Two")]
    index.close()


def test_what_was_put_and_not_committed_is_not_there_after_closing(tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path)
    index.put(ONE)
    index.close()
    index.commit(1, b"tag")
    assert index.search(Ask(query=parse_query(""), limit=9)).total == 0
    index.close()


def test_an_index_that_lost_its_files_says_how_to_have_it_anew(tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path)
    index.put(ONE)
    index.commit(1, b"tag")
    index.close()
    for path in tmp_path.rglob("meta.json"):
        path.write_bytes(b"{")
    with pytest.raises(StorageError) as failed:
        TantivyIndex(tmp_path).cursor()
    assert (failed.value.code, "reindex" in failed.value.hint) == ("storage.damaged", True)


FULL_FOR_A_WHILE = """
import resource, sys
from pathlib import Path
from frostnode.edge.tantivy.index import TantivyIndex
from frostnode.protocol.errors import StorageError
from frostnode.search.document import SearchDocument
from frostnode.search.language import parse_query
from frostnode.search.matching import Wanted
from frostnode.search.ranking import rarity
from frostnode.search_port import Ask

index = TantivyIndex(Path(sys.argv[1]))

def write(at):
    index.put(SearchDocument(did="did:frost:x", type="dataset", key=f"key-{at}", title="Title", texts=["words"]))
    index.commit(at, b"tag")

def found():
    return index.search(Ask(query=parse_query("words"), limit=9)).total

def allow(bytes_max):
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_max, resource.RLIM_INFINITY))

write(1)
allow(0)
for _ in range(3):
    try:
        write(2)
    except StorageError as error:
        assert error.code == "storage.failed"
    else:
        sys.exit("a full disk took it")
    assert (index.cursor(), found()) == (1, 1)
allow(resource.RLIM_INFINITY)
for at in (2, 3):
    write(at)
    assert (index.cursor(), found()) == (at, at)
index.close()
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no limits of files there")
def test_nothing_is_lost_after_a_disk_that_was_really_full(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_FOR_A_WHILE, tmp_path],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_what_is_called_just_as_was_typed_comes_before_any_number_of_others(tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path)
    texts = ("modis of the ocean", "modis")
    for number in range(200):
        index.put(
            SearchDocument(
                did=DID, type="dataset", key=f"n{number}", title="Ocean by MODIS", keywords=texts, uses=9
            )
        )
    index.put(SearchDocument(did=DID, type="version", key="a@1", title="MODIS"))
    index.put(SearchDocument(did=DID, type="dataset", key="OCEAN/Modis_v2", title="Another"))
    index.commit(1, b"tag")

    def first(query: str) -> str:
        return index.search(Ask(query=parse_query(query), limit=5)).found[0].key

    assert first("modis") == "a@1"
    assert first("ocean modis v2") == "OCEAN/Modis_v2"
    index.close()


def test_what_a_word_is_worth_does_not_depend_on_what_was_there_before(tmp_path: Path) -> None:
    """Files of an index go on counting records that were replaced: `a` has 40 of 60 that are still there, and 60 as it was written."""

    def put(index: TantivyIndex, at: int, text: str) -> None:
        index.put(SearchDocument(did=DID, type="dataset", key=str(at), title=f"{at}", texts=[text]))

    changed, plain = TantivyIndex(tmp_path / "changed"), TantivyIndex(tmp_path / "plain")
    for at in range(60):
        put(changed, at, "a common")
    changed.commit(1, b"tag")
    for at in range(20, 40):
        put(changed, at, "common rare")
    changed.commit(2, b"tag")
    for at in range(60):
        put(plain, at, "common rare" if at in range(20, 40) else "a common")
    plain.commit(2, b"tag")
    worth = [
        [index._reading().snapshot.rarity(Wanted((word,))) for word in ("a", "common", "rare", "nowhere")]
        for index in (changed, plain)
    ]
    assert worth[0] == worth[1] == [rarity(count, 61) for count in (40, 60, 20, 0)]
    assert changed._reading().snapshot.searcher.doc_freq("text", "a") == 60  # else nothing was tried


def test_a_phrase_does_not_reach_from_one_text_into_the_next(tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path)
    index.put(
        SearchDocument(
            did=DID,
            type="dataset",
            key="k",
            title="T",
            variables=["polar sea", "ice"],
            columns=["wind", "speed é"],
            texts=["in one", "place é", "-", "of it"],
        )
    )
    index.commit(1, b"tag")

    def is_found(query: str) -> bool:
        return index.search(Ask(query=parse_query(query), limit=5)).total == 1

    for query in ("in one", "place", "of it", "polar sea"):
        assert is_found(f'"{query}"')
    for query in ("one place", "place e of", "e of it", "sea ice", "it polar"):
        assert not is_found(f'"{query}"')
    assert is_found('variable:"polar sea"') and is_found("column:speed")
    assert not is_found('variable:"sea ice"') and not is_found('column:"wind speed"')
    index.close()
