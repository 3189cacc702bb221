"""Lineage: what was made from what, in both directions, and what of it is out of date or withdrawn.

Rules (spec/13-versions-and-lineage.md#lineage):
- an edge is what the current lineage record of a publisher says of its own; ends may lie outside of this network;
- a node is a record or an outside identifier by its name; which exact entry was used stands on the edge;
- all of it is a function of what is carried: no clock, no order of arrival;
- loops end where they close, and what is not looked at is said.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.limits import LINEAGE_CYCLE_NODES_MAX, LINEAGE_EDGES_MAX, LINEAGE_NODES_MAX
from frostnode.protocol.names import DATASET, VERSION, Did
from frostnode.protocol.references import dataset_of, named_record, record_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One thing that was made from another, as the lineage record `key` of `did` says in its entry `header`."""

    did: Did
    key: str
    header: Cid
    generated: str
    used: str
    generated_pin: Cid | None = None
    used_pin: Cid | None = None
    is_local: bool = False

    @property
    def record(self) -> str:
        """The lineage record that says it."""
        return f"{self.did}/~lineage/{self.key}"


class State(StrEnum):
    """What is known of an end."""

    HERE = "here"
    WITHDRAWN = "withdrawn"
    NOT_CARRIED = "not carried"
    OUTSIDE = "outside"
    LOCAL = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """One end of an edge as it is now; `header` names its current entry, where there is one."""

    name: str
    state: State
    title: str = ""
    publisher: str = ""
    header: Cid | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What became of what an edge says was used.

    `newer` is the exact DID URL of what should be used now, "" when that is what was used. `withdrawn`: its
    publisher has taken it back. `missing`: the very entry is not in the log as it is carried here, whether it was
    cut or has not come yet.
    """

    newer: str = ""
    withdrawn: bool = False
    missing: bool = False


class LineageReader(Protocol):
    """What the graph is read from."""

    def made_from(self, name: str, *, limit: int) -> Sequence[Edge]: ...
    def built_on(self, name: str, *, limit: int) -> Sequence[Edge]: ...
    def end(self, name: str) -> End: ...
    def used(self, edge: Edge) -> Used: ...
    def versions(self, dataset: str) -> Sequence[str]:
        """The names of the versions of a dataset that are not withdrawn, newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """An end with where it stands: `distance` steps up (negative: what it was made from) or down from where one asked.

    `outdated`: of something that it used there is a newer one. `upstream_outdated`, `upstream_withdrawn`: the same of
    anything that it came from, however far up.
    """

    end: End
    distance: int
    outdated: bool = False
    withdrawn_source: bool = False
    upstream_outdated: bool = False
    upstream_withdrawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """The part of the graph that was looked at.

    `versions`: (version, dataset), both of them nodes. `more`: on which sides it goes on, beyond a bound or the depth.
    """

    start: str
    nodes: tuple[Node, ...]
    edges: tuple[tuple[Edge, Used], ...]
    versions: tuple[tuple[str, str], ...] = ()
    more: frozenset[str] = frozenset()


def trace(reader: LineageReader, start: str, *, up: bool, down: bool, depth: int | None) -> Graph:
    """Follow lineage from a record or identifier, up to `depth` steps each way (None: all the way).

    What is said of a dataset holds for each of its versions, and a dataset stands for its newest version. At most
    LINEAGE_NODES_MAX nodes and LINEAGE_EDGES_MAX edges, the nearest.
    """
    walk = _Walk(reader, start)
    if up:
        walk.go(Way.UP, depth)
    if down:
        walk.go(Way.DOWN, depth)
    return walk.graph()


class Way(StrEnum):
    """Towards what something was made from, or what was built on it."""

    UP = "up"
    DOWN = "down"


