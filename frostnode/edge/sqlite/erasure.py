"""Take bodies and leaves out of the store for good; the tree stays provable.

What is erased is overwritten with zeros where it lies, and remembered, so that it is not taken again.
The write-ahead log still holds it until the store truncates that, after the commit.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Final

from frostnode.edge.sqlite.body_reader import Place, find
from frostnode.edge.sqlite.connection import Database
from frostnode.edge.sqlite.rows import bundle_key, damaged
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.limits import TILE_WIDTH
from frostnode.protocol.merkle import leaf_hash
from frostnode.protocol.tiles import decode_bundle, encode_bundle

SCRUB_PLACES: Final = ("store", "catalog", "index")
"""Where bytes of what was erased may still lie after the commit: files beside the pages, and the views."""


def erase_bodies(database: Database, digests: Collection[bytes]) -> None:
    """Overwrite those of these bodies that are here, and forget where they lay: each pack is written once."""
    found = find(database, list(digests))
    places: dict[int, list[Place]] = defaultdict(list)
    for place in found.values():
        places[place[1]].append(place)
    database.run_many("DELETE FROM body WHERE digest = ?", [(digest,) for digest in found])
    emptied = {pack for pack, some in places.items() if _overwrite(database, pack, some)}
    if emptied:
        emptied -= {pack for (pack,) in database.each("SELECT pack FROM body") if pack in emptied}
        database.run_many("DELETE FROM pack WHERE id = ?", [(pack,) for pack in emptied])


def _overwrite(database: Database, pack: int, places: Sequence[Place]) -> bool:
    """Put zeros where the bodies lay; answers whether the pack has nothing else."""
    row = database.one("SELECT bodies FROM pack WHERE id = ?", (pack,))
    bodies = bytearray(b"" if row is None else row[0])
    for _, _, start, size in places:
        if len(bodies) < start + size:
            raise damaged(f"pack {pack}", f"{len(bodies)} bytes", f"≥ {start + size} bytes")
        bodies[start : start + size] = bytes(size)
    database.run("UPDATE pack SET bodies = ? WHERE id = ?", (bytes(bodies), pack))
    return not any(bodies)


def erase_leaves(database: Database, log: int, leaves: Sequence[int], state: str, reason: str) -> None:
    """Replace held leaves by their hashes: each bundle is written once."""
    by_bundle: dict[int, list[int]] = defaultdict(list)
    for leaf in leaves:
        by_bundle[leaf // TILE_WIDTH].append(leaf)
    for n, some in by_bundle.items():
        _erase_in_bundle(database, log, n, some, state, reason)


def fill_leaves(database: Database, log: int, leaves: Sequence[tuple[int, bytes]]) -> list[int]:
    """Put leaves of one bundle in the place of their hashes, where nobody here decided to have these alone."""
    filled = {
        leaf: data
        for leaf, data in leaves
        if database.run_changes(
            "DELETE FROM withheld_leaf WHERE log = ?1 AND leaf = ?2 AND state = 'absent' AND hash = ?3"
            " AND NOT EXISTS (SELECT 1 FROM withheld_leaf WHERE hash = ?3 AND state <> 'absent')",
            (log, leaf, leaf_hash(data)),
        )
    }
    if filled:
        n = next(iter(filled)) // TILE_WIDTH
        slots = _slots(database, log, n)
        for leaf, data in filled.items():
            slots[leaf % TILE_WIDTH] = data
        _write_slots(database, log, n, slots)
    return list(filled)


def _erase_in_bundle(
    database: Database, log: int, n: int, leaves: Sequence[int], state: str, reason: str
) -> None:
    slots = _slots(database, log, n)
    for leaf in leaves:
        offset = leaf % TILE_WIDTH
        if offset >= len(slots):
            raise damaged(f"bundle {n} of log {log}", f"{len(slots)} leaves", f"> {offset}")
        header = slots[offset]
        name = Cid.of(header).digest if header else None
        database.run(_WITHHOLD_LEAF, (log, leaf, leaf_hash(header), state, reason, name))
        slots[offset] = b""
    _write_slots(database, log, n, slots)


def _is_tail(database: Database, log: int, n: int) -> bool:
    row = database.one("SELECT size FROM log WHERE id = ?", (log,))
    return row is not None and n == row[0] // TILE_WIDTH


def _slots(database: Database, log: int, n: int) -> list[bytes]:
    """The leaves of a bundle, full or not."""
    if _is_tail(database, log, n):
        row = database.one("SELECT tail FROM log WHERE id = ?", (log,))
    else:
        row = database.one("SELECT leaves FROM bundle WHERE id = ?", (bundle_key(log, n),))
    return decode_bundle(row[0] if row else b"")


def _write_slots(database: Database, log: int, n: int, slots: list[bytes]) -> None:
    if _is_tail(database, log, n):
        database.run("UPDATE log SET tail = ? WHERE id = ?", (encode_bundle(slots), log))
    else:
        database.run("UPDATE bundle SET leaves = ? WHERE id = ?", (encode_bundle(slots), bundle_key(log, n)))


_WITHHOLD_LEAF: Final = """
    INSERT INTO withheld_leaf (log, leaf, hash, state, reason, header) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (log, leaf) DO UPDATE SET state = excluded.state, reason = excluded.reason WHERE state = 'absent'
"""
"""The hash of a leaf that never was here stays the one that was proven."""
