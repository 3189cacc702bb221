"""Check an identity: every event by its bytes, the choices, and what they come to in the rows of logs."""

from collections import Counter
from collections.abc import Iterator

from frostnode.log.audit import LogAudit, StoredPublisher
from frostnode.log.findings import Area, Finding
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import StorageError
from frostnode.protocol.history import History, Place
from frostnode.protocol.identity import Kind


def load_history(stored: StoredPublisher) -> History | Finding | None:
    """The history that the stored events make, None without any, or why there is none."""
    if not stored.events:
        return None
    try:
        return History.load(stored.did, [signed for _, signed in stored.events], stored.choices)
    except StorageError as error:
        return Finding(Area.IDENTITY, stored.did, str(error))


def check_identity(audit: LogAudit, stored: StoredPublisher, history: History) -> Iterator[Finding]:
    """Check one publisher."""
    yield from _check_events(stored, history)
    yield from _check_standing(audit, stored, history)


def check_hosted(audit: LogAudit) -> Iterator[Finding]:
    """Check that every log that this home hosts is one that an event opened."""
    for hosted in audit.hosted():
        if audit.log(hosted.origin) is None:
            yield Finding(Area.IDENTITY, hosted.origin, "log that is hosted", "no such log", "one")


def _check_events(stored: StoredPublisher, history: History) -> Iterator[Finding]:
    digests = [digest for digest, _ in stored.events]
    derived = [signed.cid.digest for signed in history.events]
    if digests != derived:
        for found, expected in zip(digests, derived, strict=False):
            if found != expected:
                yield Finding(Area.IDENTITY, stored.did, "digest of an event", found, expected)
        if len(digests) != len(derived):
            yield Finding(Area.IDENTITY, stored.did, "events", len(digests), len(derived))
    for cid, error in history.audit():
        yield Finding(Area.IDENTITY, stored.did, f"event {cid}: {error}")
    for place, rivals in _rivals(history).items():
        missing = place not in stored.choices
        if missing or (rivals == 1 and stored.choices[place] is None):
            what = f"choice among {rivals} {place.kind} events below {place.event}"
            yield Finding(
                Area.IDENTITY, stored.did, what, "no row" if missing else "none of them", "one of them"
            )


def _rivals(history: History) -> Counter[Place]:
    """How many events there are at each place."""
    bases: dict[Cid, Cid] = {}
    rivals: Counter[Place] = Counter()
    for signed in history.events:
        prev, recovery = signed.event.prev, signed.event.kind is Kind.RECOVERY
        if prev is not None:
            rivals[Place(signed.event.kind, bases[prev] if recovery else prev)] += 1
        bases[signed.cid] = signed.cid if prev is None or recovery else bases[prev]
    return rivals


def _check_standing(audit: LogAudit, stored: StoredPublisher, history: History) -> Iterator[Finding]:
    tip = None if history.tip is None else history.tip.digest
    if stored.tip != tip:
        yield Finding(Area.IDENTITY, stored.did, "last event that counts", stored.tip, tip)
    if stored.forked != history.forked:
        yield Finding(Area.IDENTITY, stored.did, "mark of a fork", stored.forked, history.forked)
    try:
        found = {state.origin: state.standing for state in audit.logs(stored.did)}
    except StorageError as error:
        yield Finding(Area.IDENTITY, stored.did, str(error))
        return
    expected = {standing.origin: standing for standing in history.standing}
    for origin in sorted(found.keys() | expected.keys()):
        if found.get(origin) != expected.get(origin):
            yield Finding(Area.IDENTITY, origin, "standing", found.get(origin), expected.get(origin))
