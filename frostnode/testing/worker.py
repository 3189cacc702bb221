"""Blocking work without threads: in order, where it is asked for, the same at every run."""

from collections.abc import Callable
from typing import TypeVar

import trio

T = TypeVar("T")


class InlineWorker:
    """A `frostnode.ports.Worker` that runs the work itself; others get their turn before and after."""

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work` and answer its result; it cannot be cancelled once begun."""
        await trio.lowlevel.checkpoint()
        return work()
