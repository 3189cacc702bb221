"""Answers requests to the API: finds the row of the table, lets in, checks, runs, and tells how long the answer is good.

In this order: method, how often, token, what the address says, what the body is and says. What is refused costs as little as can be.

Every answer may be read by pages from anywhere (CORS), and so may writes be made by them: what lets them in is a token that
their author was given, never something that a browser adds by itself.
"""

import json
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path
from starlette.types import Receive, Scope, Send

from frostnode.access_port import Token
from frostnode.edge.http.accept import wants_document
from frostnode.edge.http.api import bearer, bodies
from frostnode.edge.http.api.about import about_page
from frostnode.edge.http.api.attempts import Attempts
from frostnode.edge.http.api.declared import Call, Cost, Item, Place, Result, Route, wrong
from frostnode.edge.http.api.openapi import document
from frostnode.edge.http.api.rates import Rates, Standing, counted_address
from frostnode.edge.http.api.table import ROUTES
from frostnode.edge.http.pages import Pages
from frostnode.edge.http.refusals import refusal
from frostnode.edge.http.sync import is_known
from frostnode.enduring import one_fault
from frostnode.operations.parts import Json, Parts
from frostnode.protocol.errors import FrostError, LocalError
from frostnode.protocol.limits import ERASABLE_CACHED_S

_ALLOWED: Final = "authorization, content-type, idempotency-key, if-match, if-none-match"
_EXPOSED: Final = (
    "etag, idempotency-replayed, link, ratelimit, ratelimit-policy, retry-after, www-authenticate"
)
_CORS: Final = {"access-control-allow-origin": "*", "access-control-expose-headers": _EXPOSED}
_PREFLIGHT_S: Final = 86_400
_OPENAPI_TYPE: Final = "application/vnd.oai.openapi+json;version=3.1"

_ASK_AGAIN: Final = "no-cache"
_NOT_KEPT: Final = "no-store"
_PINNED: Final = f"public, max-age={ERASABLE_CACHED_S}"
"""What an exact entry is never changes, and may still be erased: caches ask again after a while."""


class Api:
    """The table over one node's parts, the document and the page about it."""

    def __init__(self, parts: Parts, pages: Pages) -> None:
        self._parts = parts
        self._pages = pages
        self.rates = Rates(parts.clock)
        self.attempts = None if parts.access is None else Attempts(parts, parts.access)
        self._document = json.dumps(document(parts.about), ensure_ascii=False).encode()

    def routes(self) -> list[Path]:
        """One for each path, plain ones before those that take anything; what is none of them is said so here."""
        found: dict[str, list[tuple[Route, Sequence[Item]]]] = {}
        for route in ROUTES:
            for path, items in route.paths():
                found.setdefault(path, []).append((route, items))
        paths = sorted(found, key=lambda path: "{" in path)
        return [
            Path("/api", self._page),
            Path("/api/openapi.json", self._openapi),
            *(self._route(path, found[path]) for path in paths),
            self._route("/api/{rest:path}", []),
        ]

    def _route(self, path: str, routes: Sequence[tuple[Route, Sequence[Item]]]) -> Path:
        """The name of a record has slashes; and what comes may have line ends, which names have not, and is told so."""
        made = Path(path.replace("{url}", "{url:path}"), Resource(self._parts, self, routes))
        made.path_regex = re.compile(made.path_regex.pattern.removesuffix("$") + r"\Z", re.DOTALL)
        return made

    async def _page(self, request: Request) -> Response:
        """What the API is, in words; to a program that wants JSON the document that says the same."""
        if wants_document(request):
            return self._told_whole(request, "application/json", {"vary": "accept"})
        return await about_page(self._pages)

    async def _openapi(self, request: Request) -> Response:
        return self._told_whole(request, _OPENAPI_TYPE, {})

    def _told_whole(self, request: Request, media_type: str, more: Mapping[str, str]) -> Response:
        headers = {**_CORS, "cache-control": _ASK_AGAIN, "etag": _tag(self._document), **more}
        if is_known(request, headers["etag"]):
            return Response(status_code=304, headers=headers)
        return Response(self._document, media_type=media_type, headers=headers)


