"""Blocking work in threads, so that the event loop goes on."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from threading import Lock
from typing import Final, Generic, TypeVar

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
        """What answers the result of `work`, which is done once: by whoever waits for it, where no thread was free until then."""
        begun = _Once(work)
        self._pool.submit(begun)
        return begun


class _Once(Generic[T]):
    """Work of which whoever comes first does it, and whoever comes meanwhile waits. What fails is tried again."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._doing = Lock()
        self._results: list[T] = []

    def __call__(self) -> T:
        with self._doing:
            if not self._results:
                self._results.append(self._work())
                del self._work  # and all that it holds
            return self._results[0]
