"""The first page of editing: what a publisher has published and begun."""

from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from frostnode.access_port import Scope
from frostnode.edge.http.asked import quiet, whole_number
from frostnode.edge.http.editing.deeds import DEEDS
from frostnode.edge.http.editing.frame import Frame
from frostnode.edge.http.editing.visitors import ROOT, Visit
from frostnode.edge.http.links import record_path
from frostnode.edge.http.pages import paged
from frostnode.editing_port import Draft
from frostnode.operations import read
from frostnode.operations.parts import Json, Parts
from frostnode.protocol.names import DATASET, Did
from frostnode.protocol.records import PROFILE, PROFILE_KEY

_STEP: Final = 20
_OFFSET_MAX: Final = 2**31


class Desk:
    """The handler."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self) -> list[Route]:
        """One path."""
        return [Route(ROOT, self.show)]

    async def show(self, request: Request) -> Response:
        """Drafts and datasets of one publisher.

        Raises:
            LocalError: session.missing, token.scope, publisher.not-hosted, usage
        """
        visit = await self._frame.visitors.needed(request)
        if Scope.PUBLISH not in visit.token.scopes or not visit.dids:
            nobody: Json = {"publisher": None, "others": []}
            return await self._frame.page("desk.html", visit, nobody, nobody)
        did = visit.publisher(request.query_params.get("as", ""))
        offset = whole_number(request, "offset", 0, _OFFSET_MAX)
        asked = {"did": did, "type": DATASET, "limit": _STEP + 1, "offset": offset}
        found = (await read.records(self._frame.parts, asked, quiet))["records"]
        drafts, first_draft = await self._drafts(did), whole_number(request, "drafts", 0, _OFFSET_MAX)
        values = {
            "publisher": await named(self._frame.parts, did),
            "others": await self._others(visit, did),
            "drafts": drafts[first_draft : first_draft + _STEP],
            "drafts_pager": paged(first_draft, _STEP, len(drafts), {"as": did}, by="drafts"),
            "datasets": found[:_STEP],
            "offset": offset,
            "step": _STEP,
            "is_more": len(found) > _STEP,
            "is_first": await is_first(self._frame.parts, did),
        }
        document = {
            **{name: values[name] for name in ("publisher", "others", "offset", "step")},
            "more": values["is_more"],
            "first": values["is_first"],
            "new": f"{ROOT}/dataset?{urlencode({'as': did})}",
            "drafts": [draft_json(draft) for draft in drafts],
            "datasets": [{**entry, **_deeds(entry["url"])} for entry in found[:_STEP]],
        }
        return await self._frame.page("desk.html", visit, values, document)

    async def _others(self, visit: Visit, did: Did) -> list[Json]:
        return [await named(self._frame.parts, other) for other in visit.dids if other != did]

    async def _drafts(self, did: Did) -> list[Draft]:
        store = self._frame.parts.editing
        assert store is not None  # or nobody would be signed in
        return list(await self._frame.parts.worker.run(lambda: store.drafts(did)))


def draft_json(draft: Draft) -> Json:
    """A draft, and where it is gone on with and looked at."""
    here, of = f"{ROOT}/draft/{draft.id}", urlencode({"as": draft.did})
    said = {"id": draft.id, "type": draft.type, "title": draft.title, "changed_ms": draft.changed_ms}
    return {**said, "edit": f"{here}?{of}", "preview": f"{here}/preview?{of}"}


def _deeds(url: str) -> Json:
    """Where a dataset is shown, and where something is done to it."""
    asked = urlencode({"url": url})
    return {
        "page": record_path(url),
        "edit": f"{ROOT}/dataset?{asked}",
        **{name: f"{ROOT}/{name}?{asked}" for name in ("version", *DEEDS)},
    }


async def named(parts: Parts, did: Did) -> Json:
    """A publisher with its name and badge."""
    found = await read.publisher(parts, {"did": did, "limit": 1, "offset": 0}, quiet)
    return {"did": did, "name": found["name"], "badge": found["badge"]}


async def is_first(parts: Parts, did: Did) -> bool:
    """Whether a publisher has published nothing of its own yet: then it is told that this is for ever."""

    def look() -> bool:
        with parts.catalog.read() as catalog, parts.log.read() as log:
            entries = sum(state.held.size for state in log.logs(did))
            return entries <= len(catalog.entries(did, PROFILE, PROFILE_KEY))

    return await parts.worker.run(look)
