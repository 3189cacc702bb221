"""A node's application over a temporary home, asked without sockets."""

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote

import pytest
import trio

from frostnode.bell import Bell
from frostnode.edge.files import DiskFiles
from frostnode.edge.http.api import quiet
from frostnode.edge.http.app import make_app
from frostnode.edge.http.site import Site
from frostnode.edge.signer import LocalSigner
from frostnode.edge.sqlite.catalog import SqliteCatalog
from frostnode.edge.sqlite.notify_store import SqliteNotifyStore
from frostnode.edge.sqlite.store import SqliteStore
from frostnode.edge.tantivy.index import TantivyIndex
from frostnode.edge.witness import LocalWitness
from frostnode.log.service import Sequencing
from frostnode.operations.parts import Parts
from frostnode.operations.table import operate
from frostnode.project.fold import CatalogFold
from frostnode.project.index import IndexFold
from frostnode.protocol.errors import CODES
from frostnode.protocol.keys import SigningKey
from frostnode.replicate.ingest import Ingest
from frostnode.testing.clock import ManualClock
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.random import SeededRandom
from frostnode.testing.worker import InlineWorker

ABOUT = {"software": "frostnode", "version": "0", "name": "test", "node_key": "z", "database": ""}


@dataclass
class Answer:
    """What came back."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The code of an error, from the problem document or from the page."""
        if self.headers["content-type"] == "application/problem+json":
            problem = self.json
            assert problem["type"] == f"urn:frost:error:{problem['code']}"
            assert problem["title"] == CODES[problem["code"]]
            assert problem["status"] == self.status
            return problem["code"]
        found = [code for code in CODES if f"<code>{code}</code>" in self.text]
        assert len(found) == 1
        return found[0]


class Node:
    """The parts of a node that carries what it is given, and its application."""

    def __init__(self, folder):
        self.clock = ManualClock()
        random = SeededRandom(folder.name)
        worker = InlineWorker()
        self.store = SqliteStore(folder / "frost.db", self.clock, random)
        self.catalog = SqliteCatalog(folder / "catalog.db")
        self.index = TantivyIndex(folder / "index")
        self.notices = SqliteNotifyStore(folder / "notices.db")
        self.bell = Bell()
        signer = LocalSigner(folder / "signer.db", lambda origin: None, worker)
        self.parts = Parts(
            log=self.store,
            catalog=self.catalog,
            index=self.index,
            notices=self.notices,
            worker=worker,
            clock=self.clock,
            random=random,
            transport=None,
            guarded=None,
            sequencing=Sequencing(self.store, signer, worker, self.bell.ring),
            arrived=self.bell,
            projected=Bell(),
            peers_changed=Bell(),
            name="The node of the tests",
            url="https://frost.example.org",
            followers={},
            files=DiskFiles(),
            make_site=Site,
            witness=LocalWitness(folder / "witness.db", SigningKey(b"witness".ljust(32))),
        )
        self.neighbours_listed = []
        self.parts.discovery.listed = lambda: self.neighbours_listed
        self.app = make_app(self.parts, ABOUT)
        self._closing = [
            self.parts.witness.close,
            self.store.close,
            self.catalog.close,
            self.index.close,
            self.notices.close,
            signer.close,
        ]

    def take(self, *frames):
        """Carry what the frames hold, and bring the views up to it."""
        self.clock.step_ms(60_000)
        Ingest(self.store, None).take(list(frames))
        self.project()
        self.bell.ring()

    def project(self):
        for view in (
            CatalogFold(self.store, self.catalog),
            IndexFold(self.store, self.catalog, self.index),
        ):
            while view.step():
                pass

    def publish(self, *records, name="publisher"):
        """A publisher with these records, (type, key, fields) each; None for a withdrawal."""
        publisher = MemoryPublisher(name)
        for type_, key, fields in records:
            if fields is None:
                publisher.withdraw(key, type_)
            else:
                publisher.put(key, fields, type_)
        self.take(*publisher.stream())
        return publisher

    async def parts_operate(self, operation, **params):
        """Run an operation, and bring the views up to it."""
        done = await operate(self.parts, operation, params, quiet)
        self.project()
        return done

    def close(self):
        for close in self._closing:
            close()

    async def ask(self, target, method="GET", headers=None, body=b""):
        """The whole answer to a request for `target`, a raw path with its query."""
        async with self.asking(target, method, headers, body) as exchange:
            async for chunk in exchange.chunks:
                exchange.answer.body += chunk
            return exchange.answer

    @asynccontextmanager
    async def asking(self, target, method="GET", headers=None, body=b""):
        """An answer that is under way; leaving the context is what a client does that hangs up."""
        path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [
                *([] if "host" in (headers or {}) else [(b"host", b"node.example")]),
                *((name.encode(), value.encode()) for name, value in (headers or {}).items()),
            ],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        exchange = Exchange(body)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(exchange.run, self.app, scope)
            yield exchange
            exchange.hang_up.set()


class Exchange:
    """One request and what comes of it."""

    def __init__(self, body=b""):
        self.answer = Answer()
        self._body = body if isinstance(body, list) else [body]
        self.hang_up = trio.Event()
        self._send, self.chunks = trio.open_memory_channel(0)
        self._asked = False

    async def run(self, app, scope):
        async with self._send:
            await app(scope, self._receive, self._take)

    async def _receive(self):
        if self._body:
            part = self._body.pop(0)
            await trio.sleep(1 if self._asked else 0)
            self._asked = True
            return {"type": "http.request", "body": part, "more_body": bool(self._body)}
        await self.hang_up.wait()
        return {"type": "http.disconnect"}

    async def _take(self, message):
        if message["type"] == "http.response.start":
            self.answer.status = message["status"]
            self.answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        elif message["body"]:
            await self._send.send(message["body"])


@pytest.fixture
def make_node(tmp_path):
    nodes = []

    def make(name="node"):
        (tmp_path / name).mkdir()
        nodes.append(Node(tmp_path / name))
        return nodes[-1]

    yield make
    for node in nodes:
        node.close()


@pytest.fixture
def node(make_node):
    """An empty node."""
    return make_node()


@pytest.fixture(scope="session")
def large():
    """300 records over two bundles, of which one was withdrawn and one leaf is no header."""
    publisher = MemoryPublisher("large")
    for at in range(298):
        publisher.put(f"key-{at}", {"title": f"Title {at}"})
    publisher.withdraw("key-7")
    publisher.append(b"not a header", None)
    return publisher


@pytest.fixture(scope="session")
def make_lasting_node(tmp_path_factory):
    """For nodes that many tests only look at."""
    nodes = []

    def make(name):
        nodes.append(Node(tmp_path_factory.mktemp(name)))
        return nodes[-1]

    yield make
    for node in nodes:
        node.close()


@pytest.fixture(scope="session")
def carrier(make_lasting_node, large):
    """A node that carries `large`."""
    node = make_lasting_node("carrier")
    node.take(*large.stream())
    return node
