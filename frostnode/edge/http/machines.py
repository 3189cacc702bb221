"""How search engines and browsers find their way: robots.txt, sitemaps of all datasets, OpenSearch."""

from collections.abc import Iterable, Mapping
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
XML_HEADERS: Final = {"cache-control": "public, max-age=3600"}
_QUOTE: Final = {'"': "&quot;"}
_SAFE: Final = "/:?=&%@~[]"
"""What stands in an address as it is; all that is not ASCII is escaped."""
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
        return PlainTextResponse(robots_text(self._base(request)), headers=XML_HEADERS)

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
        return url_set(
            (f"{base}{record_path(entry_json(entry)['url'])}", iso_text(entry.seen_ms)) for entry in entries
        )

    async def opensearch(self, request: Request) -> Response:
        """The search of this node, for the search box of a browser."""
        base, name = self._base(request), self._parts.name
        searches = {
            "text/html": f"{base}/search",
            "application/json": f"{base}/api/search",
            "application/atom+xml": f"{base}/feeds/search",
        }
        return open_search(name, f"Datasets of all institutions that {name} carries", searches)


def robots_text(base: str) -> str:
    """What robots may read at this address, and where its sitemap is."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _NOT_FOR_ROBOTS)]
    return "\n".join([*lines, "", f"Sitemap: {base}/sitemap.xml", ""])


def url_set(pages: Iterable[tuple[str, str]]) -> Response:
    """A sitemap: addresses of pages, each with the moment of its last change, or ""."""
    rows = "".join(
        f"<url><loc>{escape(quote(url, safe=_SAFE))}</loc>"
        f"{f'<lastmod>{moment}</lastmod>' if moment else ''}</url>"
        for url, moment in pages
    )
    return _xml(f"<urlset {_SITEMAPS}>{rows}</urlset>")


def open_search(name: str, description: str, searches: Mapping[str, str]) -> Response:
    """What browsers and programs are told of a search, by the media types that it answers."""
    name, said = _visible(name), escape(_visible(description))
    urls = "".join(
        f'<Url type="{kind}" template="{escape(address, _QUOTE)}?q={{searchTerms}}"/>'
        for kind, address in searches.items()
    )
    return _xml(
        '<OpenSearchDescription xmlns="http://a9.com/-/spec/opensearch/1.1/">'
        f"<ShortName>{escape(name[:16])}</ShortName><LongName>{escape(name[:48])}</LongName>"
        f"<Description>{said}</Description><InputEncoding>UTF-8</InputEncoding>{urls}</OpenSearchDescription>",
        "application/opensearchdescription+xml",
    )


def _visible(text: str) -> str:
    """A text that XML can hold."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def _xml(text: str, media_type: str = _XML) -> Response:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'
    return Response(body, media_type=media_type, headers=XML_HEADERS)
