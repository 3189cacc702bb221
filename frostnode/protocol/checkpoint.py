"""Checkpoints: what a log's key says about its tree, and what witnesses say about that.

Source of the rules: C2SP tlog-checkpoint and tlog-cosignature, spec/04-log.md#checkpoints. Rules kept here:
- the text has three lines and one spelling; a line more is refused, for nobody could audit it;
- the name of the log's key is the origin; lines of keys that are not known are carried and ignored;
- one line of a known key that does not verify condemns the note, and none at all does so too.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from frostnode.protocol.errors import LogError, SignatureError
from frostnode.protocol.keys import PublicKey, SigningKey, verify
from frostnode.protocol.limits import ORIGIN_BYTES_MAX, TREE_SIZE_MAX
from frostnode.protocol.merkle import EMPTY_ROOT, HASH_BYTES
from frostnode.protocol.names import Origin
from frostnode.protocol.note import (
    COSIGNATURE_V1,
    ED25519,
    Note,
    NoteSignature,
    decode_base64,
    encode_base64,
    format_note,
    is_key_name,
    key_id,
    parse_note,
)

COSIGNATURE_TIME_S_MAX: Final = 2**63 - 1
_TIME_BYTES: Final = 8
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,15}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The tree of a log: its first `size` leaves have this root (32 bytes)."""

    origin: Origin
    size: int
    root: bytes

    def text(self) -> str:
        """What is signed: origin, size and base64 of the root, a line each."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"


def parse_checkpoint_text(text: str) -> Checkpoint:
    """Read the text of a checkpoint in its one spelling. Whether the origin is the right one is not asked.

    Raises:
        LogError: checkpoint.malformed
    """
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:
        found = f"{len(lines) - 1} line ends"
        raise LogError(
            "checkpoint.malformed", "checkpoint", found=found, expected="origin, size and root, a line each"
        )
    origin, size, encoded, _ = lines
    if not is_key_name(origin) or len(origin.encode()) > ORIGIN_BYTES_MAX:
        expected = f"a key name of at most {ORIGIN_BYTES_MAX} bytes"
        raise LogError("checkpoint.malformed", "origin", found=origin, expected=expected)
    if _SIZE.fullmatch(size) is None or int(size) > TREE_SIZE_MAX:
        raise LogError("checkpoint.malformed", "tree size", found=size, expected=f"decimal ≤ {TREE_SIZE_MAX}")
    root = decode_base64(encoded)
    if root is None or len(root) != HASH_BYTES:
        raise LogError("checkpoint.malformed", "root", found=encoded, expected="base64 of 32 bytes")
    if size == "0" and root != EMPTY_ROOT:
        raise LogError("checkpoint.malformed", "root of the empty tree", found=root, expected=EMPTY_ROOT)
    return Checkpoint(Origin(origin), int(size), root)


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey) -> bytes:
    """Sign a checkpoint with the key of its log: the whole note.

    Raises:
        LogError: checkpoint.malformed, when nobody could read it
    """
    text = checkpoint.text()
    parse_checkpoint_text(text)
    name = checkpoint.origin
    line = NoteSignature(name, key_id(name, key.public, ED25519), key.sign(text.encode()))
    return format_note(Note(text, (line,)))


def open_checkpoint(note: bytes, origin: Origin, public: PublicKey) -> Checkpoint:
    """Read the checkpoint of a log whose key is known, and check the log's signature.

    Raises:
        LogError: note.malformed, checkpoint.malformed, checkpoint.origin, note.signature
    """
    parsed = parse_note(note)
    checkpoint = parse_checkpoint_text(parsed.text)
    if checkpoint.origin != origin:
        raise LogError(
            "checkpoint.origin", "origin of the checkpoint", found=checkpoint.origin, expected=origin
        )
    lines = parsed.signed_by(origin, key_id(origin, public, ED25519))
    if not lines:
        signers = ", ".join(f"{line.name} {line.key_id.hex()}" for line in parsed.signatures)
        raise LogError(
            "note.signature", f"checkpoint of {origin} at {checkpoint.size}: signer", found=signers
        )
    for line in lines:
        _verify(line, public, parsed.text.encode(), line.payload)
    return checkpoint


def cosign(note: bytes, name: str, key: SigningKey, time_s: int) -> bytes:
    """Add a witness's statement that it saw this tree as the largest one at this time (POSIX seconds).

    An earlier line of the same key gives way. What the witness must have checked before is in
    spec/04-log.md#witnesses; here nothing is checked.

    Raises:
        LogError: note.malformed
    """
    parsed = parse_note(note)
    if not 0 <= time_s <= COSIGNATURE_TIME_S_MAX:
        raise LogError(
            "note.malformed", "time of a cosignature", found=time_s, expected=f"0 to {COSIGNATURE_TIME_S_MAX}"
        )
    payload = time_s.to_bytes(_TIME_BYTES, "big") + key.sign(_cosigned(time_s, parsed.text))
    line = NoteSignature(name, key_id(name, key.public, COSIGNATURE_V1), payload)
    return format_note(parsed.with_signatures((line,)))


def verify_cosignatures(note: bytes, witnesses: Mapping[str, PublicKey]) -> dict[str, int]:
    """Tell which of these witnesses (name → key) have cosigned, and when (POSIX seconds, the latest).

    A key under two names counts twice here, for a cosignature does not say its name: a policy counts keys.

    Raises:
        LogError: note.malformed, note.signature
    """
    parsed = parse_note(note)
    times = {name: cosigned_at(parsed, name, public) for name, public in witnesses.items()}
    return {name: time_s for name, time_s in times.items() if time_s is not None}


def cosigned_at(note: Note, name: str, public: PublicKey) -> int | None:
    """When a witness has cosigned the text (POSIX seconds, the latest); None when it has not.

    Raises:
        LogError: note.signature, when a line says so and does not verify
    """
    latest: int | None = None
    for line in note.signed_by(name, key_id(name, public, COSIGNATURE_V1)):
        time_s = int.from_bytes(line.payload[:_TIME_BYTES], "big")
        if time_s > COSIGNATURE_TIME_S_MAX:
            expected = f"≤ {COSIGNATURE_TIME_S_MAX}"
            raise LogError("note.signature", f"time of {name}", found=time_s, expected=expected)
        _verify(line, public, _cosigned(time_s, note.text), line.payload[_TIME_BYTES:])
        latest = max(time_s, latest or 0)
    return latest


def _cosigned(time_s: int, text: str) -> bytes:
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()


def _verify(line: NoteSignature, public: PublicKey, message: bytes, signature: bytes) -> None:
    try:
        verify(public, message, signature)
    except SignatureError as error:
        raise LogError("note.signature", f"signature of {line.name} {line.key_id.hex()}: {error}") from error
