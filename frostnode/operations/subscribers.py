"""Who has said in public that they want to be told of a dataset or publisher, and for what of their own."""

from collections import Counter
from collections.abc import Iterable
from functools import cache
from operator import itemgetter

from frostnode.operations.badges import Badges
from frostnode.operations.parts import Json, Params, Parts, Progress
from frostnode.ports import CatalogReader, LogReader
from frostnode.protocol.limits import LISTING_MAX, SUBSCRIPTIONS_EXAMINED_MAX
from frostnode.protocol.names import DATASET, Did, DidUrl, RecordKey
from frostnode.protocol.records import SUBSCRIPTION
from frostnode.protocol.references import Role, named_record
from frostnode.reference_port import Referring
from frostnode.search.subscription_target import parse_target


async def subscribers(parts: Parts, params: Params, progress: Progress) -> Json:
    """The public subscriptions to `url`, a dataset or publisher, that are carried here: {subscribers: […], more}.

    Each is {did, publisher, badge, record, behalf, title}: who, by which record, on behalf of which own dataset, if any.
    """
    target = str(parse_target(str(params["url"])))

    def run() -> Json:
        with parts.catalog.read() as catalog, parts.log.read() as log:
            return subscribers_json(parts, catalog, log, target, LISTING_MAX)

    return await parts.worker.run(run)


def subscribers_json(parts: Parts, catalog: CatalogReader, log: LogReader, target: str, limit: int) -> Json:
    """The plain form of them, at most `limit`, one of each publisher before any other of it: nobody fills the list alone."""
    referring = catalog.referring([target], [Role.TARGET], limit=max(limit + 1, SUBSCRIPTIONS_EXAMINED_MAX))
    blocked = cache(lambda did: log.block(did) is not None)
    found = _in_turn(item for item in referring if item.type == SUBSCRIPTION and not blocked(item.did))
    badges = Badges(parts, catalog, log)
    shown = [_subscriber_json(catalog, badges, item) for item in found[:limit]]
    return {"subscribers": shown, "more": len(found) > limit}


def _in_turn(found: Iterable[Referring]) -> list[Referring]:
    """The first of each publisher, then the second of each, and so on."""
    counts: Counter[Did] = Counter()
    turns: list[tuple[int, Referring]] = []
    for item in found:
        turns.append((counts[item.did], item))
        counts[item.did] += 1
    return [item for _, item in sorted(turns, key=itemgetter(0))]


def _subscriber_json(catalog: CatalogReader, badges: Badges, item: Referring) -> Json:
    references = catalog.references(item.did, item.type, item.key)
    behalf = next((one.name for one in references if one.role is Role.ON_BEHALF_OF), "")
    own = named_record(behalf) if behalf else None
    entry = catalog.current(own.did, DATASET, own.key) if own is not None else None
    return {
        "did": item.did,
        "publisher": badges.name(item.did),
        "badge": badges.badge(item.did),
        "record": str(DidUrl(did=item.did, type=SUBSCRIPTION, key=RecordKey(item.key))),
        "behalf": behalf,
        "title": entry.title if entry is not None else "",
    }
