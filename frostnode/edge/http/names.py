"""Names over HTTP: DID documents, DID URLs, identifiers of the world, and what a domain says by this node.

One address for people and programs: who names pages in Accept gets a page, everyone else the document.
"""

from typing import Final
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from frostnode.edge.http.accept import preferred, wants_page
from frostnode.edge.http.asked import HEADERS, quiet
from frostnode.edge.http.links import record_path
from frostnode.edge.http.pages import Pages
from frostnode.edge.outcomes import http_status, problem
from frostnode.operations import read, resolve
from frostnode.operations.parts import Json, Parts
from frostnode.protocol.errors import LocalError
from frostnode.protocol.handles import WELL_KNOWN_PATH, is_handle, write_well_known
from frostnode.protocol.limits import IDENTIFIER_CHARS_MAX
from frostnode.protocol.names import DID_PREFIX, parse_did

_PAGE: Final = "text/html"
_DID: Final = "application/did+json"
_DID_LD: Final = "application/did+ld+json"
_RESOLUTION: Final = "application/did-resolution"
_DOCUMENTS: Final = (_DID, _DID_LD, _RESOLUTION, "application/json", "application/ld+json", _PAGE)
_VARY: Final = {"vary": "accept"}
_PROBLEM: Final = "application/problem+json"


class Names:
    """The handlers, over one node's parts and pages."""

    def __init__(self, parts: Parts, pages: Pages) -> None:
        self._parts = parts
        self._pages = pages

    def routes(self) -> list[Route]:
        """One path each."""
        return [
            Route(WELL_KNOWN_PATH, self.well_known),
            Route("/did/{did}", self.document),
            Route("/did:frost:{rest:path}", self.named),
            Route("/id", self.identifier),
            Route("/id/{identifier:path}", self.identifier),
        ]

    async def well_known(self, request: Request) -> Response:
        """The publishers of this node to whom the domain by which it was asked belongs."""
        host = request.headers.get("host", "").lower().partition(":")[0]
        dids = await resolve.own_publishers(self._parts, host) if is_handle(host) else []
        if not dids:
            raise LocalError("record.not-found", f"no publisher here has the handle {host}")
        return Response(write_well_known(dids), media_type="application/json", headers=HEADERS)

    async def document(self, request: Request) -> Response:
        """A DID document; with its metadata for who asks for a resolution; a browser is sent to the publisher's page."""
        did = parse_did(request.path_params["did"])
        return await self._document(request, did)

    async def named(self, request: Request) -> Response:
        """What a DID or DID URL names."""
        name = DID_PREFIX + request.path_params["rest"]
        if "/" not in name:
            return await self._document(request, parse_did(name))
        if request.url.query:
            name += f"?{request.url.query}"
        shown = await read.show(self._parts, {"url": name}, quiet)
        error = resolve.not_here(self._parts, shown, is_exact="?cid=" in name)
        status = 200 if error is None else http_status(error)
        headers = {**HEADERS, **_VARY, "link": _links(shown, is_exact="?cid=" in name)}
        if wants_page(request):
            return await self._pages.show_record(shown, status=status, headers=headers)
        if error is None:
            return JSONResponse(shown, headers=headers)
        body = {**problem(error), "record": shown}
        return JSONResponse(body, status_code=status, media_type=_PROBLEM, headers=headers)

    async def _document(self, request: Request, did: str) -> Response:
        kind = preferred(request, _DOCUMENTS)
        found = await resolve.did_document(self._parts, did)
        links = f'</publisher/{did}>; rel="alternate"; type="text/html"'
        headers = {**HEADERS, **_VARY, "link": links}
        if kind == _PAGE:
            return RedirectResponse(f"/publisher/{did}", 303, headers=headers)
        if kind == _RESOLUTION:
            body: Json = {
                "didDocument": found.as_json_ld(),
                "didResolutionMetadata": {"contentType": _DID_LD},
                "didDocumentMetadata": dict(found.metadata),
            }
        elif kind in (_DID_LD, "application/ld+json"):
            body = found.as_json_ld()
        else:
            body = dict(found.document)
        return JSONResponse(body, media_type=kind, headers=headers)

    async def identifier(self, request: Request) -> Response:
        """The record that an identifier names, or the list of those that say to be it."""
        name = _identifier_in(request)
        if name.startswith(DID_PREFIX):
            return RedirectResponse(_address(name), 303, headers={**HEADERS, **_VARY})
        found = await resolve.claims(self._parts, {"identifier": name}, quiet)
        is_page = wants_page(request)
        headers = {**HEADERS, **_VARY}
        if len(found["claims"]) == 1:
            under = "/record" if is_page else "/api/record"
            return RedirectResponse(record_path(found["claims"][0]["url"], under), 303, headers=headers)
        if is_page:
            return await self._pages.show_claims(found, headers=headers)
        return JSONResponse(found, headers=headers)


def _identifier_in(request: Request) -> str:
    """What stands behind `/id/`, an address with its query, or `?name=`; a slash that some proxy has merged comes back."""
    if "identifier" not in request.path_params:
        return request.query_params.get("name", "")
    raw = request.scope.get("raw_path") or request.url.path.encode()
    name = unquote(raw.decode("latin-1").partition("/id/")[2])[: IDENTIFIER_CHARS_MAX + 1]
    for scheme in ("https", "http"):
        if name.startswith(f"{scheme}:/") and not name.startswith(f"{scheme}://"):
            name = f"{scheme}://{name.removeprefix(f'{scheme}:/')}"
    query = request.url.query
    return f"{name}?{query}" if query else name


def _address(name: str) -> str:
    """Where a DID or DID URL is resolved; a name with dots between slashes has no path that browsers keep."""
    path = record_path(name)
    return path.removeprefix("/record") if path.startswith("/record/") else path


def _links(shown: Json, *, is_exact: bool) -> str:
    """The addresses of what is shown: its name, its other forms, the exact entry to cite, who says it, how to prove it."""
    url = shown["url"]
    exact = f"{url}?cid={shown['header']}"
    here = exact if is_exact else url
    links = [
        f'<{_address(here)}>; rel="canonical"',
        f'<{_address(exact)}>; rel="cite-as"',
        f'<{record_path(here, "/record")}>; rel="alternate"; type="text/html"',
        f'<{record_path(here, "/api/record")}>; rel="alternate"; type="application/json"',
        f'<{record_path(exact, "/api/proof")}>; rel="describedby"; type="application/vnd.frostnode.proof+cbor"',
        f'</did/{shown["did"]}>; rel="author"; type="{_DID}"',
    ]
    if is_exact:
        links.append(f'<{_address(url)}>; rel="latest-version"')
    return ", ".join(links)
