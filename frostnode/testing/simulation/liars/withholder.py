"""Shows every head, and nothing of what is under it."""

from collections.abc import Iterator

from frostnode.protocol.frames import BodiesFrame, EntriesFrame, Frame, encode_frame
from frostnode.testing.simulation.liars.relay import Relay


class Withholder(Relay):
    """See the module."""

    def tamper(self, frame: Frame) -> Iterator[bytes]:
        """Leave out leaves, or bodies alone."""
        is_left_out = isinstance(frame, EntriesFrame) or (
            isinstance(frame, BodiesFrame) and self.random.chance(0.7)
        )
        if not is_left_out or self.random.chance(0.1):
            yield encode_frame(frame)

    def alter(self, path: str, body: bytes) -> bytes | None:
        """Tiles, bundles and bodies are not there."""
        return None if "/tile/" in path or "/body/" in path else body
