"""Where a node is told of identity events: the address under which it tells them itself (spec/05-sync.md#announcements)."""

from collections.abc import Callable

import trio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from frostnode.edge.http.signed import RequestChunks
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import ANNOUNCED_BYTES_MAX, ANNOUNCEMENTS_AT_ONCE_MAX, REQUEST_BODY_TIMEOUT_S
from frostnode.protocol.names import Did, parse_did
from frostnode.replicate.announce import take_announced
from frostnode.replicate.body_chunks import BodyChunks
from frostnode.replicate.world import World


class AnnouncementResources:
    """The handler. `carries` says whose events are taken."""

    def __init__(self, world: World, carries: Callable[[Did], bool]) -> None:
        self._world = world
        self._carries = carries
        self._limit = trio.CapacityLimiter(ANNOUNCEMENTS_AT_ONCE_MAX)

    def routes(self) -> list[Route]:
        """The path of the history, to be written to."""
        return [Route("/frost/{did}/identity", self.announce, methods=["POST"])]

    async def announce(self, request: Request) -> Response:
        """Take events, and say which one counts last now."""
        did = parse_did(request.path_params["did"])
        if not self._carries(did):
            raise LocalError("publisher.unknown", did)
        if self._limit.available_tokens < 1:
            raise LocalError(
                "queue.full",
                "announcements under way",
                found=ANNOUNCEMENTS_AT_ONCE_MAX + 1,
                expected=f"≤ {ANNOUNCEMENTS_AT_ONCE_MAX}",
                hint="try again",
            )
        async with self._limit:
            body = BodyChunks(
                RequestChunks(request),
                bytes_max=ANNOUNCED_BYTES_MAX,
                silence_s=REQUEST_BODY_TIMEOUT_S,
                seconds_max=REQUEST_BODY_TIMEOUT_S,
            )
            tip = await take_announced(self._world, did, await body.whole())
        return JSONResponse({"tip": tip}, headers={"cache-control": "no-store"})
