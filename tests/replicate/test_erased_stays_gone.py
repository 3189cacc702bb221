"""What was erased on a node comes back by none of the ways by which others give it what they have."""

import pytest
import trio

from frostnode.log.fsck import fsck
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.frames import BodyAbsent
from frostnode.protocol.limits import PEERS_CHECK_S
from frostnode.testing.loopback import asgi, files, loopback
from frostnode.testing.pushing import PushNode
from frostnode.testing.static_export import export_static

pytestmark = pytest.mark.network

HEADER, BODY, COUNT = 1, 7, 20
REASON = "by request"


@pytest.fixture
def source(make_publisher):
    made = make_publisher("source", 0)
    for at in range(COUNT):
        made.put(f"zkey{at}-", {"title": f"Title {at}", "text": f"Zsecret{at}-"})
    return made


@pytest.fixture
def eraser(tmp_path, source):
    node = PushNode(tmp_path, "eraser")
    node.take(*source.stream())
    with node.store.write() as writer:
        writer.withhold_body(source.origin, HEADER, "erased", REASON)
        writer.withhold_leaf(source.origin, HEADER, "erased", REASON)
        writer.withhold_body(source.origin, BODY, "erased", REASON)
    yield node
    node.close()


@pytest.fixture
def keeper(eraser, source, make_node):
    """A node that has erased nothing, and newer entries in the same bundle."""
    node = make_node("keeper")
    for at in range(3):
        source.put(f"later-{at}", {"title": f"Later {at}"})
    node.take(*source.stream())
    return node


def check(tmp_path, eraser, source):
    """It has all else that there is, and nothing of that in any file."""
    with eraser.store.read() as reader:
        assert reader.log(source.origin).held == source.tree()
        (leaf,) = reader.leaves(source.origin, 0, 256).withheld
        assert (leaf.offset, leaf.reason) == (HEADER, REASON)
        assert reader.bodies(source.origin, BODY, BODY + 1) == [BodyAbsent("erased", REASON)]
        assert reader.missing_bodies(source.origin, 0, 256) == []
    files_ = [path.read_bytes() for path in tmp_path.glob("eraser.db*")]
    for words in (f"zkey{HEADER}-", f"Zsecret{HEADER}-", f"Zsecret{BODY}-"):
        assert not any(words.encode() in data for data in files_), words
    assert any(b"Zsecret2-" in data for data in files_)
    assert fsck(eraser.store).findings == ()


async def test_by_stream_and_after_a_cursor_was_lost(tmp_path, eraser, keeper, source, transport, clock):
    async with loopback(asgi(keeper.app)) as server:
        follower = eraser.follower(server.url, transport)
        await follower.once()
        check(tmp_path, eraser, source)
        with eraser.store.write() as writer:
            writer.forget_cursor(server.url)
        await follower.once()
    check(tmp_path, eraser, source)


async def test_by_log_by_body_and_when_a_refusal_is_looked_at_again(
    tmp_path, eraser, keeper, source, transport, clock
):
    async with loopback(asgi(keeper.app)) as server:
        follower = eraser.follower(server.url, transport)
        await follower.fetch(source.origin)
        check(tmp_path, eraser, source)
        await follower.fetch_bodies(source.origin, 0)
        await follower.again([source.did])
    check(tmp_path, eraser, source)


async def test_by_static_files(tmp_path, eraser, keeper, source, transport, clock):
    export_static(keeper.store, tmp_path / "archive")
    async with loopback(files(tmp_path / "archive")) as server:
        for _ in range(2):
            await eraser.follower(server.url, transport).once()
    check(tmp_path, eraser, source)


async def test_by_offers_of_a_node_that_pushes_all_it_has(tmp_path, eraser, keeper, source, clock):
    pusher = PushNode(tmp_path, "pusher")
    pusher.take(*source.stream())
    async with eraser.served() as url:
        pusher.follow_node(url)
        async with pusher.pushing():
            await eraser.until(lambda: size_of(eraser, source) == COUNT + 3)
    pusher.close()
    check(tmp_path, eraser, source)


def size_of(node, source):
    with node.store.read() as reader:
        return reader.log(source.origin).served


@pytest.mark.slow
async def test_from_others_of_the_running_node_that_are_asked_for_absent_bodies(
    tmp_path, eraser, keeper, source, transport, clock
):
    async with loopback(asgi(keeper.app)) as server, trio.open_nursery() as nursery:
        nursery.start_soon(eraser.keeper(server.url, transport=transport).run)
        await trio.sleep(2 * PEERS_CHECK_S)
        nursery.cancel_scope.cancel()
        assert server.count(str(Cid.of(source.bodies[BODY]))) == 0, "it is not even asked for"
    check(tmp_path, eraser, source)
