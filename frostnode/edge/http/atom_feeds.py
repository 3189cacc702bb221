"""Atom feeds of the node, of a publisher, of a dataset and of a search, for readers that look now and then."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from hashlib import sha256
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from frostnode.edge.http.asked import choice, url_params, whole_number
from frostnode.edge.http.atom import ATOM_TYPE, FeedHead, atom
from frostnode.edge.http.links import record_path
from frostnode.edge.http.streams import NOT_KEPT
from frostnode.edge.http.sync import is_known
from frostnode.notify.feed_pages import FeedPage, page
from frostnode.operations.parts import Parts
from frostnode.operations.read import find_entry, one_publisher
from frostnode.ports import CatalogReader
from frostnode.protocol.errors import LocalError
from frostnode.protocol.names import DATASET, Did, DidUrl, parse_did
from frostnode.search.saved_search import parse_saved_search
from frostnode.search.subscription_target import (
    OfDataset,
    OfEverything,
    OfPublisher,
    OfSearch,
    Target,
    parse_target,
)

_HEADERS: Final = {"cache-control": "public, max-age=30", "access-control-allow-origin": "*"}
_PAGE_MAX: Final = 2**53


class AtomResources:
    """The handlers, over one node's parts; they are the `frostnode.notify.websub.Feeds` of the node too."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self) -> list[Route]:
        """One path each."""
        return [
            Route("/feeds/node", self._answer(_everything)),
            Route("/feeds/publisher/{did}", self._answer(_publisher)),
            Route("/feeds/dataset", self._answer(_dataset)),
            Route("/feeds/dataset/{url:path}", self._answer(_dataset)),
            Route("/feeds/search", self._answer(_search)),
        ]

    def _answer(self, target_of: Callable[[Request], Target]) -> Callable[[Request], Awaitable[Response]]:
        async def handler(request: Request) -> Response:
            target = target_of(request)
            named = "page" in request.query_params
            name = whole_number(request, "page", 0, _PAGE_MAX) if named else None
            if choice(request, "test", ("0", "1")) == "1":
                document = await self._parts.worker.run(lambda: self._with_a_test(target, name))
                return Response(document, media_type=ATOM_TYPE, headers=NOT_KEPT)
            document = await self._parts.worker.run(lambda: self.document(target, name))
            headers = {**_HEADERS, "etag": f'"{sha256(document).hexdigest()}"'}
            if is_known(request, headers["etag"]):
                return Response(status_code=304, headers=headers)
            return Response(document, media_type=ATOM_TYPE, headers=headers)

        return handler

    def path(self, target: Target) -> str:
        """Where the feed of a target is."""
        return feed_path(target)

    def document(self, target: Target, name: int | None = None) -> bytes:
        """The feed as it is now, or a page of it. Blocks: to be run in a worker.

        Raises:
            LocalError: publisher.unknown, record.not-found, record.withheld
        """
        return atom(self._head(target), self._page(target, name))

    def _with_a_test(self, target: Target, name: int | None) -> bytes:
        """The same with a test notice as its newest entry, for who asks alone."""
        found = self._page(target, name)
        test = self._parts.window.feed.trial(target).notice
        return atom(self._head(target), replace(found, notices=[test, *found.notices]))

    def _page(self, target: Target, name: int | None) -> FeedPage:
        return page(self._parts.window.feed, target, name)

    def _head(self, target: Target) -> FeedHead:
        id_, title, author, shown = self._named(target)
        return FeedHead(
            id=id_, title=title, author=author, node=self._parts.url, path=feed_path(target), page=shown
        )

    def _named(self, target: Target) -> tuple[str, str, str, str]:
        """Id, title and author of a feed, and the page of what it is about."""
        parts = self._parts
        with parts.catalog.read() as catalog, parts.log.read() as log:
            match target:
                case OfDataset():
                    url = DidUrl(did=target.did, type=DATASET, key=target.key, cid=None)
                    title = find_entry(parts, catalog, log, url).title or str(target)
                    return str(target), title, _name(catalog, target.did), record_path(str(target))
                case OfPublisher():
                    one_publisher(parts, log, target.did)
                    name = _name(catalog, target.did)
                    return str(target), name, name, f"/publisher/{target}"
                case OfSearch():
                    words = quote(target.text, safe="")
                    title = f"{target}: {parts.name}"
                    return f"urn:frost:search:{words}", title, parts.name, f"/search?q={words}"
                case OfEverything():
                    return f"urn:frost:node:{log.database.hex()}", parts.name, parts.name, "/"


def _name(catalog: CatalogReader, did: Did) -> str:
    return catalog.names([did]).get(did, "") or did


def feed_path(target: Target) -> str:
    """Where the feed of a target is."""
    match target:
        case OfDataset():
            return record_path(str(target), under="/feeds/dataset")
        case OfPublisher():
            return f"/feeds/publisher/{target}"
        case OfSearch():
            return f"/feeds/search?q={quote(target.text, safe='')}"
        case OfEverything():
            return "/feeds/node"


def search_feed_path(query: str) -> str:
    """Where the feed of a search is; "" where it cannot be a saved search."""
    try:
        return feed_path(_saved(query))
    except LocalError:
        return ""


def _everything(request: Request) -> Target:
    return OfEverything()


def _publisher(request: Request) -> Target:
    return OfPublisher(parse_did(request.path_params["did"]))


def _dataset(request: Request) -> Target:
    url = str(url_params(request)["url"])
    target = parse_target(url)
    if not isinstance(target, OfDataset):
        raise LocalError("usage", "dataset", found=url, expected="the DID URL of a dataset")
    return target


def _search(request: Request) -> Target:
    return _saved(request.query_params.get("q", ""))


def _saved(query: str) -> OfSearch:
    return OfSearch(query, parse_saved_search(query))
