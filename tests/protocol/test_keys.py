"""The one strict Ed25519 rule, held against the curve in plain integers, other libraries and other people's vectors."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import multiformats
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol import keys
from frostnode.protocol.errors import SignatureError
from frostnode.protocol.keys import (
    MULTIKEY_PREFIX,
    PublicKey,
    SigningKey,
    check_public_key,
    derive_seed,
    from_multibase,
    from_multikey_bytes,
    to_multibase,
    to_multikey_bytes,
    verify,
)

# The slow twin: RFC 8032 in plain integers.

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int, int]
"""Projective coordinates: x = X / Z, y = Y / Z."""


def add(one: Point, other: Point) -> Point:
    (x1, y1, z1), (x2, y2, z2) = one, other
    z, xx, yy = z1 * z2 % P, x1 * x2 % P, y1 * y2 % P
    minus, plus = (z * z - D * xx * yy) % P, (z * z + D * xx * yy) % P
    return z * minus * (x1 * y2 + x2 * y1) % P, z * plus * (yy + xx) % P, minus * plus % P


def times(number: int, point: Point) -> Point:
    product: Point = (0, 1, 1)
    for bit in f"{number:b}":
        product = add(product, product)
        if bit == "1":
            product = add(product, point)
    return product


def write(point: Point) -> bytes:
    x, y, z = point
    x, y = x * pow(z, -1, P) % P, y * pow(z, -1, P) % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def read(data: bytes) -> Point | None:
    """The point of any encoding, also of one that is not canonical."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number % 2**255 % P
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square:
        return None
    return (x if x & 1 == sign else -x % P, y, 1)


def is_low_order(point: Point) -> bool:
    return write(times(8, point)) == write((0, 1, 1))


def slow_verify(key: bytes, message: bytes, signature: bytes) -> bool:
    (a, r), s = map(read, (key, signature[:32])), int.from_bytes(signature[32:], "little")
    if a is None or r is None or write(a) != key or write(r) != signature[:32]:
        return False
    if is_low_order(a) or is_low_order(r) or s >= L:
        return False
    return write(times(s, BASE)) == write(add(r, times(challenge(signature[:32], key, message), a)))


def challenge(r: bytes, a: bytes, message: bytes) -> int:
    return int.from_bytes(hashlib.sha512(r + a + message).digest(), "little") % L


