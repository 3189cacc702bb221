"""Blocks and absences between nodes, over real sockets: passed over, asked for again, and asked of others."""

import pytest

from frostnode.ports import ArrivalKind
from frostnode.protocol.errors import LocalError, TransportError
from frostnode.protocol.frames import CheckpointFrame, CursorFrame, EndFrame, encode_frame
from frostnode.protocol.withheld import Block
from frostnode.replicate.cursor import cursor_at
from frostnode.replicate.scope import ask_again, read_lacking
from frostnode.testing.loopback import asgi, files, loopback, response
from frostnode.testing.static_export import export_static

pytestmark = pytest.mark.network


def block(node, publisher, *, key=""):
    made = Block(did=publisher.did, type="dataset" if key else "", key=key, reason="spam", at_ms=0)
    with node.store.write() as writer:
        writer.put_block(made)
        writer.arrive(ArrivalKind.BLOCKED, publisher.did)
    return made


def unblock(node, made):
    with node.store.write() as writer:
        writer.remove_block(made)
        writer.arrive(ArrivalKind.BLOCKED, made.did)
        ask_again(writer, made.did)


@pytest.mark.parametrize("asked_for", [False, True])
async def test_a_peer_is_asked_once_again_for_who_is_unblocked(
    make_node, make_publisher, transport, clock, asked_for
):
    one, other = make_publisher("one", 300), make_publisher("other", 3)
    origin, follower_node = make_node("origin"), make_node("follower")
    origin.take(*one.stream(), *other.stream())
    made = block(follower_node, one)
    async with loopback(asgi(origin.app)) as server:
        dids = frozenset({one.did, other.did}) if asked_for else None
        follower = follower_node.follower(server.url, transport, dids)
        await follower.once()
        assert follower_node.contents().keys() == {other.did}
        cursor, error = follower_node.peer(server.url)
        assert (cursor is not None, error) == (True, "")
        assert server.count("/frames") == server.count("/identity") == 0, "what is blocked is not asked for"
        unblock(follower_node, made)
        server.requests.clear()
        await follower.once()
        assert follower_node.contents() == origin.contents()
        first, second = server.requests
        assert (one.did in first.replace("%3A", ":"), other.did in first.replace("%3A", ":")) == (True, False)
        assert "since=" in second
        await follower.once()
        assert server.count("/frost/stream") == 3
    with follower_node.store.read() as reader:
        assert read_lacking(reader, server.url) == {}


async def test_an_unblocking_that_was_cut_off_is_made_up_for(make_node, make_publisher, transport, clock):
    one = make_publisher("one", 300)
    origin, follower_node = make_node("origin"), make_node("follower")
    origin.take(*one.stream())
    made = block(follower_node, one)
    room: list[int | None] = [None]
    async with loopback(asgi(origin.app, cut_after=lambda target: room[0])) as server:
        follower = follower_node.follower(server.url, transport)
        await follower.once()
        unblock(follower_node, made)
        room[0] = 20_000
        with pytest.raises(TransportError):
            await follower.once()
        with follower_node.store.read() as reader:
            assert read_lacking(reader, server.url).keys() == {one.did}
        room[0] = None
        await follower.once()
    assert follower_node.contents() == origin.contents()


async def test_what_was_blocked_in_the_middle_of_a_log_goes_on_from_there(
    make_node, make_publisher, transport, clock
):
    one = make_publisher("one", 3)
    origin, follower_node = make_node("origin"), make_node("follower")
    origin.take(*one.stream())
    async with loopback(asgi(origin.app)) as server:
        follower = follower_node.follower(server.url, transport)
        await follower.once()
        made = block(follower_node, one)
        for at in range(3, 600):
            one.put(f"key-{at}", {"title": f"Title {at}"})
        origin.take(*one.stream(3))
        await follower.once()
        with follower_node.store.read() as reader:
            assert reader.log(one.origin).held.size == 3
        unblock(follower_node, made)
        await follower.once()
    assert follower_node.contents() == origin.contents()


async def test_a_peer_that_blocks_who_was_asked_for_says_so(make_node, make_publisher, transport, clock):
    one = make_publisher("one", 3)
    origin, follower_node = make_node("origin"), make_node("follower")
    origin.take(*one.stream())
    block(origin, one)
    async with loopback(asgi(origin.app)) as server:
        follower = follower_node.follower(server.url, transport, frozenset({one.did}))
        with pytest.raises(LocalError, match="spam") as raised:
            await follower.once()
    assert raised.value.code == "record.withheld"
    assert "spam" in follower_node.peer(server.url)[1]


