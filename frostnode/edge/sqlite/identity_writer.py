"""Store identity events and what they do to logs: open, end, void, count again.

Rules: leaves are never dropped here: what lies beyond an end or in a void epoch stays, as orphans, and
may count again. What was taken by a history that has meanwhile become another is refused whole.
"""

from typing import Final, NamedTuple

from frostnode.edge.sqlite.connection import Binding, Database
from frostnode.edge.sqlite.rows import publisher_id
from frostnode.ports import ArrivalKind
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import StorageError
from frostnode.protocol.history import EpochChange, EpochStanding, History, Place, Taken
from frostnode.protocol.identity import Kind
from frostnode.protocol.log_state import counted
from frostnode.protocol.names import Did, Origin


class Shift(NamedTuple):
    """A log of which fewer or more leaves count than before: CUT or RESTORED, up to `start` now."""

    kind: ArrivalKind
    origin: Origin
    start: int


def put_publisher(database: Database, did: Did) -> int:
    """The row of a publisher; made, when it is the first time that anything is heard of it."""
    publisher = publisher_id(database, did)
    return (
        database.insert("INSERT INTO publisher (did) VALUES (?)", (did,)) if publisher is None else publisher
    )


def read_choices(database: Database, publisher: int) -> dict[Place, Cid | None]:
    """What is followed at each place of a publisher's history."""
    rows = database.all("SELECT kind, place, event FROM choice WHERE publisher = ?", (publisher,))
    return {
        Place(Kind(kind), Cid.from_digest(place)): None if event is None else Cid.from_digest(event)
        for kind, place, event in rows
    }


def put_events(database: Database, publisher: int, history: History, taken: Taken) -> None:
    """Store the new events and the choices.

    Raises:
        StorageError: storage.conflict, when what is stored is not what `taken` was added to
    """
    _check_base(database, publisher, history, taken)
    database.run_many(
        "INSERT INTO event (publisher, digest, signed) VALUES (?, ?, ?)",
        [(publisher, signed.cid.digest, signed.raw) for signed in taken.new],
    )
    database.run_many(
        "INSERT OR REPLACE INTO choice VALUES (?, ?, ?, ?)",
        [
            (publisher, str(place.kind), place.event.digest, None if event is None else event.digest)
            for place, event in history.choices.items()
        ],
    )
    tip = None if history.tip is None else history.tip.digest
    database.run("UPDATE publisher SET tip = ?, forked = ? WHERE id = ?", (tip, history.forked, publisher))


def _check_base(database: Database, publisher: int, history: History, taken: Taken) -> None:
    new = {signed.cid.digest for signed in taken.new}
    base = [signed.cid.digest for signed in history.events if signed.cid.digest not in new]
    rows = database.all("SELECT digest FROM event WHERE publisher = ? ORDER BY id", (publisher,))
    choices = history.choices
    moved = [
        place
        for place, event in read_choices(database, publisher).items()
        if event and choices[place] != event
    ]
    if [digest for (digest,) in rows] != base or moved:
        raise StorageError(
            "storage.conflict",
            f"identity events of {history.did}",
            found=f"{len(rows)} events, {len(moved)} places decided otherwise",
            expected=f"the {len(base)} that the new ones were added to",
        )


def put_change(database: Database, publisher: int, change: EpochChange) -> Shift | None:
    """Bring the row of a log to where its epoch stands now; answers what counts otherwise."""
    if change.new is None:
        database.run(
            "UPDATE log SET counts = 0, accepts = 0, end_size = NULL, end_root = NULL WHERE origin = ?",
            (change.origin,),
        )
    else:
        database.run(_PUT_STANDING, _row(publisher, change.new))
    row = database.one("SELECT size FROM log WHERE origin = ?", (change.origin,))
    size = 0 if row is None else int(row[0])
    old, new = counted(size, change.old), counted(size, change.new)
    if old == new:
        return None
    return Shift(ArrivalKind.CUT if new < old else ArrivalKind.RESTORED, change.origin, new)


_PUT_STANDING: Final = """
    INSERT INTO log (publisher, origin, epoch, event, key, node, url, counts, accepts, end_size, end_root)
    VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?)
    ON CONFLICT (origin) DO UPDATE SET
        counts = 1, accepts = excluded.accepts, end_size = excluded.end_size, end_root = excluded.end_root
"""


def _row(publisher: int, standing: EpochStanding) -> tuple[Binding, ...]:
    end = standing.end
    return (
        publisher,
        standing.origin,
        standing.n,
        standing.event.digest,
        standing.key,
        standing.node,
        standing.url,
        standing.accepts,
        None if end is None else end.size,
        None if end is None else end.root,
    )
