"""Worlds by name: what is known to be hard, each alone, where a seed would only meet it by chance."""

from typing import Final

import trio

from frostnode.testing.simulation.deeds import move_to
from frostnode.testing.simulation.faults import Faults
from frostnode.testing.simulation.leaving import LEAVING
from frostnode.testing.simulation.liars import LIARS
from frostnode.testing.simulation.moves import MOVES
from frostnode.testing.simulation.options import Nemesis, Options, Work
from frostnode.testing.simulation.scenario import Scenario, meanwhile, while_working
from frostnode.testing.simulation.world import World

_BUSY: Final = Work(every_s=2.0, looks=0.1)
_HOUR_MS: Final = 3_600_000


async def _partition(world: World) -> None:
    """Two halves that hear nothing of each other for longer than any time-out."""
    half = len(world.machines) // 2
    left, right = world.machines[:half], world.machines[half:]
    pairs = [(a.name, b.name) for a in left for b in right]
    for one, other in pairs:
        world.network.block(one, other)
        world.network.block(other, one)
    await trio.sleep(120)
    for one, other in pairs:
        world.network.unblock(one, other)
        world.network.unblock(other, one)


async def _one_way(world: World) -> None:
    """What one machine says reaches nobody, and it hears everything."""
    mute, *others = (machine.name for machine in world.machines)
    for other in others:
        world.network.block(mute, other)
    await trio.sleep(90)
    for other in others:
        world.network.unblock(mute, other)


async def _crash_storm(world: World) -> None:
    """All machines lose power, again and again, some as soon as they are up."""
    for turn in range(12):
        for machine in world.machines:
            if turn % 2:
                machine.crash()
            else:
                machine.crash_in_sync(1 + world.random.below(8))
        await trio.sleep(world.random.between(1, 10))


async def _power_fails_at_each_sync(world: World) -> None:
    """One machine after the other, in the first sync after its start, in the second, and so on."""
    for nth in range(1, 16):
        for machine in world.machines:
            await machine.up()
            machine.crash_in_sync(nth)
        await trio.sleep(12)


async def _syncs_fail(world: World) -> None:
    """The disk says that it failed: what was written is there, or is not."""
    for nth in range(1, 16):
        for machine in world.machines:
            machine.disk.fail_sync(nth, but_written=bool(nth % 2))
        await trio.sleep(4)


async def _full_disk(world: World) -> None:
    """No room on any machine, one after the other, then on all."""
    for machine in world.machines:
        machine.set_full(True)
        await trio.sleep(15)
        machine.set_full(False)
    for machine in world.machines:
        machine.set_full(True)
    await trio.sleep(30)
    for machine in world.machines:
        machine.set_full(False)


async def _old_image(world: World) -> None:
    """A host comes back with the store of its backup, and with what its signer remembers now."""
    victim = world.machines[0]
    await victim.up()
    victim.keep_image()
    await trio.sleep(20)
    victim.restore()
    await victim.up()
    await trio.sleep(60)


async def _clock_steps(world: World) -> None:
    """Clocks that are set an hour back, and some forth."""
    for machine, milliseconds in zip(world.machines, (-_HOUR_MS, _HOUR_MS, -24 * _HOUR_MS), strict=False):
        machine.clock.step(milliseconds)
        await trio.sleep(10)


async def _rotation(world: World) -> None:
    """The publisher takes a new key again and again, while others follow."""
    for _ in range(5):
        await world.machines[0].rotate()
        await trio.sleep(5)


async def _dead_host(world: World) -> None:
    """A host dies with a tail that nobody else has; its publisher goes on elsewhere; the host comes back unaware.

    One node hears of the move late, and takes what the old host still says.
    """
    old, new, carrier, late = world.machines
    owner = old.owner
    assert owner is not None
    for one in (new, carrier, late):
        world.network.block(old.name, one.name)  # the tail
    await trio.sleep(20)
    old.die()
    for one in (new, carrier, late):
        world.network.unblock(old.name, one.name)
    await trio.sleep(5)
    for one in (new, carrier):
        world.network.block(one.name, late.name)
    await move_to(world, owner, new, carrier)
    await trio.sleep(20)
    for one in (new, carrier):
        world.network.block(one.name, old.name)
    old.revive()
    await old.up()
    await trio.sleep(40)
    for one in (new, carrier):
        world.network.unblock(one.name, old.name)
        world.network.unblock(one.name, late.name)


