"""TXT records over real packets: what is there, what is not, and what is no answer."""

import pytest

from frostnode.edge import dns_texts
from frostnode.edge.dns_texts import DnsTexts
from frostnode.protocol.errors import TransportError
from frostnode.testing.name_server import name_server

pytestmark = pytest.mark.network

LONG = '" "'.join(["x" * 200] * 3)


async def test_texts_come_whole_and_in_any_number():
    records = {"_frost.a.example": ["did=one", "v=spf1 -all", LONG], "_frost.empty.example": []}
    async with name_server(records) as server:
        texts = DnsTexts(server.address)
        assert sorted(await texts.texts("_frost.a.example")) == sorted(["did=one", "v=spf1 -all", "x" * 600])
        assert await texts.texts("_frost.empty.example") == []
        assert await texts.texts("_frost.nowhere.example") == []
        assert server.asked == ["_frost.a.example", "_frost.empty.example", "_frost.nowhere.example"]


@pytest.mark.parametrize("trouble", ["fails", "is silent", "talks nonsense"])
async def test_a_server_in_trouble_is_an_error_of_the_wire(monkeypatch, trouble):
    monkeypatch.setattr(dns_texts, "HANDLE_LOOK_UP_S", 0.05)
    async with name_server({}) as server:
        match trouble:
            case "fails":
                server.failing.add("_frost.a.example")
            case "is silent":
                server.silent.add("_frost.a.example")
            case _:
                server.answer = lambda packet: packet[:2] + b"\xff" * 5
        with pytest.raises(TransportError) as raised:
            await DnsTexts(server.address).texts("_frost.a.example")
    code = "transport.timeout" if trouble == "is silent" else ("transport.unreachable", "transport.timeout")
    assert raised.value.code in code


async def test_a_name_that_cannot_be_asked_is_an_error_of_the_wire():
    async with name_server({}) as server:
        with pytest.raises(TransportError):
            await DnsTexts(server.address).texts(f"_frost.{'a' * 70}.example")
        assert server.asked == []
