"""Vectors of 01 encoding: keys and signatures, above all those on which libraries differ."""

from hashlib import sha256
from itertools import count

from frostnode.protocol.keys import SigningKey, to_multibase, to_multikey_bytes
from interop.cases import curve
from interop.cases.vector import Vector, Vectors

SPEC = "01-encoding.md#keys-and-signatures"
SEED = sha256(b"frost test vector: a key").digest()
KEY = SigningKey(SEED)
MESSAGE = b"a message"
RFC_8032 = {
    "what": "seed",
    "seed": "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "message": "",
}


def signature(key: bytes, message: bytes, signed: bytes) -> dict[str, str]:
    """The input of a vector about a signature."""
    return {"what": "signature", "key": key.hex(), "message": message.hex(), "signature": signed.hex()}


def signed_with_torsion(torsion: curve.Point, *, residue: bool) -> tuple[bytes, bytes, bytes]:
    """A key with a part of low order and a signature that holds with the cofactor, and without it or not."""
    scalar = curve.secret(SEED)
    key = curve.encode(curve.add(curve.times(scalar, curve.BASE), torsion))
    nonce = 12345
    r = curve.encode(curve.times(nonce, curve.BASE))
    for number in count():
        message = MESSAGE + bytes([number])
        k = curve.challenge(r, key, message)
        if (curve.times(k, torsion) != curve.NEUTRAL) == residue:
            return key, message, r + ((nonce + k * scalar) % curve.L).to_bytes(32, "little")
    raise AssertionError


def signed_by_low_order(key: bytes, r: bytes, s: int) -> dict[str, str]:
    """A signature with a chosen R and S."""
    return signature(key, MESSAGE, r + s.to_bytes(32, "little"))


def valid() -> Vectors:
    """What must be taken."""
    cases = [
        ("rfc-8032-test-1", "Key and signature of a seed (RFC 8032, section 7.1).", RFC_8032),
        ("signature", "An ordinary one.", signature(KEY.public, MESSAGE, KEY.sign(MESSAGE))),
        (
            "key-with-a-part-of-low-order",
            "The equation holds without cofactor.",
            signature(*signed_with_torsion(curve.ORDER_8, residue=False)),
        ),
        ("multikey", "As in events.", {"what": "multikey", "bytes": to_multikey_bytes(KEY.public).hex()}),
        ("multibase", "As text.", {"what": "multibase", "text": to_multibase(KEY.public)}),
        (
            "derived-seed",
            "HKDF without salt.",
            {"what": "derive", "secret": SEED.hex(), "label": "log key 7é"},
        ),
    ]
    for name, about, given in cases:
        yield Vector(area="signatures", name=name, about=about, spec=SPEC, input=given)


