"""Nodes that follow each other over loopback: a store, the real sync resources over it, followers into it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import trio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from frostnode.bell import Bell
from frostnode.edge.http.sync import SyncResources
from frostnode.edge.outcomes import http_status, problem
from frostnode.edge.sqlite.store import SqliteStore
from frostnode.ports import LogReader, LogStore, Worker
from frostnode.protocol.errors import FrostError
from frostnode.protocol.frames import Frame
from frostnode.protocol.names import Did
from frostnode.replicate.admission import PeerDoor
from frostnode.replicate.again import look_again
from frostnode.replicate.carrying import Carrying
from frostnode.replicate.follow import PeerFollower, World
from frostnode.replicate.ingest import Ingest, Outcome
from frostnode.replicate.known import Known
from frostnode.replicate.policy import CarryPolicy
from frostnode.testing.clock import ManualClock
from frostnode.testing.random import SeededRandom
from frostnode.testing.worker import InlineWorker
from frostnode.wire import PeerTransport


class TrioClock:
    """A `frostnode.ports.Clock` that is the clock of the running trio, which may be a mock."""

    def now_ms(self) -> int:
        """Milliseconds since the beginning of the run."""
        return int(trio.current_time() * 1000)

    def monotonic_s(self) -> float:
        """Seconds of the run."""
        return trio.current_time()


class PeerNode:
    """A node without its views: what it holds, and how others get it."""

    def __init__(self, folder: Path, name: str = "node", policy: CarryPolicy | None = None) -> None:
        self.clock = ManualClock()
        self.store = SqliteStore(folder / f"{name}.db", self.clock, SeededRandom(name))
        self.carrying = Carrying(self.store, self.clock, policy or CarryPolicy())
        self.has_policy = policy is not None
        self.bell = Bell()
        about = {"software": "frostnode", "database": ""}
        sync = SyncResources(
            store=self.store,
            worker=InlineWorker(),
            bell=self.bell,
            node=about,
            carries=self.carrying.is_carried,
        )
        self.app = Starlette(routes=sync.routes(), exception_handlers={FrostError: _refuse})

    def close(self) -> None:
        """Give the files back."""
        self.store.close()

    def take(self, *frames: Frame) -> None:
        """Carry what frames prove, and wake whoever follows."""
        Ingest(self.store, None).take(list(frames))
        self.bell.ring()

    def follower(
        self,
        url: str,
        transport: PeerTransport,
        dids: frozenset[Did] | None = None,
        *,
        worker: Worker | None = None,
        store: LogStore | None = None,
        known: Known | None = None,
    ) -> PeerFollower:
        """Follow the node at `url`, from where that was left."""
        with self.store.write() as writer:
            writer.put_peer(url)
        if self.has_policy:
            self.carrying.refresh()
        world = World(
            store=store or self.store,
            worker=worker or InlineWorker(),
            transport=transport,
            clock=TrioClock(),
            random=SeededRandom("follower"),
            changed=self.bell.ring,
            carrying=self.carrying if self.has_policy else None,
            known=known or Known(),
        )
        return PeerFollower(url, world, dids)

    def take_from(self, peer: str, *frames: Frame) -> Outcome:
        """Carry what a peer proves, as far as the policy lets it in."""
        with self.store.write() as writer:
            writer.put_peer(peer)
        self.carrying.refresh()
        return Ingest(self.store, peer, door=PeerDoor(self.carrying, peer)).take(list(frames))

    async def look_again(self, *followers: PeerFollower) -> None:
        """Ask for all that was refused and is carried now."""
        while await look_again(self.carrying, InlineWorker(), followers):
            pass

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until what was stored makes the condition true."""
        while True:
            heard = self.bell.listen()
            if condition():
                return
            await heard.wait(3600)

    def peer(self, url: str) -> tuple[bytes | None, str]:
        """Cursor and last error of a peer, as they are stored."""
        with self.store.read() as reader:
            return next((peer.cursor, peer.last_error) for peer in reader.peers() if peer.url == url)

    def contents(self) -> dict[str, Any]:
        """Everything that must be equal on two nodes that carry the same, by publisher."""
        with self.store.read() as reader:
            return {did: _contents(reader, did) for did in reader.dids()}


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, FrostError)
    return JSONResponse(problem(error), status_code=http_status(error), media_type="application/problem+json")


def _contents(reader: LogReader, did: Did) -> Any:
    history = reader.history(did)
    logs = [
        (
            state.origin,
            state.held,
            state.served,
            state.checkpoint,
            [reader.leaves(state.origin, at, at + 1) for at in range(state.held.size)],
            [reader.bodies(state.origin, at, at + 1) for at in range(state.held.size)],
        )
        for state in reader.logs(did)
    ]
    return [event.raw for event in history.events] if history else [], logs
