"""Extend stored logs within one transaction: leaves, the compact range, full bundles, tiles.

Nothing is hashed here but tiles: what leaves make of the tree comes with them.
The row of a log and its partial tiles are written once, when the transaction settles.
"""

from collections.abc import Sequence
from typing import Final

from frostnode.edge.sqlite.connection import Database
from frostnode.edge.sqlite.log_reader import compact_range
from frostnode.edge.sqlite.rows import TILE_LEVELS, bundle_key, damaged, tile_key
from frostnode.edge.sqlite.tree_reader import levels_above
from frostnode.protocol.errors import StorageError
from frostnode.protocol.frames import WithheldLeaf
from frostnode.protocol.growth import Growth
from frostnode.protocol.limits import TILE_WIDTH
from frostnode.protocol.log_state import Ahead
from frostnode.protocol.merkle import HASH_BYTES, Hash, leaf_hashes
from frostnode.protocol.names import Origin
from frostnode.protocol.tiles import decode_bundle, encode_bundle

_BITS: int = TILE_WIDTH.bit_length() - 1

_WITHHOLD_AGAIN: Final = """
    INSERT INTO withheld_leaf (log, leaf, hash, state, reason, header)
    SELECT ?1, ?2, hash, state, reason, header FROM withheld_leaf
    WHERE hash = ?3 AND state <> 'absent' LIMIT 1
    ON CONFLICT (log, leaf) DO UPDATE SET state = excluded.state, reason = excluded.reason, header = excluded.header
"""


