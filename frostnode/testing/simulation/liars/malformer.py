"""One byte is wrong, now and then: flipped, left out, put in, or the last that comes."""

from collections.abc import Iterator

from frostnode.protocol.frames import Frame, encode_frame
from frostnode.testing.simulation.liars.relay import Relay


class Malformer(Relay):
    """See the module."""

    def tamper(self, frame: Frame) -> Iterator[bytes]:
        """Send a frame, perhaps with a wrong byte."""
        whole = encode_frame(frame)
        yield self._mutated(whole) if self.random.chance(0.2) else whole

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
