"""Changes over HTTP for whoever reads them: events, lines, and answers that wait."""

import json
import re
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from hypercorn.config import Config
from starlette.requests import Request

from frostnode.cli.watching import Source
from frostnode.edge.http import feeds as feeds_module
from frostnode.edge.http import streams as streams_module
from frostnode.edge.http.server import serve_http
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import CURSOR_INTERVAL_S, FEED_NOTICES_MAX, FEED_WAIT_S_MAX
from frostnode.testing.memory_publisher import MemoryPublisher


class Living:
    """A node that is published to while it runs, and what clients of it have read."""

    def __init__(self, node):
        self.node = node
        self.publisher = MemoryPublisher()

    def publish(self, *keys, **fields):
        start = len(self.publisher.leaves)
        for key in keys:
            self.publisher.put(key, {"title": f"About {key}", **fields})
        self.take(start)

    def take(self, start):
        self.node.take(*self.publisher.stream(start))
        self.node.parts.projected.ring()

    async def changes(self, since="0", **params):
        query = "".join(f"&{name}={value}" for name, value in params.items())
        return (await self.node.ask(f"/frost/changes?since={since}{query}")).json


@pytest.fixture
async def living(node, nursery):
    nursery.start_soon(node.parts.window.run)
    return Living(node)


def keys(events):
    return [event["data"].get("key") for event in events]


def parsed(text):
    """Server-Sent Events as browsers read them: (id, type, data) of each that is dispatched, and the last id."""
    events, last = [], ""
    for block in text.split("\n\n")[:-1]:
        fields = {}
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            if name:
                fields[name] = value.removeprefix(" ")
        last = fields.get("id", last)
        if "data" in fields:
            events.append((last, fields["event"], json.loads(fields["data"])))
    return events, last


async def test_an_answer_has_what_is_behind_a_place_and_the_next(living):
    living.publish("a", "b", "c")
    first = await living.changes(limit=2)
    assert (keys(first["notices"]), first["more"]) == (["a", "b"], True)
    rest = await living.changes(first["next"])
    assert (keys(rest["notices"]), rest["more"]) == (["c"], False)
    assert await living.changes(rest["next"]) == {"notices": [], "next": rest["next"], "more": False}
    a, b = first["notices"]
    assert (a["data"]["previous"], b["data"]["previous"]) == (None, a["id"])
    assert rest["notices"][0]["data"]["previous"] is None
    assert a["specversion"] == "1.0"
    assert a["data"]["links"]["proof"].startswith("https://frost.example.org/api/proof/did:frost:")


async def test_an_answer_waits_for_what_comes(living, autojump_clock):
    living.publish("a")
    got = []

    async def ask():
        got.append(await living.changes("now", wait=60))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        await trio.sleep(30)
        assert got == []
        living.publish("b")
    assert keys(got[0]["notices"]) == ["b"]
    begun = trio.current_time()
    assert (await living.changes(got[0]["next"], wait=60))["notices"] == []
    assert trio.current_time() - begun == 60


async def test_events_go_on_from_the_last_id_of_a_browser(living, autojump_clock):
    living.publish("a", "b")
    text = ""
    async with living.node.asking("/frost/events") as exchange:
        with trio.move_on_after(3 * CURSOR_INTERVAL_S + 1):
            async for chunk in exchange.chunks:
                text += chunk.decode()
    assert exchange.answer.status == 200
    assert exchange.answer.headers["content-type"].startswith("text/event-stream")
    assert exchange.answer.headers["cache-control"] == "no-store"
    assert exchange.answer.headers["access-control-allow-origin"] == "*"
    events, last = parsed(text)
    assert [event["data"]["key"] for _, _, event in events] == ["a", "b"]
    assert all(id_ == event["id"] and type_ == event["type"] for id_, type_, event in events)
    assert text.count(": alive") == 4
    assert last not in {id_ for id_, _, _ in events}
    living.publish("c")
    for place, rest in ((events[0][0], ["b", "c"]), (events[1][0], ["c"]), (last, ["c"])):
        async with living.node.asking("/frost/events?since=0", headers={"last-event-id": place}) as exchange:
            text = (await exchange.chunks.receive() + await exchange.chunks.receive()).decode()
        assert [event["data"]["key"] for _, _, event in parsed(text)[0]] == rest


