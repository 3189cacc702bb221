"""Versions and lineage for the owner of a home: published, or kept in the home alone.

Asked through the control socket only. Whatever answers others asks `versions`, `lineage` and `status` instead, which know
nothing of what is kept local.
"""

from collections.abc import Sequence
from typing import Any

from frostnode.local_port import LocalEntry, LocalRecords
from frostnode.operations import lineage as lineages
from frostnode.operations import status as statuses
from frostnode.operations import versions as histories
from frostnode.operations.lineage_reader import CatalogLineage
from frostnode.operations.local_reader import LineageWithLocal, local_exact, local_fields, local_name
from frostnode.operations.parts import Json, Params, Parts, Progress
from frostnode.ports import CatalogReader, LogReader
from frostnode.project.stage import catch_up
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.dagjson import from_json
from frostnode.protocol.entry import Header, Op, encode_body, encode_header, header_cid
from frostnode.protocol.errors import LocalError, RecordError
from frostnode.protocol.limits import LINEAGE_EDGES_MAX, SALT_BYTES
from frostnode.protocol.lineage import cycle
from frostnode.protocol.names import DATASET, DID_PREFIX, VERSION, DidUrl, parse_did_url
from frostnode.protocol.records import LINEAGE, check_record, named_fields
from frostnode.protocol.references import dataset_of, is_latest, named_record, record_name, reference_name
from frostnode.publish.submit import open_place


def _records(parts: Parts) -> LocalRecords:
    if parts.local is None:
        raise LocalError("usage", "this node keeps nothing local")
    return parts.local


def _reader(parts: Parts, catalog: CatalogReader, log: LogReader) -> LineageWithLocal:
    entries = parts.local.entries() if parts.local is not None else ()
    return LineageWithLocal(CatalogLineage(parts, catalog, log), catalog, entries)


async def version(parts: Parts, params: Params, progress: Progress) -> Json:
    """Publish a version as `versions.version` does; with `local` keep it in the home, also of a dataset that is not published."""
    if not params.get("local"):
        return await histories.version(parts, params, progress)
    await catch_up(parts.worker, parts.catalog_fold)

    def run() -> Json:
        with parts.catalog.read() as catalog, parts.log.read() as log:
            dataset = histories.own_dataset(log, str(params["dataset"]), params.get("did"))
            open_place(log, dataset.did)
            reader = _reader(parts, catalog, log)
            name = f"{dataset}@{params['label']}"
            names = list(reader.versions(record_name(dataset)))
            older = names[names.index(name) + 1 :] if name in names else names
            previous = _exact(reader, catalog, older[0]) if older else ""
            record = histories.version_record(dataset, params, previous)
            return {**_keep(parts, catalog, dataset, record, params), "previous": previous or None}

    answer = await parts.worker.run(run)
    parts.kept.ring()
    return answer


async def derive(parts: Parts, params: Params, progress: Progress) -> Json:
    """Publish lineage as `lineage.derive` does; with `local` keep it in the home, where it may name what is local too.

    Raises:
        LocalError: usage, when what is published would name what is kept local
    """
    if not params.get("local"):
        await parts.worker.run(lambda: _check_public(parts, params["used"]))
        return await lineages.derive(parts, params, progress)
    await catch_up(parts.worker, parts.catalog_fold)

    def run() -> Json:
        with parts.catalog.read() as catalog, parts.log.read() as log:
            target = lineages.own_target(log, str(params["target"]), params.get("did"))
            open_place(log, target.did)
            reader = _reader(parts, catalog, log)
            made = _pinned(parts, catalog, log, reader, str(target))
            used = [_pinned(parts, catalog, log, reader, str(uri)) for uri in params["used"]]
            record = lineages.lineage_record(target, made, used, params)
            _check_loops(reader, record)
            kept = _keep(parts, catalog, target, record, params)
            return {**kept, "generated": made, "used": [item["uri"] for item in record["used"]]}

    answer = await parts.worker.run(run)
    parts.kept.ring()
    return answer


