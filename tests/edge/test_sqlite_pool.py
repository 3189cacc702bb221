"""One connection writes, for one at a time; readers are as many as read at once, and are used again."""

import threading

import pytest

from frostnode.edge.sqlite.catalog import SqliteCatalog
from frostnode.edge.sqlite.connection import Database
from frostnode.edge.sqlite.pool import Pool, transaction
from frostnode.edge.sqlite.store import SqliteStore
from frostnode.protocol.errors import StorageError
from frostnode.testing.clock import ManualClock
from frostnode.testing.random import SeededRandom


@pytest.fixture
def pool(tmp_path):
    made = Pool(tmp_path / "notices.db", "notify")
    yield made
    made.close()


def cursor(database):
    (number,) = database.one("SELECT arrival FROM cursor")
    return number


def put(pool, number, then=lambda: None):
    with pool.alone() as database, transaction(database):
        database.run("UPDATE cursor SET arrival = ?", (number,))
        then()


def test_a_snapshot_stays_what_it_was_and_the_next_is_new(pool):
    with pool.snapshot() as before:
        assert cursor(before) == 0
        put(pool, 7)
        with pool.snapshot() as after:
            assert (cursor(before), cursor(after)) == (0, 7)
    assert len(pool._idle) == 2
    with pool.snapshot() as again:
        assert cursor(again) == 7
    assert len(pool._idle) == 2, "used again"


def test_a_reader_writes_nothing(pool):
    with pool.snapshot() as database, pytest.raises(StorageError):
        database.run("UPDATE cursor SET arrival = 1")


def test_what_fails_is_as_if_it_had_not_been_begun(pool):
    with pytest.raises(ZeroDivisionError):
        put(pool, 9, lambda: 1 // 0)
    with pool.snapshot() as database:
        assert cursor(database) == 0
    put(pool, 1)
    with pool.snapshot() as database:
        assert cursor(database) == 1


def test_who_writes_writes_alone(pool):
    entered, order = threading.Event(), []

    def other():
        entered.set()
        with pool.alone():
            order.append("other")

    with pool.alone():
        thread = threading.Thread(target=other)
        thread.start()
        assert entered.wait(5)
        order.append("first")
    thread.join(5)
    assert order == ["first", "other"]


def test_pages_are_as_large_as_is_asked_for_in_a_new_file_and_stay_so(tmp_path):
    for page_bytes in (4096, 16 * 1024):
        made = Pool(tmp_path / "notices.db", "notify", page_bytes=page_bytes)
        with made.alone() as database:
            assert database.one("PRAGMA page_size") == (4096,)
            assert database.one("PRAGMA wal_autocheckpoint") == (80 * 1024 * 1024 // page_bytes,)
        made.close()


def test_a_database_of_a_newer_program_is_given_back(tmp_path):
    path = tmp_path / "notices.db"
    Pool(path, "notify").close()
    database = Database(path)
    database.run("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(StorageError) as caught:
        Pool(path, "notify")
    assert caught.value.code == "storage.version"
    path.unlink()
    Pool(path, "notify").close()


def mapped(reading):
    with reading as database:
        return database.one("PRAGMA mmap_size")[0]


def test_readers_of_a_view_are_mapped_and_those_of_what_cannot_be_made_anew_are_not(tmp_path):
    for is_mapped in (True, False):
        made = Pool(tmp_path / f"{is_mapped}.db", "catalog", is_mapped=is_mapped)
        assert bool(mapped(made.snapshot())) is is_mapped
        assert not mapped(made.alone())
        made.close()
    catalog, store = (
        SqliteCatalog(tmp_path / "c.db"),
        SqliteStore(tmp_path / "s.db", ManualClock(), SeededRandom(1)),
    )
    assert mapped(catalog._pool.snapshot()) and not mapped(store._pool.snapshot())
    catalog.close()
    store.close()
