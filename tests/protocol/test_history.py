"""The history of one publisher: what counts, in whatever order it is heard, and what each trace of theft does."""

from dataclasses import replace
from hashlib import sha256
from itertools import permutations

import pytest

from frostnode.protocol import event_tree, history
from frostnode.protocol.errors import LocalError, PeerError, StorageError
from frostnode.protocol.history import History, Place
from frostnode.protocol.identity import (
    EMPTY_END,
    End,
    Epoch,
    Event,
    Kind,
    SignedEvent,
    attach_signatures,
    commitment,
    sign_event,
)
from frostnode.protocol.keys import SigningKey
from frostnode.protocol.limits import IDENTITY_PATH_EVENTS_MAX
from frostnode.protocol.names import did_of, format_origin


def key(label: str) -> SigningKey:
    return SigningKey(sha256(label.encode()).digest())


def end(size: int) -> End:
    return End(size=size, root=sha256(b"%d" % size).digest()) if size else EMPTY_END


def event(
    kind: Kind, prev: SignedEvent | None, signer: str, kit: str, sheet: str | None, size: int, **changes
) -> SignedEvent:
    """An event signed by `signer` that commits to `kit` and `sheet`; its log key tells equal events apart."""
    label = changes.pop("label", kit)
    made = Event(
        kind=kind,
        n=prev.event.n + 1 if prev else 0,
        prev=prev.cid if prev else None,
        time=0,
        keys=(key(signer).public,),
        next=commitment([key(kit).public], 1),
        recovery=commitment([key(sheet).public], 1) if sheet else None,
        end=end(size) if prev else None,
        epoch=Epoch(key=key(f"log {label}").public, node=key("node").public, url=label),
    )
    return sign_event(replace(made, **changes), [key(signer)])


def ordinary(prev: SignedEvent, label: str, *, signer="kit", kit="kit", size=0, **changes) -> SignedEvent:
    return event(Kind.ORDINARY, prev, signer, kit, None, size, label=label, **changes)


def recovery(
    prev: SignedEvent, label: str, *, signer="sheet", kit="new kit", sheet="sheet 2", size=0, **changes
) -> SignedEvent:
    return event(Kind.RECOVERY, prev, signer, kit, sheet, size, label=label, **changes)


G = event(Kind.GENESIS, None, "kit", "kit", "sheet", 0, label="g")
DID = did_of(G.cid)


def fresh(*batches) -> History:
    """A history that has taken genesis and then these batches (an event alone is a batch of one)."""
    known = History.empty(DID)
    known.take([G])
    for batch in batches:
        known.take([batch] if isinstance(batch, SignedEvent) else batch)
    return known


def path(known: History) -> list[str]:
    return [signed.event.epoch.url if signed.event.epoch else "-" for signed in known.path]


def outcomes(*events: SignedEvent) -> set:
    """What counts after each order of these events, one by one, with the ends."""
    seen = set()
    for order in permutations(events):
        known = fresh(*order)
        seen.add((tuple(path(known)), known.forked, tuple(epoch.end for epoch in known.standing)))
    return seen


def codes(taken) -> list[str]:
    return [error.code for _, error in taken.refused]


# -- taking -------------------------------------------------------------------------------------------


def test_an_empty_history_knows_nothing() -> None:
    known = History.empty(DID)
    assert (known.path, known.tip, known.events, known.standing, known.waiting) == ((), None, (), (), ())
    assert (known.forked, known.forks, known.choices) == (False, (), {})
    assert known.take([]).new == ()


def test_genesis_opens_epoch_0() -> None:
    known = History.empty(DID)
    taken = known.take([G])
    (epoch,) = known.standing
    assert taken.new == (G,)
    assert epoch.origin == format_origin(DID, 0, G.cid) == taken.changes[0].origin
    assert (epoch.key, epoch.node, epoch.url) == (key("log g").public, key("node").public, "g")
    assert (epoch.n, epoch.event, epoch.end, epoch.accepts) == (0, G.cid, None, True)
    assert (taken.changes[0].old, taken.changes[0].new, taken.switched) == (None, epoch, False)


