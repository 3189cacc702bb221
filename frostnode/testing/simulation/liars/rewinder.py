"""Shows an older head than it has shown before, of every log: truly signed, and long overtaken."""

import json
from collections.abc import Iterator

from frostnode.protocol.frames import CheckpointFrame, Frame, encode_frame
from frostnode.testing.simulation.liars.liar import Stage
from frostnode.testing.simulation.liars.relay import Relay


class Rewinder(Relay):
    """See the module."""

    def __init__(self, name: str, stage: Stage) -> None:
        super().__init__(name, stage)
        self._first: dict[str, CheckpointFrame] = {}

    def tamper(self, frame: Frame) -> Iterator[bytes]:
        """Follow, or take the place of, each head by the first one of its log."""
        if not isinstance(frame, CheckpointFrame):
            yield encode_frame(frame)
            return
        first = self._first.setdefault(frame.origin, frame)
        if self.random.chance(0.5):
            yield encode_frame(frame)
        yield encode_frame(first)

    def alter(self, path: str, body: bytes) -> bytes | None:
        """The same in pages of heads, and for checkpoints."""
        if "/heads/" in path:
            page = json.loads(body)
            for line in page.get("heads", ()):  # ranges have none
                if line["origin"] in self._first:
                    line["checkpoint"] = self._first[line["origin"]].note.decode()
            return json.dumps(page).encode()
        origin = path.removeprefix("/frost/").removesuffix("/checkpoint")
        return self._first[origin].note if origin in self._first else body
