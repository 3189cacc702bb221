"""What is committed on one node is found by search two hops away, at once: each node a process of its own.

`PATIENCE_S` is a bound for slow machines. Of all tries the fastest counts: it says what the nodes wait for, the others also
what else the machine had to do.
"""

import time

import httpx
import pytest
import trio

from frostnode.edge.control import call
from frostnode.edge.home import Home
from frostnode.edge.http.asked import quiet

PATIENCE_S = 60
TRIES = 9
WELL_UNDER_A_SECOND = 0.9


async def found(client, node, word):
    """Wait until a search on a node has a hit."""
    asked = {"q": word, "include": "unknown"}  # nobody vouches there for who is not followed by name
    deadline = time.monotonic() + PATIENCE_S
    while not (await client.get(f"{node.url}/api/search", params=asked)).raise_for_status().json()["total"]:
        assert time.monotonic() < deadline, f"{word} at {node.home.name}"
        await trio.sleep(0.01)


async def measure(publisher, did, reader):
    """Seconds from before a record is handed in on one node until another finds it."""
    times = []
    async with httpx.AsyncClient() as client:
        for word in ["warm", *(f"word{at}x" for at in range(TRIES))]:
            fields = {"type": "dataset", "key": word, "title": f"About {word}"}
            begun = time.monotonic()
            await call(Home(publisher.home).control, "publish", {"did": did, "records": [fields]}, quiet)
            await found(client, reader, word)
            times.append(time.monotonic() - begun)
    return times[1:]


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize("way", ["pulled twice", "pulled, then pushed", "pushed, then pulled"])
def test_what_is_committed_is_found_two_hops_away_in_well_under_a_second(make_node, way):
    """Where it is pushed, the one that pushes is dialled by nobody, as behind a firewall."""
    first, middle, last = (make_node(name) for name in ("first", "middle", "last"))
    made = {}

    def start(node, *peers):
        made[node] = node.init(node.home.name, *(part for peer in peers for part in ("--peer", peer.url)))
        node.start()

    match way:
        case "pulled twice":
            start(first)
            start(middle, first)
            start(last, middle)
        case "pulled, then pushed":
            start(first)
            start(last)
            # the full source of the one between is the first by URL: the one that never brings it anything
            last, first = sorted((first, last), key=lambda node: node.url)
            start(middle, first, last)
        case "pushed, then pulled":
            start(middle)
            start(first, middle)
            start(last, middle)
    times = trio.run(measure, first, made[first]["did"], last)
    assert min(times) < WELL_UNDER_A_SECOND, times
    for node in (first, middle, last):
        assert node.stop() == 0
        assert node.json("fsck")["findings"] == []
