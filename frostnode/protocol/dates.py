"""A moment in words, for statements that people read."""

from datetime import UTC, datetime
from typing import Final

_LAST_DATE_S: Final = 253_402_300_799
"""9999-12-31T23:59:59Z: what is claimed may lie beyond what a calendar knows."""


def date_text(time_s: int) -> str:
    """A POSIX time in seconds as a date, in UTC."""
    if time_s > _LAST_DATE_S:
        return f"second {time_s} since 1970"
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
