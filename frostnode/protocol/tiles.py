"""Where things are in a tiled log: paths of tiles and entry bundles, and what is inside them.

Source of the rules: C2SP tlog-tiles, spec/04-log.md#tiles-and-bundles. Arithmetic on coordinates and
bytes only. A tile is 1 to 256 hashes of one level of tiles, which is every eighth level of the tree; a
bundle is the leaves under a tile of level 0, each after its length, a length of zero where one is withheld.
"""

import re
import struct
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from frostnode.protocol.errors import LogError
from frostnode.protocol.limits import TILE_WIDTH, TREE_SIZE_MAX
from frostnode.protocol.merkle import HASH_BYTES, Hash, hash_pairs

TILE_LEVELS: Final = 8
"""Levels of the tree in one level of tiles: 2^8 = 256."""

TILE_LEVEL_MAX: Final = 63
LEAF_BYTES_MAX: Final = 2**16 - 1
"""What the two bytes of length in a bundle can say; headers are shorter."""

_LENGTH: Final = struct.Struct(">H")
_PATH: Final = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<groups>(?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


class TilePath(NamedTuple):
    """The coordinates of a tile, or with level None of an entry bundle."""

    level: int | None
    n: int
    """Position among the tiles of its level."""
    width: int
    """Hashes or entries in it: 256, or less in the last one."""

    def __str__(self) -> str:
        return _path("entries" if self.level is None else str(self.level), self.n, self.width)


class TilePlace(NamedTuple):
    """Where in the tiles the hash of a perfect subtree is found."""

    level: int
    n: int
    level_in_tile: int
    index_in_tile: int


def tile_path(level: int, n: int, width: int = TILE_WIDTH) -> str:
    """Write the path of a tile below the prefix of its log: tile/0/x001/234.p/5.

    Raises:
        LogError: tile.path
    """
    return str(_checked(TilePath(level, n, width)))


def bundle_path(n: int, width: int = TILE_WIDTH) -> str:
    """Write the path of an entry bundle below the prefix of its log: tile/entries/x001/234.p/5.

    Raises:
        LogError: tile.path
    """
    return str(_checked(TilePath(None, n, width)))


def parse_tile_path(text: str) -> TilePath:
    """Read the path of a tile or bundle; only the one spelling is taken.

    Raises:
        LogError: tile.path
    """
    match = _PATH.fullmatch(text)
    if match is not None:
        level = None if match["level"] == "entries" else int(match["level"])
        width = TILE_WIDTH if match["width"] is None else int(match["width"])
        path = _checked(TilePath(level, int(re.sub("[x/]", "", match["groups"])), width))
        if str(path) == text:
            return path
    raise LogError(
        "tile.path", "path of a tile", found=text, expected="tile/<level or entries>/<n>[.p/<width>]"
    )


def _path(level: str, n: int, width: int) -> str:
    groups = f"{n % 1000:03d}"
    while n := n // 1000:
        groups = f"x{n % 1000:03d}/{groups}"
    return f"tile/{level}/{groups}" + ("" if width == TILE_WIDTH else f".p/{width}")


def _checked(path: TilePath) -> TilePath:
    level = path.level or 0
    if not (0 <= level <= TILE_LEVEL_MAX and path.n >= 0 and 1 <= path.width <= TILE_WIDTH):
        raise LogError(
            "tile.path", "coordinates of a tile", found=tuple(path), expected="level ≤ 63, width 1 to 256"
        )
    if (path.n * TILE_WIDTH + path.width) << TILE_LEVELS * level > TREE_SIZE_MAX:
        raise LogError(
            "tile.path", "tile beyond any tree", found=tuple(path), expected=f"≤ {TREE_SIZE_MAX} leaves"
        )
    return path


def tiles_for(size: int) -> Iterator[TilePath]:
    """List all tiles of the tree of `size`, from the lowest level up, a partial one last on its level."""
    level, hashes = 0, size
    while hashes:
        full, partial = divmod(hashes, TILE_WIDTH)
        yield from (TilePath(level, n, TILE_WIDTH) for n in range(full))
        if partial:
            yield TilePath(level, full, partial)
        level, hashes = level + 1, full


def bundles_for(size: int) -> Iterator[TilePath]:
    """List all entry bundles of the tree of `size`, a partial one last."""
    full, partial = divmod(size, TILE_WIDTH)
    yield from (TilePath(None, n, TILE_WIDTH) for n in range(full))
    if partial:
        yield TilePath(None, full, partial)


def place_of(level: int, index: int) -> TilePlace:
    """Find the tile that has the hash of the perfect subtree [index·2^level, (index+1)·2^level)."""
    tile_level, level_in_tile = divmod(level, TILE_LEVELS)
    per_tile = TILE_WIDTH >> level_in_tile
    return TilePlace(tile_level, index // per_tile, level_in_tile, index % per_tile)


def split_tile(tile: bytes, width: int = TILE_WIDTH) -> list[Hash]:
    """Cut a tile into its hashes.

    Raises:
        LogError: tile.malformed, when it is not `width` hashes
    """
    if len(tile) != width * HASH_BYTES:
        raise LogError("tile.malformed", "bytes of a tile", found=len(tile), expected=width * HASH_BYTES)
    return [tile[offset : offset + HASH_BYTES] for offset in range(0, len(tile), HASH_BYTES)]


def node_in_tile(tile: bytes, level_in_tile: int, index_in_tile: int) -> Hash:
    """Compute the hash of a perfect subtree whose base is in a tile; level 8, index 0 is the whole tile.

    Raises:
        LogError: tile.malformed, when the tile does not reach so far
    """
    if not (0 <= level_in_tile <= TILE_LEVELS and index_in_tile >= 0):
        raise LogError(
            "tile.malformed", "place in a tile", found=(level_in_tile, index_in_tile), expected="≤ 8, ≥ 0"
        )
    width = 1 << level_in_tile
    start = index_in_tile * width * HASH_BYTES
    level = split_tile(tile[start : start + width * HASH_BYTES], width)
    for _ in range(level_in_tile):
        level = hash_pairs(level)
    return level[0]


def encode_bundle(leaves: Iterable[bytes]) -> bytes:
    """Join leaves into an entry bundle; an empty one stands for what is withheld.

    Raises:
        LogError: tile.malformed, for a leaf of more than 65,535 bytes
    """
    parts: list[bytes] = []
    for leaf in leaves:
        if len(leaf) > LEAF_BYTES_MAX:
            raise LogError(
                "tile.malformed", "bytes of a leaf", found=len(leaf), expected=f"≤ {LEAF_BYTES_MAX}"
            )
        parts += (len(leaf).to_bytes(2, "big"), leaf)
    return b"".join(parts)


def runs(start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Cut [start, stop) at the boundaries of bundles."""
    while start < stop:
        border = min(stop, (start // TILE_WIDTH + 1) * TILE_WIDTH)
        yield start, border
        start = border


def decode_bundle(data: bytes, count_max: int = TILE_WIDTH) -> list[bytes]:
    """Cut an entry bundle into its leaves.

    Raises:
        LogError: tile.malformed, when it ends inside a leaf or holds more than `count_max`
    """
    leaves: list[bytes] = []
    append, length_at = leaves.append, _LENGTH.unpack_from
    offset, end = 0, len(data)
    try:
        for _ in range(count_max):
            (length,) = length_at(data, offset)
            start = offset + 2
            offset = start + length
            append(data[start:offset])
    except struct.error:
        pass  # no further length: fine where the last leaf ended, and only there
    if offset != end:
        found = f"{len(leaves)} leaves end at byte {offset} of {end}"
        raise LogError("tile.malformed", "entry bundle", found=found, expected=f"≤ {count_max} whole leaves")
    return leaves
