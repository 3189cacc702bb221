"""Base32 of what is as long as our CIDs, in lower case and unpadded: RFC 4648 §6 as multibase `b` writes it.

An answer names some forty entries, so this is written again and again. The library takes three times as long for it.
"""

from typing import Final

_BITS: Final = 5
"""Of each character."""

_CHARS: Final = 64
"""What is written at once; as many fives of bits lie in RAW_BYTES_MAX bytes."""

RAW_BYTES_MAX: Final = _CHARS * _BITS // 8

_ALPHABET: Final = bytes.maketrans(bytes(range(32)), b"abcdefghijklmnopqrstuvwxyz234567")


def _masks(chars: int) -> tuple[int, int, int]:
    """Of each run of so many fives the lower half, the upper half, and by how many bits the upper one moves up.

    Runs begin a byte for each of their fives apart.
    """
    half = chars // 2
    lower = sum(((1 << _BITS * half) - 1) << 8 * start for start in range(0, _CHARS, chars))
    return lower, lower << _BITS * half, (8 - _BITS) * half


_HALVINGS: Final = tuple(_masks(chars) for chars in (64, 32, 16, 8, 4, 2))


def base32_text(raw: bytes) -> str:
    """Write at most RAW_BYTES_MAX (40) bytes, unpadded: 58 characters for the 36 bytes of a CID.

    The bytes are one large number, in which all fives of bits move into bytes of their own at once: half of them, then half of each half.
    """
    fives = int.from_bytes(raw) << 8 * (RAW_BYTES_MAX - len(raw))
    for lower, upper, bits in _HALVINGS:
        fives = fives & lower | (fives & upper) << bits
    written = -(-8 * len(raw) // _BITS)
    return fives.to_bytes(_CHARS).translate(_ALPHABET)[:written].decode("ascii")
