"""Views: what they say of arrivals, and that they always equal their rebuild: those on disk and those in memory."""

import random

import pytest

from frostnode.edge.sqlite.catalog import SqliteCatalog
from frostnode.edge.sqlite.store import SqliteStore
from frostnode.edge.tantivy.index import TantivyIndex
from frostnode.identity.kits import authority_key, recovery_key
from frostnode.ports import ArrivalKind
from frostnode.project.fold import CatalogFold
from frostnode.project.index import IndexFold
from frostnode.protocol.entry import header_cid
from frostnode.protocol.errors import LocalError
from frostnode.protocol.frames import EventsFrame
from frostnode.protocol.identity import End, Epoch, Event, Kind, commitment, sign_event
from frostnode.protocol.names import Did
from frostnode.protocol.references import Reference, Role
from frostnode.replicate.ingest import Ingest
from frostnode.search.language import parse_query
from frostnode.search_port import Ask
from frostnode.testing.clock import ManualClock
from frostnode.testing.memory_catalog import MemoryCatalog
from frostnode.testing.memory_index import MemoryIndex
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.random import SeededRandom

CLAIMS = (
    {},
    {"identifiers": [{"scheme": "doi", "value": "10.5067/ONE"}], "homepage": "http://example.org"},
    {"identifiers": [{"scheme": "doi", "value": "10.5067/ONE"}, {"scheme": "doi", "value": "10.5067/two"}]},
    {"harvested_from": {"name": "NASA"}, "homepage": "http://example.org"},
    {"successor": "https://example.org/next"},
)
NAMES = ("doi:10.5067/one", "doi:10.5067/two", "url:https://example.org/")


USED = ("doi:10.5067/one", "swh:1:rev:" + "a" * 40)


def referred(catalog):
    """Everything that is known of references; in the order in which it came, that of rows may differ."""
    everyone = catalog.publishers()
    names = [
        *USED,
        "url:https://example.org/next",
        *(f"{one.did}/key-{at}" for one in everyone for at in range(6)),
    ]
    return {
        name: (
            sorted(map(repr, catalog.referring([name], Role, limit=1000, versions=True))),
            sorted(map(repr, catalog.made_from(name, limit=1000))),
            sorted(map(repr, catalog.built_on(name, limit=1000))),
            sorted(catalog.products(name, limit=1000)),
            name.startswith("did:")
            and catalog.uses(Did(name.partition("/")[0]), [name.partition("/")[2]], limit=1000),
        )
        for name in names
    }


def dump_of(store):
    """Everything that a catalog says."""
    with store.read() as catalog:
        records = catalog.records(type_=None, did=None, limit=1000)
        return (
            catalog.cursor(),
            catalog.publishers(),
            catalog.counts(),
            records,
            [catalog.entries(entry.did, entry.type, entry.key) for entry in records],
            {name: catalog.claims(name, limit=100) for name in NAMES},
            catalog.handles(),
            referred(catalog),
        )


class Views:
    """A store with both views."""

    def __init__(self, folder, seed="views", *, in_memory=False):
        self.clock = ManualClock()
        self.store = SqliteStore(folder / "frost.db", self.clock, SeededRandom(seed))
        self.catalog = MemoryCatalog() if in_memory else SqliteCatalog(folder / "catalog.db")
        self.index = MemoryIndex() if in_memory else TantivyIndex(folder / "index")
        self.catalog_fold = CatalogFold(self.store, self.catalog)
        self.index_fold = IndexFold(self.store, self.catalog, self.index)

    def take(self, *frames):
        self.clock.step_ms(1000)
        Ingest(self.store, None).take(list(frames))

    def fold(self):
        while self.catalog_fold.step():
            pass
        while self.index_fold.step():
            pass

    def dump(self):
        words = {word: hits(self.index, word) for word in ("title", "word", "other", "profile")}
        return dump_of(self.catalog), self.index.cursor(), words

    def folded_into(self, catalog):
        """What another catalog says of the same store."""
        fold = CatalogFold(self.store, catalog)
        while fold.step():
            pass
        return dump_of(catalog)

    def rebuilt(self):
        self.catalog.clear()
        self.index.clear()
        self.fold()
        return self.dump()

    def close(self):
        for part in (self.store, self.catalog, self.index):
            part.close()


