"""The next act of a publisher: one that goes on from its last event, or one that overrules what a thief has done.

Both end the epoch that was open and may open the next (spec/02-identity.md#epochs-and-ends). Which keys sign is known
from the kits alone: authority key n for event n, recovery key k for recovery event number k on its path.
"""

from collections.abc import Sequence

from frostnode.identity.commitments import commit_kits
from frostnode.identity.kits import Kit, Purpose
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import IdentityError, LocalError
from frostnode.protocol.history import History
from frostnode.protocol.identity import (
    EMPTY_END,
    Commitment,
    End,
    Epoch,
    Event,
    Kind,
    SignedEvent,
    check_successor,
    sign_event,
)
from frostnode.protocol.keys import PublicKey
from frostnode.protocol.limits import IDENTITY_PATH_EVENTS_MAX


def next_event(
    history: History,
    kits: Sequence[Kit],
    *,
    following: Commitment | None,
    end: End,
    epoch: Epoch | None,
    time_ms: int,
) -> SignedEvent:
    """Build and sign the ordinary event after the last one that counts; it ends the open epoch at `end`.

    `following` commits to new kits; None stays with the ones that sign.

    Raises:
        LocalError: kit.mismatch, when these kits may not sign, or are too few
        IdentityError: identity.unknown without a history, identity.too-long
    """
    tip = _last(history)
    n = tip.event.n + 1
    _check_purpose(kits, Purpose.AUTHORITY)
    event = Event(
        kind=Kind.ORDINARY,
        n=n,
        prev=tip.cid,
        time=time_ms,
        keys=_keys(kits, n),
        next=following or same_kits(kits, n + 1, tip.event.next),
        end=end if tip.event.epoch is not None else EMPTY_END,
        epoch=epoch,
    )
    return _signed(history, event, kits, n)


def recovery_event(
    history: History,
    sheets: Sequence[Kit],
    *,
    after: Cid,
    following: Commitment,
    recovery: Commitment | None,
    end: End,
    epoch: Epoch | None,
    time_ms: int,
) -> SignedEvent:
    """Build and sign the event that makes `after` the last good one, voids what stands beside, and names new kits.

    `recovery` commits to new sheets; None stays with the ones that sign: their spent keys are never used again.

    Raises:
        LocalError: kit.mismatch, when these sheets may not sign, or are too few
        IdentityError: identity.unknown when `after` is not known, identity.too-long
    """
    last = history.event(after)
    if last is None:
        raise IdentityError("identity.unknown", f"event {after} of {history.did}")
    _check_purpose(sheets, Purpose.RECOVERY)
    k = recoveries(history, after)
    n = last.event.n + 1
    event = Event(
        kind=Kind.RECOVERY,
        n=n,
        prev=after,
        time=time_ms,
        keys=_keys(sheets, k),
        next=following,
        recovery=recovery or same_kits(sheets, k + 1, _recovery_set(history, after)),
        end=end if last.event.epoch is not None else EMPTY_END,
        epoch=epoch,
    )
    return _signed(history, event, sheets, k)


def recoveries(history: History, cid: Cid) -> int:
    """How many recovery events there are on the path down to an event: the number of the next one."""
    return sum(signed.event.kind is Kind.RECOVERY for signed in _path(history, cid))


def same_kits(kits: Sequence[Kit], n: int, made: Commitment) -> Commitment:
    """Commit to the next keys of the kits that sign, under the same threshold.

    Raises:
        LocalError: kit.mismatch, when others hold a kit too: their next keys are not known here
    """
    if len(kits) < len(made.hashes):
        raise LocalError(
            "kit.mismatch",
            "kits whose next keys are to be committed to",
            found=len(kits),
            expected=f"all {len(made.hashes)}",
            hint="give all kits, or make new ones with --new-kit",
        )
    return commit_kits(kits, n, made.threshold)


def _last(history: History) -> SignedEvent:
    if not history.path:
        raise IdentityError("identity.unknown", f"history of {history.did}", found="no genesis event")
    return history.path[-1]


def _path(history: History, cid: Cid) -> list[SignedEvent]:
    path = []
    at: Cid | None = cid
    while at is not None and (signed := history.event(at)) is not None:
        path.append(signed)
        at = signed.event.prev
    return path[::-1]


def _base(history: History, cid: Cid) -> SignedEvent:
    """The nearest recovery event at or above an event, or else genesis."""
    path = _path(history, cid)
    return next((signed for signed in reversed(path) if signed.event.kind is Kind.RECOVERY), path[0])


def _recovery_set(history: History, cid: Cid) -> Commitment:
    made = _base(history, cid).event.recovery
    if made is None:
        raise LocalError("kit.mismatch", f"{history.did} was founded without a recovery set")
    return made


def _check_purpose(kits: Sequence[Kit], purpose: Purpose) -> None:
    for kit in kits:
        if kit.label.purpose is not purpose:
            name = "an authority kit" if purpose is Purpose.AUTHORITY else "a recovery sheet"
            raise LocalError("kit.mismatch", "kit", found=f"of {kit.label.purpose}", expected=name)


def _keys(kits: Sequence[Kit], n: int) -> tuple[PublicKey, ...]:
    return tuple(sorted(kit.key(n).public for kit in kits))


def _signed(history: History, event: Event, kits: Sequence[Kit], n: int) -> SignedEvent:
    """Sign an event that its ancestors allow."""
    for kit in kits:
        if kit.label.did != history.did:
            raise LocalError(
                "kit.mismatch", "publisher of the kit", found=kit.label.did, expected=history.did
            )
    if event.n >= IDENTITY_PATH_EVENTS_MAX:
        raise IdentityError(
            "identity.too-long", "events", found=event.n + 1, expected=f"≤ {IDENTITY_PATH_EVENTS_MAX}"
        )
    assert event.prev is not None, "it follows one"
    prev, base = history.event(event.prev), _base(history, event.prev)
    assert prev is not None, "it was looked up"
    try:
        check_successor(event, prev.event, base.event)
    except IdentityError as error:
        raise LocalError(
            "kit.mismatch",
            f"keys for event {event.n} of {history.did}: {error.message}",
            found=error.found,
            expected=error.expected,
            hint="an older kit, one kit too few, or the history here is not the newest",
        ) from error
    return sign_event(event, [kit.key(n) for kit in kits])
