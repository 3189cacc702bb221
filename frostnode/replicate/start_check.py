"""Ask the carriers of an own log before its first signature after a start (spec/04-log.md#starting).

The home may have been set back: what it has signed since, others hold. Whoever signs then forks its own log.
Rules:
- one carrier that answers is enough to go on; what it has more is fetched first;
- with no answer publishing waits, visibly, for a grace time, and then goes on;
- a home that was copied, or put back from files, waits until somebody says that it is the only one;
- a log that nobody was ever seen to carry needs nobody's answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import trio

from frostnode.ports import LogReader
from frostnode.protocol.cosigners import Cosigner
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import START_ASK_INTERVAL_S
from frostnode.protocol.names import Did, Origin, parse_origin
from frostnode.replicate.carriers import carriers_of
from frostnode.replicate.fetch_history import fetch_history
from frostnode.replicate.survey import Heard, survey
from frostnode.replicate.world import World


@dataclass(slots=True, kw_only=True)
class StartCheck:
    """The check of one node. `waiting` says of which logs publishing waits, and why."""

    world: World
    named: Callable[[Did], Sequence[Cosigner] | None]
    own_url: str
    grace_s: float
    is_copy: bool = False
    waiting: dict[Origin, str] = field(default_factory=dict)
    _ready: set[Origin] = field(default_factory=set)
    _asking: dict[Origin, trio.Lock] = field(default_factory=dict)

    def confirm(self) -> None:
        """Somebody says that this home is the only copy."""
        self.is_copy = False

    async def ready(self, origin: Origin) -> None:
        """Wait until a log may be signed.

        Raises:
            LocalError: home.copied; StorageError
        """
        if origin in self._ready:
            return
        if self.is_copy:
            raise LocalError(
                "home.copied",
                "this home was copied, or put back from a backup",
                hint="if no other copy runs: `frost serve --i-am-the-only-copy`",
            )
        async with self._asking.setdefault(origin, trio.Lock()):
            if origin in self._ready:
                return
            try:
                await self._ask(origin)
            finally:
                self.waiting.pop(origin, None)
            self._ready.add(origin)

    async def _ask(self, origin: Origin) -> None:
        did = parse_origin(origin).did
        begun_s = self.world.clock.monotonic_s()
        while True:
            urls, is_carried = await self.world.worker.run(partial(self._carriers, did, origin))
            witnesses = await self.world.worker.run(partial(self.named, did)) or ()
            if not is_carried:
                return
            self.waiting[origin] = f"asks {len(urls)} carriers what they have of it"
            heard = await survey(self.world, did, urls, witnesses)
            answers = [one for one in heard if one.knows]
            if answers and await self._caught_up(did, origin, answers):
                return
            waited_s = self.world.clock.monotonic_s() - begun_s
            if not answers and waited_s >= self.grace_s:
                return
            left_s = max(0, round(self.grace_s - waited_s))
            self.waiting[origin] = (
                "others have more of it than is here, and it is being fetched"
                if answers
                else f"none of {len(urls)} carriers answers; it goes on without in {left_s} s"
            )
            await trio.sleep(START_ASK_INTERVAL_S)

    def _carriers(self, did: Did, origin: Origin) -> tuple[list[str], bool]:
        """Whom to ask, and whether anybody was ever seen to carry the log."""
        with self.world.store.read() as reader:
            urls = [url for url in carriers_of(reader, did) if url != self.own_url]
            state = reader.log(origin)
            lines = (
                0 if state is None or state.checkpoint is None else state.checkpoint.count("\n— ".encode())
            )
            return urls, bool(reader.offers(origin) or reader.leases() or lines > 1)

    async def _caught_up(self, did: Did, origin: Origin, heard: Sequence[Heard]) -> bool:
        """Whether all that anybody has shown of the log is here; it is fetched first."""
        best = max((one.head.size for one in heard if one.head), default=0)
        if await self.world.worker.run(partial(self._holds, origin, best)):
            return True
        await fetch_history(self.world, did, heard, _nobody_looks)
        return await self.world.worker.run(partial(self._holds, origin, best))

    def _holds(self, origin: Origin, size: int) -> bool:
        with self.world.store.read() as reader:
            return _is_settled(reader, origin) or _held(reader, origin) >= size


def _held(reader: LogReader, origin: Origin) -> int:
    state = reader.log(origin)
    return 0 if state is None else state.held.size


def _is_settled(reader: LogReader, origin: Origin) -> bool:
    """Whether nothing will be signed anyway: the epoch has ended, or is frozen."""
    state = reader.log(origin)
    return state is None or state.standing is None or state.standing.end is not None or state.frozen


async def _nobody_looks(what: str, done: int, total: int | None) -> None:
    """What waits is in the status."""
