"""Who vouches for a tree: witnesses by name and key, and what their lines in a note are worth.

Rules (spec/04-log.md#cosignatures, #witnesses):
- a witness is its key: the name helps to find its lines, a policy counts keys;
- lines of witnesses that nobody here knows say nothing, and are no reason to do anything;
- a note is only ever replaced, over the same tree, by one with more of what counts: so two nodes that
  send each other what they have come to rest.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from frostnode.protocol.checkpoint import cosigned_at
from frostnode.protocol.errors import LogError, SignatureError
from frostnode.protocol.keys import PublicKey
from frostnode.protocol.limits import NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX
from frostnode.protocol.note import (
    COSIGNATURE_V1,
    Note,
    NoteSignature,
    format_note,
    key_id,
    parse_note,
    parse_vkey,
    vkey,
)

_URL: Final = re.compile(r"https?://[A-Za-z0-9\[][!-\"$->A-~]*")
"""ASCII that can be seen, without `?`, `#` and `@`."""


@dataclass(frozen=True, slots=True)
class Cosigner:
    """A witness: its key name, its key, and where it answers ("" where nobody said)."""

    name: str
    key: PublicKey
    url: str = ""

    @property
    def vkey(self) -> str:
        """The verifier key."""
        return vkey(self.name, self.key, COSIGNATURE_V1)

    @property
    def line_key(self) -> tuple[str, bytes]:
        """By what its lines are found: name and key ID."""
        return self.name, key_id(self.name, self.key, COSIGNATURE_V1)


def parse_cosigner(text: str, url: str = "") -> Cosigner:
    """Read the verifier key of a witness.

    Raises:
        SignatureError: key.malformed, key.refused
    """
    name, type_, key = parse_vkey(text)
    if type_ != COSIGNATURE_V1:
        raise SignatureError(
            "key.malformed", f"type of the key of witness {name}", found=type_, expected=COSIGNATURE_V1
        )
    return Cosigner(name, key, url)


def is_witness_url(text: str) -> bool:
    """Whether a witness may answer there: an address without parts that a path cannot follow."""
    return _URL.fullmatch(text) is not None


def cosigned_times(note: Note, cosigners: Iterable[Cosigner]) -> dict[Cosigner, int]:
    """Which of these have cosigned, and when. A line that fails is worth nothing; `verify_note` is stricter."""
    times: dict[Cosigner, int] = {}
    for cosigner in cosigners:
        try:
            time_s = cosigned_at(note, cosigner.name, cosigner.key)
        except LogError:
            continue
        if time_s is not None:
            times[cosigner] = time_s
    return times


def keep_known(note: bytes, origin: str, known: Collection[Cosigner] | None) -> bytes:
    """The note with the lines of its log and, of these witnesses, those that verify; all lines for None.

    Raises:
        LogError: note.malformed
    """
    if known is None:
        return note
    parsed = parse_note(note)
    counted = cosigned_times(parsed, known)
    return format_note(Note(parsed.text, (*_of_log(parsed, origin), *_lines(parsed, counted))))


def merge_notes(held: bytes, new: bytes, origin: str, known: Collection[Cosigner] | None) -> bytes | None:
    """`held` with what `new`, a note of the same text, has in addition; None when that is nothing.

    `known` are the witnesses whose lines may be in the note: those that its publisher names. Only what
    verifies of them is taken, and it takes the place of anything else. None: nobody here knows whom the
    publisher names; then lines of further keys are carried unread, while there is room.

    Raises:
        LogError: note.malformed
    """
    mine, other = parse_note(held), parse_note(new)
    if known is None:
        return _merge_unread(mine, other)
    before = cosigned_times(mine, known)
    added = cosigned_times(other, [witness for witness in known if witness not in before])
    if not added:
        return None
    lines = (*_of_log(mine, origin), *_lines(mine, before), *_lines(other, added))
    return _fitting(mine.text, lines)


def _merge_unread(mine: Note, other: Note) -> bytes | None:
    here = {(line.name, line.key_id) for line in mine.signatures}
    further = {(line.name, line.key_id): line for line in other.signatures}
    added = [line for key, line in further.items() if key not in here]
    return _fitting(mine.text, (*mine.signatures, *added)) if added else None


def _fitting(text: str, lines: tuple[NoteSignature, ...]) -> bytes | None:
    """A note of these lines, None when they are too many or too long."""
    size = len(text.encode()) + 1 + sum(len(str(line).encode()) for line in lines)
    if len(lines) > NOTE_SIGNATURES_MAX or size > NOTE_BYTES_MAX:
        return None
    return format_note(Note(text, lines))


def _of_log(note: Note, origin: str) -> tuple[NoteSignature, ...]:
    return tuple(line for line in note.signatures if line.name == origin)


def _lines(note: Note, cosigners: Iterable[Cosigner]) -> tuple[NoteSignature, ...]:
    """One line of each, the latest."""
    found = (note.signed_by(*cosigner.line_key) for cosigner in cosigners)
    return tuple(max(lines, key=lambda line: line.payload[:8]) for lines in found if lines)
