"""A mapping that can go back: what is remembered of a batch until it is known that the batch was stored."""

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Journal(Generic[K, V]):
    """Values by key, none of them None. Changes since the last `keep` can be undone, at the cost of the changes."""

    def __init__(self) -> None:
        self._values: dict[K, V] = {}
        self._before: dict[K, V | None] = {}

    def __iter__(self) -> Iterator[V]:
        return iter(self._values.values())

    def get(self, key: K) -> V | None:
        """The value of a key, None when it has none."""
        return self._values.get(key)

    def put(self, key: K, value: V | None) -> None:
        """Set the value of a key; None takes it away."""
        self._before.setdefault(key, self._values.get(key))
        self._set(key, value)

    def keep(self) -> None:
        """Let all changes stand."""
        self._before.clear()

    def undo(self) -> None:
        """Go back to where it was at the last `keep`."""
        for key, value in self._before.items():
            self._set(key, value)
        self._before.clear()

    def _set(self, key: K, value: V | None) -> None:
        if value is None:
            self._values.pop(key, None)
        else:
            self._values[key] = value
