"""Vectors of 12 archives: whole files."""

import re
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from frostnode.protocol.archive import ArchivedLog, Manifest, encode_begin, encode_end, encode_part
from frostnode.protocol.car import encode_block, encode_head
from frostnode.protocol.dagcbor import Cid, encode
from frostnode.protocol.frames import BodiesFrame, BodyAbsent, CheckpointFrame, EventsFrame, Frame
from frostnode.protocol.limits import ARCHIVE_BLOCK_BYTES_MAX, FRAME_BYTES_MAX
from frostnode.protocol.names import Did, Origin
from frostnode.protocol.range_proof import range_proof
from interop.cases import publisher as p
from interop.cases import streams as s
from interop.cases.log import Log, body, put, small_log
from interop.cases.notes import NAME, WITNESS, witness_line
from interop.cases.vector import Octets, Vector, Vectors

CONTAINER = "12-archives.md#container"
MANIFEST = "12-archives.md#manifest"
PARTS = "12-archives.md#parts"
VERIFICATION = "12-archives.md#verification"
ORIGIN, LOG, FORK, LONG = s.ORIGIN, s.LOG, s.FORK, s.LONG
NEXT = small_log(p.origin_of(p.DID, 1, s.ENDED), p.key("log 1"), " of the next epoch")
OTHER_DID = f"did:frost:{p.cid_of(p.sign(p.genesis_fields(' of another'), 'authority 0'))}"
END = encode_end()
TWINS = [body("Sea ice"), body("Sea ice")]
REPEATED = Log(ORIGIN, p.key("log 0"), [put(f"twin-{at}", twin) for at, twin in enumerate(TWINS)], TWINS)


def begin(*logs: tuple[str, int], tip: bytes | None = p.GENESIS) -> bytes:
    """The head and the manifest."""
    listed = tuple(ArchivedLog(origin=Origin(origin), size=size) for origin, size in logs)
    return encode_begin(Manifest(did=Did(p.DID), tip=None if tip is None else p.cid_of(tip), logs=listed))


def parts(*frames: Frame) -> bytes:
    """The blocks of frames."""
    return b"".join(map(encode_part, frames))


def block(data: bytes) -> bytes:
    """One block of any bytes."""
    return encode_block(Cid.of(data), data)


def part(kind: str, fields: Mapping[str, Any]) -> bytes:
    """The block of a part of any form."""
    return block(encode([kind, dict(fields)]))


def with_manifest(value: Any) -> bytes:
    """A file of any manifest and a genesis event."""
    data = encode(value)
    return encode_head(Cid.of(data)) + block(data) + parts(s.EVENTS) + END


def file(*frames: Frame, log: Log = LOG, size: int = 6) -> bytes:
    """An archive of one log, whole if the frames are."""
    return begin((log.origin, size)) + parts(*frames) + END


BODIES = LOG.bodies_frame(0, LOG.bodies)
WHOLE = (s.EVENTS, s.HEAD, s.ENTRIES, BODIES)
ENDED = (s.ENDED_EVENTS, LOG.entries_frame(0, 4, 4), LOG.bodies_frame(0, LOG.bodies[:4]))
NEXT_PARTS = (NEXT.checkpoint_frame(6), NEXT.entries_frame(0, 6, 6), NEXT.bodies_frame(0, NEXT.bodies))
BOTH = begin((ORIGIN, 4), (NEXT.origin, 6), tip=s.ENDED)
TEXT = LOG.note(6).decode().split("\n\n")[0] + "\n"
COSIGNED = LOG.note(6) + witness_line(TEXT, 1_767_225_600).encode()
FILE = file(*WHOLE)


def filled(size: int) -> bytes:
    """A sound archive whose events have a field that nobody knows, so that their part has so many bytes."""
    fields: dict[str, Any] = {"did": p.DID, "events": [p.GENESIS], "x": b""}
    room = size - len(encode(["events", fields])) - 4  # the head of a long byte string takes four bytes more
    data = encode(["events", fields | {"x": bytes(room)}])
    assert len(data) == size
    return begin() + block(data) + END


def forked() -> bytes:
    """The identity has two histories; the log of one of them is in the file."""
    events = EventsFrame(did=p.DID, events=[p.GENESIS, s.ENDED, p.THIEF])
    return BOTH + parts(events, *ENDED[1:], *NEXT_PARTS) + END


