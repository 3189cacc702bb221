"""What one peer may cost: so many bytes and frames that bring nothing, so many connections, and not one more."""

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from frostnode.protocol.errors import TransportError
from frostnode.protocol.limits import (
    PEER_BUDGET_S,
    PEER_CONNECTIONS_MAX,
    PEER_WASTE_BYTES_MAX,
    PEER_WASTE_FRAMES_MAX,
)
from frostnode.replicate.metered import Meter, MeteredTransport
from frostnode.replicate.world import PeerStatus
from frostnode.testing.clock import ManualClock


@pytest.fixture
def metered():
    clock = ManualClock()
    return Meter(PeerStatus("https://peer.example"), clock), clock


@pytest.mark.parametrize(
    ("what", "most"), [("bytes_", PEER_WASTE_BYTES_MAX), ("frames", PEER_WASTE_FRAMES_MAX)]
)
def test_so_much_may_bring_nothing_in_a_row_and_one_more_is_the_end_of_it(metered, what, most):
    meter, clock = metered

    def is_spent(**came):
        try:
            meter.take(**came)
        except TransportError as error:
            return error.code == "transport.budget"
        return False

    assert not is_spent(**{what: most})
    assert is_spent(**{what: 1})
    meter.reward()
    assert not is_spent(**{what: most}), "what came was good for something"
    assert is_spent(**{what: 1})
    clock.step_ms(1000 * PEER_BUDGET_S)
    assert not is_spent(**{what: most}), "the whole budget again"


class Waiting:
    """A transport that opens and answers when it is told to."""

    def __init__(self):
        self.open = 0
        self.answering = trio.Event()

    async def fetch(self, url, *, bytes_max):
        self.open += 1
        await self.answering.wait()
        self.open -= 1
        return b""

    def stream(self, url):
        return self

    async def __aenter__(self):
        self.open += 1
        return self

    async def __aexit__(self, *why):
        self.open -= 1


async def test_so_many_connections_to_one_peer_and_the_next_request_waits(metered):
    waiting = Waiting()
    transport = MeteredTransport(waiting, metered[0])

    async def stream(*, task_status):
        async with transport.stream("https://peer.example/frost/stream"):
            task_status.started()
            await waiting.answering.wait()

    async with trio.open_nursery() as nursery:
        await nursery.start(stream)
        for _ in range(PEER_CONNECTIONS_MAX):
            nursery.start_soon(lambda: transport.fetch("https://peer.example/frost/heads/0", bytes_max=1))
        await wait_all_tasks_blocked()
        assert waiting.open == PEER_CONNECTIONS_MAX
        waiting.answering.set()
    assert waiting.open == 0
