"""The command line as people use it: help, plain words, JSON, exit codes, one line on every error."""

import json
import socket
import subprocess
import sys
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import click
import pytest
import trio

from frostnode.cli import frost, look, main
from frostnode.cli.acting import Survey, check_one_tree
from frostnode.cli.commands import COMMANDS
from frostnode.cli.shared import home_option
from frostnode.edge.control import call
from frostnode.edge.home import Home
from frostnode.edge.outcomes import exit_code
from frostnode.edge.sqlite.store import SqliteStore
from frostnode.identity.kits import CHEAPEST, Purpose, open_kit
from frostnode.node import serve
from frostnode.protocol.errors import LocalError, StorageError
from frostnode.protocol.history import History
from frostnode.protocol.identity import EMPTY_END
from frostnode.replicate.ingest import Ingest
from frostnode.resolve.domains import Domains, DomainSays
from frostnode.testing.clock import ManualClock
from frostnode.testing.equivocation import twin_of
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.random import SeededRandom

RECORD = {"type": "dataset", "key": "ice/extent", "title": "Sea ice extent", "keywords": ["arctic"]}


def all_commands():
    for command in COMMANDS:
        if isinstance(command, click.Group):
            yield from ((f"{command.name} {name}", sub) for name, sub in command.commands.items())
        yield command.name, command


def run(capfd, *arguments):
    """(exit code, output, errors) of one command in this process."""
    code = 0
    try:
        main([*map(str, arguments)])
    except SystemExit as left:
        code = left.code or 0
    out, err = capfd.readouterr()
    assert "Traceback" not in err
    return code, out, err


@pytest.mark.parametrize("name", [name for name, _ in all_commands()])
def test_every_command_has_help_with_an_example(capfd, name):
    code, out, _ = run(capfd, *name.split(), "--help")
    assert code == 0
    assert "Example:\n" in out or name == "import"
    assert f"frost {name}" in out


def test_commands_that_answer_with_data_have_json():
    plain = {"serve", "start", "import", "kit", "handle", "watch"}  # what watch says is JSON always
    for name, command in all_commands():
        options = {option for parameter in command.params for option in parameter.opts}
        assert ("--json" in options) == (name not in plain), name


def test_help_alone_tells_the_way(capfd):
    code, out, _ = run(capfd, "--help")
    assert code == 0
    for command in COMMANDS:
        assert command.name in out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["no-such-command"], 2, "No such command"),
        (["publish"], 2, "Missing argument 'FILES...'. (`frost publish --help`)"),
        (["log", "--limit", "0"], 2, "'--limit'"),
        (["import", "stac"], 2, "Missing argument"),
        (["search", "sea", "-ice"], 2, "No such option"),
        (["status", "--home", "{home}"], 3, "home.missing"),
        (["publish", "--home", "{home}", "nothing.yaml"], 2, "input.unreadable"),
        (["verify", "nothing.frostproof"], 2, "input.unreadable"),
        (["verify", "{garbage}"], 4, "proof.malformed"),
        (["init", "--home", "{home}", "--name", "x", "--passphrase-file", "nothing"], 2, "input.unreadable"),
        (["init", "--home", "{home}", "--name", "x", "--passphrase-file", "{empty}"], None, "kit.passphrase"),
        (
            [
                "init",
                "--home",
                "{home}",
                "--name",
                "x",
                "--peer",
                "ftp://x",
                "--passphrase-file",
                "{garbage}",
            ],
            2,
            "usage",
        ),
    ],
)
def test_an_error_is_one_line_and_an_exit_code(capfd, tmp_path, arguments, code, words):
    garbage, empty = tmp_path / "garbage", tmp_path / "empty"
    garbage.write_bytes(b"garbage\n")
    empty.write_bytes(b"")
    names = {"{home}": tmp_path / "home", "{garbage}": garbage, "{empty}": empty}
    left, out, err = run(capfd, *[str(names.get(item, item)) for item in arguments])
    assert left != 0
    assert code is None or left == code
    assert words in err
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    assert err.startswith("frost: ")


@pytest.fixture
def home(tmp_path, monkeypatch, capfd):
    """A home made by `frost init`, with kits that are cheap to open."""
    from frostnode import founding

    monkeypatch.setattr(founding.found, "__kwdefaults__", {**founding.found.__kwdefaults__, "cost": CHEAPEST})
    monkeypatch.setenv("FROST_HOME", str(tmp_path / "home"))
    (tmp_path / "passphrase").write_text("open sesame\n")
    code, out, _ = run(
        capfd, "init", "--name", "Polar Data", "--passphrase-file", tmp_path / "passphrase", "--json"
    )
    assert code == 0
    made = json.loads(out)
    return tmp_path / "home", made


def publish(capfd, tmp_path, *records, options=()):
    file = tmp_path / "records.json"
    file.write_text(json.dumps(list(records)))
    code, out, err = run(capfd, "publish", file, "--json", *options)
    assert code == 0, err
    return json.loads(out)["records"]


