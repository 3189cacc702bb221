"""A publisher without a store: real keys, a log in memory, real frames, for tests of whoever follows one."""

from collections.abc import Iterator
from copy import copy

from frostnode.identity.create import create_genesis
from frostnode.identity.kits import authority_key, recovery_key
from frostnode.protocol.checkpoint import Checkpoint, sign_checkpoint
from frostnode.protocol.dagcbor import Cid, Value
from frostnode.protocol.entry import Header, Op, encode_body, encode_header
from frostnode.protocol.frames import BodiesFrame, BodyItem, CheckpointFrame, EntriesFrame, EventsFrame, Frame
from frostnode.protocol.identity import (
    Commitment,
    End,
    Epoch,
    Event,
    Kind,
    SignedEvent,
    commitment,
    sign_event,
)
from frostnode.protocol.keys import PublicKey, SigningKey, derive_seed
from frostnode.protocol.limits import SALT_BYTES, TILE_WIDTH
from frostnode.protocol.merkle import EMPTY_RANGE, CompactRange, Hash, leaf_hash, leaf_hashes, node_hash
from frostnode.protocol.names import RecordKey, RecordType, did_of, format_origin
from frostnode.protocol.range_proof import range_proof
from frostnode.protocol.tiles import encode_bundle

NODE_SEED = bytes(32)


class MemoryPublisher:
    """One identity and the log of one of its epochs, at first that of genesis; every choice follows from `name`."""

    def __init__(self, name: str = "publisher") -> None:
        secret = name.encode().ljust(32, b".")[:32]
        self.key = SigningKey(derive_seed(secret, "log"))
        self.authority_seed = derive_seed(secret, "authority")
        self.recovery_seed = derive_seed(secret, "recovery")
        epoch = Epoch(key=self.key.public, node=SigningKey(NODE_SEED).public, url="")
        self.genesis = create_genesis(self.authority_seed, self.recovery_seed, epoch=epoch, time_ms=1_000)
        self.history: list[SignedEvent] = [self.genesis]
        self.did = did_of(self.genesis.cid)
        self.origin = format_origin(self.did, 0, self.genesis.cid)
        self.leaves: list[bytes] = []
        self.bodies: list[bytes | None] = []

    def move(
        self, size: int | None = None, *, url: str = "", node_seed: bytes = NODE_SEED
    ) -> "MemoryPublisher":
        """End the epoch at `size`; answers the publisher in its next epoch, with an empty log, at a host."""
        n = len(self.history)
        return self._follow(
            size,
            Epoch(key=self._log_key(n).public, node=SigningKey(node_seed).public, url=url),
            kind=Kind.ORDINARY,
            keys=(authority_key(self.authority_seed, n).public,),
            signer=authority_key(self.authority_seed, n),
        )

    def recover(self, size: int | None = None, *, url: str = "") -> "MemoryPublisher":
        """End the epoch at `size` by its first recovery event, which voids whatever stands beside."""
        n = len(self.history)
        signer = recovery_key(self.recovery_seed, 0)
        return self._follow(
            size,
            Epoch(key=self._log_key(n).public, node=SigningKey(NODE_SEED).public, url=url),
            kind=Kind.RECOVERY,
            keys=(signer.public,),
            signer=signer,
            recovery=commitment([recovery_key(self.recovery_seed, 1).public], 1),
        )

    def _log_key(self, n: int) -> SigningKey:
        return SigningKey(derive_seed(self.authority_seed, f"log/{n}"))

    def _follow(
        self,
        size: int | None,
        epoch: Epoch,
        *,
        kind: Kind,
        keys: tuple[PublicKey, ...],
        signer: SigningKey,
        recovery: Commitment | None = None,
    ) -> "MemoryPublisher":
        n, tree = len(self.history), self.tree(size)
        event = Event(
            kind=kind,
            n=n,
            prev=self.history[-1].cid,
            time=1_000 + n,
            keys=keys,
            next=commitment([authority_key(self.authority_seed, n + 1).public], 1),
            recovery=recovery,
            end=End(size=tree.size, root=tree.root()),
            epoch=epoch,
        )
        following = copy(self)
        following.key = self._log_key(n)
        following.history = [*self.history, sign_event(event, [signer])]
        following.origin = format_origin(self.did, n, following.history[-1].cid)
        following.leaves, following.bodies = [], []
        return following

    def put(self, key: str, fields: dict[str, Value], type_: str = "dataset") -> int:
        """Append a record; answers its index."""
        body = encode_body(fields, leaf_hash(key.encode())[:SALT_BYTES])
        header = Header(
            op=Op.PUT,
            type=RecordType(type_),
            key=RecordKey(key),
            time=2_000 + len(self.leaves),
            body=Cid.of(body),
            size=len(body),
        )
        return self.append(encode_header(header), body)

    def withdraw(self, key: str, type_: str = "dataset") -> int:
        """Append a tombstone."""
        header = Header(
            op=Op.WITHDRAW, type=RecordType(type_), key=RecordKey(key), time=2_000 + len(self.leaves)
        )
        return self.append(encode_header(header), None)

    def append(self, leaf: bytes, body: bytes | None) -> int:
        """Append any leaf, readable or not."""
        self.leaves.append(leaf)
        self.bodies.append(body)
        return len(self.leaves) - 1

    def node(self, level: int, index: int) -> Hash:
        """NodeAt over the leaves."""
        if level == 0:
            return leaf_hash(self.leaves[index])
        return node_hash(self.node(level - 1, 2 * index), self.node(level - 1, 2 * index + 1))

    def tree(self, size: int | None = None) -> CompactRange:
        """The compact range of the first `size` leaves."""
        return EMPTY_RANGE.extend(leaf_hashes(self.leaves[:size]))

    def note(self, size: int | None = None) -> bytes:
        """The signed checkpoint of the first `size` leaves."""
        tree = self.tree(size)
        return sign_checkpoint(Checkpoint(self.origin, tree.size, tree.root()), self.key)

    def entries(
        self, start: int, stop: int, size: int | None = None, cursor: bytes | None = None
    ) -> EntriesFrame:
        """Leaves [start, stop), proven to the tree of `size`."""
        of = len(self.leaves) if size is None else size
        return EntriesFrame(
            origin=self.origin,
            size=of,
            start=start,
            bundle=encode_bundle(self.leaves[start:stop]),
            proof=range_proof(start, stop, of, self.node),
            cursor=cursor,
        )

    def bodies_frame(self, start: int, stop: int, cursor: bytes | None = None) -> BodiesFrame:
        """The bodies of leaves [start, stop)."""
        items: list[BodyItem] = list(self.bodies[start:stop])
        return BodiesFrame(origin=self.origin, start=start, items=items, cursor=cursor)

    def events(self) -> EventsFrame:
        """The identity, up to the event that opened this epoch."""
        return EventsFrame(did=self.did, events=[signed.raw for signed in self.history])

    def stream(self, start: int = 0) -> Iterator[Frame]:
        """Identity, head, then all leaves and bodies from `start` on."""
        yield self.events()
        yield CheckpointFrame(origin=self.origin, note=self.note())
        at, size = start, len(self.leaves)
        while at < size:
            stop = min(size, (at // TILE_WIDTH + 1) * TILE_WIDTH)
            yield self.entries(at, stop, size)
            yield self.bodies_frame(at, stop)
            at = stop
