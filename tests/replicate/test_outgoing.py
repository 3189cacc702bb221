"""What waits to be offered: nothing is forgotten, nothing is offered twice, and the cursor never passes what waits."""

from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.limits import OFFER_LATER_S_MAX, OFFER_PENDING_MAX, PEER_BACKOFF_MAX_S
from frostnode.protocol.names import Origin
from frostnode.replicate.outgoing import Outgoing


def log(number):
    return Origin(f"log {number}")


def test_a_log_that_changes_often_waits_once():
    outgoing = Outgoing(10)
    for number, bodies in ((11, None), (12, 7), (13, 3), (14, 5)):
        outgoing.changed(log(1), number, bodies, 0)
        outgoing.read(number)
    (waiting,) = outgoing.due(0, 10)
    assert (waiting.number, waiting.bodies) == (11, 3)
    assert (outgoing.cursor, outgoing.after, len(outgoing)) == (10, 14, 1)
    outgoing.settle(waiting)
    outgoing.settle(waiting)
    assert (outgoing.cursor, outgoing.due(0, 10), outgoing.next_due_s()) == (14, [], None)


def test_leaves_that_came_after_their_hashes_wait_from_the_first_to_the_last():
    outgoing = Outgoing(0)
    for number, leaves in ((1, None), (2, (7, 8)), (3, (2, 4)), (4, None)):
        outgoing.changed(log(1), number, None, 0, leaves=leaves)
    (waiting,) = outgoing.due(0, 10)
    assert (waiting.number, waiting.leaves) == (1, (2, 8))


def test_what_changed_first_goes_first_and_what_is_put_off_holds_the_cursor():
    outgoing = Outgoing(0)
    for number in (1, 2, 3):
        outgoing.changed(log(number), number, None, 0)
        outgoing.read(number)
    first, second = outgoing.due(0, 2)
    assert (first.number, second.number) == (1, 2)
    outgoing.later(first, 5, 0, 0)
    outgoing.settle(second)
    assert [item.number for item in outgoing.due(1, 10)] == [3]
    assert (outgoing.cursor, outgoing.next_due_s()) == (0, 0)
    outgoing.settle(outgoing.due(1, 10)[0])
    assert outgoing.next_due_s() == 5
    assert [item.number for item in outgoing.due(5, 10)] == [1]


def test_to_be_put_off_has_a_limit():
    outgoing = Outgoing(0)
    outgoing.changed(log(1), 1, None, 0)
    outgoing.later(outgoing.due(0, 1)[0], 10**9, 0, 1)
    assert outgoing.next_due_s() == OFFER_LATER_S_MAX * 1.5


def test_failures_come_further_and_further_apart_and_progress_ends_that():
    outgoing = Outgoing(0)
    outgoing.changed(log(1), 1, None, 0)
    (waiting,) = outgoing.due(0, 1)
    waits = []
    for _ in range(10):
        outgoing.failed(waiting, 0, 1)
        waits.append(waiting.due_s)
    assert waits[:4] == [1, 2, 4, 8]
    assert waits[-1] == PEER_BACKOFF_MAX_S
    waiting.due_s = 0
    outgoing.went(waiting, 5, 0, 0)
    assert (waiting.failures, outgoing.due(0, 1)) == (0, [waiting])
    outgoing.went(waiting, 5, 0, 0)
    assert waiting.failures == 1
    assert outgoing.due(0, 1) == []


def test_so_many_wait_and_no_more_are_read():
    outgoing = Outgoing(0)
    assert outgoing.room == OFFER_PENDING_MAX
    outgoing.changed(log(1), 1, None, 0)
    assert outgoing.room == OFFER_PENDING_MAX - 1


@given(st.lists(st.tuples(st.sampled_from("csl"), st.integers(0, 4)), max_size=60))
def test_the_cursor_never_passes_what_waits_and_never_goes_back(steps):
    outgoing, number, now, cursor = Outgoing(0), 0, 0.0, 0
    unsettled = {}
    for act, which in steps:
        if act == "c":
            number += 1
            outgoing.changed(log(which), number, None, now)
            outgoing.read(number)
            unsettled.setdefault(which, number)
        else:
            for waiting in [item for item in outgoing.due(now, 99) if item.origin == log(which)]:
                if act == "s":
                    outgoing.settle(waiting)
                    del unsettled[which]
                else:
                    outgoing.later(waiting, 1, now, 0)
        now += 0.3
        assert len(outgoing) == len(unsettled)
        assert outgoing.cursor == min(unsettled.values(), default=number + 1) - 1
        assert outgoing.cursor >= cursor
        cursor = outgoing.cursor
