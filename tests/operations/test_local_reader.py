"""Lineage as the owner of a home sees it: what is carried, with what is kept local on top of it, and below what was published since."""

from contextlib import contextmanager

import pytest

from frostnode.local_port import LocalEntry
from frostnode.operations.lineage_reader import CatalogLineage
from frostnode.operations.local_reader import LineageWithLocal, local_exact, local_fields, local_name
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.entry import encode_body, header_cid
from frostnode.protocol.lineage import Edge, State, Used
from frostnode.testing.memory_local import MemoryLocalRecords
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.small_node import SmallNode


@pytest.fixture
def records():
    return MemoryLocalRecords()


@pytest.fixture
def node(tmp_path, records):
    made = SmallNode(tmp_path / "node", local=records)
    yield made
    made.close()


@pytest.fixture
def ice(node):
    """A dataset with one published version, published at 2,000 ms as all of it."""
    source = MemoryPublisher("ice")
    source.put("ice", {"title": "Sea ice"})
    source.put("ice@1", {"title": "One"}, "version")
    node.take(*source.stream())
    return source


@pytest.fixture
def keep(records, ice):
    """Keep something local."""

    def put(key, fields, type_="version", time_ms=5_000):
        body = encode_body(fields, bytes(16))
        entry = LocalEntry(did=ice.did, type=type_, key=key, header=Cid.of(body), time_ms=time_ms, body=body)
        records.put(entry)
        return entry

    return put


@contextmanager
def reader(node, records):
    node.fold()
    with node.catalog.read() as catalog, node.store.read() as log:
        yield LineageWithLocal(CatalogLineage(node.parts, catalog, log), catalog, records.entries())


def edge_to(name, pin=None):
    return Edge(did="did:frost:x", key="k", header=Cid.of(b"x"), generated="g", used=name, used_pin=pin)


def test_a_local_record_has_a_name_an_exact_name_and_fields(keep, ice):
    entry = keep("ice@2", {"title": "Two"})
    assert local_name(entry) == f"{ice.did}/ice@2"
    assert local_exact(entry) == f"{ice.did}/ice@2?cid={entry.header}"
    assert local_fields(entry)["title"] == "Two"


def test_local_versions_stand_where_their_time_puts_them(node, records, keep, ice):
    name = f"{ice.did}/ice"
    with reader(node, records) as found:
        assert list(found.versions(name)) == [f"{name}@1"]
    keep("ice@later", {})
    keep("ice@earlier", {}, time_ms=1)
    keep("icefloe@1", {})
    with reader(node, records) as found:
        assert list(found.versions(name)) == [f"{name}@later", f"{name}@1", f"{name}@earlier"]
        assert list(found.versions(f"{ice.did}/icefloe")) == [f"{ice.did}/icefloe@1"]


def test_an_end_that_is_local_is_said_to_be(node, records, keep, ice):
    entry = keep("ice@2", {"title": "Two"})
    keep("floe@1", {})
    with reader(node, records) as found:
        end = found.end(f"{ice.did}/ice@2")
        assert (end.state, end.title, end.header) == (State.LOCAL, "Two", entry.header)
        assert found.end(f"{ice.did}/ice@1").state is State.HERE
        assert found.end(f"{ice.did}/floe").state is State.LOCAL, "a dataset of which all is local"
        assert found.end(f"{ice.did}/other").state is State.NOT_CARRIED
        assert found.entry(f"{ice.did}/ice@2").header == entry.header
        assert found.entry(f"{ice.did}/ice@1") is None


def test_a_local_version_makes_what_is_published_out_of_date(node, records, keep, ice):
    name, published = f"{ice.did}/ice", header_cid(ice.leaves[1])
    with reader(node, records) as found:
        assert found.used(edge_to(f"{name}@1", published)) == Used()
    newest = keep("ice@2", {})
    with reader(node, records) as found:
        assert found.used(edge_to(f"{name}@1", published)).newer == local_exact(newest)
        assert found.used(edge_to(name, header_cid(ice.leaves[0]))).newer == local_exact(newest)
        assert found.used(edge_to(f"{name}@2", newest.header)).newer == ""
        assert found.used(edge_to(f"{name}@2", Cid.of(b"before"))).newer == local_exact(newest)
        assert found.used(edge_to("doi:10.5067/x")) == Used()


def test_what_is_published_makes_an_older_local_version_out_of_date(node, records, keep, ice):
    older = keep("ice@0", {}, time_ms=1)
    with reader(node, records) as found:
        newer = found.used(edge_to(f"{ice.did}/ice@0", older.header)).newer
    assert newer == f"{ice.did}/ice@1?cid={header_cid(ice.leaves[1])}"


def test_local_edges_come_behind_those_that_are_carried(node, records, keep, ice):
    name = f"{ice.did}/ice@1"
    ice.put("l", {"generated": f"{ice.did}/mean@1", "used": [{"uri": name}]}, "lineage")
    node.take(*ice.stream(2))
    keep(
        "local", {"generated": f"{ice.did}/mean@2", "used": [{"uri": name}, {"uri": "doi:10.1/x"}]}, "lineage"
    )
    with reader(node, records) as found:
        built = found.built_on(name, limit=9)
        assert [(edge.generated, edge.is_local) for edge in built] == [
            (f"{ice.did}/mean@1", False),
            (f"{ice.did}/mean@2", True),
        ]
        assert [edge.is_local for edge in found.built_on(name, limit=1)] == [False]
        assert [edge.used for edge in found.made_from(f"{ice.did}/mean@2", limit=9)] == [name, "doi:10.1/x"]
        assert len(found.made_from(f"{ice.did}/mean@2", limit=1)) == 1


def test_what_was_published_since_is_not_local(node, records, keep, ice):
    keep("ice@2", {"title": "kept"})
    ice.put("ice@2", {"title": "published"}, "version")
    node.take(*ice.stream(2))
    with reader(node, records) as found:
        assert found.entry(f"{ice.did}/ice@2") is None
        assert found.end(f"{ice.did}/ice@2").state is State.HERE


async def test_the_owner_is_shown_what_is_local_and_a_stranger_is_not(node, records, keep, ice):
    keep("ice@2", {"title": "Two"})
    node.fold()
    shown = await node.ask("versions", url=f"{ice.did}/ice")
    assert [(one["label"], one["local"]) for one in shown["versions"]] == [("2", True), ("1", False)]
    assert (await node.ask("status"))["local"] == {"versions": 1, "lineage": 0}
