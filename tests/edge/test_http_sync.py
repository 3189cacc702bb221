"""The sync resources: what they answer is what the store holds, and nothing that is asked breaks them."""

from functools import partial

import h11
import pytest
import trio
from hypercorn.config import Config as HypercornConfig
from hypercorn.trio import serve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frostnode.protocol.checkpoint import open_checkpoint
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import CODES
from frostnode.protocol.frames import (
    COMPLETE,
    BodiesFrame,
    CheckpointFrame,
    CursorFrame,
    EndFrame,
    EntriesFrame,
    EventsFrame,
    FrameDecoder,
    split_byte_strings,
)
from frostnode.protocol.limits import CURSOR_INTERVAL_S, HEADS_PAGE_MAX, TILE_WIDTH
from frostnode.protocol.merkle import EMPTY_RANGE, leaf_hash
from frostnode.protocol.tiles import bundles_for, encode_bundle, tiles_for
from frostnode.replicate.cursor import cursor_at, cursor_text
from frostnode.testing.memory_publisher import MemoryPublisher

reads_only = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
CID = str(Cid.of(b"nothing that anybody has"))


def frames_of(data):
    decoder = FrameDecoder()
    frames = decoder.feed(data)
    return list(frames)


def parts_of(frames, kind):
    return [frame for frame in frames if isinstance(frame, kind)]


def naive_tile(leaves, level, n, width):
    """A tile by hand: roots of whole groups of 256^level leaves, each hashed anew from its leaves."""
    group = TILE_WIDTH**level
    first = n * TILE_WIDTH
    return b"".join(
        EMPTY_RANGE.extend(map(leaf_hash, leaves[index * group : (index + 1) * group])).root()
        for index in range(first, first + width)
    )


# what there is


async def test_the_node_says_who_it_is(carrier):
    answer = await carrier.ask("/frost/node")
    assert answer.status == 200
    assert answer.json["software"] == "frostnode"


async def test_heads_say_where_every_log_stands(node, large):
    small = node.publish(("dataset", "one", {"title": "One"}), name="small")
    silent = MemoryPublisher("silent")
    node.take(*large.stream())
    node.take(silent.events())
    answer = (await node.ask("/frost/heads/0")).json
    assert answer["next"] is None
    assert [head["did"] for head in answer["heads"]] == sorted([small.did, large.did, silent.did])
    heads = {head["did"]: head for head in answer["heads"]}
    for publisher in (small, large):
        head = heads[publisher.did]
        checkpoint = open_checkpoint(head["checkpoint"].encode(), head["origin"], publisher.key.public)
        assert (checkpoint.size, checkpoint.root) == (len(publisher.leaves), publisher.tree().root())
        assert (head["epoch"], head["tip"], head["forked"]) == (0, str(publisher.genesis.cid), False)
    assert heads[silent.did]["checkpoint"] is None


@pytest.mark.slow
async def test_heads_come_in_pages(node):
    publishers = [MemoryPublisher(f"p{at}") for at in range(HEADS_PAGE_MAX + 1)]
    node.take(*(publisher.events() for publisher in publishers))
    first, second = [(await node.ask(f"/frost/heads/{page}")).json for page in (0, 1)]
    assert (len(first["heads"]), first["next"], len(second["heads"]), second["next"]) == (256, 1, 1, None)
    dids = [head["did"] for head in first["heads"] + second["heads"]]
    assert dids == sorted(publisher.did for publisher in publishers)


async def test_pages_have_one_spelling_and_the_last_is_followed_by_empty_ones(carrier):
    assert (await carrier.ask("/frost/heads/999999999")).json == {"heads": [], "next": None}
    for page in ("-1", "x", "007", "1" * 5000, "²", "1.0", "0x1"):
        for listing in ("heads", "withheld"):
            answer = await carrier.ask(f"/frost/{listing}/{page}")
            assert (answer.status, answer.code) == (404, "record.not-found")


