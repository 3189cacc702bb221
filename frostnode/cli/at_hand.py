"""The kits that are at hand in a command, from files or from their words, and what each of them has signed.

Kits are opened here and nowhere else: a node is handed a signed event, never a key. Beside each kit lies what it
has signed, so that it signs no other event for the same place unnoticed.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from glob import escape
from pathlib import Path

import click

from frostnode.cli.shared import passphrase as ask_passphrase
from frostnode.cli.shared import read_file
from frostnode.identity.drafts import DRAFT_FORMAT, Draft, draft_text, has_signed, read_draft
from frostnode.identity.event_file import EventFile, read_event_file
from frostnode.identity.kits import Kit, KitLabel, Purpose, open_kit, read_kit_label, utc
from frostnode.identity.words import kit_from_words
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import LocalError, StorageError
from frostnode.protocol.identity import Epoch, SignedEvent
from frostnode.protocol.limits import DRAFT_FILE_BYTES_MAX, KIT_FILE_BYTES_MAX, KIT_WORDS_CHARS_MAX
from frostnode.protocol.names import Did


@dataclass(frozen=True, slots=True)
class AtHand:
    """A kit, and its file; or the name that it would have, of a kit that came as words."""

    kit: Kit
    file: Path

    def event_path(self, draft: Draft) -> Path:
        """Where the event that the kit signs is kept: beside it, one for each place in the history."""
        place = (
            f"event-{draft.event.n}" if draft.purpose is Purpose.AUTHORITY else f"recovery-{draft.awaited.n}"
        )
        return self.file.with_name(f"{self.file.stem}.{place}.json")


@dataclass(frozen=True, slots=True)
class Kept:
    """What a kit has signed: the whole event, or None while signatures of others are missing."""

    did: Did
    cid: Cid
    epoch: Epoch | None
    signed: SignedEvent | None


@dataclass(frozen=True, kw_only=True)
class Means:
    """What the owner gives to sign with: kit files, the words of one, and the passphrase of the files."""

    files: Sequence[Path]
    words: bool
    passphrase_file: Path | None

    @cached_property
    def passphrase(self) -> str:
        """The passphrase, from its file or asked for: twice where it opens nothing yet, but only closes new kits.

        Raises:
            LocalError: kit.passphrase, input.unreadable
        """
        return ask_passphrase(self.passphrase_file, confirm=not self.files)

    def publisher(self, purpose: Purpose) -> Did | None:
        """Whose kits the files say they are, openly; None without a file.

        Raises:
            LocalError: input.unreadable, kit.malformed; kit.mismatch, when they are of two, or for something else
        """
        labels = [read_kit_label(read_file(path, KIT_FILE_BYTES_MAX)) for path in self.files]
        for path, label in zip(self.files, labels, strict=True):
            if label.purpose is not purpose:
                raise LocalError(
                    "kit.mismatch",
                    f"{path} is of the wrong kind",
                    found=label.purpose.kit_name,
                    expected=purpose.kit_name,
                    hint="a recovery sheet recovers a publisher, an authority kit does all else",
                )
        dids = list(dict.fromkeys(label.did for label in labels))
        if len(dids) > 1:
            raise LocalError(
                "kit.mismatch",
                f"{len(self.files)} kits",
                found=f"of {len(dids)} publishers",
                expected="of one",
                hint="leave out those of " + ", ".join(dids[1:]),
            )
        return dids[0] if dids else None

    def open(self, did: Did, purpose: Purpose, folder: Path) -> list[AtHand]:
        """All of them. Words say neither whose nor what for they are; what their kit signs is kept in `folder`.

        Raises:
            LocalError: input.unreadable, kit.passphrase, kit.malformed, kit.mismatch, kit.words
        """
        self.publisher(purpose)  # what is no kit is said before anybody types a passphrase
        given = self.passphrase if self.files else ""
        found = [AtHand(open_kit(read_file(path, KIT_FILE_BYTES_MAX), given), path) for path in self.files]
        if self.words:
            kit = kit_from_words(_ask_words(), KitLabel(purpose=purpose, did=did, created=_now()))
            found.append(AtHand(kit, folder / f"kit-{kit.mark[:8]}.json"))
        return found


def _ask_words() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("The 24 words of the kit, in order"))
    return sys.stdin.read(KIT_WORDS_CHARS_MAX)


def _now() -> str:
    from frostnode.edge.clock import SystemClock

    return utc(SystemClock().now_ms())


# -- what a kit has signed ----------------------------------------------------------------------------


def kept_beside(held: AtHand, draft: Draft) -> Kept | None:
    """What the kit has signed for the place of the draft, if anything.

    Raises:
        LocalError: input.unreadable, usage
    """
    path = held.event_path(draft)
    if not path.exists():
        return None
    try:
        kept = _read_kept(read_file(path, DRAFT_FILE_BYTES_MAX))
    except LocalError as error:
        raise LocalError(
            "input.unreadable",
            f"{path} should hold what this kit has signed: {error.message}",
            hint="take a copy of it from elsewhere; delete it only if that was certainly never sent",
        ) from error
    if kept.did != draft.did:
        raise LocalError("usage", f"{path} is of another publisher", found=kept.did, expected=draft.did)
    return kept


def _read_kept(data: bytes) -> Kept:
    if f'"{DRAFT_FORMAT}"'.encode() in data:
        draft = read_draft(data)
        return Kept(draft.did, draft.cid, draft.epoch, None if draft.unsigned else draft.signed())
    file = read_event_file(data)
    return Kept(file.did, file.signed.cid, file.signed.event.epoch, file.signed)


def keep(kits: Sequence[AtHand], draft: Draft, *, is_taken: bool = True) -> None:
    """Write what each kit has signed beside it, durably, before it is handed on or sent; none may have signed another.

    `is_taken` is False where whoever keeps it sends it too, and says so when it was taken.

    Raises:
        LocalError: draft.conflict, before anything is written; what is wrong with a file that is kept; StorageError
    """
    from frostnode.edge.home import replace_secret, write_secret

    signing = [held for held in kits if has_signed(draft, held.kit)]
    text = (
        draft_text(draft)
        if draft.unsigned
        else EventFile(draft.did, draft.signed(), is_taken=is_taken).to_text()
    )
    known = [(held, kept_beside(held, draft)) for held in signing]
    for held, kept in known:
        if kept is not None and kept.cid != draft.cid:
            raise LocalError(
                "draft.conflict",
                f"this kit has signed another event {draft.event.n}, to {host_of(kept.epoch)}: two would be two histories",
                hint=f"go on with that one; delete {held.event_path(draft)} only if nobody can send it any more",
            )
    for held, kept in known:
        if kept is not None:
            replace_secret(held.event_path(draft), text)
            continue
        try:
            write_secret(held.event_path(draft), text)
        except LocalError as error:  # another command was quicker
            raise LocalError(
                "draft.conflict",
                f"another command has just signed event {draft.event.n} with this kit",
                hint="go on with that one",
            ) from error


def unfinished(kits: Sequence[AtHand]) -> EventFile | None:
    """The last event that these kits have signed to be sent, and of which no host has said yet that it took it."""
    waiting = [file for held in kits for _, file in _untold(held)]
    return max(waiting, key=lambda file: file.signed.event.n, default=None)


def note_taken(kits: Sequence[AtHand], cid: Cid) -> None:
    """Note beside the kits that what they have signed was taken. Where that fails it is only told once more later."""
    from frostnode.edge.home import replace_secret

    for held in kits:
        for path, file in _untold(held):
            if file.signed.cid == cid:
                with suppress(LocalError, StorageError):
                    replace_secret(path, replace(file, is_taken=True).to_text())


def _untold(held: AtHand) -> Iterator[tuple[Path, EventFile]]:
    for path in sorted(held.file.parent.glob(f"{escape(held.file.stem)}.event-*.json")):
        with suppress(LocalError):  # one that cannot be read is said where its place comes up
            file = read_event_file(read_file(path, DRAFT_FILE_BYTES_MAX))
            if not file.is_taken:
                yield path, file


def host_of(epoch: Epoch | None) -> str:
    """What people call the host of an epoch."""
    return "no host" if epoch is None else epoch.url or "a host without address"
