"""Blocking work in threads, so that the event loop goes on."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from typing import Final, TypeVar

import trio

T = TypeVar("T")

THREADS_MAX: Final = 8
"""Hashing and the store release the interpreter; more threads than that wait for each other."""


class ThreadWorker:
    """A `frostnode.ports.Worker`: at most THREADS_MAX pieces of work at once, others wait."""

    def __init__(self) -> None:
        self._limiter = trio.CapacityLimiter(THREADS_MAX)

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work` in a thread and answer its result; not cancelled half way."""
        return await trio.to_thread.run_sync(work, limiter=self._limiter)


class Beside:
    """Threads for parts of an answer that can be found while their asker finds the others: one fewer than there are processors."""

    def __init__(self, name: str, threads_max: int) -> None:
        threads = min(threads_max, max(1, (cpu_count() or 1) - 1))
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)

    def begin(self, work: Callable[[], T]) -> Callable[[], T]:
        """What waits for the result of `work`; where no thread was free until then, the asker does it."""
        begun = self._pool.submit(work)
        return lambda: work() if begun.cancel() else begun.result()
