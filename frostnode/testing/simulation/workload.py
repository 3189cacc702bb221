"""What people do on a node: publish, change, withdraw, look; and try again what did not work."""

from typing import Any, Final

import trio

from frostnode.protocol.errors import FrostError
from frostnode.testing.random import SeededRandom
from frostnode.testing.simulation.machine import Machine, MachineDownError
from frostnode.testing.simulation.options import Work
from frostnode.testing.simulation.trace import Trace

_BULK: Final = 300
_WORDS: Final = ("ocean", "ice", "wind", "salinity", "temperature", "mooring", "radar", "grid")
_MAY_BE_SAID: Final = (
    "storage.",
    "queue.",
    "record.not-found",
    "epoch.",
    "signer.",
    "transport.",
    "publisher.",
    "query.",
)


async def work_on(machine: Machine, work: Work, random: SeededRandom, trace: Trace) -> None:
    """Work for ever. A node may refuse; what it may not do is raise something else, and that ends the world."""
    while True:
        await trio.sleep(random.around(work.every_s))
        operation, params = _task(machine, work, random)
        try:
            if operation == "rotate":
                await machine.rotate()
            else:
                await machine.ask(operation, params)
        except FrostError as error:
            if not error.code.startswith(_MAY_BE_SAID):
                raise
            trace(machine.name, operation, "refused", error)
        except MachineDownError:
            trace(machine.name, operation, "unanswered")
            await machine.up()
        else:
            trace(machine.name, operation, "done")


def _task(machine: Machine, work: Work, random: SeededRandom) -> tuple[str, dict[str, Any]]:
    luck = random.fraction()
    if luck < work.looks or machine.owner is None:
        return random.pick(
            (
                ("search", {"query": random.pick(_WORDS)}),
                ("status", {}),
                ("publishers", {}),
                ("records", {}),
            )
        )
    if random.chance(work.rotate):
        return "rotate", {}
    did = machine.owner.did
    if luck < work.looks + 0.1:
        return "withdraw", {"url": f"{did}/{_key(work, random)}"}
    count = _BULK if random.chance(work.bulk) else 1 + random.below(work.records_max)
    return "publish", {"did": did, "records": [_record(work, random) for _ in range(count)]}


def _record(work: Work, random: SeededRandom) -> dict[str, Any]:
    words = " ".join(random.some(_WORDS, 3))
    title = f"{words} {random.below(1000)}"
    return {
        "type": "dataset",
        "key": _key(work, random),
        "title": title,
        "description": words * random.below(20),
    }


def _key(work: Work, random: SeededRandom) -> str:
    return f"data-{random.below(work.keys)}"
