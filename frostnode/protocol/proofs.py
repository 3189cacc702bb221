"""One record with its proof as one file: made by whoever holds the log, verified by anyone, offline.

Rules (spec/06-proofs.md):
- everything is checked from the bytes of the file; nothing in it is believed, nothing else is asked;
- the history in the file is judged alone, so the verdict holds as of its last event and no longer;
- rivals of its events may come with it: they change nothing that counts, and are told;
- a proof says that an entry is in a log, never that it is the last word on its record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from frostnode.protocol.checkpoint import cosigned_at, open_checkpoint
from frostnode.protocol.cosigners import Cosigner
from frostnode.protocol.dagcbor import Cid, Value, decode, encode
from frostnode.protocol.dates import date_text
from frostnode.protocol.duplicity import Branching, branchings, fits, state_branching
from frostnode.protocol.entry import Header, check_body, decode_body, header_cid, parse_header
from frostnode.protocol.errors import EncodingError, LogError, PeerError
from frostnode.protocol.history import EpochStanding, History
from frostnode.protocol.identity import parse_signed_event
from frostnode.protocol.keys import PublicKey
from frostnode.protocol.limits import (
    IDENTITY_PATH_EVENTS_MAX,
    PROOF_FILE_BYTES_MAX,
    PROOF_HASHES_MAX,
    PROOF_RIVALS_MAX,
    TREE_SIZE_MAX,
)
from frostnode.protocol.merkle import leaf_hash, verify_inclusion
from frostnode.protocol.names import Did, DidUrl, Origin, parse_origin
from frostnode.protocol.note import parse_note
from frostnode.protocol.tlog_policy import Policy, Verdict

PROOF_FORMAT: Final = "frost-proof/1"
_DEPTH_MAX: Final = 2
_REQUIRED: Final = frozenset({"format", "history", "origin", "index", "path", "header"})
_OPTIONAL: Final = frozenset({"checkpoint", "body", "rivals"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofFile:
    """The parts of the file.

    `history` is the path of signed events from genesis to the tip, `path` the inclusion proof from the
    leaf up. `rivals` are what else is known to be signed at places of that path (see duplicity). `checkpoint` is a signed note, b"" for none: the end of an epoch needs none. `body` is None
    when the content is not in the file.
    """

    history: Sequence[bytes]
    origin: Origin
    index: int
    path: Sequence[bytes]
    header: bytes
    checkpoint: bytes = b""
    body: bytes | None = None
    rivals: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a file proves. `statement` says it in words; it is never more than the other fields say.

    `url` names the exact entry. `body` holds the bytes that the header names, `fields` the record in
    them, each None when it is not there or, for `fields`, cannot be read. `size` and `root` are those of
    the tree that the entry is proven into, `ended` tells whether its epoch ends there. `cosigned` has the
    time (POSIX seconds) at which each of the reader's witnesses has cosigned that very tree, `verdict` what the reader's policy says of that, if there is one.
    `branchings` are the places at which the file shows that the publisher signed two histories.
    """

    did: Did
    url: DidUrl
    header: Header
    body: bytes | None
    fields: dict[str, Value] | None
    tip: Cid
    tip_n: int
    origin: Origin
    index: int
    size: int
    root: bytes
    ended: bool
    cosigned: Mapping[str, int]
    verdict: Verdict | None
    branchings: tuple[Branching, ...]
    statement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tree:
    """The tree that the entry must be in, and who vouches for it."""

    size: int
    root: bytes
    ended: bool
    cosigned: Mapping[Cosigner, int]
    strangers: int
    """How many lines of the note are of neither the log's key nor a witness that the reader knows."""


# -- the file -----------------------------------------------------------------------------------------


def encode_proof(proof: ProofFile) -> bytes:
    """Write a proof file. Whether it proves anything is for `verify_proof` to say.

    Raises:
        LogError: proof.malformed, when it could not be read again
    """
    fields: dict[str, Value] = {
        "format": PROOF_FORMAT,
        "history": list(proof.history),
        "origin": proof.origin,
        "index": proof.index,
        "path": list(proof.path),
        "header": proof.header,
    }
    try:
        if proof.checkpoint:
            fields["checkpoint"] = proof.checkpoint.decode()
        if proof.body is not None:
            fields["body"] = proof.body
        if proof.rivals:
            fields["rivals"] = list(proof.rivals)
        data = encode(fields)
    except (UnicodeDecodeError, EncodingError) as error:
        raise LogError("proof.malformed", f"proof file cannot be written: {error}") from error
    decode_proof(data)
    return data


