"""A witness whose memory is no file: it outlives whatever happens to the disk of its node."""

from collections.abc import Sequence

from frostnode.protocol.checkpoint import cosign
from frostnode.protocol.cosigners import Cosigner
from frostnode.protocol.keys import SigningKey, to_multibase
from frostnode.protocol.merkle import EMPTY_ROOT
from frostnode.protocol.names import Origin
from frostnode.protocol.note import Note, format_note, parse_note
from frostnode.protocol.witness import cosigning_time, origin_digest
from frostnode.witness_port import Cosigned, CosignRequest


class MemoryWitness:
    """A `frostnode.witness_port.Witness`."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key
        self.cosigner = Cosigner(f"frost-witness/{to_multibase(key.public)}", key.public)
        self._last: dict[Origin, Cosigned] = {}

    def last(self, origin: Origin) -> Cosigned | None:
        """The last tree of a log that was cosigned."""
        return self._last.get(origin)

    def last_by_digest(self, digest: bytes) -> Cosigned | None:
        """The same by the SHA-256 of the origin."""
        return next((last for origin, last in self._last.items() if origin_digest(origin) == digest), None)

    def remembered(self) -> list[Cosigned]:
        """All of these, in order of origin."""
        return [self._last[origin] for origin in sorted(self._last)]

    def cosign(self, requests: Sequence[CosignRequest], now_s: int) -> list[Cosigned | None]:
        """Compare, sign and remember."""
        return [self._cosign(request, now_s) for request in requests]

    def _cosign(self, request: CosignRequest, now_s: int) -> Cosigned | None:
        last = self.last(request.origin)
        if last is not None and (last.size, last.root) == (request.size, request.root):
            return last
        size, root = (0, EMPTY_ROOT) if last is None else (last.size, last.root)
        if (size, root) != (request.old_size, request.old_root) or request.size < size:
            return None
        note = parse_note(request.note)
        own = Note(note.text, tuple(line for line in note.signatures if line.name == request.origin))
        time_s = cosigning_time(now_s, None if last is None else last.time_s)
        made = Cosigned(
            origin=request.origin,
            size=request.size,
            root=request.root,
            time_s=time_s,
            note=cosign(format_note(own), self.cosigner.name, self._key, time_s),
        )
        self._last[request.origin] = made
        return made
