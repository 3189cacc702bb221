"""The parts of a node that operations work with."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, TypeAlias, TypeVar

import trio

from frostnode.access_port import AccessStore
from frostnode.bell import Bell
from frostnode.editing_port import EditingStore
from frostnode.files_port import Files, MakeSite
from frostnode.hosting import HostKeys
from frostnode.local_port import LocalRecords
from frostnode.log.audit import AuditableStore
from frostnode.log.service import Sequencing
from frostnode.notify.delivery import Delivery
from frostnode.notify.feed import Feed
from frostnode.notify.hub import Hub
from frostnode.notify.mail import Consent
from frostnode.notify.matching import Matching
from frostnode.notify.outbox import Outbox
from frostnode.notify.own_subscriptions import OwnSubscriptions
from frostnode.notify.sender import Sender
from frostnode.notify.watches import Watches
from frostnode.notify.window import Window
from frostnode.notify_port import Form, NotifyStore
from frostnode.operations.held_names import HeldNames
from frostnode.ports import CatalogReader, CatalogStore, Clock, LogReader, LogStore, Random, Worker
from frostnode.project.fold import CatalogFold
from frostnode.project.index import IndexFold
from frostnode.project.stage import catch_up
from frostnode.protocol.cosigners import Cosigner
from frostnode.protocol.follow_witnesses import Knowledge
from frostnode.protocol.handles import Handle
from frostnode.protocol.limits import PROGRESS_INTERVAL_S, START_GRACE_S, WATCH_DUE_MAX
from frostnode.protocol.names import Did
from frostnode.replicate.carrying import Carrying
from frostnode.replicate.collect import Collecting
from frostnode.replicate.discovery import Discovery
from frostnode.replicate.follow import PeerFollower, World
from frostnode.replicate.known import Known
from frostnode.replicate.lease_asker import LeaseAsker
from frostnode.replicate.lease_desk import LeaseDesk
from frostnode.replicate.named import Naming
from frostnode.replicate.offer_desk import OfferDesk
from frostnode.replicate.offering import Offering
from frostnode.replicate.policy import CarryPolicy, Tier
from frostnode.replicate.slots import Slots
from frostnode.replicate.start_check import StartCheck
from frostnode.replicate.witness import Witnessing
from frostnode.resolve.domains import Domains
from frostnode.resolve.keeping import HandleKeeper
from frostnode.search_port import SearchIndex
from frostnode.wire import PeerTransport, TextRecords
from frostnode.withholding import Scrubbable
from frostnode.witness_port import Witness

T = TypeVar("T")

Json: TypeAlias = dict[str, Any]
Params: TypeAlias = Mapping[str, Any]
Progress: TypeAlias = Callable[[str, int, int | None], Awaitable[None]]
"""(what, done, total or None) of long work."""


@dataclass(frozen=True, slots=True)
class Pushing:
    """Offers, in and out; with an asker, this node asks to be pushed to."""

    desk: OfferDesk
    leases: LeaseDesk
    offering: Offering
    asker: LeaseAsker | None = None


class HomeStore(LogStore, AuditableStore, Scrubbable, Protocol):
    """The store of a home: it can be laid open too, and scrubbed."""


@dataclass(slots=True, kw_only=True)
class Parts:
    """One node, put together. `followers` holds the running followers by peer URL, none in a resting home.

    `pushing` is who is offered to and what is taken, None in a resting home.
    """

    log: HomeStore
    catalog: CatalogStore
    index: SearchIndex
    notices: NotifyStore
    worker: Worker
    clock: Clock
    random: Random
    transport: PeerTransport
    guarded: PeerTransport
    """The way out to peers that only other nodes have named."""
    sequencing: Sequencing
    arrived: Bell
    projected: Bell
    peers_changed: Bell
    name: str
    url: str
    followers: dict[str, PeerFollower]
    witness: Witness
    files: Files
    make_site: MakeSite
    operator: str = ""
    """Who runs this node, for people; "" when that is not said."""
    contact: str = ""
    """Where whoever has something against what is shown here writes to."""
    trusted: tuple[Cosigner, ...] = ()
    local: LocalRecords | None = None
    """What is kept in the home alone. Only `operations.local` and `operations.local_notices` look at it."""
    access: AccessStore | None = None
    """Who may write through the API; None where nobody may."""
    editing: EditingStore | None = None
    """Who is signed in with a browser, and drafts; None where nobody edits in one."""
    host: HostKeys | None = None
    """The keys of this host, for publishers that come to it."""
    start_grace_s: float = START_GRACE_S
    is_copy: bool = False
    """Whether this home may have been copied, or put back from files."""
    start_check: StartCheck = field(init=False)
    witnessing: Witnessing = field(init=False)
    collecting: Collecting = field(init=False)
    policy: CarryPolicy = field(default_factory=CarryPolicy)
    """The carry policy to begin with; `carrying` has the one in force."""
    read_policy: Callable[[], CarryPolicy] = CarryPolicy
    """Reads the settings file anew."""
    carrying_changed: Bell = field(default_factory=Bell)
    about: Mapping[str, Any] = field(default_factory=dict)
    """What the node says of itself at /frost/node."""
    carrying: Carrying = field(init=False)
    known: Known = field(default_factory=Known)
    slots: Slots = field(init=False)
    pushing: Pushing | None = None
    texts: TextRecords | None = None
    """The DNS; None where there is none."""
    discover: bool = True
    discover_private: bool = False
    list_peers: bool = True
    listed: bool = True
    discovery: Discovery = field(init=False)
    catalog_fold: CatalogFold = field(init=False)
    index_fold: IndexFold = field(init=False)
    troubles: dict[str, str] = field(init=False, default_factory=dict)
    """What the disk refuses the stages of the node, by their names; they try again."""
    handles: HandleKeeper = field(init=False)
    watches: Watches = field(init=False)
    matching: Matching = field(init=False)
    own_subscriptions: OwnSubscriptions = field(init=False)
    window: Window = field(init=False)
    """What whoever reads changes by itself reads from."""
    due: Bell = field(init=False, default_factory=Bell)
    """Rings when somebody is to be told of something."""
    kept: Bell = field(init=False, default_factory=Bell)
    """Rings when something is kept local."""
    senders: dict[Form, Sender] = field(default_factory=dict)
    """The forms in which this node tells others."""
    hub: Hub | None = None
    """Where strangers subscribe to feeds; None unless the operator wants it."""
    consent: Consent | None = None
    """Asks receivers of mails whether they want to be told; None where no mails are sent."""
    delivery: Delivery = field(init=False)
    owner_token: str = field(default="", repr=False)
    """What the owner of the home shows to see its pages; without it there are none."""
    address: str = ""
    """Where this node answers on this machine, while it serves."""
    writing: HeldNames = field(init=False, default_factory=HeldNames)
    """The records that are being published."""
    scrubbing: trio.Lock = field(init=False, default_factory=trio.Lock)

    def __post_init__(self) -> None:
        self.carrying = Carrying(self.log, self.clock, self.policy)
        self.slots = Slots(self.random)
        self.catalog_fold = CatalogFold(self.log, self.catalog)
        self.witnessing = Witnessing(
            self.log, self.witness, self.worker, self.clock, self.arrived, self.carrying.is_carried
        )
        self.collecting = Collecting(
            store=self.log,
            worker=self.worker,
            transport=self.transport,
            clock=self.clock,
            random=self.random,
            bell=self.arrived,
            named=Naming(self.log, self.catalog),
        )
        self.index_fold = IndexFold(self.log, self.catalog, self.index)
        self._tell()
        self.start_check = StartCheck(
            world=self.world(),
            named=Naming(self.log, self.catalog),
            own_url=self.url,
            grace_s=self.start_grace_s,
            is_copy=self.is_copy,
        )
        self.discovery = Discovery(
            self.world(),
            self.followers,
            guarded=self.guarded,
            changed=self.peers_changed,
            own_url=self.url,
            is_on=self.discover,
            allows_private=self.discover_private,
        )

        self.handles = HandleKeeper(
            store=self.log,
            catalog=self.catalog,
            worker=self.worker,
            clock=self.clock,
            random=self.random,
            domains=Domains(self.guarded, self.texts),
            rank=self._rank,
            wanted=lambda: self.carrying.policy.handles_allowed(),  # noqa: PLW0108 - the policy is another one later
            changed=self._take_up_handles,
        )

    def _tell(self) -> None:
        """The stages of notices."""
        self.watches = Watches(self.notices, self.index.words, due_max=WATCH_DUE_MAX)
        self.own_subscriptions = OwnSubscriptions(self.log, self.catalog, self.watches, self.clock)
        self.matching = Matching(
            self.log,
            self.catalog,
            self.watches,
            self.clock,
            partial(self.carrying.hidden, include_unknown=False),
        )
        self.window = Window(self._feed(), self.worker, self.projected)
        self.delivery = Delivery(
            outbox=Outbox(self.log, self.catalog, self.watches),
            senders=self.senders,
            worker=self.worker,
            clock=self.clock,
            random=self.random,
            due=self.due,
        )

    def _feed(self) -> Feed:
        return Feed(
            self.log,
            self.catalog,
            self.clock,
            self.index.words,
            self.url,
            carries=self.carrying.is_carried,
            hidden=partial(self.carrying.hidden, include_unknown=False),
        )

    def _rank(self, did: Did) -> int | None:
        """Whose handle is asked for first: the nearer the tier the sooner; nobody's who is not carried."""
        if not self.carrying.is_carried(did):
            return None
        return list(Tier).index(self.carrying.tier(did) or Tier.UNKNOWN)

    async def _take_up_handles(self) -> None:
        """Judge anew whom verified handles let in; who is told rings."""
        handles = await self.worker.run(self.verified_handles)
        if handles == self.carrying.handles:
            return
        if await self.worker.run(lambda: self.carrying.refresh(handles=handles)):
            self.carrying_changed.ring()
            self.arrived.ring()

    def verified_handles(self) -> dict[Did, Handle]:
        """Of each publisher the handle that holds now. Blocks: to be run in a worker.

        A publisher whose profile has not come is named by its domain alone.
        """
        now_ms = self.clock.now_ms()
        with self.log.read() as log, self.catalog.read() as catalog:
            claims = catalog.handles()
            return {
                check.did: check.handle
                for check in log.handle_checks()
                if check.holds(claims.get(check.did, check.handle), now_ms)
            }

    async def read(self, work: Callable[[LogReader], T]) -> T:
        """Read the log store in a worker."""

        def run() -> T:
            with self.log.read() as reader:
                return work(reader)

        return await self.worker.run(run)

    async def read_catalog(self, work: Callable[[CatalogReader], T]) -> T:
        """Read the catalog in a worker."""

        def run() -> T:
            with self.catalog.read() as reader:
                return work(reader)

        return await self.worker.run(run)

    def listed_peers(self) -> list[str]:
        """The nodes that this one tells others of."""
        return self.discovery.listed() if self.list_peers else []

    async def project(self) -> None:
        """Bring both views up to the last arrival."""
        await catch_up(self.worker, self.catalog_fold)
        await catch_up(self.worker, self.index_fold)

    def world(self) -> World:
        """What a follower needs."""
        return World(
            store=self.log,
            worker=self.worker,
            transport=self.transport,
            clock=self.clock,
            random=self.random,
            changed=self.arrived.ring,
            carrying=self.carrying,
            known=self.known,
            witnesses=Knowledge(trusted=self.trusted, named=Naming(self.log, self.catalog)),
        )


@asynccontextmanager
async def telling(progress: Progress, look: Callable[[], tuple[str, int]]) -> AsyncIterator[None]:
    """Tell what `look` sees, (what, done), again and again while the work in the context lasts."""

    async def tell() -> None:
        while True:
            await progress(*look(), None)
            await trio.sleep(PROGRESS_INTERVAL_S)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(tell)
        yield
        nursery.cancel_scope.cancel()
