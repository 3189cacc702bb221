"""Waits for what another process does: a bound, not a measure."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

_PATIENCE_S: Final = 60.0
_LOOK_S: Final = 0.1


def wait_until(what: str, condition: Callable[[], T], *, within_s: float = _PATIENCE_S) -> T:
    """Look again and again until there is something, and answer it.

    Raises:
        AssertionError: with `what`, when the time is over
    """
    deadline = time.monotonic() + within_s
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(_LOOK_S)
    return found
