"""The graph of lineage: both directions, any depth, loops, bounds, and what is out of date or withdrawn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol import lineage
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.lineage import Edge, End, State, Used, cycle, trace
from frostnode.protocol.names import Did

DID = Did(f"did:frost:{Cid.of(b'me')}")
HEADER = Cid.of(b"header")


def named(key):
    return key if ":" in key else f"{DID}/{key}"


class Drawn:
    """A reader of a graph that is written down: `b@1 < a@1 a@2` says that b@1 was made from both."""

    def __init__(self, text, versions=None, newer=(), withdrawn=()):
        self.edges = []
        for at, line in enumerate(text.split(";")):
            generated, _, used = line.partition("<")
            for name in used.split():
                edge = Edge(
                    did=DID, key=str(at), header=HEADER, generated=named(generated.strip()), used=named(name)
                )
                self.edges.append(edge)
        self._versions = {
            named(key): [named(one) for one in names] for key, names in (versions or {}).items()
        }
        self._newer, self._withdrawn = set(map(named, newer)), set(map(named, withdrawn))

    def made_from(self, name, *, limit):
        return [edge for edge in self.edges if edge.generated == name][:limit]

    def built_on(self, name, *, limit):
        return [edge for edge in self.edges if edge.used == name][:limit]

    def versions(self, dataset):
        return self._versions.get(dataset, [])

    def used(self, edge):
        return Used(newer="newer" if edge.used in self._newer else "", withdrawn=edge.used in self._withdrawn)

    def end(self, name):
        return End(name=name, state=State.HERE)


def short(name):
    return name.removeprefix(f"{DID}/")


def distances(graph):
    return {short(node.end.name): node.distance for node in graph.nodes}


def marked(graph, mark):
    return {short(node.end.name) for node in graph.nodes if getattr(node, mark)}


CHAIN = "b@1 < a@1 doi:10.1/x; c@1 < b@1; d@1 < c@1 a@1"


def test_lineage_is_followed_both_ways_to_any_depth():
    graph = trace(Drawn(CHAIN), named("b@1"), up=True, down=True, depth=None)
    assert distances(graph) == {"a@1": -1, "doi:10.1/x": -1, "b@1": 0, "c@1": 1, "d@1": 2}
    assert len(graph.edges) == 4
    assert graph.more == frozenset()


def test_depth_bounds_the_steps_and_says_that_there_is_more():
    graph = trace(Drawn(CHAIN), named("d@1"), up=True, down=True, depth=1)
    assert distances(graph) == {"c@1": -1, "a@1": -1, "d@1": 0}
    assert graph.more == {"up"}
    assert trace(Drawn(CHAIN), named("d@1"), up=True, down=True, depth=3).more == frozenset()
    assert distances(trace(Drawn(CHAIN), named("b@1"), up=False, down=True, depth=None)).keys() == {
        "b@1",
        "c@1",
        "d@1",
    }


def test_what_nothing_is_said_of_stands_alone():
    graph = trace(Drawn(""), "doi:10.1/x", up=True, down=True, depth=None)
    assert distances(graph) == {"doi:10.1/x": 0}
    assert graph.edges == ()


def test_loops_end_where_they_close():
    graph = trace(Drawn("a < b; b < c; c < a"), named("a"), up=True, down=True, depth=None)
    assert len(graph.edges) == 3
    assert distances(graph) == {"a": 0, "b": -1, "c": -2}
    assert distances(trace(Drawn("a < a"), named("a"), up=True, down=True, depth=None)) == {"a": 0}


def test_a_dataset_goes_on_with_its_newest_version_up_and_with_all_of_them_down():
    drawn = Drawn("b@2 < a@2; b@1 < a@1; c@1 < b@1; d@1 < b@2", {"b": ["b@2", "b@1"]})
    graph = trace(drawn, named("b"), up=True, down=True, depth=None)
    assert distances(graph) == {"a@2": -1, "b": 0, "b@1": 0, "b@2": 0, "c@1": 1, "d@1": 1}
    assert {tuple(map(short, pair)) for pair in graph.versions} == {("b@1", "b"), ("b@2", "b")}


def test_what_is_said_of_a_dataset_holds_for_its_versions_and_no_version_for_another():
    drawn = Drawn("b < a; c@1 < b@1; d@1 < b@2; e < b", {"b": ["b@2", "b@1"]})
    up = trace(drawn, named("d@1"), up=True, down=False, depth=None)
    assert distances(up) == {"d@1": 0, "b@2": -1, "b": -1, "a": -2}
    older = trace(drawn, named("b@1"), up=False, down=True, depth=None)
    assert distances(older) == {"b@1": 0, "c@1": 1}
    newest = trace(drawn, named("b@2"), up=False, down=True, depth=None)
    assert set(distances(newest)) == {"b@2", "d@1", "b", "e"}
    assert set(distances(trace(drawn, named("a"), up=False, down=True, depth=None))) == {
        *("a", "b", "b@1", "b@2", "c@1", "d@1", "e")
    }


def test_out_of_date_is_passed_on_and_so_is_what_was_withdrawn():
    drawn = Drawn(CHAIN, newer=["a@1"], withdrawn=["doi:10.1/x"])
    graph = trace(drawn, named("c@1"), up=True, down=True, depth=None)
    assert marked(graph, "outdated") == {"b@1", "d@1"}
    assert marked(graph, "withdrawn_source") == {"b@1"}
    assert marked(graph, "upstream_outdated") == {"c@1", "d@1"}
    assert marked(graph, "upstream_withdrawn") == {"c@1", "d@1"}


def test_a_dataset_is_out_of_date_with_its_newest_version():
    drawn = Drawn("b@2 < a@2; b@1 < a@1; c@1 < b@2", {"b": ["b@2", "b@1"]}, newer=["a@2"])
    graph = trace(drawn, named("b"), up=True, down=True, depth=None)
    assert marked(graph, "outdated") == {"b", "b@2"}
    assert marked(graph, "upstream_outdated") == {"b", "c@1"}
    fresh = Drawn("b@2 < a@2; b@1 < a@1", {"b": ["b@2", "b@1"]}, newer=["a@1"])
    assert marked(trace(fresh, named("b"), up=True, down=True, depth=None), "outdated") == set()


def test_out_of_date_is_known_of_ends_whose_sources_are_not_in_the_picture():
    drawn = Drawn("b@1 < a@1 z@1", newer=["z@1"])
    graph = trace(drawn, named("a@1"), up=False, down=True, depth=None)
    assert distances(graph) == {"a@1": 0, "b@1": 1}
    assert marked(graph, "outdated") == {"b@1"}


def test_a_picture_has_bounds_and_shows_what_is_nearest(monkeypatch):
    wide = Drawn(";".join(f"x{at} < a" for at in range(9)) + "; y < x0")
    monkeypatch.setattr(lineage, "LINEAGE_NODES_MAX", 5)
    graph = trace(wide, named("a"), up=True, down=True, depth=None)
    assert distances(graph) == {"a": 0, "x0": 1, "x1": 1, "x2": 1, "x3": 1}
    assert graph.more == {"down"}
    monkeypatch.setattr(lineage, "LINEAGE_EDGES_MAX", 2)
    graph = trace(wide, named("a"), up=True, down=True, depth=None)
    assert (len(graph.edges), graph.more) == (2, {"down"})


def down(text):
    drawn = Drawn(text)
    return lambda name: [edge.generated for edge in drawn.built_on(name, limit=99)]


@pytest.mark.parametrize(
    ("text", "generated", "used", "path"),
    [
        (CHAIN, "e@1", ["d@1"], []),
        (CHAIN, "a@1", ["d@1"], ["a@1", "d@1", "a@1"]),
        (CHAIN, "a@1", ["x@1", "c@1"], ["a@1", "b@1", "c@1", "a@1"]),
        ("", "a@1", ["a@1"], ["a@1", "a@1"]),
        ("b < a; c < b", "a", ["c"], []),
        ("b < a@1; c@1 < b", "a@1", ["c@1"], []),
        ("doi:10.1/x < a@1; c@1 < doi:10.1/x", "a@1", ["c@1"], []),
    ],
)
def test_a_loop_is_found_between_versions_alone(text, generated, used, path):
    assert cycle(down(text), named(generated), map(named, used)) == [named(key) for key in path]


def test_the_search_for_a_loop_is_bounded(monkeypatch):
    monkeypatch.setattr(lineage, "LINEAGE_CYCLE_NODES_MAX", 3)
    text = ";".join(f"v{at + 1}@1 < v{at}@1" for at in range(9))
    assert cycle(down(text), named("v0@1"), [named("v2@1")]) != []
    assert cycle(down(text), named("v0@1"), [named("v9@1")]) == []


NAMES = st.sampled_from(["a@1", "a@2", "b@1", "b", "c", "a", "doi:10.1/x"])
EDGES = st.lists(st.tuples(NAMES, NAMES), max_size=12)


@given(EDGES, NAMES)
def test_up_and_down_agree(edges, start):
    """Whatever is above something has it below: the two directions are one relation."""
    text = ";".join(f"{made} < {used}" for made, used in edges)
    drawn = Drawn(text, {"a": ["a@2", "a@1"], "b": ["b@1"]})
    start = named(start)
    walked = trace(drawn, start, up=True, down=False, depth=None)
    for node in walked.nodes:
        below = trace(drawn, node.end.name, up=False, down=True, depth=None)
        names = {one.end.name for one in below.nodes}
        assert start in names or any(pair[0] == start or pair[1] == start for pair in walked.versions)


@given(EDGES)
def test_no_loop_of_versions_can_be_published(edges):
    """Edges are put one after the other unless they close a loop: then there is none."""
    built_on: dict[str, list[str]] = {}
    for made, used in edges:
        if not cycle(lambda name: built_on.get(name, []), named(made), [named(used)]):
            built_on.setdefault(named(used), []).append(named(made))
    versions = [named(key) for key in ("a@1", "a@2", "b@1")]
    for start in versions:
        seen, ahead = set(), [start]
        while ahead:
            for other in built_on.get(ahead.pop(), []):
                assert other != start
                if other in versions and other not in seen:
                    seen.add(other)
                    ahead.append(other)
