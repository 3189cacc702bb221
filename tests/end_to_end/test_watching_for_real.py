"""`frost watch` as real processes that are killed, over a node that is put back from a backup."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

from frostnode.testing.patience import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.network]

PATIENCE_S = 60


def publish(node, *keys):
    records = [{"type": "dataset", "key": key, "title": f"Dataset {key}"} for key in keys]
    node.json("publish", "-", stdin=json.dumps(records).encode())


class Watching:
    """A watcher that runs a command; what it says goes to a file."""

    def __init__(self, node, target, command, said):
        self.said = said
        env = {**os.environ, "FROST_HOME": str(node.home)}
        with said.open("wb") as errors:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "frostnode",
                    "watch",
                    target,
                    "--exec",
                    command,
                    "--since",
                    "beginning",
                ],
                env=env,
                stderr=errors,
            )

    def end(self, number):
        self.process.send_signal(number)
        self.process.wait(timeout=PATIENCE_S)


def noted(node):
    """What the watchers of a home say of the commands that run."""
    return "".join(path.read_text() for path in (node.home / "watches").glob("*.run"))


def test_a_command_whose_watcher_was_killed_ends_before_the_next_one_begins(make_node, tmp_path):
    node = make_node("node")
    did = node.init("node")["did"]
    publish(node, "ice")
    node.start()
    ran, go = tmp_path / "ran", tmp_path / "go"
    command = f"echo $$ > {ran}.process; echo begin >> {ran}; while [ ! -e {go} ]; do sleep 0.05; done; echo end >> {ran}"
    first = Watching(node, f"{did}/ice", command, tmp_path / "first")
    wait_until("the command runs, and who runs it has noted it", lambda: ran.exists() and noted(node))
    first.end(signal.SIGKILL)
    second = Watching(node, f"{did}/ice", command, tmp_path / "second")
    try:
        wait_until("it is waited for", lambda: "still runs" in second.said.read_text())
        assert f"(process {(tmp_path / 'ran.process').read_text().strip()}," in second.said.read_text()
        assert ran.read_text().split() == ["begin"]
        go.touch()
        wait_until("it ran again", lambda: ran.read_text().count("end") == 2)
        assert ran.read_text().split() == ["begin", "end", "begin", "end"]
    finally:
        go.touch()
        second.end(signal.SIGTERM)


def test_a_node_that_was_put_back_from_a_backup_is_watched_on(make_node, tmp_path):
    node = make_node("node")
    did = node.init("node")["did"]

    def watched(*options):
        done = node.frost("watch", did, "--once", *options)
        events = map(json.loads, done.stdout.splitlines())
        return [event["data"].get("key") for event in events], done.stderr.decode()

    publish(node, "before")
    node.start()
    keys, _ = watched("--since", "beginning")
    assert keys[-1] == "before"
    node.stop()
    backup = tmp_path / "backup"
    shutil.copytree(node.home, backup, ignore=shutil.ignore_patterns("*.sock"))
    node.start()
    publish(node, "lost")
    assert watched()[0] == ["lost"]
    node.stop()
    shutil.rmtree(backup / "watches")
    shutil.copytree(node.home / "watches", backup / "watches")
    shutil.rmtree(node.home)
    backup.rename(node.home)
    node.start("--i-am-the-only-copy")
    publish(node, "after")
    keys, said = watched()
    assert keys[-1] == "after"
    assert "set back" in said
    publish(node, "later")
    assert watched() == (["later"], "")


def test_a_test_notice_runs_the_command_once_and_comes_into_the_inbox(make_node, tmp_path):
    node = make_node("node")
    did = node.init("node")["did"]
    assert node.frost("watch", did, "--test", check=False).returncode != 0  # the node rests
    node.start()
    got = tmp_path / "got"
    for options in ((), ("--node", node.url)):
        node.frost("watch", did, "--test", "--exec", f"cat > {got}", *options)
        event = json.loads(got.read_text())
        assert (event["data"]["kind"], event["source"]) == ("test", did)
    assert node.frost("watch", did, "--test", "--exec", "exit 3", check=False).returncode == 1
    assert not list((node.home / "watches").glob("*.json"))
    id_ = node.json("subscribe", did, "--private")["id"]
    assert node.json("subscriptions", "test", id_) == {"tested": [id_]}
    (item,) = node.json("inbox")["items"]
    assert (item["notice"]["data"]["kind"], item["subscription"]) == ("test", id_)
    assert node.json("subscriptions", "pause", id_) == {"paused": [id_]}
    assert node.frost("subscriptions", "resume", id_).stdout.decode() == f"resumed {id_}\n"
