"""The leaves of one entries frame with what their proof leads to: read once, compared and cut by the follower."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from frostnode.protocol.errors import FrameError
from frostnode.protocol.frames import EntriesFrame, WithheldLeaf
from frostnode.protocol.growth import Growth, extend_within_bundle
from frostnode.protocol.limits import HEADER_BYTES_MAX, TILE_WIDTH
from frostnode.protocol.merkle import EMPTY_RANGE, CompactRange, Hash, leaf_hashes
from frostnode.protocol.range_proof import right_part_from, root_above
from frostnode.protocol.tiles import decode_bundle, encode_bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafRun:
    """Leaves [start, stop) within one bundle; `leaves` has None where one is withheld.

    If `root` is the signed one, the leaves are where they claim to be in the tree of `size`, `left` is the
    tree before them, `through` the tree with them and `right` what lies beyond; `filled` is the root of
    their bundle if they end it.
    """

    size: int
    start: int
    bundle: bytes
    leaves: Sequence[bytes | None]
    withheld: Sequence[WithheldLeaf]
    hashes: Sequence[Hash]
    left: CompactRange
    through: CompactRange
    filled: Hash | None
    right: Sequence[Hash]
    root: Hash

    @property
    def stop(self) -> int:
        """The leaf behind the last."""
        return self.start + len(self.leaves)

    def tree_before(self, size: int) -> CompactRange:
        """The tree of the first `size` leaves, start ≤ size ≤ stop."""
        if size == self.stop:
            return self.through
        return self.left.extend(self.hashes[: size - self.start]) if size > self.start else self.left

    def right_of(self, at: int) -> Sequence[Hash]:
        """What lies beyond the first `at` leaves, start ≤ at ≤ stop, as the right part of a range proof."""
        return (
            self.right
            if at == self.stop
            else right_part_from(at, self.stop, self.size, self._node, self.right)
        )

    def _node(self, level: int, index: int) -> Hash:
        low, high = (index << level) - self.start, (index + 1 << level) - self.start
        return EMPTY_RANGE.extend(self.hashes[low:high]).hashes[0]

    def proof_at(self, at: int) -> list[Hash] | None:
        """The range proof of [at, at), which shows the tree of the first `at` leaves; None where the run does not reach."""
        if not self.start <= at <= self.stop:
            return None
        return [*self.tree_before(at).hashes, *self.right_of(at)]

    def shared_with(self, held: int, tree: Callable[[int], CompactRange]) -> int:
        """How many of `held` leaves, whose first so many make `tree`, are surely those that the run shows.

        Before the run that is told by whole subtrees: the leaves of the first that differs are not counted.
        """
        ours, size = tree(self.start), 0
        for mine, theirs, level in zip(ours.hashes, self.left.hashes, _levels(self.start), strict=True):
            if mine != theirs:
                return size
            size += 1 << level
        stop = min(held, self.stop)
        while size < stop:
            middle = (size + stop + 1) // 2
            if tree(middle) == self.tree_before(middle):
                size = middle
            else:
                stop = middle - 1
        return size

    def carried_stop(self) -> int:
        """Where the leaves end that a node can carry: at the first above the size limit, or at the end."""
        for index, leaf in enumerate(self.leaves, self.start):
            if leaf is not None and len(leaf) > HEADER_BYTES_MAX:
                return index
        return self.stop

    def leaf(self, index: int) -> bytes | None:
        """One leaf by its index in the log."""
        return self.leaves[index - self.start]

    def lacking_in(self, held: Sequence[bytes | None]) -> list[tuple[int, bytes]] | None:
        """Which of these leaves are held as a hash alone and could be carried; None when others are held in their place."""
        lacking: list[tuple[int, bytes]] = []
        for index, (mine, theirs) in enumerate(zip(held, self.leaves, strict=True), self.start):
            if mine is not None and theirs is not None and mine != theirs:
                return None
            if mine is None and theirs is not None and len(theirs) <= HEADER_BYTES_MAX:
                lacking.append((index, theirs))
        return lacking

    def growth(self, before: CompactRange, stop: int) -> Growth:
        """Put the leaves from `before` on, up to `stop`, behind that tree."""
        return Growth(
            before=before,
            bundle=self._bundle_of(before.size, stop),
            withheld=self._withheld_of(before.size, stop),
            after=self.tree_before(stop),
            filled=self.filled if stop == self.stop else None,
        )

    def _bundle_of(self, start: int, stop: int) -> bytes:
        if (start, stop) == (self.start, self.stop):
            return self.bundle
        return encode_bundle(leaf or b"" for leaf in self.leaves[start - self.start : stop - self.start])

    def _withheld_of(self, start: int, stop: int) -> list[WithheldLeaf]:
        """What is withheld of [start, stop), by offset from `start`."""
        skip = start - self.start
        return [
            WithheldLeaf(slot.offset - skip, slot.leaf_hash, slot.reason)
            for slot in self.withheld
            if skip <= slot.offset < stop - self.start
        ]


def _levels(size: int) -> list[int]:
    """The levels of the perfect subtrees of a compact range, from left to right."""
    return [level for level in reversed(range(size.bit_length())) if size >> level & 1]


def read_run(frame: EntriesFrame) -> LeafRun:
    """Read the leaves of a frame and work out what its proof says of them.

    Raises:
        FrameError: frame.malformed
        LogError: tile.malformed
        TreeError: tree.size, tree.proof
    """
    found = decode_bundle(frame.bundle)
    stop = frame.start + len(found)
    if not found or frame.start // TILE_WIDTH != (stop - 1) // TILE_WIDTH or stop > frame.size:
        raise FrameError(
            "frame.malformed",
            f"entries of {frame.origin}",
            found=f"[{frame.start}, {stop}) of {frame.size}",
            expected="one to 256 leaves of one bundle",
        )
    hashes = leaf_hashes(found)
    leaves: list[bytes | None] = list(found)
    for slot in frame.withheld:
        if slot.offset >= len(leaves) or leaves[slot.offset]:
            raise FrameError("frame.malformed", f"withheld slot {slot.offset}", expected="a zero-length leaf")
        leaves[slot.offset] = None
        hashes[slot.offset] = slot.leaf_hash
    width = frame.start.bit_count()
    left, right = CompactRange(frame.start, tuple(frame.proof[:width])), frame.proof[width:]
    through, filled = extend_within_bundle(left, hashes)
    return LeafRun(
        size=frame.size,
        start=frame.start,
        bundle=frame.bundle,
        leaves=leaves,
        withheld=frame.withheld,
        hashes=hashes,
        left=left,
        through=through,
        filled=filled,
        right=right,
        root=root_above(through, frame.size, right),
    )
