"""What a node hands over to who holds a kit: the history as it counts here, and what it awaits."""

from base64 import b64decode

import pytest

from frostnode.founding import put_identity
from frostnode.identity.create import create_genesis
from frostnode.identity.fit import awaited, check_fit, history_of
from frostnode.identity.kits import Kit, KitLabel, Purpose
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import LocalError
from frostnode.protocol.frames import EventsFrame
from frostnode.protocol.identity import (
    EMPTY_END,
    Epoch,
    Event,
    Kind,
    commitment,
    parse_signed_event,
    sign_event,
)
from frostnode.protocol.keys import SigningKey
from frostnode.protocol.names import did_of

SEED, SHEET = b"a" * 32, b"s" * 32


def epoch(log: bytes) -> Epoch:
    return Epoch(key=SigningKey(log * 32).public, node=SigningKey(b"n" * 32).public)


GENESIS = create_genesis(SEED, SHEET, epoch=epoch(b"l"), time_ms=1)
DID = did_of(GENESIS.cid)
KIT = Kit(label=KitLabel(purpose=Purpose.AUTHORITY, did=DID, created="2026-11-21T06:42:57Z"), seed=SEED)


def moved(log: bytes):
    event = Event(
        kind=Kind.ORDINARY,
        n=1,
        prev=GENESIS.cid,
        time=2,
        keys=(KIT.public(1),),
        next=commitment([KIT.public(2)], 1),
        end=EMPTY_END,
        epoch=epoch(log),
    )
    return sign_event(event, [KIT.key(1)])


@pytest.fixture
def hosting(node):
    put_identity(node.disk, GENESIS, did=DID, label="frost log/1", peers=[])
    return node


async def history_from(node):
    answer = await node.ask("identity", did=DID)
    path, beside = (
        [parse_signed_event(b64decode(raw)) for raw in answer[name]] for name in ("path", "beside")
    )
    return history_of(DID, path, beside)


async def test_a_kit_is_held_against_the_history_that_counts_here(hosting) -> None:
    assert check_fit(KIT, await history_from(hosting)).awaited.n == 1
    hosting.take(EventsFrame(did=DID, events=[moved(b"m").raw]))
    assert check_fit(KIT, await history_from(hosting)).awaited.n == 2


async def test_what_this_node_decided_is_handed_over_with_what_it_decided_against(hosting) -> None:
    first, second = moved(b"m"), moved(b"o")
    hosting.take(EventsFrame(did=DID, events=[first.raw]))
    hosting.take(EventsFrame(did=DID, events=[second.raw]))
    history = await history_from(hosting)
    assert (history.tip, history.forked) == (first.cid, False)
    assert {signed.cid for signed in history.events} == {GENESIS.cid, first.cid, second.cid}


async def test_where_neither_is_followed_it_stays_so(node) -> None:
    node.take(EventsFrame(did=DID, events=[GENESIS.raw, moved(b"m").raw, moved(b"o").raw]))
    history = await history_from(node)
    assert (history.tip, history.forked) == (GENESIS.cid, True)


async def test_what_is_awaited_of_those_who_are_hosted(hosting) -> None:
    wanted = {"n": 1, "event": str(GENESIS.cid), "event_n": 0, "threshold": 1, "kits": 1}
    assert await hosting.ask("awaits") == {
        "hosted": [{"did": DID, "gone": False, "authority": wanted, "recovery": {**wanted, "n": 0}}]
    }


async def test_without_a_recovery_set_nothing_is_awaited_of_a_sheet(node) -> None:
    bare = create_genesis(SEED, None, epoch=epoch(b"l"), time_ms=1)
    put_identity(node.disk, bare, did=did_of(bare.cid), label="frost log/1", peers=[])
    [hosted] = (await node.ask("awaits"))["hosted"]
    assert hosted["recovery"] is None
    assert hosted["authority"]["n"] == 1


async def test_nobody_hosted_awaits_nothing_and_a_stranger_is_not_known(node) -> None:
    assert await node.ask("awaits") == {"hosted": []}
    with pytest.raises(LocalError) as refused:
        await node.ask("identity", did=did_of(Cid.of(b"stranger")))
    assert refused.value.code == "publisher.unknown"


async def test_the_awaited_number_is_that_of_the_history(hosting) -> None:
    history = await history_from(hosting)
    assert [awaited(history, purpose).n for purpose in Purpose] == [1, 0]
