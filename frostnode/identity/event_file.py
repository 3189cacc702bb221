"""A signed event on its way: kept beside the kit before it is sent, so that a retry sends the same bytes.

Two events of one publisher that were signed for one place are the likeliest duplicity by accident: whoever was
interrupted finds what was signed here, and goes on with it.
"""

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Final

from frostnode.protocol.errors import LocalError, PeerError
from frostnode.protocol.identity import SignedEvent, parse_signed_event, verify_signatures
from frostnode.protocol.limits import IDENTITY_EVENT_BYTES_MAX
from frostnode.protocol.names import Did, parse_did

FORMAT: Final = "frost-event/1"
_BYTES_MAX: Final = 2 * IDENTITY_EVENT_BYTES_MAX + 1024


@dataclass(frozen=True, slots=True)
class EventFile:
    """A publisher's event, as it was signed. `is_taken`: False from when it is kept until its host has said so."""

    did: Did
    signed: SignedEvent
    is_taken: bool = True

    def to_text(self) -> str:
        """One JSON text."""
        raw = b64encode(self.signed.raw).decode()
        fields = {"format": FORMAT, "did": self.did, "signed": raw, "taken": self.is_taken}
        return json.dumps(fields, indent=2) + "\n"


def read_event_file(data: bytes) -> EventFile:
    """Read what was kept, and check its signatures.

    Raises:
        LocalError: input.unreadable
    """
    try:
        fields = json.loads(data) if len(data) <= _BYTES_MAX else None
        if not isinstance(fields, dict) or fields.get("format") != FORMAT:
            raise LocalError("input.unreadable", "kept event", expected=f"JSON of {FORMAT}")
        signed = parse_signed_event(b64decode(str(fields.get("signed")), validate=True))
        verify_signatures(signed)
        return EventFile(parse_did(str(fields.get("did"))), signed, is_taken=fields.get("taken") is not False)
    except (ValueError, RecursionError, PeerError) as error:
        raise LocalError("input.unreadable", f"kept event: {error}") from error
