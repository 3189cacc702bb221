"""Being told of identity events by anybody: what proves itself is taken, and nobody can make it cost much."""

import httpx
import pytest
import trio

from frostnode.edge.peer_http import HttpTransport
from frostnode.protocol.frames import encode_byte_string
from frostnode.protocol.limits import (
    ANNOUNCED_BYTES_MAX,
    ANNOUNCEMENTS_AT_ONCE_MAX,
    REQUEST_BODY_TIMEOUT_S,
)
from frostnode.replicate.announce import announce
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.peers import AppTransport, PeerNode


@pytest.fixture
def node(tmp_path):
    made = PeerNode(tmp_path)
    yield made
    made.close()


@pytest.fixture
def source():
    made = MemoryPublisher("p")
    made.put("key", {"title": "Title"})
    return made


def client(node):
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=node.app), base_url="http://node.example")


def told(publisher):
    return b"".join(encode_byte_string(signed.raw) for signed in publisher.history)


def tip(node, source):
    with node.store.read() as reader:
        return reader.history(source.did).tip


async def say(node, did, body):
    async with client(node) as asking:
        answer = await asking.post(f"/frost/{did}/identity", content=body)
    return answer.status_code, answer.json()


async def test_an_event_that_fits_is_taken_and_again_changes_nothing(node, source):
    node.take(*source.stream())
    moved = source.move(url="https://new.example")
    for _ in range(2):
        assert await say(node, source.did, told(moved)) == (200, {"tip": str(moved.history[-1].cid)})
    assert tip(node, source) == moved.history[-1].cid


async def test_only_the_newest_events_are_enough_and_older_ones_change_nothing(node, source):
    node.take(*source.stream())
    moved = source.move(url="https://new.example")
    assert (await say(node, source.did, encode_byte_string(moved.history[-1].raw)))[0] == 200
    assert (await say(node, source.did, told(source))) == (200, {"tip": str(moved.history[-1].cid)})


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"garbage", 400, ""),
        (encode_byte_string(b"no event"), 400, ""),
    ],
    ids=["no sequence", "no event"],
)
async def test_what_is_no_event_is_refused_with_the_rule(node, source, body, status, code):
    node.take(*source.stream())
    before = tip(node, source)
    found, problem = await say(node, source.did, body)
    assert found in (status, 422)
    assert problem["code"] == code or not code
    assert tip(node, source) == before


async def test_no_more_than_the_limit_is_read(node, source):
    node.take(*source.stream())
    read, sent = 0, []

    async def receive():
        nonlocal read
        read += 1
        return {"type": "http.request", "body": bytes(64 * 1024), "more_body": True}

    async def send(message):
        sent.append(message)

    path = f"/frost/{source.did}/identity"
    scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "headers": []}
    await node.app({**scope, "query_string": b"", "root_path": "", "http_version": "1.1"}, receive, send)
    assert sent[0]["status"] == 413
    assert b"request.too-large" in sent[1]["body"]
    assert (read - 1) * 64 * 1024 <= ANNOUNCED_BYTES_MAX


async def test_of_whom_nothing_is_known_nothing_is_taken(node, source):
    assert (await say(node, source.did, told(source)))[1]["code"] == "publisher.unknown"
    with node.store.read() as reader:
        assert reader.history(source.did) is None


async def test_one_byte_a_second_ends_and_so_many_at_once_are_looked_at(node, source, autojump_clock):
    node.take(*source.stream())
    statuses = []

    async def drops():
        while True:
            yield b"\x41"
            await trio.sleep(1)

    async def trickle():
        statuses.append((await say(node, source.did, drops()))[0])

    async with trio.open_nursery() as nursery:
        for _ in range(ANNOUNCEMENTS_AT_ONCE_MAX):
            nursery.start_soon(trickle)
        await trio.sleep(2)
        status, problem = await say(node, source.did, told(source))
        assert (status, problem["code"]) == (503, "queue.full")
    assert statuses == [408] * ANNOUNCEMENTS_AT_ONCE_MAX
    assert trio.current_time() <= REQUEST_BODY_TIMEOUT_S + 1
    assert (await say(node, source.did, told(source)))[0] == 200


async def test_a_node_tells_others_and_says_who_did_not_take_it(tmp_path, node, source):
    other = PeerNode(tmp_path, "other")
    moved = source.move(url="https://new.example")
    node.take(*source.stream())
    other.take(moved.events())
    net = AppTransport({"node.example": node.app, "stranger.example": PeerNode(tmp_path, "stranger").app})
    urls = [f"http://{name}.example" for name in ("node", "stranger", "gone", "node")]
    async with HttpTransport(net) as wire:
        answers = await announce(other.world_over(wire), source.did, urls)
    assert [one.url for one in answers] == urls[:3]
    assert answers[0].error == ""
    assert answers[1].error.startswith("404: ")
    assert answers[2].error.startswith("transport.unreachable")
    assert tip(node, source) == moved.history[-1].cid
    other.close()
