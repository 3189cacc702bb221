"""At most one transfer of a log at a time, and a silent holder keeps nobody waiting."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import SLOT_SILENCE_S, SLOTS_MAX, SLOTS_PER_NODE_MAX
from frostnode.protocol.names import Origin
from frostnode.replicate.slots import Slots
from frostnode.testing.random import SeededRandom


@pytest.fixture
def slots():
    return Slots(SeededRandom("slots"))


def log(number):
    return Origin(f"log {number}")


def code_of(work):
    with pytest.raises(LocalError) as caught:
        work()
    return caught.value.code


def test_one_holder_at_a_time(slots):
    first = slots.claim(log(1), "a", 0)
    assert slots.claim(log(1), "b", 1) is None
    assert slots.claim(log(2), "b", 1) is not None
    slots.release(first)
    slots.release(first)
    assert slots.claim(log(1), "b", 1) is not None


def test_a_silent_holder_loses_its_slot_to_the_next_who_asks(slots):
    first = slots.claim(log(1), "a", 0)
    slots.progress(first, 3)
    assert slots.claim(log(1), "b", 3 + SLOT_SILENCE_S - 0.1) is None
    slots.progress(first, 30)  # silent, but nobody asked
    second = slots.claim(log(1), "b", 30 + SLOT_SILENCE_S)
    assert second is not None
    assert code_of(lambda: slots.progress(first, 36)) == "offer.slot"
    slots.release(first)
    assert slots.claim(log(1), "c", 36) is None


def test_a_slot_is_used_once_and_by_its_holder(slots):
    slot = slots.claim(log(1), "a", 0)
    assert code_of(lambda: slots.begin(slot.name, "b", 0)) == "offer.slot"
    assert slots.begin(slot.name, "a", 0) is slot
    assert code_of(lambda: slots.begin(slot.name, "a", 0)) == "offer.slot"
    assert code_of(lambda: slots.begin("00", "a", 0)) == "offer.slot"


def test_who_asks_again_begins_anew(slots):
    old = slots.claim(log(1), "a", 0)
    slots.begin(old.name, "a", 0)
    new = slots.claim(log(1), "a", 1)
    assert new.name != old.name
    assert code_of(lambda: slots.progress(old, 1)) == "offer.slot"
    slots.release(old)
    slots.progress(new, 1)


def test_nobody_keeps_a_log_from_others_by_asking_again_and_again(slots):
    assert slots.claim(log(1), "greedy", 0) is not None
    assert slots.claim(log(1), "greedy", 1) is not None
    assert slots.claim(log(1), "other", 2) is None
    for now in (3, 4, 5, 6):
        assert slots.claim(log(1), "greedy", now) is None
    assert slots.claim(log(1), "other", 1 + SLOT_SILENCE_S) is not None


def test_who_yields_in_vain_has_its_turn_again(slots):
    slots.claim(log(1), "a", 0)
    assert slots.claim(log(1), "b", 1) is None
    assert slots.claim(log(1), "a", 4 * SLOT_SILENCE_S - 1) is None
    assert slots.claim(log(1), "a", 4 * SLOT_SILENCE_S) is not None


def test_a_holder_has_so_many_slots(slots):
    for number in range(SLOTS_PER_NODE_MAX):
        assert slots.claim(log(number), "a", 0) is not None
    assert slots.claim(log("more"), "a", 1) is None
    assert slots.claim(log("more"), "b", 1) is not None
    assert slots.claim(log("another"), "a", SLOT_SILENCE_S) is not None


def test_all_have_so_many_slots(slots):
    for number in range(SLOTS_MAX):
        assert slots.claim(log(number), f"holder {number}", 0) is not None
    assert slots.claim(log("more"), "b", 1) is None
    assert slots.claim(log("more"), "b", SLOT_SILENCE_S) is not None
    assert len(slots) == 1


@given(
    st.lists(
        st.tuples(st.sampled_from("cpr"), st.integers(0, 2), st.sampled_from("abc"), st.integers(0, 4)),
        max_size=60,
    )
)
def test_nobody_ever_shares_a_log(steps):
    """Against the obvious model: log → (holder, last seen, whether another asked)."""
    slots, model, mine, now = Slots(SeededRandom("model")), {}, {}, 0
    for act, number, holder, wait in steps:
        now += wait
        held = model.get(number)
        slot = mine.get((number, holder))
        if act == "c":
            got = slots.claim(log(number), holder, now)
            if held is None:
                free = True
            elif held[0] == holder:
                free = not held[2] or now - held[1] >= 4 * SLOT_SILENCE_S
            else:
                free = now - held[1] >= SLOT_SILENCE_S
                model[number] = (*held[:2], True)
            assert (got is not None) == free
            if got is not None:
                model[number], mine[number, holder] = (holder, now, False), got
        elif slot is not None and act == "p":
            try:
                slots.progress(slot, now)
            except LocalError:
                assert held is None or held[0] != holder
            else:
                assert held[0] == holder
                model[number] = (holder, now, held[2])
        elif slot is not None:
            slots.release(slot)
            if held is not None and held[0] == holder:
                del model[number]
    assert len(slots) == len(model)
