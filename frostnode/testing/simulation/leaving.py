"""A world in which a platform shuts down, and nothing of it is left but files."""

from collections.abc import Callable
from functools import partial
from typing import Final

from frostnode.config import Config
from frostnode.protocol.names import Did
from frostnode.testing.simulation.deeds import (
    all_serve,
    insist,
    move_to,
    owner_of,
    publish,
    shown,
    with_power_failing,
)
from frostnode.testing.simulation.harmony import heads, missing_bodies
from frostnode.testing.simulation.machine import Machine
from frostnode.testing.simulation.options import Options, Work
from frostnode.testing.simulation.scenario import Scenario
from frostnode.testing.simulation.world import World

_FOLDER: Final = "/drive/platform"
_PUBLISHED: Final = [4, 7, 7]
_FOLLOWS: Final = f"{_FOLDER}/follows.json"


async def _platform_shuts_down(world: World) -> None:
    """It hosts three publishers: all are exported, taken in elsewhere, and go on there. Power fails at every step of both."""
    platform, one, other, successor = world.machines
    successor.hold()
    owners = [owner_of(machine) for machine in (platform, one, other)]
    for machine, owner in zip(world.machines, owners, strict=False):
        await publish(world, machine, owner, "early", 4)
    for owner in owners[1:]:
        await move_to(world, owner, platform, one, other)
        await publish(world, platform, owner, "late", 3)
    dids = [owner.did for owner in owners]
    for did in dids[:2]:
        await insist(world, platform, partial(platform.ask, "follow", {"target": did}))
    await world.until(
        "others have it all", lambda: all(_shown(machine, dids) == _PUBLISHED for machine in (one, other))
    )
    world.cut(*((successor, machine) for machine in (platform, one, other)))

    export = partial(platform.ask, "export-all", {"folder": _FOLDER, "replace": True})
    await with_power_failing(
        world, platform, partial(world.around.drive.cut_power, crash=platform.crash), export
    )
    files = dict(world.around.drive.files)
    await platform.up()
    before = _state(platform, dids)
    platform.die()
    successor.revive()
    await _take_over(world, successor, sorted(path for path in files if path != _FOLLOWS))
    await successor.up()
    world.require(_state(successor, dids) == before, "the successor does not hold what the platform held")

    for did in dids:
        asked = {"did": did, "file": "/drive/again", "replace": True}
        await insist(world, successor, partial(successor.ask, "export", asked))
        world.require(
            world.around.drive.files["/drive/again"] in files.values(), f"the archive of {did} is another"
        )
    world.mend(*((successor, machine) for machine in (one, other)))
    for owner in owners:
        await move_to(world, owner, successor, one, other)
        await publish(world, successor, owner, "moved", 2)
    origins = [owner.origin for owner in owners]
    await world.until(
        "others find the successor", lambda: all(all_serve([one, other], at, 2)() for at in origins)
    )
    platform.revive()
    world.mend((successor, platform))


async def _take_over(world: World, machine: Machine, files: list[str]) -> None:
    """The first file with power failing at each piece that is read, the second at each sync, the others in peace."""
    ways: tuple[Callable[[int], None], ...] = (
        partial(world.around.drive.cut_power, crash=machine.crash),
        machine.crash_in_sync,
    )
    for way, file in zip(ways, files, strict=False):
        act = partial(machine.ask, "import-archive", {"files": [file]})
        await with_power_failing(world, machine, way, act)
    await insist(world, machine, partial(machine.ask, "import-archive", {"files": files}))
    follow = partial(machine.ask, "follow-from", {"file": _FOLLOWS})
    await with_power_failing(world, machine, ways[0], follow)


def _state(machine: Machine, dids: list[Did]) -> object:
    """What a machine holds and shows of publishers, and whom it follows."""
    assert machine.parts is not None, "it is up"
    with machine.parts.log.read() as reader:
        lacking = missing_bodies(reader, dids)
        return heads(reader, dids), lacking, _shown(machine, dids), sorted(reader.followed())


def _shown(machine: Machine, dids: list[Did]) -> list[int]:
    return [shown(machine, did) for did in dids]


LEAVING: Final[dict[str, Scenario]] = {
    "platform-shuts-down": Scenario(
        about="a platform is exported and taken over, with power failing at every step",
        options=Options(
            nodes=4,
            owners=3,
            shape="mesh",
            work=Work(every_s=1000),
            config=Config(discover_private=True),
        ),
        play=_platform_shuts_down,
    )
}
"""By name."""
