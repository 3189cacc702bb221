"""Taking down on running nodes: gone where it was erased, kept where others have it, and taken up again after a block."""

import json
import shutil
import urllib.error
import urllib.request

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.network]

WHY = ("--reason", "by request of the author")


def get(url):
    """(status, body) of a GET."""
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def publish(node, key, words):
    record = {"type": "dataset", "key": key, "title": words}
    (item,) = node.json("publish", "-", stdin=json.dumps(record).encode())["records"]
    return item["url"]


def holds(node, words):
    files = (path for path in node.home.rglob("*") if path.is_file())
    return [path.name for path in files if words.encode() in path.read_bytes()]


def test_what_is_erased_on_one_node_is_kept_by_the_other(make_node):
    one, other = make_node("one"), make_node("other")
    one.init("One")
    url = publish(one, "taken-down", "Zsecret words")
    kept = publish(one, "kept", "Harmless words")
    one.start()
    other.init("Other", "--peer", one.url)
    other.json("sync")
    other.start()
    shown = other.json("show", url)
    answer = one.json("erase", url, *WHY)
    assert (answer["erased"], answer["gone"]) == (1, True)
    assert holds(one, "Zsecret") == []
    for _ in range(2):
        for path in (
            f"/frost/body/{shown['body']}",
            f"/api/record/{url}",
            f"/record/{url}",
            f"/api/proof/{url}",
        ):
            status, words = get(one.url + path)
            assert (status, "by request of the author" in words) == (451, True), path
        assert get(f"{one.url}/record/{kept}")[0] == 200
        assert "by request" in get(f"{one.url}/withheld")[1]
        assert one.json("search", "Zsecret")["total"] == 0
        assert one.json("fsck")["findings"] == []
        one.kill()
        one.start()
    assert get(f"{other.url}/record/{url}")[0] == 200
    assert other.json("search", "Zsecret")["total"] == 1
    one.json("follow", other.url)
    one.json("sync")
    assert holds(one, "Zsecret") == []


def test_a_publisher_is_blocked_and_taken_up_again_while_nodes_run(make_node):
    one, other = make_node("one"), make_node("other")
    did = one.init("One")["did"]
    before = publish(one, "before", "Words before")
    one.start()
    other.init("Other", "--peer", one.url)
    other.json("sync")
    other.start()
    assert other.json("block", did, *WHY)["status"] == "blocked"
    after = publish(one, "after", "Words after")
    other.json("sync")
    for url in (before, after):
        assert get(f"{other.url}/record/{url}")[0] == 451
        assert other.frost("show", url, check=False).returncode == 3
    assert did not in get(f"{other.url}/frost/heads/0")[1]
    assert other.json("unblock", did)["status"] == "unblocked"
    assert other.json("sync")["peers"][0]["error"] == ""
    for url in (before, after):
        assert other.json("show", url)["content"]["state"] == "here"
    assert other.json("search", "words")["total"] == 2
    for node in (one, other):
        assert node.json("fsck")["findings"] == []


def test_views_put_back_from_before_an_erasure_are_overwritten_at_the_start(make_node):
    one = make_node("one")
    one.init("One")
    url = publish(one, "zkey", "Zsecret words")
    publish(one, "kept", "Harmless words")
    backup = one.home.with_name("backup")
    shutil.copytree(one.home, backup, ignore=shutil.ignore_patterns("*.sock"))
    one.json("erase", url, "--header", *WHY)
    assert holds(one, "zkey") == []
    shutil.rmtree(one.home / "index")
    shutil.copytree(backup / "index", one.home / "index")
    for path in backup.glob("catalog.db*"):
        shutil.copy(path, one.home / path.name)
    assert holds(one, "zkey") != []
    assert "Zsecret" not in json.dumps(one.json("search", "words"))
    assert one.json("search", "words")["total"] == 1
    assert holds(one, "zkey") == []
    assert one.json("fsck")["findings"] == []
