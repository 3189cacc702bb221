"""What every catalog does (frostnode.ports.CatalogStore, frostnode.reference_port.ReferenceReader), asked directly: one suite
over the one in SQL and the one in memory. What follows from arrivals is in test_views.py."""

import pytest

from frostnode.edge.sqlite.catalog import SqliteCatalog
from frostnode.ports import CatalogEntry, Content
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.lineage import Edge
from frostnode.protocol.names import did_of, format_origin
from frostnode.protocol.references import Reference, Role
from frostnode.reference_port import Referring
from frostnode.testing.memory_catalog import MemoryCatalog

EVENT, OTHER_EVENT = Cid.of(b"genesis"), Cid.of(b"another")
DID, OTHER = did_of(EVENT), did_of(OTHER_EVENT)
LOG, OTHER_LOG, NEXT_LOG = (
    format_origin(DID, 0, EVENT),
    format_origin(OTHER, 0, OTHER_EVENT),
    format_origin(DID, 1, Cid.of(b"moved")),
)
PIN = Cid.of(b"the exact entry")


@pytest.fixture(params=["sql", "memory"])
def catalog(request, tmp_path):
    made = SqliteCatalog(tmp_path / "catalog.db") if request.param == "sql" else MemoryCatalog()
    yield made
    made.close()


def entry(index, key="a", type_="dataset", **more):
    fields = {
        "did": DID,
        "type": type_,
        "key": key,
        "origin": LOG,
        "epoch": 0,
        "index": index,
        "header": Cid.of(b"header %d" % index),
        "op": "put",
        "time_ms": 0,
        "seen_ms": 100 + index,
        "body": Cid.of(b"body %d" % index),
        "size": 6,
        "title": f"Title {index}",
        **more,
    }
    return CatalogEntry(**fields)


def put(catalog, *entries):
    """Entries, each alone or with the references of its body."""
    with catalog.write() as writer:
        for one in entries:
            made, *references = one if isinstance(one, tuple) else (one,)
            writer.put_entry(made, Content(title=made.title, references=tuple(references)))


def generated(name, pin=None):
    return Reference(Role.GENERATED, name, pin)


def used(name, pin=None):
    return Reference(Role.USED, name, pin)


def lineage(index, made, *sources, **more):
    return entry(index, f"l-{index}", "lineage", **more), generated(made), *map(used, sources)


def edges(found):
    return [(edge.generated, edge.used) for edge in found]


# entries


def test_the_last_entry_is_the_record_whatever_came_first(catalog):
    moved = entry(0, epoch=1, origin=NEXT_LOG)
    put(catalog, moved, entry(2), entry(1))
    with catalog.read() as reader:
        assert reader.current(DID, "dataset", "a") == moved
        assert reader.entries(DID, "dataset", "a") == [moved, entry(2), entry(1)]
        assert reader.before(DID, "dataset", "a", 1, 0) == entry(2)
        assert reader.before(DID, "dataset", "a", 0, 2) == entry(1)
        assert reader.before(DID, "dataset", "a", 0, 1) is None
        assert reader.current(DID, "dataset", "b") is None
        assert reader.current(OTHER, "dataset", "a") is None
    put(catalog, moved)
    with catalog.read() as reader:
        assert len(reader.entries(DID, "dataset", "a")) == 3, "once"


def test_entries_are_found_by_what_they_are(catalog):
    twin = entry(5, "b", header=entry(1).header, body=entry(2).body)
    put(catalog, entry(1), entry(2), twin, entry(3, body=None))
    with catalog.read() as reader:
        assert reader.entry_by_header(DID, entry(1).header) == twin
        assert reader.entry_by_header(OTHER, entry(1).header) is None
        assert sorted(reader.naming({entry(2).body, PIN})) == [
            (DID, LOG, 2, entry(2).body),
            (DID, LOG, 5, entry(2).body),
        ]
        assert reader.seen_by(LOG, 1, 9, 102) == [1, 2]
        assert reader.seen_by(LOG, 2, 3, 999) == [2]
        assert reader.seen_by(OTHER_LOG, 0, 9, 999) == []


def test_records_come_newest_seen_first_a_page_at_a_time(catalog):
    put(
        catalog,
        entry(1, "a"),
        entry(2, "b", "concept"),
        entry(3, "c", seen_ms=101),
        entry(0, "d", did=OTHER, origin=OTHER_LOG),
        entry(4, "e"),
        entry(5, "e", op="withdraw"),
    )

    def keys(**how):
        with catalog.read() as reader:
            fields = {"type_": None, "did": None, "limit": 9, **how}
            return [found.key for found in reader.records(**fields)]

    assert keys() == ["b", "a", "c", "d"]
    assert (keys(limit=2), keys(limit=2, offset=1)) == (["b", "a"], ["a", "c"])
    assert (keys(type_="concept"), keys(did=OTHER), keys(without=[DID])) == (["b"], ["d"], ["d"])
    with catalog.read() as reader:
        assert reader.counts() == {"concept": 1, "dataset": 3}
        assert reader.counts(OTHER) == {"dataset": 1}


