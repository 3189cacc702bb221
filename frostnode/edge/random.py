"""The machine's chance."""

import os
import random


class SystemRandom:
    """A `frostnode.ports.Random`. Trusted with: every key and salt that is made here."""

    def bytes(self, count: int) -> bytes:
        """`count` unpredictable bytes: keys, salts, tags."""
        return os.urandom(count)

    def fraction(self) -> float:
        """A number in [0, 1) for jitter; predictable is good enough."""
        return random.random()  # noqa: S311 - jitter guards no secret
