"""What a follower judges a frame against: what is held, and on top what the batch so far has brought.

Rule: what is held is asked once for each batch, so that all of a batch is judged against one state.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from frostnode.protocol.follow_actions import TakeEntries
from frostnode.protocol.follow_witnesses import Remembered
from frostnode.protocol.history import EpochStanding, History
from frostnode.protocol.identity import End
from frostnode.protocol.leaf_run import LeafRun
from frostnode.protocol.log_state import LogState, is_behind
from frostnode.protocol.merkle import CompactRange
from frostnode.protocol.names import Did, Origin

_LAST_RUNS: Final = 4


class Held(Remembered, Protocol):
    """What the receiver holds already."""

    def history(self, did: Did) -> History | None: ...
    def log(self, origin: Origin) -> LogState | None: ...
    def leaf(self, origin: Origin, index: int) -> bytes | None:
        """A held leaf; None when it is withheld here."""

    def tree(self, origin: Origin, size: int) -> CompactRange:
        """The compact range of the first `size` held leaves."""


@dataclass(frozen=True, slots=True)
class Target:
    """The tree that entries are proven to: a signed checkpoint, or an epoch's end (no note needed)."""

    size: int
    root: bytes
    note: bytes | None


class HeldNow:
    """See the module. `judged` is the logs that the batch was judged against, as they were held.

    `shown` says how many leaves of each log the peer has proven in the batch to have.
    """

    def __init__(self, held: Held) -> None:
        self._held = held
        self._histories: dict[Did, History] = {}
        self._logs: dict[Origin, LogState] = {}
        self._runs: dict[Origin, list[LeafRun]] = {}
        self.judged: dict[Origin, LogState | None] = {}
        self.shown: dict[Origin, int] = {}

    def keep(self) -> None:
        """The batch was stored. Others may have stored more: look anew."""
        # All but the last run of leaves are stored by now; its bodies are likely to come next.
        self._runs = {origin: runs[-1:] for origin, runs in list(self._runs.items())[-_LAST_RUNS:]}
        self._look_anew()

    def undo(self) -> None:
        """The batch was not stored."""
        self._runs.clear()
        self._look_anew()

    def _look_anew(self) -> None:
        self._histories.clear()
        self._logs.clear()
        self.judged.clear()
        self.shown.clear()

    # -- histories ------------------------------------------------------------------------------------

    def history(self, did: Did) -> History | None:
        """The identity history of a publisher."""
        if did not in self._histories:
            history = self._held.history(did)
            if history is None:
                return None
            self._histories[did] = history
        return self._histories[did]

    def put_history(self, history: History) -> None:
        """The batch has brought events."""
        self._histories[history.did] = history

    # -- logs -----------------------------------------------------------------------------------------

    def log(self, origin: Origin, standing: EpochStanding | None) -> LogState:
        """The state of a log whose epoch stands so."""
        if origin not in self._logs:
            found = self.judged[origin] = self._held.log(origin)
            state = found or LogState(origin=origin, standing=standing)
            self._logs[origin] = state.standing_as(standing)
        return self._logs[origin]

    def put_log(self, state: LogState) -> None:
        """The batch has brought this log so far."""
        self._logs[state.origin] = state

    def grow(self, state: LogState, run: LeafRun, taken: TakeEntries) -> None:
        """The batch has brought these leaves of a run."""
        self.add_run(state.origin, run)
        self.put_log(
            replace(
                state,
                held=taken.growth.after,
                served=state.served if taken.served is None else taken.served,
                checkpoint=state.checkpoint if taken.served is None else taken.note,
                ahead=taken.ahead,
            )
        )

    def drop(self, state: LogState, size: int) -> LogState:
        """The batch has shown that only the first `size` leaves are of the tree that counts."""
        held = self.tree(state, size)
        self._runs.pop(state.origin, None)
        self.put_log(replace(state, held=held, served=0, checkpoint=None, ahead=None, astray=False))
        return self._logs[state.origin]

    def restand(self, origin: Origin, standing: EpochStanding | None) -> None:
        """The batch has brought events that make the epoch stand so."""
        if origin in self._logs:
            self._logs[origin] = self._logs[origin].standing_as(standing)

    def behind(self) -> list[Origin]:
        """The logs of which the peer has shown more than is held, or about to be."""
        return [origin for origin, size in self.shown.items() if is_behind(self._logs.get(origin), size)]

    # -- leaves ---------------------------------------------------------------------------------------

    def compare(self, origin: Origin, run: LeafRun) -> list[tuple[int, bytes]] | None:
        """Compare a run with what is held of it, as far as it is here and there: None when it is not the same.

        Answers what is here as a hash alone and could be carried.
        """
        held = self.leaves(origin, run.start, run.stop)
        lacking = run.lacking_in(held)
        if lacking or held == run.leaves:
            self.add_run(origin, run)
        return lacking

    def add_run(self, origin: Origin, run: LeafRun) -> None:
        """Leaves that are held now, from the batch or from before."""
        self._runs.setdefault(origin, []).append(run)

    def leaves(self, origin: Origin, start: int, stop: int) -> Sequence[bytes | None]:
        """Held leaves [start, stop) of one bundle, None where one is withheld."""
        for run in reversed(self._runs.get(origin, ())):
            if run.start <= start and stop <= run.stop:
                return run.leaves[start - run.start : stop - run.start]
        return [self._leaf(origin, index) for index in range(start, stop)]

    def _leaf(self, origin: Origin, index: int) -> bytes | None:
        for run in reversed(self._runs.get(origin, ())):
            if run.start <= index < run.stop:
                return run.leaf(index)
        return self._held.leaf(origin, index)

    def tree(self, state: LogState, size: int) -> CompactRange:
        """The compact range of the first `size` held leaves of a log that was looked at in this batch."""
        stored = self.judged[state.origin]
        if size == state.held.size:
            return state.held
        if stored is not None and size <= stored.held.size:
            return self._held.tree(state.origin, size)
        runs = self._runs[state.origin]
        return next(run.tree_before(size) for run in runs if run.start <= size <= run.stop)

    def shares(self, state: LogState, shown: Target | None, stop: int) -> bool:
        """Whether a head that the peer has shown covers leaves up to `stop`, and is of the tree that is held."""
        if shown is None or not stop <= shown.size <= state.held.size:
            return False
        return self.tree(state, shown.size).root() == shown.root

    def is_astray(self, state: LogState, end: End) -> bool:
        """Whether what is held up to the end of an epoch is another tree than that of the end."""
        return end.size <= state.held.size and self.tree(state, end.size).root() != end.root

    def astray(self, history: History) -> list[LogState]:
        """The logs of ended epochs of which another tree than the settled is held here."""
        logs = (self.log(standing.origin, standing) for standing in history.standing if standing.end)
        return [log for log in logs if log.astray]
