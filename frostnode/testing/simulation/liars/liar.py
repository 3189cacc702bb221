"""What all liars have in common: a name, an application, chance of their own, and honest nodes to listen to."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from frostnode.protocol.names import Origin
from frostnode.testing.random import SeededRandom
from frostnode.testing.simulation.owner import Host, Owner

FRAMES: Final = "application/vnd.frostnode.stream+cbor-seq"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where a liar stands: whom it may listen to, and what was stolen for it."""

    random: SeededRandom
    client: httpx.AsyncClient
    upstream: Sequence[str]
    """URLs of honest nodes."""
    owners: Sequence[Owner]
    """Honest publishers. What they sign is public; a liar takes no key of theirs but `stolen` ones."""
    stolen: Callable[[Owner], Host | None]
    """The host whose seed the epochs of a publisher before the open one were kept by."""
    robbed: Callable[[Origin], Host | None]
    """The host that a log's key was stolen from, while it goes on signing with it."""


class Liar:
    """See the module. By default nothing is there."""

    def __init__(self, name: str, stage: Stage) -> None:
        self.name = name
        self.stage = stage
        self.random = stage.random

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The application."""
        response = await self.answer(Request(scope, receive))
        await response(scope, receive, send)

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        if request.url.path == "/frost/node":
            return JSONResponse({"software": "frostnode", "name": self.name, "database": "00" * 16})
        if request.url.path == "/frost/stream":
            return Frames(self.stream(request))
        return JSONResponse({"code": "record.not-found"}, 404, media_type="application/problem+json")

    async def stream(self, request: Request) -> AsyncGenerator[bytes, None]:
        """What the stream says."""
        pieces: tuple[bytes, ...] = ()
        for piece in pieces:
            yield piece


class Frames(StreamingResponse):
    """Pieces of a stream; what makes them is closed when nobody listens."""

    def __init__(self, pieces: AsyncGenerator[bytes, None]) -> None:
        super().__init__(pieces, media_type=FRAMES)
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say it."""
        async with aclosing(self._pieces):
            await super().__call__(scope, receive, send)
