"""The nodes around this one, in plain form: whom it offers to, who asked to be pushed to, whom it follows."""

from typing import Any

from frostnode.neighbours import Lease
from frostnode.operations.parts import Json, Parts
from frostnode.protocol.keys import to_multibase
from frostnode.replicate.offer import Offerer


def offers_json(parts: Parts) -> Json | None:
    """Who is offered to, and what came by offers of others since this node started; None while it rests."""
    if parts.pushing is None:
        return None
    desk, offering = parts.pushing.desk, parts.pushing.offering
    return {
        "open": desk.is_open,
        "taking": desk.taking,
        "taken": desk.taken,
        "to": [_offerer_json(url, offerer) for url, offerer in sorted(offering.offerers.items())],
        "asked": parts.pushing.asker.answers if parts.pushing.asker else {},
    }


def _offerer_json(url: str, offerer: Offerer) -> Json:
    status = offerer.status
    return {
        "url": url,
        "node": to_multibase(offerer.node) if offerer.node else None,
        "leased": offerer.lease is not None,
        "active": status.active,
        "waiting": status.waiting,
        "sent": status.sent,
        "refused": status.refused,
        "error": status.error,
    }


def lease_json(lease: Lease) -> Json:
    """One that asked to be pushed to."""
    return {"url": lease.url, "node": to_multibase(lease.node), "expires_ms": lease.expires_ms}


def peer_json(parts: Parts, peer: Any) -> Json:
    """One that is followed."""
    follower = parts.followers.get(peer.url)
    return {
        "url": peer.url,
        "connected": follower.status.connected if follower else False,
        "entries": follower.status.entries if follower else 0,
        "last_seen_ms": peer.last_seen_ms,
        "error": (follower.status.error if follower else "") or peer.last_error,
    }
