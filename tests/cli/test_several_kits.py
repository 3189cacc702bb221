"""Drafts at a real home: begun without a kit, signed elsewhere, sent once, and not when the history has gone on."""

import io
import json
import shutil
from dataclasses import replace

import pytest

from frostnode import founding
from frostnode.cli import acting, drafting, main
from frostnode.identity.kits import CHEAPEST, Kit, open_kit, seal_kit
from frostnode.protocol.checkpoint import Checkpoint
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.names import did_of
from frostnode.replicate.survey import Heard, opened_log

pytestmark = pytest.mark.slow


@pytest.fixture
def frost(capfd, tmp_path, monkeypatch):
    """Run a command at a home whose kits lie in a folder of their own: (exit code, answer or output, errors)."""
    monkeypatch.setitem(founding.found.__kwdefaults__, "cost", CHEAPEST)
    monkeypatch.setitem(seal_kit.__kwdefaults__, "cost", CHEAPEST)
    monkeypatch.setattr(founding.write_kit, "__defaults__", (CHEAPEST,))
    monkeypatch.setenv("FROST_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret").write_text("open sesame\n")

    def run(*arguments):
        code = 0
        try:
            main([*map(str, arguments)])
        except SystemExit as left:
            code = left.code or 0
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return code, json.loads(out) if "--json" in arguments and not code else out, err

    assert (
        run("init", "--name", "Polar Data", "--passphrase-file", "secret", "--kit", "safe/kit.json")[0] == 0
    )
    return run


SECRET = ("--passphrase-file", "secret", "--yes", "--json")
SIGN = ("--kit", "safe/kit.json", *SECRET)


def test_a_kit_need_not_come_to_the_host(frost, tmp_path):
    code, begun, _ = frost("rotate", "--draft", "draft", "--json")
    assert (code, begun["keys"], begun["threshold"]) == (0, 0, 1)
    code, _, err = frost("rotate", "--event", "draft", "--json")
    assert (code, "`frost sign DRAFT --kit KIT`" in err) == (7, True)
    _, signed, _ = frost("sign", "draft", *SIGN)
    assert signed["signatures"] == 1
    _, done, _ = frost("rotate", "--event", "draft", "--json")
    assert (done["n"], done["event"]) == (1, signed["event"])
    assert frost("kit", "check", "safe/kit.json", "--passphrase-file", "secret")[0] == 0


def test_a_sending_that_broke_off_goes_on_with_the_same_bytes(frost, tmp_path, monkeypatch):
    frost("rotate", "--draft", "draft", "--json")
    with monkeypatch.context() as patched:
        patched.setattr(drafting, "send", lambda *_: 1 / 0)
        assert frost("rotate", "--event", "draft", *SIGN)[0] != 0
    kept = (tmp_path / "safe/kit.event-1.json").read_bytes()
    code, done, err = frost("rotate", "--event", "draft", "--yes", "--json")  # the kit is away again
    assert (code, done["n"]) == (0, 1), err
    assert (tmp_path / "safe/kit.event-1.json").read_bytes() == kept
    assert frost("rotate", "--event", "draft", "--yes", "--json")[1]["event"] == done["event"]


