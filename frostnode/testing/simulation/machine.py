"""One honest node on its machine: it starts from its disk, lives, dies by what happens, and comes back.

Everything that runs is the production code; this file only gives it ports, and takes them away.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import trio

from frostnode.config import Config
from frostnode.edge.http.app import make_app
from frostnode.edge.peer_http import HttpTransport
from frostnode.edge.request_signer import NodeSigner
from frostnode.edge.signer import LocalSigner
from frostnode.edge.sqlite.catalog import SqliteCatalog
from frostnode.edge.sqlite.notify_store import SqliteNotifyStore
from frostnode.edge.sqlite.store import SqliteStore
from frostnode.edge.witness import WITNESS_KEY_LABEL
from frostnode.enduring import one_fault
from frostnode.founding import put_identity
from frostnode.hosting import SeedKeys
from frostnode.live import live
from frostnode.node import Ports, assemble, facts, log_key, node_key
from frostnode.operations.parts import Json, Parts
from frostnode.operations.table import operate
from frostnode.ports import LogStore, Signer
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import FrostError, StorageError
from frostnode.protocol.keys import SigningKey, derive_seed
from frostnode.protocol.names import Origin, parse_origin
from frostnode.testing.clock import TrioClock
from frostnode.testing.memory_index import IndexImage, MemoryIndex
from frostnode.testing.memory_witness import MemoryWitness
from frostnode.testing.random import SeededRandom
from frostnode.testing.simulation.disk import Disk, copy_image, put_back
from frostnode.testing.simulation.drive import Drive
from frostnode.testing.simulation.image import CATALOG, NOTICES, SIGNER, STORE, check_store, look_at_image
from frostnode.testing.simulation.network import Network, Server
from frostnode.testing.simulation.oracle import Oracle, WatchedSigner
from frostnode.testing.simulation.owner import Host, Owner
from frostnode.testing.simulation.store import WatchedStore
from frostnode.testing.simulation.telling import listen
from frostnode.testing.simulation.transport import SimTransport
from frostnode.testing.simulation.watch import Watch
from frostnode.testing.simulation.worker import SimWorker

_BOOT_S: Final = (0.5, 8.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bugs:
    """Faults to be planted, to see that they are found: how a part of every node is exchanged for a bad one."""

    store: Callable[[LogStore], LogStore] = lambda store: store
    signer: Callable[[Signer], Signer] = lambda signer: signer


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all machines of a world share."""

    folder: Path
    random: SeededRandom
    network: Network
    oracle: Oracle
    config: Config
    """The settings of every node, but for its name and URL."""
    worker_s: float
    fsck_every: int
    bugs: Bugs = field(default_factory=Bugs)
    drive: Drive = field(default_factory=Drive)
    """What people carry from one machine to another."""

    def trace(self, *what: object) -> None:
        """Note in the trace."""
        self.network.trace(*what)


class MachineDownError(Exception):
    """Nobody answers: the machine is down, or went down meanwhile."""


