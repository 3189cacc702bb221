"""The inbox of the home as a page, for its owner alone.

What came in says whom the home listens to, and that is nobody's business: who opens the page shows a token first, which only a
command of the home tells (`frost inbox --page`). The browser keeps it as a cookie that no other site can make it send.
"""

from contextlib import aclosing
from hmac import compare_digest
from typing import Final
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from frostnode.edge.http.accept import wants_document
from frostnode.edge.http.asked import quiet, whole_number
from frostnode.edge.http.pages import Pages
from frostnode.operations.parts import Parts
from frostnode.operations.subscriptions import inbox, read_inbox
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import OWNER_FORM_BYTES_MAX, OWNER_PAGE_S, PAGE_ITEMS_MAX

_COOKIE: Final = "frost-owner"
_ON_PAGE: Final = 40
_OFFSET_MAX: Final = 2**31
_OWN: Final = {"cache-control": "no-store", "vary": "accept, cookie"}


class InboxPage:
    """The handlers; without a token there is no page."""

    def __init__(self, parts: Parts, pages: Pages) -> None:
        self._parts = parts
        self._pages = pages

    def routes(self) -> list[Route]:
        """One path, to look and to mark as read."""
        return [Route("/inbox", self.show), Route("/inbox", self.read, methods=["POST"])]

    async def show(self, request: Request) -> Response:
        """What came in, newest first, as a page or as JSON; with a token in the address it goes into a cookie, and out of the address.

        Raises:
            LocalError: owner.unknown
        """
        given = request.query_params.get("token")
        if given is not None:
            self._check(given)
            answer = RedirectResponse("/inbox", 303)
            answer.set_cookie(
                _COOKIE, given, max_age=OWNER_PAGE_S, path="/inbox", httponly=True, samesite="strict"
            )
            return answer
        self._check(request.cookies.get(_COOKIE, ""))
        offset = whole_number(request, "offset", 0, _OFFSET_MAX)
        everything = request.query_params.get("all") == "1"
        step = PAGE_ITEMS_MAX if wants_document(request) else _ON_PAGE
        asked = {"limit": step, "offset": offset, "all": everything}
        found = await inbox(self._parts, asked, quiet)
        if wants_document(request):
            return JSONResponse(found, headers=_OWN)
        values = {"inbox": found, "everything": everything, "offset": offset, "step": step}
        return await self._pages.show("inbox.html", values, headers=_OWN)

    async def read(self, request: Request) -> Response:
        """Mark an item, or all, as read.

        Raises:
            LocalError: owner.unknown, cursor.malformed, usage
        """
        self._check(request.cookies.get(_COOKIE, ""))
        ids = parse_qs((await _form(request)).decode("ascii", "replace")).get("id")
        await read_inbox(self._parts, {"ids": ids}, quiet)
        return RedirectResponse("/inbox", 303)

    def _check(self, given: str) -> None:
        token = self._parts.owner_token
        if not token or not compare_digest(given.encode(), token.encode()):
            raise LocalError(
                "owner.unknown",
                "this page is its owner's alone",
                hint="`frost inbox --page` says its address",
            )


async def _form(request: Request) -> bytes:
    """A small form.

    Raises:
        LocalError: usage
    """
    data = b""
    async with aclosing(request.stream()) as chunks:
        async for chunk in chunks:
            data += chunk
            if len(data) > OWNER_FORM_BYTES_MAX:
                raise LocalError("usage", "bytes of a form", found=len(data), expected=OWNER_FORM_BYTES_MAX)
    return data
