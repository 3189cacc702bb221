"""Files for exports on a disk: whole whatever else writes there, was left there, or fails."""

import errno
import os

import pytest

from frostnode.edge.files import DiskFiles, DiskFolder
from frostnode.protocol.errors import LocalError, StorageError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "some" / "file"


def create(path, *, replace=False):
    return DiskFiles().create(str(path), replace=replace)


def everything(path):
    return sorted(item.name for item in path.parent.iterdir())


def test_a_file_is_there_when_it_is_whole(path):
    sink = create(path)
    sink.write(b"one ")
    sink.write(b"two")
    assert not path.exists()
    sink.commit()
    sink.discard()
    assert path.read_bytes() == b"one two"
    assert everything(path) == ["file"]


def test_what_is_discarded_leaves_nothing(path):
    sink = create(path)
    sink.write(b"half")
    sink.discard()
    assert everything(path) == []


def test_what_a_killed_process_left_is_taken_over(path):
    path.parent.mkdir()
    path.with_name(".file.part").write_bytes(b"half of another")
    sink = create(path)
    sink.write(b"new")
    sink.commit()
    assert path.read_bytes() == b"new"
    assert everything(path) == ["file"]


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_nobodys_place_is_taken(path, when):
    path.parent.mkdir()
    sink = None if when == "before" else create(path)
    path.write_bytes(b"mine")
    with pytest.raises(LocalError) as caught:
        (sink or create(path)).commit()
    if sink is not None:
        sink.discard()
    assert caught.value.code == "output.exists"
    assert path.read_bytes() == b"mine"
    assert everything(path) == ["file"]


def test_a_link_that_leads_nowhere_is_a_place_too(path):
    path.parent.mkdir()
    path.symlink_to("nowhere")
    with pytest.raises(LocalError):
        create(path)


def test_replacing_is_asked_for(path):
    path.parent.mkdir()
    path.write_bytes(b"old")
    sink = create(path, replace=True)
    sink.write(b"new")
    assert path.read_bytes() == b"old"
    sink.commit()
    assert path.read_bytes() == b"new"


def test_two_do_not_write_one_file(path):
    first = create(path)
    with pytest.raises(LocalError) as caught:
        create(path)
    assert caught.value.code == "output.exists"
    first.discard()
    create(path).discard()


def test_a_file_system_without_second_names_will_do(path, monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    sink = create(path)
    sink.write(b"whole")
    sink.commit()
    assert path.read_bytes() == b"whole"
    sink = create(path.with_name("other"))
    path.with_name("other").write_bytes(b"mine")
    with pytest.raises(LocalError):
        sink.commit()
    sink.discard()
    assert everything(path) == ["file", "other"]


def test_a_full_disk_is_a_typed_error_and_leaves_nothing(path, monkeypatch):
    sink = create(path)
    sink.write(b"some")

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError) as caught:
        sink.commit()
    sink.discard()
    assert caught.value.code == "storage.failed"
    assert "No space left" in str(caught.value)
    assert everything(path) == []


def test_what_cannot_be_read_is_said(path, tmp_path):
    for name in (path, tmp_path):
        with pytest.raises(LocalError) as caught:
            DiskFiles().open(str(name)).read(1)
        assert caught.value.code == "input.unreadable"


def test_a_file_of_a_folder_is_replaced_as_a_whole(tmp_path, monkeypatch):
    folder = DiskFolder(tmp_path)
    folder.put("page", b"old")
    monkeypatch.setattr(
        type(tmp_path), "replace", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full"))
    )
    with pytest.raises(StorageError):
        folder.put("page", b"new and longer")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("page", b"old")]
    folder.close()
