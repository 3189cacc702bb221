"""What every store of local records does (frostnode.local_port.LocalRecords): one suite over the one on disk and the one in memory."""

from dataclasses import replace

import pytest

from frostnode.edge.sqlite import local_records
from frostnode.edge.sqlite.local_records import SqliteLocalRecords
from frostnode.local_port import LocalEntry
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import LOCAL_RECORDS_MAX
from frostnode.protocol.names import did_of
from frostnode.testing import memory_local
from frostnode.testing.memory_local import MemoryLocalRecords

DID = did_of(Cid.of(b"genesis"))


@pytest.fixture(params=["sqlite", "memory"])
def records(request, tmp_path):
    made = SqliteLocalRecords(tmp_path / "local.db") if request.param == "sqlite" else MemoryLocalRecords()
    yield made
    made.close()


def entry(key, time_ms=1, **more):
    body = f"body of {key}".encode()
    return LocalEntry(
        did=DID, type="version", key=key, header=Cid.of(body), time_ms=time_ms, body=body, **more
    )


def test_nothing_was_ever_kept(records):
    assert (list(records.entries()), records.last(), records.read([], 1)) == ([], 0, 0)
    assert not records.remove(DID, "version", "a")


def test_what_is_kept_is_counted_and_comes_newest_first(records):
    for made in (entry("a", 5), entry("b", 7), entry("c", 5)):
        records.put(made)
    found = list(records.entries())
    assert [(one.key, one.number, one.is_changed, one.read_ms) for one in found] == [
        ("b", 2, False, None),
        ("a", 1, False, None),
        ("c", 3, False, None),
    ]
    assert replace(found[0], number=0) == entry("b", 7)
    assert [one.key for one in records.entries(1)] == ["b", "c"]
    assert records.last() == 3


def test_one_takes_the_place_of_an_earlier_of_its_name(records):
    records.put(entry("a"))
    records.put(replace(entry("a"), type="lineage"))
    records.read([1], 9)
    records.put(entry("a", 4))
    assert [
        (one.type, one.time_ms, one.number, one.is_changed, one.read_ms) for one in records.entries()
    ] == [
        ("version", 4, 3, True, None),
        ("lineage", 1, 2, False, None),
    ]


def test_what_is_forgotten_is_not_counted_again(records):
    records.put(entry("a"))
    assert records.remove(DID, "version", "a")
    assert not records.remove(DID, "version", "a")
    assert (list(records.entries()), records.last()) == ([], 1)
    records.put(entry("a"))
    assert [(one.number, one.is_changed) for one in records.entries()] == [(2, False)]


def test_what_is_read_is_read_once(records):
    for key in "abc":
        records.put(entry(key))
    assert records.read([1, 3, 9], 5) == 2
    assert records.read([1, 2], 6) == 1
    assert {one.key: one.read_ms for one in records.entries()} == {"a": 5, "b": 6, "c": 5}


def test_a_home_keeps_so_many_and_no_more(records, monkeypatch):
    assert LOCAL_RECORDS_MAX > 2
    for module in (local_records, memory_local):
        monkeypatch.setattr(module, "LOCAL_RECORDS_MAX", 2)
    for key in ("a", "b", "a"):
        records.put(entry(key))
    with pytest.raises(LocalError) as caught:
        records.put(entry("c"))
    assert caught.value.code == "queue.full"
    assert records.last() == 3
    records.remove(DID, "version", "b")
    records.put(entry("c"))


def test_a_file_is_made_with_the_first_record_and_read_again(tmp_path):
    path = tmp_path / "local.db"
    first = SqliteLocalRecords(path)
    assert (list(first.entries()), first.last()) == ([], 0)
    assert not path.exists()
    first.put(entry("a"))
    first.close()
    again = SqliteLocalRecords(path)
    assert ([one.key for one in again.entries()], again.last()) == (["a"], 1)
    again.close()
