"""A log that was signed two ways, by a home that was copied: found, proven, told on, and nothing of it lost."""

import json
import shutil

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.network]


def publish(node, key, check=True):
    record = {"type": "dataset", "key": key, "title": f"Sea ice {key}"}
    return node.frost("publish", "-", stdin=json.dumps(record).encode(), check=check)


def titles(node):
    return {hit["title"] for hit in node.json("search", "sea ice", "--include", "unknown")["hits"]}


def disputed(node):
    return [item["did"] for item in node.json("status")["disputed"]]


def test_a_home_that_was_copied_is_found_out(make_node, tmp_path):
    one, twin, carrier, far = map(make_node, ("one", "twin", "carrier", "far"))
    did = one.init("One")["did"]
    publish(one, "both")
    shutil.copytree(one.home, twin.home, ignore=shutil.ignore_patterns("*.sock"))
    (twin.home / "place").unlink()  # its operator is sure that no other copy runs
    publish(one, "here")
    publish(twin, "there")
    for node in (one, twin):
        node.start()
    carrier.init("Carrier", "--peer", one.url)
    carrier.json("sync")
    carrier.frost("follow", twin.url)
    carrier.frost("sync", check=False)
    assert disputed(carrier) == [did]
    assert titles(carrier) == {"Sea ice both", "Sea ice here"}, "what was verified stays"
    file = tmp_path / "copied.frostevidence"
    carrier.frost("evidence", did, "-o", file)
    assert did in json.dumps(far.json("verify", file))

    # Who asks the carrier alone hears of it too; the home that hears of it publishes no more.
    carrier.start()
    far.init("Far", "--peer", carrier.url)
    far.json("sync")
    assert disputed(far) == [did]
    assert far.json("fsck")["findings"] == []
    one.frost("follow", carrier.url)
    one.frost("sync", check=False)
    refused = publish(one, "later", check=False)
    assert refused.returncode != 0
    assert b"epoch.frozen" in refused.stderr
