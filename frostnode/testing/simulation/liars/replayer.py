"""Says again what was said before: old frames between new ones, in any order, of any log."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from frostnode.protocol.frames import CheckpointFrame, EntriesFrame, Frame, encode_frame
from frostnode.testing.simulation.liars.liar import Stage
from frostnode.testing.simulation.liars.relay import Relay

_MEMORY: Final = 200


class Replayer(Relay):
    """See the module."""

    def __init__(self, name: str, stage: Stage) -> None:
        super().__init__(name, stage)
        self._heard: list[Frame] = []

    def tamper(self, frame: Frame) -> Iterator[bytes]:
        """Send a frame, perhaps others before or after it, or under another log's name."""
        self._heard = [*self._heard[-_MEMORY:], frame]
        while self.random.chance(0.3):
            yield encode_frame(self._old())
        yield encode_frame(frame)

    def _old(self) -> Frame:
        old, other = self.random.pick(self._heard), self.random.pick(self._heard)
        if isinstance(old, EntriesFrame | CheckpointFrame) and isinstance(
            other, EntriesFrame | CheckpointFrame
        ):
            return replace(old, origin=other.origin)
        return old
