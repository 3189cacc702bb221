"""Vectors of 02 identity: one event below its ancestors."""

from typing import Any

from frostnode.protocol.dagcbor import Cid, encode
from interop.cases import publisher as p
from interop.cases.vector import Vector, Vectors, hexed

FORM = "02-identity.md#format"
VALIDITY = "02-identity.md#validity"

WIDE = p.sign(p.genesis_fields() | {"next": p.commit("a", "b", "c", threshold=2)}, "authority 0")
NO_RECOVERY = {name: value for name, value in p.genesis_fields().items() if name != "recovery"}
BARE = p.sign({name: value for name, value in NO_RECOVERY.items() if name != "epoch"}, "authority 0")
NO_SET = p.sign(NO_RECOVERY, "authority 0")
ORDINARY = p.ordinary_fields(p.GENESIS, 1)
RECOVERY = p.recovery_fields(p.GENESIS, 1)
LOW_ORDER = b"\xed\x01" + (1).to_bytes(32, "little")
HASHES = p.commit("a", "b")["hashes"]


def without(fields: p.Fields, name: str) -> p.Fields:
    """Fields but one."""
    return {other: value for other, value in fields.items() if other != name}


def event(signed: bytes, *ancestors: bytes, did: str | None = None) -> dict[str, Any]:
    """The input of a vector about one event, ancestors first."""
    first = ancestors[0] if ancestors else signed
    did = did or f"did:frost:{p.cid_of(first)}"
    return hexed({"what": "event", "did": did, "ancestors": ancestors, "event": signed})


def valid_events() -> list[tuple[str, str, dict[str, Any]]]:
    """Name, about, input."""
    wide = p.ordinary_fields(WIDE, 1)
    bare = p.ordinary_fields(BARE, 1) | {"end": p.EMPTY_END}
    many = [f"key {number}" for number in range(12)]
    return [
        ("genesis", "With a recovery set and an epoch.", event(p.GENESIS)),
        ("genesis-without-recovery-and-epoch", "Both are optional.", event(BARE)),
        ("genesis-of-several-keys", "Each signs.", event(p.sign(p.genesis_fields(), "a", "b", "c"))),
        (
            "ordinary-moves-the-host",
            "Signed by the key that genesis committed to.",
            event(p.MOVED, p.GENESIS),
        ),
        ("two-of-three", "The threshold is reached.", event(p.sign(wide, "a", "c"), WIDE)),
        ("three-of-three", "More than the threshold.", event(p.sign(wide, "a", "b", "c"), WIDE)),
        (
            "many-hashes",
            "Twelve keys to come.",
            event(p.sign(ORDINARY | {"next": p.commit(*many, threshold=12)}, "authority 1"), p.GENESIS),
        ),
        ("end-of-an-epoch-that-was-never-opened", "At 0, empty.", event(p.sign(bare, "authority 1"), BARE)),
        (
            "end-at-nothing",
            "Nothing counts of an epoch that was open.",
            event(p.sign(ORDINARY | {"end": p.EMPTY_END}, "authority 1"), p.GENESIS),
        ),
        (
            "url-empty",
            "No hint.",
            event(p.sign(ORDINARY | {"epoch": p.epoch("log 1", "")}, "authority 1"), p.GENESIS),
        ),
        (
            "url-at-the-limit",
            "255 bytes.",
            event(p.sign(ORDINARY | {"epoch": p.epoch("log 1", "h" * 255)}, "authority 1"), p.GENESIS),
        ),
        ("recovery", "Signed by the recovery set.", event(p.RECOVERED, p.GENESIS)),
        (
            "recovery-without-epoch",
            "It may come later.",
            event(p.sign(without(RECOVERY, "epoch"), "recovery 1"), p.GENESIS),
        ),
        (
            "recovery-names-an-ordinary-event",
            "The last good one.",
            event(p.sign(p.recovery_fields(p.MOVED, 2), "recovery 1"), p.GENESIS, p.MOVED),
        ),
        (
            "recovery-after-recovery",
            "By the set that the last one committed to.",
            event(p.sign(p.recovery_fields(p.AFTER, 3), "recovery 2"), p.GENESIS, p.RECOVERED, p.AFTER),
        ),
        (
            "ordinary-after-recovery",
            "By the keys that it committed to.",
            event(p.AFTER, p.GENESIS, p.RECOVERED),
        ),
        (
            "time-goes-back",
            "Claimed times decide nothing.",
            event(p.sign(ORDINARY | {"time": 0}, "authority 1"), p.GENESIS),
        ),
    ]


