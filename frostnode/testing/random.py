"""Chance from a seed: the same at every run, on every machine."""

from hashlib import sha256


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

    def fork(self, name: str) -> "SeededRandom":
        """An independent stream."""
        return SeededRandom(self._key, name)
