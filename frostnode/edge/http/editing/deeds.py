"""What is done to a record that is published: withdraw it, deprecate it, say what it was made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from frostnode.access_port import Scope
from frostnode.edge.http.asked import quiet
from frostnode.edge.http.editing.fields import Kind, One, field_json
from frostnode.edge.http.editing.frame import ONCE, Frame, Work, see, told
from frostnode.edge.http.editing.typed import Typed
from frostnode.edge.http.editing.visitors import ROOT, Visit
from frostnode.edge.http.links import record_path
from frostnode.edge.outcomes import http_status
from frostnode.operations import read
from frostnode.operations.parts import Json
from frostnode.operations.table import operate
from frostnode.protocol.errors import FrostError, LocalError
from frostnode.protocol.names import parse_did_url


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One of them; `fault_at` is the input at which a failure is told."""

    title: str
    button: str
    about: str
    fields: tuple[One, ...] = ()
    fault_at: str = ""
    is_grave: bool = False


DEEDS: Final[dict[str, Deed]] = {
    "withdraw": Deed(
        title="Withdraw",
        button="Withdraw it",
        about="It leaves every catalog of the network. What was published stays in the history of its log, "
        "signed and readable; whoever is subscribed is told. Publishing it again brings it back.",
        is_grave=True,
    ),
    "deprecate": Deed(
        title="Deprecate",
        button="Deprecate it",
        about="It stays where it is, and everyone who finds it is told not to use it any more, and what to use instead.",
        fields=(
            One(
                name="successor",
                label="Use instead",
                hint="DID URL of another dataset: did:frost:…/key",
            ),
            One(name="note", label="Why", kind=Kind.TEXT),
        ),
        fault_at="successor",
    ),
    "derive": Deed(
        title="Made from",
        button="Publish its lineage",
        about="Say what it was made from. Names of this network are pinned to the exact entries of now, and its makers can see what was built on them.",
        fields=(
            One(
                name="used",
                label="Made from",
                kind=Kind.LINES,
                is_required=True,
                hint="One a line: DID URLs of datasets or versions, DOIs, web addresses.",
            ),
            One(name="activity.name", label="What was done", hint="monthly means"),
            One(name="activity.code", label="The program", hint="https://…"),
            One(name="activity.container", label="What it ran in"),
        ),
        fault_at="used",
    ),
}


class Deeds:
    """The handlers."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self) -> list[Route]:
        """One path each, to look and to do."""
        path = f"{ROOT}/{{deed}}"
        return [
            route
            for name in DEEDS
            for route in (
                Route(path.replace("{deed}", name), self.show),
                Route(path.replace("{deed}", name), self.do, methods=["POST"]),
            )
        ]

    async def show(self, request: Request) -> Response:
        """Of which record, and what it means.

        Raises:
            LocalError: session.missing, token.scope, publisher.not-hosted, record.not-found; NameError_
        """
        visit = await self._frame.visitors.needed(request)
        visit.need(Scope.PUBLISH)
        url = request.query_params.get("url", "")
        typed = {"url": url, ONCE: self._frame.new_id()}
        return await self._page(request, visit, typed, await self._shown(visit, url))

    async def do(self, request: Request) -> Response:
        """Do it.

        Raises:
            LocalError: form.foreign, token.scope, publisher.not-hosted, record.not-found, …; SignInAgain
        """
        visit, typed = await self._frame.visitors.sent(request)
        visit.need(Scope.PUBLISH)
        name, url = _name(request), typed.get("url", "")
        shown = await self._shown(visit, url)
        try:
            done = await self._frame.once(visit, typed.get(ONCE, ""), typed, self._work(name, shown, typed))
        except FrostError as error:
            return await self._page(request, visit, typed, shown, error)
        return see(record_path(str(shown["url"] if name != "derive" else done["records"][0]["url"])))

    def _work(self, name: str, shown: Json, typed: Typed) -> Work:
        async def run(begun_ms: int, is_again: bool) -> Json:
            asked = {"did": shown["did"], **_params(name, shown, typed)}
            return await operate(self._frame.parts, name, asked, quiet)

        return run

    async def _shown(self, visit: Visit, url: str) -> Json:
        """The record, which must be of a publisher that may be written for."""
        visit.publisher(str(parse_did_url(url).did))
        return await read.show(self._frame.parts, {"url": url.partition("?")[0]}, quiet)

    async def _page(
        self,
        request: Request,
        visit: Visit,
        typed: Typed,
        shown: Json,
        error: FrostError | None = None,
    ) -> Response:
        deed = DEEDS[_name(request)]
        faults: Mapping[str, Any] = {}
        if error is not None and deed.fault_at and error.code != "idempotency.reused":
            faults = {deed.fault_at: str(error)}
        values = {
            "deed": deed,
            "typed": typed,
            "record": shown,
            "faults": faults,
            "problem": told(error) if error is not None else None,
        }
        document = {
            "deed": _name(request),
            "about": deed.about,
            "record": {name: shown[name] for name in ("url", "type", "title", "header")},
            "fields": [field_json(field) for field in deed.fields],
            "values": {name: text for name, text in typed.items() if name != ONCE},
            "faults": dict(faults),
        }
        status = http_status(error) if error is not None else 200
        return await self._frame.page("deed.html", visit, values, document, status=status)


def _name(request: Request) -> str:
    return request.url.path.rpartition("/")[2]


def _params(name: str, shown: Json, typed: Typed) -> Json:
    match name:
        case "withdraw":
            return {"url": shown["url"]}
        case "deprecate":
            said = {field: typed.get(field, "").strip() or None for field in ("successor", "note")}
            return {"dataset": shown["url"], **said}
        case _:
            used = [line.strip() for line in typed.get("used", "").split("\n") if line.strip()]
            if not used:
                raise LocalError("usage", "made from", found="nothing", expected="one name a line")
            activity = {
                field: text
                for field in ("name", "code", "container")
                if (text := typed.get(f"activity.{field}", "").strip())
            }
            return {"target": shown["url"], "used": used, "activity": activity or None}
