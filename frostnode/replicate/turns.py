"""Turns: how many things are done at once, in all, for one node, and for strangers together.

A node can have as many keys as it likes, so what strangers do together has a bound of its own: half of
all. Who is known (peers of this home, nodes with a lease) always finds the other half.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from frostnode.protocol.errors import LocalError


class Turns:
    """One kind of work. `what` names it in refusals."""

    def __init__(self, what: str, *, in_all: int, per_node: int) -> None:
        self._what = what
        self._in_all = in_all
        self._per_node = per_node
        self._running: Counter[str] = Counter()
        self._of_strangers = 0

    @property
    def running(self) -> int:
        """How many there are now."""
        return self._running.total()

    @contextmanager
    def turn(self, node: str, *, is_known: bool) -> Iterator[None]:
        """One piece of work for a node.

        Raises:
            LocalError: queue.full
        """
        strangers_are_many = not is_known and self._of_strangers >= self._in_all // 2
        if strangers_are_many or self._running[node] >= self._per_node or self.running >= self._in_all:
            raise LocalError(
                "queue.full", f"{self._what} at once", found=self.running, hint="come again later"
            )
        self._running[node] += 1
        self._of_strangers += not is_known
        try:
            yield
        finally:
            self._running[node] -= 1
            self._running += Counter()  # whoever has none is forgotten
            self._of_strangers -= not is_known