class Resource:
    """One path with its methods."""

    def __init__(self, parts: Parts, api: Api, routes: Sequence[tuple[Route, Sequence[Item]]]) -> None:
        self._parts = parts
        self._api = api
        self._routes = {route.method: (route, items) for route, items in routes}
        if "GET" in self._routes:
            self._routes["HEAD"] = self._routes["GET"]
        self._allow = ", ".join(sorted([*self._routes, "OPTIONS"]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        response = await self._answer(Request(scope, receive))
        if scope["method"] == "HEAD":
            response.body = b""
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        told: dict[str, str] = dict(_CORS)
        route: Route | None = None
        try:
            if not self._routes:
                raise LocalError("record.not-found", f"nothing at {request.url.path}")
            if request.method == "OPTIONS":
                return self._options()
            if request.method not in self._routes:
                told |= {"allow": self._allow}
                raise LocalError("request.method", f"{request.url.path} does not know {request.method}")
            route, items = self._routes[request.method]
            with one_fault():
                return await self._run(request, route, items, told)
        except FrostError as error:
            told |= bearer.challenge(error, route.scope if route is not None else None)
            told |= {"cache-control": _NOT_KEPT} if route is not None and route.scope is not None else {}
            return refusal(error, told)

    def _options(self) -> Response:
        headers = {
            "allow": self._allow,
            "access-control-allow-methods": self._allow,
            "access-control-allow-headers": _ALLOWED,
            "access-control-max-age": str(_PREFLIGHT_S),
        }
        return Response(status_code=204, headers={**_CORS, **headers})

    async def _run(
        self, request: Request, route: Route, items: Sequence[Item], told: dict[str, str]
    ) -> Response:
        self._count_address(request, route, told)
        token = await bearer.bearer(self._parts, request, route.scope) if route.scope is not None else None
        if token is not None and route.cost is Cost.WRITE:
            _check(self._api.rates.writes.spend(f"token {token.id}"), told)
        values = _values(request, items)
        kind = bodies.media_type(request, route.body) if route.body is not None else ""
        data = await bodies.take(request) if route.body is not None else b""
        parts, body = self._parts, route.body
        content = await parts.worker.run(lambda: bodies.parse(data, kind, body)) if body is not None else None

        async def run(begun_ms: int, is_again: bool) -> Result:
            return await route.run(
                Call(
                    parts=parts,
                    request=request,
                    values=values,
                    body=content,
                    token=token,
                    begun_ms=begun_ms,
                    is_again=is_again,
                )
            )

        if token is not None and route.cost is Cost.WRITE and self._api.attempts is not None:
            result = await self._api.attempts.once(request, data, token, run)
        else:
            result = await run(parts.clock.now_ms(), False)
        return await self._told(request, result, token, told)

    def _count_address(self, request: Request, route: Route, told: dict[str, str]) -> None:
        """An address is counted before anything is looked at, its tokens too."""
        client = counted_address(request.client.host if request.client is not None else "")
        if client is None or route.cost is Cost.LIGHT:
            return
        buckets = self._api.rates.writes if route.cost is Cost.WRITE else self._api.rates.reads
        _check(buckets.spend(client), told)

    async def _told(
        self, request: Request, result: Result, token: Token | None, told: Mapping[str, str]
    ) -> Response:
        """The answer with its tag; who has it already is told no more than that."""

        def written() -> tuple[bytes, str]:
            body = result.content if isinstance(result.content, bytes) else _json(result.content)
            tag = _tag(body, result.version) if token is None and result.status == 200 else ""
            return body, tag

        body, tag = await self._parts.worker.run(written)
        kept = _NOT_KEPT if token is not None else _PINNED if result.is_pinned else _ASK_AGAIN
        headers = {**told, "cache-control": kept, **({"etag": tag} if tag else {}), **result.headers}
        if tag and is_known(request, tag):
            return Response(status_code=304, headers=headers)
        return Response(body, status_code=result.status, media_type=result.media_type, headers=headers)


def _check(standing: Standing, told: dict[str, str]) -> None:
    told |= standing.headers()
    if standing.is_refused:
        raise LocalError(
            "request.rate",
            standing.name,
            expected=f"{standing.most} at once",
            hint=f"again in {standing.wait_s} s",
        )


def _values(request: Request, items: Sequence[Item]) -> dict[str, Any]:
    """What the address says, checked; what it does not say has its default.

    Raises:
        LocalError: usage, also for what nobody asks for here: it may be a slip, or a secret that belongs elsewhere
    """
    asked = request.query_params.multi_items()
    given = dict(asked)
    known = {item.name: item for item in items if item.place is Place.QUERY}
    for name in given.keys() - known.keys():
        raise wrong("parameter", name, f"some of {', '.join(known) or 'none'}")
    if len(asked) > len(given):
        raise wrong("parameters", "one of them twice", "each once")
    values: dict[str, Any] = {}
    for item in items:
        text = request.path_params[item.name] if item.place is Place.PATH else given.get(item.name)
        if text is not None:
            values[item.name] = item.kind.read(f"parameter {item.name}", text)
        elif item.is_required:
            raise wrong(f"parameter {item.name}", "nothing", item.about)
        else:
            values[item.name] = item.default
    return values


def _json(content: Json) -> bytes:
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _tag(body: bytes, version: str = "") -> str:
    """A strong tag: equal for equal bytes alone. That of a record begins with its entry, which an edit names."""
    return f'"{version}{"-" if version else ""}{sha256(body).hexdigest()[:32]}"'
