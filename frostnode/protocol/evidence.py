"""What proves that the key of an epoch has signed two trees of one log: made, checked, written, read.

Rules (spec/04-log.md#evidence):
- two checkpoints of one log, each signed by its key, contradict each other if they are of one size and
  have different roots, or if the smaller tree is not what the larger one begins with: a range proof of no
  leaves at the smaller size leads to the larger root and, by its left part, to another root than the
  smaller one that was signed;
- anything less is noise of whoever sent it and says nothing of the publisher;
- evidence has one form: the smaller tree first, of two of one size the one with the smaller root.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from frostnode.protocol.checkpoint import Checkpoint, open_checkpoint
from frostnode.protocol.dagcbor import Cid, Value, decode, encode
from frostnode.protocol.errors import EncodingError, LogError
from frostnode.protocol.history import History
from frostnode.protocol.keys import PublicKey
from frostnode.protocol.limits import (
    EVIDENCE_FILE_BYTES_MAX,
    IDENTITY_PATH_EVENTS_MAX,
    NOTE_BYTES_MAX,
    PROOF_HASHES_MAX,
)
from frostnode.protocol.merkle import Hash
from frostnode.protocol.names import Did, Origin, parse_origin
from frostnode.protocol.note import vkey
from frostnode.protocol.proofs import read_path
from frostnode.protocol.range_proof import check_range

EVIDENCE_FORMAT: Final = "frost-evidence/1"
_DEPTH_MAX: Final = 2
_FIELDS: Final = frozenset({"format", "history", "origin", "smaller", "larger", "proof"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Two signed notes of one log; `proof` is the range proof of [m, m) in the larger tree, m the smaller size."""

    origin: Origin
    smaller: bytes
    larger: bytes
    proof: tuple[Hash, ...] = ()


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What evidence shows: the two trees that were signed, and what the larger one begins with instead."""

    smaller: Checkpoint
    larger: Checkpoint
    shown: Hash
    """The root of the first `smaller.size` leaves of the larger tree."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint that was opened, and what can be shown of its tree.

    `show` answers the range proof of [m, m) in it; None where that is not known.
    """

    note: bytes
    size: int
    root: Hash
    show: Callable[[int], Sequence[Hash] | None]


# -- the value ----------------------------------------------------------------------------------------


def check_evidence(evidence: Evidence, key: PublicKey) -> Contradiction:
    """Check that evidence is what it says under the key of its epoch.

    Raises:
        LogError: evidence.malformed, when it is not in its one form; evidence.none, when there is no
            contradiction; note.*, checkpoint.*
        TreeError: tree.size, tree.proof
    """
    smaller = open_checkpoint(evidence.smaller, evidence.origin, key)
    larger = open_checkpoint(evidence.larger, evidence.origin, key)
    if (smaller.size, smaller.root) > (larger.size, larger.root):
        found = f"{smaller.size} before {larger.size}"
        raise LogError("evidence.malformed", "checkpoints", found=found, expected="the smaller tree first")
    if smaller.size == larger.size:
        if evidence.proof:
            raise LogError(
                "evidence.malformed",
                "hashes of a proof between equal sizes",
                found=len(evidence.proof),
                expected=0,
            )
        shown = larger.root
    else:
        shown = _shown(evidence, smaller, larger)
    if shown == smaller.root:
        what = f"root of the first {smaller.size} leaves of {evidence.origin}"
        raise LogError("evidence.none", what, found=shown, expected="another one than was signed")
    return Contradiction(smaller, larger, shown)


def _shown(evidence: Evidence, smaller: Checkpoint, larger: Checkpoint) -> Hash:
    left, root = check_range((), smaller.size, larger.size, evidence.proof)
    if root != larger.root:
        what = f"root of {larger.size} by what lies around {smaller.size}"
        raise LogError("evidence.none", what, found=root, expected=larger.root)
    return left.root()


def contradiction(origin: Origin, one: Signed, other: Signed) -> Evidence | None:
    """The evidence in two checkpoints, if they contradict each other and one of them can show it."""
    smaller, larger = sorted((one, other), key=lambda signed: (signed.size, signed.root))
    proof: Sequence[Hash] = ()
    if smaller.size < larger.size:
        shown = larger.show(smaller.size)
        if shown is None:
            return None
        proof = shown
        left, root = check_range((), smaller.size, larger.size, proof)
        if left.root() == smaller.root or root != larger.root:
            return None
    elif smaller.root == larger.root:
        return None
    return Evidence(origin=origin, smaller=smaller.note, larger=larger.note, proof=tuple(proof))


# -- the file -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceFile:
    """Evidence that speaks for itself: `history` is the events from genesis to the one that opened the epoch."""

    evidence: Evidence
    history: tuple[bytes, ...]


def encode_evidence(evidence: Evidence, history: History) -> bytes:
    """Write the file, with as much of the history as leads to the key of the epoch.

    Raises:
        LogError: evidence.malformed, epoch.unknown, when nobody could read it again
    """
    try:
        data = encode(
            {
                "format": EVIDENCE_FORMAT,
                "history": list(_events_to(history, evidence.origin)),
                "origin": evidence.origin,
                "smaller": evidence.smaller.decode(),
                "larger": evidence.larger.decode(),
                "proof": list(evidence.proof),
            }
        )
    except (UnicodeDecodeError, EncodingError) as error:
        raise LogError("evidence.malformed", f"evidence cannot be written: {error}") from error
    parse_evidence(data)
    return data


def _events_to(history: History, origin: Origin) -> list[bytes]:
    """The event that opened the epoch with its ancestors, whether or not it counts."""
    at: Cid | None = parse_origin(origin).event
    events: list[bytes] = []
    while at is not None:
        signed = history.event(at)
        if signed is None:
            raise LogError("epoch.unknown", f"event {at}, from which {origin} comes, is not here")
        events.append(signed.raw)
        at = signed.event.prev
    return events[::-1]


def is_evidence(data: bytes) -> bool:
    """Whether a file says of itself that it is evidence, well made or not."""
    try:
        fields = decode(data, bytes_max=EVIDENCE_FILE_BYTES_MAX, depth_max=_DEPTH_MAX, floats=False)
    except EncodingError:
        return False
    format_ = fields.get("format") if isinstance(fields, dict) else None
    return isinstance(format_, str) and format_.startswith("frost-evidence/")


def parse_evidence(data: bytes) -> EvidenceFile:
    """Read the parts of a file. What they prove is for `verify_evidence` to say.

    Raises:
        LogError: evidence.malformed
    """
    try:
        fields = decode(data, bytes_max=EVIDENCE_FILE_BYTES_MAX, depth_max=_DEPTH_MAX, floats=False)
    except EncodingError as error:
        raise LogError("evidence.malformed", f"evidence file: {error}") from error
    if not isinstance(fields, dict) or fields.get("format") != EVIDENCE_FORMAT:
        found = fields.get("format") if isinstance(fields, dict) else type(fields).__name__
        raise _malformed("format", found, EVIDENCE_FORMAT)
    if fields.keys() != _FIELDS:
        raise _malformed("fields", sorted(fields), sorted(_FIELDS))
    return EvidenceFile(
        evidence=Evidence(
            origin=Origin(_text(fields, "origin")),
            smaller=_text(fields, "smaller").encode(),
            larger=_text(fields, "larger").encode(),
            proof=_byte_strings(fields, "proof", PROOF_HASHES_MAX),
        ),
        history=_byte_strings(fields, "history", IDENTITY_PATH_EVENTS_MAX),
    )


def _text(fields: Mapping[str, Value], name: str) -> str:
    value = fields[name]
    if type(value) is not str or len(value) > NOTE_BYTES_MAX:
        raise _malformed(name, type(value).__name__, f"text of at most {NOTE_BYTES_MAX} bytes")
    return value


def _byte_strings(fields: Mapping[str, Value], name: str, count_max: int) -> tuple[bytes, ...]:
    value = fields[name]
    items = [item for item in value if type(item) is bytes] if isinstance(value, list) else []
    if not isinstance(value, list) or len(items) != len(value) or len(items) > count_max:
        raise _malformed(name, type(value).__name__, f"a list of at most {count_max} byte strings")
    return tuple(items)


def _malformed(what: str, found: object, expected: object) -> LogError:
    return LogError("evidence.malformed", f"{what} of an evidence file", found=found, expected=expected)


# -- what a file proves -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedEvidence:
    """What a file proves to anyone, for ever. `statement` says it in words."""

    did: Did
    origin: Origin
    epoch: int
    key: PublicKey
    found: Contradiction
    statement: str


def verify_evidence(data: bytes) -> VerifiedEvidence:
    """Verify a file from its bytes alone.

    Raises:
        PeerError: evidence.*, or the code of whichever part does not hold
    """
    file = parse_evidence(data)
    origin = file.evidence.origin
    parts = parse_origin(origin)
    history = read_path(parts.did, file.history)
    standing = history.epoch(origin)
    if standing is None or standing.key is None:
        raise LogError("epoch.unknown", f"no event of the history opened a log {origin} with a key")
    if standing.end is not None:
        raise LogError(
            "proof.mismatch", f"history of {origin}: last event", found=history.tip, expected=parts.event
        )
    found = check_evidence(file.evidence, standing.key)
    return VerifiedEvidence(
        did=parts.did,
        origin=origin,
        epoch=parts.epoch,
        key=standing.key,
        found=found,
        statement=_state(parts.did, parts.epoch, vkey(origin, standing.key), found),
    )


def _state(did: Did, epoch: int, key: str, found: Contradiction) -> str:
    smaller, larger = found.smaller, found.larger
    if smaller.size == larger.size:
        trees = (
            f"two trees of {smaller.size} entries: root {smaller.root.hex()} and root {larger.root.hex()}."
        )
    else:
        trees = (
            f"a tree of {smaller.size} entries with root {smaller.root.hex()},\n"
            f"and one of {larger.size} entries with root {larger.root.hex()},\n"
            f"whose first {smaller.size} entries have root {found.shown.hex()}."
        )
    return "\n".join(
        (
            f"{did}",
            f"had epoch {epoch} of its log signed two ways, by the key {key}:",
            trees,
            "Whoever holds that key has shown different logs to different people. This stays true for ever.",
            "It does not say who holds the key, nor which tree is the right one: the publisher's next identity",
            "event decides that, and may have done so already.",
        )
    )
