"""What must be true of one store at every commit.

Rules:
1 what stands in an honest log's row was signed by its key, and what was promised stands where it was promised;
2 the host of a log serves everything that it ever promised;
3 a cursor of an honest peer that is stored covers nothing that is not stored, or noted as still to be fetched;
4 no honest log is frozen, no honest identity forked, no honest peer charged with breaking the protocol.

Only what a commit touched is looked at. A new watch looks at everything.
"""

from typing import Final

from frostnode.log.content import leaves_of
from frostnode.neighbours import Peer
from frostnode.ports import Arrival, ArrivalKind, LogReader
from frostnode.protocol.checkpoint import open_checkpoint
from frostnode.protocol.entry import header_cid
from frostnode.protocol.errors import PeerError
from frostnode.protocol.log_state import LogState
from frostnode.protocol.names import Did, Origin
from frostnode.replicate.cursor import Cursor
from frostnode.testing.simulation.oracle import Oracle

_AT_ONCE: Final = 4096
_NOT_THE_PEER: Final = ("transport.", "storage.", "cursor.", "queue.", "record.", "publisher.", "usage")
"""What may be said of a peer that keeps the protocol."""


class Watch:
    """One store from its opening on. `carries` None: everything. `is_set_back`: promises may be missing for now."""

    def __init__(
        self,
        name: str,
        oracle: Oracle,
        *,
        carries: frozenset[Did] | None = None,
        is_set_back: bool = False,
    ) -> None:
        self._name = name
        self._oracle = oracle
        self._carries = carries
        self.is_set_back = is_set_back
        self._seen = 0
        self._checked: dict[Origin, int] = {}
        self._covered: dict[str, Cursor] = {}

    def look(self, reader: LogReader) -> None:
        """Check what has come since the last look."""
        touched: dict[Origin, None] = {}
        while arrivals := reader.arrivals(self._seen, _AT_ONCE):
            self._oracle.announced(reader.database, arrivals)
            self._note_waiting(reader, arrivals)
            self._seen = arrivals[-1].number
            touched.update(dict.fromkeys(arrival.origin for arrival in arrivals if arrival.origin))
            for did in {arrival.did for arrival in arrivals if arrival.kind is ArrivalKind.EVENTS}:
                self._check_identity(reader, did)
        for origin in touched:
            if self._oracle.is_honest(origin):
                self._check_log(reader, origin)
        for peer in reader.peers():
            if peer.url in self._oracle.honest_urls:
                self._check_peer(reader, peer)

    def _note_waiting(self, reader: LogReader, arrivals: list[Arrival]) -> None:
        """Tell of entries that are not served yet."""
        served: dict[Origin, int] = {}
        for arrival in arrivals:
            if arrival.kind is ArrivalKind.ENTRIES:
                if arrival.origin not in served:
                    state = reader.log(arrival.origin)
                    served[arrival.origin] = 0 if state is None else state.served
                if arrival.stop > served[arrival.origin]:
                    self._oracle.waiting.add((reader.database, arrival.number))

    def _violated(self, what: str) -> None:
        self._oracle.violated(f"{self._name}: {what}")

    # -- 1, 2 and 4: logs and identities ----------------------------------------------------------

    def _check_identity(self, reader: LogReader, did: Did) -> None:
        history = reader.history(did)
        if did in self._oracle.honest - self._oracle.careless and history is not None and history.forked:
            self._violated(f"the identity {did} of an honest publisher is forked")

    def _check_log(self, reader: LogReader, origin: Origin) -> None:
        state = reader.log(origin)
        if state is None or state.standing is None:
            return
        if state.frozen:
            self._violated(f"the honest log {origin} is frozen")
        if state.checkpoint is not None and state.standing.key is not None:
            self._check_note(state, state.checkpoint)
        promised = self._oracle.receipts.get(origin, {})
        start = self._checked.get(origin, 0)
        for index, leaf in leaves_of(reader, origin, start, state.served):
            expected = promised.get(index)
            if expected is not None and leaf is not None and header_cid(leaf) != expected:
                self._violated(f"{origin} has {header_cid(leaf)} at {index}, promised was {expected}")
        self._checked[origin] = max(start, state.served)
        is_here = reader.hosted_log(origin) is not None and not self.is_set_back
        if is_here and state.standing.end is None and state.served <= max(promised, default=-1):
            self._violated(f"{origin} serves {state.served}, promised was {max(promised)}")

    def _check_note(self, state: LogState, note: bytes) -> None:
        assert state.standing is not None and state.standing.key is not None
        try:
            signed = open_checkpoint(note, state.origin, state.standing.key)
        except PeerError as error:
            self._violated(f"checkpoint of {state.origin}: {error}")
            return
        if self._oracle.trees.get(state.origin, {}).get(signed.size) != signed.root:
            self._violated(f"{state.origin}: a tree of {signed.size} that its host never signed")

    # -- 3 and 4: peers ---------------------------------------------------------------------------

    def _check_peer(self, reader: LogReader, peer: Peer) -> None:
        if peer.last_error and not peer.last_error.startswith(_NOT_THE_PEER):
            self._violated(f"the honest peer {peer.url} is charged with {peer.last_error}")
        cursor = None if peer.cursor is None else Cursor.from_bytes(peer.cursor)
        known = [] if cursor is None else self._oracle.arrivals.get(cursor.database, [])
        if cursor is None or not 0 < cursor.number <= len(known):
            return
        if known[cursor.number - 1].tag != cursor.tag:
            return  # of a history that was set back since
        before = self._covered.get(peer.url)
        start = before.number if before is not None and before.database == cursor.database else 0
        for arrival in known[start : cursor.number]:
            is_wanted = arrival.did in self._oracle.honest and (
                self._carries is None or arrival.did in self._carries
            )
            if is_wanted and (cursor.database, arrival.number) not in self._oracle.waiting:
                self._check_effect(reader, peer.url, arrival)
        self._covered[peer.url] = cursor

    def _check_effect(self, reader: LogReader, url: str, arrival: Arrival) -> None:
        if arrival.kind is ArrivalKind.EVENTS and reader.history(arrival.did) is None:
            self._violated(f"cursor of {url} covers arrival {arrival.number}, {arrival.did} is not here")
        if arrival.kind is not ArrivalKind.ENTRIES or not self._oracle.is_honest(arrival.origin):
            return
        state, history = reader.log(arrival.origin), reader.history(arrival.did)
        if history is not None and history.epoch(arrival.origin) is None:
            return  # of a branch that does not count here
        end = None if state is None or state.standing is None else state.standing.end
        wanted = arrival.stop if end is None else min(arrival.stop, end.size)
        held = 0 if state is None else state.held.size
        is_owed = (
            reader.offers(arrival.origin).get(url, 0) >= wanted
        )  # noted with the cursor, fetched from whoever has it
        if held < wanted and not is_owed:
            self._violated(
                f"cursor of {url} covers arrival {arrival.number}, {arrival.origin} has {held} of {wanted} leaves"
            )
