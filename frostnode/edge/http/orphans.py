"""Entries that count no more, for their publisher to fetch and publish anew (spec/05-sync.md#resources)."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from frostnode.operations.orphans import page_of_orphans
from frostnode.operations.parts import Parts
from frostnode.protocol.errors import LocalError
from frostnode.protocol.names import parse_did


@dataclass(frozen=True, slots=True)
class OrphanResources:
    """The handler, over the parts of a node."""

    parts: Parts

    def routes(self) -> list[Route]:
        """Pages from 0."""
        return [Route("/frost/{did}/orphans/{page:int}", self.orphans)]

    async def orphans(self, request: Request) -> Response:
        """A page of orphans of a publisher that is carried."""
        did = parse_did(request.path_params["did"])
        if not self.parts.carrying.is_carried(did):
            raise LocalError("publisher.unknown", did)
        page = min(request.path_params["page"], 1 << 32)
        return JSONResponse(
            await page_of_orphans(self.parts, did, page), headers={"cache-control": "no-store"}
        )