def test_a_move_ends_an_epoch_and_opens_the_next() -> None:
    known, e1 = fresh(), ordinary(G, "e1", size=950)
    taken = known.take([e1])
    ended, opened = known.standing
    assert (ended.end, ended.accepts) == (end(950), False)
    assert (opened.n, opened.event, opened.accepts) == (1, e1.cid, True)
    assert known.epoch(ended.origin) == ended
    assert known.epoch(format_origin(DID, 1, G.cid)) is None
    assert [(change.old and change.old.end, change.new.end) for change in taken.changes] == [
        (None, end(950)),
        (None, None),
    ]
    assert (known.tip, taken.switched) == (e1.cid, False)


def test_taking_again_changes_nothing() -> None:
    e1, t1 = ordinary(G, "e1"), ordinary(G, "t1")
    known = fresh(e1, t1)
    before = (known.events, known.choices, known.standing)
    taken = known.take([t1, e1, G, e1])
    assert (taken.new, taken.refused, taken.dropped, taken.changes, taken.switched) == ((), (), (), (), False)
    assert (known.events, known.choices, known.standing) == before


def test_one_batch_in_any_order_is_taken_whole() -> None:
    e1 = ordinary(G, "e1")
    e2 = ordinary(e1, "e2")
    for order in permutations([G, e1, e2]):
        known = History.empty(DID)
        assert known.take(list(order)).new == (G, e1, e2)
        assert path(known) == ["g", "e1", "e2"]


def test_a_copy_goes_its_own_way() -> None:
    known = fresh()
    twin = known.copy()
    twin.take([ordinary(G, "e1")])
    assert (path(known), path(twin)) == (["g"], ["g", "e1"])
    known.take([ordinary(G, "e2")])
    assert (path(known), path(twin)) == (["g", "e2"], ["g", "e1"])


def test_epochs_without_key_and_host_accept_nothing_and_end_empty() -> None:
    r1 = recovery(G, "r1", epoch=None)
    known = fresh(r1)
    last = known.standing[-1]
    assert (last.key, last.node, last.url, last.end, last.accepts) == (None, None, None, None, False)
    assert codes(known.take([ordinary(r1, "e2", signer="new kit", size=1)])) == ["identity.end"]
    known.take([ordinary(r1, "e2", signer="new kit", size=0)])
    assert [epoch.end for epoch in known.standing] == [EMPTY_END, EMPTY_END, None]


# -- waiting and refusing -----------------------------------------------------------------------------


def test_events_wait_for_their_ancestors_and_have_no_effect_until_then() -> None:
    e1 = ordinary(G, "e1")
    e2 = ordinary(e1, "e2")
    r3 = recovery(e2, "r3")
    known = fresh()
    taken = known.take([r3])
    assert (taken.new, taken.refused, taken.missing, known.waiting) == ((), (), (e2.cid,), (e2.cid,))
    assert known.take([e2]).missing == (e1.cid,)
    assert path(known) == ["g"]
    taken = known.take([e1])
    assert (taken.new, taken.missing) == ((e1, e2, r3), ())
    assert path(known) == ["g", "e1", "e2", "r3"]


def test_all_wait_for_genesis_and_another_genesis_is_refused() -> None:
    e1 = ordinary(G, "e1")
    other = event(Kind.GENESIS, None, "kit", "kit", "sheet", 0, label="other")
    known = History.empty(DID)
    assert known.take([e1]).missing == (G.cid,)
    assert codes(known.take([other])) == ["identity.unknown"]
    assert known.tip is None
    assert known.take([G]).new == (G, e1)


