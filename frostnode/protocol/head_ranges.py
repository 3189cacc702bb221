"""Find in which logs two nodes differ, at a cost that grows with the difference (spec/05-sync.md#comparing).

Heads stand in order of origin. One side is asked about ranges of them and answers each by smaller ranges
with fingerprints, or where few are left by the heads themselves; the other side asks on where its own
fingerprint is another. Nothing is kept between two questions.

A fingerprint is a hash over all heads of its range, not a sum of theirs: with many logs of one's own a sum
can be steered, and a change hidden behind it.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import accumulate
from typing import Final, NamedTuple, TypeAlias

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import LogError
from frostnode.protocol.limits import (
    HEAD_RANGE_HEADS_MAX,
    HEAD_RANGE_PARTS_MAX,
    HEAD_RANGE_REQUESTS_MAX,
    HEAD_RANGES_MAX,
)
from frostnode.protocol.names import Did, Origin

Fingerprint: TypeAlias = bytes
"""32 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadItem:
    """The head of one log, as far as two nodes can agree on it: signatures of others are left out.

    `size` and `root` are of the largest tree that is offered; 0 and no root when none is. `tip` is the last
    identity event that counts. `disputed` when evidence is kept that freezes the log.
    """

    origin: Origin
    size: int
    root: bytes
    tip: Cid
    forked: bool
    disputed: bool = False
    digest: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        text = (
            f"{self.origin}\n{self.size}\n{self.root.hex()}\n{self.tip}\n{self.forked:d}\n{self.disputed:d}\n"
        )
        object.__setattr__(self, "digest", sha256(text.encode()).digest())


class Bounds(NamedTuple):
    """Origins from `low` on that stand before `high`; "" is no bound."""

    low: str
    high: str

    def __contains__(self, origin: object) -> bool:
        """Whether an origin lies within."""
        return isinstance(origin, str) and self.low <= origin and (not self.high or origin < self.high)


EVERYTHING: Final = Bounds("", "")


def bounds_of(did: Did) -> Bounds:
    """All logs of one publisher."""
    return Bounds(f"{did}/", f"{did}0")  # "0" is the character behind "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A run of heads: how many, with how many leaves together, and their fingerprint."""

    bounds: Bounds
    count: int
    leaves: int
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What there is within `bounds`: parts that cover it, or, where `parts` is empty, these heads."""

    bounds: Bounds
    parts: Sequence[Range] = ()
    heads: Sequence[HeadItem] = ()


class HeadSet:
    """All heads of one node, in order of origin."""

    def __init__(self, heads: Iterable[HeadItem]) -> None:
        self._heads = sorted(heads, key=lambda head: head.origin)
        self._origins = [head.origin for head in self._heads]
        self._digests = [head.digest for head in self._heads]
        self._leaves = [0, *accumulate(head.size for head in self._heads)]

    def __len__(self) -> int:
        return len(self._heads)

    def __iter__(self) -> Iterator[HeadItem]:
        return iter(self._heads)

    def within(self, bounds: Bounds) -> Sequence[HeadItem]:
        """The heads between two bounds."""
        return self._heads[self._slice(bounds)]

    def summary(self, bounds: Bounds = EVERYTHING) -> Range:
        """The heads between two bounds as one range."""
        part = self._slice(bounds)
        return self._range(bounds, part.start, part.stop)

    def answer(self, bounds: Bounds) -> Answer:
        """The heads between two bounds if they are few, else their parts."""
        part = self._slice(bounds)
        if part.stop - part.start <= HEAD_RANGE_HEADS_MAX:
            return Answer(bounds=bounds, heads=self._heads[part])
        return Answer(bounds=bounds, parts=[*self._parts(bounds, part.start, part.stop)])

    def _parts(self, bounds: Bounds, start: int, stop: int) -> Iterator[Range]:
        """Parts of about the same number of heads."""
        count = stop - start
        at, low = start, bounds.low
        for part in range(1, HEAD_RANGE_PARTS_MAX + 1):
            end = start + count * part // HEAD_RANGE_PARTS_MAX
            high = bounds.high if end == stop else _between(self._origins[end - 1], self._origins[end])
            yield self._range(Bounds(low, high), at, end)
            at, low = end, high

    def _range(self, bounds: Bounds, start: int, stop: int) -> Range:
        return Range(
            bounds=bounds,
            count=stop - start,
            leaves=self._leaves[stop] - self._leaves[start],
            fingerprint=sha256(b"".join(self._digests[start:stop])).digest(),
        )

    def _slice(self, bounds: Bounds) -> slice:
        start = bisect_left(self._origins, bounds.low)
        stop = bisect_left(self._origins, bounds.high) if bounds.high else len(self._origins)
        return slice(start, max(start, stop))


def _between(left: str, right: str) -> str:
    """The shortest text that is above `left` and not above `right`."""
    shared = next(at for at in range(len(right)) if left[at : at + 1] != right[at])
    return right[: shared + 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A log whose heads differ; None where a side has none."""

    mine: HeadItem | None
    theirs: HeadItem | None

    @property
    def origin(self) -> Origin:
        """The log."""
        head = self.theirs or self.mine
        assert head is not None
        return head.origin


class Comparison:
    """The side that asks. `scope` are the ranges that matter to it, in order and apart from each other.

    Of what it is told it believes nothing but where to look on; a peer that lies can make it ask in vain,
    HEAD_RANGE_REQUESTS_MAX times.
    """

    def __init__(self, mine: HeadSet, scope: Sequence[Bounds] = (EVERYTHING,)) -> None:
        self._mine = mine
        self._open = deque(scope)
        self._asked = 0
        self.differences: list[Difference] = []
        """What was found so far."""

    def asks(self) -> list[Bounds]:
        """The ranges to ask for next; none when all is known.

        Raises:
            LogError: heads.malformed, when it has been asked too often already
        """
        if self._open and self._asked == HEAD_RANGE_REQUESTS_MAX:
            raise LogError(
                "heads.malformed",
                "ranges of heads",
                found="no end of differences",
                expected=f"≤ {HEAD_RANGE_REQUESTS_MAX} requests",
            )
        self._asked += bool(self._open)
        return [self._open.popleft() for _ in range(min(HEAD_RANGES_MAX, len(self._open)))]

    def take(self, answers: Sequence[Answer]) -> None:
        """Take in what was answered to the last `asks`, in that order."""
        for answer in answers:
            if answer.parts:
                for part in answer.parts:
                    self._compare(part)
            else:
                self._note(answer)

    def _compare(self, part: Range) -> None:
        mine = self._mine.summary(part.bounds)
        if mine.fingerprint == part.fingerprint:
            return
        if part.count == 0:
            self._note(Answer(bounds=part.bounds))
        else:
            self._open.append(part.bounds)

    def _note(self, answer: Answer) -> None:
        mine = {head.origin: head for head in self._mine.within(answer.bounds)}
        theirs = {head.origin: head for head in answer.heads}
        for origin in sorted(mine.keys() | theirs.keys()):
            found = Difference(mine=mine.get(origin), theirs=theirs.get(origin))
            if found.mine != found.theirs:
                self.differences.append(found)
