"""Read whom this home follows, pushes to and hosts, and its settings."""

from frostnode.edge.sqlite.rows import Rows
from frostnode.neighbours import Hosted, Lease, Peer
from frostnode.protocol.keys import PublicKey
from frostnode.protocol.names import Did, Origin


class NeighbourReader(Rows):
    """Peers, leases, publishers followed and hosted, settings."""

    def peers(self) -> list[Peer]:
        """Nodes that this one follows, by URL."""
        rows = self._db.all("SELECT url, cursor, added, last_seen, error, listed FROM peer ORDER BY url")
        return [
            Peer(
                url=url,
                cursor=cursor,
                added_ms=added,
                last_seen_ms=last_seen,
                last_error=error,
                listed_ms=listed,
            )
            for url, cursor, added, last_seen, error, listed in rows
        ]

    def followed(self) -> list[Did]:
        """Publishers that this home asked for, sorted."""
        return [Did(did) for (did,) in self._db.all("SELECT did FROM followed ORDER BY did")]

    def leases(self) -> list[Lease]:
        """Nodes that asked to be pushed to, expired ones included, by URL."""
        rows = self._db.all("SELECT node, url, expires FROM lease ORDER BY url, node")
        return [Lease(node=PublicKey(node), url=url, expires_ms=expires) for node, url, expires in rows]

    def offered(self, node: PublicKey) -> int:
        """The arrival up to which a node was offered everything; 0 before the first."""
        row = self._db.one("SELECT arrival FROM offered WHERE node = ?", (node,))
        return 0 if row is None else int(row[0])

    def hosted(self) -> list[Hosted]:
        """Epochs whose log keys this home holds, by DID and origin."""
        rows = self._db.all("SELECT did, origin, key_label FROM hosted ORDER BY did, origin")
        return [Hosted(did=Did(did), origin=Origin(origin), key_label=label) for did, origin, label in rows]

    def hosted_log(self, origin: Origin) -> Hosted | None:
        """The same for one epoch."""
        row = self._db.one("SELECT did, origin, key_label FROM hosted WHERE origin = ?", (origin,))
        return None if row is None else Hosted(did=Did(row[0]), origin=Origin(row[1]), key_label=row[2])

    def setting(self, name: str) -> str | None:
        """A setting of this home."""
        row = self._db.one("SELECT value FROM setting WHERE name = ?", (name,))
        return None if row is None else str(row[0])