def changed(
    about: str, error: str, change: p.Fields, spec: str = FORM
) -> tuple[str, str, str, dict[str, Any]]:
    """An ordinary event with some fields changed, signed by the right key."""
    return about, error, spec, event(p.sign(ORDINARY | change, "authority 1"), p.GENESIS)


def malformed_events() -> dict[str, tuple[str, str, str, dict[str, Any]]]:
    """What is wrong by its form."""
    malformed, threshold, where = "identity.malformed", "identity.threshold", "identity.predecessor"
    genesis = p.genesis_fields()
    return {
        "extra-field": changed("a field that no event has", malformed, {"note": "hello"}),
        "null-instead-of-absent": changed(
            "absent fields are absent", "identity.recovery", {"recovery": None}
        ),
        "missing-time": (
            "no time",
            malformed,
            FORM,
            event(p.sign(without(ORDINARY, "time"), "authority 1"), p.GENESIS),
        ),
        "negative-time": changed("before 1970", malformed, {"time": -1}),
        "time-too-large": changed("2^53", malformed, {"time": 2**53}),
        "time-as-float": changed("1.0 is not 1", "encoding.float", {"time": 1.0}),
        "version-2": changed("a version nobody knows", malformed, {"v": 2}),
        "version-true": changed("true is not 1", malformed, {"v": True}),
        "unknown-kind": changed(
            "neither genesis, ordinary nor recovery", malformed, {"kind": "extraordinary"}
        ),
        "genesis-with-predecessor": (
            "genesis names none",
            where,
            FORM,
            event(p.sign(genesis | {"prev": p.cid_of(p.GENESIS)}, "authority 0")),
        ),
        "genesis-with-end": (
            "there is nothing to end",
            "identity.end",
            FORM,
            event(p.sign(genesis | {"end": p.end()}, "authority 0")),
        ),
        "genesis-with-ancestors": ("n is 0", where, FORM, event(p.sign(genesis | {"n": 1}, "authority 0"))),
        "ordinary-without-end": (
            "an event ends its predecessor's epoch",
            "identity.end",
            FORM,
            event(p.sign(without(ORDINARY, "end"), "authority 1"), p.GENESIS),
        ),
        "ordinary-without-epoch": (
            "an ordinary event opens one",
            "identity.epoch",
            FORM,
            event(p.sign(without(ORDINARY, "epoch"), "authority 1"), p.GENESIS),
        ),
        "ordinary-without-predecessor": (
            "only genesis has none",
            where,
            FORM,
            event(p.sign(without(ORDINARY, "prev"), "authority 1"), p.GENESIS),
        ),
        "recovery-set-in-ordinary-event": changed(
            "it would outlive a stolen kit",
            "identity.recovery",
            {"recovery": p.commit("recovery of a thief")},
        ),
        "recovery-without-new-set": (
            "the set is spent and must be followed",
            "identity.recovery",
            FORM,
            event(p.sign(without(RECOVERY, "recovery"), "recovery 1"), p.GENESIS),
        ),
        "threshold-zero": changed("anyone could sign", threshold, {"next": p.commit("a") | {"threshold": 0}}),
        "threshold-above-hashes": changed(
            "nobody could sign", threshold, {"next": p.commit("a", threshold=2)}
        ),
        "no-hashes": changed("nobody could sign", threshold, {"next": {"threshold": 1, "hashes": []}}),
        "hash-twice": changed(
            "one key would count twice", malformed, {"next": {"threshold": 2, "hashes": HASHES[:1] * 2}}
        ),
        "hashes-out-of-order": changed(
            "one spelling", malformed, {"next": {"threshold": 1, "hashes": HASHES[::-1]}}
        ),
        "hash-too-short": changed(
            "31 bytes", malformed, {"next": {"threshold": 1, "hashes": [HASHES[0][:31]]}}
        ),
        "too-many-hashes": changed("33", malformed, {"next": p.commit(*map(str, range(33)))}),
        "commitment-with-extra-field": changed(
            "exactly two fields", malformed, {"next": p.commit("a") | {"note": ""}}
        ),
        "end-without-entries-with-another-root": changed(
            "no tree of none has it", "identity.end", {"end": {"size": 0, "root": p.root_of("x")}}
        ),
        "end-root-too-short": changed(
            "31 bytes", malformed, {"end": {"size": 1, "root": p.root_of("x")[:31]}}
        ),
        "end-beyond-any-tree": changed("2^53", malformed, {"end": {"size": 2**53, "root": p.root_of("x")}}),
        "url-too-long": changed("256 bytes", "identity.epoch", {"epoch": p.epoch("log 1", "h" * 256)}),
        "url-too-long-in-bytes": changed(
            "128 characters of two bytes", "identity.epoch", {"epoch": p.epoch("log 1", "é" * 128)}
        ),
        "epoch-without-node": changed(
            "exactly three fields", "identity.epoch", {"epoch": without(p.epoch("log 1"), "node")}
        ),
        "log-key-low-order": changed(
            "judged by nobody", "key.refused", {"epoch": p.epoch("log 1") | {"key": LOW_ORDER}}
        ),
        "node-key-low-order": changed(
            "judged by nobody", "key.refused", {"epoch": p.epoch("log 1") | {"node": LOW_ORDER}}
        ),
        "log-key-without-prefix": changed(
            "32 bytes", "key.malformed", {"epoch": p.epoch("log 1") | {"key": p.key("log 1").public}}
        ),
        "keys-low-order": changed("judged by nobody", "key.refused", {"keys": [LOW_ORDER]}),
        "no-keys": ("nobody signs", malformed, FORM, event(p.sign(ORDINARY | {"keys": []}), p.GENESIS)),
        "predecessor-of-another-codec": changed(
            "raw, not dag-cbor", malformed, {"prev": Cid(bytes.fromhex("01551220") + bytes(32))}
        ),
        "predecessor-as-bytes": changed("not a link", malformed, {"prev": b"\0" + p.cid_of(p.GENESIS).raw}),
        "too-long-a-path": changed("the 1,001st event", "identity.too-long", {"n": 1000}),
        "oversized": changed("above 4 KiB", "identity.too-large", {"note": "x" * 4096}),
    }


