"""The parts of a node over a folder, without sockets and threads: what it carries is given to it as frames."""

import shutil
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from frostnode.bell import Bell
from frostnode.edge.files import DiskFiles
from frostnode.edge.http.site import Site
from frostnode.edge.signer import LocalSigner
from frostnode.edge.sqlite.catalog import SqliteCatalog
from frostnode.edge.sqlite.notify_store import SqliteNotifyStore
from frostnode.edge.sqlite.store import SqliteStore
from frostnode.edge.tantivy.index import TantivyIndex
from frostnode.edge.witness import LocalWitness
from frostnode.local_port import LocalRecords
from frostnode.log.fsck import fsck
from frostnode.log.service import Sequencing
from frostnode.notify.sender import Sender
from frostnode.notify_port import Form, NotifyStore
from frostnode.operations.parts import HomeStore, Json, Parts
from frostnode.operations.table import operate
from frostnode.protocol.errors import TransportError
from frostnode.protocol.frames import Frame
from frostnode.protocol.keys import SEED_BYTES, SigningKey
from frostnode.replicate.ingest import Ingest
from frostnode.search.language import parse_query
from frostnode.search_port import Ask
from frostnode.testing.clock import ManualClock
from frostnode.testing.faults import Fault, FaultyStore
from frostnode.testing.random import SeededRandom
from frostnode.testing.worker import InlineWorker
from frostnode.wire import PeerTransport


class NoTransport:
    """A `frostnode.wire.PeerTransport` of a machine without a network."""

    async def fetch(self, url: str, *, bytes_max: int) -> bytes:
        """Nothing can be reached."""
        raise TransportError("transport.unreachable", url)

    async def exchange(self, url: str, body: bytes, *, bytes_max: int) -> tuple[int, str, bytes]:
        """Nothing can be reached."""
        raise TransportError("transport.unreachable", url)

    def stream(self, url: str) -> Any:
        """Nothing can be reached."""
        raise TransportError("transport.unreachable", url)

    async def post(self, url: str, body: bytes, *, bytes_max: int) -> bytes:
        """Nothing can be reached."""
        raise TransportError("transport.unreachable", url)

    async def send(self, url: str, chunks: AsyncIterator[bytes], *, bytes_max: int) -> bytes:
        """Nothing can be reached."""
        raise TransportError("transport.unreachable", url)


class FaultyHome(FaultyStore):
    """A store of a home whose n-th write from now on fails once."""

    def __init__(self, store: SqliteStore) -> None:
        super().__init__(store)
        self.audit = store.audit
        self.scrub = store.scrub


def _no_key(origin: str) -> None:
    """Nobody is hosted."""


class SmallNode:
    """Real adapters, opened again over the same folder they are what a crash left, but for stores that are given to it."""

    def __init__(
        self,
        folder: Path,
        transport: PeerTransport | None = None,
        *,
        clock: ManualClock | None = None,
        senders: Mapping[Form, Sender] | None = None,
        notices: NotifyStore | None = None,
        local: LocalRecords | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.clock = clock or ManualClock()
        random, worker = SeededRandom(folder.name), InlineWorker()
        self.disk = SqliteStore(folder / "frost.db", self.clock, random)
        self.store = FaultyHome(self.disk)
        self.catalog = SqliteCatalog(folder / "catalog.db")
        self.index = TantivyIndex(folder / "index")
        self.notices: NotifyStore = notices or SqliteNotifyStore(folder / "notices.db")
        self.witness = LocalWitness(folder / "witness.db", SigningKey(random.bytes(SEED_BYTES)))
        self.signer = LocalSigner(folder / "signer.db", _no_key, worker)
        bell = Bell()
        store: HomeStore = self.store
        self.parts = Parts(
            log=store,
            catalog=self.catalog,
            index=self.index,
            notices=self.notices,
            worker=worker,
            clock=self.clock,
            random=random,
            transport=transport or NoTransport(),
            guarded=transport or NoTransport(),
            sequencing=Sequencing(store, self.signer, worker, bell.ring),
            arrived=bell,
            projected=Bell(),
            peers_changed=Bell(),
            name="small",
            url="",
            followers={},
            witness=self.witness,
            files=DiskFiles(),
            make_site=Site,
            senders=dict(senders or {}),
            local=local,
        )

    def fail(self, nth: int, fault: Fault) -> None:
        """Let the n-th write of the store from now on fail."""
        self.store.fail(nth, fault)

    def take(self, *frames: Frame) -> None:
        """Carry what frames prove."""
        self.clock.step_ms(1000)
        Ingest(self.disk, None).take(list(frames))

    async def ask(self, operation: str, **params: object) -> Json:
        """Run an operation."""
        return await operate(self.parts, operation, params, _quietly)

    def fold(self) -> None:
        """Bring the views up to date."""
        while self.parts.catalog_fold.step():
            pass
        while self.parts.index_fold.step():
            pass

    def views(self, *words: str) -> Any:
        """All that the views say, and what a search for these words finds."""
        self.fold()
        with self.catalog.read() as catalog:
            records = catalog.records(type_=None, did=None, limit=1000)
            entries = [catalog.entries(entry.did, entry.type, entry.key) for entry in records]
            publishers = [item for item in catalog.publishers() if item.records]
        found = {word: self.found(word) for word in words}
        return records, entries, publishers, found

    def found(self, query: str) -> set[tuple[str, str, str]]:
        """The records that a search finds."""
        answer = self.index.search(Ask(query=parse_query(query), limit=100))
        return {(hit.did, hit.type, hit.key) for hit in answer.found if not hit.is_near}

    def rebuilt_views(self, *words: str) -> Any:
        """The same from nothing."""
        self.catalog.clear()
        self.index.clear()
        return self.views(*words)

    def findings(self) -> tuple[Any, ...]:
        """What fsck finds."""
        return fsck(self.disk).findings

    def holds(self, text: bytes) -> list[str]:
        """The files in which these bytes stand."""
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return sorted(path.name for path in files if text in path.read_bytes())

    def image(self, folder: Path) -> Path:
        """Copy the files as they are at this moment: what a machine that loses power now comes back with."""
        shutil.copytree(self.folder, folder, ignore=shutil.ignore_patterns("*-shm", ".tantivy-*"))
        return folder

    def close(self) -> None:
        """Give the files back."""
        for part in (self.disk, self.catalog, self.index, self.notices, self.signer, self.witness):
            part.close()


async def _quietly(what: str, done: int, total: int | None) -> None:
    """Nobody looks on."""
