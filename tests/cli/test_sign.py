"""`frost sign` as people use it: they see what they sign, sign it without a node, and cannot sign two by accident."""

import io
import json
import shutil

import pytest

from frostnode.cli import main
from frostnode.cli.at_hand import AtHand
from frostnode.identity.acts import next_draft, recovery_draft
from frostnode.identity.commitments import commit_kits
from frostnode.identity.create import SeedSet, create_shared_genesis
from frostnode.identity.drafts import contribute, draft_text, read_draft
from frostnode.identity.event_file import read_event_file
from frostnode.identity.fit import history_of
from frostnode.identity.kits import CHEAPEST, Kit, KitLabel, Purpose, seal_kit
from frostnode.identity.words import kit_words
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.identity import End, Epoch
from frostnode.protocol.keys import SigningKey
from frostnode.protocol.merkle import leaf_hash
from frostnode.protocol.names import did_of

ANN, BEN, CEM, SHEET = (seed * 32 for seed in (b"a", b"b", b"c", b"s"))


def opening(url: str) -> Epoch:
    return Epoch(
        key=SigningKey(url.encode().ljust(32, b"k")[:32]).public, node=SigningKey(b"n" * 32).public, url=url
    )


GENESIS = create_shared_genesis(
    SeedSet(seeds=(ANN, BEN, CEM), threshold=2),
    SeedSet.one(SHEET),
    epoch=Epoch(key=SigningKey(b"l" * 32).public, node=SigningKey(b"a" * 32).public, url="https://a.example"),
    time_ms=1_700_000_000_000,
)
DID = did_of(GENESIS.cid)
END = End(size=950, root=leaf_hash(b"the log"))


def kit(seed: bytes, purpose: Purpose = Purpose.AUTHORITY, did: str = DID) -> Kit:
    return Kit(label=KitLabel(purpose=purpose, did=did, created="2026-01-01T00:00:00Z"), seed=seed)


def draft_to(url: str, *kits: Kit):
    history = history_of(DID, [GENESIS])
    draft = next_draft(history, following=None, end=END, epoch=opening(url), time_ms=1_790_000_000_000)
    return contribute(draft, kits) if kits else draft


