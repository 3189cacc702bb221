"""What one stolen key does to an identity, and what it does not (spec/attacks.md#with-which-stolen-key)."""

from dataclasses import replace

import pytest

from frostnode.identity.create import create_genesis
from frostnode.identity.kits import authority_key
from frostnode.protocol.history import History
from frostnode.protocol.identity import (
    EMPTY_END,
    Epoch,
    Event,
    Kind,
    SignedEvent,
    commitment,
    sign_event,
)
from frostnode.protocol.keys import SigningKey, derive_seed
from frostnode.protocol.names import did_of
from frostnode.testing.memory_publisher import NODE_SEED, MemoryPublisher

OWN = MemoryPublisher("own")
HOST_SEED = b"host".ljust(32)
KEYS_OF_A_HOST = {
    "log": OWN.key,
    "node": SigningKey(NODE_SEED),
    "witness": SigningKey(derive_seed(HOST_SEED, "frost witness")),
    "host seed itself": SigningKey(HOST_SEED),
}


def forged(genesis: SignedEvent, *signers: SigningKey) -> SignedEvent:
    """A move by a thief to a key of his own."""
    event = Event(
        kind=Kind.ORDINARY,
        n=1,
        prev=genesis.cid,
        time=1,
        keys=tuple(sorted(signer.public for signer in signers)),
        next=commitment([SigningKey(b"thief".ljust(32)).public], 1),
        end=EMPTY_END,
        epoch=Epoch(key=SigningKey(b"his".ljust(32)).public, node=OWN.key.public, url=""),
    )
    return sign_event(event, list(signers))


def known(*signed: SignedEvent) -> History:
    history = History.empty(did_of(signed[0].cid))
    assert not history.take(signed).refused
    return history


@pytest.mark.parametrize("signer", KEYS_OF_A_HOST.values(), ids=KEYS_OF_A_HOST)
def test_keys_of_a_host_sign_no_event(signer: SigningKey) -> None:
    history = known(OWN.genesis)
    ((_, error),) = history.take([forged(OWN.genesis, signer)]).refused
    assert error.code == "identity.keys"
    assert history.standing[-1].accepts, "the epoch goes on"
    own = authority_key(OWN.authority_seed, 1)
    assert not known(OWN.genesis).take([forged(OWN.genesis, own)]).refused, "the kit does"


def test_a_witness_key_moves_nobody_who_has_chosen() -> None:
    first, second = (OWN.move(url=url).history[1] for url in ("a", "b"))
    history = known(OWN.genesis, first)
    history.take([second], lambda cid: frozenset({"stolen"} if cid == second.cid else ()))
    assert history.tip == first.cid
    newcomer = History.empty(OWN.did)
    newcomer.take(
        [OWN.genesis, first, second], lambda cid: frozenset({"stolen"} if cid == second.cid else ())
    )
    assert newcomer.tip == second.cid, "who meets both at once, and trusts that witness"


def test_one_kit_of_several_signs_nothing_alone() -> None:
    kits = [SigningKey(bytes([number]) * 32) for number in range(3)]
    made = create_genesis(
        OWN.authority_seed, OWN.recovery_seed, epoch=OWN.genesis.event.epoch, time_ms=1
    ).event
    next_keys = commitment([kit.public for kit in kits], 2)
    genesis = sign_event(replace(made, next=next_keys), [authority_key(OWN.authority_seed, 0)])
    for kit in kits:
        ((_, error),) = known(genesis).take([forged(genesis, kit)]).refused
        assert error.code == "identity.threshold"
    assert not known(genesis).take([forged(genesis, *kits[:2])]).refused, "two do"


def test_a_passphrase_makes_no_key() -> None:
    """A kit is a random seed; what a passphrase yields opens one file, and is no seed of any key."""
    guess = authority_key(b"correct horse battery".ljust(32, b"\0"), 1)
    ((_, error),) = known(OWN.genesis).take([forged(OWN.genesis, guess)]).refused
    assert error.code == "identity.keys"
