"""Bring a database to the version of this program: numbered SQL files, each applied once, in order.

The number of the last one applied is the database's `user_version`. A file once released never changes.
"""

from importlib.resources import files
from typing import Final

from frostnode.edge.sqlite.connection import Database
from frostnode.protocol.errors import StorageError

_SCHEMAS: Final = "frostnode.edge.sqlite"


def migrations(schema: str) -> list[str]:
    """The SQL of `schema/<schema>/NNNN_<what>.sql`, in order from 0001."""
    folder = files(_SCHEMAS) / "schema" / schema
    found = sorted((item.name, item.read_text(encoding="utf-8")) for item in folder.iterdir())
    numbers = [name.partition("_")[0] for name, _ in found]
    assert numbers == [f"{number:04d}" for number in range(1, len(found) + 1)], f"gap in {numbers}"
    return [sql for _, sql in found]


def migrate(database: Database, scripts: list[str]) -> None:
    """Apply what is missing, each script in a transaction of its own.

    Raises:
        StorageError: storage.version for a database that a newer program wrote
    """
    while True:
        database.begin(write=True)
        try:
            version = _version(database)
            if version > len(scripts):
                raise StorageError(
                    "storage.version",
                    f"schema of {database.path}",
                    found=version,
                    expected=f"≤ {len(scripts)}",
                    hint="use the newer program",
                )
            if version == len(scripts):
                return
            database.run(scripts[version])
            database.run(f"PRAGMA user_version = {version + 1}")
            database.commit()
        finally:
            database.rollback()


def _version(database: Database) -> int:
    row = database.one("PRAGMA user_version")
    assert row is not None
    return int(row[0])
