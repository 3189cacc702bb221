"""The example of spec/02-identity.md is a real history: read, verified, built again, and judged in any order."""

import json
import re
from itertools import permutations
from pathlib import Path

import pytest

from frostnode.identity.create import create_genesis
from frostnode.identity.drafts import draft_text, read_draft
from frostnode.identity.kits import authority_key, recovery_key
from frostnode.identity.words import from_words, to_words
from frostnode.protocol.dagcbor import Cid, decode, encode
from frostnode.protocol.history import History
from frostnode.protocol.identity import (
    Kind,
    SignedEvent,
    commitment,
    encode_event,
    parse_signed_event,
    sign_event,
    verify_signatures,
)
from frostnode.protocol.names import did_of

DOCUMENT = Path(__file__).parents[2] / "spec/02-identity.md"
BLOCKS = re.findall(r"^```json example\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
EXAMPLE, DRAFT, IN_WORDS = map(json.loads, BLOCKS)
RAW = [bytes.fromhex(event["signed"]) for event in EXAMPLE["events"]]
EVENTS = [parse_signed_event(raw) for raw in RAW]
GENESIS, MOVE, RECOVERY = EVENTS
SEEDS = {name: bytes.fromhex(seed) for name, seed in EXAMPLE["seeds"].items()}


@pytest.mark.parametrize("number", range(3))
def test_each_event_verifies_and_is_its_own_bytes(number: int) -> None:
    signed = EVENTS[number]
    verify_signatures(signed)
    assert str(signed.cid) == EXAMPLE["events"][number]["cid"] == str(Cid.of(encode_event(signed.event)))
    assert encode(decode(signed.raw)) == signed.raw
    assert sorted(decode(signed.raw)) == ["event", "sigs"]


def test_the_three_events_are_a_genesis_a_move_and_a_recovery() -> None:
    assert [signed.event.kind for signed in EVENTS] == [Kind.GENESIS, Kind.ORDINARY, Kind.RECOVERY]
    assert MOVE.event.prev == RECOVERY.event.prev == GENESIS.cid
    assert did_of(GENESIS.cid) == EXAMPLE["did"]


def test_the_seeds_make_the_same_bytes_again() -> None:
    kit, sheet, new_kit = (SEEDS[name] for name in ("authority", "recovery", "new authority"))
    event = GENESIS.event
    assert create_genesis(kit, sheet, epoch=event.epoch, time_ms=event.time) == GENESIS
    assert sign_event(MOVE.event, [authority_key(kit, 1)]) == MOVE
    assert sign_event(RECOVERY.event, [recovery_key(sheet, 0)]) == RECOVERY
    assert MOVE.event.next == commitment([authority_key(kit, 2).public], 1)
    assert RECOVERY.event.next == commitment([authority_key(new_kit, 2).public], 1)
    assert RECOVERY.event.recovery == commitment([recovery_key(sheet, 1).public], 1)


def test_the_words_are_those_of_the_recovery_seed() -> None:
    assert IN_WORDS["seed"] == SEEDS["recovery"].hex() == from_words(IN_WORDS["words"].split()).hex()
    assert " ".join(to_words(SEEDS["recovery"])) == IN_WORDS["words"]


def standing(events: tuple[SignedEvent, ...]) -> list[dict]:
    known = History.empty(EXAMPLE["did"])
    for signed in events:
        assert not known.take([signed]).refused
    return [
        {"event": str(epoch.event)}
        | ({"end": {"size": epoch.end.size, "root": epoch.end.root.hex()}} if epoch.end else {})
        for epoch in known.standing
    ]


def test_what_counts_is_as_stated_in_every_order_of_arrival() -> None:
    for order in permutations(EVENTS):
        assert standing(order) == EXAMPLE["counts"]


def test_before_the_recovery_event_the_move_counts() -> None:
    assert [epoch["event"] for epoch in standing((GENESIS, MOVE))] == [str(GENESIS.cid), str(MOVE.cid)]


def test_the_document_names_every_field_of_an_event() -> None:
    before_drafts, _, _ = DOCUMENT.read_text().partition("### Drafts")
    table = set(re.findall(r"^\| `(\w+)` \|", before_drafts, re.MULTILINE))
    assert table == {name for signed in EVENTS for name in decode(encode_event(signed.event))}


def test_the_draft_is_the_move_of_the_example() -> None:
    draft = read_draft(BLOCKS[1].encode())
    assert draft.signed() == MOVE
    assert json.loads(draft_text(draft)) == DRAFT
    _, _, drafts = DOCUMENT.read_text().partition("### Drafts")
    rows = re.findall(r"^\| (`[^|]+`) \|", drafts.partition("### Words")[0], re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"\w+", row)} == DRAFT.keys()
