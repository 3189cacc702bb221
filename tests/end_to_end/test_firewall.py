"""Three nodes, each a process of its own: one that only dials out, one in the middle, one beyond."""

import httpx
import pytest

from frostnode.testing.patience import wait_until


def titles(node):
    asked = {"type": "dataset", "include": "unknown"}  # nobody vouches in the middle for who is inside
    records = httpx.get(f"{node.url}/api/records", params=asked).json()["records"]
    return {record["title"] for record in records}


def publish(node, tmp_path, title):
    path = tmp_path / f"{title}.yaml"
    path.write_text(f"type: dataset\nkey: {title.lower()}\ntitle: {title}\n")
    node.json("publish", path)


@pytest.mark.slow
@pytest.mark.network
def test_a_node_behind_a_firewall_receives_and_delivers(make_node, tmp_path):
    inside, middle, beyond = map(make_node, ("inside", "middle", "beyond"))
    beyond.init("Beyond")
    beyond.start()
    middle.init("Middle", "--peer", beyond.url)
    middle.start()
    inside.init("Inside", "--peer", middle.url)
    inside.start()
    publish(inside, tmp_path, "From-inside")
    publish(beyond, tmp_path, "From-beyond")
    everything = {"From-inside", "From-beyond"}
    for node in (middle, inside, beyond):
        wait_until(f"{node.home.name} has all", lambda node=node: titles(node) == everything)
    assert [peer["url"] for peer in middle.json("status")["peers"]] == [beyond.url]
    assert beyond.json("status")["peers"] == []
    offers = inside.json("status")["offers"]
    assert [(each["url"], each["active"]) for each in offers["to"]] == [(middle.url, True)]
    assert "offers to" in inside.frost("status").stdout.decode()

    port = int(middle.url.rpartition(":")[2])
    middle.kill()
    publish(inside, tmp_path, "Meanwhile")
    middle.start(port=port)
    wait_until("what was published meanwhile arrives", lambda: "Meanwhile" in titles(beyond))
    for node in (inside, middle, beyond):
        node.stop()
        assert node.json("fsck")["findings"] == []
