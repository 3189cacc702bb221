"""Find further nodes through those that are followed, when logs have too few sources.

Trust: a list is a hint of a stranger. What it names is asked who it is, over a guarded way out; it is asked
for what is owed and never for everything, and there are never many. What the operator added is not touched.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

import trio

from frostnode.bell import Bell
from frostnode.neighbours import Peer
from frostnode.ports import LogWriter
from frostnode.protocol.errors import FrostError, LocalError, LogError
from frostnode.protocol.json_object import read_object
from frostnode.protocol.limits import (
    DISCOVER_INTERVAL_S,
    FOUND_PEER_EXPIRES_S,
    FOUND_PEER_SILENT_S,
    FOUND_PEERS_MAX,
    FOUND_PER_PEER_MAX,
    NODE_URL_BYTES_MAX,
    PEERS_LISTED_MAX,
    SOURCES_MIN,
)
from frostnode.replicate.about import About, ask_about
from frostnode.replicate.follow import PeerFollower
from frostnode.replicate.node_url import may_be_public, node_url
from frostnode.replicate.world import World
from frostnode.wire import PeerTransport

PEERS_PATH: Final = "/frost/peers"
LIST_BYTES_MAX: Final = PEERS_LISTED_MAX * (NODE_URL_BYTES_MAX + 8) + 1024
"""Of the answer there."""


def read_list(raw: bytes) -> list[str]:
    """The nodes that a peer lists, in its order; what is no URL of a node is passed over.

    Raises:
        LogError: heads.malformed
    """
    listed = (read_object(raw) or {}).get("peers")
    if not isinstance(listed, list):
        raise LogError("heads.malformed", "list of peers", expected="{peers: […]}")
    urls: list[str] = []
    for text in listed[:PEERS_LISTED_MAX]:
        try:
            url = node_url(text) if isinstance(text, str) else ""
        except LocalError:
            continue
        if url and url not in urls:
            urls.append(url)
    return urls


def expired(peers: Sequence[Peer], now_ms: int) -> list[str]:
    """Found peers that nobody lists any more, or that have been silent for too long."""
    return [
        peer.url
        for peer in peers
        if peer.listed_ms is not None
        and (
            now_ms - peer.listed_ms > FOUND_PEER_EXPIRES_S * 1000
            or now_ms - (peer.last_seen_ms or peer.added_ms) > FOUND_PEER_SILENT_S * 1000
        )
    ]


class Discovery:
    """Looks around now and then."""

    def __init__(
        self,
        world: World,
        followers: Mapping[str, PeerFollower],
        *,
        guarded: PeerTransport,
        changed: Bell,
        own_url: str,
        is_on: bool,
        allows_private: bool,
    ) -> None:
        self._world = world
        self._followers = followers
        self._guarded = guarded
        self._changed = changed
        self._own_url = own_url
        self._own = ""
        self._is_on = is_on
        self._allows_private = allows_private
        self._abouts: dict[str, About] = {}

    async def run(self) -> None:
        """Look around for ever."""
        while True:
            await trio.sleep(DISCOVER_INTERVAL_S * (1 + self._world.random.fraction()) / 2)
            await self.look()

    def listed(self) -> list[str]:
        """The nodes to tell others of: those that were reached, still work, and did not ask to be left out."""
        return [
            url
            for url, follower in sorted(self._followers.items())
            if follower.status.reached_s is not None
            and not follower.status.error
            and (about := self._abouts.get(url)) is not None
            and about.is_listed
        ]

    async def look(self) -> None:
        """Ask those that are followed who they are and whom they know; drop and add found peers."""
        peers, few, self._own = await self._world.worker.run(self._stored)
        gone = expired(peers, self._world.clock.now_ms())
        kept = [peer for peer in peers if peer.url not in gone]
        self._abouts = {url: about for url, about in self._abouts.items() if url in self._followers}
        reached = [peer.url for peer in kept if self._is_reached(peer.url)]
        for url in reached:
            if url not in self._abouts and (about := await self._about(url, self._transport(url))):
                self._abouts[url] = about
        seen: set[str] = set()
        new: list[str] = []
        if self._is_on and (few or any(peer.listed_ms is not None for peer in kept)):
            for url in reached:
                await self._ask(url, kept, seen, new, wants_more=bool(few))
        if gone or seen or new:
            await self._world.worker.run(partial(self._write, gone, [*sorted(seen), *new]))
        if gone or new:
            self._changed.ring()

    def _stored(self) -> tuple[list[Peer], int, str]:
        with self._world.store.read() as reader:
            return reader.peers(), reader.logs_with_few_sources(SOURCES_MIN), reader.database.hex()

    def _write(self, gone: Sequence[str], listed: Sequence[str]) -> None:
        def run(writer: LogWriter) -> None:
            for url in gone:
                writer.remove_peer(url)
            for url in listed:
                writer.list_peer(url)

        with self._world.store.write() as writer:
            run(writer)

    def _is_reached(self, url: str) -> bool:
        follower = self._followers.get(url)
        return follower is not None and follower.status.reached_s is not None and not follower.status.error

    def _transport(self, url: str) -> PeerTransport:
        return self._followers[url].world.transport

    async def _ask(
        self, url: str, peers: Sequence[Peer], seen: set[str], new: list[str], *, wants_more: bool
    ) -> None:
        """Take in the list of one peer: those that are known are `seen`, some others are `new`."""
        try:
            raw = await self._transport(url).fetch(f"{url}{PEERS_PATH}", bytes_max=LIST_BYTES_MAX)
            listed = read_list(raw)
        except FrostError:
            return  # it does not list, or not well: others may
        known = {peer.url: peer.listed_ms is not None for peer in peers}
        seen.update(each for each in listed if known.get(each))
        room = FOUND_PEERS_MAX - sum(known.values()) - len(new)
        candidates = [
            each for each in listed if each not in known and each not in new and self._may_ask(each)
        ]
        for each in candidates[: min(room, FOUND_PER_PEER_MAX) if wants_more else 0]:
            about = await self._about(each, self._guarded)
            if about is not None and self._is_another(about):
                self._abouts[each] = about
                new.append(each)

    def _may_ask(self, url: str) -> bool:
        return url != self._own_url and (self._allows_private or may_be_public(url))

    def _is_another(self, about: About) -> bool:
        """Whether it is a node that is not known under another address, and does not mind."""
        known = {self._own, *(each.database for each in self._abouts.values())}
        return about.is_listed and bool(about.database) and about.database not in known

    async def _about(self, url: str, transport: PeerTransport) -> About | None:
        try:
            return await ask_about(transport, url)
        except FrostError:
            return None
