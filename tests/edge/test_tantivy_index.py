"""The search index: whatever the library says of the disk is an error of ours."""

import subprocess
import sys
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
    for step in (
        lambda: index.put(DID, "dataset", "a", "A", ["words"]),
        lambda: index.remove(DID, "dataset", "a"),
        lambda: index.commit(1, b"tag"),
    ):
        index._writer = Full()  # type: ignore[assignment]
        with pytest.raises(StorageError) as failed:
            step()
        assert failed.value.code == "storage.failed"


def test_an_index_that_lost_its_files_says_how_to_have_it_anew(tmp_path: Path) -> None:
    index = TantivyIndex(tmp_path)
    index.put(DID, "dataset", "a", "A", ["words"])
    index.commit(1, b"tag")
    index.close()
    for path in tmp_path.rglob("meta.json"):
        path.write_bytes(b"{")
    with pytest.raises(StorageError) as failed:
        TantivyIndex(tmp_path).cursor()
    assert (failed.value.code, "reindex" in failed.value.hint) == ("storage.damaged", True)


FULL_FOR_A_WHILE = """
import resource, sys
from pathlib import Path
from frostnode.edge.tantivy_index import TantivyIndex
from frostnode.protocol.errors import StorageError

index = TantivyIndex(Path(sys.argv[1]))

def write(at):
    index.put("did:frost:x", "dataset", f"key-{at}", f"Title {at}", ["words"])
    index.commit(at, b"tag")

def allow(bytes_max):
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_max, resource.RLIM_INFINITY))

write(1)
allow(0)
for _ in range(3):
    try:
        write(2)
    except StorageError as error:
        assert error.code == "storage.failed"
    else:
        sys.exit("a full disk took it")
    assert (index.cursor(), index.search("words", limit=9)[0]) == (1, 1)
allow(resource.RLIM_INFINITY)
for at in (2, 3):
    write(at)
    assert (index.cursor(), index.search("words", limit=9)[0]) == (at, at)
index.close()
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no limits of files there")
def test_nothing_is_lost_after_a_disk_that_was_really_full(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_FOR_A_WHILE, tmp_path],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
