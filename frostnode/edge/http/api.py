"""The JSON API to read and search: the operations of the node, by GET, for everyone."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from frostnode.edge.outcomes import http_status, problem
from frostnode.operations import peers, policy, proof, read, search, status
from frostnode.operations.parts import Json, Parts, Progress
from frostnode.operations.subscribers import subscribers
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import LISTING_MAX, SEARCH_LIMIT_MAX, SEARCH_OFFSET_MAX

Operation: TypeAlias = Callable[[Parts, Mapping[str, Any], Progress], Awaitable[Json]]

HEADERS: Final = {"cache-control": "no-cache", "access-control-allow-origin": "*"}
"""Everyone may read, and asks again each time."""


async def quiet(what: str, done: int, total: int | None) -> None:
    """No progress over HTTP."""


class Api:
    """The handlers, over one node's parts."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self) -> list[Route]:
        """One path each."""
        return [
            Route("/api/status", self._answer(status.status, _no_params)),
            Route("/api/peers", self._answer(peers.peers, _no_params)),
            Route("/api/search", self._answer(search.search, search_params)),
            Route("/api/similar", self._answer(search.similar, similar_params)),
            Route("/api/similar/{url:path}", self._answer(search.similar, similar_params)),
            Route("/api/records", self._answer(read.records, records_params)),
            Route("/api/publishers", self._answer(read.publishers, _no_params)),
            Route("/api/publishers/{did}", self._answer(read.publisher, publisher_params)),
            Route("/api/log/{did}", self._answer(read.log, publisher_params)),
            Route("/api/record", self.record),
            Route("/api/record/{url:path}", self.record),
            Route("/api/subscribers", self._answer(subscribers, url_params)),
            Route("/api/subscribers/{url:path}", self._answer(subscribers, url_params)),
            Route("/api/policy", self._answer(policy.show, _no_params)),
            Route("/api/policy/refusals", self._answer(policy.refusals, listing_params)),
            Route("/api/proof", self.proof),
            Route("/api/proof/{url:path}", self.proof),
        ]

    def _answer(
        self, operation: Operation, params: Callable[[Request], Mapping[str, Any]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def handler(request: Request) -> Response:
            result = await operation(self._parts, params(request), quiet)
            return JSONResponse(result, headers=HEADERS)

        return handler

    async def record(self, request: Request) -> Response:
        """One record; when its content is withheld here, 451 with the reason and all else that is known of it."""
        shown = await read.show(self._parts, url_params(request), quiet)
        if not read.is_withheld(shown):
            return JSONResponse(shown, headers=HEADERS)
        error = LocalError("record.withheld", shown["content"]["reason"])
        return JSONResponse(
            {**problem(error), "record": shown},
            status_code=http_status(error),
            media_type="application/problem+json",
            headers=HEADERS,
        )

    async def proof(self, request: Request) -> Response:
        """The proof file itself; with `bare=1` of the entry without its content."""
        params = url_params(request)
        bare = whole_number(request, "bare", 0, 1) == 1
        data, name = await proof.proof_bytes(self._parts, str(params["url"]), bare=bare)
        headers = {**HEADERS, "content-disposition": f'attachment; filename="{name}"'}
        return Response(data, media_type="application/vnd.frostnode.proof+cbor", headers=headers)


def _no_params(request: Request) -> Mapping[str, Any]:
    return {}


def url_params(request: Request) -> Mapping[str, Any]:
    """The DID URL in the path, with `?cid=`; or whole as `?url=`, for clients that resolve dots in a path."""
    url = request.path_params.get("url") or request.query_params.get("url", "")
    cid = request.query_params.get("cid")
    return {"url": url + (f"?cid={cid}" if cid is not None else "")}


def search_params(request: Request) -> Mapping[str, Any]:
    """q, sort, facets (names apart by commas), cursor, include, limit, offset."""
    return {
        "query": request.query_params.get("q", ""),
        **{name: request.query_params.get(name) for name in ("include", "sort", "facets", "cursor")},
        "limit": whole_number(request, "limit", 20, SEARCH_LIMIT_MAX),
        "offset": whole_number(request, "offset", 0, SEARCH_OFFSET_MAX),
    }


def similar_params(request: Request) -> Mapping[str, Any]:
    """The DID URL, include, limit."""
    return {
        **url_params(request),
        "include": request.query_params.get("include"),
        "limit": whole_number(request, "limit", 10, SEARCH_LIMIT_MAX),
    }


def records_params(request: Request) -> Mapping[str, Any]:
    """type, did, include, limit, offset."""
    return {
        "include": request.query_params.get("include"),
        "type": request.query_params.get("type"),
        "did": request.query_params.get("did"),
        "limit": whole_number(request, "limit", 50, LISTING_MAX),
        "offset": whole_number(request, "offset", 0, 2**53),
    }


def listing_params(request: Request) -> Mapping[str, Any]:
    """limit, offset."""
    return {
        "limit": whole_number(request, "limit", 50, LISTING_MAX),
        "offset": whole_number(request, "offset", 0, 2**53),
    }


def publisher_params(request: Request) -> Mapping[str, Any]:
    """The DID in the path, limit, offset."""
    return {
        "did": request.path_params["did"],
        "limit": whole_number(request, "limit", 50, LISTING_MAX),
        "offset": whole_number(request, "offset", 0, 2**53),
    }


def whole_number(request: Request, name: str, default: int, maximum: int) -> int:
    """A query parameter.

    Raises:
        LocalError: usage
    """
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and int(text) <= maximum):
        raise LocalError("usage", f"parameter {name}", found=text, expected=f"0 to {maximum}")
    return int(text)


def choice(request: Request, name: str, choices: tuple[str, ...]) -> str:
    """A query parameter that is one of these; the first, where it is not given.

    Raises:
        LocalError: usage
    """
    text = request.query_params.get(name, choices[0])
    if text not in choices:
        raise LocalError("usage", f"parameter {name}", found=text, expected=" or ".join(choices))
    return text
