"""The sync resources: static paths and their accelerators (spec/05-sync.md#resources).

Nothing here needs a signature or an account. Every path is the same in a static export.
"""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from frostnode.bell import Bell
from frostnode.edge.http.asked import choice
from frostnode.edge.http.streams import LastArrival, OpenStreams
from frostnode.log.withheld import blocked_error, check_shown, withheld_error, withheld_line
from frostnode.ports import LogReader, LogStore, Worker
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import LocalError
from frostnode.protocol.frames import COMPLETE, EndFrame, encode_byte_string, encode_frame
from frostnode.protocol.history import History
from frostnode.protocol.limits import CURSOR_INTERVAL_S, ERASABLE_CACHED_S, HEADS_PAGE_MAX, TILE_WIDTH
from frostnode.protocol.log_state import LogState
from frostnode.protocol.names import Did, Origin, parse_did, parse_origin
from frostnode.protocol.tiles import TilePath, parse_tile_path
from frostnode.protocol.withheld import Withheld
from frostnode.replicate.cursor import parse_cursor_text, resume
from frostnode.replicate.dispute import evidence_file
from frostnode.replicate.serve import ArrivalStream, LogStream, offered_size
from frostnode.replicate.static_export import head_line

T = TypeVar("T")

_IMMUTABLE = {"cache-control": "public, max-age=31536000, immutable"}
_ERASABLE = {"cache-control": f"public, max-age={ERASABLE_CACHED_S}"}
_CHANGING = {"cache-control": "public, max-age=5"}
_SEQUENCE = "application/cbor-seq"


def _everyone(did: Did) -> bool:
    return True


@dataclass(slots=True, kw_only=True)
class SyncResources:
    """The handlers, over one store."""

    store: LogStore
    worker: Worker
    bell: Bell
    node: dict[str, Any]
    """What /frost/node answers: software, version, name, node_key, database, offers, listed."""
    carries: Callable[[Did], bool] = _everyone
    """Whether a publisher that is held is served to others."""
    streams: OpenStreams = field(default_factory=OpenStreams)
    _last: LastArrival = field(init=False)

    def __post_init__(self) -> None:
        self._last = LastArrival(self.bell, lambda: self._read(lambda reader: reader.last_arrival()))

    def routes(self) -> list[Route]:
        """One path each; the order matters where one contains another."""
        origin = "/frost/{did}/log/{epoch}/{event}"
        return [
            Route("/frost/node", self.about),
            Route("/frost/heads/{page}", self.heads),
            Route("/frost/withheld/{page}", self.withheld),
            Route("/frost/stream", self.stream),
            Route("/frost/body/{cid}", self.body),
            Route("/frost/{did}/identity", self.identity),
            Route(origin + "/checkpoint", self.checkpoint),
            Route(origin + "/evidence", self.evidence),
            Route(origin + "/frames", self.frames),
            Route(origin + "/{tile:path}", self.tile),
        ]

    async def _read(self, work: Callable[[LogReader], T]) -> T:
        def run() -> T:
            with self.store.read() as reader:
                return work(reader)

        return await self.worker.run(run)

    async def about(self, request: Request) -> Response:
        """Who this node is."""
        return JSONResponse(self.node, headers=_CHANGING)

    async def heads(self, request: Request) -> Response:
        """A page of heads."""
        page = _page_number(request)
        heads = await self._read(lambda reader: reader.heads(page))
        items = [head_line(head) for head in heads if self.carries(head.did)]
        return JSONResponse(_page("heads", items, page, len(heads)), headers=_CHANGING)

    async def withheld(self, request: Request) -> Response:
        """A page of what this node withholds, and why."""
        page = _page_number(request)
        items = await self._read(lambda reader: reader.withheld(page))
        return JSONResponse(
            _page("withheld", [withheld_line(item) for item in items], page, len(items)), headers=_CHANGING
        )

    async def identity(self, request: Request) -> Response:
        """All known events of a publisher, ancestors first."""
        did = parse_did(request.path_params["did"])

        def read(reader: LogReader) -> History | None:
            check_shown(reader, did)
            return reader.history(did) if self.carries(did) else None

        history = await self._read(read)
        if history is None:
            raise LocalError("publisher.unknown", did)
        body = b"".join(encode_byte_string(event.raw) for event in history.events)
        return Response(body, media_type=_SEQUENCE, headers=_CHANGING)

    async def body(self, request: Request) -> Response:
        """One body by its CID."""
        cid = Cid.parse(request.path_params["cid"])
        body = await self._read(lambda reader: _body(reader, cid))
        return _erasable(request, body, "application/vnd.ipld.dag-cbor", str(cid))

    async def checkpoint(self, request: Request) -> Response:
        """The signed note of the largest tree that is held completely."""
        state = await self._read(lambda reader: _offered(reader, self._origin(request)))
        if state.checkpoint is None:
            raise LocalError("record.not-found", f"{state.origin} has no checkpoint here")
        return Response(state.checkpoint, media_type="text/plain; charset=utf-8", headers=_CHANGING)

    async def evidence(self, request: Request) -> Response:
        """What proves that the key of an epoch has signed two trees, as one file."""
        data = await self._read(lambda reader: evidence_file(reader, _origin(request)))
        return Response(data, media_type="application/vnd.frostnode.evidence+cbor", headers=_CHANGING)

    async def tile(self, request: Request) -> Response:
        """A tile or an entry bundle, full or as partial as the checkpoint says."""
        path = parse_tile_path(request.path_params["tile"])
        data = await self._read(lambda reader: _tile(reader, self._origin(request), path))
        if path.level is None:
            return _erasable(request, data, "application/octet-stream", sha256(data).hexdigest())
        return Response(data, media_type="application/octet-stream", headers=_IMMUTABLE)

    async def frames(self, request: Request) -> Response:
        """One log from a leaf on, up to its head."""
        origin = self._origin(request)
        start = _number(request, "from")
        bodies = _number(request, "bodies", start)
        await self._read(lambda reader: _offered(reader, origin))
        return self.streams.answer(request, self._log(LogStream(origin, start, bodies)))

    def _origin(self, request: Request) -> Origin:
        """The log that a path names, if it is one that this node carries."""
        origin = _origin(request)
        if not self.carries(parse_origin(origin).did):
            raise LocalError("record.not-found", f"{origin} is not carried here")
        return origin

    async def _log(self, stream: LogStream) -> AsyncGenerator[bytes, None]:
        while batch := await self._read(stream.next_batch):
            yield batch

    async def stream(self, request: Request) -> Response:
        """The arrivals since a cursor, and then live."""
        dids = frozenset(parse_did(did) for did in request.query_params.getlist("did")) or None
        heads_only = choice(request, "detail", ("full", "heads")) == "heads"
        live = choice(request, "live", ("true", "false")) == "true"
        if dids is not None and len(dids) == 1:
            await self._read(lambda reader: check_shown(reader, *dids))
        since = request.query_params.get("since")
        after = 0
        if since is not None:
            cursor = parse_cursor_text(since)
            after = await self._read(lambda reader: resume(reader, cursor))
        stream = ArrivalStream(after, dids=dids, heads_only=heads_only, carries=self.carries)
        return self.streams.answer(request, self._arrivals(stream, live=live))

    async def _arrivals(self, stream: ArrivalStream, *, live: bool) -> AsyncGenerator[bytes, None]:
        """Batches while there are any, then a cursor at least every CURSOR_INTERVAL_S.

        The bell is only a hint: what it may have missed is found when the interval is over.
        """
        looked: int | None = None
        while True:
            heard = self.bell.listen()
            last = await self._last.number()
            if last != looked and (batch := await self._read(stream.next_batch)):
                yield batch
                continue
            looked = last
            kept = stream.kept_cursor
            yield await self._read(stream.cursor) if kept is None else kept
            if not live:
                yield encode_frame(EndFrame(code=COMPLETE))
                return
            await heard.wait(CURSOR_INTERVAL_S)


