"""Records of several publishers that are about the same dataset: one hit with all its sources.

Rules (spec/15-search.md#the-same-dataset-from-several-publishers):
- records that share an identifier are about the same; that is found out among the hits at hand, each time anew, so that
  nobody's claim changes what anybody's record says or whether it is found;
- what one publisher says of several of its datasets names a family: from that publisher it says nothing;
- a hit joins the first group with which it shares an identifier and that has nothing of its publisher; so a group never has two
  datasets of one publisher, and groups keep their places however far somebody reads;
- versions go to their dataset;
- the origin's own record comes first, and a stranger's never before that of a publisher who is known here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeAlias, TypeVar

from frostnode.protocol.names import DATASET, VERSION, Did

Work: TypeAlias = tuple[Did, str, str]
"""Whatever a publisher has made: a dataset with its versions, or one record of another type."""


class Named(Protocol):
    """A record, as it is named."""

    @property
    def did(self) -> Did: ...
    @property
    def type(self) -> str: ...
    @property
    def key(self) -> str: ...


class Sharing(Named, Protocol):
    """A record with the identifiers that it shares with others."""

    @property
    def same_as(self) -> Sequence[str]: ...


T = TypeVar("T", bound=Sharing)


def work_of(record: Named) -> Work:
    """What a record is a part of."""
    if record.type in (DATASET, VERSION):
        return record.did, DATASET, record.key.partition("@")[0]
    return record.did, record.type, record.key


def shared_names(records: Iterable[Sharing]) -> list[str]:
    """The identifiers that more than one of these works says, sorted."""
    by_name: dict[str, set[Work]] = {}
    for record in records:
        work = work_of(record)
        for name in record.same_as:
            by_name.setdefault(name, set()).add(work)
    return sorted(name for name, works in by_name.items() if len(works) > 1)


def families(records: Iterable[Sharing]) -> frozenset[tuple[Did, str]]:
    """Who says which identifier of more than one of its works, as far as these records show."""
    said: dict[tuple[Did, str], set[Work]] = {}
    for record in records:
        work = work_of(record)
        for name in record.same_as:
            said.setdefault((record.did, name), set()).add(work)
    return frozenset(saying for saying, works in said.items() if len(works) > 1)


class Groups(Generic[T]):
    """Hits that are about the same, in order of the first of each. `families` are sayings that say nothing."""

    def __init__(self, families: frozenset[tuple[Did, str]] = frozenset()) -> None:
        self.groups: list[list[T]] = []
        self._families = families
        self._works: dict[Work, int] = {}
        self._places: dict[str, list[int]] = {}

    def add(self, hit: T) -> None:
        """Take the next hit."""
        work, names = work_of(hit), self._names(hit)
        place = self._works.get(work)
        if place is None:
            places = {place for name in names for place in self._places.get(name, ())}
            place = min((place for place in places if self._has_room(place, hit.did)), default=None)
        if place is None:
            place = len(self.groups)
            self.groups.append([])
        self._put(hit, work, names, place)

    def take(self, group: Sequence[T]) -> None:
        """Take a group as it was found to be."""
        self.groups.append([])
        for hit in group:
            self._put(hit, work_of(hit), self._names(hit), len(self.groups) - 1)

    def _put(self, hit: T, work: Work, names: Sequence[str], place: int) -> None:
        self._works.setdefault(work, place)
        self.groups[place].append(hit)
        for name in names:
            at = self._places.setdefault(name, [])
            if place not in at:
                at.append(place)

    def _names(self, hit: T) -> list[str]:
        return [name for name in hit.same_as if (hit.did, name) not in self._families]

    def _has_room(self, place: int, did: Did) -> bool:
        return all(other.did != did for other in self.groups[place])


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How near a source is to the origin of what it is about.

    `tier` is 0 for who is hosted or followed here, 1 for who is vouched for, 2 for strangers. `is_at_home` says that the domain that its
    publisher has proven is the one where the dataset is at home.
    """

    tier: int
    is_harvested: bool
    is_at_home: bool
    seen_ms: int
    name: str

    def place(self) -> tuple[int, bool, bool, int, str]:
        """Sources are sorted by this."""
        return self.tier, self.is_harvested, not self.is_at_home, self.seen_ms, self.name


def is_at_home(domain: str, hosts: Iterable[str]) -> bool:
    """Whether one of these hosts is the domain, or below it."""
    return bool(domain) and any(host == domain or host.endswith(f".{domain}") for host in hosts)
