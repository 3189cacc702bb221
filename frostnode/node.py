"""A node, put together: the only place that knows every part.

`assemble` makes the parts out of ports and `live` (frostnode.live) runs the stages that keep them up: views and followers.
Neither knows where the ports come from. `open_parts` and `serve` do the same for a home (nobody else may
work on it meanwhile), with its files, the network, the HTTP server and the control socket.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import version
from typing import Any

import trio

from frostnode.access_port import AccessStore
from frostnode.bell import Bell
from frostnode.config import Config, read_config
from frostnode.edge.callbacks import HttpCallbacks, ManyPools
from frostnode.edge.clock import SystemClock
from frostnode.edge.control import control_server
from frostnode.edge.dns_texts import DnsTexts
from frostnode.edge.files import DiskFiles
from frostnode.edge.home import Home
from frostnode.edge.http.app import make_app
from frostnode.edge.http.atom_feeds import AtomResources
from frostnode.edge.http.server import listen, serve_http, server_settings
from frostnode.edge.http.site import Site
from frostnode.edge.http.views import View
from frostnode.edge.logo import read_logo
from frostnode.edge.peer_http import HttpTransport
from frostnode.edge.public_addresses import PublicAddresses
from frostnode.edge.random import SystemRandom
from frostnode.edge.request_signer import NodeSigner
from frostnode.edge.signer import LocalSigner
from frostnode.edge.smtp import SmtpMailer
from frostnode.edge.sqlite.access_store import SqliteAccessStore
from frostnode.edge.sqlite.catalog import SqliteCatalog
from frostnode.edge.sqlite.editing_store import SqliteEditingStore
from frostnode.edge.sqlite.local_records import SqliteLocalRecords
from frostnode.edge.sqlite.notify_store import SqliteNotifyStore
from frostnode.edge.sqlite.store import SqliteStore
from frostnode.edge.tantivy.index import TantivyIndex
from frostnode.edge.threads import ThreadWorker
from frostnode.edge.witness import WITNESS_KEY_LABEL, LocalWitness
from frostnode.editing_port import EditingStore
from frostnode.enduring import one_fault
from frostnode.files_port import Files, MakeSite
from frostnode.hosting import (
    MAIL_LINK_LABEL,
    NODE_KEY_LABEL,
    NOTICE_KEY_LABEL,
    OWNER_PAGES_LABEL,
    HostKeys,
    SeedKeys,
)
from frostnode.live import live
from frostnode.local_port import LocalRecords
from frostnode.log.service import Sequencing
from frostnode.notify_port import NotifyStore
from frostnode.operations.parts import HomeStore, Json, Parts, Progress, Pushing
from frostnode.operations.policy import refresh
from frostnode.operations.scrub import drop_old_views, scrub
from frostnode.operations.table import operate
from frostnode.outlets import Outlets, equip
from frostnode.ports import CatalogStore, Clock, LogStore, Random, Signer, Worker
from frostnode.protocol.errors import LocalError, StorageError
from frostnode.protocol.keys import SigningKey, derive_seed, to_multibase
from frostnode.protocol.names import Origin
from frostnode.protocol.standard_webhooks import write_webhook_key
from frostnode.replicate.lease_asker import LeaseAsker
from frostnode.replicate.lease_desk import LeaseDesk
from frostnode.replicate.offer_desk import OfferDesk
from frostnode.replicate.offering import Offering
from frostnode.replicate.start_check import StartCheck
from frostnode.search_port import SearchIndex
from frostnode.wire import PeerTransport, TextRecords
from frostnode.witness_port import Witness


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What one node asks of the world (frostnode.ports)."""

    log: HomeStore
    catalog: CatalogStore
    index: SearchIndex
    notices: NotifyStore
    signer: Signer
    worker: Worker
    clock: Clock
    random: Random
    transport: PeerTransport
    witness: Witness
    local: LocalRecords | None = None
    """What is kept in the home alone; None where nothing is."""
    access: AccessStore | None = None
    """Who may write through the API; None where nobody may."""
    editing: EditingStore | None = None
    """Who is signed in with a browser, and drafts; None where nobody edits in one."""
    host: HostKeys | None = None
    """The keys of this host; without them no publisher comes to it."""
    is_copy: bool = False
    """Whether what is behind the ports may be there twice, or an older state of it."""
    files: Files = field(default_factory=DiskFiles)
    make_site: MakeSite = Site
    node_key: SigningKey | None = None
    """With which the node signs what it asks of others; without it nothing is offered, nor taken."""
    lease_transport: PeerTransport | None = None
    """Reaches where nodes may be that ask to be pushed to; by default all that `transport` reaches."""
    guarded: PeerTransport | None = None
    """The way out to peers that only other nodes have named; None where all ways are alike."""
    texts: TextRecords | None = None
    """The DNS; None where there is none, and no domains to ask for handles in the background."""
    outlets: Outlets = field(default_factory=Outlets)
    """How the node tells others."""


