"""The fault table of erasing: whatever step fails or is cut off, nothing or all is erased, and what is left is overwritten.

After every step the whole home is derived again from its bytes, and its files are searched for what was erased.
"""

import shutil

import pytest

from frostnode.operations.scrub import drop_old_views, scrub
from frostnode.protocol.entry import header_cid
from frostnode.protocol.errors import StorageError
from frostnode.testing.faults import Fault
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.small_node import SmallNode

SECRETS = (b"Zsecret", b"zsecret", b"zkey1")
WORDS = ("common", "zsecret")


async def quiet(what, done, total):
    """Nobody looks on."""


def source():
    made = MemoryPublisher("source")
    for at in range(3):
        made.put(f"zkey{at}", {"title": "common", "text": "Zsecret" if at == 1 else "harmless"})
    return made


def found(tmp_path, publisher):
    node = SmallNode(tmp_path / "home")
    node.take(*publisher.stream())
    node.fold()
    return node


ACTS = {
    "body": ("erase", {}),
    "header": ("erase", {"header": True}),
    "block": ("block", {"erase": True}),
}


async def act(node, publisher, what):
    operation, params = ACTS[what]
    exact = f"?cid={header_cid(publisher.leaves[1])}" if operation == "erase" else ""
    return await node.ask(operation, target=f"{publisher.did}/zkey1{exact}", reason="why", **params)


def is_erased(node):
    with node.disk.read() as reader:
        kinds = {line.kind for line in reader.withheld(0)}
    return bool(kinds)


async def come_back(folder, publisher, what):
    """Open a home that a crash left, do what a start does, and check it. Answers whether the erasure has happened."""
    node = SmallNode(folder)
    try:
        assert node.findings() == ()
        erased = is_erased(node)
        assert await scrub(node.parts, quiet)
        if erased:
            secrets = SECRETS if what == "header" else SECRETS[:2]
            assert [node.holds(secret) for secret in secrets] == [[]] * len(secrets)
            assert node.found("zsecret") == set()
        else:
            assert node.holds(b"Zsecret")
            assert node.found("zsecret")
        assert node.views(*WORDS) == node.rebuilt_views(*WORDS)
        assert node.findings() == ()
        with node.disk.read() as reader:
            assert reader.scrubs() == {}
            assert reader.log(publisher.origin).held == publisher.tree()
        return erased
    finally:
        node.close()


@pytest.mark.slow
@pytest.mark.parametrize("what", ACTS)
async def test_power_lost_between_any_two_steps(tmp_path, monkeypatch, what):
    publisher = source()
    node = found(tmp_path, publisher)
    images = [node.image(tmp_path / "image 0")]
    run = node.parts.worker.run

    async def spied(work):
        result = await run(work)
        images.append(node.image(tmp_path / f"image {len(images)}"))
        return result

    with monkeypatch.context() as patched:
        patched.setattr(node.parts.worker, "run", spied)
        await act(node, publisher, what)
    with node.disk.read() as reader:
        assert reader.scrubs() == {}
    node.close()
    erased = [await come_back(image, publisher, what) for image in images]
    assert erased == sorted(erased), "what was erased stays so"
    assert (erased[0], erased[-1]) == (False, True)
    assert sum(erased) > 4, "steps after the commit"


@pytest.mark.slow
@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("what", ["body", "header"])
async def test_a_failed_write_is_put_right_by_the_next_call_or_start(tmp_path, what, nth, fault):
    """The first write erases; one more for each view notes that nothing is left in it."""
    publisher = source()
    node = found(tmp_path, publisher)
    node.fail(nth, fault)
    if nth == 1:
        with pytest.raises(StorageError, match=str(fault)):
            await act(node, publisher, what)
    else:
        assert not (await act(node, publisher, what))["gone"]
    assert node.findings() == ()
    assert is_erased(node) == (nth > 1 or fault is Fault.BUT_WRITTEN)
    await act(node, publisher, what)
    node.close()
    assert await come_back(tmp_path / "home", publisher, what)


async def test_a_reader_that_is_in_the_way_delays_the_overwriting_and_not_the_erasure(tmp_path, monkeypatch):
    publisher = source()
    node = found(tmp_path, publisher)
    monkeypatch.setattr("frostnode.edge.sqlite.connection._BUSY_MS", 1)
    node.close()
    node = SmallNode(tmp_path / "home")
    with node.disk.read() as reader:
        assert reader.last_arrival()
        answer = await node.ask("erase", target=f"{publisher.did}/zkey1", reason="why")
        assert (answer["erased"], answer["gone"]) == (1, False)
        assert node.found("zsecret") == set()
        assert reader.scrubs() == {}
    with node.disk.read() as reader:
        assert reader.scrubs().keys() == {"store"}
    node.close()
    assert await come_back(tmp_path / "home", publisher, "body")


async def test_a_home_of_an_earlier_program_is_rebuilt_at_the_first_erasure(tmp_path):
    """It did not overwrite what it let go of, so its pages may hold more than they show."""
    publisher = source()
    node = found(tmp_path, publisher)
    with node.disk.write() as writer:
        writer._db.run("PRAGMA secure_delete = OFF")
        writer._db.run("CREATE TABLE old (text)")
        writer._db.run("INSERT INTO old VALUES (?)", ("Zsecret" * 100_000,))
        writer._db.run("DROP TABLE old")
        writer._db.run("INSERT INTO scrub VALUES ('file', 0)")
    node.close()
    node = SmallNode(tmp_path / "home")
    assert node.holds(b"Zsecret" * 100)
    await act(node, publisher, "body")
    node.close()
    assert await come_back(tmp_path / "home", publisher, "body")


@pytest.mark.slow
@pytest.mark.parametrize("views", [("catalog.db",), ("index",), ("catalog.db", "index")])
async def test_a_view_put_back_from_a_backup_brings_nothing_back(tmp_path, views):
    publisher = source()
    found(tmp_path, publisher).close()
    backup = shutil.copytree(tmp_path / "home", tmp_path / "backup")
    node = SmallNode(tmp_path / "home")
    await act(node, publisher, "header")
    node.close()
    for name in views:
        here = tmp_path / "home" / name
        if here.is_dir():
            shutil.rmtree(here)
            shutil.copytree(backup / name, here)
        else:
            for path in backup.glob(f"{name}*"):
                shutil.copy(path, here.with_name(path.name))
    node = SmallNode(tmp_path / "home")
    # An index may keep its words packed: then it finds what its files do not show.
    assert node.found("zsecret") or any(node.holds(secret) for secret in SECRETS)
    await drop_old_views(node.parts)
    assert node.found("zsecret") == set()
    node.close()  # what is left in files is noted for good
    assert await come_back(tmp_path / "home", publisher, "header")
    node = SmallNode(tmp_path / "home")
    await drop_old_views(node.parts)
    with node.disk.read() as reader:
        assert reader.scrubs() == {}, "done once"
    node.close()
