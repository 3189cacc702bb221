"""What a home keeps of its publishers' versions and lineage without publishing it.

A store of its own, which no part knows that serves, replicates, projects or exports: what is in it has no way out.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.names import Did


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalEntry:
    """One record as it would be published: its header's CID, by which it is pinned, and its body.

    The store gives the rest: the `number` counts what was ever kept, 0 for what was kept before that was counted;
    `is_changed` says that it took the place of another; `read_ms` is when its owner has read of it.
    """

    did: Did
    type: str
    key: str
    header: Cid
    time_ms: int
    body: bytes
    number: int = 0
    is_changed: bool = False
    read_ms: int | None = None


class LocalRecords(Protocol):
    """Local records, each as it was kept last. What was put is on disk when the call returns."""

    def entries(self, after: int = -1) -> Sequence[LocalEntry]:
        """All, newest first by time, then by name; only those with a number behind `after`."""

    def last(self) -> int:
        """The number of what was kept last; 0 when nothing ever was."""

    def put(self, entry: LocalEntry) -> None:
        """Keep a record in place of an earlier one of its name.

        Raises:
            LocalError: queue.full, when there are LOCAL_RECORDS_MAX already
        """

    def remove(self, did: Did, type_: str, key: str) -> bool:
        """Forget a record; answers whether there was one."""

    def read(self, numbers: Collection[int], now_ms: int) -> int:
        """These are read now; answers how many were not."""

    def close(self) -> None: ...
