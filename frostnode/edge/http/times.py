"""Times in words, always UTC. Authors may claim any time, also one that calendars here do not reach."""

from datetime import UTC, datetime


def _moment(time_ms: int) -> datetime | None:
    """None for times that calendars here do not reach: authors may claim any."""
    try:
        return datetime.fromtimestamp(time_ms / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def iso_text(time_ms: int) -> str:
    """For machines: `2024-05-17T08:30:00Z`; empty when there is no such form."""
    moment = _moment(time_ms)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""


def utc_text(time_ms: int) -> str:
    """To the minute."""
    moment = _moment(time_ms)
    return f"{moment.day} {moment:%b %Y, %H:%M} UTC" if moment else "beyond the year 9999"


def day_text(time_ms: int) -> str:
    """The day alone."""
    moment = _moment(time_ms)
    return f"{moment.day} {moment:%b %Y}" if moment else "beyond the year 9999"


def year_text(time_ms: int) -> str:
    """The year alone; `n.d.`, as in citations, when there is no such form."""
    moment = _moment(time_ms)
    return str(moment.year) if moment else "n.d."
