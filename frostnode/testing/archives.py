"""Archives without a store: of publishers in memory, as sound or as odd as a test wants them."""

from collections.abc import Iterable, Iterator

from frostnode.protocol.archive import ArchivedLog, Manifest, encode_begin, encode_end, encode_part
from frostnode.protocol.frames import BodiesFrame, Frame
from frostnode.protocol.limits import FRAME_BODIES_BYTES_MAX
from frostnode.testing.memory_publisher import MemoryPublisher


def frames_of(*epochs: MemoryPublisher) -> Iterator[Frame]:
    """The frames of an archive of one publisher, given in each of its epochs; the last knows all events."""
    yield epochs[-1].events()
    for epoch in epochs:
        for frame in list(epoch.stream())[1:]:
            if isinstance(frame, BodiesFrame):
                yield from _small_enough(frame)
            else:
                yield frame


def _small_enough(frame: BodiesFrame) -> Iterator[BodiesFrame]:
    begin = weight = 0
    for at, item in enumerate(frame.items):
        size = len(item) if isinstance(item, bytes) else 0
        if weight and weight + size > FRAME_BODIES_BYTES_MAX:
            yield BodiesFrame(origin=frame.origin, start=frame.start + begin, items=frame.items[begin:at])
            begin, weight = at, 0
        weight += size
    yield BodiesFrame(origin=frame.origin, start=frame.start + begin, items=frame.items[begin:])


def manifest_of(*epochs: MemoryPublisher) -> Manifest:
    """What such an archive says that it holds."""
    logs = tuple(ArchivedLog(origin=epoch.origin, size=len(epoch.leaves)) for epoch in epochs)
    return Manifest(did=epochs[-1].did, tip=epochs[-1].history[-1].cid, logs=logs)


def archive_of(*epochs: MemoryPublisher) -> bytes:
    """A sound archive."""
    return archive_with(manifest_of(*epochs), frames_of(*epochs))


def archive_with(manifest: Manifest, frames: Iterable[Frame], end: bytes | None = None) -> bytes:
    """An archive of any frames, in any order; `end` in the place of its last block."""
    return (
        encode_begin(manifest) + b"".join(map(encode_part, frames)) + (encode_end() if end is None else end)
    )
