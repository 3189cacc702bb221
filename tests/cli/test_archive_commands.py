"""Export and import on the command line: plain words, JSON, and one clear line for whatever is wrong."""

import json

import pytest

from frostnode.cli import main
from frostnode.identity.kits import CHEAPEST
from frostnode.protocol.frames import EventsFrame
from frostnode.testing.archives import archive_of, archive_with, frames_of, manifest_of
from frostnode.testing.memory_publisher import MemoryPublisher

STRANGER = MemoryPublisher("stranger").did


@pytest.fixture
def run(tmp_path, monkeypatch, capfd):
    """A home made by `frost init` with kits that are cheap to open; answers how to run commands on it."""
    from frostnode import founding

    monkeypatch.setattr(founding.found, "__kwdefaults__", {**founding.found.__kwdefaults__, "cost": CHEAPEST})
    monkeypatch.setenv("FROST_HOME", str(tmp_path / "home"))
    (tmp_path / "passphrase").write_text("open sesame\n")

    def command(*arguments):
        """(exit code, output, errors)."""
        code = 0
        try:
            main([*map(str, arguments)])
        except SystemExit as left:
            code = left.code or 0
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return code, out, err

    code, _, err = command("init", "--name", "Polar", "--passphrase-file", tmp_path / "passphrase")
    assert code == 0, err
    return command


@pytest.fixture
def archive(tmp_path):
    made = MemoryPublisher("other")
    made.put("self", {"name": "Other"}, "profile")
    made.put("a", {"title": "Ice of others"})
    path = tmp_path / "other.frostarchive"
    path.write_bytes(archive_of(made))
    return made, path


@pytest.mark.slow
def test_out_and_in_again(run, archive, tmp_path):
    made, path = archive
    code, out, _ = run("verify", path)
    assert (code, "Epoch 0: 2 entries, signed by the epoch's key; the contents of 2 of 2." in out) == (
        0,
        True,
    )
    code, out, _ = run("verify", path, "--json")
    shown = json.loads(out)
    assert (shown["did"], shown["logs"][0]["root"]) == (made.did, made.tree().root().hex())
    code, out, _ = run("import-archive", path)
    assert (code, "2 new entries of 2" in out) == (0, True)
    assert f"frost follow {made.did}" in out
    code, out, _ = run("import-archive", path, "--follow", "--json")
    (item,) = json.loads(out)["archives"]
    assert (item["entries"], item["size"], item["hidden"], item["error"]) == (0, 2, False, None)
    assert made.did in json.loads(run("status", "--json")[1])["followed"]
    assert json.loads(run("search", "ice", "--json")[1])["total"] == 1
    code, out, _ = run("export", made.did, tmp_path / "again.frostarchive")
    assert (code, "2 entries" in out) == (0, True)
    assert (tmp_path / "again.frostarchive").read_bytes() == path.read_bytes()
    code, out, _ = run("export", made.did, tmp_path / "again.frostarchive", "--replace", "--json")
    assert json.loads(out)["bytes"] == path.stat().st_size


@pytest.mark.slow
def test_two_histories_of_a_publisher_are_said_wherever_it_is_named(run, archive, tmp_path):
    made, path = archive
    first, second = made.move(url="https://first.example"), made.move(url="https://second.example")
    events = [event.raw for event in (*first.history, second.history[-1])]
    both = [EventsFrame(did=made.did, events=events), *list(frames_of(made, first))[1:]]
    undecided = tmp_path / "both.frostarchive"
    undecided.write_bytes(archive_with(manifest_of(made, first), both))
    code, out, _ = run("verify", undecided)
    assert (code, "first.example" in out, "second.example" in out) == (0, True, True)
    code, out, _ = run("import-archive", undecided)
    assert (code, "0 new entries of 2" in out) == (0, True)
    assert f"this node follows neither: frost log {made.did}" in out

    other = MemoryPublisher("followed")
    other.put("b", {"title": "Ice of one", "identifiers": [{"scheme": "doi", "value": "10.5067/B"}]})
    for number, branch in enumerate(
        (other.move(url="https://a.example"), other.move(url="https://b.example"))
    ):
        path = tmp_path / f"{number}.frostarchive"
        path.write_bytes(archive_of(other, branch))
        code, out, _ = run("import-archive", "--follow", path)
        assert (code, "follows neither" in out) == (0, False)
    for command in (("search", "ice"), ("resolve", "10.5067/B")):
        assert "(its publisher signed two histories)" in run(*command)[1], command
    for command in (("resolve", other.did), ("log", other.did), ("show", f"{other.did}/b")):
        code, out, _ = run(*command)
        assert (code, "a.example" in out, "b.example" in out) == (0, True, True), command


@pytest.mark.slow
def test_one_bad_file_does_not_stop_the_others(run, archive, tmp_path):
    _, path = archive
    cut, foreign = tmp_path / "cut", tmp_path / "foreign"
    cut.write_bytes(path.read_bytes()[:-9])
    foreign.write_bytes(b"PK\x03\x04 something else")
    code, out, err = run("import-archive", foreign, path, cut)
    lines = err.strip().splitlines()
    assert code == 4
    assert f"{path}   2 new entries of 2" in out
    assert lines[0].startswith(f"archive.malformed: {foreign}: not an archive")
    assert lines[1].startswith(f"archive.truncated: {cut}: block ")
    assert lines[-1].startswith(f"frost: archive.malformed: {foreign}: not an archive")
    assert lines[-1].endswith("(and 1 more)")


