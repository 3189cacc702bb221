"""Check bodies: every byte of every pack is a body with its digest, or was erased."""

from collections.abc import Iterator
from hashlib import sha256
from itertools import groupby
from operator import itemgetter

from frostnode.log.audit import LogAudit, StoredBody
from frostnode.log.findings import Area, Finding, Tally


def check_bodies(audit: LogAudit, tally: Tally) -> Iterator[Finding]:
    """Check packs and the index of bodies, both in order of storage."""
    lines = groupby(audit.stored_bodies(), key=itemgetter(0))
    indexed, bodies = next(lines, (None, iter(())))
    for pack, content in audit.stored_packs():
        while indexed is not None and indexed < pack:
            yield _finding(indexed, "pack that bodies lie in", "none", f"one for {len(list(bodies))} bodies")
            indexed, bodies = next(lines, (None, iter(())))
        if indexed != pack:
            yield _finding(pack, "bodies in the pack", "none", f"some in its {len(content)} bytes")
            continue
        yield from _check_pack(pack, content, bodies, tally)
        indexed, bodies = next(lines, (None, iter(())))
    while indexed is not None:
        yield _finding(indexed, "pack that bodies lie in", "none", f"one for {len(list(bodies))} bodies")
        indexed, bodies = next(lines, (None, iter(())))


def _check_pack(pack: int, content: bytes, bodies: Iterator[StoredBody], tally: Tally) -> Iterator[Finding]:
    at = count = 0
    for _, start, size, digest in bodies:
        stop = start + size
        count += 1
        if start != at:
            yield from _check_gap(pack, content, at, start)
        if sha256(content[start:stop]).digest() != digest:
            yield _finding(
                pack, f"digest of the body in [{start}, {stop})", sha256(content[start:stop]).digest(), digest
            )
        at = max(at, stop)
    if at != len(content):
        yield from _check_gap(pack, content, at, len(content))
    tally.add("bodies", count)


def _check_gap(pack: int, content: bytes, start: int, stop: int) -> Iterator[Finding]:
    """Between bodies there is nothing, or the zeros that an erased one left."""
    if stop < start:
        yield _finding(pack, "bodies", f"one that begins at {stop}", f"none before {start}")
    elif any(content[start:stop]):
        yield _finding(pack, f"bytes [{start}, {stop}) that no body claims", "something", "zeros")


def _finding(pack: int, what: str, found: object, expected: object) -> Finding:
    return Finding(Area.BODY, f"pack {pack}", what, found, expected)