async def test_the_identity_is_its_signed_events(carrier, large):
    answer = await carrier.ask(f"/frost/{large.did}/identity")
    assert answer.headers["content-type"] == "application/cbor-seq"
    assert list(split_byte_strings(answer.body)) == [large.genesis.raw]


async def test_the_checkpoint_is_the_signed_note(carrier, large):
    answer = await carrier.ask(f"/frost/{large.origin}/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.body == large.note()


async def test_every_tile_and_bundle_is_the_one_derived_by_hand(carrier, large):
    size = len(large.leaves)
    for path in tiles_for(size):
        answer = await carrier.ask(f"/frost/{large.origin}/{path}")
        assert answer.body == naive_tile(large.leaves, path.level, path.n, path.width)
        assert "immutable" in answer.headers["cache-control"]
    for path in bundles_for(size):
        answer = await carrier.ask(f"/frost/{large.origin}/{path}")
        start = path.n * TILE_WIDTH
        assert answer.body == encode_bundle(large.leaves[start : start + path.width])


async def test_a_partial_tile_may_be_asked_for_at_any_width_that_ever_was(carrier, large):
    for width in (1, 2, 43, 44):
        tile = await carrier.ask(f"/frost/{large.origin}/tile/0/001.p/{width}")
        assert tile.body == naive_tile(large.leaves, 0, 1, width)
        bundle = await carrier.ask(f"/frost/{large.origin}/tile/entries/001.p/{width}")
        assert bundle.body == encode_bundle(large.leaves[256 : 256 + width])


@pytest.mark.parametrize(
    "tile",
    ["0/001", "0/001.p/45", "0/002.p/1", "1/000", "1/000.p/2", "2/000.p/1", "entries/001", "0/x999/999"],
)
async def test_a_tile_beyond_the_tree_is_not_here(carrier, large, tile):
    answer = await carrier.ask(f"/frost/{large.origin}/tile/{tile}")
    assert (answer.status, answer.code) == (404, "record.not-found")


@pytest.mark.parametrize(
    "tile",
    ["tile/0/1", "tile/0/001.p/0", "tile/0/001.p/256", "tile/64/000", "tile/00/000", "tile/0/x1/000", "data"],
)
async def test_what_is_no_path_of_a_tile_is_not_found(carrier, large, tile):
    answer = await carrier.ask(f"/frost/{large.origin}/{tile}")
    assert (answer.status, answer.code) == (404, "tile.path")


async def test_a_body_is_the_bytes_under_its_hash(carrier, large):
    for body in large.bodies[:3]:
        answer = await carrier.ask(f"/frost/body/{Cid.of(body)}")
        assert answer.body == body
        assert answer.headers["content-type"] == "application/vnd.ipld.dag-cbor"
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert (await carrier.ask(f"/frost/body/{CID}")).code == "record.not-found"
    assert (await carrier.ask("/frost/body/bafy")).code == "name.cid"


async def test_what_is_withheld_is_said_and_why(node):
    publisher = node.publish(("dataset", "a", {"title": "A"}), ("dataset", "b", {"title": "B"}))
    with node.store.write() as writer:
        writer.withhold_body(publisher.origin, 1, "erased", "a court said so")
        writer.withhold_leaf(publisher.origin, 0, "erased", "personal")
    cid = str(Cid.of(publisher.bodies[1]))
    answer = await node.ask(f"/frost/body/{cid}")
    assert (answer.status, answer.code) == (451, "record.withheld")
    assert "a court said so" in answer.json["detail"]
    listing = (await node.ask("/frost/withheld/0")).json
    assert listing["next"] is None
    by_kind = {item["kind"]: item for item in listing["withheld"]}
    assert (by_kind["body"]["cid"], by_kind["body"]["index"]) == (cid, 1)
    assert by_kind["header"]["leaf_hash"] == leaf_hash(publisher.leaves[0]).hex()
    assert by_kind["header"]["reason"] == "personal"


# what there is not


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/frost/{did}/log/0/{cid}/checkpoint", 404, "record.not-found"),
        ("/frost/{did}/log/1/{event}/checkpoint", 404, "record.not-found"),
        ("/frost/{did}/log/00/{event}/checkpoint", 400, "name.origin"),
        ("/frost/{did}/log/-1/{event}/frames", 400, "name.origin"),
        ("/frost/{did}/log/1000/{event}/frames", 400, "name.origin"),
        ("/frost/{did}/log/0/garbage/tile/0/000", 400, "name.origin"),
        ("/frost/did:frost:{cid}/identity", 404, "publisher.unknown"),
        ("/frost/did:web:example.org/identity", 400, "name.did"),
        ("/frost/{did}/nothing", 404, "record.not-found"),
        ("/frost/nothing", 404, "record.not-found"),
        ("/frost/node/", 404, "record.not-found"),
        ("/frost/../frost/node", 404, "record.not-found"),
        ("/frost/body/..%2f..%2f..%2fetc%2fpasswd", 404, "record.not-found"),
        ("/frost/{did}/log/0/{event}/tile/../../../../../../etc/passwd", 404, "tile.path"),
        ("/frost/{did}/log/0/{event}/tile/entries/%2e%2e/frost.db", 404, "tile.path"),
    ],
)
async def test_what_is_not_here_is_said_with_a_code(carrier, large, path, status, code):
    target = path.format(did=large.did, event=large.genesis.cid, cid=CID)
    answer = await carrier.ask(target)
    assert (answer.status, answer.code) == (status, code)


