"""What every page of editing has: who looks, headers, its JSON, and a way to do what a form asks once."""

from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from typing import Any, Final, TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from frostnode.edge.http.api.declared import Result
from frostnode.edge.http.api.resource import Api
from frostnode.edge.http.editing.typed import Typed, pack
from frostnode.edge.http.editing.visitors import Visit, Visitors
from frostnode.edge.http.pages import Pages
from frostnode.edge.http.refusals import PROBLEM
from frostnode.edge.outcomes import problem
from frostnode.operations.parts import Json, Parts
from frostnode.project.stage import catch_up
from frostnode.protocol.errors import FrostError, LocalError
from frostnode.protocol.notice import rfc3339

HEADERS: Final = {"cache-control": "no-store", "referrer-policy": "same-origin", "vary": "accept, cookie"}
"""Nothing of it is kept; and a form says where it comes from, which it does not under `no-referrer`."""

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]
Work: TypeAlias = Callable[[int, bool], Awaitable[Json]]
"""(when the first try began, whether this is another one)."""

ONCE: Final = "once"
"""The input that names what a form asks, so that it is done once however often it is sent."""

_ONCE_CHARS_MAX: Final = 64
_ID_BYTES: Final = 8


class Frame:
    """Over one node's parts."""

    def __init__(self, parts: Parts, pages: Pages, api: Api) -> None:
        self.parts = parts
        self.pages = pages
        self.visitors = Visitors(parts, api.rates)
        self._attempts = api.attempts

    async def page(
        self, template: str, visit: Visit, values: Mapping[str, Any], document: Json, *, status: int = 200
    ) -> Response:
        """A page of editing; to a program the `document`, which says the same and carries no token of a form."""
        if visit.is_program:
            return shown_as_json({"session": _session_json(visit), **document}, values.get("problem"), status)
        return await self.html(template, visit, values, status=status)

    async def html(
        self, template: str, visit: Visit | None, values: Mapping[str, Any], *, status: int = 200
    ) -> Response:
        """A page of editing, or on the way there."""
        shown = {"visit": visit, "form": visit.form if visit is not None else "", "problem": None, **values}
        return await self.pages.show(f"editing/{template}", shown, HEADERS, status=status)

    def new_id(self) -> str:
        """For a draft, or for what a form asks."""
        return self.parts.random.bytes(_ID_BYTES).hex()

    async def once(self, visit: Visit, key: str, asked: Typed, work: Work) -> Json:
        """Do what a form asks, or answer what was answered to it before.

        Raises:
            LocalError: usage, idempotency.busy, idempotency.reused, queue.full; what `work` says
        """
        if not (0 < len(key) <= _ONCE_CHARS_MAX and key.isascii() and key.isprintable()):
            raise LocalError("usage", ONCE, found=key, expected="as its page had it")

        async def run(begun_ms: int, is_again: bool) -> Result:
            told = await work(begun_ms, is_again)
            await catch_up(self.parts.worker, self.parts.catalog_fold)  # who looks then finds it
            return Result(content=told)

        if self._attempts is None:
            raise LocalError("usage", "this node keeps no tokens")
        result = await self._attempts.named(visit.token, f"form {key}", sha256(pack(asked)).digest(), run)
        assert isinstance(result.content, dict)
        return result.content


def shown_as_json(document: Json, problem: Mapping[str, Any] | None = None, status: int = 200) -> Response:
    """What a page shows; beside what went wrong, where something did."""
    if problem is None:
        return JSONResponse(document, status_code=status, headers=HEADERS)
    content = {**problem, "page": document}
    return JSONResponse(content, status_code=status, media_type=PROBLEM, headers=HEADERS)


def _session_json(visit: Visit) -> Json:
    """Who is signed in, and what for."""
    return {
        "name": visit.token.name,
        "scopes": sorted(visit.token.scopes),
        "expires": rfc3339(visit.who.session.expires_ms),
        "publishers": list(visit.dids),
    }


def see(path: str) -> Response:
    """Where to look after a form was sent: what loads anew then sends nothing again."""
    return RedirectResponse(path, 303, headers=HEADERS)


def told(error: FrostError) -> dict[str, str | int]:
    """What a page says of an error."""
    return problem(error)
