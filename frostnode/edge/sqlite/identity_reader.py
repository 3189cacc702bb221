"""Read the identity histories of publishers."""

from typing import Final

from frostnode.edge.sqlite.identity_writer import read_choices
from frostnode.edge.sqlite.rows import Rows, publisher_id
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.history import History
from frostnode.protocol.names import Did

_ASIDE: Final = """
    (SELECT count(*) FROM event WHERE publisher = publisher.id)
    > (SELECT count(*) FROM log WHERE publisher = publisher.id AND counts = 1)
"""
"""Each event that counts has one log that counts."""


class IdentityReader(Rows):
    """Identity events and what was chosen among them."""

    def dids(self) -> list[Did]:
        """Every publisher with a history here, sorted."""
        return [
            Did(did) for (did,) in self._db.all("SELECT did FROM publisher WHERE tip NOT NULL ORDER BY did")
        ]

    def history(self, did: Did) -> History | None:
        """The history of a publisher, a new one at each call."""
        publisher = publisher_id(self._db, did)
        if publisher is None:
            return None
        events = self._events(publisher)
        return History.load(did, events, read_choices(self._db, publisher)) if events else None

    def forked(self) -> list[Did]:
        """Publishers whose identity is forked: of two histories neither is followed yet."""
        return [
            Did(did) for (did,) in self._db.all("SELECT did FROM publisher WHERE forked = 1 ORDER BY did")
        ]

    def contested(self) -> list[Did]:
        """Publishers of whom more events are kept than count: those with two histories are among them; sorted."""
        return [Did(did) for (did,) in self._db.all(f"SELECT did FROM publisher WHERE {_ASIDE} ORDER BY did")]

    def is_contested(self, did: Did) -> bool:
        """Whether more events of a publisher are kept than count."""
        return self._db.one(f"SELECT 1 FROM publisher WHERE did = ? AND {_ASIDE}", (did,)) is not None

    def vouched(self, did: Did) -> dict[Cid, frozenset[str]]:
        """Which trusted witnesses have cosigned epochs of a publisher whose identity is forked, by opening event."""
        rows = self._db.all(
            "SELECT event, witness FROM vouched WHERE publisher = ?", (publisher_id(self._db, did),)
        )
        found: dict[Cid, frozenset[str]] = {}
        for event, witness in rows:
            cid = Cid.from_digest(event)
            found[cid] = found.get(cid, frozenset()) | {witness}
        return found

    def _events(self, publisher: int) -> list[bytes]:
        rows = self._db.all("SELECT signed FROM event WHERE publisher = ? ORDER BY id", (publisher,))
        return [signed for (signed,) in rows]