async def test_events_come_as_they_happen(living, autojump_clock):
    async with living.node.asking("/frost/events?since=now&target=ice") as exchange:
        await exchange.chunks.receive()
        await trio.sleep(1)
        living.publish("wind", "ice")
        events, _ = parsed((await exchange.chunks.receive()).decode())
    assert [event["data"]["key"] for _, _, event in events] == ["ice"]


async def test_the_firehose_ends_or_goes_on(living, autojump_clock):
    living.publish("a", "b")
    answer = await living.node.ask("/frost/firehose?live=false")
    assert answer.headers["content-type"] == "application/x-ndjson"
    first, second = map(json.loads, answer.text.splitlines())
    assert keys([first, second]) == ["a", "b"]
    assert second["data"]["previous"] == first["id"]
    text = b""
    async with living.node.asking(f"/frost/firehose?since={first['id']}") as exchange:
        with trio.move_on_after(CURSOR_INTERVAL_S + 1):
            async for chunk in exchange.chunks:
                text += chunk
        living.publish("c")
        text += await exchange.chunks.receive()
    lines = text.decode().split("\n")
    assert keys(json.loads(line) for line in lines if line) == ["b", "c"]
    assert lines.count("") >= 3
    assert (await living.node.ask("/frost/firehose?live=false&since=now")).body == b""


@pytest.mark.parametrize("form", ["events", "firehose?x=1", "changes"])
async def test_head_says_what_get_would_and_waits_for_nothing(living, form):
    path = f"/frost/{form}{'&' if '?' in form else '?'}wait=60"
    answer = await living.node.ask(path, method="HEAD")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["cache-control"] == "no-store"
    unknown = await living.node.ask(f"{path}&since=no", method="HEAD")
    assert unknown.status == 400


@pytest.mark.parametrize("form", ["events", "firehose", "changes"])
@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("since=x", 400, "cursor.malformed"),
        ("since=1.0.0011223344556677.00112233445566778899aabbccddeeff", 410, "cursor.unknown"),
        ("since=", 400, "cursor.malformed"),
        ("target=did:frost:nothing", 400, "usage"),
        ("target=-ice", 400, "query.malformed"),
        ("target=", 400, "query.malformed"),
        ("target=" + "x" * 1001, 400, "query.malformed"),
        ("target=" + "+".join(f"w{n}" for n in range(33)), 400, "query.malformed"),
    ],
)
async def test_what_cannot_be_asked_is_refused(node, form, query, status, code):
    answer = await node.ask(f"/frost/{form}?{query}")
    assert (answer.status, answer.code) == (status, code)


@pytest.mark.parametrize(
    "query",
    [
        f"wait={FEED_WAIT_S_MAX + 1}",
        "wait=-1",
        "wait=x",
        "limit=0",
        f"limit={FEED_NOTICES_MAX + 1}",
    ],
)
async def test_what_is_beyond_a_limit_is_refused(node, query):
    answer = await node.ask(f"/frost/changes?{query}")
    assert (answer.status, answer.code) == (400, "usage")
    assert (await node.ask("/frost/firehose?live=maybe")).code == "usage"


async def test_the_newest_id_of_another_node_is_gone(make_node):
    publisher = MemoryPublisher()
    publisher.put("a", {"title": "A"})
    one, other = make_node("one"), make_node("other")
    for node in (one, other):
        node.take(*publisher.stream())
    place = (await one.ask("/frost/changes")).json["next"]
    answer = await other.ask("/frost/events", headers={"last-event-id": place})
    assert (answer.status, answer.code) == (410, "cursor.unknown")


