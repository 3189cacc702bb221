"""The same seed is the same run: in another process, whatever the order of sets and addresses there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from frostnode.testing.simulation import scheduling
from frostnode.testing.simulation.options import draw_options
from frostnode.testing.simulation.scheduling import run_deterministically
from frostnode.testing.simulation.world import simulate

ROOT = Path(__file__).parents[2]


def digests(hash_seed, *names):
    """What scripts/sim says of these worlds in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "scripts.simulation", *names],
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return [line.split()[2] for line in done.stdout.splitlines()]


@pytest.mark.slow
def test_a_seed_is_the_same_run_in_every_process():
    names = ("3", "16", "malformer", "two-moves")  # many logs owed at once, many to push to
    first = digests("0", *names)
    assert first == digests("7", *names)
    assert len(set(first)) == len(names)


@pytest.mark.slow
def test_a_seed_is_the_same_run_twice_in_one_process():
    options = draw_options(12)
    assert simulate(12, options).digest == simulate(12, options).digest != simulate(13, options).digest


async def order_of_wake_ups():
    order = []

    async def sleeper(number):
        await trio.sleep(5)
        order.append(number)

    async with trio.open_nursery() as nursery:
        for number in range(10):
            nursery.start_soon(sleeper, number)
    return tuple(order)


def test_tasks_that_wake_at_once_run_in_the_order_of_the_seed():
    orders = {seed: {run_deterministically(seed, order_of_wake_ups) for _ in range(3)} for seed in range(5)}
    assert all(len(found) == 1 for found in orders.values())
    assert len(set.union(*orders.values())) > 1


def test_a_trio_without_the_switch_is_refused(monkeypatch):
    monkeypatch.delattr(trio._core._run, "_ALLOW_DETERMINISTIC_SCHEDULING")
    with pytest.raises(RuntimeError, match="no switch"):
        scheduling.run_deterministically(1, order_of_wake_ups)