def unsigned_events() -> dict[str, tuple[str, str, str, dict[str, Any]]]:
    """What is wrong by its signatures, or by the bytes around them."""
    wide = p.ordinary_fields(WIDE, 1)
    two = p.sign(wide, "a", "b")
    body = ORDINARY | {"keys": [p.multikey("authority 1")]}
    message = p.CONTEXT + encode(body)
    good = p.key("authority 1").sign(message)
    keys = sorted(p.multikey(label) for label in "ab")

    def with_sigs(*signatures: bytes) -> dict[str, Any]:
        return event(encode({"event": body, "sigs": list(signatures)}), p.GENESIS)

    invalid = "signature.invalid"
    return {
        "signature-of-another-key": (
            "not the key that is revealed",
            invalid,
            FORM,
            with_sigs(p.key("x").sign(message)),
        ),
        "signature-without-context": (
            "made for something else",
            invalid,
            FORM,
            event(p.sign(ORDINARY, "authority 1", context=b""), p.GENESIS),
        ),
        "signature-missing": ("one for each key", "identity.malformed", FORM, with_sigs()),
        "signature-extra": ("one for each key", "identity.malformed", FORM, with_sigs(good, good)),
        "signature-truncated": ("63 bytes", "identity.malformed", FORM, with_sigs(good[:63])),
        "signatures-swapped": ("in the order of the keys", invalid, FORM, event(swap_signatures(two), WIDE)),
        "signature-replayed-on-another-event": (
            "the signature of a sibling",
            invalid,
            FORM,
            event(encode({"event": body | {"time": p.TIME + 99}, "sigs": [good]}), p.GENESIS),
        ),
        "keys-out-of-order": (
            "ascending",
            "identity.malformed",
            FORM,
            event(p.sign(wide | {"keys": keys[::-1]}, "a", "b"), WIDE),
        ),
        "key-twice": (
            "one key reaches the threshold by itself",
            "identity.malformed",
            FORM,
            event(p.sign(wide | {"keys": [keys[0], keys[0]]}, "a", "a"), WIDE),
        ),
        "signed-event-with-extra-field": (
            "exactly two fields",
            "identity.malformed",
            FORM,
            event(encode({"event": body, "sigs": [good], "x": 0}), p.GENESIS),
        ),
        "event-not-canonical": (
            "keys in another order",
            "encoding.not-canonical",
            FORM,
            event(swap_fields(p.MOVED), p.GENESIS),
        ),
        "event-truncated": (
            "the last byte is missing",
            "encoding.not-canonical",
            FORM,
            event(p.MOVED[:-1], p.GENESIS),
        ),
        "bytes-after-the-event": (
            "a byte too many",
            "encoding.not-canonical",
            FORM,
            event(p.MOVED + b"\0", p.GENESIS),
        ),
    }


