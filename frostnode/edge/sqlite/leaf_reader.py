"""Read leaves as they came: full bundles, the tail that is not full yet, and what is withheld of them."""

from frostnode.edge.sqlite.rows import Rows, bundle_key, damaged
from frostnode.ports import Leaves
from frostnode.protocol.errors import LogError
from frostnode.protocol.frames import WithheldLeaf
from frostnode.protocol.limits import TILE_WIDTH
from frostnode.protocol.merkle import Hash, leaf_hashes
from frostnode.protocol.names import Origin
from frostnode.protocol.tiles import decode_bundle


class LeafReader(Rows):
    """The leaves of logs."""

    def leaves(self, origin: Origin, start: int, stop: int) -> Leaves:
        """Held leaves [start, min(stop, size)); must not cross a bundle boundary."""
        n = start // TILE_WIDTH
        assert start >= 0 and stop <= (n + 1) * TILE_WIDTH, f"[{start}, {stop}) crosses a bundle boundary"
        row = self._db.one("SELECT id, size FROM log WHERE origin = ?", (origin,))
        count = 0 if row is None else min(stop, row[1]) - start
        if row is None or count <= 0:
            return Leaves(start=start, count=0, bundle=b"", withheld=())
        log, size = row
        bundle = self._bundle(log, n, size)
        if count < TILE_WIDTH:
            bundle = _slice(bundle, start - n * TILE_WIDTH, count)
        withheld = tuple(
            WithheldLeaf(leaf - start, leaf_hash, reason)
            for leaf, leaf_hash, reason in self._withheld_leaves(log, start, start + count)
        )
        return Leaves(start=start, count=count, bundle=bundle, withheld=withheld)

    def _bundle(self, log: int, n: int, size: int) -> bytes:
        """All that is held of the n-th bundle of a log of `size` leaves."""
        if n < size // TILE_WIDTH:
            row = self._db.one("SELECT leaves FROM bundle WHERE id = ?", (bundle_key(log, n),))
        else:
            row = self._db.one("SELECT tail FROM log WHERE id = ?", (log,))
        if row is None:
            raise damaged(f"bundle {n} of log {log}", "no row", "the leaves")
        return bytes(row[0])

    def _withheld_leaves(self, log: int, start: int, stop: int) -> list[tuple[int, Hash, str]]:
        rows = self._db.all(
            "SELECT leaf, hash, reason FROM withheld_leaf WHERE log = ? AND leaf >= ? AND leaf < ?",
            (log, start, stop),
        )
        return [(leaf, leaf_hash, reason) for leaf, leaf_hash, reason in rows]

    def _hashes_of_bundle(self, log: int, n: int, size: int) -> list[Hash]:
        """Leaf hashes of all that is held of a bundle."""
        start = n * TILE_WIDTH
        try:
            hashes = leaf_hashes(decode_bundle(self._bundle(log, n, size)))
        except LogError as error:
            raise damaged(f"bundle {n} of log {log}: {error}") from error
        for leaf, leaf_hash, _ in self._withheld_leaves(log, start, start + len(hashes)):
            hashes[leaf - start] = leaf_hash
        return hashes


def _slice(bundle: bytes, skip: int, count: int) -> bytes:
    """Cut `count` leaves after the first `skip` out of a bundle, by their lengths alone."""
    try:
        start = _after(bundle, 0, skip)
        stop = _after(bundle, start, count)
    except IndexError as error:
        raise damaged("entry bundle", f"{len(bundle)} bytes", f"{skip + count} leaves") from error
    if stop > len(bundle):
        raise damaged("entry bundle", f"{len(bundle)} bytes", f"≥ {stop} bytes")
    return bundle[start:stop]


def _after(bundle: bytes, at: int, count: int) -> int:
    for _ in range(count):
        at += 2 + (bundle[at] << 8 | bundle[at + 1])
    return at
