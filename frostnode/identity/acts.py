"""The next act of a publisher: one that goes on from its last event, or one that overrules what a thief has done.

Both end the epoch that was open and may open the next (spec/02-identity.md#epochs-and-ends). Each is begun as a draft,
to which kits add their keys and signatures: all at once here, or one after the other on different machines.
"""

from collections.abc import Sequence

from frostnode.identity.drafts import Draft, sign_all
from frostnode.identity.fit import path_to
from frostnode.identity.kits import Kit
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import IdentityError
from frostnode.protocol.history import History
from frostnode.protocol.identity import EMPTY_END, Commitment, End, Epoch, Kind, SignedEvent


def next_draft(
    history: History, *, following: Commitment | None, end: End, epoch: Epoch | None, time_ms: int
) -> Draft:
    """Begin the ordinary event after the last one that counts; it ends the open epoch at `end`.

    `following` commits to new kits; None stays with those of now.

    Raises:
        IdentityError: identity.unknown without a history
    """
    if history.tip is None:
        raise IdentityError("identity.unknown", f"history of {history.did}", found="no genesis event")
    return _draft(
        history, Kind.ORDINARY, history.tip, following=following, end=end, epoch=epoch, time_ms=time_ms
    )


def recovery_draft(
    history: History, *, after: Cid, following: Commitment | None, end: End, epoch: Epoch | None, time_ms: int
) -> Draft:
    """Begin the event that makes `after` the last good one, voids what stands beside, and names new kits.

    `following` commits to these, and may be named later. The recovery sheets stay: keys that were spent are never used again.

    Raises:
        IdentityError: identity.unknown when `after` is not known
    """
    return _draft(history, Kind.RECOVERY, after, following=following, end=end, epoch=epoch, time_ms=time_ms)


def next_event(
    history: History,
    kits: Sequence[Kit],
    *,
    following: Commitment | None,
    end: End,
    epoch: Epoch | None,
    time_ms: int,
) -> SignedEvent:
    """Build and sign the ordinary event after the last one that counts, with kits that are all here.

    Raises:
        LocalError: kit.mismatch, when these kits may not sign, or are too few
        IdentityError: identity.unknown without a history, identity.too-long
    """
    return _signed(next_draft(history, following=following, end=end, epoch=epoch, time_ms=time_ms), kits)


def recovery_event(
    history: History,
    sheets: Sequence[Kit],
    *,
    after: Cid,
    following: Commitment,
    end: End,
    epoch: Epoch | None,
    time_ms: int,
) -> SignedEvent:
    """Build and sign the event that overrules what was signed after `after`, with sheets that are all here.

    Raises:
        LocalError: kit.mismatch, when these sheets may not sign, or are too few
        IdentityError: identity.unknown when `after` is not known, identity.too-long, identity.recovery
    """
    draft = recovery_draft(history, after=after, following=following, end=end, epoch=epoch, time_ms=time_ms)
    return _signed(draft, sheets)


def recoveries(history: History, cid: Cid) -> int:
    """How many recovery events there are on the path down to an event: the number of the next one."""
    return sum(signed.event.kind is Kind.RECOVERY for signed in path_to(history, cid))


def _draft(
    history: History,
    kind: Kind,
    prev: Cid,
    *,
    following: Commitment | None,
    end: End,
    epoch: Epoch | None,
    time_ms: int,
) -> Draft:
    before = path_to(history, prev)[-1]
    return Draft(
        history=history,
        kind=kind,
        prev=prev,
        time_ms=time_ms,
        end=end if before.event.epoch is not None else EMPTY_END,
        epoch=epoch,
        following=following,
    )


def _signed(draft: Draft, kits: Sequence[Kit]) -> SignedEvent:
    return sign_all(draft, kits).signed()
