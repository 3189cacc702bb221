"""Keep a view up with the arrivals: fold until there is nothing new, then wait for the bell."""

from collections.abc import Callable
from typing import Protocol

from frostnode.bell import Bell
from frostnode.ports import Worker
from frostnode.protocol.limits import VIEW_INTERVAL_S


class View(Protocol):
    """A fold that can be stepped."""

    def step(self) -> bool:
        """Fold some arrivals; False when there were none."""


async def catch_up(worker: Worker, view: View) -> bool:
    """Fold all that there is now; answers whether anything was new.

    Raises:
        StorageError
    """
    moved = False
    while await worker.run(view.step):
        moved = True
    return moved


async def keep_up(worker: Worker, view: View, hear: Bell, ring: Callable[[], None]) -> None:
    """Follow until the disk refuses. The bell may be missed: the interval finds what it did not tell.

    Raises:
        StorageError
    """
    while True:
        heard = hear.listen()
        if await catch_up(worker, view):
            ring()
            continue
        await heard.wait(VIEW_INTERVAL_S)
