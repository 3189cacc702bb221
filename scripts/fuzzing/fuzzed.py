"""What is fuzzed: functions of any bytes, by name.

The invariant of all: any bytes parse, or raise a FrostError that can be told, never anything else, in bounded time and memory.
Where there is more to be said of what was parsed (it is written again as it was, two readers agree), it is asserted.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from frostnode.protocol.errors import FrostError
from scripts.fuzzing.seeds import seeds_of

Seeds = Callable[[], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """One function of any bytes, the areas of vectors that it begins with, seeds of its own beside them."""

    name: str
    run: Callable[[bytes], object]
    areas: tuple[str, ...]
    own: Seeds
    bytes_max: int

    def seeds(self) -> set[bytes]:
        """What to begin with."""
        return {*self.own(), *(seed for area in self.areas for seed in seeds_of(area, self.bytes_max))}

    def check(self, data: bytes) -> None:
        """Hold the invariant."""
        try:
            self.run(data)
        except FrostError as error:
            str(error)


TARGETS: dict[str, Fuzzed] = {}


def target(
    *areas: str, seeds: Seeds = tuple, bytes_max: int = 4096
) -> Callable[[Callable[[bytes], object]], Callable[[bytes], object]]:
    """Make a target of a function, under its name."""

    def register(run: Callable[[bytes], object]) -> Callable[[bytes], object]:
        name = run.__name__.replace("_", "-")
        TARGETS[name] = Fuzzed(name, run, areas, seeds, bytes_max)
        return run

    return register


def text_of(data: bytes) -> str:
    """Any bytes as text; what is no UTF-8 becomes half characters, such as JSON can say."""
    return data.decode("utf-8", "surrogateescape")


def all_of(given: Any, *readers: Callable[[Any], object]) -> None:
    """Give the same to several readers, each of which may refuse it."""
    for read in readers:
        with suppress(FrostError):
            read(given)
