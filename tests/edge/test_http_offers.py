"""Signed requests over real sockets: what is not signed as it must be changes nothing, and costs its sender alone."""

import json
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest
import trio
from trio.testing import MockClock

from frostnode.edge.peer_http import HttpTransport
from frostnode.edge.request_signer import NodeSigner, target_of
from frostnode.protocol.errors import LocalError, TransportError
from frostnode.protocol.frames import CursorFrame, encode_frame
from frostnode.protocol.keys import SigningKey
from frostnode.protocol.limits import (
    FETCH_TIMEOUT_S,
    LEASE_ASKED_S,
    LEASE_BYTES_MAX,
    LEASE_S_MAX,
    LEASES_PER_HOST_MAX,
    OFFER_BYTES_MAX,
    OFFER_ITEMS_MAX,
    OFFERS_AT_ONCE_PER_NODE_MAX,
)
from frostnode.replicate import lease_desk, taking
from frostnode.replicate.lease_asker import LeaseAsker
from frostnode.replicate.offer_form import (
    Have,
    LeaseAsked,
    Offered,
    lease_bytes,
    offer_bytes,
    read_answers,
    read_leased,
)
from frostnode.testing.clock import TrioClock
from frostnode.testing.loopback import loopback, response, saying
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.pushing import PushNode
from frostnode.testing.random import SeededRandom

pytestmark = pytest.mark.network


@pytest.fixture
def clock():
    return MockClock(autojump_threshold=0.02)


@pytest.fixture
def make_push_node(tmp_path):
    nodes = []

    def make(name, **options):
        nodes.append(PushNode(tmp_path, name, **options))
        return nodes[-1]

    yield make
    for node in nodes:
        node.close()


@asynccontextmanager
async def served(node):
    async with node.served() as url, httpx.AsyncClient(base_url=url, timeout=100) as client:
        yield url, client


def signer(name="stranger"):
    return NodeSigner(SigningKey(name.encode().ljust(32)), TrioClock(), SeededRandom(name))


async def post(client, path, body, headers):
    answer = await client.post(path, content=body, headers=headers)
    problem = answer.json()
    return answer.status_code, problem.get("code")


# the gate


async def test_a_signed_offer_is_answered(make_push_node, clock):
    node = make_push_node("node")
    async with served(node) as (url, client):
        body = offer_bytes(node.key.public, [])
        answer = await client.post(
            "/frost/offer", content=body, headers=signer().sign("POST", f"{url}/frost/offer", body)
        )
        assert (answer.status_code, answer.json()) == (200, {"answers": []})
        assert answer.headers["cache-control"] == "no-store"


async def test_what_is_not_signed_as_it_must_be_is_refused_with_the_rule(make_push_node, clock):
    node = make_push_node("node")
    async with served(node) as (url, client):
        path = "/frost/offer"
        body = offer_bytes(node.key.public, [])
        good = signer().sign("POST", url + path, body)
        streamed = signer("other").sign("POST", url + path, None)
        elsewhere = signer("elsewhere").sign("POST", "http://other.example" + path, body)
        other_path = signer("path").sign("POST", f"{url}/frost/lease", body)
        other_query = signer("query").sign("POST", f"{url}{path}?a=b", body)
        assert await post(client, path, body, {}) == (401, "request.malformed")
        assert await post(client, path, body, streamed) == (401, "request.malformed")
        for headers in (elsewhere, other_path, other_query):
            assert await post(client, path, body, headers) == (401, "request.signature")
        assert await post(client, path, body + b" ", good) == (401, "request.signature")
        assert await post(client, path, body, good) == (401, "request.replayed")
        await trio.sleep(1000)
        assert await post(client, path, body, good) == (401, "request.time")
        again = signer("again").sign("POST", url + path, body)
        twice = [*again.items(), ("signature", again["signature"])]
        assert await post(client, path, body, twice) == (401, "request.malformed")
        answer = await client.post(path, content=body)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"] == "Signature"
        assert answer.headers["accept-signature"].endswith('tag="frost-request"')
    assert node.desk.taken == 0


async def test_reading_needs_no_signature_and_writing_no_other_method(make_push_node, clock):
    node = make_push_node("node")
    async with served(node) as (_, client):
        assert (await client.get("/frost/node")).json()["offers"] is True
        assert (await client.get("/frost/offer")).status_code == 405


