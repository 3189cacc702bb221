"""A publisher with its kits, who starts at one host and may move to another."""

from dataclasses import dataclass

from frostnode.hosting import LOG_KEY_LABEL, NODE_KEY_LABEL
from frostnode.identity.create import create_genesis
from frostnode.identity.kits import authority_key
from frostnode.neighbours import Hosted
from frostnode.ports import LogStore
from frostnode.protocol.history import History
from frostnode.protocol.identity import End, Epoch, Event, Kind, SignedEvent, commitment, sign_event
from frostnode.protocol.keys import SigningKey, derive_seed
from frostnode.protocol.names import Origin, did_of, format_origin
from frostnode.testing.random import SeededRandom
from frostnode.testing.simulation.clock import START_MS


@dataclass(frozen=True, slots=True)
class Host:
    """Where a publisher may live: the seed of a machine's warm keys, and its URL."""

    seed: bytes
    url: str


class Owner:
    """One identity. `history` is all that it has signed, `hosted` the epoch that is open."""

    def __init__(self, name: str, random: SeededRandom, host: Host) -> None:
        self.name = name
        self._authority, recovery = random.bytes(32), random.bytes(32)
        epoch, label = self._epoch(host, 0)
        self.history = [create_genesis(self._authority, recovery, epoch=epoch, time_ms=START_MS)]
        self.did = did_of(self.history[0].cid)
        self.hosted = self._open(label)

    @property
    def origin(self) -> Origin:
        """The log of the open epoch."""
        return self.hosted.origin

    def log_key(self, host: Host, n: int) -> SigningKey:
        """The log key of epoch n at a host: only that host has it."""
        return SigningKey(derive_seed(host.seed, self._label(n)))

    def move(self, host: Host, end: End) -> SignedEvent:
        """End the open epoch and open the next one at another host, or at the same under a new key."""
        n = len(self.history)
        epoch, label = self._epoch(host, n)
        event = Event(
            kind=Kind.ORDINARY,
            n=n,
            prev=self.history[-1].cid,
            time=START_MS + n,
            keys=(authority_key(self._authority, n).public,),
            next=commitment([authority_key(self._authority, n + 1).public], 1),
            end=end,
            epoch=epoch,
        )
        self.history.append(sign_event(event, [authority_key(self._authority, n)]))
        self.hosted = self._open(label)
        return self.history[-1]

    def tell(self, store: LogStore, *, host: bool) -> None:
        """Let a node take all events; with `host` it holds the log key of the open epoch from then on."""
        with store.read() as reader:
            history = reader.history(self.did) or History.empty(self.did)
        taken = history.take(self.history)
        with store.write() as writer:
            writer.take_events(self.did, history, taken)
            if host:
                writer.host(self.hosted)

    def _label(self, n: int) -> str:
        return f"{LOG_KEY_LABEL}/{self.name}/{n}"

    def _epoch(self, host: Host, n: int) -> tuple[Epoch, str]:
        node = SigningKey(derive_seed(host.seed, NODE_KEY_LABEL)).public
        return Epoch(key=self.log_key(host, n).public, node=node, url=host.url), self._label(n)

    def _open(self, label: str) -> Hosted:
        last = self.history[-1]
        return Hosted(did=self.did, origin=format_origin(self.did, last.event.n, last.cid), key_label=label)
