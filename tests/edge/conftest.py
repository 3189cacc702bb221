"""A node's application over a temporary home, asked without sockets."""

import json
import shutil
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import pytest
import trio

from frostnode.bell import Bell
from frostnode.config import Config
from frostnode.edge.files import DiskFiles
from frostnode.edge.home import Home
from frostnode.edge.http.app import make_app
from frostnode.edge.http.asked import quiet
from frostnode.edge.http.site import Site
from frostnode.edge.signer import LocalSigner
from frostnode.edge.sqlite.catalog import SqliteCatalog
from frostnode.edge.sqlite.notify_store import SqliteNotifyStore
from frostnode.edge.sqlite.store import SqliteStore
from frostnode.edge.tantivy.index import TantivyIndex
from frostnode.edge.witness import LocalWitness
from frostnode.founding import found
from frostnode.identity.kits import CHEAPEST
from frostnode.log.service import Sequencing
from frostnode.node import open_parts
from frostnode.operations.parts import Parts
from frostnode.operations.table import operate
from frostnode.project.fold import CatalogFold
from frostnode.project.index import IndexFold
from frostnode.protocol.errors import CODES
from frostnode.protocol.keys import SigningKey
from frostnode.replicate.ingest import Ingest
from frostnode.testing.clock import ManualClock
from frostnode.testing.memory_access import MemoryAccessStore
from frostnode.testing.memory_editing import MemoryEditingStore
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
    cookies: list[str] = field(default_factory=list)
    """As they were set: the one header that comes more than once."""

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


class Asked:
    """Whoever has an application that answers."""

    client = ("127.0.0.1", 1)

    async def ask(self, target, method="GET", headers=None, body=b""):
        """The whole answer to a request for `target`, a raw path with its query."""
        async with self.asking(target, method, headers, body) as exchange:
            async for chunk in exchange.chunks:
                exchange.answer.body += chunk
            return exchange.answer

    async def write(self, token, method, target, content=None, **headers):
        """A write of JSON; `if_match` and the like are headers."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent |= {"authorization": f"Bearer {token}"} if token else {}
        if content is None:
            return await self.ask(target, method, sent)
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return await self.ask(target, method, {"content-type": "application/json", **sent}, body)

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
            "client": self.client,
            "server": ("127.0.0.1", 80),
        }
        exchange = Exchange(body)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(exchange.run, self.app, scope)
            yield exchange
            exchange.hang_up.set()


class Node(Asked):
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
            access=MemoryAccessStore(),
            editing=MemoryEditingStore(),
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

    async def token(self, *scopes, lifetime_s=3600, **more):
        """A token for these scopes; for all, if none is said."""
        scopes = scopes or ("publish", "subscribe", "inbox")
        made = await operate(
            self.parts, "token create", {"scopes": scopes, "lifetime_s": lifetime_s, **more}, quiet
        )
        return made["token"]

    def close(self):
        for close in self._closing:
            close()


class OwnNode(Asked):
    """A node of a home of its own with a publisher: what is published here is signed and on disk."""

    def __init__(self, parts):
        self.parts = parts
        self.app = make_app(parts, ABOUT)
        with parts.log.read() as log:
            (hosted,) = log.hosted()
        self.did = hosted.did

    async def operate(self, operation, **params):
        return await operate(self.parts, operation, params, quiet)

    async def token(self, *scopes, lifetime_s=3600, **more):
        """A token for these scopes; for all, if none is said."""
        scopes = scopes or ("publish", "subscribe", "inbox")
        return (await self.operate("token create", scopes=scopes, lifetime_s=lifetime_s, **more))["token"]

    async def sizes(self):
        """How many entries the log of the publisher has."""
        (hosted,) = (await self.operate("status"))["hosted"]
        return hosted["size"]


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
            if part is None:  # nothing more comes, and nobody hangs up
                await trio.sleep_forever()
            await trio.sleep(1 if self._asked else 0)
            self._asked = True
            return {"type": "http.request", "body": part, "more_body": bool(self._body)}
        await self.hang_up.wait()
        return {"type": "http.disconnect"}

    async def _take(self, message):
        if message["type"] == "http.response.start":
            self.answer.status = message["status"]
            self.answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            self.answer.cookies = [
                value.decode() for name, value in message["headers"] if name == b"set-cookie"
            ]
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
def founded(tmp_path_factory):
    """A home with one publisher; each test has a copy of it."""
    home = Home(tmp_path_factory.mktemp("founded") / "home")
    found(home, Config(name="Polar"), passphrase="p", kit=None, peers=[], cost=CHEAPEST)
    return home


@pytest.fixture
def own_home(founded, tmp_path):
    """A home with one publisher."""
    home = Home(Path(shutil.copytree(founded.root, tmp_path / "home")))
    home.mark()
    return home


@pytest.fixture
def node_over():
    """Opens the node of a home, as often as it is wanted."""

    @asynccontextmanager
    async def opened(home):
        async with open_parts(home, Config(name="Polar")) as parts:
            yield OwnNode(parts)

    return opened


@pytest.fixture
async def own(own_home, node_over):
    """A node over a home with one publisher."""
    async with node_over(own_home) as node:
        yield node


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
