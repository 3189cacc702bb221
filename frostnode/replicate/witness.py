"""Cosign what is carried: the largest tree of each log that is held completely, for whoever asks this node.

Rules (spec/04-log.md#witnesses):
- only an open epoch that counts here, of an identity that is not forked, whose key signed one tree alone;
- only the tree that is served, for a smaller one is not the largest that was seen, and of a larger one the
  leaves are not here; a log that is written here is not cosigned: that would be the host vouching for itself;
- nothing for a log in which nothing happens, and of one at most one cosignature in COSIGN_INTERVAL_S.

What is to be cosigned is found by comparing heads with the witness's memory once, and then by following the
arrivals: a hint that is lost, or a crash, costs time and nothing else. Requests are answered in other threads
meanwhile: what is pending or resting is looked at in copies, and the witness compares by itself.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeVar

import trio

from frostnode.bell import Bell
from frostnode.log.withheld import check_shown
from frostnode.ports import ArrivalKind, Clock, LogReader, LogStore, Worker
from frostnode.protocol.checkpoint import Checkpoint, parse_checkpoint_text
from frostnode.protocol.errors import LocalError, LogError, StorageError
from frostnode.protocol.limits import (
    COSIGN_BATCH_MAX,
    COSIGN_DELAY_S,
    COSIGN_INTERVAL_S,
    PEERS_CHECK_S,
    STREAM_BATCH_ARRIVALS_MAX,
)
from frostnode.protocol.log_state import LogState
from frostnode.protocol.merkle import EMPTY_ROOT, Hash, compact_range
from frostnode.protocol.names import Did, Origin, parse_origin
from frostnode.protocol.note import parse_note
from frostnode.protocol.witness import judge, parse_add_checkpoint
from frostnode.witness_port import Cosigned, CosignRequest, Witness

T = TypeVar("T")

_GROWING: Final = frozenset({ArrivalKind.ENTRIES, ArrivalKind.RESTORED})


def _everyone(_: Did) -> bool:
    return True


@dataclass(slots=True)
class Witnessing:
    """The witness of one node. `refused` says of which logs it cosigns nothing further, and why."""

    store: LogStore
    witness: Witness
    worker: Worker
    clock: Clock
    bell: Bell
    carries: Callable[[Did], bool] = _everyone
    refused: dict[Origin, str] = field(default_factory=dict)
    _pending: dict[Origin, None] = field(default_factory=dict)
    _resting: dict[Origin, float] = field(default_factory=dict)
    """Until when (monotonic) a log gets no further cosignature."""
    _after: int = 0

    async def run(self) -> None:
        """Cosign for ever. A disk that fails is tried again."""
        await self._trying(self._compare_heads)
        while True:
            heard = self.bell.listen()
            await self._trying(self._follow)
            while (due := self._due()) and await self._trying(partial(self._cosign, due)):
                await trio.lowlevel.checkpoint()
            await heard.wait(self._rest_s())
            await trio.sleep(COSIGN_DELAY_S)  # what comes in a burst is cosigned once

    async def _trying(self, work: Callable[[], None]) -> bool:
        try:
            await self.worker.run(work)
        except StorageError:
            return False
        return True

    def _rest_s(self) -> float:
        """Until the next log that waits may be cosigned."""
        now = self.clock.monotonic_s()
        waits = (self._resting.get(origin, now) - now for origin in list(self._pending))
        return max(0.0, min(waits, default=PEERS_CHECK_S))

    # -- what is to be cosigned -----------------------------------------------------------------------

    def _compare_heads(self) -> None:
        with self.store.read() as reader:
            self._after = reader.last_arrival()
            page = 0
            while heads := reader.heads(page):
                for head in heads:
                    last = self.witness.last(head.origin)
                    if head.size > (0 if last is None else last.size):
                        self._pending[head.origin] = None
                page += 1

    def _follow(self) -> None:
        with self.store.read() as reader:
            while arrivals := reader.arrivals(self._after, STREAM_BATCH_ARRIVALS_MAX):
                for arrival in arrivals:
                    if arrival.kind in _GROWING:
                        self._pending[arrival.origin] = None
                self._after = arrivals[-1].number

    def _due(self) -> list[Origin]:
        now = self.clock.monotonic_s()
        self._resting = {origin: until for origin, until in list(self._resting.items()) if until > now}
        due = [origin for origin in list(self._pending) if origin not in self._resting]
        return due[:COSIGN_BATCH_MAX]

    # -- cosigning ------------------------------------------------------------------------------------

    def _cosign(self, origins: list[Origin]) -> None:
        """Cosign the served trees of these logs, as far as that may be, in one act."""
        for origin in origins:
            del self._pending[origin]
        try:
            with self.store.read() as reader:
                found = [self._request(reader, origin) for origin in origins]
            requests = [request for request in found if request is not None]
            answers = self.witness.cosign(requests, self._now_s()) if requests else []
        except StorageError:
            self._pending |= dict.fromkeys(origins)
            raise
        for request, answer in zip(requests, answers, strict=True):
            if answer is None:
                self._pending[request.origin] = None  # another was faster: look again
            else:
                self._rest(request.origin)

    def _request(self, reader: LogReader, origin: Origin) -> CosignRequest | None:
        """What to cosign of a log now; None when it is nothing."""
        state, last = self._cosignable(reader, origin), self.witness.last(origin)
        if state is None or state.checkpoint is None or self._is_resting(origin, last):
            return None
        size, root = (0, EMPTY_ROOT) if last is None else (last.size, last.root)
        if state.served <= size:
            return None
        if _root_at(reader, state, size) != root:
            self.refused[origin] = f"the tree of {size} that was cosigned is not the one that is held"
            return None
        self.refused.pop(origin, None)
        signed = parse_checkpoint_text(parse_note(state.checkpoint).text)
        if signed != Checkpoint(origin, state.served, _root_at(reader, state, state.served)):
            return None
        return CosignRequest(
            origin=origin,
            old_size=size,
            old_root=root,
            size=signed.size,
            root=signed.root,
            note=state.checkpoint,
        )

    def _is_resting(self, origin: Origin, last: Cosigned | None) -> bool:
        """Whether the last cosignature is too young; after a restart only its own time tells, if the clock is right."""
        if self._resting.get(origin, 0) > self.clock.monotonic_s():
            return True
        if last is None or not 0 <= (age_s := self._now_s() - last.time_s) < COSIGN_INTERVAL_S:
            return False
        self._resting[origin] = self.clock.monotonic_s() + COSIGN_INTERVAL_S - age_s
        self._pending[origin] = None
        return True

    def _rest(self, origin: Origin) -> None:
        self._resting[origin] = self.clock.monotonic_s() + COSIGN_INTERVAL_S

    def _now_s(self) -> int:
        return self.clock.now_ms() // 1000

    def _cosignable(self, reader: LogReader, origin: Origin) -> LogState | None:
        """The state of a log that may be cosigned here; None when there is none."""
        state = reader.log(origin)
        if state is None or state.standing is None or not state.standing.accepts or state.frozen:
            return None
        did = parse_origin(origin).did
        if reader.hosted_log(origin) is not None or reader.block(did) is not None or not self.carries(did):
            return None
        return state

    # -- being asked ----------------------------------------------------------------------------------

    async def last(self, digest: bytes) -> Cosigned | None:
        """What was cosigned last of the log whose origin has this SHA-256, if it is carried.

        Raises:
            LocalError: record.withheld, for a blocked publisher
        """
        return await self.worker.run(lambda: self._last(digest))

    def _last(self, digest: bytes) -> Cosigned | None:
        last = self.witness.last_by_digest(digest)
        if last is None:
            return None
        did = parse_origin(last.origin).did
        with self.store.read() as reader:
            check_shown(reader, did)
        return last if self.carries(did) else None

    async def add_checkpoint(self, data: bytes) -> Cosigned:
        """Answer a request to cosign: the cosignature that is remembered now.

        Raises:
            LogError: witness.malformed, .signature, .conflict, tree.root; TreeError
            LocalError: witness.unknown, .ahead, .early; StorageError
        """
        return await self.worker.run(lambda: self._add_checkpoint(data))

    def _add_checkpoint(self, data: bytes) -> Cosigned:
        request, checkpoint = parse_add_checkpoint(data)
        origin = checkpoint.origin
        with self.store.read() as reader:
            state = self._cosignable(reader, origin)
            if state is None or state.standing is None or state.standing.key is None:
                raise LocalError("witness.unknown", f"{origin} is no log that is cosigned here")
            last = self.witness.last(origin)
            size, root = (0, EMPTY_ROOT) if last is None else (last.size, last.root)
            judge(request, checkpoint, state.standing.key, size, root)
            if last is not None and (checkpoint.size, checkpoint.root) == (size, root):
                return last
            newest = self._request(reader, origin)
            self._check_held(reader, state, checkpoint)
        if self._is_resting(origin, last):
            raise LocalError("witness.early", f"{origin} was cosigned a moment ago")
        asked = CosignRequest(
            origin=origin,
            old_size=size,
            old_root=root,
            size=checkpoint.size,
            root=checkpoint.root,
            note=request.note,
        )
        is_all = checkpoint.size == state.served
        (answer,) = self.witness.cosign([asked if newest is None or is_all else newest], self._now_s())
        self._rest(origin)
        if answer is None or not is_all:
            last = self.witness.last(origin)
            found = 0 if last is None else last.size
            raise LogError("witness.conflict", f"old size of {origin}", found=request.old, expected=found)
        return answer

    def _check_held(self, reader: LogReader, state: LogState, checkpoint: Checkpoint) -> None:
        if checkpoint.size > state.served:
            raise LocalError(
                "witness.ahead",
                f"leaves of {state.origin} here",
                found=state.served,
                expected=checkpoint.size,
            )
        held = _root_at(reader, state, checkpoint.size)
        if held != checkpoint.root:
            raise LogError(
                "tree.root", f"root at size {checkpoint.size}", found=checkpoint.root, expected=held
            )


def _root_at(reader: LogReader, state: LogState, size: int) -> Hash:
    """The root of the first `size` of the held leaves."""
    if size == state.held.size:
        return state.held.root()
    return compact_range(size, reader.node_at(state.origin)).root()
