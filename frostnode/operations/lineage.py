"""Lineage: say what was made from what, follow it both ways, and count what was built on somebody's data."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from frostnode.log.content import readable_body
from frostnode.operations import publish, read
from frostnode.operations.drawing import draw
from frostnode.operations.lineage_reader import CatalogLineage, entry_name
from frostnode.operations.parts import Json, Params, Parts, Progress
from frostnode.operations.prov import prov_json
from frostnode.operations.subscribers import subscribers_json
from frostnode.operations.versions import exact_url, own_dataset, versions_json
from frostnode.ports import CatalogEntry, CatalogReader, LogReader
from frostnode.project.stage import catch_up
from frostnode.protocol.citations import citations as sort_citations
from frostnode.protocol.citations import kind_of
from frostnode.protocol.dagjson import to_json
from frostnode.protocol.entry import Op
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import (
    CITATIONS_COUNTED_MAX,
    LINEAGE_NODES_MAX,
    LISTING_MAX,
    PAGE_ITEMS_MAX,
    SNIPPET_BODY_BYTES_MAX,
)
from frostnode.protocol.lineage import Edge, Graph, LineageReader, Node, State, Used, trace
from frostnode.protocol.names import DATASET, DID_PREFIX, VERSION, DidUrl, parse_did_url
from frostnode.protocol.records import LINEAGE
from frostnode.protocol.references import dataset_of, is_latest, named_record, record_name, reference_name

_VERSIONS_AROUND: Final = 20
_OF_MAKERS: Final = ("creators",)
_OF_DATA: Final = ("locations", "snapshot", "schema", "size", "digests")
ACTIVITY: Final = ("name", "code", "container")
"""What a lineage record says of how something was made."""


async def derive(parts: Parts, params: Params, progress: Progress) -> Json:
    """Publish that the own `target`, a version or dataset, was made from the URIs `used`, by an `activity`.

    Names of this network are pinned: a dataset as its newest version, or as itself where it has none. Answers what
    `publish` does, and `used`: what was pinned.

    Raises:
        LocalError: record.not-found, record.withdrawn, usage; RecordError: lineage.cycle; what `publish` says
    """
    await catch_up(parts.worker, parts.catalog_fold)
    target, record = await parts.worker.run(lambda: _drawn_up(parts, params))
    asked = {"did": target.did, "dry_run": params.get("dry_run"), "records": [record]}
    answer = await publish.publish(parts, asked, progress)
    return {**answer, "generated": record["generated"], "used": [item["uri"] for item in record["used"]]}


def _drawn_up(parts: Parts, params: Params) -> tuple[DidUrl, Json]:
    with parts.catalog.read() as catalog, parts.log.read() as log:
        target = own_target(log, str(params["target"]), params.get("did"))
        made = pinned(parts, catalog, log, str(target))
        used = [pinned(parts, catalog, log, str(uri)) for uri in params["used"]]
        record = lineage_record(target, made, used, params)
        _check_free(catalog, target, record)
    return target, record


def own_target(log: LogReader, text: str, did: str | None) -> DidUrl:
    """The version or dataset that is meant by a key of the publisher hosted here, or by a DID URL.

    Raises:
        NameError_: name.did-url, name.key; LocalError: usage, and what `open_place` says
    """
    if not text.startswith(DID_PREFIX):
        key, at, label = text.partition("@")
        dataset = own_dataset(log, key, did)
        text = f"{dataset}{at}{label}"
    url = parse_did_url(text)
    if url.type not in (DATASET, VERSION):
        raise LocalError("usage", "target", found=text, expected="a dataset or a version")
    return url


def pinned(parts: Parts, catalog: CatalogReader, log: LogReader, uri: str) -> str:
    """What a lineage record says for a URI: a record of this network as its exact entry, all else as it is.

    Raises:
        NameError_: name.did-url; LocalError: publisher.unknown, record.not-found, record.withdrawn
    """
    if not uri.startswith(DID_PREFIX):
        return uri
    url = parse_did_url(uri)
    if url.cid is not None:
        return uri
    entry = read.find_entry(parts, catalog, log, url)
    if url.type == DATASET:
        newest = catalog.versions(url.did, url.key, limit=1)
        entry = newest[0] if newest else entry
    if entry.op == Op.WITHDRAW:
        raise LocalError("record.withdrawn", f"{url} is withdrawn", hint="?cid= names what it was")
    return exact_url(entry)


def lineage_record(target: DidUrl, made: str, used: Sequence[str], params: Params) -> Json:
    """The record of a lineage in its JSON form; its key is that of what was made, `KEY/LABEL` for a version."""
    given = params.get("activity") or {}
    activity = {name: given[name] for name in ACTIVITY if given.get(name)}
    record: Json = {
        "type": LINEAGE,
        "key": str(params.get("key") or made_key(made, target)),
        "generated": made,
        "used": [{"uri": uri} for uri in dict.fromkeys(used)],
    }
    said = {"title": params.get("title"), "activity": activity}
    return record | {name: value for name, value in said.items() if value}


def made_key(made: str, target: DidUrl) -> str:
    """The key of the lineage record of what was made; `@latest` is the version that it stood for."""
    key = parse_did_url(made).key if is_latest(target) else target.key
    return key.replace("@", "/")


def _check_free(catalog: CatalogReader, target: DidUrl, record: Json) -> None:
    """Never write over the lineage of something else that happens to have the same key."""
    key, (name, _) = record["key"], reference_name(record["generated"])
    current = catalog.current(target.did, LINEAGE, key)
    if current is None or current.op == Op.WITHDRAW:
        return
    others = [item.name for item in catalog.references(target.did, LINEAGE, key) if item.role == "generated"]
    if others not in ([], [name]):
        raise LocalError("usage", f"lineage record {key} is of {others[0]}", hint="give another --key")


async def lineage(parts: Parts, params: Params, progress: Progress) -> Json:
    """The lineage of `url`, a record or any identifier: {url, nodes, edges, versions, activities, more}.

    `up` and `down` choose directions, both when neither is said; `depth` bounds the steps each way. With `form` = `prov`
    or `svg`: {url, prov} or {url, svg}.
    """

    def run() -> Json:
        with parts.catalog.read() as catalog, parts.log.read() as log:
            reader = CatalogLineage(parts, catalog, log)
            found = traced(log, catalog, reader, start_of(parts, catalog, log, str(params["url"])), params)
            return in_form(found, params)

    return await parts.worker.run(run)


def in_form(found: Json, params: Params) -> Json:
    """The graph as it was asked for.

    Raises:
        LocalError: usage
    """
    match params.get("form"):
        case None | "":
            return found
        case "prov":
            return {"url": found["url"], "prov": prov_json(found)}
        case "svg":
            return {"url": found["url"], "svg": draw(found)}
        case other:
            raise LocalError("usage", "parameter form", found=other, expected="prov or svg")


def start_of(parts: Parts, catalog: CatalogReader, log: LogReader, text: str) -> str:
    """The name under which lineage knows what was asked for.

    Raises:
        NameError_: name.did-url; LocalError: usage; publisher.unknown, record.not-found for what is not carried
    """
    if text.startswith(DID_PREFIX) and "/" in text:
        entry = read.find_entry(parts, catalog, log, parse_did_url(text))
        return entry_name(entry)
    name, _ = reference_name(text)
    if not name:
        raise LocalError(
            "usage", "what lineage is asked of", found=text, expected="a DID URL or an identifier"
        )
    return name


def traced(log: LogReader, catalog: CatalogReader, reader: LineageReader, start: str, params: Params) -> Json:
    """The graph around `start` in its plain form."""
    up, down = bool(params.get("up")), bool(params.get("down"))
    depth = params.get("depth")
    graph = trace(
        reader, start, up=up or not down, down=down or not up, depth=None if depth is None else int(depth)
    )
    return {**graph_json(graph), "activities": _activities(log, catalog, graph)}


def graph_json(graph: Graph) -> Json:
    """The plain form of a graph."""
    return {
        "url": graph.start,
        "nodes": [_node_json(node) for node in graph.nodes],
        "edges": [_edge_json(edge, used) for edge, used in graph.edges],
        "versions": [{"version": version, "dataset": dataset} for version, dataset in graph.versions],
        "more": sorted(graph.more),
    }


def _node_json(node: Node) -> Json:
    record = named_record(node.end.name)
    return {
        "name": node.end.name,
        "kind": record.type if record is not None else str(kind_of(node.end.name)),
        "state": str(node.end.state),
        "title": node.end.title,
        "publisher": node.end.publisher,
        "did": record.did if record is not None else None,
        "header": str(node.end.header) if node.end.header else None,
        "distance": node.distance,
        "outdated": node.outdated,
        "withdrawn_source": node.withdrawn_source,
        "upstream_outdated": node.upstream_outdated,
        "upstream_withdrawn": node.upstream_withdrawn,
        "marks": list(_marks(node)),
    }


def _marks(node: Node) -> Iterator[str]:
    """What is to be said of an end, in words; the nearer trouble instead of the further one."""
    if node.end.state not in (State.HERE, State.OUTSIDE):
        yield str(node.end.state)
    if node.outdated or node.upstream_outdated:
        yield "out of date" if node.outdated else "upstream out of date"
    if node.withdrawn_source or node.upstream_withdrawn:
        yield "source withdrawn" if node.withdrawn_source else "upstream withdrawn"


def _edge_json(edge: Edge, used: Used) -> Json:
    return {
        "generated": edge.generated,
        "generated_pin": str(edge.generated_pin) if edge.generated_pin else None,
        "used": edge.used,
        "used_pin": str(edge.used_pin) if edge.used_pin else None,
        "record": edge.record,
        "newer": used.newer,
        "withdrawn": used.withdrawn,
        "missing": used.missing,
        "local": edge.is_local,
    }


def _activities(log: LogReader, catalog: CatalogReader, graph: Graph) -> list[Json]:
    """What the lineage records of a graph say of how it was done: {record, publisher, name, code, container}."""
    found: dict[str, Json] = {}
    for edge, _ in graph.edges:
        if edge.record not in found and not edge.is_local and len(found) < LINEAGE_NODES_MAX:
            entry = catalog.entry_by_header(edge.did, edge.header)
            found[edge.record] = {"record": edge.record, "did": edge.did, **_activity(log, entry)}
    return list(found.values())


def _activity(log: LogReader, entry: CatalogEntry | None) -> Json:
    body: dict[str, Any] | None = None
    if entry is not None and entry.body is not None and entry.size <= SNIPPET_BODY_BYTES_MAX:
        body = readable_body(log, entry.body)
    said = (body or {}).get("activity")
    given = said if isinstance(said, dict) else {}
    return {
        "time_ms": entry.time_ms if entry is not None else None,
        **{name: given[name] if isinstance(given.get(name), str) else "" for name in ACTIVITY},
    }


async def around(parts: Parts, shown: Json) -> Json | None:
    """What the page of a dataset or version tells of others: {versions, newest, dataset, up, down, graph, marks, citations, told}; None for other records.

    `up` and `down` have the nearest ends alone; `graph` is the whole, None where there is nothing. `newest` is what the
    newest version of a dataset says of its data: {label, fields}, or None; `dataset` is what the dataset of a version is:
    {title, fields}, or None.
    """
    if shown["type"] not in (DATASET, VERSION):
        return None
    url = parse_did_url(shown["url"])

    def run() -> Json:
        with parts.catalog.read() as catalog, parts.log.read() as log:
            name = record_name(url)
            graph = trace(CatalogLineage(parts, catalog, log), name, up=True, down=True, depth=None)
            nodes = [_node_json(node) for node in graph.nodes]
            return {
                "versions": versions_json(catalog, log, dataset_of(url), _VERSIONS_AROUND),
                "newest": _newest_json(catalog, log, url) if shown["type"] == DATASET else None,
                "dataset": _dataset_json(catalog, log, dataset_of(url)) if shown["type"] == VERSION else None,
                "graph": graph_json(graph) if graph.edges else None,
                "up": [node for node in nodes if node["distance"] == -1][:PAGE_ITEMS_MAX],
                "down": [node for node in nodes if node["distance"] == 1][:PAGE_ITEMS_MAX],
                "marks": [
                    mark for node in nodes if node["name"] == name for mark in node["marks"] if " " in mark
                ],
                "citations": citations_json(parts, catalog, log, name),
                "told": subscribers_json(parts, catalog, log, str(dataset_of(url)), PAGE_ITEMS_MAX),
            }

    return await parts.worker.run(run)


def _dataset_json(catalog: CatalogReader, log: LogReader, dataset: DidUrl) -> Json | None:
    """What the dataset of a version is called, and who made it."""
    entry = catalog.current(dataset.did, DATASET, dataset.key)
    if entry is None or entry.op == Op.WITHDRAW:
        return None
    return {"title": entry.title, "fields": _some_fields(log, entry, _OF_MAKERS)}


def _some_fields(log: LogReader, entry: CatalogEntry, names: Sequence[str]) -> Json:
    """Those fields of a body, where it is here and not too large to be read for the page of another record."""
    body = readable_body(log, entry.body) if entry.body and entry.size <= SNIPPET_BODY_BYTES_MAX else None
    return {name: to_json(body[name]) for name in names if name in body} if body else {}


def _newest_json(catalog: CatalogReader, log: LogReader, dataset: DidUrl) -> Json | None:
    """What the newest version of a dataset says of where its data lies and what it is."""
    for entry in catalog.versions(dataset.did, dataset.key, limit=1):
        if fields := _some_fields(log, entry, _OF_DATA):
            return {"label": entry.key.partition("@")[2], "fields": fields}
    return None


async def citations(parts: Parts, params: Params, progress: Progress) -> Json:
    """What was built on `url`: {url, counts: {datasets, papers, code, other}, datasets: […], papers: […], code: […], other: […], more}.

    Counted is what is carried, whoever vouches for it; of each list at most LISTING_MAX names.
    """

    def run() -> Json:
        with parts.catalog.read() as catalog, parts.log.read() as log:
            start = start_of(parts, catalog, log, str(params["url"]))
            return citations_json(parts, catalog, log, start)

    return await parts.worker.run(run)


def citations_json(parts: Parts, catalog: CatalogReader, log: LogReader, start: str) -> Json:
    """The plain form of what was built on a record or identifier."""
    products = catalog.products(start, limit=CITATIONS_COUNTED_MAX + 1)
    found = sort_citations(start, products[:CITATIONS_COUNTED_MAX])
    reader = CatalogLineage(parts, catalog, log)
    kinds = {name: getattr(found, name) for name in ("datasets", "papers", "code", "other")}
    return {
        "url": start,
        "counts": {name: len(names) for name, names in kinds.items()},
        **{
            name: [{"name": one, "title": reader.end(one).title} for one in names[:LISTING_MAX]]
            for name, names in kinds.items()
        },
        "more": len(products) > CITATIONS_COUNTED_MAX,
    }
