"""Words: the vectors of BIP-39, and every mistake that people make with a pen is noticed and said."""

import json
from dataclasses import replace
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.identity.kits import Kit, KitLabel, Purpose
from frostnode.identity.words import from_words, kit_from_words, kit_words, to_words
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import LocalError
from frostnode.protocol.names import did_of

VECTORS = json.loads((Path(__file__).parent / "bip39_english.json").read_text())
"""Entropy and words of the English vectors of BIP-39, as its reference implementation publishes them (MIT)."""
WORD_LIST = (files("frostnode.identity") / "words_english.txt").read_bytes()
LABEL = KitLabel(purpose=Purpose.AUTHORITY, did=did_of(Cid.of(b"one")), created="2026-11-21T06:42:57Z")
KIT = Kit(label=LABEL, seed=bytes(range(32)))
WORDS = list(kit_words(KIT))


def refused(text: str) -> LocalError:
    with pytest.raises(LocalError) as failed:
        kit_from_words(text, LABEL)
    assert failed.value.code == "kit.words"
    assert failed.value.hint
    return failed.value


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["entropy"])
def test_a_vector_of_the_standard(vector) -> None:
    data, words = bytes.fromhex(vector["entropy"]), vector["words"].split()
    assert list(to_words(data)) == words
    assert from_words(words) == data


def test_the_vectors_are_there_for_seeds_of_32_bytes_too() -> None:
    assert len(VECTORS) == 24
    assert sum(len(vector["words"].split()) == 24 for vector in VECTORS) == 8


def test_the_list_is_that_of_the_standard_and_four_letters_tell_its_words_apart() -> None:
    assert sha256(WORD_LIST).hexdigest() == "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda"
    words = WORD_LIST.decode().split()
    assert len(words) == 2048
    assert len({word[:4] for word in words}) == 2048


@given(st.binary(min_size=32, max_size=32))
def test_words_lead_back_to_the_seed(seed: bytes) -> None:
    kit = replace(KIT, seed=seed)
    words = kit_words(kit)
    assert len(words) == 24
    assert kit_from_words(" ".join(words), LABEL) == kit


def test_capitals_lines_and_numbers_between_the_words_do_no_harm() -> None:
    numbered = "\n".join(f" {number}. {word.upper()}" for number, word in enumerate(WORDS, start=1))
    assert kit_from_words(numbered, LABEL) == KIT
    assert kit_from_words("  ".join(f"{number}) {word}" for number, word in enumerate(WORDS)), LABEL) == KIT


@pytest.mark.parametrize("count", [0, 1, 12, 23, 25])
def test_another_number_of_words_is_said(count: int) -> None:
    error = refused(" ".join((WORDS * 2)[:count]))
    assert (error.found, error.expected) == (count, 24)


@pytest.mark.parametrize(
    ("typed", "perhaps"), [("abandom", "abandon"), ("ofice", "office"), ("qqqq", "English"), ("año", "")]
)
def test_a_word_that_is_none_is_named_with_its_place_and_what_it_may_be(typed: str, perhaps: str) -> None:
    error = refused(" ".join([*WORDS[:6], typed, *WORDS[7:]]))
    assert "word 7" in str(error)
    assert typed in str(error)
    assert perhaps in error.hint


def opens_as(words: list[str]) -> Kit | None:
    """What a sentence is taken for; None where it is refused as a sentence."""
    try:
        return kit_from_words(" ".join(words), LABEL)
    except LocalError as error:
        return None if "changed places" in error.hint else KIT


def test_almost_every_swap_of_two_words_and_every_shift_is_noticed() -> None:
    pairs = [(one, other) for one in range(24) for other in range(one) if WORDS[one] != WORDS[other]]
    passed = []
    for one, other in pairs:
        words = list(WORDS)
        words[one], words[other] = words[other], words[one]
        passed.append(opens_as(words))
    assert KIT not in passed
    assert passed.count(None) > len(pairs) * 31 // 32, "8 bits of checksum let one of 256 through"
    refused(" ".join([*WORDS[1:], WORDS[0]]))


def test_almost_every_other_word_in_a_place_is_noticed() -> None:
    passed = [opens_as([*WORDS[:3], word, *WORDS[4:]]) for word in WORD_LIST.decode().split()]
    assert passed.count(KIT) == 1
    assert passed.count(None) >= 2028, "about 8 of 2,048 get through"


@given(st.text(max_size=300))
def test_any_text_is_refused_in_one_known_way(text: str) -> None:
    refused(text)
