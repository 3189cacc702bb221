"""A node that is killed in the midst of a write with an Idempotency-Key: whoever asks again finds it done once.

The process is a real one. It kills itself, as kill -9 does, at a step that the test names, once it is armed.
"""

import http.client
import json
import signal
import sys
import urllib.error
import urllib.request

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.network]

KILLED = """
import os, signal, sys
from importlib import import_module
from pathlib import Path

armed, module, place, when = sys.argv[1:5]
*outer, name = place.split(".")
owner = import_module(module)
for part in outer:
    owner = getattr(owner, part)
step = getattr(owner, name)

def die():
    if Path(armed).exists():
        os.kill(os.getpid(), signal.SIGKILL)

def stepped(*arguments, **more):
    if when == "before":
        die()
    done = step(*arguments, **more)
    die()
    return done

setattr(owner, name, stepped)
sys.argv[1:] = sys.argv[5:]
from frostnode.cli import main
main()
"""
STEPS = {
    "the key was noted": ("frostnode.edge.sqlite.access_store", "SqliteAccessStore.begin", "after"),
    "entries were written": ("frostnode.log.sequencer", "Sequencer._write_ahead", "after"),
    "entries were signed": ("frostnode.log.sequencer", "Sequencer._reveal", "before"),
    "entries were served": ("frostnode.log.sequencer", "Sequencer._reveal", "after"),
    "readers find them": ("frostnode.edge.http.api.attempts", "_kept", "before"),
    "the answer was kept": ("frostnode.edge.sqlite.access_store", "SqliteAccessStore.finish", "after"),
}
WAIT_S = 60


def ask(node, method, path, content=None, **headers):
    """(status, headers, JSON) of a request; None when the node hung up."""
    sent = {"content-type": "application/json", **{name.replace("_", "-"): headers[name] for name in headers}}
    data = None if content is None else json.dumps(content).encode()
    request = urllib.request.Request(node.url + path, data, sent, method=method)
    try:
        with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
            return answer.status, dict(answer.headers), json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), json.loads(error.read())
    except (http.client.RemoteDisconnected, ConnectionError):
        return None


def entries(node):
    """Headers of all that the log of its publisher has, newest first."""
    return [entry["header"] for entry in ask(node, "GET", f"/api/log/{node.did}")[2]["entries"]]


def dataset(key):
    return {"type": "dataset", "key": key, "title": f"Sea ice {key}"}


@pytest.fixture(scope="module")
def home(make_lasting_node):
    """A home with a publisher and a token; each test writes something else there."""
    node = make_lasting_node("one")
    node.did = node.init("One")["did"]
    made = node.json("token", "create", "--scope", "publish,subscribe", "--expires", "1h")
    node.secrets = {made["token"]}
    node.authorization = f"Bearer {made['token']}"
    return node


@pytest.fixture
def one(home):
    yield home
    home.kill()


@pytest.fixture
def killed(one, tmp_path):
    """Sends a request to a node that is killed at a step of it."""

    def kill(step, *request, **headers):
        armed = tmp_path / "armed"
        one.start(program=[sys.executable, "-c", KILLED, str(armed), *STEPS[step]])
        before = entries(one)
        armed.touch()
        assert ask(one, *request, authorization=one.authorization, **headers) is None
        assert one.process.wait(timeout=WAIT_S) == -signal.SIGKILL
        one.kill()
        return before

    return kill


@pytest.mark.parametrize("step", STEPS)
def test_a_batch_is_published_once_whenever_the_node_was_killed(one, killed, step):
    request = ("POST", "/api/publish", [dataset(f"{step.replace(' ', '-')}-{at}") for at in range(2)])
    before = killed(step, *request, idempotency_key=step)
    one.start()
    first, again = (
        ask(one, *request, idempotency_key=step, authorization=one.authorization) for _ in range(2)
    )
    assert first[0] == again[0] == 200, (first, again)
    assert again[2] == first[2] and again[1]["idempotency-replayed"] == "true"
    told = first[2]["records"]
    assert [(record["status"], record["replaces"]) for record in told] == [("published", None)] * 2
    assert entries(one) == [*(record["header"] for record in reversed(told)), *before]
    for record in told:
        assert ask(one, "GET", f"/api/record/{record['url']}")[2]["header"] == record["header"]
    assert one.json("fsck")["findings"] == []
    assert one.stop() == 0


def test_an_edit_of_what_was_read_is_done_once_and_not_refused_as_late(one, killed):
    (made,) = one.json("publish", "-", stdin=json.dumps(dataset("edited")).encode())["records"]
    request = ("PUT", f"/api/record/{made['url']}", {"title": "Another title"})
    conditions = {"idempotency_key": "edit", "if_match": f'"{made["header"]}"'}
    before = killed("entries were served", *request, **conditions)
    one.start()
    status, _, told = ask(one, *request, authorization=one.authorization, **conditions)
    (record,) = told["records"]
    assert (status, record["status"], record["replaces"]) == (200, "published", made["header"])
    assert entries(one) == [record["header"], *before]


def test_a_private_subscription_is_there_once(one, killed):
    request = ("POST", "/api/subscriptions", {"target": "ice", "private": True})
    killed("readers find them", *request, idempotency_key="subscription")
    one.start()
    status, _, made = ask(one, *request, authorization=one.authorization, idempotency_key="subscription")
    assert status == 200
    (listed,) = ask(one, "GET", "/api/subscriptions", authorization=one.authorization)[2]["subscriptions"]
    assert listed["id"] == made["id"]
