"""Worlds in which publishers leave their hosts, alive or dead, and in which keys are stolen."""

from dataclasses import replace
from functools import partial
from typing import Final

import trio

from frostnode.config import Config
from frostnode.testing.simulation.deeds import (
    AGAIN_S,
    all_serve,
    crashing,
    endure,
    has_header,
    held,
    insist,
    is_carried,
    is_duplicity_known,
    knows,
    move_to,
    owner_of,
    publish,
    recover_at,
    refused,
    served,
    shown,
)
from frostnode.testing.simulation.machine import Machine
from frostnode.testing.simulation.options import Options, Work
from frostnode.testing.simulation.owner import Owner
from frostnode.testing.simulation.scenario import Scenario, meanwhile
from frostnode.testing.simulation.world import World

_FINDING: Final = Config(discover_private=True)
"""Machines of a world have names that no public host has."""


# -- 1 ------------------------------------------------------------------------------------------------


async def _planned_move(world: World) -> None:
    """A publisher goes to and fro. Each time one of the two hosts loses power: in a later sync, or between two steps."""
    here, there, *carriers = world.machines
    owner = owner_of(here)
    for nth in range(1, 7):
        for is_new in (False, True):
            (there if is_new else here).crash_in_sync(nth)
            await move_to(world, owner, there, here, *carriers)
            here, there = there, here
    for at in ("asked", "signed", "taken"):
        for is_new in (False, True):
            step = crashing(there if is_new else here, at)
            await move_to(world, owner, there, here, *carriers, step=step)
            here, there = there, here
    here.die()  # whoever follows the old host finds the new one by itself
    await trio.sleep(5)
    await move_to(world, owner, there, *carriers)
    await publish(world, there, owner, "moved", 3)
    origin = owner.origin
    await world.until("carriers find the new host", lambda: all(served(one, origin) >= 3 for one in carriers))
    here.revive()


# -- 2 ------------------------------------------------------------------------------------------------


async def _lost_tail(world: World) -> None:
    """The acceptance trace: A has 1,000 entries, C 950, D 930; A dies, and comes back unaware."""
    a, b, c, d = world.machines
    b.hold()
    owner = owner_of(a)
    did, old = owner.did, owner.origin
    for part in range(3):
        await publish(world, a, owner, f"all-{part}", 310)
    await world.until("C and D have 930", all_serve([c, d], old, 930))
    world.cut((a, d))
    await publish(world, a, owner, "some", 20)
    await world.until("C has 950", all_serve([c], old, 950))
    world.cut((a, c))
    tail = [line["header"] for line in await publish(world, a, owner, "tail", 50)]
    a.die()
    await trio.sleep(5)
    b.revive()
    world.cut((a, b))

    def leave_unaware(reached: str) -> None:
        if reached == "asked":
            world.cut((b, d))

    found = await insist(world, b, partial(b.ask, "survey", {"did": did, "urls": [c.url, d.url]}))
    sizes = [line["size"] for line in found["carriers"] if line["url"] in (c.url, d.url)]
    world.require(sizes == [950, 930], f"C and D show {sizes}")
    signed = await move_to(world, owner, b, c, d, step=leave_unaware)
    end = signed.event.end
    world.require(end is not None and end.size == 950, f"ended at {end}")
    await _go_on(world, b, owner, tail)
    await world.until("B has what C had", all_serve([b], old, 950))
    a.revive()
    world.mend((a, d))
    await world.until("D takes the tail", all_serve([d], old, 1000))
    await world.until("D shows the tail", lambda: shown(d, did) == 1000)
    world.mend((a, b), (a, c))
    await world.until("A hears", lambda: knows(a, owner))
    code = await refused(a, owner)
    world.require(code == "epoch.ended", f"A publishes on, or refuses with {code}")
    orphans = (await a.ask("orphans", {"did": did}))["orphans"]
    world.require(len(orphans) == 50, f"A lists {len(orphans)} orphans")
    world.mend((b, d))
    await world.until("D hears", lambda: knows(d, owner))
    await world.until("the tail is gone", lambda: all(shown(one, did) == 952 for one in world.machines))
    for one in (a, d):
        world.require(held(one, old) == 1000, f"{one.name} has not kept the tail")
    done = await endure(world, b, partial(b.ask, "republish", {"did": did, "url": a.url}))
    back = [line["status"] for line in done["records"]]
    world.require(back.count("published") == 49 and back[30] == "written since", f"of the tail came {back}")
    await world.until("all have it again", lambda: all(shown(one, did) == 1001 for one in world.machines))
    for one in world.machines:
        world.require(has_header(one, did, tail[20]), f"{one.name} lacks what version 7 follows")


async def _go_on(world: World, new: Machine, owner: Owner, tail: list[str]) -> None:
    """At the new host: a version after one that nobody has, and a record that was in the tail too."""
    records = [
        {"type": "version", "key": "tail-20@v7", "previous": f"{owner.did}/tail-20?cid={tail[20]}"},
        {"type": "dataset", "key": "tail-30", "title": "written since"},
    ]
    await insist(world, new, partial(new.ask, "publish", {"did": owner.did, "records": records}))