def test_init_makes_kits_that_open_and_secrets_that_nobody_else_reads(home, capfd, tmp_path):
    folder, made = home
    for name, purpose in (("kit", Purpose.AUTHORITY), ("recovery", Purpose.RECOVERY)):
        path = folder / Path(made[name]).name
        assert open_kit(path.read_bytes(), "open sesame").label.purpose is purpose
        assert path.stat().st_mode & 0o077 == 0
    assert (folder / "host.seed").stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0
    code, _, err = run(capfd, "init", "--name", "Again", "--passphrase-file", tmp_path / "passphrase")
    assert (code, "home.exists" in err) == (exit_code_of("home.exists"), True)


def exit_code_of(code):
    from frostnode.protocol.errors import LocalError

    return exit_code(LocalError(code, ""))


@pytest.mark.slow
def test_the_life_of_a_record(home, capfd, tmp_path):
    dry = publish(capfd, tmp_path, RECORD, options=["--dry-run"])
    assert [item["status"] for item in dry] == ["would publish"]
    (first,) = publish(capfd, tmp_path, RECORD)
    assert (first["status"], first["index"]) == ("published", 1)
    (again,) = publish(capfd, tmp_path, RECORD)
    assert again["status"] == "unchanged"
    (second,) = publish(capfd, tmp_path, RECORD | {"title": "Sea ice extent, revised"})
    assert second["index"] == 2

    _, out, _ = run(capfd, "show", first["url"], "--json")
    shown = json.loads(out)
    assert shown["content"]["fields"] == {"title": "Sea ice extent, revised", "keywords": ["arctic"]}
    assert [item["index"] for item in shown["history"]] == [2, 1]
    _, out, _ = run(capfd, "show", f"{first['url']}?cid={first['header']}", "--json")
    assert json.loads(out)["content"]["fields"]["title"] == "Sea ice extent"
    _, out, _ = run(capfd, "search", "revised", "--json")
    assert [hit["url"] for hit in json.loads(out)["hits"]] == [first["url"]]

    proof = tmp_path / "one.frostproof"
    assert run(capfd, "proof", first["url"], "-o", proof)[0] == 0
    code, out, _ = run(capfd, "verify", proof, "--json")
    assert code == 0
    assert json.loads(out)["fields"]["title"] == "Sea ice extent, revised"
    damaged = bytearray(proof.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    proof.write_bytes(damaged)
    assert run(capfd, "verify", proof)[0] == 4

    assert run(capfd, "withdraw", first["url"], "--dry-run")[0] == 0
    assert run(capfd, "withdraw", first["url"])[0] == 0
    _, out, _ = run(capfd, "search", "revised", "--json")
    assert json.loads(out)["hits"] == []
    _, out, _ = run(capfd, "show", first["url"], "--json")
    assert json.loads(out)["content"]["state"] == "withdrawn"
    _, out, _ = run(capfd, "log", "--json")
    assert [item["op"] for item in json.loads(out)["entries"]] == ["withdraw", "put", "put", "put"]
    code, out, _ = run(capfd, "fsck", "--json")
    assert (code, json.loads(out)["findings"]) == (0, [])
    _, out, _ = run(capfd, "reindex", "--json")
    assert json.loads(out)["records"] == {"profile": 1}


@pytest.mark.slow
def test_status_names_what_is_hosted(home, capfd, monkeypatch):
    _, made = home
    _, out, _ = run(capfd, "status", "--json")
    status = json.loads(out)
    assert status["troubles"] == {}
    status["troubles"] = {"search": "storage.failed: make room on the disk"}
    with monkeypatch.context() as patch:
        patch.setattr(look, "ask_node", lambda *_: status)
        assert "stands    search: storage.failed: make room" in run(capfd, "status")[1]
    assert status["records"] == {"profile": 1}
    (hosted,) = status["hosted"]
    assert (hosted["did"], hosted["epoch"], hosted["size"]) == (made["did"], 0, 1)
    assert hosted["origin"].startswith(made["did"] + "/log/0/")
    assert hosted["log_path"] == f"/frost/{hosted['origin']}"
    assert hosted["vkey"].startswith(hosted["origin"] + "+")


@pytest.mark.slow
def test_records_come_in_any_form(home, capfd, tmp_path):
    (tmp_path / "two.yaml").write_text(
        "type: dataset\nkey: a\ntitle: A\n---\ntype: dataset\nkey: b\ntitle: B\n"
    )
    (tmp_path / "lines.jsonl").write_text(
        '{"type":"dataset","key":"c","title":"C"}\n\n{"type":"dataset","key":"d","title":"D"}\n'
    )
    _, out, _ = run(capfd, "publish", tmp_path / "two.yaml", tmp_path / "lines.jsonl", "--json")
    assert [item["status"] for item in json.loads(out)["records"]] == ["published"] * 4
    for text, said in (
        (b"type: dataset\nkey: e\ntitle: E\n", b"1 published"),
        (
            b'{"type":"dataset","key":"f","title":"F"}\n{"type":"dataset","key":"g","title":"G"}\n',
            b"2 published",
        ),
        (b'[{"type":"dataset","key":"f","title":"F"}]', b"1 unchanged"),
    ):
        command = [sys.executable, "-m", "frostnode", "publish", "-"]
        done = subprocess.run(command, input=text, capture_output=True, check=True)
        assert said in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "input.unreadable"),
        ("- 1\n", "bad.yaml: record 1: a record: found int"),
        ("type: dataset\nkey: 9a b\ntitle: A\n", "name.key: bad.yaml: record 2: record key: found 9a b"),
        (f"type: dataset\nkey: a\ntitle: A\nn: {'9' * 5000}\n", "encoding.json"),
        ("type: dataset\nkey: a\n", "record.field"),
        ("type: dataset\nkey: a\ntitle: 1\n", "record.field"),
        ("type: dataset\nkey: ~a\ntitle: A\n", "name.key"),
        ("type: Dataset\nkey: a\ntitle: A\n", "name.type"),
        ("type: version\nkey: a\nlabel: A\n", "name.key"),
        ("a: [\n", "encoding.json"),
        ("type: dataset\nkey:\ntitle: A\n", "name.key"),
        ("type: dataset\nkey: 2024\ntitle: A\n", "name.key"),
        ("type: dataset\nkey: a\ntitle: A\ntitle: B\n", "encoding.json"),
        ("type: dataset\nkey: a\ntitle: A\nsalt: x\n", None),
        ("type: dataset\nkey: a\ntitle: A\nmetadata: {x: .nan}\n", None),
    ],
)
def test_what_cannot_be_published_is_refused_and_nothing_is(home, capfd, tmp_path, text, code):
    file = tmp_path / "bad.yaml"
    file.write_text(
        f"type: dataset\nkey: good\ntitle: Good\n---\n{text}" if text.startswith("type") else text
    )
    left, _, err = run(capfd, "publish", file)
    assert left != 0
    assert code is None or code in err.replace(f"{file.parent}/", "")
    _, out, _ = run(capfd, "status", "--json")
    assert json.loads(out)["records"] == {"profile": 1}


