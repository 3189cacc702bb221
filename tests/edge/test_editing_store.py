"""Links, sessions and drafts: what the port promises, of the store in a file and of the plainest one in memory."""

from dataclasses import replace

import pytest

from frostnode.edge.sqlite import editing_store
from frostnode.edge.sqlite.editing_store import SqliteEditingStore
from frostnode.editing_port import Draft, Link, Session
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import DRAFT_BYTES_MAX
from frostnode.protocol.names import Did
from frostnode.testing import memory_editing
from frostnode.testing.memory_editing import MemoryEditingStore

LINK = Link(digest=b"l" * 32, token="aa", expires_ms=100)
SESSION = Session(digest=b"s" * 32, token="aa", expires_ms=100, is_own=True)
DID, OTHER = Did("did:frost:x"), Did("did:frost:y")
DRAFT = Draft(id="d1", did=DID, type="dataset", title="Ice", typed=b"{}", changed_ms=5)


@pytest.fixture(params=["file", "memory"])
def store(request, tmp_path):
    made = SqliteEditingStore(tmp_path / "editing.db") if request.param == "file" else MemoryEditingStore()
    yield made
    made.close()


def limited(monkeypatch, name, value):
    for module in (editing_store, memory_editing):
        monkeypatch.setattr(module, name, value)


def refused(call, *args):
    with pytest.raises(LocalError) as error:
        call(*args)
    return error.value.code


def test_a_store_without_anything_has_nothing(store, tmp_path):
    assert store.take_link(LINK.digest, 0) is None
    assert store.session(SESSION.digest, 0) is None
    assert store.draft(DID, "d1") is None
    assert list(store.drafts(DID)) == []
    store.end_session(SESSION.digest)
    store.drop_draft(DID, "d1")
    assert not (tmp_path / "editing.db").exists()


def test_a_link_is_taken_once_and_in_time(store):
    store.add_link(LINK, 0)
    assert store.take_link(b"x" * 32, 1) is None
    assert store.take_link(LINK.digest, 99) == LINK
    assert store.take_link(LINK.digest, 99) is None
    store.add_link(LINK, 0)
    assert store.take_link(LINK.digest, 100) is None
    assert store.take_link(LINK.digest, 99) is None  # who came late has used it up


def test_links_are_few_and_old_ones_make_room(store, monkeypatch):
    limited(monkeypatch, "SIGN_IN_LINKS_MAX", 1)
    store.add_link(LINK, 0)
    assert refused(store.add_link, replace(LINK, digest=b"m" * 32), 99) == "queue.full"
    store.add_link(replace(LINK, digest=b"m" * 32, expires_ms=200), 100)
    assert store.take_link(b"m" * 32, 150) is not None


def test_a_session_lasts_until_it_ends(store):
    store.add_session(SESSION, 0)
    assert store.session(SESSION.digest, 99) == SESSION
    assert store.session(SESSION.digest, 100) is None
    store.end_session(SESSION.digest)
    assert store.session(SESSION.digest, 0) is None


def test_of_too_many_sessions_the_one_ends_that_would_end_first(store, monkeypatch):
    limited(monkeypatch, "SESSIONS_MAX", 2)
    for at in range(3):
        store.add_session(replace(SESSION, digest=bytes([at]) * 32, expires_ms=100 + at), 0)
    assert [store.session(bytes([at]) * 32, 0) is not None for at in range(3)] == [False, True, True]


def test_drafts_are_a_publishers_own(store):
    store.put_draft(DRAFT)
    store.put_draft(replace(DRAFT, id="d2", changed_ms=6, typed=b"other"))
    assert store.draft(OTHER, "d1") is None
    assert list(store.drafts(OTHER)) == []
    assert [(draft.id, draft.typed) for draft in store.drafts(DID)] == [("d2", b""), ("d1", b"")]
    store.drop_draft(OTHER, "d1")
    changed = replace(DRAFT, title="Snow", typed=b"[]", changed_ms=7)
    store.put_draft(changed)
    assert store.draft(DID, "d1") == changed
    store.drop_draft(DID, "d1")
    assert [draft.id for draft in store.drafts(DID)] == ["d2"]


def test_a_draft_is_bounded(store):
    store.put_draft(replace(DRAFT, typed=bytes(DRAFT_BYTES_MAX)))
    assert refused(store.put_draft, replace(DRAFT, typed=bytes(DRAFT_BYTES_MAX + 1))) == "draft.too-large"


def test_a_publisher_has_so_many_drafts_of_so_many_bytes(store, monkeypatch):
    limited(monkeypatch, "DRAFTS_MAX", 2)
    limited(monkeypatch, "DRAFTS_BYTES_MAX", 10)
    store.put_draft(replace(DRAFT, typed=b"123456"))
    assert refused(store.put_draft, replace(DRAFT, id="d2", typed=b"12345")) == "queue.full"
    store.put_draft(replace(DRAFT, typed=b"1234567890"))  # the same one, not beside itself
    store.put_draft(DRAFT)
    store.put_draft(replace(DRAFT, id="d2"))
    assert refused(store.put_draft, replace(DRAFT, id="d3")) == "queue.full"
    store.put_draft(replace(DRAFT, id="d3", did=OTHER))


def test_a_file_keeps_drafts_when_it_is_opened_again(tmp_path):
    first = SqliteEditingStore(tmp_path / "editing.db")
    first.put_draft(DRAFT)
    first.add_session(SESSION, 0)
    first.close()
    again = SqliteEditingStore(tmp_path / "editing.db")
    assert again.draft(DID, "d1") == DRAFT
    assert again.session(SESSION.digest, 0) == SESSION
    again.close()
