"""Nodes that follow each other over loopback: a store, the real sync resources over it, followers into it."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, cast

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from frostnode.bell import Bell
from frostnode.edge.http.announcements import AnnouncementResources
from frostnode.edge.http.neighbours import NeighbourResources
from frostnode.edge.http.sync import SyncResources
from frostnode.edge.http.witness import WitnessResources
from frostnode.edge.outcomes import http_status, problem
from frostnode.edge.sqlite.store import SqliteStore
from frostnode.edge.witness import LocalWitness
from frostnode.ports import LogReader, LogStore, Worker
from frostnode.protocol.errors import FrostError
from frostnode.protocol.follow_witnesses import NO_WITNESSES, Knowledge
from frostnode.protocol.frames import Frame
from frostnode.protocol.keys import SEED_BYTES, SigningKey
from frostnode.protocol.names import Did
from frostnode.replicate.admission import PeerDoor
from frostnode.replicate.again import look_again
from frostnode.replicate.carrying import Carrying
from frostnode.replicate.follow import PeerFollower, World
from frostnode.replicate.ingest import Ingest, Outcome
from frostnode.replicate.keeper import PeerKeeper
from frostnode.replicate.known import Known
from frostnode.replicate.policy import CarryPolicy
from frostnode.replicate.witness import Witnessing
from frostnode.testing.clock import ManualClock, TrioClock
from frostnode.testing.random import SeededRandom
from frostnode.testing.worker import InlineWorker
from frostnode.wire import PeerTransport


class AppTransport(httpx.AsyncBaseTransport):
    """The network of one process: applications by host name, asked without sockets."""

    def __init__(self, apps: Mapping[str, Starlette]) -> None:
        self._apps: dict[str, httpx.ASGITransport] = {}
        for host, app in apps.items():
            self.add(host, app)
        self.asked: list[str] = []
        """Method and URL of each request, in order."""

    def add(self, host: str, app: Starlette) -> None:
        """From now on somebody answers there."""
        self._apps[host] = httpx.ASGITransport(app=app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Let the application of that host answer."""
        self.asked.append(f"{request.method} {request.url}")
        if request.url.host not in self._apps:
            raise httpx.ConnectError(f"nobody answers at {request.url.host}")
        return await self._apps[request.url.host].handle_async_request(request)


_NOWHERE: Final = cast(PeerTransport, None)
"""For parts that ask nobody."""


class PeerNode:
    """A node without its views: what it holds, and how others get it."""

    def __init__(self, folder: Path, name: str = "node", policy: CarryPolicy | None = None) -> None:
        self.clock = ManualClock()
        self.store = SqliteStore(folder / f"{name}.db", self.clock, SeededRandom(name))
        self.carrying = Carrying(self.store, self.clock, policy or CarryPolicy())
        self.has_policy = policy is not None
        self.bell = Bell()
        self.peers_changed = Bell()
        about = {"software": "frostnode", "database": ""}
        sync = SyncResources(
            store=self.store,
            worker=InlineWorker(),
            bell=self.bell,
            node=about,
            carries=self.carrying.is_carried,
        )
        seed = SeededRandom(f"witness of {name}").bytes(SEED_BYTES)
        self.witness = LocalWitness(folder / f"{name}.witness.db", SigningKey(seed))
        self.witnessing = Witnessing(
            self.store, self.witness, InlineWorker(), TrioClock(), self.bell, self.carrying.is_carried
        )
        self.listed: list[str] = []
        neighbours = NeighbourResources(
            self.store, InlineWorker(), lambda: self.listed, carries=self.carrying.is_carried
        )
        announcements = AnnouncementResources(self.world_over(_NOWHERE), self.carrying.is_carried)
        routes = [
            *WitnessResources(self.witnessing).routes(),
            *announcements.routes(),
            *neighbours.routes(),
            *sync.routes(),
        ]
        self.app = Starlette(routes=routes, exception_handlers={FrostError: _refuse})

    def close(self) -> None:
        """Give the files back."""
        self.store.close()
        self.witness.close()

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
        witnesses: Knowledge = NO_WITNESSES,
    ) -> PeerFollower:
        """Follow the node at `url`, from where that was left."""
        with self.store.write() as writer:
            writer.put_peer(url)
        if self.has_policy:
            self.carrying.refresh()
        world = self.world_over(transport, worker=worker, store=store, known=known, witnesses=witnesses)
        return PeerFollower(url, world, dids)

    def keeper(
        self,
        *urls: str,
        transport: PeerTransport,
        found: Iterable[str] = (),
        dids: frozenset[Did] | None = None,
    ) -> PeerKeeper:
        """Follow the nodes at `urls` as a running node does; `followers` of it says how it goes."""
        with self.store.write() as writer:
            for url in urls:
                writer.put_peer(url)
            for url in found:
                writer.list_peer(url)
        return PeerKeeper(
            self.world_over(transport),
            {},
            guarded=transport,
            carried=lambda _followed: dids,
            changed=self.peers_changed,
        )

    def world_over(
        self,
        transport: PeerTransport,
        *,
        worker: Worker | None = None,
        store: LogStore | None = None,
        known: Known | None = None,
        witnesses: Knowledge = NO_WITNESSES,
    ) -> World:
        """What a follower of this node works with."""
        return World(
            store=store or self.store,
            worker=worker or InlineWorker(),
            transport=transport,
            clock=TrioClock(),
            random=SeededRandom("follower"),
            changed=self.bell.ring,
            carrying=self.carrying if self.has_policy else None,
            known=known or Known(),
            witnesses=witnesses,
        )

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
