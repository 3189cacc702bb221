"""Vectors of 05 sync: frames by themselves."""

from typing import Any

import cbor2

from frostnode.protocol.frames import (
    BodiesFrame,
    BodyAbsent,
    CheckpointFrame,
    CursorFrame,
    EndFrame,
    EntriesFrame,
    EventsFrame,
    EvidenceFrame,
    Frame,
    WithheldLeaf,
    encode_frame,
)
from interop.cases.vector import Vector, Vectors

SPEC = "05-sync.md#frames"
HASH = bytes(range(32))
ORIGIN = "an origin, which only a follower reads"
WITHHELD = [WithheldLeaf(1, HASH, "court order"), WithheldLeaf(2, HASH, "")]
CURSOR = CursorFrame(cursor=HASH)


def frame(kind: str, **fields: Any) -> bytes:
    """A frame with these fields."""
    return outer(cbor2.dumps([kind, fields]))


def outer(content: bytes) -> bytes:
    """The byte string around the content of a frame."""
    return cbor2.dumps(content)


def valid() -> list[tuple[str, str, bytes]]:
    """Name, about, bytes of a stream."""
    entries = EntriesFrame(
        origin=ORIGIN, size=9, start=2, bundle=b"\0\1a\0\0\0\0", withheld=WITHHELD, proof=[HASH]
    )
    items = [b"a body", None, BodyAbsent("erased", "by request"), BodyAbsent("refused", "")]
    frames: list[tuple[str, str, Frame]] = [
        (
            "events",
            "Signed events, without and with a cursor.",
            EventsFrame(did="did:frost:x", events=[b"1", b"2"]),
        ),
        (
            "events-with-cursor",
            "All up to there was sent.",
            EventsFrame(did="did:frost:x", events=[], cursor=HASH),
        ),
        (
            "checkpoint",
            "With a consistency proof.",
            CheckpointFrame(origin=ORIGIN, note=b"note", old=3, proof=[HASH, HASH]),
        ),
        ("checkpoint-without-proof", "old 0 and nothing.", CheckpointFrame(origin=ORIGIN, note=b"note")),
        ("entries", "Two of three leaves are withheld.", entries),
        (
            "bodies",
            "Present, none, erased, refused.",
            BodiesFrame(origin=ORIGIN, start=2**53 - 1, items=items),
        ),
        (
            "evidence",
            "Two notes and a proof, which only a follower reads.",
            EvidenceFrame(origin=ORIGIN, smaller=b"one", larger=b"two", proof=[HASH, HASH]),
        ),
        ("cursor", "A sign of life.", CURSOR),
        ("end", "On purpose.", EndFrame(code="end.complete", reason="")),
    ]
    cursor = {"cursor": HASH}
    long_head = (
        b"\x5a" + len(cbor2.dumps(["cursor", cursor])).to_bytes(4, "big") + cbor2.dumps(["cursor", cursor])
    )
    return [
        *((name, about, encode_frame(value)) for name, about, value in frames),
        ("nothing", "No frame is a stream.", b""),
        ("two-frames", "One after the other.", encode_frame(CURSOR) * 2),
        ("truncated", "The frames before it count.", encode_frame(CURSOR) + encode_frame(CURSOR)[:-1]),
        ("truncated-head", "Half a length.", encode_frame(CURSOR) + b"\x59\x01"),
        (
            "unknown-field",
            "Passed over, so that fields can be added.",
            frame("cursor", cursor=HASH, more=[1.5, None, {"a": b""}]),
        ),
        ("fields-in-another-order", "Frames are not canonical.", frame("end", reason="r", code="c")),
        ("length-in-more-bytes-than-needed", "Frames are not canonical.", long_head),
        (
            "reason-at-the-limit",
            "200 characters, not bytes.",
            frame("end", code="c", reason="\U0001f9ca" * 200),
        ),
    ]


def entries(**change: Any) -> bytes:
    """An entries frame, changed."""
    fields = {"origin": ORIGIN, "size": 9, "start": 2, "bundle": b"\0\0\0\0", "withheld": [], "proof": []}
    return frame("entries", **fields | change)


def bodies(*items: Any) -> bytes:
    """A bodies frame."""
    return frame("bodies", origin=ORIGIN, start=0, items=list(items))


