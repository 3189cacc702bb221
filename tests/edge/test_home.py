"""The folder of a node: secrets are written whole or not at all, and what the system refuses is an error of ours."""

import os
from pathlib import Path

import pytest

from frostnode.edge.home import Home, write_secret
from frostnode.edge.tantivy.index import TantivyIndex
from frostnode.protocol.errors import LocalError, StorageError


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    """A path below a file: nothing can be made there."""
    (tmp_path / "file").write_bytes(b"")
    return tmp_path / "file" / "below"


def test_a_secret_is_its_owners_and_stays(tmp_path: Path) -> None:
    secret = tmp_path / "folder" / "secret"
    write_secret(secret, "one")
    assert secret.stat().st_mode & 0o777 == 0o600
    with pytest.raises(LocalError) as refused:
        write_secret(secret, "two")
    assert refused.value.code == "home.exists"
    assert [path.read_text() for path in secret.parent.iterdir()] == ["one"]


def test_a_memory_stick_knows_no_second_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    write_secret(tmp_path / "secret", "one")
    with pytest.raises(LocalError) as refused:
        write_secret(tmp_path / "secret", "two")
    assert refused.value.code == "home.exists"
    assert [path.read_text() for path in tmp_path.iterdir()] == ["one"]


def test_a_full_disk_leaves_no_half_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StorageError) as failed:
        write_secret(tmp_path / "secret", "one")
    assert failed.value.code == "storage.failed"
    assert "secret: No space left on device" in str(failed.value)
    assert list(tmp_path.iterdir()) == []


def test_what_the_system_refuses_names_the_path(nowhere: Path) -> None:
    home = Home(nowhere)
    for attempt in (
        lambda: write_secret(nowhere, "one"),
        lambda: home.lock().__enter__(),
        lambda: home.create(bytes(32)),
        lambda: TantivyIndex(nowhere),
    ):
        with pytest.raises(StorageError) as failed:
            attempt()
        assert failed.value.code == "storage.failed"
        assert str(nowhere.parent) in str(failed.value)


def test_a_store_without_a_byte_is_a_store_that_was_lost(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for prepare in (lambda: None, home.log_store.touch):
        prepare()
        with pytest.raises(StorageError) as failed:
            home.require_store()
        assert failed.value.code == "storage.damaged"
    home.log_store.write_bytes(b"x")
    home.require_store()


def test_views_are_dropped_whatever_stands_in_their_place(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.catalog.mkdir()
    (tmp_path / "catalog.db-wal").touch()
    home.index.touch()
    home.log_store.touch()
    home.drop_views()
    assert list(tmp_path.iterdir()) == [home.log_store]
    home.drop_views()


def test_a_home_runs_once_and_says_what_to_do(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with home.lock():
        with pytest.raises(LocalError) as caught, Home(tmp_path / "home").lock():
            pytest.fail("two at once")
        assert caught.value.code == "home.busy"
        assert "stop that node first" in (caught.value.hint or "")
    with home.lock():
        """Given up with whoever had it."""
