"""Read which peer offers which log, and what is missing here of what they offer."""

from typing import Final

from frostnode.edge.sqlite.rows import Rows
from frostnode.neighbours import Lag, Owed
from frostnode.protocol.names import Did, Origin

_WANTED: Final = "min(source.size, coalesce(log.end_size, source.size))"
"""How much of what a peer has shown of a log counts."""

_SHOWN: Final = """
    counts = 1 AND log.publisher NOT IN (SELECT publisher.id FROM block JOIN publisher USING (did) WHERE type = '')
"""
"""Of what is blocked nothing is owed."""

_FROZEN: Final = "(frozen = 1 AND end_size IS NULL)"
"""Nothing more is taken of such a log."""

_OWED: Final = f"""
    SELECT did, log.size, source.peer, source.size, {_WANTED}
    FROM log CROSS JOIN source ON source.log = log.id JOIN publisher ON publisher.id = log.publisher
    WHERE origin = ? AND {_SHOWN} AND NOT {_FROZEN} ORDER BY source.peer
"""

_OWED_LOGS: Final = f"""
    SELECT DISTINCT origin FROM source CROSS JOIN log ON log.id = source.log
    WHERE {_SHOWN} AND NOT {_FROZEN} AND {_WANTED} > log.size LIMIT ?
"""

_LAG: Final = f"""
    SELECT count(*), coalesce(sum({_WANTED} > log.size), 0), coalesce(sum(max(0, {_WANTED} - log.size)), 0)
    FROM source CROSS JOIN log ON log.id = source.log WHERE source.peer = ?1 AND {_SHOWN} AND NOT {_FROZEN}
        AND log.publisher NOT IN (
            SELECT publisher.id FROM refusal JOIN publisher USING (did) WHERE refusal.peer = ?1 AND code <> 'policy.type'
        )
"""
"""What is refused of the peer, or frozen, is not waited for: it is shown as that. A log of which some types are refused goes on."""

_FEW: Final = f"""
    SELECT count(*) FROM log
    WHERE {_SHOWN} AND (SELECT count(*) FROM source WHERE source.log = log.id) < ?
"""


_HOSTS: Final = f"""
    SELECT url, (SELECT count(*) FROM source WHERE source.log = log.id) FROM log
    WHERE accepts = 1 AND epoch > 0 AND url <> '' AND {_SHOWN}
    ORDER BY (SELECT count(*) FROM publisher JOIN followed USING (did) WHERE publisher.id = log.publisher) DESC, log.id
    LIMIT ?
"""


class SourceReader(Rows):
    """Sources of logs."""

    def offers(self, origin: Origin) -> dict[str, int]:
        """Which peers have shown a log, and up to which size."""
        rows = self._db.all(
            "SELECT peer, source.size FROM log JOIN source ON source.log = log.id WHERE origin = ?", (origin,)
        )
        return dict(rows)

    def owed(self, origin: Origin) -> Owed | None:
        """What is missing here of a log that counts, by what peers have shown; None when nothing is."""
        rows = self._db.all(_OWED, (origin,))
        if not rows or (wanted := max(row[4] for row in rows)) <= rows[0][1]:
            return None
        return Owed(
            did=Did(rows[0][0]),
            origin=origin,
            held=rows[0][1],
            wanted=wanted,
            offers={peer: size for _, _, peer, size, _ in rows},
        )

    def owed_logs(self, limit: int) -> list[Origin]:
        """Some logs of which a peer has shown more than is held here."""
        return [Origin(origin) for (origin,) in self._db.all(_OWED_LOGS, (limit,))]

    def lag(self, url: str) -> Lag:
        """How far this node is behind a peer, by what the peer has shown."""
        ((offered, logs, leaves),) = self._db.all(_LAG, (url,))
        return Lag(logs=logs, leaves=leaves, offered=offered)

    def hosts_after_moves(self, limit: int) -> list[tuple[str, int]]:
        """The hosts of open epochs after the first, of followed publishers before others; and how many peers show the log."""
        return self._db.all(_HOSTS, (limit,))

    def logs_with_few_sources(self, sources: int) -> int:
        """How many logs that count fewer than so many peers have shown."""
        ((count,),) = self._db.all(_FEW, (sources,))
        return int(count)