def hits(index, query):
    answer = index.search(Ask(query=parse_query(query), limit=100))
    found = {(hit.did, hit.type, hit.key) for hit in answer.found if not hit.is_near}
    assert answer.total == len(found)
    return found


@pytest.fixture(params=["on disk", "in memory"])
def views(request, tmp_path):
    made = Views(tmp_path, in_memory=request.param == "in memory")
    yield made
    made.close()


def titles(views):
    with views.catalog.read() as catalog:
        return {entry.key: entry.title for entry in catalog.records(type_=None, did=None, limit=1000)}


def test_a_record_is_its_last_entry(views):
    source = MemoryPublisher("p")
    source.put("a", {"title": "first title"})
    source.put("a", {"title": "second title"})
    views.take(*source.stream())
    views.fold()
    assert titles(views) == {"a": "second title"}
    assert hits(views.index, "first") == set()
    assert hits(views.index, "second") == {(source.did, "dataset", "a")}


def test_a_withdrawn_record_leaves_and_may_come_back(views):
    source = MemoryPublisher("p")
    source.put("a", {"title": "title"})
    source.withdraw("a")
    views.take(*source.stream())
    views.fold()
    assert titles(views) == {}
    assert hits(views.index, "title") == set()
    with views.catalog.read() as catalog:
        assert catalog.current(source.did, "dataset", "a").op == "withdraw"
        assert len(catalog.entries(source.did, "dataset", "a")) == 2
    source.put("a", {"title": "title again"})
    views.take(*source.stream(2))
    views.fold()
    assert titles(views) == {"a": "title again"}


def test_an_entry_counts_before_its_body_comes(views):
    source = MemoryPublisher("p")
    source.put("a", {"title": "title"})
    events, head, entries, bodies = source.stream()
    views.take(events, head, entries)
    views.fold()
    assert titles(views) == {"a": ""}
    assert hits(views.index, "title") == set()
    views.take(bodies)
    views.fold()
    assert titles(views) == {"a": "title"}
    assert hits(views.index, "title") == {(source.did, "dataset", "a")}
    assert views.dump() == views.rebuilt()


def test_the_newest_entry_is_current_whether_or_not_its_body_is_here(views):
    source = MemoryPublisher("p")
    source.put("a", {"title": "old title"})
    views.take(*source.stream())
    source.put("a", {"title": "new"})
    events, head, entries, _ = source.stream(1)
    views.take(events, head, entries)
    views.fold()
    assert titles(views) == {"a": ""}
    assert hits(views.index, "old") == set()


def test_what_nobody_can_read_projects_to_nothing(views):
    source = MemoryPublisher("p")
    source.append(b"opaque", None)
    source.append(b"", None)
    source.put("a", {"title": "title"})
    views.take(*source.stream())
    views.fold()
    assert titles(views) == {"a": "title"}
    assert views.dump() == views.rebuilt()


def test_publishers_are_named_by_their_profile(views):
    source = MemoryPublisher("p")
    source.put("self", {"name": "Polar profile"}, type_="profile")
    source.put("a", {"title": "title"})
    views.take(*source.stream())
    views.fold()
    with views.catalog.read() as catalog:
        (summary,) = catalog.publishers()
    assert (summary.name, summary.records) == ("Polar profile", {"dataset": 1, "profile": 1})


