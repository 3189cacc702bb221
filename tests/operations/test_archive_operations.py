"""Archives as operations: what a platform leaves is what it chose, and several files are several answers."""

import json

import pytest

from frostnode.neighbours import Hosted
from frostnode.node import one_fault
from frostnode.operations.archive import archive_name
from frostnode.protocol.errors import LocalError
from frostnode.testing.memory_publisher import MemoryPublisher


def hosted(node, *names):
    """Publishers that the node holds and is said to host."""
    made = []
    for name in names:
        publisher = MemoryPublisher(name)
        publisher.put("a", {"title": name})
        node.take(*publisher.stream())
        with node.disk.write() as writer:
            writer.host(Hosted(did=publisher.did, origin=publisher.origin, key_label="test"))
        made.append(publisher)
    node.fold()
    return made


async def test_all_means_whom_it_hosts_and_whom_its_operator_chose(node, tmp_path):
    one, two = hosted(node, "one", "two")
    stranger = MemoryPublisher("stranger")
    node.take(*stranger.stream())
    await node.ask("follow", target=stranger.did)
    await node.ask("follow", target="http://chosen.example")
    with node.disk.write() as writer:
        writer.list_peer("http://found.example")
    await node.ask("block", target=two.did, reason="court order", hosted=True)
    answer = await node.ask("export-all", folder=str(tmp_path / "all"))
    assert answer["left_out"] == [{"did": two.did, "reason": "blocked here"}]
    assert {path.name for path in (tmp_path / "all").iterdir()} == {archive_name(one.did), "follows.json"}
    assert json.loads((tmp_path / "all" / "follows.json").read_text()) == {
        "format": "frost-follows/1",
        "followed": [stranger.did],
        "hosted": sorted([one.did, two.did]),
        "peers": ["http://chosen.example"],
    }


async def test_nothing_is_begun_where_one_file_is_in_the_way(node, tmp_path):
    hosted(node, "one", "two")
    (tmp_path / "follows.json").write_text("mine")
    with pytest.raises(LocalError) as caught:
        await node.ask("export-all", folder=str(tmp_path))
    assert caught.value.code == "output.exists"
    assert not list(tmp_path.glob("*.frostarchive"))
    await node.ask("export-all", folder=str(tmp_path), replace=True)
    assert len(list(tmp_path.glob("*.frostarchive"))) == 2


async def test_a_found_node_becomes_a_chosen_one(node, tmp_path):
    with node.disk.write() as writer:
        writer.list_peer("http://found.example")
    file = tmp_path / "follows.json"
    fields = {"format": "frost-follows/1", "followed": [], "hosted": [], "peers": ["http://found.example"]}
    file.write_text(json.dumps(fields))
    assert await node.ask("follow-from", file=str(file)) == {"followed": 0, "peers": 1, "known": 0}
    assert await node.ask("follow-from", file=str(file)) == {"followed": 0, "peers": 0, "known": 1}


async def test_the_only_publisher_needs_no_name(node, tmp_path):
    (one,) = hosted(node, "one")
    answer = await node.ask("export", file=str(tmp_path / "file"))
    assert (answer["did"], answer["entries"]) == (one.did, 1)
    hosted(node, "two")
    with pytest.raises(LocalError) as caught, one_fault():
        await node.ask("export", file=str(tmp_path / "other"))
    assert caught.value.code == "usage"
    assert not (tmp_path / "other").exists()
