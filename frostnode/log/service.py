"""Many callers, one commit: what waits for a log is published together, so that its disk and key work once.

Every caller gets the receipts of its own entries, in its order, or the error of the commit that they were
in. A log whose signer is slow holds up nobody else's. A caller that goes away before its turn is left out;
after that its entries are published all the same.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import trio

from frostnode.log.sequencer import Receipt, Sequencer, Submission
from frostnode.ports import LogStore, Signer, Worker
from frostnode.protocol.errors import FrostError, LocalError
from frostnode.protocol.limits import (
    COMMIT_BYTES_MAX,
    COMMIT_ENTRIES_MAX,
    SUBMISSIONS_WAITING_BYTES_MAX,
    SUBMISSIONS_WAITING_MAX,
)
from frostnode.protocol.names import Origin


@dataclass(slots=True, eq=False)
class _Request:
    """One caller's entries, and what became of them."""

    origin: Origin
    entries: Sequence[Submission]
    done: trio.Event = field(default_factory=trio.Event)
    receipts: Sequence[Receipt] = ()
    error: FrostError | None = None
    is_abandoned: bool = False
    weight: int = field(init=False)

    def __post_init__(self) -> None:
        self.weight = sum(len(entry.header) + len(entry.body or b"") for entry in self.entries)


class Sequencing:
    """The door to this home's own logs. `published` is called after each commit, as a hint.

    `ready` is waited for before a log is signed: it may raise what `submit` then answers.
    """

    def __init__(
        self,
        store: LogStore,
        signer: Signer,
        worker: Worker,
        published: Callable[[], None],
        ready: Callable[[Origin], Awaitable[None]] | None = None,
    ) -> None:
        self._sequencer = Sequencer(store, signer, worker)
        self._published = published
        self._ready = ready
        self._send, self._receive = trio.open_memory_channel[_Request](SUBMISSIONS_WAITING_MAX)
        self._lanes: dict[Origin, deque[_Request]] = {}
        self._waiting = self._waiting_bytes = 0
        self._is_stopped = False

    async def submit(self, origin: Origin, entries: Sequence[Submission]) -> Sequence[Receipt]:
        """Publish entries and wait until they are signed and served; none to finish what an error left waiting.

        Raises:
            LocalError: queue.full, and nothing was done; or what `Sequencer.commit` raises, and the entries
                may have been published, or may come to be: submitting the same ones again tells
            StorageError: the same
        """
        request = _Request(origin, entries)
        self._check_room(request)
        self._waiting += 1
        self._waiting_bytes += request.weight
        try:
            self._send.send_nowait(request)
            await request.done.wait()
        finally:
            request.is_abandoned = True
            self._waiting -= 1
            self._waiting_bytes -= request.weight
        if request.error is not None:
            raise request.error
        return request.receipts

    def _check_room(self, request: _Request) -> None:
        if self._is_stopped:
            raise _stopped()
        if self._waiting >= SUBMISSIONS_WAITING_MAX:
            raise LocalError(
                "queue.full",
                "submissions waiting",
                found=self._waiting + 1,
                expected=f"≤ {SUBMISSIONS_WAITING_MAX}",
                hint="try again",
            )
        total = self._waiting_bytes + request.weight
        if self._waiting and total > SUBMISSIONS_WAITING_BYTES_MAX:
            raise LocalError(
                "queue.full",
                "bytes waiting to be published",
                found=total,
                expected=f"≤ {SUBMISSIONS_WAITING_BYTES_MAX}",
                hint="try again",
            )

    async def run(self) -> None:
        """Publish what is submitted, until cancelled; who still waits then is told."""
        try:
            async with trio.open_nursery() as nursery:
                async for request in self._receive:
                    lane = self._lanes.get(request.origin)
                    if lane is None:
                        self._lanes[request.origin] = lane = deque()
                        nursery.start_soon(self._drain, request.origin, lane)
                    lane.append(request)
        finally:
            self._is_stopped = True
            _fail(self._unheard(), _stopped())

    def _unheard(self) -> list[_Request]:
        requests = [request for lane in self._lanes.values() for request in lane]
        while True:
            try:
                requests.append(self._receive.receive_nowait())
            except trio.WouldBlock:
                return requests

    async def _drain(self, origin: Origin, lane: deque[_Request]) -> None:
        """Commit all that waits for one log, and what comes meanwhile."""
        while lane:
            requests = _take(lane)
            if requests:
                await self._commit(origin, requests)
        del self._lanes[origin]

    async def _commit(self, origin: Origin, requests: Sequence[_Request]) -> None:
        try:
            if self._ready is not None:
                await self._ready(origin)
            receipts = await self._sequencer.commit(
                origin, [entry for one in requests for entry in one.entries]
            )
        except FrostError as error:
            if (
                error.code == "record.withheld" and len(requests) > 1
            ):  # one of them is at fault: nobody else fails
                for request in requests:
                    await self._commit(origin, [request])
                return
            _fail(requests, error)
            return
        except BaseException:  # cancelled, or a fault of ours: nobody shall wait for ever
            _fail(requests, _stopped())
            raise
        at = 0
        for request in requests:
            request.receipts = receipts[at : at + len(request.entries)]
            request.done.set()
            at += len(request.entries)
        self._published()


def _take(lane: deque[_Request]) -> list[_Request]:
    """The next requests that one commit has room for; at least one, if anybody still waits for it."""
    taken: list[_Request] = []
    entries = weight = 0
    while lane:
        entries += len(lane[0].entries)
        weight += lane[0].weight
        if taken and (entries > COMMIT_ENTRIES_MAX or weight > COMMIT_BYTES_MAX):
            break
        request = lane.popleft()
        if not request.is_abandoned:
            taken.append(request)
    return taken


def _fail(requests: Sequence[_Request], error: FrostError) -> None:
    for request in requests:
        request.error = error
        request.done.set()


def _stopped() -> LocalError:
    return LocalError("queue.full", "publishing has stopped", hint="try again when the node runs")
