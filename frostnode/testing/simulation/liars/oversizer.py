"""More than any limit: frames that claim too much, streams and pages without an end."""

from collections.abc import AsyncGenerator

import trio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from frostnode.protocol.frames import BodiesFrame, CursorFrame, EventsFrame, encode_byte_string, encode_frame
from frostnode.protocol.limits import (
    CURSOR_BYTES_MAX,
    FRAME_BYTES_MAX,
    FRAME_HEADERS_MAX,
    FRAME_ITEMS_MAX,
)
from frostnode.testing.simulation.liars.liar import Frames, Liar

_PIECE = 64 * 1024


class Oversizer(Liar):
    """See the module."""

    async def answer(self, request: Request) -> Response:
        """Pages lead to pages for ever; files do not end."""
        path = request.url.path
        if path.startswith(("/frost/heads/", "/frost/withheld/")) and not path.endswith("/ranges"):
            name, number = path.split("/")[2:4]
            return JSONResponse({name: [], "next": int(number) + 1})
        if path.startswith("/frost/did") and not path.endswith("/frames"):
            return Frames(self._endless())
        return await super().answer(request)

    async def stream(self, request: Request) -> AsyncGenerator[bytes, None]:
        """One of several excesses."""
        did = self.stage.owners[0].did if self.stage.owners else ""
        match self.random.below(6):
            case 0:
                yield b"\x5a\xff\xff\xff\xff"
                async for piece in self._endless():
                    yield piece
            case 1:
                yield encode_byte_string(bytes(FRAME_BYTES_MAX + 1))
            case 2:
                yield encode_frame(CursorFrame(cursor=bytes(CURSOR_BYTES_MAX + 1)))
            case 3:
                yield encode_frame(EventsFrame(did=did, events=[b""] * (FRAME_ITEMS_MAX + 1)))
            case 4:
                origin = self.stage.owners[0].origin if self.stage.owners else ""
                yield encode_frame(BodiesFrame(origin=origin, start=0, items=[b""] * (FRAME_HEADERS_MAX + 1)))
            case _:
                while True:
                    await trio.sleep(0.05)
                    yield encode_frame(CursorFrame(cursor=self.random.bytes(32)))

    async def _endless(self) -> AsyncGenerator[bytes, None]:
        while True:
            await trio.sleep(0.1)
            yield bytes(_PIECE)