@pytest.mark.slow
def test_references_that_expand_without_end_are_refused(home, capfd, tmp_path):
    lines = ["type: dataset", "key: a", "title: A", "a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    (tmp_path / "bomb.yaml").write_text("\n".join(lines))
    code, _, err = run(capfd, "publish", tmp_path / "bomb.yaml")
    assert (code, "encoding.too-large" in err) == (4, True)


@pytest.mark.slow
def test_a_host_seed_of_another_home_signs_nothing(home, capfd, tmp_path):
    folder, _ = home
    own = (folder / "host.seed").read_text()
    (folder / "host.seed").write_text("00" * 32 + "\n")
    (tmp_path / "one.json").write_text(json.dumps(RECORD))
    code, _, err = run(capfd, "publish", tmp_path / "one.json")
    assert (code, "host.seed" in err) == (exit_code(StorageError("storage.damaged", "")), True)
    (folder / "host.seed").write_text(own)
    assert run(capfd, "publish", tmp_path / "one.json")[0] == 0


@pytest.mark.slow
def test_a_signer_that_lost_its_memory_signs_nothing_and_status_says_what_waits(home, capfd, tmp_path):
    folder, _ = home
    (folder / "signer.db").unlink()
    (tmp_path / "one.json").write_text(json.dumps(RECORD))
    code, _, err = run(capfd, "publish", tmp_path / "one.json")
    assert (code, "signer.conflict" in err) == (exit_code_of("signer.conflict"), True)
    _, out, _ = run(capfd, "status")
    assert "2 entries, 1 awaiting a signature\n" in out
    assert "rotate the log key once carriers answer: `frost rotate --kit KIT`" in out
    assert "frost rotate --kit KIT" in err
    secret = ("--passphrase-file", folder.parent / "passphrase", "--yes")
    assert run(capfd, "rotate", "--kit", folder / "authority-kit.json", *secret)[0] == 0
    assert "rotate" not in run(capfd, "status")[1]
    assert run(capfd, "publish", tmp_path / "one.json")[0] == 0


@pytest.mark.slow
def test_a_home_older_than_a_rotation_of_its_own_says_so_and_rotates_again(home, capfd, tmp_path):
    folder, _ = home
    image = {path: path.read_bytes() for path in folder.glob("*.db")}
    rotate = ("rotate", "--kit", folder / "authority-kit.json", "--passphrase-file")
    rotate = (*rotate, folder.parent / "passphrase", "--yes")
    assert run(capfd, *rotate)[0] == 0
    (tmp_path / "one.json").write_text(json.dumps(RECORD))
    assert run(capfd, "publish", tmp_path / "one.json")[0] == 0
    assert run(capfd, "export", tmp_path / "carried")[0] == 0
    for path, data in image.items():
        path.write_bytes(data)
    assert run(capfd, "import-archive", tmp_path / "carried")[0] == 0
    _, out, _ = run(capfd, "status")
    assert "moved" not in out
    assert (
        "a later state of this home, or a copy of it, has changed the log key: `frost rotate --kit KIT`"
        in out
    )
    code, _, err = run(capfd, "publish", tmp_path / "one.json")
    assert (code, "moved" in err, "`frost rotate --kit KIT`" in err) == (7, False, True)
    code, _, err = run(capfd, *rotate)
    assert code == 0, err
    assert "publishing waits" not in run(capfd, "status")[1]
    assert run(capfd, "publish", tmp_path / "one.json")[0] == 0


@pytest.mark.slow
def test_a_search_shows_hits_near_ones_counts_and_where_it_goes_on(home, capfd, tmp_path):
    records = [
        {"type": "dataset", "key": "a", "title": "Wave height", "license": "CC-BY-4.0"},
        {"type": "dataset", "key": "b", "title": "Wave height again"},
        {"type": "dataset", "key": "c", "title": "Wave direction"},
    ]
    publish(capfd, tmp_path, *records)
    _, out, err = run(capfd, "search", "wave", "height", "--facets", "license,type")
    assert "license: cc-by 1" in out and "type: dataset 2" in out
    assert "\n~ Wave direction\n" in out and "2 of 2" not in err and "1 with some of the words" in err
    _, out, err = run(capfd, "search", "wave", "--sort", "oldest", "--limit", "2")
    assert "2 of 3" in err
    cursor = err.rpartition("--cursor ")[2].strip()
    _, rest, err = run(capfd, "search", "wave", "--sort", "oldest", "--limit", "2", "--cursor", cursor)
    assert rest.count("dataset of") == 1 and "--cursor" not in err
    assert run(capfd, "search", "wave", "--cursor", cursor)[0] == exit_code(LocalError("query.malformed", ""))
    _, out, err = run(capfd, "search", "hieght")
    assert "did you mean: height" in err and "Wave height" in out
    _, out, _ = run(capfd, "similar", "a")
    assert "Wave height again" in out and "  dataset of" in out


@pytest.mark.slow
def test_reindex_rebuilds_views_that_cannot_be_opened(home, capfd, tmp_path):
    folder, _ = home
    publish(capfd, tmp_path, RECORD)
    for path in [folder / "catalog.db", *(folder / "index").rglob("*.json")]:
        path.write_bytes(b"garbage" * 1000)
    code, _, err = run(capfd, "search", "ice")
    assert (code, "storage.damaged" in err) == (exit_code(StorageError("storage.damaged", "")), True)
    assert run(capfd, "reindex")[0] == 0
    _, out, _ = run(capfd, "search", "ice", "--json")
    assert json.loads(out)["total"] == 1


@pytest.mark.slow
def test_edit_keeps_what_was_written_when_it_is_refused(home, capfd, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    (item,) = publish(capfd, tmp_path, RECORD)
    monkeypatch.setenv("EDITOR", "true")
    code, out, _ = run(capfd, "edit", item["url"], "--json")
    assert (code, [each["status"] for each in json.loads(out)["records"]]) == (0, ["unchanged"])
    monkeypatch.setenv("EDITOR", "sed -i 's/^title:.*/title: [/'")
    code, _, err = run(capfd, "edit", item["url"])
    assert (code, "your text is kept" in err) == (4, True)
    (kept,) = tmp_path.glob("frost-edit-*.yaml")
    assert "title: [" in kept.read_text()


@pytest.mark.slow
def test_follow_and_unfollow(home, capfd):
    url = "http://127.0.0.1:9"
    for _ in range(2):
        assert run(capfd, "follow", url + "/")[0] == 0
    _, out, _ = run(capfd, "status", "--json")
    assert [peer["url"] for peer in json.loads(out)["peers"]] == [url]
    code, _, err = run(capfd, "sync")
    assert (code, "transport." in err) == (5, True)
    assert run(capfd, "unfollow", url)[0] == 0
    assert run(capfd, "unfollow", url)[0] == 3
    for bad in ("not-a-url", "http://", "http://x:99999", "did:frost:x", "http://user@x", "http://x?q"):
        assert run(capfd, "follow", bad)[0] != 0
    for bad in ("http://a b", "http://a\nb", "http://a\udcff", "http://\u00e4", "http://@x"):
        assert run(capfd, "follow", bad)[0] == 2
    assert run(capfd, "follow", "HTTP://Example.ORG/Path/")[0] == 0
    assert run(capfd, "unfollow", "http://example.org/Path")[0] == 0
    _, out, _ = run(capfd, "status", "--json")
    assert json.loads(out)["peers"] == []


def test_a_defect_and_the_system_are_one_line_too(capfd, monkeypatch, tmp_path):
    def fail(error):
        def raise_it(*_, **__):
            raise error

        monkeypatch.setattr("frostnode.cli.look.ask_node", raise_it)
        return run(capfd, "status")

    code, _, err = fail(ZeroDivisionError("nobody\nthought of it"))
    assert (code, len(err.splitlines())) == (1, 1)
    assert "defect" in err
    assert "ZeroDivisionError: nobody thought of it (" in err
    code, _, err = fail(OSError(28, "No space left on device", "file"))
    assert (code, len(err.splitlines())) == (6, 1)
    assert "storage.failed" in err
    assert "No space left on device: 'file'" in err


def test_init_writes_nothing_for_a_name_or_address_that_nobody_should_have(capfd, tmp_path):
    (tmp_path / "passphrase").write_text("open sesame\n")
    options = ("--home", tmp_path / "home", "--passphrase-file", tmp_path / "passphrase")
    for name in ("", " ", "a\x1b[31mb", "a\udcffb", "a\u202eb"):
        code, _, err = run(capfd, "init", *options, "--name", name)
        assert (code, "usage: name" in err) == (2, True)
    for url in ("javascript:alert(1)", "http://[", "example.org"):
        code, _, err = run(capfd, "init", *options, "--name", "A", "--url", url)
        assert (code, "usage: URL of a node" in err) == (2, True)
    assert not (tmp_path / "home").exists()


@pytest.mark.slow
def test_what_strangers_wrote_gives_no_orders_to_a_terminal(home, capfd, tmp_path):
    evil = "Ice\x1b]0;owned\x07\x9b2J\u202eecI"
    (item,) = publish(capfd, tmp_path, RECORD | {"title": evil, "description": evil})
    for arguments in (("search", "Ice"), ("show", item["url"])):
        code, out, _ = run(capfd, *arguments)
        assert code == 0
        assert out.startswith("Ice ]0;owned 2J ecI\n")
        assert not set("\x1b\x07\x9b") & set(out)


@pytest.mark.slow
@pytest.mark.network
def test_a_node_that_cannot_listen_says_where(home, capfd):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, out, err = run(capfd, "serve", "--port", port)
        assert (code, out) == (exit_code_of("home.address"), "")
        assert err.startswith(f"frost: home.address: 127.0.0.1 port {port}: Address already in use")
        assert len(err.splitlines()) == 1
    for host in ("nowhere.invalid", "::nowhere", "a" * 64):
        code, _, err = run(capfd, "serve", "--host", host)
        assert (code, f"home.address: {host} port 8417" in err) == (exit_code_of("home.address"), True)


@pytest.fixture
def domains(monkeypatch):
    """What domains say, instead of the network: those in it name these publishers."""
    named = {}

    async def ask(self, handle):
        return DomainSays(named=dict.fromkeys(named.get(handle, ()), "dns"), reason="")

    monkeypatch.setattr(Domains, "ask", ask)
    return named


@pytest.mark.slow
def test_a_handle_is_checked_and_names_resolve(home, capfd, tmp_path, domains):
    _, made = home
    did = made["did"]
    code, _, err = run(capfd, "handle", "check")
    assert (code, "found 0, expected one, or a domain as argument" in err) == (2, True)
    record = {**RECORD, "identifiers": [{"scheme": "doi", "value": "10.5067/ICE"}]}
    profile = {"type": "profile", "key": "self", "name": "Polar Data", "handle": "polar.example"}
    publish(capfd, tmp_path, profile, record)
    url = f"{did}/{RECORD['key']}"
    assert "unverified" in run(capfd, "show", url)[1]
    code, out, _ = run(capfd, "handle", "check")
    assert (code, f'TXT "did={did}" at _frost.polar.example' in out) == (0, True)
    assert '{"dids": ["' + did + '"]} at https://polar.example/.well-known/frost.json' in out
    domains["polar.example"] = [did]
    _, out, _ = run(capfd, "handle", "check", "polar.example", "--json")
    assert json.loads(out)["named"][0]["badge"]["state"] == "verified"
    assert "names Polar Data (dns), both ways" in run(capfd, "handle", "check")[1]
    for command in (["show", url], ["search", "ice"], ["status"], ["resolve", "https://doi.org/10.5067/ice"],
                    ["resolve", url], ["resolve", did], ["resolve", "polar.example"]):  # fmt: skip
        code, out, _ = run(capfd, *command)
        assert (code, "✓ polar.example" in out) == (0, True), command
    _, out, _ = run(capfd, "resolve", "10.5067/ICE", "--json")
    assert [claim["url"] for claim in json.loads(out)["claims"]] == [url]
    _, out, _ = run(capfd, "resolve", did, "--json")
    assert json.loads(out)["document"]["alsoKnownAs"] == ["https://polar.example"]
    assert run(capfd, "withdraw", url)[0] == 0
    for name, code, words in (
        (url, 3, "record.withdrawn"),
        ("10.5067/ICE", 3, "record.not-found"),
        ("only words", 2, "name.identifier"),
        (f"{did}x", 2, "name.did"),
    ):
        left, out, err = run(capfd, "resolve", name)
        assert (left, out, words in err, len(err.splitlines())) == (code, "", True, 1), name
    assert run(capfd, "handle", "check", "not a domain")[0] == 2


@pytest.mark.slow
def test_erase_block_and_withheld(home, capfd, tmp_path):
    folder, made = home
    (item,) = publish(capfd, tmp_path, RECORD | {"title": "Zsecret of somebody"})
    why = ("--reason", "by request")
    code, out, err = run(capfd, "erase", item["url"], *why, "--dry-run")
    assert (code, "would erase 1 of 1 entries" in out) == (0, True)
    assert "Other nodes that have it keep theirs" in err
    assert "hosted here" in err
    code, out, err = run(capfd, "erase", item["url"], *why)
    assert code == 0
    assert "erased 1 of 1 entries" in out
    assert "no byte of it is left in the files of this home" in out
    assert err.index("for good") < len(err)
    held = [
        path.name
        for path in folder.rglob("*")
        if path.is_file() and b"secret of" in path.read_bytes().lower()
    ]
    assert held == []
    _, out, _ = run(capfd, "erase", item["url"], *why, "--header", "--json")
    assert json.loads(out)["what"] == "header"
    (record,) = publish(capfd, tmp_path, RECORD)
    code, out, _ = run(capfd, "block", record["url"], *why, "--json")
    assert (code, json.loads(out)["status"]) == (0, "blocked")
    assert [item["status"] for item in publish(capfd, tmp_path, RECORD)] == ["blocked"]
    code, _, err = run(capfd, "show", record["url"])
    assert (code, "by request" in err) == (3, True)
    code, _, err = run(capfd, "block", made["did"], *why)
    assert (code, "--hosted" in err, len(err.strip().splitlines())) == (2, True, 1)
    _, out, _ = run(capfd, "withheld")
    assert out.count("by request") == 3
    assert RECORD["key"] in out, "a block names the record"
    _, out, _ = run(capfd, "withheld", "--json")
    lines = json.loads(out)["withheld"]
    assert sorted(line["kind"] for line in lines) == ["body", "header", "record"]
    assert run(capfd, "unblock", record["url"])[1].startswith("unblocked")
    assert run(capfd, "unblock", record["url"])[1].startswith("not blocked")
    assert run(capfd, "show", record["url"])[0] == 0
    code, out, _ = run(capfd, "block", record["url"], *why, "--erase", "-y")
    assert (code, "erased 1 bodies" in out) == (0, True)
    code, out, _ = run(capfd, "fsck", "--json")
    assert (code, json.loads(out)["findings"]) == (0, [])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["erase", "{did}/nothing", "--reason", "x"], 3, "record.not-found"),
        (["erase", "{did}/nothing"], 2, "Missing option"),
        (["erase", "nonsense", "--reason", "x"], 2, "name.did"),
        (["erase", "{did}", "--reason", "x" * 201], 2, "usage"),
        (["block", "{did}/a?cid=x", "--reason", "x"], 2, "name.did-url"),
        (["unblock", "nonsense"], 2, "name.did"),
    ],
)
def test_what_cannot_be_withheld_is_one_line(home, capfd, arguments, code, words):
    _, made = home
    left, out, err = run(capfd, *[item.format(did=made["did"]) for item in arguments])
    assert (left, out) == (code, "")
    assert words in err


