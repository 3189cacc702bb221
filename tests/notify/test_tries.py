"""What follows from an answer: the table of tries, and who is not tried any more."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.notify.tries import PAUSES_S, TAKEN, Reply, Step, Verdict, after_failure, reply_to_http
from frostnode.notify_port import Form, Tries
from frostnode.protocol.limits import DELIVERY_RETRY_AFTER_S_MAX, DELIVERY_TRIES_MAX

NOW_MS = 1_800_000_000_000
REFUSED = Reply(Verdict.REFUSED, "HTTP 500")


def test_tries_take_about_75_hours_and_then_it_lapses():
    tries, now_ms, pauses = Tries(), NOW_MS, []
    for _ in range(DELIVERY_TRIES_MAX - 1):
        step, tries = after_failure(REFUSED, tries, form=Form.WEBHOOK, now_ms=now_ms, chance=0.5)
        assert step is Step.AGAIN
        pauses.append((tries.next_ms - now_ms) // 1000)
        now_ms = tries.next_ms
    assert tuple(pauses) == PAUSES_S
    assert 75 * 3600 < sum(pauses) < 76 * 3600
    step, tries = after_failure(REFUSED, tries, form=Form.WEBHOOK, now_ms=now_ms, chance=0.5)
    assert (step, tries.attempts, tries.failing_since_ms) == (Step.LAPSE, DELIVERY_TRIES_MAX, NOW_MS)
    assert tries.error == "HTTP 500"


def test_the_table_of_the_specification_is_that_of_the_code():
    text = (Path(__file__).parents[2] / "spec/14-notices.md").read_text()
    row = next(line for line in text.splitlines() if line.startswith("| Pause, seconds |"))
    assert tuple(int(cell.replace(",", "")) for cell in re.findall(r"\d[\d,]*", row)) == PAUSES_S


@given(
    st.integers(0, DELIVERY_TRIES_MAX - 2),
    st.floats(0, 1, exclude_max=True),
    st.integers(0, 2**40) | st.none(),
)
def test_a_pause_is_spread_by_a_tenth_and_never_shorter_than_asked(attempts, chance, retry_after_s):
    reply = Reply(Verdict.REFUSED, "", retry_after_s)
    step, tries = after_failure(
        reply, Tries(attempts=attempts), form=Form.WEBHOOK, now_ms=NOW_MS, chance=chance
    )
    assert step is Step.AGAIN
    pause_ms = tries.next_ms - NOW_MS
    asked_ms = 1000 * min(retry_after_s or 0, DELIVERY_RETRY_AFTER_S_MAX)
    assert max(900 * PAUSES_S[attempts], asked_ms) - 1 <= pause_ms <= max(1100 * PAUSES_S[attempts], asked_ms)


def test_who_is_gone_is_not_tried_again():
    gone = reply_to_http(410, "", NOW_MS)
    for form, wanted in ((Form.WEBHOOK, Step.LAPSE), (Form.EMAIL, Step.LAPSE), (Form.WEBSUB, Step.FORGET)):
        assert after_failure(gone, Tries(), form=form, now_ms=NOW_MS, chance=0)[0] is wanted


@pytest.mark.parametrize(
    ("status", "retry_after", "verdict", "wait_s"),
    [
        (200, "", Verdict.TAKEN, None),
        (204, "60", Verdict.TAKEN, None),
        (301, "", Verdict.REFUSED, None),
        (400, "60", Verdict.REFUSED, None),
        (410, "60", Verdict.GONE, None),
        (429, "60", Verdict.REFUSED, 60),
        (503, " 7 ", Verdict.REFUSED, 7),
        (503, "9" * 4000, Verdict.REFUSED, DELIVERY_RETRY_AFTER_S_MAX),
        (503, "-1", Verdict.REFUSED, None),
        (503, "soon", Verdict.REFUSED, None),
        (429, "Fri, 15 Jan 2027 08:10:00 GMT", Verdict.REFUSED, 600),
        (429, "Fri, 15 Jan 1999 08:10:00 GMT", Verdict.REFUSED, 0),
        (429, "Fri, 15 Jan 9999 08:10:00 GMT", Verdict.REFUSED, DELIVERY_RETRY_AFTER_S_MAX),
        (599, "", Verdict.REFUSED, None),
    ],
)
def test_what_an_answer_means(status, retry_after, verdict, wait_s):
    reply = reply_to_http(status, retry_after, NOW_MS)
    assert (reply.verdict, reply.retry_after_s) == (verdict, wait_s)
    assert bool(reply.error) is (reply != TAKEN)


@given(st.text())
def test_no_field_breaks_it(text):
    wait_s = reply_to_http(503, text, NOW_MS).retry_after_s
    assert wait_s is None or 0 <= wait_s <= DELIVERY_RETRY_AFTER_S_MAX
