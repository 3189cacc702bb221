"""What nodes ask each other beside logs: in which heads they differ, and whom else there is to ask.

Nothing here needs a signature or an account; both answers are bounded whatever is asked (spec/05-sync.md).
"""

from collections.abc import Callable, Sequence
from typing import Any

import trio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from frostnode.ports import LogStore, Worker
from frostnode.protocol.errors import LocalError
from frostnode.protocol.head_ranges import EVERYTHING, Bounds
from frostnode.protocol.limits import HEAD_RANGES_MAX, PEERS_LISTED_MAX
from frostnode.protocol.names import Did
from frostnode.replicate.cursor import cursor_at
from frostnode.replicate.head_index import HeadIndex
from frostnode.replicate.range_listing import RangesPage, parse_bounds, ranges_json

_NOW = {"cache-control": "no-store"}
_CHANGING = {"cache-control": "public, max-age=5"}


class NeighbourResources:
    """The handlers. `listed` answers the URLs of the nodes that this one lists, `carries` who is served to others."""

    def __init__(
        self,
        store: LogStore,
        worker: Worker,
        listed: Callable[[], Sequence[str]],
        *,
        carries: Callable[[Did], bool],
    ) -> None:
        self._store = store
        self._worker = worker
        self._listed = listed
        self._heads = HeadIndex(carries)
        self._asking = trio.Lock()

    def routes(self) -> list[Route]:
        """One path each; they stand before those of the pages of heads, which contain one of them."""
        return [Route("/frost/heads/ranges", self.ranges), Route("/frost/peers", self.peers)]

    async def ranges(self, request: Request) -> Response:
        """The heads of this node by ranges: of everything, or of each range that is asked for."""
        texts = request.query_params.getlist("range")
        if len(texts) > HEAD_RANGES_MAX:
            raise LocalError("usage", "ranges", found=len(texts), expected=f"≤ {HEAD_RANGES_MAX}")
        asked = [parse_bounds(text) for text in texts] or [EVERYTHING]
        async with self._asking:  # one at a time: an expensive question waits for its turn
            page = await self._worker.run(lambda: self._page(asked))
        return JSONResponse(page, headers=_NOW)

    def _page(self, asked: Sequence[Bounds]) -> dict[str, Any]:
        with self._store.read() as reader:
            heads = self._heads.refresh(reader)
            cursor = cursor_at(reader, reader.last_arrival()).to_bytes()
        return ranges_json(RangesPage(cursor=cursor, answers=[heads.answer(bounds) for bounds in asked]))

    async def peers(self, request: Request) -> Response:
        """Some nodes that this one follows and has reached."""
        return JSONResponse({"peers": list(self._listed())[:PEERS_LISTED_MAX]}, headers=_CHANGING)