def test_versions_of_a_dataset(views):
    source = MemoryPublisher("p")
    for key in ("a", "ab", "b"):
        source.put(key, {"title": "title"})
    for key in ("a@1", "a@2", "ab@1", "b@1"):
        source.put(key, {"label": key}, type_="version")
    views.take(*source.stream())
    views.fold()
    with views.catalog.read() as catalog:
        assert [entry.key for entry in catalog.versions(source.did, "a", limit=9)] == ["a@2", "a@1"]


def next_event(source, prev, *, end, recovery=False, name="next"):
    n = prev.event.n + 1
    key = recovery_key(source.recovery_seed, 0) if recovery else authority_key(source.authority_seed, n)
    event = Event(
        kind=Kind.RECOVERY if recovery else Kind.ORDINARY,
        n=n,
        prev=prev.cid,
        time=9_000 + n,
        keys=(key.public,),
        next=commitment([authority_key(source.authority_seed, n + 1).public], 1),
        recovery=commitment([recovery_key(source.recovery_seed, 1).public], 1) if recovery else None,
        end=End(size=end, root=source.tree(end).root()),
        epoch=Epoch(key=MemoryPublisher(name).key.public, node=source.key.public, url=""),
    )
    return sign_event(event, [key])


def test_a_cut_and_a_restoration_are_folded_like_anything_else(views):
    source = MemoryPublisher("p")
    for at in range(6):
        source.put(f"key-{at % 4}", {"title": f"title {at}"})
    views.take(*source.stream())
    views.fold()
    thief = next_event(source, source.genesis, end=2)
    views.take(EventsFrame(did=source.did, events=[source.genesis.raw, thief.raw]))
    views.fold()
    assert titles(views) == {"key-0": "title 0", "key-1": "title 1"}
    assert views.dump() == views.rebuilt()
    recovery = next_event(source, source.genesis, end=5, recovery=True)
    views.take(EventsFrame(did=source.did, events=[source.genesis.raw, recovery.raw]))
    views.fold()
    assert titles(views) == {"key-0": "title 4", "key-1": "title 1", "key-2": "title 2", "key-3": "title 3"}
    assert hits(views.index, "title") == {(source.did, "dataset", f"key-{at}") for at in range(4)}
    assert views.dump() == views.rebuilt()


def claimed(views, name):
    with views.catalog.read() as catalog:
        return [entry.key for entry in catalog.claims(name, limit=10)]


def test_identifiers_come_and_go_with_the_body_that_names_them(views):
    source = MemoryPublisher("p")
    source.put("a", {"title": "title", **CLAIMS[2]})
    source.put("b", {"title": "title", **CLAIMS[3]})
    frames = list(source.stream())
    views.take(*[frame for frame in frames if not hasattr(frame, "items")])
    views.fold()
    assert claimed(views, "doi:10.5067/one") == []
    views.take(*frames)
    views.fold()
    assert claimed(views, "doi:10.5067/one") == claimed(views, "doi:10.5067/two") == ["a"]
    with views.catalog.read() as catalog:
        assert catalog.claims("url:https://example.org/", limit=10)[0].harvested_from == "NASA"
    start = len(source.leaves)
    source.put("a", {"title": "title", **CLAIMS[1]})
    views.take(*source.stream(start))
    views.fold()
    assert (claimed(views, "doi:10.5067/one"), claimed(views, "doi:10.5067/two")) == (["a"], [])
    assert views.dump() == views.rebuilt()
    with views.store.write() as writer:
        writer.withhold_body(source.origin, start, "erased", "court order")
        writer.arrive(ArrivalKind.ERASED, source.did, source.origin, start, start + 1)
    views.fold()
    assert claimed(views, "doi:10.5067/one") == [], "no older entry claims in its place"
    assert views.dump() == views.rebuilt()


def made(source, key, *used):
    source.put(key, {"generated": f"{source.did}/{key}", "used": [{"uri": uri} for uri in used]}, "lineage")


def sources_of(views, name):
    with views.catalog.read() as catalog:
        return [(edge.used, edge.used_pin) for edge in catalog.made_from(name, limit=10)]


