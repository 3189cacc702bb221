"""The rows of the table that anybody may ask: everything that the pages show."""

from base64 import b64decode
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import quote

from frostnode.edge.http.api import shapes
from frostnode.edge.http.api.declared import (
    Call,
    Choice,
    Cost,
    Flag,
    Item,
    Place,
    Result,
    Route,
    Run,
    Text,
    Whole,
)
from frostnode.edge.http.asked import quiet
from frostnode.edge.http.atom_feeds import feed_path
from frostnode.edge.http.refusals import PROBLEM
from frostnode.edge.outcomes import http_status, problem
from frostnode.operations import (
    block,
    evidence,
    lineage,
    peers,
    policy,
    proof,
    read,
    resolve,
    search,
    status,
    versions,
)
from frostnode.operations.parts import Json, Params, Parts, Progress
from frostnode.operations.subscribers import subscribers
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import (
    LINEAGE_NODES_MAX,
    LISTING_MAX,
    SEARCH_CURSOR_CHARS_MAX,
    SEARCH_LIMIT_MAX,
    SEARCH_OFFSET_MAX,
    VERSIONS_LISTED_MAX,
)
from frostnode.search.subscription_target import parse_target
from frostnode.search_port import Sort

_OFFSET_MAX: Final = 2**53
NAME: Final = Text(1024)
"""No name of anything is longer, and an address with one is short enough for any server, whatever its letters."""

_SEEN: Final = ("publisher.unknown", "record.not-found", "record.withheld")
_NOT_A_URL: Final = ("name.did-url", *_SEEN)

LIMIT: Final = Item("limit", Whole(LISTING_MAX), "How many at most.", default=50)
OFFSET: Final = Item("offset", Whole(_OFFSET_MAX), "How many to pass over.", default=0)
INCLUDE: Final = Item(
    "include", Choice(("", "unknown")), "With `unknown`, also publishers for whom nobody vouches.", default=""
)
RECORD: Final = Item("url", NAME, "DID URL of a record.", is_required=True)
ANYTHING: Final = Item("url", NAME, "DID URL of a record, or any identifier.", is_required=True)
TARGET: Final = Item("url", NAME, "DID URL of a dataset, or a DID.", is_required=True)
CID: Final = Item(
    "cid", Text(200), "CID of the header of the exact entry; without it the current one is meant."
)
DID: Final = Item("did", Text(200), "DID of a publisher.", is_required=True, place=Place.PATH)

_Operation = Callable[[Parts, Params, Progress], Awaitable[Json]]


def answer(operation: _Operation, *renamed: tuple[str, str]) -> Run:
    """Run an operation with the values as its parameters, of which some have another name there."""
    names = dict(renamed)

    async def run(call: Call) -> Result:
        params = {names.get(name, name): value for name, value in call.values.items()}
        return Result(content=await operation(call.parts, params, quiet))

    return run


def _url(call: Call) -> dict[str, Any]:
    """The DID URL that is meant: `url`, and `cid` where it is given."""
    url, cid = call.values["url"], call.values.get("cid")
    return {**call.values, "url": url if cid is None else f"{url}?cid={cid}"}


def _is_pinned(url: str) -> bool:
    return "?cid=" in url


def about_a_record(operation: _Operation) -> Run:
    """Run an operation on the record that is named."""

    async def run(call: Call) -> Result:
        return Result(content=await operation(call.parts, _url(call), quiet))

    return run


async def record(call: Call) -> Result:
    """One record; when its content is withheld here, 451 with the reason and all else that is known of it."""
    asked = _url(call)
    shown = await read.show(call.parts, asked, quiet)
    if not read.is_withheld(shown):
        return Result(content=shown, is_pinned=_is_pinned(asked["url"]), version=shown["header"])
    error = LocalError("record.withheld", shown["content"]["reason"])
    return Result(content={**problem(error), "record": shown}, status=http_status(error), media_type=PROBLEM)


async def proof_file(call: Call) -> Result:
    """The proof file itself; with `bare` of the entry without its content. Nobody is asked for it."""
    asked = _url(call)
    data, name = await proof.proof_bytes(call.parts, asked["url"], bare=asked["bare"])
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Result(content=data, media_type=_PROOF, headers=headers, is_pinned=_is_pinned(asked["url"]))


async def lineage_graph(call: Call) -> Result:
    """The graph as JSON, as PROV-JSON, or drawn."""
    depth = call.values["depth"] or None
    found = await lineage.lineage(call.parts, {**_url(call), "depth": depth}, quiet)
    match call.values["form"]:
        case "svg":
            return Result(content=found["svg"].encode(), media_type=_SVG)
        case "prov":
            return Result(content=found["prov"], media_type=_PROV)
        case _:
            return Result(content=found)


