"""Clocks of tests: one that moves when told, and one that follows the running trio."""

from typing import Final

import trio

START_MS: Final = 1_800_000_000_000
"""What a clock that is right shows when a test begins."""


class ManualClock:
    """A `frostnode.ports.Clock` at `now_ms`; `step_ms` moves the two faces of it together, `set_ms` only one."""

    def __init__(self, now_ms: int = START_MS) -> None:
        self._now_ms = now_ms
        self._monotonic_ms = 0

    def now_ms(self) -> int:
        """Milliseconds since 1970, as this clock claims."""
        return self._now_ms

    def monotonic_s(self) -> float:
        """Seconds that never go back."""
        return self._monotonic_ms / 1000

    def step_ms(self, milliseconds: int) -> None:
        """Let time pass."""
        assert milliseconds >= 0, "time does not go back; set_ms makes the clock wrong"
        self._now_ms += milliseconds
        self._monotonic_ms += milliseconds

    def set_ms(self, now_ms: int) -> None:
        """Set the wall clock, as an operator or a bad battery does: also back."""
        self._now_ms = now_ms


class TrioClock:
    """A `frostnode.ports.Clock` of one machine: it follows the time of the running trio, but may be wrong, drift and be set.

    A trio with a mock clock begins at START_MS, a real one somewhat after it. The other face is trio's own time.
    """

    def __init__(self, *, offset_ms: int = 0, drift_ppm: int = 0) -> None:
        self.offset_ms = offset_ms
        self.drift_ppm = drift_ppm

    def now_ms(self) -> int:
        """Milliseconds since 1970, as this clock claims."""
        passed_ms = trio.current_time() * 1000 * (1 + self.drift_ppm / 1_000_000)
        return max(0, START_MS + self.offset_ms + int(passed_ms))

    def monotonic_s(self) -> float:
        """Seconds of the run."""
        return trio.current_time()

    def step(self, milliseconds: int) -> None:
        """Set the wall clock on or back."""
        self.offset_ms += milliseconds


class RunningClock(ManualClock):
    """The first, which moves also with the time of the running trio, if there is one."""

    def now_ms(self) -> int:
        """Milliseconds since 1970, as this clock claims."""
        return super().now_ms() + int(1000 * _run_s())

    def monotonic_s(self) -> float:
        """Seconds that never go back."""
        return super().monotonic_s() + _run_s()


def _run_s() -> float:
    return trio.current_time() if trio.lowlevel.in_trio_run() else 0.0
