"""The smallest demonstrations of the network (spec/00-overview.md): an update is seen, derived from, across institutions and moves.

Real processes; the derivation is what `scripts/demo` runs.
"""

import json
import os
import shlex
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from frostnode.testing.patience import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.network]

ROOT = Path(__file__).parents[2]
DERIVE = ROOT / "scripts" / "demonstration" / "derive.py"
PATIENCE_S = 60


def dataset(node, key):
    record = {"type": "dataset", "key": key, "title": f"Dataset {key}"}
    (line,) = node.json("publish", "-", stdin=json.dumps(record).encode())["records"]
    return line["url"]


def versions(node, url):
    """Labels of a dataset as this node sees it, oldest first; none while it is not here."""
    done = node.frost("versions", url, "--json", check=False)
    return (
        [item["label"] for item in json.loads(done.stdout)["versions"]][::-1] if done.returncode == 0 else []
    )


def unread(node):
    return [
        (item["notice"]["data"]["kind"], item["notice"]["data"].get("key"))
        for item in node.json("inbox", "--limit", "1000")["items"]
    ][::-1]


@contextmanager
def deriving(node, target, own):
    """What the owner of a derived dataset leaves running."""
    command = shlex.join([sys.executable, str(DERIVE), own, "a test"])
    env = {**os.environ, "FROST_HOME": str(node.home)}
    process = subprocess.Popen(
        [sys.executable, "-m", "frostnode", "watch", target, "--exec", command, "--since", "beginning"],
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
        assert b"Traceback" not in said, said.decode()


def derive_what_was_missed(node, target, own):
    """The same from its kept place, to the end of what there is."""
    command = shlex.join([sys.executable, str(DERIVE), own, "a test"])
    done = subprocess.run(
        [sys.executable, "-m", "frostnode", "watch", target, "--exec", command, "--once"],
        env={**os.environ, "FROST_HOME": str(node.home)},
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()


def test_an_update_is_seen_and_two_datasets_are_related(make_node):
    a, b = map(make_node, "ab")
    a.init("A")
    sst = dataset(a, "sst")
    waves = dataset(a, "waves")
    a.json("version", "sst", "--label", "1", "--location", "s3://b/1")
    a.json("version", "waves", "--label", "1", "--location", "s3://b/w1")
    a.json("derive", "waves@1", "--from", "sst@1", "--activity", "detection")
    a.start()
    b.init("B", "--peer", a.url)
    b.start()
    wait_until("B carries both", lambda: versions(b, waves) == ["1"])
    assert [edge["used"] for edge in b.json("lineage", waves)["edges"]] == [f"{sst}@1"]
    assert [node["name"] for node in b.json("lineage", sst, "--down")["nodes"] if node["distance"] > 0] == [
        f"{waves}@1"
    ]
    b.json("subscribe", sst, "--private")
    a.json("version", "sst", "--label", "2", "--location", "s3://b/2", "--note", "February")
    wait_until("the update is seen", lambda: unread(b) == [("published", "sst@2")])
    (node,) = [n for n in b.json("lineage", waves)["nodes"] if n["name"] == f"{waves}@1"]
    assert node["marks"] == ["out of date"]
    latest = b.json("show", f"{sst}@latest")["url"]
    assert latest.startswith(f"{sst}@2")
    a.json("withdraw", latest.partition("?")[0])
    wait_until("it is withdrawn", lambda: unread(b)[-1] == ("withdrawn", "sst@2"))
    assert b.json("show", f"{sst}@latest")["url"].startswith(f"{sst}@1")
    new = dataset(a, "sst-v2")
    a.json("deprecate", "sst", "--successor", new, "--note", "a better one")
    wait_until("it has a successor", lambda: unread(b)[-1] == ("deprecated", "sst"))
    assert b.json("inbox")["items"][0]["notice"]["data"]["successor"] == new


def test_a_derived_dataset_is_made_again_at_each_update_also_across_a_move_of_its_source(make_node, tmp_path):
    a, b, c = map(make_node, "abc")
    a.init("A")
    sst = dataset(a, "sst")
    a.start()
    kit = a.home / "authority-kit.json"
    b.init("B", "--peer", a.url)
    b.start()
    waves = dataset(b, "waves")
    b.json("subscribe", sst, "--for", "waves")
    with deriving(b, sst, "waves"):
        for label in ("1", "2"):
            a.json("version", "sst", "--label", label, "--location", f"s3://b/{label}")
            wait_until(f"derived from {label}", lambda label=label: label in versions(b, waves))
        # The host is destroyed; its publisher goes on elsewhere, from what B carries.
        wait_until("B carries all", lambda: versions(b, sst) == ["1", "2"])
        a.kill()
        c.json("init", "--name", "C", "--carrier")
        c.start()
        c.json(
            "move", "--kit", kit, "--passphrase-file", a.passphrase, "--peer", b.url, "--yes", timeout_s=120
        )
        b.json("follow", c.url)
        c.json("version", "sst", "--label", "3", "--location", "s3://c/3")
        wait_until("derived from 3", lambda: versions(b, waves) == ["1", "2", "3"])
    moved = wait_until("B was told of the move", lambda: [kind for kind, _ in unread(b) if kind == "moved"])
    assert moved == ["moved"]
    assert [key for kind, key in unread(b) if kind == "published"] == ["sst@1", "sst@2", "sst@3"]
    # Whoever was away is told of what it missed.
    c.json("version", "sst", "--label", "4", "--location", "s3://c/4")
    wait_until("B carries it", lambda: versions(b, sst)[-1] == "4")
    derive_what_was_missed(b, sst, "waves")
    assert versions(b, waves)[-1] == "4"
    assert sorted(versions(c, sst)) == ["1", "2", "3", "4"]


def test_a_subscription_comes_along_when_its_subscriber_moves(make_node):
    a, b, d = map(make_node, "abd")
    a.init("A")
    sst = dataset(a, "sst")
    a.start()
    b.init("B", "--peer", a.url)
    b.start()
    dataset(b, "waves")
    b.json("subscribe", sst, "--for", "waves")
    a.json("follow", b.url)
    did = b.json("status")["hosted"][0]["did"]
    wait_until("A carries it", lambda: b"subscription" in a.frost("log", did, check=False).stdout)
    kit = b.home / "authority-kit.json"
    b.kill()
    d.json("init", "--name", "D", "--carrier", "--peer", a.url)
    d.start()
    d.json("move", "--kit", kit, "--passphrase-file", b.passphrase, "--peer", a.url, "--yes", timeout_s=120)
    wait_until(
        "D has the subscription",
        lambda: [s for s in d.json("subscriptions")["subscriptions"] if s["target"] == sst],
    )
    a.json("version", "sst", "--label", "1", "--location", "s3://b/1")
    wait_until("D is told", lambda: ("published", "sst@1") in unread(d))
    assert d.json("inbox")["items"][0]["behalf"] == f"{did}/waves"


def test_the_demonstration_runs_and_ends_by_itself():
    done = subprocess.run(
        [sys.executable, "-m", "scripts.demonstration", "--once"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for who in ("NASA", "NOAA", "Aquafarm"):
        assert done.stdout.count(f" s  {who}") == 2
    assert "salmon-stress@2026-11-02  from  marine-heatwaves@2026-11-02" in done.stdout
