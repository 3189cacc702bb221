"""The links in mails: a page with a button, for what fetches links is not always the one who was sent them; POST does it.

One-click unsubscription (RFC 8058) is the POST alone, by the mail program.
"""

from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from frostnode.edge.http.accept import wants_document
from frostnode.edge.http.pages import Pages
from frostnode.notify.mail import Consent
from frostnode.notify.mail_links import Wish
from frostnode.operations.parts import Parts

_OWN: Final = {"cache-control": "no-store", "vary": "accept"}


class MailLinkPages:
    """The handlers; `consent` hears what receivers say."""

    def __init__(self, parts: Parts, pages: Pages, consent: Consent) -> None:
        self._parts = parts
        self._pages = pages
        self._consent = consent

    def routes(self) -> list[Route]:
        """One path each, to look and to act."""
        return [
            Route(f"/notices/{Wish.CONFIRM}", self.ask_confirm),
            Route(f"/notices/{Wish.CONFIRM}", self.confirm, methods=["POST"]),
            Route(f"/notices/{Wish.UNSUBSCRIBE}", self.ask_unsubscribe),
            Route(f"/notices/{Wish.UNSUBSCRIBE}", self.unsubscribe, methods=["POST"]),
        ]

    async def ask_confirm(self, request: Request) -> Response:
        """The page with the button that says yes."""
        return await self._ask(Wish.CONFIRM, request)

    async def ask_unsubscribe(self, request: Request) -> Response:
        """The page with the button that says no."""
        return await self._ask(Wish.UNSUBSCRIBE, request)

    async def confirm(self, request: Request) -> Response:
        """From now on the receiver is told."""
        watch = await self._parts.worker.run(partial(self._consent.confirm, *_named(request)))
        self._parts.projected.ring()
        return await self._show(request, Wish.CONFIRM, watch.target, is_done=True)

    async def unsubscribe(self, request: Request) -> Response:
        """The receiver is told no more."""
        await self._parts.worker.run(partial(self._consent.leave, *_named(request)))
        return await self._show(request, Wish.UNSUBSCRIBE, "", is_done=True)

    async def _ask(self, wish: Wish, request: Request) -> Response:
        watch = await self._parts.worker.run(partial(self._consent.named, wish, *_named(request)))
        return await self._show(request, wish, watch.target, is_done=False)

    async def _show(self, request: Request, wish: Wish, target: str, *, is_done: bool) -> Response:
        """A page, or the same as JSON; for one receiver alone."""
        if wants_document(request):
            return JSONResponse({"wish": wish, "target": target, "done": is_done}, headers=_OWN)
        values = {"wish": wish, "target": target, "is_done": is_done}
        return await self._pages.show("notices.html", values, headers=_OWN)


def _named(request: Request) -> tuple[str, str]:
    """The watch and the tag of a link."""
    return request.query_params.get("watch", ""), request.query_params.get("tag", "")
