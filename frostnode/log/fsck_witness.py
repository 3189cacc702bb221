"""Check what the witness remembers: every cosignature by its bytes, and that its tree is the one that is held."""

from collections.abc import Iterator

from frostnode.log.audit import LogAudit
from frostnode.log.findings import Area, Finding
from frostnode.protocol.checkpoint import Checkpoint, parse_checkpoint_text, verify_cosignatures
from frostnode.protocol.cosigners import Cosigner
from frostnode.protocol.errors import PeerError
from frostnode.protocol.merkle import compact_range
from frostnode.protocol.note import parse_note
from frostnode.witness_port import Cosigned, Witness


def check_witness(audit: LogAudit, witness: Witness) -> Iterator[Finding]:
    """Check the last cosignature of each log.

    The memory may know less than was cosigned, when it was lost or set back: what it cosigns next is of the trees
    that are held, and these only grow. A store that was set back holds less than was cosigned, or something else.
    """
    for cosigned in witness.remembered():
        yield from _check_note(witness.cosigner, cosigned)
        yield from _check_tree(audit, cosigned)


def _check_note(cosigner: Cosigner, cosigned: Cosigned) -> Iterator[Finding]:
    try:
        signed = parse_checkpoint_text(parse_note(cosigned.note).text)
        times = verify_cosignatures(cosigned.note, {cosigner.name: cosigner.key})
    except PeerError as error:
        yield Finding(Area.WITNESS, cosigned.origin, str(error))
        return
    expected = Checkpoint(cosigned.origin, cosigned.size, cosigned.root)
    if signed != expected:
        yield Finding(Area.WITNESS, cosigned.origin, "checkpoint that was cosigned", signed, expected)
    if times.get(cosigner.name) != cosigned.time_s:
        found = times.get(cosigner.name)
        yield Finding(Area.WITNESS, cosigned.origin, "time of the cosignature", found, cosigned.time_s)


def _check_tree(audit: LogAudit, cosigned: Cosigned) -> Iterator[Finding]:
    """Of a log that still grows: an end may have settled another tree."""
    state = audit.log(cosigned.origin)
    if state is None or state.standing is None or not state.standing.accepts or state.frozen:
        return
    if state.held.size < cosigned.size:
        what = "leaves of a tree that was cosigned"
        yield Finding(Area.WITNESS, cosigned.origin, what, state.held.size, cosigned.size)
        return
    root = compact_range(cosigned.size, audit.node_at(cosigned.origin)).root()
    if root != cosigned.root:
        what = f"root at size {cosigned.size}, which was cosigned"
        yield Finding(Area.WITNESS, cosigned.origin, what, root, cosigned.root)
