"""What goes wrong while people work: one thing after the other, and all of it ends some time."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import fields
from typing import TypeAlias

import trio

from frostnode.testing.random import SeededRandom
from frostnode.testing.simulation.machine import Machine
from frostnode.testing.simulation.network import Network
from frostnode.testing.simulation.options import Nemesis

Act: TypeAlias = Callable[[], Awaitable[None]]


class Troublemaker:
    """See the module."""

    def __init__(
        self, wants: Nemesis, machines: Sequence[Machine], network: Network, random: SeededRandom
    ) -> None:
        self._wants = wants
        self._machines = machines
        self._network = network
        self._random = random
        acts = {
            "crash": self._crash,
            "crash_in_sync": self._crash_in_sync,
            "stop": self._stop,
            "failing_sync": self._failing_sync,
            "full_disk": self._full_disk,
            "old_image": self._old_image,
            "one_way": self._one_way,
            "split": self._split,
            "clog": self._clog,
            "clock_step": self._clock_step,
        }
        names = [one.name for one in fields(wants) if one.name != "every_s" and getattr(wants, one.name)]
        self._acts: list[tuple[str, float, Act]] = [
            (name, getattr(wants, name), acts[name]) for name in names
        ]

    async def run(self) -> None:
        """Make trouble until cancelled; what is cancelled is mended."""
        async with trio.open_nursery() as nursery:
            while self._acts:
                await trio.sleep(self._random.around(self._wants.every_s))
                nursery.start_soon(self._pick())

    def _pick(self) -> Act:
        left = self._random.between(0, sum(weight for _, weight, _ in self._acts))
        for _, weight, act in self._acts:
            left -= weight
            if left < 0:
                return act
        return self._acts[-1][2]

    def _victim(self) -> Machine:
        return self._random.pick(self._machines)

    # -- machines -----------------------------------------------------------------------------------

    async def _crash(self) -> None:
        self._victim().crash()

    async def _crash_in_sync(self) -> None:
        self._victim().crash_in_sync(1 + self._random.below(6))

    async def _stop(self) -> None:
        self._victim().stop()

    async def _failing_sync(self) -> None:
        victim = self._victim()
        self._network.trace(victim.name, "a sync will fail")
        victim.disk.fail_sync(1 + self._random.below(4), but_written=self._random.chance(0.5))

    async def _full_disk(self) -> None:
        victim, seconds = self._victim(), self._random.around(5)
        victim.set_full(True)
        try:
            await trio.sleep(seconds)
        finally:
            victim.set_full(False)

    async def _old_image(self) -> None:
        victim = self._victim()
        victim.keep_image()
        await trio.sleep(self._random.around(10))
        victim.restore()

    async def _clock_step(self) -> None:
        victim, milliseconds = self._victim(), int(self._random.between(-3_600_000, 3_600_000))
        self._network.trace(victim.name, "clock steps by", milliseconds)
        victim.clock.step(milliseconds)

    # -- links --------------------------------------------------------------------------------------

    async def _one_way(self) -> None:
        source, *targets = self._random.some([machine.name for machine in self._machines], 2)
        await self._block([(source, target) for target in targets], self._random.around(10))

    async def _split(self) -> None:
        names = [machine.name for machine in self._machines]
        side = set(self._random.some(names, 1 + self._random.below(len(names) - 1)))
        pairs = [(a, b) for a in names for b in names if (a in side) != (b in side)]
        await self._block(pairs, self._random.around(15))

    async def _clog(self) -> None:
        """Block several links, and let them go one after the other."""
        names = [machine.name for machine in self._machines]
        pairs = self._random.some([(a, b) for a in names for b in names if a != b], 3)
        async with trio.open_nursery() as nursery:
            for pair in pairs:
                nursery.start_soon(self._block, [pair], self._random.around(5))

    async def _block(self, pairs: Sequence[tuple[str, str]], seconds: float) -> None:
        self._network.trace("blocked", *(f"{source}>{target}" for source, target in pairs))
        for pair in pairs:
            self._network.block(*pair)
        try:
            await trio.sleep(seconds)
        finally:
            for pair in pairs:
                self._network.unblock(*pair)
            self._network.trace("unblocked", *(f"{source}>{target}" for source, target in pairs))