def test_the_number_of_waiting_events_is_bounded_and_the_newest_stay(monkeypatch) -> None:
    monkeypatch.setattr(history, "IDENTITY_WAITING_EVENTS_MAX", 3)
    chain = [ordinary(G, "0")]
    for n in range(1, 8):
        chain.append(ordinary(chain[-1], str(n)))
    known = fresh(chain[1:])
    assert known.waiting == (chain[4].cid,)
    known.take(chain[:5])
    assert path(known) == ["g", *"01234567"]


def test_a_refused_event_does_not_stop_others_that_wait_with_it() -> None:
    e1 = ordinary(G, "e1")
    bad = ordinary(e1, "bad", signer="other")
    below_bad = ordinary(bad, "below")
    e2 = ordinary(e1, "e2")
    for order in permutations([bad, below_bad, e2]):
        known = fresh(list(order))
        taken = known.take([e1])
        assert taken.new == (e1, e2)
        assert {cid for cid, _ in taken.refused} == {bad.cid, below_bad.cid}
        assert sorted(codes(taken)) == ["identity.keys", "identity.predecessor"]
        assert (path(known), known.waiting) == (["g", "e1", "e2"], ())


def test_an_event_refused_for_its_signatures_is_not_refused_by_its_cid() -> None:
    e1 = ordinary(G, "e1")
    bad = attach_signatures(e1.event, {key("kit").public: bytes(64)})
    assert bad.cid == e1.cid
    known = fresh()
    assert codes(known.take([bad])) == ["signature.invalid"]
    assert known.take([e1]).new == (e1,)
    assert codes(fresh().take([bad, e1])) == ["signature.invalid"]
    assert path(fresh([bad, e1])) == path(fresh([e1, bad])) == ["g", "e1"]


def test_a_badly_signed_copy_does_not_keep_the_place_of_one_that_waits() -> None:
    e1 = ordinary(G, "e1")
    e2 = ordinary(e1, "e2")
    bad = attach_signatures(e2.event, {key("kit").public: bytes(64)})
    known = fresh([bad], [e2], [bad], [e1])
    assert path(known) == ["g", "e1", "e2"]
    assert known.events[-1].raw == e2.raw


def test_a_path_has_at_most_1000_events() -> None:
    with pytest.raises(PeerError) as refused:
        ordinary(G, "e", n=IDENTITY_PATH_EVENTS_MAX)
    assert refused.value.code == "identity.too-long"


@pytest.mark.slow
def test_a_path_of_1000_events_is_taken_and_can_still_be_recovered() -> None:
    chain = [G]
    for n in range(1, IDENTITY_PATH_EVENTS_MAX):
        chain.append(ordinary(chain[-1], f"t{n}"))
    known = History.empty(DID)
    assert len(known.take(chain).new) == len(known.path) == IDENTITY_PATH_EVENTS_MAX
    known.take([recovery(G, "r1")])
    assert path(known) == ["g", "r1"]
    assert len(known.events) == IDENTITY_PATH_EVENTS_MAX + 1


# -- forks --------------------------------------------------------------------------------------------


def test_the_first_seen_of_a_place_is_followed_and_the_other_is_evidence() -> None:
    e1, t1 = ordinary(G, "e1"), ordinary(G, "t1")
    known = fresh(e1)
    taken = known.take([t1])
    assert (taken.new, taken.changes, taken.switched) == ((t1,), (), False)
    assert (path(known), known.forked) == (["g", "e1"], False)
    (fork,) = known.forks
    assert (fork.place, fork.followed, fork.others) == (Place(Kind.ORDINARY, G.cid), e1.cid, (t1.cid,))
    assert path(fresh(t1, e1)) == ["g", "t1"]


