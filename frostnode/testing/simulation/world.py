"""A network of machines from a seed: people work and things go wrong, then all heals; checked all along.

Two phases. In the first nothing is promised but safety: `watch`, `image` and the oracle say what must hold
whatever happens. In the second the honest part of the network is whole again, liars go on lying, and within
a bounded time all honest nodes must hold the same (`harmony`).
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx
import trio

from frostnode.protocol.errors import FrostError
from frostnode.protocol.names import parse_origin
from frostnode.testing.random import SeededRandom
from frostnode.testing.simulation.faults import GOOD
from frostnode.testing.simulation.harmony import discord
from frostnode.testing.simulation.image import check_store, check_views
from frostnode.testing.simulation.liars import ACCOMPLICES, LIARS
from frostnode.testing.simulation.liars.liar import Stage
from frostnode.testing.simulation.machine import Bugs, Machine, Surroundings
from frostnode.testing.simulation.nemesis import Troublemaker
from frostnode.testing.simulation.network import Network, Server
from frostnode.testing.simulation.options import Options, peers_of
from frostnode.testing.simulation.oracle import Oracle
from frostnode.testing.simulation.scheduling import run_deterministically
from frostnode.testing.simulation.telling import told_wrong
from frostnode.testing.simulation.trace import Trace
from frostnode.testing.simulation.transport import SimTransport
from frostnode.testing.simulation.violation import Violation
from frostnode.testing.simulation.workload import work_on

_LOOK_S: Final = 1.0
_REST_S: Final = 10.0
_RESTS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How a run went."""

    seed: int | str
    digest: str
    events: int
    virtual_s: float
    healed_s: float
    """How long it took until all was the same."""
    entries: int
    commits: int
    crashes: int
    receipts: int
    tail: list[str]


