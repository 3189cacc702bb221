"""Write whom this home follows, pushes to and hosts, and its settings."""

from collections.abc import Mapping
from typing import Final

from frostnode.edge.sqlite.connection import Database
from frostnode.edge.sqlite.rows import Rows
from frostnode.neighbours import Hosted, Lease
from frostnode.ports import Clock
from frostnode.protocol.keys import PublicKey
from frostnode.protocol.names import Did, Origin

_PUT_SOURCE: Final = """
    INSERT INTO source (log, peer, size) SELECT log.id, peer.url, ?1 FROM peer, log WHERE peer.url = ?2 AND origin = ?3
    ON CONFLICT (log, peer) DO UPDATE SET size = excluded.size
    WHERE excluded.size > size OR (excluded.size < size AND NOT ?4)
"""


class NeighbourWriter(Rows):
    """Peers, leases, publishers followed and hosted, settings."""

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__(database)
        self._clock = clock

    def put_peer(self, url: str) -> None:
        """Follow a node; one that was found belongs to the operator from now on."""
        self._db.run(
            "INSERT INTO peer (url, added) VALUES (?, ?) ON CONFLICT (url) DO UPDATE SET listed = NULL",
            (url, self._clock.now_ms()),
        )

    def list_peer(self, url: str) -> None:
        """Note that another node lists this one: a new one is a found peer, one that was added stays what it is."""
        now_ms = self._clock.now_ms()
        self._db.run(
            "INSERT INTO peer (url, added, listed) VALUES (?, ?, ?) "
            "ON CONFLICT (url) DO UPDATE SET listed = excluded.listed WHERE listed IS NOT NULL",
            (url, now_ms, now_ms),
        )

    def put_sources(self, url: str, sizes: Mapping[Origin, int], *, at_least: bool = False) -> None:
        """Note up to which size a peer offers logs; with `at_least` no smaller one than is noted."""
        # Nothing that is kept back touches these tables, so nothing has to be written down first.
        rows = [(size, url, origin, at_least) for origin, size in sizes.items()]
        self._connection.run_many(_PUT_SOURCE, rows)

    def remove_peer(self, url: str) -> None:
        """Follow a node no longer."""
        self._db.run("DELETE FROM peer WHERE url = ?", (url,))

    def peer_reached(self, url: str, cursor: bytes | None, error: str) -> None:
        """Note the outcome of an exchange; a cursor of None keeps the one that is stored."""
        self._db.run(
            "UPDATE peer SET cursor = coalesce(?, cursor), error = ?, last_seen = coalesce(?, last_seen) WHERE url = ?",
            (cursor, error, None if error else self._clock.now_ms(), url),
        )

    def forget_cursor(self, url: str) -> None:
        """Begin anew with a node."""
        self._db.run("UPDATE peer SET cursor = NULL WHERE url = ?", (url,))

    def put_lease(self, lease: Lease) -> None:
        """Push to a node, until the lease expires; it takes the place of an earlier one."""
        self._db.run(
            "INSERT OR REPLACE INTO lease (node, url, expires) VALUES (?, ?, ?)",
            (lease.node, lease.url, lease.expires_ms),
        )

    def remove_lease(self, node: PublicKey) -> None:
        """Forget a node that is not pushed to any more, and what it was offered."""
        self._db.run("DELETE FROM lease WHERE node = ?", (node,))
        self._db.run("DELETE FROM offered WHERE node = ?", (node,))

    def put_offered(self, node: PublicKey, arrival: int) -> None:
        """Note that a node was offered everything up to an arrival."""
        self._db.run("INSERT OR REPLACE INTO offered (node, arrival) VALUES (?, ?)", (node, arrival))

    def follow(self, did: Did) -> None:
        """Ask for a publisher."""
        self._db.run("INSERT OR IGNORE INTO followed VALUES (?)", (did,))

    def unfollow(self, did: Did) -> None:
        """Ask for a publisher no longer."""
        self._db.run("DELETE FROM followed WHERE did = ?", (did,))

    def host(self, hosted: Hosted) -> None:
        """Note that this home holds the log key of an epoch."""
        self._db.run(
            "INSERT OR REPLACE INTO hosted (origin, did, key_label) VALUES (?, ?, ?)",
            (hosted.origin, hosted.did, hosted.key_label),
        )

    def put_setting(self, name: str, value: str) -> None:
        """Set a setting of this home."""
        self._db.run("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))
