"""The Atom feeds of this node, sent to whoever subscribed by WebSub (W3C Recommendation, 23 January 2018).

Rules (spec/14-notices.md#websub):
- the topic of a subscription is the feed of a target on this node, in its one spelling;
- what is sent is that feed as it is now, once for all changes that are due.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from hmac import digest
from typing import Final, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import trio

from frostnode.notify.sender import Letter
from frostnode.notify.tries import Reply, reply_to_http
from frostnode.notify_port import Watch
from frostnode.ports import Clock, Worker
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import (
    DELIVERIES_AT_ONCE_MAX,
    DELIVERIES_SLOW_AT_ONCE_MAX,
    DELIVERY_FRESH_S,
    WATCH_DUE_MAX,
)
from frostnode.search.subscription_target import Target, parse_target
from frostnode.wire import Callbacks

HUB_PATH: Final = "/feeds/hub"

_FEED_TYPE: Final = "application/atom+xml; charset=utf-8"


class Feeds(Protocol):
    """The feeds of a node."""

    def path(self, target: Target) -> str:
        """Where the feed of a target is on this node."""

    def document(self, target: Target) -> bytes:
        """The feed as it is now. Blocks.

        Raises:
            LocalError, when there is no such feed; StorageError
        """


def target_of_topic(feeds: Feeds, node: str, topic: str) -> Target:
    """The target whose feed on the node at this URL is the topic.

    Raises:
        LocalError: usage
    """
    base = node.rstrip("/")
    path = topic.removeprefix(base) if topic.startswith(f"{base}/") else ""
    target = target_at(path)
    if target is None or feeds.path(target) != path:
        raise LocalError("usage", "hub.topic", found=topic, expected=f"a feed at {base}/feeds/")
    return target


def target_at(path: str) -> Target | None:
    """The target whose feed is at a path, in any spelling; None where there can be none."""
    try:
        parts = urlsplit(path)
        query = parse_qs(parts.query, strict_parsing=True, max_num_fields=1) if parts.query else {}
        kind, _, name = parts.path.removeprefix("/feeds/").partition("/")
        match parts.path.startswith("/feeds/"), kind, unquote(name), query:
            case True, "node", "", {**rest} if not rest:
                text = "*"
            case True, "publisher" | "dataset", found, {**rest} if found and not rest:
                text = found
            case (True, "search", "", {"q": [found]}) | (True, "dataset", "", {"url": [found]}):
                text = found
            case _:
                return None
        return parse_target(text)
    except (ValueError, LocalError):
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSubSender:
    """A `frostnode.notify.sender.Sender`; `node` is the URL of this one."""

    callbacks: Callbacks
    feeds: Feeds
    worker: Worker
    clock: Clock
    node: str
    together_max: int = WATCH_DUE_MAX
    at_once_max: int = DELIVERIES_AT_ONCE_MAX
    slow_at_once_max: int = DELIVERIES_SLOW_AT_ONCE_MAX
    _made: dict[tuple[str, str], tuple[float, bytes]] = field(default_factory=dict)
    """When a feed was made, by target and the newest change that is in it: many subscribe to the same.

    It is used no longer than a notice: what was erased since would be in it.
    """
    _making: trio.Lock = field(default_factory=trio.Lock)

    async def send(self, watch: Watch, letters: Sequence[Letter]) -> Reply:
        """The feed.

        Raises:
            TransportError; LocalError: lease.address, or when there is no such feed any more; StorageError
        """
        target = parse_target(watch.target)
        body = await self._document(target, str(letters[-1].due.change.id))
        headers = {
            "content-type": _FEED_TYPE,
            "link": hub_links(self.node, self.feeds.path(target)),
        }
        if watch.secret:
            headers["x-hub-signature"] = f"sha256={digest(watch.secret, body, sha256).hex()}"
        answer = await self.callbacks.post(watch.address, headers, body)
        return reply_to_http(answer.status, answer.retry_after, self.clock.now_ms())

    async def _document(self, target: Target, newest: str) -> bytes:
        key = (str(target), newest)
        async with self._making:
            now_s = trio.current_time()
            for old in [old for old, made in self._made.items() if now_s - made[0] > DELIVERY_FRESH_S]:
                del self._made[old]
            if key not in self._made:
                self._made[key] = now_s, await self.worker.run(partial(self.feeds.document, target))
            return self._made[key][1]


def hub_links(node: str, path: str) -> str:
    """The header field that says where the hub of a feed is, and where the feed itself."""
    base = node.rstrip("/")
    return f'<{base}{HUB_PATH}>; rel="hub", <{base}{path}>; rel="self"'
