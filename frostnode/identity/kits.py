"""Kits: the files in which a publisher keeps what it signs identity events with.

An authority kit holds the seed of all authority keys, a recovery sheet (on paper, in a safe) the seed of
all recovery keys. Both are one JSON text: who they are for stands open, the seed is encrypted under a
passphrase together with those labels, so that a label that was swapped is noticed. A thief of the file
can guess passphrases at the speed of Argon2id; a thief of file and passphrase is the publisher.

Source of the format: spec/02-identity.md#keys-and-kits.
"""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, NoReturn
from unicodedata import normalize

import nacl.exceptions
from nacl.pwhash import argon2id
from nacl.secret import SecretBox

from frostnode.protocol.dagcbor import decode, encode
from frostnode.protocol.errors import LocalError, PeerError
from frostnode.protocol.keys import SEED_BYTES, PublicKey, SigningKey, derive_seed
from frostnode.protocol.limits import KIT_FILE_BYTES_MAX, KIT_KDF_BYTES_MAX, KIT_KDF_OPS_MAX
from frostnode.protocol.names import Did, parse_did

KIT_FORMAT: Final = "frost-kit/1"
KDF_NAME: Final = "argon2id"
SALT_BYTES: Final = argon2id.SALTBYTES
NONCE_BYTES: Final = SecretBox.NONCE_SIZE

_MARK_LABEL: Final = "frost kit mark"
_MARK_BYTES: Final = 16
_DAMAGED: Final = "the file is damaged or no kit: take another copy, the printed page or the words"
_CREATED: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


class Purpose(StrEnum):
    """Which keys a kit makes."""

    AUTHORITY = "authority"
    RECOVERY = "recovery"

    @property
    def kit_name(self) -> str:
        """What people call a kit of this purpose."""
        return "authority kit" if self is Purpose.AUTHORITY else "recovery sheet"


@dataclass(frozen=True, slots=True, kw_only=True)
class KitLabel:
    """What a kit says openly. `created` is UTC, `YYYY-MM-DDThh:mm:ssZ`."""

    purpose: Purpose
    did: Did
    created: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """An opened kit. It never shows its seed (32 bytes)."""

    label: KitLabel
    seed: bytes = field(repr=False)

    def key(self, n: int) -> SigningKey:
        """The authority key of event n, or the recovery key of the publisher's recovery event n, from 0."""
        make = authority_key if self.label.purpose is Purpose.AUTHORITY else recovery_key
        return make(self.seed, n)

    def public(self, n: int) -> PublicKey:
        """What the kit would reveal for that event."""
        return self.key(n).public

    @property
    def mark(self) -> str:
        """Tells kits apart, the same for file, words and paper, and says nothing of the seed: 32 characters of hex."""
        return derive_seed(self.seed, _MARK_LABEL)[:_MARK_BYTES].hex()


@dataclass(frozen=True, slots=True, kw_only=True)
class KdfCost:
    """What one guess of a passphrase costs: passes over the memory, and its bytes."""

    ops: int
    mem: int


MODERATE: Final = KdfCost(ops=argon2id.OPSLIMIT_MODERATE, mem=argon2id.MEMLIMIT_MODERATE)
"""256 MiB and about half a second on one core."""
CHEAPEST: Final = KdfCost(ops=argon2id.OPSLIMIT_MIN, mem=argon2id.MEMLIMIT_MIN)
"""The least that there is: for tests and demonstrations."""


