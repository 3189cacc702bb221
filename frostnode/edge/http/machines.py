"""How search engines and browsers find their way: robots.txt, sitemaps of all datasets, OpenSearch."""

from typing import Final
from urllib.parse import quote
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from frostnode.edge.http.links import record_path
from frostnode.edge.http.times import iso_text
from frostnode.operations.parts import Parts
from frostnode.operations.read import entry_json
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import SITEMAP_FILES_MAX, SITEMAP_URLS_MAX
from frostnode.protocol.names import DATASET

_XML: Final = "application/xml"
_HEADERS: Final = {"cache-control": "public, max-age=3600"}
_SITEMAPS: Final = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_NOT_FOR_ROBOTS: Final = ("/api/", "/frost/", "/search", "/activity", "/diff", "/lineage", "/inbox", "/id")
"""What has no end, is told elsewhere, or is for nodes."""


class Machines:
    """The handlers, over one node's parts."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self) -> list[Route]:
        """One path each."""
        return [
            Route("/robots.txt", self.robots),
            Route("/sitemap.xml", self.sitemaps),
            Route("/sitemap/{number}.xml", self.sitemap),
            Route("/opensearch.xml", self.opensearch),
        ]

    def _base(self, request: Request) -> str:
        """Where this node is: as its settings say, else as it was asked."""
        return (self._parts.url or str(request.base_url)).rstrip("/")

    async def robots(self, request: Request) -> Response:
        """What robots may read, and where the sitemaps are."""
        lines = ["User-agent: *", *(f"Disallow: {path}" for path in _NOT_FOR_ROBOTS)]
        text = "\n".join([*lines, "", f"Sitemap: {self._base(request)}/sitemap.xml", ""])
        return PlainTextResponse(text, headers=_HEADERS)

    async def sitemaps(self, request: Request) -> Response:
        """The index of sitemaps."""
        counts = await self._parts.read_catalog(lambda catalog: catalog.counts())
        files = min(max(1, -(-counts.get(DATASET, 0) // SITEMAP_URLS_MAX)), SITEMAP_FILES_MAX)
        base = escape(self._base(request))
        rows = "".join(f"<sitemap><loc>{base}/sitemap/{at}.xml</loc></sitemap>" for at in range(files))
        return _xml(f"<sitemapindex {_SITEMAPS}>{rows}</sitemapindex>")

    async def sitemap(self, request: Request) -> Response:
        """The pages of some datasets, newest first."""
        text = request.path_params["number"]
        if not (text.isascii() and text.isdigit() and len(text) <= 4 and int(text) < SITEMAP_FILES_MAX):
            raise LocalError("record.not-found", f"nothing at {request.url.path}")
        offset = int(text) * SITEMAP_URLS_MAX
        without = self._parts.carrying.hidden(include_unknown=False)
        entries = await self._parts.read_catalog(
            lambda catalog: catalog.records(
                type_=DATASET, did=None, limit=SITEMAP_URLS_MAX, offset=offset, without=without
            )
        )
        base = self._base(request)
        rows = "".join(
            f"<url><loc>{escape(base + _path(entry_json(entry)['url']))}</loc>{_changed(entry.seen_ms)}</url>"
            for entry in entries
        )
        return _xml(f"<urlset {_SITEMAPS}>{rows}</urlset>")

    async def opensearch(self, request: Request) -> Response:
        """The search of this node, for the search box of a browser."""
        base, name = escape(self._base(request), {'"': "&quot;"}), _visible(self._parts.name)
        urls = "".join(
            f'<Url type="{kind}" template="{base}{path}?q={{searchTerms}}"/>'
            for kind, path in (
                ("text/html", "/search"),
                ("application/json", "/api/search"),
                ("application/atom+xml", "/feeds/search"),
            )
        )
        return _xml(
            '<OpenSearchDescription xmlns="http://a9.com/-/spec/opensearch/1.1/">'
            f"<ShortName>{escape(name[:16])}</ShortName><LongName>{escape(name[:48])}</LongName>"
            f"<Description>Datasets of all institutions that {escape(name)} carries</Description>"
            f"<InputEncoding>UTF-8</InputEncoding>{urls}</OpenSearchDescription>",
            "application/opensearchdescription+xml",
        )


def _path(url: str) -> str:
    """The path of a record's page, for XML: all that is not ASCII is escaped."""
    return quote(record_path(url), safe="/:?=&%@~")


def _changed(seen_ms: int) -> str:
    moment = iso_text(seen_ms)
    return f"<lastmod>{moment}</lastmod>" if moment else ""


def _visible(text: str) -> str:
    """A text that XML can hold."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def _xml(text: str, media_type: str = _XML) -> Response:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'
    return Response(body, media_type=media_type, headers=_HEADERS)
