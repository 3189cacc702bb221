"""Says that honest logs are forked, and signs trees and events in their name, with keys of its own."""

import json
from collections.abc import Iterator
from dataclasses import replace

from frostnode.protocol.checkpoint import Checkpoint, parse_checkpoint_text, sign_checkpoint
from frostnode.protocol.errors import PeerError
from frostnode.protocol.frames import CheckpointFrame, EventsFrame, Frame, encode_frame
from frostnode.protocol.identity import attach_signatures, parse_signed_event
from frostnode.protocol.keys import SigningKey
from frostnode.protocol.note import Note, format_note, parse_note
from frostnode.testing.simulation.liars.liar import Stage
from frostnode.testing.simulation.liars.relay import Relay


class Slanderer(Relay):
    """See the module."""

    def __init__(self, name: str, stage: Stage) -> None:
        super().__init__(name, stage)
        self._key = SigningKey(self.random.bytes(32))

    def tamper(self, frame: Frame) -> Iterator[bytes]:
        """Now and then a false one comes first."""
        if self.random.chance(0.4):
            if isinstance(frame, CheckpointFrame):
                yield encode_frame(replace(frame, note=self._false_note(frame), old=0, proof=()))
            elif isinstance(frame, EventsFrame):
                yield encode_frame(
                    replace(frame, events=[*frame.events, self._false_event(frame.events[-1])])
                )
        yield encode_frame(frame)

    def _false_note(self, frame: CheckpointFrame) -> bytes:
        """Another tree of that size, or of a larger one: signed by another key, or with the true key's line."""
        true = parse_note(frame.note)
        known = parse_checkpoint_text(true.text)
        size = known.size + self.random.below(3)
        false = Checkpoint(known.origin, max(1, size), self.random.bytes(32))
        if self.random.chance(0.5):
            return format_note(Note(false.text(), true.signatures))
        return sign_checkpoint(false, self._key)

    def _false_event(self, raw: bytes) -> bytes:
        """The last event once more, with other contents under the signatures that it has."""
        signed = parse_signed_event(raw)
        event = replace(signed.event, time=signed.event.time + 1)
        try:
            return attach_signatures(event, {key: self._key.sign(raw) for key in event.keys}).raw
        except PeerError:  # whoever attaches checks: then it is sent with a wrong byte
            return raw[:-1] + bytes([raw[-1] ^ 1])

    def alter(self, path: str, body: bytes) -> bytes | None:
        """Every log is forked, it says."""
        if "/heads/" not in path or path.endswith("/ranges"):
            return body
        page = json.loads(body)
        for line in page["heads"]:
            line["forked"] = True
        return json.dumps(page).encode()
