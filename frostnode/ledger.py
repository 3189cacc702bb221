"""What a home remembers of its carry policy: what was taken from whom, and what was refused.

Part of the store: written in the transaction that takes or refuses. A *share* is the URL of a followed
node, or STRANGERS for all other nodes together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from frostnode.protocol.keys import PublicKey
from frostnode.protocol.names import Did

STRANGERS: Final = "*"
"""The share of all nodes that this one does not follow."""

EVERYONE: Final = Did("")
"""Stands in a refusal for all publishers that are not remembered one by one."""


class Amount(NamedTuple):
    """So much was taken."""

    publishers: int = 0
    entries: int = 0
    bytes: int = 0
    subscriptions: int = 0

    def plus(self, other: "Amount") -> "Amount":
        """Both together."""
        return Amount(
            self.publishers + other.publishers,
            self.entries + other.entries,
            self.bytes + other.bytes,
            self.subscriptions + other.subscriptions,
        )


NOTHING: Final = Amount()


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherPlace:
    """Where a publisher that is held says to be: the URL and node key of its last epoch that counts."""

    did: Did
    url: str | None
    node: PublicKey | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """One thing that a peer had and this node did not take."""

    did: Did
    peer: str
    code: str
    reason: str
    what: str
    """The log, or the types of records, or "" for the publisher as a whole."""
    host: str
    """Where the publisher said to be."""
    first_ms: int
    last_ms: int
    again_ms: int
    """When it is looked at again."""
    times: int


class LedgerReader(Protocol):
    """What was taken and refused."""

    def place(self, did: Did) -> PublisherPlace | None:
        """None when nothing is held of the publisher."""

    def places(self) -> list[PublisherPlace]: ...
    def taken_of(self, did: Did) -> Amount:
        """What was taken of a publisher, from all shares."""

    def taken_today(self, share: str, day: int) -> Amount:
        """What counted against a share in this day."""

    def unknown_of(self, share: str) -> Amount:
        """What is held of unknown publishers that came by a share."""

    def introduced(self) -> list[Did]:
        """Publishers of whom a followed node has brought something, not strangers alone."""

    def refusals(self, limit: int, offset: int = 0) -> list[Refused]:
        """Newest first."""

    def refusals_due(self, now_ms: int, limit: int) -> list[Refused]:
        """Those to be looked at again, longest due first."""

    def refusals_of(self, peer: str) -> int:
        """How many are remembered of one peer."""

    def refused_pairs(self) -> list[tuple[str, Did, str]]:
        """(peer, publisher, code) of all."""

    def not_carried(self) -> list[Did]:
        """Publishers that are held, and neither shown nor served."""


class LedgerWriter(LedgerReader, Protocol):
    """The same, to be changed."""

    def note_taken(self, share: str, did: Did, amount: Amount, *, unknown: bool) -> None: ...
    def note_unknown(self, share: str, amount: Amount) -> None: ...
    def note_today(self, share: str, day: int, amount: Amount) -> None: ...
    def set_unknown(self, did: Did, *, unknown: bool) -> None:
        """Whether all that was taken of a publisher counts to the shares of unknown ones from now on."""

    def mark_unknown(self, dids: Iterable[Did]) -> None:
        """The same for all publishers: exactly these count."""

    def put_refusal(self, refused: Refused) -> None:
        """Remember a refusal; `first_ms` of an older one stays, `times` is added to."""

    def postpone(self, peer: str, dids: Sequence[Did], again_ms: int) -> None: ...
    def drop_refusals(self, peer: str, dids: Sequence[Did], due_ms: int) -> None:
        """Forget those that are due by then."""

    def forget_refusals_by(self, peer: str) -> None: ...
    def look_again(self, now_ms: int) -> None:
        """Let all refusals be due."""

    def put_not_carried(self, did: Did, *, is_refused: bool) -> None: ...