def test_a_policy_judges_an_archive(run, archive, tmp_path):
    _, path = archive
    rules = tmp_path / "rules"
    rules.write_text("quorum none\n")
    code, out, _ = run("verify", path, "--policy", rules)
    assert (code, "The policy holds: the policy asks for no witness." in out) == (0, True)
    rules.write_text(f"log {STRANGER}+00000000+AQ== \nquorum none\n")
    assert run("verify", path, "--policy", rules)[0] == 4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["export", STRANGER, "x"], 3, "publisher.unknown"),
        (["export", "did:frost:x", "x"], 2, "name.did"),
        (["export"], 2, "[DID] FILE, --all DIR or --static DIR"),
        (["export", STRANGER], 2, "[DID] FILE, --all DIR or --static DIR"),
        (["export", "--all", "x", "--static", "y"], 2, "--all DIR or --static DIR"),
        (["export", "--all", "x", "file"], 2, "--all DIR or --static DIR"),
        (["export", "x", "--no-pages"], 2, "--no-pages only with --static"),
        (["export", "--static", "x", "--replace"], 2, "--replace only without"),
        (["export", "{taken}"], 7, "output.exists"),
        (["export", "--static", "{folder}"], 7, "output.exists"),
        (["export", "{taken}/x"], 6, "storage.failed"),
        (["import-archive", "nothing"], 2, "input.unreadable"),
        (["import-archive", "{taken}"], 4, "archive.malformed"),
        (["import-archive", "--follow", "{taken}"], 4, "archive.malformed"),
        (["verify", "{cut}"], 4, "archive.truncated"),
        (["follow", "--from", "{taken}"], 2, "input.unreadable"),
        (["follow", "--from", "{taken}", STRANGER], 2, "usage"),
        (["follow", STRANGER, "--hosted"], 2, "usage"),
        (["follow"], 2, "usage"),
    ],
)
def test_bad_input_is_one_clear_line(run, archive, tmp_path, arguments, code, words):
    taken, cut = tmp_path / "folder" / "taken", tmp_path / "cut"
    taken.parent.mkdir()
    taken.write_text("mine")
    cut.write_bytes(archive[1].read_bytes()[:-30])
    names = {"{taken}": taken, "{folder}": taken.parent, "{cut}": cut, "{taken}/x": taken / "x"}
    left, out, err = run(*[names.get(item, item) for item in arguments])
    assert (left, words in err, out) == (code, True, ""), err
    assert len(err.strip().splitlines()) == 1
    assert err.startswith("frost: ")
    assert taken.read_text() == "mine"


@pytest.mark.slow
def test_follows_are_taken_over_once(run, tmp_path):
    file = tmp_path / "follows.json"
    fields = {
        "format": "frost-follows/1",
        "followed": [],
        "hosted": [STRANGER],
        "peers": ["http://127.0.0.1:9"],
    }
    file.write_text(json.dumps(fields))

    def follow(*options):
        return json.loads(run("follow", "--from", file, "--json", *options)[1])

    assert follow() == {"followed": 0, "peers": 1, "known": 0}
    assert follow("--hosted") == {"followed": 1, "peers": 0, "known": 1}
    assert follow("--hosted") == {"followed": 0, "peers": 0, "known": 2}
    assert "2 were followed before" in run("follow", "--from", file, "--hosted")[1]


@pytest.mark.parametrize(
    "fields",
    [
        "not json",
        [],
        {},
        {"format": "frost-follows/2", "followed": [], "hosted": [], "peers": []},
        {"format": "frost-follows/1", "followed": [1], "hosted": [], "peers": []},
        {"format": "frost-follows/1", "followed": ["did:web:x"], "hosted": [], "peers": []},
        {"format": "frost-follows/1", "followed": [], "hosted": [], "peers": ["ftp://x"]},
        {"format": "frost-follows/1", "followed": {}, "hosted": [], "peers": []},
    ],
)
def test_a_file_of_follows_has_one_form(run, tmp_path, fields):
    file = tmp_path / "follows.json"
    file.write_text(fields if isinstance(fields, str) else json.dumps(fields))
    code, _, err = run("follow", "--from", file)
    assert (code, "input.unreadable" in err, str(file) in err) == (2, True, True)


@pytest.mark.slow
def test_a_site_is_told_in_numbers(run, tmp_path):
    code, out, _ = run("export", "--static", tmp_path / "site")
    assert (code, "1 publisher, " in out) == (0, True)
    code, out, _ = run("export", "--static", tmp_path / "site", "--json")
    assert json.loads(out)["written"] == 0
    code, out, _ = run("export", "--all", tmp_path / "all")
    assert (code, "(for `frost follow --from`)" in out) == (0, True)
