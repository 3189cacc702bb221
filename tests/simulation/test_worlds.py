"""Whole networks: some seeds, all scenarios, and each liar by name."""

import pytest
import trio

from frostnode.protocol.errors import StorageError
from frostnode.testing.simulation import machine
from frostnode.testing.simulation.liars import LIARS
from frostnode.testing.simulation.options import Options, Work, draw_options
from frostnode.testing.simulation.scenarios import SCENARIOS
from frostnode.testing.simulation.telling import listen
from frostnode.testing.simulation.world import Failure, simulate

SEEDS = (2, 3, 7, 9, 12, 14, 16, 25)
"""Chosen for being small and unlike each other; scripts/sim runs any others."""


def check(result):
    if isinstance(result, Failure):
        pytest.fail("\n".join([*result.tail, f"seed {result.seed}: {result.what}", str(result.options)]))
    return result


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_a_network_from_a_seed_keeps_all_promises(seed):
    check(simulate(seed, draw_options(seed, tuple(LIARS))))


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_network_in_trouble_keeps_all_promises(name):
    scenario = SCENARIOS[name]
    assert check(simulate(f"{name}/", scenario.options, play=scenario.play)).receipts > 0


def test_a_machine_is_not_found_before_it_is_up(monkeypatch):
    refused = []

    def listen_at_the_second_start(parts):
        if not refused:
            refused.append(parts.name)
            raise StorageError("storage.failed", "no room")
        listen(parts)

    async def rest(_):
        await trio.sleep(20)

    monkeypatch.setattr(machine, "listen", listen_at_the_second_start)
    options = Options(nodes=3, owners=1, shape="mesh", work=Work(every_s=1000))
    check(simulate("early", options, play=rest))
    assert refused