class OpenLog:
    """One log within a transaction."""

    def __init__(self, database: Database, origin: Origin, *, some_erased: bool) -> None:
        row = database.one("SELECT id, size, edge, tail FROM log WHERE origin = ?", (origin,))
        if row is None:
            raise StorageError(
                "storage.conflict",
                "log to extend",
                found=f"none of {origin}",
                expected="an epoch that is known",
            )
        self._db = database
        self.id, self.size, edge, tail = row
        self._origin = origin
        self._held = compact_range(origin, self.size, edge)
        self._tail = bytearray(tail)
        self._tiles: dict[int, bytearray] = {}
        self._is_grown = False
        self._some_erased = some_erased
        self._ahead: Ahead | None = None
        self._serving: tuple[int, bytes | None] | None = None

    def append(self, growth: Growth, ahead: Ahead | None) -> None:
        """Add leaves of the bundle that is not full yet.

        Raises:
            StorageError: storage.conflict, when the log is not the one that the leaves were judged against
        """
        if growth.before != self._held:
            raise StorageError(
                "storage.conflict",
                f"tree of {self._origin}",
                found=f"{self.size} {self._held.root().hex()}",
                expected=f"{growth.start} {growth.before.root().hex()}",
            )
        self._put_withheld(growth.start, growth.withheld)
        self._tail += self._without_erased(growth) if self._some_erased else growth.bundle
        self.size, self._held, self._is_grown = growth.stop, growth.after, True
        self._ahead = ahead
        if growth.filled is not None:
            self._put_bundle(growth.filled)

    def serve(self, note: bytes | None, size: int) -> None:
        """Note that the tree of `size` leaves is signed, or proven, and held.

        Raises:
            StorageError: storage.conflict, when fewer leaves are held
        """
        if size > self.size:
            raise StorageError(
                "storage.conflict", f"leaves held of {self._origin}", found=self.size, expected=f"≥ {size}"
            )
        if note is None and self._serving is not None:
            note = self._serving[1]
        self._serving = (size, note)

    def _put_withheld(self, start: int, withheld: Sequence[WithheldLeaf]) -> None:
        """Note what a peer did not give: that is no decision of this node, so others may still give it."""
        rows = [(self.id, start + slot.offset, slot.leaf_hash, slot.reason) for slot in withheld]
        if rows:
            self._db.run_many(
                "INSERT INTO withheld_leaf (log, leaf, hash, state, reason) VALUES (?, ?, ?, 'absent', ?)",
                rows,
            )

    def _without_erased(self, growth: Growth) -> bytes:
        """The leaves without those that were erased wherever else they stand: they are not taken again."""
        leaves = decode_bundle(growth.bundle)
        hashes = leaf_hashes(leaves)
        for slot in growth.withheld:
            hashes[slot.offset] = slot.leaf_hash
        for offset, leaf_hash in enumerate(hashes):
            found = self._db.run_changes(_WITHHOLD_AGAIN, (self.id, growth.start + offset, leaf_hash))
            if found:
                leaves[offset] = b""
        return encode_bundle(leaves)

    def _put_bundle(self, root: Hash) -> None:
        n = self.size // TILE_WIDTH - 1
        self._db.run("INSERT INTO bundle VALUES (?, ?)", (bundle_key(self.id, n), bytes(self._tail)))
        self._tail.clear()
        self._put_in_tile(1, n, root)

    def _put_in_tile(self, level: int, index: int, node: Hash) -> None:
        n, width = divmod(index, TILE_WIDTH)
        tile = self._tiles.get(level)
        if tile is None:
            tile = self._tiles[level] = self._partial_tile(level, n, width)
        tile += node
        if width == TILE_WIDTH - 1:
            self._write_tile(level, n, tile)
            root = levels_above([bytes(tile[at : at + HASH_BYTES]) for at in range(0, len(tile), HASH_BYTES)])
            tile.clear()
            self._put_in_tile(level + 1, n, root[-1][0])

    def _partial_tile(self, level: int, n: int, width: int) -> bytearray:
        if width == 0:
            return bytearray()
        row = self._db.one("SELECT hashes FROM tile WHERE id = ?", (tile_key(self.id, level, n),))
        if row is None or len(row[0]) != width * HASH_BYTES:
            raise damaged(f"tile {level}/{n} of {self._origin}", row and len(row[0]), width * HASH_BYTES)
        return bytearray(row[0])

    def _write_tile(self, level: int, n: int, tile: bytearray) -> None:
        self._db.run("INSERT OR REPLACE INTO tile VALUES (?, ?)", (tile_key(self.id, level, n), bytes(tile)))

    def settle(self) -> None:
        """Write down what was kept back."""
        if self._is_grown:
            for level, tile in self._tiles.items():
                if tile:
                    self._write_tile(level, self.size >> _BITS * (level + 1), tile)
            edge = b"".join(self._held.hashes)
            note, beyond = (self._ahead.note, b"".join(self._ahead.beyond)) if self._ahead else (None, None)
            self._db.run(
                "UPDATE log SET size = ?, edge = ?, tail = ?, ahead = ?, beyond = ? WHERE id = ?",
                (self.size, edge, bytes(self._tail), note, beyond, self.id),
            )
            self._is_grown = False
        if self._serving is not None:
            self._db.run(
                "UPDATE log SET served = ?, checkpoint = coalesce(?, checkpoint) WHERE id = ?",
                (*self._serving, self.id),
            )
            self._serving = None


def cut_log(database: Database, log: int, size: int, edge: bytes, tail: bytes) -> None:
    """Leave the first `size` leaves in a log: `edge` is their compact range, `tail` the bundle that they do not fill."""
    database.run(
        "UPDATE log SET size = ?, edge = ?, tail = ?, served = 0, checkpoint = NULL, ahead = NULL, "
        "beyond = NULL, astray = 0 WHERE id = ?",
        (size, edge, tail, log),
    )
    database.run("DELETE FROM withheld_leaf WHERE log = ? AND leaf >= ? AND state = 'absent'", (log, size))
    # What was erased is known by its hash for ever, at a place that no leaf has.
    database.run(
        "UPDATE OR REPLACE withheld_leaf SET leaf = -1 - leaf WHERE log = ? AND leaf >= ?", (log, size)
    )
    last = bundle_key(log + 1, 0)
    database.run("DELETE FROM bundle WHERE id >= ? AND id < ?", (bundle_key(log, size >> _BITS), last))
    for level in range(1, TILE_LEVELS):
        n, width = divmod(size >> _BITS * level, TILE_WIDTH)
        first, above = tile_key(log, level, n), tile_key(log, level + 1, 0)
        database.run(
            "UPDATE tile SET hashes = substr(hashes, 1, ?) WHERE id = ?", (width * HASH_BYTES, first)
        )
        database.run("DELETE FROM tile WHERE id >= ? AND id < ?", (first + bool(width), above))
