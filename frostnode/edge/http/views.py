"""Views: catalogs of their own, each a query with a title, a logo and colours, below /v/NAME/ and at the root of its host.

A view shows what its query finds among all that is carried here, whoever published it. It has a first page, a search within
it, and the pages of its datasets, which name the host of their publisher as their own address; all else is the node's. What is not in
the view is never shown in its dress.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from frostnode.edge.http.accept import wants_document
from frostnode.edge.http.asked import HEADERS, quiet, url_params
from frostnode.edge.http.atom_feeds import search_feed_path
from frostnode.edge.http.dress import Dress, dress_of, files_of, within_of
from frostnode.edge.http.links import record_path
from frostnode.edge.http.machines import XML_HEADERS, open_search, robots_text, url_set
from frostnode.edge.http.pages import FOR_EVER, Pages, record_document
from frostnode.edge.http.rendering import StaticFile, load_static, make_environment
from frostnode.edge.logo import Logo
from frostnode.edge.outcomes import http_status
from frostnode.edge.view_settings import ViewSettings
from frostnode.operations import read
from frostnode.operations.parts import Json, Parts
from frostnode.operations.search import search
from frostnode.operations.views import datasets_of_view, is_in_view
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import FACET_VALUES_MAX, VIEW_NEWEST_MAX
from frostnode.protocol.names import parse_did_url

_AT_ROOT: Final = "frostnode.view-at-root"
_VARY: Final = {"vary": "accept", "cache-control": "no-cache"}

Handler: TypeAlias = Callable[["_View", Request, bool], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A view whose settings were checked, and its logo."""

    settings: ViewSettings
    logo: Logo | None = None


