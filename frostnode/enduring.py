"""Errors that leave nurseries: one of them as itself, and those of the disk as no reason to end."""

from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager

import trio

from frostnode.protocol.errors import FrostError, StorageError
from frostnode.protocol.limits import STORAGE_RETRY_S


@contextmanager
def one_fault() -> Iterator[None]:
    """Let one error out of the nurseries as itself, a defect before what has a code: often there are several, of one cause."""
    try:
        yield
    except BaseExceptionGroup as group:
        faults = list(_faults(group))
        fault = next((each for each in faults if not isinstance(each, FrostError)), faults[0])
        raise fault from fault.__cause__


def _faults(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for each in group.exceptions:
        if isinstance(each, BaseExceptionGroup):
            yield from _faults(each)
        else:
            yield each


async def endure(name: str, stage: Callable[[], Awaitable[None]], troubles: MutableMapping[str, str]) -> None:
    """Run a stage, and begin it anew when the disk refuses it something: it may be full now and not later.

    In `troubles` stands under its name what anybody may read of the error, until the stage has gone on for a while.
    """
    while True:
        try:
            with one_fault():
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(_forget, name, troubles)
                    await stage()
                    nursery.cancel_scope.cancel()
                return
        except StorageError as error:
            troubles[name] = ": ".join(filter(None, (error.code, error.hint)))  # the error says paths
        await trio.sleep(STORAGE_RETRY_S)


async def _forget(name: str, troubles: MutableMapping[str, str]) -> None:
    await trio.sleep(STORAGE_RETRY_S)
    troubles.pop(name, None)
