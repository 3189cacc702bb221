"""Bounds on what one node, and what all strangers, may do at once; and what is remembered of neighbours."""

from contextlib import ExitStack

import pytest

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import LocalError
from frostnode.protocol.names import Did, Origin
from frostnode.replicate import known as known_module
from frostnode.replicate.ingest import Outcome
from frostnode.replicate.known import Known
from frostnode.replicate.turns import Turns


def is_refused(turns, node, *, is_known):
    with pytest.raises(LocalError) as caught, turns.turn(node, is_known=is_known):
        pass
    return caught.value.code == "queue.full"


def test_a_node_has_its_own_bound_and_strangers_half_of_all():
    turns = Turns("things", in_all=6, per_node=2)
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(turns.turn("greedy", is_known=False))
        assert is_refused(turns, "greedy", is_known=False)
        stack.enter_context(turns.turn("stranger", is_known=False))
        assert is_refused(turns, "another", is_known=False)
        for name in ("peer", "peer", "friend"):
            stack.enter_context(turns.turn(name, is_known=True))
        assert is_refused(turns, "late", is_known=True)
        assert turns.running == 6
    assert turns.running == 0
    with turns.turn("greedy", is_known=False):
        assert turns.running == 1


def test_a_turn_ends_with_whatever_ends_the_work():
    turns = Turns("things", in_all=2, per_node=1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), turns.turn("a", is_known=False):
            raise ZeroDivisionError
    assert turns.running == 0


A, B = Origin("a"), Origin("b")
TIP = Cid.of(b"tip")


def test_what_a_neighbour_is_known_to_have():
    known = Known()
    assert (known.size("n", A), known.tip("n", Did("d")), known.sent_bodies("n", A, 0, 3)) == (0, None, False)
    known.note_outcome("n", Outcome(sizes={A: 5}, tips={Did("d"): TIP}, bodies=[(A, 0, 3)]))
    known.note_size("n", A, 3)
    assert (known.size("n", A), known.tip("n", Did("d")), known.sent_bodies("n", A, 0, 3)) == (5, TIP, True)
    assert (known.size("n", B), known.size("m", A), known.sent_bodies("n", A, 0, 4)) == (0, 0, False)


def test_what_a_neighbour_was_told_of_events_and_sent_of_leaves_that_were_hashes():
    known, one, other = Known(), bytes(32), b"o" * 32
    assert known.has_events("n", Did("d"), None)
    assert not known.has_events("n", Did("d"), one)
    for digest in (one, None):
        known.note_events("n", Did("d"), digest)
    assert known.has_events("n", Did("d"), one)
    assert not known.has_events("n", Did("d"), other)
    assert not known.has_events("m", Did("d"), one)
    known.note_outcome("n", Outcome(leaves=[(A, 3), (A, 4)]))
    assert known.sent_leaves("n", A, 3, 5)
    assert not known.sent_leaves("n", A, 3, 6)
    assert not known.sent_leaves("m", A, 3, 4)


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(known_module, "KNOWN_LOGS_MAX", 2)
    monkeypatch.setattr(known_module, "KNOWN_NEIGHBOURS_MAX", 2)
    known = Known()
    for name in ("a", "b", "a", "c"):
        known.note_size("n", Origin(name), 1)
    assert [known.size("n", Origin(name)) for name in "abc"] == [1, 0, 1]
    for name in ("x", "y", "n"):
        known.note_size(name, A, 1)
    assert [known.size(name, A) for name in ("x", "y", "n")] == [0, 1, 1]
