"""Three people own one publisher, two of them must sign: each has a kit, a machine, and no wish to part with either."""

import json
import shutil

import httpx
import pytest

from frostnode.testing.patience import wait_until
from tests.end_to_end.conftest import free_port

pytestmark = [pytest.mark.slow, pytest.mark.network]


def found(node, name, *options):
    """A node that is reached where it says, in a network of loopback addresses."""
    port = free_port()
    made = node.json("init", "--name", name, "--url", f"http://127.0.0.1:{port}", "--port", port, *options)
    path = node.home / "frost.toml"
    path.write_text(path.read_text().replace("discover_private = false", "discover_private = true"))
    node.start(port=port)
    return made


def keys(node):
    records = httpx.get(f"{node.url}/api/records", params={"type": "dataset", "include": "unknown"}).json()
    return {record["key"] for record in records["records"]}


def dataset(key):
    return json.dumps([{"type": "dataset", "key": key, "title": f"Sea ice {key}"}]).encode()


@pytest.fixture
def people(make_node, tmp_path):
    """A hosts the publisher of Ann, Ben and Cem, two of whom must sign; B would host it. Each has made a kit of one's own."""
    a, b, nowhere = make_node("a"), make_node("b"), make_node("nowhere")
    did = found(a, "Polar Data Centre", "--passphrase-file", a.passphrase)["did"]
    a.json("publish", "-", stdin=dataset("one"))
    machines = {name: tmp_path / name for name in ("ann", "ben", "cem")}
    hashes = []
    for machine in machines.values():
        machine.mkdir()
        kit = ("kit", "new", machine / "kit.json", "--did", did, "--passphrase-file", a.passphrase)
        hashes += ["--new-hash", nowhere.json(*kit)["hash"]]
    a.json(
        *("rotate", "--kit", a.home / "authority-kit.json", *hashes, "--threshold", 2),
        *("--passphrase-file", a.passphrase, "--yes"),
    )
    found(b, "B", "--carrier", "--peer", a.url)
    wait_until("B carries", lambda: keys(b) == {"one"})
    return a, b, did, machines


def test_two_of_three_move_their_publisher_without_parting_with_a_kit(people, make_node, tmp_path):
    a, b, did, machines = people
    nowhere = make_node("nowhere")  # a machine without a home: `frost sign` needs none
    begun = b.json("move", "--draft", tmp_path / "begun", "--did", did, "--peer", a.url)
    assert (begun["keys"], begun["threshold"], begun["event"]) == (0, 2, None)

    def sign(name, draft, *, check=True):
        """Carry the draft to somebody's machine, sign there, and carry it on."""
        there = machines[name] / "move.draft"
        shutil.copy(draft, there)
        options = ("--passphrase-file", a.passphrase, "--yes", "--json")
        done = nowhere.frost("sign", there, "--kit", machines[name] / "kit.json", *options, check=check)
        return done, there

    done, draft = sign("ann", tmp_path / "begun")
    answer = json.loads(done.stdout)
    assert (answer["keys"], answer["signatures"]) == (1, 0)
    assert any(f"MOVES it from {a.url} to {b.url}" in line for line in answer["says"])
    early = b.frost("move", "--event", draft, check=False)
    assert (early.returncode, "draft.unsigned" in early.stderr.decode()) == (7, True)
    done, draft = sign("cem", draft)
    assert (json.loads(done.stdout)["keys"], json.loads(done.stdout)["signatures"]) == (2, 1)
    late, _ = sign("ben", draft, check=False)
    assert "draft.whole" in late.stderr.decode()
    done, draft = sign("ann", draft)
    assert json.loads(done.stdout)["signatures"] == 2
    assert not nowhere.home.exists()

    sent = b.json("move", "--event", draft, "--yes")
    assert sent["event"] == json.loads(done.stdout)["event"]
    b.json("publish", "-", stdin=dataset("two"))
    wait_until("all is at B", lambda: keys(b) == {"one", "two"})
    wait_until("A points to B", lambda: a.json("status")["hosted"][0]["moved_to"] == b.url)
    assert a.json("status")["kits"]["checks"] == [], "the new host asks for kits, not the old one"
    assert b.json("move", "--event", draft, "--yes")["event"] == sent["event"], "again is the same"

    # Ben did not sign, and stays one of the three: with Ann he goes on.
    b.json("rotate", "--draft", tmp_path / "second")
    _, draft = sign("ben", tmp_path / "second")
    _, draft = sign("ann", draft)
    again = b.json(
        *("rotate", "--event", draft, "--kit", machines["ben"] / "kit.json"),
        *("--passphrase-file", a.passphrase, "--yes"),
    )
    assert again["n"] == sent["n"] + 1
    b.json("publish", "-", stdin=dataset("three"))
    for node in (a, b):
        wait_until("all is everywhere", lambda node=node: keys(node) == {"one", "two", "three"})
        assert node.json("fsck")["findings"] == []


def test_a_kit_that_signed_a_draft_signs_no_other_for_its_place(people, tmp_path):
    a, b, did, machines = people
    sheet = ("--passphrase-file", a.passphrase, "--yes")
    one, other = tmp_path / "to-b", tmp_path / "stay"
    b.json("move", "--draft", one, "--did", did, "--kit", machines["ann"] / "kit.json", *sheet)
    b.json("sign", one, "--kit", machines["ben"] / "kit.json", *sheet)
    a.json("rotate", "--draft", other, "--kit", machines["cem"] / "kit.json", *sheet)
    refused = a.frost("sign", other, "--kit", machines["ben"] / "kit.json", *sheet, check=False)
    assert refused.returncode == 7
    assert "draft.conflict" in refused.stderr.decode()
    assert b.url in refused.stderr.decode()
    refused = a.frost(
        *("rotate", "--kit", machines["ben"] / "kit.json", "--kit", machines["cem"] / "kit.json", *sheet),
        check=False,
    )
    assert "finish it with --event" in refused.stderr.decode()
    done = b.json("move", "--event", one, "--kit", machines["ann"] / "kit.json", *sheet)
    assert done["n"] == 2
