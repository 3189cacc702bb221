"""The form of identity events: their values and their bytes, before anyone asks who signed them.

Source of the rules: spec/02-identity.md#format. One event has one byte string. What depends on keys or
ancestors is in `identity`.
"""

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

from frostnode.protocol.dagcbor import Cid, Value, decode, encode
from frostnode.protocol.errors import IdentityError
from frostnode.protocol.keys import (
    KEY_BYTES,
    MULTIKEY_PREFIX,
    SIGNATURE_BYTES,
    PublicKey,
    from_multikey_bytes,
    to_multikey_bytes,
)
from frostnode.protocol.limits import (
    IDENTITY_EVENT_BYTES_MAX,
    IDENTITY_KEYS_MAX,
    IDENTITY_PATH_EVENTS_MAX,
    NODE_URL_BYTES_MAX,
    TIME_MS_MAX,
    TREE_SIZE_MAX,
)
from frostnode.protocol.merkle import EMPTY_ROOT, HASH_BYTES

EVENT_VERSION: Final = 1
_DEPTH_MAX: Final = 4
_COMMON: Final = frozenset({"v", "kind", "n", "time", "keys", "next"})
_BY_KIND: Final = ("prev", "recovery", "end", "epoch")


class Kind(StrEnum):
    """What an event is: the first, one signed by authority keys, or one signed by the recovery set."""

    GENESIS = "genesis"
    ORDINARY = "ordinary"
    RECOVERY = "recovery"


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """A key set to be revealed later: `threshold` of the keys whose hashes (32 bytes, ascending) these are."""

    threshold: int
    hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """Up to where an epoch counts: the first `size` entries, whose tree has this root (32 bytes)."""

    size: int
    root: bytes


EMPTY_END: Final = End(size=0, root=EMPTY_ROOT)
"""The one end of an epoch that was opened without key and host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """What an event opens: the key of a log, its host by node key, and a URL as a hint ("" for none)."""

    key: PublicKey
    node: PublicKey
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One identity event. `n` counts its ancestors, `time` is claimed, in milliseconds since 1970.

    `keys` are the revealed keys that sign it, ascending. `next` commits to the next authority keys,
    `recovery` to the next recovery set.
    """

    kind: Kind
    n: int
    time: int
    keys: tuple[PublicKey, ...]
    next: Commitment
    prev: Cid | None = None
    recovery: Commitment | None = None
    end: End | None = None
    epoch: Epoch | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedEvent:
    """An event, one signature of 64 bytes for each of its keys, its bytes with and CID without them."""

    event: Event
    signatures: tuple[bytes, ...]
    raw: bytes
    cid: Cid


def encode_event(event: Event) -> bytes:
    """Write an event without signatures: the bytes that its CID is over."""
    fields: dict[str, Value] = {
        "v": EVENT_VERSION,
        "kind": str(event.kind),
        "n": event.n,
        "time": event.time,
        "keys": [to_multikey_bytes(key) for key in event.keys],
        "next": _commitment_fields(event.next),
    }
    if event.prev is not None:
        fields["prev"] = event.prev
    if event.recovery is not None:
        fields["recovery"] = _commitment_fields(event.recovery)
    if event.end is not None:
        fields["end"] = {"size": event.end.size, "root": event.end.root}
    if event.epoch is not None:
        key, node = map(to_multikey_bytes, (event.epoch.key, event.epoch.node))
        fields["epoch"] = {"key": key, "node": node, "url": event.epoch.url}
    return encode(fields)


def _commitment_fields(made: Commitment) -> dict[str, Value]:
    return {"threshold": made.threshold, "hashes": list(made.hashes)}


# -- parsing ------------------------------------------------------------------------------------------


