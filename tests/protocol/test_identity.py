"""Identity events: one byte string for one event, and validity that ancestors alone decide."""

from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.dagcbor import Cid, decode, encode
from frostnode.protocol.errors import IdentityError, PeerError, SignatureError
from frostnode.protocol.history import History
from frostnode.protocol.identity import (
    EMPTY_END,
    Commitment,
    End,
    Epoch,
    Event,
    Kind,
    attach_signatures,
    check_successor,
    commitment,
    encode_event,
    event_message,
    key_hash,
    parse_signed_event,
    sign_event,
    verify_signatures,
)
from frostnode.protocol.keys import SigningKey, to_multikey_bytes
from frostnode.protocol.limits import (
    IDENTITY_EVENT_BYTES_MAX,
    IDENTITY_KEYS_MAX,
    IDENTITY_PATH_EVENTS_MAX,
    NODE_URL_BYTES_MAX,
    TIME_MS_MAX,
    TREE_SIZE_MAX,
)
from frostnode.protocol.merkle import EMPTY_ROOT
from frostnode.protocol.names import did_of


def key(label: str) -> SigningKey:
    return SigningKey(sha256(label.encode()).digest())


def commit(*labels: str, threshold: int = 1) -> Commitment:
    return commitment([key(label).public for label in labels], threshold)


def epoch(label: str) -> Epoch:
    return Epoch(key=key(f"log {label}").public, node=key("node").public, url=f"https://{label}.example")


GENESIS = Event(
    kind=Kind.GENESIS,
    n=0,
    time=1_700_000_000_000,
    keys=(key("a0").public,),
    next=commit("a1"),
    recovery=commit("r0"),
    epoch=epoch("one"),
)
SIGNED_GENESIS = sign_event(GENESIS, [key("a0")])
ORDINARY = Event(
    kind=Kind.ORDINARY,
    n=1,
    prev=SIGNED_GENESIS.cid,
    time=1_700_000_000_001,
    keys=(key("a1").public,),
    next=commit("a2"),
    end=End(size=7, root=bytes(range(32))),
    epoch=epoch("two"),
)
RECOVERY = Event(
    kind=Kind.RECOVERY,
    n=1,
    prev=SIGNED_GENESIS.cid,
    time=1_700_000_000_002,
    keys=(key("r0").public,),
    next=commit("b1"),
    recovery=commit("r1"),
    end=End(size=9, root=bytes(range(32))),
)
SIGNED_ORDINARY = sign_event(ORDINARY, [key("a1")])
SIGNED_RECOVERY = sign_event(RECOVERY, [key("r0")])
EVENTS = [SIGNED_GENESIS, SIGNED_ORDINARY, SIGNED_RECOVERY]
BY_KIND = {"genesis": SIGNED_GENESIS, "ordinary": SIGNED_ORDINARY, "recovery": SIGNED_RECOVERY}
LOW_ORDER = b"\xed\x01\x01" + bytes(31)


# -- form ---------------------------------------------------------------------------------------------


def test_the_bytes_are_the_stated_map() -> None:
    assert decode(SIGNED_ORDINARY.raw) == {
        "event": {
            "v": 1,
            "kind": "ordinary",
            "n": 1,
            "prev": SIGNED_GENESIS.cid,
            "time": 1_700_000_000_001,
            "keys": [b"\xed\x01" + key("a1").public],
            "next": {"threshold": 1, "hashes": [sha256(b"\xed\x01" + key("a2").public).digest()]},
            "end": {"size": 7, "root": bytes(range(32))},
            "epoch": {
                "key": b"\xed\x01" + key("log two").public,
                "node": b"\xed\x01" + key("node").public,
                "url": "https://two.example",
            },
        },
        "sigs": list(SIGNED_ORDINARY.signatures),
    }


@pytest.mark.parametrize("signed", EVENTS, ids=lambda signed: signed.event.kind)
def test_what_is_signed_is_parsed_back_whole(signed) -> None:
    assert parse_signed_event(signed.raw) == signed
    verify_signatures(signed)