async def test_a_log_without_a_checkpoint_has_none(node):
    silent = MemoryPublisher("silent")
    node.take(silent.events())
    assert (await node.ask(f"/frost/{silent.origin}/checkpoint")).code == "record.not-found"
    assert (await node.ask(f"/frost/{silent.origin}/tile/0/000.p/1")).code == "record.not-found"


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("live=maybe", 400, "usage"),
        ("detail=all", 400, "usage"),
        ("did=garbage", 400, "name.did"),
        ("did=", 400, "name.did"),
        ("since=", 400, "cursor.malformed"),
        ("since=AAAA", 400, "cursor.malformed"),
        ("since=%00", 400, "cursor.malformed"),
        ("since=" + "A" * 43, 410, "cursor.unknown"),
        ("since=" + "A" * 43 + "=", 400, "cursor.malformed"),
    ],
)
async def test_a_stream_is_refused_for_parameters_that_mean_nothing(carrier, query, status, code):
    answer = await carrier.ask(
        f"/frost/stream?live=false&{query}" if "live" not in query else f"/frost/stream?{query}"
    )
    assert (answer.status, answer.code) == (status, code)


async def test_a_cursor_of_another_database_is_unknown(node, carrier):
    node.publish(("dataset", "one", {"title": "One"}))
    with node.store.read() as reader:
        foreign = cursor_text(cursor_at(reader, 1).to_bytes())
    answer = await carrier.ask(f"/frost/stream?live=false&since={foreign}")
    assert (answer.status, answer.code) == (410, "cursor.unknown")


@pytest.mark.parametrize("value", ["-1", "x", "", "1e3", "٣", "1" * 17, "+1"])
@pytest.mark.parametrize("name", ["from", "bodies"])
async def test_frames_are_refused_for_sizes_that_are_none(carrier, large, name, value):
    answer = await carrier.ask(f"/frost/{large.origin}/frames?{name}={value}")
    assert (answer.status, answer.code) == (400, "usage")


# frames of one log


def check_log_frames(frames, publisher, start, bodies_start):
    assert parts_of(frames, EventsFrame)[0].events == [publisher.genesis.raw]
    assert parts_of(frames, CheckpointFrame)[0].note == publisher.note()
    assert frames[-1] == EndFrame(code=COMPLETE)
    entries = parts_of(frames, EntriesFrame)
    leaves = b"".join(frame.bundle for frame in entries)
    assert leaves == encode_bundle(publisher.leaves[start:])
    assert all(frame.size == len(publisher.leaves) for frame in entries)
    held = {
        frame.start + offset: item
        for frame in parts_of(frames, BodiesFrame)
        for offset, item in enumerate(frame.items)
        if item is not None
    }
    wanted = {at: body for at, body in enumerate(publisher.bodies) if at >= bodies_start and body is not None}
    assert held == wanted


