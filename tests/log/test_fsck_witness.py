"""What the witness remembers is checked too; lost, set back or damaged, it never makes a node cosign two trees."""

import shutil

import pytest
import trio

from frostnode.edge.sqlite.connection import Database
from frostnode.log.fsck import fsck
from frostnode.protocol.checkpoint import verify_cosignatures
from frostnode.protocol.errors import FrostError, StorageError
from frostnode.protocol.limits import COSIGN_INTERVAL_S
from frostnode.protocol.merkle import EMPTY_ROOT, consistency_proof
from frostnode.protocol.witness import AddCheckpoint
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.peers import PeerNode
from frostnode.witness_port import CosignRequest


def made(name="p", count=3, other=""):
    publisher = MemoryPublisher(name)
    for at in range(count):
        publisher.put(f"key-{at}", {"title": f"{other if at else ''}{at}"})
    return publisher


async def ask(node, source, old, size):
    proof = consistency_proof(old, size, source.node) if 0 < old < size else []
    asked = AddCheckpoint(old=old, proof=tuple(proof), note=source.note(size))
    try:
        return await node.witnessing.add_checkpoint(asked.to_bytes())
    except FrostError as error:
        return error.code


@pytest.fixture
def node(tmp_path):
    """The folder of a node that has cosigned three leaves."""
    opened, source = PeerNode(tmp_path, "node"), made()
    opened.take(*source.stream())
    asked = CosignRequest(
        origin=source.origin,
        old_size=0,
        old_root=EMPTY_ROOT,
        size=3,
        root=source.tree().root(),
        note=source.note(),
    )
    assert opened.witness.cosign([asked], 0) != [None]
    opened.close()
    return tmp_path


def grow(node):
    source = made(count=9)
    node.take(*source.stream(3))
    return source


def findings(node):
    return [str(each) for each in fsck(node.store, witness=node.witness).findings]


def test_a_sound_memory_has_no_findings(node):
    opened = PeerNode(node, "node")
    assert findings(opened) == []
    grow(opened)
    assert findings(opened) == []
    assert [each.size for each in opened.witness.remembered()] == [3]
    opened.close()


DAMAGE = {
    "UPDATE cosigned SET size = 2": ("checkpoint that was cosigned", "root at size 2"),
    "UPDATE cosigned SET size = 4": ("checkpoint that was cosigned", "leaves of a tree that was cosigned"),
    "UPDATE cosigned SET root = zeroblob(32)": ("checkpoint that was cosigned", "root at size 3"),
    "UPDATE cosigned SET time = time + 1": ("time of the cosignature",),
    "UPDATE cosigned SET note = substr(note, 1, 100)": ("note",),
    "UPDATE cosigned SET note = CAST(replace(CAST(note AS TEXT), 'frost-witness/', 'another/') AS BLOB)": (
        "time",
    ),
}


@pytest.mark.parametrize("sql", DAMAGE)
def test_planted_damage_is_found(node, sql):
    database = Database(node / "node.witness.db")
    database.run(sql)
    database.close()
    opened = PeerNode(node, "node")
    found = findings(opened)
    assert len(found) >= len(DAMAGE[sql])
    assert all(line.startswith("witness ") for line in found)
    assert all(any(words in line for line in found) for words in DAMAGE[sql]), found
    opened.close()


def test_a_damaged_page_of_the_memory_is_found(node):
    path = node / "node.witness.db"
    database = Database(path)
    database.one("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    data = bytearray(path.read_bytes())
    data[16 * 1024 : 16 * 1024 + 64] = b"\xff" * 64
    path.write_bytes(data)
    opened = PeerNode(node, "node")
    assert any("memory of the witness" in line for line in findings(opened))
    opened.close()


def test_a_memory_that_is_no_database_is_refused_at_the_start(node):
    for path in node.glob("node.witness.db*"):
        path.write_bytes(b"x" * 5000)
    with pytest.raises(StorageError) as raised:
        PeerNode(node, "node")
    assert raised.value.code == "storage.damaged"


@pytest.mark.parametrize("memory", ["lost", "set back"])
async def test_without_its_memory_it_cosigns_what_it_holds_and_no_other_tree(node, memory, autojump_clock):
    old = shutil.copytree(node, node.with_name(f"{node.name}-old"))
    opened = PeerNode(node, "node")
    source = grow(opened)
    await trio.sleep(2 * COSIGN_INTERVAL_S)
    before = await ask(opened, source, 3, 9)
    opened.close()
    for path in node.glob("node.witness.db*"):
        path.unlink()
    for path in old.glob("node.witness.db*") if memory == "set back" else ():
        shutil.copy(path, node / path.name)

    opened, twin = PeerNode(node, "node"), made(count=9, other="another ")
    assert twin.origin == source.origin
    assert findings(opened) == []
    known = 3 if memory == "set back" else 0
    await trio.sleep(2 * COSIGN_INTERVAL_S)
    assert await ask(opened, twin, 0, 9) in ("tree.root", "tree.proof", "witness.conflict")
    again = await ask(opened, source, known, 9)
    assert (again.size, again.root) == (before.size, before.root)
    own = opened.witness.cosigner
    assert verify_cosignatures(again.note, {own.name: own.key})
    opened.close()
