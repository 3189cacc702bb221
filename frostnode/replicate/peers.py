"""Who is asked for what: decided from what is known of the peers, without asking or waiting.

One peer at a time sends everything (the full source), the others tell heads alone, so that entries and
bodies come once. What a peer shows to have and the full source does not bring is owed, and fetched log by
log from whoever has it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from frostnode.neighbours import Owed
from frostnode.protocol.limits import (
    FILLS_MAX,
    PEER_BACKOFF_MAX_S,
    PEER_FILLS_MAX,
    SOURCE_GRACE_S,
    SOURCE_SILENCE_S,
)
from frostnode.replicate.world import PeerStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerView:
    """A peer at one moment. `heard_s` is when anything came last, or when it was begun to be asked."""

    url: str
    is_found: bool = False
    """Nobody but other nodes vouches for it: it is asked for what is owed, never for everything."""
    connected: bool = False
    caught_up: bool = False
    has_failed: bool = False
    is_static: bool = False
    heard_s: float = 0
    progressed_s: float = 0
    """When it brought something last, or was begun to be asked."""

    def works(self, now_s: float) -> bool:
        """Whether it is there and says something now and then."""
        return self.connected and now_s - self.heard_s <= SOURCE_SILENCE_S

    @property
    def can_be_asked(self) -> bool:
        """Whether there is hope that it answers: a static source is silent between two looks at it."""
        return self.connected or (self.is_static and not self.has_failed)


def view_of(status: PeerStatus, *, is_found: bool, begun_s: float) -> PeerView:
    """What the decisions are made of, from what a follower says of its peer."""
    return PeerView(
        url=status.url,
        is_found=is_found,
        connected=status.connected,
        caught_up=status.caught_up,
        has_failed=bool(status.error),
        is_static=status.is_static,
        heard_s=max(begun_s, status.heard_s or begun_s),
        progressed_s=max(begun_s, status.progressed_s or begun_s),
    )


def choose_full(peers: Sequence[PeerView], current: str | None, now_s: float) -> str | None:
    """The full source: the one that is it already while it works, or while no other does.

    One that comes back after another has taken over waits for its turn: nothing is gained by a change.
    """
    added = sorted((peer for peer in peers if not peer.is_found), key=lambda peer: peer.url)
    if not added:
        return None
    now = next((peer for peer in added if peer.url == current), None)
    working = [peer for peer in added if peer.works(now_s)]
    if now is None:
        best = working or [peer for peer in added if not peer.has_failed] or added
        return _most_advanced(best).url
    is_gone = now.has_failed or now_s - now.heard_s > SOURCE_SILENCE_S
    return _most_advanced(working).url if is_gone and working else now.url


def _most_advanced(peers: Sequence[PeerView]) -> PeerView:
    return next((peer for peer in peers if peer.caught_up), peers[0])


@dataclass(slots=True)
class Wanted:
    """A log that is owed: since when, who was asked for it in vain and when, and when to look at it next."""

    since_s: float
    look_s: float = 0
    tried_s: dict[str, float] = field(default_factory=dict)


def due_s(log: Owed, want: Wanted, full: PeerView | None) -> float:
    """When a log that is owed may be asked for: at once, unless the full source is about to bring it."""
    if full is None or full.has_failed:
        return want.since_s
    if not full.caught_up:
        return max(want.since_s, full.progressed_s) + SOURCE_SILENCE_S
    return want.since_s + SOURCE_GRACE_S if full.url in log.offers else want.since_s


def choose_peer(
    log: Owed,
    want: Wanted,
    peers: Mapping[str, PeerView],
    full: str | None,
    busy: Sequence[str],
    now_s: float,
) -> str | None:
    """Whom to ask for a log that is due. `busy` names a peer once for each log that it is being asked for.

    The least busy one is asked first, the full source last: it had its chance.
    """
    if len(busy) >= FILLS_MAX:
        return None
    able = [
        url
        for url, size in log.offers.items()
        if size > log.held
        and (peer := peers.get(url)) is not None
        and peer.can_be_asked
        and busy.count(url) < PEER_FILLS_MAX
        and now_s - want.tried_s.get(url, -_EVER) >= PEER_BACKOFF_MAX_S
    ]
    return min(able, key=lambda url: (url == full, busy.count(url), -log.offers[url], url), default=None)


_EVER: Final = float("inf")
