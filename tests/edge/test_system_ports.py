"""Clock, chance and threads: the real ones and the fakes keep the same contract."""

import threading
from collections.abc import Callable

import pytest
import trio

from frostnode.edge.clock import SystemClock
from frostnode.edge.random import SystemRandom
from frostnode.edge.threads import THREADS_MAX, ThreadWorker
from frostnode.ports import Clock, Random, Worker
from frostnode.protocol.errors import LocalError
from frostnode.testing.clock import ManualClock, TrioClock
from frostnode.testing.random import SeededRandom
from frostnode.testing.simulation.worker import SimWorker
from frostnode.testing.worker import InlineWorker

RANDOMS = [SystemRandom(), SeededRandom("seed")]
CLOCKS = [SystemClock(), ManualClock(), TrioClock(), TrioClock(offset_ms=-2000, drift_ppm=-200)]


def sim_worker() -> SimWorker:
    return SimWorker(SeededRandom("worker"), mean_s=0.01)


WORKERS = [ThreadWorker, InlineWorker, sim_worker]


@pytest.mark.parametrize("random", RANDOMS)
def test_bytes_are_as_many_as_asked_and_never_the_same(random: Random) -> None:
    assert [len(random.bytes(count)) for count in (0, 1, 8, 32, 33, 100)] == [0, 1, 8, 32, 33, 100]
    assert len({random.bytes(16) for _ in range(1000)}) == 1000


@pytest.mark.parametrize("random", RANDOMS)
def test_fractions_are_spread_over_0_to_1(random: Random) -> None:
    fractions = [random.fraction() for _ in range(1000)]
    assert all(0 <= fraction < 1 for fraction in fractions)
    assert {int(fraction * 10) for fraction in fractions} == set(range(10))


@pytest.mark.parametrize("clock", CLOCKS)
async def test_time_is_told_in_milliseconds_and_does_not_go_back(clock: Clock) -> None:
    times = [clock.monotonic_s() for _ in range(100)]
    assert times == sorted(times)
    assert 1_700_000_000_000 < clock.now_ms() < 5_000_000_000_000


def test_a_manual_clock_moves_when_told() -> None:
    clock = ManualClock(1_000)
    clock.step_ms(1_500)
    assert (clock.now_ms(), clock.monotonic_s()) == (2_500, 1.5)
    clock.set_ms(7)
    assert (clock.now_ms(), clock.monotonic_s()) == (7, 1.5)


def test_seeded_chance_comes_again_and_forks_are_apart() -> None:
    one, two = SeededRandom("seed"), SeededRandom("seed")
    assert [one.bytes(5), one.fraction(), one.bytes(40)] == [two.bytes(5), two.fraction(), two.bytes(40)]
    assert SeededRandom("seed").bytes(8) != SeededRandom("other").bytes(8)
    fork = SeededRandom("seed").fork("disk")
    drawn = SeededRandom("seed")
    drawn.bytes(100)
    assert drawn.fork("disk").bytes(8) == fork.bytes(8)
    assert SeededRandom("seed").fork("net").bytes(8) != SeededRandom("seed").fork("disk").bytes(8)


@pytest.mark.parametrize("make", WORKERS)
async def test_work_answers_or_raises_as_it_does(make: Callable[[], Worker]) -> None:
    worker = make()
    assert await worker.run(lambda: 7) == 7

    def fail() -> None:
        raise LocalError("usage", "no")

    with pytest.raises(LocalError):
        await worker.run(fail)


@pytest.mark.parametrize("make", WORKERS)
async def test_work_that_began_is_not_cut_short(make: Callable[[], Worker]) -> None:
    worker, done = make(), []

    def work() -> None:
        scope.cancel()
        done.append("all of it")

    with trio.CancelScope() as scope:
        await worker.run(lambda: trio.from_thread.run_sync(work) if make is ThreadWorker else work())
    assert done == ["all of it"]


async def test_threads_are_bounded() -> None:
    worker, running, most = ThreadWorker(), [], []
    enough = threading.Event()

    def work() -> None:
        running.append(1)
        if len(running) == THREADS_MAX:
            enough.set()
        enough.wait(10)
        most.append(len(running))
        running.pop()

    async with trio.open_nursery() as nursery:
        for _ in range(3 * THREADS_MAX):
            nursery.start_soon(worker.run, work)
    assert max(most) <= THREADS_MAX