def test_edges_come_and_go_with_the_record_that_draws_them(views):
    source, other = MemoryPublisher("p"), MemoryPublisher("q")
    other.put("a", {"title": "title"})
    pin = header_cid(other.leaves[0])
    made(source, "x", f"{other.did}/a?cid={pin}", "https://doi.org/10.5067/ONE")
    events, head, entries, bodies = source.stream()
    views.take(events, head, entries)
    views.fold()
    x = f"{source.did}/x"
    assert sources_of(views, x) == []
    views.take(bodies)
    views.fold()
    assert sources_of(views, x) == [(f"{other.did}/a", pin), ("doi:10.5067/one", None)]
    with views.catalog.read() as catalog:
        assert catalog.references(source.did, "lineage", "x")[0] == Reference(Role.GENERATED, x)
        assert [edge.generated for edge in catalog.built_on("doi:10.5067/one", limit=10)] == [x]
        (found,) = catalog.referring([f"{other.did}/a"], [Role.USED], limit=10)
        assert (found.did, found.type, found.key, found.reference.pin) == (source.did, "lineage", "x", pin)
    made(source, "x", "doi:10.5067/two")
    views.take(*source.stream(1))
    views.fold()
    assert sources_of(views, x) == [("doi:10.5067/two", None)]
    source.withdraw("x", "lineage")
    views.take(*source.stream(2))
    views.fold()
    assert sources_of(views, x) == []
    assert views.dump() == views.rebuilt()


def test_what_is_said_of_the_records_of_others_makes_no_edge(views):
    source, other = MemoryPublisher("p"), MemoryPublisher("q")
    source.put("x", {"generated": f"{other.did}/a", "used": [{"uri": "doi:10.5067/one"}]}, "lineage")
    views.take(*source.stream())
    views.fold()
    assert sources_of(views, f"{other.did}/a") == []
    with views.catalog.read() as catalog:
        assert catalog.built_on("doi:10.5067/one", limit=10) == []


def test_who_builds_on_a_version_builds_on_its_dataset(views):
    source = MemoryPublisher("p")
    made(source, "x", f"{source.did}/a@1", f"{source.did}/a@2")
    made(source, "y", f"{source.did}/a")
    made(source, "z", f"{source.did}/ab@1", f"{source.did}/a-b")
    views.take(*source.stream())
    views.fold()
    with views.catalog.read() as catalog:
        products = catalog.products(f"{source.did}/a", limit=10)
        assert sorted(products) == [f"{source.did}/x", f"{source.did}/y"]
        assert catalog.products(f"{source.did}/a@1", limit=10) == [f"{source.did}/x"]
        assert len(catalog.products(f"{source.did}/a", limit=1)) == 1
        whole = catalog.referring([f"{source.did}/a"], [Role.USED], limit=10, versions=True)
        assert [found.key for found in whole] == ["x", "y"]
        assert [found.key for found in catalog.referring([f"{source.did}/a"], [Role.USED], limit=10)] == ["y"]


def test_versions_are_in_order_of_their_first_entries(views):
    source = MemoryPublisher("p")
    for label in ("1", "2", "latest", "3"):
        source.put(f"a@{label}", {"label": label}, type_="version")
    source.put("a@1", {"label": "1", "title": "mended"}, type_="version")
    source.withdraw("a@3", "version")
    views.take(*source.stream())
    views.fold()
    with views.catalog.read() as catalog:
        listed = catalog.versions(source.did, "a", limit=9)
        assert [entry.key for entry in listed] == ["a@2", "a@1"]
        assert [entry.key for entry in catalog.versions(source.did, "a", limit=1)] == ["a@2"]
        assert [e.key for e in catalog.versions(source.did, "a", limit=9, withdrawn=True)] == [
            "a@3",
            "a@2",
            "a@1",
        ]