@asynccontextmanager
async def assemble(ports: Ports, config: Config) -> AsyncIterator[Parts]:
    """The parts of a node over `ports`; while the context lasts, what is submitted to its logs is published."""
    arrived = Bell()
    checks: list[StartCheck] = []  # it needs the parts, and they need the sequencing

    async def ready(origin: Origin) -> None:
        await checks[0].ready(origin)

    sequencing = Sequencing(ports.log, ports.signer, ports.worker, arrived.ring, ready)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(sequencing.run)
        parts = Parts(
            log=ports.log,
            catalog=ports.catalog,
            index=ports.index,
            notices=ports.notices,
            worker=ports.worker,
            clock=ports.clock,
            random=ports.random,
            transport=ports.transport,
            guarded=ports.guarded or ports.transport,
            texts=ports.texts,
            sequencing=sequencing,
            arrived=arrived,
            projected=Bell(),
            peers_changed=Bell(),
            name=config.name,
            url=config.url,
            operator=config.operator,
            contact=config.contact,
            discover=config.discover,
            discover_private=config.discover_private,
            list_peers=config.list_peers,
            listed=config.listed,
            followers={},
            policy=config.carry,
            read_policy=lambda: config.carry,
            witness=ports.witness,
            files=ports.files,
            make_site=ports.make_site,
            trusted=config.trusted,
            local=ports.local,
            access=ports.access,
            editing=ports.editing,
            host=ports.host,
            start_grace_s=config.start_grace_s,
            is_copy=ports.is_copy,
        )
        checks.append(parts.start_check)
        equip(parts, ports.outlets)
        await drop_old_views(parts)
        await refresh(parts)
        if ports.node_key is not None:
            parts.pushing = _pushing(parts, ports.node_key, ports.lease_transport or ports.transport, config)
        yield parts
        nursery.cancel_scope.cancel()


def _pushing(parts: Parts, key: SigningKey, lease_transport: PeerTransport, config: Config) -> Pushing:
    """Offers in and out, and who asked for them."""
    world = parts.world()
    lease_world = replace(world, transport=lease_transport)
    offering = Offering(
        me=key.public,
        world=world,
        lease_world=lease_world,
        arrived=parts.arrived,
        changed=parts.peers_changed,
    )
    return Pushing(
        desk=OfferDesk(
            me=key.public,
            world=world,
            slots=parts.slots,
            called=offering.called,
            is_open=config.offers,
        ),
        leases=LeaseDesk(me=key.public, world=lease_world, changed=parts.peers_changed.ring),
        offering=offering,
        asker=LeaseAsker(url=config.url, world=world, changed=parts.peers_changed)
        if config.lease and config.url
        else None,
    )


async def facts(parts: Parts, host_seed: bytes) -> dict[str, Any]:
    """What a node says of itself at /frost/node."""
    return {
        "software": "frostnode",
        "version": version("frostnode"),
        "name": parts.name,
        "node_key": to_multibase(node_key(host_seed).public),
        "notice_key": to_multibase(notice_key(host_seed).public),
        "webhook_key": write_webhook_key(notice_key(host_seed).public),
        "witness": parts.witness.cosigner.vkey,
        "database": (await parts.read(lambda reader: reader.database)).hex(),
        "offers": parts.pushing is not None and parts.pushing.desk.is_open,
        "listed": parts.listed,
    }


