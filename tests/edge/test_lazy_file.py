"""A database that is made with the first thing to keep in it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from frostnode.edge.sqlite.connection import Database
from frostnode.edge.sqlite.lazy_file import LazyFile
from frostnode.protocol.errors import StorageError

COUNT = "SELECT number FROM last"


@pytest.fixture
def file(tmp_path):
    found = LazyFile(tmp_path / "local.db", "local")
    yield found
    found.close()


def one_more(database: Database) -> int:
    database.run("UPDATE last SET number = number + 1")
    (number,) = database.one(COUNT)
    return number


def test_it_is_there_once_something_is_kept(file, tmp_path):
    assert not file.is_there and list(tmp_path.iterdir()) == []
    assert file.whole(one_more) == 1
    assert file.is_there and LazyFile(tmp_path / "local.db", "local").is_there


def test_what_breaks_off_is_as_if_it_had_not_begun(file):
    def broken(database):
        one_more(database)
        raise KeyError("broken off")

    with pytest.raises(KeyError):
        file.whole(broken)
    assert file.whole(one_more) == 1


def test_many_threads_take_turns(file):
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: file.whole(one_more), range(20)))
    assert sorted(found) == list(range(1, 21))


def test_a_file_that_is_none_is_given_back_and_said_so(tmp_path):
    path = tmp_path / "local.db"
    path.write_bytes(b"no database" * 1000)
    file = LazyFile(path, "local")
    with pytest.raises(StorageError):
        file.whole(one_more)
    path.unlink()
    assert file.whole(one_more) == 1
    file.close()