def test_events_beside_what_counts_have_a_name_that_their_order_does_not_change() -> None:
    one, other, third = (ordinary(G, label) for label in ("one", "other", "third"))
    assert fresh().events_digest is None
    assert fresh(one).events_digest is None
    both = sha256(b"".join(sorted(signed.cid.digest for signed in (G, one, other)))).digest()
    assert fresh([one], [other]).events_digest == fresh([other], [one]).events_digest == both
    assert fresh([one, other]).events_digest == both
    assert fresh([one], [third]).events_digest not in (None, both)


def test_two_at_once_and_neither_is_followed() -> None:
    e1, t1 = ordinary(G, "e1", size=3), ordinary(G, "t1", size=5)
    known = fresh()
    taken = known.take([e1, t1])
    (epoch,) = known.standing
    assert (path(known), known.forked, epoch.end, epoch.accepts) == (["g"], True, None, False)
    assert [(change.old.accepts, change.new.accepts) for change in taken.changes] == [(True, False)]
    assert known.forks[0].followed is None
    assert set(known.forks[0].others) == {e1.cid, t1.cid}
    assert taken.switched is False


def test_released_by_their_ancestor_two_events_are_met_at_once() -> None:
    e1 = ordinary(G, "e1")
    known = fresh(ordinary(e1, "e2"), ordinary(e1, "t2"))
    known.take([e1])
    assert (path(known), known.forked) == (["g", "e1"], True)


def by(**names: SignedEvent):
    """Cosignatures: witness name → the event whose epoch it cosigned (or several)."""
    cosigned: dict = {}
    for witness, events in names.items():
        for signed in [events] if isinstance(events, SignedEvent) else events:
            cosigned.setdefault(signed.cid, set()).add(witness)
    return lambda cid: frozenset(cosigned.get(cid, ()))


def test_witnesses_decide_between_two_at_once() -> None:
    e1, t1 = ordinary(G, "e1"), ordinary(G, "t1")
    e2 = ordinary(e1, "e2")
    for cosigned, expected, forked in [
        (by(), ["g"], True),
        (by(w=e1), ["g", "e1", "e2"], False),
        (by(w=e2), ["g", "e1", "e2"], False),
        (by(w=t1), ["g", "t1"], False),
        (by(w=e1, v=t1), ["g"], True),
        (by(w=e1, v=t1, u=e2), ["g", "e1", "e2"], False),
        (by(w=(e1, e2), v=t1), ["g"], True),
        (by(w=(e1, t1)), ["g"], True),
        (by(w=(e2, t1), v=t1), ["g", "t1"], False),
        (by(w=G), ["g"], True),
    ]:
        known = fresh()
        known.take([e1, t1, e2], cosigned)
        assert (path(known), known.forked) == (expected, forked)


def test_cosignatures_that_come_later_decide_once() -> None:
    e1, t1 = ordinary(G, "e1"), ordinary(G, "t1")
    known = fresh([e1, t1])
    assert known.take([], by(w=(e1, t1))).changes == ()
    taken = known.take([], by(w=e1))
    assert (path(known), known.forked, taken.switched) == (["g", "e1"], False, False)
    assert known.take([], by(w=e1, v=t1, u=t1)).changes == ()
    assert path(known) == ["g", "e1"]


def test_a_decision_changes_only_by_a_recovery_event() -> None:
    e1, t1 = ordinary(G, "e1"), ordinary(G, "t1")
    known = fresh(t1, e1)
    known.take([ordinary(e1, "e2")], by(w=e1, v=e1))
    assert path(known) == ["g", "t1"]
    taken = known.take([recovery(e1, "r2")])
    assert (path(known), taken.switched) == (["g", "e1", "r2"], True)
    (fork,) = known.forks
    assert (fork.followed, fork.others, fork.settled) == (e1.cid, (t1.cid,), True)


def test_what_was_followed_below_an_undecided_place_is_followed_once_it_is_decided() -> None:
    e1, t1 = ordinary(G, "e1"), ordinary(G, "t1")
    e2, t2 = ordinary(e1, "e2"), ordinary(e1, "t2")
    known = fresh([e1, t1], e2, t2)
    assert (path(known), known.forked) == (["g"], True)
    known.take([], by(w=e1))
    assert path(known) == ["g", "e1", "e2"]


