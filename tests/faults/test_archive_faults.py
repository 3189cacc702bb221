"""The fault table of archives: whichever step fails or is cut off, what is there is sound, and the same file again completes it.

After every fault the home is derived again from its bytes.
"""

import pytest

from frostnode.edge.files import FileSink
from frostnode.node import one_fault
from frostnode.protocol.errors import StorageError
from frostnode.testing.archives import archive_of
from frostnode.testing.faults import Fault
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.small_node import SmallNode

CHUNK = 4096


def source():
    made = MemoryPublisher("source")
    for at in range(20):
        made.put(f"key-{at}", {"title": f"Title {at}", "text": "x" * 600})
    moved = made.move()
    moved.put("later", {"title": "Later"})
    return made, moved


EPOCHS = source()
ARCHIVE = archive_of(*EPOCHS)


@pytest.fixture
def small_chunks(monkeypatch):
    """So that a small archive takes several transactions."""
    monkeypatch.setattr("frostnode.operations.archive.ARCHIVE_CHUNK_BYTES", CHUNK)


@pytest.mark.slow
@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("nth", range(1, 4))
async def test_any_write_may_fail_and_again_completes_it(tmp_path, small_chunks, nth, fault):
    path = tmp_path / "file"
    path.write_bytes(ARCHIVE)
    node = SmallNode(tmp_path / "home")
    node.fail(nth, fault)
    with pytest.raises(StorageError):
        await node.ask("import-archive", files=[str(path)])
    assert node.findings() == ()
    crashed = SmallNode(node.image(tmp_path / "crashed"))
    for each in (node, crashed):
        (answer,) = (await each.ask("import-archive", files=[str(path)]))["archives"]
        assert answer["error"] is None
        assert each.findings() == ()
        await each.ask("export", did=EPOCHS[0].did, file=str(tmp_path / f"of-{each.folder.name}"))
        assert (tmp_path / f"of-{each.folder.name}").read_bytes() == ARCHIVE
        assert each.found("later") == {(EPOCHS[0].did, "dataset", "later")}
        each.close()


@pytest.mark.slow
async def test_a_disk_that_fails_at_any_write_of_an_export_leaves_no_file(tmp_path, monkeypatch):
    node = SmallNode(tmp_path / "home")
    for epoch in EPOCHS:
        node.take(*epoch.stream())
    target = tmp_path / "out" / "file"

    write, left = FileSink.write, 0

    def until_full(sink, data):
        nonlocal left
        left -= 1
        if left < 0:
            raise StorageError("storage.failed", f"{target}: no space left")
        write(sink, data)

    monkeypatch.setattr(FileSink, "write", until_full)
    for writes in range(3):
        left = writes
        with pytest.raises(StorageError), one_fault():
            await node.ask("export", did=EPOCHS[0].did, file=str(target))
        assert list(target.parent.iterdir()) == []
    monkeypatch.undo()
    await node.ask("export", did=EPOCHS[0].did, file=str(target))
    assert target.read_bytes() == ARCHIVE
    node.close()
