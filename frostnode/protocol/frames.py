"""Frames of the sync stream ↔ bytes (spec/05-sync.md#frames).

A stream is a CBOR sequence. Each item is one definite-length byte string, so a frame's length is known
before anything in it is read; its content is one CBOR array `[kind, fields]`. Frames are not content
addressed: what they carry proves itself.
"""

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from io import BytesIO
from typing import Any, Final, NoReturn, TypeAlias

import cbor2

from frostnode.protocol.errors import FrameError
from frostnode.protocol.limits import (
    CURSOR_BYTES_MAX,
    FRAME_BYTES_MAX,
    FRAME_HEADERS_MAX,
    FRAME_ITEMS_MAX,
    NOTE_BYTES_MAX,
    ORIGIN_BYTES_MAX,
    PROOF_HASHES_MAX,
    REASON_CHARS_MAX,
    TREE_SIZE_MAX,
)


@dataclass(frozen=True, slots=True)
class WithheldLeaf:
    """A leaf that its sender keeps as a hash alone: offset in the bundle, leaf hash (32 bytes), why."""

    offset: int
    leaf_hash: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class BodyAbsent:
    """A body that its sender does not hold on purpose: `erased` or `refused`, and why."""

    state: str
    reason: str


BodyItem: TypeAlias = bytes | BodyAbsent | None
"""None: the header has no body, or it is not here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsFrame:
    """Signed identity events of one publisher, ancestors first."""

    did: str
    events: Sequence[bytes]
    cursor: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointFrame:
    """The signed head that the entries after it are proven to.

    `proof` is the RFC 6962 consistency proof from `old`; old 0 and no hashes when none is offered.
    """

    origin: str
    note: bytes
    old: int = 0
    proof: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EntriesFrame:
    """Leaves [start, …) within one bundle, with the range proof to the tree of `size` leaves."""

    origin: str
    size: int
    start: int
    bundle: bytes
    withheld: Sequence[WithheldLeaf] = ()
    proof: Sequence[bytes] = ()
    cursor: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BodiesFrame:
    """The bodies of leaves [start, start + len(items)) within one bundle."""

    origin: str
    start: int
    items: Sequence[BodyItem]
    cursor: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceFrame:
    """Two checkpoints of an open epoch that contradict each other (evidence.Evidence); its key is known already."""

    origin: str
    smaller: bytes
    larger: bytes
    proof: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CursorFrame:
    """All up to this cursor was sent; also the sign of life of an idle stream."""

    cursor: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class EndFrame:
    """The sender closes on purpose: `end.complete`, or a code of the error registry."""

    code: str
    reason: str = ""


Frame: TypeAlias = (
    EventsFrame | CheckpointFrame | EntriesFrame | BodiesFrame | EvidenceFrame | CursorFrame | EndFrame
)

FRAMES_TYPE: Final = "application/vnd.frostnode.stream+cbor-seq"
"""The media type of frames."""

COMPLETE: Final = "end.complete"

_KINDS: Final[dict[str, type[Frame]]] = {
    "events": EventsFrame,
    "checkpoint": CheckpointFrame,
    "entries": EntriesFrame,
    "bodies": BodiesFrame,
    "evidence": EvidenceFrame,
    "cursor": CursorFrame,
    "end": EndFrame,
}
_NAMES: Final = {cls: name for name, cls in _KINDS.items()}


def encode_frame(frame: Frame) -> bytes:
    """One frame with its outer byte string, ready to be sent."""
    return encode_byte_string(cbor2.dumps(frame_content(frame)))


def frame_content(frame: Frame) -> list[Any]:
    """What a frame says: its kind and its fields, as plain values."""
    content: dict[str, Any] = {}
    for field in fields(frame):
        value = getattr(frame, field.name)
        if field.name == "cursor" and value is None:
            continue
        content[field.name] = list(value) if isinstance(value, tuple) else value
    if isinstance(frame, EntriesFrame):
        content["withheld"] = [[leaf.offset, leaf.leaf_hash, leaf.reason] for leaf in frame.withheld]
    elif isinstance(frame, BodiesFrame):
        content["items"] = [
            [item.state, item.reason] if isinstance(item, BodyAbsent) else item for item in frame.items
        ]
    return [_NAMES[type(frame)], content]


class FrameDecoder:
    """Turns chunks of a stream into frames; holds at most one incomplete frame.

    After an error it must not be fed again.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def is_empty(self) -> bool:
        """Whether the bytes so far ended at the end of a frame."""
        return not self._buffer

    def feed(self, chunk: bytes) -> list[Frame]:
        """The frames that `chunk` completes.

        Raises:
            FrameError: frame.too-large, frame.malformed
        """
        buffer = self._buffer
        buffer += chunk
        frames: list[Frame] = []
        at = 0
        while (head := _item_head(buffer, at)) is not None:
            begin, length = head
            if len(buffer) < begin + length:
                break
            with memoryview(buffer) as view:
                content = bytes(view[begin : begin + length])
            frames.append(decode_frame(content))
            at = begin + length
        del buffer[:at]
        return frames


