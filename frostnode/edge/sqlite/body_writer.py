"""Keep bodies within one transaction: packed in the order in which they come, indexed in order of digest.

A pack is about 64 KiB, so that a run of entries is read with few rows; a larger body lies alone. The
index is written once, sorted: a random order would touch as many pages as there are bodies.
"""

from collections.abc import Sequence
from typing import Final

from frostnode.edge.sqlite.body_reader import find
from frostnode.edge.sqlite.connection import Database

PACK_BYTES: Final = 64 * 1024


class BodyPacker:
    """Bodies of one transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._pack = bytearray()
        self._in_pack: dict[bytes, tuple[int, int]] = {}
        self._packed: dict[bytes, tuple[int, int, int]] = {}
        self._some_withheld = database.one("SELECT 1 FROM withheld_body LIMIT 1") is not None

    def put(self, bodies: Sequence[tuple[bytes, bytes]]) -> list[bool]:
        """Keep the bodies with these digests, except those that are here or withheld; answers which are new."""
        known = self._known([digest for digest, _ in bodies])
        pack, in_pack, packed = self._pack, self._in_pack, self._packed
        new = []
        for digest, body in bodies:
            is_new = not (digest in known or digest in in_pack or digest in packed)
            new.append(is_new)
            if is_new:
                if pack and len(pack) + len(body) > PACK_BYTES:
                    self._seal()
                in_pack[digest] = (len(pack), len(body))
                pack += body
        return new

    def _known(self, digests: Sequence[bytes]) -> set[bytes]:
        known = set(find(self._db, digests))
        if self._some_withheld:
            withheld = (
                self._db.one("SELECT digest FROM withheld_body WHERE digest = ?", (key,)) for key in digests
            )
            known.update(row[0] for row in withheld if row is not None)
        return known

    def _seal(self) -> None:
        pack = self._db.insert("INSERT INTO pack (bodies) VALUES (?)", (bytes(self._pack),))
        self._packed.update((digest, (pack, start, size)) for digest, (start, size) in self._in_pack.items())
        self._pack.clear()
        self._in_pack.clear()

    def settle(self) -> None:
        """Write down what was kept back."""
        if self._pack:
            self._seal()
        if self._packed:
            rows = [(digest, *self._packed[digest]) for digest in sorted(self._packed)]
            self._db.run_many("INSERT INTO body VALUES (?, ?, ?, ?)", rows)
            self._packed.clear()
