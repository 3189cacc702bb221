"""Chance from a seed: the same at every run, on every machine."""

from collections.abc import Sequence
from hashlib import sha256
from math import log
from typing import TypeVar

T = TypeVar("T")


class SeededRandom:
    """A `frostnode.ports.Random` that is SHA-256 over a seed, a name and a counter.

    `fork` gives an independent stream by name, so that a draw more in one place moves no other.
    """

    def __init__(self, seed: int | str, name: str = "") -> None:
        self._key = f"{seed}/{name}"
        self._drawn = 0

    def bytes(self, count: int) -> bytes:
        """`count` bytes that nobody can tell from unpredictable ones without the seed."""
        blocks: list[bytes] = []
        while 32 * len(blocks) < count:
            blocks.append(sha256(f"{self._key}/{self._drawn}".encode()).digest())
            self._drawn += 1
        return b"".join(blocks)[:count]

    def fraction(self) -> float:
        """A number in [0, 1)."""
        return int.from_bytes(self.bytes(7), "big") / 2**56

    def chance(self, probability: float) -> bool:
        """Whether something of that probability happens."""
        return self.fraction() < probability

    def below(self, count: int) -> int:
        """A whole number in [0, count)."""
        return int(self.fraction() * count)

    def between(self, low: float, high: float) -> float:
        """A number in [low, high)."""
        return low + (high - low) * self.fraction()

    def around(self, mean: float) -> float:
        """A waiting time: mostly short, sometimes long, `mean` in the long run."""
        return -mean * log(1 - self.fraction())

    def pick(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[self.below(len(items))]

    def some(self, items: Sequence[T], count: int) -> list[T]:
        """So many of the items, in an order by chance; all of them when there are fewer."""
        left = list(items)
        return [left.pop(self.below(len(left))) for _ in range(min(count, len(left)))]

    def fork(self, name: str) -> "SeededRandom":
        """An independent stream."""
        return SeededRandom(self._key, name)
