"""Set up a home: host seed, identity, kits, first settings. Done once, and whole or not at all.

Order of the durable steps: kit files, a note of where they lie, the store with the identity, then the host
seed. A home without a host seed does not exist, so what breaks off before it can be begun anew.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from frostnode.config import Config, write_config
from frostnode.edge.clock import SystemClock
from frostnode.edge.disk import disk
from frostnode.edge.home import SEED_BYTES, Home, write_secret
from frostnode.edge.home_kits import note_place
from frostnode.edge.random import SystemRandom
from frostnode.edge.sqlite.store import SqliteStore
from frostnode.hosting import LOG_KEY_LABEL, SeedKeys
from frostnode.identity.create import create_genesis
from frostnode.identity.kits import (
    MODERATE,
    NONCE_BYTES,
    SALT_BYTES,
    KdfCost,
    Kit,
    KitLabel,
    Purpose,
    seal_kit,
    utc,
)
from frostnode.neighbours import Hosted
from frostnode.ports import Clock, LogStore, Random
from frostnode.protocol.errors import LocalError
from frostnode.protocol.history import History
from frostnode.protocol.identity import Epoch, SignedEvent
from frostnode.protocol.names import Did, did_of, format_origin


@dataclass(frozen=True, slots=True)
class Founded:
    """What was made, and where."""

    did: Did
    kit: Path
    recovery: Path


def found(
    home: Home,
    config: Config,
    *,
    passphrase: str,
    kit: Path | None,
    peers: Sequence[str],
    cost: KdfCost = MODERATE,
) -> Founded:
    """Set up a node with one publisher in `home`.

    Raises:
        LocalError: home.exists, home.busy, kit.passphrase; StorageError
    """
    if home.exists:
        raise LocalError("home.exists", f"there is a node in {home.root} already")
    clock, random = SystemClock(), SystemRandom()
    host_seed, authority, recovery = (random.bytes(SEED_BYTES) for _ in range(3))
    label = f"{LOG_KEY_LABEL}/{random.bytes(16).hex()}"
    keys = SeedKeys(host_seed)
    epoch = Epoch(key=keys.log_key(label), node=keys.node, url=config.url)
    genesis = create_genesis(authority, recovery, epoch=epoch, time_ms=clock.now_ms())
    did = did_of(genesis.cid)
    kit_path = kit or home.kit
    recovery_path = home.recovery_sheet if kit is None else kit.with_name(f"{kit.stem}-recovery.json")
    kits = [
        (path, Kit(label=_label(purpose, did, clock), seed=seed))
        for purpose, seed, path in (
            (Purpose.AUTHORITY, authority, kit_path),
            (Purpose.RECOVERY, recovery, recovery_path),
        )
    ]
    with home.lock():
        # Sealing takes its time: both are sealed before either is written, so that few failures leave one alone.
        for path, text in [(path, _sealed(random, kit, passphrase, cost)) for path, kit in kits]:
            write_secret(path, text)
        for path, made in kits:
            note_place(home, made, path)
        with disk(home.config):
            home.config.write_text(write_config(config), "utf-8")
        _store_identity(home, clock=clock, random=random, genesis=genesis, did=did, label=label, peers=peers)
        home.create(host_seed)
    return Founded(did, kit_path, recovery_path)


def new_kit(purpose: Purpose, did: Did) -> Kit:
    """A kit with a seed of its own, in place of others of the publisher."""
    return Kit(label=_label(purpose, did, SystemClock()), seed=SystemRandom().bytes(SEED_BYTES))


def write_kit(path: Path, kit: Kit, passphrase: str, cost: KdfCost = MODERATE) -> None:
    """Seal a kit and write it to a new file, durably.

    Raises:
        LocalError: home.exists, kit.passphrase; StorageError
    """
    write_secret(path, _sealed(SystemRandom(), kit, passphrase, cost))


def _label(purpose: Purpose, did: Did, clock: Clock) -> KitLabel:
    return KitLabel(purpose=purpose, did=did, created=utc(clock.now_ms()))


def found_carrier(home: Home, config: Config, *, peers: Sequence[str]) -> None:
    """Set up a node without a publisher of its own: it carries, and publishers may move to it.

    Raises:
        LocalError: home.exists, home.busy; StorageError
    """
    if home.exists:
        raise LocalError("home.exists", f"there is a node in {home.root} already")
    clock, random = SystemClock(), SystemRandom()
    with home.lock():
        with disk(home.config):
            home.config.write_text(write_config(config), "utf-8")
        with _new_store(home, clock, random) as store, store.write() as writer:
            for peer in peers:
                writer.put_peer(peer)
        home.create(random.bytes(SEED_BYTES))


def _sealed(random: Random, kit: Kit, passphrase: str, cost: KdfCost) -> str:
    sealed = seal_kit(
        kit, passphrase, salt=random.bytes(SALT_BYTES), nonce=random.bytes(NONCE_BYTES), cost=cost
    )
    return sealed.decode()


def _store_identity(
    home: Home,
    *,
    clock: SystemClock,
    random: SystemRandom,
    genesis: SignedEvent,
    did: Did,
    label: str,
    peers: Sequence[str],
) -> None:
    """The identity in the store."""
    with _new_store(home, clock, random) as store:
        put_identity(store, genesis, did=did, label=label, peers=peers)


@contextmanager
def _new_store(home: Home, clock: Clock, random: Random) -> Iterator[SqliteStore]:
    """A store with nothing in it. One that was left by a founding that broke off is not taken up."""
    with disk(home.root):
        for leftover in home.root.glob("frost.db*"):
            leftover.unlink()
    store = SqliteStore(home.log_store, clock=clock, random=random)
    try:
        yield store
    finally:
        store.close()


def put_identity(
    store: LogStore, genesis: SignedEvent, *, did: Did, label: str, peers: Sequence[str]
) -> None:
    """Take a publisher's first event, host the epoch that it opens, and note whom to follow: all of it or nothing."""
    history = History.empty(did)
    taken = history.take([genesis])
    with store.write() as writer:
        writer.take_events(did, history, taken)
        writer.host(Hosted(did=did, origin=format_origin(did, 0, genesis.cid), key_label=label))
        for peer in peers:
            writer.put_peer(peer)
