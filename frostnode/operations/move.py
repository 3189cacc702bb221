"""A publisher comes to this host, rotates its key here, or recovers: asked of the carriers, signed elsewhere, taken.

What signs never comes here: `survey` answers all that an event must say, whoever has the kits makes and signs it, and
`take` hosts the epoch that it opens and tells the carriers. Each may be asked again at any time.
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from frostnode.hosting import HostKeys, label_after, take_over
from frostnode.operations.parts import Json, Params, Parts, Progress
from frostnode.operations.policy import refresh
from frostnode.ports import LogReader
from frostnode.protocol.checkpoint import Checkpoint
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import LocalError
from frostnode.protocol.identity import EMPTY_END, End, parse_signed_event
from frostnode.protocol.keys import to_multibase
from frostnode.protocol.names import Did, parse_did
from frostnode.replicate.announce import announce
from frostnode.replicate.carriers import carriers_of
from frostnode.replicate.fetch_history import fetch_history
from frostnode.replicate.named import Naming
from frostnode.replicate.node_url import may_be_public, node_url
from frostnode.replicate.survey import (
    Further,
    Heard,
    OpenedLog,
    Weighed,
    held_root,
    opened_log,
    survey,
    weigh,
)

HERE = "this node"


async def survey_carriers(parts: Parts, params: Params, progress: Progress) -> Json:
    """Ask all carriers of `did`, and those at `urls`, for history and head; with `fetch` for what is missing here too.

    Where this node looks for peers, those too whom these list.

    Answers {did, events, path, forked, here, hosted, origin, host, epoch, end, held, lost, disputed, carriers}: `events`
    in base64, those of the path that counts first; `epoch` {key, node} is what the event after the last, or after `after`,
    may open here; `end` {size, root} is where the log before it may end: at the largest head, or at the size `end`;
    `lost` counts leaves below that are not here.
    """
    did = parse_did(str(params["did"]))
    given = [node_url(str(url)) for url in params.get("urls") or ()]
    urls = [url for url in [*given, *await parts.read(partial(carriers_of, did=did))] if url != parts.url]
    named = await parts.worker.run(partial(Naming(parts.log, parts.catalog), did)) or ()
    await progress("asking carriers", 0, len(urls))
    after = None if params.get("after") is None else Cid.parse(str(params["after"]))
    guarded = replace(parts.world(), transport=parts.guarded)
    further = Further(guarded, partial(_may_ask, parts)) if parts.discover else None
    heard = await survey(parts.world(), did, urls, named, after, further)
    if params.get("fetch"):
        await fetch_history(parts.world(), did, heard, progress, further)
    return await parts.read(partial(_answer, parts, did=did, after=after, heard=heard, end=params.get("end")))


def _may_ask(parts: Parts, url: str) -> bool:
    return url != parts.url and (parts.discover_private or may_be_public(url))


def _answer(
    parts: Parts, reader: LogReader, *, did: Did, after: Cid | None, heard: Sequence[Heard], end: int | None
) -> Json:
    history = reader.history(did)
    if history is None or not history.path:
        raise LocalError(
            "publisher.unknown",
            f"{did}: nobody who was asked knows it",
            hint="name a carrier with --peer URL",
        )
    host = _host(parts)
    tip = history.path[-1].cid if after is None else after
    opened = opened_log(reader, did, tip)
    if opened is None:
        raise LocalError("publisher.unknown", f"event {tip} of {did} is not known here")
    state = reader.log(opened.origin)
    own = [] if state is None or not state.served else [_own(reader, opened, state.served)]
    weighed = weigh([*own, *heard], lambda size: held_root(reader, opened.origin, size))
    ends = _end(reader, opened, weighed, end)
    held = 0 if state is None else state.held.size
    label = label_after(tip)
    path = {signed.cid for signed in history.path}
    ordered = [*history.path, *(signed for signed in history.events if signed.cid not in path)]
    return {
        "did": did,
        "events": [b64encode(signed.raw).decode() for signed in ordered],
        "path": len(history.path),
        "forked": history.forked,
        "here": parts.url,
        "hosted": reader.hosted_log(opened.origin) is not None,
        "origin": opened.origin,
        "host": history.standing[-1].url or "",
        "epoch": {"key": to_multibase(host.log_key(label)), "node": to_multibase(host.node)},
        "end": {"size": ends.size, "root": ends.root.hex()},
        "held": held,
        "lost": max(0, ends.size - held),
        "disputed": state is not None and state.disputed,
        "carriers": [_line(one, weighed) for one in [*own, *heard]],
    }


def _host(parts: Parts) -> HostKeys:
    if parts.host is None:
        raise LocalError("publisher.not-hosted", "this node hosts nobody")
    return parts.host


def _own(reader: LogReader, opened: OpenedLog, served: int) -> Heard:
    root = held_root(reader, opened.origin, served)
    assert root is not None, "what is served is held"
    return Heard(HERE, knows=True, head=Checkpoint(opened.origin, served, root))


def _end(reader: LogReader, opened: OpenedLog, weighed: Weighed, size: int | None) -> End:
    """Where the open epoch is to end: at the largest head, or at the head of a smaller tree that is held here."""
    if opened.key is None or size == 0:
        return EMPTY_END
    best = weighed.best.head if weighed.best is not None else None
    if size is None or (best is not None and size == best.size):
        return EMPTY_END if best is None else End(size=best.size, root=best.root)
    root = held_root(reader, opened.origin, size)
    if root is None:
        raise LocalError(
            "usage",
            f"end of {opened.origin}",
            found=size,
            expected="a size that is held here",
            hint="fetch the history first; where an earlier log ends is changed by `frost recover` alone",
        )
    return End(size=size, root=root)


def _line(one: Heard, weighed: Weighed) -> Json:
    tree = ""
    if one.head is not None:
        tree = "other" if one in weighed.beside else "not compared" if one in weighed.unproven else "same"
    return {
        "url": one.url,
        "knows": one.knows,
        "size": None if one.head is None else one.head.size,
        "root": None if one.head is None else one.head.root.hex(),
        "tree": tree,
        "listed": one.is_listed,
        "error": one.error,
    }


async def take_event(parts: Parts, params: Params, progress: Progress) -> Json:
    """Host the epoch that `event` (base64, signed) opens at this node, and tell all carriers of it, and those at `urls`.

    Answers {did, origin, told: [{url, error}]}.
    """
    did = parse_did(str(params["did"]))
    try:
        signed = parse_signed_event(b64decode(str(params["event"]), validate=True))
    except ValueError as error:
        raise LocalError("usage", "event", found="no base64") from error
    host = _host(parts)
    origin = await parts.worker.run(partial(take_over, parts.log, host, did, signed))
    given = [node_url(str(url)) for url in params.get("urls") or ()]
    await parts.worker.run(partial(_keep, parts, given))
    await refresh(parts)
    parts.arrived.ring()
    parts.peers_changed.ring()
    urls = [url for url in [*given, *await parts.read(partial(carriers_of, did=did))] if url != parts.url]
    told = await announce(parts.world(), did, urls)
    return {"did": did, "origin": origin, "told": [{"url": one.url, "error": one.error} for one in told]}


def _keep(parts: Parts, urls: Sequence[str]) -> None:
    """Follow the carriers that were named: the history comes from them."""
    with parts.log.write() as writer:
        for url in urls:
            if url != parts.url:
                writer.put_peer(url)
