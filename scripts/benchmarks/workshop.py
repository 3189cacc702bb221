"""Where it is measured: homes with records in them, made once for all that measure on them."""

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

import trio

from frostnode.config import Config
from frostnode.edge.clock import SystemClock
from frostnode.edge.control import call
from frostnode.edge.home import Home
from frostnode.edge.http.asked import quiet
from frostnode.edge.random import SystemRandom
from frostnode.edge.sqlite.store import SqliteStore
from frostnode.formats.imported import Record
from frostnode.founding import found
from frostnode.identity.kits import CHEAPEST
from frostnode.log.sequencer import Submission
from frostnode.node import open_parts
from frostnode.operations.parts import Parts
from frostnode.protocol.limits import PUBLISH_BATCH_RECORDS_MAX
from frostnode.protocol.names import Origin
from frostnode.publish.submit import open_place
from frostnode.replicate.ingest import Ingest
from frostnode.testing.memory_publisher import MemoryPublisher
from scripts.benchmarks.material import documents, entry, record
from scripts.benchmarks.resampling import resampled


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured with."""

    entries: int
    """Of about 1 KB: published, replicated, verified, searched."""
    memory_entries: int
    """Of about 1 KB: in the node whose memory is measured."""
    documents: int
    """Whole documents: indexed."""
    singles: int
    """Entries published one by one."""
    logs: int
    """Of LOG_ENTRIES each: carried by one node."""
    searches: int
    watchers: int
    """Who read along with one node."""
    watched: int
    """Changes that they are told of, one by one."""
    starts: int
    watches: int
    """Of one node."""
    turns: int
    """Of a comparison with another program."""
    resampled: int
    """Records made of real ones: searched."""
    compared: int
    """Of those, with another catalog server."""
    makes_environments: bool
    """Whether packages are installed to compare with."""


SIZES = {
    "small": Size(
        entries=3_000,
        memory_entries=6_000,
        documents=300,
        singles=20,
        logs=100,
        searches=100,
        watchers=200,
        watched=10,
        starts=1,
        watches=1_000,
        turns=1,
        resampled=20_000,
        compared=10_000,
        makes_environments=False,
    ),
    "full": Size(
        entries=200_000,
        memory_entries=1_000_000,
        documents=10_000,
        singles=300,
        logs=10_000,
        searches=1_000,
        watchers=2_000,
        watched=40,
        starts=5,
        watches=100_000,
        turns=5,
        resampled=600_000,
        compared=10_000,
        makes_environments=True,
    ),
}

LOG_ENTRIES = 20
"""In each of very many small logs."""


@asynccontextmanager
async def opened(home: Home, config: Config | None = None) -> AsyncIterator[Parts]:
    """The parts of a node at rest."""
    with home.lock():
        async with open_parts(home, config or Config()) as parts:
            yield parts


@contextmanager
def opened_store(home: Home) -> Iterator[SqliteStore]:
    """The store of a home at rest."""
    store = SqliteStore(home.log_store, clock=SystemClock(), random=SystemRandom())
    with closing(store):
        yield store


async def publish(parts: Parts, submissions: Iterator[Submission]) -> int:
    """Publish in batches as large as the command line's, one after the other; answers how many there were."""
    origin = await origin_of(parts)
    count = 0
    while batch := list(islice(submissions, PUBLISH_BATCH_RECORDS_MAX)):
        count += len(await parts.sequencing.submit(origin, batch))
    return count


async def origin_of(parts: Parts) -> Origin:
    """The log that this home publishes to."""
    place = await parts.read(lambda reader: open_place(reader, None))
    return place.origin


class Workshop:
    """Homes in one folder, each made when it is first asked for."""

    def __init__(self, folder: Path, size: Size) -> None:
        self.folder = folder
        self.size = size
        self._more = 0

    def new_home(self, name: str) -> Home:
        """A home with a publisher and nothing published."""
        home = Home(self.folder / name)
        found(home, Config(), passphrase="benchmark", kit=None, peers=[], cost=CHEAPEST)
        return home

    @cached_property
    def catalog(self) -> Home:
        """A home with `size.entries` records, both views up to date."""
        home = self.new_home("catalog")
        trio.run(self._fill, home, map(entry, map(record, range(self.size.entries))), True)
        return home

    @cached_property
    def large(self) -> Home:
        """A home with `size.memory_entries` records, the views not begun."""
        home = self.new_home("large")
        trio.run(self._fill, home, map(entry, map(record, range(self.size.memory_entries))), False)
        return home

    @cached_property
    def documents(self) -> Home:
        """A home with `size.documents` whole documents, the views not begun."""
        home = self.new_home("documents")
        trio.run(self._fill, home, map(entry, documents(self.size.documents)), False)
        return home

    @cached_property
    def network(self) -> Home:
        """A home that carries `size.logs` publishers of LOG_ENTRIES records each, both views up to date."""
        home = self.new_home("network")
        with opened_store(home) as store:
            ingest = Ingest(store, None)
            for log in range(self.size.logs):
                publisher = MemoryPublisher(f"log-{log}")
                for n in range(LOG_ENTRIES):
                    publisher.append(*entry(record(log * LOG_ENTRIES + n)))
                ingest.take(list(publisher.stream()))
        trio.run(self._fill, home, (), True)
        return home

    @cached_property
    def resampled(self) -> Home:
        """A home with `size.resampled` records made of real ones, both views up to date."""
        return self.home_of("resampled", resampled(self.size.resampled))

    def home_of(self, name: str, records: Iterable[tuple[str, Record]]) -> Home:
        """A home with records of several publishers, each told by the name that comes with a record; both views up to date."""
        home = self.new_home(name)
        publishers: dict[str, MemoryPublisher] = {}
        with opened_store(home) as store:
            ingest = Ingest(store, None)
            for publisher_name, each in records:
                publisher = publishers.setdefault(publisher_name, MemoryPublisher(publisher_name))
                publisher.append(*entry(each))
            for publisher in publishers.values():
                ingest.take(list(publisher.stream()))
        trio.run(self._fill, home, (), True)
        return home

    def new_folder(self, name: str) -> Path:
        """An empty folder."""
        folder = self.folder / name
        folder.mkdir()
        return folder

    def publish_one(self, home: Home) -> None:
        """One record more, through the node that runs in `home`."""
        self._more += 1
        params = {"records": [record(2_000_000 + self._more)]}
        assert trio.run(call, home.control, "publish", params, quiet) is not None

    async def _fill(self, home: Home, entries: Iterable[tuple[bytes, bytes]], project: bool) -> None:
        async with opened(home) as parts:
            await publish(parts, (Submission(header, body) for header, body in entries))
            if project:
                await parts.project()
