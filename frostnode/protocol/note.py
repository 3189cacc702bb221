"""Signed notes: a text and lines that sign it. Text ↔ value, without deciding who must have signed.

Source of the rules: C2SP signed-note, spec/04-log.md#signed-notes. What a note says, which keys are known
and what their signatures cover is for others; lines of unknown keys stay in the note as they came. Every
note has one spelling: what the parser takes, `format_note` gives back byte by byte.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from frostnode.protocol.errors import LogError, SignatureError
from frostnode.protocol.keys import KEY_BYTES, PublicKey, check_public_key
from frostnode.protocol.limits import NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX

ED25519: Final = 0x01
"""Signature type of a log: Ed25519 over the text of the note."""
COSIGNATURE_V1: Final = 0x04
"""Signature type of a witness: Ed25519 over the time and the text."""

KEY_ID_BYTES: Final = 4
_DASH: Final = "\u2014 "
_SPACES: Final = "\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""White space above the control characters, listed here so that no Unicode table decides."""
_KEY_NAME: Final = re.compile(f"[^\x00-\x1f+{_SPACES}\ud800-\udfff]+")
_CONTROL: Final = re.compile("[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: who says to have signed, and bytes that only the key's type gives a meaning."""

    name: str
    key_id: bytes
    payload: bytes

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {encode_base64(self.key_id + self.payload)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends in a newline, and its signatures in the order of their lines."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def signed_by(self, name: str, key_id: bytes) -> list[NoteSignature]:
        """The signatures that name this key; more than one is allowed, each has to verify."""
        return [line for line in self.signatures if line.name == name and line.key_id == key_id]

    def with_signatures(self, lines: Iterable[NoteSignature]) -> "Note":
        """The same text with further signatures; one of a key that has signed already takes its place."""
        merged = {(line.name, line.key_id): line for line in (*self.signatures, *lines)}
        return Note(self.text, tuple(merged.values()))


def key_id(name: str, public: PublicKey, type_: int = ED25519) -> bytes:
    """Compute the four bytes by which signature lines name a key: a hint, never an identity."""
    return sha256(name.encode() + b"\n" + bytes((type_,)) + public).digest()[:KEY_ID_BYTES]


def vkey(name: str, public: PublicKey, type_: int = ED25519) -> str:
    """Write a verifier key: name+key id in hex+base64(type || public key)."""
    return f"{name}+{key_id(name, public, type_).hex()}+{encode_base64(bytes((type_,)) + public)}"


def parse_vkey(text: str) -> tuple[str, int, PublicKey]:
    """Read a verifier key of a log or a witness: (name, type, public key).

    Raises:
        SignatureError: key.malformed, key.refused
    """
    name, _, rest = text.partition("+")
    key = decode_base64(rest.partition("+")[2]) or b""
    if is_key_name(name) and len(key) == 1 + KEY_BYTES and key[0] in (ED25519, COSIGNATURE_V1):
        type_, public = key[0], check_public_key(key[1:])
        if vkey(name, public, type_) == text:
            return name, type_, public
    raise SignatureError(
        "key.malformed", "verifier key", found=text, expected="name+key id+base64 of an Ed25519 key"
    )


def is_key_name(name: str) -> bool:
    """Whether a name may stand in a signature line: not empty, no white space, no control character, no `+`."""
    return _KEY_NAME.fullmatch(name) is not None


def format_note(note: Note) -> bytes:
    """Write a note as it is stored and sent.

    Raises:
        LogError: note.malformed, when it could not be read again
    """
    lines = "".join(map(str, note.signatures))
    try:
        data = f"{note.text}\n{lines}".encode()
    except UnicodeEncodeError as error:
        raise LogError("note.malformed", f"note is not text: {error.reason}") from error
    if parse_note(data) != note:
        raise LogError("note.malformed", "a note that would read otherwise than it was written")
    return data


def parse_note(data: bytes) -> Note:
    """Read a signed note: a text, a blank line and at least one signature line.

    Raises:
        LogError: note.malformed
    """
    body, blank, lines = _decode(data).rpartition("\n\n")
    if not blank:
        raise LogError("note.malformed", "note", found="no blank line", expected="one before the signatures")
    return Note(f"{body}\n", _parse_lines(lines))


def parse_signatures(data: bytes) -> tuple[NoteSignature, ...]:
    """Read signature lines without their note, as a witness answers them.

    Raises:
        LogError: note.malformed
    """
    return _parse_lines(_decode(data))


def _decode(data: bytes) -> str:
    if len(data) > NOTE_BYTES_MAX:
        raise LogError("note.malformed", "bytes of a note", found=len(data), expected=f"≤ {NOTE_BYTES_MAX}")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise LogError(
            "note.malformed", f"note is not UTF-8: {error.reason} at byte {error.start}"
        ) from error
    control = _CONTROL.search(text)
    if control is not None:
        raise LogError(
            "note.malformed", "note", found=f"control character {control[0]!r}", expected="newlines only"
        )
    return text


def _parse_lines(text: str) -> tuple[NoteSignature, ...]:
    *lines, rest = text.split("\n")
    if rest or not 1 <= len(lines) <= NOTE_SIGNATURES_MAX:
        found = "an unfinished line" if rest else f"{len(lines)} lines"
        raise LogError(
            "note.malformed", "signatures", found=found, expected=f"1 to {NOTE_SIGNATURES_MAX} lines"
        )
    return tuple(map(_parse_signature, lines))


def _parse_signature(line: str) -> NoteSignature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    payload = decode_base64(encoded)
    if line.startswith(_DASH) and is_key_name(name) and payload is not None and len(payload) > KEY_ID_BYTES:
        return NoteSignature(name, payload[:KEY_ID_BYTES], payload[KEY_ID_BYTES:])
    raise LogError("note.malformed", "signature line", found=line, expected=f"{_DASH}name base64")


def encode_base64(data: bytes) -> str:
    """Write standard base64 with padding (RFC 4648 section 4)."""
    return b64encode(data).decode("ascii")


def decode_base64(text: str) -> bytes | None:
    """Read standard base64 with padding in its one spelling; None for anything else."""
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        return None
    return data if encode_base64(data) == text else None