class _Walk:
    """A walk through the graph in both directions: nodes by distance, edges once."""

    def __init__(self, reader: LineageReader, start: str) -> None:
        self._reader = reader
        self._start = start
        self._distance: dict[str, int] = {start: 0}
        self._beside: dict[str, int] = {}
        self._edges: dict[Edge, Used] = {}
        self._more: set[str] = set()
        self._readable = (
            2 * LINEAGE_EDGES_MAX
        )  # edges between what is drawn already are read beyond what is drawn

    def go(self, way: Way, depth: int | None) -> None:
        """Breadth first, so that what is nearest is kept when there is too much."""
        opened: set[str] = set()
        widened: set[str] = set()
        ahead = deque([(self._start, 0, True)])
        while ahead:
            name, steps, is_itself = ahead.popleft()
            if is_itself and name not in widened:
                # Other names of the same are no step, lead to no further ones, and come before what is further away.
                widened.add(name)
                for other in self._same(name, way):
                    self._beside.setdefault(other, self._distance.get(name, 0))
                    ahead.appendleft((other, steps, False))
            if name not in opened:
                opened.add(name)
                for other in self._step(name, way, steps, depth):
                    ahead.append((other, steps + 1, True))

    def _step(self, name: str, way: Way, steps: int, depth: int | None) -> Iterator[str]:
        """What is one step further; what there is no room for is noted."""
        look = self._reader.made_from if way is Way.UP else self._reader.built_on
        limit = min(self._readable, LINEAGE_EDGES_MAX - len(self._edges) + 1)
        found = look(name, limit=limit)
        self._readable -= len(found)
        if limit <= len(found):
            self._more.add(way)
        for edge in found:
            other = edge.used if way is Way.UP else edge.generated
            if edge not in self._edges and (steps == depth or not self._has_room(name, other)):
                self._more.add(way)
                continue
            self._edges.setdefault(edge, self._reader.used(edge))
            # A name that stands for another one is a node only where something leads to it.
            self._distance.setdefault(name, self._beside.get(name, 0))
            self._distance.setdefault(other, -steps - 1 if way is Way.UP else steps + 1)
            yield other

    def _has_room(self, *ends: str) -> bool:
        nodes = len(self._distance.keys() | set(ends))
        return nodes <= LINEAGE_NODES_MAX and len(self._edges) < LINEAGE_EDGES_MAX

    def _same(self, name: str, way: Way) -> Iterator[str]:
        """By which other names one goes on from a dataset or version."""
        record = named_record(name)
        if record is None or record.type not in (DATASET, VERSION):
            return
        dataset = record_name(dataset_of(record))
        versions = self._reader.versions(dataset)
        if record.type == DATASET:
            yield from versions[:1] if way is Way.UP else versions
        elif way is Way.UP or list(versions[:1]) == [name]:
            yield dataset

    def graph(self) -> Graph:
        """What was found, with what it means for each node."""
        outdated, withdrawn = self._direct()
        above = self._above()
        below_outdated, below_withdrawn = (_below(found, above) for found in (outdated, withdrawn))
        nodes = tuple(
            Node(
                end=self._reader.end(name),
                distance=distance,
                outdated=name in outdated,
                withdrawn_source=name in withdrawn,
                upstream_outdated=name in below_outdated,
                upstream_withdrawn=name in below_withdrawn,
            )
            for name, distance in sorted(self._distance.items(), key=lambda item: (item[1], item[0]))
        )
        return Graph(
            start=self._start,
            nodes=nodes,
            edges=tuple(self._edges.items()),
            versions=tuple(self._versions()),
            more=frozenset(self._more),
        )

    def _versions(self) -> Iterator[tuple[str, str]]:
        for name in self._distance:
            record = named_record(name)
            if record is not None and record.type == VERSION:
                dataset = record_name(dataset_of(record))
                if dataset in self._distance:
                    yield name, dataset

    def _direct(self) -> tuple[set[str], set[str]]:
        """Which nodes used something of which there is a newer one, and which something withdrawn.

        Of each node all that it was made from is looked at, also what is not in the picture, within bounds.
        """
        outdated, withdrawn = set(), set()
        room = LINEAGE_EDGES_MAX
        for name in self._distance:
            for one in (name, *self._same(name, Way.UP)):
                for edge in self._reader.made_from(one, limit=room):
                    used = self._edges.get(edge)
                    if used is None:
                        used, room = self._reader.used(edge), room - 1
                    if used.newer:
                        outdated.add(name)
                    if used.withdrawn:
                        withdrawn.add(name)
        return outdated, withdrawn

    def _above(self) -> dict[str, set[str]]:
        """What each node passes its state on to."""
        passed: dict[str, set[str]] = {}
        for edge in self._edges:
            passed.setdefault(edge.used, set()).add(edge.generated)
        for version, dataset in self._versions():
            if list(self._reader.versions(dataset)[:1]) == [version]:
                passed.setdefault(version, set()).add(dataset)
        return passed


def _below(found: set[str], passed: dict[str, set[str]]) -> set[str]:
    """The nodes that have one of these somewhere above them."""
    below: set[str] = set()
    ahead = list(found)
    while ahead:
        for name in passed.get(ahead.pop(), ()):
            if name not in below:
                below.add(name)
                ahead.append(name)
    return below


def cycle(built_on: Callable[[str], Iterable[str]], generated: str, used: Iterable[str]) -> list[str]:
    """The loop that a new edge would close between versions: from the version that was made to one that it used, and back.

    Empty when there is none. Datasets may go round in circles, and so may what lies outside: it has no versions here.
    `built_on` answers the names of what was made from a version; at most LINEAGE_CYCLE_NODES_MAX are looked at.
    """
    sources = {name for name in used if _is_version(name)}
    if not _is_version(generated) or not sources:
        return []
    came_from: dict[str, str] = {generated: ""}
    ahead = deque([generated])
    while ahead:
        name = ahead.popleft()
        if name in sources:
            return _path(came_from, name)
        for other in built_on(name):
            is_fresh = other not in came_from and _is_version(other)
            if is_fresh and len(came_from) < LINEAGE_CYCLE_NODES_MAX:
                came_from[other] = name
                ahead.append(other)
    return []


def _is_version(name: str) -> bool:
    record = named_record(name)
    return record is not None and record.type == VERSION


def _path(came_from: dict[str, str], last: str) -> list[str]:
    path = [last]
    while came_from[path[-1]]:
        path.append(came_from[path[-1]])
    return [*reversed(path), path[-1]]
