"""Take in one long answer or request: read ahead while the last batch is judged, and notice when nothing comes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from enum import Enum, auto
from typing import Final, NamedTuple, TypeAlias

import trio

from frostnode.protocol.errors import FrostError, TransportError
from frostnode.protocol.limits import (
    STREAM_BATCH_IN_BYTES_MAX,
    STREAM_CHUNKS_WAITING_MAX,
    STREAM_FRAME_S,
    STREAM_SILENCE_S,
)


class Heard(Enum):
    """What a batch was good for."""

    NOTHING_YET = auto()
    """It ended inside the frame in which it began."""
    FRAMES = auto()
    END = auto()


Judge: TypeAlias = Callable[[bytes], Awaitable[Heard]]


class _Piece(NamedTuple):
    """Bytes, after how long, and the error that came behind them."""

    data: bytes
    waited_s: float
    fault: FrostError | None = None


_CUT: Final = "the answer was cut"


async def take_in(chunks: AsyncIterator[bytes], judge: Judge) -> None:
    """Give `judge` what comes, batch by batch, until it has heard the end.

    Raises:
        TransportError: transport.timeout, when nothing comes or a frame takes too long; transport.closed,
            when the answer ends before the end was heard; what `chunks` raises
        FrostError: what `judge` raises
    """
    send, receive = trio.open_memory_channel[_Piece](STREAM_CHUNKS_WAITING_MAX)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_read, chunks, send)
        fault = await _pass_on(receive, judge)
        nursery.cancel_scope.cancel()
    if fault is not None:
        raise fault


async def _read(chunks: AsyncIterator[bytes], send: trio.MemorySendChannel[_Piece]) -> None:
    """Pass chunks on, and last what was wrong with the wire."""
    async with send:
        while True:
            begun = trio.current_time()
            piece = await _next_piece(chunks)
            await send.send(piece._replace(waited_s=trio.current_time() - begun))
            if piece.fault is not None:
                return


async def _next_piece(chunks: AsyncIterator[bytes]) -> _Piece:
    with trio.move_on_after(STREAM_SILENCE_S):
        try:
            return _Piece(await anext(chunks), 0)
        except StopAsyncIteration:
            return _Piece(b"", 0, TransportError("transport.closed", _CUT, hint="it will be resumed"))
        except TransportError as error:
            return _Piece(b"", 0, error)
    return _Piece(b"", 0, _timeout("nothing came", STREAM_SILENCE_S))


async def _pass_on(receive: trio.MemoryReceiveChannel[_Piece], judge: Judge) -> FrostError | None:
    """Judge until the end; answers what went wrong, so that no nursery wraps it."""
    waited_s = 0.0
    try:
        async for first in receive:
            piece = _with_what_waits(first, receive)
            heard = await judge(piece.data) if piece.data else Heard.NOTHING_YET
            if heard is Heard.END or piece.fault is not None:
                return None if heard is Heard.END else piece.fault
            waited_s = 0 if heard is Heard.FRAMES else waited_s + piece.waited_s
            if waited_s > STREAM_FRAME_S:
                return _timeout("a frame did not end", STREAM_FRAME_S)
    except FrostError as error:
        return error
    raise AssertionError("the reader says last what was wrong")


def _with_what_waits(first: _Piece, receive: trio.MemoryReceiveChannel[_Piece]) -> _Piece:
    """Join what came while the last batch was judged."""
    pieces = [first]
    weight = len(first.data)
    while weight < STREAM_BATCH_IN_BYTES_MAX and pieces[-1].fault is None:
        try:
            pieces.append(receive.receive_nowait())
        except (trio.WouldBlock, trio.EndOfChannel):
            break
        weight += len(pieces[-1].data)
    return _Piece(
        b"".join(piece.data for piece in pieces), sum(piece.waited_s for piece in pieces), pieces[-1].fault
    )


def _timeout(what: str, seconds: int) -> TransportError:
    return TransportError("transport.timeout", what, found=f"{seconds} s")