def test_the_cid_is_over_the_event_without_signatures() -> None:
    assert SIGNED_ORDINARY.cid == Cid.of(encode_event(ORDINARY))
    assert event_message(ORDINARY) == b"frost-identity-event/v1\n" + encode_event(ORDINARY)
    forged = attach_signatures(ORDINARY, {key("a1").public: bytes(64)})
    assert forged.cid == SIGNED_ORDINARY.cid
    assert forged.raw != SIGNED_ORDINARY.raw


def test_several_people_sign_one_event_apart() -> None:
    keys = sorted(key(label).public for label in ("a", "b", "c"))
    event = replace(ORDINARY, keys=tuple(keys))
    apart = {key(label).public: key(label).sign(event_message(event)) for label in ("c", "a", "b")}
    together = attach_signatures(event, apart)
    assert together == sign_event(event, [key("b"), key("c"), key("a")])
    verify_signatures(together)


@pytest.mark.parametrize("labels", [(), ("a1", "other"), ("other",)])
def test_an_event_is_signed_by_exactly_its_keys(labels) -> None:
    with pytest.raises(IdentityError) as refused:
        sign_event(ORDINARY, [key(label) for label in labels])
    assert refused.value.code == "identity.keys"


def test_a_hash_of_a_commitment_is_over_the_multikey_bytes() -> None:
    assert key_hash(key("a").public) == sha256(to_multikey_bytes(key("a").public)).digest()
    assert commit("a", "b", "c", threshold=2) == Commitment(
        threshold=2, hashes=tuple(sorted(key_hash(key(label).public) for label in "abc"))
    )


@pytest.mark.parametrize(
    ("labels", "threshold", "code"),
    [
        ("ab", 0, "identity.threshold"),
        ("ab", 3, "identity.threshold"),
        ("", 0, "identity.threshold"),
        ("aa", 1, "identity.malformed"),
        (map(str, range(IDENTITY_KEYS_MAX + 1)), 1, "identity.malformed"),
    ],
)
def test_a_commitment_that_nobody_could_meet_is_not_made(labels, threshold, code) -> None:
    with pytest.raises(IdentityError) as refused:
        commit(*labels, threshold=threshold)
    assert refused.value.code == code


# -- every field, mutated -----------------------------------------------------------------------------


def edit(kind: str, change) -> bytes:
    """A signed event of this kind, its map changed, signed by nobody."""
    signed = decode(BY_KIND[kind].raw)
    change(signed["event"], signed)
    return encode(signed)


def put(name: str, value: object):
    *path, last = name.split(".")

    def change(event, signed) -> None:
        at = signed if path[:1] == ["signed"] else event
        for step in path:
            at = at if step == "signed" else at[step]
        at[last] = value

    return change


def with_keys(keys: list[bytes]):
    """As many signatures as keys, so that the keys alone are what is wrong."""

    def change(event, signed) -> None:
        event["keys"], signed["sigs"] = keys, [bytes(64)] * len(keys)

    return change


def drop(name: str):
    return lambda event, signed: event.pop(name)


