"""The clock of one machine: it follows the time of the run, but it may be wrong, drift and be set."""

from typing import Final

import trio

START_MS: Final = 1_800_000_000_000
"""What a clock that is right shows when a run begins."""


class SimClock:
    """A `frostnode.ports.Clock`. The wall clock is what an operator sees; the other face is the run's own time."""

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