def utc(time_ms: int) -> str:
    """A time (milliseconds since 1970) as labels write it: `YYYY-MM-DDThh:mm:ssZ`."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def authority_key(seed: bytes, n: int) -> SigningKey:
    """The key with which event n of a publisher is signed.

    Raises:
        LocalError: kit.malformed, when the seed has not 32 bytes
    """
    return _derive_key(seed, f"frost authority/{n}")


def recovery_key(seed: bytes, k: int) -> SigningKey:
    """The key with which the recovery event number k on a path is signed, the first being 0.

    Raises:
        LocalError: kit.malformed, when the seed has not 32 bytes
    """
    return _derive_key(seed, f"frost recovery/{k}")


def _derive_key(seed: bytes, label: str) -> SigningKey:
    if len(seed) != SEED_BYTES:
        _malformed("seed bytes", len(seed), SEED_BYTES)
    return SigningKey(derive_seed(seed, label))


def seal_kit(kit: Kit, passphrase: str, *, salt: bytes, nonce: bytes, cost: KdfCost = MODERATE) -> bytes:
    """Write a kit file. `salt` (16 bytes) and `nonce` (24 bytes) must be fresh and random.

    Raises:
        LocalError: kit.passphrase when it is empty or no text, kit.malformed when a part cannot be written
    """
    if not passphrase:
        raise LocalError("kit.passphrase", "passphrase of a new kit", found="none", expected="one")
    if len(kit.seed) != SEED_BYTES or len(nonce) != NONCE_BYTES:
        _malformed("seed or nonce", (len(kit.seed), len(nonce)), (SEED_BYTES, NONCE_BYTES))
    outer = {"purpose": str(kit.label.purpose), "did": str(kit.label.did), "created": kit.label.created}
    _read_label(outer)
    box = SecretBox(_derive(passphrase, salt, cost)).encrypt(encode({**outer, "seed": kit.seed}), nonce)
    kdf = {"name": KDF_NAME, "ops": cost.ops, "mem": cost.mem, "salt": b64encode(salt).decode()}
    text = json.dumps({"format": KIT_FORMAT, **outer, "kdf": kdf, "box": b64encode(box).decode()}, indent=2)
    return text.encode() + b"\n"


def read_kit_label(data: bytes) -> KitLabel:
    """Read what a kit file says openly; nobody has vouched for it before the kit is opened.

    Raises:
        LocalError: kit.malformed
    """
    return _read_label(_read_fields(data))


def open_kit(data: bytes, passphrase: str) -> Kit:
    """Open a kit file.

    Raises:
        LocalError: kit.passphrase, kit.malformed
    """
    fields = _read_fields(data)
    label = _read_label(fields)
    salt, cost = _read_kdf(fields["kdf"])
    box = _read_base64(fields["box"], "box")
    try:
        plain = SecretBox(_derive(passphrase, salt, cost)).decrypt(box)
    except (nacl.exceptions.CryptoError, ValueError) as error:
        hint = "type it as when the kit was made; if it is right, the file is damaged: take another copy"
        raise LocalError("kit.passphrase", "the passphrase does not open the kit", hint=hint) from error
    return _unpack(plain, label)


def _unpack(plain: bytes, label: KitLabel) -> Kit:
    """Take the seed out of what was encrypted, and hold the labels inside against those outside."""
    try:
        inner = decode(plain)
    except PeerError as error:
        _malformed("encrypted part", error, "DAG-CBOR", cause=error)
    if not isinstance(inner, dict) or set(inner) != {"purpose", "did", "created", "seed"}:
        _malformed("encrypted part", "other fields", "purpose, did, created, seed")
    seed = inner["seed"]
    if not isinstance(seed, bytes) or len(seed) != SEED_BYTES:
        _malformed("seed", "another length", f"{SEED_BYTES} bytes")
    if (sealed := _read_label(inner)) != label:
        _malformed("open label", label, sealed)
    return Kit(label=label, seed=seed)


def _derive(passphrase: str, salt: bytes, cost: KdfCost) -> bytes:
    """Make the key of the box. The passphrase is taken in NFC, since keyboards differ in composing accents."""
    try:
        secret = normalize("NFC", passphrase).encode()
    except UnicodeEncodeError as error:
        raise LocalError("kit.passphrase", "the passphrase is no Unicode text") from error
    try:
        key: bytes = argon2id.kdf(SecretBox.KEY_SIZE, secret, salt, opslimit=cost.ops, memlimit=cost.mem)
    except (nacl.exceptions.CryptoError, nacl.exceptions.ValueError, nacl.exceptions.RuntimeError) as error:
        _malformed("key derivation", error, f"{KDF_NAME} with ops {cost.ops} and mem {cost.mem}", cause=error)
    return key


def _read_fields(data: bytes) -> dict[str, Any]:
    if len(data) > KIT_FILE_BYTES_MAX:
        _malformed("kit file bytes", len(data), f"≤ {KIT_FILE_BYTES_MAX}")
    try:
        # No value of a kit has space in it: what was typed or copied from paper is read whatever its lines.
        fields = json.loads("".join(data.decode().split()))
    except (ValueError, RecursionError) as error:
        _malformed("kit file", error, "JSON text", cause=error)
    if not isinstance(fields, dict) or set(fields) != {"format", "purpose", "did", "created", "kdf", "box"}:
        _malformed("kit file", "other fields", "format, purpose, did, created, kdf, box")
    if fields["format"] != KIT_FORMAT:
        _malformed("format of the kit", fields["format"], KIT_FORMAT)
    return fields


def _read_label(fields: Mapping[str, Any]) -> KitLabel:
    purpose, did, created = (fields[name] for name in ("purpose", "did", "created"))
    if not all(isinstance(value, str) for value in (purpose, did, created)):
        _malformed("labels of the kit", (purpose, did, created), "text")
    if purpose not in list(Purpose) or _CREATED.fullmatch(created) is None:
        _malformed("labels of the kit", (purpose, created), "a purpose, and YYYY-MM-DDThh:mm:ssZ")
    try:
        return KitLabel(purpose=Purpose(purpose), did=parse_did(did), created=created)
    except PeerError as error:
        _malformed("DID of the kit", did, "did:frost:…", cause=error)


def _read_kdf(value: object) -> tuple[bytes, KdfCost]:
    if (
        not isinstance(value, dict)
        or set(value) != {"name", "ops", "mem", "salt"}
        or value["name"] != KDF_NAME
    ):
        _malformed("kdf of the kit", value, f"a map of name {KDF_NAME}, ops, mem, salt")
    ops, mem = value["ops"], value["mem"]
    if type(ops) is not int or type(mem) is not int:
        _malformed("cost of the kit", (ops, mem), "integers")
    if not (CHEAPEST.ops <= ops <= KIT_KDF_OPS_MAX and CHEAPEST.mem <= mem <= KIT_KDF_BYTES_MAX):
        _malformed("cost of the kit", (ops, mem), f"ops ≤ {KIT_KDF_OPS_MAX}, mem ≤ {KIT_KDF_BYTES_MAX}")
    salt = _read_base64(value["salt"], "salt")
    if len(salt) != SALT_BYTES:
        _malformed("salt of the kit", len(salt), f"{SALT_BYTES} bytes")
    return salt, KdfCost(ops=ops, mem=mem)


def _read_base64(value: object, what: str) -> bytes:
    if not isinstance(value, str):
        _malformed(f"{what} of the kit", value, "base64")
    try:
        return b64decode(value, validate=True)
    except ValueError as error:
        _malformed(f"{what} of the kit", value, "base64", cause=error)


def _malformed(what: str, found: object, expected: object, cause: Exception | None = None) -> NoReturn:
    raise LocalError("kit.malformed", what, found=found, expected=expected, hint=_DAMAGED) from cause