SOME_HASH = sha256(b"some").digest()
TWO_KEYS = sorted(to_multikey_bytes(key(label).public) for label in "ab")
MALFORMED, EVERY = "identity.malformed", ("genesis", "ordinary", "recovery")
MUTATIONS = [
    # (kinds, what, change, code)
    (EVERY, "unknown version", put("v", 2), MALFORMED),
    (EVERY, "version as boolean", put("v", True), MALFORMED),
    (EVERY, "version as float", put("v", 1.0), "encoding.float"),
    (EVERY, "no version", drop("v"), MALFORMED),
    (EVERY, "unknown kind", put("kind", "other"), MALFORMED),
    (EVERY, "kind of another type", put("kind", ["genesis"]), MALFORMED),
    (EVERY, "kind null", put("kind", None), MALFORMED),
    (EVERY, "extra field", put("more", 1), MALFORMED),
    (EVERY, "extra field beside the event", put("signed.more", 1), MALFORMED),
    (EVERY, "event is no map", put("signed.event", []), MALFORMED),
    (EVERY, "n negative", put("n", -1), MALFORMED),
    (EVERY, "n as float", put("n", 1.0), "encoding.float"),
    (EVERY, "n null", put("n", None), MALFORMED),
    (["genesis"], "n of genesis", put("n", 1), "identity.predecessor"),
    (["ordinary", "recovery"], "n zero", put("n", 0), "identity.predecessor"),
    (["ordinary", "recovery"], "n beyond the limit", put("n", IDENTITY_PATH_EVENTS_MAX), "identity.too-long"),
    (["genesis"], "prev in genesis", put("prev", SIGNED_GENESIS.cid), "identity.predecessor"),
    (["ordinary", "recovery"], "no prev", drop("prev"), "identity.predecessor"),
    (["ordinary", "recovery"], "prev null", put("prev", None), MALFORMED),
    (["ordinary", "recovery"], "prev as bytes", put("prev", bytes(SIGNED_GENESIS.cid)), MALFORMED),
    (["ordinary", "recovery"], "prev of another codec", put("prev", Cid(bytes.fromhex("01551220") + bytes(32))), MALFORMED),
    (EVERY, "no time", drop("time"), MALFORMED),
    (EVERY, "time negative", put("time", -1), MALFORMED),
    (EVERY, "time beyond the limit", put("time", TIME_MS_MAX + 1), MALFORMED),
    (EVERY, "time as text", put("time", "now"), MALFORMED),
    (EVERY, "no keys", with_keys([]), MALFORMED),
    (EVERY, "keys null", put("keys", None), MALFORMED),
    (EVERY, "keys unsorted", with_keys(TWO_KEYS[::-1]), MALFORMED),
    (EVERY, "key twice", with_keys([TWO_KEYS[0]] * 2), MALFORMED),
    (EVERY, "key without prefix", put("keys", [TWO_KEYS[0][2:]]), MALFORMED),
    (EVERY, "key of another kind", put("keys", [b"\xec\x01" + TWO_KEYS[0][2:]]), "key.malformed"),
    (EVERY, "key of low order", put("keys", [LOW_ORDER]), "key.refused"),
    (EVERY, "key not canonical", put("keys", [b"\xed\x01" + b"\xff" * 32]), "key.refused"),
    (EVERY, "too many keys", with_keys([b"\xed\x01" + bytes([2, i]) + bytes(30) for i in range(33)]), MALFORMED),
    (EVERY, "no next", drop("next"), MALFORMED),
    (EVERY, "next null", put("next", None), MALFORMED),
    (EVERY, "threshold zero", put("next.threshold", 0), "identity.threshold"),
    (EVERY, "threshold above the hashes", put("next.threshold", 2), "identity.threshold"),
    (EVERY, "threshold negative", put("next.threshold", -1), MALFORMED),
    (EVERY, "threshold as boolean", put("next.threshold", True), MALFORMED),
    (EVERY, "no hashes", put("next.hashes", []), "identity.threshold"),
    (EVERY, "hash twice", put("next.hashes", [SOME_HASH] * 2), MALFORMED),
    (EVERY, "hashes unsorted", put("next.hashes", [b"\x02" * 32, b"\x01" * 32]), MALFORMED),
    (EVERY, "hash too short", put("next.hashes", [SOME_HASH[1:]]), MALFORMED),
    (EVERY, "too many hashes", put("next.hashes", [bytes([i]) * 32 for i in range(33)]), MALFORMED),
    (EVERY, "extra field in next", put("next.more", 1), MALFORMED),
    (["ordinary"], "recovery set in an ordinary event", put("recovery", {"threshold": 1, "hashes": [SOME_HASH]}), "identity.recovery"),
    (["ordinary"], "recovery null in an ordinary event", put("recovery", None), "identity.recovery"),
    (["recovery"], "no recovery set in a recovery event", drop("recovery"), "identity.recovery"),
    (["genesis", "recovery"], "recovery null", put("recovery", None), MALFORMED),
    (["genesis", "recovery"], "recovery threshold zero", put("recovery.threshold", 0), "identity.threshold"),
    (["genesis", "recovery"], "recovery threshold above", put("recovery.threshold", 2), "identity.threshold"),
    (["genesis", "recovery"], "recovery hash twice", put("recovery.hashes", [SOME_HASH] * 2), MALFORMED),
    (["genesis"], "end in genesis", put("end", {"size": 0, "root": EMPTY_ROOT}), "identity.end"),
    (["ordinary", "recovery"], "no end", drop("end"), "identity.end"),
    (["ordinary", "recovery"], "end null", put("end", None), MALFORMED),
    (["ordinary", "recovery"], "end size negative", put("end.size", -1), MALFORMED),
    (["ordinary", "recovery"], "end size as float", put("end.size", 7.0), "encoding.float"),
    (["ordinary", "recovery"], "end size beyond the limit", put("end.size", TREE_SIZE_MAX + 1), MALFORMED),
    (["ordinary", "recovery"], "end root too short", put("end.root", bytes(31)), MALFORMED),
    (["ordinary", "recovery"], "end root as text", put("end.root", "0" * 32), MALFORMED),
    (["ordinary", "recovery"], "empty end with a root", put("end.size", 0), "identity.end"),
    (["ordinary"], "no epoch in an ordinary event", drop("epoch"), "identity.epoch"),
    (EVERY, "epoch null", put("epoch", None), "identity.epoch"),
    (["genesis", "ordinary"], "epoch without node", lambda event, signed: event["epoch"].pop("node"), "identity.epoch"),
    (["genesis", "ordinary"], "epoch with more", put("epoch.more", 1), "identity.epoch"),
    (["genesis", "ordinary"], "url null", put("epoch.url", None), "identity.epoch"),
    (["genesis", "ordinary"], "url too long", put("epoch.url", "é" * (NODE_URL_BYTES_MAX // 2 + 1)), "identity.epoch"),
    (["genesis", "ordinary"], "log key of low order", put("epoch.key", LOW_ORDER), "key.refused"),
    (["genesis", "ordinary"], "node key of low order", put("epoch.node", LOW_ORDER), "key.refused"),
    (["genesis", "ordinary"], "log key as text", put("epoch.key", "z6Mk"), "identity.epoch"),
    (EVERY, "no signature", put("signed.sigs", []), MALFORMED),
    (EVERY, "one signature too many", put("signed.sigs", [bytes(64)] * 2), MALFORMED),
    (EVERY, "signature too short", put("signed.sigs", [bytes(63)]), MALFORMED),
    (EVERY, "signatures null", put("signed.sigs", None), MALFORMED),
    (EVERY, "oversized", put("more", bytes(IDENTITY_EVENT_BYTES_MAX)), "identity.too-large"),
    (EVERY, "too deep", put("next.hashes", [[]]), "encoding.too-deep"),
]  # fmt: skip
CASES = [
    pytest.param(kind, change, code, id=f"{kind}: {what}")
    for kinds, what, change, code in MUTATIONS
    for kind in kinds
]


@pytest.mark.parametrize(("kind", "change", "code"), CASES)
def test_a_mutated_field_is_refused_with_its_code(kind, change, code) -> None:
    with pytest.raises(PeerError) as refused:
        parse_signed_event(edit(kind, change))
    assert refused.value.code == code


def test_every_limit_is_met_by_what_is_just_within() -> None:
    for kind, change in [
        ("ordinary", put("n", IDENTITY_PATH_EVENTS_MAX - 1)),
        ("ordinary", put("time", TIME_MS_MAX)),
        ("ordinary", put("end.size", TREE_SIZE_MAX)),
        ("ordinary", put("end", {"size": 0, "root": EMPTY_ROOT})),
        ("ordinary", put("epoch.url", "u" * NODE_URL_BYTES_MAX)),
        ("genesis", drop("recovery")),
        ("genesis", drop("epoch")),
        ("recovery", put("next", {"threshold": 32, "hashes": [bytes([i]) * 32 for i in range(32)]})),
    ]:
        parse_signed_event(edit(kind, change))


def test_an_event_of_the_largest_size_is_parsed_and_one_byte_more_is_not() -> None:
    hashes = [bytes([i]) * 32 for i in range(32)]
    keys = [b"\xed\x01" + bytes([2, i]) + bytes(30) for i in range(32)]
    raw = edit("genesis", lambda event, signed: event.update(next={"threshold": 1, "hashes": hashes}))
    full = decode(raw)
    count = 0
    while len(encode(full)) <= IDENTITY_EVENT_BYTES_MAX - 103:
        count += 1
        full["event"]["keys"], full["sigs"] = keys[:count], [bytes(64)] * count
    full["event"]["epoch"]["url"] = ""
    full["event"]["epoch"]["url"] = "u" * (IDENTITY_EVENT_BYTES_MAX - len(encode(full)) - 1)
    full["event"]["epoch"]["url"] += "u" * (IDENTITY_EVENT_BYTES_MAX - len(encode(full)))
    assert len(encode(full)) == IDENTITY_EVENT_BYTES_MAX
    parse_signed_event(encode(full))
    full["event"]["epoch"]["url"] += "u"
    with pytest.raises(IdentityError) as refused:
        parse_signed_event(encode(full))
    assert refused.value.code == "identity.too-large"


# -- any bytes ----------------------------------------------------------------------------------------


@given(st.binary(max_size=600))
def test_any_bytes_are_an_event_or_the_peers_fault(data: bytes) -> None:
    with pytest.raises(PeerError):
        parse_signed_event(data)


@pytest.mark.parametrize("signed", EVENTS, ids=lambda signed: signed.event.kind)
def test_an_event_truncated_at_any_byte_is_the_peers_fault(signed) -> None:
    for stop in range(len(signed.raw)):
        with pytest.raises(PeerError):
            parse_signed_event(signed.raw[:stop])
    with pytest.raises(PeerError):
        parse_signed_event(signed.raw + b"\x00")


@given(st.sampled_from(EVENTS), st.data())
def test_an_event_with_one_byte_changed_is_not_the_same_valid_event(signed, data) -> None:
    at = data.draw(st.integers(0, len(signed.raw) - 1))
    raw = bytearray(signed.raw)
    raw[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(PeerError):
        verify_signatures(parse_signed_event(bytes(raw)))


SCALARS = st.none() | st.booleans() | st.integers(-1, 40) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    SCALARS | st.text(max_size=5) | st.binary(max_size=70) | st.just(SIGNED_GENESIS.cid),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = ["v", "kind", "n", "prev", "time", "keys", "next", "recovery", "end", "epoch", "signed.sigs"]
FIELDS += ["signed.event", "next.threshold", "next.hashes"]


@given(st.sampled_from(sorted(BY_KIND)), st.sampled_from(FIELDS), VALUES)
def test_any_value_in_any_field_parses_or_is_the_peers_fault(kind, field, value) -> None:
    raw = edit(kind, put(field, value))
    try:
        signed = parse_signed_event(raw)
    except PeerError:
        return
    assert encode({"event": decode(encode_event(signed.event)), "sigs": list(signed.signatures)}) == raw


# -- validity -----------------------------------------------------------------------------------------


def refusal(event: Event, prev: Event = GENESIS, base: Event = GENESIS) -> str:
    try:
        check_successor(event, prev, base)
    except PeerError as error:
        return error.code
    return ""


def keys(*labels: str):
    return tuple(sorted(key(label).public for label in labels))


def test_the_examples_are_valid_below_genesis() -> None:
    assert refusal(ORDINARY) == refusal(RECOVERY) == ""


BARE = replace(GENESIS, epoch=None)
PAIR = replace(GENESIS, next=commit("a1", "a2", "a3", threshold=2))


@pytest.mark.parametrize(
    ("event", "prev", "base", "code"),
    [
        pytest.param(replace(ORDINARY, n=2), GENESIS, GENESIS, "identity.predecessor", id="n"),
        pytest.param(replace(RECOVERY, n=7), GENESIS, GENESIS, "identity.predecessor", id="n of recovery"),
        pytest.param(
            replace(ORDINARY, keys=keys("other")), GENESIS, GENESIS, "identity.keys", id="other key"
        ),
        pytest.param(
            replace(ORDINARY, keys=keys("a1", "x")), GENESIS, GENESIS, "identity.keys", id="one more key"
        ),
        pytest.param(
            replace(ORDINARY, keys=keys("r0")), GENESIS, GENESIS, "identity.keys", id="recovery key"
        ),
        pytest.param(replace(RECOVERY, keys=keys("a1")), GENESIS, GENESIS, "identity.keys", id="kit key"),
        pytest.param(
            replace(RECOVERY, keys=keys("r1")), GENESIS, GENESIS, "identity.keys", id="recovery key of later"
        ),
        pytest.param(
            RECOVERY, GENESIS, replace(GENESIS, recovery=None), "identity.recovery", id="no recovery set"
        ),
        pytest.param(ORDINARY, PAIR, PAIR, "identity.threshold", id="too few keys"),
        pytest.param(ORDINARY, BARE, BARE, "identity.end", id="end after an event without epoch"),
        pytest.param(RECOVERY, BARE, BARE, "identity.end", id="end of recovery after one without epoch"),
    ],
)
def test_an_event_that_its_ancestors_do_not_allow_is_refused(event, prev, base, code) -> None:
    assert refusal(event, prev, base) == code


@pytest.mark.parametrize(
    ("event", "prev", "base"),
    [
        pytest.param(replace(ORDINARY, keys=keys("a1", "a3")), PAIR, PAIR, id="as many keys as needed"),
        pytest.param(replace(ORDINARY, keys=keys("a1", "a2", "a3")), PAIR, PAIR, id="more keys than needed"),
        pytest.param(
            replace(ORDINARY, end=EMPTY_END), BARE, BARE, id="the empty end after one without epoch"
        ),
        pytest.param(replace(ORDINARY, end=EMPTY_END), GENESIS, GENESIS, id="an epoch that stayed empty"),
        pytest.param(
            replace(RECOVERY, n=2, keys=keys("r1")),
            replace(ORDINARY, n=1),
            RECOVERY,
            id="the set of the nearest recovery event",
        ),
        pytest.param(
            replace(ORDINARY, n=2, end=EMPTY_END, keys=keys("b1")), RECOVERY, RECOVERY, id="after recovery"
        ),
    ],
)
def test_an_event_that_its_ancestors_allow_is_valid(event, prev, base) -> None:
    assert refusal(event, prev, base) == ""


def test_a_signature_by_another_key_is_refused() -> None:
    forged = attach_signatures(ORDINARY, {key("a1").public: key("x").sign(event_message(ORDINARY))})
    with pytest.raises(SignatureError) as refused:
        verify_signatures(forged)
    assert refused.value.code == "signature.invalid"


def test_a_signature_over_the_bare_event_is_refused() -> None:
    bare = attach_signatures(ORDINARY, {key("a1").public: key("a1").sign(encode_event(ORDINARY))})
    with pytest.raises(SignatureError):
        verify_signatures(bare)


def test_every_signature_counts_not_only_as_many_as_the_threshold() -> None:
    event = replace(ORDINARY, keys=keys("a1", "a2"))
    good = {key(label).public: key(label).sign(event_message(event)) for label in ("a1", "a2")}
    for spoiled in good:
        with pytest.raises(SignatureError):
            verify_signatures(attach_signatures(event, {**good, spoiled: bytes(64)}))


def test_genesis_is_signed_by_all_keys_that_it_reveals_and_by_no_commitment() -> None:
    two = replace(GENESIS, keys=keys("a0", "z0"))
    signed = sign_event(two, [key("a0"), key("z0")])
    assert not History.empty(did_of(signed.cid)).take([signed]).refused
    half = attach_signatures(two, dict(zip(two.keys, [signed.signatures[0], bytes(64)], strict=True)))
    assert [error.code for _, error in History.empty(did_of(signed.cid)).take([half]).refused] == [
        "signature.invalid"
    ]
