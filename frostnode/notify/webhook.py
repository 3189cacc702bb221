"""Notices as POST of a CloudEvent to a URL, signed so that the receiver can verify them with what it has.

Rules: spec/14-notices.md#webhooks.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from frostnode.notify.sender import Letter
from frostnode.notify.tries import Reply, reply_to_http
from frostnode.notify_port import Watch
from frostnode.ports import Clock
from frostnode.protocol.keys import SigningKey
from frostnode.protocol.limits import DELIVERIES_AT_ONCE_MAX, DELIVERIES_SLOW_AT_ONCE_MAX
from frostnode.protocol.notice import CLOUD_EVENT_TYPE, cloud_event
from frostnode.protocol.standard_webhooks import webhook_headers
from frostnode.wire import Callbacks


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSender:
    """A `frostnode.notify.sender.Sender`; `node` is the URL of the node that tells, "" when it has none."""

    callbacks: Callbacks
    key: SigningKey = field(repr=False)
    clock: Clock
    node: str
    together_max: int = 1
    at_once_max: int = DELIVERIES_AT_ONCE_MAX
    slow_at_once_max: int = DELIVERIES_SLOW_AT_ONCE_MAX

    async def send(self, watch: Watch, letters: Sequence[Letter]) -> Reply:
        """One notice.

        Raises:
            TransportError; LocalError: lease.address
        """
        (letter,) = letters
        assert letter.notice is not None
        event = cloud_event(letter.notice, node=self.node, previous=letter.due.previous)
        body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        now_ms = self.clock.now_ms()
        signed = webhook_headers(event["id"], body, now_s=now_ms // 1000, key=self.key, secret=watch.secret)
        answer = await self.callbacks.post(watch.address, {"content-type": CLOUD_EVENT_TYPE, **signed}, body)
        return reply_to_http(answer.status, answer.retry_after, self.clock.now_ms())
