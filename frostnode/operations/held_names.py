"""Names of records that are being written: who writes one waits until nobody else does, so that what was checked still holds."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

import trio


class HeldNames:
    """The names that are held now. All names of one writer are taken at once: two never wait for each other."""

    def __init__(self) -> None:
        self._held: set[str] = set()
        self._changed = trio.Condition()

    @asynccontextmanager
    async def of(self, names: Collection[str]) -> AsyncIterator[None]:
        """Hold these while the context lasts."""
        mine = frozenset(names)
        async with self._changed:
            while not self._held.isdisjoint(mine):
                await self._changed.wait()
            self._held |= mine
        try:
            yield
        finally:
            with trio.CancelScope(shield=True):
                async with self._changed:
                    self._held -= mine
                    self._changed.notify_all()
