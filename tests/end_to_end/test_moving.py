"""A publisher leaves its host, alive or dead: identity, followers and history come along. Real processes."""

import json
import socket
import time

import httpx
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.network]

PATIENCE_S = 60


def wait_until(what, condition):
    """A bound, not a measure."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.1)
    return found


def publish(node, *keys, title="Sea ice"):
    records = [{"type": "dataset", "key": key, "title": f"{title} {key}"} for key in keys]
    return node.json("publish", "-", stdin=json.dumps(records).encode())


def settings(node, **values):
    """Loopback is where these nodes are; and whatever else."""
    path = node.home / "frost.toml"
    values = {"discover_private": "true", **values}
    lines = [line for line in path.read_text().splitlines() if line.split(" ")[0] not in values]
    path.write_text("\n".join([*(f"{name} = {value}" for name, value in values.items()), *lines, ""]))


@pytest.fixture
def world(make_node):
    """A has published three datasets, C and D carry them, B is new."""
    a, b, c, d = map(make_node, "abcd")
    found(a, "Polar Data Centre", "--passphrase-file", a.passphrase)
    publish(a, "one", "two", "three")
    for name, node in (("C", c), ("D", d)):
        found(node, name, "--carrier", "--peer", a.url)
        wait_until("it carries", lambda node=node: keys(node) >= {"one", "two", "three"})
    found(b, "B", "--carrier")
    return a, b, c, d


def keys(node):
    records = httpx.get(f"{node.url}/api/records", params={"type": "dataset", "include": "unknown"}).json()
    return {record["key"] for record in records["records"]}


def free_port():
    """A port that nobody listens at: the URL of a node is in the event by which a publisher comes to it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def found(node, name, *options):
    """A node that is reached where it says."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    made = node.json("init", "--name", name, "--url", url, "--port", port, *options)
    settings(node)
    node.start(port=port)
    assert node.url == url
    return made


def move(node, kit, passphrase, *options):
    return node.json("move", "--kit", kit, "--passphrase-file", passphrase, "--yes", *options, timeout_s=120)


def test_a_planned_move(world):
    a, b, c, d = world
    kit = a.home / "authority-kit.json"
    rehearsed = move(b, kit, a.passphrase, "--peer", a.url, "--rehearse")
    assert rehearsed["rehearsed"]
    done = move(b, kit, a.passphrase, "--peer", a.url, "--peer", c.url)
    assert (done["end"]["size"], done["lost"]) == (4, 0)
    assert [line["error"] for line in done["told"]] == ["", ""]
    again = move(b, kit, a.passphrase, "--peer", a.url)
    assert again["n"] == 2, "a second move from here to here is a rotation"
    refused = a.frost("publish", "-", stdin=b'{"type": "dataset", "key": "x", "title": "X"}', check=False)
    assert refused.returncode == 7
    assert b.url in refused.stderr.decode()
    publish(b, "four")
    wait_until("the search at B", lambda: keys(b) >= {"one", "two", "three", "four"})
    for node in (c, d, a):
        wait_until("they find the new host", lambda node=node: "four" in keys(node))
        assert node.json("fsck")["findings"] == []


def test_a_dead_host(world):
    a, b, c, _ = world
    a.kill()
    done = move(b, a.home / "authority-kit.json", a.passphrase, "--peer", c.url)
    assert (done["end"]["size"], done["lost"]) == (4, 0)
    publish(b, "four")
    for node in (b, c):
        wait_until("history and news", lambda node=node: keys(node) >= {"one", "two", "three", "four"})
    # A comes back, unaware.
    a.start(port=int(a.url.rpartition(":")[2]))
    wait_until("A hears", lambda: a.json("status")["hosted"][0]["moved_to"] == b.url)
