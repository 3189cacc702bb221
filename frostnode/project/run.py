"""Runs of leaves that arrivals touch: what was read for one arrival need not be read for the next."""

from dataclasses import dataclass
from typing import Final

from frostnode.ports import Arrival, LogReader
from frostnode.protocol.names import Origin


@dataclass(frozen=True, slots=True)
class Run:
    """Leaves [start, stop) of a log."""

    origin: Origin
    start: int
    stop: int

    def is_within(self, other: "Run") -> bool:
        """Whether these leaves are all among the others: those of bodies are that came with their entries."""
        return self.origin == other.origin and other.start <= self.start and self.stop <= other.stop


NO_RUN: Final = Run(Origin(""), 0, 0)


def was_followed(log: LogReader, number: int, mark: bytes) -> bool:
    """Whether arrival `number` is the one with this tag. If not the store was set back: a view must begin anew."""
    arrival = log.arrival(number) if number else None
    return number == 0 or (arrival is not None and arrival.tag == mark)


def run_of(arrival: Arrival) -> Run:
    """The leaves that an arrival names."""
    return Run(arrival.origin, arrival.start, arrival.stop)