def valid() -> list[tuple[str, str, str, bytes]]:
    """Name, about, spec, file."""
    alone = EventsFrame(did=p.DID, events=[s.ENDED])
    settled = EventsFrame(did=p.DID, events=[p.GENESIS, p.MOVED, p.RECOVERED])
    unknown = {"format": "frost-archive/1", "did": p.DID, "tip": None, "logs": [], "later": [1]}
    absent = LOG.bodies_frame(
        0,
        [BodyAbsent("erased", "by request"), None, None, None, BodyAbsent("refused", "size"), LOG.bodies[5]],
    )
    opaque = replace(BODIES, items=[*LOG.bodies[:3], body("Snow"), *LOG.bodies[4:]])
    return [
        ("whole-publisher", "Identity, two epochs, bodies.", PARTS, BOTH + parts(*ENDED, *NEXT_PARTS) + END),
        ("identity-alone", "A publisher without logs.", PARTS, begin() + parts(s.EVENTS) + END),
        (
            "events-in-two-parts",
            "Ancestors first.",
            PARTS,
            BOTH + parts(s.EVENTS, alone, *ENDED[1:], *NEXT_PARTS) + END,
        ),
        (
            "log-empty-and-silent",
            "Of no leaves there may be nothing to say.",
            PARTS,
            begin((ORIGIN, 0)) + parts(s.EVENTS) + END,
        ),
        (
            "log-of-two-bundles",
            "A part does not cross 256.",
            PARTS,
            file(
                s.EVENTS,
                LONG.checkpoint_frame(300),
                LONG.entries_frame(0, 256, 300),
                LONG.entries_frame(256, 300, 300),
                log=LONG,
                size=300,
            ),
        ),
        (
            "bodies-in-two-parts",
            "In ascending order.",
            PARTS,
            file(*WHOLE[:3], LOG.bodies_frame(0, LOG.bodies[:2]), LOG.bodies_frame(4, LOG.bodies[4:])),
        ),
        ("bodies-not-there", "No part of them.", PARTS, file(*WHOLE[:3])),
        ("bodies-withheld", "With state and reason.", PARTS, file(*WHOLE[:3], absent)),
        (
            "body-linked-twice",
            "It is there twice.",
            PARTS,
            file(
                s.EVENTS,
                REPEATED.checkpoint_frame(2),
                REPEATED.entries_frame(0, 2, 2),
                REPEATED.bodies_frame(0, TWINS),
                log=REPEATED,
                size=2,
            ),
        ),
        (
            "body-of-an-opaque-leaf",
            "Nothing says which body it names: passed over.",
            PARTS,
            file(*WHOLE[:3], opaque),
        ),
        (
            "headers-withheld",
            "Their hashes prove the others.",
            PARTS,
            file(
                s.EVENTS,
                s.HEAD,
                LOG.entries_frame(0, 6, 6, [1, 3]),
                replace(BODIES, items=[LOG.bodies[0], None, *LOG.bodies[2:]]),
            ),
        ),
        (
            "evidence-behind-the-leaves",
            "They are proven, and the log is disputed.",
            PARTS,
            file(*WHOLE, s.EVIDENCE),
        ),
        (
            "cosigned",
            "By a witness that the reader knows.",
            PARTS,
            file(s.EVENTS, CheckpointFrame(origin=ORIGIN, note=COSIGNED), *WHOLE[2:]),
        ),
        (
            "ended-epoch-with-another-checkpoint",
            "The end counts.",
            VERIFICATION,
            begin((ORIGIN, 4)) + parts(ENDED[0], s.HEAD, *ENDED[1:]) + END,
        ),
        ("manifest-with-an-unknown-field", "Passed over.", MANIFEST, with_manifest(unknown)),
        (
            "manifest-with-another-tip",
            "It proves nothing.",
            MANIFEST,
            begin(tip=p.MOVED) + parts(s.EVENTS) + END,
        ),
        (
            "part-with-an-unknown-field",
            "Passed over.",
            PARTS,
            begin() + part("events", {"did": p.DID, "events": [p.GENESIS], "x": 1}) + END,
        ),
        ("part-at-the-limit", "Of 4,259,840 bytes.", PARTS, filled(FRAME_BYTES_MAX)),
        (
            "identity-forked",
            "Neither history counts: what is of one of them is passed over.",
            VERIFICATION,
            forked(),
        ),
        ("identity-fork-settled", "By a recovery event.", VERIFICATION, begin() + parts(settled) + END),
    ]