async def test_of_a_static_source_nothing_is_fetched_that_is_blocked(
    make_node, make_publisher, transport, clock, tmp_path
):
    one, other = make_publisher("one", 3), make_publisher("other", 3)
    origin, follower_node = make_node("origin"), make_node("follower")
    origin.take(*one.stream(), *other.stream())
    export_static(origin.store, tmp_path / "export")
    whole = block(follower_node, one)
    record = block(follower_node, other, key="key-1")
    async with loopback(files(tmp_path / "export")) as server:
        follower = follower_node.follower(server.url, transport)
        await follower.once()
        assert server.count(one.did) == 0
        assert server.count("/frost/body/") == 2
        with follower_node.store.read() as reader:
            assert reader.log(other.origin).held == other.tree()
        unblock(follower_node, whole)
        unblock(follower_node, record)
        await follower_node.follower(server.url, transport).once()
    assert follower_node.contents() == origin.contents()


async def test_an_export_says_who_is_blocked_and_has_nothing_of_them(
    make_node, make_publisher, transport, clock, tmp_path
):
    one, other = make_publisher("one", 3), make_publisher("other", 3)
    origin, follower_node = make_node("origin"), make_node("follower")
    origin.take(*one.stream(), *other.stream())
    block(origin, one)
    export_static(origin.store, tmp_path / "export")
    assert not (tmp_path / "export/frost" / one.did).exists()
    assert one.did in (tmp_path / "export/frost/withheld/0").read_text()
    async with loopback(files(tmp_path / "export")) as server:
        await follower_node.follower(server.url, transport).once()
    assert follower_node.contents().keys() == {other.did}


async def test_what_one_peer_has_erased_comes_from_another(make_node, make_publisher, transport, clock):
    one = make_publisher("one", 300)
    eraser, keeper, newcomer = make_node("eraser"), make_node("keeper"), make_node("newcomer")
    for node in (eraser, keeper):
        node.take(*one.stream())
    with eraser.store.write() as writer:
        writer.withhold_bodies(one.origin, [1, 7, 290], "erased", "by request")
        writer.withhold_leaves(one.origin, [7, 290], "erased", "by request")
        for index in (1, 7, 290):
            writer.arrive(ArrivalKind.ERASED, one.did, one.origin, index, index + 1)
    async with loopback(asgi(eraser.app)) as first, loopback(asgi(keeper.app)) as second:
        await newcomer.follower(first.url, transport).once()
        with newcomer.store.read() as reader:
            assert reader.log(one.origin).held == one.tree()
            assert [line.state for line in reader.withheld(0)] == ["absent", "absent"]
            assert reader.missing_bodies(one.origin, 0, 9) == [1]
        await newcomer.follower(second.url, transport).once()
        assert newcomer.contents() == keeper.contents()
        await eraser.follower(second.url, transport).once()
    with eraser.store.read() as reader:
        assert len(reader.withheld(0)) == 5, "the eraser takes nothing of it again"


async def test_a_log_that_the_peer_blocks_in_the_meantime_stops_no_other(
    make_node, make_publisher, transport, clock
):
    """Its entries were announced, and then there is nothing to fill the gap with."""
    one, other = make_publisher("one", 600), make_publisher("other", 3)
    origin, follower_node = make_node("origin"), make_node("follower")
    origin.take(*one.stream(), *other.stream())
    app = asgi(origin.app)

    async def without_the_first_leaves(target, stream):
        if "/frames" in target:
            await stream.send_all(response(status=451))
        elif "/frost/stream" in target and "since" not in target:
            frames = [
                one.events(),
                CheckpointFrame(origin=one.origin, note=one.note()),
                one.entries(256, 512),
            ]
            with origin.store.read() as reader:
                cursor = cursor_at(reader, reader.last_arrival()).to_bytes()
            frames += [*other.stream(), CursorFrame(cursor=cursor), EndFrame(code="end.complete")]
            await stream.send_all(response(b"".join(map(encode_frame, frames))))
        else:
            await app(target, stream)

    async with loopback(without_the_first_leaves) as server:
        await follower_node.follower(server.url, transport).once()
        assert server.count("/frames") == 1
    with follower_node.store.read() as reader:
        assert reader.log(other.origin).served == 3
    cursor, error = follower_node.peer(server.url)
    assert (cursor is not None, error) == (True, "")
