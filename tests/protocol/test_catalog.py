"""The current entry of a key: the last by position, whatever the order of arrival, before and after a cut."""

from collections.abc import Sequence
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.catalog import Entry, Position, current, fold, last
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.entry import Header, Op

BODY = Cid.of(b"body")


def entry(epoch: int, index: int, op: str = "put", time: int = 0) -> Entry:
    body, size = (BODY, 100) if op == "put" else (None, None)
    return Entry(
        position=Position(epoch, index),
        origin=f"log {epoch}",
        header_cid=Cid.of(f"{epoch}/{index}".encode()),
        header=Header(op=Op(op), type="dataset", key="sst", time=time, body=body, size=size),
    )


def slow_current(entries: Sequence[Entry]) -> Entry | None:
    """The rule as one would say it: sort them all, take the last, unless it withdraws."""
    in_order = sorted(entries, key=lambda each: (each.position.epoch, each.position.index))
    return in_order[-1] if in_order and in_order[-1].header.op == "put" else None


def test_nothing_is_current_of_nothing() -> None:
    assert current([]) is None
    assert last([]) is None


def test_a_later_epoch_wins_over_a_higher_index() -> None:
    old, new = entry(0, 900), entry(1, 0)
    assert current([old, new]) == current([new, old]) == new


def test_a_claimed_time_decides_nothing() -> None:
    first, second = entry(0, 0, time=10**12), entry(0, 1, time=5)
    assert current([first, second]) == second


def test_a_withdrawal_leaves_a_tombstone_and_a_later_put_revives() -> None:
    put, withdrawal, again = entry(0, 0), entry(0, 1, "withdraw"), entry(0, 2)
    assert current([put, withdrawal]) is None
    assert last([put, withdrawal]) == withdrawal
    assert current([put, withdrawal, again]) == again


def test_a_put_that_arrives_late_does_not_pass_the_withdrawal_after_it() -> None:
    assert current([entry(0, 7, "withdraw"), entry(0, 3)]) is None


def test_a_cut_brings_back_what_was_current_before() -> None:
    entries = [entry(0, 949), entry(0, 970, "withdraw"), entry(0, 990)]
    assert current(entries) == entries[2]
    assert current([each for each in entries if each.position.index < 950]) == entries[0]


POOL = [
    entry(epoch, index, op, 9 - index)
    for epoch in range(3)
    for index in range(6)
    for op in ("put", "withdraw")
]
histories = st.lists(st.sampled_from(POOL), unique_by=lambda each: each.position, max_size=10)


@given(histories, st.randoms(use_true_random=False))
def test_the_fold_is_the_slow_rule_in_any_order(entries: list[Entry], chance: Random) -> None:
    arrived = list(entries)
    chance.shuffle(arrived)
    assert current(arrived) == slow_current(entries)


@given(histories, st.randoms(use_true_random=False), st.integers(0, 10))
def test_a_state_folds_on_and_folding_again_changes_nothing(
    entries: list[Entry], chance: Random, again: int
) -> None:
    arrived = entries + entries[:again]
    chance.shuffle(arrived)
    state = None
    for each in arrived:
        state = fold(state, each)
    assert state == last(entries)


@given(histories, st.lists(st.tuples(st.integers(0, 2), st.integers(0, 6)), max_size=8))
def test_arrivals_with_cuts_and_restorations_end_where_the_entries_that_count_fold_to(
    entries: list[Entry], steps: list[tuple[int, int]]
) -> None:
    """A view that folds what arrives, and computes anew what a cut touches, always equals its rebuild."""
    sizes = dict.fromkeys(range(3), 0)
    state = None
    for epoch, size in steps:
        held, sizes[epoch] = sizes[epoch], size
        if size >= held:
            for each in entries:
                if each.position.epoch == epoch and held <= each.position.index < size:
                    state = fold(state, each)
        else:
            state = last(each for each in entries if each.position.index < sizes[each.position.epoch])
        rebuilt = [each for each in entries if each.position.index < sizes[each.position.epoch]]
        visible = None if state is None or state.header.op == "withdraw" else state
        assert visible == slow_current(rebuilt)
