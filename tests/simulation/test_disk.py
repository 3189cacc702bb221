"""The simulated disk loses what real disks lose, and nothing else."""

from contextlib import suppress

import pytest

from frostnode.edge.sqlite.connection import Database
from frostnode.protocol.errors import StorageError
from frostnode.testing.random import SeededRandom
from frostnode.testing.simulation.disk import Disk, copy_image, put_back


@pytest.fixture
def make_disk(tmp_path):
    disks = []

    def make(name="disk", seed=0):
        disks.append(Disk(f"{name}-{seed}", tmp_path / f"{name}-{seed}", SeededRandom(seed)))
        return disks[-1]

    yield make
    for disk in disks:
        disk.close()


def begun(disk):
    database = Database(disk.uri("x.db"))
    database.run("CREATE TABLE t (x)")
    return database


def put(database, value, *, is_flushed=True):
    database.begin(write=True, is_flushed=is_flushed)
    try:
        database.run("INSERT INTO t VALUES (?)", (value,))
        database.commit()
    finally:
        database.rollback()


def drop(database):
    """Give up a connection whose disk is dead: it cannot tidy up, and says so."""
    with suppress(StorageError):
        database.close()


def rows(folder, tmp_path, seed=0):
    """What a machine finds that comes back with this folder."""
    copy_image(folder, tmp_path / f"again-{folder.name}")
    disk = Disk(f"again-{seed}", tmp_path / f"again-{folder.name}", SeededRandom(seed))
    database = Database(disk.uri("x.db"))
    found = [row[0] for row in database.all("SELECT x FROM t ORDER BY x")]
    assert database.all("PRAGMA integrity_check") == [("ok",)]
    database.close()
    disk.close()
    return found


@pytest.mark.parametrize("seed", range(8))
def test_what_was_committed_outlives_a_loss_of_power(make_disk, tmp_path, seed):
    disk = make_disk(seed=seed)
    database = begun(disk)
    for value in range(20):
        put(database, value)
    disk.fail()
    with pytest.raises(StorageError):
        put(database, 20)
    drop(database)
    assert rows(disk.folder, tmp_path, seed) == list(range(20))


def test_what_was_not_synced_may_be_lost(make_disk, tmp_path):
    lost = 0
    for seed in range(8):
        disk = make_disk(seed=seed)
        database = begun(disk)
        put(database, 0)
        database.run("PRAGMA synchronous = OFF")
        put(database, 1)
        disk.fail()
        drop(database)
        found = rows(disk.folder, tmp_path, seed)
        assert found in ([0], [0, 1])
        lost += found == [0]
    assert lost > 0


def test_what_is_not_flushed_may_be_lost_until_the_next_that_is(make_disk, tmp_path):
    found = {}
    for seed in range(16):
        disk = make_disk(seed=seed)
        database = begun(disk)
        put(database, 0, is_flushed=False)
        put(database, 1)
        put(database, 2, is_flushed=False)
        put(database, 3, is_flushed=False)
        disk.fail()
        drop(database)
        found[seed] = tuple(rows(disk.folder, tmp_path, seed))
    assert {(0, 1)} < set(found.values()) <= {(0, 1), (0, 1, 2), (0, 1, 2, 3)}


@pytest.mark.parametrize("seed", range(8))
def test_power_may_fail_in_the_middle_of_a_commit(make_disk, tmp_path, seed):
    disk = make_disk(seed=seed)
    database = begun(disk)
    put(database, 0)
    told = []
    disk.cut_power(1, lambda: told.append("power"))
    with pytest.raises(StorageError):
        put(database, 1)
    drop(database)
    assert told == ["power"] and disk.is_dead
    assert rows(disk.folder, tmp_path, seed) in ([0], [0, 1])


@pytest.mark.parametrize("but_written", [False, True])
def test_a_sync_that_fails_fails_its_commit_and_no_other(make_disk, but_written):
    disk = make_disk()
    database = begun(disk)
    disk.fail_sync(1, but_written=but_written)
    with pytest.raises(StorageError):
        put(database, 0)
    put(database, 1)
    assert database.all("SELECT x FROM t") == [(1,)]
    database.close()


def test_a_full_disk_refuses_until_it_has_room(make_disk):
    disk = make_disk()
    database = begun(disk)
    disk.is_full = True
    with pytest.raises(StorageError) as caught:
        put(database, "x" * 100_000)
    assert caught.value.hint == "make room on the disk"
    disk.is_full = False
    put(database, 1)
    assert database.all("SELECT x FROM t") == [(1,)]
    database.close()


def test_a_file_that_was_cut_short_may_come_back_whole(make_disk):
    seen = set()
    for seed in range(8):
        disk = make_disk("cut", seed)
        database = begun(disk)
        for value in range(50):
            put(database, "x" * 10_000 + str(value))
        before = (disk.folder / "x.db-wal").stat().st_size
        database.run("PRAGMA synchronous = OFF")
        database.one("PRAGMA wal_checkpoint(TRUNCATE)")
        assert (disk.folder / "x.db-wal").stat().st_size == 0
        disk.fail()
        seen.add((disk.folder / "x.db-wal").stat().st_size == before)
        drop(database)
    assert seen == {False, True}


def test_a_database_can_be_put_back_from_a_backup(make_disk, tmp_path):
    disk = make_disk()
    database = begun(disk)
    put(database, 0)
    copy_image(disk.folder, tmp_path / "kept")
    put(database, 1)
    disk.fail()
    drop(database)
    put_back(tmp_path / "kept", disk.folder, "x.db")
    assert rows(disk.folder, tmp_path) == [0]