def _page_number(request: Request) -> int:
    """The number of a page in its one spelling; any other names nothing."""
    text: str = request.path_params["page"]
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and str(int(text)) == text):
        raise LocalError("record.not-found", "page", found=text, expected="a number")
    return int(text)


def _page(name: str, items: list[dict[str, Any]], page: int, held: int) -> dict[str, Any]:
    """A page says that there may be another, when as many are held as it has room for."""
    return {name: items, "next": page + 1 if held == HEADS_PAGE_MAX else None}


def _body(reader: LogReader, cid: Cid) -> bytes:
    found = reader.body(cid)
    if found is None:
        raise LocalError("record.not-found", f"body {cid} is not here")
    if isinstance(found, Withheld):
        raise withheld_error(found)
    if (block := reader.blocked_body(cid)) is not None:
        raise blocked_error(block)
    return found


def _erasable(request: Request, data: bytes, media_type: str, name: str) -> Response:
    """What never changes and may still be erased: caches ask again after a while, which costs no more than a name."""
    headers = {**_ERASABLE, "etag": f'"{name}"'}
    if is_known(request, headers["etag"]):
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=media_type, headers=headers)


def is_known(request: Request, etag: str) -> bool:
    """Whether the client has what this entity tag names."""
    asked = request.headers.get("if-none-match", "")
    return etag in {tag.strip().removeprefix("W/") for tag in asked.split(",")}


def _origin(request: Request) -> Origin:
    params = request.path_params
    text = f"{params['did']}/log/{params['epoch']}/{params['event']}"
    parse_origin(text)
    return Origin(text)


def _offered(reader: LogReader, origin: Origin) -> LogState:
    check_shown(reader, parse_origin(origin).did)
    state = reader.log(origin)
    if state is None or state.standing is None:
        raise LocalError("record.not-found", f"{origin} is not carried here")
    return state


def _tile(reader: LogReader, origin: Origin, path: TilePath) -> bytes:
    """The bytes of a tile within the offered tree; a partial one of the width that was asked for."""
    size = offered_size(reader, _offered(reader, origin))
    level = path.level or 0
    width = min(TILE_WIDTH, (size >> (8 * level)) - path.n * TILE_WIDTH)
    if width < path.width:
        raise LocalError(
            "record.not-found", f"tile of {path.width}", found=max(0, width), expected=path.width
        )
    start = path.n * TILE_WIDTH
    if path.level is None:
        return reader.leaves(origin, start, start + path.width).bundle
    node = reader.node_at(origin)
    return b"".join(node(8 * level, start + offset) for offset in range(path.width))


def _number(request: Request, name: str, default: int = 0) -> int:
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        raise LocalError("usage", f"parameter {name}", found=text, expected="a whole number")
    return int(text)
