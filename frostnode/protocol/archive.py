"""A publisher as one file ↔ frames (spec/12-archives.md): what a peer would send, in a CAR.

Rules:
- the parts come in one order, that of the manifest; a file that is cut, in whatever place, is known to be cut;
- a decoder holds one bundle's worth of bodies at most, whatever the file says;
- nothing is proven here but that the bytes are those of their CIDs: the frames prove themselves to a follower.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from frostnode.protocol.car import Block, CarDecoder, encode_block, encode_head
from frostnode.protocol.dagcbor import Cid, Value, decode, encode
from frostnode.protocol.errors import LogError, PeerError
from frostnode.protocol.frames import (
    COMPLETE,
    BodiesFrame,
    BodyAbsent,
    BodyItem,
    CheckpointFrame,
    EndFrame,
    EntriesFrame,
    EventsFrame,
    EvidenceFrame,
    Frame,
    check_items,
    frame_content,
    read_frame,
)
from frostnode.protocol.limits import (
    ARCHIVE_MANIFEST_BYTES_MAX,
    FRAME_BODIES_BYTES_MAX,
    FRAME_BYTES_MAX,
    IDENTITY_PATH_EVENTS_MAX,
    TILE_WIDTH,
    TREE_SIZE_MAX,
)
from frostnode.protocol.names import Did, Origin, parse_did, parse_origin
from frostnode.protocol.tiles import decode_bundle

ARCHIVE_FORMAT: Final = "frost-archive/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedLog:
    """One log of an archive: the first `size` leaves of the epoch's tree."""

    origin: Origin
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What an archive says that it holds. `tip` is the last identity event that counts for whoever wrote it, if one does."""

    did: Did
    tip: Cid | None
    logs: tuple[ArchivedLog, ...]

    @property
    def entries(self) -> int:
        """How many leaves all logs together have."""
        return sum(log.size for log in self.logs)


@dataclass(frozen=True, slots=True)
class Placed:
    """A frame, and where in the file it stands."""

    frame: Frame
    place: str


# -- writing --------------------------------------------------------------------------------------------


def encode_begin(manifest: Manifest) -> bytes:
    """The head of the file and the manifest."""
    data = encode(
        {
            "did": manifest.did,
            "tip": manifest.tip,
            "logs": [{"origin": log.origin, "size": log.size} for log in manifest.logs],
            "format": ARCHIVE_FORMAT,
        }
    )
    root = Cid.of(data)
    return encode_head(root) + encode_block(root, data)


def encode_part(frame: Frame) -> bytes:
    """The block of a frame; of bodies, one with their CIDs and then a block for each."""
    bodies: list[bytes] = []
    kind, fields = frame_content(frame)
    if isinstance(frame, BodiesFrame):
        bodies = [item for item in frame.items if isinstance(item, bytes)]
        fields["items"] = [Cid.of(item) if isinstance(item, bytes) else item for item in fields["items"]]
    return b"".join(map(_block, (encode([kind, fields]), *bodies)))


def _block(data: bytes) -> bytes:
    return encode_block(Cid.of(data), data)


def encode_end() -> bytes:
    """The last block: without it the file is cut."""
    return encode_part(EndFrame(code=COMPLETE))


# -- reading --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Bodies:
    """A run of bodies whose blocks are coming."""

    place: str
    origin: str
    start: int
    items: list[Cid | BodyAbsent | None]
    found: list[BodyItem]
    weight: int = 0

    def fill(self) -> bool:
        """Pass over what needs no block; answers whether all is there."""
        while len(self.found) < len(self.items):
            item = self.items[len(self.found)]
            if isinstance(item, Cid):
                return False
            self.found.append(item)
        return True


class ArchiveDecoder:
    """Turns chunks of an archive into frames in their order. After an error it must not be fed again."""

    def __init__(self) -> None:
        self._car = CarDecoder()
        self.manifest: Manifest | None = None
        """What the file says that it holds, as soon as that is read."""
        self._bodies: _Bodies | None = None
        self._order: _Order | None = None

    def feed(self, chunk: bytes) -> Iterator[Placed]:
        """The frames that `chunk` completes.

        Raises:
            PeerError: archive.malformed, archive.order; what is wrong with a frame; the message names the block
        """
        for block in self._car.feed(chunk):
            frame = self._take(block)
            if frame is not None:
                yield frame

    def close(self) -> None:
        """There is no more.

        Raises:
            LogError: archive.truncated
        """
        self._car.close()
        if self._order is None or not self._order.has_ended or self._bodies is not None:
            raise LogError("archive.truncated", self._car.place, found="the end", expected="more blocks")

    def _take(self, block: Block) -> Placed | None:
        try:
            if self._order is None:
                self.manifest = _read_manifest(block, self._car.root)
                self._order = _Order(self.manifest)
                return None
            if self._bodies is not None:
                return self._take_body(self._bodies, block)
            return self._take_part(self._order, block)
        except PeerError as error:
            raise located(error, block.place) from error

    def _take_part(self, order: "_Order", block: Block) -> Placed | None:
        kind, fields = _read_part(block.data)
        if kind != "bodies":
            frame = read_frame([kind, fields])
            order.check(frame)
            return None if order.has_ended else Placed(frame, block.place)
        items = fields.get("items")
        plain = (
            [None if isinstance(item, Cid) else item for item in items] if isinstance(items, list) else items
        )
        frame = read_frame([kind, {**fields, "items": plain}])
        assert isinstance(frame, BodiesFrame)
        named: list[Cid | BodyAbsent | None] = [
            item if isinstance(item, Cid) else _absent(shown)
            for item, shown in zip(items if isinstance(items, list) else (), frame.items, strict=True)
        ]
        order.check(frame)
        self._bodies = _Bodies(block.place, frame.origin, frame.start, named, [])
        return self._finished(self._bodies)

    def _take_body(self, bodies: _Bodies, block: Block) -> Placed | None:
        wanted = bodies.items[len(bodies.found)]
        if block.cid != wanted:
            raise LogError("archive.order", "body", found=block.cid, expected=wanted)
        bodies.found.append(block.data)
        bodies.weight += len(block.data)
        if bodies.weight > FRAME_BODIES_BYTES_MAX and bodies.weight > len(block.data):
            raise LogError(
                "archive.malformed",
                "bodies of one run",
                found=bodies.weight,
                expected=f"≤ {FRAME_BODIES_BYTES_MAX}, or one",
            )
        return self._finished(bodies)

    def _finished(self, bodies: _Bodies) -> Placed | None:
        if not bodies.fill():
            return None
        self._bodies = None
        frame = BodiesFrame(origin=bodies.origin, start=bodies.start, items=bodies.found)
        return Placed(frame, bodies.place)


def _absent(item: BodyItem) -> BodyAbsent | None:
    if isinstance(item, bytes):
        raise LogError("archive.malformed", "body", found="its bytes", expected="a link to its block")
    return item


def located(error: PeerError, place: str) -> PeerError:
    """The same error, with the place in the file at which it was met."""
    return type(error)(
        error.code,
        f"{place}: {error.message}",
        found=error.found,
        expected=error.expected,
        hint=error.hint,
    )


def _read_part(data: bytes) -> tuple[str, dict[str, Value]]:
    check_items(data)
    match decode(data, bytes_max=FRAME_BYTES_MAX, depth_max=6, floats=False):
        case [str() as kind, dict() as fields]:
            return kind, fields
        case value:
            raise LogError("archive.malformed", "part", found=type(value).__name__, expected="[kind, fields]")


def _read_manifest(block: Block, root: Cid | None) -> Manifest:
    """The first block, which is the root.

    Raises:
        LogError: archive.malformed; EncodingError
    """
    if block.cid != root:
        raise LogError("archive.malformed", "first block", found=block.cid, expected=f"the root {root}")
    value = decode(block.data, bytes_max=ARCHIVE_MANIFEST_BYTES_MAX, depth_max=4, floats=False)
    match value:
        case {"format": str() as found} if found != ARCHIVE_FORMAT:
            raise LogError("archive.malformed", "format", found=found, expected=ARCHIVE_FORMAT)
        case {"format": str(), "did": str() as text, "tip": Cid() | None as tip, "logs": list() as logs}:
            did = parse_did(text)
            return Manifest(did=did, tip=tip, logs=tuple(_read_logs(did, logs)))
        case _:
            raise LogError(
                "archive.malformed",
                "manifest",
                found=type(value).__name__,
                expected="{did, format, logs, tip}",
            )


def _read_logs(did: Did, items: Sequence[Value]) -> Iterator[ArchivedLog]:
    last = -1
    for item in items:
        match item:
            case {"origin": str() as origin, "size": int(size)} if type(size) is int and (
                0 <= size <= TREE_SIZE_MAX
            ):
                parts = parse_origin(origin)
                if parts.did != did or not last < parts.epoch < IDENTITY_PATH_EVENTS_MAX:
                    raise LogError(
                        "archive.malformed", "log", found=origin, expected=f"a later epoch of {did}"
                    )
                last = parts.epoch
                yield ArchivedLog(origin=Origin(origin), size=size)
            case _:
                raise LogError(
                    "archive.malformed", "log", found=type(item).__name__, expected="{origin, size}"
                )


class _Order:
    """Which frame may come next: events, then for each log checkpoint, bundles and their bodies, evidence; the end."""

    def __init__(self, manifest: Manifest) -> None:
        self._did = manifest.did
        self._logs = iter(manifest.logs)
        self._log: ArchivedLog | None = None
        self._has_events = False
        self._has_checkpoint = self._has_evidence = False
        self._start = self._stop = self._bodies_from = 0
        self.has_ended = False

    def check(self, frame: Frame) -> None:
        """Take note of a frame.

        Raises:
            LogError: archive.order
        """
        if self.has_ended:
            raise self._unexpected(frame, "nothing behind the end")
        match frame:
            case EventsFrame():
                if frame.did != self._did or self._log is not None:
                    raise self._unexpected(frame, f"of {self._did}, and before its logs")
                self._has_events = True
            case CheckpointFrame():
                self._go_to(frame, frame.origin)
                if self._has_checkpoint or self._stop or self._has_evidence:
                    raise self._unexpected(frame, "one checkpoint, before the leaves")
                self._has_checkpoint = True
            case EvidenceFrame():
                self._evidence(frame)
            case EntriesFrame():
                self._go_to(frame, frame.origin)
                self._entries(frame)
            case BodiesFrame():
                self._bodies(frame)
            case EndFrame():
                self._finish_log(frame)
                if frame.code != COMPLETE:
                    raise self._unexpected(frame, COMPLETE)
                if any(log.size for log in self._logs) or not self._has_events:
                    raise self._unexpected(frame, "all logs of the manifest before it")
                self.has_ended = True
            case _:
                raise self._unexpected(frame, "no frame of this kind")

    def _go_to(self, frame: Frame, origin: str) -> None:
        """Go on to the next log, when that is what the frame is of."""
        if self._log is not None and self._log.origin == origin:
            return
        self._finish_log(frame)
        while (log := next(self._logs, None)) is not None and log.origin != origin and not log.size:
            pass  # of an empty log there may be nothing to say
        if log is None or log.origin != origin or not self._has_events:
            raise self._unexpected(frame, "the events, then the logs of the manifest in their order")
        self._log, self._has_checkpoint, self._has_evidence = log, False, False
        self._start = self._stop = self._bodies_from = 0

    def _finish_log(self, frame: Frame) -> None:
        if self._log is not None and self._stop != self._log.size:
            raise self._unexpected(
                frame, f"leaves from {self._stop} to {self._log.size} of {self._log.origin}"
            )

    def _entries(self, frame: EntriesFrame) -> None:
        assert self._log is not None
        size, stop = self._log.size, min(self._log.size, self._stop + TILE_WIDTH)
        count = len(decode_bundle(frame.bundle))
        if (frame.size, frame.start, count) != (size, self._stop, stop - self._stop) or not count:
            raise self._unexpected(frame, f"leaves from {self._stop} on, proven to {size}")
        self._start, self._stop, self._bodies_from = self._stop, stop, self._stop

    def _evidence(self, frame: EvidenceFrame) -> None:
        self._go_to(frame, frame.origin)
        self._finish_log(frame)
        if self._has_evidence:
            raise self._unexpected(frame, "the evidence of a log once")
        self._has_evidence = True

    def _bodies(self, frame: BodiesFrame) -> None:
        stop = frame.start + len(frame.items)
        is_here = self._log is not None and frame.origin == self._log.origin and frame.items
        if not is_here or not self._bodies_from <= frame.start < stop <= self._stop:
            raise self._unexpected(frame, f"those of leaves [{self._bodies_from}, {self._stop})")
        self._bodies_from = stop

    def _unexpected(self, frame: Frame, expected: str) -> LogError:
        return LogError("archive.order", "part", found=frame_content(frame)[0], expected=expected)