# -- 3 ------------------------------------------------------------------------------------------------


async def _stolen_log_key(world: World) -> None:
    """A thief signs with the log key behind what is true, and beside it. The owner cuts back at the same host."""
    host, *others = world.machines
    owner = owner_of(host)
    old = owner.origin
    await publish(world, host, owner, "true", 10)
    await world.until("all have what is true", all_serve(world.machines, old, 10))
    world.oracle.rob(old)
    await world.until("forged entries are taken", lambda: any(served(one, old) > 10 for one in others))
    with trio.move_on_after(30):  # it goes on, or it is frozen: both are what a stolen key does
        await insist(world, host, lambda: host.ask("withdraw", {"url": f"{owner.did}/true-0"}))
    await move_to(world, owner, host, end=10)
    await publish(world, host, owner, "more", 5)
    await world.until("all are cut back", all_serve(world.machines, old, 10))
    await trio.sleep(20)  # the thief goes on
    await world.until("all show the same", lambda: all(shown(one, owner.did) == 15 for one in world.machines))


# -- 4 ------------------------------------------------------------------------------------------------


async def _stolen_kit(world: World) -> None:
    """A thief moves the publisher to a host of its own, and cuts its log back; the owner recovers elsewhere."""
    host, new, carrier, lair = world.machines
    owner = owner_of(host)
    did, old = owner.did, owner.origin
    thief = owner.twin(is_rightful=False)
    await publish(world, host, owner, "true", 20)
    await world.until("all have what is true", all_serve(world.machines, old, 20))
    await move_to(world, thief, lair, host, carrier, end=5)
    await publish(world, lair, thief, "forged", 10)
    await world.until("all are taken in", lambda: all(shown(one, did) == 15 for one in world.machines))
    world.cut((lair, new), (lair, carrier), (lair, host))
    signed = await recover_at(world, owner, new, host, carrier, step=crashing(new, "signed"))
    end = signed.event.end
    world.require(end is not None and end.size == 20, f"the log is not restored: it ends at {end}")
    await publish(world, new, owner, "again", 5)
    await publish(world, lair, thief, "unaware", 3)
    world.mend((lair, new), (lair, carrier), (lair, host))
    await world.until("the thief's host hears", lambda: knows(lair, owner))
    code = await refused(lair, thief)
    world.require(code.startswith("epoch."), f"the thief's host publishes on, or refuses with {code}")
    await world.until("all show the owner's", lambda: all(shown(one, did) == 25 for one in world.machines))


# -- 5 ------------------------------------------------------------------------------------------------


async def _set_back_host(world: World) -> None:
    """A host comes back with old files, and asks before it signs, whatever its signer remembers."""
    host, *others = world.machines
    owner = owner_of(host)
    origin = owner.origin
    await publish(world, host, owner, "first", 5)
    await world.until("others are seen to carry it", lambda: is_carried(host, origin))
    host.keep_image()
    await publish(world, host, owner, "lost", 10)
    await world.until("carriers have it", all_serve(others, origin, 15))
    host.restore(signer=True)
    (receipt,) = await publish(world, host, owner, "caught-up", 1, how=endure)
    world.require(receipt["index"] == 15, f"after its old image it signed at {receipt['index']}")
    host.keep_image()
    await publish(world, host, owner, "lost-too", 5)
    await world.until("carriers have it", all_serve(others, origin, 21))
    await _alone(world, host, others)
    # What waits for a signature there stays, for only the signer can tell that it never comes: a new epoch goes on.
    await move_to(world, owner, host, *others)
    await world.until("it catches up", all_serve([host], origin, 21))
    await _restored(host)  # to before that epoch
    code = await refused(host, owner)
    world.require(code == "epoch.ended", f"it goes on where it was, or refuses with {code}")
    await move_to(world, owner, host, *others)
    await _copied(world, host, owner)


async def _restored(host: Machine, *, is_noticed: bool = False) -> None:
    host.restore(is_noticed=is_noticed)
    await trio.sleep(AGAIN_S)
    await host.up()


async def _alone(world: World, host: Machine, others: list[Machine]) -> None:
    """Nobody answers: it waits, and says so; then it goes on, and its signer remembers too much for a fork."""
    world.cut(*((host, other) for other in others))
    await _restored(host)
    codes: list[str] = []

    async def ask() -> None:
        codes.append(await refused(host, owner_of(host)))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        await trio.sleep(world.options.config.start_grace_s / 2)
        status = await host.ask("status", {})
        world.require(status["hosted"][0]["publishing_waits"], "it waits, and does not say so")
        world.require(not codes, f"it did not wait: {codes}")
    world.require(codes == ["signer.conflict"], f"alone it went on, and answered {codes}")
    world.mend(*((host, other) for other in others))


