"""The rules of identity once more, as an abstract model, and the real history held against it.

In the model keys are names, nothing is signed, nothing is dropped and nothing is fast. Trees of events
are delivered to both in all orders, one by one and in pairs, and at random in longer runs. After every
delivery both must say the same, and whatever the rules promise of any order must hold. Last, models
that read one rule wrongly are shown to be told apart from the real history.

What it found is told in spec/decisions/0001-epochs.md and 0003-recovery-sets.md.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from hashlib import sha256
from itertools import chain, combinations, islice, pairwise
from random import Random
from typing import NamedTuple

import pytest

from frostnode.protocol import history
from frostnode.protocol.errors import IdentityError, PeerError
from frostnode.protocol.history import History
from frostnode.protocol.identity import (
    End,
    Epoch,
    Event,
    Kind,
    SignedEvent,
    attach_signatures,
    commitment,
    sign_event,
    verify_signatures,
)
from frostnode.protocol.keys import SigningKey
from frostnode.protocol.names import did_of


class Act(NamedTuple):
    """An abstract event: who signed it, to which authority key and recovery key it commits."""

    name: str
    prev: str | None
    signer: str
    kit: str
    sheet: str | None = None
    is_recovery: bool = False


class Cosignature(NamedTuple):
    """A trusted witness has cosigned the epoch that an event opened."""

    witness: str
    name: str


class BadCopy(NamedTuple):
    """A copy of an event whose signatures do not verify."""

    act: Act


GENESIS = Act("g", None, "K0", "K0", "S0")
NEITHER = "neither"
PARTS = 4
"""Into so many runs of their own the larger searches are cut."""


# -- the model ----------------------------------------------------------------------------------------


class Model:
    """One node. `known` in order of arrival; `chosen`: (is_recovery, place) → name or NEITHER."""

    def __init__(self) -> None:
        self.known = {"g": GENESIS}
        self.waiting: dict[str, Act] = {}
        self.chosen: dict[tuple[bool, str], str] = {}
        self.cosigned: frozenset[Cosignature] = frozenset()

    def copy(self):
        twin = type(self)()
        twin.known, twin.waiting, twin.chosen = dict(self.known), dict(self.waiting), dict(self.chosen)
        twin.cosigned = self.cosigned
        return twin

    def key(self):
        return frozenset(self.known), frozenset(self.waiting), frozenset(self.chosen.items()), self.cosigned

    # the tree

    def path(self, name: str) -> list[str]:
        prev = self.known[name].prev
        return [*(self.path(prev) if prev else []), name]

    def base(self, name: str) -> str:
        return [step for step in self.path(name) if step == "g" or self.known[step].is_recovery][-1]

    def valid(self, act: Act) -> bool:
        if act.is_recovery:
            return act.signer == self.known[self.base(act.prev)].sheet and act.sheet is not None
        return act.signer == self.known[act.prev].kit and act.sheet is None

    def place(self, act: Act) -> tuple[bool, str]:
        return act.is_recovery, self.base(act.prev) if act.is_recovery else act.prev

    def rivals(self, place: tuple[bool, str]) -> list[str]:
        return [act.name for act in self.known.values() if act.prev and self.place(act) == place]

    # deliveries

    def deliver(self, items: Iterable) -> None:
        self.cosigned |= {item for item in items if isinstance(item, Cosignature)}
        self.waiting |= {
            item.name: item for item in items if isinstance(item, Act) and item.name not in self.known
        }
        arrived: list[Act] = []
        while ready := [act for act in self.waiting.values() if act.prev in self.known]:
            del self.waiting[ready[0].name]
            if self.valid(ready[0]):
                self.known[ready[0].name] = ready[0]
                arrived.append(ready[0])
        self.decide(arrived)

    def decide(self, arrived: list[Act]) -> None:
        for place in {self.place(act) for act in arrived} - self.chosen.keys():
            self.chosen[place] = NEITHER
        for place in [place for place, name in self.chosen.items() if name == NEITHER]:
            self.chosen[place] = self.pick(self.rivals(place))

    def pick(self, rivals: list[str]) -> str:
        if len(rivals) == 1:
            return rivals[0]
        support = {
            rival: {
                witness for witness, name in self.cosigned if name in self.known and rival in self.path(name)
            }
            for rival in rivals
        }
        seen = Counter(witness for witnesses in support.values() for witness in witnesses)
        counts = {rival: sum(seen[witness] == 1 for witness in support[rival]) for rival in rivals}
        first, second = sorted(rivals, key=lambda rival: -counts[rival])[:2]
        return first if counts[first] > counts[second] else NEITHER

    # what counts

    def counted(self) -> tuple[tuple[str, ...], bool]:
        at = "g"
        while self.chosen.get((True, at), NEITHER) != NEITHER:
            at = self.chosen[True, at]
        if (True, at) in self.chosen:
            paths = [self.path(rival) for rival in self.rivals((True, at))]
            return tuple(step for step in paths[0] if all(step in other for other in paths)), True
        while self.chosen.get((False, at), NEITHER) != NEITHER:
            at = self.chosen[False, at]
        return tuple(self.path(at)), (False, at) in self.chosen

    def decided(self) -> bool:
        """Whether no recovery events compete on the way, and no ordinary ones below the last of them."""
        at = "g"
        while rivals := self.rivals((True, at)):
            if len(rivals) > 1:
                return False
            at = rivals[0]
        below = [act.prev for act in self.known.values() if act.prev and not act.is_recovery]
        return all(self.base(prev) != at for prev, times in Counter(below).items() if times > 1)


# -- the same events, really signed -------------------------------------------------------------------


@cache
def key(label: str) -> SigningKey:
    return SigningKey(sha256(label.encode()).digest())


@cache
def signed(act: Act, prev: SignedEvent | None) -> SignedEvent:
    kind = Kind.RECOVERY if act.is_recovery else Kind.ORDINARY if prev else Kind.GENESIS
    ended = sha256(act.name.encode()).digest()
    event = Event(
        kind=kind,
        n=prev.event.n + 1 if prev else 0,
        prev=prev.cid if prev else None,
        time=0,
        keys=(key(act.signer).public,),
        next=commitment([key(act.kit).public], 1),
        recovery=commitment([key(act.sheet).public], 1) if act.sheet else None,
        end=End(size=1 + ended[0], root=ended) if prev else None,
        epoch=Epoch(key=key(f"log {act.name}").public, node=key("node").public),
    )
    return sign_event(event, [key(act.signer)])


DID = did_of(signed(GENESIS, None).cid)


class Real:
    """A real history, spoken to in abstract events; it asks again for what it dropped and needs after all."""

    def __init__(self, acts: Sequence[Act]) -> None:
        self.signed = {"g": signed(GENESIS, None)}
        for act in acts:
            self.signed[act.name] = signed(act, self.signed[act.prev])
        self.acts = {act.name: act for act in [GENESIS, *acts]}
        self.waiting: set[Act] = set()
        self.names = {one.cid: name for name, one in self.signed.items()}
        self.history = History.empty(DID)
        self.history.take([self.signed["g"]])
        self.delivered: frozenset[str] = frozenset({"g"})
        self.cosigned: frozenset[Cosignature] = frozenset()
        self.was_forked = False

    def copy(self):
        twin = object.__new__(Real)
        twin.__dict__ |= self.__dict__
        twin.history = self.history.copy()
        return twin

    def key(self):
        known = self.history
        events = frozenset(self.names[one.cid] for one in known.events)
        return events, frozenset(known.choices.items()), known.waiting

    def holds(self, name: str) -> bool:
        return self.history.event(self.signed[name].cid) is not None

    def witnesses(self, cid) -> frozenset[str]:
        return frozenset(witness for witness, name in self.cosigned if name == self.names[cid])

    def deliver(self, items: Iterable) -> None:
        self.cosigned |= {item for item in items if isinstance(item, Cosignature)}
        acts = [item for item in items if isinstance(item, Act)]
        copies = [bad_copy(self.signed[item.act.name]) for item in items if isinstance(item, BadCopy)]
        self.delivered |= {act.name for act in acts}
        self.waiting = {act for act in {*self.waiting, *acts} if act.is_recovery and not self.holds(act.name)}
        above = {name for act in self.waiting for name in self.above(act)} & self.delivered
        self.take([*copies, *(self.signed[name] for name in [*sorted(above), *(act.name for act in acts)])])
        for _ in range(len(self.signed) ** 2):
            asked = [self.signed[self.names[cid]] for cid in self.history.waiting]
            sent = [one for one in asked if self.names[one.cid] in self.delivered]
            if not sent:
                return
            self.take(sent)
        raise AssertionError("asks for ever")

    def above(self, act: Act) -> Iterator[str]:
        """The ancestors of an event, which a recovery event is always sent with, as far as the sender has them."""
        while act.prev:
            yield act.prev
            act = self.acts[act.prev]

    def take(self, events: Sequence[SignedEvent]) -> None:
        self.history.take(events, self.witnesses)
        self.was_forked |= None in self.history.choices.values()

    def counted(self) -> tuple[tuple[str, ...], bool]:
        return tuple(self.names[one.cid] for one in self.history.path), self.history.forked

    def check(self) -> None:
        """What holds of any history, whatever it has met."""
        path, standing = self.history.path, self.history.standing
        assert [epoch.n for epoch in standing] == list(range(len(path)))
        assert [epoch.event for epoch in standing] == [one.cid for one in path]
        assert [epoch.end for epoch in standing] == [one.event.end for one in path[1:]] + [None]
        assert [epoch.accepts for epoch in standing[:-1]] == [False] * (len(path) - 1)
        assert standing[-1].accepts is not self.history.forked
        assert all(self.history.epoch(epoch.origin) is epoch for epoch in standing)
        needed = set(path) | {one for one in self.history.events if one.event.kind is Kind.RECOVERY}
        ancestors = {step.cid for one in needed for step in self.ancestors(one)}
        for place in self.history.choices:
            here = [
                one for one in self.history.events if self.place(one) == place and one.cid not in ancestors
            ]
            assert self.was_forked or len(here) <= 2, "more is kept than evidence"

    def ancestors(self, one: SignedEvent) -> Iterator[SignedEvent]:
        while one.event.prev is not None:
            one = self.history.event(one.event.prev)
            yield one

    def place(self, one: SignedEvent):
        if one.event.prev is None:
            return None
        above = [step.cid for step in self.ancestors(one) if step.event.kind is not Kind.ORDINARY]
        return history.Place(one.event.kind, above[0] if one.event.kind is Kind.RECOVERY else one.event.prev)


@cache
def bad_copy(one: SignedEvent) -> SignedEvent:
    return attach_signatures(one.event, dict.fromkeys(one.event.keys, bytes(64)))


@pytest.fixture
def remembered(monkeypatch) -> None:
    """Signatures are verified once: the same bytes come in every order."""
    verdicts: dict[bytes, PeerError | None] = {}

    def verify(one: SignedEvent) -> None:
        if one.raw not in verdicts:
            verdicts[one.raw] = None
            try:
                verify_signatures(one)
            except PeerError as error:
                verdicts[one.raw] = error
        if error := verdicts[one.raw]:
            raise error

    monkeypatch.setattr(history, "verify_signatures", verify)


# -- one delivery -------------------------------------------------------------------------------------


def agree(model: Model, real: Real) -> None:
    assert model.counted() == real.counted()


def recoveries(model: Model, path: Iterable[str]) -> list[str]:
    return [name for name in path if model.known[name].is_recovery]


def check_step(old: Model, new: Model, before: History, after: History) -> None:
    """What no delivery may do."""
    (was, _), (now, _) = old.counted(), new.counted()
    above, below = recoveries(old, was), recoveries(new, now)
    assert above == below[: len(above)], "an accepted recovery event is never left"
    undecided = any(name == NEITHER for (is_recovery, _), name in new.chosen.items() if is_recovery)
    if above == below and not undecided:
        assert was == now[: len(was)], "an ordinary event never replaces another"
    if below:
        last = below[-1]
        old_kits = {act.kit for act in new.known.values() if last not in new.path(act.name)}
        for name in now[now.index(last) + 1 :]:
            assert new.known[name].signer not in old_kits - {new.known[last].kit}, "an old kit is of no use"
    for epoch in before.standing:
        again = after.epoch(epoch.origin)
        if epoch.end is not None and again is not None:
            assert not again.accepts, "an ended epoch never opens again"


def same_when_loaded(known: History) -> None:
    again = History.load(DID, [one.raw for one in known.events], known.choices)
    assert (again.events, again.path, again.standing) == (known.events, known.path, known.standing)
    assert (again.forked, again.forks, dict(again.choices)) == (
        known.forked,
        known.forks,
        dict(known.choices),
    )


# -- all orders ---------------------------------------------------------------------------------------


def explore(acts: Sequence[Act], cosignatures: Sequence[Cosignature] = (), *, pairs: bool = True) -> int:
    """Deliver everything in all orders, by ones and twos; answers the number of deliveries."""
    items = [*acts, *cosignatures]
    layers: dict[int, dict] = {0: {(): (Model(), Real(acts))}}
    deliveries = 0
    for mask in range(1 << len(items)):
        states = list(layers.pop(mask, {}).values())
        had = [item for i, item in enumerate(items) if mask >> i & 1]
        views = {model.counted() for model, _ in states if model.decided()}
        assert len(views) <= 1, "the same decided events count alike in every order"
        rest = [i for i in range(len(items)) if not mask >> i & 1]
        jumps = [(i,) for i in rest] + (list(combinations(rest, 2)) if pairs else [])
        for model, real in states:
            real.check()
            if had:
                send_again(real, had[mask % len(had)])
            for jump in jumps:
                batch = [items[i] for i in jump]
                next_model, next_real = model.copy(), real.copy()
                next_model.deliver(batch)
                next_real.deliver(batch)
                deliveries += 1
                agree(next_model, next_real)
                check_step(model, next_model, real.history, next_real.history)
                state = (next_model.key(), next_real.key())
                layers.setdefault(mask | sum(1 << i for i in jump), {})[state] = (next_model, next_real)
    return deliveries


def send_again(real: Real, item: Act | Cosignature) -> None:
    again = real.copy()
    again.deliver([item])
    assert again.history.standing == real.history.standing, "what is sent again changes nothing that counts"
    if isinstance(item, Cosignature) or real.holds(item.name):
        assert again.key() == real.key(), "what is here and sent again changes nothing at all"


def trees(size: int) -> Iterator[list[Act]]:
    """Every tree of so many validly signed events below genesis, whoever signed them."""

    def grow(acts: list[Act]) -> Iterator[list[Act]]:
        if len(acts) == size + 1:
            yield acts[1:]
            return
        model = Model()
        model.deliver(acts[1:])
        number = len(acts)
        for prev in acts:
            yield from grow([*acts, Act(f"e{number}", prev.name, prev.kit, prev.kit)])
            sheet = model.known[model.base(prev.name)].sheet
            yield from grow([*acts, Act(f"r{number}", prev.name, sheet, f"K{number}", f"S{number}", True)])

    return grow([GENESIS])


def test_the_number_of_trees() -> None:
    assert [len(list(trees(size))) for size in (1, 2, 3, 4)] == [2, 8, 48, 384]


@pytest.mark.parametrize("part", range(PARTS))
def test_every_tree_of_up_to_three_events_in_every_order(part: int, remembered) -> None:
    for acts in islice(chain(trees(1), trees(2), trees(3)), part, None, PARTS):
        explore(acts)


@pytest.mark.parametrize("part", range(PARTS))
def test_every_tree_of_two_events_with_cosignatures_in_every_order(part: int, remembered) -> None:
    for acts in islice(trees(2), part, None, PARTS):
        names = [act.name for act in acts]
        explore(acts, [Cosignature("W", names[0]), Cosignature("W", names[1]), Cosignature("V", names[0])])


@pytest.mark.slow
def test_every_tree_of_four_events_in_every_order(remembered) -> None:
    assert sum(explore(acts, pairs=number % 4 == 0) for number, acts in enumerate(trees(4))) > 10_000


# -- longer histories at random -----------------------------------------------------------------------


def random_act(rng: Random, model: Model, number: int) -> Act:
    """An event by anyone: mostly valid, now and then signed by whom it must not be."""
    prev = rng.choice(list(model.known.values()))
    kit = prev.kit if rng.random() < 0.5 else f"K{number}"
    base = model.known[model.base(prev.name)]
    valid = [
        Act(f"e{number}", prev.name, prev.kit, kit),
        Act(f"r{number}", prev.name, base.sheet, f"K{number}", f"S{number}", True),
    ]
    anyone = rng.choice(list(model.known.values()))
    forged = [
        Act(f"f{number}", prev.name, "another", kit),
        Act(f"f{number}", prev.name, anyone.kit, kit),
        Act(f"f{number}", prev.name, anyone.sheet or "another", kit, "S", True),
        Act(f"f{number}", prev.name, prev.kit, kit, "S", True),
    ]
    return rng.choice(forged) if rng.random() < 0.2 else valid[rng.random() < 0.25]


def random_acts(rng: Random, size: int) -> list[Act]:
    model, acts = Model(), []
    for number in range(1, size + 1):
        acts.append(random_act(rng, model, number))
        model.deliver([acts[-1]])
    return acts


def random_items(rng: Random, acts: list[Act]) -> list:
    items: list = list(acts)
    items += [Cosignature(rng.choice("VW"), rng.choice(acts).name) for _ in range(rng.randrange(4))]
    items += [BadCopy(rng.choice(acts)) for _ in range(2)]
    items += [rng.choice(acts) for _ in range(2)]
    rng.shuffle(items)
    return items


def run(rng: Random, acts: list[Act], make: type[Model] = Model) -> tuple[Model, Real]:
    """Deliver a history in a random order and in random batches; both must agree after each."""
    model, real, items = make(), Real(acts), random_items(rng, acts)
    while items:
        batch = [items.pop() for _ in range(min(len(items), rng.choice([1, 1, 1, 2, 3])))]
        old_model, old_history = model.copy(), real.history.copy()
        model.deliver(batch)
        real.deliver(batch)
        agree(model, real)
        check_step(old_model, model, old_history, real.history)
    return model, real


def check_random(seeds: Iterable[int], sizes: tuple[int, int]) -> None:
    for seed in seeds:
        rng = Random(f"history {seed}")
        acts = random_acts(rng, rng.randint(*sizes))
        ends = [run(rng, acts) for _ in range(3)]
        assert len({model.counted() for model, _ in ends if model.decided()}) <= 1
        for _, real in ends:
            real.check()
            same_when_loaded(real.history)
            assert real.history.audit() == []


@pytest.mark.parametrize("part", range(PARTS))
def test_random_histories_by_anyone_in_random_order(part: int, remembered) -> None:
    check_random(range(part, 40, PARTS), (3, 9))


@pytest.mark.slow
def test_many_and_longer_random_histories(remembered) -> None:
    check_random(range(1000, 1200), (3, 9))
    check_random(range(2000, 2200), (8, 24))


@pytest.mark.parametrize("part", range(PARTS))
def test_without_theft_and_accident_no_order_shows_a_fork(part: int, remembered) -> None:
    for seed in range(part, 40, PARTS):
        rng = Random(f"honest {seed}")
        acts = [GENESIS]
        for number in range(1, 7):
            model = Model()
            model.deliver(acts[1:])
            path, _ = model.counted()
            tip = model.known[path[-1]]
            if rng.random() < 0.7:
                acts.append(Act(f"e{number}", tip.name, tip.kit, f"K{number}"))
            else:
                base = model.known[model.base(tip.name)]
                good = rng.choice([name for name in path if model.base(name) == base.name])
                acts.append(Act(f"r{number}", good, base.sheet, f"K{number}", f"S{number}", True))
        ends = set()
        for _ in range(4):
            model, real = Model(), Real(acts[1:])
            for act in rng.sample(acts[1:], 6):
                model.deliver([act])
                real.deliver([act])
                agree(model, real)
                assert not real.history.forked
            ends.add(real.counted())
        assert len(ends) == 1


@pytest.mark.parametrize("part", range(PARTS))
def test_one_recovery_event_ends_every_fork_by_a_kit_thief(part: int, remembered) -> None:
    for seed in range(part, 40, PARTS):
        rng = Random(f"kit thief {seed}")
        acts = [GENESIS]
        for number in range(1, 7):
            acts.append(Act(f"e{number}", rng.choice(acts).name, "K0", "K0"))
        good = rng.choice(acts).name
        acts.append(Act("r", good, "S0", "K1", "S1", True))
        ends = set()
        for _ in range(4):
            real = Real(acts[1:])
            order = rng.sample(acts[1:], len(acts) - 1)
            for first, second in pairwise([*order, order[0]]):
                real.deliver([first, second] if rng.random() < 0.3 else [first])
            real.deliver(order)
            ends.add(real.counted())
        (end,) = ends
        assert end[0][-1] == "r"
        assert end[1] is False


def test_an_ordinary_event_with_a_recovery_set_cannot_even_be_written() -> None:
    with pytest.raises(IdentityError):
        signed(Act("f1", "g", "K0", "K0", "S9"), signed(GENESIS, None))


# -- wrong readings are told apart --------------------------------------------------------------------


class PlaceIsThePredecessor(Model):
    def place(self, act):
        return act.is_recovery, act.prev


class FirstOfABatchWins(Model):
    def pick(self, rivals):
        return rivals[0]


class OldKitsStayGood(Model):
    def valid(self, act):
        kits = {self.known[step].kit for step in self.path(act.prev)}
        return super().valid(act) or (not act.is_recovery and act.signer in kits)


class AnySheetRecovers(Model):
    def valid(self, act):
        sheets = {known.sheet for known in self.known.values()}
        return super().valid(act) or (act.is_recovery and act.signer in sheets)


class KitsRecover(Model):
    def valid(self, act):
        return super().valid(act) or (act.is_recovery and act.signer == self.known[act.prev].kit)


class VoidedByArrival(Model):
    """Ordinary events that come after a recovery event go on from the tip, whatever they name."""

    def counted(self):
        path, forked = super().counted()
        last = list(self.known)[-1]
        late = not self.known[last].is_recovery and any(name.startswith("r") for name in path)
        return (tuple(self.path(last)), forked) if late else (path, forked)


class WitnessesOfTheEventAlone(Model):
    def pick(self, rivals):
        cosigned = self.cosigned
        self.cosigned = frozenset(one for one in cosigned if one.name in rivals)
        picked = super().pick(rivals)
        self.cosigned = cosigned
        return picked


class NeitherIsForEver(Model):
    def decide(self, arrived):
        settled = dict(self.chosen)
        super().decide(arrived)
        self.chosen |= settled


class RefusalStopsOthers(Model):
    def deliver(self, items):
        self.waiting |= {
            item.name: item for item in items if isinstance(item, Act) and item.name not in self.known
        }
        ready = [act for act in self.waiting.values() if act.prev in self.known]
        if any(not self.valid(act) for act in ready):
            self.waiting = {}
        super().deliver([])


@pytest.mark.parametrize(
    "wrong",
    [
        PlaceIsThePredecessor,
        FirstOfABatchWins,
        OldKitsStayGood,
        AnySheetRecovers,
        KitsRecover,
        VoidedByArrival,
        WitnessesOfTheEventAlone,
        NeitherIsForEver,
        RefusalStopsOthers,
    ],
)
def test_a_wrong_reading_is_told_apart(wrong: type[Model], remembered) -> None:
    for seed in range(400):
        rng = Random(f"wrong {seed}")
        try:
            run(rng, random_acts(rng, rng.randint(3, 8)), wrong)
        except AssertionError:
            return
    pytest.fail("no history of 400 shows the difference")
