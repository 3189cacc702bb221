"""Keep up with one peer: its live stream, the logs that the stream showed gaps of, its static paths.

Trust: none. A peer can waste this task's time and bandwidth, within the limits, and nothing else.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlencode

import trio

from frostnode.ports import AsyncBytes, Clock, LogStore, Peer, PeerTransport, Random, Worker
from frostnode.protocol.errors import FrostError, LocalError, TransportError
from frostnode.protocol.follow_actions import Finished, Gap
from frostnode.protocol.frames import Frame
from frostnode.protocol.limits import (
    PEER_BACKOFF_FIRST_S,
    PEER_BACKOFF_MAX_S,
    STREAM_BATCH_IN_BYTES_MAX,
    STREAM_CHUNKS_WAITING_MAX,
    STREAM_SILENCE_S,
)
from frostnode.protocol.names import Did
from frostnode.replicate.cursor import cursor_text
from frostnode.replicate.ingest import Ingest, Outcome
from frostnode.replicate.static import StaticSource


@dataclass(slots=True)
class PeerStatus:
    """What people see of a peer while the node runs."""

    url: str
    connected: bool = False
    caught_up: bool = False
    entries: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What following needs of the world."""

    store: LogStore
    worker: Worker
    transport: PeerTransport
    clock: Clock
    random: Random
    changed: Callable[[], None]
    """Called after a commit: a hint for whoever follows the arrivals."""


