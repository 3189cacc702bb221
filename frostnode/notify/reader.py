"""One who reads on from a place, as far as it wants and as fast as it can: from the store first, then along with others.

Nothing waits for it in memory: who is slow finds less in the window, and takes the rest from the store again.
"""

from collections.abc import Sequence
from functools import partial
from math import inf

import trio

from frostnode.notify.feed import Told, publisher_of
from frostnode.notify.matcher import Matcher
from frostnode.notify.window import Channel, Window, at
from frostnode.protocol.limits import FEED_NOTICES_MAX
from frostnode.protocol.notice import NoticeId
from frostnode.search.subscription_target import Target

_ME = ""
"""The name of the reader in a matcher of its own."""


class Reader:
    """Reads what concerns a target behind a place. `place` is where it stands: a later one goes on there."""

    def __init__(
        self, window: Window, target: Target, place: NoticeId, *, limit: int = FEED_NOTICES_MAX
    ) -> None:
        self.place = place
        self.has_more = True
        """Whether there may be more at once."""
        self._window = window
        self._target = target
        self._limit = limit
        self._alone: Matcher[str] = Matcher(window.feed.words)
        self._alone.add(_ME, target)
        self._previous: NoticeId | None = None
        self._channel: Channel | None = None

    def close(self) -> None:
        """Read no more."""
        if self._channel is not None:
            self._window.leave(self._channel)
            self._channel = None

    async def more(self, seconds_max: float) -> list[tuple[Told, str]]:
        """The next notices, each as text; those that come first in this time, if there are none now; else none.

        Raises:
            StorageError
        """
        until = trio.current_time() + seconds_max
        while True:
            if self._channel is not None:
                heard = self._channel.bell.listen()
                found = self._window.behind(self._channel, at(self.place))
                if found is not None:
                    if found or trio.current_time() >= until:
                        return self._take(found)
                    self._take(found)
                    await heard.wait(until - trio.current_time())
                    continue
            came = self._window.projected.listen()
            rest_s, found = await self._look()
            if found or trio.current_time() >= until:
                return self._texts(found)
            if self.has_more:
                continue
            if self._channel is None:
                self._channel = await self._window.join(self._target)
                continue
            await came.wait(min(rest_s, until - trio.current_time()))

    async def _look(self) -> tuple[float, list[Told]]:
        """What the store has; and in how many seconds it has more at the latest, when a body is waited for."""
        feed = self._window.feed
        look = partial(
            feed.look, self.place, self._alone, publisher=publisher_of(self._target), limit=self._limit
        )
        found = await self._window.worker.run(look)
        self.place, self.has_more = found.place, found.has_more
        rest_s = inf if found.until_ms is None else feed.seconds_until(found.until_ms)
        return rest_s, [told for told, _ in found.told]

    def _take(self, found: Sequence[Told]) -> list[tuple[Told, str]]:
        """Go on behind what the window has; behind all that it has looked at, if nothing is left."""
        taken = found[: self._limit]
        self.has_more = len(taken) < len(found)
        self.place = taken[-1].id if self.has_more else max(self.place, self._window.place)
        return self._texts(taken)

    def _texts(self, found: Sequence[Told]) -> list[tuple[Told, str]]:
        texts = []
        for told in found:
            texts.append((told, told.text(self._previous)))
            self._previous = told.id
        return texts
