"""The body of a request as it comes: bounded in bytes, in silence, and in the time that its bytes may take.

The time counts while this node waits for the sender, not while the sender waits for this node to judge.
"""

import math
from collections.abc import AsyncIterator, Callable
from typing import Self

import trio

from frostnode.protocol.errors import TransportError
from frostnode.protocol.limits import FETCH_BYTES_PER_S_MIN, FETCH_TIMEOUT_S


class BodyChunks:
    """Chunks of one body: an iterator. `moved` is called for each that came."""

    def __init__(
        self,
        chunks: AsyncIterator[bytes],
        *,
        bytes_max: int,
        silence_s: float,
        seconds_max: float = math.inf,
        moved: Callable[[], None] = lambda: None,
    ) -> None:
        self._chunks = chunks
        self._bytes_max = bytes_max
        self._silence_s = silence_s
        self._seconds_max = seconds_max
        self._moved = moved
        self._waited_s = 0.0
        self._weight = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """The next chunk.

        Raises:
            TransportError: request.too-slow, request.too-large; what the chunks raise
        """
        allowed_s = min(FETCH_TIMEOUT_S + self._weight / FETCH_BYTES_PER_S_MIN, self._seconds_max)
        left_s = allowed_s - self._waited_s
        begun = trio.current_time()
        with trio.move_on_after(max(0, min(left_s, self._silence_s))):
            chunk = await anext(self._chunks)
            self._waited_s += trio.current_time() - begun
            self._weight += len(chunk)
            if self._weight > self._bytes_max:
                raise TransportError(
                    "request.too-large", "body", found=f"> {self._bytes_max}", expected=self._bytes_max
                )
            self._moved()
            return chunk
        waited_s = self._waited_s + trio.current_time() - begun
        raise TransportError(
            "request.too-slow", "body", found=f"{self._weight} bytes in {waited_s:.0f} s of waiting"
        )

    async def whole(self) -> bytes:
        """The rest of the body."""
        return b"".join([chunk async for chunk in self])
