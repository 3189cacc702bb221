"""What one peer may cost: connections at once, and bytes and frames that bring nothing.

What brings something is not counted against a peer, however much it is; a peer that sends again what is
here, or pads what it sends, spends its own budget, and when that is spent it is left alone for a while.
"""

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

import trio

from frostnode.ports import Clock
from frostnode.protocol.errors import TransportError
from frostnode.protocol.limits import (
    PEER_BUDGET_S,
    PEER_CONNECTIONS_MAX,
    PEER_WASTE_BYTES_MAX,
    PEER_WASTE_FRAMES_MAX,
)
from frostnode.replicate.world import PeerStatus
from frostnode.wire import AsyncBytes, PeerTransport


class Meter:
    """Counts what comes from one peer."""

    def __init__(self, status: PeerStatus, clock: Clock) -> None:
        self._status = status
        self._clock = clock
        self._begun_s = clock.monotonic_s()

    def reward(self) -> None:
        """What came was good for something."""
        self._status.wasted_bytes = self._status.wasted_frames = 0

    def take(self, *, bytes_: int = 0, frames: int = 0) -> None:
        """Count what came.

        Raises:
            TransportError: transport.budget
        """
        now_s = self._clock.monotonic_s()
        if now_s - self._begun_s >= PEER_BUDGET_S:
            self._begun_s = now_s
            self.reward()
        if bytes_:
            self._status.bytes += bytes_
            self._status.heard_s = now_s
        self._status.wasted_bytes += bytes_
        self._status.wasted_frames += frames
        self._check("bytes", self._status.wasted_bytes, PEER_WASTE_BYTES_MAX)
        self._check("frames", self._status.wasted_frames, PEER_WASTE_FRAMES_MAX)

    def _check(self, what: str, found: int, limit: int) -> None:
        if found > limit:
            raise TransportError(
                "transport.budget", f"{what} that brought nothing", found=found, expected=f"≤ {limit}"
            )


class MeteredTransport:
    """A `frostnode.wire.PeerTransport` for one peer: what comes is counted, and not too much at once."""

    def __init__(self, transport: PeerTransport, meter: Meter) -> None:
        self._transport = transport
        self._meter = meter
        self._open = trio.CapacityLimiter(PEER_CONNECTIONS_MAX)

    async def fetch(self, url: str, *, bytes_max: int) -> bytes:
        """The body of a 200 answer to GET `url`."""
        async with self._open:
            answer = await self._transport.fetch(url, bytes_max=bytes_max)
        self._meter.take(bytes_=len(answer))
        return answer

    def stream(self, url: str) -> AsyncBytes:
        """Chunks of a long answer."""
        return _MeteredBytes(self._transport.stream(url), self._meter, self._open)

    async def post(self, url: str, body: bytes, *, bytes_max: int) -> bytes:
        """The body of a 200 answer to POST `url` with a JSON document."""
        async with self._open:
            answer = await self._transport.post(url, body, bytes_max=bytes_max)
        self._meter.take(bytes_=len(answer))
        return answer

    async def send(self, url: str, chunks: AsyncIterator[bytes], *, bytes_max: int) -> bytes:
        """The body of a 200 answer to POST `url` with frames."""
        async with self._open:
            answer = await self._transport.send(url, chunks, bytes_max=bytes_max)
        self._meter.take(bytes_=len(answer))
        return answer

    async def exchange(self, url: str, body: bytes, *, bytes_max: int) -> tuple[int, str, bytes]:
        """(status, media type, body) of any answer to POST `body`."""
        async with self._open:
            status, kind, answer = await self._transport.exchange(url, body, bytes_max=bytes_max)
        self._meter.take(bytes_=len(answer))
        return status, kind, answer


class _MeteredBytes:
    """An open answer that is counted."""

    def __init__(self, chunks: AsyncBytes, meter: Meter, limiter: trio.CapacityLimiter) -> None:
        self._chunks = chunks
        self._meter = meter
        self._open = limiter

    async def __aenter__(self) -> Self:
        await self._open.acquire_on_behalf_of(self)
        try:
            await self._chunks.__aenter__()
        except BaseException:  # it was not opened, for whatever reason
            self._open.release_on_behalf_of(self)
            raise
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._chunks.__aexit__(exc_type, exc, trace)
        finally:
            self._open.release_on_behalf_of(self)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        chunk = await anext(self._chunks)
        self._meter.take(bytes_=len(chunk))
        return chunk
