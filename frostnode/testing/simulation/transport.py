"""The way out of one machine: what httpx sends, carried over the simulated network to real applications."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx
import trio

from frostnode.testing.simulation.answer import Answer
from frostnode.testing.simulation.faults import Fate
from frostnode.testing.simulation.network import Network


class SimTransport(httpx.AsyncBaseTransport):
    """Beneath a client of httpx, which leaves it to the transport to keep the time-outs that it was told."""

    def __init__(self, network: Network, name: str) -> None:
        self._network = network
        self._name = name

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request and the head of its answer."""
        body = b"".join([chunk async for chunk in cast(httpx.AsyncByteStream, request.stream)])
        fate = self._network.fate(self._name, request.url.host)
        exchange = _Exchange(self._network, self._name, request, fate)
        await exchange.connect()
        return await exchange.response(body)


class _Exchange:
    """One request on its way there and back."""

    def __init__(self, network: Network, source: str, request: httpx.Request, fate: Fate) -> None:
        self.network = network
        self.source, self.target = source, request.url.host
        self.request = request
        self.fate = fate
        self._timeouts: dict[str, Any] = request.extensions.get("timeout", {})

    def note(self, *what: object) -> None:
        """Note in the trace."""
        path = self.request.url.raw_path.decode()
        self.network.trace(self.source, "→", self.target, self.request.method, path, *what)

    @asynccontextmanager
    async def patience(self, kind: str, error: type[httpx.TimeoutException]) -> AsyncIterator[None]:
        """Wait for as long as the client was told."""
        seconds = self._timeouts.get(kind)
        with trio.move_on_after(float("inf") if seconds is None else seconds) as scope:
            yield
        if scope.cancelled_caught:
            self.note(error.__name__)
            raise error("simulated", request=self.request)

    async def connect(self) -> None:
        """Reach the target."""
        async with self.patience("connect", httpx.ConnectTimeout):
            await trio.sleep(self.fate.there_s)
            await self.network.passage(self.source, self.target)
            await self.network.passage(self.target, self.source)
        if self.fate.fails_to_connect or self.network.server(self.target) is None:
            self.note("not connected")
            raise httpx.ConnectError("simulated: nobody there", request=self.request)

    async def response(self, body: bytes) -> httpx.Response:
        """Let the target process the request, and wait for what it says first."""
        async with self.patience("read", httpx.ReadTimeout):
            if self.fate.request_is_lost:
                self.note("request lost")
                await trio.sleep_forever()
            if self.fate.is_duplicated:
                self.note("duplicated")
                await self._waste(body)
            answer = self._begin(body)
            try:
                await self._head(answer)
            except BaseException:  # whatever it is, nobody listens any more
                answer.hang_up()
                raise
        self.note(answer.status)
        return httpx.Response(
            answer.status or 0, headers=answer.headers, stream=_Body(self, answer), request=self.request
        )

    def _begin(self, body: bytes) -> Answer:
        server = self.network.server(self.target)
        if server is None:
            raise httpx.ReadError("simulated: gone", request=self.request)
        return Answer(self.network, server, self.source, self.request, body)

    async def _waste(self, body: bytes) -> None:
        """Let the request be processed once more, for nobody."""
        answer = self._begin(body)
        await answer.head.wait()
        answer.hang_up()

    async def _head(self, answer: Answer) -> None:
        await answer.head.wait()
        if answer.status is None:
            await self.dies()
        if self.fate.response_is_lost:
            self.note("response lost")
            with trio.move_on_after(self._timeouts.get("read") or 1):
                await answer.drain()
            await trio.sleep_forever()
        await trio.sleep(self.fate.back_s)
        await self.network.passage(self.target, self.source)

    async def dies(self) -> None:
        """The target is gone in the middle of an exchange: the client may or may not be told."""
        if self.fate.dies_silently:
            await trio.sleep_forever()
        raise httpx.ReadError("simulated: reset", request=self.request)


class _Body(httpx.AsyncByteStream):
    """What comes of an answer, piece by piece, in order; cut off where its fate says."""

    def __init__(self, exchange: _Exchange, answer: Answer) -> None:
        self._exchange = exchange
        self._answer = answer
        self._left = exchange.fate.cut_after

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            async with self._exchange.patience("read", httpx.ReadTimeout):
                piece = await self._answer.piece()
                if piece is None and not self._answer.is_whole:
                    await self._exchange.dies()
                await trio.sleep(self._exchange.fate.chunk_s)
                await self._exchange.network.passage(self._exchange.target, self._exchange.source)
            if piece is None:
                return
            if self._left is not None and len(piece) > self._left:
                if self._left:
                    yield piece[: self._left]
                self._exchange.note("cut")
                raise httpx.ReadError("simulated: cut", request=self._exchange.request)
            if self._left is not None:
                self._left -= len(piece)
            yield piece

    async def aclose(self) -> None:
        """Hang up."""
        self._answer.hang_up()
