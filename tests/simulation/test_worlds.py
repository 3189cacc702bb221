"""Whole networks: some seeds, all scenarios, and each liar by name."""

import pytest

from frostnode.testing.simulation.liars import LIARS
from frostnode.testing.simulation.options import draw_options
from frostnode.testing.simulation.scenarios import SCENARIOS
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