@pytest.mark.slow
@reads_only
@given(
    start=st.integers(0, 301) | st.sampled_from([0, 255, 256, 257, 299, 300, 10**16 - 1]),
    bodies=st.none() | st.integers(0, 301) | st.sampled_from([0, 256, 300, 10**16 - 1]),
)
async def test_a_log_is_sent_from_any_size_to_its_head(carrier, large, start, bodies):
    query = f"from={start}" + ("" if bodies is None else f"&bodies={bodies}")
    answer = await carrier.ask(f"/frost/{large.origin}/frames?{query}")
    assert answer.headers["content-type"] == "application/vnd.frostnode.stream+cbor-seq"
    check_log_frames(frames_of(answer.body), large, start, start if bodies is None else bodies)


async def test_without_parameters_a_log_is_sent_from_its_beginning(carrier, large):
    answer = await carrier.ask(f"/frost/{large.origin}/frames")
    check_log_frames(frames_of(answer.body), large, 0, 0)


# the stream of arrivals


def held(node, publisher):
    with node.store.read() as reader:
        state = reader.log(publisher.origin)
        bodies = reader.bodies(publisher.origin, 0, 256) if state else []
        return (state and (state.served, state.held, state.checkpoint), bodies)


async def test_the_stream_without_waiting_is_all_that_is_held(make_node, carrier, large):
    answer = await carrier.ask("/frost/stream?live=false")
    frames = frames_of(answer.body)
    assert frames[-1] == EndFrame(code=COMPLETE)
    copy = make_node("copy")
    copy.take(*frames)
    assert held(copy, large) == held(carrier, large)


@pytest.mark.slow
async def test_every_cursor_on_the_way_leads_on_from_there(make_node, carrier, large):
    frames = frames_of((await carrier.ask("/frost/stream?live=false")).body)
    for at, frame in enumerate(frames):
        if getattr(frame, "cursor", None) is not None:
            rest = await carrier.ask(f"/frost/stream?live=false&since={cursor_text(frame.cursor)}")
            copy = make_node(f"copy-{at}")
            copy.take(*frames[: at + 1])
            copy.take(*frames_of(rest.body))
            assert held(copy, large) == held(carrier, large)


async def test_a_stream_of_one_publisher_has_nothing_of_others(node):
    wanted = node.publish(("dataset", "one", {"title": "One"}), name="wanted")
    other = node.publish(("dataset", "two", {"title": "Two"}), name="other")
    answer = await node.ask(f"/frost/stream?live=false&did={wanted.did}")
    frames = frames_of(answer.body)
    assert {frame.did for frame in parts_of(frames, EventsFrame)} == {wanted.did}
    assert {frame.origin for frame in parts_of(frames, EntriesFrame)} == {wanted.origin}
    both = await node.ask(f"/frost/stream?live=false&did={wanted.did}&did={other.did}")
    assert {frame.did for frame in parts_of(frames_of(both.body), EventsFrame)} == {wanted.did, other.did}


async def test_heads_only_leaves_entries_and_bodies_out(carrier, large):
    frames = frames_of((await carrier.ask("/frost/stream?live=false&detail=heads")).body)
    assert not parts_of(frames, EntriesFrame) and not parts_of(frames, BodiesFrame)
    assert parts_of(frames, CheckpointFrame)[-1].note == large.note()


async def chunk(exchange):
    return frames_of(await exchange.chunks.receive())


