"""The pages for people: search, records, publishers, the node's state.

They show what the operations answer and decide nothing. Everything works without JavaScript; nothing is
loaded from elsewhere.
"""

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from frostnode.edge.http.api import quiet, search_params, url_params, whole_number
from frostnode.edge.http.atom_feeds import search_feed_path
from frostnode.edge.http.links import link_to
from frostnode.edge.http.record_view import view_record
from frostnode.edge.http.rendering import load_static, make_environment
from frostnode.edge.outcomes import http_status, problem
from frostnode.operations import block, peers, policy, read
from frostnode.operations.lineage import around
from frostnode.operations.parts import Json, Parts
from frostnode.operations.search import search
from frostnode.operations.status import status
from frostnode.operations.subscribers import subscribers
from frostnode.protocol.errors import FrostError, LocalError
from frostnode.protocol.names import DID_PREFIX
from frostnode.replicate.policy_table import ABOUT
from frostnode.search_port import Sort

_FACETS: Final = ("publisher", "keyword", "format", "license", "year", "type", "source")
_NO_HITS: Final[Json] = {
    "total": 0,
    "near": 0,
    "hits": [],
    "unknown": 0,
    "facets": {},
    "meant": "",
    "went_to": "",
}
_NEWEST: Final = 12
_RECORDS: Final = 50
_PUBLISHERS: Final = 100
_REFUSALS: Final = 50
_OFFSET_MAX: Final = 2**53

_FOR_EVER: Final = {"cache-control": "public, max-age=31536000, immutable"}
_ASK_AGAIN: Final = {"cache-control": "no-cache"}


