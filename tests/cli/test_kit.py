"""`frost kit` as people use it: a good kit is seen to be good, and each bad one is one line that says what to do."""

import json
import shutil

import pytest

from frostnode import founding
from frostnode.cli import main
from frostnode.cli.kit_nags import nags
from frostnode.edge.home import Home
from frostnode.edge.home_kits import kit_notes
from frostnode.identity.commitments import kit_hash
from frostnode.identity.create import SeedSet, create_shared_genesis
from frostnode.identity.kits import CHEAPEST, Kit, KitLabel, Purpose, open_kit, seal_kit
from frostnode.identity.words import kit_words
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.frames import encode_byte_string
from frostnode.protocol.keys import derive_seed
from frostnode.protocol.names import did_of

SEED, SHEET, FRIEND = b"a" * 32, b"s" * 32, b"f" * 32
GENESIS = create_shared_genesis(SeedSet.one(SEED), SeedSet.one(SHEET), epoch=None, time_ms=1)
SHARED = create_shared_genesis(SeedSet(seeds=(SEED, FRIEND), threshold=2), None, epoch=None, time_ms=1)


@pytest.fixture(autouse=True)
def cheap(monkeypatch):
    """Kits that take no time to open."""
    monkeypatch.setitem(founding.found.__kwdefaults__, "cost", CHEAPEST)
    monkeypatch.setitem(seal_kit.__kwdefaults__, "cost", CHEAPEST)


