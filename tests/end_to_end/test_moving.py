"""A publisher leaves its host, alive or dead: identity, followers and history come along. Real processes."""

import json
import shutil

import httpx
import pytest

from frostnode.testing.patience import wait_until
from tests.end_to_end.conftest import free_port

pytestmark = [pytest.mark.slow, pytest.mark.network]


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


def port_of(node):
    return int(node.url.rpartition(":")[2])


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
    twice = b.frost("serve", "--port", 0, check=False)
    assert "a home runs once: stop that node first" in twice.stderr.decode()
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
    a.start(port=port_of(a))
    wait_until("A hears", lambda: a.json("status")["hosted"][0]["moved_to"] == b.url)


def told_events(node, did):
    """How many bytes of identity history a node tells."""
    return len(httpx.get(f"{node.url}/frost/{did}/identity").content)


def break_off(node, command, begun, *, is_node=False):
    """Begin a command, and when it has come so far end it with kill -9, or its node."""
    trying = node.begin(*command)
    wait_until("it has come so far, or is over", lambda: trying.poll() is not None or begun())
    (node.kill if is_node else trying.kill)()
    trying.communicate()
    if is_node:
        node.start(port=port_of(node))


def test_kill_9_in_the_midst_of_a_move_leaves_one_event_and_the_same_command_finishes_it(make_node):
    a, b = map(make_node, "ab")
    did = found(a, "Polar Data Centre", "--passphrase-file", a.passphrase)["did"]
    publish(a, "one", "two")
    found(b, "B", "--carrier")
    kit = a.home / "authority-kit.json"
    command = ["move", "--kit", kit, "--passphrase-file", a.passphrase, "--peer", a.url, "--end", 2, "--yes"]
    beside, before = kit.with_name("authority-kit.event-1.json"), told_events(a, did)
    break_off(b, command, lambda: told_events(b, did) == before, is_node=True)
    break_off(b, command, beside.exists)
    signed = json.loads(beside.read_bytes())
    if not signed["taken"]:  # whoever was quicker
        break_off(b, command, lambda: told_events(b, did) > before)
    if not json.loads(beside.read_bytes())["taken"]:
        done = b.json(*command, timeout_s=120)
        assert (done["n"], done["end"]["size"]) == (1, 2)
    assert json.loads(beside.read_bytes()) == {**signed, "taken": True}
    for node in (a, b):
        wait_until("it knows", lambda node=node: told_events(node, did) > before)
        assert node.json("fsck")["findings"] == []
    assert told_events(a, did) == told_events(b, did)
    assert b.json("status")["hosted"][0]["did"] == did


def test_a_lost_tail_is_published_anew_as_the_same_bytes(make_node):
    a, b, c = map(make_node, "abc")
    did = found(a, "Polar Data Centre", "--passphrase-file", a.passphrase)["did"]
    publish(a, "one")
    found(c, "C", "--carrier", "--peer", a.url)
    wait_until("C carries", lambda: keys(c) >= {"one"})
    c.stop()
    late = {line["url"]: line["header"] for line in publish(a, "late", "contested")["records"]}
    a.kill()
    c.start(port=port_of(c))
    found(b, "B", "--carrier")
    done = move(b, a.home / "authority-kit.json", a.passphrase, "--peer", c.url)
    assert done["end"]["size"] == 2, "what nobody carries does not count"
    publish(b, "contested", title="Written since at B")

    a.start(port=port_of(a))
    wait_until("A hears", lambda: a.json("status")["hosted"][0]["moved_to"] == b.url)
    assert keys(a) == {"one"} | ({"contested"} & keys(a))
    listed = b.json("orphans", did, "--from", a.url)["orphans"]
    assert {line["url"].rpartition("/")[2]: line["status"] for line in listed} == {
        "late": "orphaned",
        "contested": "written since",
    }
    b.json("republish", did, "--from", a.url, "--yes")
    for node in (b, c):
        wait_until("it is back", lambda node=node: "late" in keys(node))
        assert node.json("fsck")["findings"] == []
    shown = b.json("show", f"{did}/late")
    assert shown["header"] == late[f"{did}/late"], "the very same entry"
    assert b.json("show", f"{did}/contested")["title"] == "Written since at B contested"
    again = b.json("orphans", did, "--from", a.url)["orphans"]
    assert [line["status"] for line in again] == ["published", "written since"]