def parse_signed_event(raw: bytes) -> SignedEvent:
    """Read a signed event and check its form; neither its signatures nor its ancestors.

    Raises:
        PeerError: identity.* for what is wrong with the event, encoding.* for bytes that are no DAG-CBOR,
            key.* for a key that the strict rule refuses
    """
    if len(raw) > IDENTITY_EVENT_BYTES_MAX:
        raise _error("identity.too-large", "signed event bytes", len(raw), f"≤ {IDENTITY_EVENT_BYTES_MAX}")
    signed = _fields(decode(raw, depth_max=_DEPTH_MAX, floats=False), "signed event", "event", "sigs")
    event = _parse_event(signed["event"])
    signatures = _byte_strings(signed["sigs"], "signatures", SIGNATURE_BYTES)
    if len(signatures) != len(event.keys):
        raise _malformed("signatures", len(signatures), f"one for each of {len(event.keys)} keys")
    return SignedEvent(event=event, signatures=signatures, raw=raw, cid=Cid.of(encode(signed["event"])))


def _parse_event(value: Value) -> Event:
    if not isinstance(value, dict):
        raise _malformed("event", type(value).__name__, "a map")
    names = frozenset(value)
    if not names >= _COMMON or not names <= _COMMON.union(_BY_KIND):
        raise _malformed("event fields", sorted(names), f"{sorted(_COMMON)} and those of its kind")
    if _integer(value["v"], "event version", 2**32) != EVENT_VERSION:
        raise _malformed("event version", value["v"], EVENT_VERSION)
    if value["kind"] not in list(Kind):
        raise _malformed("event kind", value["kind"], " or ".join(Kind))
    kind = Kind(value["kind"])
    _check_presence(kind, names)
    return Event(
        kind=kind,
        n=_position(kind, value["n"]),
        time=_integer(value["time"], "event time", TIME_MS_MAX),
        keys=_parse_keys(value["keys"]),
        next=parse_commitment(value["next"], "next authority keys"),
        prev=_parse_link(value["prev"]) if "prev" in value else None,
        recovery=parse_commitment(value["recovery"], "recovery set") if "recovery" in value else None,
        end=parse_end(value["end"]) if "end" in value else None,
        epoch=parse_epoch(value["epoch"]) if "epoch" in value else None,
    )


def _check_presence(kind: Kind, names: frozenset[str]) -> None:
    """Check that the event has the fields of its kind and no others."""
    genesis = kind is Kind.GENESIS
    for name, code in (("prev", "identity.predecessor"), ("end", "identity.end")):
        if (name in names) is genesis:
            raise _presence(code, name, kind, found=genesis)
    if kind is Kind.ORDINARY and "epoch" not in names:
        raise _presence("identity.epoch", "epoch", kind, found=False)
    if not genesis and ("recovery" in names) is (kind is Kind.ORDINARY):
        raise _presence("identity.recovery", "recovery set", kind, found=kind is Kind.ORDINARY)


def _presence(code: str, name: str, kind: Kind, *, found: bool) -> IdentityError:
    words = ("one", "none") if found else ("none", "one")
    return _error(code, f"{name} in an event of kind {kind}", *words)


def _position(kind: Kind, value: Value) -> int:
    n = _integer(value, "event number", TREE_SIZE_MAX)
    if (n == 0) is not (kind is Kind.GENESIS):
        raise _error("identity.predecessor", f"number of an event of kind {kind}", n, "0 for genesis alone")
    if n >= IDENTITY_PATH_EVENTS_MAX:
        raise _error("identity.too-long", "event number", n, f"< {IDENTITY_PATH_EVENTS_MAX}")
    return n


def _parse_keys(value: Value) -> tuple[PublicKey, ...]:
    keys = tuple(map(from_multikey_bytes, _ascending(value, "keys", len(MULTIKEY_PREFIX) + KEY_BYTES)))
    if not keys:
        raise _malformed("keys", "none", "at least one")
    return keys


def parse_commitment(value: Value, what: str) -> Commitment:
    """Read a commitment: a map of threshold and hashes.

    Raises:
        IdentityError: identity.malformed, identity.threshold
    """
    fields = _fields(value, what, "threshold", "hashes")
    threshold = _integer(fields["threshold"], f"threshold of the {what}", 2**32)
    made = Commitment(
        threshold=threshold, hashes=_ascending(fields["hashes"], f"hashes of the {what}", HASH_BYTES)
    )
    check_commitment(made, what)
    return made