# -- recovery -----------------------------------------------------------------------------------------


def test_a_recovery_event_names_what_was_good_and_voids_the_rest() -> None:
    e1, t2 = ordinary(G, "e1", size=3), None
    t2 = ordinary(e1, "t2", size=1)
    t3 = ordinary(t2, "t3")
    known = fresh(e1, t2, t3)
    r2 = recovery(e1, "r2", size=9)
    taken = known.take([r2])
    assert (path(known), taken.switched) == (["g", "e1", "r2"], True)
    assert [epoch.end for epoch in known.standing] == [end(3), end(9), None]
    gone = [change for change in taken.changes if change.new is None]
    assert [change.old.event for change in gone] == [t2.cid, t3.cid]
    restored = next(change for change in taken.changes if change.old and change.new)
    assert (restored.old.end, restored.new.end) == (end(1), end(9))
    assert known.take([ordinary(t3, "t4")]).changes == ()


def test_two_recovery_events_at_one_place_are_disputed_for_ever() -> None:
    e1 = ordinary(G, "e1")
    r2, x1 = recovery(e1, "r2"), recovery(G, "x1")
    known = fresh(e1, r2, x1)
    assert (path(known), known.forked) == (["g", "e1", "r2"], False)
    (fork,) = known.forks
    assert (fork.place, fork.followed, fork.others) == (Place(Kind.RECOVERY, G.cid), r2.cid, (x1.cid,))
    assert fork.settled is False
    known.take([ordinary(r2, "e3", signer="new kit")])
    known.take([recovery(r2, "r3", signer="sheet 2", sheet="sheet 3")])
    assert known.forks == (fork,)
    assert path(fresh(e1, x1, r2)) == ["g", "x1"]


def test_two_recovery_events_at_once_leave_what_they_share() -> None:
    e1 = ordinary(G, "e1", size=3)
    e2 = ordinary(e1, "e2", size=4)
    r3, x2 = recovery(e2, "r3"), recovery(e1, "x2")
    known = fresh(e1, e2)
    taken = known.take([r3, x2])
    assert (path(known), known.forked, taken.switched) == (["g", "e1"], True, True)
    assert [epoch.accepts for epoch in known.standing] == [False, False]
    known.take([], by(w=r3))
    assert (path(known), known.forked) == (["g", "e1", "e2", "r3"], False)


# -- the holes that a model of the rules found in earlier wordings --------------------------------------


def test_h1_voiding_is_by_ancestry_not_by_time_of_arrival() -> None:
    e1, r1 = ordinary(G, "e1"), recovery(G, "r1")
    assert len(outcomes(e1, r1)) == 1
    assert path(fresh(r1, e1)) == ["g", "r1"]


def test_h2_the_named_event_is_not_voided() -> None:
    e1 = ordinary(G, "e1")
    assert path(fresh(e1, recovery(e1, "r2"))) == ["g", "e1", "r2"]


def test_h3_an_old_kit_signs_nothing_below_a_recovery_event() -> None:
    r1 = recovery(G, "r1")
    known = fresh(ordinary(G, "t1"), r1)
    assert codes(known.take([ordinary(r1, "t2")])) == ["identity.keys"]
    assert path(known) == ["g", "r1"]


def test_h4_a_recovery_event_ends_and_opens_an_epoch_so_no_log_key_comes_alive_again() -> None:
    e1, r1 = ordinary(G, "e1", size=3), recovery(G, "r1", size=3)
    for order in permutations([e1, r1]):
        known = fresh(*order)
        assert [(epoch.end, epoch.accepts) for epoch in known.standing] == [(end(3), False), (None, True)]


