"""What people do in a scenario, again and again until it is done, and what they look at."""

from collections.abc import Awaitable, Callable
from functools import partial
from itertools import count as numbers
from typing import Any, Final

import trio

from frostnode.operations.parts import Json
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import FrostError
from frostnode.protocol.identity import SignedEvent
from frostnode.protocol.names import Did, Origin
from frostnode.testing.simulation.machine import Machine, MachineDownError
from frostnode.testing.simulation.owner import Owner, Step
from frostnode.testing.simulation.world import World

Act = Callable[[], Awaitable[Any]]
Doing = Callable[[World, Machine, Act], Awaitable[Any]]
_TRIES: Final = 40
_NEVER: Final = 1 << 60
AGAIN_S: Final = 2.0


async def insist(world: World, machine: Machine, act: Act) -> Any:
    """Have an act done on a machine, whatever happens to it meanwhile: again and again, as its owner would."""
    for _ in range(_TRIES):
        await machine.up()
        try:
            return await act()
        except (FrostError, MachineDownError) as error:
            world.trace(machine.name, "to be tried again:", error)
        await trio.sleep(AGAIN_S)
    world.violated(f"{machine.name}: not done in {_TRIES} tries")
    return await trio.sleep_forever()


async def with_power_failing(world: World, machine: Machine, cut: Callable[[int], None], act: Act) -> Any:
    """Do something with power failing in its first step, then again with power failing in its second, until nothing is left."""
    for nth in numbers(1):
        await machine.up()
        cut(nth)
        try:
            done = await act()
        except (FrostError, MachineDownError) as error:
            world.trace(machine.name, f"failed at step {nth}:", error)
            await trio.sleep(AGAIN_S)
        else:
            cut(_NEVER)
            return done
    raise AssertionError("numbers do not end")


async def endure(world: World, machine: Machine, act: Act) -> Any:
    """Have an act done on a machine that, in a world where machines stumble, loses power in each of its syncs in turn."""
    if world.options.stumbles:
        return await with_power_failing(world, machine, machine.crash_in_sync, act)
    return await insist(world, machine, act)


async def move_to(
    world: World, owner: Owner, machine: Machine, *carriers: Machine, **how: Any
) -> SignedEvent:
    """Bring a publisher to a machine, which its owner works at from then on."""
    urls, step = [carrier.url for carrier in carriers], _step(world, machine, how)
    signed: SignedEvent = await endure(
        world, machine, partial(owner.succeed, machine.ask, urls=urls, step=step, **how)
    )
    machine.owner = owner
    return signed


async def recover_at(
    world: World, owner: Owner, machine: Machine, *carriers: Machine, **how: Any
) -> SignedEvent:
    """Overrule all that came after genesis, and go on at a machine."""
    urls, after = [carrier.url for carrier in carriers], owner.history[0].cid
    step = _step(world, machine, how)
    signed: SignedEvent = await endure(
        world, machine, partial(owner.recover, machine.ask, after=after, urls=urls, step=step, **how)
    )
    machine.owner = owner
    return signed


def _step(world: World, machine: Machine, how: dict[str, Any]) -> Step:
    """What a scenario does at each step of an act; where machines stumble this one loses power between them too."""
    given: Step = how.pop("step", lambda _: None)
    left = ["asked", "signed", "taken"] if world.options.stumbles else []

    def step(reached: str) -> None:
        given(reached)
        if reached in left:
            left.remove(reached)
            machine.crash()

    return step


async def publish(
    world: World, machine: Machine, owner: Owner, name: str, count: int, *, how: Doing = insist
) -> list[Json]:
    """Publish so many records, each under a key of its own."""
    records = [{"type": "dataset", "key": f"{name}-{at}", "title": f"{name} {at}"} for at in range(count)]
    act = partial(machine.ask, "publish", {"did": owner.did, "records": records})
    found: list[Json] = (await how(world, machine, act))["records"]
    return found


def owner_of(machine: Machine) -> Owner:
    """The owner who works at a machine."""
    assert machine.owner is not None, "it hosts a publisher"
    return machine.owner


def served(machine: Machine, origin: Origin) -> int:
    """How many entries of a log count at a machine, and are served; 0 while it is down."""
    if machine.parts is None:
        return 0
    with machine.parts.log.read() as reader:
        state = reader.log(origin)
        return 0 if state is None else min(state.served, state.counted)


def held(machine: Machine, origin: Origin) -> int:
    """How many leaves of a log are kept at a machine, whether or not they count."""
    if machine.parts is None:
        return 0
    with machine.parts.log.read() as reader:
        state = reader.log(origin)
        return 0 if state is None else state.held.size


def is_carried(machine: Machine, origin: Origin) -> bool:
    """Whether a machine has seen that all its peers carry a log."""
    if machine.parts is None:
        return False
    with machine.parts.log.read() as reader:
        return len(reader.offers(origin)) == len(reader.peers())


def shown(machine: Machine, did: Did) -> int:
    """How many records of a publisher a machine shows."""
    if machine.parts is None:
        return 0
    with machine.parts.catalog.read() as catalog:
        return sum(catalog.counts(did).values())


def has_header(machine: Machine, did: Did, header: str) -> bool:
    """Whether a machine shows the very entry that has this header."""
    if machine.parts is None:
        return False
    with machine.parts.catalog.read() as catalog:
        return catalog.entry_by_header(did, Cid.parse(header)) is not None


def knows(machine: Machine, owner: Owner) -> bool:
    """Whether the last event of a publisher counts at a machine."""
    if machine.parts is None:
        return False
    with machine.parts.log.read() as reader:
        history = reader.history(owner.did)
        return history is not None and history.tip == owner.history[-1].cid


def all_serve(machines: list[Machine], origin: Origin, size: int) -> Callable[[], bool]:
    """Whether a log is so large everywhere."""
    return lambda: all(served(machine, origin) == size for machine in machines)


async def refused(machine: Machine, owner: Owner) -> str:
    """The code with which a machine refuses to publish; empty when it does publish."""
    record = {"type": "dataset", "key": "unaware", "title": "Unaware"}
    try:
        await machine.ask("publish", {"did": owner.did, "records": [record]})
    except FrostError as error:
        return error.code
    return ""


def crashing(machine: Machine, at: str) -> Step:
    """Let a machine lose power once, when an act has come so far."""
    left = [machine]

    def step(reached: str) -> None:
        if reached == at and left:
            left.pop().crash()

    return step


def is_duplicity_known(machine: Machine, owner: Owner, second: Owner) -> bool:
    """Whether a machine shows that two events were signed for one place, and which."""
    if machine.parts is None:
        return False
    with machine.parts.log.read() as reader:
        history = reader.history(owner.did)
    events = {owner.history[-1].cid, second.history[-1].cid}
    met = () if history is None else history.forks
    return any(events == {*fork.others, *filter(None, [fork.followed])} for fork in met)