def _own_files(
    home: Home, stack: AsyncExitStack
) -> tuple[SqliteLocalRecords, SqliteAccessStore, SqliteEditingStore]:
    """What is the home's alone, and made with the first thing that is kept in it; closed with the stack."""
    local, access = SqliteLocalRecords(home.local), SqliteAccessStore(home.access)
    editing = SqliteEditingStore(home.editing)
    for part in (local, access, editing):
        stack.callback(part.close)
    return local, access, editing


@asynccontextmanager
async def open_parts(home: Home, config: Config, *, serving: bool = False) -> AsyncIterator[Parts]:
    """The parts of the node in `home`; with offers if it is `serving`. The caller holds the home's lock."""
    seed = home.read_host_seed()
    key = node_key(seed)
    home.require_store()
    clock, random, worker = SystemClock(), SystemRandom(), ThreadWorker()
    async with AsyncExitStack() as stack:
        store = SqliteStore(home.log_store, clock=clock, random=random)
        stack.callback(store.close)
        catalog = SqliteCatalog(home.catalog)
        stack.callback(catalog.close)
        index = TantivyIndex(home.index)
        stack.callback(index.close)
        notices = SqliteNotifyStore(home.notices)
        stack.callback(notices.close)
        signer = LocalSigner(home.signer, lambda origin: log_key(store, seed, origin), worker)
        stack.callback(signer.close)
        requests = NodeSigner(key, clock, random)
        transport = await stack.enter_async_context(HttpTransport(signer=requests))
        public = await stack.enter_async_context(HttpTransport(PublicAddresses(), signer=requests))
        guarded = await stack.enter_async_context(HttpCallbacks(PublicAddresses(ManyPools())))
        private = await stack.enter_async_context(HttpCallbacks())
        witness = LocalWitness(home.witness, SigningKey(derive_seed(seed, WITNESS_KEY_LABEL)))
        local, access, editing = _own_files(home, stack)
        stack.callback(witness.close)
        ports = Ports(
            log=store,
            catalog=catalog,
            index=index,
            notices=notices,
            signer=signer,
            worker=worker,
            clock=clock,
            random=random,
            transport=transport,
            witness=witness,
            local=local,
            access=access,
            editing=editing,
            host=SeedKeys(seed),
            is_copy=home.is_copy,
            guarded=None if config.discover_private else public,
            texts=DnsTexts(),
            node_key=key if serving else None,
            outlets=Outlets(
                callbacks=private if config.private_callbacks else guarded,
                guarded=guarded if config.websub else None,
                make_feeds=AtomResources,
                notice_key=notice_key(seed),
                mailer=SmtpMailer(config.mail) if config.mail.host else None,
                mail_sender=config.mail.sender,
                link_key=derive_seed(seed, MAIL_LINK_LABEL),
            ),
            lease_transport=None if config.lease_private_addresses else public,
        )
        parts = await stack.enter_async_context(assemble(ports, config))
        parts.read_policy = lambda: read_config(home.config).carry
        parts.about = await facts(parts, seed)
        parts.owner_token = derive_seed(seed, OWNER_PAGES_LABEL).hex()
        yield parts


def log_key(store: LogStore, seed: bytes, origin: str) -> SigningKey | None:
    """The key of a hosted epoch's log, as long as it may sign: derived from the host seed by the label stored with it.

    Raises:
        LocalError: epoch.unknown, epoch.ended: an identity event came after the signature was asked for
        StorageError: storage.damaged, when the host seed is not the one that the epoch was opened with: a
            signature of another key would be remembered for ever
    """
    with store.read() as reader:
        hosted = next((item for item in reader.hosted() if item.origin == origin), None)
        history = reader.history(hosted.did) if hosted is not None else None
    if hosted is None:
        return None
    key = SigningKey(derive_seed(seed, hosted.key_label))
    epoch = history.epoch(hosted.origin) if history is not None else None
    if epoch is not None and epoch.key not in (None, key.public):
        raise StorageError(
            "storage.damaged",
            f"host seed: key of {origin}",
            found=key.public,
            expected=epoch.key,
            hint="put back the host.seed of this home",
        )
    if epoch is None or epoch.end is not None:
        code = "epoch.unknown" if epoch is None else "epoch.ended"
        raise LocalError(code, f"{origin}: nothing more is signed of an epoch that has ended or is void")
    return key