def test_h5_the_place_of_a_recovery_event_is_not_its_predecessor() -> None:
    e1, t1 = ordinary(G, "e1"), ordinary(G, "t1")
    r2 = recovery(e1, "r2")
    assert {names for names, _, _ in outcomes(e1, t1, r2)} == {("g", "e1", "r2")}
    known = fresh(recovery(G, "r1"), e1)
    known.take([e1, recovery(e1, "x2")])
    assert path(known) == ["g", "r1"]
    assert len(known.forks) == 1


def test_h6_a_recovery_event_signed_by_a_later_set_cannot_name_an_earlier_event() -> None:
    e1, r1 = ordinary(G, "e1"), recovery(G, "r1")
    r2 = recovery(e1, "r2", signer="sheet 2", sheet="sheet 3")
    assert len(outcomes(e1, r1, r2)) == 1
    assert codes(fresh(e1, r1).take([r2])) == ["identity.keys"]


def test_h7_a_full_branch_of_the_thief_does_not_keep_the_recovery_event_out(monkeypatch) -> None:
    monkeypatch.setattr(event_tree, "IDENTITY_ASIDE_EVENTS_MAX", 0)
    chain = [ordinary(G, "t1")]
    for n in range(2, 20):
        chain.append(ordinary(chain[-1], f"t{n}"))
    assert path(fresh(chain, recovery(G, "r1"))) == ["g", "r1"]
    assert path(fresh(*chain, recovery(chain[3], "r5"))) == ["g", "t1", "t2", "t3", "t4", "r5"]


def test_h8_an_end_at_a_tree_that_nobody_has_is_valid() -> None:
    known = fresh(ordinary(G, "e1", size=2**40))
    assert known.standing[0].end == end(2**40)


def test_h9_a_recovery_event_waits_for_the_events_that_it_names() -> None:
    e1 = ordinary(G, "e1")
    assert outcomes(e1, recovery(e1, "r2")) == {(("g", "e1", "r2"), False, (EMPTY_END, EMPTY_END, None))}


def test_h10_while_neither_is_followed_the_epoch_before_the_fork_accepts_nothing() -> None:
    known = fresh([ordinary(G, "e1"), ordinary(G, "t1")])
    assert [epoch.accepts for epoch in known.standing] == [False]


def test_h11_a_witness_that_cosigned_both_branches_counts_for_neither() -> None:
    e1, t1 = ordinary(G, "e1"), ordinary(G, "t1")
    known = fresh()
    known.take([e1, t1], by(w=(e1, t1), v=t1))
    assert path(known) == ["g", "t1"]
    e1, t1, t2 = ordinary(G, "e1"), ordinary(G, "t1"), ordinary(G, "t2")
    known = fresh()
    known.take([t1, t2, e1], by(w=(t1, t2), v=e1))
    assert path(known) == ["g", "e1"]


def test_h12_a_kit_replaced_by_an_ordinary_event_still_forks_for_newcomers_until_recovery() -> None:
    e1, t1 = ordinary(G, "e1", kit="kit 2"), ordinary(G, "t1")
    known = fresh([e1, t1])
    assert (path(known), known.forked) == (["g"], True)
    known.take([recovery(e1, "r2")])
    assert (path(known), known.forked) == (["g", "e1", "r2"], False)
    known.take([ordinary(G, "t9")])
    assert (path(known), known.forked) == (["g", "e1", "r2"], False)


def test_h13_a_spent_recovery_set_forks_for_newcomers_only() -> None:
    r1, x1 = recovery(G, "r1"), recovery(G, "x1")
    assert path(fresh(r1, x1)) == ["g", "r1"]
    assert (path(fresh([r1, x1])), fresh([r1, x1]).forked) == (["g"], True)


def test_h15_epoch_numbers_come_again_after_a_void_and_origins_do_not() -> None:
    t1, r1 = ordinary(G, "t1"), recovery(G, "r1")
    known = fresh(t1)
    void = known.standing[1]
    known.take([r1])
    assert known.standing[1].n == void.n == 1
    assert known.standing[1].origin != void.origin
    assert known.epoch(void.origin) is None


