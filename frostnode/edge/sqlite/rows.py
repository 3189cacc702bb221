"""What the parts of a reader share: the connection, and how rows name logs and publishers."""

from typing import Final

from frostnode.edge.sqlite.connection import Database
from frostnode.protocol.errors import StorageError
from frostnode.protocol.names import Did, Origin

LOG_SHIFT: Final = 32
"""`log << LOG_SHIFT | n` is the key of the n-th bundle of a log."""

TILE_LEVEL_SHIFT: Final = 28
"""`log << LOG_SHIFT | level << TILE_LEVEL_SHIFT | n` is the key of a tile."""

TILE_LEVELS: Final = 8
"""Levels 0 to 7 of tiles are all that a tree of TREE_SIZE_MAX leaves has."""


class Rows:
    """One consistent state of the database."""

    def __init__(self, database: Database) -> None:
        self._connection = database

    @property
    def _db(self) -> Database:
        """The connection; a writer first writes down what it has kept back."""
        return self._connection


def log_id(database: Database, origin: Origin) -> int | None:
    """The row of a log."""
    row = database.one("SELECT id FROM log WHERE origin = ?", (origin,))
    return None if row is None else int(row[0])


def publisher_id(database: Database, did: Did) -> int | None:
    """The row of a publisher."""
    row = database.one("SELECT id FROM publisher WHERE did = ?", (did,))
    return None if row is None else int(row[0])


def last_number(database: Database) -> int:
    """The number of the last arrival; 0 before the first."""
    row = database.one("SELECT max(number) FROM arrival")
    return 0 if row is None or row[0] is None else int(row[0])


def bundle_key(log: int, n: int) -> int:
    """The key of a full bundle."""
    return log << LOG_SHIFT | n


def tile_key(log: int, level: int, n: int) -> int:
    """The key of a tile."""
    return log << LOG_SHIFT | level << TILE_LEVEL_SHIFT | n


def damaged(what: str, found: object = None, expected: object = None) -> StorageError:
    """The error for what was written otherwise than it is read."""
    return StorageError("storage.damaged", what, found=found, expected=expected, hint="run frost fsck")
