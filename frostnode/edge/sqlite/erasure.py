"""Take bodies and leaves out of the store for good; the tree stays provable.

What is erased is overwritten with zeros where it lies, and remembered, so that it is not taken again.
The write-ahead log still holds it until the store truncates that, after the commit.
"""

from frostnode.edge.sqlite.connection import Database
from frostnode.edge.sqlite.rows import bundle_key, damaged
from frostnode.protocol.limits import TILE_WIDTH
from frostnode.protocol.merkle import leaf_hash
from frostnode.protocol.tiles import decode_bundle, encode_bundle


def erase_body(database: Database, digest: bytes) -> None:
    """Overwrite a body, if it is here, and forget where it lay."""
    row = database.one("SELECT pack, start, size FROM body WHERE digest = ?", (digest,))
    if row is None:
        return
    pack, start, size = row
    bodies = database.one("SELECT bodies FROM pack WHERE id = ?", (pack,))
    if bodies is None or len(bodies[0]) < start + size:
        raise damaged(f"pack {pack}", bodies and len(bodies[0]), f"≥ {start + size} bytes")
    database.run("DELETE FROM body WHERE digest = ?", (digest,))
    if size == len(bodies[0]):
        database.run("DELETE FROM pack WHERE id = ?", (pack,))
    else:
        zeroed = bodies[0][:start] + bytes(size) + bodies[0][start + size :]
        database.run("UPDATE pack SET bodies = ? WHERE id = ?", (zeroed, pack))


def erase_leaf(database: Database, log: int, leaf: int, state: str, reason: str) -> None:
    """Replace a held leaf by its hash."""
    n, offset = divmod(leaf, TILE_WIDTH)
    size, tail = database.one("SELECT size, tail FROM log WHERE id = ?", (log,)) or (0, b"")
    assert leaf < size, f"leaf {leaf} of log {log} is not held"
    in_tail = n == size // TILE_WIDTH
    row = (
        (tail,) if in_tail else database.one("SELECT leaves FROM bundle WHERE id = ?", (bundle_key(log, n),))
    )
    leaves = decode_bundle(row[0] if row else b"")
    if offset >= len(leaves):
        raise damaged(f"bundle {n} of log {log}", f"{len(leaves)} leaves", f"> {offset}")
    database.run(
        "INSERT OR IGNORE INTO withheld_leaf VALUES (?, ?, ?, ?, ?)",
        (log, leaf, leaf_hash(leaves[offset]), state, reason),
    )
    leaves[offset] = b""
    if in_tail:
        database.run("UPDATE log SET tail = ? WHERE id = ?", (encode_bundle(leaves), log))
    else:
        database.run("UPDATE bundle SET leaves = ? WHERE id = ?", (encode_bundle(leaves), bundle_key(log, n)))
