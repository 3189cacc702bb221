"""A publisher with two histories, to each follower one; later each hears of the other."""

from collections.abc import AsyncGenerator, Iterator

import trio
from starlette.requests import Request

from frostnode.protocol.frames import CursorFrame, Frame, encode_frame
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.simulation.liars.liar import Liar, Stage

_COMMON, _EACH, _PAUSE_S = 3, 5, 2.0


class Equivocator(Liar):
    """See the module. `did` is nobody honest's."""

    def __init__(self, name: str, stage: Stage) -> None:
        super().__init__(name, stage)
        self.sides = [self._side(side) for side in range(2)]
        self.did = self.sides[0].did
        self._asked: dict[str, int] = {}

    def _side(self, side: int) -> MemoryPublisher:
        """The same key and beginning, and an end of its own."""
        publisher = MemoryPublisher(self.name)
        for at in range(_COMMON):
            publisher.put(f"common-{at}", {"title": f"Common {at}"})
        for at in range(_EACH):
            publisher.put(f"data-{at}", {"title": f"Side {side} of {at}"})
        return publisher

    async def stream(self, request: Request) -> AsyncGenerator[bytes, None]:
        """One side; from the third time on the other one."""
        asker = request.client.host if request.client else ""
        times = self._asked[asker] = self._asked.get(asker, -1) + 1
        side = (sum(asker.encode()) + times // 3) % 2
        for frame in self._frames(self.sides[side]):
            yield encode_frame(frame)
        await trio.sleep(_PAUSE_S)

    def _frames(self, publisher: MemoryPublisher) -> Iterator[Frame]:
        yield from publisher.stream()
        yield CursorFrame(cursor=self.random.bytes(32))
