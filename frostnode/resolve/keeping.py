"""Keep what is known of handles up to date: ask the domains that profiles claim, again and again, a few at a time.

Rules (spec/11-handles-and-resolution.md#checking):
- a domain is asked once for all publishers that claim it: whoever makes many of them makes no more requests;
- a domain that says no takes its word back at once, in the way in which it gave it; one that does not answer there keeps it until
  it expires;
- whom this node hosts, follows or has verified is asked for before everyone else: a crowd of strangers delays strangers;
- rounds are spread by chance, and failures are asked again later each time.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import trio

from frostnode.bell import Bell
from frostnode.handle_port import HandleCheck
from frostnode.ports import CatalogStore, Clock, LogStore, Random, Worker
from frostnode.protocol.errors import StorageError
from frostnode.protocol.handles import Handle
from frostnode.protocol.limits import (
    HANDLE_CHECK_S,
    HANDLE_GATHER_S,
    HANDLE_LOOK_UPS_MAX,
    HANDLE_RECHECK_S,
    HANDLE_RETRY_S,
    HANDLES_AT_ONCE_MAX,
    REASON_CHARS_MAX,
)
from frostnode.protocol.names import Did
from frostnode.protocol.records import PROFILE, PROFILE_KEY
from frostnode.resolve.domains import Domains, DomainSays


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is to be asked now: domains with the publishers that claim them. What nobody claims any more is forgotten."""

    claims: dict[Handle, list[Did]] = field(default_factory=dict)
    gone: list[Did] = field(default_factory=list)


class HandleKeeper:
    """See the module. `rank` says who comes first, the lower the sooner, and None for whom nobody is asked.

    `wanted` are domains whose publishers are taken before their profiles are known.
    """

    def __init__(
        self,
        *,
        store: LogStore,
        catalog: CatalogStore,
        worker: Worker,
        clock: Clock,
        random: Random,
        domains: Domains,
        rank: Callable[[Did], int | None],
        wanted: Callable[[], Iterable[Handle]],
        changed: Callable[[], Awaitable[None]],
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._worker = worker
        self._clock = clock
        self._random = random
        self._rank = rank
        self._wanted = wanted
        self._changed = changed
        self._asked: dict[Handle, int] = {}
        self.domains = domains

    async def run(self, projected: Bell) -> None:
        """Go on until cancelled. A disk that fails now may not the next time."""
        while True:
            heard = projected.listen()
            try:
                is_more = await self.look()
            except StorageError:
                is_more = False
            if not is_more:
                await heard.wait(HANDLE_CHECK_S)
                await trio.sleep(HANDLE_GATHER_S)

    async def look(self) -> bool:
        """One round; answers whether more is due already."""
        due = await self._worker.run(self.due)
        asked = dict(list(due.claims.items())[:HANDLES_AT_ONCE_MAX])
        if due.gone:
            await self._worker.run(lambda: self._forget(due.gone))
        says: dict[Handle, DomainSays] = {}
        limiter = trio.CapacityLimiter(HANDLE_LOOK_UPS_MAX)

        async def ask(handle: Handle) -> None:
            async with limiter:
                says[handle] = await self.domains.ask(handle)

        async with trio.open_nursery() as nursery:
            for handle in asked:
                nursery.start_soon(ask, handle)
        if says:
            await self._worker.run(lambda: self._note({handle: asked[handle] for handle in says}, says))
        await self._changed()
        return len(due.claims) > len(asked)

    async def check(self, handle: Handle) -> DomainSays:
        """Ask one domain now, and note it for all who claim it."""
        says = await self.domains.ask(handle)

        def note() -> None:
            with self._catalog.read() as catalog:
                claimants = [did for did, claimed in catalog.handles().items() if claimed == handle]
            self._note({handle: claimants}, {handle: says})

        await self._worker.run(note)
        await self._changed()
        return says

    def due(self) -> Due:
        """What is to be asked by now, by rank, then the longest waiting first."""
        now_ms = self._clock.now_ms()
        wanted = set(self._wanted())
        with self._store.read() as log, self._catalog.read() as catalog:
            checks = {check.did: check for check in log.handle_checks()}
            claims = catalog.handles()
            gone = [
                did
                for did, check in checks.items()
                if did not in claims
                and (check.handle not in wanted or catalog.current(did, PROFILE, PROFILE_KEY) is not None)
            ]
        waiting: list[tuple[int, int, Handle]] = []
        by_handle: dict[Handle, list[Did]] = {}
        for did, handle in claims.items():
            by_handle.setdefault(handle, []).append(did)
            check = checks.get(did)
            again_ms = check.again_ms if check is not None and check.handle == handle else 0
            rank = self._rank(did)
            if again_ms <= now_ms and rank is not None:
                waiting.append((rank, again_ms, handle))
        waiting += [
            (0, self._asked.get(handle, 0), handle)
            for handle in wanted
            if self._asked.get(handle, 0) <= now_ms
        ]
        handles = dict.fromkeys(handle for *_, handle in sorted(waiting))
        return Due(claims={handle: by_handle.get(handle, []) for handle in handles}, gone=gone)

    def _forget(self, dids: list[Did]) -> None:
        with self._store.write() as writer:
            writer.drop_handle_checks(dids)

    def _note(self, claims: Mapping[Handle, list[Did]], says: Mapping[Handle, DomainSays]) -> None:
        wanted = set(self._wanted())
        with self._store.write() as writer, self._catalog.read() as catalog:
            for handle, dids in claims.items():
                told = says[handle]
                concerned = dict.fromkeys(dids)
                if handle in wanted:
                    self._asked[handle] = self._again(0 if told.is_answer else 1)
                    unknown = (
                        did for did in told.named if catalog.current(did, PROFILE, PROFILE_KEY) is None
                    )
                    concerned |= dict.fromkeys(unknown)
                writer.put_handle_checks(
                    [self._judged(writer.handle_check(did), did, handle, told) for did in concerned]
                )

    def _judged(self, before: HandleCheck | None, did: Did, handle: Handle, told: DomainSays) -> HandleCheck:
        """What is known of a claim now, after what was known of it before."""
        now_ms = self._clock.now_ms()
        known = before if before is not None and before.handle == handle else None
        fresh = HandleCheck(
            did=did,
            handle=handle,
            verified_ms=None,
            checked_ms=now_ms,
            again_ms=self._again(0),
            failures=0,
            how="",
            reason="",
        )
        if did in told.named:
            return replace(fresh, verified_ms=now_ms, how=told.named[did])
        if told.is_answer:
            other = "other publishers" if told.named else "no publisher"
            reason = f"{handle} names {other}{f' ({told.reason})' if told.reason else ''}"
            return replace(fresh, reason=reason[:REASON_CHARS_MAX])
        failures = known.failures + 1 if known is not None else 1
        silent = replace(
            fresh, again_ms=self._again(failures), failures=failures, reason=told.reason[:REASON_CHARS_MAX]
        )
        if known is None or known.verified_ms is None:
            return silent
        if known.how in told.silent:
            return replace(silent, verified_ms=known.verified_ms, how=known.how)
        reason = f"{handle} names it no longer by {known.how} ({told.reason})"
        return replace(silent, reason=reason[:REASON_CHARS_MAX])

    def _again(self, failures: int) -> int:
        """When to ask again: spread over half an interval, which doubles with each failure up to the usual one."""
        wait_s = HANDLE_RECHECK_S
        if failures:
            wait_s = min(wait_s, HANDLE_RETRY_S * 2 ** min(failures - 1, 16))
        return self._clock.now_ms() + int(wait_s * 1000 * (0.75 + self._random.fraction() / 2))