async def test_a_live_stream_is_woken_by_the_bell(node, autojump_clock):
    publisher = node.publish(("dataset", "one", {"title": "One"}))
    async with node.asking("/frost/stream") as exchange:
        first = await chunk(exchange)
        assert len(parts_of(first, EntriesFrame)) == 1
        assert [type(frame) for frame in await chunk(exchange)] == [CursorFrame]
        began = trio.current_time()
        index = publisher.put("two", {"title": "Two"})
        node.take(
            CheckpointFrame(origin=publisher.origin, note=publisher.note()), publisher.entries(index, 2)
        )
        entries = parts_of(await chunk(exchange), EntriesFrame)
        assert [(frame.start, frame.size) for frame in entries] == [(1, 2)]
        assert trio.current_time() == began, "nothing was waited for"


async def test_an_idle_stream_sends_a_cursor_and_finds_what_no_bell_told(node, autojump_clock):
    publisher = node.publish(("dataset", "one", {"title": "One"}))
    async with node.asking("/frost/stream") as exchange:
        await chunk(exchange)
        await chunk(exchange)
        began = trio.current_time()
        (cursor,) = await chunk(exchange)
        assert isinstance(cursor, CursorFrame)
        assert trio.current_time() == began + CURSOR_INTERVAL_S
        ring, node.bell.ring = node.bell.ring, lambda: None
        try:
            node.take(MemoryPublisher("quiet").events())
        finally:
            node.bell.ring = ring
        frames = await chunk(exchange)
        assert parts_of(frames, EventsFrame)
        assert trio.current_time() <= began + 2 * CURSOR_INTERVAL_S
    assert publisher.did


async def test_who_hangs_up_ends_the_stream(node, autojump_clock):
    with trio.fail_after(1):
        async with node.asking("/frost/stream") as exchange:
            await chunk(exchange)


# HEAD and other methods


async def test_head_answers_like_get_and_ends_even_where_get_goes_on(carrier, large):
    for path in (
        "/frost/node",
        "/frost/heads/0",
        "/frost/withheld/0",
        f"/frost/body/{Cid.of(large.bodies[0])}",
        f"/frost/{large.did}/identity",
        f"/frost/{large.origin}/checkpoint",
        f"/frost/{large.origin}/tile/0/000",
        f"/frost/{large.origin}/frames",
        "/frost/stream?live=false",
        "/frost/nothing",
    ):
        get, head = await carrier.ask(path), await carrier.ask(path, "HEAD")
        assert (head.status, head.headers["content-type"]) == (get.status, get.headers["content-type"]), path
    live = await carrier.ask("/frost/stream", "HEAD")
    assert (live.status, live.body) == (200, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "NONSENSE"])
async def test_other_methods_are_not_allowed(carrier, method):
    answer = await carrier.ask("/frost/node", method)
    assert answer.status == 405
    assert answer.headers["content-type"] == "application/problem+json"


# whatever is asked

_pieces = st.sampled_from(
    [
        *("frost", "api", "node", "heads", "withheld", "stream", "body", "identity", "log", "checkpoint"),
        *(
            "frames",
            "tile",
            "entries",
            "000",
            "x001",
            "000.p",
            "0",
            "1",
            "search",
            "records",
            "record",
            "proof",
        ),
        *(
            "publisher",
            "publishers",
            "status",
            "static",
            "..",
            ".",
            "",
            "~lineage",
            "key",
            "key@label",
            "%00",
        ),
        *(
            "%2e%2e",
            "%2f",
            "%ff",
            "%ed%a0%80",
            "did:frost:",
            f"did:frost:{CID}",
            CID,
            "a" * 3000,
            "%e2%80%ae",
        ),
    ]
)
_names = st.sampled_from(
    ["q", "since", "did", "live", "detail", "from", "bodies", "limit", "offset", "cid", "url", "type"]
)
_values = st.sampled_from(
    [
        "",
        "0",
        "1",
        "-1",
        "false",
        "true",
        "heads",
        "9" * 15,
        "9" * 40,
        CID,
        f"did:frost:{CID}",
        "%00",
        "*",
        "id:x",
    ]
) | st.text(alphabet="abc*:[]()\"'+-~^/\\{}<>%25", max_size=20).map(lambda text: text.replace("#", ""))