class Machine:
    """See the module. `parts` is None while it is down."""

    def __init__(self, name: str, around: Surroundings, *, peers: list[str], owner: bool) -> None:
        self.name = name
        self.parts: Parts | None = None
        self.index = IndexImage()
        self.incarnation = 0
        self.commits = 0
        self.is_set_back = False
        """Whether an old image was put back: promises may be missing until others have told them again."""
        self.is_copy = False
        """Whether the home was seen to be put back from files when it was opened."""
        self._may_start = trio.Event()
        self._may_start.set()
        self._is_full = False
        self._kept: Path | None = None
        self._restores: tuple[str, ...] = ()
        self._around = around
        self._random = around.random.fork(f"machine/{name}")
        self.host = Host(seed=self._random.bytes(32), url=f"http://{name}")
        self.clock = TrioClock(
            offset_ms=int(self._random.between(-2000, 2000)), drift_ppm=int(self._random.between(-200, 200))
        )
        self.owner = Owner(name, self._random.fork("owner"), self.host, around.oracle) if owner else None
        self.disk = self._new_disk()
        # What it cosigned outlives whatever happens to the disk.
        self._witness = MemoryWitness(SigningKey(derive_seed(self.host.seed, WITNESS_KEY_LABEL)))
        self._life: trio.Nursery | None = None
        self._came_up = trio.Event()
        self._found(peers)

    @property
    def url(self) -> str:
        """Where others reach it."""
        return self.host.url

    # -- before the first start ---------------------------------------------------------------------

    def _new_disk(self) -> Disk:
        label = f"{self.name}-{self.incarnation}"
        return Disk(label, self._around.folder / label, self._random.fork(f"disk/{label}"))

    def _found(self, peers: list[str]) -> None:
        store = SqliteStore(self.disk.uri(STORE), self.clock, self._random.fork("founding"))
        if self.owner is not None:
            put_identity(
                store,
                self.owner.history[0],
                did=self.owner.did,
                label=self.owner.label,
                peers=peers,
            )
        else:
            with store.write() as writer:
                for peer in peers:
                    writer.put_peer(peer)
        store.close()

    # -- life ---------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Live for ever, each time from what the last life left."""
        while True:
            await self._may_start.wait()
            try:
                with one_fault():
                    await self._live()
            except StorageError as error:
                self._around.trace(self.name, "died of", error)
            self._next_incarnation()
            await trio.sleep(self._random.between(*_BOOT_S))

    async def _live(self) -> None:
        async with self._opened() as parts, trio.open_nursery() as nursery:
            app = make_app(parts, await facts(parts, self.host.seed))
            listen(parts)  # a full disk may refuse it: nobody is to find this machine before
            self._life, self.parts = nursery, parts
            self._around.network.serve(self.name, Server(app, nursery))
            self._around.trace(self.name, "is up")
            self._came_up.set()
            nursery.start_soon(live, parts)
            try:
                await trio.sleep_forever()
            finally:
                self._go_down()

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Parts]:
        around, disk, random = self._around, self.disk, self._random.fork(f"life/{self.incarnation}")
        worker = SimWorker(random.fork("worker"), around.worker_s)
        async with AsyncExitStack() as stack:
            plain = SqliteStore(disk.uri(STORE), clock=self.clock, random=random.fork("store"))
            stack.callback(plain.close)
            catalog = SqliteCatalog(disk.uri(CATALOG))
            stack.callback(catalog.close)
            index = MemoryIndex(self.index)
            stack.callback(index.close)
            notices = SqliteNotifyStore(disk.uri(NOTICES))
            stack.callback(notices.close)
            local = LocalSigner(disk.uri(SIGNER), partial(self._key, plain), worker)
            stack.callback(local.close)
            store = WatchedStore(
                around.bugs.store(plain), plain, partial(self._committed, plain, self._watch())
            )
            key = node_key(self.host.seed)
            requests = NodeSigner(key, self.clock, random.fork("requests"))
            ports = Ports(
                log=store,
                catalog=catalog,
                index=index,
                notices=notices,
                signer=WatchedSigner(around.bugs.signer(local), around.oracle),
                worker=worker,
                clock=self.clock,
                random=random.fork("node"),
                transport=await stack.enter_async_context(
                    HttpTransport(SimTransport(around.network, self.name), signer=requests)
                ),
                witness=self._witness,
                host=SeedKeys(self.host.seed),
                node_key=key,
                is_copy=self.is_copy,
                files=around.drive,
            )
            config = replace(around.config, name=self.name, url=self.url)
            yield await stack.enter_async_context(assemble(ports, config))

    def _watch(self) -> Watch:
        return Watch(self.name, self._around.oracle, is_set_back=self.is_set_back)

    def _committed(self, store: SqliteStore, watch: Watch) -> None:
        self.commits += 1
        if self.disk.is_dead:
            return
        with store.read() as reader:
            watch.look(reader)
        if self.commits % self._around.fsck_every == 0:
            check_store(store, self._around.oracle, self.name, {})

    def _key(self, store: SqliteStore, origin: Origin) -> SigningKey | None:
        """The key that a log is signed with this moment: of none of which the end is known here."""
        key = log_key(store, self.host.seed, origin)
        with store.read() as reader:
            history = reader.history(parse_origin(origin).did)
        epoch = None if history is None else history.epoch(origin)
        if key is not None and (epoch is None or epoch.end is not None):
            self._around.oracle.violated(f"{self.name} signs {origin}, of whose end it has heard")
        return key

    def _go_down(self) -> None:
        self._around.network.vanish(self.name)
        self._life = self.parts = None
        if self._came_up.is_set():  # who waits already goes on waiting
            self._came_up = trio.Event()

    def _next_incarnation(self) -> None:
        """Look at what is left, and make it the disk of the next life."""
        self.disk.fail()  # a stop in order has synced everything that counts
        self.disk.close()
        image = self.disk.folder
        self.incarnation += 1
        around = self._around
        scratch = around.folder / f"{self.name}-{self.incarnation}-looked-at"
        look_at_image(image, self.index, scratch, around.oracle, self._watch(), name=self.name)
        self.disk = self._new_disk_from(image)

    def _new_disk_from(self, image: Path) -> Disk:
        label = f"{self.name}-{self.incarnation}"
        folder = self._around.folder / label
        copy_image(image, folder)
        restored, self._restores = self._restores, ()
        for name in restored:
            assert self._kept is not None, "a backup is put back"
            put_back(self._kept, folder, name)
            self._around.trace(self.name, "has its old", name, "again")
        disk = Disk(label, folder, self._random.fork(f"disk/{label}"))
        disk.is_full = self._is_full
        return disk

    # -- what happens to it ---------------------------------------------------------------------------

    @property
    def is_up(self) -> bool:
        """Whether it runs."""
        return self._life is not None

    async def up(self) -> None:
        """Wait until it runs."""
        await self._came_up.wait()

    def stop(self) -> None:
        """Stop in order."""
        if self._life is not None:
            self._around.trace(self.name, "stops")
            self._life.cancel_scope.cancel()

    def crash(self) -> None:
        """Lose power now."""
        if self._life is not None:
            self._around.trace(self.name, "loses power")
            self.disk.fail()
            life = self._life
            self._go_down()
            life.cancel_scope.cancel()

    def hold(self) -> None:
        """Do not start before `revive`."""
        self._may_start = trio.Event()

    def die(self) -> None:
        """Lose power, and stay down until `revive`."""
        self.hold()
        self.crash()

    def revive(self) -> None:
        """Start some time, from what there is."""
        self._may_start.set()

    def crash_in_sync(self, nth: int) -> None:
        """Lose power in the n-th sync from now on."""
        self.disk.cut_power(nth, self.crash)

    def set_full(self, is_full: bool) -> None:
        """Let the disk have no room, or have some again."""
        self._around.trace(self.name, "disk is full" if is_full else "disk has room")
        self._is_full = self.disk.is_full = is_full

    def keep_image(self) -> None:
        """Make a backup of the files as they are now."""
        self._kept = self._around.folder / f"{self.name}-kept-{self.incarnation}-{self.commits}"
        copy_image(self.disk.folder, self._kept)
        self._around.trace(self.name, "was backed up")

    def restore(self, *, signer: bool = False, is_noticed: bool = False) -> None:
        """Lose power, and come back with the store of the backup; what the signer remembers too, if told so.

        With `is_noticed` the home says by itself that it was put back.
        """
        if self._kept is not None and self.is_up:
            self._restores = (STORE, SIGNER) if signer else (STORE,)
            self.is_set_back, self.is_copy = True, is_noticed
            self._around.oracle.forgetful |= {self.name} if signer else set()
            self.crash()

    # -- what people ask of it ------------------------------------------------------------------------

    async def ask(self, operation: str, params: dict[str, Any]) -> Json:
        """Run an operation on the node, as the command line does. Receipts are told to the oracle.

        Raises:
            FrostError: what the node says
            MachineDownError: when nobody answers
        """
        if self._life is None or self.parts is None:
            raise MachineDownError(self.name)
        answer: list[Json | FrostError] = []
        done = trio.Event()
        self._life.start_soon(self._answer, self.parts, operation, params, answer, done)
        await done.wait()
        if not answer:
            raise MachineDownError(self.name)
        if isinstance(answer[0], FrostError):
            raise answer[0]
        return answer[0]

    async def rotate(self) -> None:
        """Let the publisher of this machine go on under a new log key.

        Raises:
            FrostError: what the node says
            MachineDownError: when nobody answers
        """
        if self.owner is not None:
            await self.owner.succeed(self.ask)

    async def _answer(
        self,
        parts: Parts,
        operation: str,
        params: dict[str, Any],
        answer: list[Json | FrostError],
        done: trio.Event,
    ) -> None:
        try:
            with one_fault():
                result = await operate(parts, operation, params, _in_silence)
            for record in result.get("records", ()) if operation in ("publish", "withdraw") else ():
                if record["status"] == "published":
                    self._around.oracle.promised(
                        Origin(record["origin"]), record["index"], Cid.parse(record["header"])
                    )
            answer.append(result)
        except FrostError as error:
            answer.append(error)
        finally:
            done.set()


async def _in_silence(_what: str, _done: int, _total: int | None) -> None:
    """Nobody looks on."""
