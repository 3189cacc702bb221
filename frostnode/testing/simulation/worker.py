"""Blocking work without threads, that takes time all the same: others go on before and after it."""

from collections.abc import Callable
from typing import TypeVar

import trio

from frostnode.testing.random import SeededRandom

T = TypeVar("T")


class SimWorker:
    """A `frostnode.ports.Worker`. Every piece of work is done at one instant, somewhere within the time it takes.

    The time is what widens the gaps between steps, so that a crash falls into them.
    """

    def __init__(self, random: SeededRandom, mean_s: float) -> None:
        self._random = random
        self._mean_s = mean_s

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work` and answer its result; it cannot be cancelled once begun."""
        before_s, after_s = self._random.around(self._mean_s), self._random.around(self._mean_s)
        await trio.sleep(before_s)
        try:
            return work()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(after_s)
