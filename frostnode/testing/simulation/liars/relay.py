"""A liar that passes on what honest nodes say, altered: frame by frame, and file by file."""

from collections.abc import AsyncGenerator, Iterable, Iterator

import httpx
import trio
from starlette.requests import Request
from starlette.responses import Response

from frostnode.edge.peer_http import HttpBytes
from frostnode.protocol.errors import FrostError
from frostnode.protocol.frames import Frame, FrameDecoder, encode_frame
from frostnode.testing.simulation.liars.liar import Frames, Liar

_PAUSE_S = 1.0


class Relay(Liar):
    """See the module. What a kind of relay changes is in `tamper` and `alter`."""

    async def answer(self, request: Request) -> Response:
        """Ask an honest node the same."""
        path = request.url.path
        if path == "/frost/stream" or path.endswith("/frames"):
            return Frames(self.stream(request))
        try:
            found = await self.stage.client.get(self._upstream(request))
        except httpx.HTTPError:
            return Response(status_code=503)
        body = self.alter(path, found.content) if found.status_code == 200 else found.content
        if body is None:
            return Response(status_code=404)
        return Response(body, found.status_code, media_type=found.headers.get("content-type"))

    async def stream(self, request: Request) -> AsyncGenerator[bytes, None]:
        """What an honest node says, tampered with; when that ends, so does this."""
        decoder = FrameDecoder()
        try:
            async with HttpBytes(self.stage.client, "GET", self._upstream(request)) as chunks:
                async for chunk in chunks:
                    for piece in self._pieces(decoder.feed(chunk)):
                        await trio.lowlevel.checkpoint()
                        yield piece
        except FrostError:
            await trio.sleep(_PAUSE_S)

    def _upstream(self, request: Request) -> str:
        """The same resource of another honest node than the one that asks. Cursors are dropped now and then: all is said again."""
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        if "since=" in target and self.random.chance(0.3):
            target = f"{request.url.path}?live=true"
        asker = f"http://{request.client.host}" if request.client else ""
        others = [url for url in self.stage.upstream if url != asker]
        return self.random.pick(others or self.stage.upstream) + target

    def _pieces(self, frames: Iterable[Frame]) -> Iterator[bytes]:
        for frame in frames:
            yield from self.tamper(frame)

    def tamper(self, frame: Frame) -> Iterator[bytes]:
        """What is said in place of a frame."""
        yield encode_frame(frame)

    def alter(self, path: str, body: bytes) -> bytes | None:
        """What a file is instead; None for not there."""
        return body
