"""What all files for exports do (frostnode.files_port.Files): one suite over the disk, memory and the drive of simulated machines.
What only a disk can do is in test_files.py."""

import pytest

from frostnode.edge.files import DiskFiles
from frostnode.protocol.errors import LocalError
from frostnode.testing.memory_files import MemoryFiles
from frostnode.testing.simulation.drive import Drive


@pytest.fixture(params=[DiskFiles, MemoryFiles, Drive])
def files(request):
    return request.param()


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "some" / "file")


def write(files, path, data, *, replace=False):
    sink = files.create(path, replace=replace)
    try:
        sink.write(data[:1])
        sink.write(data[1:])
        sink.commit()
    finally:
        sink.discard()


def read(files, path):
    source = files.open(path)
    try:
        pieces = []
        while piece := source.read(1000):
            pieces.append(piece)
        return b"".join(pieces)
    finally:
        source.close()


def refused(act, *arguments, **more):
    with pytest.raises(LocalError) as caught:
        act(*arguments, **more)
    return caught.value.code


def test_a_file_is_there_when_it_is_whole(files, path):
    sink = files.create(path, replace=False)
    sink.write(b"one ")
    assert not files.exists(path)
    sink.write(b"two")
    sink.commit()
    sink.discard()
    assert files.exists(path)
    assert read(files, path) == b"one two"


def test_what_is_discarded_was_never_there(files, path):
    sink = files.create(path, replace=False)
    sink.write(b"half")
    sink.discard()
    sink.discard()
    assert not files.exists(path)
    write(files, path, b"new")
    assert read(files, path) == b"new"


def test_a_place_is_taken_only_if_that_is_asked_for(files, path):
    write(files, path, b"mine")
    assert refused(files.create, path, replace=False) == "output.exists"
    sink = files.create(path, replace=True)
    sink.write(b"new")
    assert read(files, path) == b"mine"
    sink.commit()
    sink.discard()
    assert read(files, path) == b"new"


def test_two_do_not_write_one_file(files, path):
    first = files.create(path, replace=True)
    assert refused(files.create, path, replace=True) == "output.exists"
    first.discard()
    files.create(path, replace=True).discard()


def test_a_file_is_read_in_pieces_and_again(files, path):
    data = bytes(range(256)) * 10
    write(files, path, data)
    source = files.open(path)
    assert (source.size, source.read(2)) == (len(data), data[:2])
    source.rewind()
    assert source.read(3) == data[:3]
    source.close()
    assert read(files, path) == data


def test_what_is_no_file_is_not_read(files, path, tmp_path):
    assert refused(files.open, path) == "input.unreadable"
    write(files, path, b"x")
    folder = str(tmp_path / "some")
    assert files.exists(folder)
    assert refused(files.open, folder) == "input.unreadable"


def test_a_folder_writes_what_differs(files, tmp_path):
    folder = files.folder(str(tmp_path / "site"))
    assert folder.is_empty()
    assert folder.put("a/b/c", b"one")
    assert not folder.put("a/b/c", b"one")
    assert folder.put("a/b/c", b"two")
    assert folder.put("a/d", b"")
    assert folder.put("top", b"x")
    assert not folder.put("a/d", b"")
    assert not folder.is_empty()
    assert sorted(folder.names("a")) == ["a/b/c", "a/d"]
    assert sorted(folder.names("b")) == []
    assert (folder.size("a/b/c"), folder.read("a/b/c", 2), folder.read("a/b/c", 9)) == (3, b"tw", b"two")
    for nothing in ("a", "a/x", "a/d/e"):
        assert (folder.size(nothing), folder.read(nothing, 9)) == (None, None)
    folder.close()


def test_a_folder_goes_with_its_last_file(files, tmp_path):
    folder = files.folder(str(tmp_path / "site"))
    folder.put("a/b", b"x")
    folder.put("a/c", b"x")
    folder.remove("a/b")
    folder.remove("a/b")
    assert files.exists(str(tmp_path / "site" / "a"))
    assert list(folder.names("a")) == ["a/c"]
    folder.remove("a/c")
    assert not files.exists(str(tmp_path / "site" / "a"))
    assert folder.is_empty()
    folder.close()


def test_one_writes_to_a_folder_at_a_time(files, tmp_path):
    path = str(tmp_path / "site")
    folder = files.folder(path)
    assert refused(files.folder, path) == "output.exists"
    folder.put("a", b"x")
    folder.close()
    again = files.folder(path)
    assert again.read("a", 9) == b"x"
    again.close()


def test_files_of_a_folder_are_files(files, tmp_path):
    path = str(tmp_path / "site")
    folder = files.folder(path)
    folder.put("a/b", b"x")
    folder.close()
    assert read(files, f"{path}/a/b") == b"x"
    write(files, f"{path}/a/c", b"y")
    folder = files.folder(path)
    assert sorted(folder.names("a")) == ["a/b", "a/c"]
    folder.close()
