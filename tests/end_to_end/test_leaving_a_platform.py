"""Leave a platform with files alone: twenty publishers change platform, a site of files is followed, nothing is left half."""

import os
import resource
import signal
import subprocess
import sys
import time
import urllib.request

import pytest
import trio

from frostnode.edge.control import call
from frostnode.edge.home import Home
from frostnode.edge.sqlite.store import SqliteStore
from frostnode.founding import put_identity
from frostnode.identity.create import create_genesis
from frostnode.node import node_key
from frostnode.protocol.identity import Epoch
from frostnode.protocol.keys import SigningKey, derive_seed
from frostnode.protocol.names import did_of
from frostnode.testing.clock import ManualClock
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.random import SeededRandom

pytestmark = [pytest.mark.slow, pytest.mark.network]

PUBLISHERS = 20
PATIENCE_S = 60


async def _quietly(what, done, total):
    """Nobody looks on."""


def ask(node, operation, **params):
    """An operation of a running node, without a process for it."""
    answer = trio.run(call, node.home / "control.sock", operation, params, _quietly)
    assert answer is not None
    return answer


def host_more(node, count):
    """Further publishers for a home at rest, as a platform has them; answers their DIDs."""
    home, dids = Home(node.home), []
    seed = home.read_host_seed()
    store = SqliteStore(home.log_store, ManualClock(), SeededRandom("platform"))
    for number in range(count):
        label = f"frost log/{number}"
        key = SigningKey(derive_seed(seed, label)).public
        seeds = [derive_seed(seed, f"{kind}/{number}") for kind in ("authority", "recovery")]
        epoch = Epoch(key=key, node=node_key(seed).public, url="")
        genesis = create_genesis(*seeds, epoch=epoch, time_ms=1_800_000_000_000 + number)
        dids.append(did_of(genesis.cid))
        put_identity(store, genesis, did=dids[-1], label=label, peers=[])
    store.close()
    return dids


def publish_graph(node, dids):
    """A dataset and version of each, made from the version of the one before; and who subscribes to whom."""
    before = None
    for number, did in enumerate(dids):
        records = [
            {"type": "profile", "key": "self", "name": f"Institute {number}"},
            {"type": "dataset", "key": f"d{number}", "title": f"Dataset {number}"},
            {"type": "version", "key": f"d{number}@1", "label": "1"},
            {"type": "subscription", "key": "s", "target": {"publisher": dids[number - 1]}},
        ]
        if before:
            used = [{"uri": before, "role": "source"}]
            records.append({"type": "lineage", "key": "l", "generated": f"{did}/d{number}@1", "used": used})
        published = ask(node, "publish", records=records, did=did)["records"]
        assert {item["status"] for item in published} == {"published"}
        before = f"{published[2]['url']}?cid={published[2]['header']}"


def holdings(node, dids):
    """All records of these publishers with their contents and places, and their heads."""
    found = {}
    for did in dids:
        shown = ask(node, "publisher", did=did)
        records = {}
        for item in shown["listing"]:
            record = ask(node, "show", url=item["url"])
            records[item["url"]] = (record["origin"], record["index"], record["header"], record["content"])
        heads = [(epoch["origin"], epoch["size"], epoch["end"]) for epoch in shown["epochs"]]
        found[did] = (shown["name"], records, heads, [event["cid"] for event in shown["events"]])
    return found


def references(holding):
    """The dependency graph: who points at what."""
    edges = set()
    for _, records, _, _ in holding.values():
        for url, (_, _, _, content) in records.items():
            fields = content["fields"]
            edges |= {(url, item["uri"]) for item in fields.get("used", ())}
            edges |= {(url, value) for value in fields.get("target", {}).values()}
            edges |= {(url, fields["generated"])} if "generated" in fields else set()
    return edges


def follows(node):
    status = ask(node, "status")
    return sorted(status["followed"]), sorted(peer["url"] for peer in status["peers"])


def test_twenty_publishers_change_platform(make_node, tmp_path):
    old, new, stranger = make_node("old"), make_node("new"), MemoryPublisher("stranger").did
    dids = [old.init("Old platform")["did"], *host_more(old, PUBLISHERS - 1)]
    old.start()
    publish_graph(old, dids)
    old.frost("follow", stranger)
    old.frost("follow", "http://127.0.0.1:9/")
    before, followed = holdings(old, dids), follows(old)
    assert len(references(before)) == PUBLISHERS + 2 * (PUBLISHERS - 1)

    answer = old.json("export", "--all", tmp_path / "files")
    assert sorted(item["did"] for item in answer["archives"]) == sorted(dids)
    refused = old.frost("export", "--all", tmp_path / "files", check=False)
    assert (refused.returncode, b"output.exists" in refused.stderr) == (7, True)
    old.kill()

    archives = sorted((tmp_path / "files").glob("*.frostarchive"))
    assert len(archives) == PUBLISHERS
    for archive in archives[:3]:
        assert b"All that is in the file is proven." in old.frost("verify", archive).stdout
    new.init("New platform")
    new.start()
    new.frost("follow", "--from", tmp_path / "files" / "follows.json")
    taken = new.json("import-archive", *archives)["archives"]
    assert [item["error"] for item in taken] == [None] * PUBLISHERS
    after = holdings(new, dids)
    assert after == before
    assert references(after) == references(before)
    assert follows(new) == followed
    again = new.json("import-archive", *archives)["archives"]
    assert {item["entries"] for item in again} == {0}
    assert new.json("fsck")["findings"] == []


