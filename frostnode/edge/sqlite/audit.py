"""Everything as it is stored, for `log.fsck` to judge: nothing is checked or corrected on the way."""

from collections.abc import Iterator, Sequence
from typing import Final

from frostnode.edge.sqlite.body_reader import find
from frostnode.edge.sqlite.evidence_reader import split_hashes
from frostnode.edge.sqlite.identity_writer import read_choices
from frostnode.edge.sqlite.reader import Reader
from frostnode.edge.sqlite.rows import LOG_SHIFT, TILE_LEVEL_SHIFT, log_id
from frostnode.log.audit import StoredBody, StoredLog, StoredPublisher
from frostnode.protocol.merkle import Hash
from frostnode.protocol.names import Did, Origin

_TILE_NUMBER: Final = (1 << TILE_LEVEL_SHIFT) - 1
_BUNDLE_NUMBER: Final = (1 << LOG_SHIFT) - 1
_LOGS: Final = """
    SELECT origin, size, edge, tail, served, checkpoint, ahead, beyond, frozen, astray
    FROM publisher JOIN log ON log.publisher = publisher.id WHERE did = ? ORDER BY log.id
"""
_STRAYS: Final = {
    "bundles of no log": f"SELECT count(*) FROM bundle WHERE id >> {LOG_SHIFT} NOT IN (SELECT id FROM log)",
    "tiles of no log": f"SELECT count(*) FROM tile WHERE id >> {LOG_SHIFT} NOT IN (SELECT id FROM log)",
    "bodies both here and withheld": "SELECT count(*) FROM body JOIN withheld_body USING (digest)",
}


class Audit(Reader):
    """A `frostnode.log.audit.LogAudit` over one snapshot."""

    def structure(self) -> list[str]:
        """What the database itself finds wrong with its pages, references and keys."""
        pages = [str(row[0]) for row in self._db.all("PRAGMA quick_check") if row[0] != "ok"]
        references = [
            f"row {row[1]} of {row[0]} refers to a missing row of {row[2]}"
            for row in self._db.all("PRAGMA foreign_key_check")
        ]
        strays = [(name, self._db.all(sql)[0][0]) for name, sql in _STRAYS.items()]
        return pages + references + [f"{count} {name}" for name, count in strays if count]

    def stored_publishers(self) -> Iterator[StoredPublisher]:
        """All publishers, by DID."""
        for publisher, did, tip, forked in self._db.all(
            "SELECT id, did, tip, forked FROM publisher ORDER BY did"
        ):
            events = self._db.all(
                "SELECT digest, signed FROM event WHERE publisher = ? ORDER BY id", (publisher,)
            )
            yield StoredPublisher(
                did=Did(did),
                tip=tip,
                forked=bool(forked),
                events=[(digest, signed) for digest, signed in events],
                choices=read_choices(self._db, publisher),
            )

    def stored_logs(self, did: Did) -> list[StoredLog]:
        """All logs of a publisher, also those of void epochs."""
        return [
            StoredLog(
                did=did,
                origin=Origin(origin),
                size=size,
                edge=edge,
                tail=tail,
                served=served,
                checkpoint=checkpoint,
                ahead=ahead,
                beyond=split_hashes(beyond or b""),
                disputed=bool(disputed),
                astray=bool(astray),
            )
            for origin, size, edge, tail, served, checkpoint, ahead, beyond, disputed, astray in self._db.all(
                _LOGS, (did,)
            )
        ]

    def stored_bundles(self, origin: Origin) -> Iterator[tuple[int, bytes]]:
        """Full bundles of a log with their numbers, ascending."""
        rows = self._db.each(
            "SELECT id, leaves FROM bundle WHERE id BETWEEN ? AND ? ORDER BY id", self._keys(origin)
        )
        return ((key & _BUNDLE_NUMBER, leaves) for key, leaves in rows)

    def stored_tiles(self, origin: Origin) -> Iterator[tuple[int, int, bytes]]:
        """Tiles of a log: level, number, hashes; ascending."""
        rows = self._db.each(
            "SELECT id, hashes FROM tile WHERE id BETWEEN ? AND ? ORDER BY id", self._keys(origin)
        )
        return (
            ((key & _BUNDLE_NUMBER) >> TILE_LEVEL_SHIFT, key & _TILE_NUMBER, hashes) for key, hashes in rows
        )

    def _keys(self, origin: Origin) -> tuple[int, int]:
        """The first and last key that a bundle or tile of a log may have."""
        log = log_id(self._db, origin) or 0
        return log << LOG_SHIFT, (log + 1 << LOG_SHIFT) - 1

    def withheld_leaves(self, origin: Origin) -> dict[int, Hash]:
        """Leaf hashes of withheld leaves, by index."""
        sql = "SELECT leaf, hash FROM withheld_leaf WHERE log = ? AND leaf >= 0"
        return dict(self._db.all(sql, (log_id(self._db, origin),)))

    def stored_packs(self) -> Iterator[tuple[int, bytes]]:
        """Packs of bodies with their numbers, ascending."""
        return self._db.each("SELECT id, bodies FROM pack ORDER BY id")

    def stored_bodies(self) -> Iterator[StoredBody]:
        """The index of bodies: (pack, start, size, digest), ascending."""
        return self._db.each("SELECT pack, start, size, digest FROM body ORDER BY pack, start")

    def absent_bodies(self, digests: Sequence[bytes]) -> set[bytes]:
        """Those of the digests whose bodies are neither here nor withheld."""
        here = find(self._db, digests)
        return {digest for digest in digests if digest not in here and self._absence(digest) is None}
