"""Read the state of logs: one row each, whatever their size."""

from typing import Final

from frostnode.edge.sqlite.connection import Row
from frostnode.edge.sqlite.evidence_reader import split_hashes
from frostnode.edge.sqlite.rows import Rows, damaged
from frostnode.ports import Head
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import TreeError
from frostnode.protocol.history import EpochStanding
from frostnode.protocol.identity import End
from frostnode.protocol.keys import PublicKey
from frostnode.protocol.limits import HEADS_PAGE_MAX
from frostnode.protocol.log_state import Ahead, LogState
from frostnode.protocol.merkle import HASH_BYTES, CompactRange
from frostnode.protocol.names import Did, Origin

STATE: Final = (
    "SELECT origin, epoch, event, key, node, url, counts, accepts, end_size, end_root, "
    "size, edge, served, checkpoint, frozen, ahead, beyond, astray FROM log "
)

_HEAD: Final = "SELECT did, origin, epoch, served, checkpoint, tip, forked, frozen AND end_size IS NULL, end_size IS NOT NULL "

_HEADS: Final = f"""{_HEAD}
    FROM publisher CROSS JOIN log ON log.publisher = publisher.id
    WHERE counts = 1 AND did NOT IN (SELECT did FROM block WHERE type = '') ORDER BY did, epoch LIMIT ? OFFSET ?
"""

_HEADS_WITHIN: Final = f"""{_HEAD}
    FROM log CROSS JOIN publisher ON publisher.id = log.publisher
    WHERE origin >= ? AND (origin < ? OR ? = '') AND counts = 1
    AND did NOT IN (SELECT did FROM block WHERE type = '') ORDER BY origin LIMIT ?
"""


class LogStateReader(Rows):
    """The rows of logs."""

    def log(self, origin: Origin) -> LogState | None:
        """The state of one epoch's log."""
        row = self._db.one(STATE + "WHERE origin = ?", (origin,))
        return None if row is None else log_state(row)

    def logs(self, did: Did) -> list[LogState]:
        """Logs of epochs that count, in order of epoch."""
        rows = self._db.all(
            STATE
            + "WHERE counts = 1 AND publisher = (SELECT id FROM publisher WHERE did = ?) ORDER BY epoch",
            (did,),
        )
        return [log_state(row) for row in rows]

    def origins(self, did: Did) -> list[Origin]:
        """All logs of a publisher that are stored, also those of void epochs."""
        rows = self._db.all(
            "SELECT origin FROM publisher JOIN log ON log.publisher = publisher.id WHERE did = ? ORDER BY log.id",
            (did,),
        )
        return [Origin(origin) for (origin,) in rows]

    def heads(self, page: int) -> list[Head]:
        """At most HEADS_PAGE_MAX heads of epochs that count, by (did, epoch); none of blocked publishers; page from 0."""
        rows = self._db.all(_HEADS, (HEADS_PAGE_MAX, page * HEADS_PAGE_MAX))
        return [_head(row) for row in rows]

    def heads_within(self, low: str, high: str, limit: int) -> list[Head]:
        """At most `limit` heads of epochs that count, low ≤ origin < high (no bound when ""), in that order."""
        return [_head(row) for row in self._db.all(_HEADS_WITHIN, (low, high, high, limit))]


def _head(row: Row) -> Head:
    did, origin, epoch, served, checkpoint, tip, forked, disputed, ended = row
    return Head(
        did=Did(did),
        origin=Origin(origin),
        epoch=epoch,
        size=served,
        checkpoint=checkpoint,
        tip=Cid.from_digest(tip),
        forked=bool(forked),
        disputed=bool(disputed),
        ended=bool(ended),
    )


def log_state(row: Row) -> LogState:
    """The state that a row of STATE says.

    Raises:
        StorageError: storage.damaged
    """
    origin = row[0]
    size, edge, served, checkpoint, frozen, ahead, beyond, astray = row[10:]
    return LogState(
        origin=Origin(origin),
        standing=_standing(origin, row[1:10]),
        held=compact_range(origin, size, edge),
        served=served,
        checkpoint=checkpoint,
        ahead=None if ahead is None else Ahead(note=ahead, beyond=split_hashes(beyond)),
        disputed=bool(frozen),
        astray=bool(astray),
    )


def _standing(origin: str, row: Row) -> EpochStanding | None:
    epoch, event, key, node, url, counts, accepts, end_size, end_root = row
    if not counts:
        return None
    return EpochStanding(
        n=epoch,
        origin=Origin(origin),
        event=Cid.from_digest(event),
        key=None if key is None else PublicKey(key),
        node=None if node is None else PublicKey(node),
        url=url,
        end=None if end_size is None else End(size=end_size, root=end_root),
        accepts=bool(accepts),
    )


def compact_range(origin: str, size: int, edge: bytes) -> CompactRange:
    """The compact range that a log's row holds.

    Raises:
        StorageError: storage.damaged
    """
    hashes = tuple(edge[at : at + HASH_BYTES] for at in range(0, len(edge), HASH_BYTES))
    try:
        return CompactRange(size, hashes)
    except TreeError as error:
        raise damaged(f"edge of {origin}: {error}") from error
