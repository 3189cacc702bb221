"""Run one world so that every run of it is the same: time that jumps, and tasks in an order that a seed decides.

This is the one place that touches what trio keeps to itself: a switch that sorts the tasks that can run,
and the chance by which it then shuffles them. Both are looked for before they are used.
"""

import gc
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import trio
from trio.testing import MockClock

T = TypeVar("T")


def run_deterministically(seed: int | str, main: Callable[[], Awaitable[T]]) -> T:
    """Run `main` in virtual time, which begins at 0 and jumps to whatever is next when nothing else is to do."""
    with _fixed_order(f"{seed}/scheduler"), _no_collector():
        return trio.run(main, clock=MockClock(autojump_threshold=0))


def _scheduler() -> Any:
    """The module of trio that schedules.

    Raises:
        RuntimeError: when this trio keeps its switch elsewhere: worlds would still be sound, but not repeatable
    """
    module = trio._core._run  # noqa: SLF001 - see the module
    names = vars(module)
    if not isinstance(names.get("_ALLOW_DETERMINISTIC_SCHEDULING"), bool) or not isinstance(
        names.get("_r"), random.Random
    ):
        raise RuntimeError(f"trio {trio.__version__} has no switch for the order of tasks")  # noqa: TRY004 - of a version
    return module


@contextmanager
def _fixed_order(seed: str) -> Iterator[None]:
    module = _scheduler()
    before = module._ALLOW_DETERMINISTIC_SCHEDULING  # noqa: SLF001 - see the module
    module._ALLOW_DETERMINISTIC_SCHEDULING = True  # noqa: SLF001 - see the module
    module._r.seed(seed)  # noqa: SLF001 - see the module
    try:
        yield
    finally:
        module._ALLOW_DETERMINISTIC_SCHEDULING = before  # noqa: SLF001 - see the module


@contextmanager
def _no_collector() -> Iterator[None]:
    """Garbage in cycles is collected when memory says so, not the seed; generators that it closes run code."""
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