async def _newcomer(world: World) -> None:
    """A node that was never there before meets everything at once."""
    newcomer = world.machines[-1]
    newcomer.hold()

    async def come(_world: World) -> None:
        await trio.sleep(50)
        newcomer.revive()

    await while_working(world, come)


SCENARIOS: Final[dict[str, Scenario]] = (
    {
        "partition": Scenario(
            about="two halves hear nothing of each other, then do",
            options=Options(nodes=4, owners=4, shape="mesh", work=_BUSY),
            play=meanwhile(_partition),
        ),
        "one-way": Scenario(
            about="a machine hears all and is heard by nobody",
            options=Options(nodes=3, owners=3, shape="mesh", work=_BUSY),
            play=meanwhile(_one_way),
        ),
        "crash-storm": Scenario(
            about="all lose power, again and again",
            options=Options(nodes=3, owners=3, shape="mesh", work=_BUSY, worker_s=0.02),
            play=meanwhile(_crash_storm),
        ),
        "power": Scenario(
            about="power fails in each of the first syncs in turn",
            options=Options(nodes=2, owners=2, shape="mesh", work=_BUSY),
            play=meanwhile(_power_fails_at_each_sync),
        ),
        "failing-disk": Scenario(
            about="syncs fail, with and without effect",
            options=Options(nodes=2, owners=2, shape="mesh", work=_BUSY),
            play=meanwhile(_syncs_fail),
        ),
        "full-disk": Scenario(
            about="no room, on one after the other and on all",
            options=Options(nodes=2, owners=2, shape="mesh", work=_BUSY),
            play=meanwhile(_full_disk),
        ),
        "old-image": Scenario(
            about="a host comes back with an old store",
            options=Options(nodes=3, owners=2, shape="mesh", work=_BUSY),
            play=meanwhile(_old_image),
        ),
        "clock-steps": Scenario(
            about="clocks go back",
            options=Options(nodes=3, owners=3, work=_BUSY),
            play=meanwhile(_clock_steps),
        ),
        "rotation": Scenario(
            about="new log keys while others follow",
            options=Options(nodes=3, owners=1, work=_BUSY, faults=Faults(cut=0.2)),
            play=meanwhile(_rotation),
        ),
        "dead-host": Scenario(
            about="a publisher leaves a dead host, which returns",
            options=Options(nodes=4, owners=1, shape="mesh", work=_BUSY),
            play=meanwhile(_dead_host),
        ),
        "newcomer": Scenario(
            about="a new node meets everything at once",
            options=Options(nodes=3, owners=2, shape="mesh", work=Work(every_s=3.0, bulk=0.1)),
            play=_newcomer,
        ),
        "lost-answers": Scenario(
            about="most answers do not come, though the question was heard",
            options=Options(nodes=3, owners=2, work=_BUSY, faults=Faults(drop_response=0.7, duplicate=0.5)),
        ),
        "slow-readers": Scenario(
            about="everybody reads slowly",
            options=Options(nodes=3, owners=2, work=Work(every_s=3.0, bulk=0.1), faults=Faults(slow=1.0)),
        ),
        "cut-streams": Scenario(
            about="every answer ends in the middle",
            options=Options(nodes=3, owners=2, work=Work(every_s=3.0, bulk=0.1), faults=Faults(cut=1.0)),
        ),
        "downstream": Scenario(
            about="what comes down a line is only pushed",
            options=Options(
                nodes=4,
                owners=3,
                shape="line",
                work=Work(every_s=3.0, bulk=0.05, rotate=0.1),
                faults=Faults(cut=0.2, drop_request=0.1, drop_response=0.2, duplicate=0.2),
                nemesis=Nemesis(every_s=8, crash=1, one_way=0.5),
            ),
        ),
    }
    | MOVES
    | LEAVING
    | {
        name: Scenario(
            about=f"one peer is a liar: {name}",
            options=Options(
                nodes=3,
                owners=2,
                liars=(name,),
                faults=Faults(cut=0.1, drop_response=0.05),
                nemesis=Nemesis(every_s=15, crash=1),
                work=Work(every_s=3.0, rotate=0.1),
                trouble_s=40.0,
            ),
        )
        for name in LIARS
    }
)
"""What there is to be run by name."""
