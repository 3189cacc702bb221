"""What the flow asks of the world: a few Protocols, each with its guarantees in prose.

Adapters in `edge/` implement them; the stages see nothing else of the world but the wire (`wire.py`). Values are frozen.

The store is synchronous and the flow is not: stages call it through `Worker`, so that a simulation can run it inline.
There is exactly one writer per home. A reader sees a consistent state per call, never an uncommitted one.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol, TypeVar

from frostnode.handle_port import HandleReader, HandleWriter
from frostnode.ledger import LedgerReader, LedgerWriter
from frostnode.neighbours import NeighbourReader, NeighbourWriter
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.evidence import Evidence
from frostnode.protocol.frames import BodyItem, WithheldLeaf
from frostnode.protocol.growth import Growth
from frostnode.protocol.handles import Handle
from frostnode.protocol.history import History, Taken
from frostnode.protocol.log_state import Ahead, LogState
from frostnode.protocol.merkle import NodeAt
from frostnode.protocol.names import Did, Origin
from frostnode.protocol.references import Reference
from frostnode.protocol.withheld import Withheld
from frostnode.reference_port import ReferenceReader
from frostnode.withholding import Scrubbable, WithheldReader, WithheldWriter
from frostnode.witness_port import VouchReader, VouchWriter

T = TypeVar("T")


class Clock(Protocol):
    """The time as this node is told it: it may be wrong and may step."""

    def now_ms(self) -> int:
        """Milliseconds since 1970, UTC."""

    def monotonic_s(self) -> float:
        """Seconds that never go back; only differences mean something."""


class Random(Protocol):
    """The only source of chance."""

    def bytes(self, count: int) -> bytes:
        """`count` unpredictable bytes: keys, salts, tags."""

    def fraction(self) -> float:
        """A number in [0, 1) for jitter; predictable is good enough."""


class Worker(Protocol):
    """Where blocking work is done."""

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work` off the event loop and answer its result; not cancelled half way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignRequest:
    """What a signer is asked to vouch for: the tree of `origin` grows from `old` to `new`."""

    origin: Origin
    old_size: int
    old_root: bytes
    new_size: int
    new_root: bytes
    consistency: Sequence[bytes]
    old_note: bytes | None = None
    """The checkpoint of the old tree, if there is one: a signer that was set back knows its own signature."""


class Signer(Protocol):
    """The holder of log keys (trusted with: appending, never with identity).

    It remembers durably the last tree that it signed of each origin before it answers; it answers the same request with
    the same bytes, however often; it refuses (LocalError signer.conflict) any tree that does not extend the last one. It
    may be another machine: every call may take long or fail.
    """

    async def sign(self, request: SignRequest) -> bytes:
        """The signed note of the checkpoint (origin, new_size, new_root)."""


class ArrivalKind(StrEnum):
    """One change of what this node holds (spec/05-sync.md#arrivals)."""

    EVENTS = "events"
    ENTRIES = "entries"
    BODIES = "bodies"
    ERASED = "erased"
    FROZEN = "frozen"
    CUT = "cut"
    RESTORED = "restored"
    DROPPED = "dropped"
    SWITCHED = "switched"
    BLOCKED = "blocked"
    HEAD = "head"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A row of the gap-free local sequence that every stage follows.

    ENTRIES, BODIES, ERASED: leaves [start, stop) of `origin`, within one bundle of 256; ERASED also for a leaf that
    was held as a hash alone and has come after all. CUT, RESTORED: the epoch counts up to `start` now. FROZEN: at
    `start`. DROPPED: [start, stop) was of another tree. BLOCKED: the publisher is blocked, or no longer; with an
    `origin`, the records of leaves [start, stop) alone. HEAD: the checkpoint over the `start` leaves that are served
    has further cosignatures. The others concern the publisher, `origin` is ""; EVENTS, SWITCHED: the events numbered
    [start, stop) count now and did not before.
    """

    number: int
    kind: ArrivalKind
    did: Did
    origin: Origin
    start: int
    stop: int
    at_ms: int
    tag: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaves:
    """Leaves [start, start + count) in entry-bundle encoding; zero length where `withheld` has the hash."""

    start: int
    count: int
    bundle: bytes
    withheld: Sequence[WithheldLeaf]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """One line of the pages of heads."""

    did: Did
    origin: Origin
    epoch: int
    size: int
    checkpoint: bytes | None
    tip: Cid
    forked: bool
    disputed: bool
    ended: bool


class LogReader(NeighbourReader, WithheldReader, LedgerReader, VouchReader, HandleReader, Protocol):
    """What is held. Unknown names answer None or empty, damage raises StorageError storage.damaged."""

    @property
    def database(self) -> bytes:
        """16 random bytes, drawn when the store was made; part of every cursor."""

    def dids(self) -> list[Did]:
        """Every publisher with a history here, sorted."""

    def history(self, did: Did) -> History | None: ...
    def log(self, origin: Origin) -> LogState | None: ...
    def logs(self, did: Did) -> list[LogState]:
        """Logs of epochs that count, in order of epoch."""

    def evidence(self, origin: Origin) -> Evidence | None:
        """What proves that the key of this log has signed two trees, also when its epoch has ended since."""

    def disputed(self) -> list[Origin]: ...
    def astray(self) -> list[Origin]:
        """Logs that are held as another tree than that of their end; `disputed`: those frozen by evidence. Sorted."""

    def strays(self, number: int) -> list[bytes]:
        """The leaves that an arrival DROPPED took out of their log; b"" where one was withheld."""

    def heads(self, page: int) -> list[Head]:
        """At most HEADS_PAGE_MAX heads of epochs that count, by (did, epoch); page from 0. None of who is blocked."""

    def heads_within(self, low: str, high: str, limit: int) -> list[Head]:
        """At most `limit` heads of epochs that count, from origin `low` on and before `high` ("": no bound), in that order."""

    def leaves(self, origin: Origin, start: int, stop: int) -> Leaves:
        """Held leaves [start, min(stop, size)); must not cross a bundle boundary."""

    def bodies(self, origin: Origin, start: int, stop: int) -> list[BodyItem]:
        """What is here of the bodies of leaves [start, stop), one item each (frames.BodyItem)."""

    def body(self, cid: Cid) -> bytes | Withheld | None: ...
    def each_body(self, cids: Sequence[Cid]) -> Iterator[bytes | Withheld | None]:
        """The body of each, read when it is come to."""

    def node_at(self, origin: Origin) -> NodeAt:
        """Hashes of perfect subtrees within the held leaves."""

    def arrivals(self, after: int, limit: int, dids: frozenset[Did] | None = None) -> list[Arrival]:
        """Arrivals numbered above `after`, in order."""

    def arrivals_before(self, before: int, limit: int, did: Did | None = None) -> list[Arrival]:
        """Arrivals numbered below `before`, of one publisher or of all, newest first."""

    def arrival(self, number: int) -> Arrival | None: ...
    def last_arrival(self) -> int: ...
    def origins(self, did: Did) -> list[Origin]:
        """All logs of a publisher that are stored, also those of void epochs."""

    def missing_bodies(self, origin: Origin, start: int, limit: int, stop: int | None = None) -> list[int]:
        """Indexes from `start` on, below `stop`, whose body is neither here nor withheld, nor of a blocked record."""


class LogWriter(
    LogReader, NeighbourWriter, WithheldWriter, LedgerWriter, VouchWriter, HandleWriter, Protocol
):
    """One transaction: all of it is durable when the context of `LogStore.write` ends, or none."""

    def take_events(self, did: Did, history: History, taken: Taken) -> None:
        """Store new events and choices, open, end, cut and restore logs as `taken` says; arrivals.

        `history` is the history after the taking. Raises StorageError storage.conflict when the stored
        history is not the one that `taken` was added to: look again.
        """

    def append(self, origin: Origin, growth: Growth, ahead: Ahead | None = None) -> None:
        """Hold further leaves; what they make of the tree is the caller's word, which fsck derives again.

        `ahead` is the signed tree that they begin, if any. No arrival: for an own log that is the write-ahead. A
        header that was erased, here or elsewhere in the store, is not kept again: its hash is. What is `withheld` by
        the peer that sent the leaves is `absent` here.
        Raises StorageError storage.conflict when what is held is not the tree that the leaves were judged against.
        """

    def put_bodies(self, bodies: Sequence[tuple[bytes, bytes]]) -> list[bool]:
        """Keep bodies under digests that the caller has checked; answers of each whether it is new here.

        A withheld body is not taken again.
        """

    def serve(self, origin: Origin, note: bytes | None, size: int) -> None:
        """The tree of `size` leaves is now held completely; `note` is its checkpoint.

        Without a note (an ended epoch, proven into its end) the stored one stays.
        """

    def freeze(self, evidence: Evidence) -> None:
        """Keep what proves that the key of an epoch has signed two trees: nothing further is taken while it is open."""

    def drop(self, did: Did, origin: Origin, size: int) -> None:
        """Hold the first `size` leaves only: the others are not of the tree of the epoch's end. They are kept aside.

        Nothing is served until that tree is complete. An arrival says so.
        """

    def arrive(
        self, kind: ArrivalKind, did: Did, origin: Origin = ..., start: int = ..., stop: int = ...
    ) -> int:
        """Append to the arrival sequence; answers the number."""


class LogStore(Protocol):
    """The durable store of one home.

    `write` is serial: a second caller waits. A commit is on disk when the context ends without an exception; on one
    nothing of it remains, except that a commit whose very end failed may have happened: callers re-read before they retry.
    """

    def read(self) -> AbstractContextManager[LogReader]:
        """A consistent snapshot."""

    def write(self) -> AbstractContextManager[LogWriter]: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogEntry:
    """One entry as the catalog view knows it; the current one of a record is the last by (epoch, index).

    `header` and `body` are CIDs, `body` None when the header has none. `seen_ms` is when this node first
    held the entry, `time_ms` what its author claims. `title` is "" while the body is not readable here, and
    `harvested_from` when the body does not say that it was taken over, else from whom.
    """

    did: Did
    type: str
    key: str
    origin: Origin
    epoch: int
    index: int
    header: Cid
    op: str
    time_ms: int
    seen_ms: int
    body: Cid | None
    size: int
    title: str
    harvested_from: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What the catalog takes from the body of an entry: nothing, while that is not readable here."""

    title: str = ""
    harvested_from: str = ""
    identifiers: Sequence[str] = ()
    references: Sequence[Reference] = ()


NO_CONTENT: Final = Content()


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherSummary:
    """One publisher of the catalog: its name (from its profile, else "") and what it has, by record type."""

    did: Did
    name: str
    records: dict[str, int]
    changed_ms: int


class CatalogReader(ReferenceReader, Protocol):
    """Current records and their history: a view over arrivals, equal to its rebuild at every moment."""

    def cursor(self) -> int:
        """The arrival up to which this view has followed."""

    def mark(self) -> bytes:
        """The tag of that arrival: a store that was set back has another one under this number, or none."""

    def begun(self) -> bytes:
        """16 bytes that are others each time that this view begins anew."""

    def current(self, did: Did, type_: str, key: str) -> CatalogEntry | None:
        """The last entry of a record, a withdrawal included; None when there never was one."""

    def currents(self, did: Did, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], CatalogEntry]:
        """The same of many records of one publisher, by type and key; those that never were are left out."""

    def entries(self, did: Did, type_: str, key: str) -> list[CatalogEntry]:
        """All entries of a record that count, newest first."""

    def before(self, did: Did, type_: str, key: str, epoch: int, index: int) -> CatalogEntry | None:
        """The last entry of a record before this position."""

    def seen_by(self, origin: Origin, start: int, stop: int, at_ms: int) -> list[int]:
        """Which entries [start, stop) of a log were first held at this time or before, in order."""

    def entry_by_header(self, did: Did, header: Cid) -> CatalogEntry | None: ...
    def naming(self, bodies: Set[Cid]) -> list[tuple[Did, Origin, int, Cid]]:
        """All entries that name one of these bodies: publisher, log, index, and which. Looks through the whole catalog."""

    def versions(
        self, did: Did, dataset_key: str, *, limit: int, withdrawn: bool = False
    ) -> list[CatalogEntry]:
        """Versions of a dataset as they are now, newest first by their first entries; `withdrawn` ones only if asked for."""

    def newest_versions(self, did: Did, dataset_keys: Collection[str]) -> dict[str, CatalogEntry]:
        """The first of them for each of many datasets of one publisher; those that have none are left out."""

    def records(
        self,
        *,
        type_: str | None,
        did: Did | None,
        limit: int,
        offset: int = 0,
        without: Collection[Did] = (),
    ) -> list[CatalogEntry]:
        """Current records that are not withdrawn, newest seen first, ties by did, type, key.

        Those of the publishers `without` are left out.
        """

    def counts(self, did: Did | None = None) -> dict[str, int]:
        """Current records that are not withdrawn, by type."""

    def names(self, dids: Iterable[Did]) -> dict[Did, str]:
        """The names of those publishers that have one."""

    def publishers(self) -> list[PublisherSummary]:
        """By name, then DID."""

    def handles(self, did: Did | None = None) -> dict[Did, Handle]:
        """The handle that the current profile of each publisher claims, or of this one alone; none where it claims none."""

    def claims(
        self, identifier: str, *, limit: int, first: Collection[Did] = (), without: Collection[Did] = ()
    ) -> list[CatalogEntry]:
        """Current records that say to be what this identifier names; none of the publishers `without`.

        Those of the publishers `first` come before all others, then newest seen first, ties by did, type, key.
        """


