"""Nodes that push to each other over loopback: a store, the real resources behind the real server, an `Offering`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Final

import trio
from hypercorn.config import Config
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from frostnode.bell import Bell
from frostnode.edge.http.offers import OfferResources
from frostnode.edge.http.refusals import refusal
from frostnode.edge.http.server import serve_http
from frostnode.edge.http.signed import Gate
from frostnode.edge.http.sync import SyncResources
from frostnode.edge.peer_http import HttpTransport
from frostnode.edge.request_signer import NodeSigner
from frostnode.protocol.errors import FrostError
from frostnode.protocol.keys import PublicKey, SigningKey, derive_seed, to_multibase
from frostnode.replicate.lease_desk import LeaseDesk
from frostnode.replicate.offer_desk import OfferDesk
from frostnode.replicate.offering import Offering
from frostnode.replicate.policy import CarryPolicy
from frostnode.replicate.slots import Slots
from frostnode.replicate.world import World
from frostnode.testing.clock import TrioClock
from frostnode.testing.peers import PeerNode
from frostnode.testing.random import SeededRandom
from frostnode.testing.worker import InlineWorker

_INCARNATIONS: Final = count()


class PushNode(PeerNode):
    """A node without its views, with a node key. Made again over the same folder it is what a restart leaves.

    It takes offers while it is `served` and makes them while it is `pushing`.
    """

    def __init__(
        self, folder: Path, name: str, *, is_open: bool = True, policy: CarryPolicy | None = None
    ) -> None:
        super().__init__(folder, name, policy)
        if policy is not None:
            self.carrying.refresh()
        self.name = name
        self.key = SigningKey(derive_seed(name.encode(), "node"))
        self.random = SeededRandom(name, str(next(_INCARNATIONS)))
        self.signer = NodeSigner(self.key, TrioClock(), self.random)
        self.changed = Bell()
        self.served_at = ""
        self.requests: list[str] = []
        """The paths that were asked for, in order."""
        self.answers_to_lose: list[str] = []
        """Beginnings of paths, of which the next answer each is worked for and then lost."""
        self.world = World(
            store=self.store,
            worker=InlineWorker(),
            transport=HttpTransport(),
            clock=TrioClock(),
            random=self.random,
            changed=self.bell.ring,
            carrying=self.carrying if self.has_policy else None,
        )
        self.desk = OfferDesk(
            me=self.key.public,
            world=self.world,
            slots=Slots(self.random),
            is_open=is_open,
        )
        self.offering: Offering | None = None

    @property
    def node(self) -> str:
        """The node key as text."""
        return to_multibase(self.key.public)

    def follow_node(self, url: str) -> None:
        """Make a node a peer of this home."""
        with self.store.write() as writer:
            writer.put_peer(url)
        self.changed.ring()

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        """Answer at a free port of 127.0.0.1."""
        async with HttpTransport(signer=self.signer) as transport, trio.open_nursery() as nursery:
            world = replace(self.world, transport=transport)
            leases = LeaseDesk(me=self.key.public, world=world, changed=self.changed.ring)
            resources = OfferResources(
                gate=Gate(TrioClock(), self._is_known), offers=self.desk, leases=leases
            )
            about = {"software": "frostnode", "node_key": self.node, "offers": self.desk.is_open}
            sync = SyncResources(store=self.store, worker=InlineWorker(), bell=self.bell, node=about)
            app = Starlette(
                routes=[*resources.routes(), *sync.routes()], exception_handlers={FrostError: _refuse}
            )
            settings = Config()
            settings.errorlog = settings.accesslog = None
            listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
            await nursery.start(serve_http, self._watched(app), settings, listeners)
            self.served_at = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
            yield self.served_at
            nursery.cancel_scope.cancel()

    @asynccontextmanager
    async def pushing(self) -> AsyncIterator[Offering]:
        """Offer to peers and to nodes with a lease."""
        async with HttpTransport(signer=self.signer) as transport, trio.open_nursery() as nursery:
            world = replace(self.world, transport=transport)
            self.offering = Offering(
                me=self.key.public, world=world, lease_world=world, arrived=self.bell, changed=self.changed
            )
            nursery.start_soon(self.offering.run)
            yield self.offering
            nursery.cancel_scope.cancel()

    @asynccontextmanager
    async def following(self, url: str) -> AsyncIterator[None]:
        """Follow the stream of a node."""
        async with HttpTransport() as transport, trio.open_nursery() as nursery:
            follower = self.follower(url, transport, known=self.world.known)
            nursery.start_soon(follower.run)
            yield
            nursery.cancel_scope.cancel()

    def _is_known(self, node: PublicKey) -> bool:
        return self.offering is not None and self.offering.is_neighbour(node)

    def _watched(self, app: ASGIApp) -> ASGIApp:
        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            path = scope["path"]
            self.requests.append(path)
            lost = next((item for item in self.answers_to_lose if path.startswith(item)), None)
            if lost is None:
                await app(scope, receive, send)
                return
            self.answers_to_lose.remove(lost)

            async def lose(message: Message) -> None:
                """Nothing of the answer goes out but its beginning."""
                if message["type"] == "http.response.start":
                    headers = [(b"content-length", b"1000000")]
                    await send({"type": "http.response.start", "status": 200, "headers": headers})

            await app(scope, receive, lose)

        return watched


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, FrostError)
    return refusal(error)
