"""Kit files: what was sealed opens with its passphrase, and anything else fails in one known way."""

import json
from base64 import b64decode, b64encode
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.pwhash import argon2id
from nacl.secret import SecretBox

from frostnode.identity.kits import (
    CHEAPEST,
    MODERATE,
    NONCE_BYTES,
    SALT_BYTES,
    KdfCost,
    Kit,
    KitLabel,
    Purpose,
    authority_key,
    open_kit,
    read_kit_label,
    recovery_key,
    seal_kit,
)
from frostnode.protocol.dagcbor import Cid, decode, encode
from frostnode.protocol.errors import LocalError
from frostnode.protocol.keys import SigningKey, derive_seed
from frostnode.protocol.limits import KIT_FILE_BYTES_MAX, KIT_KDF_BYTES_MAX, KIT_KDF_OPS_MAX
from frostnode.protocol.names import did_of

SEED = bytes(range(32))
SALT, NONCE = b"s" * SALT_BYTES, b"n" * NONCE_BYTES
DID, OTHER_DID = did_of(Cid.of(b"one")), did_of(Cid.of(b"other"))
LABEL = KitLabel(purpose=Purpose.AUTHORITY, did=DID, created="2026-11-21T06:42:57Z")
KIT = Kit(label=LABEL, seed=SEED)
PASSPHRASE = "correct horse battery staple"


def seal(kit: Kit = KIT, passphrase: str = PASSPHRASE, **changes) -> bytes:
    return seal_kit(kit, passphrase, **{"salt": SALT, "nonce": NONCE, "cost": CHEAPEST, **changes})


SEALED = seal()


def code_of(data: bytes, passphrase: str = PASSPHRASE) -> str:
    with pytest.raises(LocalError) as refused:
        open_kit(data, passphrase)
    return refused.value.code


def edited(change) -> bytes:
    fields = json.loads(SEALED)
    change(fields)
    return json.dumps(fields).encode()


@pytest.mark.parametrize("purpose", list(Purpose))
def test_a_kit_opens_with_its_passphrase(purpose: Purpose) -> None:
    kit = replace(KIT, label=replace(LABEL, purpose=purpose))
    assert open_kit(seal(kit), PASSPHRASE) == kit
    assert read_kit_label(seal(kit)) == kit.label


def test_the_file_is_the_stated_json() -> None:
    fields = json.loads(SEALED)
    assert {name: fields[name] for name in ("format", "purpose", "did", "created")} == {
        "format": "frost-kit/1",
        "purpose": "authority",
        "did": DID,
        "created": "2026-11-21T06:42:57Z",
    }
    assert fields["kdf"] == {"name": "argon2id", "ops": 1, "mem": 8192, "salt": b64encode(SALT).decode()}
    derived = argon2id.kdf(32, PASSPHRASE.encode(), SALT, opslimit=1, memlimit=8192)
    plain = SecretBox(derived).decrypt(b64decode(fields["box"]))
    assert decode(plain) == {"purpose": "authority", "did": DID, "created": fields["created"], "seed": SEED}
    assert b64decode(fields["box"]).startswith(NONCE)
    assert len(SEALED) < KIT_FILE_BYTES_MAX


@pytest.mark.parametrize("width", [1, 7, 64])
def test_a_kit_that_was_copied_from_paper_opens_whatever_its_lines(width: int) -> None:
    text = json.dumps(json.loads(SEALED), separators=(",", ":"))
    lines = [text[at : at + width] for at in range(0, len(text), width)]
    for between in ("\n", "\r\n  ", " "):
        assert open_kit(between.join(lines).encode(), PASSPHRASE) == KIT


def test_keys_are_derived_by_the_stated_labels() -> None:
    assert authority_key(SEED, 7).public == SigningKey(derive_seed(SEED, "frost authority/7")).public
    assert recovery_key(SEED, 0).public == SigningKey(derive_seed(SEED, "frost recovery/0")).public
    assert KIT.key(7).public == authority_key(SEED, 7).public
    sheet = replace(KIT, label=replace(LABEL, purpose=Purpose.RECOVERY))
    assert sheet.key(7).public == recovery_key(SEED, 7).public
    publics = {make(SEED, n).public for make in (authority_key, recovery_key) for n in range(5)}
    assert len(publics) == 10


def test_nothing_shows_the_seed() -> None:
    assert SEED.hex() not in repr(KIT)
    assert repr(SEED) not in repr(KIT)
    assert b64encode(SEED) not in SEALED


def test_the_default_cost_is_moderate() -> None:
    assert KdfCost(ops=3, mem=256 * 1024 * 1024) == MODERATE
    assert MODERATE.ops <= KIT_KDF_OPS_MAX
    assert MODERATE.mem <= KIT_KDF_BYTES_MAX


@pytest.mark.slow
def test_a_kit_of_moderate_cost_opens() -> None:
    data = seal_kit(KIT, PASSPHRASE, salt=SALT, nonce=NONCE)
    assert json.loads(data)["kdf"]["mem"] == MODERATE.mem
    assert open_kit(data, PASSPHRASE) == KIT


# -- passphrases --------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", ["", PASSPHRASE + " ", PASSPHRASE.upper(), "\ud800", "x" * 10_000])
def test_a_wrong_passphrase_is_said_to_be_one(wrong: str) -> None:
    assert code_of(SEALED, wrong) == "kit.passphrase"


def test_an_accent_may_be_typed_in_either_way() -> None:
    assert open_kit(seal(passphrase="caf\u00e9"), "cafe\u0301") == KIT
    assert code_of(seal(passphrase="caf\u00e9"), "cafe") == "kit.passphrase"


