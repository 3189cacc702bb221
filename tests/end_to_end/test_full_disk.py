"""A real node whose disk takes no byte more for a while: it goes on, says so, and makes up for it."""

import json
import sys
import time

import pytest

resource = pytest.importorskip("resource")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.network,
    pytest.mark.skipif(
        sys.platform != "linux", reason="the limits of another process are set on Linux alone"
    ),
]

PATIENCE_S = 60


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
    return found


def publish(node, key, **options):
    record = {"type": "dataset", "key": key, "title": f"Sea ice {key}"}
    return node.frost("publish", "-", stdin=json.dumps(record).encode(), **options)


def allow(node, bytes_max):
    """Let the node write files up to this size: beyond it every write fails, as on a full disk."""
    hard = resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, (bytes_max, hard))


def test_a_node_outlives_a_full_disk(make_node):
    one, two = make_node("one"), make_node("two")
    one.init("One")
    two.init("Two")
    publish(one, "first")
    url = one.start()
    two.start()
    two.frost("follow", url)
    wait_until(lambda: two.json("search", "sea ice")["total"] == 1)

    for node in (one, two):
        allow(node, 0)
    refused = publish(one, "second", check=False)
    assert refused.returncode == 6, refused.stderr
    assert b"storage.failed" in refused.stderr
    allow(one, resource.RLIM_INFINITY)
    publish(one, "second")
    # The follower hears of it, and has no room for it: it says so, and all that is there is still shown.
    wait_until(lambda: "storage.failed" in two.json("status")["peers"][0]["error"])
    assert two.json("search", "sea ice")["total"] == 1

    allow(two, resource.RLIM_INFINITY)
    wait_until(lambda: two.json("search", "sea ice")["total"] == 2)
    for node in (one, two):
        wait_until(lambda node=node: node.json("status")["troubles"] == {})
        assert node.json("fsck")["findings"] == []
        assert node.stop() == 0
