"""What follows from what a receiver answered: pure, so that days pass in a test in no time.

Rules (spec/14-notices.md#tries):
- a delivery is tried DELIVERY_TRIES_MAX times in about 75 hours, with pauses that grow and are spread by chance;
- a receiver that says when to come again is not asked before, within DELIVERY_RETRY_AFTER_S_MAX;
- after that it lapses, as at once when it says that it is gone; a leased one that is gone is forgotten.
"""

from dataclasses import dataclass, replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from typing import Final

from frostnode.notify_port import Form, Tries
from frostnode.protocol.limits import DELIVERY_RETRY_AFTER_S_MAX, DELIVERY_TRIES_MAX

PAUSES_S: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""How long is waited after the first try that failed, the second, and so on, in seconds."""

_SPREAD: Final = 0.1
"""By what part of itself a pause may be shorter or longer."""

assert len(PAUSES_S) == DELIVERY_TRIES_MAX - 1


class Verdict(Enum):
    """What a receiver makes of a message."""

    TAKEN = auto()
    REFUSED = auto()
    GONE = auto()
    """It wants nothing any more."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `error` says without addresses and secrets what was wrong; `retry_after_s` when to come again."""

    verdict: Verdict
    error: str = ""
    retry_after_s: int | None = None


TAKEN: Final = Reply(Verdict.TAKEN)


class Step(Enum):
    """What is done next about what is due."""

    AGAIN = auto()
    LAPSE = auto()
    FORGET = auto()


def after_failure(
    reply: Reply, tries: Tries, *, form: Form, now_ms: int, chance: float
) -> tuple[Step, Tries]:
    """What is done after a message was not taken; `chance` in [0, 1) spreads the pause."""
    attempts = tries.attempts + 1
    since_ms = now_ms if tries.failing_since_ms is None else tries.failing_since_ms
    failed = replace(
        tries, attempts=attempts, failing_since_ms=since_ms, error=reply.error, is_slow=True, next_ms=now_ms
    )
    if reply.verdict is Verdict.GONE:
        return (Step.FORGET if form is Form.WEBSUB else Step.LAPSE), failed
    if attempts >= DELIVERY_TRIES_MAX:
        return Step.LAPSE, failed
    pause_s = PAUSES_S[attempts - 1] * (1 + _SPREAD * (2 * chance - 1))
    pause_s = max(pause_s, min(reply.retry_after_s or 0, DELIVERY_RETRY_AFTER_S_MAX))
    return Step.AGAIN, replace(failed, next_ms=now_ms + int(1000 * pause_s))


def reply_to_http(status: int, retry_after: str, now_ms: int) -> Reply:
    """What an HTTP answer means; `retry_after` is the field of that name, "" where there is none."""
    if 200 <= status < 300:
        return TAKEN
    if status == 410:
        return Reply(Verdict.GONE, "HTTP 410: gone")
    if 300 <= status < 400:
        return Reply(Verdict.REFUSED, f"HTTP {status}: redirects are not followed")
    wait_s = _seconds(retry_after, now_ms) if status in (429, 503) else None
    return Reply(Verdict.REFUSED, f"HTTP {status}", wait_s)


def _seconds(retry_after: str, now_ms: int) -> int | None:
    """Seconds, or a date (RFC 9110 section 10.2.3); None for anything else."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:10]), DELIVERY_RETRY_AFTER_S_MAX)
    try:
        moment = parsedate_to_datetime(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0, min(int(moment.timestamp()) - now_ms // 1000, DELIVERY_RETRY_AFTER_S_MAX))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