async def difference(call: Call) -> Result:
    """What differs between two records."""
    found = await versions.diff(call.parts, call.values, quiet)
    return Result(content=found, is_pinned=all(_is_pinned(call.values[name]) for name in ("a", "b")))


async def evidence_file(call: Call) -> Result:
    """The evidence file itself."""
    found = await evidence.evidence(call.parts, call.values, quiet)
    headers = {"content-disposition": f'attachment; filename="{found["name"]}"'}
    return Result(content=b64decode(found["bytes"]), media_type=_EVIDENCE, headers=headers)


async def feeds(call: Call) -> Result:
    """Where the changes of a target are told."""
    target = parse_target(call.values["target"])
    named = f"?target={quote(str(target), safe='')}"
    paths = {name: f"/frost/{name}{named}" for name in ("events", "firehose", "changes")}
    return Result(content={"target": str(target), "atom": feed_path(target), **paths})


_PROOF: Final = "application/vnd.frostnode.proof+cbor"
_EVIDENCE: Final = "application/vnd.frostnode.evidence+cbor"
_PROV: Final = "application/provenance+json"
_SVG: Final = "image/svg+xml"
_BYTES: Final[Json] = {}
_NODE: Final = "The node"
_CATALOG: Final = "The catalog"
_AROUND: Final = "Versions and lineage"


def _get(
    path: str, id_: str, group: str, about: str, run: Run, shape: Json, *items: Item, **more: Any
) -> Route:
    return Route(
        method="GET", path=path, id=id_, group=group, about=about, run=run, answer=shape, items=items, **more
    )


SEARCH: Final = _get(
    "/api/search",
    "search",
    _CATALOG,
    "Search all that is carried: words, phrases, fields, places and times.",
    answer(search.search, ("q", "query")),
    shapes.SEARCH,
    Item(
        "q", NAME, 'Words; `-word` without, `"some words"` together, `publisher:nasa` by field.', default=""
    ),
    Item("sort", Choice(("", *Sort)), "What comes first; the best, when nothing is said.", default=""),
    Item("facets", Text(200), "Fields to count by, apart by commas: publisher,license,year.", default=""),
    Item("cursor", Text(SEARCH_CURSOR_CHARS_MAX), "`next` or `previous` of an answer.", default=""),
    INCLUDE,
    Item("limit", Whole(SEARCH_LIMIT_MAX), "How many at most.", default=20),
    Item("offset", Whole(SEARCH_OFFSET_MAX), "How many to pass over.", default=0),
    errors=("query.malformed",),
    cost=Cost.COSTLY,
)
"""What a search takes stands here alone."""

