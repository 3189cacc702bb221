"""The simulated network: real clients and applications, and everything that may happen between them."""

import httpx
import pytest
import trio
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from trio.testing import MockClock

from frostnode.edge.peer_http import HttpTransport
from frostnode.protocol.errors import TransportError
from frostnode.testing.random import SeededRandom
from frostnode.testing.simulation.faults import Faults
from frostnode.testing.simulation.network import Network, Server
from frostnode.testing.simulation.trace import Trace
from frostnode.testing.simulation.transport import SimTransport


@pytest.fixture
def clock():
    return MockClock(autojump_threshold=0)


class Host:
    """An application that counts, and a network in front of it."""

    def __init__(self, nursery, **faults):
        self.failed = []
        self.asked = self.ended = self.padding = 0
        self.network = Network(
            SeededRandom(1), Trace(), lambda name, error: self.failed.append((name, error))
        )
        self.network.faults = Faults(**faults)
        self.network.serve("host", Server(self.app, nursery))
        self.client = httpx.AsyncClient(transport=SimTransport(self.network, "me"), timeout=30)

    def transport(self):
        return HttpTransport(SimTransport(self.network, "me"))

    async def app(self, scope, receive, send):
        self.asked += 1
        request = Request(scope, receive)
        body = (await request.body()).decode()
        response = PlainTextResponse(f"{request.method} {request.url.path} {request.url.query} {body}")
        if request.url.path == "/live":
            response = StreamingResponse(self.live())
        if request.url.path == "/fault":
            raise ValueError("a fault of the application")
        await response(scope, receive, send)

    async def live(self):
        try:
            for number in range(1000):
                yield f"{number};".encode()
                if self.padding:
                    yield b"x" * self.padding
                await trio.sleep(10)
        finally:
            self.ended += 1


async def test_a_request_gets_its_answer_in_virtual_time(clock, nursery):
    host = Host(nursery)
    answer = await host.client.post("http://host/a%20b?c=d", content=b"body")
    assert (answer.status_code, answer.text) == (200, "POST /a b c=d body")
    assert 0 < trio.current_time() < 1


async def test_a_stream_comes_as_it_is_said_and_hanging_up_ends_it(clock, nursery):
    host = Host(nursery)
    async with host.transport() as transport:
        async with transport.stream("http://host/live") as pieces:
            assert [await anext(pieces) for _ in range(3)] == [b"0;", b"1;", b"2;"]
            assert 20 < trio.current_time() < 22
            assert host.network.open_answers == {"host": 1}
        await trio.sleep(20)
    assert host.network.open_answers == {"host": 0} and host.ended == 1


async def test_a_lost_request_is_never_processed_a_lost_answer_is(clock, nursery):
    for fault, processed in (("drop_request", 0), ("drop_response", 1)):
        host, begun = Host(nursery, **{fault: 1.0}), trio.current_time()
        with pytest.raises(httpx.ReadTimeout):
            await host.client.get("http://host/")
        assert host.asked == processed
        assert trio.current_time() - begun == pytest.approx(30, abs=1)


async def test_a_duplicate_is_processed_twice_and_answered_once(clock, nursery):
    host = Host(nursery, duplicate=1.0)
    assert (await host.client.get("http://host/")).status_code == 200
    assert host.asked == 2


async def test_an_answer_that_is_cut_ends_within_what_it_says(clock, nursery):
    host = Host(nursery, cut=1.0)
    host.padding = 1000
    with pytest.raises(httpx.ReadError):
        await host.client.get("http://host/live")


async def test_nobody_there_is_told_and_a_blocked_way_is_waited_at(clock, nursery):
    host = Host(nursery)
    with pytest.raises(httpx.ConnectError):
        await host.client.get("http://other/")
    host.network.block("host", "me")
    begun = trio.current_time()
    with pytest.raises(httpx.ConnectTimeout):
        await host.client.get("http://host/")
    assert trio.current_time() - begun == pytest.approx(30)
    assert host.asked == 0
    host.network.unblock("host", "me")
    assert (await host.client.get("http://host/")).status_code == 200


async def test_a_way_blocked_in_the_middle_of_an_answer_only_delays_it(clock, nursery):
    host = Host(nursery)
    async with host.transport() as transport, transport.stream("http://host/live") as pieces:
        await anext(pieces)
        host.network.block("host", "me")
        nursery.start_soon(unblock_after, host.network, 25)
        assert await anext(pieces) == b"1;"
        assert trio.current_time() >= 25


async def unblock_after(network, seconds):
    await trio.sleep(seconds)
    network.unblock("host", "me")


@pytest.mark.parametrize(("silently", "error"), [(True, httpx.ReadTimeout), (False, httpx.ReadError)])
async def test_a_host_that_dies_takes_its_answers_along(clock, nursery, silently, error):
    async with trio.open_nursery() as living:
        host = Host(living, die_silently=float(silently))
        ended = trio.Event()
        nursery.start_soon(read_to_the_end, host, error, ended)
        await trio.sleep(15)
        host.network.vanish("host")
        living.cancel_scope.cancel()
    await ended.wait()


async def read_to_the_end(host, error, ended):
    with pytest.raises(error):
        await host.client.get("http://host/live")
    ended.set()


async def test_an_application_that_lets_an_error_out_is_reported(clock, nursery):
    host = Host(nursery, die_silently=0.0)
    with pytest.raises(httpx.ReadError):
        await host.client.get("http://host/fault")
    ((name, error),) = host.failed
    assert name == "host" and isinstance(error, ValueError)


async def test_the_transport_of_a_node_works_over_it(clock, nursery):
    host = Host(nursery)
    async with host.transport() as transport:
        assert await transport.fetch("http://host/x", bytes_max=100) == b"GET /x  "
        with pytest.raises(TransportError) as caught:
            await transport.fetch("http://nowhere/x", bytes_max=100)
        assert caught.value.code == "transport.unreachable"


async def test_what_happens_to_one_exchange_moves_nothing_of_the_next():
    def fates(**faults):
        network = Network(SeededRandom(7), Trace(), lambda *_: None)
        network.faults = Faults(**faults)
        return [network.fate("a", "b") for _ in range(20)]

    plain, dropping = fates(), fates(drop_request=0.5)
    assert [(fate.there_s, fate.back_s) for fate in plain] == [
        (fate.there_s, fate.back_s) for fate in dropping
    ]
    assert 0 < sum(fate.request_is_lost for fate in dropping) < 20