BASE = read((4 * pow(5, -1, P) % P).to_bytes(32, "little")) or (0, 1, 1)
ORDER_8 = read(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")) or (0, 1, 1)
SECRET, NONCE = 12345678901234567890, 98765432109876543210


# What an attacker can make who knows the secret: signatures on which libraries differ.


def forge(
    a: Point, r: Point, message: bytes, *, key: bytes = b"", first: bytes = b"", extra: int = 0
) -> tuple[bytes, bytes, bytes]:
    """A signature whose prime-order part is right; `key` and `first` are other spellings of `a` and `r`."""
    key, first = key or write(a), first or write(r)
    a_secret, r_secret = (SECRET if not is_low_order(a) else 0), (NONCE if not is_low_order(r) else 0)
    s = (r_secret + challenge(first, key, message) * a_secret) % L + extra
    return key, message, first + s.to_bytes(32, "little")


def message_with(key: Point, r: Point, *, multiple_of_8: bool) -> bytes:
    """A message whose challenge cancels the part of order 8 in the key, or does not."""
    for number in range(1000):
        message = b"message %d" % number
        if (challenge(write(r), write(key), message) % 8 == 0) == multiple_of_8:
            return message
    raise AssertionError


@cache
def cases() -> dict[str, tuple[bool, bytes, bytes, bytes]]:
    a, r, zero = times(SECRET, BASE), times(NONCE, BASE), (0, 1, 1)
    mixed_a, mixed_r = add(a, ORDER_8), add(r, ORDER_8)
    late_zero, signed_zero = (P + 1).to_bytes(32, "little"), (1 | 1 << 255).to_bytes(32, "little")
    off_curve = next(y.to_bytes(32, "little") for y in range(2, 20) if read(y.to_bytes(32, "little")) is None)
    return {
        "honest": (True, *forge(a, r, b"m")),
        "S beyond the group order": (False, *forge(a, r, b"m", extra=L)),
        "S beyond all": (False, *forge(a, r, b"m", extra=2**256 - 2**253)),
        "key is zero": (False, *forge(zero, r, b"m")),
        "key is zero, y beyond the field": (False, *forge(zero, r, b"m", key=late_zero)),
        "key is zero, with a sign": (False, *forge(zero, r, b"m", key=signed_zero)),
        "key of order 8": (False, *forge(ORDER_8, r, message_with(ORDER_8, r, multiple_of_8=True))),
        "R is zero": (False, *forge(a, zero, b"m")),
        "R is zero, y beyond the field": (False, *forge(a, zero, b"m", first=late_zero)),
        "R is zero, with a sign": (False, *forge(a, zero, b"m", first=signed_zero)),
        "both zero": (False, *forge(zero, zero, b"m")),
        "mixed key, cancelled": (True, *forge(mixed_a, r, message_with(mixed_a, r, multiple_of_8=True))),
        "mixed key, residue": (False, *forge(mixed_a, r, message_with(mixed_a, r, multiple_of_8=False))),
        "mixed R, residue": (False, *forge(a, mixed_r, b"m")),
        "key off the curve": (False, *forge(a, r, b"m", key=off_curve)),
        "R off the curve": (False, *forge(a, r, b"m", first=off_curve)),
    }


def judged(key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        verify(PublicKey(key), message, signature)
    except SignatureError:
        return False
    return True


@pytest.mark.parametrize("about", cases())
def test_the_strict_rule(about: str) -> None:
    valid, key, message, signature = cases()[about]
    assert slow_verify(key, message, signature) == valid, "the case is not what it says"
    assert judged(key, message, signature) == valid
    assert not judged(key, message + b"x", signature)
    assert not judged(key, message, signature[:-1])
    assert not judged(key, message, signature + b"\x00")


@pytest.mark.parametrize("about", cases())
def test_the_rule_does_not_lean_on_the_library(monkeypatch: pytest.MonkeyPatch, about: str) -> None:
    """With a library that takes everything, all is refused that bytes show: A, R and S."""
    monkeypatch.setattr(keys, "crypto_sign_open", lambda *_: b"")
    _, key, message, signature = cases()[about]
    needs_the_curve = any(word in about for word in ("residue", "off the curve", "mixed", "honest"))
    assert judged(key, message, signature) == needs_the_curve


def foreign_cases(vectors_dir: Path | None) -> Iterator[tuple[bool, bytes, bytes, bytes]]:
    """Every edge vector of others, judged by its flags; ours where there are none."""
    if vectors_dir is None:
        yield from cases().values()
        return
    refused = {"low_order_A", "low_order_R", "non_canonical_A", "non_canonical_R", "low_order_residue"}
    for vector in json.loads((vectors_dir / "ed25519/ed25519vectors.json").read_text()):
        key, signature = bytes.fromhex(vector["key"]), bytes.fromhex(vector["sig"])
        yield not refused & set(vector["flags"] or ()), key, vector["msg"].encode(), signature


def test_the_edge_vectors_of_others_hold(vectors_dir: Path | None) -> None:
    found = [(valid, judged(*rest)) for valid, *rest in foreign_cases(vectors_dir)]
    assert {valid for valid, _ in found} == {True, False}
    assert [pair for pair in found if pair[0] != pair[1]] == []
    if vectors_dir is not None:
        assert len(found) == 914


def test_the_refused_points_are_those_of_low_order_and_all_that_is_not_canonical() -> None:
    low_order = {write(times(number, ORDER_8)) for number in range(8)}
    spellings = {y | sign << 255 for y in range(P, 2**255) for sign in (0, 1)} | {
        1 | 1 << 255,
        P - 1 | 1 << 255,
    }
    not_canonical = {number.to_bytes(32, "little") for number in spellings}
    assert len(low_order) == 8
    assert len(not_canonical) == 40
    assert low_order | not_canonical == keys._REFUSED_POINTS
    for data in not_canonical:
        point = read(data)
        assert point is None or write(point) != data


def test_no_refused_point_is_a_key() -> None:
    for data in keys._REFUSED_POINTS:
        with pytest.raises(SignatureError) as caught:
            check_public_key(data)
        assert caught.value.code == "key.refused"
        for parse, form in (
            (from_multikey_bytes, MULTIKEY_PREFIX + data),
            (from_multibase, to_multibase(PublicKey(data))),
        ):
            with pytest.raises(SignatureError) as caught:
                parse(form)  # type: ignore[arg-type]
            assert caught.value.code == "key.refused"


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=100))
def test_another_library_signs_and_verifies_alike(seed: bytes, message: bytes) -> None:
    ours, theirs = SigningKey(seed), Ed25519PrivateKey.from_private_bytes(seed)
    assert ours.public == theirs.public_key().public_bytes_raw()
    assert ours.sign(message) == theirs.sign(message)
    verify(ours.public, message, theirs.sign(message))


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=40), st.integers(0, 64 * 8 - 1))
def test_a_signature_with_one_bit_turned_is_refused_as_by_another_library(
    seed: bytes, message: bytes, bit: int
) -> None:
    key = SigningKey(seed)
    turned = bytearray(key.sign(message))
    turned[bit // 8] ^= 1 << bit % 8
    assert not judged(key.public, message, bytes(turned))
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(key.public).verify(bytes(turned), message)


@given(st.binary(max_size=40), st.binary(max_size=10), st.binary(max_size=70))
def test_any_bytes_verify_or_are_refused(key: bytes, message: bytes, signature: bytes) -> None:
    assert not judged(key, message, signature)


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=64, max_size=64))
def test_any_key_and_signature_of_the_right_length_verify_or_are_refused(
    key: bytes, signature: bytes
) -> None:
    assert judged(key, b"m", signature) == slow_verify(key, b"m", signature)


