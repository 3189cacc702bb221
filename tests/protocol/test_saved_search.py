"""Saved searches and targets: how they are written, and whether a record is meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import SAVED_SEARCH_TERMS_MAX
from frostnode.protocol.saved_search import Words, parse_saved_search, words_of
from frostnode.protocol.subscription_target import (
    OfDataset,
    OfEverything,
    OfPublisher,
    OfSearch,
    parse_target,
    target_field,
    target_of,
)
from frostnode.testing.memory_publisher import MemoryPublisher

DID = MemoryPublisher().did
TEXTS = ["Sea-ice extent, daily", "From passive microwave", "Größe: FULL_RES"]


@pytest.mark.parametrize(
    ("search", "is_meant"),
    [
        ("ice", True),
        ("ICE daily", True),
        ("ice weekly", False),
        ('"ice extent"', True),
        ("sea-ice", True),
        ('"daily from"', False),
        ("+ice -daily", False),
        ("ice -weekly", True),
        ("grösse", True),
        ("full res", True),
        ("type:dataset ice", True),
        ("type:version ice", False),
        (f"publisher:{DID}", True),
        (f"publisher:{DID} ocean", False),
    ],
)
def test_all_that_is_asked_for_must_be_there(search, is_meant):
    assert parse_saved_search(search).matches(DID, "dataset", Words(TEXTS)) is is_meant


@pytest.mark.parametrize(
    "text",
    ["", "-ice", "type:dataset", "type:Bad ice", "publisher:nobody", "type:a type:b ice", "-type:a ice"],
)
def test_what_is_no_saved_search(text):
    with pytest.raises(LocalError) as caught:
        parse_saved_search(text)
    assert caught.value.code == "query.malformed"


def test_terms_are_bounded():
    parse_saved_search("a " * SAVED_SEARCH_TERMS_MAX)
    with pytest.raises(LocalError) as caught:
        parse_saved_search("a " * (SAVED_SEARCH_TERMS_MAX + 1))
    assert caught.value.code == "query.malformed"


@given(st.text(max_size=80), st.lists(st.text(max_size=40), max_size=5))
def test_any_text_is_a_search_or_refused_and_words_are_found_in_their_own_text(text, texts):
    try:
        search = parse_saved_search(text)
    except LocalError:
        return
    search.matches(DID, "dataset", Words(texts))
    if not search.unwanted and search.type is None and search.publisher is None:
        assert search.matches(DID, "dataset", Words([" ".join(word for p in search.wanted for word in p)]))


@given(st.text(max_size=80))
def test_words_of_words_are_themselves(text):
    words = words_of(text)
    assert words_of(" ".join(words)) == tuple(again for word in words for again in words_of(word))


def test_targets_as_people_write_them():
    assert parse_target(DID) == OfPublisher(DID)
    assert parse_target(f"{DID}/ice") == OfDataset(DID, "ice")
    assert parse_target("*") == OfEverything()
    assert isinstance(parse_target("sea ice"), OfSearch)
    for text in (DID, f"{DID}/ice", "sea ice"):
        target = parse_target(text)
        assert str(target) == text
        assert target_of({"target": target_field(target)}) == target
    for text in (f"{DID}/ice@1", f"{DID}/~profile/self", f"{DID}/ice?cid=x", "did:frost:x"):
        with pytest.raises(LocalError):
            parse_target(text)
    with pytest.raises(LocalError):
        target_field(OfEverything())


@pytest.mark.parametrize(
    "target",
    [
        None,
        [],
        {},
        {"dataset": 1},
        {"dataset": DID},
        {"publisher": f"{DID}/ice"},
        {"other": "x"},
        {"query": ""},
    ],
)
def test_what_strangers_state_is_read_or_is_none(target):
    assert target_of({"target": target}) is None
