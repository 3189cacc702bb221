"""Real nodes that choose whom they carry, and change their minds while they run."""

import signal
import time

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.network]

PATIENCE_S = 60


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def publish(node, key):
    node.frost(
        "publish", "-", stdin=f'{{"type": "dataset", "key": "{key}", "title": "Sea ice {key}"}}'.encode()
    )


def titles(node, *options):
    return {hit["title"] for hit in node.json("search", "sea ice", *options)["hits"]}


def set_policy(node, text):
    file = node.home / "frost.toml"
    mark = "# Whom this node carries"
    file.write_text(file.read_text().partition(mark)[0] + f"{mark}\n{text}")


def test_a_running_node_takes_up_a_change_of_policy(make_node):
    one, two = make_node("one"), make_node("two")
    did = one.init("One")["did"]
    two.init("Two")
    publish(one, "first")
    url = one.start()
    two.start()
    two.frost("follow", url)
    # The node that it follows hosts the publisher: that is a voucher.
    wait_until(lambda: titles(two) == {"Sea ice first"})

    set_policy(two, f'[carry]\ndeny = ["{did}"]\n')
    two.process.send_signal(signal.SIGHUP)
    wait_until(lambda: titles(two) == set())
    publish(one, "second")
    assert two.json("policy")["not_carried"] == 1
    assert two.frost("show", f"{did}/first", check=False).returncode == 3

    set_policy(two, '[carry]\nmode = "whatever"\n')
    refused = two.frost("policy", "reload", check=False)
    assert refused.returncode == 2
    assert b"carry.mode" in refused.stderr
    assert two.json("policy")["settings"]["deny"] == [did]
    assert two.frost("policy", "check", two.home / "frost.toml", check=False).returncode == 2

    set_policy(two, '[carry]\nmode = "followed"\n')
    assert two.json("policy", "reload")["settings"]["mode"] == "followed"
    assert titles(two) == set()
    assert two.json("follow", did)["refused"] is None
    wait_until(lambda: titles(two) == {"Sea ice first", "Sea ice second"})
    publish(one, "third")
    wait_until(lambda: "Sea ice third" in titles(two))
    assert two.json("fsck")["findings"] == []


def test_a_resting_node_fetches_what_it_refused_when_it_is_told_to_sync(make_node):
    one, two = make_node("one"), make_node("two")
    did = one.init("One")["did"]
    two.init("Two")
    publish(one, "first")
    url = one.start()
    two.frost("follow", url)
    set_policy(two, f'[carry]\ndeny = ["{did}"]\n')
    two.frost("sync")
    assert titles(two, "--include", "unknown") == set()
    (refusal,) = two.json("policy", "refusals")["refusals"]
    assert (refusal["did"], refusal["peer"], refusal["code"]) == (did, url, "policy.denied")
    assert did.encode() in two.frost("policy", "refusals").stdout
    set_policy(two, "")
    two.frost("sync")
    assert titles(two) == {"Sea ice first"}
    assert two.json("policy", "refusals")["total"] == 0
