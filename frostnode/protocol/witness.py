"""The requests that a witness answers: bytes ↔ values, and the rule by which it cosigns.

Source of the rules: C2SP tlog-witness, spec/04-log.md#asking-a-witness. What a witness holds, whether the
log is one that it cosigns, and how it remembers, are for others.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from frostnode.protocol.checkpoint import Checkpoint, parse_checkpoint_text
from frostnode.protocol.errors import LogError, SignatureError
from frostnode.protocol.keys import PublicKey, verify
from frostnode.protocol.limits import ADD_CHECKPOINT_BYTES_MAX, CONSISTENCY_LINES_MAX, TREE_SIZE_MAX
from frostnode.protocol.merkle import EMPTY_ROOT, HASH_BYTES, Hash, verify_consistency
from frostnode.protocol.names import Origin
from frostnode.protocol.note import ED25519, decode_base64, encode_base64, key_id, parse_note

SIZE_MEDIA_TYPE: Final = "text/x.tlog.size"
_OLD: Final = re.compile(rb"old (0|[1-9][0-9]{0,15})")
_SIZE_LINE: Final = re.compile(rb"(0|[1-9][0-9]{0,15})\n")


def origin_digest(origin: str) -> bytes:
    """The name under which a witness serves its checkpoint of a log."""
    return sha256(origin.encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCheckpoint:
    """A request to cosign: the size that the asker believes was cosigned last, the proof from there, the note."""

    old: int
    proof: Sequence[Hash]
    note: bytes

    def to_bytes(self) -> bytes:
        """The body of the request."""
        lines = [f"old {self.old}", *map(encode_base64, self.proof), "", ""]
        return "\n".join(lines).encode() + self.note


def parse_add_checkpoint(data: bytes) -> tuple[AddCheckpoint, Checkpoint]:
    """Read a request, and the checkpoint in it, of which nothing is checked but its form.

    Raises:
        LogError: witness.malformed
    """
    if len(data) > ADD_CHECKPOINT_BYTES_MAX:
        raise _malformed("bytes", len(data), f"≤ {ADD_CHECKPOINT_BYTES_MAX}")
    head, blank, note = data.partition(b"\n\n")
    first, *lines = head.split(b"\n")
    old = _OLD.fullmatch(first)
    if old is None or int(old[1]) > TREE_SIZE_MAX or not blank:
        raise _malformed("first line", first, "old SIZE, then the proof and a blank line")
    if len(lines) > CONSISTENCY_LINES_MAX:
        raise _malformed("lines of the proof", len(lines), f"≤ {CONSISTENCY_LINES_MAX}")
    request = AddCheckpoint(old=int(old[1]), proof=tuple(map(_hash, lines)), note=note)
    try:
        return request, _read_text(parse_note(note).text)
    except LogError as error:
        raise LogError("witness.malformed", f"checkpoint to cosign: {error}") from error


def _hash(line: bytes) -> Hash:
    found = decode_base64(line.decode("latin-1"))
    if found is None or len(found) != HASH_BYTES:
        raise _malformed("line of the proof", line, "base64 of 32 bytes")
    return found


def _read_text(text: str) -> Checkpoint:
    """The empty tree with another root is in good form: it is judged in its turn, and answered otherwise."""
    origin, _, tree = text.partition("\n")
    root = decode_base64(tree[2:-1]) if tree.startswith("0\n") else None
    if root is None or len(root) != HASH_BYTES:
        return parse_checkpoint_text(text)
    empty = parse_checkpoint_text(Checkpoint(Origin(origin), 0, EMPTY_ROOT).text())
    return replace(empty, root=root)


def judge(
    request: AddCheckpoint, checkpoint: Checkpoint, key: PublicKey, last_size: int, last_root: Hash
) -> None:
    """Check a request for a known log, in the order of the protocol: `last` is the tree that was cosigned last.

    Raises:
        LogError: witness.signature, witness.malformed, witness.conflict, tree.root; TreeError: tree.proof, tree.size
    """
    _check_signature(request.note, checkpoint.origin, key)
    if request.old > checkpoint.size:
        raise _malformed("old size", request.old, f"≤ {checkpoint.size}, the size of the checkpoint")
    if request.old != last_size:
        raise LogError(
            "witness.conflict", f"old size of {checkpoint.origin}", found=request.old, expected=last_size
        )
    expected = EMPTY_ROOT if checkpoint.size == 0 else last_root if checkpoint.size == last_size else None
    if expected not in (None, checkpoint.root):
        raise LogError(
            "tree.root", f"root at size {checkpoint.size}", found=checkpoint.root, expected=expected
        )
    verify_consistency(last_size, last_root, checkpoint.size, checkpoint.root, request.proof)


def _check_signature(note: bytes, origin: Origin, key: PublicKey) -> None:
    parsed = parse_note(note)
    lines = parsed.signed_by(origin, key_id(origin, key, ED25519))
    try:
        for line in lines:
            verify(key, parsed.text.encode(), line.payload)
    except SignatureError as error:
        raise LogError("witness.signature", f"checkpoint of {origin} to cosign: {error}") from error
    if not lines:
        raise LogError("witness.signature", f"checkpoint of {origin} to cosign", found="no line of its log")


def cosigning_time(now_s: int, last_s: int | None) -> int:
    """The time of a cosignature of a larger tree: now, but after the one before, whatever the clock says.

    A smaller tree at a later time would deny what was said before.
    """
    return max(0, now_s) if last_s is None else max(now_s, last_s + 1)


def parse_size_answer(data: bytes) -> int:
    """Read the size that a witness answers when it has cosigned another tree.

    Raises:
        LogError: witness.malformed
    """
    found = _SIZE_LINE.fullmatch(data)
    if found is None or int(found[1]) > TREE_SIZE_MAX:
        raise _malformed("size that was cosigned", data, "a decimal number and a newline")
    return int(found[1])


def _malformed(what: str, found: object, expected: object) -> LogError:
    return LogError("witness.malformed", f"{what} of a request to cosign", found=found, expected=expected)
