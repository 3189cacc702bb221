"""Offers, answers and leases: written and read alike, and any other bytes are refused with one error."""

import json
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.errors import LogError
from frostnode.protocol.keys import SigningKey, to_multibase
from frostnode.protocol.limits import (
    LEASE_S_MAX,
    OFFER_ITEMS_MAX,
    OFFER_LATER_S_MAX,
    REASON_CHARS_MAX,
    TREE_SIZE_MAX,
)
from frostnode.replicate.about import About, read_about
from frostnode.replicate.node_url import node_url
from frostnode.replicate.offer_form import (
    Have,
    Later,
    LeaseAsked,
    Offered,
    Refuse,
    Taken,
    Want,
    answers_bytes,
    lease_bytes,
    leased_bytes,
    offer_bytes,
    read_answers,
    read_lease,
    read_leased,
    read_offer,
    read_taken,
    taken_bytes,
)
from frostnode.testing.memory_publisher import MemoryPublisher

ME = SigningKey(b"m" * 32).public
SOURCE = MemoryPublisher("p")
SOURCE.put("a", {"title": "a"})
ITEM = Offered(did=SOURCE.did, origin=SOURCE.origin, note=SOURCE.note(), tip=SOURCE.genesis.cid)
PLAIN = json.loads(offer_bytes(ME, [ITEM]))["items"][0]


def offer(*items, to=ME, **more):
    return json.dumps({"to": to_multibase(to), "items": list(items), **more}).encode()


def refusal(read, *given_):
    with pytest.raises(LogError) as caught:
        read(*given_)
    return caught.value.code


def test_an_offer_survives():
    items = [
        ITEM,
        Offered(
            did=SOURCE.did,
            origin=SOURCE.move().origin,
            note=None,
            tip=SOURCE.genesis.cid,
            bodies=7,
            leaves=(2, 5),
            events=bytes(range(32)),
            disputed=True,
        ),
    ]
    assert read_offer(offer_bytes(ME, items), ME) == items
    assert read_offer(offer({**PLAIN, "more": 1}, more=2), ME) == [ITEM]


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": None},
        {"origin": "x"},
        {"origin": PLAIN["origin"] + "/"},
        {"tip": None},
        {"tip": "bafy"},
        {"checkpoint": 7},
        {"checkpoint": "\ud800"},
        {"checkpoint": "x" * 20_000},
        {"bodies": -1},
        {"bodies": 1.5},
        {"bodies": True},
        {"disputed": 1},
        {"disputed": None},
        {"leaves": 3},
        {"leaves": [1]},
        {"leaves": [1, 2, 3]},
        {"leaves": [2, 2]},
        {"leaves": [-1, 2]},
        {"leaves": [0, True]},
        {"leaves": [0, TREE_SIZE_MAX + 1]},
        {"events": 7},
        {"events": "00"},
        {"events": "AB" * 32},
        {"events": "ab" * 33},
    ],
)
def test_an_item_of_another_form_is_refused(changes):
    assert refusal(read_offer, offer({**PLAIN, **changes}), ME) == "offer.malformed"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{",
        b"[" * 100_000,
        offer(PLAIN, PLAIN),
        offer(*[PLAIN] * (OFFER_ITEMS_MAX + 1)),
        offer(7),
        offer(to=SigningKey(b"o" * 32).public),
        b'{"items": []}',
        json.dumps({"to": to_multibase(ME), "items": {}}).encode(),
    ],
)
def test_an_offer_of_another_form_or_to_another_is_refused(raw):
    assert refusal(read_offer, raw, ME) == "offer.malformed"


ANSWERS = [
    Want(start=3, bodies=2, slot="0a"),
    Want(start=3, bodies=2, slot="0b", leaves=(0, 2)),
    Have(),
    Later(5),
    Refuse("epoch.frozen", "why"),
]


