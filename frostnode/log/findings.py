"""What fsck found and how much it looked at."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from frostnode.protocol.errors import brief

Progress: TypeAlias = Callable[[str, int], None]
"""(what, how many so far): called often, by the thread that checks."""


class Area(StrEnum):
    """What part of the store does not agree."""

    STRUCTURE = "structure"
    IDENTITY = "identity"
    LOG = "log"
    BODY = "body"
    ARRIVAL = "arrival"
    WITNESS = "witness"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was written, or as it must be: where, what, and both values."""

    area: Area
    where: str
    what: str
    found: object = None
    expected: object = None

    def __str__(self) -> str:
        """One line."""
        text = f"{self.area} {self.where}: {self.what}"
        if self.found is None and self.expected is None:
            return text
        return f"{text}: found {brief(self.found)}, expected {brief(self.expected)}"


@dataclass(slots=True)
class Tally:
    """How much was looked at so far."""

    progress: Progress
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, what: str, count: int) -> None:
        """Count and tell."""
        self.counts[what] = self.counts.get(what, 0) + count
        self.progress(what, self.counts[what])
