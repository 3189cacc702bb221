"""What a host makes from its one seed, and what it does when a publisher comes to it or leaves.

The seed is in nobody's hands but the host's: it makes log keys, never an identity (spec/02-identity.md#keys-and-kits).
"""

from dataclasses import dataclass, field
from typing import Final, Protocol

from frostnode.neighbours import Hosted
from frostnode.ports import LogStore
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import IdentityError, LocalError
from frostnode.protocol.history import History
from frostnode.protocol.identity import SignedEvent
from frostnode.protocol.keys import PublicKey, SigningKey, derive_seed
from frostnode.protocol.names import Did, Origin, format_origin

NODE_KEY_LABEL: Final = "frost node"
"""Label of the host's own key under the host seed."""
NOTICE_KEY_LABEL: Final = "frost notices"
"""Label of the key under the host seed with which notices are signed."""
MAIL_LINK_LABEL: Final = "frost mail links"
"""Label of the secret under the host seed with which links in mails are made."""
OWNER_PAGES_LABEL: Final = "frost owner pages"
"""Label of the secret under the host seed that the owner of a home shows to see its pages."""
LOG_KEY_LABEL: Final = "frost log"
"""Labels of log keys under the host seed begin with this."""


class HostKeys(Protocol):
    """The public halves of the keys that this host makes from its seed: what an identity event names."""

    @property
    def node(self) -> PublicKey:
        """Its own key."""

    def log_key(self, label: str) -> PublicKey:
        """The log key with this label."""


@dataclass(frozen=True, slots=True)
class SeedKeys:
    """HostKeys over a host seed (32 bytes)."""

    seed: bytes = field(repr=False)

    @property
    def node(self) -> PublicKey:
        """The host's own key, with which it signs what it asks of other nodes."""
        return SigningKey(derive_seed(self.seed, NODE_KEY_LABEL)).public

    def log_key(self, label: str) -> PublicKey:
        """The log key with this label."""
        return SigningKey(derive_seed(self.seed, label)).public


def label_after(tip: Cid) -> str:
    """The label of the log key for the epoch that the event after `tip` opens: the same at each try."""
    return f"{LOG_KEY_LABEL}/{tip}"


def take_over(store: LogStore, keys: HostKeys, did: Did, signed: SignedEvent) -> Origin:
    """Take an event that opens an epoch under a key of this host, and host it: both or neither. Again changes nothing.

    Answers the log of the epoch.

    Raises:
        LocalError: publisher.not-hosted, when it opens no epoch, or one at another host
        IdentityError: what the event's ancestors do not allow; identity.predecessor, when it does not count here
    """
    event = signed.event
    if event.prev is None or event.epoch is None:
        raise LocalError("publisher.not-hosted", f"event {signed.cid} opens no epoch after another")
    label = label_after(event.prev)
    if (event.epoch.node, event.epoch.key) != (keys.node, keys.log_key(label)):
        raise LocalError(
            "publisher.not-hosted",
            f"host of the epoch that event {event.n} of {did} opens",
            found=event.epoch.url or event.epoch.node,
            expected="this one",
            hint="finish the move at the host that it names",
        )
    origin = format_origin(did, event.n, signed.cid)
    with store.write() as writer:
        history = (writer.history(did) or History.empty(did)).copy()
        taken = history.take([signed])
        for _, fault in taken.refused:
            raise fault
        if history.epoch(origin) is None:
            raise IdentityError(
                "identity.predecessor",
                f"event {event.n} of {did}: another one counts in its place",
                found=signed.cid,
                expected=history.tip,
                hint="two moves of one publisher: only a recovery event can settle that",
            )
        if taken.new:
            writer.take_events(did, history, taken)
        if writer.hosted_log(origin) is None:
            writer.host(Hosted(did=did, origin=origin, key_label=label))
    return origin
