"""A publisher that was hosted here and is not now: it has moved, or this home is older than its last epoch here."""

from dataclasses import dataclass

from frostnode.ports import LogReader
from frostnode.protocol.keys import to_multibase
from frostnode.protocol.names import Did

CHANGED_SINCE = "a later state of this home, or a copy of it, has changed the log key"
TO_GO_ON = "`frost rotate --kit KIT` goes on here under a new one"
"""What is so, and what to do, where the log key of the last epoch is this host's and this home knows nothing of it."""


@dataclass(frozen=True, slots=True)
class Left:
    """Where its open epoch is: a URL, or the node key of its host. `is_here` if that is this very host.

    Then this home was put back from before it: it does not know what the epoch's key has signed.
    """

    where: str
    is_here: bool


def left(reader: LogReader, did: Did) -> Left | None:
    """Where a publisher lives whose epochs were hosted here; None while the last one is, or where none is known."""
    history = reader.history(did)
    last = history.standing[-1] if history is not None and history.standing else None
    if history is None or last is None or last.node is None or reader.hosted_log(last.origin) is not None:
        return None
    known = (history.epoch(item.origin) for item in reader.hosted() if item.did == did)
    return Left(
        where=last.url or to_multibase(last.node),
        is_here=any(epoch is not None and epoch.node == last.node for epoch in known),
    )
