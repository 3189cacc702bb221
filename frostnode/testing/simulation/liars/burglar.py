"""The log key of an open epoch, stolen from a host that goes on signing with it."""

from collections.abc import AsyncGenerator

import trio
from starlette.requests import Request

from frostnode.protocol.frames import encode_frame
from frostnode.protocol.names import format_origin
from frostnode.testing.simulation.liars.thief import Thief

_PAUSE_S = 2.0


class Burglar(Thief):
    """See the module. It signs behind whatever is true, and goes on when it is cut back: its key stays what it is."""

    async def stream(self, request: Request) -> AsyncGenerator[bytes, None]:
        """Of each log whose key it has the history up to there, and some leaves that the host never wrote."""
        for owner in self.stage.owners:
            for n, signed in enumerate(owner.history):
                origin = format_origin(owner.did, n, signed.cid)
                host = self.stage.robbed(origin)
                true = [] if host is None else await self._true_leaves(origin)
                if host is None or not true:
                    continue
                for frame in self._frames(owner, owner.log_key(host, n), origin, true, events=n + 1):
                    yield encode_frame(frame)
        await trio.sleep(_PAUSE_S)