def test_a_rotation_that_broke_off_says_what_it_will_cut_off(frost, tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(acting, "send", lambda *_: 1 / 0)
        assert frost("rotate", *SIGN)[0] != 0
    (tmp_path / "record.json").write_text('{"type": "dataset", "key": "ice", "title": "Ice"}')
    assert frost("publish", "record.json")[0] == 0
    code, out, _ = frost("rotate", *SIGN[:-1])
    assert (code, "event 1 was signed before, and is sent as it is" in out) == (0, True)
    assert "1 entry was published since it was signed and will not count" in out


@pytest.mark.parametrize("more", [(), ("--end", "1"), ("--new-kit", "safe/new.json")])
def test_what_broke_off_after_it_was_taken_is_finished_by_the_same_command(
    frost, tmp_path, monkeypatch, more
):
    """The node has the event, the command never heard so: again sends it once more, and signs no second one."""
    send = acting.send
    with monkeypatch.context() as patched:
        patched.setattr(acting, "send", lambda *sent: (send(*sent), 1 / 0))
        assert frost("rotate", *SIGN, *more)[0] != 0
    kept = json.loads((tmp_path / "safe/kit.event-1.json").read_text())
    assert kept["taken"] is False
    assert frost("rotate", *SIGN, *more, "--rehearse")[1]["rehearsed"]
    code, done, err = frost("rotate", *SIGN, *more)
    assert (code, done["n"], done["end"]["size"]) == (0, 1, 1), err
    assert json.loads((tmp_path / "safe/kit.event-1.json").read_text()) == {**kept, "taken": True}
    if "--new-kit" in more:
        return
    assert frost("rotate", *SIGN)[1]["n"] == 2, "it is done, and this is another one"


def test_what_a_later_event_stands_on_needs_no_finishing(frost, tmp_path, monkeypatch):
    send = acting.send
    with monkeypatch.context() as patched:
        patched.setattr(acting, "send", lambda *sent: (send(*sent), 1 / 0))
        assert frost("rotate", *SIGN)[0] != 0
    shutil.copy(tmp_path / "safe/kit.json", tmp_path / "copy.json")  # and not what it has signed
    assert frost("rotate", "--kit", "copy.json", *SECRET)[1]["n"] == 2
    assert frost("rotate", *SIGN)[1]["n"] == 3
    assert json.loads((tmp_path / "safe/kit.event-1.json").read_text())["taken"] is True


def test_nothing_is_signed_while_this_node_cannot_show_the_tree_that_it_would_end_at(
    frost, tmp_path, monkeypatch
):
    """Somebody shows a larger head than all entries that can be had."""

    async def larger(world, did, *_):
        with world.store.read() as reader:
            opened = opened_log(reader, did, None)
        return [Heard("http://witness.example", knows=True, head=Checkpoint(opened.origin, 9, b"r" * 32))]

    monkeypatch.setattr("frostnode.operations.move.survey", larger)
    for more in ((), ("--draft", "draft")):
        code, _, err = frost("rotate", *SIGN, *more)
        assert (code, len(err.splitlines()), "8 of 9 entries could be had from nobody" in err) == (2, 1, True)
        assert "--without-history goes on" in err
    assert [path.name for path in tmp_path.glob("**/*.event-*")] == []
    assert not (tmp_path / "draft").exists()
    code, done, _ = frost("rotate", *SIGN, "--without-history")
    assert (code, done["n"], done["lost"]) == (0, 1, 8)


def test_a_draft_that_is_overtaken_is_not_sent(frost, tmp_path):
    frost("rotate", "--draft", "late", "--json")
    shutil.copytree(tmp_path / "safe", tmp_path / "copy")
    assert frost("rotate", *SIGN)[0] == 0
    code, _, err = frost("sign", "late", *SIGN)
    assert (code, "draft.conflict" in err) == (7, True)
    assert frost("sign", "late", "--kit", "copy/kit.json", *SECRET)[0] == 0, "a copy remembers nothing"
    code, _, err = frost("rotate", "--event", "late", "--json")
    assert (code, "is not the last one any more" in err, "begin another draft" in err) == (2, True, True)


def test_a_draft_for_another_host_is_sent_from_there(frost, tmp_path, monkeypatch):
    frost("rotate", "--draft", "draft", *SIGN)
    text = (tmp_path / "draft").read_text()
    frost("init", "--home", "other", "--carrier", "--name", "Other")
    frost("export", "polar.frostarchive")
    frost("import-archive", "--home", "other", "polar.frostarchive")
    code, _, err = frost("move", "--home", "other", "--event", "draft", "--end", "0")
    assert (code, "--event sends a draft as it is" in err) == (2, True)
    code, _, err = frost("move", "--home", "other", "--event", "draft")
    assert (code, "host that the draft names" in err, "send it from there" in err) == (3, True, True)
    assert (tmp_path / "draft").read_text() == text


def test_people_make_their_own_kits_and_hand_over_hashes(frost, tmp_path):
    did = frost("status", "--json")[1]["hosted"][0]["did"]
    made = [
        frost("kit", "new", f"{name}.json", "--did", did, *SECRET[:2], "--json")[1]
        for name in ("ann", "ben", "cem")
    ]
    named = [part for each in made for part in ("--new-hash", each["hash"])]
    code, _, err = frost("rotate", "--new-hash", "3fa9", *SIGN)
    assert (code, "`frost kit new` has printed" in err) == (2, True)
    code, _, err = frost("rotate", *named[:2], *named[:2], *SIGN)
    assert (code, "the same kit is given twice" in err) == (2, True)
    code, _, err = frost("rotate", *named, "--threshold", "2", *SIGN)
    assert code == 0, err
    code, out, _ = frost("kit", "check", "cem.json", *SECRET[:2])
    assert (code, "one of 3 kits: 1 more must sign with it" in out) == (0, True)
    for n, signers in ((2, ("ann", "cem")), (3, ("cem", "ben")), (4, ("ben", "ann"))):
        kits = [part for name in signers for part in ("--kit", f"{name}.json")]
        assert frost("rotate", *kits, *SECRET)[1]["n"] == n


def test_what_was_published_since_is_told_before_it_is_cut_off(frost, tmp_path):
    frost("rotate", "--draft", "draft", *SIGN)
    (tmp_path / "record.json").write_text('{"type": "dataset", "key": "ice", "title": "Ice"}')
    assert frost("publish", "record.json")[0] == 0
    code, out, _ = frost("rotate", "--event", "draft")
    assert code == 0
    assert "1 entry was published since the draft was begun and will not count" in out


def test_new_kits_for_several_are_written_with_the_draft_and_not_when_rehearsed(frost, tmp_path):
    new = ("--new-kit", "ann.json", "--new-kit", "ben.json", "--threshold", "2")
    code, _, err = frost("rotate", "--draft", "draft", *new, *SIGN, "--rehearse")
    assert code == 0, err
    assert not (tmp_path / "ann.json").exists()
    assert not (tmp_path / "draft").exists()
    code, answer, err = frost("rotate", "--draft", "draft", *new, *SIGN)
    assert code == 0, err
    assert any("puts OTHER authority kits in force, 2 of 2 kits will sign" in line for line in answer["says"])
    assert frost("rotate", "--event", "draft", "--json")[0] == 0
    code, _, err = frost("rotate", "--kit", "ann.json", *SECRET)
    assert (code, "found 1, expected 2" in err, "--draft FILE" in err) == (2, True, True)
    code, _, err = frost("rotate", "--draft", "draft", "--kit", "ann.json", *SECRET)
    assert (code, "output.exists" in err) == (7, True)
    code, half, _ = frost("rotate", "--draft", "second", "--kit", "ann.json", *SECRET)
    assert (half["keys"], half["signatures"]) == (1, 0)
    assert frost("sign", "second", "--kit", "ben.json", *SECRET)[1]["signatures"] == 1
    assert frost("rotate", "--event", "second", "--kit", "ann.json", *SECRET)[1]["n"] == 2


def test_paper_alone_is_enough_to_rotate_and_to_recover(frost, tmp_path, monkeypatch):
    def typed(*, of):
        out = frost("kit", "words", of, "--passphrase-file", "secret")[1].split("\n", 1)[1]
        return io.StringIO(out)

    paper = {name: typed(of=f"safe/{name}.json") for name in ("kit", "kit-recovery")}
    (tmp_path / "safe").rename(tmp_path / "burnt")
    monkeypatch.setattr("sys.stdin", paper["kit"])
    code, done, err = frost("rotate", "--words", "--yes", "--json")
    assert (code, done["n"]) == (0, 1), err
    (kept,) = (tmp_path / "home").glob("kit-*.event-1.json")
    assert json.loads(kept.read_text())["format"] == "frost-event/1"
    paper["kit-recovery"].seek(0)
    monkeypatch.setattr("sys.stdin", paper["kit-recovery"])
    code, _, err = frost("rotate", "--words", "--yes")
    assert (code, "it is the recovery sheet" in err) == (2, True), err
    paper["kit-recovery"].seek(0)
    code, done, err = frost("recover", "--words", "--after", "1", "--new-kit", "new.json", *SECRET)
    assert (code, done["n"]) == (0, 2), err
    assert frost("rotate", "--kit", "new.json", *SECRET)[1]["n"] == 3


def test_nothing_to_sign_with_is_said_so(frost):
    code, _, err = frost("rotate", "--yes")
    assert (code, "--words" in err, "--draft FILE" in err) == (2, True, True)
    code, _, err = frost("recover", "--after", "0", "--draft", "draft")
    assert (code, "--new-kit FILE" in err) == (2, True)


def test_new_kits_are_written_all_or_none(frost, tmp_path):
    code, _, err = frost("rotate", "--new-kit", "ann.json", "--threshold", "2", *SIGN)
    assert (code, "found 2, expected ≤ 1" in err) == (2, True)
    (tmp_path / "ben.json").write_text("precious")
    code, _, err = frost("rotate", "--new-kit", "ann.json", "--new-kit", "ben.json", *SIGN)
    assert (code, "ben.json exists already" in err) == (7, True)
    assert not (tmp_path / "ann.json").exists()
    assert not (tmp_path / "safe/kit.event-1.json").exists()


BAD = {
    "wrong passphrase": (
        ("rotate", "--kit", "safe/kit.json", "--passphrase-file", "wrong"),
        "type it as when",
    ),
    "no passphrase": (("rotate", "--kit", "safe/kit.json"), "give --passphrase-file FILE"),
    "a sheet to move with": (
        ("move", "--kit", "safe/kit-recovery.json"),
        "a recovery sheet recovers",
    ),
    "a kit to recover with": (
        ("recover", "--sheet", "safe/kit.json", "--after", "0", "--new-kit", "new.json"),
        "an authority kit does all else",
    ),
    "kit of another publisher": (
        ("rotate", "--kit", "other.json"),
        "take another kit, or bring the publisher here",
    ),
    "kit of an unknown publisher": (
        ("move", "--kit", "other.json", "--passphrase-file", "secret"),
        "name one of its carriers with --peer URL, or take the kit of another",
    ),
    "kits of two publishers": (
        ("rotate", "--kit", "safe/kit.json", "--kit", "other.json"),
        "leave out those of",
    ),
    "another kit": (("rotate", "--kit", "another.json", "--passphrase-file", "secret"), "it is another one"),
    "kit of another publisher than is named": (
        (
            "move",
            "--kit",
            "safe/kit.json",
            "--did",
            did_of(Cid.of(b"another")),
            "--passphrase-file",
            "secret",
        ),
        "take another kit, or leave --did out",
    ),
    "a threshold of nothing": (
        ("rotate", "--kit", "safe/kit.json", "--threshold", "2"),
        "so many of the new kits: name these with --new-kit or --new-hash",
    ),
    "no passphrase file": (
        ("rotate", "--kit", "safe/kit.json", "--passphrase-file", "gone"),
        "gone: No such file or directory",
    ),
    "an endless passphrase": (
        ("rotate", "--kit", "safe/kit.json", "--passphrase-file", "/dev/zero"),
        "a passphrase in its first line",
    ),
    "no DID": (("move", "--draft", "draft", "--did", "noaa.gov"), "expected did:frost: and a CID"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_that_says_what_to_do(frost, tmp_path, case):
    (tmp_path / "wrong").write_text("close sesame\n")
    own = open_kit((tmp_path / "safe/kit.json").read_bytes(), "open sesame").label
    for name, did in (("other", did_of(Cid.of(b"another"))), ("another", own.did)):
        kit = Kit(label=replace(own, did=did), seed=b"o" * 32)
        sealed = seal_kit(kit, "open sesame", salt=b"s" * 16, nonce=b"n" * 24, cost=CHEAPEST)
        (tmp_path / f"{name}.json").write_bytes(sealed)
    arguments, words = BAD[case]
    before = sorted(path.name for path in (tmp_path / "safe").iterdir())
    code, _, err = frost(*arguments, "--yes", "--json")
    assert code in (2, 3)
    assert (len(err.strip().splitlines()), words in err) == (1, True), err
    assert sorted(path.name for path in (tmp_path / "safe").iterdir()) == before
    assert not (tmp_path / "new.json").exists()


def test_of_two_commands_with_one_kit_the_slower_signs_nothing(frost, tmp_path, monkeypatch):
    from frostnode.cli import at_hand

    told = at_hand.kept_beside
    path = tmp_path / "safe/kit.event-1.json"

    def slow(held, draft):
        kept = told(held, draft)
        path.write_text("signed meanwhile")
        return kept

    with monkeypatch.context() as patched:
        patched.setattr(at_hand, "kept_beside", slow)
        code, _, err = frost("rotate", *SIGN)
    assert (code, "another command has just signed event 1 with this kit" in err) == (7, True)
    assert path.read_text() == "signed meanwhile"


def test_a_sheet_recovers_once_from_one_place_and_then_from_its_own_recovery(frost, tmp_path):
    def recover(folder, after, new):
        return frost(
            *("recover", "--sheet", f"{folder}/kit-recovery.json", "--after", after),
            *("--new-kit", f"{folder}/{new}", *SECRET),
        )

    assert recover("safe", "0", "new.json")[1]["n"] == 1
    (tmp_path / "copy").mkdir()
    shutil.copy(tmp_path / "safe/kit-recovery.json", tmp_path / "copy")  # and not what it has signed
    code, _, err = recover("copy", "0", "newer.json")
    assert (code, "disputed for ever" in err, "--after 1" in err) == (2, True, True), err
    assert [path.name for path in (tmp_path / "copy").iterdir()] == ["kit-recovery.json"], "nothing is signed"
    code, done, err = recover("safe", "0", "newer.json")
    assert (code, done["n"], "newer.json was not written" in err) == (0, 1, True), "the same event again"
    assert recover("copy", "1", "newer.json")[1]["n"] == 2


def test_what_a_sheet_has_signed_is_not_sent_for_another_last_good_event(frost, monkeypatch):
    options = ("--sheet", "safe/kit-recovery.json", "--new-kit", "safe/new.json", *SECRET)
    assert frost("rotate", *SIGN)[0] == 0
    with monkeypatch.context() as patched:
        patched.setattr("frostnode.operations.move.take_over", lambda *_: 1 / 0)
        assert frost("recover", "--after", "0", *options)[0] != 0
    code, _, err = frost("recover", "--after", "1", *options)
    assert (code, "send that one with --after 0" in err) == (7, True), err
    assert frost("recover", "--after", "0", *options)[1]["n"] == 1


@pytest.mark.parametrize("after", [None, "7", "-1", "²", "9" * 5000, "nonsense", str(Cid.of(b"another"))])
def test_the_last_good_event_is_asked_for_with_all_that_it_can_be(frost, after):
    for _ in range(2):
        assert frost("rotate", *SIGN)[0] == 0
    given = () if after is None else ("--after", after)
    code, _, err = frost(
        "recover", "--sheet", "safe/kit-recovery.json", "--new-kit", "new.json", *given, *SECRET
    )
    assert (code, len(err.splitlines())) == (2, 1)
    assert all(f"{n} " in err.partition("--after one of ")[2] for n in range(3)), err


def test_an_address_in_an_event_gives_no_orders_to_a_terminal(frost, tmp_path):
    """As a thief of the kit may have signed it: the owner looks at it, and recovers."""
    frost("rotate", "--draft", "draft", "--json")
    draft = json.loads((tmp_path / "draft").read_text())
    draft["epoch"]["url"] = "\x9b2J\x07https://evil.example"
    (tmp_path / "draft").write_text(json.dumps(draft))
    assert frost("sign", "draft", *SIGN)[0] == 0
    _, told, err = frost("rotate", "--event", "draft")
    _, seen, _ = frost("rotate", "--kit", "safe/kit.json", *SECRET[:3], "--rehearse")
    assert "https://evil.example" in told + err
    assert "hosted by \ufffd2J\ufffdhttps://evil.example" in seen
    assert not set("\x1b\x07\x9b") & set(told + err + seen)
