"""What happened, in order: a digest over all of it, and the last events for people to read."""

from collections import deque
from hashlib import sha256
from typing import Final

import trio

from frostnode.protocol.errors import FrostError

TAIL: Final = 200
"""So many events are kept for people."""


class Trace:
    """Events of one world. Nothing may enter that is not the same at every run: no paths, no addresses."""

    def __init__(self) -> None:
        self.count = 0
        self.tail: deque[str] = deque(maxlen=TAIL)
        self._digest = sha256()

    def __call__(self, *what: object) -> None:
        """Note an event, with the time."""
        line = f"{trio.current_time():12.6f} {' '.join(map(_said, what))}"
        self.count += 1
        self.tail.append(line)
        self._digest.update(line.encode() + b"\n")

    def digest(self) -> str:
        """The same for the same events, and for no others."""
        return self._digest.hexdigest()


def _said(what: object) -> str:
    """Of an error its code: messages may name paths."""
    if isinstance(what, FrostError):
        return what.code
    return type(what).__name__ if isinstance(what, BaseException) else str(what)
