"""Local records in memory, for homes without a folder."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from frostnode.local_port import LocalEntry
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import LOCAL_RECORDS_MAX
from frostnode.protocol.names import Did


class MemoryLocalRecords:
    """A `frostnode.local_port.LocalRecords`."""

    def __init__(self) -> None:
        self._entries: dict[tuple[Did, str, str], LocalEntry] = {}
        self._last = 0

    def entries(self, after: int = -1) -> Sequence[LocalEntry]:
        """All behind a number, newest first."""
        found = [entry for entry in self._entries.values() if entry.number > after]
        return sorted(found, key=lambda entry: (-entry.time_ms, entry.did, entry.type, entry.key))

    def last(self) -> int:
        """The number of what was kept last."""
        return self._last

    def put(self, entry: LocalEntry) -> None:
        """Keep a record in place of an earlier one of its name."""
        name = entry.did, entry.type, entry.key
        others = len(self._entries.keys() - {name})
        if others >= LOCAL_RECORDS_MAX:
            raise LocalError(
                "queue.full", "records kept local", found=others, expected=f"< {LOCAL_RECORDS_MAX}"
            )
        self._last += 1
        self._entries[name] = replace(
            entry, number=self._last, is_changed=name in self._entries, read_ms=None
        )

    def remove(self, did: Did, type_: str, key: str) -> bool:
        """Forget a record."""
        return self._entries.pop((did, type_, key), None) is not None

    def read(self, numbers: Collection[int], now_ms: int) -> int:
        """Read of these."""
        unread = [
            name for name, entry in self._entries.items() if entry.number in numbers and entry.read_ms is None
        ]
        for name in unread:
            self._entries[name] = replace(self._entries[name], read_ms=now_ms)
        return len(unread)

    def close(self) -> None:
        """It may be used again."""
