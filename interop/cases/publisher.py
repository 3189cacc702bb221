"""Publishers for the cases: keys from labels, events from plain maps, so that wrong ones are as easy as right ones."""

from hashlib import sha256
from typing import Any

from frostnode.protocol.dagcbor import Cid, encode
from frostnode.protocol.keys import SigningKey, to_multikey_bytes
from frostnode.protocol.merkle import EMPTY_ROOT

TIME = 1_767_225_600_000
CONTEXT = b"frost-identity-event/v1\n"
EMPTY_END = {"size": 0, "root": EMPTY_ROOT}
Fields = dict[str, Any]


def key(label: str) -> SigningKey:
    """The key of a label."""
    return SigningKey(sha256(b"frost test vector: " + label.encode()).digest())


def multikey(label: str) -> bytes:
    """The public key of a label, as events hold it."""
    return to_multikey_bytes(key(label).public)


def commit(*labels: str, threshold: int = 1) -> Fields:
    """A commitment to the keys of labels."""
    hashes = sorted(sha256(multikey(label)).digest() for label in labels)
    return {"threshold": threshold, "hashes": hashes}


def epoch(label: str, url: str = "https://node.example") -> Fields:
    """The epoch of a log key."""
    return {"key": multikey(label), "node": multikey("node of " + label), "url": url}


def root_of(text: str) -> bytes:
    """Some root."""
    return sha256(text.encode()).digest()


def end(size: int = 3, text: str = "a root") -> Fields:
    """The end of an epoch."""
    return {"size": size, "root": root_of(text)} if size else dict(EMPTY_END)


def sign(fields: Fields, *labels: str, context: bytes = CONTEXT) -> bytes:
    """A signed event: `keys` are those of the labels unless the fields say otherwise."""
    signers = sorted((key(label) for label in labels), key=lambda signer: signer.public)
    event = {"keys": [to_multikey_bytes(signer.public) for signer in signers]} | fields
    message = context + encode(event)
    return encode({"event": event, "sigs": [signer.sign(message) for signer in signers]})


def cid_of(signed: bytes) -> Cid:
    """The CID of a signed event: over all behind the key `event`, which comes last."""
    return Cid.of(signed[signed.index(b"\x65event") + 6 :])


def genesis_fields(label: str = "") -> Fields:
    """A genesis event with everything that it may have."""
    return {
        "v": 1,
        "kind": "genesis",
        "n": 0,
        "time": TIME,
        "next": commit(f"authority 1{label}"),
        "recovery": commit(f"recovery 1{label}"),
        "epoch": epoch(f"log 0{label}"),
    }


def ordinary_fields(prev: bytes, n: int, label: str = "") -> Fields:
    """An ordinary event behind `prev`."""
    return {
        "v": 1,
        "kind": "ordinary",
        "n": n,
        "prev": cid_of(prev),
        "time": TIME + n,
        "next": commit(f"authority {n + 1}{label}"),
        "end": end(10 * n, f"tree {n}"),
        "epoch": epoch(f"log {n}{label}"),
    }


def recovery_fields(prev: bytes, n: int, label: str = "") -> Fields:
    """A recovery event behind `prev`."""
    return ordinary_fields(prev, n, label) | {
        "kind": "recovery",
        "recovery": commit(f"recovery {n + 1}{label}"),
    }


GENESIS = sign(genesis_fields(), "authority 0")
DID = f"did:frost:{cid_of(GENESIS)}"
MOVED = sign(ordinary_fields(GENESIS, 1), "authority 1")
MOVED_AGAIN = sign(ordinary_fields(MOVED, 2), "authority 2")
THIEF = sign(ordinary_fields(GENESIS, 1, " of a thief"), "authority 1")
THIEF_AGAIN = sign(ordinary_fields(THIEF, 2, " of a thief"), "authority 2 of a thief")
RECOVERED = sign(recovery_fields(GENESIS, 1), "recovery 1")
AFTER = sign(ordinary_fields(RECOVERED, 2), "authority 2")


def origin_of(did: str, n: int, signed: bytes) -> str:
    """The origin of the epoch that an event opened."""
    return f"{did}/log/{n}/{cid_of(signed)}"
