"""Look at what this node has: records, logs, publishers."""

from typing import Any

from frostnode.log.content import headers_of
from frostnode.log.withheld import check_shown, withheld_error
from frostnode.operations.badges import Badges
from frostnode.operations.duplicity import (
    forks_json,
    forks_of,
    is_disputed,
    marks_json,
    signed_json,
)
from frostnode.operations.lineage_reader import display_title
from frostnode.operations.parts import Json, Params, Parts, Progress
from frostnode.operations.vouch import witnesses_json
from frostnode.ports import CatalogEntry, CatalogReader, LogReader
from frostnode.protocol.dagjson import to_json
from frostnode.protocol.duplicity import event_json, is_duplicitous
from frostnode.protocol.entry import decode_body, header_cid
from frostnode.protocol.errors import LocalError, PeerError
from frostnode.protocol.limits import (
    LISTING_MAX,
    VERSIONS_LISTED_MAX,
)
from frostnode.protocol.log_state import LogState
from frostnode.protocol.names import DATASET, Did, DidUrl, check_type, parse_did, parse_did_url, url_of
from frostnode.protocol.note import vkey
from frostnode.protocol.references import dataset_of, is_latest
from frostnode.protocol.withheld import Withheld
from frostnode.replicate.serve import offered_size


def includes_unknown(params: Params) -> bool:
    """Whether whom strangers brought and nobody vouches for is asked for too.

    Raises:
        LocalError: usage
    """
    include = params.get("include") or ""
    if include not in ("", "unknown"):
        raise LocalError("usage", "parameter include", found=include, expected="unknown")
    return bool(include)


def entry_json(entry: CatalogEntry) -> Json:
    """The plain form of one catalog entry."""
    return {
        "url": url_of(entry.did, entry.type, entry.key),
        "did": entry.did,
        "type": entry.type,
        "key": entry.key,
        "title": entry.title,
        "op": entry.op,
        "origin": entry.origin,
        "epoch": entry.epoch,
        "index": entry.index,
        "header": str(entry.header),
        "body": str(entry.body) if entry.body else None,
        "size": entry.size,
        "time_ms": entry.time_ms,
        "seen_ms": entry.seen_ms,
    }


async def show(parts: Parts, params: Params, progress: Progress) -> Json:
    """One record: its entry, the content or why it is not here, whether it can be proven, where its publisher is hosted, history, versions of a dataset.

    `carried_by` names those of the nodes that this one tells others of, which have shown to have it.
    """
    url = parse_did_url(str(params["url"]))
    listed = parts.listed_peers()

    def run() -> Json:
        with parts.catalog.read() as catalog, parts.log.read() as log:
            entry = find_entry(parts, catalog, log, url)
            offers = log.offers(entry.origin)
            is_dataset = entry.type == DATASET
            versions = catalog.versions(url.did, url.key, limit=VERSIONS_LISTED_MAX) if is_dataset else []
            return {
                **entry_json(entry),
                "title": display_title(catalog, entry),
                **Badges(parts, catalog, log).of(entry),
                "content": content_json(parts, log, entry),
                "proof": _proof_json(log, entry),
                "host": _host(log, entry.did),
                "carried_by": [peer for peer in listed if offers.get(peer, 0) > entry.index],
                "disputed": is_disputed(log, entry.origin),
                "signed": _signed_json(log, entry),
                "forks": forks_of(log, entry.did),
                "witnesses": witnesses_json(parts, log, catalog, log.log(entry.origin)),
                "history": [entry_json(item) for item in catalog.entries(url.did, entry.type, entry.key)],
                "versions": [entry_json(item) for item in versions],
            }

    return await parts.worker.run(run)


def find_entry(parts: Parts, catalog: CatalogReader, log: LogReader, url: DidUrl) -> CatalogEntry:
    """The entry that a DID URL names: the exact one by `?cid=`, else the current one; by `@latest` the newest version.

    Raises:
        LocalError: publisher.unknown, record.not-found; record.withheld, when it is blocked or its header erased
    """
    check_carried(parts, log, url)
    if is_latest(url):
        newest = catalog.versions(url.did, dataset_of(url).key, limit=1)
        if not newest:
            raise LocalError("record.not-found", f"{url}: the dataset has no version here")
        return newest[0]
    entry = (
        catalog.entry_by_header(url.did, url.cid) if url.cid else catalog.current(url.did, url.type, url.key)
    )
    if entry is None or (entry.type, entry.key) != (url.type, url.key):
        if url.cid is not None and (erased := log.withheld_header(url.cid)) is not None:
            raise withheld_error(erased)
        raise LocalError("record.not-found", f"{url} is not here")
    return entry


