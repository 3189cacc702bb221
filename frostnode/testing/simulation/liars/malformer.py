"""One byte is wrong, now and then: flipped, left out, put in, or the last that comes.

Half of the time the frame itself stays well-formed, and what it carries is wrong.
"""

from collections.abc import Iterator
from dataclasses import replace

from frostnode.protocol.frames import (
    BodiesFrame,
    CheckpointFrame,
    EntriesFrame,
    EventsFrame,
    Frame,
    encode_frame,
)
from frostnode.testing.simulation.liars.relay import Relay


class Malformer(Relay):
    """See the module."""

    def tamper(self, frame: Frame) -> Iterator[bytes]:
        """Send a frame, perhaps with a wrong byte."""
        whole = encode_frame(frame)
        match self.random.below(10):
            case 0:
                yield self._mutated(whole)
            case 1:
                yield encode_frame(self._with_a_wrong_byte(frame))
            case _:
                yield whole

    def _with_a_wrong_byte(self, frame: Frame) -> Frame:
        """The same frame around other content."""
        match frame:
            case BodiesFrame():
                items = [self._flipped(item) if isinstance(item, bytes) else item for item in frame.items]
                return replace(frame, items=items)
            case EntriesFrame():
                return replace(frame, bundle=self._flipped(frame.bundle))
            case CheckpointFrame():
                return replace(frame, note=self._flipped(frame.note))
            case EventsFrame():
                return replace(frame, events=[self._flipped(event) for event in frame.events])
            case _:
                return frame

    def _flipped(self, data: bytes) -> bytes:
        at = self.random.below(len(data))
        return data[:at] + bytes([data[at] ^ 1 << self.random.below(8)]) + data[at + 1 :]

    def alter(self, path: str, body: bytes) -> bytes | None:
        """Send a file, perhaps with a wrong byte."""
        return self._mutated(body) if self.random.chance(0.5) else body

    def _mutated(self, data: bytes) -> bytes:
        at = self.random.below(len(data) + 1)
        byte = self.random.bytes(1)
        match self.random.below(4):
            case 0:
                return data[:at] + byte + data[at + 1 :]
            case 1:
                return data[:at] + data[at + 1 :]
            case 2:
                return data[:at] + byte + data[at:]
            case _:
                return data[:at]
