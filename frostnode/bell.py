"""A wake-up that may be lost: it costs latency, never correctness."""

import trio


class Heard:
    """One listener's place: rings that come after `listen` are not missed."""

    def __init__(self, event: trio.Event) -> None:
        self._event = event

    async def wait(self, seconds_max: float) -> None:
        """Until the bell rings, or the time is over."""
        with trio.move_on_after(seconds_max):
            await self._event.wait()


class Bell:
    """Rings for everyone who listens."""

    def __init__(self) -> None:
        self._event = trio.Event()
        self.rings = 0
        """How often it rang: whoever has looked since the last time need not look again."""

    def listen(self) -> Heard:
        """Take a place before looking at the state, so that no ring falls between look and wait."""
        return Heard(self._event)

    def ring(self) -> None:
        """Wake all listeners."""
        self.rings += 1
        self._event.set()
        self._event = trio.Event()
