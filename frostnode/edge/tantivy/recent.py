"""What was found out last, for who asks for it again: whoever turns back, loads a page anew or follows a search."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """At most `most` values by what was asked; those not asked for longest are let go of. Safe from any thread."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[K, V] = {}

    def get(self, key: K, make: Callable[[], V]) -> V:
        """What is kept, or is made now; whoever asks for the same meanwhile makes it too."""
        kept = self._kept.pop(key, None)
        if kept is None:
            kept = make()
        self._kept[key] = kept
        for oldest in list(self._kept)[: -self._most]:  # at once: others ask meanwhile
            self._kept.pop(oldest, None)
        return kept
