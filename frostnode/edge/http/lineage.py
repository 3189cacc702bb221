"""Pages of lineage and differences; the API has the same as JSON, PROV-JSON and SVG.

What is kept local is not known here: nothing of this package is given it.
"""

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from frostnode.edge.http.accept import wants_document
from frostnode.edge.http.asked import HEADERS, quiet, url_params, whole_number
from frostnode.edge.http.links import end_path
from frostnode.edge.http.pages import Pages
from frostnode.operations import lineage, versions
from frostnode.operations.drawing import draw
from frostnode.operations.parts import Parts
from frostnode.protocol.limits import LINEAGE_NODES_MAX

_ANSWER: Final = {**HEADERS, "vary": "accept"}


class LineageResources:
    """The handlers, over one node's parts and pages."""

    def __init__(self, parts: Parts, pages: Pages) -> None:
        self._parts = parts
        self._pages = pages

    def routes(self) -> list[Route]:
        """One path each."""
        return [
            Route("/lineage", self.page),
            Route("/lineage/{url:path}", self.page),
            Route("/diff", self.diff_page),
        ]

    async def page(self, request: Request) -> Response:
        """All that is known of one lineage, drawn and in words."""
        found = await lineage.lineage(self._parts, _asked(request), quiet)
        if wants_document(request):
            return JSONResponse(found, headers=_ANSWER)
        cited = await lineage.citations(self._parts, url_params(request), quiet)
        drawing = await self._parts.worker.run(lambda: draw(found, is_alone=False, href=end_path))
        return await self._pages.show("lineage.html", {"found": found, "cited": cited, "drawing": drawing})

    async def diff_page(self, request: Request) -> Response:
        """What differs between two records."""
        if wants_document(request):
            return JSONResponse(await versions.diff(self._parts, _sides(request), quiet), headers=_ANSWER)
        found = await versions.diff(self._parts, _sides(request), quiet)
        return await self._pages.show("diff.html", {"found": found})


def _sides(request: Request) -> Mapping[str, Any]:
    return {name: request.query_params.get(name, "") for name in ("a", "b")}


def _asked(request: Request) -> Mapping[str, Any]:
    """Url, up, down, depth; an identifier in the path keeps its query."""
    depth = whole_number(request, "depth", 0, LINEAGE_NODES_MAX)
    ways = {name: whole_number(request, name, 0, 1) == 1 for name in ("up", "down")}
    return {**url_params(request), **ways, "depth": depth or None}
