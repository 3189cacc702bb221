"""A clock that moves when told."""


class ManualClock:
    """A `frostnode.ports.Clock` at `now_ms`; `step_ms` moves the two faces of it together, `set_ms` only one."""

    def __init__(self, now_ms: int = 1_800_000_000_000) -> None:
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
