"""Read a node's static paths as frames, so that an archive on any web server is followed like a node.

The range proofs are put together from tiles that nobody vouches for: they are judged with the frame.
"""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import trio

from frostnode.ports import LogStore, PeerTransport, Worker
from frostnode.protocol.checkpoint import parse_checkpoint_text
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.entry import read_leaf
from frostnode.protocol.errors import FrostError, LocalError, LogError
from frostnode.protocol.frames import (
    BodiesFrame,
    BodyAbsent,
    BodyItem,
    CheckpointFrame,
    EntriesFrame,
    EventsFrame,
    Frame,
    WithheldLeaf,
    split_byte_strings,
)
from frostnode.protocol.limits import (
    BODY_BYTES_MAX,
    FRAME_BODIES_BYTES_MAX,
    HEADER_BYTES_MAX,
    IDENTITY_EVENT_BYTES_MAX,
    IDENTITY_PATH_EVENTS_MAX,
    NOTE_BYTES_MAX,
    STATIC_FETCHES_MAX,
    STATIC_PAGES_MAX,
    TILE_WIDTH,
)
from frostnode.protocol.log_state import LogState
from frostnode.protocol.merkle import Hash, leaf_hash
from frostnode.protocol.names import Did, Origin, parse_did, parse_origin
from frostnode.protocol.note import parse_note
from frostnode.protocol.range_proof import range_proof
from frostnode.protocol.tiles import bundle_path, decode_bundle, node_in_tile, tile_path

_HEADS_PAGE_BYTES_MAX = 4 * 1024 * 1024
_IDENTITY_BYTES_MAX = 2 * IDENTITY_PATH_EVENTS_MAX * (IDENTITY_EVENT_BYTES_MAX + 5)
_TILE_BYTES_MAX = TILE_WIDTH * 32
_BUNDLE_BYTES_MAX = TILE_WIDTH * (HEADER_BYTES_MAX + 2)


class _TileMissing(Exception):
    """A proof needs a tile that was not fetched yet."""

    def __init__(self, level: int, number: int) -> None:
        super().__init__()
        self.level = level
        self.number = number


@dataclass(slots=True)
class _Tree:
    """The tiles of one log that were fetched, by (tile level, number)."""

    size: int
    tiles: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def node(self, level: int, index: int) -> Hash:
        """NodeAt over the tiles; raises _TileMissing."""
        tile_level, inner = divmod(level, 8)
        number, offset = divmod(index << inner, TILE_WIDTH)
        tile = self.tiles.get((tile_level, number))
        if tile is None:
            raise _TileMissing(tile_level, number)
        return node_in_tile(tile, inner, offset >> inner)

    def width(self, level: int, number: int) -> int:
        """How many hashes the tile has in a tree of this size."""
        return min(TILE_WIDTH, (self.size >> (8 * level)) - number * TILE_WIDTH)


