"""Somebody at each machine who wants to be told of everything, and whether they were: of what is held, and of nothing else.

What was told, folded in order, is what counts: published entries are there, retracted ones are not.
"""

from collections.abc import Iterable

from frostnode.log.content import headers_of
from frostnode.notify_port import BEGINNING, Form, InboxItem, NotifyStore, Watch, WatchState
from frostnode.operations.parts import Parts
from frostnode.ports import LogReader
from frostnode.protocol.log_state import LogState
from frostnode.protocol.names import Origin
from frostnode.protocol.notice import ChangeKind

EARS = "ears"
"""The id of the watch."""

_ALL = 1_000_000


def listen(parts: Parts) -> None:
    """Be told of everything from the beginning, if that is not so already."""
    with parts.notices.read() as reader:
        if reader.watch(EARS) is not None:
            return
    parts.watches.put(
        Watch(
            id=EARS,
            target="*",
            form=Form.INBOX,
            created_ms=parts.clock.now_ms(),
            told=BEGINNING,
            state=WatchState.BEHIND,
        )
    )


def told_wrong(parts: Parts, *, is_set_back: bool) -> str:
    """What was told and does not count, or counts and was not told; "" when it is the same. Nothing may be on its way.

    A store that was set back may have lost for ever what was told: nobody knows of it any more.
    """
    while parts.matching.step():
        pass
    told = _told(parts.notices)
    with parts.log.read() as log:
        counts = set(counting(log))
    if lacking := sorted(counts - told):
        return f"never told: {_brief(lacking)}"
    if not is_set_back and (idle := sorted(told - counts)):
        return f"told and never retracted: {_brief(idle)}"
    return ""


def _told(store: NotifyStore) -> set[tuple[Origin, int]]:
    with store.read() as reader:
        items = reader.inbox(limit=_ALL)
    told: set[tuple[Origin, int]] = set()
    for item in reversed(items):
        _hear(told, item)
    return told


def _hear(told: set[tuple[Origin, int]], item: InboxItem) -> None:
    change = item.due.change
    match change.kind:
        case ChangeKind.PUT | ChangeKind.WITHDRAWN | ChangeKind.CONTENT | ChangeKind.RESTORED:
            told.add((change.origin, change.index))
        case ChangeKind.RETRACTED:
            told.discard((change.origin, change.index))
        case ChangeKind.MOVED | ChangeKind.TEST:
            """No entry is concerned."""


def counting(log: LogReader) -> Iterable[tuple[Origin, int]]:
    """Every readable entry that counts and is not blocked here."""
    for did in log.dids():
        if log.block(did) is not None:
            continue
        blocked = {(block.type, block.key) for block in log.blocks(did)}
        for state in log.logs(did):
            for index, _, header in headers_of(log, state.origin, 0, _announced(log, state)):
                if (header.type, header.key) not in blocked:
                    yield state.origin, index


def _announced(log: LogReader, state: LogState) -> int:
    """How many leaves count and can be told of: what a host has written ahead and not signed is nobody's business yet."""
    is_open_here = log.hosted_log(state.origin) is not None and state.standing and state.standing.end is None
    return min(state.counted, state.served if is_open_here else state.held.size)


def _brief(places: list[tuple[Origin, int]]) -> str:
    return ", ".join(f"{origin[-12:]} {index}" for origin, index in places[:8])
