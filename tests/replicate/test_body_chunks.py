"""The body of a request: bounded in bytes, silence, pace and time, and its sender does not pay for our own slowness."""

import pytest
import trio

from frostnode.protocol.errors import TransportError
from frostnode.protocol.limits import FETCH_BYTES_PER_S_MIN, FETCH_TIMEOUT_S
from frostnode.replicate.body_chunks import BodyChunks


class Pieces:
    """So many pieces, each after a while."""

    def __init__(self, count, piece, every_s):
        self.left, self.piece, self.every_s = count, piece, every_s

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.left:
            raise StopAsyncIteration
        self.left -= 1
        await trio.sleep(self.every_s)
        return self.piece


async def fault(body):
    begun = trio.current_time()
    with pytest.raises(TransportError) as caught:
        await body.whole()
    return caught.value.code, trio.current_time() - begun


async def test_a_body_comes_whole(autojump_clock):
    moved = []
    body = BodyChunks(
        Pieces(3, b"ab", 4), bytes_max=6, silence_s=5, seconds_max=12.5, moved=lambda: moved.append(1)
    )
    assert await body.whole() == b"ababab"
    assert len(moved) == 3


async def test_one_byte_too_many(autojump_clock):
    assert await fault(BodyChunks(Pieces(3, b"ab", 1), bytes_max=5, silence_s=5)) == ("request.too-large", 3)


async def test_silence(autojump_clock):
    assert await fault(BodyChunks(Pieces(3, b"ab", 6), bytes_max=9, silence_s=5)) == ("request.too-slow", 5)


async def test_a_pace_that_is_too_slow_and_one_that_is_not(autojump_clock):
    code, lasted = await fault(BodyChunks(Pieces(99, b"a", 1), bytes_max=99, silence_s=5))
    assert (code, lasted) == ("request.too-slow", pytest.approx(FETCH_TIMEOUT_S, abs=0.1))
    piece = bytes(2 * FETCH_BYTES_PER_S_MIN)
    assert len(await BodyChunks(Pieces(99, piece, 1), bytes_max=2**30, silence_s=5).whole()) == 99 * len(
        piece
    )


async def test_the_longest_time(autojump_clock):
    piece = bytes(2 * FETCH_BYTES_PER_S_MIN)
    body = BodyChunks(Pieces(99, piece, 1), bytes_max=2**30, silence_s=5, seconds_max=50)
    code, lasted = await fault(body)
    assert (code, lasted) == ("request.too-slow", pytest.approx(50, abs=0.1))


async def test_only_waiting_counts(autojump_clock):
    body = BodyChunks(Pieces(20, b"a", 1), bytes_max=99, silence_s=5)
    async for _ in body:
        await trio.sleep(100)