@dataclass(slots=True)
class PeerFollower:
    """One peer. `dids` None carries all that the peer has."""

    url: str
    world: World
    dids: frozenset[Did] | None = None
    status: PeerStatus = field(init=False)

    def __post_init__(self) -> None:
        self.status = PeerStatus(self.url)

    async def run(self) -> None:
        """Follow for ever; every failure is noted, shown and tried again later."""
        backoff_s = float(PEER_BACKOFF_FIRST_S)
        while True:
            before = self.status.entries
            try:
                await self._session(live=True)
            except FrostError as error:
                await self._note(error)
            self.status.connected = False
            if self.status.entries > before:
                backoff_s = float(PEER_BACKOFF_FIRST_S)
            await trio.sleep(backoff_s * (0.5 + self.world.random.fraction()))
            backoff_s = min(backoff_s * 2, PEER_BACKOFF_MAX_S)

    async def once(self) -> None:
        """Take all that the peer has now, then return.

        Raises:
            TransportError, PeerError, StorageError
        """
        try:
            await self._session(live=False)
        except FrostError as error:
            await self._note(error)
            raise

    async def _note(self, error: FrostError) -> None:
        self.status.error = f"{error.code}: {error}"

        def write() -> None:
            with self.world.store.write() as writer:
                writer.peer_reached(self.url, None, self.status.error)

        await self.world.worker.run(write)

    def _peer(self) -> Peer | None:
        with self.world.store.read() as reader:
            return next((peer for peer in reader.peers() if peer.url == self.url), None)

    async def _session(self, *, live: bool) -> None:
        peer = await self.world.worker.run(self._peer)
        cursor = peer.cursor if peer else None
        query = [("live", "true" if live else "false")]
        query += [("did", did) for did in sorted(self.dids or ())]
        if cursor is not None:
            query.append(("since", cursor_text(cursor)))
        ingest = Ingest(self.world.store, self.url)
        try:
            await self._stream(ingest, f"/frost/stream?{urlencode(query)}")
        except LocalError as error:
            if error.code == "cursor.unknown":
                await self.world.worker.run(self._forget_cursor)
                raise TransportError(
                    "transport.status", f"{self.url} does not know our cursor", hint="beginning anew"
                ) from error
            if error.code != "record.not-found":
                raise
            await self._static(ingest)
        self.status.caught_up = True
        self.status.error = ""

    def _forget_cursor(self) -> None:
        with self.world.store.write() as writer:
            writer.forget_cursor(self.url)

    async def _stream(self, ingest: Ingest, path: str) -> None:
        """Feed one answer to `ingest` until the peer ends it: one task reads while the last batch is judged."""
        send, receive = trio.open_memory_channel[bytes | FrostError](STREAM_CHUNKS_WAITING_MAX)
        async with self.world.transport.stream(self.url + path) as chunks:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_read, chunks, send)
                fault = await self._digest(ingest, receive)
                nursery.cancel_scope.cancel()
        if fault is not None:
            raise fault

    async def _digest(
        self, ingest: Ingest, receive: trio.MemoryReceiveChannel[bytes | FrostError]
    ) -> FrostError | None:
        """Judge chunks until the end; answers what went wrong, so that no nursery wraps it."""
        try:
            async for item in receive:
                if isinstance(item, FrostError):
                    return item
                self.status.connected = True
                batch = item + _waiting(receive)
                outcome = await self.world.worker.run(partial(ingest.feed, batch))
                await self._after(ingest, outcome)
                if outcome.finished is not None:
                    return _closed(self.url, outcome.finished)
        except FrostError as error:
            return error
        return TransportError(
            "transport.unreachable", f"the stream of {self.url} was cut", hint="will be resumed"
        )

    async def _after(self, ingest: Ingest, outcome: Outcome) -> None:
        """Wake whoever waits for arrivals; fill the gaps that a batch showed."""
        self.status.entries += outcome.entries
        if outcome.stored:
            self.world.changed()
        for fork in outcome.forks:
            self.status.error = f"checkpoint.fork: {fork.origin} is signed two ways"
        for did in sorted(outcome.unknown_ancestors):
            await self._feed_static(ingest, self._static_source().identity(did))
        for gap in outcome.gaps.values():
            await self._fill(gap)
        if outcome.gaps or outcome.unknown_ancestors:
            await self.world.worker.run(ingest.save_cursor)

    async def _fill(self, gap: Gap) -> None:
        """Fetch one log from the first leaf that is not here."""
        path = f"/frost/{gap.origin}/frames?{urlencode({'from': gap.held, 'bodies': gap.held})}"
        ingest = Ingest(self.world.store, None)
        try:
            await self._stream(ingest, path)
        except LocalError as error:
            if error.code != "record.not-found":
                raise
            await self._feed_static(ingest, self._static_source().log(gap.origin))

    def _static_source(self) -> StaticSource:
        return StaticSource(self.url, self.world.store, self.world.worker, self.world.transport)

    async def _static(self, ingest: Ingest) -> None:
        """Follow a peer that has nothing but the static paths."""
        self.status.connected = True
        await self._feed_static(ingest, self._static_source().everything(self.dids))

    async def _feed_static(self, ingest: Ingest, frames: AsyncGenerator[list[Frame], None]) -> None:
        async with aclosing(frames) as batches:
            async for batch in batches:
                outcome = await self.world.worker.run(partial(ingest.take, batch))
                self.status.entries += outcome.entries
                if outcome.stored:
                    self.world.changed()


async def _read(chunks: AsyncBytes, send: trio.MemorySendChannel[bytes | FrostError]) -> None:
    """Pass chunks on; a silent or broken wire is passed on as the error that it is."""
    async with send:
        try:
            while True:
                with trio.fail_after(STREAM_SILENCE_S):
                    chunk = await anext(chunks, None)
                if chunk is None:
                    return
                await send.send(chunk)
        except trio.TooSlowError:
            await send.send(
                TransportError("transport.timeout", "nothing came", found=f"{STREAM_SILENCE_S} s")
            )
        except TransportError as error:
            await send.send(error)


def _waiting(receive: trio.MemoryReceiveChannel[bytes | FrostError]) -> bytes:
    """What came while the last batch was worked on; an error among it is found again by its closed channel."""
    parts: list[bytes] = []
    weight = 0
    while weight < STREAM_BATCH_IN_BYTES_MAX:
        try:
            item = receive.receive_nowait()
        except (trio.WouldBlock, trio.EndOfChannel):
            break
        if isinstance(item, FrostError):
            break
        parts.append(item)
        weight += len(item)
    return b"".join(parts)


def _closed(url: str, finished: Finished) -> FrostError | None:
    if finished.complete:
        return None
    return TransportError("transport.unreachable", f"{url} closed the stream: {finished.reason}")
