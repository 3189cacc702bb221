"""Blocking work in threads, so that the event loop goes on."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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
    """Threads for a part of an answer that can be found while its asker finds the others."""

    def __init__(self, name: str, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)

    def begin(self, work: Callable[[], T]) -> Callable[[], T]:
        """What waits for the result of `work`; where no thread was free until then, the asker does it."""
        begun = self._pool.submit(work)
        return lambda: work() if begun.cancel() else begun.result()