def test_claims_are_bounded_and_those_asked_for_come_first(views):
    sources = [MemoryPublisher(name) for name in "abc"]
    for source in sources:
        source.put(f"key-{source.did[-4:]}", {"title": "title", **CLAIMS[1]})
        views.take(*source.stream())
    views.fold()
    with views.catalog.read() as catalog:
        first, _, last = (source.did for source in sources)
        claims = catalog.claims(NAMES[0], limit=2, first=[first], without=[last])
    assert [entry.did for entry in claims] == [first, sources[1].did]


def test_an_erased_body_leaves_the_search_and_the_entry_stays(views):
    source = MemoryPublisher("p")
    source.put("a", {"title": "title"})
    views.take(*source.stream())
    views.fold()
    with views.store.write() as writer:
        writer.withhold_body(source.origin, 0, "erased", "court order")
        writer.arrive(ArrivalKind.ERASED, source.did, source.origin, 0, 1)
    views.fold()
    assert titles(views) == {"a": ""}
    assert hits(views.index, "title") == set()
    assert views.dump() == views.rebuilt()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_views_equal_their_rebuild_after_anything(views, seed):
    chance = random.Random(seed)
    sources = [MemoryPublisher(name) for name in "abc"]
    tips = {source.did: source.genesis for source in sources}
    for step in range(40):
        source = chance.choice(sources)
        start = len(source.leaves)
        for _ in range(chance.randrange(1, 5)):
            key = f"key-{chance.randrange(6)}"
            match chance.randrange(7):
                case 6:
                    handle = chance.choice(["a.example", "b.example"])
                    source.put("self", {"name": f"step {step}", "handle": handle}, "profile")
                case 4:
                    used = [{"uri": f"{chance.choice(sources).did}/{key}@1"}, {"uri": chance.choice(USED)}]
                    source.put(f"l-{key}", {"generated": f"{source.did}/{key}", "used": used}, "lineage")
                case 0:
                    source.withdraw(key)
                case 1:
                    source.append(bytes([chance.randrange(256)]) * chance.randrange(5), None)
                case _:
                    text = chance.choice(["word", "other"])
                    source.put(key, {"title": f"title {step}", "text": text, **chance.choice(CLAIMS)})
        frames = list(source.stream(start))
        kept = [frame for frame in frames if not hasattr(frame, "items") or chance.random() < 0.7]
        views.take(*kept)
        if chance.random() < 0.1 and tips[source.did] is source.genesis:
            tips[source.did] = next_event(source, source.genesis, end=chance.randrange(len(source.leaves)))
            views.take(EventsFrame(did=source.did, events=[source.genesis.raw, tips[source.did].raw]))
        if chance.random() < 0.5:
            views.fold()
        if chance.random() < 0.1:
            erase_something(views, source, chance)
    views.fold()
    assert views.dump() == views.rebuilt()
    assert views.folded_into(MemoryCatalog()) == dump_of(views.catalog), "plainly told it is the same"


def erase_something(views, source, chance):
    index = chance.randrange(len(source.leaves))
    try:
        with views.store.write() as writer:
            writer.withhold_body(source.origin, index, "erased", "because")
            writer.arrive(ArrivalKind.ERASED, source.did, source.origin, index, index + 1)
    except LocalError:
        """The leaf has no body, or is not here."""


def test_folding_is_idempotent_and_may_be_cut_anywhere(views):
    source = MemoryPublisher("p")
    for at in range(700):
        source.put(f"key-{at}", {"title": f"title {at}"})
    views.take(*source.stream())
    assert views.catalog_fold.step()
    assert views.index_fold.step()
    views.fold()
    assert not views.catalog_fold.step()
    assert not views.index_fold.step()
    assert len(titles(views)) == 700