class Views:
    """The handlers of all views of one node."""

    def __init__(self, parts: Parts, pages: Pages, views: Sequence[View]) -> None:
        self._views = {view.settings.name: _View(parts, pages, view) for view in views}

    def routes(self) -> list[Route]:
        """One path each; where there are no views, none."""
        handlers: list[tuple[str, Handler]] = [
            ("/", _View.home),
            ("/search", _View.search),
            ("/record", _View.record),
            ("/record/{url:path}", _View.record),
            ("/sitemap.xml", _View.sitemap),
            ("/robots.txt", _View.robots),
            ("/opensearch.xml", _View.opensearch),
            ("/{file}", _View.file),
        ]
        routes = [Route("/v/{view}", self._to_home)]
        routes += [Route(f"/v/{{view}}{path}", self._handle(handler)) for path, handler in handlers]
        return routes if self._views else []

    def hosts(self) -> dict[str, str]:
        """The name of the view at the root of each host."""
        return {view.settings.host: name for name, view in self._views.items() if view.settings.host}

    def _handle(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            return await handler(self._named(request), request, bool(request.scope.get(_AT_ROOT)))

        return handle

    def _named(self, request: Request) -> "_View":
        view = self._views.get(request.path_params["view"])
        if view is None:
            raise LocalError("record.not-found", f"no view {request.path_params['view']} here")
        return view

    async def _to_home(self, request: Request) -> Response:
        view = self._named(request)
        return RedirectResponse(f"/v/{view.settings.name}/", 308)


class _View:
    """One view: its pages in its dress."""

    def __init__(self, parts: Parts, pages: Pages, view: View) -> None:
        self.settings: Final = view.settings
        self._parts = parts
        self._pages = pages
        self._within = within_of(view.settings)
        files = files_of(view.settings, view.logo)
        self._files = {name: StaticFile(*file) for name, file in files.items()}
        paths, _ = load_static()
        self._dresses: dict[bool, tuple[Dress, Environment]] = {}
        for is_root in (False, True):
            node = parts.url.rstrip("/")
            dress = dress_of(view.settings, view.logo, node=node, node_name=parts.name, is_root=is_root)
            self._dresses[is_root] = dress, make_environment(paths, dress=dress)

    async def home(self, request: Request, at_root: bool) -> Response:
        """What this catalog is, how much it has, of whom, and what is new."""
        asked = {"query": "", "within": self._within, "sort": "newest", "limit": VIEW_NEWEST_MAX}
        found = await search(self._parts, {**asked, "facets": "publisher,keyword"}, quiet)
        if wants_document(request):
            return JSONResponse(self._document(found), headers={**HEADERS, **_VARY})
        dress, templates = self._dresses[at_root]
        values = {
            "found": found,
            "facet_max": FACET_VALUES_MAX,
            "feed": search_feed_path(self._within),
            "canonical": f"{dress.canonical}/" if dress.canonical else "",
        }
        return await self._pages.show("view.html", values, templates=templates)

    def _document(self, found: Json) -> Json:
        said = self.settings
        return {
            "name": said.name,
            "title": said.title,
            "query": said.query,
            "intro": said.intro,
            "url": self._dresses[False][0].canonical,
            "total": found["total"],
            "facets": found["facets"],
            "newest": found["hits"],
        }

    async def search(self, request: Request, at_root: bool) -> Response:
        """A search of what is in this view."""
        _, templates = self._dresses[at_root]
        return await self._pages.find(request, within=self._within, templates=templates)

    async def record(self, request: Request, at_root: bool) -> Response:
        """A dataset or version of this view; of all others there is the node's own page alone."""
        params = url_params(request)
        url = parse_did_url(params["url"])
        shown = await read.show(self._parts, params, quiet)
        if not await is_in_view(self._parts, parse_did_url(shown["url"]), self._within):
            return (
                await self._pages.record(request) if at_root else RedirectResponse(record_path(str(url)), 303)
            )
        if wants_document(request):
            return record_document(shown)
        status = http_status(LocalError("record.withheld", "")) if read.is_withheld(shown) else 200
        _, templates = self._dresses[at_root]
        return await self._pages.show_record(shown, status=status, templates=templates)

    async def sitemap(self, request: Request, at_root: bool) -> Response:
        """The pages of its newest datasets."""
        base = self._base(request, at_root)
        urls = await datasets_of_view(self._parts, self._within)
        return url_set([(f"{base}/", ""), *((f"{base}{record_path(str(url))}", "") for url in urls)])

    async def robots(self, request: Request, at_root: bool) -> Response:
        """What robots may read at the host of this view."""
        return PlainTextResponse(robots_text(self._base(request, at_root)), headers=XML_HEADERS)

    async def opensearch(self, request: Request, at_root: bool) -> Response:
        """The search within this view, for the search box of a browser."""
        base = self._base(request, at_root)
        return open_search(
            self.settings.title,
            f"Datasets of {self.settings.title}",
            {"text/html": f"{base}/search"},
        )

    async def file(self, request: Request, at_root: bool) -> Response:
        """Its style sheet and its logo."""
        file = self._files.get(request.path_params["file"])
        if file is None:
            raise LocalError("record.not-found", f"nothing at {request.url.path}")
        return Response(file.content, media_type=file.media_type, headers=FOR_EVER)

    def _base(self, request: Request, at_root: bool) -> str:
        dress, _ = self._dresses[at_root]
        return dress.canonical or f"{str(request.base_url).rstrip('/')}{dress.prefix}"


class ViewHosts:
    """Middleware: who asks by the host of a view for one of its pages gets it, and by all other paths the node itself."""

    def __init__(self, app: ASGIApp, hosts: dict[str, str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        if scope["type"] == "http":
            host = next((value for name, value in scope["headers"] if name == b"host"), b"")
            name = self._hosts.get(host.decode("latin-1").lower())
            if name is not None and _is_of_a_view(scope["path"]):
                scope = {**scope, "path": f"/v/{name}{scope['path']}", _AT_ROOT: True}
        await self._app(scope, receive, send)


def _is_of_a_view(path: str) -> bool:
    return path in ("/", "/search", "/record", "/sitemap.xml", "/robots.txt", "/opensearch.xml") or (
        path.startswith("/record/")
    )