def decode_proof(data: bytes) -> ProofFile:
    """Read the parts of a proof file.

    Raises:
        LogError: proof.malformed
    """
    try:
        fields = decode(data, bytes_max=PROOF_FILE_BYTES_MAX, depth_max=_DEPTH_MAX, floats=False)
    except EncodingError as error:
        raise LogError("proof.malformed", f"proof file: {error}") from error
    if not isinstance(fields, dict) or fields.get("format") != PROOF_FORMAT:
        found = fields.get("format") if isinstance(fields, dict) else type(fields).__name__
        raise _malformed("format", found, PROOF_FORMAT)
    if not fields.keys() >= _REQUIRED or not fields.keys() <= _REQUIRED | _OPTIONAL:
        raise _malformed("fields", sorted(fields), f"{sorted(_REQUIRED)}, and maybe {sorted(_OPTIONAL)}")
    index = fields["index"]
    if type(index) is not int or not 0 <= index < TREE_SIZE_MAX:
        raise _malformed("index", index, f"an integer from 0, below {TREE_SIZE_MAX}")
    return ProofFile(
        history=_byte_strings(fields, "history", IDENTITY_PATH_EVENTS_MAX),
        origin=Origin(_text(fields, "origin")),
        index=index,
        path=_byte_strings(fields, "path", PROOF_HASHES_MAX),
        header=_bytes(fields["header"], "header"),
        checkpoint=_text(fields, "checkpoint").encode() if "checkpoint" in fields else b"",
        body=_bytes(fields["body"], "body") if "body" in fields else None,
        rivals=_rivals(fields) if "rivals" in fields else (),
    )


def _text(fields: Mapping[str, Value], name: str) -> str:
    value = fields[name]
    if type(value) is not str or not value:
        raise _malformed(name, value, "text that is not empty")
    return value


def _bytes(value: Value, name: str) -> bytes:
    if type(value) is not bytes:
        raise _malformed(name, type(value).__name__, "bytes")
    return value


def _byte_strings(fields: Mapping[str, Value], name: str, count_max: int) -> tuple[bytes, ...]:
    value = fields[name]
    if not isinstance(value, list) or len(value) > count_max:
        raise _malformed(name, type(value).__name__, f"a list of at most {count_max} byte strings")
    return tuple(_bytes(item, name) for item in value)


def _rivals(fields: Mapping[str, Value]) -> tuple[bytes, ...]:
    rivals = _byte_strings(fields, "rivals", PROOF_RIVALS_MAX)
    if not rivals:
        raise _malformed("rivals", "an empty list", "no field, if there are none")
    return rivals


def _malformed(what: str, found: object, expected: object) -> LogError:
    return LogError("proof.malformed", f"{what} of a proof file", found=found, expected=expected)


# -- the proof ----------------------------------------------------------------------------------------


def verify_proof(
    data: bytes, witnesses: Mapping[str, PublicKey] | None = None, policy: Policy | None = None
) -> Verified:
    """Verify a proof file. `witnesses` are those that the reader knows, name → key; those of a `policy` are known too.

    A policy that is not met is no error: the file proves what it proves, and the verdict says so.

    Raises:
        PeerError: proof.*, or the code of whichever part does not hold
    """
    proof = decode_proof(data)
    did = parse_origin(proof.origin).did
    history = read_path(did, proof.history)
    _take_rivals(history, proof.rivals)
    epoch = history.epoch(proof.origin)
    if epoch is None or epoch.key is None:
        raise LogError("epoch.unknown", f"no event of the history opened a log {proof.origin}")
    cosigners = [Cosigner(name, key) for name, key in (witnesses or {}).items()]
    tree = _find_tree(proof, epoch, epoch.key, [*cosigners, *(policy.cosigners if policy else ())])
    verify_inclusion(leaf_hash(proof.header), proof.index, tree.size, proof.path, tree.root)
    header = parse_header(proof.header)
    if proof.body is not None:
        check_body(header, proof.body)
    url = DidUrl(did=did, type=header.type, key=header.key, cid=header_cid(proof.header))
    tip, parted = history.path[-1], branchings(history)
    times = {witness.key: time_s for witness, time_s in tree.cosigned.items()}
    verdict = policy.judge(proof.origin, epoch.key, times) if policy else None
    return Verified(
        did=did,
        url=url,
        header=header,
        body=proof.body,
        fields=_readable(proof.body),
        tip=tip.cid,
        tip_n=tip.event.n,
        origin=proof.origin,
        index=proof.index,
        size=tree.size,
        root=tree.root,
        ended=tree.ended,
        cosigned={witness.name: time_s for witness, time_s in tree.cosigned.items()},
        verdict=verdict,
        branchings=parted,
        statement="\n".join(
            (
                *_state(proof, url, header, tree, f"{tip.event.n} ({tip.cid})", verdict),
                *map(state_branching, parted),
                "What was published or decided later is not in this file.",
            )
        ),
    )


