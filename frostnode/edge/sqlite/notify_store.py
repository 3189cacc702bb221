"""NotifyStore over SQLite: a database of its own, so that deliveries do not keep the writer of the log waiting.

Trusted with: who is told of what. It holds addresses and secrets, so the file is the owner's alone.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from frostnode.edge.sqlite.connection import SMALL_PAGE_BYTES
from frostnode.edge.sqlite.pool import Pool, transaction
from frostnode.edge.sqlite.rows import Rows
from frostnode.notify_port import LAST_POSITION, Due, Form, InboxItem, Tries, Watch, WatchState
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.limits import INBOX_ITEMS_MAX
from frostnode.protocol.names import Did, Origin, RecordKey, RecordType
from frostnode.protocol.notice import Change, ChangeKind, NoticeId, parse_notice_id

SCHEMA: Final = "notify"
_MARKS: Final = 64

_COLUMNS: Final = (
    "name, target, form, address, secret, behalf, record, state, told_arrival, told_position, last,"
    " created_ms, expires_ms, digest_s"
)
_WATCH: Final = f"SELECT {_COLUMNS} FROM watch"
_WATCH_AND_WAITING: Final = f"SELECT {_COLUMNS}, waiting FROM watch"
_WAITS: Final = "waiting > 0 AND state IN ('live', 'behind')"
"""As the indexes of those who wait have it."""
_EXPIRED_AT_ONCE: Final = 256
_CHANGE: Final = "c.id, c.kind, c.did, c.at_ms, c.type, c.key, c.origin, c.leaf, c.header, c.body"


def _watch(row: Sequence[Any]) -> Watch:
    (
        name,
        target,
        form,
        address,
        secret,
        behalf,
        record,
        state,
        arrival,
        position,
        last,
        created,
        expires,
        digest,
    ) = row
    return Watch(
        id=name,
        target=target,
        form=Form(form),
        address=address,
        secret=secret,
        behalf=behalf,
        record=record,
        state=WatchState(state),
        told=(arrival, position),
        last=last,
        created_ms=created,
        expires_ms=expires,
        digest_s=digest,
    )


def _due(watch: str, previous: str | None, row: Sequence[Any]) -> Due:
    id_, kind, did, at_ms, type_, key, origin, leaf, header, body = row
    change = Change(
        id=parse_notice_id(id_),
        kind=ChangeKind(kind),
        did=Did(did),
        at_ms=at_ms,
        type=RecordType(type_),
        key=RecordKey(key),
        origin=Origin(origin),
        index=leaf,
        header=None if header is None else Cid.from_digest(header),
        body=None if body is None else Cid.from_digest(body),
    )
    return Due(watch=watch, change=change, previous=previous)


class SqliteNotifyReader(Rows):
    """NotifyReader within one transaction."""

    def cursor(self) -> int:
        """The arrival up to which everybody LIVE was matched."""
        return self._count("SELECT arrival FROM cursor")

    def marks(self) -> list[tuple[int, bytes]]:
        """Arrivals up to which was followed lately, and their tags, newest first."""
        return [
            (number, tag)
            for number, tag in self._db.all("SELECT arrival, tag FROM mark ORDER BY arrival DESC")
        ]

    def watches(self, states: Collection[WatchState] = tuple(WatchState)) -> list[Watch]:
        """Those in one of these states, oldest first."""
        where = " OR ".join(f"state = '{state}'" for state in states) or "FALSE"
        return [_watch(row) for row in self._db.all(f"{_WATCH} WHERE {where} ORDER BY id")]

    def watch(self, id_: str) -> Watch | None:
        """One of them."""
        row = self._db.one(f"{_WATCH} WHERE name = ?", (id_,))
        return None if row is None else _watch(row)

    def watch_count(self) -> int:
        """How many there are."""
        return self._count("SELECT count(*) FROM watch")

    def behind(self, due_max: int, limit: int, *, newest: bool = False) -> list[tuple[Watch, int]]:
        """The BEHIND to whom at most so much is due, and how much that is."""
        order = "DESC" if newest else "ASC"
        rows = self._db.all(
            f"{_WATCH_AND_WAITING} WHERE state = 'behind' AND waiting <= ?"
            f" ORDER BY told_arrival {order}, told_position {order}, id LIMIT ?",
            (due_max, limit),
        )
        return [(_watch(row), waiting) for *row, waiting in rows]

    def tries(self, id_: str) -> Tries:
        """How deliveries go."""
        row = self._db.one(
            "SELECT attempts, failing_since_ms, next_ms, error, delivered_ms, is_slow FROM watch WHERE name = ?",
            (id_,),
        )
        if row is None:
            return Tries()
        attempts, since, next_ms, error, delivered, is_slow = row
        return Tries(
            attempts=attempts,
            failing_since_ms=since,
            next_ms=next_ms,
            error=error,
            delivered_ms=delivered,
            is_slow=bool(is_slow),
        )

    def next_due(self, now_ms: int, limit: int, form: Form, *, is_slow: bool) -> list[str]:
        """Watches of a form with something due, whose next try may be now."""
        rows = self._db.all(
            f"SELECT name FROM watch WHERE {_WAITS} AND form = ? AND is_slow = ? AND next_ms <= ?"
            " ORDER BY next_ms, id LIMIT ?",
            (str(form), is_slow, now_ms, limit),
        )
        return [name for (name,) in rows]

    def next_try_ms(self, now_ms: int) -> int | None:
        """When the next try is."""
        row = self._db.one(f"SELECT min(next_ms) FROM watch WHERE {_WAITS} AND next_ms > ?", (now_ms,))
        return None if row is None else row[0]

    def addresses(self, form: Form) -> list[str]:
        """The addresses of all watches of a form."""
        rows = self._db.all("SELECT address FROM watch WHERE form = ?", (str(form),))
        return [address for (address,) in rows]

    def expired(self, now_ms: int) -> list[str]:
        """Watches whose time is over, some at a time."""
        rows = self._db.all(
            "SELECT name FROM watch WHERE expires_ms IS NOT NULL AND expires_ms <= ? ORDER BY expires_ms LIMIT ?",
            (now_ms, _EXPIRED_AT_ONCE),
        )
        return [name for (name,) in rows]

    def due(self, watch: str, limit: int) -> list[Due]:
        """What is due to somebody, in order."""
        rows = self._db.all(
            f"SELECT d.previous, {_CHANGE} FROM due d JOIN watch w ON w.id = d.watch JOIN change c ON c.id = d.change"
            " WHERE w.name = ? ORDER BY d.number, d.position LIMIT ?",
            (watch, limit),
        )
        return [_due(watch, previous, row) for previous, *row in rows]

    def due_count(self, watch: str) -> int:
        """How many there are."""
        return self._count("SELECT waiting FROM watch WHERE name = ?", watch)

    def inbox(self, *, limit: int, offset: int = 0, unread: bool = False) -> list[InboxItem]:
        """Newest first."""
        where = "WHERE i.read_ms IS NULL" if unread else ""
        rows = self._db.all(
            f"SELECT i.read_ms, w.name, i.previous, {_CHANGE} FROM inbox i JOIN watch w ON w.id = i.watch"
            f" JOIN change c ON c.id = i.change {where} ORDER BY i.id DESC LIMIT ? OFFSET ?",
            (limit, offset),
        )
        return [InboxItem(due=_due(name, previous, row), read_ms=read) for read, name, previous, *row in rows]

    def inbox_counts(self) -> tuple[int, int]:
        """(all, unread)."""
        return (
            self._count("SELECT count(*) FROM inbox"),
            self._count("SELECT count(*) FROM inbox WHERE read_ms IS NULL"),
        )

    def _count(self, sql: str, *bindings: str) -> int:
        row = self._db.one(sql, bindings)
        return int(row[0]) if row is not None else 0


class SqliteNotifyWriter(SqliteNotifyReader):
    """NotifyWriter: one transaction."""

    def put_watch(self, watch: Watch) -> None:
        """Add it, or replace the one of that id."""
        self._db.run(
            "INSERT INTO watch (name, target, form, address, secret, behalf, record, state, told_arrival, told_position,"
            " last, created_ms, expires_ms, digest_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (name) DO UPDATE SET target = excluded.target, form = excluded.form,"
            " address = excluded.address, secret = excluded.secret, behalf = excluded.behalf, record = excluded.record,"
            " state = excluded.state, told_arrival = excluded.told_arrival, told_position = excluded.told_position,"
            " last = excluded.last, expires_ms = excluded.expires_ms, digest_s = excluded.digest_s",
            (
                watch.id,
                watch.target,
                str(watch.form),
                watch.address,
                watch.secret,
                watch.behalf,
                watch.record,
                str(watch.state),
                *watch.told,
                watch.last,
                watch.created_ms,
                watch.expires_ms,
                watch.digest_s,
            ),
        )

    def remove_watch(self, id_: str) -> None:
        """Forget it, and all that is due to it."""
        for table in ("due", "inbox"):
            self._db.run(f"DELETE FROM {table} WHERE watch = (SELECT id FROM watch WHERE name = ?)", (id_,))
        self._db.run("DELETE FROM watch WHERE name = ?", (id_,))

    def add(self, dues: Iterable[Due]) -> None:
        """Somebody is to be told; `told` and `last` follow."""
        forms: dict[str, tuple[int, Form]] = {}
        told: dict[int, tuple[int, int, str]] = {}
        kept, text = None, ""
        for due in dues:
            if due.watch not in forms:
                row = self._db.one("SELECT id, form FROM watch WHERE name = ?", (due.watch,))
                if row is None:
                    continue
                forms[due.watch] = row[0], Form(row[1])
            id_ = due.change.id
            if id_ != kept:  # neighbours are often of one change
                self._put_change(due.change)
                kept, text = id_, str(id_)
            watch, form = forms[due.watch]
            if form is Form.INBOX:
                self._add_item(watch, text, due.previous)
            else:
                self._db.run(
                    "INSERT OR IGNORE INTO due VALUES (?, ?, ?, ?, ?)",
                    (watch, id_.number, id_.position, text, due.previous),
                )
            told[watch] = id_.number, id_.position, text
        self._db.run_many(
            "UPDATE watch SET told_arrival = ?, told_position = ?, last = ? WHERE id = ?",
            [(*place, watch) for watch, place in told.items()],
        )
        if any(form is Form.INBOX for _, form in forms.values()):
            self._trim_inbox()

    def _trim_inbox(self) -> None:
        self._db.run(
            "DELETE FROM inbox WHERE id IN (SELECT id FROM inbox ORDER BY read_ms IS NULL, id"
            " LIMIT max(0, (SELECT count(*) FROM inbox) - ?))",
            (INBOX_ITEMS_MAX,),
        )

    def _put_change(self, change: Change) -> None:
        self._db.run(
            "INSERT OR IGNORE INTO change VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                change.id.number,
                change.id.position,
                str(change.id),
                str(change.kind),
                change.did,
                change.at_ms,
                change.type,
                change.key,
                change.origin,
                change.index,
                None if change.header is None else change.header.digest,
                None if change.body is None else change.body.digest,
            ),
        )

    def put_item(self, due: Due) -> None:
        """Put something into an inbox."""
        row = self._db.one("SELECT id FROM watch WHERE name = ?", (due.watch,))
        if row is not None:
            self._put_change(due.change)
            self._add_item(row[0], str(due.change.id), due.previous)
            self._trim_inbox()

    def _add_item(self, watch: int, change: str, previous: str | None) -> None:
        self._db.run(
            "INSERT OR IGNORE INTO inbox (watch, change, previous) VALUES (?, ?, ?)",
            (watch, change, previous),
        )

    def done(
        self, watch: str, ids: Sequence[NoticeId], now_ms: int, *, next_ms: int = 0, is_slow: bool = False
    ) -> None:
        """Somebody was told."""
        self._db.run_many(
            "DELETE FROM due WHERE watch = (SELECT id FROM watch WHERE name = ?) AND number = ? AND position = ?"
            " AND change = ?",
            [(watch, id_.number, id_.position, str(id_)) for id_ in ids],
        )
        self.put_tries(watch, Tries(next_ms=next_ms, delivered_ms=now_ms, is_slow=is_slow))

    def put_tries(self, watch: str, tries: Tries) -> None:
        """How deliveries go."""
        self._db.run(
            "UPDATE watch SET attempts = ?, failing_since_ms = ?, next_ms = ?, error = ?, delivered_ms = ?, is_slow = ?"
            " WHERE name = ?",
            (
                tries.attempts,
                tries.failing_since_ms,
                tries.next_ms,
                tries.error,
                tries.delivered_ms,
                tries.is_slow,
                watch,
            ),
        )

    def bring_forward(self, latest_ms: int) -> None:
        """Nobody waits for a time after this."""
        self._db.run("UPDATE watch SET next_ms = ?1 WHERE next_ms > ?1", (latest_ms,))

    def set_state(self, watch: str, state: WatchState) -> None:
        """How it stands with somebody."""
        self._db.run("UPDATE watch SET state = ? WHERE name = ?", (str(state), watch))

    def set_told(self, watch: str, told: tuple[int, int]) -> None:
        """Matched up to there, whether or not something was due."""
        self._db.run("UPDATE watch SET told_arrival = ?, told_position = ? WHERE name = ?", (*told, watch))

    def lapse(self, watch: str) -> None:
        """Not tried any more; what is due is forgotten and `told` is before it."""
        first = next(iter(self.due(watch, 1)), None)
        if first is not None:
            self._db.run(
                "UPDATE watch SET told_arrival = ?, told_position = ?, last = ? WHERE name = ?",
                (first.change.id.number, first.change.id.position - 1, first.previous or "", watch),
            )
            self._db.run("DELETE FROM due WHERE watch = (SELECT id FROM watch WHERE name = ?)", (watch,))
        self.set_state(watch, WatchState.LAPSED)

    def read_items(self, ids: Collection[NoticeId] | None, now_ms: int) -> int:
        """These items of the inbox, or all, are read now."""
        if ids is None:
            return self._db.run_changes("UPDATE inbox SET read_ms = ? WHERE read_ms IS NULL", (now_ms,))
        sql = "UPDATE inbox SET read_ms = ? WHERE read_ms IS NULL AND change = ?"
        return sum(self._db.run_changes(sql, (now_ms, str(id_))) for id_ in ids)

    def set_back(self, arrival: int) -> None:
        """Nobody was told of what comes behind this arrival."""
        self._db.run("UPDATE cursor SET arrival = ?", (arrival,))
        self._db.run("DELETE FROM mark WHERE arrival > ?", (arrival,))
        self._db.run(
            "UPDATE watch SET told_arrival = ?1, told_position = ?2 WHERE told_arrival > ?1",
            (arrival, LAST_POSITION),
        )

    def advance(self, arrival: int, tag: bytes) -> None:
        """Followed up to this arrival."""
        self._db.run("UPDATE cursor SET arrival = ?", (arrival,))
        self._db.run("DELETE FROM mark WHERE arrival >= ?", (arrival,))
        self._db.run("INSERT INTO mark VALUES (?, ?)", (arrival, tag))
        self._db.run(
            "DELETE FROM mark WHERE arrival NOT IN (SELECT arrival FROM mark ORDER BY arrival DESC LIMIT ?)",
            (_MARKS,),
        )


class SqliteNotifyStore:
    """A `frostnode.notify_port.NotifyStore` in one file, or a URI that SQLite knows; one writer, readers of their own.

    Raises:
        StorageError: storage.version, storage.failed, storage.damaged
    """

    def __init__(self, path: Path | str) -> None:
        self._pool = Pool(path, SCHEMA, page_bytes=SMALL_PAGE_BYTES)

    @contextmanager
    def read(self) -> Iterator[SqliteNotifyReader]:
        """A consistent snapshot."""
        with self._pool.snapshot() as database:
            yield SqliteNotifyReader(database)

    @contextmanager
    def write(self, *, is_found_again: bool = False) -> Iterator[SqliteNotifyWriter]:
        """One transaction; a second caller waits. What would be found again is on disk with the next that would not."""
        with self._pool.alone() as database, transaction(database, is_flushed=not is_found_again):
            yield SqliteNotifyWriter(database)

    def close(self) -> None:
        """Give the file back."""
        self._pool.close()
