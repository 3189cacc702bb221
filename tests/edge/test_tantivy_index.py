"""The search index: whatever the library says of the disk is an error of ours."""

from pathlib import Path

import pytest

from frostnode.edge.tantivy_index import TantivyIndex
from frostnode.protocol.errors import StorageError
from frostnode.protocol.names import Did

DID = Did("did:frost:x")


class Full:
    """A writer on a full disk: it says so at whatever comes next."""

    def __getattr__(self, name: str) -> object:
        if name == "wait_merging_threads":
            return lambda: None

        def refuse(*_: object) -> None:
            raise ValueError("Worker thread failed")

        return refuse


def test_a_full_disk_is_an_error_of_ours_at_every_step(tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path)
    index.close()
    index._writer = Full()  # type: ignore[assignment]
    for step in (
        lambda: index.put(DID, "dataset", "a", "A", ["words"]),
        lambda: index.remove(DID, "dataset", "a"),
        lambda: index.commit(1, b"tag"),
    ):
        with pytest.raises(StorageError) as failed:
            step()
        assert failed.value.code == "storage.failed"


def test_an_index_that_lost_its_files_says_how_to_have_it_anew(tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path)
    index.put(DID, "dataset", "a", "A", ["words"])
    index.commit(1, b"tag")
    for path in tmp_path.rglob("meta.json"):
        path.write_bytes(b"{")
    with pytest.raises(StorageError) as failed:
        index.cursor()
    assert (failed.value.code, "reindex" in failed.value.hint) == ("storage.damaged", True)
    index.close()
