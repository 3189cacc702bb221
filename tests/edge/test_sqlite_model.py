"""The store against a list: whatever is appended in whatever steps, it answers as the list does."""

from itertools import count
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.edge.sqlite.store import SqliteStore
from frostnode.ports import LogReader
from frostnode.protocol.frames import WithheldLeaf
from frostnode.protocol.growth import Growth, grow
from frostnode.protocol.merkle import EMPTY_RANGE, leaf_hash, leaf_hashes, node_hash
from frostnode.protocol.tiles import decode_bundle
from frostnode.testing.clock import ManualClock
from frostnode.testing.publisher import Publisher
from frostnode.testing.random import SeededRandom

PUBLISHERS: Final = [Publisher("one"), Publisher("two")]
NAMES: Final = count()

STEPS: Final = st.lists(
    st.tuples(
        st.sampled_from([0, 1]),
        st.integers(1, 90) | st.sampled_from([255, 256]),
        st.sets(st.integers(0, 90), max_size=3),
        st.booleans(),
    ),
    min_size=1,
    max_size=14,
)
"""Which log grows, by how many leaves, which of them are withheld, and whether the transaction ends there."""


def slow_root(hashes: list[bytes]) -> bytes:
    """MTH by the letter of RFC 6962."""
    if len(hashes) == 1:
        return hashes[0]
    middle = 1 << ((len(hashes) - 1).bit_length() - 1)
    return node_hash(slow_root(hashes[:middle]), slow_root(hashes[middle:]))


class Model:
    """One log as a list: leaf (None where withheld) and hash of each."""

    def __init__(self, publisher: Publisher) -> None:
        self.origin = publisher.origin()
        self.leaves: list[bytes | None] = []
        self.hashes: list[bytes] = []

    def grow(self, size: int, withheld: set[int]) -> Growth:
        """Append within the bundle that is not full; answers what the store is given."""
        start, before = len(self.leaves), EMPTY_RANGE.extend(self.hashes)
        whole = [f"{self.origin[-5:]} {index}".encode() for index in range(start, start + size)]
        self.hashes += leaf_hashes(whole)
        self.leaves += [None if offset in withheld else leaf for offset, leaf in enumerate(whole)]
        sent = [leaf or b"" for leaf in self.leaves[start:]]
        slots = [WithheldLeaf(at, leaf_hash(whole[at]), "why") for at in sorted(withheld) if at < size]
        return grow(before, sent, slots)

    def check(self, reader: LogReader) -> None:
        """Compare everything."""
        state, node = reader.log(self.origin), reader.node_at(self.origin)
        assert state is not None
        assert state.held == EMPTY_RANGE.extend(self.hashes)
        for start in range(0, len(self.leaves), 256):
            run = reader.leaves(self.origin, start, start + 256)
            gone = {slot.offset for slot in run.withheld}
            found = [None if at in gone else leaf for at, leaf in enumerate(decode_bundle(run.bundle))]
            assert found == self.leaves[start : start + 256]
            assert [slot.leaf_hash for slot in run.withheld] == [
                self.hashes[start + at] for at in sorted(gone)
            ]
        for level in range(len(self.leaves).bit_length()):
            for index in {0, (len(self.leaves) >> level) - 1}:
                assert node(level, index) == slow_root(self.hashes[index << level : (index + 1) << level])


@pytest.mark.slow
@given(STEPS)
def test_the_store_is_a_list(steps: list[tuple[int, int, set[int], bool]]) -> None:
    uri = f"file:/model-{next(NAMES)}?vfs=memdb"
    store = SqliteStore(uri, clock=ManualClock(), random=SeededRandom(1))
    models = [Model(publisher) for publisher in PUBLISHERS]
    with store.write() as writer:
        for publisher in PUBLISHERS:
            writer.take_events(publisher.did, publisher.history, publisher.taken)
    pending = list(reversed(steps))
    while pending:
        with store.write() as writer:
            ends = False
            while pending and not ends:
                which, size, withheld, ends = pending.pop()
                model = models[which]
                room = 256 - len(model.leaves) % 256
                writer.append(model.origin, model.grow(min(size, room), withheld))
        with store.read() as reader:
            for model in models:
                model.check(reader)
    store.close()
