"""Which entries the last leaves of own logs are: how a repeated submission is recognised.

Whoever got an error does not know whether its entries were published, and submits them again; meanwhile
others may have published. What is remembered is read from the log once and then kept up with what is
appended, so it is the truth after a crash too, as far back as it reaches.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from threading import Lock
from typing import Final

from frostnode.ports import LogReader
from frostnode.protocol.limits import TILE_WIDTH
from frostnode.protocol.log_state import LogState
from frostnode.protocol.names import Origin
from frostnode.protocol.tiles import decode_bundle

READ_LEAVES: Final = TILE_WIDTH
"""How far back is read, beyond the length of the batch that asks."""

KEPT_LEAVES_MAX: Final = 16 * 1024
"""How far back is remembered of a log that this process appends to."""

KEPT_LOGS_MAX: Final = 16


@dataclass(slots=True)
class Window:
    """The leaves [start, size) of a log, with their positions."""

    start: int
    size: int
    positions: dict[bytes, int]

    def extend(self, headers: Sequence[bytes]) -> None:
        """Keep up with entries that were appended, and forget the oldest."""
        self.positions.update(zip(headers, range(self.size, self.size + len(headers)), strict=True))
        self.size += len(headers)
        for header in list(islice(self.positions, max(0, len(self.positions) - KEPT_LEAVES_MAX))):
            self.start = self.positions.pop(header) + 1


class RecentEntries:
    """The last leaves of the logs that were appended to last."""

    def __init__(self) -> None:
        self._windows: dict[Origin, Window] = {}
        self._lock = Lock()

    def window(self, reader: LogReader, state: LogState, batch: int) -> Window:
        """The last leaves of a log, at least as many as a batch of that length may repeat."""
        start = max(0, state.held.size - batch - READ_LEAVES)
        with self._lock:
            window = self._windows.pop(state.origin, None)
        if window is None or window.size != state.held.size or window.start > start:
            window = _read(reader, state, start)
        with self._lock:
            self._windows[state.origin] = window
            if len(self._windows) > KEPT_LOGS_MAX:
                del self._windows[next(iter(self._windows))]
        return window


def _read(reader: LogReader, state: LogState, start: int) -> Window:
    window = Window(start, state.held.size, {})
    while start < window.size:
        border = min(window.size, (start // TILE_WIDTH + 1) * TILE_WIDTH)
        leaves = decode_bundle(reader.leaves(state.origin, start, border).bundle)
        window.positions.update(zip(leaves, range(start, border), strict=True))
        start = border
    return window
