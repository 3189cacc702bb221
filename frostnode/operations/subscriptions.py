"""Who is told of what: subscriptions, which are public, and private watches; and what came in."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

from frostnode.notify.addresses import callback_url, mail_address
from frostnode.notify.describe import describe
from frostnode.notify.tries import Verdict
from frostnode.notify_port import (
    BEGINNING,
    LAST_POSITION,
    Form,
    InboxItem,
    NotifyReader,
    Tries,
    Watch,
    WatchState,
)
from frostnode.operations.follow import follow
from frostnode.operations.parts import Json, Params, Parts, Progress
from frostnode.operations.publish import publish, withdraw
from frostnode.ports import CatalogReader, LogReader
from frostnode.project.stage import catch_up
from frostnode.protocol.errors import LocalError, TransportError
from frostnode.protocol.limits import INBOX_ITEMS_MAX, WATCH_SECRET_BYTES
from frostnode.protocol.names import DATASET, DID_PREFIX, DidUrl, RecordKey, parse_did_url
from frostnode.protocol.notice import NoticeId, cloud_event, parse_notice_id, rfc3339
from frostnode.protocol.records import SUBSCRIPTION
from frostnode.protocol.standard_webhooks import write_webhook_secret
from frostnode.publish.submit import open_place
from frostnode.search.subscription_target import (
    OfDataset,
    OfPublisher,
    Target,
    parse_target,
    target_field,
)

_KEY_CHARS: Final = 16
_ID_BYTES: Final = 6


async def subscribe(parts: Parts, params: Params, progress: Progress) -> Json:
    """Be told of `target`: {id, target, form, public, secret, followed}.

    `behalf` is the own dataset that depends on it (a key, or its DID URL). Unless `private`, a subscription record says
    so to everybody; a private one has the `id` that is given, or one of chance. `form` is inbox, webhook or email, with
    `address`; `since` is now or beginning; `digest_s` seconds are gathered into one message.
    """
    target, since = parse_target(str(params["target"])), _since(params)
    form = _form(params.get("form") or Form.INBOX, str(params.get("address") or ""))
    if form is Form.EMAIL and parts.consent is None:
        raise LocalError("usage", "this node sends no mails", hint="set [mail] in frost.toml")
    behalf = await _behalf(parts, params)
    is_public = not params.get("private")
    if params.get("dry_run"):
        record = _record(target, behalf) if is_public else None
        return {"target": str(target), "form": str(form), "public": is_public, "record": record}
    if is_public:  # before anybody is followed for it
        await _publish_record(parts, params, target, behalf, progress, dry_run=True)
    followed = await _follow(parts, target, progress)
    id_ = (
        await _publish(parts, params, target, behalf, progress)
        if is_public
        else str(params.get("id") or parts.random.bytes(_ID_BYTES).hex())
    )
    watch = Watch(
        id=id_,
        record=id_ if is_public else "",
        target=str(target),
        form=form,
        address=str(params.get("address") or ""),
        secret=parts.random.bytes(WATCH_SECRET_BYTES) if form is Form.WEBHOOK else b"",
        behalf=behalf,
        digest_s=int(params.get("digest_s") or 0),
        created_ms=0,
        told=BEGINNING,
    )
    watch = await parts.worker.run(lambda: _put(parts, watch, since))
    parts.projected.ring()
    if parts.consent is not None and form is Form.EMAIL:
        await parts.consent.ask(watch.id)
    return {
        "id": watch.id,
        "target": watch.target,
        "form": str(watch.form),
        "state": str(watch.state),
        "public": is_public,
        "behalf": behalf,
        "secret": write_webhook_secret(watch.secret) if watch.secret else None,
        "followed": followed,
    }


def _since(params: Params) -> str:
    since = str(params.get("since") or "now")
    if since not in ("now", "beginning"):
        raise LocalError("usage", "since", found=since, expected="now or beginning")
    return since


def _form(text: str, address: str) -> Form:
    try:
        form = Form(text)
    except ValueError as error:
        raise LocalError("usage", "form", found=text, expected="inbox, webhook or email") from error
    if form is Form.WEBSUB:
        raise LocalError("usage", "form", found=text, expected="inbox, webhook or email")
    if (form is Form.INBOX) == bool(address):
        raise LocalError("usage", f"address of a {form}", found=address or "none")
    if form is Form.WEBHOOK:
        callback_url(address)
    elif form is Form.EMAIL:
        mail_address(address)
    return form


async def _behalf(parts: Parts, params: Params) -> str:
    """The DID URL of the own dataset."""
    text = str(params.get("behalf") or "")
    if not text or text.startswith(DID_PREFIX):
        url = parse_did_url(text) if text else None
    else:
        place = await parts.read(lambda reader: open_place(reader, params.get("did")))
        url = DidUrl(did=place.did, type=DATASET, key=RecordKey(text))
    if url is not None and (url.type != DATASET or url.cid is not None):
        raise LocalError("usage", "own dataset", found=text, expected="its key or DID URL")
    return "" if url is None else str(url)


async def _follow(parts: Parts, target: Target, progress: Progress) -> str | None:
    """Follow the publisher that is named, if it is not carried yet: what does not come here cannot be told of."""
    if not isinstance(target, OfDataset | OfPublisher):
        return None
    did = target.did
    is_here = await parts.read(lambda reader: reader.history(did) is not None or did in reader.followed())
    if is_here:
        return None
    await follow(parts, {"target": did}, progress)
    return did


def _record(target: Target, behalf: str) -> Json:
    fields: Json = {"target": target_field(target)}
    if behalf:
        fields["on_behalf_of"] = behalf
    name = sha256(f"{target}\n{behalf}".encode()).hexdigest()[:_KEY_CHARS]
    return {"type": SUBSCRIPTION, "key": name, **fields}


def _publisher(behalf: str, params: Params) -> Any:
    return parse_did_url(behalf).did if behalf else params.get("did")


async def _publish(parts: Parts, params: Params, target: Target, behalf: str, progress: Progress) -> str:
    url = await _publish_record(parts, params, target, behalf, progress)
    await catch_up(parts.worker, parts.catalog_fold)  # what has a watch has its record in the catalog
    return url


async def _publish_record(
    parts: Parts, params: Params, target: Target, behalf: str, progress: Progress, *, dry_run: bool = False
) -> str:
    asked = {"records": [_record(target, behalf)], "did": _publisher(behalf, params), "dry_run": dry_run}
    answer = await publish(parts, asked, progress)
    return str(answer["records"][0]["url"])


def _put(parts: Parts, watch: Watch, since: str) -> Watch:
    """Keep a watch, from now on or from the beginning."""
    with parts.log.read() as log:
        now = (log.last_arrival(), LAST_POSITION)
    begun = replace(
        watch,
        created_ms=parts.clock.now_ms(),
        told=BEGINNING if since == "beginning" else now,
        state=_first_state(watch.form, since),
    )
    parts.watches.put(begun)
    return begun


def _first_state(form: Form, since: str) -> WatchState:
    if form is Form.EMAIL:
        return WatchState.UNCONFIRMED
    return WatchState.BEHIND if since == "beginning" else WatchState.LIVE


async def subscriptions(parts: Parts, params: Params, progress: Progress) -> Json:
    """All that this node tells somebody of: {subscriptions: [{id, target, title, form, state, public, due, …}]}."""

    def run() -> Json:
        with parts.notices.read() as reader, parts.catalog.read() as catalog:
            watches = [watch for watch in reader.watches() if watch.form is not Form.WEBSUB]
            return {"subscriptions": [_watch_json(reader, catalog, watch) for watch in watches]}

    return await parts.worker.run(run)


def _watch_json(reader: NotifyReader, catalog: CatalogReader, watch: Watch) -> Json:
    tries = reader.tries(watch.id)
    return {
        "id": watch.id,
        "target": watch.target,
        "title": _title(catalog, watch.target),
        "form": str(watch.form),
        "address": watch.address,
        "behalf": watch.behalf,
        "public": bool(watch.record),
        "state": str(watch.state),
        "digest_s": watch.digest_s,
        "created": rfc3339(watch.created_ms),
        "due": reader.due_count(watch.id),
        **_tries_json(tries),
    }


def _tries_json(tries: Tries) -> Json:
    return {
        "delivered": None if tries.delivered_ms is None else rfc3339(tries.delivered_ms),
        "attempts": tries.attempts,
        "failing_since": None if tries.failing_since_ms is None else rfc3339(tries.failing_since_ms),
        "next_try": rfc3339(tries.next_ms) if tries.attempts else None,
        "error": tries.error,
    }


def _title(catalog: CatalogReader, target: str) -> str:
    """What a target is called; "" where it has no title, or was written for another version of this program."""
    try:
        named = parse_target(target)
    except LocalError:
        return ""
    match named:
        case OfDataset():
            entry = catalog.current(named.did, DATASET, named.key)
            return "" if entry is None else entry.title
        case OfPublisher():
            return catalog.names([named.did]).get(named.did, "")
        case _:
            return ""


async def unsubscribe(parts: Parts, params: Params, progress: Progress) -> Json:
    """Be told no more of `id`, which is that of a subscription or watch, or its target: {removed: [id]}."""
    found = await parts.worker.run(lambda: _named(parts, str(params["id"])))
    for watch in found:
        if watch.record:
            await withdraw(parts, {"url": watch.record}, progress)
        await parts.worker.run(lambda id_=watch.id: parts.watches.remove(id_))  # type: ignore[misc]
    return {"removed": [watch.id for watch in found]}


async def pause(parts: Parts, params: Params, progress: Progress) -> Json:
    """Tell `id` nothing for now: its place is kept."""

    def run() -> Json:
        found = _named(parts, str(params["id"]))
        for watch in found:
            with parts.watches.matching, parts.notices.write() as writer:
                parts.watches.stop(watch.id, WatchState.LAPSED, writer)
                writer.set_state(watch.id, WatchState.PAUSED)
        return {"paused": [watch.id for watch in found]}

    return await parts.worker.run(run)


async def resume(parts: Parts, params: Params, progress: Progress) -> Json:
    """Go on to tell `id` where it was stopped, or lapsed."""

    def run() -> Json:
        found = _named(parts, str(params["id"]))
        for watch in found:
            if watch.state is WatchState.UNCONFIRMED:
                raise LocalError(
                    "usage",
                    f"{watch.id} is not confirmed",
                    hint="its receiver confirms it by the link that was sent",
                )
            parts.watches.resume(watch.id)
        return {"resumed": [watch.id for watch in found]}

    answer = await parts.worker.run(run)
    parts.projected.ring()
    return answer


async def test(parts: Parts, params: Params, progress: Progress) -> Json:
    """Send a test notice to `id`, once: {tested: [id]}.

    Raises:
        TransportError, LocalError: why it could not be sent, or was not taken
    """
    found = await parts.worker.run(lambda: _named(parts, str(params["id"])))
    for watch in found:
        reply = await parts.delivery.test(watch.id)
        if reply.verdict is not Verdict.TAKEN:
            raise TransportError("transport.status", f"{watch.id} was not told: {reply.error}")
    return {"tested": [watch.id for watch in found]}


def _named(parts: Parts, name: str) -> list[Watch]:
    """The watches of this id or target."""
    with parts.notices.read() as reader:
        found = [
            watch
            for watch in reader.watches()
            if name in (watch.id, watch.target) and watch.form is not Form.WEBSUB
        ]
    if not found:
        raise LocalError(
            "record.not-found", f"no subscription {name}", hint="`frost subscriptions` lists them"
        )
    return found


async def inbox(parts: Parts, params: Params, progress: Progress) -> Json:
    """What came in, newest first: {all, unread, items: [{notice, subscription, behalf, read}]}.

    `read` marks as read what is answered.
    """
    limit = min(int(params.get("limit") or 50), INBOX_ITEMS_MAX)
    offset = int(params.get("offset") or 0)

    def run() -> Json:
        with parts.notices.read() as reader, parts.log.read() as log, parts.catalog.read() as catalog:
            items = reader.inbox(limit=limit, offset=offset, unread=not params.get("all"))
            watches = {watch.id: watch for watch in reader.watches()} if items else {}
            count, unread = reader.inbox_counts()
            shown = [_item_json(parts, log, catalog, item, watches[item.due.watch]) for item in items]
        if params.get("read"):
            _read_items(parts, [item.due.change.id for item in items])
        return {"all": count, "unread": unread, "items": shown}

    return await parts.worker.run(run)


def _item_json(parts: Parts, log: LogReader, catalog: CatalogReader, item: InboxItem, watch: Watch) -> Json:
    notice = describe(log, catalog, item.due.change)
    return {
        "notice": cloud_event(notice, node=parts.url, previous=item.due.previous),
        "subscription": watch.id,
        "target": watch.target,
        "behalf": watch.behalf,
        "read": None if item.read_ms is None else rfc3339(item.read_ms),
    }


async def inbox_page(parts: Parts, params: Params, progress: Progress) -> Json:
    """Where the owner of the home sees the inbox in a browser: {url}; whoever has this address sees it too."""
    if not (parts.address and parts.owner_token):
        raise LocalError("usage", "the node does not run", hint="`frost serve`")
    return {"url": f"{parts.address}/inbox?token={parts.owner_token}"}


async def read_inbox(parts: Parts, params: Params, progress: Progress) -> Json:
    """Mark items of the inbox as read: those of `ids`, or all: {read}."""
    ids = params.get("ids")
    chosen = None if ids is None else [parse_notice_id(str(id_)) for id_ in ids]
    return {"read": await parts.worker.run(lambda: _read_items(parts, chosen))}


def _read_items(parts: Parts, ids: Sequence[NoticeId] | None) -> int:
    with parts.notices.write() as writer:
        return writer.read_items(ids, parts.clock.now_ms())