@pytest.mark.slow
def test_two_histories_are_shown_and_verified(home, capfd, tmp_path):
    folder, _ = home
    source = MemoryPublisher("forked")
    source.put("ice", {"title": "Ice"})
    first, second = source.move(url="https://a.example"), source.move(url="https://b.example")
    store = SqliteStore(folder / "frost.db", ManualClock(), SeededRandom("s"))
    Ingest(store, None).take(list(source.stream()))
    Ingest(store, None).take([first.events()])
    Ingest(store, None).take([second.events()])
    store.close()
    run(capfd, "reindex")
    cids = [str(branch.history[1].cid) for branch in (first, second)]
    for command in (["log", source.did], ["show", f"{source.did}/ice"]):
        _, out, _ = run(capfd, *command)
        assert "two histories were signed after event 0, not settled" in out, command
        assert f"{cids[0]}  (followed here)" in out and f"https://b.example  {cids[1]}\n" in out, command
    assert f"frost log {source.did}" in run(capfd, "status")[1]
    file = tmp_path / "ice.frostproof"
    run(capfd, "proof", f"{source.did}/ice", "-o", file)
    _, out, _ = run(capfd, "verify", file)
    assert all(cid in out for cid in cids) and "nothing has settled it" in out
    (fork,) = json.loads(run(capfd, "verify", file, "--json")[1])["forks"]
    assert [event["cid"] for event in fork["rivals"]] == cids