def refused_signatures() -> list[tuple[str, str, str, dict[str, str]]]:
    """Name, about, code, input."""
    good = KEY.sign(MESSAGE)
    s = int.from_bytes(good[32:], "little")
    flipped = good[:40] + bytes([good[40] ^ 1]) + good[41:]
    other = SigningKey(sha256(b"frost test vector: another key").digest())
    neutral = curve.encode(curve.NEUTRAL)
    above_p = (curve.P + 1).to_bytes(32, "little")
    forged = curve.encode(curve.times(7, curve.BASE))
    torsion_4 = curve.encode(curve.times(2, curve.ORDER_8))
    own = curve.challenge(neutral, KEY.public, MESSAGE) * curve.secret(SEED) % curve.L
    own_above_p = curve.challenge(above_p, KEY.public, MESSAGE) * curve.secret(SEED) % curve.L
    invalid, refused = "signature.invalid", "key.refused"
    return [
        ("wrong-key", "signed by another key", invalid, signature(other.public, MESSAGE, good)),
        ("wrong-message", "of another message", invalid, signature(KEY.public, b"a massage", good)),
        ("bit-flipped", "one bit of S", invalid, signature(KEY.public, MESSAGE, flipped)),
        ("s-plus-group-order", "malleated", invalid, signed_by_low_order(KEY.public, good[:32], s + curve.L)),
        ("truncated", "63 bytes", invalid, signature(KEY.public, MESSAGE, good[:63])),
        ("over-long", "65 bytes", invalid, signature(KEY.public, MESSAGE, good + b"\0")),
        (
            "low-order-key",
            "the neutral point: one signature for every message",
            refused,
            signed_by_low_order(neutral, forged, 7),
        ),
        ("low-order-key-of-order-4", "a key of order 4", refused, signed_by_low_order(torsion_4, forged, 7)),
        ("non-canonical-key", "y above p", refused, signed_by_low_order(above_p, forged, 7)),
        ("low-order-r", "R is the neutral point", invalid, signed_by_low_order(KEY.public, neutral, own)),
        (
            "non-canonical-r",
            "R with y above p",
            invalid,
            signed_by_low_order(KEY.public, above_p, own_above_p),
        ),
        (
            "low-order-residue",
            "holds with the cofactor only",
            invalid,
            signature(*signed_with_torsion(curve.ORDER_8, residue=True)),
        ),
        ("key-not-on-the-curve", "no point", invalid, signature(off_curve(), MESSAGE, good)),
        ("key-too-short", "31 bytes", "key.malformed", signature(KEY.public[:31], MESSAGE, good)),
    ]


def off_curve() -> bytes:
    """A canonical encoding that is no point."""
    return next(data for y in count(2) if curve.decode(data := y.to_bytes(32, "little")) is None)


def refused_keys() -> list[tuple[str, str, str, dict[str, str]]]:
    """Name, about, code, input: all points of low order, and keys in other forms."""
    cases = []
    for number in range(8):
        point = curve.encode(curve.times(number, curve.ORDER_8))
        given = {"what": "multikey", "bytes": f"ed01{point.hex()}"}
        cases.append(
            (f"multikey-low-order-{number}", f"the point {number} T, T of order 8", "key.refused", given)
        )
    negative_zero = (1 | 1 << 255).to_bytes(32, "little").hex()
    text = to_multibase(KEY.public)
    others = [
        ("multikey-x-negative-zero", "1 with a sign", "key.refused", "multikey", f"ed01{negative_zero}"),
        (
            "multikey-y-is-p",
            "0 in another encoding",
            "key.refused",
            "multikey",
            f"ed01{curve.P.to_bytes(32, 'little').hex()}",
        ),
        ("multikey-all-ones", "the largest encoding", "key.refused", "multikey", "ed01" + "ff" * 32),
        ("multikey-without-prefix", "32 bytes alone", "key.malformed", "multikey", KEY.public.hex()),
        (
            "multikey-of-x25519",
            "a key for another purpose",
            "key.malformed",
            "multikey",
            f"ec01{KEY.public.hex()}",
        ),
        ("multikey-over-long", "a byte too many", "key.malformed", "multikey", f"ed01{KEY.public.hex()}00"),
        ("multibase-other-base", "base58btc only", "key.malformed", "multibase", f"fed01{KEY.public.hex()}"),
        (
            "multibase-character-changed",
            "0 is not in the alphabet",
            "key.malformed",
            "multibase",
            f"{text[:-1]}0",
        ),
        ("multibase-truncated", "a character short", "key.malformed", "multibase", text[:-1]),
        ("multibase-of-x25519", "z6LS…", "key.malformed", "multibase", "z6LS" + text[4:]),
    ]
    for name, about, error, what, form in others:
        field = "text" if what == "multibase" else "bytes"
        cases.append((name, about, error, {"what": what, field: form}))
    return cases


def vectors() -> Vectors:
    """All of the area."""
    yield from valid()
    for name, about, error, given in (*refused_signatures(), *refused_keys()):
        yield Vector(area="signatures", name=name, about=about, spec=SPEC, input=given, error=error)
