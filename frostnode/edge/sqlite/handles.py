"""Read and write what is remembered of handles."""

from collections.abc import Iterable
from typing import Final

from frostnode.edge.sqlite.connection import Row
from frostnode.edge.sqlite.rows import Rows
from frostnode.handle_port import HandleCheck
from frostnode.protocol.handles import Handle
from frostnode.protocol.names import Did

_SELECT: Final = "SELECT did, handle, verified, checked, again, failures, how, reason FROM handle"


def _check(row: Row) -> HandleCheck:
    did, handle, verified, checked, again, failures, how, reason = row
    return HandleCheck(
        did=Did(did),
        handle=Handle(handle),
        verified_ms=verified,
        checked_ms=checked,
        again_ms=again,
        failures=failures,
        how=how,
        reason=reason,
    )


class HandleReading(Rows):
    """HandleReader."""

    def handle_check(self, did: Did) -> HandleCheck | None:
        """What became of the claim of one publisher."""
        row = self._db.one(f"{_SELECT} WHERE did = ?", (did,))
        return None if row is None else _check(row)

    def handle_checks(self) -> list[HandleCheck]:
        """The same of all, by DID."""
        return [_check(row) for row in self._db.all(f"{_SELECT} ORDER BY did")]


class HandleWriting(Rows):
    """HandleWriter."""

    def put_handle_checks(self, checks: Iterable[HandleCheck]) -> None:
        """Take the place of what was remembered of these publishers."""
        self._db.run_many(
            "INSERT OR REPLACE INTO handle VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    check.did,
                    check.handle,
                    check.verified_ms,
                    check.checked_ms,
                    check.again_ms,
                    check.failures,
                    check.how,
                    check.reason,
                )
                for check in checks
            ],
        )

    def drop_handle_checks(self, dids: Iterable[Did]) -> None:
        """Forget these publishers' claims."""
        self._db.run_many("DELETE FROM handle WHERE did = ?", [(did,) for did in dids])
