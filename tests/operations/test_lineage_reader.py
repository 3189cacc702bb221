"""Ends and edges of lineage as this node carries them: what is here, withdrawn or not carried, and what is out of date."""

import pytest

from frostnode.operations import lineage_reader
from frostnode.operations.lineage_reader import CatalogLineage, display_title, entry_name
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.entry import header_cid
from frostnode.protocol.limits import VERSIONS_LISTED_MAX
from frostnode.protocol.lineage import End, State, Used
from frostnode.protocol.names import did_of
from frostnode.testing.memory_publisher import MemoryPublisher


@pytest.fixture
def ice():
    """A dataset with two versions, something made from the first, and a record that was withdrawn."""
    source = MemoryPublisher("ice")
    source.put("ice", {"title": "Sea ice"})
    source.put("ice@1", {"title": "1"}, "version")
    source.put("ice@2", {}, "version")
    source.put("gone", {"title": "Gone"})
    source.withdraw("gone")
    return source


@pytest.fixture
def reading(node, ice):
    """Asks what is read of what the node carries now."""
    node.take(*ice.stream())

    def ask(work):
        node.fold()
        with node.catalog.read() as catalog, node.store.read() as log:
            return work(CatalogLineage(node.parts, catalog, log))

    return ask


def header(source, index):
    return header_cid(source.leaves[index])


def used(reading, name, pin=None):
    """What became of something that was used."""

    class Edge:
        used, used_pin = name, pin

    return reading(lambda reader: reader.used(Edge()))


def test_an_end_is_what_is_known_of_it(reading, ice):
    def end(name):
        return reading(lambda reader: reader.end(name))

    assert end(f"{ice.did}/ice") == End(
        name=f"{ice.did}/ice", state=State.HERE, title="Sea ice", header=header(ice, 0)
    )
    assert end(f"{ice.did}/gone").state is State.WITHDRAWN
    assert end(f"{ice.did}/never").state is State.NOT_CARRIED
    assert end(f"{did_of(Cid.of(b'x'))}/ice").state is State.NOT_CARRIED
    assert end("doi:10.5067/x") == End(name="doi:10.5067/x", state=State.OUTSIDE)


def test_versions_are_listed_newest_first_without_the_withdrawn(reading, node, ice, monkeypatch):
    name = f"{ice.did}/ice"
    assert reading(lambda reader: reader.versions(name)) == [f"{name}@2", f"{name}@1"]
    assert reading(lambda reader: reader.versions("doi:10.5067/x")) == []
    assert VERSIONS_LISTED_MAX > 1
    with monkeypatch.context() as patch:
        patch.setattr(lineage_reader, "VERSIONS_LISTED_MAX", 1)
        assert reading(lambda reader: reader.versions(name)) == [f"{name}@2"]
    ice.withdraw("ice@2", "version")
    node.take(*ice.stream(5))
    assert reading(lambda reader: reader.versions(name)) == [f"{name}@1"]


def test_an_older_version_is_out_of_date_and_the_newest_is_not(reading, node, ice):
    name = f"{ice.did}/ice"
    newest = f"{name}@2?cid={header(ice, 2)}"
    assert used(reading, f"{name}@1", header(ice, 1)) == Used(newer=newest)
    assert used(reading, f"{name}@2", header(ice, 2)) == Used()
    assert used(reading, name, header(ice, 0)) == Used(newer=newest), "a version came after it"
    ice.withdraw("ice@2", "version")
    node.take(*ice.stream(5))
    assert used(reading, f"{name}@1", header(ice, 1)) == Used()
    assert used(reading, f"{name}@2", header(ice, 2)) == Used(withdrawn=True), "what is left is older"


def test_another_entry_than_the_one_that_was_used(reading, node, ice):
    name = f"{ice.did}/ice@2"
    ice.put("ice@2", {"title": "2, mended"}, "version")
    node.take(*ice.stream(5))
    assert used(reading, name, header(ice, 2)) == Used(newer=f"{name}?cid={header(ice, 5)}")
    assert used(reading, name, Cid.of(b"nobody has it")).missing
    assert used(reading, f"{ice.did}/gone", header(ice, 3)).withdrawn


def test_of_what_lies_outside_or_is_not_carried_nothing_is_known(reading, ice):
    for name in ("doi:10.5067/x", f"{ice.did}/never", f"{did_of(Cid.of(b'x'))}/a@1"):
        assert used(reading, name) == Used()


def test_edges_are_those_of_the_catalog(reading, node, ice):
    made, source = f"{ice.did}/mean@1", f"{ice.did}/ice@1"
    ice.put("l", {"generated": made, "used": [{"uri": source}]}, "lineage")
    node.take(*ice.stream(5))
    for read in (
        lambda reader: reader.made_from(made, limit=9),
        lambda reader: reader.built_on(source, limit=9),
    ):
        assert [(edge.generated, edge.used) for edge in reading(read)] == [(made, source)]
    assert reading(lambda reader: reader.built_on(made, limit=9)) == []


def test_a_version_is_called_after_its_dataset(reading, node, ice):
    node.fold()
    with node.catalog.read() as catalog:
        for key, type_, title in (
            ("ice", "dataset", "Sea ice"),
            ("ice@1", "version", "Sea ice, version 1"),
            ("ice@2", "version", "Sea ice, version 2"),
        ):
            entry = catalog.current(ice.did, type_, key)
            assert entry_name(entry) == f"{ice.did}/{key}"
            assert display_title(catalog, entry) == title