def test_h16_a_recovery_event_restores_what_a_thief_cut() -> None:
    known = fresh(ordinary(G, "t1", size=1))
    taken = known.take([recovery(G, "r1", size=10)])
    cut = next(change for change in taken.changes if change.origin == known.standing[0].origin)
    assert (cut.old.end, cut.new.end) == (end(1), end(10))


def test_h19_bad_signatures_do_not_poison_a_waiting_recovery_event() -> None:
    e1 = ordinary(G, "e1")
    r2 = recovery(e1, "r2")
    bad = attach_signatures(r2.event, {key("sheet").public: bytes(64)})
    assert path(fresh(bad, r2, bad, e1)) == ["g", "e1", "r2"]


def test_h21_an_event_that_opens_no_log_changes_the_tip() -> None:
    known = fresh()
    before = known.tip
    known.take([recovery(G, "r1", epoch=None)])
    assert known.tip != before


def test_h22_the_owners_own_events_beside_a_recovery_event_are_void_too() -> None:
    e1, r1 = ordinary(G, "e1"), recovery(G, "r1")
    taken = fresh(e1).take([r1])
    assert [change.old.event for change in taken.changes if change.new is None] == [e1.cid]


def test_an_ended_epoch_never_opens_again_even_while_nothing_is_decided() -> None:
    e1 = ordinary(G, "e1", size=3)
    known = fresh(e1)
    known.take([recovery(G, "r1", size=2), recovery(G, "x1", size=1)])
    assert (path(known), known.forked) == (["g"], True)
    assert [epoch.accepts for epoch in known.standing] == [False]


# -- what is kept -------------------------------------------------------------------------------------


def test_of_each_place_one_other_event_is_kept_and_nothing_below_it() -> None:
    e1, rivals = ordinary(G, "e1"), [ordinary(G, f"t{n}") for n in range(5)]
    known = fresh(e1)
    taken = known.take(rivals)
    assert (taken.new, taken.dropped) == ((rivals[0],), tuple(signed.cid for signed in rivals[1:]))
    below = ordinary(rivals[0], "below")
    assert known.take([below]).dropped == (below.cid,)
    assert known.events == (G, e1, rivals[0])


def test_what_was_dropped_is_taken_again_below_a_recovery_event() -> None:
    e1, t1 = ordinary(G, "e1"), ordinary(G, "t1")
    t2 = ordinary(t1, "t2")
    t3 = ordinary(t2, "t3")
    r4 = recovery(t3, "r4")
    known = fresh(e1, t1, t2, t3)
    assert len(known.events) == 3
    assert known.take([r4]).missing == (t2.cid,)
    assert known.take([t2]).new == (t2, t3, r4)
    assert path(known) == ["g", "t1", "t2", "t3", "r4"]
    assert path(fresh(e1, t1, t2, [t1, t2, t3, r4])) == ["g", "t1", "t2", "t3", "r4"]


def test_a_recovery_event_that_is_only_evidence_is_kept_with_its_ancestors() -> None:
    r1, t1 = recovery(G, "r1"), ordinary(G, "t1")
    t2 = ordinary(t1, "t2")
    x3 = recovery(t2, "x3")
    known = fresh(r1)
    assert known.take([t1, t2, x3]).new == (t1, t2, x3)
    assert (path(known), known.forks[0].others) == (["g", "r1"], (x3.cid,))


def test_candidates_at_an_undecided_place_are_bounded(monkeypatch) -> None:
    monkeypatch.setattr(event_tree, "IDENTITY_CANDIDATES_MAX", 3)
    rivals = [ordinary(G, f"t{n}") for n in range(5)]
    known = fresh()
    assert len(known.take(rivals).new) == 3
    assert known.forked
    assert known.take(rivals[3:]).new == ()