def swap_signatures(signed: bytes) -> bytes:
    """The same event with its two signatures in the other order."""
    at = signed.index(b"\x58\x40")
    one, other = signed[at : at + 66], signed[at + 66 : at + 132]
    return signed.replace(one + other, other + one)


def swap_fields(signed: bytes) -> bytes:
    """`event` before `sigs`: the order of bytes, not of DAG-CBOR."""
    at = signed.index(b"\x65event")
    return signed[:1] + signed[at:] + signed[1:at]


def disallowed_events() -> dict[str, tuple[str, str, str, dict[str, Any]]]:
    """What its ancestors do not allow."""
    keys, threshold, where, end = (
        "identity.keys",
        "identity.threshold",
        "identity.predecessor",
        "identity.end",
    )
    wide = p.ordinary_fields(WIDE, 1)
    bare = p.ordinary_fields(BARE, 1)
    alone = wide | {"next": p.commit("thief")}
    other = p.sign(p.genesis_fields(" of another"), "authority 0 of another")
    third = p.recovery_fields(p.AFTER, 3)
    return {
        "wrong-key": ("nobody committed to it", keys, VALIDITY, event(p.sign(ORDINARY, "x"), p.GENESIS)),
        "wrong-key-beside-right-ones": (
            "every revealed key must have been committed to",
            keys,
            VALIDITY,
            event(p.sign(wide, "a", "b", "x"), WIDE),
        ),
        "signed-by-the-log-key": (
            "log keys sign checkpoints and nothing else",
            keys,
            VALIDITY,
            event(p.sign(ORDINARY, "log 0"), p.GENESIS),
        ),
        "signed-by-the-authority-of-genesis": (
            "it has been rotated out",
            keys,
            VALIDITY,
            event(p.sign(ORDINARY, "authority 0"), p.GENESIS),
        ),
        "signed-by-an-older-kit": (
            "its place was one event earlier",
            keys,
            VALIDITY,
            event(p.sign(p.ordinary_fields(p.MOVED, 2), "authority 1"), p.GENESIS, p.MOVED),
        ),
        "threshold-not-reached": ("one of two", threshold, VALIDITY, event(p.sign(wide, "a"), WIDE)),
        "thief-lowers-the-threshold": (
            "with one key, to a key of his own",
            threshold,
            VALIDITY,
            event(p.sign(alone, "b"), WIDE),
        ),
        "ordinary-signed-by-the-recovery-set": (
            "that makes recovery events",
            keys,
            VALIDITY,
            event(p.sign(ORDINARY, "recovery 1"), p.GENESIS),
        ),
        "recovery-signed-by-authority": (
            "a kit is not the recovery set",
            keys,
            VALIDITY,
            event(p.sign(RECOVERY, "authority 1"), p.GENESIS),
        ),
        "recovery-without-a-set": (
            "genesis committed to none",
            "identity.recovery",
            VALIDITY,
            event(p.sign(p.recovery_fields(NO_SET, 1), "recovery 1"), NO_SET),
        ),
        "recovery-by-a-spent-set": (
            "below a recovery event its own set counts",
            keys,
            VALIDITY,
            event(p.sign(third, "recovery 1"), p.GENESIS, p.RECOVERED, p.AFTER),
        ),
        "old-kit-below-a-recovery-event": (
            "it committed to other keys",
            keys,
            VALIDITY,
            event(p.sign(p.ordinary_fields(p.RECOVERED, 2), "authority 1"), p.GENESIS, p.RECOVERED),
        ),
        "number-skipped": (
            "n counts the ancestors",
            where,
            VALIDITY,
            event(p.sign(ORDINARY | {"n": 2}, "authority 1"), p.GENESIS),
        ),
        "end-of-an-unopened-epoch-with-entries": (
            "there can be none",
            end,
            VALIDITY,
            event(p.sign(bare, "authority 1"), BARE),
        ),
        "genesis-of-another-publisher": (
            "not the one in the DID",
            "identity.unknown",
            VALIDITY,
            event(other, did=p.DID),
        ),
    }


def vectors() -> Vectors:
    """All of the area."""
    for name, about, given in valid_events():
        yield Vector(area="identity", name=name, about=about, spec=FORM, input=given)
    for name, (about, error, spec, given) in (
        malformed_events() | unsigned_events() | disallowed_events()
    ).items():
        yield Vector(area="identity", name=name, about=about, spec=spec, input=given, error=error)
