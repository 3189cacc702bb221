"""Write down what was taken from whom, and what was refused."""

from collections.abc import Iterable, Sequence
from typing import Final

from frostnode.edge.sqlite.rows import Rows
from frostnode.ledger import Amount, Refused
from frostnode.protocol.names import Did

_TAKE: Final = """
    INSERT INTO taken VALUES ((SELECT id FROM publisher WHERE did = ?), ?, ?, ?, ?, ?, ?) ON CONFLICT (publisher, share) DO UPDATE SET
        publishers = publishers + excluded.publishers, entries = entries + excluded.entries,
        bytes = bytes + excluded.bytes, subscriptions = subscriptions + excluded.subscriptions
"""
_UNKNOWN: Final = """
    INSERT INTO share (name, unknown_publishers, unknown_entries, unknown_bytes) VALUES (?, ?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET
        unknown_publishers = unknown_publishers + excluded.unknown_publishers,
        unknown_entries = unknown_entries + excluded.unknown_entries,
        unknown_bytes = unknown_bytes + excluded.unknown_bytes
"""
_TODAY: Final = """
    INSERT INTO share (name, day, publishers, entries, bytes, subscriptions) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET
        publishers = excluded.publishers + iif(day = excluded.day, publishers, 0),
        entries = excluded.entries + iif(day = excluded.day, entries, 0),
        bytes = excluded.bytes + iif(day = excluded.day, bytes, 0),
        subscriptions = excluded.subscriptions + iif(day = excluded.day, subscriptions, 0),
        day = excluded.day
"""
_FLAGS: Final = """
    SELECT did, max(unknown) FROM taken JOIN publisher ON publisher.id = publisher GROUP BY publisher
"""
_OF: Final = "publisher = (SELECT id FROM publisher WHERE did = ?)"
_REFUSE: Final = """
    INSERT INTO refusal VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (did, peer) DO UPDATE SET
        code = excluded.code, reason = excluded.reason, what = excluded.what, host = excluded.host,
        last = excluded.last, again = excluded.again, times = times + excluded.times
"""


class LedgerWriting(Rows):
    """The writing side of the ledger. What is noted of a publisher is noted after its rows are there."""

    def note_taken(self, share: str, did: Did, amount: Amount, *, unknown: bool) -> None:
        """Add what was taken of a publisher by a share."""
        self._connection.run(_TAKE, (did, share, int(unknown), *amount))

    def note_unknown(self, share: str, amount: Amount) -> None:
        """Add what a share brought of unknown publishers: the sum of what is noted of them as `unknown`."""
        self._connection.run(_UNKNOWN, (share, amount.publishers, amount.entries, amount.bytes))

    def note_today(self, share: str, day: int, amount: Amount) -> None:
        """Add what counts against a share in this day; another day begins from nothing."""
        self._connection.run(_TODAY, (share, day, *amount))

    def set_unknown(self, did: Did, *, unknown: bool) -> None:
        """Let all that was taken of a publisher count to the shares of unknown ones, or no more."""
        sign = 1 if unknown else -1
        rows = self._connection.all(
            f"SELECT share, publishers, entries, bytes FROM taken WHERE unknown = ? AND {_OF}",
            (int(not unknown), did),
        )
        for share, *amount in rows:
            self._connection.run(_UNKNOWN, (share, *(sign * part for part in amount)))
        self._connection.run(f"UPDATE taken SET unknown = ? WHERE {_OF}", (int(unknown), did))

    def mark_unknown(self, dids: Iterable[Did]) -> None:
        """Exactly these publishers count to the shares of unknown ones from now on."""
        unknown = frozenset(dids)
        for did, flag in self._connection.all(_FLAGS):
            if (did in unknown) != bool(flag):
                self.set_unknown(did, unknown=did in unknown)

    def put_refusal(self, refused: Refused) -> None:
        """Remember a refusal; `first_ms` of an older one stays, `times` is added to."""
        self._connection.run(
            _REFUSE,
            (
                refused.did,
                refused.peer,
                refused.code,
                refused.reason,
                refused.what,
                refused.host,
                refused.first_ms,
                refused.last_ms,
                refused.again_ms,
                refused.times,
            ),
        )

    def postpone(self, peer: str, dids: Sequence[Did], again_ms: int) -> None:
        """Look at these again at that time."""
        rows = [(again_ms, did, peer) for did in dids]
        self._connection.run_many("UPDATE refusal SET again = ? WHERE did = ? AND peer = ?", rows)

    def drop_refusals(self, peer: str, dids: Sequence[Did], due_ms: int) -> None:
        """Forget those that are due by then; one that was refused anew meanwhile is not."""
        rows = [(did, peer, due_ms) for did in dids]
        self._connection.run_many("DELETE FROM refusal WHERE did = ? AND peer = ? AND again <= ?", rows)

    def forget_refusals_by(self, peer: str) -> None:
        """Forget all that one peer had: nobody will ask it again."""
        self._connection.run("DELETE FROM refusal WHERE peer = ?", (peer,))

    def look_again(self, now_ms: int) -> None:
        """Let all refusals be due."""
        self._connection.run("UPDATE refusal SET again = ? WHERE again > ?", (now_ms, now_ms))

    def put_not_carried(self, did: Did, *, is_refused: bool) -> None:
        """Note that a held publisher is not carried any more, or again."""
        if is_refused:
            self._connection.run("INSERT OR IGNORE INTO not_carried VALUES (?)", (did,))
        else:
            self._connection.run("DELETE FROM not_carried WHERE did = ?", (did,))