class CatalogWriter(CatalogReader, Protocol):
    """One transaction of the fold: effects and cursor commit together."""

    def put_entry(self, entry: CatalogEntry, content: Content = NO_CONTENT) -> None:
        """Add an entry, idempotent; the record's current entry is recomputed."""

    def put_content(self, origin: Origin, index: int, content: Content) -> bool:
        """Set what an entry's body says; answers whether there is such an entry."""

    def drop_entry(self, origin: Origin, index: int) -> None:
        """Forget one entry; the record's current entry is recomputed."""

    def drop_record(self, did: Did, type_: str, key: str) -> None:
        """Forget all entries of a record."""

    def drop_publisher(self, did: Did) -> None:
        """Forget all entries of a publisher."""

    def drop_entries(self, origin: Origin, start: int) -> None:
        """Forget the entries of a log from `start` on (cut, void); current entries are recomputed."""

    def advance(self, cursor: int, mark: bytes) -> None: ...


class CatalogStore(Scrubbable, Protocol):
    """The catalog view's own database: may be deleted at any time, and is then rebuilt."""

    def read(self) -> AbstractContextManager[CatalogReader]: ...
    def write(self) -> AbstractContextManager[CatalogWriter]: ...
    def clear(self) -> None: ...
    def close(self) -> None: ...