def check_commitment(made: Commitment, what: str) -> None:
    """Check that enough different keys can be revealed.

    Raises:
        IdentityError: identity.malformed, identity.threshold
    """
    if len(made.hashes) > IDENTITY_KEYS_MAX or len(set(made.hashes)) != len(made.hashes):
        raise _malformed(f"hashes of the {what}", len(made.hashes), f"≤ {IDENTITY_KEYS_MAX}, all different")
    if not 1 <= made.threshold <= len(made.hashes):
        expected = f"from 1 to the {len(made.hashes)} hashes"
        raise _error("identity.threshold", f"threshold of the {what}", made.threshold, expected)


def parse_end(value: Value) -> End:
    """Read where an epoch ends: a map of size and root.

    Raises:
        IdentityError: identity.malformed, identity.end
    """
    fields = _fields(value, "end", "size", "root")
    root = fields["root"]
    if not isinstance(root, bytes) or len(root) != HASH_BYTES:
        raise _malformed("root of the end", root, f"{HASH_BYTES} bytes")
    end = End(size=_integer(fields["size"], "size of the end", TREE_SIZE_MAX), root=root)
    if end.size == 0 and end != EMPTY_END:
        raise _error("identity.end", "root of an empty end", root, EMPTY_ROOT)
    return end


def parse_epoch(value: Value) -> Epoch:
    """Read what an event opens: a map of key, node and url.

    Raises:
        IdentityError: identity.epoch; SignatureError: key.malformed, key.refused
    """
    try:
        fields = _fields(value, "epoch", "key", "node", "url")
        key, node, url = fields["key"], fields["node"], fields["url"]
        if not isinstance(key, bytes) or not isinstance(node, bytes) or not isinstance(url, str):
            raise _malformed("epoch", fields, "key and node as bytes, url as text")
    except IdentityError as error:
        raise IdentityError("identity.epoch", str(error)) from error
    if (size := len(url.encode())) > NODE_URL_BYTES_MAX:
        raise _error("identity.epoch", "bytes of the URL hint", size, f"≤ {NODE_URL_BYTES_MAX}")
    return Epoch(key=from_multikey_bytes(key), node=from_multikey_bytes(node), url=url)


def _parse_link(value: Value) -> Cid:
    if not isinstance(value, Cid) or not value.is_ours:
        raise _malformed("predecessor", value, "a link to a CIDv1, dag-cbor, sha2-256")
    return value


def _fields(value: Value, what: str, *names: str) -> dict[str, Value]:
    if not isinstance(value, dict) or set(value) != set(names):
        found = sorted(value) if isinstance(value, dict) else type(value).__name__
        raise _malformed(what, found, f"a map of {', '.join(names)}")
    return value


def _integer(value: Value, what: str, maximum: int) -> int:
    if type(value) is not int or not 0 <= value <= maximum:
        raise _malformed(what, value, f"an integer from 0 to {maximum}")
    return value


def _byte_strings(value: Value, what: str, size: int) -> tuple[bytes, ...]:
    if not isinstance(value, list) or len(value) > IDENTITY_KEYS_MAX:
        raise _malformed(what, value, f"a list of at most {IDENTITY_KEYS_MAX}")
    items = tuple(item for item in value if isinstance(item, bytes) and len(item) == size)
    if len(items) != len(value):
        raise _malformed(what, value, f"byte strings of {size} bytes")
    return items


def _ascending(value: Value, what: str, size: int) -> tuple[bytes, ...]:
    items = _byte_strings(value, what, size)
    if any(later <= earlier for earlier, later in pairwise(items)):
        raise _malformed(what, "another order, or one of them twice", "each once, ascending")
    return items


def _malformed(what: str, found: object, expected: object) -> IdentityError:
    return _error("identity.malformed", what, found, expected)


def _error(code: str, what: str, found: object, expected: object) -> IdentityError:
    return IdentityError(code, what, found=found, expected=expected)