def test_what_is_dropped_leaves_what_came_before(catalog):
    put(catalog, *(entry(index) for index in range(4)), entry(4, "b"), entry(5, "c"))
    with catalog.write() as writer:
        writer.drop_entries(LOG, 5)
        writer.drop_entry(LOG, 3)
        writer.drop_entry(LOG, 1)
        writer.drop_entry(LOG, 99)
        assert writer.entries(DID, "dataset", "a") == [entry(2), entry(0)]
        assert writer.current(DID, "dataset", "c") is None
        writer.drop_record(DID, "dataset", "a")
        writer.drop_record(DID, "dataset", "nothing")
    with catalog.read() as reader:
        assert [found.key for found in reader.records(type_=None, did=None, limit=9)] == ["b"]
    put(catalog, entry(0, did=OTHER, origin=OTHER_LOG))
    with catalog.write() as writer:
        writer.drop_publisher(DID)
        assert [one.did for one in writer.publishers()] == [OTHER]


def test_what_a_body_says_is_set_when_it_comes(catalog):
    put(catalog, entry(1, title=""))
    with catalog.write() as writer:
        content = Content(
            title="Now", harvested_from="NASA", identifiers=["doi:10.1/x"], references=[used("n")]
        )
        assert writer.put_content(LOG, 1, content)
        assert not writer.put_content(LOG, 2, content)
    with catalog.read() as reader:
        found = reader.current(DID, "dataset", "a")
        assert (found.title, found.harvested_from) == ("Now", "NASA")
        assert reader.claims("doi:10.1/x", limit=9) == [found]
        assert reader.references(DID, "dataset", "a") == [used("n")]
    with catalog.write() as writer:
        writer.put_content(LOG, 1, Content())
        assert (writer.claims("doi:10.1/x", limit=9), writer.references(DID, "dataset", "a")) == ([], [])


# transactions and beginnings


def test_what_fails_leaves_nothing_and_a_cleared_catalog_is_another(catalog):
    with catalog.write() as writer:
        writer.put_entry(entry(1))
        writer.advance(7, b"tag")

    def failing():
        with catalog.write() as writer:
            writer.drop_record(DID, "dataset", "a")
            writer.advance(8, b"other")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    with catalog.read() as reader:
        begun = reader.begun()
        assert (reader.cursor(), reader.mark(), len(begun)) == (7, b"tag", 16)
        assert reader.current(DID, "dataset", "a") == entry(1)
    assert catalog.scrub()
    catalog.clear()
    with catalog.read() as reader:
        assert (reader.cursor(), reader.mark(), reader.publishers()) == (0, b"", [])
        assert reader.begun() != begun


# references


def test_a_record_refers_in_its_own_order_to_what_its_last_entry_names(catalog):
    named = (generated("b"), used("z", PIN), used("a"))
    put(catalog, (entry(1, "l", "lineage"), used("old")), (entry(2, "l", "lineage"), *named))
    with catalog.read() as reader:
        assert reader.references(DID, "lineage", "l") == list(named)
        assert reader.references(DID, "lineage", "m") == []
    put(catalog, entry(3, "l", "lineage", op="withdraw", body=None))
    with catalog.read() as reader:
        assert reader.references(DID, "lineage", "l") == []
        assert reader.referring(["z", "old"], Role, limit=9) == []


def test_who_refers_to_a_name_in_a_role_each_once_in_order_of_coming(catalog):
    put(
        catalog,
        (entry(1, "s", "subscription"), Reference(Role.TARGET, "x")),
        (entry(2, "l", "lineage"), generated("y"), used("x", PIN), used("x@1")),
        (entry(3, "m", "lineage"), used("x@2"), used("w")),
        (entry(4, "n"), Reference(Role.SUCCESSOR, "x@")),
        (entry(5, "o", "subscription"), Reference(Role.TARGET, "v"), Reference(Role.ON_BEHALF_OF, "v")),
    )

    def keys(*names, roles=tuple(Role), **how):
        with catalog.read() as reader:
            return [found.key for found in reader.referring(names, roles, **{"limit": 9, **how})]

    assert keys("x") == ["s", "l"]
    assert keys("x", roles=[Role.USED]) == ["l"]
    assert keys("x", versions=True) == ["s", "l", "m"]
    assert keys("w", "x", "x") == ["s", "l", "m"]
    assert keys("x", limit=1) == ["s"]
    with catalog.read() as reader:
        (both,) = reader.referring(["v"], [Role.ON_BEHALF_OF, Role.TARGET], limit=9)
    assert both.reference.role is Role.TARGET
    assert keys("x", roles=[]) == keys("nothing") == keys() == []
    with catalog.read() as reader:
        assert reader.referring(["x"], [Role.USED], limit=9) == [
            Referring(did=DID, type="lineage", key="l", header=entry(2).header, reference=used("x", PIN))
        ]