def containers() -> dict[str, tuple[str, str, bytes]]:
    """Files that are no sound CAR."""
    malformed, cut = "archive.malformed", "archive.truncated"
    root = Cid.of(b"")
    two = encode({"roots": [root, root], "version": 1})
    second = encode({"roots": [root], "version": 2})
    rest = FILE[59:]
    first = parts(s.EVENTS)
    turned = first[:-1] + bytes([first[-1] ^ 1])
    raw = encode_block(Cid(b"\x01\x55\x12\x20" + sha256(b"raw").digest()), b"raw")
    place = FILE.index(first)
    return {
        "empty": ("no bytes", cut, b""),
        "head-of-two-roots": ("one is the root", malformed, bytes([len(two)]) + two + rest),
        "head-of-version-2": ("another container", malformed, bytes([len(second)]) + second + rest),
        "head-with-a-root-of-raw-bytes": ("another codec", malformed, FILE[:59].replace(b"\x01\x71\x12", b"\x01\x55\x12") + rest),
        "head-alone": ("cut behind it", cut, FILE[:59]),
        "root-is-not-the-first-block": ("another root", malformed, encode_head(root) + rest),
        "block-of-another-hash": ("one bit turned in the events", malformed, FILE.replace(first, turned)),
        "block-of-raw-bytes": ("a foreign codec", malformed, FILE[:place] + raw + FILE[place:]),
        "block-foreign": ("a sound block that no part links", malformed, FILE[:place] + block(encode({"any": "block"})) + FILE[place:]),
        "block-empty": ("a CID and nothing", malformed, FILE[:place] + block(b"") + FILE[place:]),
        "block-length-not-shortest": ("a zero more", malformed, FILE.replace(first, bytes([first[0], first[1] | 0x80, 0]) + first[2:])),
        "block-oversized": ("a byte above the limit", malformed, filled(ARCHIVE_BLOCK_BYTES_MAX - 36 + 1)),
        "part-oversized": ("a byte above the limit", "encoding.too-large", filled(FRAME_BYTES_MAX + 1)),
        "part-not-canonical": ("the keys in another order", "encoding.not-canonical", begin() + block(_unsorted()) + END),
        "truncated-inside-a-block": ("a byte is missing", cut, FILE[:-1]),
        "truncated-before-the-end": ("whole blocks, but no end", cut, FILE[: -len(END)]),
        "truncated-before-a-body": ("the link is there, its block is not", cut, FILE[: -len(END) - len(block(LOG.bodies[5] or b""))]),
        "behind-the-end-a-block": ("the end twice", "archive.order", FILE + END),
        "behind-the-end-a-byte": ("the beginning of a block", cut, FILE + b"\x30"),
    }  # fmt: skip


def _unsorted() -> bytes:
    """The events of a genesis event with their fields in another order."""
    did, events = encode("did") + encode(p.DID), encode("events") + encode([p.GENESIS])
    return b"\x82" + encode("events") + b"\xa2" + events + did


def manifests() -> dict[str, tuple[str, str, bytes]]:
    """Files whose manifest says what none may."""
    malformed = "archive.malformed"
    plain: dict[str, Any] = {"format": "frost-archive/1", "did": p.DID, "tip": None, "logs": []}
    lines = [{"origin": origin, "size": 0} for origin in (NEXT.origin, ORIGIN)]
    other = p.origin_of(OTHER_DID, 0, p.GENESIS)
    without = {name: value for name, value in plain.items() if name != "tip"}
    return {
        "manifest-of-another-format": ("a later one", malformed, with_manifest(plain | {"format": "frost-archive/2"})),
        "manifest-without-tip": ("a field is missing", malformed, with_manifest(without)),
        "manifest-of-no-publisher": ("not a DID", "name.did", with_manifest(plain | {"did": "did:frost:x"})),
        "manifest-logs-out-of-order": ("a later epoch first", malformed, with_manifest(plain | {"logs": lines})),
        "manifest-log-twice": ("one epoch twice", malformed, with_manifest(plain | {"logs": lines[1:] * 2})),
        "manifest-log-of-another-publisher": ("foreign", malformed, with_manifest(plain | {"logs": [{"origin": other, "size": 0}]})),
        "manifest-size-negative": ("no size", malformed, with_manifest(plain | {"logs": [{"origin": ORIGIN, "size": -1}]})),
    }  # fmt: skip


