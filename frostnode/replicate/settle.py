"""Ask trusted witnesses which of two histories of a publisher they have cosigned, while neither is followed.

What they answer is judged by the very follower that judges what peers send: a cosignature counts wherever
it comes from. Once the history is decided, the logs that were passed over are asked of the peers.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from frostnode.bell import Bell
from frostnode.ports import LogReader
from frostnode.protocol.errors import FrostError, StorageError
from frostnode.protocol.frames import CheckpointFrame
from frostnode.protocol.limits import (
    FORK_ASK_INTERVAL_S,
    FORK_LOGS_ASKED_MAX,
    NOTE_BYTES_MAX,
)
from frostnode.protocol.names import Did, Origin, format_origin
from frostnode.protocol.witness import origin_digest
from frostnode.replicate.follow import PeerFollower
from frostnode.replicate.ingest import Ingest, Outcome
from frostnode.replicate.world import World


@dataclass(slots=True)
class Settling:
    """The one who asks for a node."""

    world: World
    bell: Bell
    _next_s: dict[Did, float] = field(default_factory=dict)

    async def run(self) -> None:
        """Ask for ever, while there is somebody to ask."""
        while any(witness.url for witness in self.world.witnesses.trusted):
            heard = self.bell.listen()
            with suppress(StorageError):  # the next round meets it again
                await self.once()
            await heard.wait(FORK_ASK_INTERVAL_S)

    async def once(self) -> None:
        """Ask about each publisher that was not asked about a moment ago.

        Raises:
            StorageError
        """
        for origins in await self.world.worker.run(self._due):
            await self._ask(origins)

    def _due(self) -> list[list[Origin]]:
        """The logs to be asked about, publisher by publisher."""
        now = self.world.clock.monotonic_s()
        with self.world.store.read() as reader:
            forked = reader.forked()
            due = [did for did in forked if self._next_s.get(did, now) <= now]
            self._next_s = {did: self._next_s.get(did, now) for did in forked}
            self._next_s |= dict.fromkeys(due, now + FORK_ASK_INTERVAL_S)
            return [undecided_logs(reader, did) for did in due]

    async def _ask(self, origins: Sequence[Origin]) -> None:
        for witness in self.world.witnesses.trusted:
            for origin in origins if witness.url else ():
                url = f"{witness.url.rstrip('/')}/{origin_digest(origin).hex()}/checkpoint"
                try:
                    note = await self.world.transport.fetch(url, bytes_max=NOTE_BYTES_MAX)
                    outcome = await self._take(origin, note)
                except StorageError:
                    raise
                except FrostError:
                    continue  # a witness that is silent, or wrong, says nothing
                await self._fill(outcome)

    async def _take(self, origin: Origin, note: bytes) -> Outcome:
        ingest = Ingest(self.world.store, None, witnesses=self.world.witnesses)
        outcome = await self.world.worker.run(
            partial(ingest.take, [CheckpointFrame(origin=origin, note=note)])
        )
        if outcome.stored:
            self.world.changed()
        return outcome

    async def _fill(self, outcome: Outcome) -> None:
        """Ask the peers for the logs that count now, one after the other until the log is here."""
        if not outcome.gaps:
            return

        def peers() -> list[str]:
            with self.world.store.read() as reader:
                return [peer.url for peer in reader.peers()]

        for url in await self.world.worker.run(peers):
            follower = PeerFollower(url, self.world)
            for origin in outcome.gaps:
                with suppress(FrostError):
                    await follower.fetch(origin)


def undecided_logs(reader: LogReader, did: Did) -> list[Origin]:
    """The logs of the events between which a history is undecided, and of those below them."""
    history = reader.history(did)
    if history is None:
        return []
    events = [history.event(cid) for cid in history.undecided[:FORK_LOGS_ASKED_MAX]]
    return [format_origin(did, signed.event.n, signed.cid) for signed in events if signed is not None]