@pytest.mark.parametrize("are_late", [False, True], ids=["with entries", "behind entries"])
def test_what_names_much_is_folded_arrival_by_arrival(views, monkeypatch, are_late):
    monkeypatch.setattr("frostnode.project.fold.FOLD_NAMES_MAX", 8)
    monkeypatch.setattr("frostnode.edge.sqlite.catalog._NAMES_KEPT_BACK_MAX", 2)
    source = MemoryPublisher("p")
    for at in range(6):
        made(source, f"x{at}", *(f"doi:10.5067/{name}" for name in ("one", "two", "three")))
        if are_late:
            *frames, bodies = source.stream(at)
            views.take(*frames)
            views.fold()
            views.take(bodies)
        else:
            views.take(*source.stream(at))
    steps = 0
    while views.catalog_fold.step():
        steps += 1
    assert steps > 2 or are_late
    with views.catalog.read() as catalog:
        built = catalog.built_on("doi:10.5067/two", limit=100)
    assert sorted(edge.generated for edge in built) == [f"{source.did}/x{at}" for at in range(6)]
    views.fold()
    assert views.dump() == views.rebuilt()


@pytest.mark.parametrize("count", [0, 1, 9])
def test_views_that_are_ahead_of_a_store_from_a_backup_begin_anew(tmp_path, count):
    first, lost, later = (MemoryPublisher(name) for name in ("first", "lost", "later"))
    views = Views(tmp_path)
    first.put("a", {"title": "Title one"})
    views.take(*first.stream())
    views.fold()
    views.close()
    kept = (tmp_path / "frost.db").read_bytes()
    views = Views(tmp_path, "going on")
    for at in range(5):
        lost.put(f"b-{at}", {"title": "Title that is lost"})
    views.take(*lost.stream())
    views.fold()
    assert len(hits(views.index, "lost")) == 5
    views.close()
    (tmp_path / "frost.db").write_bytes(kept)
    views = Views(tmp_path, "put back")
    for at in range(count):
        later.put(f"c-{at}", {"title": "Other word"})
        views.take(*later.stream())
    views.fold()
    assert hits(views.index, "lost") == set()
    assert len(hits(views.index, "word")) == count
    assert views.dump() == views.rebuilt()
    views.close()


def put_back(views, folder, kept, seed):
    """The same views over a store from a backup."""
    views.close()
    (folder / "frost.db").write_bytes(kept)
    return Views(folder, seed)


def test_an_index_that_looks_at_the_store_from_a_backup_first_waits_for_the_catalog(tmp_path):
    source = MemoryPublisher("p")
    source.put("a", {"title": "Title one"})
    views = Views(tmp_path)
    views.take(*source.stream())
    views.close()
    kept = (tmp_path / "frost.db").read_bytes()
    views = Views(tmp_path, "going on")
    source.put("a", {"title": "Title that is lost"})
    views.take(*source.stream())
    views.fold()
    views = put_back(views, tmp_path, kept, "put back")
    while views.index_fold.step():
        pass
    views.fold()
    assert len(hits(views.index, "one")) == 1
    assert views.dump() == views.rebuilt()
    views.close()


def test_an_index_that_was_behind_forgets_what_it_looked_up_in_a_catalog_that_was_ahead(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("frostnode.project.index.INDEX_ARRIVALS_MAX", 1)
    source = MemoryPublisher("p")
    source.put("a", {"title": "Title one"})
    views = Views(tmp_path)
    views.take(*source.stream())
    with views.store.read() as log:
        stood = log.last_arrival()
    views.close()
    kept = (tmp_path / "frost.db").read_bytes()
    views = Views(tmp_path, "going on")
    source.put("a", {"title": "Title that is lost"})
    views.take(*source.stream())
    while views.catalog_fold.step():
        pass
    while views.index.cursor() < stood:
        views.index_fold.step()
    assert len(hits(views.index, "lost")) == 1
    views = put_back(views, tmp_path, kept, "put back")
    views.fold()
    assert views.index.cursor() == stood
    assert len(hits(views.index, "one")) == 1
    assert views.dump() == views.rebuilt()
    views.close()
