"""Who has said in public that they want to be told of a dataset or publisher, and for what of their own."""

from frostnode.operations.badges import Badges
from frostnode.operations.parts import Json, Params, Parts, Progress
from frostnode.ports import CatalogReader, LogReader
from frostnode.protocol.limits import LISTING_MAX
from frostnode.protocol.names import DATASET, DidUrl, RecordKey
from frostnode.protocol.records import SUBSCRIPTION
from frostnode.protocol.references import Role, named_record
from frostnode.protocol.subscription_target import parse_target
from frostnode.reference_port import Referring


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
    """The plain form of them, at most `limit`."""
    found = [
        item
        for item in catalog.referring([target], [Role.TARGET], limit=limit + 1)
        if item.type == SUBSCRIPTION and log.block(item.did) is None
    ]
    badges = Badges(parts, catalog, log)
    shown = [_subscriber_json(catalog, badges, item) for item in found[:limit]]
    return {"subscribers": shown, "more": len(found) > limit}


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
