"""Versions of datasets: publish one, list them, say what differs, and end a dataset in favour of another."""

from typing import Any, Final

from frostnode.log.content import readable_body
from frostnode.operations import publish, read
from frostnode.operations.lineage_reader import entry_name
from frostnode.operations.parts import Json, Params, Parts, Progress
from frostnode.ports import CatalogEntry, CatalogReader, LogReader
from frostnode.project.stage import catch_up
from frostnode.protocol.changes import Change, changes
from frostnode.protocol.entry import Op
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import SNIPPET_BODY_BYTES_MAX, VERSIONS_LISTED_MAX
from frostnode.protocol.names import (
    DATASET,
    DID_PREFIX,
    VERSION,
    DidUrl,
    check_key,
    parse_did_url,
)
from frostnode.protocol.references import dataset_of, record_name
from frostnode.publish.submit import open_place

_FIELDS: Final = ("title", "locations", "snapshot", "digests", "size", "schema", "changes")
_NOTE_CHARS_MAX: Final = 2000

LISTED: Final = 100
"""Versions that are listed when nobody says how many."""


async def version(parts: Parts, params: Params, progress: Progress) -> Json:
    """Publish the version `label` of `dataset` (a key of the own publisher, or a DID URL) with `fields`.

    Answers what `publish` does, and `previous`: the exact entry of the version that was the newest.

    Raises:
        LocalError: record.not-found, when the dataset is not published here; what `publish` says
    """
    await catch_up(parts.worker, parts.catalog_fold)
    dataset, record = await parts.worker.run(lambda: _drawn_up(parts, params))
    asked = {"did": dataset.did, "dry_run": params.get("dry_run"), "records": [record]}
    answer = await publish.publish(parts, asked, progress)
    return {**answer, "previous": record.get("previous")}


def _drawn_up(parts: Parts, params: Params) -> tuple[DidUrl, Json]:
    """The record of a version, with the one before it."""
    with parts.catalog.read() as catalog, parts.log.read() as log:
        dataset = own_dataset(log, str(params["dataset"]), params.get("did"))
        current = catalog.current(dataset.did, DATASET, dataset.key)
        if current is None or current.op == Op.WITHDRAW:
            raise LocalError(
                "record.not-found", f"{dataset} is not published", hint="`frost publish` it first"
            )
        return dataset, version_record(dataset, params, before(catalog, dataset, str(params["label"])))


def own_dataset(log: LogReader, text: str, did: str | None) -> DidUrl:
    """The dataset that is meant by a key of the publisher hosted here, or by its DID URL.

    Raises:
        NameError_: name.did-url, name.key; LocalError: usage, and what `open_place` says
    """
    if text.startswith(DID_PREFIX):
        url = parse_did_url(text)
        if url.type != DATASET:
            raise LocalError("usage", "dataset", found=text, expected="a key, or the DID URL of a dataset")
        return dataset_of(url)
    return DidUrl(did=open_place(log, did).did, type=DATASET, key=check_key(text))


def version_record(dataset: DidUrl, params: Params, previous: str) -> Json:
    """The record of a version in its JSON form."""
    label, given = str(params["label"]), params.get("fields") or {}
    record: Json = {"type": VERSION, "key": f"{dataset.key}@{label}", "label": label}
    record |= {name: given[name] for name in _FIELDS if given.get(name) not in (None, [], {})}
    return {**record, **({"previous": previous} if previous else {})}


def before(catalog: CatalogReader, dataset: DidUrl, label: str) -> str:
    """The exact DID URL of the version before the one of this label, or before a new one; "" when it is the first."""
    listed = catalog.versions(dataset.did, dataset.key, limit=VERSIONS_LISTED_MAX)
    keys = [entry.key for entry in listed]
    key = f"{dataset.key}@{label}"
    older = listed[keys.index(key) + 1 :] if key in keys else listed
    return exact_url(older[0]) if older else ""


def exact_url(entry: CatalogEntry) -> str:
    """The DID URL of an exact entry."""
    return f"{entry_name(entry)}?cid={entry.header}"


async def versions(parts: Parts, params: Params, progress: Progress) -> Json:
    """The history of a dataset: {dataset, latest, versions: [{url, exact, label, title, note, withdrawn, …}], more}.

    Newest first, at most `limit`; `latest` is the newest that is not withdrawn, "" when there is none.
    """
    url = await parts.worker.run(lambda: named_dataset(parts, params))
    limit = min(int(params.get("limit") or LISTED), VERSIONS_LISTED_MAX)

    def run() -> Json:
        with parts.catalog.read() as catalog, parts.log.read() as log:
            read.check_carried(parts, log, url)
            return versions_json(catalog, log, url, limit)

    return await parts.worker.run(run)