def test_a_disputed_log_is_shown_and_its_evidence_handed_over(home, capfd, tmp_path):
    folder, _ = home
    source = MemoryPublisher("disputed")
    for at in range(3):
        source.put(f"key-{at}", {"title": f"Title {at}"})
    store = SqliteStore(folder / "frost.db", ManualClock(), SeededRandom("s"))
    Ingest(store, None).take(list(source.stream()))
    code, _, err = run(capfd, "evidence", source.did)
    assert (code, "record.not-found" in err) == (3, True)
    Ingest(store, None).take(list(twin_of(source, 1).stream()))
    store.close()
    run(capfd, "reindex")
    for command in (["status"], ["log", source.did], ["show", f"{source.did}/key-0"]):
        _, out, _ = run(capfd, *command)
        assert "the key of this log has signed two different trees" in out, command
    _, out, _ = run(capfd, "status", "--json")
    (disputed,) = json.loads(out)["disputed"]
    assert (disputed["origin"], disputed["evidence_path"]) == (
        source.origin,
        f"/frost/{source.origin}/evidence",
    )
    file = tmp_path / "fork.frostevidence"
    for target in (source.did, source.origin):
        _, out, _ = run(capfd, "evidence", target, "-o", file)
        assert f"frost verify {file}" in out
    _, out, _ = run(capfd, "verify", file)
    assert "signed two ways" in out
    _, out, _ = run(capfd, "verify", file, "--json")
    told = json.loads(out)
    assert (told["did"], told["origin"], told["epoch"]) == (source.did, source.origin, 0)
    assert told["smaller"] == {"size": 3, "root": source.tree().root().hex()}
    assert told["larger"]["size"] == 6
    assert told["vkey"].startswith(source.origin)
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    assert run(capfd, "verify", file)[0] == 4
    assert run(capfd, "evidence", "did:frost:x")[0] == 2
    assert run(capfd, "evidence", MemoryPublisher("stranger").did)[0] == 3


