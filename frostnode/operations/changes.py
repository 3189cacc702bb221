"""Changes behind a place, for commands of the home that follow them."""

import json

from frostnode.notify.reader import Reader
from frostnode.operations.parts import Json, Params, Parts, Progress
from frostnode.protocol.limits import FEED_NOTICES_MAX, FEED_WAIT_S_MAX
from frostnode.search.subscription_target import parse_target


async def changes(parts: Parts, params: Params, progress: Progress) -> Json:
    """What concerns `target` behind the place `since`, or comes within `wait_s`: {notices, next, more}.

    The same as /frost/changes answers; a place is `0`, `now`, or the id of a notice. With `test`, a test notice alone.

    Raises:
        LocalError: usage, query.malformed, cursor.malformed, cursor.unknown, record.withheld
    """
    window = parts.window
    target = parse_target(str(params["target"]))
    since = str(params.get("since") or "0")
    wait_s = min(float(params.get("wait_s") or 0), FEED_WAIT_S_MAX)
    await window.worker.run(lambda: window.feed.check(target))
    place = await window.worker.run(lambda: window.feed.place(since))
    if params.get("test"):
        told = await window.worker.run(lambda: window.feed.trial(target))
        return {"notices": [json.loads(told.text(None))], "next": str(place), "more": True}
    limit = max(1, min(int(params.get("limit") or FEED_NOTICES_MAX), FEED_NOTICES_MAX))
    reader = Reader(window, target, place, limit=limit)
    try:
        found = await reader.more(wait_s)
    finally:
        reader.close()
    return {
        "notices": [json.loads(text) for _, text in found],
        "next": str(reader.place),
        "more": reader.has_more,
    }
