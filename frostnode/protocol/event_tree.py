"""The tree of a publisher's valid identity events, and the one path through it that counts.

Rules (spec/02-identity.md#what-counts):
- every event but genesis names its predecessor; what is in the tree is there with all its ancestors;
- the place of an ordinary event is its predecessor, the place of a recovery event is its nearest
  recovery ancestor or genesis, whatever event it names;
- at each place the first event taken is followed for ever; two taken together are decided once, by
  witnesses, and until then neither is followed;
- recovery events are walked before ordinary ones, so a recovery event voids whatever is beside it.
"""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.identity import Kind, SignedEvent
from frostnode.protocol.limits import IDENTITY_ASIDE_EVENTS_MAX, IDENTITY_CANDIDATES_MAX

Cosigned: TypeAlias = Callable[[Cid], frozenset[str]]
"""Which trusted witnesses have cosigned the epoch that this event opened."""


def no_witness(_: Cid) -> frozenset[str]:
    """Nobody whom this node trusts has cosigned anything."""
    return frozenset()


@dataclass(frozen=True, slots=True)
class Place:
    """Where events compete: ordinary ones below the same predecessor, recovery ones below the same base."""

    kind: Kind
    event: Cid


class EventTree:
    """Valid events, ancestors first, and what was decided at each place (None: neither, so far)."""

    def __init__(self, genesis: SignedEvent) -> None:
        self.genesis = genesis.cid
        self.events: dict[Cid, SignedEvent] = {genesis.cid: genesis}
        self.choices: dict[Place, Cid | None] = {}
        self._bases: dict[Cid, Cid] = {genesis.cid: genesis.cid}
        self._successors: dict[Cid, list[Cid]] = {}
        self._rivals: dict[Place, list[Cid]] = {}

    def copy(self) -> "EventTree":
        """A tree of its own with the same events."""
        twin = EventTree(self.events[self.genesis])
        twin.events = dict(self.events)
        twin.choices = dict(self.choices)
        twin._bases = dict(self._bases)
        twin._successors = {cid: list(below) for cid, below in self._successors.items()}
        twin._rivals = {place: list(rivals) for place, rivals in self._rivals.items()}
        return twin

    # -- shape ----------------------------------------------------------------------------------------

    def add(self, signed: SignedEvent) -> None:
        """Add an event that is valid below its predecessor.

        Raises:
            KeyError: the predecessor is not here, or the event is
        """
        prev = signed.event.prev
        if prev is None or prev not in self.events or signed.cid in self.events:
            raise KeyError(signed.cid)
        self.events[signed.cid] = signed
        self._bases[signed.cid] = signed.cid if signed.event.kind is Kind.RECOVERY else self._bases[prev]
        self._successors.setdefault(prev, []).append(signed.cid)
        self._rivals.setdefault(self.place(signed), []).append(signed.cid)

    def _remove(self, signed: SignedEvent) -> None:
        """Take out an event that nothing stands on."""
        prev = signed.event.prev
        assert prev is not None
        place = self.place(signed)
        del self.events[signed.cid], self._bases[signed.cid]
        self._successors[prev].remove(signed.cid)
        rivals = self._rivals[place]
        rivals.remove(signed.cid)
        if not rivals:
            del self._rivals[place], self.choices[place]
        elif self.choices[place] == signed.cid:
            self.choices[place] = rivals[0]

    def base(self, cid: Cid) -> Cid:
        """The nearest recovery event at or above an event, or else genesis."""
        return self._bases[cid]

    def place(self, signed: SignedEvent) -> Place:
        """The place of an event that has a predecessor."""
        prev = signed.event.prev
        assert prev is not None
        recovery = signed.event.kind is Kind.RECOVERY
        return Place(signed.event.kind, self._bases[prev] if recovery else prev)

    def rivals(self, kind: Kind, event: Cid) -> Sequence[Cid]:
        """The events at a place, in the order in which they were taken."""
        return self._rivals.get(Place(kind, event), ())

    def places(self) -> Mapping[Place, Sequence[Cid]]:
        """Every place with its events, in the order in which they were taken."""
        return self._rivals

    def path(self, cid: Cid) -> list[Cid]:
        """From genesis down to an event."""
        path = []
        at: Cid | None = cid
        while at is not None:
            path.append(at)
            at = self.events[at].event.prev
        return path[::-1]

    # -- what counts ----------------------------------------------------------------------------------

    def counted(self) -> tuple[list[Cid], bool]:
        """The path that counts, and whether it stops at an undecided place."""
        at = self.genesis
        while (recovery := self.choices.get(Place(Kind.RECOVERY, at))) is not None:
            at = recovery
        if Place(Kind.RECOVERY, at) in self.choices:
            return self._shared(self.rivals(Kind.RECOVERY, at)), True
        while (ordinary := self.choices.get(Place(Kind.ORDINARY, at))) is not None:
            at = ordinary
        return self.path(at), Place(Kind.ORDINARY, at) in self.choices

    def _shared(self, cids: Iterable[Cid]) -> list[Cid]:
        """The part that all paths to these events have in common."""
        steps = zip(*map(self.path, cids), strict=False)
        return [step[0] for step in steps if len(set(step)) == 1]

    def undecided(self) -> tuple[Cid, ...]:
        """The events that may come to count when the place is decided at which the path stops."""
        path, forked = self.counted()
        return tuple(self._below(self._candidates(path))) if forked else ()

    def decide(self, new: Iterable[SignedEvent], cosigned: Cosigned) -> None:
        """Choose at each place whose first events these are, and again where neither was chosen."""
        first: dict[Place, list[Cid]] = {}
        for signed in new:
            if signed.cid == self.genesis:
                continue
            place = self.place(signed)
            if place not in self.choices:
                first.setdefault(place, []).append(signed.cid)
        for place, cids in first.items():
            self.choices[place] = self._pick(cids, cosigned)
        for place, choice in self.choices.items():
            if choice is None:
                self.choices[place] = self._pick(self._rivals[place], cosigned)

    def _pick(self, rivals: Sequence[Cid], cosigned: Cosigned) -> Cid | None:
        """The rival with most witnesses; one that cosigned two rivals counts for neither. None at a tie."""
        if len(rivals) == 1:
            return rivals[0]
        witnesses = [self._witnesses(cid, cosigned) for cid in rivals]
        seen = Counter(name for names in witnesses for name in names)
        counts = [sum(seen[name] == 1 for name in names) for names in witnesses]
        best = max(counts)
        return rivals[counts.index(best)] if counts.count(best) == 1 else None

    def _witnesses(self, cid: Cid, cosigned: Cosigned) -> frozenset[str]:
        """Who cosigned the epoch of an event or of any event below it."""
        return frozenset(name for at in self._below([cid]) for name in cosigned(at))

    # -- what is kept ---------------------------------------------------------------------------------

    def prune(self, new: Sequence[SignedEvent]) -> list[Cid]:
        """Drop those of the new events that can change nothing, however many are sent; answers them.

        Kept are what is followed or may come to be, one other event of each such place as evidence,
        and all ancestors of these.
        """
        live = self._live()
        path = set(self.counted()[0])
        beside = {below for cid in path for below in self._successors.get(cid, ())} | path
        fresh = {signed.cid for signed in new}
        room = IDENTITY_ASIDE_EVENTS_MAX - sum(cid not in beside and cid not in fresh for cid in self.events)
        dropped: set[Cid] = set()
        for signed in new:
            if signed.cid not in live:
                dropped.add(signed.cid)
            elif signed.cid not in beside:
                room -= 1
                if room < 0:
                    dropped.add(signed.cid)
        for signed in reversed(new):
            if signed.cid in dropped:
                self._remove(signed)
        return [signed.cid for signed in new if signed.cid in dropped]

    def _live(self) -> set[Cid]:
        """Every event that is followed, may come to be, or is evidence, with all ancestors."""
        path, forked = self.counted()
        live = {*path, *(cid for at in path for cid in self._kept(Place(Kind.ORDINARY, at))[:2])}
        for base in {self._bases[at] for at in path}:
            for cid in self._kept(Place(Kind.RECOVERY, base)):
                live.update(self._above(cid, live))
        if forked:
            live.update(self._below(self._candidates(path)))
        return live

    def _kept(self, place: Place) -> Sequence[Cid]:
        """What is kept of a place: the event followed and one other, or the candidates while there is none."""
        rivals = self._rivals.get(place, [])
        choice = self.choices.get(place)
        if choice is None:
            return rivals[:IDENTITY_CANDIDATES_MAX]
        return (choice, *[cid for cid in rivals if cid != choice][:1])

    def _candidates(self, path: Sequence[Cid]) -> Sequence[Cid]:
        """The events at the undecided place at which the path stops."""
        recoveries = Place(Kind.RECOVERY, self._bases[path[-1]])
        return self._kept(recoveries if recoveries in self.choices else Place(Kind.ORDINARY, path[-1]))

    def _above(self, cid: Cid, known: Container[Cid]) -> Iterator[Cid]:
        """An event and its ancestors, up to the first that is known."""
        at: Cid | None = cid
        while at is not None and at not in known:
            yield at
            at = self.events[at].event.prev

    def _below(self, cids: Iterable[Cid]) -> Iterator[Cid]:
        """Events and all that stands on them."""
        todo = list(cids)
        while todo:
            yield (at := todo.pop())
            todo.extend(self._successors.get(at, ()))