@pytest.mark.slow
@reads_only
@given(data=st.data())
async def test_garbage_gets_an_answer_with_a_code_and_never_breaks_anything(carrier, large, data):
    pieces = data.draw(st.lists(_pieces | st.just(large.did) | st.just(str(large.genesis.cid)), max_size=8))
    query = data.draw(st.lists(st.tuples(_names, _values), max_size=3))
    live = "" if any(name == "live" for name, _ in query) else "live=false&"
    target = "/" + "/".join(pieces) + "?" + live + "&".join(f"{name}={value}" for name, value in query)
    answer = await carrier.ask(
        target.replace("live=true", "live=false"), data.draw(st.sampled_from(["GET", "HEAD"]))
    )
    assert answer.status < 500
    if answer.status >= 400:
        assert answer.code in CODES


async def test_hostile_names_are_refused_with_a_code(carrier, large):
    for name in (
        "did:frost:" + "b" * 100_000,
        large.did + "/" + "k" * 100_000,
        large.did + "/~" + "t" * 65 + "/key",
        large.did + "/key?cid=" + "b" * 10_000,
        large.did + "/%00",
        large.did + "/k%20ey",
        large.did + "/%E2%80%AEkey",
        "did:frost:" + CID.upper() + "/key",
    ):
        for path in ("/api/record/", "/api/proof/", "/record/"):
            answer = await carrier.ask(path + name)
            assert 400 <= answer.status < 500
            is_bounded = path.startswith("/api/") and len(name) > 1024
            assert answer.code == ("usage" if is_bounded else "name.did-url")
        assert len(answer.body) < 50_000, "a page does not repeat what was asked at any length"


# over a real socket


class Connection:
    """HTTP/1.1 spoken by hand: what a client library keeps of a broken-off stream does not matter here."""

    def __init__(self, stream):
        self._stream = stream
        self._http = h11.Connection(h11.CLIENT)

    async def ask(self, method, target):
        """Send a request; answer the status."""
        request = h11.Request(method=method, target=target, headers=[("host", "node.example")])
        await self._stream.send_all(self._http.send(request) + self._http.send(h11.EndOfMessage()))
        return (await self.event(h11.Response)).status_code

    async def event(self, kind):
        """The next event of a kind."""
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                self._http.receive_data(await self._stream.receive_some())
            elif isinstance(event, kind):
                return event

    async def finish(self):
        """Read the answer to its end, ready for another."""
        await self.event(h11.EndOfMessage)
        self._http.start_next_cycle()


@pytest.mark.network
@pytest.mark.slow
async def test_over_a_socket_the_stream_is_live_and_ends_with_its_client(node):
    publisher = node.publish(("dataset", "one", {"title": "One"}))
    config = HypercornConfig()
    config.bind = ["127.0.0.1:0"]
    config.accesslog = config.errorlog = None
    config.graceful_timeout = config.shutdown_timeout = 1
    stopping = trio.Event()
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            (url,) = await nursery.start(partial(serve, node.app, config, shutdown_trigger=stopping.wait))
            async with await trio.open_tcp_stream("127.0.0.1", int(url.rpartition(":")[2])) as stream:
                connection = Connection(stream)
                assert await connection.ask("HEAD", "/frost/stream") == 200
                await connection.finish()
                assert await connection.ask("GET", "/frost/stream") == 200
                decoder, seen = FrameDecoder(), []
                while not parts_of(seen, CursorFrame):
                    seen += decoder.feed(bytes((await connection.event(h11.Data)).data))
                index = publisher.put("two", {"title": "Two"})
                node.take(
                    CheckpointFrame(origin=publisher.origin, note=publisher.note()),
                    publisher.entries(index, 2),
                )
                while len(parts_of(seen, EntriesFrame)) < 2:
                    seen += decoder.feed(bytes((await connection.event(h11.Data)).data))
            stopping.set()
