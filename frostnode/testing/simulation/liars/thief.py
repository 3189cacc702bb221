"""An old log key of an honest publisher, put to use after the epoch that it signed was ended."""

from collections.abc import AsyncGenerator, Iterator

import httpx
import trio
from starlette.requests import Request

from frostnode.protocol.checkpoint import Checkpoint, sign_checkpoint
from frostnode.protocol.frames import (
    CheckpointFrame,
    EntriesFrame,
    EventsFrame,
    Frame,
    FrameDecoder,
    encode_frame,
)
from frostnode.protocol.keys import SigningKey
from frostnode.protocol.limits import TILE_WIDTH
from frostnode.protocol.merkle import EMPTY_RANGE, leaf_hashes
from frostnode.protocol.names import Origin, format_origin
from frostnode.protocol.range_proof import range_proof
from frostnode.protocol.tiles import decode_bundle, encode_bundle
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.simulation.liars.liar import Liar
from frostnode.testing.simulation.owner import Owner

_LEAVES, _PAUSE_S = 5, 2.0


class Thief(Liar):
    """See the module. As long as no publisher has given up a key, there is nothing to steal."""

    async def stream(self, request: Request) -> AsyncGenerator[bytes, None]:
        """Of each publisher the history, and a tree that its old key never signed before.

        To those who may not know of the end it goes on behind the true leaves; to the others, who are told
        of the end first, it is any other tree.
        """
        for owner in self.stage.owners:
            host = self.stage.stolen(owner)
            if host is None:
                continue
            n = len(owner.history) - 2
            key, end = owner.log_key(host, n), owner.history[n + 1].event.end
            origin = format_origin(owner.did, n, owner.history[n].cid)
            is_told = self.random.chance(0.5)
            true = [] if is_told else await self._true_leaves(origin)
            if end is not None and (is_told or len(true) == end.size):
                for frame in self._frames(owner, key, origin, true, events=n + 2 if is_told else n + 1):
                    yield encode_frame(frame)
        await trio.sleep(_PAUSE_S)

    async def _true_leaves(self, origin: Origin) -> list[bytes]:
        """All leaves of an epoch, as an honest node has them."""
        leaves: list[bytes] = []
        decoder = FrameDecoder()
        url = f"{self.random.pick(self.stage.upstream)}/frost/{origin}/frames?from=0"
        try:
            found = await self.stage.client.get(url)
        except httpx.HTTPError:
            return []
        for frame in decoder.feed(found.content) if found.status_code == 200 else ():
            if isinstance(frame, EntriesFrame):
                leaves += decode_bundle(frame.bundle)
        return leaves

    def _frames(
        self, owner: Owner, key: SigningKey, origin: Origin, true: list[bytes], *, events: int
    ) -> Iterator[Frame]:
        forged = MemoryPublisher(self.name)
        for leaf in true:
            forged.append(leaf, None)
        for at in range(1 + self.random.below(_LEAVES)):
            forged.put(f"data-{at}", {"title": f"Forged {at}"})
        tree = EMPTY_RANGE.extend(leaf_hashes(forged.leaves))
        yield EventsFrame(did=owner.did, events=[signed.raw for signed in owner.history[:events]])
        yield CheckpointFrame(
            origin=origin, note=sign_checkpoint(Checkpoint(origin, tree.size, tree.root()), key)
        )
        for start in range(0, tree.size, TILE_WIDTH):
            stop = min(start + TILE_WIDTH, tree.size)
            yield EntriesFrame(
                origin=origin,
                size=tree.size,
                start=start,
                bundle=encode_bundle(forged.leaves[start:stop]),
                proof=range_proof(start, stop, tree.size, forged.node),
            )
