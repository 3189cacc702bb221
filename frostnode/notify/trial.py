"""A notice of nothing, for whoever wants to see whether notices come."""

from frostnode.notify.sender import Letter
from frostnode.notify_port import Due, Watch
from frostnode.ports import LogReader
from frostnode.protocol.names import Did
from frostnode.protocol.notice import Change, ChangeKind, Notice, NoticeId, NoticeKind
from frostnode.search.subscription_target import OfDataset, OfPublisher, Target, parse_target

_NO_PUBLISHER = Did("urn:frost:nobody")


def trial_change(log: LogReader, target: Target, *, now_ms: int, tag: bytes) -> Change:
    """A change like those that somebody watches for. Its id belongs to no arrival: these begin with 1."""
    return Change(
        id=NoticeId(number=0, position=now_ms, database=log.database, tag=tag),
        kind=ChangeKind.TEST,
        did=_publisher(log, target),
        at_ms=now_ms,
    )


def trial_due(log: LogReader, watch: Watch, *, now_ms: int, tag: bytes) -> Due:
    """The same for one who is told."""
    change = trial_change(log, parse_target(watch.target), now_ms=now_ms, tag=tag)
    return Due(watch=watch.id, change=change, previous=watch.last or None)


def trial_notice(change: Change) -> Notice:
    """What there is to say of it."""
    return Notice(
        change=change,
        kind=NoticeKind.TEST,
        title="A test notice",
        note="Nothing has changed: somebody wanted to see whether notices come.",
    )


def trial_letter(due: Due) -> Letter:
    """The same as it is sent."""
    return Letter(due, trial_notice(due.change))


def _publisher(log: LogReader, target: Target) -> Did:
    """Whom a target is about; else one who is hosted here."""
    if isinstance(target, OfDataset | OfPublisher):
        return target.did
    return next((hosted.did for hosted in log.hosted()), _NO_PUBLISHER)