_HEAD_EXTRA: Final = {24: ">B", 25: ">H", 26: ">I"}


def _item_head(buffer: bytearray, at: int) -> tuple[int, int] | None:
    """Where the content of the byte string at `at` begins and its length, None while incomplete."""
    if at >= len(buffer):
        return None
    major, info = buffer[at] >> 5, buffer[at] & 31
    if major != 2 or info > 26:
        raise FrameError(
            "frame.malformed",
            "item of the stream",
            found=f"initial byte 0x{buffer[at]:02x}",
            expected="a byte string of definite length below 2^32",
        )
    length = info
    begin = at + 1
    if info >= 24:
        form = _HEAD_EXTRA[info]
        begin += struct.calcsize(form)
        if len(buffer) < begin:
            return None
        (length,) = struct.unpack_from(form, buffer, at + 1)
    if length > FRAME_BYTES_MAX:
        raise FrameError("frame.too-large", "frame bytes", found=length, expected=f"≤ {FRAME_BYTES_MAX}")
    return begin, length


def encode_byte_string(data: bytes) -> bytes:
    """One item of a CBOR sequence of byte strings."""
    # Its head is that of its length as a number, but for the major type: the data itself is copied once.
    number = cbor2.dumps(len(data))
    return bytes([number[0] | _BYTE_STRING]) + number[1:] + data


_BYTE_STRING: Final = 2 << 5
"""Major type of a byte string in the first byte of an item."""


def split_byte_strings(data: bytes) -> Iterator[bytes]:
    """The items of a whole CBOR sequence of byte strings, such as an identity history.

    Raises:
        FrameError: frame.malformed, frame.too-large
    """
    buffer = bytearray(data)
    at = 0
    while at < len(buffer):
        head = _item_head(buffer, at)
        if head is None or sum(head) > len(buffer):
            raise FrameError("frame.malformed", "CBOR sequence", found=f"{len(data)} bytes", expected="more")
        begin, length = head
        yield data[begin : begin + length]
        at = begin + length


def _refuse_tag(*_: object) -> NoReturn:
    raise FrameError("frame.malformed", "frame content", found="a tag", expected="no tags")


# Every tag that cbor2 would interpret by itself: some of them compute (big floats), all are refused.
_TAGS: Final[Mapping[int, Callable[..., object]]] = dict.fromkeys(
    (0, 1, 2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 43000, 55799),
    _refuse_tag,
)


def decode_frame(content: bytes) -> Frame:
    """Read the content of one frame, without the outer byte string.

    Raises:
        FrameError: frame.malformed
    """
    check_items(content)
    memory = BytesIO(content)
    decoder = cbor2.CBORDecoder(
        memory,
        semantic_decoders=_TAGS,
        tag_hook=_refuse_tag,
        read_size=len(content) + 1,
        max_depth=6,
        allow_indefinite=False,
        allow_duplicate_keys=False,
        strict_hashable_types=True,
    )
    try:
        item = decoder.decode()
    except cbor2.CBORDecodeError as error:
        raise FrameError("frame.malformed", f"frame content is not CBOR: {error}") from error
    if memory.tell() != len(content):
        raise FrameError(
            "frame.malformed", "frame content", found=len(content), expected=f"{memory.tell()} bytes"
        )
    return read_frame(item)


def read_frame(item: object) -> Frame:
    """The frame that plain values say. Raises FrameError: frame.malformed."""
    match item:
        case [str() as kind, dict() as content_map] if kind in _KINDS:
            return _READERS[_KINDS[kind]](_Fields(kind, content_map))
    raise FrameError("frame.malformed", "frame content", found=type(item).__name__, expected="[kind, fields]")


_STRINGS: Final = (2, 3)
"""The major types whose items are followed by so many bytes."""


def check_items(content: bytes) -> None:
    """Refuse very many items before they are decoded: one byte of CBOR can be a hundred bytes of memory."""
    at = items = 0
    while at < len(content):
        items += 1
        if items > FRAME_ITEMS_MAX:
            raise FrameError(
                "frame.malformed", "items of a frame", found=f"> {FRAME_ITEMS_MAX}", expected="fewer"
            )
        major, info = content[at] >> 5, content[at] & 31
        at += 1
        length = info
        if info >= 24:
            width = 1 << (info & 3)  # what is no width is refused by the decoder
            length = int.from_bytes(content[at : at + width], "big")
            at += width
        if major in _STRINGS:
            at += length


