"""Nodes in temporary folders, and publishers with something of everything."""

import pytest
from trio.testing import MockClock

from frostnode.edge.peer_http import HttpTransport
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.peers import PeerNode


@pytest.fixture
def clock():
    """Time goes on when nothing else does; what is under way on loopback is given a moment."""
    return MockClock(autojump_threshold=0.04)


@pytest.fixture
def make_node(tmp_path):
    nodes = []

    def make(name="node", policy=None):
        nodes.append(PeerNode(tmp_path, name, policy))
        return nodes[-1]

    yield make
    for node in nodes:
        node.close()


@pytest.fixture
async def transport():
    async with HttpTransport() as open_transport:
        yield open_transport


@pytest.fixture
def make_publisher():
    def make(name="p", count=3, padding=50, every=1):
        """`count` entries, of which every so-manieth has a body."""
        made = MemoryPublisher(name)
        for at in range(count):
            if at % every == 0:
                made.put(f"key-{at}", {"title": f"Title {at}", "text": "x" * padding})
            else:
                made.withdraw(f"key-{at}")
        return made

    return make
