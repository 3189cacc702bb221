"""One conversation with a peer: its stream, what the stream shows to be missing here, or its static paths.

Trust: none. A peer can waste this conversation's time and bandwidth, within the limits, and nothing else.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final

from frostnode.ledger import EVERYONE
from frostnode.ports import LogReader
from frostnode.protocol.errors import IdentityError, LocalError
from frostnode.protocol.follow_actions import Gap, gap_to_end
from frostnode.protocol.head_ranges import Difference, HeadItem
from frostnode.protocol.log_state import is_behind
from frostnode.protocol.names import Did, Origin, parse_origin
from frostnode.replicate.conversation import NOT_THERE, WITHHELD, Conversation, Dids, Filled
from frostnode.replicate.ingest import Ingest
from frostnode.replicate.repair import absent_from, compare_heads, is_news, knows_tip
from frostnode.replicate.scope import not_lacking, read_lacking, read_scope, some_at_a_time, write_scope
from frostnode.replicate.world import Detail

_NO_CURSOR: Final = ("cursor.unknown", "cursor.malformed")


class Session(Conversation):
    """A conversation from its beginning: a cursor, or a comparison of heads; then what comes."""

    async def run(self, *, live: bool) -> None:
        """Take all that the peer has; when `live`, stay for what it will have.

        Raises:
            TransportError, PeerError, StorageError; LocalError, when the peer refuses to answer
        """
        cursor = await self._cursor()
        await self._fill_astray()
        ingest = self._ingest(self._status.url)
        if cursor is None:
            cursor = await self._agree(ingest)
        refusal = await self._arrivals(ingest, self._dids, cursor, live=live)
        if refusal is not None and cursor is not None and refusal.code in _NO_CURSOR:
            await self._write(lambda writer: writer.forget_cursor(self._status.url))
            cursor = await self._agree(ingest)
            refusal = await self._arrivals(ingest, self._dids, cursor, live=live)
        if refusal is not None:
            if refusal.code not in NOT_THERE:
                raise refusal
            self._status.is_static = True
            await self._source(self._ingest(None)).everything(self._dids, heads_only=self._heads_only)
            await self._reached()
        self._catch_up(is_done=not self._open)

    async def fetch(self, origin: Origin) -> int:
        """Take one log from the first leaf that is not here; answers how many came.

        Raises:
            TransportError, PeerError, StorageError; LocalError, when the peer refuses to answer
        """
        held = await self._world.worker.run(partial(self._held, origin))
        ingest = self._ingest(None)
        await self._log(ingest, origin, held)
        return ingest.entries

    async def fetch_bodies(self, origin: Origin, start: int) -> None:
        """Take what the peer has of the bodies that are missing here of one log, from leaf `start` on.

        Raises:
            TransportError, PeerError, StorageError; LocalError, when the peer refuses to answer
        """
        held = await self._world.worker.run(partial(self._held, origin))
        await self._source(self._ingest(None)).bodies(origin, start, held)

    def _held(self, origin: Origin) -> int:
        with self._world.store.read() as reader:
            state = reader.log(origin)
        return 0 if state is None else state.held.size

    async def _fill_astray(self) -> None:
        """Ask for the trees of ended epochs of which another one is held here."""
        for gap in await self._read(self._astray):
            await self.fill(gap)

    def _astray(self, reader: LogReader) -> list[Gap]:
        logs = [(parse_origin(origin).did, reader.log(origin)) for origin in reader.astray()]
        asked = self._dids
        return [gap_to_end(did, log) for did, log in logs if log and (asked is None or did in asked)]

    # -- comparing ----------------------------------------------------------------------------------

    async def _agree(self, ingest: Ingest) -> bytes | None:
        """Compare heads and take what differs; answers a cursor from before, None to begin anew.

        The cursor is stored when all that it covers is here, or known to be owed.
        """
        if self._status.is_static:
            return None
        try:
            found = await compare_heads(self._world, self._status.url, self._dids, self._status.detail)
        except LocalError as refusal:
            if refusal.code not in NOT_THERE:
                raise
            return await self._agree_by_pages()
        if found is None or found.is_mostly_missing(self._status.detail):
            return None
        await self._reached()
        differences = [each for each in found.differences if not self._is_passed_over(each.origin)]
        for difference in differences:
            if await self._read(partial(is_news, found=difference)):
                await self._take_difference(difference)
        await self._check_known(differences)
        if not self._heads_only:
            await self._take_absent([head.origin for head in found.mine])
        sizes = found.sizes()
        await self._write(lambda writer: writer.put_sources(self._status.url, sizes))
        ingest.keep_back(self._open)
        if not self._open:
            cursor = found.cursor
            await self._write(lambda writer: writer.peer_reached(self._status.url, cursor, ""))
        return found.cursor

    def _is_passed_over(self, origin: Origin) -> bool:
        """Whether a log is refused: nothing is asked of it, and nothing missed."""
        return self._door.passes_over(parse_origin(origin).did)

    async def _take_absent(self, origins: Sequence[Origin]) -> None:
        """Ask for leaves and bodies that are missing here of logs that are held: heads do not tell of them."""
        for origin, (leaf, body) in (await self._read(partial(absent_from, origins=origins))).items():
            if leaf is not None:
                await self._log(self._ingest(None), origin, leaf)
            if body is not None:
                await self.fetch_bodies(origin, body)

    async def _check_known(self, differences: Sequence[Difference]) -> None:
        """See that there is a history of whatever the peer lists: its stream will not tell it again.

        One that did not come with its log, which may have been slow, is asked for by itself.

        Raises:
            IdentityError: identity.unknown
        """
        listed = [each.origin for each in differences if each.theirs is not None]
        dids = [parse_origin(origin).did for origin in listed if not self._is_passed_over(origin)]
        for did in await self._read(partial(_unknown, dids=dids)):
            if did not in self._asked_for_history:
                await self._ask_history(self._ingest(None), did)
        for did in await self._read(partial(_unknown, dids=dids)):
            raise IdentityError("identity.unknown", f"history of {did}", found="no genesis event")

    async def _take_difference(self, difference: Difference) -> None:
        """Take what the peer has more of one log; where only heads are asked for, the identity and evidence."""
        origin, theirs = difference.origin, difference.theirs
        assert theirs is not None, "there is something to take"
        did = parse_origin(origin).did
        if self._heads_only:
            await self._note_difference(did, origin, theirs)
            return
        is_new = not await self._read(partial(knows_tip, head=theirs))
        if is_new and difference.mine is not None and did not in self._asked_for_history:
            await self._ask_history(self._ingest(None), did)
        gap = await self._read(partial(_to_ask, did=did, theirs=theirs))
        if await self.fill(gap) is Filled.WITHHELD:
            return
        if self._is_passed_over(origin) or self._stopped.get(origin) is not None:
            return
        if is_behind(await self._read(lambda reader: reader.log(origin)), gap.shown):
            self._open.append(gap)
            self._show()

    async def _note_difference(self, did: Did, origin: Origin, theirs: HeadItem) -> None:
        """Note what the peer can be asked for of one log: what a checkpoint proves, or what its end allows."""
        await self._ask_history(self._ingest(None), did)
        if theirs.disputed:
            await self._source(self._ingest(None)).evidence(origin)
        state = await self._read(lambda reader: reader.log(origin))
        if state is None or state.standing is None:
            return
        if state.standing.end is not None:
            await self._write(lambda writer: writer.put_sources(self._status.url, {origin: theirs.size}))
            self._behind([origin])
            return
        try:
            await self._source(self._ingest(None)).head(origin)
        except LocalError as refusal:
            if refusal.code not in (*NOT_THERE, WITHHELD):
                raise

    async def _agree_by_pages(self) -> bytes | None:
        """The same with a peer that has no ranges: its pages of heads, and a cursor from before they are read."""
        heads = self._ingest(None)
        if await self._arrivals(heads, self._dids, None, live=False, detail=Detail.HEADS) is not None:
            return None
        try:
            await self._source(self._ingest(None)).everything(self._dids, heads_only=self._heads_only)
        except LocalError as refusal:
            if refusal.code not in NOT_THERE:
                raise
            return None
        return heads.cursor

    async def again(self, dids: Sequence[Did]) -> None:
        """Fetch what was refused before and is carried now: identities, then each log from what is here on.

        Costs what is missing, not what is held. EVERYONE asks for all that the peer has.

        Raises:
            TransportError, PeerError, StorageError; LocalError, when the peer refuses to answer
        """
        self._door = self._world.door(self._status.url, anew=True)
        if EVERYONE in dids:
            refusal = await self._arrivals(self._ingest(None), None, None, live=False)
            if refusal is not None and refusal.code not in NOT_THERE:
                raise refusal
        for did in dids:
            if did == EVERYONE:
                continue
            await self._ask_history(self._ingest(None), did)
            for gap, bodies in await self._world.worker.run(partial(self._left, did)):
                await self.fill(gap, bodies)

    def _left(self, did: Did) -> list[tuple[Gap, int]]:
        """Where each log of a publisher goes on, and from which leaf on a body may be missing."""
        with self._world.store.read() as reader:
            return [
                (
                    Gap(did=did, origin=state.origin, held=state.held.size, shown=state.held.size),
                    next(iter(reader.missing_bodies(state.origin, 0, 1)), state.held.size),
                )
                for state in reader.logs(did)
            ]

    # -- cursor -----------------------------------------------------------------------------------

    async def _cursor(self) -> bytes | None:
        """Where to resume. Publishers that the cursor does not cover, or lacks, are caught up with before."""
        cursor, covered, lacking = await self._world.worker.run(self._stored)
        if cursor is not None and covered is not None:
            if self._dids is None:
                await self._write(lambda writer: writer.forget_cursor(self._status.url))
                cursor = None
            else:
                for dids in some_at_a_time(self._dids - covered):
                    await self._arrivals(self._ingest(None), dids, None, live=False)
        await self._ask_again(lacking, is_begun=cursor is not None)
        if covered != self._dids:
            await self._write(lambda writer: write_scope(writer, self._status.url, self._dids))
        return cursor

    async def _ask_again(self, lacking: dict[Did, int], *, is_begun: bool) -> None:
        """Catch up with those who were passed over; a stream that begins anew brings them by itself."""
        asked = frozenset(lacking) if self._dids is None else self._dids & lacking.keys()
        for dids in some_at_a_time(asked) if is_begun else ():
            await self._arrivals(self._ingest(None), dids, None, live=False)
        if asked:
            done = {did: lacking[did] for did in asked}
            await self._write(lambda writer: not_lacking(writer, self._status.url, done))

    def _stored(self) -> tuple[bytes | None, Dids, dict[Did, int]]:
        with self._world.store.read() as reader:
            peers = (peer.cursor for peer in reader.peers() if peer.url == self._status.url)
            url = self._status.url
            return next(peers, None), read_scope(reader, url), read_lacking(reader, url)


def _unknown(reader: LogReader, dids: Sequence[Did]) -> list[Did]:
    """Those of whom there is no history here, and not because they are blocked."""
    return [did for did in dict.fromkeys(dids) if reader.history(did) is None and reader.block(did) is None]


def _to_ask(reader: LogReader, did: Did, theirs: HeadItem) -> Gap:
    """What to ask of a log that the peer has otherwise: where as much is held, the leaves that show whose tree it is."""
    state = reader.log(theirs.origin)
    if state is not None and state.astray:
        return gap_to_end(did, state)
    held = 0 if state is None else state.held.size
    start = min(held, max(0, theirs.size - 1))
    return Gap(did=did, origin=theirs.origin, held=start, shown=theirs.size)