async def test_who_is_blocked_is_not_told_of(living):
    living.publish("a")
    did = living.publisher.did
    await living.node.parts_operate("block", target=did, reason="by court order")
    for target in (did, f"{did}/a"):
        answer = await living.node.ask(f"/frost/changes?target={target}")
        assert (answer.status, answer.code) == (451, "record.withheld")
    assert (await living.changes())["notices"] == []


async def test_who_takes_nothing_is_sent_nothing_more_and_goes_on_where_it_was(living, autojump_clock):
    async with living.node.asking("/frost/firehose?since=now") as exchange:
        assert await exchange.chunks.receive() == b"\n"
        for n in range(12):
            living.publish(f"d{n}")
            await trio.sleep(1)
        assert exchange.chunks.statistics().current_buffer_used == 0
        first = await exchange.chunks.receive()
        rest = await exchange.chunks.receive()
    lines = (first + rest).decode().split("\n")
    assert keys(json.loads(line) for line in lines if line) == [f"d{n}" for n in range(12)]


async def test_answers_that_wait_have_turns_of_their_own(make_node, autojump_clock, monkeypatch):
    monkeypatch.setattr(streams_module, "STREAMS_MAX", 1)
    node = make_node()
    async with node.asking("/frost/events") as exchange:
        await exchange.chunks.receive()
        for path in ("/frost/events", "/frost/firehose?live=false", "/frost/changes?wait=1"):
            answer = await node.ask(path)
            assert (answer.status, answer.code) == (503, "queue.full")
        assert (await node.ask("/frost/changes")).status == 200
        assert (await node.ask("/frost/stream?live=false")).status == 200
        window = node.parts.window
        await trio.sleep(1)
        assert window._channels["*"].readers == 1
    assert (await node.ask("/frost/changes?wait=1")).status == 200
    assert window._channels["*"].readers == 0


async def test_strangers_text_is_data_and_no_line_of_its_own(living):
    evil = "x\n\nid: 1\nevent: evil\ndata: {}\n\n\r\u2028\x85\x00"
    living.publish("a", changes={"note": evil})
    async with living.node.asking("/frost/events") as exchange:
        text = (await exchange.chunks.receive() + await exchange.chunks.receive()).decode()
    ((_, type_, event),), _ = parsed(text)
    assert (type_, event["data"]["note"]) == ("org.frostnode.dataset.published", evil)
    answer = await living.node.ask("/frost/firehose?live=false")
    assert len(answer.text.splitlines()) == 1


async def test_a_reader_that_ends_before_it_began_holds_nothing(living):
    request = Request({"type": "http", "method": "HEAD", "headers": [], "query_string": b"", "client": None})
    await feeds_module.FeedResources(living.node.parts).events(request)
    assert not living.node.parts.window._channels


README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
CONSUMER = re.search(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)[1]


