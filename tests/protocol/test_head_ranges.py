"""Two nodes find what differs between their heads; the oracle is the plain difference of two sets."""

from functools import cache
from hashlib import sha256
from math import ceil, log

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import LogError
from frostnode.protocol.head_ranges import (
    EVERYTHING,
    Answer,
    Bounds,
    Comparison,
    HeadItem,
    HeadSet,
    Range,
    bounds_of,
)
from frostnode.protocol.limits import (
    HEAD_RANGE_HEADS_MAX,
    HEAD_RANGE_PARTS_MAX,
    HEAD_RANGE_REQUESTS_MAX,
    HEAD_RANGES_MAX,
)
from frostnode.protocol.names import did_of, format_origin, parse_origin

TIP = Cid.of(b"tip")


@cache
def origin_of(number, epoch):
    genesis = Cid.of(b"genesis %d" % number)
    return format_origin(did_of(genesis), epoch, genesis)


def head(number, size=1, *, epoch=0, forked=False, tip=TIP):
    origin = origin_of(number, epoch)
    root = sha256(b"%d" % size).digest() if size else b""
    return HeadItem(origin=origin, size=size, root=root, tip=tip, forked=forked)


def compared(mine, theirs, scope=(EVERYTHING,)):
    """What is found, in how many requests, and how many ranges and heads were told."""
    peer = HeadSet(theirs)
    comparison = Comparison(HeadSet(mine), scope)
    requests = told = 0
    while asks := comparison.asks():
        assert len(asks) <= HEAD_RANGES_MAX
        requests += 1
        answers = [peer.answer(bounds) for bounds in asks]
        told += sum(len(answer.parts) + len(answer.heads) for answer in answers)
        comparison.take(answers)
    return comparison.differences, requests, told


def plain_difference(mine, theirs):
    left, right = ({item.origin: item for item in side} for side in (mine, theirs))
    return {
        origin: (left.get(origin), right.get(origin))
        for origin in left.keys() | right.keys()
        if left.get(origin) != right.get(origin)
    }


def as_dict(differences):
    found = {each.origin: (each.mine, each.theirs) for each in differences}
    assert len(found) == len(differences), "a log is told once"
    return found


SIDES = st.tuples(
    st.integers(0, 300),
    st.sets(st.integers(0, 300)),
    st.dictionaries(st.integers(0, 300), st.integers(0, 3)),
    st.sets(st.integers(0, 300)),
)
"""How many logs both have, which of them one lacks, which have another size there, and which are new there."""


@given(SIDES)
@example((0, set(), {}, set()))
@example((300, set(), {}, set()))
@example((0, set(), {}, set(range(300))))
@example((300, set(range(300)), {}, set()))
@example((33, {0}, {32: 0}, {40}))
def test_what_is_found_is_the_difference_of_the_sets(sides):
    count, lacking, changed, new = sides
    mine = [head(number) for number in range(count)]
    theirs = [head(number, changed.get(number, 1)) for number in range(count) if number not in lacking]
    theirs += [head(number) for number in new if number >= count]
    found, _, _ = compared(mine, theirs)
    assert as_dict(found) == plain_difference(mine, theirs)
    back, _, _ = compared(theirs, mine)
    assert {origin: pair[::-1] for origin, pair in as_dict(back).items()} == as_dict(found)


@pytest.mark.parametrize(
    "other",
    [
        head(7, 2),
        head(7, 0),
        head(7, forked=True),
        head(7, tip=Cid.of(b"other tip")),
        HeadItem(origin=head(7).origin, size=1, root=bytes(32), tip=TIP, forked=False),
    ],
    ids=["size", "nothing", "forked", "tip", "root"],
)
def test_whatever_is_different_of_a_head_is_found(other):
    mine = [head(number) for number in range(100)]
    theirs = [other if item.origin == other.origin else item for item in mine]
    assert as_dict(compared(mine, theirs)[0]) == {other.origin: (mine[7], other)}


# what it costs


def rounds_max(count):
    """Levels of parts until few heads are left, and the one that tells them."""
    return 1 + max(0, ceil(log(max(1, count) / HEAD_RANGE_HEADS_MAX, HEAD_RANGE_PARTS_MAX)))