def _check_public(parts: Parts, uris: Sequence[Any]) -> None:
    with parts.catalog.read() as catalog, parts.log.read() as log:
        reader = _reader(parts, catalog, log)
        for uri in map(str, uris):
            if reader.entry(reference_name(uri)[0]) is not None:
                raise LocalError(
                    "usage", f"{uri} is kept local", hint="publish it first, or keep this local too: --local"
                )


def _exact(reader: LineageWithLocal, catalog: CatalogReader, name: str) -> str:
    entry, record = reader.entry(name), named_record(name)
    if entry is not None:
        return local_exact(entry)
    current = catalog.current(record.did, record.type, record.key) if record is not None else None
    return histories.exact_url(current) if current is not None else name


def _pinned(parts: Parts, catalog: CatalogReader, log: LogReader, reader: LineageWithLocal, uri: str) -> str:
    """As `lineage.pinned`, with what is local."""
    if not uri.startswith(DID_PREFIX):
        return uri
    url = parse_did_url(uri)
    if url.cid is None and (url.type == DATASET or is_latest(url)):
        newest = next(iter(reader.versions(record_name(dataset_of(url)))), "")
        if reader.entry(newest) is not None:
            return _exact(reader, catalog, newest)
    entry = reader.entry(record_name(url)) if url.cid is None else None
    return local_exact(entry) if entry is not None else lineages.pinned(parts, catalog, log, uri)


def _check_loops(reader: LineageWithLocal, record: Json) -> None:
    """Local lineage closes no loop of versions either."""

    def built_on(name: str) -> list[str]:
        edges = reader.built_on(name, limit=LINEAGE_EDGES_MAX)
        return [edge.generated for edge in edges if not (edge.is_local and edge.key == record["key"])]

    names = [reference_name(item["uri"])[0] for item in record["used"]]
    if loop := cycle(built_on, reference_name(record["generated"])[0], names):
        raise RecordError("lineage.cycle", f"a version would come from itself: {' → '.join(loop[:8])}")


def _keep(parts: Parts, catalog: CatalogReader, owner: DidUrl, record: Json, params: Params) -> Json:
    """Keep a record, unless it says the same already: what `publish` answers, with status kept, would keep or unchanged.

    Raises:
        LocalError: usage, when it is published already; queue.full; RecordError: record.field
    """
    type_, key, fields = named_fields(record)
    value = check_record(type_, key, from_json(fields))
    url = DidUrl(did=owner.did, type=type_, key=key)
    if catalog.current(owner.did, type_, key) is not None:
        raise LocalError("usage", f"{url} is published: what is kept local needs another name")
    records = _records(parts)
    earlier = next((entry for entry in records.entries() if local_name(entry) == str(url)), None)
    body = encode_body(value, parts.random.bytes(SALT_BYTES))
    now_ms = parts.clock.now_ms()
    leaf = encode_header(
        Header(op=Op.PUT, type=type_, key=key, time=now_ms, body=Cid.of(body), size=len(body))
    )
    entry = LocalEntry(did=owner.did, type=type_, key=key, header=header_cid(leaf), time_ms=now_ms, body=body)
    is_new = earlier is None or local_fields(earlier) != value
    dry_run = bool(params.get("dry_run"))
    if is_new and not dry_run:
        records.put(entry)
    status = "unchanged" if not is_new else "would keep" if dry_run else "kept"
    shown = entry if earlier is None or is_new else earlier
    told = {"url": str(url), "status": status, "header": str(shown.header)}
    return {"did": owner.did, "dry_run": dry_run, "local": True, "records": [told]}


async def forget(parts: Parts, params: Params, progress: Progress) -> Json:
    """Forget the local record `url`: {url, forgotten}."""
    url = parse_did_url(str(params["url"]))
    records = _records(parts)
    gone = await parts.worker.run(lambda: records.remove(url.did, url.type, url.key))
    if not gone:
        raise LocalError("record.not-found", f"{url} is not kept local")
    return {"url": record_name(url), "forgotten": True}


