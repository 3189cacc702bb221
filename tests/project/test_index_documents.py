"""What the fold of the index puts into it: documents that always equal those of a rebuild."""

import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from frostnode.edge.sqlite.catalog import SqliteCatalog
from frostnode.edge.sqlite.store import SqliteStore
from frostnode.ports import ArrivalKind
from frostnode.project.fold import CatalogFold
from frostnode.project.index import IndexFold
from frostnode.protocol.errors import LocalError
from frostnode.protocol.frames import BodiesFrame, EventsFrame, Frame
from frostnode.protocol.names import Did
from frostnode.replicate.ingest import Ingest
from frostnode.search.document import SearchDocument
from frostnode.testing.clock import ManualClock
from frostnode.testing.memory_index import IndexImage, MemoryIndex
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.random import SeededRandom

Record = tuple[Did, str, str]


class Documents(MemoryIndex):
    """An index in memory of which one sees what it holds and how often something was put."""

    def __init__(self) -> None:
        self.image = IndexImage()
        self.puts = 0
        super().__init__(self.image)

    @property
    def kept(self) -> dict[Record, SearchDocument]:
        return self.image.documents

    def put(self, document: SearchDocument) -> None:
        self.puts += 1
        super().put(document)


class Indexed:
    """A store, its catalog, and the documents that the fold makes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rebuilds = 0
        self.clock = ManualClock()
        self.store = SqliteStore(folder / "frost.db", self.clock, SeededRandom("documents"))
        self.catalog = SqliteCatalog(folder / "catalog.db")
        self.index = Documents()
        self.catalog_fold = CatalogFold(self.store, self.catalog)
        self.index_fold = IndexFold(self.store, self.catalog, self.index)

    def ingest(self, *frames: Frame) -> None:
        self.clock.step_ms(1000)
        Ingest(self.store, None).take(list(frames))

    def take(self, *frames: Frame) -> None:
        self.ingest(*frames)
        self.fold()

    def fold(self) -> None:
        while self.catalog_fold.step():
            pass
        while self.index_fold.step():
            pass

    def rebuilt(self) -> dict[Record, SearchDocument]:
        """What an index that begins anew has, over a catalog that does."""
        self._rebuilds += 1
        catalog, index = SqliteCatalog(self._folder / f"rebuilt-{self._rebuilds}.db"), Documents()
        catalog_fold, index_fold = CatalogFold(self.store, catalog), IndexFold(self.store, catalog, index)
        while catalog_fold.step():
            pass
        while index_fold.step():
            pass
        catalog.close()
        return index.kept

    def erase(self, source: MemoryPublisher, index: int) -> None:
        with self.store.write() as writer:
            writer.withhold_body(source.origin, index, "erased", "because")
            writer.arrive(ArrivalKind.ERASED, source.did, source.origin, index, index + 1)

    def document(self, source: MemoryPublisher, key: str = "a", type_: str = "dataset") -> SearchDocument:
        return self.index.kept[source.did, type_, key]


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[Indexed]:
    made = Indexed(tmp_path)
    yield made
    made.store.close()
    made.catalog.close()


def subscribed(source: MemoryPublisher, target: str, key: str = "s") -> int:
    return source.put(key, {"target": {"dataset": target}}, "subscription")


def built(source: MemoryPublisher, *used: str, key: str = "l") -> int:
    return source.put(
        key, {"generated": f"{source.did}/x", "used": [{"uri": uri} for uri in used]}, "lineage"
    )


def test_a_dataset_is_put_again_when_its_newest_version_changes(indexed: Indexed) -> None:
    source = MemoryPublisher("p")
    source.put("a", {"title": "Ice"})
    indexed.take(*source.stream())
    assert indexed.document(source).hosts == ()
    source.put("a@1", {"locations": [{"href": "s3://one/a.zarr"}]}, "version")
    indexed.take(*source.stream(1))
    assert (indexed.document(source).hosts, indexed.document(source).formats) == (("s3:one",), ("zarr",))
    assert indexed.document(source, "a@1", "version").hosts == ("s3:one",)
    newest = source.put("a@2", {"locations": [{"href": "https://example.org/a.nc"}]}, "version")
    indexed.take(*source.stream(2))
    assert indexed.document(source).hosts == ("example.org",)
    indexed.erase(source, newest)
    indexed.fold()
    assert indexed.document(source).hosts == (), "what is erased is found by nothing"
    assert indexed.index.kept == indexed.rebuilt()
    source.withdraw("a@2", "version")
    indexed.take(*source.stream(3))
    assert indexed.document(source).hosts == ("s3:one",)
    assert indexed.index.kept == indexed.rebuilt()


def test_uses_are_other_publishers_that_subscribe_or_built_on_it(indexed: Indexed) -> None:
    source, other, third = (MemoryPublisher(name) for name in ("p", "q", "r"))
    source.put("a", {"title": "Ice"})
    subscribed(source, f"{source.did}/a")
    built(source, f"{source.did}/a")
    indexed.take(*source.stream())
    assert indexed.document(source).uses == 0
    subscribed(other, f"{source.did}/a")
    built(other, f"{source.did}/a@1", "doi:10.5067/x")
    indexed.take(*other.stream())
    assert indexed.document(source).uses == 1
    built(third, f"{source.did}/a@latest", f"{source.did}/b")
    indexed.take(*third.stream())
    assert indexed.document(source).uses == 2
    with indexed.catalog.read() as catalog:
        assert [catalog.uses(source.did, ["a"], limit=limit) for limit in (1, 2, 3)] == [
            {"a": 1},
            {"a": 2},
            {"a": 2},
        ]
        assert catalog.uses(source.did, ["b", "none", "a"], limit=3) == {"a": 2, "b": 1}
    assert indexed.index.kept == indexed.rebuilt()


def test_who_no_longer_names_a_dataset_uses_it_no_longer(indexed: Indexed) -> None:
    source, other, third, fourth = (MemoryPublisher(name) for name in ("p", "q", "r", "s"))
    source.put("a", {"title": "Ice"})
    source.put("b", {"title": "Sea"})
    indexed.take(*source.stream())
    for each in (other, third, fourth):
        subscribed(each, f"{source.did}/a")
        indexed.take(*each.stream())
    assert indexed.document(source).uses == 3
    subscribed(other, f"{source.did}/b")
    indexed.take(*other.stream(1))
    assert [indexed.document(source, key).uses for key in "ab"] == [2, 1]
    third.withdraw("s", "subscription")
    indexed.take(*third.stream(1))
    assert indexed.document(source).uses == 1
    indexed.erase(fourth, 0)
    indexed.fold()
    assert indexed.document(source).uses == 0
    assert indexed.index.kept == indexed.rebuilt()


def test_a_cut_takes_uses_back_and_a_restoration_brings_them_again(indexed: Indexed) -> None:
    source, other = MemoryPublisher("p"), MemoryPublisher("q")
    source.put("a", {"title": "Ice"})
    indexed.take(*source.stream())
    other.put("x", {"title": "x"})
    subscribed(other, f"{source.did}/a")
    indexed.take(*other.stream())
    assert indexed.document(source).uses == 1
    indexed.take(ended(other, other.move(1)))
    assert indexed.document(source).uses == 0
    assert indexed.index.kept == indexed.rebuilt()
    indexed.take(ended(other, other.recover(2)))
    assert indexed.document(source).uses == 1
    assert indexed.index.kept == indexed.rebuilt()


def test_a_dataset_that_comes_after_its_users_and_versions_has_them(indexed: Indexed) -> None:
    source, other = MemoryPublisher("p"), MemoryPublisher("q")
    subscribed(other, f"{source.did}/a")
    indexed.take(*other.stream())
    source.put("a@1", {"locations": [{"href": "s3://one/a"}]}, "version")
    indexed.take(*source.stream())
    assert (source.did, "dataset", "a") not in indexed.index.kept
    source.put("a", {"title": "Ice"})
    indexed.take(*source.stream(1))
    assert (indexed.document(source).uses, indexed.document(source).hosts) == (1, ("s3:one",))


def test_a_dataset_is_put_once_for_all_that_tells_of_it_at_once(indexed: Indexed) -> None:
    source, other = MemoryPublisher("p"), MemoryPublisher("q")
    source.put("a", {"title": "Ice"})
    indexed.take(*source.stream())
    before = indexed.index.puts
    for at in range(9):
        built(other, f"{source.did}/a", f"{source.did}/gone", key=f"l-{at}")
    indexed.take(*other.stream())
    assert indexed.index.puts == before + 9 + 1


def test_what_is_looked_at_again_takes_its_dataset_along(indexed: Indexed) -> None:
    source = MemoryPublisher("p")
    source.put("a", {"title": "Ice"})
    source.put("a@1", {"locations": [{"href": "s3://one/a"}]}, "version")
    indexed.take(*source.stream())
    with indexed.store.write() as writer:
        writer.withhold_body(source.origin, 1, "erased", "because")
    with indexed.catalog.write() as catalog:
        catalog.drop_entry(source.origin, 1)
    indexed.index_fold.look_again([(source.did, "version", "a@1")])
    assert indexed.document(source).hosts == ()
    assert (source.did, "version", "a@1") not in indexed.index.kept


def test_an_index_is_renewed_beside_the_one_that_answers(indexed: Indexed) -> None:
    source = MemoryPublisher("p")
    source.put("a", {"title": "Ice"})
    indexed.take(*source.stream())
    before = dict(indexed.index.kept)
    indexed.index_fold.renew()
    assert indexed.index.kept == before


def test_the_earlier_of_what_is_claimed_and_what_was_seen_is_when_it_changed(indexed: Indexed) -> None:
    source = MemoryPublisher("p")
    source.put("a", {"title": "Ice"})
    indexed.take(*source.stream())
    assert indexed.document(source).changed_ms == 2_000


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_documents_equal_those_of_a_rebuild_after_anything(indexed: Indexed, seed: int) -> None:
    chance = random.Random(seed)
    sources = [MemoryPublisher(name) for name in "abcd"]
    moved: set[Did] = set()
    late: list[Frame] = []
    were_used = False
    for step in range(40):
        source = chance.choice(sources)
        start = len(source.leaves)
        for _ in range(chance.randrange(1, 5)):
            something(source, sources, step, chance)
        frames = list(source.stream(start))
        held_back = [each for each in frames if isinstance(each, BodiesFrame) and chance.random() < 0.3]
        indexed.ingest(*(each for each in frames if each not in held_back))
        late += held_back
        if late and chance.random() < 0.5:
            indexed.ingest(late.pop(chance.randrange(len(late))))
        if chance.random() < 0.1 and source.did not in moved:
            moved.add(source.did)
            end = chance.randrange(len(source.leaves))
            indexed.ingest(ended(source, source.recover(end) if chance.random() < 0.5 else source.move(end)))
        if chance.random() < 0.1:
            with suppress(LocalError):  # no body there
                indexed.erase(source, chance.randrange(len(source.leaves)))
        if chance.random() < 0.5:
            indexed.fold()
            were_used |= any(document.uses for document in indexed.index.kept.values())
    indexed.fold()
    assert indexed.index.kept == indexed.rebuilt()
    assert were_used


def ended(source: MemoryPublisher, following: MemoryPublisher) -> EventsFrame:
    """The event that ends the first epoch of a publisher."""
    return EventsFrame(did=source.did, events=[source.genesis.raw, following.history[-1].raw])


def something(
    source: MemoryPublisher, sources: list[MemoryPublisher], step: int, chance: random.Random
) -> None:
    """One more entry of a publisher, of any kind that a document depends on."""
    key, target = f"k-{chance.randrange(3)}", f"{chance.choice(sources).did}/k-{chance.randrange(3)}"
    match chance.randrange(7):
        case 0:
            source.withdraw(
                *chance.choice([(key, "dataset"), (f"{key}@1", "version"), ("s", "subscription")])
            )
        case 1 | 2:
            label = chance.randrange(3)
            source.put(f"{key}@{label}", {"locations": [{"href": f"s3://b-{step}/a.nc"}]}, "version")
        case 3:
            subscribed(source, target)
        case 4:
            built(source, f"{target}@{chance.randrange(3)}", target, key=f"l-{chance.randrange(2)}")
        case _:
            source.put(key, {"title": f"title {step}"})