@pytest.mark.parametrize(
    "url",
    [
        "http://Node.Example/a/frost/offer",
        "http://node.example:80/frost/offer?a=%20&b",
        "https://node.example:443/é",
        "http://[::1]:8417/frost/take/00",
        "http://127.0.0.1:8417",
    ],
)
async def test_what_is_signed_is_what_is_sent(url):
    seen = []

    async def look(request):
        seen.append(request)
        return httpx.Response(200, stream=httpx.ByteStream(b""))

    async with HttpTransport(httpx.MockTransport(look), signer=signer()) as transport:
        await transport.post(url, b"{}", bytes_max=10)
    (request,) = seen
    path, _, query = request.url.raw_path.decode().partition("?")
    target = target_of("POST", url)
    assert (target.path, target.query) == (path, f"?{query}")
    assert target.authority == request.headers["host"].lower()


# bounds


async def test_an_offer_of_the_largest_size_is_read_and_a_larger_one_is_not(make_push_node, clock):
    node = make_push_node("node")
    async with served(node) as (url, client):
        for more, expected in ((0, 200), (1, 413)):
            body = offer_bytes(node.key.public, [])
            body += b" " * (OFFER_BYTES_MAX - len(body) + more)
            headers = signer(f"s{more}").sign("POST", f"{url}/frost/offer", body)
            assert (await client.post("/frost/offer", content=body, headers=headers)).status_code == expected
        body = lease_bytes(node.key.public, LeaseAsked(url=url, seconds=1)) + b" " * LEASE_BYTES_MAX
        headers = signer("lease").sign("POST", f"{url}/frost/lease", body)
        assert await post(client, "/frost/lease", body, headers) == (413, "request.too-large")


async def test_as_many_items_as_one_offer_may_have_and_one_more(make_push_node, clock):
    node = make_push_node("node")
    sources = [MemoryPublisher(f"p{number}") for number in range(OFFER_ITEMS_MAX + 1)]
    items = [
        Offered(did=source.did, origin=source.origin, note=None, tip=source.genesis.cid) for source in sources
    ]
    node.take(*[source.events() for source in sources])
    async with served(node) as (url, _), HttpTransport(signer=signer()) as transport:
        answers = await transport.post(
            f"{url}/frost/offer", offer_bytes(node.key.public, items[1:]), bytes_max=2**20
        )
        assert read_answers(answers, OFFER_ITEMS_MAX) == [Have()] * OFFER_ITEMS_MAX
        with pytest.raises(LocalError) as caught:
            await transport.post(f"{url}/frost/offer", offer_bytes(node.key.public, items), bytes_max=2**20)
        assert caught.value.code == "offer.malformed"
        twice = offer_bytes(node.key.public, items[:1] * 2)
        with pytest.raises(LocalError):
            await transport.post(f"{url}/frost/offer", twice, bytes_max=2**20)
        key = SigningKey(b"x" * 32).public
        with pytest.raises(LocalError) as caught:
            await transport.post(f"{url}/frost/offer", offer_bytes(key, []), bytes_max=2**20)
        assert caught.value.code == "offer.malformed"


class Body:
    """A body of this length that comes in pieces, and what became of it."""

    def __init__(self, total, piece, every_s):
        self.sent, self._total, self._piece, self._every_s = 0, total, piece, every_s

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.sent >= self._total:
            raise StopAsyncIteration
        await trio.sleep(self._every_s)
        self.sent += len(self._piece)
        return self._piece


