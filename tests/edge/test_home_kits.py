"""What a home notes of kits: it outlasts a restart, says nothing of a seed, and a note that is broken costs a reminder."""

import json
from dataclasses import replace

import pytest

from frostnode.edge.home import Home
from frostnode.edge.home_kits import (
    NOTE_FORMAT,
    Checked,
    is_on_this_disk,
    kit_notes,
    note_checked,
    note_place,
    strays,
)
from frostnode.identity.kits import CHEAPEST, Kit, KitLabel, Purpose, seal_kit
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import StorageError
from frostnode.protocol.limits import HOME_FILES_LOOKED_AT_MAX
from frostnode.protocol.names import did_of

KIT = Kit(
    label=KitLabel(purpose=Purpose.AUTHORITY, did=did_of(Cid.of(b"one")), created="2026-11-21T06:42:57Z"),
    seed=bytes(range(32)),
)
SHEET = replace(KIT, label=replace(KIT.label, purpose=Purpose.RECOVERY), seed=b"s" * 32)
CHECKED = Checked(time="2026-11-27T18:00:00Z", event="bafy", event_n=3)


@pytest.fixture
def home(tmp_path):
    (tmp_path / "home").mkdir()
    return Home(tmp_path / "home")


def write(path, kit: Kit = KIT):
    path.write_bytes(seal_kit(kit, "open sesame", salt=b"s" * 16, nonce=b"n" * 24, cost=CHEAPEST))
    return path


def test_a_home_that_notes_nothing_has_no_notes(home) -> None:
    assert kit_notes(home) == []
    assert list(strays(home)) == []


def test_a_check_and_a_place_are_noted_of_each_kit_by_itself(home, tmp_path) -> None:
    place = write(tmp_path / "kit.json")
    note_place(home, KIT, place)
    note_checked(home, KIT, CHECKED)
    note_checked(home, SHEET, replace(CHECKED, event_n=0))
    notes = {note.purpose: note for note in kit_notes(home)}
    assert notes[Purpose.AUTHORITY].checked == CHECKED
    assert notes[Purpose.AUTHORITY].lying() == [place]
    assert (notes[Purpose.RECOVERY].checked.event_n, notes[Purpose.RECOVERY].lying()) == (0, [])


def test_a_later_check_takes_the_place_of_an_earlier_one(home) -> None:
    note_checked(home, KIT, CHECKED)
    note_checked(home, KIT, replace(CHECKED, event_n=4))
    [note] = kit_notes(home)
    assert note.checked.event_n == 4


def test_a_kit_that_was_moved_away_lies_there_no_longer(home, tmp_path) -> None:
    place, other = write(tmp_path / "kit.json"), tmp_path / "copy.json"
    note_place(home, KIT, place)
    place.rename(other)
    assert [note.lying() for note in kit_notes(home)] == [[]]
    note_place(home, KIT, other)
    [note] = kit_notes(home)
    assert note.places == (str(other),)


@pytest.mark.parametrize("data", [b"", b"something else", b"x" * 10_000])
def test_what_took_the_place_of_a_kit_is_not_taken_for_it(home, tmp_path, data: bytes) -> None:
    place = write(tmp_path / "kit.json")
    note_place(home, KIT, place)
    place.write_bytes(data)
    assert [note.lying() for note in kit_notes(home)] == [[]]
    write(place, SHEET)
    assert [note.lying() for note in kit_notes(home)] == [[]]


def test_kits_anywhere_in_the_home_are_found_under_any_name(home) -> None:
    deep = home.root / "a" / "b"
    deep.mkdir(parents=True)
    write(deep / "holiday.txt")
    note_checked(home, KIT, CHECKED)
    assert [(path.name, label.purpose) for path, label in strays(home)] == [("holiday.txt", "authority")]


def test_a_home_full_of_files_is_not_searched_for_ever(home) -> None:
    for number in range(HOME_FILES_LOOKED_AT_MAX):
        (home.root / f"{number:06}").touch()
    write(home.root / "zzz.json")
    assert list(strays(home)) == []


def test_notes_say_nothing_that_opens_a_kit_and_only_the_owner_reads_them(home, tmp_path) -> None:
    note_place(home, KIT, write(tmp_path / "kit.json"))
    [path] = (home.root / "kits").iterdir()
    assert path.stat().st_mode & 0o077 == 0
    assert KIT.seed.hex() not in path.read_text()
    assert json.loads(path.read_text())["format"] == NOTE_FORMAT
    assert KIT.mark != SHEET.mark
    assert KIT.mark not in (KIT.seed.hex(), KIT.public(0).hex())


def test_a_file_on_the_disk_of_the_home_is_lost_with_it(home, tmp_path) -> None:
    assert is_on_this_disk(home, write(tmp_path / "kit.json"))
    with pytest.raises(StorageError):
        is_on_this_disk(home, tmp_path / "nothing")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "storage.damaged"),
        ("[]", "storage.damaged"),
        ('{"format": "frost-kit-note/1"}', "storage.damaged"),
        ('{"format": "something"}', "storage.damaged"),
        ('{"format": "frost-kit-note/2", "purpose": "new"}', "storage.version"),
    ],
)
def test_a_note_that_cannot_be_read_is_said_to_be_so(home, text: str, code: str) -> None:
    note_checked(home, KIT, CHECKED)
    [path] = (home.root / "kits").iterdir()
    path.write_text(text)
    with pytest.raises(StorageError) as refused:
        kit_notes(home)
    assert refused.value.code == code


def test_a_damaged_note_is_begun_anew_and_one_of_a_newer_version_is_left_alone(home) -> None:
    note_checked(home, KIT, CHECKED)
    [path] = (home.root / "kits").iterdir()
    path.write_text("garbage")
    note_checked(home, KIT, CHECKED)
    assert [note.checked for note in kit_notes(home)] == [CHECKED]
    path.write_text('{"format": "frost-kit-note/2"}')
    with pytest.raises(StorageError):
        note_checked(home, KIT, CHECKED)
    assert path.read_text() == '{"format": "frost-kit-note/2"}'
