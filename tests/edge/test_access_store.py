"""Tokens and attempts: what the port promises, of the store in a file and of the plainest one in memory."""

from dataclasses import replace

import pytest

from frostnode.access_port import Attempt, Scope, Token
from frostnode.edge.sqlite import access_store
from frostnode.edge.sqlite.access_store import SqliteAccessStore
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import IDEMPOTENCY_KEPT_S
from frostnode.protocol.names import Did
from frostnode.testing import memory_access
from frostnode.testing.memory_access import MemoryAccessStore

TOKEN = Token(
    id="aa",
    name="nightly",
    digest=bytes(32),
    scopes=frozenset({Scope.PUBLISH, Scope.INBOX}),
    did=Did("did:frost:x"),
    created_ms=1,
    expires_ms=2,
)
ATTEMPT = Attempt(token="aa", key="k", request=b"request", begun_ms=1000)


@pytest.fixture(params=["file", "memory"])
def store(request, tmp_path):
    made = SqliteAccessStore(tmp_path / "access.db") if request.param == "file" else MemoryAccessStore()
    yield made
    made.close()


def test_tokens_are_kept_used_and_forgotten(store):
    assert (list(store.tokens()), store.token("aa"), store.remove("aa")) == ([], None, False)
    other = replace(TOKEN, id="bb", did=None, created_ms=0)
    store.add(TOKEN)
    store.add(other)
    store.used("aa", 7)
    assert list(store.tokens()) == [other, replace(TOKEN, used_ms=7)]
    assert store.token("bb") == other
    assert (store.remove("aa"), store.remove("aa"), store.token("aa")) == (True, False, None)


def test_a_home_has_so_many_tokens(store, monkeypatch):
    for module in (access_store, memory_access):
        monkeypatch.setattr(module, "TOKENS_MAX", 1)
    store.add(TOKEN)
    with pytest.raises(LocalError) as refused:
        store.add(replace(TOKEN, id="bb"))
    assert refused.value.code == "queue.full"
    assert list(store.tokens()) == [TOKEN]


def test_an_attempt_is_begun_once_and_its_answer_kept(store):
    store.add(TOKEN)
    assert store.begin(ATTEMPT) is None
    later = replace(ATTEMPT, request=b"another", begun_ms=2000)
    assert store.begin(later) == ATTEMPT
    store.finish("aa", "k", b"answer")
    assert store.begin(later) == replace(ATTEMPT, answer=b"answer")
    assert store.begin(replace(ATTEMPT, key="other")) is None
    store.forget("aa", "k")
    assert store.begin(later) is None


def test_keys_are_a_tokens_own_and_go_with_it(store):
    store.add(TOKEN)
    store.add(replace(TOKEN, id="bb"))
    assert store.begin(ATTEMPT) is None
    assert store.begin(replace(ATTEMPT, token="bb")) is None
    store.remove("aa")
    store.add(TOKEN)
    assert store.begin(ATTEMPT) is None
    assert store.begin(replace(ATTEMPT, token="bb")) is not None


def test_what_is_old_is_forgotten(store):
    store.add(TOKEN)
    store.begin(ATTEMPT)
    day_ms = IDEMPOTENCY_KEPT_S * 1000
    assert store.begin(replace(ATTEMPT, begun_ms=1000 + day_ms - 1)) == ATTEMPT
    assert store.begin(replace(ATTEMPT, begun_ms=1000 + day_ms)) is None


@pytest.mark.parametrize(
    ("limit", "value"), [("IDEMPOTENCY_KEYS_MAX", 1), ("IDEMPOTENCY_ANSWERS_BYTES_MAX", 6)]
)
def test_of_a_token_so_much_is_kept(store, monkeypatch, limit, value):
    for module in (access_store, memory_access):
        monkeypatch.setattr(module, limit, value)
    store.add(TOKEN)
    store.add(replace(TOKEN, id="bb"))
    store.begin(ATTEMPT)
    store.finish("aa", "k", b"answer")
    with pytest.raises(LocalError) as refused:
        store.begin(replace(ATTEMPT, key="other"))
    assert refused.value.code == "queue.full"
    assert store.begin(ATTEMPT) == replace(ATTEMPT, answer=b"answer")
    assert store.begin(replace(ATTEMPT, token="bb")) is None


def test_what_was_put_is_there_after_power_failed(tmp_path):
    store = SqliteAccessStore(tmp_path / "access.db")
    store.add(TOKEN)
    store.begin(ATTEMPT)
    (tmp_path / "image").mkdir()
    for path in tmp_path.glob("access.db*"):
        if not path.name.endswith("-shm"):
            (tmp_path / "image" / path.name).write_bytes(path.read_bytes())
    back = SqliteAccessStore(tmp_path / "image" / "access.db")
    assert (list(back.tokens()), back.begin(replace(ATTEMPT, begun_ms=5))) == ([TOKEN], ATTEMPT)
    store.close()
    back.close()


def test_a_home_without_tokens_has_no_file(tmp_path):
    store = SqliteAccessStore(tmp_path / "access.db")
    assert (store.tokens(), store.token("aa"), store.remove("aa")) == ((), None, False)
    assert not list(tmp_path.iterdir())
    store.close()
