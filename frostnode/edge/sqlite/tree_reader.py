"""Hashes of subtrees of stored logs: from the tiles, and at the lowest level from the leaves themselves."""

from functools import lru_cache
from typing import Final, TypeAlias

from frostnode.edge.sqlite.leaf_reader import LeafReader
from frostnode.edge.sqlite.rows import damaged, tile_key
from frostnode.protocol.limits import TILE_WIDTH
from frostnode.protocol.merkle import HASH_BYTES, Hash, NodeAt, hash_pairs
from frostnode.protocol.names import Origin
from frostnode.protocol.tiles import place_of

_Levels: TypeAlias = tuple[tuple[Hash, ...], ...]

_TILES_REMEMBERED: Final = 64


class TreeReader(LeafReader):
    """The trees of logs."""

    def node_at(self, origin: Origin) -> NodeAt:
        """Hashes of perfect subtrees within the held leaves."""
        row = self._db.one("SELECT id, size FROM log WHERE origin = ?", (origin,))
        log, size = (0, 0) if row is None else row
        known: dict[int, tuple[int, _Levels]] = {}

        def node(level: int, index: int) -> Hash:
            assert (index + 1) << level <= size, (
                f"subtree ({level}, {index}) beyond {size} leaves of {origin}"
            )
            place = place_of(level, index)
            if place.level not in known or known[place.level][0] != place.n:
                known[place.level] = (place.n, self._levels(log, place.level, place.n, size))
            try:
                return known[place.level][1][place.level_in_tile][place.index_in_tile]
            except IndexError as error:
                raise damaged(f"tile {place.level}/{place.n} of {origin}", "too few hashes", place) from error

        return node

    def _levels(self, log: int, level: int, n: int, size: int) -> _Levels:
        if level == 0:
            return levels_above(self._hashes_of_bundle(log, n, size))
        row = self._db.one("SELECT hashes FROM tile WHERE id = ?", (tile_key(log, level, n),))
        if row is None:
            raise damaged(f"tile {level}/{n} of log {log}", "no row", "the hashes")
        return _levels_of_tile(bytes(row[0]))


@lru_cache(maxsize=_TILES_REMEMBERED)
def _levels_of_tile(tile: bytes) -> _Levels:
    """The same for a stored tile. Remembered by its bytes, so that it cannot be out of date."""
    return levels_above([tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)])


def levels_above(hashes: list[Hash]) -> _Levels:
    """The hashes of a tile and of all perfect subtrees over them, level by level."""
    assert len(hashes) <= TILE_WIDTH, f"{len(hashes)} hashes in a tile"
    levels = [tuple(hashes)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append(tuple(hash_pairs(below[: len(below) // 2 * 2])))
    return tuple(levels)