class Pages:
    """The handlers, over one node's parts."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        paths, self._static = load_static()
        self._templates = make_environment(paths)

    def routes(self) -> list[Route]:
        """One path each."""
        return [
            Route("/", self.home),
            Route("/search", self.search),
            Route("/record", self.record),
            Route("/record/{url:path}", self.record),
            Route("/publishers", self.publishers),
            Route("/publisher/{did}", self.publisher),
            Route("/peers", self.peers),
            Route("/status", self.status),
            Route("/withheld", self.withheld),
            Route("/policy", self.policy),
            Route("/static/{name}", self.static),
        ]

    async def _page(
        self,
        template: str,
        values: Mapping[str, Any],
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Render in a worker: a large record takes its time."""
        shown = {"node_name": self._parts.name, "query": "", **values}
        text = await self._parts.worker.run(lambda: self._templates.get_template(template).render(shown))
        return HTMLResponse(text, status_code=status, headers={**_ASK_AGAIN, **(headers or {})})

    async def home(self, request: Request) -> Response:
        """What this node is, a search box, the newest records; what to do first, when there are none."""
        found = await status(self._parts, {}, quiet)
        newest = await read.records(self._parts, {"limit": _NEWEST}, quiet)
        return await self._page("home.html", {"status": found, "newest": newest["records"]})

    async def search(self, request: Request) -> Response:
        """Hits with counts by fields to narrow them; the name of a record or publisher leads to its page."""
        params = dict(search_params(request))
        query = params["query"] = params["query"].strip()
        if query.startswith(DID_PREFIX) and (target := link_to(query)):
            return RedirectResponse(target, 303, headers=_ASK_AGAIN)
        asked = {**params, "facets": ",".join(_FACETS)}
        result = await search(self._parts, asked, quiet) if query else _NO_HITS
        if result["went_to"] and (target := link_to(result["went_to"])):
            return RedirectResponse(target, 303, headers=_ASK_AGAIN)
        kept = {"q": query, **{name: params[name] for name in ("include", "sort") if params[name]}}
        return await self._page(
            "search.html",
            {
                **result,
                "query": query,
                "include": params["include"] or "",
                "sort": params["sort"] or "",
                "sorts": list(Sort),
                "kept": kept,
                "feed": search_feed_path(query),
            },
        )

    async def record(self, request: Request) -> Response:
        """One record, as it is now or in one exact entry."""
        shown = await read.show(self._parts, url_params(request), quiet)
        status = http_status(LocalError("record.withheld", "")) if read.is_withheld(shown) else 200
        return await self.show_record(shown, status=status)

    async def show_record(
        self, shown: Json, *, status: int, headers: Mapping[str, str] | None = None
    ) -> Response:
        """The page of a record that was looked up, wherever it was asked for."""
        content = shown["content"]
        view = await self._parts.worker.run(lambda: view_record(content.get("fields", {})))
        values = {"record": shown, "view": view, "around": await around(self._parts, shown)}
        return await self._page("record.html", values, status=status, headers=headers)

    async def show(
        self, template: str, values: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> Response:
        """A page that another part of the server has the values for."""
        return await self._page(template, values, headers=headers)

    async def show_claims(self, found: Json, *, headers: Mapping[str, str]) -> Response:
        """Who says to be what an identifier names."""
        return await self._page("claims.html", {"found": found}, headers=headers)

    async def publishers(self, request: Request) -> Response:
        """Everyone whose log is carried."""
        offset = whole_number(request, "offset", 0, _OFFSET_MAX)
        everyone = (await read.publishers(self._parts, {}, quiet))["publishers"]
        return await self._page(
            "publishers.html",
            {
                "publishers": everyone[offset : offset + _PUBLISHERS],
                "total": len(everyone),
                "pager": _pager(offset, _PUBLISHERS, len(everyone), {}),
            },
        )

    async def publisher(self, request: Request) -> Response:
        """Who a publisher is, where it is hosted, what it has."""
        offset = whole_number(request, "offset", 0, _OFFSET_MAX)
        asked = {"did": request.path_params["did"], "limit": _RECORDS, "offset": offset}
        found = await read.publisher(self._parts, asked, quiet)
        total = sum(found["records"].values())
        pager = _pager(offset, _RECORDS, total, {})
        told = await subscribers(self._parts, {"url": asked["did"]}, quiet)
        values = {"publisher": found, "total": total, "pager": pager, "told": told}
        return await self._page("publisher.html", values)

    async def peers(self, request: Request) -> Response:
        """The nodes that this one follows, and how each does."""
        return await self._page("peers.html", await peers.peers(self._parts, {}, quiet))

    async def status(self, request: Request) -> Response:
        """What this node hosts, carries and follows, and how far behind it is."""
        return await self._page("status.html", {"status": await status(self._parts, {}, quiet)})

    async def withheld(self, request: Request) -> Response:
        """What this node does not show, and why."""
        page = whole_number(request, "page", 0, _OFFSET_MAX)
        found = await block.withheld(self._parts, {"page": page}, quiet)
        return await self._page("withheld.html", {"page": page, **found})

    async def policy(self, request: Request) -> Response:
        """What this node carries, what it refuses, and why."""
        offset = whole_number(request, "offset", 0, _OFFSET_MAX)
        shown = await policy.show(self._parts, {}, quiet)
        found = await policy.refusals(self._parts, {"limit": _REFUSALS, "offset": offset}, quiet)
        pager = _pager(offset, _REFUSALS, found["total"], {})
        values = {"policy": shown, "about": ABOUT, "refusals": found["refusals"], "pager": pager}
        return await self._page("policy.html", values)

    async def static(self, request: Request) -> Response:
        """A style sheet, script or image."""
        name = request.path_params["name"]
        if name not in self._static:
            raise LocalError("record.not-found", f"nothing at {request.url.path}")
        file = self._static[name]
        return Response(file.content, media_type=file.media_type, headers=_FOR_EVER)

    async def error(self, request: Request, error: FrostError) -> Response:
        """The page that says what went wrong."""
        return await self._page("error.html", {"problem": problem(error)}, status=http_status(error))


def _pager(offset: int, step: int, total: int, params: Mapping[str, str]) -> dict[str, Any]:
    """Where a listing stands, and the parameters of the pages before and after."""
    return {
        "first": offset + 1,
        "last": min(offset + step, total),
        "total": total,
        "params": params,
        "before": max(0, offset - step) if offset else None,
        "after": offset + step if offset + step < total else None,
    }
