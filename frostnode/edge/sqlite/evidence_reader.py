"""Read what proves that the key of an epoch has signed two trees, and what became of the one that lost."""

from frostnode.edge.sqlite.rows import Rows
from frostnode.protocol.evidence import Evidence
from frostnode.protocol.merkle import HASH_BYTES, Hash
from frostnode.protocol.names import Origin
from frostnode.protocol.tiles import decode_bundle


class EvidenceReader(Rows):
    """Evidence, one for each log at most."""

    def evidence(self, origin: Origin) -> Evidence | None:
        """What is kept of a log."""
        row = self._db.one(
            "SELECT smaller, larger, proof FROM evidence JOIN log ON log.id = log WHERE origin = ?", (origin,)
        )
        if row is None:
            return None
        smaller, larger, proof = row
        return Evidence(origin=origin, smaller=smaller, larger=larger, proof=split_hashes(proof))

    def disputed(self) -> list[Origin]:
        """Logs of which evidence is kept, of epochs that count and are open, sorted."""
        sql = "SELECT origin FROM log WHERE frozen = 1 AND counts = 1 AND end_size IS NULL ORDER BY origin"
        return [Origin(origin) for (origin,) in self._db.all(sql)]

    def astray(self) -> list[Origin]:
        """Logs that are held as another tree than that of their end, sorted."""
        rows = self._db.all("SELECT origin FROM log WHERE astray = 1 AND counts = 1 ORDER BY origin")
        return [Origin(origin) for (origin,) in rows]

    def strays(self, number: int) -> list[bytes]:
        """The leaves that an arrival took out of their log; b"" where one was withheld."""
        rows = self._db.all("SELECT leaves FROM stray WHERE arrival = ? ORDER BY start", (number,))
        return [leaf for (leaves,) in rows for leaf in decode_bundle(leaves)]


def split_hashes(data: bytes) -> tuple[Hash, ...]:
    """Hashes that are stored one after the other; whether they are whole is for their reader to notice."""
    return tuple(data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES))
