"""A publisher as a DID document (W3C DID Core 1.0), and what is known about that document.

Rules (spec/11-handles-and-resolution.md#did-documents):
- it follows from the identity history, the profile and the verified handle, and from nothing else;
- authority and recovery keys are only hashes until they are used: they are in no document;
- JSON and JSON-LD are the same document, the latter with its context.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from frostnode.protocol.dagcbor import Value
from frostnode.protocol.errors import RecordError
from frostnode.protocol.handles import Handle
from frostnode.protocol.history import History
from frostnode.protocol.keys import to_multibase
from frostnode.protocol.limits import IDENTITY_KEYS_MAX
from frostnode.protocol.names import Did
from frostnode.protocol.record_shapes import x25519_key

CONTEXT: Final = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1")
"""What the words of the document mean, for JSON-LD."""

SERVICE: Final = "FrostLog"
"""The type of the service that is the node at which the publisher writes its log."""

_MULTIKEY: Final = "Multikey"


@dataclass(frozen=True, slots=True)
class Described:
    """The document without a context, and its metadata."""

    document: Mapping[str, Any]
    metadata: Mapping[str, Any]

    def as_json_ld(self) -> dict[str, Any]:
        """The document with its context."""
        return {"@context": list(CONTEXT), **self.document}


def describe(
    did: Did, history: History, *, handle: Handle | None, disputed: bool, profile: Mapping[str, Value]
) -> Described:
    """The document of a publisher; `handle` only while it is verified, `disputed` when an open log was signed two ways."""
    methods: list[dict[str, str]] = []
    document: dict[str, Any] = {"id": did}
    if handle is not None:
        document["alsoKnownAs"] = [f"https://{handle}"]
    standing = history.standing[-1] if history.standing else None
    if standing is not None and standing.key is not None and standing.end is None:
        methods.append(_method(did, to_multibase(standing.key)))
        document["assertionMethod"] = [methods[0]["id"]]
    agreements = [_method(did, text) for text in _agreement_keys(profile)]
    document["verificationMethod"] = methods + agreements
    if agreements:
        document["keyAgreement"] = [method["id"] for method in agreements]
    if standing is not None and standing.url:
        document["service"] = [{"id": f"{did}#log", "type": SERVICE, "serviceEndpoint": standing.url}]
    return Described(document, _metadata(history, disputed=disputed))


def _metadata(history: History, *, disputed: bool) -> dict[str, Any]:
    """An identity cannot be ended, so no document is ever deactivated; two histories or trees are said in words of our own."""
    metadata: dict[str, Any] = {"deactivated": False}
    if history.path:
        first, last = history.path[0], history.path[-1]
        metadata |= _moment("created", first.event.time) | _moment("updated", last.event.time)
        metadata["versionId"] = str(last.cid)
    rivals: Sequence[str] = sorted({str(cid) for fork in history.forks for cid in fork.others})
    return {
        **metadata,
        "equivocation": {"forked": history.forked, "disputed": disputed, "otherEvents": rivals},
    }


def _moment(name: str, time_ms: int) -> dict[str, str]:
    """A time as its author claims it, to the second; nothing where no calendar has it."""
    try:
        return {name: datetime.fromtimestamp(time_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    except (ValueError, OverflowError, OSError):
        return {}


def _method(did: Did, key: str) -> dict[str, str]:
    return {"id": f"{did}#{key}", "type": _MULTIKEY, "controller": did, "publicKeyMultibase": key}


def _agreement_keys(profile: Mapping[str, Value]) -> list[str]:
    """Keys for agreement in a profile, which nobody has checked; each once."""
    from multiformats import multibase  # noqa: PLC0415 - as in keys: 0.1 s to import

    found: dict[str, None] = {}
    listed = profile.get("keyAgreement")
    for key in listed[:IDENTITY_KEYS_MAX] if isinstance(listed, list) else []:
        try:
            x25519_key(key, "")
        except RecordError:
            continue
        assert isinstance(key, bytes)
        found[multibase.encode(key, "base58btc")] = None
    return list(found)