@pytest.mark.parametrize("passphrase", ["", "\ud800"])
def test_no_kit_is_sealed_with_what_is_no_passphrase(passphrase: str) -> None:
    with pytest.raises(LocalError) as refused:
        seal(passphrase=passphrase)
    assert refused.value.code == "kit.passphrase"


@pytest.mark.parametrize(
    ("kit", "changes"),
    [
        (replace(KIT, seed=SEED[1:]), {}),
        (replace(KIT, label=replace(LABEL, did="did:web:example.org")), {}),
        (replace(KIT, label=replace(LABEL, created="yesterday")), {}),
        (replace(KIT, label=replace(LABEL, purpose="other")), {}),
        (KIT, {"salt": b"short"}),
        (KIT, {"nonce": b"short"}),
        (KIT, {"cost": KdfCost(ops=0, mem=8192)}),
        (KIT, {"cost": KdfCost(ops=1, mem=1)}),
    ],
)
def test_no_kit_is_sealed_that_would_not_open(kit: Kit, changes) -> None:
    with pytest.raises(LocalError) as refused:
        seal(kit, **changes)
    assert refused.value.code == "kit.malformed"


# -- files that were changed --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [("purpose", "recovery"), ("did", OTHER_DID), ("created", "2026-11-21T06:42:58Z")],
)
def test_a_swapped_label_is_noticed(name: str, value: str) -> None:
    assert code_of(edited(lambda fields: fields.update({name: value}))) == "kit.malformed"


def test_what_is_encrypted_must_be_a_seed_with_its_labels() -> None:
    inner = {"purpose": "authority", "did": DID, "created": LABEL.created, "seed": SEED}
    derived = argon2id.kdf(32, PASSPHRASE.encode(), SALT, opslimit=1, memlimit=8192)
    for plain in [
        b"",
        b"\xff",
        encode([]),
        encode({**inner, "more": 1}),
        encode({**inner, "seed": SEED[1:]}),
        encode({**inner, "seed": "text"}),
        encode({**inner, "did": 7}),
        encode({name: value for name, value in inner.items() if name != "did"}),
    ]:
        box = b64encode(SecretBox(derived).encrypt(plain, NONCE)).decode()
        assert code_of(edited(lambda fields, box=box: fields.update(box=box))) == "kit.malformed"


@pytest.mark.parametrize(
    "data", [b"", b"\xff", b"[]", b"null", b"7", b'"text"', b"{}", b"[" * 4000, b"1" * 4096]
)
def test_what_is_no_kit_file_is_said_to_be_none(data: bytes) -> None:
    assert code_of(data) == "kit.malformed"
    with pytest.raises(LocalError):
        read_kit_label(data)


def test_a_file_beyond_the_limit_is_not_read() -> None:
    assert code_of(SEALED + b" " * KIT_FILE_BYTES_MAX) == "kit.malformed"


MALFORMED = [
    ("format", "frost-kit/2"),
    ("format", None),
    ("purpose", "other"),
    ("purpose", ["authority"]),
    ("did", "did:web:example.org"),
    ("did", None),
    ("created", "today"),
    ("created", 7),
    ("box", None),
    ("box", "not base64!"),
    ("box", "é"),
    ("kdf", None),
    ("kdf", {}),
    ("kdf.name", "scrypt"),
    ("kdf.ops", 0),
    ("kdf.ops", True),
    ("kdf.ops", 1.5),
    ("kdf.ops", KIT_KDF_OPS_MAX + 1),
    ("kdf.mem", 0),
    ("kdf.mem", "8192"),
    ("kdf.mem", KIT_KDF_BYTES_MAX + 1),
    ("kdf.salt", ""),
    ("kdf.salt", b64encode(b"x" * 17).decode()),
    ("kdf.salt", 7),
    ("kdf.more", 1),
    ("more", 1),
]


@pytest.mark.parametrize(("name", "value"), MALFORMED)
def test_a_malformed_field_is_refused(name: str, value: object) -> None:
    def change(fields) -> None:
        *path, last = name.split(".")
        at = fields["kdf"] if path else fields
        at[last] = value

    assert code_of(edited(change)) == "kit.malformed"


@pytest.mark.parametrize("name", ["format", "purpose", "did", "created", "kdf", "box"])
def test_a_missing_field_is_refused(name: str) -> None:
    assert code_of(edited(lambda fields: fields.pop(name))) == "kit.malformed"


@pytest.mark.parametrize("box", ["", b64encode(b"x" * 10).decode(), b64encode(b"x" * 200).decode()])
def test_a_box_that_does_not_open_is_taken_for_a_wrong_passphrase(box: str) -> None:
    assert code_of(edited(lambda fields: fields.update(box=box))) == "kit.passphrase"


def test_a_file_truncated_at_any_byte_does_not_open() -> None:
    for stop in range(len(SEALED) - 1):
        assert code_of(SEALED[:stop]) == "kit.malformed"


@given(st.binary(max_size=300))
def test_any_bytes_are_no_kit(data: bytes) -> None:
    assert code_of(data) == "kit.malformed"


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner)
)


@given(st.sampled_from(["format", "purpose", "did", "created", "kdf", "box"]), JSON)
def test_any_value_in_any_field_is_refused(name: str, value: object) -> None:
    assert code_of(edited(lambda fields: fields.update({name: value}))) in {"kit.malformed", "kit.passphrase"}


@given(st.integers(0, len(SEALED) - 2), st.integers(1, 127))
def test_a_file_with_one_byte_changed_opens_as_the_same_kit_or_not_at_all(at: int, flip: int) -> None:
    data = bytearray(SEALED)
    data[at] ^= flip
    code = ""
    try:
        kit = open_kit(bytes(data), PASSPHRASE)
    except LocalError as error:
        code = error.code
    else:
        assert kit == KIT
    assert code in {"", "kit.malformed", "kit.passphrase"}