def named_dataset(parts: Parts, params: Params) -> DidUrl:
    """The dataset of a DID URL of it or of a version of it; a bare key is one of the publisher hosted here."""
    text = str(params["url"])
    if not text.startswith(DID_PREFIX):
        with parts.log.read() as log:
            return own_dataset(log, text, params.get("did"))
    return dataset_of(parse_did_url(text))


def versions_json(catalog: CatalogReader, log: LogReader, url: DidUrl, limit: int) -> Json:
    """The plain form of the history of a dataset."""
    found = catalog.versions(url.did, url.key, limit=limit + 1, withdrawn=True)
    newest = catalog.versions(url.did, url.key, limit=1)
    return {
        "dataset": record_name(url),
        "latest": entry_name(newest[0]) if newest else "",
        "versions": [_version_json(log, entry) for entry in found[:limit]],
        "more": len(found) > limit,
    }


def _version_json(log: LogReader, entry: CatalogEntry) -> Json:
    fields = _fields(log, entry)
    noted = fields.get("changes")
    note = noted.get("note") if isinstance(noted, dict) else None
    return {
        "url": entry_name(entry),
        "exact": exact_url(entry),
        "label": entry.key.partition("@")[2],
        "title": entry.title,
        "note": note[:_NOTE_CHARS_MAX] if isinstance(note, str) else "",
        "time_ms": entry.time_ms,
        "seen_ms": entry.seen_ms,
        "withdrawn": entry.op == Op.WITHDRAW,
        "local": False,
    }


def _fields(log: LogReader, entry: CatalogEntry) -> dict[str, Any]:
    """What a body says, where it is here and small enough to be read for a list."""
    if entry.body is None or entry.size > SNIPPET_BODY_BYTES_MAX:
        return {}
    return readable_body(log, entry.body) or {}


async def diff(parts: Parts, params: Params, progress: Progress) -> Json:
    """What differs between the records `a` and `b`: {a, b, changes: [{op, path, before, after}], more}.

    Raises:
        LocalError: what `show` says; record.absent, when a content is not here
    """
    sides = [await read.show(parts, {"url": str(params[name])}, progress) for name in ("a", "b")]
    for side in sides:
        if side["content"]["state"] != "here":
            raise LocalError("record.absent", f"{side['url']}: {side['content']['reason']}")
    one, other = (side["content"]["fields"] for side in sides)
    found, is_more = await parts.worker.run(lambda: changes(one, other))
    return {
        "a": _side(sides[0]),
        "b": _side(sides[1]),
        "changes": [change_json(change) for change in found],
        "more": is_more,
    }


def _side(shown: Json) -> Json:
    return {
        "url": shown["url"],
        "exact": f"{shown['url']}?cid={shown['header']}",
        "title": shown["title"],
        "time_ms": shown["time_ms"],
    }


def change_json(change: Change) -> Json:
    """The plain form of one difference."""
    sides = {"before": change.before} if change.op != "added" else {}
    sides |= {"after": change.after} if change.op != "removed" else {}
    return {"op": str(change.op), "path": change.path, **sides}


async def deprecate(parts: Parts, params: Params, progress: Progress) -> Json:
    """Publish `dataset` anew as deprecated, with its `successor` and a `note`, where they are given.

    Raises:
        LocalError: record.not-found, record.absent; what `publish` says
    """
    await catch_up(parts.worker, parts.catalog_fold)
    url = await parts.read(lambda log: own_dataset(log, str(params["dataset"]), params.get("did")))
    shown = await read.show(parts, {"url": str(url)}, progress)
    if shown["content"]["state"] != "here":
        raise LocalError("record.absent", f"{url}: {shown['content']['reason']}")
    said = {"successor": params.get("successor"), "deprecation_note": params.get("note")}
    record = {
        **shown["content"]["fields"],
        "type": DATASET,
        "key": url.key,
        "deprecated": True,
        **{name: value for name, value in said.items() if value},
    }
    asked = {"did": url.did, "dry_run": params.get("dry_run"), "records": [record]}
    return await publish.publish(parts, asked, progress)
