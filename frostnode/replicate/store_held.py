"""What the store holds, as a follower asks for it."""

from frostnode.ports import Leaves, LogReader, LogStore
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.history import History
from frostnode.protocol.limits import TILE_WIDTH
from frostnode.protocol.log_state import LogState
from frostnode.protocol.merkle import CompactRange, compact_range
from frostnode.protocol.names import Did, Origin
from frostnode.protocol.tiles import decode_bundle
from frostnode.protocol.withheld import Blocked


def read_blocked(reader: LogReader) -> Blocked:
    """Whom and what this node takes nothing of."""
    blocks = reader.blocks()
    return Blocked(
        publishers=frozenset(block.did for block in blocks if not block.type),
        records=frozenset((block.did, block.type, block.key) for block in blocks if block.type),
    )


class StoreHeld:
    """What the follower may know of the store, read when asked. Of leaves the last bundle is remembered."""

    def __init__(self, store: LogStore) -> None:
        self._store = store
        self._bundle: tuple[Origin, int, Leaves, list[bytes]] | None = None

    def forget(self) -> None:
        """Read anew: the store may have changed."""
        self._bundle = None

    def history(self, did: Did) -> History | None:
        """The identity history of a publisher."""
        with self._store.read() as reader:
            return reader.history(did)

    def log(self, origin: Origin) -> LogState | None:
        """The state of a log."""
        with self._store.read() as reader:
            return reader.log(origin)

    def vouched(self, did: Did) -> dict[Cid, frozenset[str]]:
        """Which trusted witnesses have cosigned epochs of an undecided history."""
        with self._store.read() as reader:
            return reader.vouched(did)

    def leaf(self, origin: Origin, index: int) -> bytes | None:
        """One held leaf, None when it is withheld or not held."""
        start = index // TILE_WIDTH * TILE_WIDTH
        if self._bundle is None or self._bundle[:2] != (origin, start):
            with self._store.read() as reader:
                held = reader.leaves(origin, start, start + TILE_WIDTH)
            self._bundle = (origin, start, held, decode_bundle(held.bundle))
        _, _, held, leaves = self._bundle
        offset = index - start
        if offset >= held.count or any(slot.offset == offset for slot in held.withheld):
            return None
        return leaves[offset]

    def tree(self, origin: Origin, size: int) -> CompactRange:
        """The compact range of the first `size` held leaves."""
        with self._store.read() as reader:
            return compact_range(size, reader.node_at(origin))
