"""Where strangers may lead this node: to public addresses, and to those that were looked at."""

import httpx
import pytest
import trio

from frostnode.edge.peer_http import HttpTransport
from frostnode.edge.public_addresses import PublicAddresses, resolve_name
from frostnode.protocol.errors import LocalError, TransportError
from frostnode.replicate.node_url import is_public_address


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"]
)
def test_public_addresses(address):
    assert is_public_address(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        *("100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2002:a00:1::"),
        *("", "localhost", "8.8.8", "0x7f.1"),
    ],
)
def test_addresses_that_are_not(address):
    assert not is_public_address(address)


def transport_to(answers):
    """A transport whose names have these addresses, and the requests that went out."""
    sent = []

    async def resolve(name):
        found = answers[name]
        if isinstance(found, Exception):
            raise found
        return found.pop(0) if found and isinstance(found[0], list) else found

    async def look(request):
        sent.append(request)
        return httpx.Response(200, stream=httpx.ByteStream(b"here"))

    return HttpTransport(PublicAddresses(httpx.MockTransport(look), resolve)), sent


async def test_a_request_goes_to_the_address_that_was_looked_at_under_its_own_name():
    transport, sent = transport_to({"a.example": [["8.8.8.8", "1.1.1.1"], ["127.0.0.1"]]})
    async with transport:
        assert await transport.fetch("https://a.example:8417/frost/node", bytes_max=10) == b"here"
        with pytest.raises(LocalError) as caught:
            await transport.fetch("https://a.example:8417/frost/node", bytes_max=10)
    assert caught.value.code == "lease.address"
    (request,) = sent
    assert str(request.url) == "https://8.8.8.8:8417/frost/node"
    assert request.headers["host"] == "a.example:8417"
    assert request.extensions["sni_hostname"] == "a.example"


async def test_a_connection_is_kept_for_the_name_whose_certificate_was_checked_alone(monkeypatch):
    monkeypatch.setattr("frostnode.edge.public_addresses.KEPT_NAMES_MAX", 2)
    went = []

    async def resolve(name):
        return ["8.8.8.8" if name < "d" else f"8.8.4.{ord(name[0])}"]

    def wire(called):
        def look(request):
            went.append((called, request.extensions["sni_hostname"]))
            return httpx.Response(200)

        return httpx.MockTransport(look)

    async with httpx.AsyncClient(transport=PublicAddresses(wire("kept"), resolve, wire("apart"))) as client:
        for url in ("https://a.example", "https://b.example", "https://a.example", "http://b.example"):
            await client.get(url)
        await client.get("https://b.example:444")
        await client.get("https://d.example")  # beyond KEPT_NAMES_MAX
    assert went == [
        ("kept", "a.example"),
        ("apart", "b.example"),
        ("kept", "a.example"),
        ("kept", "b.example"),
        ("kept", "b.example"),
        ("apart", "d.example"),
    ]


@pytest.mark.parametrize("found", [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["fe80::1%lo"], []])
async def test_a_name_with_any_other_address_is_refused(found):
    transport, sent = transport_to({"a.example": found})
    async with transport:
        with pytest.raises(LocalError) as caught:
            await transport.fetch("http://a.example/", bytes_max=10)
    assert caught.value.code == "lease.address"
    assert sent == []


async def test_a_name_that_there_is_not():
    transport, _ = transport_to({"a.example": OSError("no such name")})
    async with transport:
        with pytest.raises(TransportError) as caught:
            await transport.fetch("http://a.example/", bytes_max=10)
    assert caught.value.code == "transport.unreachable"


@pytest.mark.network
async def test_loopback_by_any_name_is_not_public():
    async with HttpTransport(PublicAddresses()) as transport:
        for host in ("127.0.0.1", "localhost", "[::1]", "2130706433"):
            with pytest.raises((LocalError, TransportError)) as caught:
                await transport.fetch(f"http://{host}:1/", bytes_max=10)
            assert caught.value.code == "lease.address"
    with trio.fail_after(10):
        assert await resolve_name("127.0.0.1") == ["127.0.0.1"]
