"""All paths of editing. Who is not signed in is asked to, on the way there; a program is told what is missing."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from frostnode.edge.http.accept import wants_document
from frostnode.edge.http.api.resource import Api
from frostnode.edge.http.editing.deeds import Deeds
from frostnode.edge.http.editing.desk import Desk
from frostnode.edge.http.editing.frame import HEADERS, Frame, Handler
from frostnode.edge.http.editing.record_forms import RecordForms
from frostnode.edge.http.editing.sign_in import SignIn
from frostnode.edge.http.editing.telling import Telling
from frostnode.edge.http.editing.typed import Typed
from frostnode.edge.http.editing.visitors import SignInAgain
from frostnode.edge.http.pages import Pages
from frostnode.edge.http.refusals import refusal
from frostnode.operations.parts import Parts
from frostnode.protocol.errors import FrostError, LocalError


class EditingPages:
    """The routes; none where nobody can sign in."""

    def __init__(self, parts: Parts, pages: Pages, api: Api) -> None:
        frame = Frame(parts, pages, api)
        self._pages = pages
        self._is_on = parts.editing is not None and parts.access is not None
        self._sign_in = SignIn(frame)
        self._handlers = (Desk(frame), RecordForms(frame), Deeds(frame), Telling(frame))

    def routes(self) -> list[Route]:
        """One path each."""
        if not self._is_on:
            return []
        found = [route for handler in (self._sign_in, *self._handlers) for route in handler.routes()]
        return [Route(route.path, self._asking(route.endpoint), methods=_methods(route)) for route in found]

    def _asking(self, handler: Handler) -> Handler:
        async def answer(request: Request) -> Response:
            then = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            kept: Typed = {}
            try:
                return await handler(request)
            except SignInAgain as again:
                kept, failure = again.typed, _missing(request)
            except FrostError as error:
                failure = error
            if wants_document(request):
                return refusal(failure, HEADERS)
            if failure.code == "session.missing":
                return await self._sign_in.asked(then=then, kept=kept, error=failure)
            return await self._pages.error(request, failure, headers=HEADERS)

        return answer


def _missing(request: Request) -> FrostError:
    return LocalError("session.missing", request.url.path)


def _methods(route: Route) -> list[str]:
    return sorted(route.methods or ())