def read_path(did: Did, events: Sequence[bytes]) -> History:
    """Take the events of a file alone: all of them must be valid, and the path that counts, in order.

    Raises:
        PeerError: proof.mismatch, or the code of the event at fault
    """
    signed = [parse_signed_event(raw) for raw in events]
    history = History.empty(did)
    taken = history.take(signed)
    if taken.refused:
        raise taken.refused[0][1]
    counted = [event.cid for event in history.path]
    if not counted or counted != [event.cid for event in signed]:
        raise LogError(
            "proof.mismatch",
            f"history of {did}: events that count",
            found=len(counted),
            expected=f"{len(signed)}, each the predecessor of the next",
        )
    return history


def _take_rivals(history: History, rivals: Sequence[bytes]) -> None:
    """Take what was signed beside the path: all of it must be valid and needed, and change nothing that counts.

    Raises:
        PeerError: proof.mismatch, or the code of the event at fault
    """
    signed, path = [parse_signed_event(raw) for raw in rivals], history.path
    taken = history.take(signed)
    if taken.refused:
        raise taken.refused[0][1]
    cids = [event.cid for event in signed]
    if history.path != path or {event.cid for event in taken.new} != set(cids) or len(set(cids)) < len(cids):
        raise LogError("proof.mismatch", f"rivals in the history of {history.did} are none")
    if not fits(history, cids):
        raise LogError("proof.mismatch", f"more than the rivals in the history of {history.did}")


def _find_tree(
    proof: ProofFile, epoch: EpochStanding, key: PublicKey, witnesses: Sequence[Cosigner]
) -> _Tree:
    """Find the end of the epoch, or else the tree of the checkpoint; check the note in either case."""
    signed = _open_note(proof.checkpoint, epoch.origin, key, witnesses) if proof.checkpoint else None
    if epoch.end is None:
        if signed is None:
            raise LogError(
                "proof.mismatch", f"checkpoint of epoch {epoch.n}, which is open, is not in the file"
            )
        return signed
    size, root = epoch.end.size, epoch.end.root
    if signed is not None and (signed.size, signed.root) == (size, root):
        return replace(signed, ended=True)
    return _Tree(size=size, root=root, ended=True, cosigned={}, strangers=0)


def _open_note(note: bytes, origin: Origin, key: PublicKey, witnesses: Sequence[Cosigner]) -> _Tree:
    checkpoint, parsed = open_checkpoint(note, origin, key), parse_note(note)
    found = {witness: cosigned_at(parsed, witness.name, witness.key) for witness in witnesses}
    times = {witness: time_s for witness, time_s in found.items() if time_s is not None}
    known = {witness.line_key for witness in times}
    lines = {(line.name, line.key_id) for line in parsed.signatures if line.name != origin}
    return _Tree(
        size=checkpoint.size,
        root=checkpoint.root,
        ended=False,
        cosigned=times,
        strangers=len(lines - known),
    )


def _readable(body: bytes | None) -> dict[str, Value] | None:
    try:
        return None if body is None else decode_body(body)
    except PeerError:
        return None


# -- in words -----------------------------------------------------------------------------------------


def _state(
    proof: ProofFile, url: DidUrl, header: Header, tree: _Tree, tip: str, verdict: Verdict | None
) -> tuple[str, ...]:
    epoch = parse_origin(proof.origin).epoch
    content = "its content is in this file" if proof.body is not None else "its content is not in this file"
    if header.body is None:
        content = "it has no content"
    vouched = "where the identity history ends the epoch" if tree.ended else "signed by the epoch's key"
    return (
        f"{url}",
        f"is entry {proof.index} of epoch {epoch} of {url.did}: {header.op}; {content}.",
        f"It is in the tree of {tree.size} entries, {vouched}.",
        f"This holds as of identity event {tip}; {_state_cosigned(tree)}.",
        *([] if verdict is None else [_state_verdict(verdict)]),
        f"Its publisher says that it is of {date_text(header.time // 1000)}.",
    )


def _state_verdict(verdict: Verdict) -> str:
    if not verdict.holds:
        return f"The policy does not hold: {verdict.reason}."
    since = "" if verdict.since is None else f" since {date_text(verdict.since)}"
    return f"The policy holds{since}: {verdict.reason}."


def _state_cosigned(tree: _Tree) -> str:
    if tree.cosigned:
        times = sorted((time, witness.name) for witness, time in tree.cosigned.items())
        return "this tree was cosigned " + ", ".join(
            f"by {name} at {date_text(time)}" for time, name in times
        )
    if tree.strangers:
        return f"no witness that is known here has cosigned this tree ({tree.strangers} unknown)"
    return "no witness has cosigned this tree"
