"""What every search index does: one suite over Tantivy and over the one in memory."""

import pytest

from frostnode.edge.tantivy_index import TantivyIndex
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import SEARCH_OFFSET_MAX
from frostnode.protocol.names import Did
from frostnode.testing.memory_index import IndexImage, MemoryIndex

DID = Did("did:frost:bafyreia")
OTHER = Did("did:frost:bafyreib")


@pytest.fixture(params=["tantivy", "memory"])
def open_index(request, tmp_path):
    """Opens the same index, again and again."""
    image, opened = IndexImage(), []

    def open_it():
        for index in opened:
            index.close()
        opened[:] = [TantivyIndex(tmp_path) if request.param == "tantivy" else MemoryIndex(image)]
        return opened[0]

    yield open_it
    for index in opened:
        index.close()


def put_some(index):
    index.put(DID, "dataset", "ice", "Sea ice", ["extent of the ice", "arctic ocean"])
    index.put(DID, "dataset", "wind", "Wind over the sea", ["speed"])
    index.put(OTHER, "dataset", "ice", "Land", ["no ice here"])


def hits(index, query):
    total, found = index.search(query, limit=10)
    assert total == len(found)
    return [(hit.did, hit.key) for hit in found]


def test_what_is_put_is_found_once_it_is_committed(open_index):
    index = open_index()
    put_some(index)
    assert (index.cursor(), hits(index, "ice")) == (0, [])
    index.commit(7, b"tag")
    assert index.cursor() == 7
    assert set(hits(index, "ice")) == {(DID, "ice"), (OTHER, "ice")}


def test_a_title_counts_for_more(open_index):
    index = open_index()
    put_some(index)
    index.commit(1, b"tag")
    assert hits(index, "ice")[0] == (DID, "ice")


def test_words_phrases_must_and_must_not(open_index):
    index = open_index()
    put_some(index)
    index.commit(1, b"tag")
    assert set(hits(index, "SPEED arctic")) == {(DID, "ice"), (DID, "wind")}
    assert hits(index, '"arctic ocean"') == [(DID, "ice")]
    assert hits(index, '"ocean arctic"') == []
    assert hits(index, "+sea +speed") == [(DID, "wind")]
    assert hits(index, "ice -arctic") == [(OTHER, "ice")]
    assert hits(index, "nothing") == hits(index, "") == []


def test_publishers_can_be_left_out(open_index):
    index = open_index()
    put_some(index)
    index.commit(1, b"tag")
    total, found = index.search("ice", limit=10, without=frozenset({DID}))
    assert (total, [hit.did for hit in found]) == (1, [OTHER])


def test_equal_hits_are_in_order_of_name(open_index):
    index = open_index()
    for did in (OTHER, DID):
        for key in ("b", "a"):
            index.put(did, "dataset", key, "Equal", [])
    index.commit(1, b"tag")
    assert hits(index, "equal") == [(DID, "a"), (DID, "b"), (OTHER, "a"), (OTHER, "b")]


def test_what_is_put_again_is_replaced_and_what_is_removed_is_gone(open_index):
    index = open_index()
    put_some(index)
    index.commit(1, b"tag")
    index.put(DID, "dataset", "ice", "Snow", [])
    index.remove(DID, "dataset", "wind")
    index.remove(DID, "dataset", "never there")
    index.commit(2, b"tag")
    assert set(hits(index, "ice")) == {(DID, "ice"), (OTHER, "ice")}  # one by its key
    assert hits(index, "snow") == [(DID, "ice")]
    assert hits(index, "arctic") == hits(index, "speed") == []


def test_a_key_is_found_like_text(open_index):
    index = open_index()
    index.put(DID, "dataset", "salinity", "Untitled", [])
    index.commit(1, b"tag")
    assert hits(index, "salinity") == [(DID, "salinity")]


def test_what_was_committed_outlives_the_index_and_nothing_else(open_index):
    index = open_index()
    put_some(index)
    index.commit(3, b"tag")
    index.put(DID, "dataset", "late", "Never committed", [])
    index = open_index()
    assert index.cursor() == 3
    assert set(hits(index, "ice")) == {(DID, "ice"), (OTHER, "ice")}
    index.commit(4, b"tag")
    assert hits(index, "never") == []


def test_a_cleared_index_is_empty(open_index):
    index = open_index()
    put_some(index)
    index.commit(3, b"tag")
    index.clear()
    assert (index.cursor(), hits(index, "ice")) == (0, [])
    put_some(index)
    index.commit(1, b"tag")
    assert len(hits(index, "ice")) == 2


def test_pages_follow_each_other(open_index):
    index = open_index()
    for number in range(9):
        index.put(DID, "dataset", f"key-{number}", "Same", [])
    index.commit(1, b"tag")
    total, first = index.search("same", limit=4)
    _, second = index.search("same", limit=4, offset=4)
    assert total == 9
    assert [hit.key for hit in [*first, *second]] == [f"key-{number}" for number in range(8)]
    with pytest.raises(LocalError) as caught:
        index.search("same", limit=1, offset=SEARCH_OFFSET_MAX + 1)
    assert caught.value.code == "query.malformed"


def test_an_index_made_beside_another_takes_its_place(open_index):
    index = open_index()
    put_some(index)
    index.commit(3, b"tag")
    fresh = index.beside()
    fresh.put(DID, "dataset", "snow", "Snow", [])
    fresh.commit(4, b"new")
    assert hits(index, "snow") == []
    fresh.take_over()
    assert (index.cursor(), index.mark()) == (4, b"new")
    assert (hits(index, "snow"), hits(index, "ice")) == ([(DID, "snow")], [])
    assert open_index().cursor() == 4
