"""A webhook on a real socket, received with other people's libraries."""

from base64 import b64decode

import pytest
import trio
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError

from frostnode.edge.callbacks import HttpCallbacks
from frostnode.edge.clock import SystemClock
from frostnode.edge.public_addresses import PublicAddresses
from frostnode.notify.tries import Verdict
from frostnode.notify.webhook import WebhookSender
from frostnode.notify_port import Form
from frostnode.protocol.keys import SigningKey
from frostnode.protocol.standard_webhooks import write_webhook_key, write_webhook_secret
from frostnode.testing.receiver import receiving

pytestmark = pytest.mark.network

KEY = SigningKey(bytes(range(32)))
SECRET = bytes(range(32))


def webhooks(callbacks, clock):
    """Signed for now, as a receiver checks it by its own clock."""
    return WebhookSender(callbacks=callbacks, key=KEY, clock=SystemClock(), node="https://node.example")


@pytest.fixture
async def told(make_telling, publisher, nursery):
    """A receiver, and a node that tells it of all."""
    async with receiving() as receiver, HttpCallbacks() as callbacks:
        node = make_telling(senders={Form.WEBHOOK: lambda _, clock: webhooks(callbacks, clock)})
        node.watch("hook", publisher.did, address=f"{receiver.url}/hook?who=me", secret=SECRET)
        async with node.delivering():
            yield node, receiver


async def test_a_receiver_verifies_it_and_reads_the_event(told, publisher):
    node, receiver = told
    publisher.put("ice", {"title": "Sea ice"})
    publisher.put("ice@1", {"changes": {"note": "first"}}, "version")
    node.tell(*publisher.stream())
    with trio.fail_after(5):
        first, second = await receiver.has(2)
    assert (first.method, first.target) == ("POST", "/hook?who=me")
    Webhook(write_webhook_secret(SECRET)).verify(first.body, first.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(write_webhook_secret(bytes(32))).verify(first.body, first.headers)
    public = Ed25519PublicKey.from_public_bytes(
        b64decode(write_webhook_key(KEY.public).removeprefix("whpk_"))
    )
    signature = first.headers["webhook-signature"].split(" ")[0].removeprefix("v1a,")
    signed = f"{first.headers['webhook-id']}.{first.headers['webhook-timestamp']}.".encode() + first.body
    public.verify(b64decode(signature), signed)
    one, other = (from_http_event(HTTPMessage(dict(each.headers), each.body)) for each in (first, second))
    assert one.get_type() == "org.frostnode.dataset.published"
    assert one.get_source() == publisher.did
    assert one.get_subject() == f"{publisher.did}/ice"
    assert one.get_id() == first.headers["webhook-id"]
    assert abs(one.get_time().timestamp() - node.clock.now_ms() / 1000) < 60
    assert one.get_data()["title"] == "Sea ice"
    assert other.get_data()["note"] == "first"
    assert other.get_data()["previous"] == one.get_id()
    assert receiver.connections == 1, "the connection is kept"


async def test_a_callback_inside_is_refused_unless_it_is_allowed(make_telling, publisher):
    async with receiving() as receiver, HttpCallbacks(PublicAddresses()) as callbacks:
        node = make_telling(senders={Form.WEBHOOK: lambda _, clock: webhooks(callbacks, clock)})
        node.watch("hook", publisher.did, address=receiver.url)
        reply = await node.parts.delivery.test("hook")
    assert receiver.came == []
    assert reply.verdict is Verdict.REFUSED
    assert "127.0.0.1, expected public ones" in reply.error
