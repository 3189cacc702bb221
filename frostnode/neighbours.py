"""What a home knows of the nodes around it: peers, who is pushed to, what it follows and hosts, its settings.

The part of the store that is about nobody's log; `ports` says when it is durable.
"""

from dataclasses import dataclass
from typing import Protocol

from frostnode.protocol.keys import PublicKey
from frostnode.protocol.names import Did, Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A node that this one follows."""

    url: str
    cursor: bytes | None
    added_ms: int
    last_seen_ms: int | None
    last_error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A node that asked to be pushed to, until `expires_ms`; a node with this key answered at `url`."""

    node: PublicKey
    url: str
    expires_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """An epoch whose log key this home holds: the key's label under the host seed."""

    did: Did
    origin: Origin
    key_label: str


class NeighbourReader(Protocol):
    """What is noted. Unknown names answer None or empty."""

    def peers(self) -> list[Peer]: ...
    def followed(self) -> list[Did]: ...
    def leases(self) -> list[Lease]:
        """All that are stored, expired ones included, by URL."""

    def offered(self, node: PublicKey) -> int:
        """The arrival up to which a node was offered everything; 0 before the first."""

    def hosted(self) -> list[Hosted]: ...
    def hosted_log(self, origin: Origin) -> Hosted | None:
        """The same for one epoch; None when its log key is not here."""

    def setting(self, name: str) -> str | None: ...


class NeighbourWriter(NeighbourReader, Protocol):
    """How it changes, within the transaction of a writer."""

    def put_peer(self, url: str) -> None: ...
    def remove_peer(self, url: str) -> None: ...
    def peer_reached(self, url: str, cursor: bytes | None, error: str) -> None:
        """Note the outcome of an exchange; a cursor of None keeps the one that is stored."""

    def forget_cursor(self, url: str) -> None: ...
    def put_lease(self, lease: Lease) -> None:
        """Take the place of an earlier lease of the node."""

    def remove_lease(self, node: PublicKey) -> None:
        """Forget a node that is not pushed to any more, and what it was offered."""

    def put_offered(self, node: PublicKey, arrival: int) -> None: ...
    def follow(self, did: Did) -> None: ...
    def unfollow(self, did: Did) -> None: ...
    def host(self, hosted: Hosted) -> None: ...
    def put_setting(self, name: str, value: str) -> None: ...