def invalid() -> list[tuple[str, str, bytes]]:
    """Name, about, bytes: malformed frames."""
    content = cbor2.dumps(["cursor", {"cursor": HASH}])
    twice = b"\x82\x66cursor\xa2" + (b"\x66cursor" + cbor2.dumps(HASH)) * 2
    return [
        ("array-without-byte-string", "its length is not known before it is read", content),
        (
            "indefinite-byte-string",
            "its length is not known before it is read",
            b"\x5f" + outer(content) + b"\xff",
        ),
        ("length-of-64-bits", "no frame needs it", b"\x5b" + len(content).to_bytes(8, "big") + content),
        ("empty", "no content", b"\x40"),
        ("text", "no frame", outer(cbor2.dumps("cursor"))),
        ("three-items", "a kind and its fields", outer(cbor2.dumps(["cursor", {"cursor": HASH}, 0]))),
        ("fields-as-array", "a map", outer(cbor2.dumps(["cursor", [HASH]]))),
        ("unknown-kind", "it may change what comes after", frame("rumour", text="")),
        ("kind-as-bytes", "text", outer(cbor2.dumps([b"cursor", {"cursor": HASH}]))),
        ("bytes-after-the-frame", "one item", outer(content + b"\0")),
        ("content-truncated", "the last byte is missing", outer(content[:-1])),
        ("field-missing", "no cursor", frame("cursor")),
        ("field-of-another-type", "text for bytes", frame("cursor", cursor="text")),
        ("field-twice", "two readings", outer(twice)),
        ("field-null", "absent fields are absent", frame("events", did="d", events=[], cursor=None)),
        ("tag", "none are needed", outer(cbor2.dumps(["cursor", cbor2.CBORTag(42, {"cursor": HASH})]))),
        ("tag-in-an-unknown-field", "none anywhere", frame("cursor", cursor=HASH, more=cbor2.CBORTag(1, 0))),
        ("big-integer", "a tag that computes", frame("cursor", cursor=HASH, more=2**70)),
        ("indefinite-array-inside", "definite lengths", outer(b"\x9f" + content[1:] + b"\xff")),
        ("text-not-utf-8", "a byte that is no text", outer(b"\x82\x63end\xa2\x64code\x61\xff\x66reason\x60")),
        (
            "nested-without-end",
            "a hundred thousand arrays",
            outer(b"\x82\x66cursor\xa1\x61x" + b"\x81" * 100_000 + b"\0"),
        ),
        ("cursor-too-long", "65 bytes", frame("cursor", cursor=bytes(65))),
        ("reason-too-long", "201 characters", frame("end", code="c", reason="r" * 201)),
        ("number-negative", "no such leaf", entries(start=-1)),
        ("number-as-float", "2.0 is not 2", entries(start=2.0)),
        ("number-as-boolean", "true is not 1", entries(start=True)),
        ("number-too-large", "2^53", entries(size=2**53)),
        ("proof-hash-too-short", "31 bytes", entries(proof=[HASH[:31]])),
        ("proof-too-long", "129 hashes", entries(proof=[HASH] * 129)),
        ("bundle-no-bytes", "text", entries(bundle="text")),
        ("withheld-out-of-order", "ascending offsets", entries(withheld=[[1, HASH, ""], [0, HASH, ""]])),
        ("withheld-twice", "each once", entries(withheld=[[0, HASH, ""], [0, HASH, ""]])),
        ("withheld-beyond-a-bundle", "offset 256", entries(withheld=[[256, HASH, ""]])),
        ("withheld-without-reason", "three items", entries(withheld=[[0, HASH]])),
        ("withheld-hash-too-short", "31 bytes", entries(withheld=[[0, HASH[:31], ""]])),
        ("body-as-text", "bytes, null or why not", bodies("text")),
        ("body-in-an-unknown-state", "erased or refused", bodies(["lost", ""])),
        ("body-state-without-reason", "two items", bodies(["erased"])),
        ("bodies-too-many", "257", bodies(*[None] * 257)),
        (
            "evidence-without-a-note",
            "two of them",
            frame("evidence", origin=ORIGIN, smaller=b"one", proof=[]),
        ),
        (
            "evidence-note-too-long",
            "16 KiB",
            frame("evidence", origin=ORIGIN, smaller=bytes(16_385), larger=b"", proof=[]),
        ),
        (
            "evidence-hash-too-short",
            "31 bytes",
            frame("evidence", origin=ORIGIN, smaller=b"", larger=b"", proof=[HASH[:31]]),
        ),
        ("event-as-text", "bytes", frame("events", did="d", events=["text"])),
    ]


def vectors() -> Vectors:
    """All of the area."""
    for name, about, data in valid():
        yield Vector(area="frames", name=name, about=about, spec=SPEC, input={"bytes": short(data)})
    for name, about, data in invalid():
        given = {"bytes": short(data)}
        yield Vector(area="frames", name=name, about=about, spec=SPEC, input=given, error="frame.malformed")
    huge = {"bytes": "5a00410001"}
    about = "refused by its head, before the rest is read"
    yield Vector(area="frames", name="oversized", about=about, spec=SPEC, input=huge, error="frame.too-large")


def short(data: bytes) -> Any:
    """Hex; where one byte is repeated very often, so many times that."""
    if len(data) < 10_000:
        return data.hex()
    byte = max(set(data), key=data.count)
    begin = data.index(bytes([byte]) * 1000)
    stop = begin
    while stop < len(data) and data[stop] == byte:
        stop += 1
    return [[data[:begin].hex(), 1], [f"{byte:02x}", stop - begin], [data[stop:].hex(), 1]]
