"""Whoever carries a publisher that has moved finds its new host by the event alone; and the old host is told."""

import trio

from frostnode.bell import Bell
from frostnode.edge.peer_http import HttpTransport
from frostnode.neighbours import Hosted
from frostnode.protocol.limits import FOUND_PEERS_MAX, HERALD_MAX_S, MOVE_GATHER_S
from frostnode.replicate.herald import Herald
from frostnode.replicate.hosts import HostFinder
from frostnode.testing.peers import AppTransport


def finder(node, *, allows_private=False, changed=None):
    return HostFinder(
        node.world_over(None),
        arrived=node.bell,
        changed=changed or Bell(),
        own_url="https://me.example",
        allows_private=allows_private,
    )


def found(node):
    with node.store.read() as reader:
        return {peer.url for peer in reader.peers() if peer.listed_ms is not None}


async def look(some):
    with trio.move_on_after(1):
        await some.run()


async def test_the_host_of_a_publisher_that_has_moved_is_found(make_node, make_publisher, autojump_clock):
    node, source = make_node(), make_publisher()
    node.take(*source.stream())
    await look(finder(node))
    assert found(node) == set(), "its first host is no news"
    node.take(*source.move(url="https://new.example").stream())
    changed = Bell()
    heard = changed.listen()
    await look(finder(node, changed=changed))
    assert found(node) == {"https://new.example"}
    begun = trio.current_time()
    await heard.wait(60)
    assert trio.current_time() == begun


async def test_it_is_found_while_the_node_runs(make_node, make_publisher, autojump_clock):
    node, source = make_node(), make_publisher()
    node.take(*source.stream())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(finder(node).run)
        await trio.sleep(1)
        node.take(*source.move(url="https://new.example").stream())
        await trio.sleep(2 * MOVE_GATHER_S)
        assert found(node) == {"https://new.example"}
        nursery.cancel_scope.cancel()


async def test_nobody_is_found_in_this_network_or_without_bound(make_node, make_publisher, autojump_clock):
    node = make_node()
    for number, url in enumerate(["http://127.0.0.1:9", "https://me.example", ""]):
        node.take(*make_publisher(f"odd-{number}").move(url=url).stream())
    await look(finder(node))
    assert found(node) == set()
    for number in range(FOUND_PEERS_MAX + 3):
        node.take(*make_publisher(f"p{number}").move(url=f"https://host-{number}.example").stream())
    await look(finder(node))
    assert len(found(node)) == FOUND_PEERS_MAX
    await look(finder(node, allows_private=True))
    assert len(found(node)) == FOUND_PEERS_MAX


async def test_the_old_host_is_told_until_it_knows(make_node, make_publisher, autojump_clock):
    node, old = make_node("node"), make_node("old")
    source = make_publisher().move(url="https://old.example")
    old.take(source.events())
    moved = source.move(url="https://here.example", node_seed=b"b" * 32)
    node.take(moved.events())
    with node.store.write() as writer:
        writer.host(Hosted(did=moved.did, origin=moved.origin, key_label="frost log/x"))
    net = AppTransport({})
    async with HttpTransport(net) as wire, trio.open_nursery() as nursery:
        nursery.start_soon(Herald(node.world_over(wire), node.bell, "https://here.example").run)
        await trio.sleep(2 * HERALD_MAX_S)
        assert len(net.asked) <= 12, "further and further apart"
        net.add("old.example", old.app)
        await trio.sleep(2 * HERALD_MAX_S)
        with old.store.read() as reader:
            assert reader.history(source.did).tip == moved.history[-1].cid
        asked = len(net.asked)
        await trio.sleep(2 * HERALD_MAX_S)
        assert len(net.asked) == asked, "once is enough"
        nursery.cancel_scope.cancel()