def test_edges_in_both_directions(catalog):
    put(
        catalog,
        lineage(1, "b", "a", "z"),
        lineage(2, "c", "b"),
        lineage(3, "d@1", "b@1"),
        lineage(4, "b", "y", did=OTHER, origin=OTHER_LOG),
        (entry(5, "no", "dataset"), generated("b"), used("a")),
    )
    with catalog.read() as reader:
        assert edges(reader.made_from("b", limit=9)) == [("b", "a"), ("b", "z"), ("b", "y")]
        assert edges(reader.made_from("b", limit=2)) == [("b", "a"), ("b", "z")]
        assert edges(reader.built_on("b", limit=9)) == [("c", "b")]
        assert edges(reader.built_on("a", limit=9)) == [("b", "a")]
        assert reader.built_on("a", limit=9) == [
            Edge(did=DID, key="l-1", header=entry(1).header, generated="b", used="a")
        ]
        assert reader.products("b", limit=9) == ["c", "d@1"]
        assert reader.products("b", limit=1) == ["c"]
        assert reader.products("nothing", limit=9) == []
    with catalog.write() as writer:
        writer.drop_entry(LOG, 1)
        assert edges(writer.made_from("b", limit=9)) == [("b", "y")]


def test_the_exact_entries_that_were_named_stand_on_the_edge(catalog):
    other = Cid.of(b"other entry")
    put(catalog, (entry(1, "l", "lineage"), generated("b", PIN), used("a", other)))
    with catalog.read() as reader:
        (edge,) = reader.made_from("b", limit=9)
    assert (edge.generated_pin, edge.used_pin) == (PIN, other)


def test_many_records_are_looked_up_at_once(catalog):
    put(
        catalog,
        entry(0),
        entry(1, "a@1", "version"),
        entry(2, "a@2", "version"),
        entry(3, "a@1", "version"),
        entry(4, "a@latest", "version"),
        entry(5, "a/b@1", "version"),
        entry(6, "b@1", "version", op="withdraw"),
        entry(7, "c@1", "version", did=OTHER, origin=OTHER_LOG),
        entry(8, op="withdraw"),
        entry(9, "c", "x"),
    )
    names = [("dataset", "a"), ("version", "a@1"), ("dataset", "none"), ("dataset", "c"), ("x", "c")]
    with catalog.read() as reader:
        found = reader.currents(DID, names)
        assert {name: found.get(name) for name in names} == {
            name: reader.current(DID, *name) for name in names
        }
        assert {name: one.index for name, one in found.items()} == {names[0]: 8, names[1]: 3, names[4]: 9}
        newest = reader.newest_versions(DID, ["a", "a/b", "b", "c", "none", "a'"])
        assert {key: one.index for key, one in newest.items()} == {"a": 2, "a/b": 5}
        assert reader.newest_versions(OTHER, ["a", "c"])["c"].index == 7
        assert (
            reader.currents(DID, []) == reader.newest_versions(DID, []) == reader.uses(DID, [], limit=9) == {}
        )


def test_what_others_built_is_not_what_a_publisher_made_itself(catalog):
    own = [f"{DID}/{key}" for key in "abc"]
    theirs = {"did": OTHER, "origin": OTHER_LOG}
    put(
        catalog,
        lineage(1, own[1], own[0]),
        lineage(2, f"{OTHER}/x", own[0], "doi:10.1/y"),
        lineage(3, f"{OTHER}/x", own[1], **theirs),
        lineage(4, "doi:10.1/paper", f"{own[2]}@1", **theirs),
        lineage(5, f"{OTHER}/z", f"{DID}x/a", "doi:10.1/y", **theirs),
    )
    with catalog.read() as reader:
        assert reader.built_elsewhere(DID, limit=9, looked_at=9) == [f"{OTHER}/x", "doi:10.1/paper"]
        assert reader.built_elsewhere(DID, limit=1, looked_at=9) == [f"{OTHER}/x"]
        assert reader.built_elsewhere(DID, limit=9, looked_at=3) == [f"{OTHER}/x"]
        assert reader.built_elsewhere(OTHER, limit=9, looked_at=9) == []


def test_records_are_counted_whatever_comes_and_goes(catalog):
    theirs = {"did": OTHER, "origin": OTHER_LOG}
    put(catalog, entry(1, "a"), entry(2, "b"), entry(3, "c", "version"), entry(4, "x", **theirs))

    def counted():
        with catalog.read() as reader:
            return reader.counts(), reader.counts(DID), {one.did: one.records for one in reader.publishers()}

    mine = {"dataset": 2, "version": 1}
    assert counted() == ({"dataset": 3, "version": 1}, mine, {DID: mine, OTHER: {"dataset": 1}})
    put(catalog, entry(5, "a"), entry(6, "b", op="withdraw"), entry(7, "c", "version", op="withdraw"))
    assert counted() == ({"dataset": 2}, {"dataset": 1}, {DID: {"dataset": 1}, OTHER: {"dataset": 1}})
    put(catalog, entry(8, "b"))
    with catalog.write() as writer:
        writer.drop_entry(LOG, 7)
        writer.drop_publisher(OTHER)
    assert counted() == (mine, mine, {DID: mine})
    catalog.clear()
    assert counted() == ({}, {}, {})