def orders() -> dict[str, tuple[str, str, bytes]]:
    """Sound parts in a wrong place."""
    order = "archive.order"
    events, head, entries, bodies = WHOLE
    first, second = LONG.entries_frame(0, 256, 300), LONG.entries_frame(256, 300, 300)
    of_next = begin((ORIGIN, 4), (NEXT.origin, 6))
    other = EventsFrame(did=OTHER_DID, events=[])
    links = {"origin": ORIGIN, "start": 0, "items": [Cid.of(body("Sea ice"))]}
    inline = {"origin": ORIGIN, "start": 0, "items": [LOG.bodies[0]]}
    large = [bytes([at]) * 600_000 for at in range(2)]
    heavy = Log(ORIGIN, p.key("log 0"), [put(f"large-{at}", data) for at, data in enumerate(large)], large)
    cursor = part("cursor", {"cursor": b"c"})
    failed = part("end", {"code": "queue.full", "reason": ""})
    return {
        "identity-missing": ("no events", order, file(*WHOLE[1:])),
        "identity-behind-the-logs": ("too late", order, file(head, entries, bodies, events)),
        "identity-of-another-publisher": ("not that of the manifest", order, file(other, *WHOLE)),
        "checkpoint-behind-the-leaves": ("too late", "frame.order", file(events, entries, head, bodies)),
        "checkpoint-twice": ("one more", order, file(events, head, head, entries, bodies)),
        "entries-not-from-the-beginning": ("a bundle is missing", order, file(events, LONG.checkpoint_frame(300), second, log=LONG, size=300)),
        "entries-twice": ("one more", order, file(events, head, entries, entries, bodies)),
        "entries-of-half-a-bundle": ("bundle by bundle", order, file(events, head, LOG.entries_frame(0, 3, 6), LOG.entries_frame(3, 6, 6))),
        "log-shorter-than-the-manifest-says": ("a bundle is missing", order, file(events, LONG.checkpoint_frame(300), first, log=LONG, size=300)),
        "log-longer-than-the-manifest-says": ("another tree", order, file(*WHOLE, size=4)),
        "log-not-in-the-manifest": ("foreign", order, begin((ORIGIN, 4)) + parts(*ENDED, *NEXT_PARTS) + END),
        "log-missing": ("the manifest lists it", order, of_next + parts(*ENDED) + END),
        "logs-out-of-order": ("the second first", order, of_next + parts(s.ENDED_EVENTS, *NEXT_PARTS, *ENDED[1:]) + END),
        "evidence-before-the-leaves": ("it would freeze the log", order, file(events, s.EVIDENCE, head, entries, bodies)),
        "evidence-twice": ("one more", order, file(*WHOLE, s.EVIDENCE, s.EVIDENCE)),
        "bodies-of-leaves-that-did-not-come": ("beyond the bundle", order, file(events, head, entries, LOG.bodies_frame(4, [None] * 3))),
        "bodies-in-descending-order": ("back again", order, file(events, head, entries, LOG.bodies_frame(4, LOG.bodies[4:]), LOG.bodies_frame(0, LOG.bodies[:2]))),
        "bodies-of-another-log": ("its leaves did not come", order, file(*WHOLE[:3], NEXT.bodies_frame(0, NEXT.bodies))),
        "body-in-place-of-another": ("linked, but not there", order, begin((ORIGIN, 6)) + parts(*WHOLE[:3]) + part("bodies", links) + block(body("Snow")) + END),
        "body-in-the-part-itself": ("not a block", "archive.malformed", begin((ORIGIN, 6)) + parts(*WHOLE[:3]) + part("bodies", inline) + END),
        "bodies-too-many-for-one-part": ("1.2 MB", "archive.malformed", file(events, heavy.checkpoint_frame(2), heavy.entries_frame(0, 2, 2), BodiesFrame(origin=ORIGIN, start=0, items=large), log=heavy, size=2)),
        "part-of-a-stream": ("a cursor", order, begin() + parts(events) + cursor + END),
        "part-of-an-unknown-kind": ("it may matter", "frame.malformed", begin() + parts(events) + part("later", {}) + END),
        "end-with-an-error": ("the writer gave up", order, begin() + parts(events) + failed),
    }  # fmt: skip


