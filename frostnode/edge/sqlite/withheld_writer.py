"""Write blocks, and what was done about what they name."""

from collections.abc import Iterable

from frostnode.edge.sqlite.rows import Rows
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.withheld import Block


class WithheldWriter(Rows):
    """Blocks and scrubs."""

    def put_block(self, block: Block) -> None:
        """Block a publisher or record; of one that is blocked already the reason is replaced."""
        self._db.run(
            "INSERT INTO block (did, type, key, reason, at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (did, type, key) DO UPDATE SET reason = excluded.reason",
            (block.did, block.type, block.key, block.reason, block.at_ms),
        )

    def block_bodies(self, block: Block, bodies: Iterable[Cid]) -> None:
        """Give these bodies out by their CID no longer, as long as the block stands."""
        row = self._block_id(block)
        self._db.run_many(
            "INSERT OR IGNORE INTO blocked_body VALUES (?, ?)",
            sorted((cid.digest, row) for cid in bodies),
        )

    def remove_block(self, block: Block) -> None:
        """Block it no longer."""
        row = self._block_id(block)
        self._db.run("DELETE FROM blocked_body WHERE block = ?", (row,))
        self._db.run("DELETE FROM block WHERE id = ?", (row,))

    def _block_id(self, block: Block) -> int:
        row = self._db.one(
            "SELECT id FROM block WHERE did = ? AND type = ? AND key = ?", (block.did, block.type, block.key)
        )
        assert row is not None, f"{block.name} is not blocked"
        return int(row[0])

    def scrubbed(self, place: str, arrival: int) -> None:
        """Nothing of what was erased up to this arrival lies there any more."""
        self._db.run("DELETE FROM scrub WHERE place = ? AND arrival <= ?", (place, arrival))

    def scrub_again(self, place: str, arrival: int) -> None:
        """What was erased up to this arrival lies there again."""
        self._db.run("INSERT OR IGNORE INTO scrub VALUES (?, ?)", (place, arrival))
