"""Ed25519 keys and signatures under one strict rule, and the forms that public keys travel in.

Source of the rule: spec/01-encoding.md#keys-and-signatures. Libraries differ on points of low order and
on encodings that are not canonical; so these are refused here, on the bytes, before the library is asked.
"""

from typing import Final, NewType

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nacl.bindings import crypto_sign, crypto_sign_open, crypto_sign_seed_keypair
from nacl.exceptions import BadSignatureError

from frostnode.protocol.errors import SignatureError

PublicKey = NewType("PublicKey", bytes)
"""An Ed25519 public key: the 32 bytes of RFC 8032, section 5.1.5."""

KEY_BYTES: Final = 32
SEED_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
MULTIKEY_PREFIX: Final = b"\xed\x01"
"""The multicodec ed25519-pub (0xed) as an unsigned varint."""

_MULTIKEY_BYTES: Final = len(MULTIKEY_PREFIX) + KEY_BYTES
_MULTIBASE_CHARS: Final = 48
_FIELD_PRIME: Final = 2**255 - 19
_GROUP_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
_SIGN_BIT: Final = 2**255
_ORDER_8_Y: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
"""The smaller y of the four points of order 8; the other is its negative."""


def _refused_points() -> frozenset[bytes]:
    """Every encoding of a point of low order and every encoding that is not canonical: 48 in all."""
    low_order_y = (0, 1, _FIELD_PRIME - 1, _ORDER_8_Y, _FIELD_PRIME - _ORDER_8_Y)
    beyond_the_field = range(_FIELD_PRIME, _SIGN_BIT)
    return frozenset(
        (y + sign).to_bytes(KEY_BYTES, "little")
        for y in (*low_order_y, *beyond_the_field)
        for sign in (0, _SIGN_BIT)
    )


_REFUSED_POINTS: Final = _refused_points()


def check_public_key(key: bytes) -> PublicKey:
    """Check 32 bytes that shall be a public key.

    Whether they are a point of the curve is not asked: what is none verifies nothing.

    Raises:
        SignatureError: key.malformed, key.refused
    """
    if len(key) != KEY_BYTES:
        raise SignatureError("key.malformed", "public key bytes", found=len(key), expected=KEY_BYTES)
    if key in _REFUSED_POINTS:
        raise SignatureError(
            "key.refused", "public key", found=key, expected="a canonical point that is not of low order"
        )
    return PublicKey(key)


def verify(key: PublicKey, message: bytes, signature: bytes) -> None:
    """Check a signature of 64 bytes under the strict rule: cofactorless, all encodings canonical.

    Raises:
        SignatureError: key.malformed, key.refused, signature.invalid
    """
    check_public_key(key)
    if len(signature) != SIGNATURE_BYTES:
        raise SignatureError(
            "signature.invalid", "signature bytes", found=len(signature), expected=SIGNATURE_BYTES
        )
    if signature[:KEY_BYTES] in _REFUSED_POINTS:
        raise SignatureError("signature.invalid", "the R of the signature is of low order or not canonical")
    if int.from_bytes(signature[KEY_BYTES:], "little") >= _GROUP_ORDER:
        raise SignatureError("signature.invalid", "the S of the signature is not below the group order")
    try:
        crypto_sign_open(signature + message, key)
    except BadSignatureError as error:
        raise SignatureError("signature.invalid", "the signature does not verify") from error


class SigningKey:
    """A private key, made from a seed of 32 bytes. It never shows its seed.

    Raises:
        SignatureError: key.malformed
    """

    __slots__ = ("_secret", "public")

    public: PublicKey

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise SignatureError("key.malformed", "seed bytes", found=len(seed), expected=SEED_BYTES)
        public, self._secret = crypto_sign_seed_keypair(seed)
        self.public = PublicKey(public)

    def sign(self, message: bytes) -> bytes:
        """Return the signature of 64 bytes; the same message always gives the same one."""
        return crypto_sign(message, self._secret)[:SIGNATURE_BYTES]

    def __repr__(self) -> str:
        return f"SigningKey(public={self.public.hex()})"


def derive_seed(secret: bytes, label: str) -> bytes:
    """Derive the 32-byte seed of one purpose from a secret: HKDF-SHA256, no salt, the label as info."""
    return HKDF(algorithm=SHA256(), length=SEED_BYTES, salt=None, info=label.encode()).derive(secret)


def to_multikey_bytes(key: PublicKey) -> bytes:
    """Write a public key as it stands in events and headers: ED 01 and its 32 bytes."""
    return MULTIKEY_PREFIX + key


def from_multikey_bytes(data: bytes) -> PublicKey:
    """Read a public key of 34 bytes.

    Raises:
        SignatureError: key.malformed, key.refused
    """
    if len(data) != _MULTIKEY_BYTES or not data.startswith(MULTIKEY_PREFIX):
        raise SignatureError("key.malformed", "multikey", found=data, expected="ed01 and 32 bytes")
    return check_public_key(data[len(MULTIKEY_PREFIX) :])


def to_multibase(key: PublicKey) -> str:
    """Write a public key as text: multibase base58btc, 48 characters that begin with `z6Mk`."""
    from multiformats import multibase  # noqa: PLC0415 - 0.1 s to import, for an edge that few commands reach

    return multibase.encode(to_multikey_bytes(key), "base58btc")


def from_multibase(text: str) -> PublicKey:
    """Read a public key from its text form; only the one spelling is taken.

    Raises:
        SignatureError: key.malformed, key.refused
    """
    from multiformats import multibase  # noqa: PLC0415 - as above

    if len(text) == _MULTIBASE_CHARS and text.startswith("z6Mk"):
        try:
            return from_multikey_bytes(multibase.decode(text))
        except ValueError:
            pass
    raise SignatureError("key.malformed", "public key", found=text, expected="48 characters, z6Mk…")