@dataclass(frozen=True, slots=True)
class Running:
    """A node that answers: where, and how to ask it."""

    url: str
    parts: Parts


async def serve(
    home: Home,
    *,
    host: str | None = None,
    port: int | None = None,
    ready: Callable[[Running], None],
    is_only_copy: bool = False,
) -> None:
    """Run the node of `home` until cancelled; `ready` is called once it answers.

    With `is_only_copy` somebody says that nobody else runs this home, here or elsewhere.

    Raises:
        LocalError: home.missing, home.busy, home.address; StorageError
    """
    config = read_config(home.config)
    with one_fault(), home.lock():
        if is_only_copy:
            home.mark()
        views = open_views(home, config)
        async with open_parts(home, config, serving=True) as parts, trio.open_nursery() as nursery:
            operation = partial(_operate_running, parts)
            async with control_server(home.control, operation):
                url = await nursery.start(
                    _serve_http, parts, views, host or config.host, config.port if port is None else port
                )
                parts.address = url
                nursery.start_soon(live, parts)
                ready(Running(url, parts))
                await trio.sleep_forever()


async def _operate_running(
    parts: Parts, operation: str, params: Mapping[str, Any], progress: Progress
) -> Json:
    """An operation that another process asked for: an error of its own nurseries is its answer, not the end of the node."""
    with one_fault():
        return await operate(parts, operation, params, progress)


def open_views(home: Home, config: Config) -> list[View]:
    """What the node shows as sites of their own, with their logos; a relative path of one begins in the home.

    Raises:
        LocalError: input.unreadable
    """
    return [
        View(settings=view, logo=read_logo(home.root / view.logo) if view.logo else None)
        for view in config.view
    ]


async def _serve_http(
    parts: Parts, views: Sequence[View], host: str, port: int, *, task_status: trio.TaskStatus[str]
) -> None:
    settings = server_settings()
    listener = listen(host, port, settings.backlog)
    async with trio.open_nursery() as nursery:
        await nursery.start(serve_http, make_app(parts, dict(parts.about), views), settings, [listener])
        bound = listener.socket.getsockname()[1]
        task_status.started(f"http://[{host}]:{bound}" if ":" in host else f"http://{host}:{bound}")


def node_key(host_seed: bytes) -> SigningKey:
    """The host's own key, with which it signs what it asks of other nodes."""
    return SigningKey(derive_seed(host_seed, NODE_KEY_LABEL))


def notice_key(host_seed: bytes) -> SigningKey:
    """The key with which this host signs notices: it says which node told, and nothing else."""
    return SigningKey(derive_seed(host_seed, NOTICE_KEY_LABEL))


async def take_up_policy(parts: Parts) -> None:
    """Read the carry policy of the settings file anew.

    Raises:
        LocalError: input.unreadable; the old policy stays in force
    """
    await operate(parts, "policy reload", {}, _no_progress)


async def _no_progress(what: str, done: int, total: int | None) -> None:
    """Nobody looks."""


async def operate_resting(home: Home, operation: str, params: Mapping[str, Any], progress: Progress) -> Json:
    """Run one operation on a home whose node does not run.

    Raises:
        FrostError: whatever the operation says; LocalError: home.missing, home.busy
    """
    with one_fault(), home.lock():
        if operation == "reindex":
            home.drop_views()  # they may be damaged beyond opening
        async with open_parts(home, read_config(home.config)) as parts:
            result = await operate(parts, operation, params, progress)
            await parts.project()
            with suppress(StorageError):  # the operation is done; the overwriting is noted
                await scrub(parts, progress)
            return result