@pytest.mark.slow
def test_peers_are_shown_added_and_removed(home, capfd):
    assert "frost peers add URL" in run(capfd, "peers")[1]
    url = "http://127.0.0.1:9"
    assert run(capfd, "peers", "add", url + "/")[:2] == (0, f"following {url}/\n")
    assert json.loads(run(capfd, "peers", "add", url, "--json")[1]) == {"peer": url}
    run(capfd, "sync")
    (peer,) = json.loads(run(capfd, "peers", "--json")[1])["peers"]
    assert (peer["url"], peer["found"], peer["state"]) == (url, False, "not asked")
    assert peer["code"] == "transport.unreachable"
    _, out, _ = run(capfd, "peers")
    assert f"{url}  not asked, added\n  0 logs, none behind\n  last heard never" in out
    assert "transport.unreachable" in out
    for bad in ("did:frost:x", "x"):
        assert run(capfd, "peers", "add", bad)[0] == 2
    assert run(capfd, "peers", "remove", url)[:2] == (0, f"no longer following {url}\n")
    assert run(capfd, "peers", "remove", url)[0] == 3
    assert json.loads(run(capfd, "peers", "--json")[1]) == {"peers": [], "refused_takes": []}


def test_a_terminal_without_a_command_gets_help(capfd):
    _, out, err = run(capfd)
    assert "Usage" in out + err


