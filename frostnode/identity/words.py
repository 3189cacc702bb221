"""A seed as words that people can write down, read out and type in again.

The encoding is that of BIP-39: the bytes, then the first bits of their SHA-256, in groups of 11 bits,
each the number of a word in a list of 2,048; the 32 bytes of a seed make 24 words. Its derivation of
wallet seeds is not used: the words are the seed itself, and nothing encrypts them.

Source of the rules: spec/02-identity.md#words.
"""

from difflib import get_close_matches
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final

from frostnode.identity.kits import Kit, KitLabel
from frostnode.protocol.errors import LocalError
from frostnode.protocol.keys import SEED_BYTES

KIT_WORDS: Final = 24
_LIST_NAME: Final = "words_english.txt"
_WORD_BITS: Final = 11
_CHECKSUM_SHARE: Final = 32
"""One bit of checksum for so many bits of what is encoded."""


def kit_words(kit: Kit) -> tuple[str, ...]:
    """The 24 words of a kit. They hold its seed alone: purpose and DID are written beside them."""
    return to_words(kit.seed)


def kit_from_words(text: str, label: KitLabel) -> Kit:
    """The kit whose words these are, in any case, with any space and with numbers between them.

    Nothing vouches for the label, and one wrong sentence of 256 passes its checksum: hold the kit against
    the identity history (`check_fit`) before it is relied upon.

    Raises:
        LocalError: kit.words
    """
    words = [word for word in text.lower().split() if not word.rstrip(".:)").isdecimal()]
    if len(words) != KIT_WORDS:
        raise LocalError(
            "kit.words",
            "number of words",
            found=len(words),
            expected=KIT_WORDS,
            hint="type all of them, in order",
        )
    seed = from_words(words)
    assert len(seed) == SEED_BYTES
    return Kit(label=label, seed=seed)


def to_words(data: bytes) -> tuple[str, ...]:
    """Encode bytes whose number four divides."""
    checksum_bits = len(data) * 8 // _CHECKSUM_SHARE
    bits = int.from_bytes(data, "big") << checksum_bits | _checksum(data, checksum_bits)
    count = (len(data) * 8 + checksum_bits) // _WORD_BITS
    words = _words()
    return tuple(words[bits >> _WORD_BITS * at & (1 << _WORD_BITS) - 1] for at in reversed(range(count)))


def from_words(words: list[str]) -> bytes:
    """Decode what `to_words` made.

    Raises:
        LocalError: kit.words
    """
    numbers, bits = _numbers(), 0
    for place, word in enumerate(words, start=1):
        if word not in numbers:
            raise _unknown(place, word)
        bits = bits << _WORD_BITS | numbers[word]
    data_bits = len(words) * _WORD_BITS * _CHECKSUM_SHARE // (_CHECKSUM_SHARE + 1)
    checksum_bits = len(words) * _WORD_BITS - data_bits
    data = (bits >> checksum_bits).to_bytes(data_bits // 8, "big")
    if bits & (1 << checksum_bits) - 1 != _checksum(data, checksum_bits):
        raise LocalError(
            "kit.words",
            "these words do not belong together",
            hint="one is wrong, or some changed places: compare each with what is written, in its order",
        )
    return data


def _checksum(data: bytes, bits: int) -> int:
    digest = sha256(data).digest()
    return int.from_bytes(digest, "big") >> len(digest) * 8 - bits


def _unknown(place: int, word: str) -> LocalError:
    near = get_close_matches(word, _words(), n=3)
    hint = (
        f"perhaps {' or '.join(near)}" if near else "every word is an English one of three to eight letters"
    )
    return LocalError("kit.words", f"word {place}", found=word, expected="a word of the list", hint=hint)


@cache
def _words() -> tuple[str, ...]:
    return tuple((files("frostnode.identity") / _LIST_NAME).read_text("ascii").split())


@cache
def _numbers() -> dict[str, int]:
    return {word: number for number, word in enumerate(_words())}
