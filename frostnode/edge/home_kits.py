"""What a home knows of kits: where copies lie on this machine, and when each was last held against the history.

Never a kit, and nothing that opens one. One small file for each kit, replaced as a whole, so that the
running node and commands need not wait for each other. Losing these notes costs a reminder, nothing else.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from frostnode.edge.disk import disk
from frostnode.edge.home import Home, replace_secret
from frostnode.identity.kits import Kit, KitLabel, Purpose, read_kit_label
from frostnode.protocol.errors import LocalError, StorageError
from frostnode.protocol.limits import HOME_FILES_LOOKED_AT_MAX, KIT_FILE_BYTES_MAX

NOTE_FORMAT: Final = "frost-kit-note/1"
_FORMAT_PREFIX: Final = "frost-kit-note/"
_FOLDER: Final = "kits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A check that found the kit to fit: when (UTC, `YYYY-MM-DDThh:mm:ssZ`), and the event that had committed to it."""

    time: str
    event: str
    event_n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KitNote:
    """One kit. `mark` tells it apart, `places` are paths of this machine at which copies were met."""

    purpose: Purpose
    did: str
    mark: str
    places: tuple[str, ...] = ()
    checked: Checked | None = None

    def lying(self) -> list[Path]:
        """Where the kit still lies on this machine."""
        return [path for path in map(Path, self.places) if _is_kit(path, self)]


def note_place(home: Home, kit: Kit, path: Path) -> KitNote:
    """Note that a copy of the kit lies at a path of this machine.

    Raises:
        StorageError
    """
    note = _note(home, kit)
    places = dict.fromkeys([*map(str, note.lying()), str(path.absolute())])
    note = replace(note, places=tuple(places))
    _write(home, note)
    return note


def note_checked(home: Home, kit: Kit, checked: Checked) -> KitNote:
    """Note that the kit fits.

    Raises:
        StorageError
    """
    note = replace(_note(home, kit), checked=checked)
    _write(home, note)
    return note


def is_on_this_disk(home: Home, path: Path) -> bool:
    """Whether a file is lost and stolen together with the home: they are in one file system."""
    with disk(path):
        return path.stat().st_dev == home.root.stat().st_dev


def kit_notes(home: Home) -> list[KitNote]:
    """All notes of a home.

    Raises:
        StorageError: storage.failed, storage.damaged, storage.version
    """
    with disk(home.root):
        return [_read(path) for path in sorted((home.root / _FOLDER).glob("*.json"))]


def strays(home: Home) -> Iterator[tuple[Path, KitLabel]]:
    """Kit files that lie in the home, noted or not, as far as one looks."""
    looked_at = 0
    for folder, _, names in os.walk(home.root):
        for name in sorted(names):
            looked_at += 1
            if looked_at > HOME_FILES_LOOKED_AT_MAX:
                return
            path = Path(folder, name)
            if (label := _label_of(path)) is not None:
                yield path, label


def _is_kit(path: Path, note: KitNote) -> bool:
    label = _label_of(path)
    return label is not None and (label.did, label.purpose) == (note.did, note.purpose)


def _label_of(path: Path) -> KitLabel | None:
    try:
        if not path.is_file() or path.stat().st_size > KIT_FILE_BYTES_MAX:
            return None
        return read_kit_label(path.read_bytes())
    except (OSError, LocalError):
        return None


def _note(home: Home, kit: Kit) -> KitNote:
    """What is noted of a kit, or a first note. A note that cannot be read is begun anew: it is a reminder."""
    try:
        return _read(_path(home, kit.mark))
    except (FileNotFoundError, StorageError) as error:
        if isinstance(error, StorageError) and error.code != "storage.damaged":
            raise
        return KitNote(purpose=kit.label.purpose, did=kit.label.did, mark=kit.mark)


def _path(home: Home, mark: str) -> Path:
    return home.root / _FOLDER / f"{mark}.json"


def _write(home: Home, note: KitNote) -> None:
    fields = {"format": NOTE_FORMAT, **asdict(note)}
    replace_secret(_path(home, note.mark), json.dumps(fields, indent=2) + "\n")


def _read(path: Path) -> KitNote:
    try:
        fields: dict[str, Any] = json.loads(path.read_bytes())
        format_ = fields.pop("format")
        if format_ != NOTE_FORMAT and str(format_).startswith(_FORMAT_PREFIX):
            raise StorageError("storage.version", str(path), found=format_, expected=NOTE_FORMAT)
        checked = fields["checked"]
        note = KitNote(
            purpose=Purpose(fields["purpose"]),
            did=fields["did"],
            mark=fields["mark"],
            places=tuple(map(str, fields["places"])),
            checked=Checked(**checked) if checked else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StorageError(
            "storage.damaged", f"{path}: {error}", hint="delete it: it only says when a kit was checked"
        ) from error
    return note
