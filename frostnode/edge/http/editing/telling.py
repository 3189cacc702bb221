"""Subscriptions of the home in a browser: of what it is told, and how."""

from hashlib import sha256
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from frostnode.access_port import Scope
from frostnode.edge.http.asked import quiet, whole_number
from frostnode.edge.http.editing.frame import ONCE, Frame, Work, see, told
from frostnode.edge.http.editing.typed import Typed
from frostnode.edge.http.editing.visitors import ROOT, Visit
from frostnode.edge.http.pages import paged
from frostnode.edge.outcomes import http_status
from frostnode.operations.parts import Json
from frostnode.operations.subscriptions import subscriptions
from frostnode.operations.table import operate
from frostnode.protocol.errors import FrostError, LocalError

_PATH: Final = f"{ROOT}/subscriptions"
_ID_CHARS: Final = 12
_STEP: Final = 30
_OFFSET_MAX: Final = 2**31
_OPERATIONS: Final = {
    "pause": "subscription pause",
    "resume": "subscription resume",
    "test": "subscription test",
    "end": "unsubscribe",
}
FORMS: Final = ("inbox", "webhook", "email")


class Telling:
    """The handlers."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self) -> list[Route]:
        """One path, to look and to do."""
        return [Route(_PATH, self.show), Route(_PATH, self.do, methods=["POST"])]

    async def show(self, request: Request) -> Response:
        """All of them, and a form for another.

        Raises:
            LocalError: session.missing, token.scope
        """
        visit = await self._frame.visitors.needed(request)
        visit.need(Scope.SUBSCRIBE)
        offset = whole_number(request, "offset", 0, _OFFSET_MAX)
        return await self._page(visit, {"target": request.query_params.get("target", "")}, offset=offset)

    async def do(self, request: Request) -> Response:
        """Subscribe; pause, resume, test or end one.

        Raises:
            LocalError: form.foreign, token.scope, …; SignInAgain
        """
        visit, typed = await self._frame.visitors.sent(request)
        visit.need(Scope.SUBSCRIBE)
        try:
            done = await self._frame.once(visit, typed.get(ONCE, ""), typed, self._work(visit, typed))
        except FrostError as error:
            return await self._page(visit, typed, error=error)
        if done.get("secret"):
            return await self._page(visit, {}, secret=str(done["secret"]))
        return see(_PATH)

    def _work(self, visit: Visit, typed: Typed) -> Work:
        async def run(begun_ms: int, is_again: bool) -> Json:
            do = typed.get("do", "subscribe")
            if do in _OPERATIONS:
                return await operate(self._frame.parts, _OPERATIONS[do], {"id": typed.get("id", "")}, quiet)
            if not typed.get("target", "").strip():
                raise LocalError(
                    "usage", "of what", found="nothing", expected="a dataset, a publisher or words"
                )
            name = f"{visit.token.id} {begun_ms} {typed.get(ONCE, '')}"
            asked = {
                "target": typed["target"].strip(),
                "behalf": typed.get("behalf", "").strip() or None,
                "form": typed.get("by", FORMS[0]),
                "address": typed.get("address", "").strip() or None,
                "private": typed.get("public") != "1",
                "id": sha256(name.encode()).hexdigest()[:_ID_CHARS],
            }
            return await operate(self._frame.parts, "subscribe", asked, quiet)

        return run

    async def _page(
        self,
        visit: Visit,
        typed: Typed,
        *,
        offset: int = 0,
        error: FrostError | None = None,
        secret: str = "",
    ) -> Response:
        found = (await subscriptions(self._frame.parts, {}, quiet))["subscriptions"]
        values = {
            "subscriptions": found[offset : offset + _STEP],
            "pager": paged(offset, _STEP, len(found), {}),
            "typed": typed,
            "forms": FORMS,
            "once": self._frame.new_id,
            "secret": secret,
            "problem": told(error) if error is not None else None,
            "faults": {"target": str(error)} if error is not None and "id" not in typed else {},
        }
        document = {
            "subscriptions": found,
            "forms": FORMS,
            "values": {name: text for name, text in typed.items() if name != ONCE},
            "faults": values["faults"],
            **({"secret": secret} if secret else {}),
        }
        status = http_status(error) if error is not None else 200
        return await self._frame.page("subscriptions.html", visit, values, document, status=status)