async def versions(parts: Parts, params: Params, progress: Progress) -> Json:
    """The history of a dataset as `versions.versions` tells it, with local versions among them, marked."""
    url = await parts.worker.run(lambda: histories.named_dataset(parts, params))
    local = await parts.worker.run(lambda: _local_versions(parts, url))
    if not local:
        return await histories.versions(parts, params, progress)
    try:
        found = await histories.versions(parts, params, progress)
    except LocalError as error:
        if error.code not in ("publisher.unknown", "record.not-found"):
            raise
        found = {"dataset": record_name(url), "latest": "", "versions": [], "more": False}
    listed = sorted([*local, *found["versions"]], key=lambda item: -item["time_ms"])
    return {**found, "versions": listed}


def _local_versions(parts: Parts, url: DidUrl) -> list[Json]:
    with parts.catalog.read() as catalog:
        entries = parts.local.entries() if parts.local is not None else ()
        return [
            _version_json(entry)
            for entry in entries
            if entry.type == VERSION
            and (entry.did, entry.key.partition("@")[0]) == (url.did, url.key)
            and catalog.current(entry.did, entry.type, entry.key) is None
        ]


def _version_json(entry: LocalEntry) -> Json:
    fields = local_fields(entry)
    changes, title = fields.get("changes"), fields.get("title")
    note = changes.get("note") if isinstance(changes, dict) else None
    return {
        "url": local_name(entry),
        "exact": local_exact(entry),
        "label": entry.key.partition("@")[2],
        "title": title if isinstance(title, str) else "",
        "note": note if isinstance(note, str) else "",
        "time_ms": entry.time_ms,
        "seen_ms": entry.time_ms,
        "withdrawn": False,
        "local": True,
    }


async def lineage(parts: Parts, params: Params, progress: Progress) -> Json:
    """The lineage of `url` as `lineage.lineage` tells it, with what is kept local, marked."""

    def run() -> Json:
        with parts.catalog.read() as catalog, parts.log.read() as log:
            reader = _reader(parts, catalog, log)
            start = _start(parts, catalog, log, reader, str(params["url"]))
            found = lineages.traced(log, catalog, reader, start, params)
            found["activities"] += _local_activities(reader, found)
            return lineages.in_form(found, params)

    return await parts.worker.run(run)


def _start(parts: Parts, catalog: CatalogReader, log: LogReader, reader: LineageWithLocal, text: str) -> str:
    name, _ = reference_name(text)
    record = named_record(name)
    if record is not None and is_latest(record):
        name = next(iter(reader.versions(record_name(dataset_of(record)))), name)
    return name if reader.entry(name) is not None else lineages.start_of(parts, catalog, log, text)


def _local_activities(reader: LineageWithLocal, found: Json) -> list[Json]:
    names = dict.fromkeys(edge["record"] for edge in found["edges"] if edge["local"])
    entries = [entry for name in names if (entry := reader.entry(name)) is not None]
    return [
        {"record": local_name(entry), "did": entry.did, "time_ms": entry.time_ms, **_activity(entry)}
        for entry in entries
    ]


def _activity(entry: LocalEntry) -> Json:
    said = local_fields(entry).get("activity")
    given = said if isinstance(said, dict) else {}
    return {name: given.get(name, "") for name in lineages.ACTIVITY}


async def status(parts: Parts, params: Params, progress: Progress) -> Json:
    """What `status.status` tells, and how much is kept `local`: {versions, lineage}."""
    entries = await parts.worker.run(lambda: parts.local.entries() if parts.local is not None else ())
    kept = {
        "versions": sum(entry.type == VERSION for entry in entries),
        "lineage": sum(entry.type == LINEAGE for entry in entries),
    }
    return {**await statuses.status(parts, params, progress), "local": kept}
