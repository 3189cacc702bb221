"""The log key that a node signs with: of a hosted epoch, and only as long as it is open by all that is known here."""

import pytest

from frostnode.edge.sqlite.store import SqliteStore
from frostnode.founding import put_identity
from frostnode.hosting import SeedKeys, label_after, take_over
from frostnode.identity.acts import next_event
from frostnode.identity.create import create_genesis
from frostnode.identity.kits import Kit, KitLabel, Purpose
from frostnode.node import log_key
from frostnode.protocol.errors import LocalError
from frostnode.protocol.identity import EMPTY_END, Epoch
from frostnode.protocol.names import did_of, format_origin
from frostnode.testing.clock import ManualClock
from frostnode.testing.random import SeededRandom

SEED, AUTHORITY, LABEL = b"h" * 32, b"a" * 32, "frost log/first"


def opening(label: str) -> Epoch:
    keys = SeedKeys(SEED)
    return Epoch(key=keys.log_key(label), node=keys.node, url="http://host.example")


def test_the_key_of_an_epoch_that_has_ended_signs_nothing_more(tmp_path) -> None:
    """Also what was asked for before the end was heard: the signer looks when it signs."""
    store = SqliteStore(tmp_path / "frost.db", ManualClock(), SeededRandom("store"))
    genesis = create_genesis(AUTHORITY, None, epoch=opening(LABEL), time_ms=1)
    did = did_of(genesis.cid)
    first = format_origin(did, 0, genesis.cid)
    put_identity(store, genesis, did=did, label=LABEL, peers=[])
    key = log_key(store, SEED, first)
    assert key is not None
    assert key.public == SeedKeys(SEED).log_key(LABEL)

    kit = Kit(
        label=KitLabel(purpose=Purpose.AUTHORITY, did=did, created="2026-01-01T00:00:00Z"), seed=AUTHORITY
    )
    with store.read() as reader:
        history = reader.history(did)
    assert history is not None
    label = label_after(genesis.cid)
    signed = next_event(history, [kit], following=None, end=EMPTY_END, epoch=opening(label), time_ms=2)
    second = take_over(store, SeedKeys(SEED), did, signed)
    with pytest.raises(LocalError) as refused:
        log_key(store, SEED, first)
    assert refused.value.code == "epoch.ended"
    key = log_key(store, SEED, second)
    assert key is not None
    assert key.public == SeedKeys(SEED).log_key(label)
    store.close()