class Consumer:
    """The program of the README, run by somebody who kills it now and then. `heard`: the keys that it said, in order."""

    def __init__(self, folder):
        self.folder = folder
        self.heard = []
        (folder / "listen.py").write_text(CONSUMER)

    @asynccontextmanager
    async def listening(self, port):
        command = [sys.executable, "listen.py", f"http://127.0.0.1:{port}"]
        process = await trio.lowlevel.open_process(
            command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        async with process.stdout:
            try:
                yield process.stdout
            finally:
                process.kill()
                await process.wait()

    async def hears(self, lines, key):
        """Listen until it says this."""
        rest = b""
        with trio.fail_after(60):
            while key not in self.heard:
                *whole, rest = (rest + await lines.receive_some()).split(b"\n")
                self.heard += [line.decode().rpartition("/")[2] for line in whole]


@asynccontextmanager
async def served(app, port=0):
    """The node on a port of this machine, until it is killed."""
    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(port, host="127.0.0.1")
        await nursery.start(serve_http, app, Config(), listeners)
        yield listeners[0].socket.getsockname()[1]
        nursery.cancel_scope.cancel()


@pytest.mark.slow
@pytest.mark.network
async def test_the_consumer_of_the_readme_misses_nothing_whoever_is_killed(living, make_node, tmp_path):
    assert len(CONSUMER.splitlines()) <= 20
    app, consumer = living.node.app, Consumer(tmp_path)
    other = Living(make_node("other"))
    other.publish("other")
    living.publish("a", "b")
    async with served(app) as port:
        async with consumer.listening(port) as lines:
            await consumer.hears(lines, "b")
            living.publish("c")
            await consumer.hears(lines, "c")
        living.publish("d")
    async with consumer.listening(port) as lines:  # nobody answers yet
        async with served(app, port):
            await consumer.hears(lines, "d")
        living.publish("e")
        async with served(app, port):
            await consumer.hears(lines, "e")
        async with served(other.node.app, port):
            await consumer.hears(lines, "other")
    # who was killed between its work and the note of it does it again
    assert list(dict.fromkeys(consumer.heard)) == ["a", "b", "c", "d", "e", "other"]
    assert len(consumer.heard) <= 7


@pytest.mark.network
async def test_frost_watch_reads_what_a_node_answers(living):
    living.publish("a", "b")
    async with served(living.node.app) as port:
        source = Source(f"http://127.0.0.1:{port}", f"{living.publisher.did}/b")
        with source.client:
            events, place = await trio.to_thread.run_sync(source.next, "0", 0)
            assert keys([event for event, _ in events]) == ["b"]
            assert await trio.to_thread.run_sync(source.next, place, 1) == ([], place)
            assert (await trio.to_thread.run_sync(source.next, "now", 0))[1] == place
            with pytest.raises(LocalError) as caught:
                await trio.to_thread.run_sync(source.next, "x", 0)
    assert caught.value.code == "cursor.malformed"


def is_test(event):
    return (event["data"]["kind"], event["type"].rpartition(".")[2], event["id"][:2]) == (
        "test",
        "test",
        "0.",
    )


async def test_a_test_notice_comes_first_and_moves_no_place(living):
    living.publish("a")
    target = living.publisher.did
    (event,), place = (found := await living.changes("now", test=1, target=target))["notices"], found["next"]
    assert is_test(event)
    assert event["source"] == target
    assert place == (await living.changes("now"))["next"]
    assert found["more"] is True
    living.publish("b")
    assert keys((await living.changes(place))["notices"]) == ["b"]
    lines = (await living.node.ask("/frost/firehose?live=false&test=1")).body.decode().splitlines()
    first, *rest = map(json.loads, lines)
    assert is_test(first)
    assert keys(rest) == ["a", "b"]
    # whoever keeps every id as a place, keeps one behind which everything comes
    assert keys((await living.changes(first["id"]))["notices"]) == ["a", "b"]


async def test_a_test_event_has_no_id_and_is_not_repeated_to_who_comes_again(living, autojump_clock):
    living.publish("a")
    async with living.node.asking("/frost/events?since=now&test=1") as exchange:
        events, last = parsed((await exchange.chunks.receive()).decode())
    ((id_, type_, event),) = events
    assert is_test(event)
    assert type_ == event["type"]
    assert id_ == last == (await living.changes("now"))["next"]
    again = {"last-event-id": last}
    async with living.node.asking("/frost/events?since=now&test=1", headers=again) as exchange:
        living.publish("b")
        text = (await exchange.chunks.receive() + await exchange.chunks.receive()).decode()
    assert keys(event for _, _, event in parsed(text)[0]) == ["b"]


@pytest.mark.parametrize("form", ["events", "firehose", "changes"])
async def test_a_test_that_is_neither_wanted_nor_not_is_refused(node, form):
    assert (await node.ask(f"/frost/{form}?test=yes")).code == "usage"