def test_a_bush_below_an_undecided_place_is_bounded(monkeypatch) -> None:
    monkeypatch.setattr(event_tree, "IDENTITY_ASIDE_EVENTS_MAX", 10)
    level, known = [ordinary(G, "a"), ordinary(G, "b")], fresh()
    for _ in range(6):
        known.take(level)
        level = [ordinary(signed, f"{signed.event.epoch.url}{way}") for signed in level for way in "ab"]
    assert len(known.events) == 3 + 10
    known.take([recovery(G, "r1")])
    assert path(known) == ["g", "r1"]


# -- persistence --------------------------------------------------------------------------------------


def stored(known: History) -> History:
    return History.load(DID, [signed.raw for signed in known.events], known.choices)


def test_a_loaded_history_remembers_what_was_seen_first() -> None:
    e1, t1 = ordinary(G, "e1"), ordinary(G, "t1")
    r2, x1 = recovery(e1, "r2"), recovery(G, "x1")
    for order in permutations([e1, t1, r2, x1]):
        known = fresh(*order)
        again = stored(known)
        assert (again.events, dict(again.choices)) == (known.events, dict(known.choices))
        assert (again.path, again.standing, again.forks) == (known.path, known.standing, known.forks)
        assert again.audit() == []


def test_a_loaded_history_is_still_undecided() -> None:
    e1, t1 = ordinary(G, "e1"), ordinary(G, "t1")
    again = stored(fresh([e1, t1]))
    assert again.forked
    again.take([ordinary(G, "t9")])
    assert again.forked
    again.take([], by(w=e1))
    assert path(again) == ["g", "e1"]


def test_a_choice_that_was_dropped_again_is_not_remembered() -> None:
    t1 = ordinary(G, "t1")
    t2, t3 = ordinary(t1, "t2"), ordinary(t1, "t3")
    x4 = recovery(t3, "x4")
    known = fresh(recovery(G, "r1"))
    assert known.take([t1, t2, t3, x4], by(w=t2)).dropped == (t2.cid,)
    assert known.choices[Place(Kind.ORDINARY, t1.cid)] == t3.cid
    assert stored(known).events == known.events


def test_nothing_is_loaded_from_nothing() -> None:
    assert History.load(DID, [], {}).tip is None


def test_damaged_storage_is_noticed() -> None:
    e1 = ordinary(G, "e1")
    other = event(Kind.GENESIS, None, "kit", "kit", "sheet", 0, label="other")
    place = Place(Kind.ORDINARY, G.cid)
    for events, choices in [
        ([e1.raw], {}),
        ([other.raw], {}),
        ([G.raw, G.raw], {}),
        ([G.raw[:-1]], {}),
        ([e1.raw, G.raw], {}),
        ([G.raw, e1.raw], {place: G.cid}),
        ([G.raw, e1.raw], {}),
        ([G.raw, e1.raw, e1.raw], {place: e1.cid}),
        ([G.raw], {place: None}),
        ([], {place: e1.cid}),
    ]:
        with pytest.raises(StorageError) as damaged:
            History.load(DID, events, choices)
        assert damaged.value.code == "storage.damaged"


def test_an_audit_finds_what_a_disk_may_do() -> None:
    e1 = ordinary(G, "e1")
    bad = attach_signatures(e1.event, {key("kit").public: bytes(64)})
    foreign = ordinary(G, "e9", signer="other")
    for signed, code in ((bad, "signature.invalid"), (foreign, "identity.keys")):
        damaged = History.load(DID, [G.raw, signed.raw], {Place(Kind.ORDINARY, G.cid): signed.cid})
        assert [error.code for _, error in damaged.audit()] == [code]


def test_a_history_is_of_a_did() -> None:
    with pytest.raises(PeerError):
        History.empty("did:web:example.org")
    assert not issubclass(PeerError, LocalError)
