"""Changes and the inbox for the owner of a home: those that everybody is told of, with what is kept local behind them.

Asked through the control socket only: whatever answers or tells others reads the log, where nothing of this is.
A place here is a place of the log, `~`, and the number of what was kept local.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from math import inf
from typing import Final

import trio

from frostnode.local_port import LocalEntry
from frostnode.notify.describe import entry_note, entry_title, named_document
from frostnode.notify.matcher import Matcher
from frostnode.notify_port import Form, Watch, WatchState
from frostnode.operations import changes as told
from frostnode.operations import subscriptions
from frostnode.operations.local_reader import local_exact, local_fields
from frostnode.operations.parts import Json, Params, Parts, Progress
from frostnode.ports import CatalogReader
from frostnode.protocol.errors import FrostError, LocalError
from frostnode.protocol.limits import FEED_NOTICES_MAX, FEED_WAIT_S_MAX, INBOX_ITEMS_MAX
from frostnode.protocol.names import DATASET, VERSION, RecordKey, RecordType
from frostnode.protocol.notice import (
    NOTICE_TAG_BYTES,
    Change,
    ChangeKind,
    Notice,
    NoticeId,
    NoticeKind,
    cloud_event,
    rfc3339,
)
from frostnode.search.matching import DocumentWords
from frostnode.search.subscription_target import Target, parse_target

_MARK: Final = "~"


async def changes(parts: Parts, params: Params, progress: Progress) -> Json:
    """What `changes.changes` answers, with what was kept local: {notices, places, next, more}.

    `places` says of each notice where to go on behind it.
    """
    target = parse_target(str(params["target"]))
    since, mark, number = str(params.get("since") or "0").partition(_MARK)
    after = await parts.worker.run(lambda: _begin(parts, since, number if mark else None))
    wait_s = min(float(params.get("wait_s") or 0), FEED_WAIT_S_MAX)
    limit = max(1, min(int(params.get("limit") or FEED_NOTICES_MAX), FEED_NOTICES_MAX))

    async def look(seconds: float) -> Json:
        return await told.changes(parts, {**params, "since": since, "wait_s": seconds}, progress)

    if params.get("test"):
        found = await look(0)
        behind = f"{found['next']}{_MARK}{after}"
        return {**found, "places": [behind], "next": behind}
    kept = partial(parts.worker.run, lambda: _kept(parts, target, after, limit))
    heard = parts.kept.listen()
    found, (events, last) = await look(0), await kept()
    if wait_s > 0 and not found["notices"] and not found["more"] and last == after:
        since = found["next"]
        found = await _first(partial(look, wait_s), partial(heard.wait, inf)) or await look(0)
        events, last = await kept()
    places = [f"{event['id']}{_MARK}{after}" for event in found["notices"]]
    places += [f"{found['next']}{_MARK}{number}" for number, _ in events]
    return {
        "notices": [*found["notices"], *(event for _, event in events)],
        "places": places,
        "next": f"{found['next']}{_MARK}{last}",
        "more": found["more"] or len(events) == limit,
    }


def _begin(parts: Parts, since: str, number: str | None) -> int:
    """The number behind which to go on. A place that was written before there was one has missed nothing."""
    last = parts.local.last() if parts.local is not None else 0
    if number is None:
        return 0 if since == "0" else last
    if not (number.isascii() and number.isdigit()):
        raise LocalError("cursor.malformed", "place of this home", found=number, expected="a number")
    return min(int(number), last)  # of a file that was put back


async def _first(look: Callable[[], Awaitable[Json]], rings: Callable[[], Awaitable[None]]) -> Json | None:
    """What there is to tell; None if the bell rings before."""
    answers: list[Json] = []
    failures: list[FrostError] = []

    async def hear() -> None:
        await rings()
        nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(hear)
        try:
            answers.append(await look())
        except FrostError as error:  # in its own name, not in a group
            failures.append(error)
        nursery.cancel_scope.cancel()
    if failures:
        raise failures[0]
    return answers[0] if answers else None


def _kept(parts: Parts, target: Target, after: int, limit: int) -> tuple[list[tuple[int, Json]], int]:
    """The first events of what was kept behind a number, each with its own; and up to which was looked."""
    if parts.local is None:
        return [], 0
    matcher: Matcher[str] = Matcher(parts.index.words)
    matcher.add("", target)
    last = parts.local.last()
    with parts.catalog.read() as catalog:
        entries = sorted(_unpublished(catalog, parts.local.entries(after)), key=lambda entry: entry.number)
        concerned = [entry for entry in entries if _whom(parts, catalog, matcher, entry)][:limit]
        events = [(entry.number, _event(parts, catalog, entry)) for entry in concerned]
    return events, events[-1][0] if len(events) == limit else last


def _unpublished(catalog: CatalogReader, entries: Iterable[LocalEntry]) -> list[LocalEntry]:
    return [entry for entry in entries if catalog.current(entry.did, entry.type, entry.key) is None]


def _whom(parts: Parts, catalog: CatalogReader, matcher: Matcher[str], entry: LocalEntry) -> list[str]:
    change = _change(parts, entry)

    def document() -> DocumentWords:
        return DocumentWords(named_document(catalog, change, local_fields(entry), None), parts.index.words)

    return matcher.match(change, document)


def _change(parts: Parts, entry: LocalEntry) -> Change:
    with parts.log.read() as log:
        database = log.database
    return Change(
        id=NoticeId(
            number=0,
            position=entry.number,
            database=database,
            tag=entry.header.digest[:NOTICE_TAG_BYTES],
        ),
        kind=ChangeKind.PUT,
        did=entry.did,
        at_ms=entry.time_ms,
        type=RecordType(entry.type),
        key=RecordKey(entry.key),
    )


def _event(parts: Parts, catalog: CatalogReader, entry: LocalEntry) -> Json:
    """As others are told, without position and proof: there is none."""
    change, fields = _change(parts, entry), local_fields(entry)
    notice = Notice(
        change=change,
        kind=NoticeKind.CHANGED if entry.is_changed else NoticeKind.PUBLISHED,
        title=entry_title(catalog, change, None, fields),
        note=entry_note(fields),
    )
    event = cloud_event(notice, node="", previous=None)
    event["data"] |= {
        "record": change.subject,
        "type": change.type,
        "key": change.key,
        "entry": local_exact(entry),
        "header": str(entry.header),
        "current": True,
        "local": True,
    }
    return event


async def inbox(parts: Parts, params: Params, progress: Progress) -> Json:
    """What `subscriptions.inbox` answers, with what was kept local since a subscription that it concerns was made."""
    answer = await subscriptions.inbox(parts, {**params, "read": False}, progress)
    local = await parts.worker.run(lambda: _items(parts))
    wanted = [item for item in local if params.get("all") or not item["read"]]
    limit = min(int(params.get("limit") or 50), INBOX_ITEMS_MAX)
    items = sorted(
        [*answer["items"], *([] if params.get("offset") else wanted)],
        key=lambda item: str(item["notice"]["time"]),
        reverse=True,
    )[:limit]
    if params.get("read"):
        await read_inbox(parts, {"ids": [item["notice"]["id"] for item in items]}, progress)
    return {
        "all": answer["all"] + len(local),
        "unread": answer["unread"] + sum(not item["read"] for item in local),
        "items": items,
    }


async def read_inbox(parts: Parts, params: Params, progress: Progress) -> Json:
    """As `subscriptions.read_inbox`, with what is local."""
    answer = await subscriptions.read_inbox(parts, params, progress)
    ids = params.get("ids")

    def run() -> int:
        if parts.local is None:
            return 0
        numbers = [e.number for e in parts.local.entries() if ids is None or str(_change(parts, e).id) in ids]
        return parts.local.read(numbers, parts.clock.now_ms())

    return {"read": answer["read"] + await parts.worker.run(run)}


def _items(parts: Parts) -> list[Json]:
    entries = parts.local.entries(0) if parts.local is not None else ()
    if not entries:
        return []
    with parts.notices.read() as reader, parts.catalog.read() as catalog:
        watches = {
            watch.id: watch
            for watch in reader.watches([WatchState.LIVE, WatchState.BEHIND])
            if watch.form is Form.INBOX
        }
        matcher: Matcher[str] = Matcher(parts.index.words)
        for watch in watches.values():
            matcher.add(watch.id, parse_target(watch.target))
        items = []
        for entry in _unpublished(catalog, entries):
            concerned = _told(entry, [watches[who] for who in _whom(parts, catalog, matcher, entry)])
            items += [_item(_event(parts, catalog, entry), watch, entry) for watch in concerned[:1]]
        return items


def _told(entry: LocalEntry, watches: Sequence[Watch]) -> list[Watch]:
    """Those that were there already. A dataset is not told of itself."""
    dataset = f"{entry.did}/{entry.key.partition('@')[0]}" if entry.type in (DATASET, VERSION) else ""
    return [
        watch
        for watch in watches
        if watch.created_ms <= entry.time_ms and not (watch.behalf and watch.behalf == dataset)
    ]


def _item(event: Json, watch: Watch, entry: LocalEntry) -> Json:
    return {
        "notice": event,
        "subscription": watch.id,
        "target": watch.target,
        "behalf": watch.behalf,
        "read": None if entry.read_ms is None else rfc3339(entry.read_ms),
    }