def lies() -> dict[str, tuple[str, str, bytes]]:
    """Well-formed files that do not prove what they say."""
    events, head, entries, bodies = WHOLE
    forged = p.sign(p.ordinary_fields(p.GENESIS, 1), "x")
    orphan = EventsFrame(did=p.DID, events=[p.MOVED_AGAIN])
    changed = replace(LOG, leaves=[*LOG.leaves[:5], LOG.leaves[4]]).entries_frame(0, 6, 6)
    swapped = LOG.bodies_frame(0, [body("Sea ace")])
    thief = CheckpointFrame(origin=ORIGIN, note=LOG.note(6, p.key("log 1")))
    elsewhere = replace(head, note=head.note.replace(b"/log/0/", b"/log/1/"))
    past = begin((ORIGIN, 6))
    void = begin((NEXT.origin, 6))
    nothing = replace(s.EVIDENCE, larger=LOG.note(6), proof=range_proof(3, 3, 6, LOG.node))
    return {
        "genesis-missing": ("nobody knows whose it is", "archive.order", file(replace(events, events=[p.MOVED]), *WHOLE[1:])),
        "ancestor-missing": ("a hole in the history", "archive.order", file(events, orphan, *WHOLE[1:])),
        "event-forged": ("by a key of one's own choice", "identity.keys", file(replace(events, events=[p.GENESIS, forged]), *WHOLE[1:])),
        "event-of-another-publisher": ("under the wrong name", "identity.unknown", file(replace(events, events=[p.sign(p.genesis_fields(" of another"), "authority 0")]), *WHOLE[1:])),
        "checkpoint-of-another-key": ("not the epoch's", "note.signature", file(events, thief, entries, bodies)),
        "checkpoint-of-another-log": ("the note of another log", "checkpoint.origin", file(events, elsewhere, entries, bodies)),
        "checkpoint-missing": ("nothing proves the leaves of an open epoch", "frame.order", file(events, entries, bodies)),
        "checkpoint-of-another-size": ("not of the tree in the file", "frame.order", file(events, LOG.checkpoint_frame(4), entries, bodies)),
        "entries-changed": ("another leaf", "tree.root", file(events, head, changed, bodies)),
        "entries-of-a-forked-tree": ("signed by nobody", "tree.root", file(events, head, FORK.entries_frame(0, 6, 6))),
        "log-past-its-end": ("what came after the end does not count", "archive.order", past + parts(s.ENDED_EVENTS, head, entries, bodies) + END),
        "log-short-of-its-end": ("nothing proves a smaller tree", "archive.order", begin((ORIGIN, 2)) + parts(s.ENDED_EVENTS, LOG.entries_frame(0, 2, 2)) + END),
        "log-of-another-tree-than-its-end": ("not the settled one", "tree.root", begin((ORIGIN, 4)) + parts(s.ENDED_EVENTS, FORK.entries_frame(0, 4, 4)) + END),
        "log-of-an-epoch-that-nobody-opened": ("its event is not there", "epoch.unknown", void + parts(events, *NEXT_PARTS) + END),
        "body-of-another-record": ("its hash is not the one in the header", "body.hash", file(*WHOLE[:3], swapped)),
        "body-of-another-record-in-an-ended-epoch": ("the same", "body.hash", begin((ORIGIN, 4)) + parts(*ENDED[:2], swapped) + END),
        "body-of-a-withdrawal": ("it has none", "frame.order", file(*WHOLE[:3], LOG.bodies_frame(2, [body("Snow")]))),
        "evidence-of-nothing": ("one tree begins with the other", "evidence.none", file(*WHOLE, nothing)),
    }  # fmt: skip


def form(data: bytes) -> Octets:
    """A file as a vector states it: where one byte is repeated for long, as a list."""
    runs: list[list[Any]] = []
    at = 0
    for run in re.finditer(rb"(.)\1{999,}", data, re.DOTALL):
        runs += [[data[at : run.start()].hex(), 1], [run[1].hex(), len(run[0])]]
        at = run.end()
    return [*runs, [data[at:].hex(), 1]] if runs else data.hex()


def vectors() -> Vectors:
    """All of the area."""
    known = {NAME: WITNESS.public.hex()}
    for name, about, spec, data in valid():
        given = {"file": form(data), "witnesses": known}
        yield Vector(area="archives", name=name, about=about, spec=spec, input=given)
    for spec, cases in (
        (CONTAINER, containers()),
        (MANIFEST, manifests()),
        (PARTS, orders()),
        (VERIFICATION, lies()),
    ):
        for name, (about, error, data) in cases.items():
            given = {"file": form(data), "witnesses": known}
            yield Vector(area="archives", name=name, about=about, spec=spec, input=given, error=error)
