"""The tiles and entry bundles of one log at a static source, put together to entries frames.

Nobody vouches for a tile: a wrong one gives a proof that does not lead to the signed root.
"""

from collections.abc import Awaitable, Callable, Iterator
from typing import Final, TypeAlias

from frostnode.protocol.errors import LocalError, LogError
from frostnode.protocol.frames import EntriesFrame, WithheldLeaf
from frostnode.protocol.limits import FRAME_BYTES_MAX, TILE_WIDTH
from frostnode.protocol.merkle import HASH_BYTES, Hash, leaf_hash
from frostnode.protocol.names import Origin
from frostnode.protocol.range_proof import range_proof
from frostnode.protocol.tiles import (
    bundle_path,
    decode_bundle,
    encode_bundle,
    node_in_tile,
    place_of,
    tile_path,
)

FetchOrNone: TypeAlias = Callable[[str, int], Awaitable[bytes | None]]
"""The bytes at a path, at most so many; None when there is nothing."""

_TILE_BYTES_MAX: Final = TILE_WIDTH * HASH_BYTES


class _TileMissing(Exception):
    """A proof needs a tile that was not fetched yet."""

    def __init__(self, level: int, number: int) -> None:
        super().__init__()
        self.level = level
        self.number = number


class StaticTree:
    """The tree of the first `size` leaves of a log, at a source that says that it has `offered` of them.

    The two differ where the source has not heard that the epoch ended at `size`.
    """

    def __init__(self, fetch: FetchOrNone, origin: Origin, size: int, offered: int) -> None:
        self._fetch = fetch
        self._origin = origin
        self._size = size
        self._offered = offered
        self._tiles: dict[tuple[int, int], bytes] = {}

    async def entries(self, start: int, stop: int, reason: Callable[[int], Awaitable[str]]) -> EntriesFrame:
        """Leaves [start, stop), from the beginning of a bundle on, with their proof.

        Raises:
            LogError: tile.malformed; LocalError: record.not-found; TransportError
        """
        number = start // TILE_WIDTH
        leaves = decode_bundle(await self._one_of(self._bundle_paths(number), FRAME_BYTES_MAX))
        if len(leaves) < stop - start:
            raise self._malformed(f"entry bundle {number}", len(leaves), stop - start)
        del leaves[stop - start :]
        withheld = [
            WithheldLeaf(offset, found, await reason(start + offset))
            for offset, leaf in enumerate(leaves)
            if not leaf and (found := await self._leaf_hash(start + offset)) != leaf_hash(b"")
        ]
        frame = EntriesFrame(
            origin=self._origin,
            size=self._size,
            start=start,
            bundle=encode_bundle(leaves),
            withheld=withheld,
            proof=await self._proof(start, stop),
        )
        self._tiles.pop((0, number), None)
        return frame

    async def _leaf_hash(self, index: int) -> Hash:
        """The leaf hash that the source claims: a bundle has nothing where a leaf is withheld, or empty."""
        if (0, index // TILE_WIDTH) not in self._tiles:
            await self._load(0, index // TILE_WIDTH)
        return self._node(0, index)

    async def _proof(self, start: int, stop: int) -> list[Hash]:
        while True:
            try:
                return range_proof(start, stop, self._size, self._node)
            except _TileMissing as missing:
                await self._load(missing.level, missing.number)

    def _node(self, level: int, index: int) -> Hash:
        """NodeAt over the tiles; raises _TileMissing."""
        place = place_of(level, index)
        tile = self._tiles.get((place.level, place.n))
        if tile is None:
            raise _TileMissing(place.level, place.n)
        return node_in_tile(tile, place.level_in_tile, place.index_in_tile)

    async def _load(self, level: int, number: int) -> None:
        width = self._width(self._size, level, number)
        paths = [tile_path(level, number, width) for width in self._widths(level, number)]
        tile = await self._one_of(paths, _TILE_BYTES_MAX)
        if len(tile) < width * HASH_BYTES:
            raise self._malformed(f"tile {level}/{number}", len(tile), width * HASH_BYTES)
        self._tiles[level, number] = tile[: width * HASH_BYTES]

    def _bundle_paths(self, number: int) -> list[str]:
        return [bundle_path(number, width) for width in self._widths(0, number)]

    def _widths(self, level: int, number: int) -> Iterator[int]:
        """How wide the tile may be there: as this tree needs it, as the source's tree has it, or full since."""
        widths = (
            self._width(self._size, level, number),
            self._width(self._offered, level, number),
            TILE_WIDTH,
        )
        return iter(dict.fromkeys(widths))

    @staticmethod
    def _width(size: int, level: int, number: int) -> int:
        return min(TILE_WIDTH, (size >> (8 * level)) - number * TILE_WIDTH)

    async def _one_of(self, paths: list[str], bytes_max: int) -> bytes:
        for path in paths:
            found = await self._fetch(f"/frost/{self._origin}/{path}", bytes_max)
            if found is not None:
                return found
        raise LocalError("record.not-found", f"{paths[0]} of {self._origin} is not at the source")

    def _malformed(self, what: str, found: int, expected: int) -> LogError:
        return LogError("tile.malformed", f"{what} of {self._origin}", found=found, expected=f"≥ {expected}")
