"""The pages for people: search, records, publishers, what is new, the node's state.

They show what the operations answer and decide nothing. Everything works without JavaScript; nothing is
loaded from elsewhere. Who names JSON in Accept, and no page before it, gets what the operation answers.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from frostnode.edge.http import search_page
from frostnode.edge.http.accept import wants_document
from frostnode.edge.http.asked import HEADERS, quiet, url_params, whole_number
from frostnode.edge.http.editors import kept_by, publisher_edit, record_edit
from frostnode.edge.http.links import record_path
from frostnode.edge.http.plain_text import safe_href
from frostnode.edge.http.record_page import record_values
from frostnode.edge.http.record_view import RecordView, view_record
from frostnode.edge.http.refusals import PROBLEM
from frostnode.edge.http.rendering import load_static, make_environment
from frostnode.edge.outcomes import http_status, problem
from frostnode.operations import block, peers, policy, read
from frostnode.operations.about import about
from frostnode.operations.built_on import built_on
from frostnode.operations.front import front, institutions
from frostnode.operations.lineage import around
from frostnode.operations.parts import Json, Parts
from frostnode.operations.status import status
from frostnode.operations.subscribers import subscribers
from frostnode.protocol.errors import FrostError, LocalError
from frostnode.protocol.limits import ACTIVITY_LISTED
from frostnode.protocol.records import PROFILE, PROFILE_KEY
from frostnode.replicate.policy_table import ABOUT
from frostnode.snippets.quoting import word

_RECORDS: Final = 50
_PUBLISHERS: Final = 100
_REFUSALS: Final = 50
_PEERS: Final = 100
_STOPPED: Final = 3
"""Of each peer."""
_SOME: Final = 5
"""Of what has a page of its own."""
_OFFSET_MAX: Final = 2**53

FOR_EVER: Final = {"cache-control": "public, max-age=31536000, immutable"}
_ASK_AGAIN: Final = {"cache-control": "no-cache", "vary": "accept"}

_ACTIVITY_TYPES: Final = ("dataset", "version", "lineage", "subscription", "profile")


class Pages:
    """The handlers, over one node's parts; `catalogs` are its views: their titles, and where each is."""

    def __init__(self, parts: Parts, catalogs: Sequence[tuple[str, str]] = ()) -> None:
        self._parts = parts
        self._catalogs = catalogs
        paths, self._static = load_static()
        self._templates = make_environment(paths)

    def routes(self) -> list[Route]:
        """One path each."""
        return [
            Route("/", self.home),
            Route("/search", self.search),
            Route("/record", self.record),
            Route("/record/{url:path}", self.record),
            Route("/activity", self.activity),
            Route("/about", self.about),
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
        templates: Environment | None = None,
    ) -> Response:
        """Render in a worker: a large record takes its time. `templates` are those of a view."""
        shown = {"node_name": self._parts.name, "query": "", **values}
        made = (templates or self._templates).get_template
        text = await self._parts.worker.run(lambda: made(template).render(shown))
        return HTMLResponse(text, status_code=status, headers={**_ASK_AGAIN, **(headers or {})})

    async def _shown(
        self,
        request: Request,
        template: str,
        answer: Json,
        values: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """What an operation answered: as a page, whose values and headers these are, or as it is."""
        if wants_document(request):
            return JSONResponse(answer, headers={**HEADERS, **_ASK_AGAIN})
        return await self._page(template, answer if values is None else values, headers=headers)

    async def home(self, request: Request) -> Response:
        """What this is for, a search box, whose data is here, what is new; what to do first, when there is nothing."""
        found = await front(self._parts, {}, quiet)
        return await self._shown(request, "home.html", found, {"front": found})

    async def activity(self, request: Request) -> Response:
        """The newest changes of everything carried, or of one publisher, or of one type."""
        offset = whole_number(request, "offset", 0, _OFFSET_MAX)
        did, type_ = request.query_params.get("did", ""), request.query_params.get("type", "")
        asked = {"did": did, "type": type_, "limit": ACTIVITY_LISTED + 1, "offset": offset}
        found = await read.records(self._parts, asked, quiet)
        everyone = (await institutions(self._parts, {}, quiet))["institutions"]
        is_more = len(found["records"]) > ACTIVITY_LISTED
        params = {name: value for name, value in (("did", did), ("type", type_)) if value}
        pager = {
            **paged(offset, ACTIVITY_LISTED, offset, params),
            "last": offset + ACTIVITY_LISTED,
            "total": None,
        }
        values = {
            "records": found["records"][:ACTIVITY_LISTED],
            "pager": {**pager, "after": offset + ACTIVITY_LISTED if is_more else None},
            "institutions": everyone,
            "types": _ACTIVITY_TYPES,
            "did": did,
            "type": type_,
        }
        return await self._shown(request, "activity.html", found, values)

    async def about(self, request: Request) -> Response:
        """Who runs this node, what it carries, whom to write to, and how programs use it."""
        found = await about(self._parts, {}, quiet)
        base = (found["url"] or str(request.base_url)).rstrip("/")
        example = f"curl -H 'Accept: application/json' {word(base + '/search?q=ocean')}"
        return await self._shown(
            request,
            "about.html",
            found,
            {"about": found, "base": base, "example": example, "catalogs": self._catalogs},
        )

    async def search(self, request: Request) -> Response:
        """A search of all that is carried."""
        return await self.find(request)

    async def find(
        self, request: Request, *, within: str = "", templates: Environment | None = None
    ) -> Response:
        """Hits with counts by fields to narrow them; the name of a record or publisher leads to its page.

        Among what the query `within` finds, all of it where nothing is asked for, with the `templates` of a view.
        """
        found = await search_page.find(self._parts, request, within)
        if isinstance(found, Response):
            return found
        if wants_document(request):
            return JSONResponse(found.answer, headers={**HEADERS, **_ASK_AGAIN})
        return await self._page("search.html", found.values, status=found.status, templates=templates)

    async def record(self, request: Request) -> Response:
        """One record, as it is now or in one exact entry."""
        shown = await read.show(self._parts, url_params(request), quiet)
        status = http_status(LocalError("record.withheld", "")) if read.is_withheld(shown) else 200
        if wants_document(request):
            return record_document(shown)
        edit = await record_edit(self._parts, request, shown)
        return await self.show_record(shown, status=status, headers=kept_by(edit), edit=edit)

    async def show_record(
        self,
        shown: Json,
        *,
        status: int,
        headers: Mapping[str, str] | None = None,
        templates: Environment | None = None,
        edit: str = "",
    ) -> Response:
        """The page of a record that was looked up, wherever it was asked for; `edit` leads to where who looks edits it."""
        near = await around(self._parts, shown)
        at = (templates or self._templates).filters["at"]
        made = await self._parts.worker.run(lambda: record_values(shown, near, at=at))
        canonical = self._canonical(shown)
        values = {
            "record": shown,
            "around": near,
            "edit": edit,
            "canonical": canonical,
            "asks": f"curl -H 'Accept: application/json' {word(canonical)}" if canonical else "",
            **made,
        }
        return await self._page("record.html", values, status=status, headers=headers, templates=templates)

    def _canonical(self, shown: Json) -> str:
        """The page of a record at the host of its publisher, else at this node if it knows its own address; "" if neither."""
        return self._at_host(shown["host"], record_path(shown["url"]))

    def _at_host(self, host: str, path: str) -> str:
        base = safe_href(host) or self._parts.url
        return f"{base.rstrip('/')}{path}" if base else ""

    async def show(
        self,
        template: str,
        values: Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
        templates: Environment | None = None,
        *,
        status: int = 200,
    ) -> Response:
        """A page that another part of the server has the values for."""
        return await self._page(template, values, status=status, headers=headers, templates=templates)

    async def show_claims(self, found: Json, *, headers: Mapping[str, str]) -> Response:
        """Who says to be what an identifier names."""
        return await self._page("claims.html", {"found": found}, headers=headers)

    async def publishers(self, request: Request) -> Response:
        """Everyone whose log is carried, those with most datasets first."""
        offset = whole_number(request, "offset", 0, _OFFSET_MAX)
        found = await read.publishers(self._parts, {}, quiet)
        everyone = sorted(
            found["publishers"],
            key=lambda item: (-item["records"].get("dataset", 0), item["name"] or "\uffff", item["did"]),
        )
        return await self._shown(
            request,
            "publishers.html",
            found,
            {
                "publishers": everyone[offset : offset + _PUBLISHERS],
                "total": len(everyone),
                "pager": paged(offset, _PUBLISHERS, len(everyone), {}),
            },
        )

    async def publisher(self, request: Request) -> Response:
        """Who a publisher is, where it is hosted, what it has."""
        offset = whole_number(request, "offset", 0, _OFFSET_MAX)
        asked = {"did": request.path_params["did"], "limit": _RECORDS, "offset": offset}
        found = await read.publisher(self._parts, asked, quiet)
        total, edit = sum(found["records"].values()), await publisher_edit(self._parts, request, found["did"])
        pager = paged(offset, _RECORDS, total, {})
        values = {
            "publisher": found,
            "total": total,
            "pager": pager,
            "told": await subscribers(self._parts, {"url": asked["did"]}, quiet),
            "built": await built_on(self._parts, asked, quiet),
            "profile": await self._profile(asked["did"]),
            "canonical": self._at_host(_open_host(found), f"/publisher/{found['did']}"),
            "edit": edit,
        }
        return await self._shown(request, "publisher.html", found, values, kept_by(edit))

    async def _profile(self, did: str) -> RecordView | None:
        """What a publisher says of itself."""
        try:
            shown = await read.show(self._parts, {"url": f"{did}/~{PROFILE}/{PROFILE_KEY}"}, quiet)
        except LocalError:
            return None
        return await self._parts.worker.run(lambda: view_record(shown["content"].get("fields", {})))

    async def peers(self, request: Request) -> Response:
        """The nodes that this one follows and how each does, what it carries and refuses, and what it withholds."""
        found = await peers.peers(self._parts, {}, quiet)
        refused = await policy.refusals(self._parts, {"limit": _SOME, "offset": 0}, quiet)
        values = {
            **found,
            "policy": await policy.show(self._parts, {}, quiet),
            "refusals": refused,
            "withheld": await block.withheld(self._parts, {"page": 0}, quiet),
            "some": _SOME,
            "peers_max": _PEERS,
            "stopped_max": _STOPPED,
        }
        return await self._shown(request, "peers.html", found, values)

    async def status(self, request: Request) -> Response:
        """What this node hosts, carries and follows, and how far behind it is."""
        found = await status(self._parts, {}, quiet)
        dids = {item["did"] for name in ("hosted", "forked", "disputed") for item in found[name]}
        dids |= set(found["followed"])
        names = await self._parts.read_catalog(lambda catalog: catalog.names(dids))
        return await self._shown(request, "status.html", found, {"status": found, "names": names})

    async def withheld(self, request: Request) -> Response:
        """What this node does not show, and why."""
        page = whole_number(request, "page", 0, _OFFSET_MAX)
        found = await block.withheld(self._parts, {"page": page}, quiet)
        return await self._shown(request, "withheld.html", found, {"page": page, **found})

    async def policy(self, request: Request) -> Response:
        """What this node carries, what it refuses, and why."""
        offset = whole_number(request, "offset", 0, _OFFSET_MAX)
        shown = await policy.show(self._parts, {}, quiet)
        found = await policy.refusals(self._parts, {"limit": _REFUSALS, "offset": offset}, quiet)
        pager = paged(offset, _REFUSALS, found["total"], {})
        values = {"policy": shown, "about": ABOUT, "refusals": found["refusals"], "pager": pager}
        return await self._shown(request, "policy.html", shown, values)

    async def static(self, request: Request) -> Response:
        """A style sheet, script or image."""
        name = request.path_params["name"]
        if name not in self._static:
            raise LocalError("record.not-found", f"nothing at {request.url.path}")
        file = self._static[name]
        return Response(file.content, media_type=file.media_type, headers=FOR_EVER)

    async def error(
        self, request: Request, error: FrostError, *, headers: Mapping[str, str] | None = None
    ) -> Response:
        """The page that says what went wrong."""
        values = {"problem": problem(error)}
        return await self._page("error.html", values, status=http_status(error), headers=headers)


def _open_host(publisher: Json) -> str:
    """Where a publisher is hosted now, as it says."""
    return (
        next((epoch["host"] for epoch in reversed(publisher["epochs"]) if epoch["end"] is None), None) or ""
    )


def record_document(shown: Json) -> Response:
    """A record as JSON; what is withheld here with the reason, as the API says it."""
    headers = {**HEADERS, **_ASK_AGAIN}
    if not read.is_withheld(shown):
        return JSONResponse(shown, headers=headers)
    error = LocalError("record.withheld", shown["content"]["reason"])
    content = {**problem(error), "record": shown}
    return JSONResponse(content, status_code=http_status(error), media_type=PROBLEM, headers=headers)


def paged(
    offset: int, step: int, total: int, params: Mapping[str, str], *, by: str = "offset"
) -> dict[str, Any]:
    """Where a listing stands, and the parameters of the pages before and after; `by` is the one that says so."""
    return {
        "by": by,
        "first": offset + 1,
        "last": min(offset + step, total),
        "total": total,
        "params": params,
        "before": max(0, offset - step) if offset else None,
        "after": offset + step if offset + step < total else None,
    }
