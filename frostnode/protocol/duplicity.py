"""Two histories that one publisher signed: told so that people can judge, and handed on with a proof.

Rules (spec/02-identity.md#duplicity, spec/06-proofs.md#format):
- a place where more than one event is known is told with all that is kept of it, the followed one first;
- it is settled by a recovery event below it, and stays to be seen;
- what is handed on are events as they were signed, ancestors first: whoever gets them judges for himself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.dates import date_text
from frostnode.protocol.history import Fork, History
from frostnode.protocol.identity import Kind, SignedEvent
from frostnode.protocol.keys import to_multibase
from frostnode.protocol.limits import PROOF_RIVALS_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Branching:
    """Where a history parts. `rivals` compete below `after`, the one that counts first; `followed` is None where none does.

    Of recovery events `after` is the recovery event before them, or genesis, whatever they name. `settled_by` is the recovery event that has decided it for everyone, None while nothing has.
    """

    kind: Kind
    after: SignedEvent
    rivals: tuple[SignedEvent, ...]
    followed: Cid | None
    settled_by: Cid | None


def branchings(history: History) -> tuple[Branching, ...]:
    """Every place on the path with more than one event, in the order of the path."""
    return tuple(_branching(history, fork) for fork in history.forks)


def is_duplicitous(history: History) -> bool:
    """Whether two histories are known of which nothing has decided for everyone."""
    return any(not fork.settled for fork in history.forks)


def _branching(history: History, fork: Fork) -> Branching:
    cids = (*([fork.followed] if fork.followed else []), *fork.others)
    rivals = [event for cid in cids if (event := history.event(cid)) is not None]
    after = history.event(fork.place.event)
    assert after is not None  # a place on the path
    below = (signed for signed in history.path if signed.event.n > after.event.n)
    recovery = next((signed.cid for signed in below if signed.event.kind is Kind.RECOVERY), None)
    return Branching(
        kind=fork.place.kind,
        after=after,
        rivals=tuple(rivals),
        followed=fork.followed,
        settled_by=recovery if fork.settled else None,
    )


# -- told ---------------------------------------------------------------------------------------------


def branching_json(branching: Branching) -> dict[str, Any]:
    """The plain form: {kind, after: {n, cid}, followed, settled_by, rivals: [event_json with `followed`]}."""
    return {
        "kind": str(branching.kind),
        "after": {"n": branching.after.event.n, "cid": str(branching.after.cid)},
        "followed": str(branching.followed) if branching.followed else None,
        "settled_by": str(branching.settled_by) if branching.settled_by else None,
        "rivals": [
            {**event_json(signed), "followed": signed.cid == branching.followed}
            for signed in branching.rivals
        ],
    }


def event_json(signed: SignedEvent) -> dict[str, Any]:
    """The plain form of one event: {cid, n, kind, time_ms, host, log_key}; host and key are of the epoch that it opens."""
    epoch = signed.event.epoch
    return {
        "cid": str(signed.cid),
        "n": signed.event.n,
        "kind": signed.event.kind,
        "time_ms": signed.event.time,
        "host": epoch.url if epoch else "",
        "log_key": to_multibase(epoch.key) if epoch else None,
    }


def state_branching(branching: Branching) -> str:
    """The same in words, for people."""
    after = f"event {branching.after.event.n} ({branching.after.cid})"
    lines = [f"Two histories of this publisher were signed: after identity {after} come"]
    for rival in branching.rivals:
        epoch = rival.event.epoch
        host = f" at {epoch.url!r}" if epoch and epoch.url else ""
        mark = ", which counts here" if rival.cid == branching.followed else ""
        lines.append(
            f"- event {rival.event.n} ({rival.cid}){host}, of {date_text(rival.event.time // 1000)} as it says{mark};"
        )
    if branching.settled_by is not None:
        lines.append(f"recovery event {branching.settled_by} has settled it.")
    else:
        lines.append("nothing has settled it: ask others which of them they follow.")
    return "\n".join(lines)


# -- handed on ----------------------------------------------------------------------------------------


def handed_on(history: History) -> tuple[SignedEvent, ...]:
    """The events off the path that a proof carries: rivals, with their ancestors, ancestors first.

    Recovery events and what is not settled go first, while there is room for PROOF_RIVALS_MAX events.
    """
    chosen: set[Cid] = set()
    for fork in sorted(history.forks, key=lambda fork: (fork.place.kind is not Kind.RECOVERY, fork.settled)):
        room = _rivals_max(fork) - sum(cid in chosen for cid in fork.others)
        wanted = [cid for cid in fork.others if cid not in chosen][: max(room, 0)]
        more = chosen.union(*(_above(history, cid) for cid in wanted))
        if len(more) <= PROOF_RIVALS_MAX:
            chosen = more
    return tuple(signed for signed in history.events if signed.cid in chosen)


def fits(history: History, cids: Iterable[Cid]) -> bool:
    """Whether these are the events that a proof may carry beside the path of `history`, and no others.

    A place has no more rivals than it takes to show it, unless recovery events that are shown stand on them.
    """
    recoveries = [fork for fork in history.forks if fork.place.kind is Kind.RECOVERY]
    stood_on = {at for fork in recoveries for cid in fork.others for at in _above(history, cid) if at != cid}
    needed: set[Cid] = set()
    for fork in history.forks:
        if len(fork.others) > _rivals_max(fork) and not stood_on.issuperset(fork.others):
            return False
        needed.update(*(_above(history, cid) for cid in fork.others))
    return set(cids) == needed


def _rivals_max(fork: Fork) -> int:
    """Two events of a place show it; of undecided recovery events all count, as the path is what all share."""
    if fork.followed is None and fork.place.kind is Kind.RECOVERY:
        return len(fork.others)
    return 1 if fork.followed else 2


def _above(history: History, cid: Cid) -> set[Cid]:
    """An event and its ancestors, up to the path."""
    counts = {signed.cid for signed in history.path}
    found: set[Cid] = set()
    at: Cid | None = cid
    while at is not None and at not in counts:
        found.add(at)
        signed = history.event(at)
        at = signed.event.prev if signed else None
    return found
