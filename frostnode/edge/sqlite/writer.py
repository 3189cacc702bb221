"""The writing side of the store: one transaction, read and written by one thread.

Rule: log rows, partial tiles and the body index are kept back until the end, for one write each; whoever
reads within the transaction makes them settle first.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from frostnode.edge.sqlite.body_writer import BodyPacker
from frostnode.edge.sqlite.connection import Database
from frostnode.edge.sqlite.erasure import SCRUB_PLACES, erase_bodies, erase_leaves, fill_leaves
from frostnode.edge.sqlite.handles import HandleWriting
from frostnode.edge.sqlite.identity_writer import put_change, put_events, put_publisher
from frostnode.edge.sqlite.ledger_writer import LedgerWriting
from frostnode.edge.sqlite.log_writer import OpenLog, cut_log
from frostnode.edge.sqlite.neighbour_writer import NeighbourWriter
from frostnode.edge.sqlite.reader import Reader
from frostnode.edge.sqlite.rows import last_number, log_id
from frostnode.edge.sqlite.withheld_writer import WithheldWriter
from frostnode.ports import ArrivalKind, Clock, Random
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import LocalError
from frostnode.protocol.evidence import Evidence
from frostnode.protocol.growth import Growth
from frostnode.protocol.history import EpochChange, History, Taken
from frostnode.protocol.limits import TILE_WIDTH
from frostnode.protocol.log_state import Ahead
from frostnode.protocol.merkle import compact_range
from frostnode.protocol.names import Did, Origin
from frostnode.protocol.tiles import runs

TAG_BYTES: Final = 8
_SOME_ERASED: Final = "SELECT 1 FROM withheld_leaf WHERE state <> 'absent' LIMIT 1"
_NO_LOG: Final = Origin("")


class Writer(NeighbourWriter, LedgerWriting, WithheldWriter, HandleWriting, Reader):
    """A `frostnode.ports.LogWriter` over one open transaction."""

    def __init__(self, database: Database, clock: Clock, random: Random) -> None:
        super().__init__(database, clock)
        self._random = random
        self._open: dict[Origin, OpenLog] = {}
        self._unsettled: dict[Origin, OpenLog] = {}
        self._bodies: BodyPacker | None = None
        self._publishers: dict[Did, int] = {}
        self._last_number: int | None = None
        self._some_erased: bool | None = None
        self.has_erased = False

    @property
    def _db(self) -> Database:
        self.settle()
        return self._connection

    def settle(self) -> None:
        """Write down all that was kept back."""
        self._settle_logs()
        if self._bodies is not None:
            self._bodies.settle()

    def _settle_logs(self) -> None:
        for log in self._unsettled.values():
            log.settle()
        self._unsettled.clear()

    def finish(self) -> None:
        """Write down all that was kept back; where something was erased, also that it is still to be scrubbed."""
        self.settle()
        if self.has_erased:
            last = last_number(self._connection)
            rows = [(place, last) for place in SCRUB_PLACES]
            self._connection.run_many("INSERT OR REPLACE INTO scrub VALUES (?, ?)", rows)

    # -- identities -----------------------------------------------------------------------------------

    def take_events(self, did: Did, history: History, taken: Taken) -> None:
        """Store new events and choices, open, end, cut and restore logs as `taken` says; arrivals.

        `history` is the history after the taking.

        Raises:
            StorageError: storage.conflict, when what is stored is not what `taken` was added to
        """
        self._settle_logs()
        database, publisher = self._connection, self._publisher(did)
        put_events(database, publisher, history, taken)
        if not history.forked:
            database.run("DELETE FROM vouched WHERE publisher = ?", (publisher,))
        shifts = [put_change(database, publisher, change) for change in taken.changes]
        for change in taken.changes:
            self._judge_end(change)
        start, stop = _numbers(taken.changes)
        if taken.new:
            self.arrive(ArrivalKind.EVENTS, did, start=start, stop=stop)
        if taken.switched or (taken.changes and not taken.new):
            self.arrive(ArrivalKind.SWITCHED, did, start=start, stop=stop)
        for shift in shifts:
            if shift is not None:
                self.arrive(shift.kind, did, shift.origin, shift.start)

    def _judge_end(self, change: EpochChange) -> None:
        """Note whether the leaves that are held up to the end of an epoch are those of its end."""
        state, end = self.log(change.origin), change.new.end if change.new else None
        is_astray = False
        if state is not None and end is not None and 0 < end.size <= state.held.size:
            is_astray = compact_range(end.size, self.node_at(change.origin)).root() != end.root
        if state is not None and state.astray != is_astray:
            self._db.run("UPDATE log SET astray = ? WHERE origin = ?", (is_astray, change.origin))

    def vouch(self, did: Did, event: Cid, witnesses: Iterable[str]) -> None:
        """Remember who cosigned the epoch that an event opened, until the history is decided."""
        publisher = self._publisher(did)
        rows = [(publisher, event.digest, witness) for witness in sorted(witnesses)]
        self._connection.run_many("INSERT OR IGNORE INTO vouched VALUES (?, ?, ?)", rows)

    def _publisher(self, did: Did) -> int:
        if did not in self._publishers:
            self._publishers[did] = put_publisher(self._connection, did)
        return self._publishers[did]

    # -- logs -----------------------------------------------------------------------------------------

    def append(self, origin: Origin, growth: Growth, ahead: Ahead | None = None) -> None:
        """Hold further leaves; `ahead` is the signed tree that they belong to when they do not complete it.

        Raises:
            StorageError: storage.conflict, when the log is not the one that the leaves were judged against
        """
        self._log(origin).append(growth, ahead)

    def serve(self, origin: Origin, note: bytes | None, size: int) -> None:
        """The tree of `size` leaves is now held completely; `note` is its checkpoint, None keeps the old one."""
        self._log(origin).serve(note, size)

    def freeze(self, evidence: Evidence) -> None:
        """Keep the first evidence of an epoch whose key has signed two trees: nothing further is taken into it."""
        log = log_id(self._db, evidence.origin)
        row = (log, evidence.smaller, evidence.larger, b"".join(evidence.proof))
        self._db.run("INSERT OR IGNORE INTO evidence VALUES (?, ?, ?, ?)", row)
        self._db.run("UPDATE log SET frozen = 1 WHERE id = ?", (log,))

    def drop(self, did: Did, origin: Origin, size: int) -> None:
        """Hold the first `size` leaves only, those that the tree of the epoch's end has too; the others are put aside."""
        self.settle()
        state, log = self.log(origin), log_id(self._connection, origin)
        assert state is not None and log is not None and size < state.held.size, f"{size} of {origin}"
        aside = [
            (start, self.leaves(origin, start, stop).bundle) for start, stop in runs(size, state.held.size)
        ]
        first = size // TILE_WIDTH * TILE_WIDTH
        tail = self.leaves(origin, first, size).bundle
        edge = b"".join(compact_range(size, self.node_at(origin)).hashes)
        self._open.pop(origin, None)
        cut_log(self._connection, log, size, edge, tail)
        number = self.arrive(ArrivalKind.DROPPED, did, origin, size, state.held.size)
        self._connection.run_many("INSERT INTO stray VALUES (?, ?, ?)", [(number, *part) for part in aside])

    def _log(self, origin: Origin) -> OpenLog:
        if origin not in self._open:
            if self._some_erased is None:
                self._some_erased = self._connection.one(_SOME_ERASED) is not None
            self._open[origin] = OpenLog(self._connection, origin, some_erased=self._some_erased)
        return self._unsettled.setdefault(origin, self._open[origin])

    def put_leaves(self, origin: Origin, leaves: Sequence[tuple[int, bytes]]) -> list[int]:
        """Keep leaves of one bundle that are `absent` here; answers which were."""
        self.settle()
        self._open.pop(origin, None)
        log = log_id(self._connection, origin)
        return [] if log is None else fill_leaves(self._connection, log, leaves)

    # -- bodies ---------------------------------------------------------------------------------------

    def put_bodies(self, bodies: Sequence[tuple[bytes, bytes]]) -> list[bool]:
        """Keep bodies under their digests: one look at the index for all of them; answers which are new here."""
        if self._bodies is None:
            self._bodies = BodyPacker(self._connection)
        return self._bodies.put(bodies)

    def withhold_body(self, origin: Origin, index: int, state: str, reason: str) -> None:
        """Erase the body that an entry names, wherever else it is named, and take it no more."""
        if self._body_digests(origin, index, index + 1) in ([], [None]):
            raise LocalError("record.not-found", f"body of leaf {index} of {origin}", found="none")
        self.withhold_bodies(origin, [index], state, reason)

    def withhold_bodies(self, origin: Origin, indexes: Sequence[int], state: str, reason: str) -> list[bool]:
        """The same for many; answers of which it was not done before. An entry without a body has none to erase."""
        log = log_id(self._connection, origin)
        digests = self._digests_at(origin, indexes)
        named = {digest: index for index, digest in reversed([*zip(indexes, digests, strict=True)]) if digest}
        self._begin_erasure()
        new = {
            digest
            for digest, index in named.items()
            if self._connection.run_changes(
                "INSERT OR IGNORE INTO withheld_body VALUES (?, ?, ?, ?, ?)",
                (digest, log, index, state, reason),
            )
        }
        erase_bodies(self._connection, new)
        self.has_erased = self.has_erased or bool(new)
        return [digest in new for digest in digests]

    def _digests_at(self, origin: Origin, indexes: Sequence[int]) -> list[bytes | None]:
        """The digests of the bodies that some leaves name; each bundle is read once."""
        bundles: dict[int, list[bytes | None]] = {}
        digests: list[bytes | None] = []
        for index in indexes:
            start = index // TILE_WIDTH * TILE_WIDTH
            if start not in bundles:
                bundles[start] = self._body_digests(origin, start, start + TILE_WIDTH)
            found = bundles[start][index - start : index - start + 1]
            digests.append(found[0] if found else None)
        return digests

    def withhold_leaf(self, origin: Origin, index: int, state: str, reason: str) -> None:
        """Erase a header down to its leaf hash. Its body is erased before, or nobody knows whose it was."""
        if not self.leaves(origin, index, index + 1).count:
            raise LocalError("record.not-found", f"leaf {index} of {origin}", found="none")
        self.withhold_leaves(origin, [index], state, reason)

    def withhold_leaves(self, origin: Origin, indexes: Sequence[int], state: str, reason: str) -> None:
        """The same for many held leaves; those that are withheld already stay so."""
        log = log_id(self._connection, origin)
        assert log is not None, f"{origin} is not held"
        self._begin_erasure()
        erase_leaves(self._connection, log, indexes, state, reason)
        self.has_erased = True

    def _begin_erasure(self) -> None:
        """Settle; what was open or known must be read again."""
        self.settle()
        self._open.clear()
        self._bodies = None
        self._last_pack = (0, b"")
        self._some_erased = None

    # -- arrivals -------------------------------------------------------------------------------------

    def arrive(
        self, kind: ArrivalKind, did: Did, origin: Origin = _NO_LOG, start: int = 0, stop: int = 0
    ) -> int:
        """Append to the arrival sequence; answers the number."""
        if self._last_number is None:
            self._last_number = last_number(self._connection)
        self._last_number += 1
        log = self._open[origin].id if origin in self._open else log_id(self._connection, origin)
        self._connection.run(
            "INSERT INTO arrival VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._last_number,
                str(kind),
                self._publisher(did),
                log,
                start,
                stop,
                self._clock.now_ms(),
                self._random.bytes(TAG_BYTES),
            ),
        )
        return self._last_number


def _numbers(changes: Iterable[EpochChange]) -> tuple[int, int]:
    """The numbers [start, stop) of the events that count now and did not before; (0, 0) where there is none."""
    new = [change.new.n for change in changes if change.old is None and change.new is not None]
    return (min(new), max(new) + 1) if new else (0, 0)