def check_carried(parts: Parts, log: LogReader, url: DidUrl) -> None:
    """Check that a record of this name may be shown here.

    Raises:
        LocalError: publisher.unknown; record.withheld, when it is blocked
    """
    check_shown(log, url.did, url.type, url.key)
    if log.history(url.did) is None or not parts.carrying.is_carried(url.did):
        raise not_carried(parts, url.did)


def _proof_json(log: LogReader, entry: CatalogEntry) -> Json:
    """{available, size}: of how many entries the tree is that can prove this one."""
    state = log.log(entry.origin)
    size = offered_size(log, state) if state is not None else 0
    return {"available": entry.index < size, "size": size}


def is_withheld(shown: Json) -> bool:
    """Whether the content of a record that `show` answers with is withheld here."""
    return shown["content"]["state"] in ("erased", "refused")


def _host(log: LogReader, did: Did) -> str:
    """Where the publisher says that it is hosted now; "" when it does not, or is nowhere."""
    standings = [state.standing for state in log.logs(did) if state.standing is not None]
    return next((standing.url for standing in reversed(standings) if standing.end is None), None) or ""


def _signed_json(log: LogReader, entry: CatalogEntry) -> list[Json]:
    state = log.log(entry.origin)
    return signed_json(log, state) if state is not None else []


def content_json(parts: Parts, log: LogReader, entry: CatalogEntry) -> Json:
    """{state: here | withdrawn | absent | erased | refused | unreadable, fields or reason}; never older content."""
    if entry.body is None or entry.op == "withdraw":
        return {"state": "withdrawn", "reason": "withdrawn by its publisher"}
    found = log.body(entry.body)
    if found is None and (refusal := parts.carrying.types_refused([entry.type])) is not None:
        return {"state": "absent", "reason": f"content not available here: {refusal.reason}"}
    if found is None:
        return {"state": "absent", "reason": "content not available here yet"}
    if isinstance(found, Withheld):
        return {"state": found.state, "reason": f"content not available here: {found.reason}"}
    try:
        return {"state": "here", "fields": to_json(decode_body(found))}
    except PeerError as error:
        return {"state": "unreadable", "reason": f"content cannot be read: {error}"}


async def records(parts: Parts, params: Params, progress: Progress) -> Json:
    """Current records, newest first: {records: […]}, by type and publisher if asked.

    Without a publisher those are left out that a search leaves out.
    """
    type_, did = params.get("type"), params.get("did")
    without = parts.carrying.hidden(include_unknown=includes_unknown(params))
    limit = min(int(params.get("limit", 50)), LISTING_MAX)
    offset = int(params.get("offset", 0))

    def run() -> Json:
        with parts.catalog.read() as catalog, parts.log.read() as log:
            found = catalog.records(
                type_=check_type(type_) if type_ else None,
                did=parse_did(did) if did else None,
                limit=limit,
                offset=offset,
                without=() if did else without,
            )
            badges = Badges(parts, catalog, log)
            return {
                "records": [
                    {**entry_json(entry), **badges.of(entry), **marks_json(log, entry)} for entry in found
                ]
            }

    return await parts.worker.run(run)


async def publishers(parts: Parts, params: Params, progress: Progress) -> Json:
    """Everyone whose log is carried: {publishers: [{did, name, badge, records, changed_ms, forked, duplicity, disputed, entries}]}."""

    def run() -> Json:
        with parts.catalog.read() as catalog, parts.log.read() as log:
            known = {item.did: item for item in catalog.publishers()}
            badges = Badges(parts, catalog, log)
            return {
                "publishers": [
                    {**_publisher_json(parts, log, did, known.get(did)), "badge": badges.badge(did)}
                    for did in shown_dids(log)
                    if parts.carrying.is_carried(did)
                ]
            }

    return await parts.worker.run(run)