def test_the_group_has_the_commands():
    assert set(frost.commands) == {command.name for command in COMMANDS}


@pytest.mark.slow
@pytest.mark.network
async def test_an_operation_that_fails_in_a_running_node_does_not_end_it(home, monkeypatch):
    folder, _ = home

    def damaged(*_):
        raise StorageError("storage.damaged", "a page")

    async def quiet(*_):
        pass

    monkeypatch.setattr("frostnode.operations.maintain.check", damaged)
    place, answers = Home(folder), trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(serve, place, port=0, ready=lambda _: answers.set()))
        await answers.wait()
        with pytest.raises(StorageError):
            await call(place.control, "fsck", {}, quiet)
        assert (await call(place.control, "status", {}, quiet))["publishers"] == 1
        nursery.cancel_scope.cancel()


# the carry policy


def test_the_policy_is_shown_checked_and_taken_up(home, capfd, tmp_path):
    folder, _ = home
    code, out, _ = run(capfd, "policy")
    assert code == 0
    assert "mode            everything" in out
    assert "1 own" in out
    file = folder / "frost.toml"
    file.write_text('[carry]\ndeny = ["host:bad.example"]\n[carry.unknown]\nbytes = "1 MiB"\n')
    code, out, _ = run(capfd, "policy", "check", file)
    assert code == 0
    assert "deny            host:bad.example" in out
    assert "1 MiB bytes" in out
    code, out, _ = run(capfd, "policy", "reload", "--json")
    assert code == 0
    assert json.loads(out)["settings"]["deny"] == ["host:bad.example"]
    code, out, err = run(capfd, "policy", "refusals")
    assert (code, out, err) == (0, "", "0 of 0\n")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('carry = "most"', "carry.mode"),
        ("[carry]\nunheard = 1", "unheard"),
        ("[carry.unknown]\nentries = -1", "carry.unknown.entries"),
        ("not toml", "frost.toml"),
    ],
)
def test_a_policy_that_cannot_be_read_is_one_line_and_an_exit_code(home, capfd, text, named):
    file = home[0] / "frost.toml"
    file.write_text(text)
    code, out, err = run(capfd, "policy", "check", file)
    assert (code, out) == (2, "")
    assert "input.unreadable" in err
    assert named in err
    assert len(err.strip().splitlines()) == 1


