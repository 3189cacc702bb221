"""Read what was taken from whom, and what was refused."""

from typing import Final

from frostnode.edge.sqlite.connection import Row
from frostnode.edge.sqlite.rows import Rows
from frostnode.ledger import STRANGERS, Amount, PublisherPlace, Refused
from frostnode.protocol.keys import PublicKey
from frostnode.protocol.names import Did

_PLACE: Final = """
    SELECT did, url, node FROM log JOIN publisher ON publisher.id = log.publisher
    WHERE counts = 1 AND did = ? ORDER BY epoch DESC LIMIT 1
"""
_PLACES: Final = """
    SELECT did, url, node, max(epoch) FROM log JOIN publisher ON publisher.id = log.publisher
    WHERE counts = 1 GROUP BY publisher
"""
_TAKEN_OF: Final = """
    SELECT coalesce(sum(publishers), 0), coalesce(sum(entries), 0), coalesce(sum(bytes), 0), coalesce(sum(subscriptions), 0)
    FROM taken WHERE publisher = (SELECT id FROM publisher WHERE did = ?)
"""
_REFUSALS: Final = "SELECT did, peer, code, reason, what, host, first, last, again, times FROM refusal"


class LedgerReading(Rows):
    """The reading side of the ledger. Nothing of it is ever kept back, so that a writer need not settle first."""

    def place(self, did: Did) -> PublisherPlace | None:
        """Where a held publisher says to be."""
        row = self._connection.one(_PLACE, (did,))
        return None if row is None else _place(row)

    def places(self) -> list[PublisherPlace]:
        """The same of all."""
        return [_place(row) for row in self._connection.all(_PLACES)]

    def taken_of(self, did: Did) -> Amount:
        """What was taken of a publisher, from all shares."""
        row = self._connection.one(_TAKEN_OF, (did,))
        return Amount() if row is None else Amount(*row)

    def taken_today(self, share: str, day: int) -> Amount:
        """What counted against a share in this day."""
        row = self._connection.one(
            "SELECT publishers, entries, bytes, subscriptions FROM share WHERE name = ? AND day = ?",
            (share, day),
        )
        return Amount() if row is None else Amount(*row)

    def unknown_of(self, share: str) -> Amount:
        """What is held of unknown publishers that came by a share."""
        row = self._connection.one(
            "SELECT unknown_publishers, unknown_entries, unknown_bytes FROM share WHERE name = ?", (share,)
        )
        return Amount() if row is None else Amount(*row)

    def introduced(self) -> list[Did]:
        """Publishers of whom a followed node has brought something, not strangers alone."""
        rows = self._connection.all(
            "SELECT DISTINCT did FROM taken JOIN publisher ON publisher.id = publisher WHERE share != ?",
            (STRANGERS,),
        )
        return [Did(did) for (did,) in rows]

    def refusals(self, limit: int, offset: int = 0) -> list[Refused]:
        """Newest first."""
        rows = self._connection.all(
            f"{_REFUSALS} ORDER BY last DESC, did, peer LIMIT ? OFFSET ?", (limit, offset)
        )
        return [_refused(row) for row in rows]

    def refusals_due(self, now_ms: int, limit: int) -> list[Refused]:
        """Those to be looked at again, longest due first."""
        rows = self._connection.all(f"{_REFUSALS} WHERE again <= ? ORDER BY again LIMIT ?", (now_ms, limit))
        return [_refused(row) for row in rows]

    def refusals_of(self, peer: str) -> int:
        """How many are remembered of one peer."""
        row = self._connection.one("SELECT count(*) FROM refusal WHERE peer = ?", (peer,))
        return 0 if row is None else int(row[0])

    def refused_pairs(self) -> list[tuple[str, Did, str]]:
        """(peer, publisher, code) of all."""
        return [
            (peer, Did(did), code)
            for peer, did, code in self._connection.all("SELECT peer, did, code FROM refusal")
        ]

    def not_carried(self) -> list[Did]:
        """Publishers that are held, and neither shown nor served."""
        return [Did(did) for (did,) in self._connection.all("SELECT did FROM not_carried ORDER BY did")]


def _place(row: Row) -> PublisherPlace:
    did, url, node = row[:3]
    return PublisherPlace(did=Did(did), url=url, node=None if node is None else PublicKey(node))


def _refused(row: Row) -> Refused:
    did, peer, code, reason, what, host, first, last, again, times = row
    return Refused(
        did=Did(did),
        peer=peer,
        code=code,
        reason=reason,
        what=what,
        host=host,
        first_ms=first,
        last_ms=last,
        again_ms=again,
        times=times,
    )
