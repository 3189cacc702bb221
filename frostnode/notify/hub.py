"""Who subscribes to the feeds of this node by WebSub: asked whether it wants to, bounded, never for ever.

Whoever reaches this node chooses the URLs that it asks: that is what WebSub is, so the hub is off unless the operator
turns it on. One request makes one GET, with an answer that nobody but the receiver sees; to one host go few.
"""

from base64 import urlsafe_b64encode
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from hmac import compare_digest
from typing import Final
from urllib.parse import urlencode, urlsplit

import trio

from frostnode.bell import Bell
from frostnode.notify.addresses import callback_url
from frostnode.notify.watches import Watches
from frostnode.notify.websub import Feeds, target_of_topic
from frostnode.notify_port import LAST_POSITION, Form, Watch, WatchState
from frostnode.ports import Clock, LogStore, Random, Worker
from frostnode.protocol.errors import LocalError, TransportError
from frostnode.protocol.limits import (
    HUB_ASKED_MAX,
    HUB_ASKED_PER_HOST_MAX,
    HUB_ASKED_S,
    HUB_AT_ONCE_MAX,
    HUB_LEASE_S_MAX,
    HUB_LEASE_S_MIN,
    HUB_SECRET_BYTES_MAX,
    HUB_SUBSCRIPTIONS_MAX,
    HUB_SUBSCRIPTIONS_PER_HOST_MAX,
    HUB_WAITING_MAX,
)
from frostnode.wire import Callbacks

_CHALLENGE_BYTES: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody asked for, and nobody has confirmed yet. `lease_s` is 0 for the end of a subscription."""

    topic: str
    target: str
    callback: str
    lease_s: int
    secret: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """The id of its watch: a topic and a callback have one subscription."""
        return f"websub-{sha256(f'{self.topic} {self.callback}'.encode()).hexdigest()[:32]}"

    @property
    def host(self) -> str:
        """Whom it makes this node ask."""
        return urlsplit(self.callback).hostname or ""


@dataclass(slots=True, kw_only=True)
class Hub:
    """The hub of the node at the URL `node`."""

    node: str
    feeds: Feeds
    callbacks: Callbacks
    log: LogStore
    watches: Watches
    worker: Worker
    clock: Clock
    random: Random
    matched: Bell
    """Rung when somebody shall be matched again."""
    _waiting: deque[Wanted] = field(default_factory=deque)
    _under_way: set[str] = field(default_factory=set)
    _asked: deque[tuple[int, str]] = field(default_factory=deque)
    """When, and which host, oldest first."""
    _comes: trio.Semaphore = field(default_factory=lambda: trio.Semaphore(0))

    def ask(self, form: Mapping[str, str]) -> None:
        """Take up a request to subscribe, or not to be any more; whether it is meant is asked later.

        Raises:
            LocalError: usage, queue.full
        """
        wanted = self._read(form)
        if wanted.id in self._under_way or len(self._waiting) >= HUB_WAITING_MAX:
            raise LocalError(
                "queue.full", "requests to the hub", found=len(self._waiting), hint="come again later"
            )
        self._count(wanted.host)
        self._under_way.add(wanted.id)
        self._waiting.append(wanted)
        self._comes.release()

    async def run(self) -> None:
        """Ask whether what was asked for is meant, until cancelled.

        Raises:
            StorageError
        """
        async with trio.open_nursery() as nursery:
            for _ in range(HUB_AT_ONCE_MAX):
                nursery.start_soon(self._keep_verifying)

    async def _keep_verifying(self) -> None:
        while True:
            await self._comes.acquire()
            wanted = self._waiting.popleft()
            try:
                if await self._is_meant(wanted):
                    await self.worker.run(partial(self._keep, wanted))
                    self.matched.ring()
            finally:
                self._under_way.discard(wanted.id)

    async def _is_meant(self, wanted: Wanted) -> bool:
        """Whether the receiver says what only it can know."""
        challenge = urlsafe_b64encode(self.random.bytes(_CHALLENGE_BYTES))
        query = {
            "hub.mode": "subscribe" if wanted.lease_s else "unsubscribe",
            "hub.topic": wanted.topic,
            "hub.challenge": challenge.decode("ascii"),
        }
        if wanted.lease_s:
            query["hub.lease_seconds"] = str(wanted.lease_s)
        url = f"{wanted.callback}{'&' if '?' in wanted.callback else '?'}{urlencode(query)}"
        try:
            answer = await self.callbacks.get(url)
        except (TransportError, LocalError):
            return False
        return 200 <= answer.status < 300 and compare_digest(answer.body, challenge)

    def _keep(self, wanted: Wanted) -> None:
        """Write down what was meant. What there is no room for is forgotten: its receiver asks again when nothing comes."""
        if not wanted.lease_s:
            self.watches.remove(wanted.id)
            return
        now_ms = self.clock.now_ms()
        with self.log.read() as log, self.watches.store.read() as reader:
            kept = reader.watch(wanted.id)
            hosts = [urlsplit(address).hostname for address in reader.addresses(Form.WEBSUB)]
            now = (log.last_arrival(), LAST_POSITION)
        if kept is None and (
            len(hosts) >= HUB_SUBSCRIPTIONS_MAX or hosts.count(wanted.host) >= HUB_SUBSCRIPTIONS_PER_HOST_MAX
        ):
            return
        watch = kept or Watch(
            id=wanted.id,
            target=wanted.target,
            form=Form.WEBSUB,
            created_ms=now_ms,
            told=now,
            address=wanted.callback,
        )
        expires_ms = now_ms + 1000 * wanted.lease_s
        self.watches.put(replace(watch, secret=wanted.secret, expires_ms=expires_ms))
        if watch.state is WatchState.LAPSED:
            self.watches.resume(watch.id)

    def _read(self, form: Mapping[str, str]) -> Wanted:
        mode, topic = form.get("hub.mode", ""), form.get("hub.topic", "")
        if mode not in ("subscribe", "unsubscribe"):
            raise LocalError("usage", "hub.mode", found=mode, expected="subscribe or unsubscribe")
        secret = form.get("hub.secret", "").encode()
        if len(secret) > HUB_SECRET_BYTES_MAX:
            raise LocalError("usage", f"hub.secret: expected at most {HUB_SECRET_BYTES_MAX} bytes")
        return Wanted(
            topic=topic,
            target=str(target_of_topic(self.feeds, self.node, topic)),
            callback=callback_url(form.get("hub.callback", "")),
            lease_s=_lease_s(form.get("hub.lease_seconds", "")) if mode == "subscribe" else 0,
            secret=secret,
        )

    def _count(self, host: str) -> None:
        """Note that a host is asked, unless too many were."""
        now_ms = self.clock.now_ms()
        while self._asked and not 0 <= now_ms - self._asked[0][0] < 1000 * HUB_ASKED_S:
            self._asked.popleft()
        of_host = sum(asked == host for _, asked in self._asked)
        if of_host >= HUB_ASKED_PER_HOST_MAX or len(self._asked) >= HUB_ASKED_MAX:
            raise LocalError(
                "queue.full", "requests to the hub", found=len(self._asked), hint="come again later"
            )
        self._asked.append((now_ms, host))


def _lease_s(text: str) -> int:
    if not text:
        return HUB_LEASE_S_MAX
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        raise LocalError("usage", "hub.lease_seconds", found=text, expected="a number of seconds")
    return min(max(int(text), HUB_LEASE_S_MIN), HUB_LEASE_S_MAX)