def test_a_policy_file_that_is_not_there_is_no_policy(capfd, tmp_path):
    code, _, err = run(capfd, "policy", "check", tmp_path / "nothing.toml")
    assert code == 2
    assert "no such file" in err


def test_nobody_signs_an_identity_event_without_being_asked(home, capfd):
    folder, _ = home
    options = ("--kit", folder / "authority-kit.json", "--passphrase-file", folder.parent / "passphrase")
    code, _, err = run(capfd, "rotate", *options)
    assert code == 2
    assert "--yes" in err
    code, out, _ = run(capfd, "rotate", *options, "--rehearse", "--json")
    assert (code, json.loads(out)["rehearsed"]) == (0, True)
    code, out, _ = run(capfd, "rotate", *options, "--yes", "--json")
    assert (code, json.loads(out)["n"]) == (0, 1)
    assert "epoch 1" in run(capfd, "status")[1]


@pytest.mark.parametrize(
    ("hosted", "line", "is_shown"),
    [
        (True, {"url": "x", "size": None, "error": ""}, True),
        (False, {"url": "x", "size": 5, "error": ""}, True),
        (False, {"url": "x", "size": 0, "error": ""}, True),
        (
            False,
            {"url": "https://host.example", "size": None, "error": "record.not-found: no checkpoint"},
            True,
        ),
        (False, {"url": "x", "size": None, "error": "record.not-found: no checkpoint"}, False),
        (False, {"url": "https://host.example", "size": None, "error": "transport.timeout: …"}, False),
    ],
)
def test_a_log_of_which_nobody_shows_a_head_is_not_cut_by_default(hosted, line, is_shown):
    did = MemoryPublisher("p")
    history = History.empty(did.did)
    history.take(did.history)
    answer = {
        "carriers": [{"tree": "same", **line}],
        "hosted": hosted,
        "host": "https://host.example",
        "forked": False,
    }
    found = Survey(did.did, history, EMPTY_END, did.genesis.event.epoch, answer)
    with nullcontext() if is_shown else pytest.raises(LocalError, match="how far the log goes"):
        check_one_tree(found, None)
    check_one_tree(found, 0)


def test_a_recovery_that_broke_off_goes_on_with_the_same_bytes(home, capfd, monkeypatch):
    folder, _ = home
    secret = ("--passphrase-file", folder.parent / "passphrase", "--yes", "--json")
    assert run(capfd, "rotate", "--kit", folder / "authority-kit.json", *secret)[0] == 0
    options = ("--sheet", folder / "recovery-sheet.json", "--after", "0", *secret)
    with monkeypatch.context() as patched:  # what is kept is durable, and nobody is told
        patched.setattr("frostnode.operations.move.take_over", lambda *_: 1 / 0)
        assert run(capfd, "recover", "--new-kit", folder / "new.json", *options)[0] != 0
    (kept,) = folder.glob("recovery-sheet.recovery-0.json")
    before = kept.read_bytes()
    code, out, err = run(capfd, "recover", "--new-kit", folder / "new.json", *options)
    assert code == 0, err
    assert json.loads(out)["n"] == 1
    assert kept.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "home"),
    [
        (["--home", "a", "sub"], "a"),
        (["sub", "--home", "b"], "b"),
        (["--home", "a", "sub", "--home", "b"], "b"),
        (["sub"], "env"),
    ],
)
def test_a_home_said_before_a_subcommand_holds_for_it(monkeypatch, arguments, home):
    monkeypatch.setenv("FROST_HOME", "env")
    found = []

    @click.group()
    @home_option
    def group(home):
        pass

    @group.command()
    @home_option
    def sub(home):
        found.append(home)

    group.main(arguments, standalone_mode=False)
    assert found == [Path(home)]