class _Fields:
    """Typed access to the fields of one frame; unknown fields are ignored, so that they can be added."""

    def __init__(self, kind: str, content: dict[Any, Any]) -> None:
        self._kind = kind
        self._content = content

    def _bad(self, name: str, expected: str) -> FrameError:
        found = self._content.get(name)
        return FrameError(
            "frame.malformed",
            f"field {name!r} of a frame {self._kind!r}",
            found=len(found) if isinstance(found, bytes | list) else found,
            expected=expected,
        )

    def number(self, name: str) -> int:
        value = self._content.get(name)
        if type(value) is not int or not 0 <= value <= TREE_SIZE_MAX:
            raise self._bad(name, f"0 to {TREE_SIZE_MAX}")
        return value

    def text(self, name: str, chars_max: int) -> str:
        value = self._content.get(name)
        if type(value) is not str or len(value) > chars_max:
            raise self._bad(name, f"text of at most {chars_max} characters")
        return value

    def data(self, name: str, bytes_max: int) -> bytes:
        value = self._content.get(name)
        if type(value) is not bytes or len(value) > bytes_max:
            raise self._bad(name, f"at most {bytes_max} bytes")
        return value

    def cursor(self) -> bytes | None:
        return self.data("cursor", CURSOR_BYTES_MAX) if "cursor" in self._content else None

    def items(self, name: str, count_max: int) -> list[Any]:
        value = self._content.get(name)
        if type(value) is not list or len(value) > count_max:
            raise self._bad(name, f"at most {count_max} items")
        return value

    def hashes(self, name: str) -> list[bytes]:
        value = self.items(name, PROOF_HASHES_MAX)
        if any(type(item) is not bytes or len(item) != 32 for item in value):
            raise self._bad(name, "hashes of 32 bytes")
        return value

    def byte_strings(self, name: str, count_max: int) -> list[bytes]:
        value = self.items(name, count_max)
        if any(type(item) is not bytes for item in value):
            raise self._bad(name, "byte strings")
        return value

    def withheld(self) -> list[WithheldLeaf]:
        leaves = []
        for item in self.items("withheld", FRAME_HEADERS_MAX):
            match item:
                case [int(offset), bytes(leaf_hash), str(reason)] if (
                    type(offset) is int  # True matches int() too
                    and 0 <= offset < FRAME_HEADERS_MAX
                    and len(leaf_hash) == 32
                    and len(reason) <= REASON_CHARS_MAX
                ):
                    leaves.append(WithheldLeaf(offset, leaf_hash, reason))
                case _:
                    raise self._bad("withheld", "[offset, leaf hash, reason]")
        offsets = [leaf.offset for leaf in leaves]
        if offsets != sorted(set(offsets)):
            raise self._bad("withheld", "ascending offsets")
        return leaves

    def body_items(self) -> list[BodyItem]:
        bodies: list[BodyItem] = []
        for item in self.items("items", FRAME_HEADERS_MAX):
            match item:
                case None | bytes():
                    bodies.append(item)
                case ["erased" | "refused" as state, str(reason)] if len(reason) <= REASON_CHARS_MAX:
                    bodies.append(BodyAbsent(state, reason))
                case _:
                    raise self._bad("items", "a body, null or [erased | refused, reason]")
        return bodies


_ORIGIN: Final = ("origin", ORIGIN_BYTES_MAX)
_EVENTS_MAX: Final = 4096

_READERS: Final[dict[type[Frame], Callable[[_Fields], Frame]]] = {
    EventsFrame: lambda f: EventsFrame(
        did=f.text("did", ORIGIN_BYTES_MAX), events=f.byte_strings("events", _EVENTS_MAX), cursor=f.cursor()
    ),
    CheckpointFrame: lambda f: CheckpointFrame(
        origin=f.text(*_ORIGIN),
        note=f.data("note", NOTE_BYTES_MAX),
        old=f.number("old"),
        proof=f.hashes("proof"),
    ),
    EntriesFrame: lambda f: EntriesFrame(
        origin=f.text(*_ORIGIN),
        size=f.number("size"),
        start=f.number("start"),
        bundle=f.data("bundle", FRAME_BYTES_MAX),
        withheld=f.withheld(),
        proof=f.hashes("proof"),
        cursor=f.cursor(),
    ),
    BodiesFrame: lambda f: BodiesFrame(
        origin=f.text(*_ORIGIN), start=f.number("start"), items=f.body_items(), cursor=f.cursor()
    ),
    EvidenceFrame: lambda f: EvidenceFrame(
        origin=f.text(*_ORIGIN),
        smaller=f.data("smaller", NOTE_BYTES_MAX),
        larger=f.data("larger", NOTE_BYTES_MAX),
        proof=f.hashes("proof"),
    ),
    CursorFrame: lambda f: CursorFrame(cursor=f.data("cursor", CURSOR_BYTES_MAX)),
    EndFrame: lambda f: EndFrame(code=f.text("code", 64), reason=f.text("reason", REASON_CHARS_MAX)),
}
