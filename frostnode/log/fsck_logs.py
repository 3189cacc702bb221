"""Check a log: all leaves against the stored tree, the signed one and the end, tiles against both."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from frostnode.log.audit import LogAudit, StoredLog
from frostnode.log.findings import Area, Finding, Tally
from frostnode.ports import ArrivalKind
from frostnode.protocol.checkpoint import Checkpoint, open_checkpoint
from frostnode.protocol.dagcbor import CID_PREFIX
from frostnode.protocol.entry import read_leaf
from frostnode.protocol.errors import LogError, PeerError
from frostnode.protocol.evidence import check_evidence
from frostnode.protocol.history import History
from frostnode.protocol.identity import End
from frostnode.protocol.keys import PublicKey
from frostnode.protocol.limits import TILE_WIDTH
from frostnode.protocol.merkle import EMPTY_RANGE, HASH_BYTES, CompactRange, Hash, leaf_hashes
from frostnode.protocol.names import Origin, parse_origin
from frostnode.protocol.range_proof import root_above
from frostnode.protocol.tiles import decode_bundle

_LINK: Final = b"\xd8\x2a\x58\x25\x00" + CID_PREFIX
"""What a link of ours begins with in DAG-CBOR: a header has one, to its body, and text cannot hold these bytes."""

_ARRIVALS_AT_ONCE: Final = 1024


def check_log(audit: LogAudit, log: StoredLog, history: History | None, tally: Tally) -> Iterator[Finding]:
    """Check one log; without the history of its publisher nothing that it signed can be believed."""
    tally.add("logs", 1)
    check = _LogCheck(log, history)
    check.walk(audit, tally)
    check.compare(audit)
    yield from (Finding(Area.LOG, log.origin, *finding) for finding in check.findings)


@dataclass(slots=True)
class _LogCheck:
    """One log: what it says, and what its leaves say."""

    log: StoredLog
    history: History | None
    findings: list[tuple[str, object, object]] = field(default_factory=list)
    bundles: list[Hash] = field(default_factory=list)
    """Subtree hashes of the full bundles: level 1 of the tiles."""
    above: CompactRange = EMPTY_RANGE
    """The compact range of those."""
    roots: dict[int, Hash] = field(default_factory=dict)
    """Roots of the trees that something is said about, by size, as far as the leaves reach."""
    size: int = 0
    edge: tuple[Hash, ...] = ()
    signed: Checkpoint | None = None
    end: End | None = None
    ends: Sequence[End] = ()
    """All ends that an event has set, also those that no longer count: a tree may have been proven into one."""

    def find(self, what: str, found: object = None, expected: object = None) -> None:
        """Note a finding."""
        self.findings.append((what, found, expected))

    # -- what its leaves say --------------------------------------------------------------------------

    def walk(self, audit: LogAudit, tally: Tally) -> None:
        """Hash all leaves, and look for the bodies of a hosted log."""
        log = self.log
        self._read_promises()
        sizes = sorted(
            {log.served, *(end.size for end in self.ends), *([self.signed.size] if self.signed else ())}
        )
        withheld = audit.withheld_leaves(log.origin)
        is_hosted = audit.hosted_log(log.origin) is not None
        stored = audit.stored_bundles(log.origin)
        for n, bundle in chain(stored, [(log.size // TILE_WIDTH, log.tail)]):
            if n != len(self.bundles):
                self.find("bundle", f"number {n}", f"number {len(self.bundles)}")
                return
            try:
                leaves = decode_bundle(bundle)
            except LogError as error:
                self.find(f"bundle {n}: {error}")
                return
            self._take(leaves, leaf_hashes(leaves), withheld, sizes)
            tally.add("entries", len(leaves))
            if is_hosted:
                self._find_bodies(audit, leaves, self.size - len(leaves))

    def _take(
        self, leaves: Sequence[bytes], hashes: list[Hash], withheld: dict[int, Hash], sizes: Sequence[int]
    ) -> None:
        start, stop = self.size, self.size + len(leaves)
        if withheld:
            for index in range(start, stop):
                if index in withheld:
                    hashes[index - start] = withheld[index]
                    if leaves[index - start]:
                        self.find(f"leaf {index} that is withheld", "its bytes", "none")
        for size in sizes:
            if start < size <= stop:
                part = EMPTY_RANGE.extend(hashes[: size - start]).hashes
                self.roots[size] = _range(size, self.above, part).root()
        below = EMPTY_RANGE.extend(hashes)
        self.size = stop
        if len(leaves) == TILE_WIDTH:
            self.bundles.append(below.hashes[0])
            self.above = self.above.append(below.hashes[0])
            below = EMPTY_RANGE
        self.edge = self.above.hashes + below.hashes

    def _find_bodies(self, audit: LogAudit, leaves: Sequence[bytes], start: int) -> None:
        """An own log has the body of every entry that was published here, or says why not.

        What it got back from carriers it has as far as they had it, like any other log.
        """
        wanted: dict[bytes, int] = {}
        for index, leaf in enumerate(leaves[: max(0, self.log.served - start)], start):
            at = leaf.find(_LINK)
            if at >= 0:
                wanted[leaf[at + len(_LINK) : at + len(_LINK) + HASH_BYTES]] = index
        absent = audit.absent_bodies(list(wanted))
        came = _bodies_that_came(audit, self.log.origin) if absent else []
        for digest in absent:
            header, index = read_leaf(leaves[wanted[digest] - start]), wanted[digest]
            was_here = any(first <= index < last for first, last in came)
            if was_here and header is not None and header.body is not None:
                self.find(f"body of leaf {wanted[digest]}", "none", header.body)

    # -- what is said about them ----------------------------------------------------------------------

    def _read_promises(self) -> None:
        """Open the checkpoint, and look up the end of the epoch."""
        key, opening = self._key(), parse_origin(self.log.origin).event
        if self.history is not None:
            standing = self.history.epoch(self.log.origin)
            self.end = None if standing is None else standing.end
            events = [signed.event for signed in self.history.events]
            self.ends = [event.end for event in events if event.prev == opening and event.end is not None]
        if self.log.checkpoint is None:
            return
        if key is None:
            self.find("checkpoint", "one", "none: no event that is here opened the epoch with a key")
            return
        try:
            self.signed = open_checkpoint(self.log.checkpoint, self.log.origin, key)
        except PeerError as error:
            self.find(f"checkpoint: {error}")

    def _key(self) -> PublicKey | None:
        event = None if self.history is None else self.history.event(parse_origin(self.log.origin).event)
        return None if event is None or event.event.epoch is None else event.event.epoch.key

    def compare(self, audit: LogAudit) -> None:
        """Hold what is stored and promised against what the leaves come to."""
        log = self.log
        if self.size != log.size:
            self.find("leaves", self.size, log.size)
        if b"".join(self.edge) != log.edge:
            self.find("compact range", log.edge, b"".join(self.edge))
        if log.served > log.size:
            self.find("leaves served", log.served, f"≤ {log.size} held")
        self._compare_roots()
        self._compare_ahead()
        self._check_evidence(audit)
        self._compare_tiles(audit)

    def _compare_roots(self) -> None:
        signed, end, served = self.signed, self.end, self.log.served
        if signed is not None and signed.size and self.roots.get(signed.size) != signed.root:
            self.find(f"root of the signed tree of {signed.size}", self.roots.get(signed.size), signed.root)
        is_astray = end is not None and 0 < end.size <= self.size and self.roots.get(end.size) != end.root
        if end is not None and is_astray != self.log.astray:
            self.find(f"root at the end {end.size}", self.roots.get(end.size), end.root)
        proven = {(end.size, end.root) for end in self.ends}
        if signed is not None:
            proven.add((signed.size, signed.root))
        if 0 < served <= self.size and (served, self.roots.get(served)) not in proven:
            self.find(
                f"root of the {served} leaves served", self.roots.get(served), "one that is signed or ended"
            )

    def _compare_ahead(self) -> None:
        """The leaves held are the first ones of the signed tree that they are said to begin."""
        key, note = self._key(), self.log.ahead
        if note is None or key is None:
            return
        try:
            signed = open_checkpoint(note, self.log.origin, key)
            root = root_above(CompactRange(self.size, self.edge), signed.size, self.log.beyond)
        except PeerError as error:
            self.find(f"signed tree that is not complete: {error}")
            return
        if root != signed.root:
            self.find(f"root of the signed tree of {signed.size}, which is not complete", root, signed.root)

    def _check_evidence(self, audit: LogAudit) -> None:
        """What froze the epoch still proves that its key has signed two trees."""
        evidence, key = audit.evidence(self.log.origin), self._key()
        if (evidence is not None) != self.log.disputed:
            self.find("evidence", "none" if evidence is None else "some", "as the log says")
        if evidence is not None and key is not None:
            try:
                check_evidence(evidence, key)
            except PeerError as error:
                self.find(f"evidence: {error}")

    def _compare_tiles(self, audit: LogAudit) -> None:
        expected = dict(_tiles(self.bundles))
        for level, n, hashes in audit.stored_tiles(self.log.origin):
            derived = expected.pop((level, n), None)
            if derived != hashes:
                self.find(f"tile {level}/{n}", hashes, derived)
        for level, n in expected:
            self.find(f"tile {level}/{n}", "none", "one")


def _bodies_that_came(audit: LogAudit, origin: Origin) -> list[tuple[int, int]]:
    """Runs of leaves whose bodies were announced, of the tree that is held."""
    came: list[tuple[int, int]] = []
    after, dids = 0, frozenset({parse_origin(origin).did})
    while arrivals := audit.arrivals(after, _ARRIVALS_AT_ONCE, dids):
        after = arrivals[-1].number
        for arrival in arrivals:
            if arrival.origin == origin and arrival.kind is ArrivalKind.BODIES:
                came.append((arrival.start, arrival.stop))
            elif arrival.origin == origin and arrival.kind is ArrivalKind.DROPPED:
                came = [(first, min(last, arrival.start)) for first, last in came]
    return came


def _range(size: int, above: CompactRange, below: tuple[Hash, ...]) -> CompactRange:
    """The compact range of `size` leaves; a last bundle that is full is not yet in `above`."""
    if size % TILE_WIDTH:
        return CompactRange(size, above.hashes + below)
    return CompactRange(size, above.append(below[0]).hashes)


def _tiles(hashes: list[Hash]) -> Iterator[tuple[tuple[int, int], bytes]]:
    """All tiles from level 1 up, from the hashes of the bundles."""
    level = 1
    while hashes:
        above: list[Hash] = []
        for at in range(0, len(hashes), TILE_WIDTH):
            tile = hashes[at : at + TILE_WIDTH]
            yield (level, at // TILE_WIDTH), b"".join(tile)
            if len(tile) == TILE_WIDTH:
                above.append(EMPTY_RANGE.extend(tile).hashes[0])
        hashes, level = above, level + 1
