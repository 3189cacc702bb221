"""One byte a second, or silence: of streams, pages and files alike."""

from collections.abc import AsyncGenerator

import trio
from starlette.requests import Request
from starlette.responses import Response

from frostnode.protocol.frames import CursorFrame, encode_frame
from frostnode.testing.simulation.liars.liar import Frames, Liar


class Staller(Liar):
    """See the module."""

    async def answer(self, request: Request) -> Response:
        """Whatever is asked for."""
        if self.random.chance(0.3):
            await trio.sleep_forever()
        return Frames(self.stream(request))

    async def stream(self, request: Request) -> AsyncGenerator[bytes, None]:
        """The beginning of a frame that never ends."""
        if self.random.chance(0.5):
            yield encode_frame(CursorFrame(cursor=self.random.bytes(32)))
        yield b"\x59\x40\x00"
        while True:
            await trio.sleep(1)
            yield b"\x00"
