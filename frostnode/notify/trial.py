"""A notice of nothing, for whoever wants to see whether notices come."""

from frostnode.notify.sender import Letter
from frostnode.notify_port import Due, Watch
from frostnode.ports import LogReader
from frostnode.protocol.names import Did
from frostnode.protocol.notice import Change, ChangeKind, Notice, NoticeId, NoticeKind
from frostnode.protocol.subscription_target import OfDataset, OfPublisher, parse_target

_NO_PUBLISHER = Did("urn:frost:nobody")


def trial_due(log: LogReader, watch: Watch, *, now_ms: int, tag: bytes) -> Due:
    """A change like those that somebody watches for. Its id belongs to no arrival: these begin with 1."""
    change = Change(
        id=NoticeId(number=0, position=now_ms, database=log.database, tag=tag),
        kind=ChangeKind.TEST,
        did=_publisher(log, watch),
        at_ms=now_ms,
    )
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


def _publisher(log: LogReader, watch: Watch) -> Did:
    """Whom the watch is about; else one who is hosted here."""
    target = parse_target(watch.target)
    if isinstance(target, OfDataset | OfPublisher):
        return target.did
    return next((hosted.did for hosted in log.hosted()), _NO_PUBLISHER)