class StaticSource:
    """One peer's static paths. Everything is asked for only when it is needed."""

    def __init__(self, url: str, store: LogStore, worker: Worker, transport: PeerTransport) -> None:
        self._url = url
        self._store = store
        self._worker = worker
        self._transport = transport
        self._reasons: dict[tuple[str, int], str] | None = None

    async def everything(self, dids: frozenset[Did] | None) -> AsyncGenerator[list[Frame], None]:
        """All that differs from what is held here, log by log."""
        seen: set[Did] = set()
        async for head in self._heads():
            did, origin = _did_and_origin(head)
            if dids is not None and did not in dids:
                continue
            if did not in seen:
                seen.add(did)
                async for frames in self.identity(did):
                    yield frames
            async for frames in self.log(origin):
                yield frames

    async def identity(self, did: Did) -> AsyncGenerator[list[Frame], None]:
        """The identity history of one publisher."""
        raw = await self._fetch(f"/frost/{did}/identity", _IDENTITY_BYTES_MAX)
        yield [EventsFrame(did=did, events=list(split_byte_strings(raw)))]

    async def log(self, origin: Origin) -> AsyncGenerator[list[Frame], None]:
        """One log from the first leaf that is not here to its head."""
        state, at = await self._worker.run(lambda: self._state(origin))
        if state is None or state.standing is None:
            return
        note = await self._fetch_or_none(f"/frost/{origin}/checkpoint", NOTE_BYTES_MAX)
        end = state.standing.end
        if note is not None:
            yield [CheckpointFrame(origin=origin, note=note)]
        elif end is None:
            return
        size = end.size if end is not None else parse_checkpoint_text(parse_note(note or b"").text).size
        tree = _Tree(size)
        while at < size:
            stop = min(size, (at // TILE_WIDTH + 1) * TILE_WIDTH)
            entries = await self._entries(origin, tree, stop)
            yield [entries]
            async for bodies in self._bodies(entries):
                yield [bodies]
            at = stop

    def _state(self, origin: Origin) -> tuple[LogState | None, int]:
        """The log here, and the first leaf that is missing or whose body is."""
        with self._store.read() as reader:
            state = reader.log(origin)
            bodiless = reader.missing_bodies(origin, 0, 1)
        return state, min([state.held.size if state else 0, *bodiless])

    # -- pieces -----------------------------------------------------------------------------------

    async def _entries(self, origin: Origin, tree: _Tree, stop: int) -> EntriesFrame:
        """The whole bundle that ends at `stop`: what is held of it already is passed over by the follower."""
        number = (stop - 1) // TILE_WIDTH
        start = number * TILE_WIDTH
        width = stop - start
        bundle = await self._partial_or_full(
            f"/frost/{origin}/{bundle_path(number, width)}",
            f"/frost/{origin}/{bundle_path(number)}",
            _BUNDLE_BYTES_MAX,
        )
        leaves = decode_bundle(bundle)[:width]
        if len(leaves) < width:
            raise LogError(
                "tile.malformed", f"entry bundle {number} of {origin}", found=len(leaves), expected=width
            )
        bundle = bundle[: sum(2 + len(leaf) for leaf in leaves)]
        return EntriesFrame(
            origin=origin,
            size=tree.size,
            start=start,
            bundle=bundle,
            withheld=[slot async for slot in self._withheld(origin, tree, start, leaves)],
            proof=await self._proof(origin, tree, start, stop),
        )

    async def _withheld(
        self, origin: Origin, tree: _Tree, start: int, leaves: list[bytes]
    ) -> AsyncIterator[WithheldLeaf]:
        """The zero-length slots whose hash is not that of an empty leaf."""
        for offset, leaf in enumerate(leaves):
            if leaf:
                continue
            if (0, start // TILE_WIDTH) not in tree.tiles:
                await self._load(origin, tree, 0, start // TILE_WIDTH)
            found = tree.node(0, start + offset)
            if found != leaf_hash(b""):
                yield WithheldLeaf(offset, found, await self._reason(origin, start + offset))

    async def _proof(self, origin: Origin, tree: _Tree, start: int, stop: int) -> list[Hash]:
        while True:
            try:
                return range_proof(start, stop, tree.size, tree.node)
            except _TileMissing as missing:
                await self._load(origin, tree, missing.level, missing.number)

    async def _load(self, origin: Origin, tree: _Tree, level: int, number: int) -> None:
        width = tree.width(level, number)
        tile = await self._partial_or_full(
            f"/frost/{origin}/{tile_path(level, number, width)}",
            f"/frost/{origin}/{tile_path(level, number)}",
            _TILE_BYTES_MAX,
        )
        if len(tile) < width * 32:
            raise LogError(
                "tile.malformed", f"tile {level}/{number} of {origin}", found=len(tile), expected=width * 32
            )
        tree.tiles[level, number] = tile[: width * 32]

    async def _bodies(self, entries: EntriesFrame) -> AsyncIterator[BodiesFrame]:
        leaves = decode_bundle(entries.bundle)
        wanted = [
            (index, header.body)
            for index, header in enumerate(map(read_leaf, leaves))
            if header and header.body
        ]
        items: list[BodyItem] = [None] * len(leaves)
        faults: list[FrostError] = []
        for batch in _batched(wanted):
            async with trio.open_nursery() as nursery:
                for index, cid in batch:
                    nursery.start_soon(self._body_into, items, index, cid, faults)
            if faults:
                raise faults[0]
        begin = weight = 0
        for index, item in enumerate(items):
            size = len(item) if isinstance(item, bytes) else 0
            if weight and weight + size > FRAME_BODIES_BYTES_MAX:
                yield BodiesFrame(
                    origin=entries.origin, start=entries.start + begin, items=items[begin:index]
                )
                begin, weight = index, 0
            weight += size
        yield BodiesFrame(origin=entries.origin, start=entries.start + begin, items=items[begin:])

    async def _body_into(self, items: list[BodyItem], index: int, cid: Cid, faults: list[FrostError]) -> None:
        """Fetch one body; what the source does not have is absent, what fails is a fault (no nursery wraps it)."""
        try:
            items[index] = await self._transport.fetch(
                f"{self._url}/frost/body/{cid}", bytes_max=BODY_BYTES_MAX
            )
        except FrostError as error:
            if error.code == "record.withheld":
                items[index] = BodyAbsent("refused", "withheld by the source")
            elif error.code != "record.not-found":
                faults.append(error)

    async def _reason(self, origin: Origin, index: int) -> str:
        if self._reasons is None:
            self._reasons = {}
            async for page in self._pages("/frost/withheld/", "withheld"):
                self._reasons |= {
                    (str(item.get("origin")), item.get("index", -1)): str(item.get("reason")) for item in page
                }
        return self._reasons.get((origin, index), "")

    # -- fetching ---------------------------------------------------------------------------------

    async def _heads(self) -> AsyncIterator[dict[str, Any]]:
        async for page in self._pages("/frost/heads/", "heads"):
            for head in page:
                yield head

    async def _pages(self, path: str, name: str) -> AsyncIterator[list[dict[str, Any]]]:
        number: int | None = 0
        while number is not None and number < STATIC_PAGES_MAX:
            items, number = _read_page(
                await self._fetch(f"{path}{number}", _HEADS_PAGE_BYTES_MAX), name, number
            )
            yield items

    async def _fetch(self, path: str, bytes_max: int) -> bytes:
        return await self._transport.fetch(self._url + path, bytes_max=bytes_max)

    async def _fetch_or_none(self, path: str, bytes_max: int) -> bytes | None:
        try:
            return await self._fetch(path, bytes_max)
        except LocalError as error:
            if error.code == "record.not-found":
                return None
            raise

    async def _partial_or_full(self, partial: str, full: str, bytes_max: int) -> bytes:
        """A partial tile may have been dropped when the full one came."""
        found = await self._fetch_or_none(partial, bytes_max)
        return found if found is not None else await self._fetch(full, bytes_max)


def _batched(wanted: list[tuple[int, Cid]]) -> Iterator[list[tuple[int, Cid]]]:
    for at in range(0, len(wanted), STATIC_FETCHES_MAX):
        yield wanted[at : at + STATIC_FETCHES_MAX]


def _read_page(raw: bytes, name: str, number: int) -> tuple[list[dict[str, Any]], int | None]:
    """One page of a listing and the number of the next one.

    Raises:
        LogError: heads.malformed
    """
    try:
        page = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise LogError("heads.malformed", f"page {number} of {name} is not JSON") from error
    items = page.get(name) if isinstance(page, dict) else None
    following = page.get("next") if isinstance(page, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise LogError("heads.malformed", f"page {number} of {name}", expected=f"{{{name}: […], next}}")
    if following is not None and (type(following) is not int or following <= number):
        raise LogError(
            "heads.malformed", f"page after {number} of {name}", found=following, expected=f"> {number}"
        )
    return items, following


def _did_and_origin(head: dict[str, Any]) -> tuple[Did, Origin]:
    origin = str(head.get("origin"))
    parts = parse_origin(origin)
    if head.get("did") != parts.did:
        raise LogError("heads.malformed", "publisher of a head", found=head.get("did"), expected=parts.did)
    return parse_did(parts.did), Origin(origin)
