"""The newest notices, looked up once for all who read along: the store is asked once for a change, however many they are.

Rules (spec/14-notices.md#feeds):
- who reads along has joined the channel of its target; each change is matched once with all targets, and rings those
  that it concerns;
- nothing is kept for a reader: it takes from the window what is behind its place; what is not there any more it
  takes from the store;
- when something is erased or blocked, nothing that was told before is told again from here.
"""

from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

import trio

from frostnode.bell import Bell
from frostnode.notify.feed import Feed, Look, Told
from frostnode.notify.matcher import Matcher
from frostnode.ports import Worker
from frostnode.protocol.limits import FEED_WINDOW_MAX, FEED_WINDOW_PER_TARGET_MAX, VIEW_INTERVAL_S
from frostnode.protocol.notice import NoticeId
from frostnode.search.subscription_target import Target

At: TypeAlias = tuple[int, int]
"""(arrival, position) of a place."""


def at(place: NoticeId) -> At:
    """A place, to be compared with others of the same store."""
    return place.number, place.position


@dataclass(slots=True)
class Channel:
    """All who read along by the same target. `numbers`: those of the window that concern it, behind the place `since`."""

    key: str
    since: At
    readers: int = 0
    numbers: deque[int] = field(default_factory=deque)
    bell: Bell = field(default_factory=Bell)


class Window:
    """That of one node."""

    def __init__(self, feed: Feed, worker: Worker, projected: Bell) -> None:
        self.feed = feed
        self.worker = worker
        self.projected = projected
        """Rings when the catalog has got on."""
        self._looking = trio.Lock()
        """Held while the store is looked at, and by who joins: each look knows all targets of its time."""
        self._matcher: Matcher[str] = Matcher(feed.words)
        self._channels: dict[str, Channel] = {}
        self._left: set[str] = set()
        self._place: NoticeId | None = None
        self._recent: deque[Told] = deque()
        self._first = 0
        """The number of the oldest notice that is here: each has the number after the one before it."""
        self._gone: At = (0, 0)
        """The place behind which all notices are here that anybody who reads along is concerned by."""

    @property
    def place(self) -> NoticeId:
        """Up to where changes were looked at. There is one while somebody reads along."""
        assert self._place is not None
        return self._place

    async def run(self) -> None:
        """Look whenever the catalog has got on, while somebody reads along.

        Raises:
            StorageError
        """
        while True:
            heard = self.projected.listen()
            look = await self.look()
            if look is not None and look.has_more:
                continue
            rest_s = float(VIEW_INTERVAL_S)
            if look is not None and look.until_ms is not None:
                rest_s = min(rest_s, self.feed.seconds_until(look.until_ms))
            await heard.wait(rest_s)

    async def look(self) -> Look | None:
        """Take in what is new, and ring whom it concerns; None when nobody reads along.

        Raises:
            StorageError
        """
        async with self._looking:
            self._forget_those_who_left()
            if self._place is None:
                return None
            found = await self.worker.run(partial(self.feed.look, self._place, self._matcher))
            self._take(found)
            return found

    async def join(self, target: Target) -> Channel:
        """The channel of a target, from now on; whoever gets it will `leave` it.

        Raises:
            StorageError
        """
        async with self._looking:
            self._forget_those_who_left()
            if self._place is None:
                self._place = await self.worker.run(partial(self.feed.place, "now"))
                self._clear()
            channel = self._channels.get(str(target))
            if channel is None:
                channel = self._channels[str(target)] = Channel(str(target), at(self._place))
                self._matcher.add(channel.key, target)
            channel.readers += 1
            return channel

    def leave(self, channel: Channel) -> None:
        """Read along no more."""
        channel.readers -= 1
        if not channel.readers:
            self._left.add(channel.key)

    def behind(self, channel: Channel, place: At) -> list[Told] | None:
        """What is here behind a place that concerns a channel; None when it is here no more, or never was."""
        if channel.numbers and channel.numbers[0] < self._first:
            channel.since = self._gone
            while channel.numbers and channel.numbers[0] < self._first:
                channel.numbers.popleft()
        if place < channel.since:
            return None
        found: list[Told] = []
        for number in reversed(channel.numbers):  # who reads along is behind the newest few
            told = self._recent[number - self._first]
            if at(told.id) <= place:
                break
            found.append(told)
        return found[::-1]

    def _take(self, found: Look) -> None:
        self._place = found.place
        concerned: dict[str, Channel] = {}
        if found.withholds:
            self._clear()
        for told, keys in found.told:
            number = self._first + len(self._recent)
            self._recent.append(told)
            for key in keys:
                channel = concerned[key] = self._channels[key]
                channel.numbers.append(number)
                if len(channel.numbers) > FEED_WINDOW_PER_TARGET_MAX:
                    self._drop_first(channel)
        while len(self._recent) > FEED_WINDOW_MAX:
            self._gone = at(self._recent.popleft().id)
            self._first += 1
        for channel in concerned.values():
            channel.bell.ring()

    def _drop_first(self, channel: Channel) -> None:
        """One channel does not fill the memory with what concerns it."""
        number = channel.numbers.popleft()
        here = number >= self._first
        channel.since = at(self._recent[number - self._first].id) if here else max(channel.since, self._gone)

    def _clear(self) -> None:
        if self._recent:
            self._gone = at(self._recent[-1].id)
        self._first += len(self._recent)
        self._recent.clear()

    def _forget_those_who_left(self) -> None:
        for key in self._left:
            channel = self._channels.get(key)
            if channel is not None and not channel.readers:
                del self._channels[key]
                self._matcher.remove(key)
        self._left.clear()
        if not self._channels:
            self._place = None
