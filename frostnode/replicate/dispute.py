"""Epochs that were signed two ways: evidence made of what is held and what a peer has shown, kept, sent on.

Rules (spec/04-log.md#evidence):
- nobody is accused without two signatures by the epoch's key and the proof that they contradict;
- evidence freezes an open epoch, once, from here on; of an ended one it changes nothing;
- who is shown a fork that he cannot prove asks for the proof, and otherwise holds it against nobody.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from frostnode.ports import ArrivalKind, LogReader, LogStore, LogWriter
from frostnode.protocol.checkpoint import open_checkpoint
from frostnode.protocol.errors import LocalError, LogError
from frostnode.protocol.evidence import Evidence, Signed, contradiction, encode_evidence
from frostnode.protocol.follow_actions import Fork
from frostnode.protocol.frames import EntriesFrame, EvidenceFrame
from frostnode.protocol.keys import PublicKey
from frostnode.protocol.leaf_run import LeafRun, read_run
from frostnode.protocol.log_state import LogState
from frostnode.protocol.merkle import Hash, compact_range
from frostnode.protocol.names import Did, Origin, parse_origin
from frostnode.protocol.range_proof import range_proof, right_part_from

NO_SIZES: Final[tuple[int, ...]] = ()


def freeze(writer: LogWriter, did: Did, evidence: Evidence) -> bool:
    """Keep evidence of an open epoch that has none yet, freeze the epoch and announce that. Answers whether it did."""
    state = writer.log(evidence.origin)
    if state is None or state.standing is None or state.standing.end is not None or state.disputed:
        return False
    writer.freeze(evidence)
    writer.arrive(ArrivalKind.FROZEN, did, evidence.origin, state.held.size)
    return True


def find_evidence(reader: LogReader, fork: Fork) -> Evidence | Sequence[int]:
    """The evidence in a fork; else the sizes at which its tree would have to be shown, the likeliest first.

    Raises:
        LogError: tree.root, when the leaves of the fork are not of its signed tree; note.*, checkpoint.*
    """
    state = reader.log(fork.origin)
    if state is None or state.standing is None or state.standing.key is None or state.frozen:
        return NO_SIZES
    rival = _signed(fork.note, fork.origin, state.standing.key, _shown_by(fork.run))
    if fork.run is not None and fork.run.root != rival.root:
        raise LogError(
            "tree.root", f"tree of {rival.size} of {fork.origin}", found=fork.run.root, expected=rival.root
        )
    sizes: list[int] = []
    for ours in _known_here(reader, state, state.standing.key):
        found = contradiction(fork.origin, ours, rival)
        if found is not None:
            return found
        if ours.size < rival.size and rival.show(ours.size) is None:
            sizes.append(ours.size)
    return sizes


def _shown_by(run: LeafRun | None) -> Callable[[int], Sequence[Hash] | None]:
    return lambda at: None if run is None else run.proof_at(at)


def _signed(
    note: bytes, origin: Origin, key: PublicKey, show: Callable[[int], Sequence[Hash] | None]
) -> Signed:
    checkpoint = open_checkpoint(note, origin, key)
    return Signed(note, checkpoint.size, checkpoint.root, show)


def _known_here(reader: LogReader, state: LogState, key: PublicKey) -> list[Signed]:
    """The checkpoints whose trees are here: one that is held in part, then the one that is complete."""
    origin, held = state.origin, state.held.size
    node = reader.node_at(origin)
    known: list[Signed] = []
    if state.ahead is not None:
        size, beyond = open_checkpoint(state.ahead.note, origin, key).size, state.ahead.beyond

        def show_ahead(at: int) -> Sequence[Hash] | None:
            if at > held:
                return None
            return [*compact_range(at, node).hashes, *right_part_from(at, held, size, node, beyond)]

        known.append(_signed(state.ahead.note, origin, key, show_ahead))
    if state.checkpoint is not None:
        served = open_checkpoint(state.checkpoint, origin, key).size
        known.append(_signed(state.checkpoint, origin, key, lambda at: range_proof(at, at, served, node)))
    return [signed for signed in known if signed.size]


def evidence_frame(evidence: Evidence) -> EvidenceFrame:
    """Evidence as it is sent to who has the identity already."""
    return EvidenceFrame(
        origin=evidence.origin, smaller=evidence.smaller, larger=evidence.larger, proof=evidence.proof
    )


def kept_frame(reader: LogReader, origin: Origin) -> EvidenceFrame | None:
    """The evidence that freezes a log here, as it is sent on."""
    state = reader.log(origin)
    found = reader.evidence(origin) if state is not None and state.frozen else None
    return None if found is None else evidence_frame(found)


def evidence_file(reader: LogReader, origin: Origin) -> bytes:
    """The evidence against a log as a file that anyone can verify, also when its epoch has ended since.

    Raises:
        LocalError: record.not-found
    """
    found, history = reader.evidence(origin), reader.history(parse_origin(origin).did)
    if found is None or history is None:
        raise LocalError("record.not-found", f"there is no evidence against {origin} here")
    return encode_evidence(found, history)


def freeze_if_proven(writer: LogWriter, fork: Fork) -> Evidence | Sequence[int]:
    """Find the evidence in a fork and freeze its epoch; else answer what is missing.

    Raises:
        LogError: tree.root, note.*, checkpoint.*
    """
    found = find_evidence(writer, fork)
    if isinstance(found, Evidence):
        freeze(writer, parse_origin(fork.origin).did, found)
    return found


def judge_shown(store: LogStore, fork: Fork, note: bytes, frame: EntriesFrame) -> bool:
    """Hold what a peer shows of its tree of a fork against what is known here. Answers whether that is evidence.

    Raises:
        PeerError: what it shows is not of the signed tree
    """
    shown = replace(fork, note=note, run=read_run(frame))
    with store.write() as writer:
        return isinstance(freeze_if_proven(writer, shown), Evidence)