def test_who_has_stolen_the_kit_is_overruled_with_the_recovery_sheet(make_node):
    a, thief, c = map(make_node, "atc")
    did = found(a, "Polar Data Centre", "--passphrase-file", a.passphrase)["did"]
    publish(a, "one")
    found(c, "C", "--carrier", "--peer", a.url)
    wait_until("C carries", lambda: keys(c) >= {"one"})
    found(thief, "T", "--carrier")
    move(thief, a.home / "authority-kit.json", a.passphrase, "--peer", a.url, "--peer", c.url)
    publish(thief, "forged")
    wait_until("C believes it", lambda: "forged" in keys(c))

    refused = a.frost(
        *("recover", "--sheet", a.home / "recovery-sheet.json", "--new-kit", a.home / "new.json"),
        *("--passphrase-file", a.passphrase, "--yes"),
        check=False,
    )
    assert "--after one of 0 genesis" in refused.stderr.decode()
    done = a.json(
        *("recover", "--sheet", a.home / "recovery-sheet.json", "--new-kit", a.home / "new.json"),
        *("--after", "0", "--passphrase-file", a.passphrase, "--peer", c.url, "--yes"),
    )
    assert (done["n"], done["end"]["size"]) == (1, 2)
    publish(a, "two")
    wait_until("C is back with the owner", lambda: keys(c) == {"one", "two"})
    for node in (a, c):
        assert node.json("fsck")["findings"] == []
    old = a.frost(
        *("rotate", "--kit", a.home / "authority-kit.json", "--passphrase-file", a.passphrase, "--yes"),
        check=False,
    )
    assert "kit.mismatch" in old.stderr.decode()
    a.json("rotate", "--kit", a.home / "new.json", "--passphrase-file", a.passphrase, "--yes")
    assert did == a.json("status")["hosted"][0]["did"]


def test_a_home_that_was_copied_waits_and_one_that_was_set_back_catches_up(make_node, tmp_path):
    a, c = map(make_node, "ac")
    found(a, "Polar Data Centre", "--passphrase-file", a.passphrase)
    found(c, "C", "--carrier", "--peer", a.url)
    publish(a, "one")
    wait_until("C carries", lambda: keys(c) >= {"one"})
    a.json("follow", c.url)
    wait_until("A has seen C carry it", lambda: a.json("peers")["peers"][0]["logs"] == 1)
    a.stop()
    image = {path: path.read_bytes() for path in a.home.glob("*.db*")}
    a.start(port=port_of(a))
    publish(a, "two")
    wait_until("C carries", lambda: keys(c) >= {"two"})
    a.stop()
    for path in a.home.glob("*.db*"):
        path.unlink()
    for path, data in image.items():
        path.write_bytes(data)
    a.start(port=port_of(a))
    publish(a, "three")
    wait_until("nothing was forked", lambda: keys(c) == {"one", "two", "three"})
    assert c.json("status")["disputed"] == []

    a.stop()
    copy = make_node("copy")
    shutil.copytree(a.home, copy.home, ignore=shutil.ignore_patterns("*.sock"))
    refused = copy.frost("publish", "-", stdin=b'{"type": "dataset", "key": "x", "title": "X"}', check=False)
    assert refused.returncode == 7
    assert "--i-am-the-only-copy" in refused.stderr.decode()
    copy.start("--i-am-the-only-copy", port=port_of(a))
    publish(copy, "four")
    wait_until("C carries", lambda: keys(c) >= {"four"})


def test_two_moves_with_one_kit_are_shown_by_who_met_both_until_a_recovery(make_node, tmp_path):
    a, b, other, c = map(make_node, ("a", "b", "other", "c"))
    did = found(a, "Polar Data Centre", "--passphrase-file", a.passphrase)["did"]
    publish(a, "one")
    found(c, "C", "--carrier", "--peer", a.url)
    wait_until("C carries", lambda: keys(c) >= {"one"})
    kits = []
    for node, name in ((b, "B"), (other, "Other")):
        found(node, name, "--carrier", "--peer", a.url)
        wait_until("it carries", lambda node=node: keys(node) >= {"one"})
        kits.append(
            tmp_path / f"{name}.json"
        )  # two copies of one kit: neither knows what the other has signed
        kits[-1].write_bytes((a.home / "authority-kit.json").read_bytes())
    for node in (a, b, other, c):
        node.stop()
    for node, kit in ((b, kits[0]), (other, kits[1])):  # nobody else can be asked, and both insist
        move(node, kit, a.passphrase, "--end", "2")
    for node in (b, c, other):
        node.start(port=port_of(node))

    for node in (b, other):
        c.json("follow", node.url)
    fork = wait_until("C has met both", lambda: c.json("show", f"{did}/one")["forks"])[0]
    assert fork["settled_by"] is None
    page = httpx.get(f"{c.url}/publisher/{did}").text
    assert b.url in page
    assert other.url in page
    c.frost("proof", f"{did}/one", "-o", tmp_path / "one.frostproof")
    assert len(c.json("verify", tmp_path / "one.frostproof")["forks"]) == 1

    a.start(port=port_of(a))
    a.json(
        *(
            "recover",
            "--sheet",
            a.home / "recovery-sheet.json",
            "--new-kit",
            a.home / "new.json",
            "--after",
            "0",
        ),
        *("--passphrase-file", a.passphrase, "--peer", c.url, "--yes"),
    )
    for node in (a, c):
        wait_until(
            f"it is settled: {node.json('show', f'{did}/one')['forks']}",
            lambda node=node: all(fork["settled_by"] for fork in node.json("show", f"{did}/one")["forks"]),
        )
        assert node.json("fsck")["findings"] == []
