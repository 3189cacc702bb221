"""What a home knows of the nodes around it: peers, what they offer, who is pushed to, what it follows and hosts.

The part of the store that is about nobody's log, with its settings; `ports` says when it is durable.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from frostnode.protocol.keys import PublicKey
from frostnode.protocol.names import Did, Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A node that this one follows.

    `listed_ms` is None for one that the operator added; else it was found, and last listed by another then.
    """

    url: str
    cursor: bytes | None
    added_ms: int
    last_seen_ms: int | None
    last_error: str
    listed_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A log of which some peer has shown more than is held here: leaves [held, wanted) are missing.

    `offers` are the peers that have shown any of it, and how much.
    """

    did: Did
    origin: Origin
    held: int
    wanted: int
    offers: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How far this node is behind a peer, by what the peer has shown: logs and leaves; of how many logs."""

    logs: int
    leaves: int
    offered: int


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
    """What is known. What is not known answers None or nothing."""

    def peers(self) -> list[Peer]: ...
    def offers(self, origin: Origin) -> dict[str, int]:
        """Which peers have shown a log, and up to which size."""

    def owed(self, origin: Origin) -> Owed | None:
        """What is missing here of a log that counts, by what peers have shown; None when nothing is."""

    def owed_logs(self, limit: int) -> list[Origin]:
        """Some logs of which a peer has shown more than is held here."""

    def lag(self, url: str) -> Lag: ...
    def hosts_after_moves(self, limit: int) -> list[tuple[str, int]]:
        """The URLs of the hosts of open epochs after the first, of followed publishers before others.

        With each, how many peers have shown the log. None of what is blocked.
        """

    def logs_with_few_sources(self, sources: int) -> int:
        """How many logs that count fewer than so many peers have shown."""

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
    def list_peer(self, url: str) -> None:
        """Note that another node lists this one: a new one is a found peer, one that was added stays what it is."""

    def put_sources(self, url: str, sizes: Mapping[Origin, int], *, at_least: bool = False) -> None:
        """Note up to which size a peer offers logs; of peers and logs that are not known nothing is noted.

        With `at_least` it was said beside the stream of the peer, which may have said more since: nothing is taken back.
        Files have no stream: what they show last is what there is.
        """

    def put_lease(self, lease: Lease) -> None:
        """Take the place of an earlier lease of the node."""

    def remove_lease(self, node: PublicKey) -> None:
        """Forget a node that is not pushed to any more, and what it was offered."""

    def put_offered(self, node: PublicKey, arrival: int) -> None: ...
    def follow(self, did: Did) -> None: ...
    def unfollow(self, did: Did) -> None: ...
    def host(self, hosted: Hosted) -> None: ...
    def put_setting(self, name: str, value: str) -> None: ...