@pytest.fixture
def frost(capfd, tmp_path, monkeypatch):
    """A machine without a home, with three kits and a draft: (exit code, output, errors) of a command."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FROST_HOME", str(tmp_path / "no home"))
    (tmp_path / "secret").write_text("open sesame\n")
    for name, seed in (("ann", ANN), ("ben", BEN), ("cem", CEM)):
        write(tmp_path / f"{name}.json", kit(seed))
    (tmp_path / "draft").write_text(draft_text(draft_to("https://b.example")))

    def run(*arguments):
        code = 0
        try:
            main([*map(str, arguments)])
        except SystemExit as left:
            code = left.code or 0
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        assert not (tmp_path / "no home").exists()
        return code, out, err

    return run


def write(path, kit_: Kit) -> None:
    path.write_bytes(seal_kit(kit_, "open sesame", salt=b"s" * 16, nonce=b"n" * 24, cost=CHEAPEST))


def by(name: str, draft: str = "draft"):
    return ("sign", draft, "--kit", f"{name}.json", "--passphrase-file", "secret", "--yes")


def test_who_looks_sees_what_it_does_in_plain_words(frost, tmp_path):
    before = (tmp_path / "draft").read_bytes()
    code, out, _ = frost("sign", "draft")
    assert code == 0
    for words in (
        f"Event 1 of the publisher {DID}",
        "follows event 0 (genesis at https://a.example, 2023-11-14",
        "MOVES it from https://a.example to https://b.example (node z6Mk",
        f"ends the log at https://a.example: 950 entries count, root {END.root.hex()[:16]}",
        "leaves its kits in force",
        "2 of 3 kits sign it: 0 named so far, 0 signed",
        "2 more kits must take part: hand draft on, for `frost sign draft --kit KIT`",
    ):
        assert words in out
    assert (tmp_path / "draft").read_bytes() == before


def test_a_recovery_says_what_it_makes_void_and_that_other_kits_take_over(frost, tmp_path):
    stolen = draft_to("https://thief.example", kit(ANN), kit(BEN)).signed()
    history = history_of(DID, [GENESIS, stolen])
    draft = recovery_draft(
        history,
        after=GENESIS.cid,
        following=commit_kits([kit(CEM)], 2, 1),
        end=END,
        epoch=opening("https://c.example"),
        time_ms=1,
    )
    (tmp_path / "draft").write_text(draft_text(draft))
    _, out, _ = frost("sign", "draft")
    assert "RECOVERS the publisher: event 0 is the last good one" in out
    assert "makes void: event 1 (ordinary at https://thief.example" in out
    assert "puts OTHER authority kits in force, 1 of 1 kit will sign" in out
    write(tmp_path / "sheet.json", kit(SHEET, Purpose.RECOVERY))
    code, out, _ = frost(*by("sheet"))
    assert (code, "All have signed" in out, "`frost recover --event draft`" in out) == (0, True, True)
    assert (tmp_path / "sheet.recovery-0.json").exists()


def test_two_of_three_sign_in_turn_and_each_keeps_what_was_signed(frost, tmp_path):
    _, out, _ = frost(*by("ann"))
    assert "1 more kit must take part" in out
    assert not (tmp_path / "ann.event-1.json").exists(), "a key is no signature"
    _, out, _ = frost(*by("cem"))
    assert "1 signature missing: hand draft to those whose kits are in it" in out
    assert read_draft((tmp_path / "cem.event-1.json").read_bytes()).unsigned == 1
    _, out, _ = frost(*by("ann"))
    assert "All have signed. At the host that it names: `frost move --event draft`" in out
    signed = read_draft((tmp_path / "draft").read_bytes()).signed()
    assert read_event_file((tmp_path / "ann.event-1.json").read_bytes()).signed == signed
    code, out, _ = frost(*by("cem"), "--json")
    assert (code, json.loads(out)["signatures"], json.loads(out)["event"]) == (0, 2, str(signed.cid))


def test_words_alone_are_enough(frost, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(kit_words(kit(BEN)))))
    code, out, _ = frost("sign", "draft", "--words", "--yes")
    assert (code, "1 more kit must take part" in out) == (0, True)
    frost(*by("ann"))
    monkeypatch.setattr("sys.stdin", io.StringIO(" ".join(kit_words(kit(BEN)))))
    code, out, _ = frost("sign", "draft", "--words", "--yes")
    assert (code, "All have signed" in out) == (0, True)
    assert (
        AtHand(kit(BEN), tmp_path / f"kit-{kit(BEN).mark[:8]}.json")
        .event_path(read_draft((tmp_path / "draft").read_bytes()))
        .exists()
    )


def test_without_a_yes_nothing_is_signed(frost, tmp_path):
    before = (tmp_path / "draft").read_bytes()
    code, _, err = frost(*by("ann")[:-1])
    assert (code, "nothing was signed" in err) == (2, True)
    assert (tmp_path / "draft").read_bytes() == before


def test_a_kit_that_signed_one_draft_refuses_another_of_the_same_place(frost, tmp_path):
    (tmp_path / "draft").write_text(draft_text(draft_to("https://b.example", kit(ANN))))
    (tmp_path / "other").write_text(draft_text(draft_to("https://c.example", kit(CEM))))
    assert frost(*by("ben"))[0] == 0
    before = (tmp_path / "other").read_bytes()
    code, _, err = frost(*by("ben", "other"))
    assert code == 7
    assert "draft.conflict: this kit has signed another event 1, to https://b.example" in err
    assert "delete ben.event-1.json only if nobody can send it any more" in err
    assert (tmp_path / "other").read_bytes() == before
    (tmp_path / "ben.event-1.json").write_text("{}")
    code, _, err = frost(*by("ben", "other"))
    assert (code, "ben.event-1.json" in err) == (2, True)


BAD = {
    "kit of another publisher": ("kit.mismatch", "take the kit of this publisher"),
    "a kit that is none of them": ("kit.mismatch", "it is another one"),
    "a recovery sheet": ("kit.mismatch", "expected authority kit", "an authority kit does all else"),
    "wrong passphrase": ("kit.passphrase", "type it as when the kit was made"),
    "no kit": ("kit.malformed", "take another copy"),
    "no draft": ("draft.malformed", "ask whoever sent it for another copy"),
    "not there": ("input.unreadable", "draft"),
    "changed after it was signed": ("draft.changed", "ask whoever sent it for another copy"),
    "whole": ("draft.whole", "hand it on to those whose kits are in it"),
    "a kit as draft": ("draft.malformed", "ask whoever sent it"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_that_says_what_to_do_and_nothing_is_signed(frost, tmp_path, case):
    path, draft = tmp_path / "ben.json", tmp_path / "draft"
    draft.write_text(draft_text(draft_to("https://b.example", kit(ANN))))
    match case:
        case "kit of another publisher":
            write(path, kit(BEN, did=did_of(Cid.of(b"another"))))
        case "a kit that is none of them":
            write(path, kit(b"z" * 32))
        case "a recovery sheet":
            write(path, kit(SHEET, Purpose.RECOVERY))
        case "wrong passphrase":
            (tmp_path / "secret").write_text("close sesame\n")
        case "no kit":
            path.write_bytes(b"\x89PNG")
        case "no draft":
            draft.write_bytes(b"PK")
        case "not there":
            draft.unlink()
        case "changed after it was signed":
            half = draft_text(draft_to("https://b.example", kit(ANN), kit(CEM)))
            draft.write_text(half.replace("https://b.example", "https://c.example"))
        case "whole":
            draft.write_text(draft_text(draft_to("https://b.example", kit(ANN), kit(CEM))))
        case "a kit as draft":
            shutil.copy(path, draft)
    before = draft.read_bytes() if draft.exists() else b""
    code, _, err = frost(*by("ben"))
    assert code in (2, 7)
    assert len(err.strip().splitlines()) == 1
    for words in BAD[case]:
        assert words in err
    assert not (tmp_path / "ben.event-1.json").exists()
    assert not draft.exists() or draft.read_bytes() == before


def test_a_host_named_to_fool_a_terminal_is_shown_harmless(frost, tmp_path):
    (tmp_path / "draft").write_text(draft_text(draft_to("https://b.example\x1b[2J\nMOVES it to heaven")))
    _, out, _ = frost("sign", "draft")
    assert "\x1b" not in out
    assert not any(line.strip().startswith("MOVES it to heaven") for line in out.splitlines())
