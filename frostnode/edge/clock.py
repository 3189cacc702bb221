"""The machine's clock."""

import time


class SystemClock:
    """A `frostnode.ports.Clock`. Trusted with: the times that this node claims and shows."""

    def now_ms(self) -> int:
        """Milliseconds since 1970, UTC."""
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        """Seconds that never go back; only differences mean something."""
        return time.monotonic()