@pytest.fixture
def frost(capfd, tmp_path, monkeypatch):
    """Run a command in an empty folder without a home: (exit code, output, errors)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FROST_HOME", str(tmp_path / "home"))
    (tmp_path / "secret").write_text("open sesame\n")
    (tmp_path / "other").write_text("another one\n")

    def run(*arguments):
        code = 0
        try:
            main([*map(str, arguments)])
        except SystemExit as left:
            code = left.code or 0
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return run


def write(path, seed=SEED, *, genesis=GENESIS, purpose=Purpose.AUTHORITY, did=None):
    """A kit file, and the history that it is held against beside it."""
    label = KitLabel(purpose=purpose, did=did or did_of(genesis.cid), created="2026-11-21T06:42:57Z")
    kit = Kit(label=label, seed=seed)
    path.write_bytes(seal_kit(kit, "open sesame", salt=b"s" * 16, nonce=b"n" * 24))
    path.with_name("history").write_bytes(encode_byte_string(genesis.raw))
    return kit


CHECK = ("kit", "check", "kit.json", "--passphrase-file", "secret")
OFFLINE = (*CHECK, "--from", "history")


def test_a_kit_is_checked_offline_without_a_home(frost, tmp_path):
    write(tmp_path / "kit.json")
    code, out, err = frost(*OFFLINE)
    assert (code, err) == (0, "")
    assert f"The authority kit fits {did_of(GENESIS.cid)}" in out
    assert "the key of event 1, to which event 0 has committed" in out
    assert str(GENESIS.cid) in out
    assert "no other kit is needed" in out
    assert "noted" not in out
    assert not (tmp_path / "home").exists()


def test_one_of_several_kits_is_told_who_else_is_needed(frost, tmp_path):
    kit = write(tmp_path / "kit.json", FRIEND, genesis=SHARED)
    other = kit_hash(Kit(label=kit.label, seed=SEED), 1)
    _, out, _ = frost(*OFFLINE)
    assert f"one of 2 kits: 1 more must sign with it, out of {other.hex()[:8]}" in out
    _, out, _ = frost(*OFFLINE, "--json")
    answer = json.loads(out)
    assert (answer["threshold"], answer["kits"], answer["others"]) == (2, 2, [other.hex()])


def test_nothing_that_is_printed_is_secret(frost, tmp_path):
    kit = write(tmp_path / "kit.json")
    for arguments in (OFFLINE, (*OFFLINE, "--json")):
        out = "".join(map(str, frost(*arguments)))
        for secret in (kit.seed, kit.public(1), derive_seed(kit.seed, "frost authority/1")):
            assert secret.hex() not in out


BAD = {
    "wrong passphrase": ("kit.passphrase", "type it as when the kit was made"),
    "wrong kit": ("kit.mismatch", "it is another one"),
    "kit of another publisher": ("kit.mismatch", "take the kit of this publisher"),
    "damaged kit": ("kit.malformed", "take another copy, the printed page or the words"),
    "swapped label": ("kit.malformed", "take another copy"),
    "no kit": ("kit.malformed", "take another copy"),
    "not there": ("input.unreadable", "kit.json"),
    "no history": ("input.unreadable", "`frost proof` writes one"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_kit_is_one_line_that_says_what_to_do(frost, tmp_path, case):
    path, arguments = tmp_path / "kit.json", OFFLINE
    write(path)
    match case:
        case "wrong passphrase":
            arguments = ("kit", "check", "kit.json", "--passphrase-file", "other", "--from", "history")
        case "wrong kit":
            write(path, FRIEND)
        case "kit of another publisher":
            write(path, did=did_of(Cid.of(b"another")))
        case "damaged kit":
            path.write_bytes(path.read_bytes()[:-20])
        case "swapped label":
            path.write_bytes(path.read_bytes().replace(b'"authority"', b'"recovery"'))
        case "no kit":
            path.write_bytes(b"\x89PNG")
        case "not there":
            path.unlink()
        case "no history":
            (tmp_path / "history").write_bytes(b"{}")
    code, out, err = frost(*arguments)
    assert code == 2
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    for words in BAD[case]:
        assert words in err


def test_without_home_and_history_it_is_said_what_would_do(frost, tmp_path):
    write(tmp_path / "kit.json")
    code, _, err = frost(*CHECK)
    assert (code, len(err.splitlines())) == (3, 1)
    assert "home.missing" in err
    assert "--from FILE" in err


# -- words --------------------------------------------------------------------------------------------


FROM_WORDS = ("kit", "from-words", "--purpose", "authority", "-o", "new.json", "--words-file", "words")
FROM_WORDS_OFFLINE = (*FROM_WORDS, "--passphrase-file", "other", "--from", "history")


def write_words(tmp_path, words):
    (tmp_path / "words").write_text(" ".join(words))


def test_a_kit_goes_into_words_and_back_under_another_passphrase(frost, tmp_path):
    kit = write(tmp_path / "kit.json")
    code, out, err = frost("kit", "words", "kit.json", "--passphrase-file", "secret")
    assert code == 0
    assert out.startswith(f"authority kit of {kit.label.did}\n")
    assert "not encrypted" in err
    (tmp_path / "words").write_text(out.split("\n", 1)[1])
    code, out, _ = frost(*FROM_WORDS_OFFLINE)
    assert code == 0
    assert "The authority kit fits" in out
    made = open_kit((tmp_path / "new.json").read_bytes(), "another one")
    assert (made.seed, made.label.did, made.label.purpose) == (kit.seed, kit.label.did, kit.label.purpose)
    assert (tmp_path / "new.json").stat().st_mode & 0o077 == 0


def test_words_are_data_too(frost, tmp_path):
    kit = write(tmp_path / "kit.json")
    _, out, _ = frost("kit", "words", "kit.json", "--passphrase-file", "secret", "--json")
    assert json.loads(out)["words"] == list(kit_words(kit))


def spoiled(words, case):
    match case:
        case "one word that is none":
            return [*words[:4], "abandom", *words[5:]]
        case "one wrong word":
            return [*words[:4], "abandon" if words[4] != "abandon" else "ability", *words[5:]]
        case "wrong order":
            return [*words[1:], words[0]]
        case "one missing":
            return words[:-1]


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ("one word that is none", "word 5: found abandom, expected a word of the list (perhaps abandon"),
        ("one wrong word", "compare each with what is written"),
        ("wrong order", "some changed places"),
        ("one missing", "found 23, expected 24"),
    ],
)
def test_a_mistake_in_the_words_is_one_line_and_nothing_is_written(frost, tmp_path, case, says):
    kit = write(tmp_path / "kit.json")
    write_words(tmp_path, spoiled(list(kit_words(kit)), case))
    code, out, err = frost(*FROM_WORDS_OFFLINE)
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
    assert "kit.words" in err
    assert says in err
    assert not (tmp_path / "new.json").exists()


def test_words_that_belong_together_and_to_another_kit_are_noticed_by_the_history(frost, tmp_path):
    kit = write(tmp_path / "kit.json")
    for seed, says in ((FRIEND, "its words have a mistake"), (SHEET, "it is the recovery sheet")):
        write_words(tmp_path, kit_words(Kit(label=kit.label, seed=seed)))
        code, _, err = frost(*FROM_WORDS_OFFLINE)
        assert code == 2
        assert "kit.mismatch" in err
        assert says in err
        assert not (tmp_path / "new.json").exists()


def test_unchecked_needs_to_be_said_and_says_so(frost, tmp_path):
    kit = write(tmp_path / "kit.json")
    write_words(tmp_path, kit_words(kit))
    bare = (*FROM_WORDS, "--passphrase-file", "other")
    assert "home.missing" in frost(*bare)[2]
    assert "--did DID" in frost(*bare, "--unchecked")[2]
    code, out, _ = frost(*bare, "--unchecked", "--did", kit.label.did)
    assert code == 0
    assert "`frost kit check` will say" in out
    code, _, err = frost(*bare, "--unchecked", "--did", kit.label.did)
    assert code != 0
    assert "exists already" in err


# -- passphrase and page ------------------------------------------------------------------------------


def test_a_new_passphrase_opens_the_same_kit_and_the_old_one_does_not(frost, tmp_path):
    kit = write(tmp_path / "kit.json")
    change = (
        "kit",
        "passphrase",
        "kit.json",
        "--passphrase-file",
        "secret",
        "--new-passphrase-file",
        "other",
    )
    code, out, _ = frost(*change)
    assert code == 0
    assert "Destroy its other copies" in out
    assert open_kit((tmp_path / "kit.json").read_bytes(), "another one") == kit
    before = (tmp_path / "kit.json").read_bytes()
    code, _, err = frost(*change)
    assert (code, "kit.passphrase" in err) == (2, True)
    assert (tmp_path / "kit.json").read_bytes() == before


def test_a_page_is_written_for_the_owner_alone(frost, tmp_path):
    write(tmp_path / "kit.json", SHEET, purpose=Purpose.RECOVERY)
    page = (
        "kit",
        "sheet",
        "kit.json",
        "-o",
        "page.html",
        "--passphrase-file",
        "secret",
        "--name",
        "Polar <Data>",
    )
    code, out, _ = frost(*page)
    assert code == 0
    assert "print it, then delete it" in out
    text = (tmp_path / "page.html").read_text("utf-8")
    assert "Recovery sheet" in text
    assert "Polar &lt;Data&gt;" in text
    assert (tmp_path / "page.html").stat().st_mode & 0o077 == 0


# -- with a home --------------------------------------------------------------------------------------


@pytest.fixture
def made(frost, tmp_path):
    code, out, _ = frost("init", "--name", "Polar Data", "--passphrase-file", "secret", "--json")
    assert code == 0
    return json.loads(out)


@pytest.mark.slow
def test_status_asks_until_both_kits_are_checked_and_away(frost, tmp_path, made):
    _, out, _ = frost("status")
    lines = [line for line in out.splitlines() if line.startswith("kits ")]
    assert [("never checked" in line, "lies on the disk" in line) for line in lines] == [
        (True, False),
        (True, False),
        (False, True),
        (False, True),
    ]
    for name in ("kit", "recovery"):
        code, out, err = frost("kit", "check", made[name], "--passphrase-file", "secret")
        assert code == 0, err
        assert f"noted in {tmp_path / 'home'}" in out
        assert "move it to another place" in err
    _, out, _ = frost("status")
    lines = [line for line in out.splitlines() if line.startswith("kits ")]
    assert len(lines) == 2
    assert all("moving it away ends this" in line for line in lines)
    for name in ("kit", "recovery"):
        shutil.move(made[name], tmp_path)
    _, out, _ = frost("status")
    assert "kits " not in out
    _, out, _ = frost("status", "--json")
    kits = json.loads(out)["kits"]
    assert [(item["purpose"], item["current"]) for item in kits["checks"]] == [
        ("authority", True),
        ("recovery", True),
    ]
    assert (kits["lying"], kits["error"]) == ([], "")


@pytest.mark.slow
def test_a_kit_elsewhere_on_the_disk_is_met_when_it_is_checked(frost, tmp_path, made):
    away = tmp_path / "away.json"
    shutil.move(made["kit"], away)
    frost("kit", "check", away, "--passphrase-file", "secret")
    _, out, _ = frost("status")
    assert f"the authority kit lies on the disk of the node, {away}" in out
    away.unlink()
    assert str(away) not in frost("status")[1]


@pytest.mark.slow
def test_init_with_a_kit_elsewhere_remembers_where(frost, tmp_path):
    frost("init", "--name", "Polar", "--passphrase-file", "secret", "--kit", "usb/kit.json")
    _, out, _ = frost("status")
    assert f"lies on the disk of the node, {tmp_path / 'usb/kit.json'}" in out
    assert f"lies on the disk of the node, {tmp_path / 'usb/kit-recovery.json'}" in out
    assert {note.purpose for note in kit_notes(Home(tmp_path / "home"))} == set(Purpose)


@pytest.mark.slow
def test_a_kit_of_a_publisher_that_the_node_does_not_carry_says_how_to_check_it(frost, tmp_path, made):
    write(tmp_path / "kit.json")
    code, _, err = frost(*CHECK)
    assert (code, len(err.splitlines())) == (3, 1)
    assert "which this node does not carry" in err
    assert "--from FILE" in err
    code, out, _ = frost(*OFFLINE)
    assert code == 0
    assert "noted in" in out


@pytest.mark.slow
def test_a_home_of_an_older_version_has_no_notes_and_asks_for_checks(frost, tmp_path, made):
    shutil.rmtree(tmp_path / "home" / "kits")
    _, out, _ = frost("status")
    assert out.count("was never checked") == 2
    assert out.count("lies on the disk") == 2


@pytest.mark.slow
def test_a_damaged_note_does_not_keep_status_from_showing_the_rest(frost, tmp_path, made):
    for path in (tmp_path / "home" / "kits").iterdir():
        path.write_text("garbage")
    code, out, _ = frost("status")
    assert code == 0
    assert "delete it: it only says when a kit was checked" in out
    assert "views     up to date" in out


@pytest.mark.slow
def test_words_of_the_one_publisher_here_need_no_did_and_its_page_has_its_name(frost, tmp_path, made):
    kit = open_kit((tmp_path / "home" / "recovery-sheet.json").read_bytes(), "open sesame")
    write_words(tmp_path, kit_words(kit))
    again = ("kit", "from-words", "--purpose", "recovery", "--words-file", "words", "-o", "new.json")
    code, out, err = frost(*again, "--passphrase-file", "other")
    assert (code, f"The recovery sheet fits {made['did']}" in out) == (0, True), err
    frost("kit", "sheet", "new.json", "-o", "page.html", "--passphrase-file", "other")
    assert "<dd>Polar Data</dd>" in (tmp_path / "page.html").read_text()


@pytest.mark.slow
def test_init_says_in_plain_words_what_losing_each_means(frost, tmp_path):
    _, out, _ = frost("init", "--name", "Polar", "--passphrase-file", "secret")
    said = out.split("What it means to lose\n")[1]
    for thing in ("the kit ", "the sheet ", "both ", "the passphrase ", "this disk "):
        assert f"\n  {thing}" in f"\n{said}"
    for words in ("frost kit check", "frost kit sheet", "frost status reminds you"):
        assert words in said


def test_a_check_before_the_last_identity_event_is_asked_for_again():
    item = {"did": "did:frost:x", "purpose": "authority", "checked": "2026-11-27T18:00:00Z", "event_n": 4}
    state = {"checks": [{**item, "current": False}], "lying": [], "error": ""}
    assert list(nags(state)) == [
        "the authority kit of did:frost:x was not checked since identity event 4: `frost kit check FILE` ends this"
    ]
    state["checks"][0]["current"] = True
    assert list(nags(state)) == []