async def _copied(world: World, host: Machine, owner: Owner) -> None:
    """The home says by itself that it was put back: nothing is signed before its operator has spoken."""
    await publish(world, host, owner, "before", 1)
    host.keep_image()
    await _restored(host, is_noticed=True)
    code = await refused(host, owner)
    world.require(code == "home.copied", f"a copy publishes, or refuses with {code}")
    host.is_copy = False  # --i-am-the-only-copy
    host.stop()
    await trio.sleep(AGAIN_S)
    await publish(world, host, owner, "confirmed", 1)


# -- 6 ------------------------------------------------------------------------------------------------


async def fork_identity(world: World, *, is_last_late: bool = True) -> tuple[Owner, Owner]:
    """Two people move one publisher at once, each out of the other's sight; then all meet both events.

    The last machine is there from the beginning in the second's half, or comes late to both.
    """
    host, one, other, carrier, last = world.machines
    if is_last_late:
        last.hold()
    owner = owner_of(host)
    old = owner.origin
    second = owner.twin(is_rightful=True)
    await publish(world, host, owner, "true", 10)
    await world.until("all have it", all_serve([host, one, other, carrier], old, 10))
    world.oracle.careless.add(owner.did)
    halves = [(a, b) for a in (host, one) for b in (other, carrier, *([] if is_last_late else [last]))]
    world.cut(*halves)
    await move_to(world, owner, one, host)
    await move_to(world, second, other, carrier)
    await publish(world, one, owner, "one", 3)
    await publish(world, other, second, "other", 3)
    await world.until("each half follows its own", lambda: knows(host, owner) and knows(carrier, second))
    await world.until("so it does to the last entry", all_serve([carrier], second.origin, 3))
    world.mend(*halves)
    if is_last_late:
        last.revive()
    await world.until(
        "all know of both", lambda: all(is_duplicity_known(each, owner, second) for each in world.machines)
    )
    return owner, second


async def _two_moves(world: World) -> None:
    """Duplicity by accident is shown, changes nothing of what was followed, and is ended by a recovery."""
    await _settle(world, *await fork_identity(world))


async def _fork_downstream(world: World) -> None:
    """The same where some hear only by pushes: the other event does not change what counts for who pushes it."""
    await _settle(world, *await fork_identity(world, is_last_late=False))


async def _settle(world: World, owner: Owner, second: Owner) -> None:
    host, one, other, carrier, _ = world.machines
    world.require(knows(host, owner) and knows(carrier, second), "what was followed is followed no more")
    await recover_at(world, owner, one, host, other, carrier)
    await publish(world, one, owner, "settled", 3)
    await world.until(
        "all show the owner's", lambda: all(shown(each, owner.did) == 13 for each in world.machines)
    )


_QUIET: Final = Work(every_s=1000)

_MOVES: Final[dict[str, Scenario]] = {
    "planned-move": Scenario(
        about="a publisher moves while its hosts lose power",
        options=Options(nodes=3, owners=1, shape="star", work=Work(every_s=8.0, looks=0), config=_FINDING),
        play=meanwhile(_planned_move),
    ),
    "lost-tail": Scenario(
        about="a dead host with a tail that nobody has, which returns unaware",
        options=Options(nodes=4, owners=1, shape="star", work=_QUIET),
        play=_lost_tail,
    ),
    "stolen-log-key": Scenario(
        about="a thief signs with a log key; the owner rotates and cuts back",
        options=Options(nodes=3, owners=1, shape="mesh", liars=("burglar",), work=_QUIET),
        play=_stolen_log_key,
    ),
    "stolen-kit": Scenario(
        about="a thief moves the publisher; the owner recovers",
        options=Options(nodes=4, owners=1, shape="mesh", work=_QUIET),
        play=_stolen_kit,
    ),
    "set-back-host": Scenario(
        about="a host with old files asks before it signs",
        options=Options(nodes=3, owners=1, shape="mesh", work=_QUIET, config=Config(start_grace_s=120)),
        play=_set_back_host,
    ),
    "two-moves": Scenario(
        about="one publisher is moved to two hosts at once",
        options=Options(nodes=5, owners=1, shape="mesh", work=_QUIET),
        play=_two_moves,
    ),
    "fork-downstream": Scenario(
        about="of two moves those hear too who are only pushed to",
        options=Options(nodes=5, owners=1, shape="line", work=_QUIET),
        play=_fork_downstream,
    ),
}

_STUMBLING: Final = ("lost-tail", "stolen-log-key", "stolen-kit", "set-back-host", "two-moves")

MOVES: Final[dict[str, Scenario]] = _MOVES | {
    f"{name}-stumbling": replace(
        _MOVES[name],
        about=f"{_MOVES[name].about}; power fails at every step of it",
        options=replace(_MOVES[name].options, stumbles=True),
    )
    for name in _STUMBLING
}
"""By name; where machines stumble, power fails at every step of what the owners do."""