class World:
    """See the module."""

    def __init__(self, seed: int | str, options: Options, folder: Path, bugs: Bugs | None = None) -> None:
        self.seed = seed
        self.options = options
        self.trace = Trace()
        self.found: list[str] = []
        self.random = SeededRandom(seed, "world")
        self.oracle = Oracle(self.violated)
        self.network = Network(self.random.fork("network"), self.trace, self._failed)
        self.around = Surroundings(
            folder=folder,
            random=self.random,
            network=self.network,
            oracle=self.oracle,
            config=options.config,
            worker_s=options.worker_s,
            fsck_every=options.fsck_every,
            bugs=bugs or Bugs(),
        )
        self.oracle.has_thief = "thief" in options.liars
        self.machines = [self._machine(at) for at in range(options.nodes)]
        self._root = trio.CancelScope()

    def _machine(self, at: int) -> Machine:
        names = [f"n{other}" for other in peers_of(self.options, at)] + list(self.options.liars)
        peers = [f"http://{name}" for name in names]
        machine = Machine(f"n{at}", self.around, peers=peers, owner=at < self.options.owners)
        self.oracle.honest_urls.add(machine.url)
        if machine.owner is not None:
            self.oracle.honest.add(machine.owner.did)
        return machine

    def _raise_liars(self, nursery: trio.Nursery, client: httpx.AsyncClient) -> None:
        owners = [machine.owner for machine in self.machines if machine.owner is not None]
        hosts = {machine.owner.did: machine.host for machine in self.machines if machine.owner is not None}
        for name in self.options.liars:
            stage = Stage(
                random=self.random.fork(f"liar/{name}"),
                client=client,
                upstream=[machine.url for machine in self.machines],
                owners=owners,
                stolen=lambda owner: hosts[owner.did] if len(owner.history) > 1 else None,
                robbed=lambda origin: (
                    hosts[parse_origin(origin).did] if origin in self.oracle.robbed else None
                ),
            )
            kind = LIARS.get(name) or ACCOMPLICES[name]
            self.network.serve(name, Server(kind(name, stage).app, nursery))

    # -- what goes wrong with the world itself --------------------------------------------------------

    def violated(self, what: str) -> None:
        """Something that must be true is not: the world ends."""
        self.found.append(what)
        self.trace("VIOLATION", what)
        self._root.cancel()

    def require(self, holds: object, what: str) -> None:
        """Something that a scenario expects."""
        if not holds:
            self.violated(what)

    def _failed(self, name: str, error: BaseException) -> None:
        machine = next((machine for machine in self.machines if machine.name == name), None)
        if machine is not None and isinstance(error, FrostError) and not machine.is_up:
            return  # it was losing its disk
        self.violated(f"{name}: a request ended with {type(error).__name__}: {error}")

    # -- what scenarios ask of it ---------------------------------------------------------------------

    def cut(self, *pairs: tuple[Machine, Machine]) -> None:
        """Let nothing pass between two machines, both ways, until it is mended."""
        for one, other in pairs:
            self.network.block(one.name, other.name)
            self.network.block(other.name, one.name)

    def mend(self, *pairs: tuple[Machine, Machine]) -> None:
        """Let pass again."""
        for one, other in pairs:
            self.network.unblock(one.name, other.name)
            self.network.unblock(other.name, one.name)

    async def until(self, what: str, holds: Callable[[], object], within_s: float = 120) -> None:
        """Wait until something holds; it must, within a time."""
        for _ in range(round(within_s / _LOOK_S)):
            if holds():
                return
            await trio.sleep(_LOOK_S)
        self.violated(f"not within {within_s:.0f} s: {what}")
        await trio.lowlevel.checkpoint()

    # -- its life ---------------------------------------------------------------------------------------

    async def run(self, play: Callable[["World"], Any] | None = None) -> Summary:
        """Live through both phases. `play` is what happens in the first one; by default what the options say.

        Raises:
            Violation: the first thing that was not as it must be
        """
        healed_s = 0.0
        with self._root, self._explained():
            async with (
                httpx.AsyncClient(transport=SimTransport(self.network, "liar"), timeout=20) as client,
                trio.open_nursery() as nursery,
            ):
                self._raise_liars(nursery, client)
                for machine in self.machines:
                    nursery.start_soon(machine.run)
                self.network.faults = self.options.faults
                await (play or World.trouble)(self)
                self.network.faults = GOOD
                self.trace("all is well again")
                begun = trio.current_time()
                await self._until_harmony()
                healed_s = trio.current_time() - begun
                await self._until_rest()
                await self._check_views()
                self._check_answers()
                nursery.cancel_scope.cancel()
        if self.found:
            raise Violation(self.found[0])
        return self._summary(healed_s)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Whatever else ends the world is a violation too."""
        try:
            yield
        except Exception as error:  # production code let it out: it is reported with the trace
            if not self.found:
                raise Violation(f"{type(error).__name__}: {error}") from error

    async def trouble(self) -> None:
        """People work while things go wrong."""
        with trio.move_on_after(self.options.trouble_s):
            async with trio.open_nursery() as nursery:
                self.begin_work(nursery)
                maker = Troublemaker(
                    self.options.nemesis, self.machines, self.network, self.random.fork("nemesis")
                )
                nursery.start_soon(maker.run)
                await trio.sleep_forever()

    def begin_work(self, nursery: trio.Nursery) -> None:
        """Let people work at all machines, for as long as the nursery lasts."""
        for machine in self.machines:
            random = self.random.fork(f"work/{machine.name}")
            nursery.start_soon(partial(work_on, machine, self.options.work, random, self.trace))

    async def _until_harmony(self) -> None:
        difference = ""
        with trio.move_on_after(self.options.healing_s):
            while True:
                await trio.sleep(_LOOK_S)
                difference = self._discord()
                if not difference:
                    return
        self.violated(f"no harmony {self.options.healing_s:.0f} s after all was well: {difference}")
        await trio.lowlevel.checkpoint()

    async def _until_rest(self) -> None:
        """When nobody works any more, nodes have nothing more to tell each other."""
        for _ in range(_RESTS):
            before = self._last_arrivals()
            await trio.sleep(_REST_S)
            if self._last_arrivals() == before:
                return
        self.violated(f"no rest: {_REST_S * _RESTS:.0f} s after all hold the same, nodes still announce")

    def _last_arrivals(self) -> list[int]:
        counts = []
        for machine in self.machines:
            if machine.parts is not None:
                with machine.parts.log.read() as reader:
                    counts.append(reader.last_arrival())
        return counts

    def _discord(self) -> str:
        readers = {}
        for machine in self.machines:
            if machine.parts is None:
                return f"{machine.name} is down"
            readers[machine.name] = machine.parts.log
        with ExitStack() as stack:
            opened = {name: stack.enter_context(store.read()) for name, store in readers.items()}
            return discord(opened, self.oracle.honest)

    async def _check_views(self) -> None:
        """In the end every live node is sound, and its views are their rebuilds."""
        for machine in self.machines:
            parts = machine.parts
            if parts is None:
                continue
            await parts.project()
            if wrong := told_wrong(parts, is_set_back=machine.is_set_back):
                self.violated(f"{machine.name}: {wrong}")
            check_store(parts.log, self.oracle, machine.name, {})
            check_views(parts.log, parts.catalog, machine.index, self.violated, machine.name)

    def _check_answers(self) -> None:
        """Nobody is still at requests of those who have long hung up."""
        for machine in self.machines:
            count = self.network.open_answers.get(machine.name, 0)
            most = 2 * (len(self.machines) + len(self.options.liars))
            if count > most:
                self.violated(f"{machine.name} is at {count} requests, expected at most {most}")

    def _summary(self, healed_s: float) -> Summary:
        return Summary(
            seed=self.seed,
            digest=self.trace.digest(),
            events=self.trace.count,
            virtual_s=trio.current_time(),
            healed_s=healed_s,
            entries=sum(max(trees, default=0) for trees in self.oracle.trees.values()),
            commits=sum(machine.commits for machine in self.machines),
            crashes=sum(machine.incarnation for machine in self.machines),
            receipts=sum(map(len, self.oracle.receipts.values())),
            tail=list(self.trace.tail),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A run that found something wrong."""

    seed: int | str
    options: Options
    what: str
    digest: str
    tail: list[str]


def simulate(
    seed: int | str,
    options: Options,
    *,
    play: Callable[[World], Any] | None = None,
    bugs: Bugs | None = None,
) -> Summary | Failure:
    """Run one world from its beginning to its end, in a folder of its own that is gone afterwards."""

    async def main() -> Summary | Failure:
        world = World(seed, options, Path(folder), bugs)
        try:
            return await world.run(play)
        except Violation as violation:
            return Failure(
                seed=seed,
                options=options,
                what=str(violation),
                digest=world.trace.digest(),
                tail=list(world.trace.tail),
            )

    with TemporaryDirectory(prefix="frost-sim-", dir=_memory()) as folder:
        return run_deterministically(seed, main)


def _memory() -> str | None:
    """A folder that is kept in memory, where there is one: worlds write much and keep nothing."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a folder with a name of its own is made in it
