"""Runs simulated networks and says what was found: the command behind scripts/sim.

A number is a seed, whose world `draw_options` draws; a name is a scenario, NAME/SEED the same by another
seed. What is violated is printed with its options and last events; the same argument shows it again.
"""

import logging
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import click

from frostnode.testing.simulation.liars import LIARS
from frostnode.testing.simulation.options import Options, draw_options
from frostnode.testing.simulation.scenario import Play
from frostnode.testing.simulation.scenarios import SCENARIOS
from frostnode.testing.simulation.world import Failure, Summary, World, simulate

FEW = 8
"""Seeds that are run when nothing is named, beside all scenarios."""


@dataclass(frozen=True, slots=True)
class Task:
    """One world to be run."""

    name: str
    seed: int | str
    options: Options
    play: Play


def task(name: str) -> Task:
    """What a name on the command line stands for."""
    scenario, _, seed = name.partition("/")
    if scenario in SCENARIOS:
        found = SCENARIOS[scenario]
        return Task(name, f"{scenario}/{seed}", found.options, found.play)
    if not name.isdigit():
        raise click.UsageError(f"{name} is neither a seed nor one of {', '.join(SCENARIOS)}")
    return Task(name, int(name), draw_options(int(name), tuple(LIARS)), World.trouble)


def names(named: Sequence[str], seeds: int | None, begin: int) -> Iterator[str]:
    """What is to be run."""
    if named:
        return iter(named)
    if seeds is None:
        return iter([*SCENARIOS, *map(str, range(1, FEW + 1))])
    return map(str, range(begin, begin + seeds))


@click.command()
@click.argument("named", metavar="[SEED | SCENARIO | SCENARIO/SEED]...", nargs=-1)
@click.option("--seeds", metavar="N", type=click.IntRange(1), help="Run N seeds, other ones each time.")
@click.option("--from", "begin", metavar="SEED", type=int, help="Let --seeds begin there.")
@click.option("--events", is_flag=True, help="Print all last events, also of a world that is sound.")
def main(named: tuple[str, ...], seeds: int | None, begin: int | None, events: bool) -> None:
    """Simulate whole networks; exits with 1 when something was violated."""
    logging.disable()  # what a world's nodes log is of no interest: its events are
    begin = time.time_ns() // 1_000_000 if begin is None else begin
    failures = 0
    for name in names(named, seeds, begin):
        started = time.monotonic()
        result = simulate_task(task(name))
        print(line(name, result, time.monotonic() - started), flush=True)
        if events or isinstance(result, Failure):
            print("\n".join(result.tail))
        if isinstance(result, Failure):
            failures += 1
            print(f"{name}: {result.what}\n{result.options}\nAgain: scripts/sim {name}", flush=True)
    sys.exit(failures > 0)


def simulate_task(one: Task) -> Summary | Failure:
    """Run it."""
    return simulate(one.seed, one.options, play=one.play)


def line(name: str, result: Summary | Failure, seconds: float) -> str:
    """One line of progress."""
    if isinstance(result, Failure):
        return f"{name:>14}  VIOLATION  {result.digest[:16]}  {seconds:.1f} s"
    return (
        f"{name:>14}  sound  {result.digest[:16]}  {seconds:.1f} s for {result.virtual_s:.0f} s:"
        f" {result.events} events, {result.entries} entries, {result.commits} commits,"
        f" {result.crashes} crashes, healed in {result.healed_s:.0f} s"
    )


if __name__ == "__main__":
    main()
