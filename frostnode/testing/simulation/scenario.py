"""What a scenario is, and how people work while something happens in it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import trio

from frostnode.testing.simulation.options import Options
from frostnode.testing.simulation.world import World

Play: TypeAlias = Callable[[World], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A world and what happens in it before all is well; by default what its options say."""

    about: str
    options: Options
    play: Play = World.trouble


async def while_working(world: World, act: Play) -> None:
    """Do something while people work, and let them go on for a while after it."""
    async with trio.open_nursery() as nursery:
        world.begin_work(nursery)
        await trio.sleep(10)
        await act(world)
        await trio.sleep(10)
        nursery.cancel_scope.cancel()


def meanwhile(act: Play) -> Play:
    """The same as what happens in a scenario."""
    return partial(while_working, act=act)