def test_answers_survive():
    assert read_answers(answers_bytes(ANSWERS), len(ANSWERS)) == ANSWERS
    assert read_taken(taken_bytes(Taken(size=3, refused=ANSWERS[-1]))) == Taken(size=3, refused=ANSWERS[-1])
    assert read_taken(taken_bytes(Taken(size=0, refused=None))) == Taken(size=0, refused=None)
    asked = LeaseAsked(url="http://a", seconds=7)
    assert read_lease(lease_bytes(ME, asked), ME) == asked
    assert read_leased(leased_bytes(LEASE_S_MAX)) == LEASE_S_MAX


def test_texts_of_strangers_are_cut_and_shown_and_times_bounded():
    long = Refuse("epoch.frozen", "x" * (REASON_CHARS_MAX + 1))
    (read,) = read_answers(answers_bytes([long]), 1)
    assert read == Refuse("epoch.frozen", "x" * REASON_CHARS_MAX)
    odd = json.dumps({"answers": [{"answer": "refuse", "code": "a\nb", "reason": "\u202e\ud800"}]}).encode()
    assert read_answers(odd, 1) == [Refuse("a\ufffdb", "\ufffd\ufffd")]
    assert read_answers(answers_bytes([Later(10**9)]), 1) == [Later(OFFER_LATER_S_MAX)]


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"answer": "take"},
        {"answer": "want", "from": 0, "bodies": 0},
        {"answer": "want", "from": 0, "bodies": 0, "slot": "../x"},
        {"answer": "want", "from": 0, "bodies": 0, "slot": ""},
        {"answer": "want", "from": 0, "bodies": 0, "slot": "a" * 65},
        {"answer": "want", "from": -1, "bodies": 0, "slot": "a"},
        {"answer": "later"},
        {"answer": "refuse", "code": "x"},
    ],
)
def test_an_answer_of_another_form_is_refused(answer):
    assert refusal(read_answers, json.dumps({"answers": [answer]}).encode(), 1) == "offer.malformed"


def test_as_many_answers_as_items():
    assert refusal(read_answers, answers_bytes(ANSWERS), 3) == "offer.malformed"
    assert refusal(read_taken, b'{"size": 1, "refused": 7}') == "offer.malformed"
    assert refusal(read_leased, b'{"seconds": 86401}') == "offer.malformed"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=10,
)
near = st.fixed_dictionaries(
    {"to": st.just(to_multibase(ME))},
    optional={
        "items": st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(PLAIN, json_values)), max_size=2),
        "answers": st.lists(st.fixed_dictionaries({"answer": st.sampled_from(["want", "later", "refuse"])})),
        "url": json_values,
        "seconds": json_values,
        "size": json_values,
        "refused": json_values,
        "node_key": json_values,
        "offers": json_values,
        "database": json_values,
    },
)


@given(st.binary(max_size=60) | (near | json_values).map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_read_or_refused_with_one_error(raw):
    for read in (
        lambda: read_offer(raw, ME),
        lambda: read_answers(raw, 1),
        lambda: read_taken(raw),
        lambda: read_lease(raw, ME),
        lambda: read_leased(raw),
        lambda: read_about(raw),
    ):
        with suppress(LogError):
            read()


def test_what_a_node_says_of_itself():
    said = {"node_key": to_multibase(ME), "offers": True}
    nobody = About(key=None, offers=False, database="", is_listed=True)
    assert read_about(json.dumps(said).encode()) == replace(nobody, key=ME, offers=True)
    assert read_about(json.dumps({**said, "offers": 1}).encode()) == replace(nobody, key=ME)
    assert read_about(b'{"offers": true, "database": 7}') == nobody
    assert read_about(b'{"database": "d", "listed": false}') == replace(nobody, database="d", is_listed=False)
    assert read_about(json.dumps({"database": 129 * "d"}).encode()) == nobody


def test_urls_of_nodes():
    assert node_url("https://a.example/b/") == "https://a.example/b"