async def publisher(parts: Parts, params: Params, progress: Progress) -> Json:
    """One publisher: name, counts, epochs with their hosts, identity events, records."""
    did = parse_did(str(params["did"]))
    limit = min(int(params.get("limit", 50)), LISTING_MAX)
    offset = int(params.get("offset", 0))

    def run() -> Json:
        with parts.catalog.read() as catalog, parts.log.read() as log:
            check_shown(log, did)
            history = log.history(did)
            if history is None or not parts.carrying.is_carried(did):
                raise not_carried(parts, did)
            known = {item.did: item for item in catalog.publishers()}
            return {
                **_publisher_json(parts, log, did, known.get(did)),
                "badge": Badges(parts, catalog, log).badge(did),
                "epochs": [_epoch_json(parts, log, catalog, state) for state in log.logs(did)],
                "events": [event_json(event) for event in history.path],
                "forks": forks_json(history),
                "listing": [
                    entry_json(item)
                    for item in catalog.records(type_=None, did=did, limit=limit, offset=offset)
                ],
            }

    return await parts.worker.run(run)


def shown_dids(log: LogReader) -> list[Did]:
    """Every publisher that is carried and not blocked."""
    blocked = {block.did for block in log.blocks() if not block.type}
    return [did for did in log.dids() if did not in blocked]


def not_carried(parts: Parts, did: Did) -> LocalError:
    """Why nothing of a publisher is shown."""
    refusal = parts.carrying.refusal(did)
    if refusal is None:
        return LocalError(
            "publisher.unknown", f"{did} is not carried here", hint="`frost follow` a node that has it"
        )
    return LocalError("publisher.unknown", f"{did} is not carried here: {refusal.reason}")


def _publisher_json(parts: Parts, log: LogReader, did: Did, summary: Any) -> Json:
    history, logs = log.history(did), log.logs(did)
    return {
        "did": did,
        "name": summary.name if summary else "",
        "tier": parts.carrying.tier(did),
        "records": summary.records if summary else {},
        "changed_ms": summary.changed_ms if summary else 0,
        "forked": history.forked if history else False,
        "duplicity": is_duplicitous(history) if history else False,
        "disputed": any(state.frozen for state in logs),
        "entries": sum(state.counted for state in logs),
    }


def _epoch_json(parts: Parts, log: LogReader, catalog: CatalogReader, state: LogState) -> Json:
    return {
        **log_json(state),
        "signed": signed_json(log, state),
        "witnesses": witnesses_json(parts, log, catalog, state),
    }


def log_json(state: LogState) -> Json:
    """The plain form of one epoch's log."""
    standing = state.standing
    end = standing.end if standing else None
    return {
        "origin": state.origin,
        "epoch": standing.n if standing else None,
        "size": state.counted,
        "served": state.served,
        "end": end.size if end else None,
        "host": standing.url if standing else "",
        "frozen": state.frozen,
        "disputed": state.disputed,
        "astray": state.astray,
        "log_path": f"/frost/{state.origin}",
        "evidence_path": f"/frost/{state.origin}/evidence" if state.disputed else None,
        "vkey": vkey(state.origin, standing.key) if standing and standing.key else None,
    }


async def log(parts: Parts, params: Params, progress: Progress) -> Json:
    """The entries of a publisher, newest first: {did, entries: [{epoch, index, op, type, key, time_ms, header}]}."""
    limit = min(int(params.get("limit", 50)), LISTING_MAX)

    def run() -> Json:
        with parts.catalog.read() as catalog, parts.log.read() as reader:
            did = one_publisher(parts, reader, params.get("did"))
            entries: list[Json] = []
            for state in reversed(reader.logs(did)):
                room = limit - len(entries)
                start = max(0, state.counted - room)
                found = list(headers_of(reader, state.origin, start, state.counted)) if room else []
                for index, leaf, header in reversed(found):
                    entries.append(
                        {
                            "epoch": state.standing.n if state.standing else None,
                            "index": index,
                            "op": header.op,
                            "type": header.type,
                            "key": header.key,
                            "time_ms": header.time,
                            "header": str(header_cid(leaf)),
                        }
                    )
            epochs = [_epoch_json(parts, reader, catalog, state) for state in reader.logs(did)]
            return {"did": did, "forks": forks_of(reader, did), "epochs": epochs, "entries": entries}

    return await parts.worker.run(run)


def one_publisher(parts: Parts, reader: LogReader, did: str | None) -> Did:
    """The publisher that was named, or else the only one that is hosted here."""
    if did:
        wanted = parse_did(did)
        check_shown(reader, wanted)
        if reader.history(wanted) is None or not parts.carrying.is_carried(wanted):
            raise not_carried(parts, wanted)
        return wanted
    hosted = {item.did for item in reader.hosted()}
    if len(hosted) != 1:
        raise LocalError(
            "usage", "publishers hosted here", found=len(hosted), expected="one, or its DID as argument"
        )
    return hosted.pop()