async def raw_post(url, path, headers, pieces):
    """The status line of an answer that may come before the request has ended."""
    host, _, port = url.removeprefix("http://").partition(":")
    stream = await trio.open_tcp_stream(host, int(port))
    lines = [f"POST {path} HTTP/1.1", f"host: {host}:{port}", "transfer-encoding: chunked"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    received = b""

    async def send():
        try:
            await stream.send_all("\r\n".join(lines).encode() + b"\r\n\r\n")
            async for piece in pieces:
                await stream.send_all(b"%x\r\n%b\r\n" % (len(piece), piece))
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass

    async with stream, trio.open_nursery() as nursery:
        nursery.start_soon(send)
        try:
            while b"\r\n\r\n" not in received:
                data = await stream.receive_some()
                if not data:
                    break
                received += data
        except trio.BrokenResourceError:
            pass
        nursery.cancel_scope.cancel()
    return received.split(b"\r\n")[0].decode()


async def test_a_body_byte_by_byte_takes_no_longer_than_it_may(make_push_node, clock):
    node = make_push_node("node")
    async with served(node) as (url, _):
        headers = signer().sign("POST", f"{url}/frost/offer", b"x" * 1000)
        begun = trio.current_time()
        line = await raw_post(url, "/frost/offer", headers, Body(1000, b"x", 1))
        assert "408" in line
        assert trio.current_time() - begun == pytest.approx(FETCH_TIMEOUT_S, abs=2)


async def test_an_endless_body_is_not_read_to_its_end(make_push_node, clock):
    node = make_push_node("node")
    async with served(node) as (url, _):
        headers = signer().sign("POST", f"{url}/frost/offer", b"")
        body = Body(2**40, b" " * 65536, 0)
        line = await raw_post(url, "/frost/offer", headers, body)
        assert "413" in line or not line  # the answer may be lost with the connection
        assert body.sent < OFFER_BYTES_MAX + 16 * 2**20
        body = Body(2**40, b" " * 65536, 0)
        line = await raw_post(url, "/frost/offer", {}, body)
        assert "401" in line or not line
        assert body.sent < 16 * 2**20


async def test_an_endless_take_is_not_read_to_its_end(make_push_node, clock, monkeypatch):
    monkeypatch.setattr(taking, "TAKE_BYTES_MAX", 2**20)
    node = make_push_node("node")
    source = MemoryPublisher("p")
    source.put("a", {"title": "a"})
    item = Offered(did=source.did, origin=source.origin, note=source.note(), tip=source.genesis.cid)
    async with served(node) as (url, _), HttpTransport(signer=signer()) as transport:
        raw = await transport.post(
            f"{url}/frost/offer", offer_bytes(node.key.public, [item]), bytes_max=2**20
        )
        (want,) = read_answers(raw, 1)
        path = f"/frost/take/{want.slot}"
        frame = encode_frame(CursorFrame(cursor=b"c" * 32))
        body = Body(2**40, frame * (65536 // len(frame)), 0)
        line = await raw_post(url, path, signer("stranger").sign("POST", url + path, None), body)
        assert "413" in line or "401" in line or not line
        assert body.sent < 32 * 2**20
        assert node.desk.taking == 0


async def test_a_node_has_its_own_turns_and_no_more(make_push_node, clock):
    node = make_push_node("node")
    slow, fast = signer("slow"), signer("fast")
    async with served(node) as (url, client), trio.open_nursery() as nursery:
        for _ in range(OFFERS_AT_ONCE_PER_NODE_MAX):
            headers = slow.sign("POST", f"{url}/frost/offer", b"x")
            nursery.start_soon(raw_post, url, "/frost/offer", headers, Body(100, b"x", 1))
        await trio.sleep(1)
        body = offer_bytes(node.key.public, [])
        headers = slow.sign("POST", f"{url}/frost/offer", body)
        assert await post(client, "/frost/offer", body, headers) == (503, "queue.full")
        headers = fast.sign("POST", f"{url}/frost/offer", body)
        assert (await post(client, "/frost/offer", body, headers))[0] == 200
        nursery.cancel_scope.cancel()


async def test_a_closed_node_takes_nothing(make_push_node, clock):
    node = make_push_node("node", is_open=False)
    async with served(node) as (url, client):
        assert (await client.get("/frost/node")).json()["offers"] is False
        for path, body in (("/frost/offer", offer_bytes(node.key.public, [])), ("/frost/take/00", None)):
            headers = signer(path).sign("POST", url + path, body)
            assert await post(client, path, body or b"", headers) == (403, "offer.closed")


# leases


async def lease(node, holder, url, seconds=60):
    """Ask `node`, as `holder`, to push to `url`."""
    async with HttpTransport(signer=holder.signer) as transport:
        body = lease_bytes(node.key.public, LeaseAsked(url=url, seconds=seconds))
        return read_leased(await transport.post(f"{node.served_at}/frost/lease", body, bytes_max=1000))


def leases(node):
    with node.store.read() as reader:
        return [(lease.node, lease.url) for lease in reader.leases()]


async def test_a_node_that_asked_is_pushed_to_until_its_lease_ends(make_push_node, clock):
    node, holder = make_push_node("node"), make_push_node("holder")
    source = MemoryPublisher("p")
    source.put("a", {"title": "a"})
    node.take(*source.stream())
    async with node.served(), holder.served() as url, node.pushing():
        assert await lease(node, holder, url + "/", 120) == 120
        assert leases(node) == [(holder.key.public, url)]
        await trio.sleep(10)
        assert holder.contents() == node.contents()
        assert node.offering.is_neighbour(holder.key.public)
        await trio.sleep(200)
        assert node.offering.offerers == {}
        source.put("b", {"title": "b"})
        node.take(*source.stream(1))
        await trio.sleep(100)
        assert holder.contents() != node.contents()
        await lease(node, holder, url)
        await trio.sleep(10)
        assert holder.contents() == node.contents()
        assert await lease(node, holder, url, 0) == 0
        assert leases(node) == []


@pytest.mark.slow
async def test_a_node_that_wants_to_be_pushed_to_asks_and_asks_again(make_push_node, clock):
    node, holder = make_push_node("node"), make_push_node("holder")
    source = MemoryPublisher("p")
    source.put("a", {"title": "a"})
    node.take(*source.stream())
    async with node.served() as url, holder.served() as own, node.pushing():
        holder.follow_node(url)
        holder.follow_node("http://127.0.0.1:1")
        async with HttpTransport(signer=holder.signer) as transport, trio.open_nursery() as nursery:
            world = replace(holder.world, transport=transport)
            asker = LeaseAsker(url=own, world=world, changed=holder.changed)
            nursery.start_soon(asker.run)
            await trio.sleep(10)
            assert holder.contents() == node.contents()
            assert asker.answers[url] == f"for {LEASE_ASKED_S} s"
            assert asker.answers["http://127.0.0.1:1"].startswith("transport.unreachable: ")
            await trio.sleep(2 * LEASE_ASKED_S)
            assert node.offering.is_neighbour(holder.key.public)
            assert 4 <= node.requests.count("/frost/lease") <= 6
            with holder.store.write() as writer:
                writer.remove_peer(url)
            await trio.sleep(2 * LEASE_ASKED_S)
            assert not node.offering.is_neighbour(holder.key.public)
            nursery.cancel_scope.cancel()


async def test_nobody_is_made_the_target_of_pushes(make_push_node, clock):
    node, attacker, victim = (make_push_node(name) for name in ("node", "attacker", "victim"))
    closed = make_push_node("closed", is_open=False)

    async def fault(url, by=attacker):
        with pytest.raises((LocalError, TransportError)) as caught:
            await lease(node, by, url)
        return caught.value.code

    redirect = response(status=302, location="http://127.0.0.1:1/")
    async with node.served(), victim.served() as url, closed.served() as closed_url:
        async with loopback(saying({"/frost/node": redirect, "/a/frost/node": response(b"[]")})) as server:
            assert await fault(url) == "lease.node"
            assert await fault(closed_url, closed) == "lease.node"
            assert await fault(server.url) == "transport.status"
            assert await fault(server.url + "/a") == "offer.malformed"
            assert await fault("http://127.0.0.1:1") == "transport.status"
            assert await fault("ftp://127.0.0.1") == "usage"
        assert leases(node) == []
        with node.store.read() as reader:
            assert reader.offered(victim.key.public) == 0


async def test_a_lease_has_limits(make_push_node, clock, monkeypatch):
    node = make_push_node("node")
    holders = [make_push_node(f"holder {number}") for number in range(LEASES_PER_HOST_MAX + 1)]
    async with node.served():
        with pytest.raises(LocalError) as caught:
            await lease(node, holders[0], "http://127.0.0.1:1", LEASE_S_MAX + 1)
        assert caught.value.code == "offer.malformed"
        for holder in holders[:-1]:
            async with holder.served() as url:
                await lease(node, holder, url)
        async with holders[-1].served() as url:
            with pytest.raises(LocalError) as caught:
                await lease(node, holders[-1], url)
            assert caught.value.code == "queue.full"
            await trio.sleep(100)
            await lease(node, holders[-1], url)
        assert leases(node) == [(holders[-1].key.public, url)]
        monkeypatch.setattr(lease_desk, "LEASES_MAX", 1)
        async with holders[0].served() as url:
            with pytest.raises(LocalError) as caught:
                await lease(node, holders[0], url)
            assert caught.value.code == "queue.full"


async def test_the_answers_of_a_node_are_bounded_and_read_strictly(clock):
    answers = {
        "/a/frost/offer": response(b"x" * 1001),
        "/b/frost/offer": response(
            json.dumps({"code": "offer.slot"}).encode(), 409, content_type="application/problem+json"
        ),
    }
    async with loopback(saying(answers)) as server, HttpTransport(signer=signer()) as transport:
        with pytest.raises(TransportError) as caught:
            await transport.post(f"{server.url}/a/frost/offer", b"{}", bytes_max=1000)
        assert caught.value.code == "transport.too-large"
        with pytest.raises(LocalError) as refused:
            await transport.post(f"{server.url}/b/frost/offer", b"{}", bytes_max=1000)
        assert refused.value.code == "offer.slot"


async def test_a_request_has_the_time_that_its_bytes_may_take(clock):
    async def silent(target, stream):
        await trio.sleep_forever()

    async with loopback(silent) as server, HttpTransport(signer=signer()) as transport:
        for ask in (
            lambda: transport.post(server.url, b"{}", bytes_max=1),
            lambda: transport.send(server.url, Body(10, b"x", 1), bytes_max=1),
        ):
            begun = trio.current_time()
            with pytest.raises(TransportError) as caught:
                await ask()
            assert caught.value.code == "transport.timeout"
            assert trio.current_time() - begun == pytest.approx(FETCH_TIMEOUT_S, abs=1)
