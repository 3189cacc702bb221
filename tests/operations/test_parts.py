"""Long work tells how far it is, as long as it lasts and no longer."""

import trio
from trio.testing import MockClock

from frostnode.operations.parts import telling
from frostnode.protocol.limits import PROGRESS_INTERVAL_S


async def test_long_work_tells_how_far_it_is(autojump_clock: MockClock) -> None:
    told: list[tuple[str, int, int | None]] = []
    steps: list[int] = []

    async def progress(what: str, number: int, total: int | None) -> None:
        told.append((what, number, total))

    async with telling(progress, lambda: ("working", len(steps))):
        for step in range(3):
            steps.append(step)
            await trio.sleep(PROGRESS_INTERVAL_S * 1.5)
    assert told[0][:1] == ("working",)
    assert [number for _, number, _ in told] == sorted(number for _, number, _ in told)
    assert {number for _, number, _ in told} >= {1, 2, 3}
    before = len(told)
    await trio.sleep(PROGRESS_INTERVAL_S * 10)
    assert len(told) == before
