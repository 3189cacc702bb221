"""Keep all peers of a home: a follower for each, one of them as the full source, what is owed from the others.

`peers` decides; this asks, waits and remembers. What is owed stands in the store (sources of logs), so that
nothing is forgotten by a crash; when it came to be owed is in memory, and begins anew.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeVar

import trio

from frostnode.bell import Bell
from frostnode.neighbours import Owed, Peer
from frostnode.ports import LogReader
from frostnode.protocol.errors import FrostError
from frostnode.protocol.limits import (
    OWED_MAX,
    PEERS_CHECK_S,
    SOURCE_CHECK_S,
)
from frostnode.protocol.names import Did, Origin
from frostnode.replicate.absent import AbsentBodies
from frostnode.replicate.follow import PeerFollower
from frostnode.replicate.peers import PeerView, Wanted, choose_full, choose_peer, due_s, view_of
from frostnode.replicate.scope import read_lacking
from frostnode.replicate.world import Detail, World
from frostnode.wire import PeerTransport

T = TypeVar("T")

_LOG: Final = logging.getLogger(__name__)

_AT_ONCE: Final = 256


@dataclass(slots=True, kw_only=True)
class _Kept:
    """A follower that runs, and what it was begun with."""

    follower: PeerFollower
    dids: frozenset[Did] | None
    lacks: dict[Did, int]
    is_found: bool
    begun_s: float
    scope: trio.CancelScope


class PeerKeeper:
    """`followers` is filled with the followers that run. `carried` says which publishers to ask for.

    `guarded` is the way out to peers that nobody but other nodes has named. `changed` rings when the list
    of peers is another; `begun` is told that a peer can be asked now.
    """

    def __init__(
        self,
        world: World,
        followers: dict[str, PeerFollower],
        *,
        guarded: PeerTransport,
        carried: Callable[[list[Did]], frozenset[Did] | None],
        changed: Bell,
        begun: Callable[[], None] = lambda: None,
    ) -> None:
        self._world = world
        self._guarded = guarded
        self._carried = carried
        self._changed = changed
        self._begun = begun
        self.followers = followers
        self._kept: dict[str, _Kept] = {}
        self._turned = Bell()
        self._wanted: dict[Origin, Wanted] = {}
        self._busy: dict[Origin, str] = {}
        self._swept_s: float | None = None
        self._was_caught_up = False
        self._absent = AbsentBodies(world, followers, lambda: self.full)
        self.full: str | None = None
        """The full source."""

    async def run(self) -> None:
        """Keep them for ever."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._divide, nursery)
            nursery.start_soon(self._absent.run)
            while True:
                heard = self._changed.listen()
                peers, followed = await self._read(lambda reader: (_lacking(reader), reader.followed()))
                self._adjust(nursery, peers, self._carried(followed))
                self._turned.ring()
                await heard.wait(PEERS_CHECK_S)

    # -- followers ----------------------------------------------------------------------------------

    def _adjust(
        self,
        nursery: trio.Nursery,
        peers: list[tuple[Peer, dict[Did, int]]],
        dids: frozenset[Did] | None,
    ) -> None:
        """Begin and end followers, so that each runs for what is asked for now.

        One begins anew when there is more to be asked for again; what it has asked for meanwhile is no reason.
        """
        wanted = {peer.url: (peer, lacks) for peer, lacks in peers} if dids is None or dids else {}
        for url, kept in list(self._kept.items()):
            peer, lacks = wanted.get(url, (None, {}))
            is_same = peer is not None and (kept.dids, kept.is_found) == (dids, peer.listed_ms is not None)
            if not is_same or not lacks.items() <= kept.lacks.items():
                kept.scope.cancel()
                del self._kept[url], self.followers[url]
        for url, (peer, lacks) in wanted.items():
            if url not in self._kept:
                self._begin(nursery, peer, dids, lacks)

    def _begin(
        self, nursery: trio.Nursery, peer: Peer, dids: frozenset[Did] | None, lacks: dict[Did, int]
    ) -> None:
        is_found = peer.listed_ms is not None
        kept = _Kept(
            follower=PeerFollower(
                peer.url,
                replace(self._world, transport=self._guarded) if is_found else self._world,
                dids,
                detail=Detail.HEADS,
                behind=self._note,
                took=self._absent.note,
                turned=self._turned.ring,
            ),
            dids=dids,
            lacks=lacks,
            is_found=is_found,
            begun_s=self._world.clock.monotonic_s(),
            scope=trio.CancelScope(),
        )
        self._kept[peer.url] = kept
        self.followers[peer.url] = kept.follower
        self._choose()
        nursery.start_soon(_follow, kept)
        self._begun()

    def _views(self) -> dict[str, PeerView]:
        return {
            url: view_of(kept.follower.status, is_found=kept.is_found, begun_s=kept.begun_s)
            for url, kept in self._kept.items()
        }

    def _choose(self) -> None:
        """Have one full source, the others tell heads."""
        self.full = choose_full([*self._views().values()], self.full, self._world.clock.monotonic_s())
        for url, kept in self._kept.items():
            kept.follower.ask_for(Detail.FULL if url == self.full else Detail.HEADS)

    # -- what is owed -------------------------------------------------------------------------------

    def _note(self, origins: Iterable[Origin]) -> None:
        """A peer has shown more of these logs than is held here."""
        now_s = self._world.clock.monotonic_s()
        for origin in origins:
            if len(self._wanted) >= OWED_MAX:
                break  # what is not noted now is found by a sweep
            self._wanted.setdefault(origin, Wanted(now_s))
        self._turned.ring()

    async def _divide(self, nursery: trio.Nursery) -> None:
        """Look who sends what, and fetch what is owed, again and again."""
        while True:
            heard = self._turned.listen()
            self._choose()
            await self._sweep()
            wait_s = await self._fetch_what_is_due(nursery)
            await heard.wait(wait_s)

    async def _sweep(self) -> None:
        """Look now and then in the store for what is owed: of an earlier run, or too much to be noted."""
        now_s = self._world.clock.monotonic_s()
        is_caught_up = self.full is not None and self._kept[self.full].follower.status.caught_up
        if is_caught_up and not self._was_caught_up:
            for want in self._wanted.values():  # what it has not brought it will not bring
                want.look_s = now_s
        self._was_caught_up = is_caught_up
        if self._swept_s is None or now_s - self._swept_s >= PEERS_CHECK_S:
            self._swept_s = now_s
            for origin in await self._read(lambda reader: reader.owed_logs(_AT_ONCE)):
                self._wanted.setdefault(origin, Wanted(now_s))

    async def _fetch_what_is_due(self, nursery: trio.Nursery) -> float:
        """Begin fetching; answers in how many seconds to look again."""
        now_s = self._world.clock.monotonic_s()
        ready = [origin for origin, want in self._wanted.items() if want.look_s <= now_s][:_AT_ONCE]
        found = await self._read(partial(_owed, origins=ready)) if ready else {}
        for origin in ready:
            log = found.get(origin)
            if log is None:
                self._wanted.pop(origin, None)
            elif origin not in self._busy:
                self._fetch_if_due(nursery, log)
        looks = [want.look_s for origin, want in self._wanted.items() if origin not in self._busy]
        return min(SOURCE_CHECK_S, max(0.0, min(looks, default=_NEVER) - now_s))

    def _fetch_if_due(self, nursery: trio.Nursery, log: Owed) -> None:
        now_s, want, views = self._world.clock.monotonic_s(), self._wanted[log.origin], self._views()
        full = views.get(self.full) if self.full is not None else None
        if (due := due_s(log, want, full)) > now_s:
            want.look_s = due
            return
        url = choose_peer(log, want, views, self.full, [*self._busy.values()], now_s)
        if url is None:
            want.look_s = now_s + SOURCE_CHECK_S
            return
        if self._world.door(url).passes_over(log.did):
            del self._wanted[log.origin]  # it is refused by now: that is looked at again by itself
            return
        self._busy[log.origin] = url
        want.tried_s[url] = now_s
        nursery.start_soon(self._fetch, log.origin, self.followers[url])

    async def _fetch(self, origin: Origin, follower: PeerFollower) -> None:
        """Fetch one log from one peer, as long as something comes; what goes wrong is that peer's."""
        came, failure = 0, ""
        try:
            came = await follower.fetch(origin)
        except FrostError as error:
            failure = f"{error.code}: {error}"
        said = follower.status.failed.pop(origin, "")
        if failure:
            follower.status.failed[origin] = failure
            if failure != said:
                _LOG.warning("%s: %s: %s", follower.url, origin, failure)
        if want := self._wanted.get(origin):
            want.look_s = self._world.clock.monotonic_s()
            if came:
                want.tried_s.pop(follower.url, None)
        del self._busy[origin]
        self._turned.ring()

    async def _read(self, work: Callable[[LogReader], T]) -> T:
        def run() -> T:
            with self._world.store.read() as reader:
                return work(reader)

        return await self._world.worker.run(run)


_NEVER: Final = float("inf")


def _lacking(reader: LogReader) -> list[tuple[Peer, dict[Did, int]]]:
    """The peers, each with the publishers that it is to be asked for again."""
    return [(peer, read_lacking(reader, peer.url)) for peer in reader.peers()]


def _owed(reader: LogReader, origins: list[Origin]) -> dict[Origin, Owed]:
    found = ((origin, reader.owed(origin)) for origin in origins)
    return {origin: owed for origin, owed in found if owed is not None}


async def _follow(kept: _Kept) -> None:
    with kept.scope:
        await kept.follower.run()