ROUTES: Final[tuple[Route, ...]] = (
    SEARCH,
    _get(
        "/api/similar",
        "similar",
        _CATALOG,
        "Records that are most like one.",
        about_a_record(search.similar),
        shapes.SIMILAR,
        INCLUDE,
        Item("limit", Whole(SEARCH_LIMIT_MAX), "How many at most.", default=10),
        named=RECORD,
        errors=_NOT_A_URL,
        cost=Cost.COSTLY,
    ),
    _get(
        "/api/records",
        "records",
        _CATALOG,
        "Current records, newest first.",
        answer(read.records),
        shapes.RECORDS,
        Item("type", Text(200), "Records of this type alone."),
        Item("did", Text(200), "Records of this publisher alone."),
        INCLUDE,
        LIMIT,
        OFFSET,
        errors=("name.type", "name.did"),
    ),
    _get(
        "/api/record",
        "record",
        _CATALOG,
        "One record: its entry, its content or why that is not here, its history, and what proves it.",
        record,
        shapes.RECORD,
        CID,
        named=RECORD,
        errors=_NOT_A_URL,
    ),
    _get(
        "/api/proof",
        "proof",
        _CATALOG,
        "The file that proves a record without this node and without a network.",
        proof_file,
        _BYTES,
        CID,
        Item("bare", Flag(), "Of the entry alone, without its content.", default=False),
        named=RECORD,
        errors=(*_NOT_A_URL, "record.absent"),
        cost=Cost.COSTLY,
        media_types=(_PROOF,),
    ),
    _get(
        "/api/resolve",
        "resolve",
        _CATALOG,
        "What a name leads to: a DID, a DID URL, a domain, or any identifier that records claim.",
        answer(resolve.resolve),
        shapes.RESOLVED,
        Item("name", NAME, "The name.", default=""),
        errors=(
            *_NOT_A_URL,
            "name.did",
            "name.identifier",
            "record.withdrawn",
            "record.unreached",
            "policy.type",
        ),
    ),
    _get(
        "/api/publishers",
        "publishers",
        _CATALOG,
        "Everyone whose log is carried.",
        answer(read.publishers),
        shapes.PUBLISHERS,
    ),
    _get(
        "/api/publishers/{did}",
        "publisher",
        _CATALOG,
        "One publisher: who it is, its epochs with their hosts, its identity events, its records.",
        answer(read.publisher),
        shapes.PUBLISHER,
        DID,
        LIMIT,
        OFFSET,
        errors=("name.did", "publisher.unknown", "record.withheld"),
    ),
    _get(
        "/api/log/{did}",
        "log",
        _CATALOG,
        "The entries of a publisher, newest first.",
        answer(read.log),
        shapes.LOG,
        DID,
        LIMIT,
        errors=("name.did", "publisher.unknown", "record.withheld"),
    ),
    _get(
        "/api/evidence",
        "evidence",
        _CATALOG,
        "The file that proves that the key of a log has signed two of it.",
        evidence_file,
        _BYTES,
        Item("target", NAME, "DID of a publisher, or origin of a log.", is_required=True),
        errors=("name.did", "name.origin", "publisher.unknown", "record.not-found", "record.withheld"),
        media_types=(_EVIDENCE,),
    ),
    _get(
        "/api/versions",
        "versions",
        _AROUND,
        "The history of a dataset, newest first.",
        about_a_record(versions.versions),
        shapes.VERSIONS,
        Item("limit", Whole(VERSIONS_LISTED_MAX), "How many at most.", default=versions.LISTED),
        named=RECORD,
        errors=(*_NOT_A_URL, "name.key", "publisher.not-hosted", "epoch.ended"),
    ),
    _get(
        "/api/diff",
        "diff",
        _AROUND,
        "What differs between two records, versions or exact entries.",
        difference,
        shapes.DIFF,
        Item("a", Text(512), "DID URL.", is_required=True),
        Item("b", Text(512), "DID URL.", is_required=True),
        errors=(*_NOT_A_URL, "record.absent"),
        cost=Cost.COSTLY,
    ),
    _get(
        "/api/lineage",
        "lineage",
        _AROUND,
        "What something was made from, and what was made from it.",
        lineage_graph,
        {"anyOf": [shapes.LINEAGE, shapes.MAP]},
        CID,
        Item("up", Flag(), "What it was made from; both ways, when neither is said.", default=False),
        Item("down", Flag(), "What was made from it.", default=False),
        Item("depth", Whole(LINEAGE_NODES_MAX), "How many steps each way; 0 for all.", default=0),
        Item("form", Choice(("", "prov", "svg")), "As PROV-JSON, or drawn.", default=""),
        named=ANYTHING,
        errors=_NOT_A_URL,
        cost=Cost.COSTLY,
        media_types=("application/json", _PROV, _SVG),
    ),
    _get(
        "/api/citations",
        "citations",
        _AROUND,
        "What was built on something, counted by kind.",
        about_a_record(lineage.citations),
        shapes.CITATIONS,
        CID,
        named=ANYTHING,
        errors=_NOT_A_URL,
        cost=Cost.COSTLY,
    ),
    _get(
        "/api/subscribers",
        "subscribers",
        _AROUND,
        "Who has said in public that they want to be told of a dataset or publisher.",
        about_a_record(subscribers),
        shapes.SUBSCRIBERS,
        named=TARGET,
        errors=("query.malformed",),
    ),
    _get(
        "/api/feeds",
        "feeds",
        _AROUND,
        "Where changes are told as they come: an Atom feed, Server-Sent Events, lines, and answers that wait.",
        feeds,
        shapes.FEEDS,
        Item("target", NAME, "DID URL of a dataset, a DID, words, or `*` for everything.", default="*"),
        errors=("query.malformed",),
    ),
    _get(
        "/api/status",
        "status",
        _NODE,
        "What this node is, hosts, carries and follows.",
        answer(status.status),
        shapes.STATUS,
    ),
    _get(
        "/api/peers",
        "peers",
        _NODE,
        "The nodes that this one follows, and how each does.",
        answer(peers.peers),
        shapes.PEERS,
    ),
    _get("/api/policy", "policy", _NODE, "Whom this node carries.", answer(policy.show), shapes.POLICY),
    _get(
        "/api/policy/refusals",
        "refusals",
        _NODE,
        "What this node refused to carry, and why.",
        answer(policy.refusals),
        shapes.REFUSALS,
        LIMIT,
        OFFSET,
    ),
    _get(
        "/api/withheld",
        "withheld",
        _NODE,
        "What this node does not show, and why.",
        answer(block.withheld),
        shapes.WITHHELD,
        Item("page", Whole(2**31), "Which page, from 0.", default=0),
    ),
)
