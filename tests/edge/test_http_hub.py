"""The hub over HTTP, with a subscriber on a real socket that knows nothing but what the W3C wrote."""

from urllib.parse import parse_qsl, urlsplit

import pytest
import trio

from frostnode.edge.callbacks import HttpCallbacks
from frostnode.edge.http.app import make_app
from frostnode.edge.http.atom_feeds import AtomResources
from frostnode.notify_port import Form
from frostnode.outlets import Outlets, equip
from frostnode.protocol.limits import HUB_REQUEST_BYTES_MAX
from frostnode.testing.receiver import receiving
from frostnode.testing.subscriber import Subscriber

NODE = "https://frost.example.org"


@pytest.fixture
async def hubbed(make_node):
    """A node with a hub, which carries a dataset."""
    node = make_node()
    node.publish(("dataset", "ice", {"title": "Sea ice"}))
    async with HttpCallbacks() as callbacks:
        equip(node.parts, Outlets(guarded=callbacks, make_feeds=AtomResources))
        node.app = make_app(node.parts, {})
        yield node


@pytest.mark.network
async def test_a_subscriber_finds_the_hub_confirms_and_is_sent_the_feed(hubbed):
    async with receiving() as receiver:
        reader = Subscriber(f"{receiver.url}/cb", secret="between us")
        receiver.answer = reader.answer
        hub, topic = reader.discovered((await hubbed.ask("/feeds/node")).headers)
        assert (hub, topic) == (f"{NODE}/feeds/hub", f"{NODE}/feeds/node")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(hubbed.parts.hub.run)
            answer = await hubbed.ask(
                urlsplit(hub).path,
                "POST",
                {"content-type": "application/x-www-form-urlencoded"},
                reader.request("subscribe", topic),
            )
            assert answer.status == 202
            with trio.fail_after(5):
                await receiver.has(1)
                heard = hubbed.parts.projected.listen()
                with hubbed.notices.read() as reading:
                    known = reading.watches()
                if not known:
                    await heard.wait(5)
            nursery.cancel_scope.cancel()
        with hubbed.notices.read() as reading:
            (watch,) = reading.watches()
        assert (watch.form, watch.secret) == (Form.WEBSUB, b"between us")
        await hubbed.parts.delivery.test(watch.id)
    feed = await hubbed.ask("/feeds/node")
    assert b"Sea ice" in feed.body
    assert reader.got == [(topic, feed.body)]
    assert receiver.came[-1].headers["content-type"] == feed.headers["content-type"]


async def test_every_spelling_of_a_feed_names_the_one_topic(hubbed):
    with hubbed.catalog.read() as catalog:
        (did,) = [item.did for item in catalog.publishers()]
    spellings = (
        (f"/feeds/publisher/{did}", f"/feeds/publisher/{did}"),
        (f"/feeds/dataset/{did}/ice", f"/feeds/dataset/{did}/ice"),
        (f"/feeds/dataset?url={did}/ice", f"/feeds/dataset/{did}/ice"),
        ("/feeds/search?q=sea+ice", "/feeds/search?q=sea%20ice"),
    )
    for n, (path, topic) in enumerate(spellings):
        reader = Subscriber(f"http://reader.example/{n}")
        answer = await hubbed.ask(path)
        assert answer.status == 200
        assert reader.discovered(answer.headers)[1] == f"{NODE}{topic}"
        hubbed.parts.hub.ask(dict(parse_qsl(reader.request("subscribe", f"{NODE}{topic}").decode())))
    assert "link" not in (await hubbed.ask("/feeds/node?page=0")).headers


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"\xff", 400),
        (b"hub.mode=subscribe&hub.mode=subscribe", 400),
        (b"&".join(b"a%d=1" % n for n in range(100)), 400),
        (b"x" * (HUB_REQUEST_BYTES_MAX + 1), 413),
    ],
)
async def test_what_is_no_form_is_refused(hubbed, body, status):
    answer = await hubbed.ask("/feeds/hub", "POST", {}, body)
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_without_a_hub_there_is_none(make_node):
    node = make_node()
    assert (await node.ask("/feeds/hub", "POST", {}, b"")).status in (404, 405)
    assert "link" not in (await node.ask("/feeds/node")).headers
