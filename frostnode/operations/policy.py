"""Whom this node carries: show the policy, take up a new one, see what was refused, look at it again."""

from collections.abc import Iterable
from functools import partial
from typing import Final

from frostnode.ledger import EVERYONE, Refused
from frostnode.operations.badges import Badges
from frostnode.operations.parts import Json, Params, Parts, Progress
from frostnode.ports import CatalogReader
from frostnode.protocol.errors import FrostError, PeerError
from frostnode.protocol.limits import LISTING_MAX
from frostnode.protocol.names import Did, parse_did
from frostnode.replicate.about import ask_about
from frostnode.replicate.policy import Tier
from frostnode.replicate.policy_table import settings_of

_FOLLOW: Final = "follow"
"""The record type by which a publisher says whom it follows: the key is the DID."""


async def show(parts: Parts, params: Params, progress: Progress) -> Json:
    """The policy in force and what it comes to: {settings, tiers: {tier: publishers}, not_carried, refusals}."""

    def run() -> Json:
        carrying = parts.carrying
        with parts.log.read() as log:
            tiers = [carrying.tier(did) for did in log.dids()]
            pairs = log.refused_pairs()
        return {
            "settings": settings_of(carrying.policy),
            "tiers": {str(tier): tiers.count(tier) for tier in Tier},
            "not_carried": tiers.count(None),
            "refusals": len(pairs),
        }

    return await parts.worker.run(run)


async def refusals(parts: Parts, params: Params, progress: Progress) -> Json:
    """What was refused and why, newest first: {total, refusals: [{did, peer, code, reason, what, …}]}."""
    limit, offset = min(int(params.get("limit", 50)), LISTING_MAX), int(params.get("offset", 0))

    def run() -> Json:
        with parts.log.read() as log, parts.catalog.read() as catalog:
            found = log.refusals(limit, offset)
            badges = Badges(parts, catalog, log)
            total = len(log.refused_pairs())
            return {"total": total, "refusals": [_refusal_json(row, badges) for row in found]}

    return await parts.worker.run(run)


def _refusal_json(row: Refused, badges: Badges) -> Json:
    return {
        "did": None if row.did == EVERYONE else row.did,
        "publisher": badges.name(row.did),
        "badge": badges.badge(row.did),
        "peer": row.peer,
        "code": row.code,
        "reason": row.reason,
        "what": row.what,
        "first_ms": row.first_ms,
        "last_ms": row.last_ms,
        "again_ms": row.again_ms,
        "times": row.times,
    }


async def reload(parts: Parts, params: Params, progress: Progress) -> Json:
    """Take up the policy in the settings file; one that cannot be read changes nothing.

    Raises:
        LocalError: input.unreadable; the old policy stays in force
    """
    policy = await parts.worker.run(parts.read_policy)
    before = parts.carrying.policy
    vouched = await vouched_by_followed(parts)
    await parts.worker.run(lambda: parts.carrying.refresh(policy, vouched, parts.verified_handles()))
    parts.carrying_changed.ring()
    parts.peers_changed.ring()
    parts.arrived.ring()
    return {"changed": policy != before, **await show(parts, params, progress)}


async def refresh(parts: Parts) -> None:
    """Take up whom the home follows and hosts now, who vouches for whom, and whose handle is verified."""
    vouched = await vouched_by_followed(parts)

    def take_up() -> bool:
        return parts.carrying.refresh(vouched=vouched, handles=parts.verified_handles())

    if await parts.worker.run(take_up):
        parts.carrying_changed.ring()
        parts.arrived.ring()


async def vouched_by_followed(parts: Parts) -> frozenset[Did]:
    """The publishers whom followed publishers follow, as far as the catalog knows."""
    followed = await parts.read(lambda reader: reader.followed())

    def work(catalog: CatalogReader) -> frozenset[Did]:
        return frozenset(_targets(catalog, followed))

    return await parts.read_catalog(work)


def _targets(catalog: CatalogReader, followed: Iterable[Did]) -> Iterable[Did]:
    for did in followed:
        for entry in catalog.records(type_=_FOLLOW, did=did, limit=LISTING_MAX):
            try:
                yield parse_did(entry.key)
            except PeerError:
                continue  # a record of that type by some other convention


async def greet(parts: Parts, urls: Iterable[str]) -> None:
    """Ask nodes that are followed which key is theirs: whom they host is vouched for. Who does not answer is asked later."""
    is_new = False
    for url in urls:
        if await parts.read(partial(parts.carrying.knows_node, url=url)):
            continue
        try:
            key = (await ask_about(parts.transport, url)).key
        except FrostError:
            continue
        if key is None:
            continue

        def note(url: str = url, key: bytes = key) -> bool:
            with parts.log.write() as writer:
                return parts.carrying.put_node_key(writer, url, key)

        is_new = await parts.worker.run(note) or is_new
    if is_new:
        await refresh(parts)
