"""Schemas are numbered files, applied once each; a database of a newer program is left alone."""

from pathlib import Path

import pytest

from frostnode.edge.sqlite.connection import Database
from frostnode.edge.sqlite.migrations import migrate, migrations
from frostnode.edge.sqlite.store import SqliteStore
from frostnode.protocol.errors import StorageError
from frostnode.testing.clock import ManualClock
from frostnode.testing.random import SeededRandom

ONE = "CREATE TABLE one (a INTEGER) STRICT; INSERT INTO one VALUES (1);"
TWO = "ALTER TABLE one ADD COLUMN b TEXT; UPDATE one SET b = 'two';"


def version(database: Database) -> int:
    row = database.one("PRAGMA user_version")
    assert row is not None
    return int(row[0])


def test_what_is_missing_is_applied_in_order_and_once(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.db")
    migrate(database, [ONE])
    migrate(database, [ONE])
    assert (version(database), database.all("SELECT * FROM one")) == (1, [(1,)])
    migrate(database, [ONE, TWO])
    migrate(database, [ONE, TWO])
    assert (version(database), database.all("SELECT * FROM one")) == (2, [(1, "two")])
    database.close()


def test_a_migration_that_fails_leaves_the_version_before_it(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.db")
    with pytest.raises(StorageError):
        migrate(database, [ONE, "UPDATE one SET a = 9; SELECT nonsense FROM nowhere;"])
    assert (version(database), database.all("SELECT * FROM one")) == (1, [(1,)])
    migrate(database, [ONE, TWO])
    assert version(database) == 2
    database.close()


def test_a_newer_database_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "frost.db"
    SqliteStore(path, clock=ManualClock(), random=SeededRandom(1)).close()
    database = Database(path)
    newer = len(migrations("log")) + 1
    database.run(f"PRAGMA user_version = {newer}")
    database.close()
    before = path.read_bytes()
    with pytest.raises(StorageError) as raised:
        SqliteStore(path, clock=ManualClock(), random=SeededRandom(1))
    assert raised.value.code == "storage.version"
    assert (raised.value.found, raised.value.expected) == (newer, f"≤ {newer - 1}")
    assert path.read_bytes() == before


@pytest.mark.parametrize("schema", ["log", "signer"])
def test_the_files_are_numbered_from_one(schema: str, tmp_path: Path) -> None:
    scripts = migrations(schema)
    assert scripts
    database = Database(tmp_path / "x.db")
    migrate(database, scripts)
    assert version(database) == len(scripts)
    assert database.all("PRAGMA integrity_check") == [("ok",)]
    database.close()


def test_durability_is_set_as_promised(tmp_path: Path) -> None:
    for reader in (False, True):
        database = Database(tmp_path / "x.db", reader=reader)
        found = [
            database.all(f"PRAGMA {name}")[0][0] for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
        assert found == ["wal", 2, 1]
        database.close()


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.db")
    migrate(database, [ONE])
    reader = Database(tmp_path / "x.db", reader=True)
    with pytest.raises(StorageError) as raised:
        reader.run("INSERT INTO one VALUES (2)")
    assert raised.value.code == "storage.failed"
    reader.close()
    database.close()


def test_what_is_no_database_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "frost.db"
    path.write_bytes(b"this was never a database of ours" * 100)
    with pytest.raises(StorageError) as raised:
        SqliteStore(path, clock=ManualClock(), random=SeededRandom(1))
    assert raised.value.code == "storage.damaged"
    assert str(path) in str(raised.value)


def test_what_cannot_be_opened_has_failed(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as raised:
        SqliteStore(tmp_path / "no folder" / "frost.db", clock=ManualClock(), random=SeededRandom(1))
    assert raised.value.code == "storage.failed"
    assert raised.value.hint


def test_every_error_of_the_library_is_ours(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.db")
    migrate(database, [ONE])
    nonsense = "SELECT nonsense FROM nowhere"
    for act in (
        lambda: database.run(nonsense),
        lambda: database.run_many(nonsense, [()]),
        lambda: database.one(nonsense),
        lambda: database.all(nonsense),
        lambda: list(database.each(nonsense)),
        lambda: database.insert("INSERT INTO one VALUES ('text')"),
        lambda: database.commit(),
    ):
        with pytest.raises(StorageError):
            act()
    database.close()