@pytest.mark.slow
@pytest.mark.parametrize("count", [33, 1_000, 5_000])
@pytest.mark.parametrize("changes", [0, 1, 5, 100])
def test_the_cost_grows_with_the_difference_and_not_with_the_logs(count, changes):
    mine = [head(number) for number in range(count)]
    theirs = [head(number, 2 if number < changes else 1) for number in range(count)]
    found, requests, told = compared(mine, theirs)
    assert len(found) == min(changes, count)
    levels = rounds_max(count)
    width = max(HEAD_RANGE_PARTS_MAX, HEAD_RANGE_HEADS_MAX)
    assert requests <= 1 + levels * ceil(max(1, changes) / HEAD_RANGES_MAX)
    assert told <= width * (1 + levels * changes)


def test_when_nothing_differs_one_request_says_so():
    mine = [head(number) for number in range(1_000)]
    assert compared(mine, mine)[1:] == (1, HEAD_RANGE_PARTS_MAX)


def test_what_the_peer_has_nothing_of_is_not_asked_on():
    mine = [head(number) for number in range(1_000)]
    low, *rest = sorted(mine, key=lambda item: item.origin)
    found, requests, _ = compared(mine, [low])
    assert (len(found), requests) == (len(rest), 1)


# bounds and scope


def test_parts_cover_their_range_and_have_about_the_same_number_of_heads():
    heads = HeadSet([head(number, 3) for number in range(1_000)])
    answer = heads.answer(EVERYTHING)
    assert [part.bounds.low for part in answer.parts] == [
        "",
        *(part.bounds.high for part in answer.parts[:-1]),
    ]
    assert answer.parts[-1].bounds.high == ""
    assert {part.count for part in answer.parts} <= {31, 32}
    assert sum(part.leaves for part in answer.parts) == heads.summary().leaves == 3_000
    for part in answer.parts:
        assert heads.summary(part.bounds) == part
        assert len(part.bounds.high) < 40, "a bound is as short as it can be"


@pytest.mark.parametrize("count", [HEAD_RANGE_HEADS_MAX, HEAD_RANGE_HEADS_MAX + 1])
def test_few_heads_are_told_one_by_one(count):
    answer = HeadSet([head(number) for number in range(count)]).answer(EVERYTHING)
    assert (len(answer.heads), bool(answer.parts)) == ((count, False) if count == 32 else (0, True))


def test_who_asks_for_some_publishers_hears_of_no_other():
    mine = [head(number) for number in range(200)]
    theirs = [head(number, 2) for number in range(200)] + [head(5, 1, epoch=1)]
    wanted = [parse_origin(head(number).origin).did for number in (5, 150)]
    scope = sorted(map(bounds_of, wanted))
    found, requests, told = compared(mine, theirs, scope)
    assert sorted(as_dict(found)) == sorted([head(5).origin, head(5, epoch=1).origin, head(150).origin])
    assert (requests, told) == (1, 3)


def test_bounds_hold_what_lies_between_them():
    assert "b" in Bounds("b", "c")
    assert "c" not in Bounds("b", "c")
    assert "c" in Bounds("b", "")
    assert "a" not in Bounds("b", "")
    assert 1 not in Bounds("", "")
    assert list(HeadSet([head(1)]).within(Bounds("z", "a"))) == []


def test_heads_come_in_order_of_origin_however_they_are_given():
    heads = HeadSet([head(number) for number in range(50)])
    assert [item.origin for item in heads] == sorted(item.origin for item in heads)
    assert len(heads) == 50
    assert heads.summary().fingerprint == HeadSet(reversed(list(heads))).summary().fingerprint


def test_a_peer_that_finds_ever_new_parts_is_asked_so_many_times_and_no_more():
    comparison = Comparison(HeadSet([]))
    for _ in range(HEAD_RANGE_REQUESTS_MAX):
        for bounds in comparison.asks():
            part = Range(bounds=bounds, count=1, leaves=1, fingerprint=bytes(32))
            comparison.take([Answer(bounds=bounds, parts=[part])])
    with pytest.raises(LogError) as caught:
        comparison.asks()
    assert caught.value.code == "heads.malformed"