def site(folder):
    """The plain web server of Python over a folder, as a process: its URL."""
    command = [
        sys.executable,
        "-u",
        "-m",
        "http.server",
        "0",
        "--bind",
        "127.0.0.1",
        "--directory",
        str(folder),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return process, f"http://127.0.0.1:{int(process.stdout.readline().split()[5])}"


def test_a_site_of_files_is_read_by_people_and_followed_by_nodes(make_node, tmp_path):
    one, two = make_node("one"), make_node("two")
    did = one.init("Polar Data Centre")["did"]
    one.start()
    ask(one, "publish", records=[{"type": "dataset", "key": "a", "title": "First"}])
    one.frost("export", "--static", tmp_path / "site")
    process, url = site(tmp_path / "site")
    try:
        with urllib.request.urlopen(f"{url}/", timeout=30) as answer:
            assert "First" in answer.read().decode()
        two.init("Reader", "--peer", url)
        two.json("sync")
        two.start()
        assert holdings(two, [did]) == holdings(one, [did])
        many = [{"type": "dataset", "key": f"k{at}", "title": f"More {at}"} for at in range(300)]
        ask(one, "publish", records=many)
        ask(one, "withdraw", url=f"{did}/a")
        answer = one.json("export", "--static", tmp_path / "site")
        assert answer["entries"] == 303
        two.json("sync")
        assert holdings(two, [did]) == holdings(one, [did])
        assert two.json("search", "More")["total"] == 300
        one.stop()
        one.frost("export", "--static", tmp_path / "site", "--no-pages")
        assert not (tmp_path / "site" / "index.html").exists()
        assert two.json("sync")["peers"][0]["error"] == ""
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def many_records(count=1500, padding=8000):
    return [{"type": "dataset", "key": f"k{at}", "title": "x", "note": "y" * padding} for at in range(count)]


def started(node, *arguments):
    env = {**os.environ, "FROST_HOME": str(node.home)}
    command = [sys.executable, "-m", "frostnode", *map(str, arguments)]
    return subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def killed_when(process, condition):
    """kill -9 as soon as the condition holds; answers whether the process was still at work."""
    deadline = time.monotonic() + PATIENCE_S
    while process.poll() is None and not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def killed_while_writing(node, target, part):
    """Export, and kill -9 in the middle of it; a run that was faster is taken away and begun anew."""
    for _ in range(20):
        if killed_when(started(node, "export", target), part.exists) and not target.exists():
            return
        target.unlink(missing_ok=True)
    raise AssertionError("every export was faster than the kill")


def limited(node, size, *arguments):
    """A command that may write files of so many bytes: what a full disk does to it, on any machine."""
    return subprocess.run(
        [sys.executable, "-m", "frostnode", *map(str, arguments)],
        env={**os.environ, "FROST_HOME": str(node.home)},
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
    )


def test_kill_9_and_a_full_disk_leave_nothing_half(make_node, tmp_path):
    one, two = make_node("one"), make_node("two")
    one.init("One")
    one.start()
    ask(one, "publish", records=many_records())
    one.stop()
    target, part = tmp_path / "one.frostarchive", tmp_path / ".one.frostarchive.part"
    for arguments in (("export", tmp_path / "a" / "one"), ("export", "--all", tmp_path / "a")):
        done = limited(one, 1_500_000, *arguments)
        assert (done.returncode, b"storage.failed" in done.stderr) == (6, True), done.stderr
        assert b"Traceback" not in done.stderr
        assert [path.name for path in (tmp_path / "a").iterdir()] == []

    killed_while_writing(one, target, part)
    size = one.json("export", target)["bytes"]
    assert target.stat().st_size == size > 12_000_000
    assert not part.exists()
    assert b"1501 entries" in one.frost("verify", target).stdout

    two.init("Two")
    store = two.home / "frost.db-wal"
    assert killed_when(
        started(two, "import-archive", target), lambda: store.exists() and store.stat().st_size > 3_000_000
    )
    assert two.json("fsck")["findings"] == []
    (answer,) = two.json("import-archive", "--follow", target)["archives"]
    assert 0 < answer["entries"] < answer["size"] == 1501
    copy = tmp_path / "two.frostarchive"
    two.json("export", answer["did"], copy)
    assert copy.read_bytes() == target.read_bytes()