@given(st.binary(min_size=32, max_size=32))
def test_a_key_survives_its_forms(seed: bytes) -> None:
    key = SigningKey(seed).public
    assert from_multikey_bytes(to_multikey_bytes(key)) == key == check_public_key(key)
    text = to_multibase(key)
    assert from_multibase(text) == key
    assert text.startswith("z6Mk")
    assert len(text) == 48
    assert multiformats.multicodec.unwrap(multiformats.multibase.decode(text)) == (
        multiformats.multicodec.get("ed25519-pub"),
        key,
    )


@given(st.binary(max_size=40))
def test_any_bytes_are_a_multikey_or_refused(data: bytes) -> None:
    for wrapped in (data, MULTIKEY_PREFIX + data):
        with suppress(SignatureError):
            assert to_multikey_bytes(from_multikey_bytes(wrapped)) == wrapped


@given(
    st.one_of(
        st.text(max_size=50),
        st.text("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", min_size=44, max_size=44),
    )
)
def test_any_text_is_a_key_or_refused(text: str) -> None:
    for wrapped in (text, f"z6Mk{text}"):
        with suppress(SignatureError):
            assert to_multibase(from_multibase(wrapped)) == wrapped


KEY = SigningKey(bytes(32)).public


@pytest.mark.parametrize(
    "text",
    [
        "", "z", "z6Mk", to_multibase(KEY)[:-1], to_multibase(KEY) + "1", to_multibase(KEY)[1:], f" {to_multibase(KEY)[1:]}",
        to_multibase(KEY).replace("z", "Z", 1), "f" + to_multikey_bytes(KEY).hex(), f"z6Mk{'0' * 44}", f"z6Mk{'é' * 44}",
        f"z6Mk{'z' * 44}", f"z6MM{to_multibase(KEY)[4:]}",
    ],
)  # fmt: skip
def test_what_is_no_key_text_is_refused(text: str) -> None:
    with pytest.raises(SignatureError) as caught:
        from_multibase(text)
    assert caught.value.code == "key.malformed"


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_key_and_a_seed_have_32_bytes(length: int) -> None:
    for make in (check_public_key, SigningKey, from_multikey_bytes):
        with pytest.raises(SignatureError) as caught:
            make(bytes(length))
        assert caught.value.code == "key.malformed"


def test_a_seed_is_derived_as_rfc_5869_says() -> None:
    """Extract and expand by hand: no salt is 32 zero bytes, one block is enough."""
    secret, label = b"\x0b" * 32, "frost/log/0"

    def mac(key: bytes, data: bytes) -> bytes:
        inner, outer = (bytes(byte ^ pad for byte in key.ljust(64, b"\0")) for pad in (0x36, 0x5C))
        return hashlib.sha256(outer + hashlib.sha256(inner + data).digest()).digest()

    assert derive_seed(secret, label) == mac(mac(bytes(32), secret), label.encode() + b"\x01")
    assert derive_seed(secret, label) != derive_seed(secret, "frost/log/1")


def test_a_signing_key_does_not_show_its_seed() -> None:
    seed = hashlib.sha256(b"seed").digest()
    key = SigningKey(seed)
    assert seed.hex() not in repr(key)
    assert key.public.hex() in repr(key)
