"""Vectors of 05 sync: what a receiver that holds nothing takes from a stream."""

from dataclasses import replace
from typing import Any

from frostnode.protocol.frames import (
    BodyAbsent,
    CheckpointFrame,
    CursorFrame,
    EndFrame,
    EventsFrame,
    EvidenceFrame,
    Frame,
    encode_frame,
)
from frostnode.protocol.range_proof import range_proof
from frostnode.protocol.tiles import encode_bundle
from interop.cases import publisher as p
from interop.cases.log import body, long_log, small_log
from interop.cases.vector import Vector, Vectors

SPEC = "05-sync.md#following"
ORIGIN = p.origin_of(p.DID, 0, p.GENESIS)
LOG = small_log(ORIGIN, p.key("log 0"))
FORK = small_log(ORIGIN, p.key("log 0"), " and more")
LONG = long_log(ORIGIN, p.key("log 0"), 300)
EVENTS = EventsFrame(did=p.DID, events=[p.GENESIS])
COMPLETE = EndFrame(code="end.complete", reason="")
ENDED = p.sign(p.ordinary_fields(p.GENESIS, 1) | {"end": {"size": 4, "root": LOG.root(4)}}, "authority 1")
ENDED_EVENTS = EventsFrame(did=p.DID, events=[p.GENESIS, ENDED])
FORKED_EVENTS = EventsFrame(did=p.DID, events=[p.GENESIS, ENDED, p.THIEF])
LATER = p.sign(p.ordinary_fields(p.GENESIS, 1) | {"end": {"size": 6, "root": LOG.root(6)}}, "authority 1")
LATER_EVENTS = EventsFrame(did=p.DID, events=[p.GENESIS, LATER])
LATER_ENTRIES = LOG.entries_frame(0, 6, 6)
BEYOND = p.sign(p.ordinary_fields(p.GENESIS, 1) | {"end": p.end(2**53 - 1, "none")}, "authority 1")
BEYOND_EVENTS = EventsFrame(did=p.DID, events=[p.GENESIS, BEYOND])
HEAD = LOG.checkpoint_frame(6)
ENTRIES = LOG.entries_frame(0, 6, 6)


EVIDENCE = EvidenceFrame(
    origin=ORIGIN, smaller=LOG.note(3), larger=FORK.note(6), proof=range_proof(3, 3, 6, FORK.node)
)
OTHER_EVIDENCE = EvidenceFrame(
    origin=ORIGIN, smaller=LOG.note(5), larger=FORK.note(6), proof=range_proof(5, 5, 6, FORK.node)
)


def stream(*frames: Frame, end: bool = True) -> bytes:
    """The bytes of a stream."""
    return b"".join(map(encode_frame, (*frames, *([COMPLETE] if end else []))))


def valid() -> list[tuple[str, str, bytes]]:
    """Name, about, bytes."""
    bodies = LOG.bodies_frame(0, LOG.bodies)
    absent = LOG.bodies_frame(
        0, [None, BodyAbsent("erased", "by request"), None, None, BodyAbsent("refused", "size"), None]
    )
    later: list[Frame] = [
        LOG.checkpoint_frame(4),
        LOG.entries_frame(0, 4, 4),
        LOG.checkpoint_frame(6, 4),
        LOG.entries_frame(4, 6, 6),
    ]
    first, second = LONG.entries_frame(0, 256, 300), LONG.entries_frame(256, 300, 300)
    void = small_log(p.origin_of(p.DID, 1, p.THIEF), p.key("log 1 of a thief"))
    return [
        ("whole-log", "Events, head, entries, bodies, end.", stream(EVENTS, HEAD, ENTRIES, bodies)),
        ("identity-alone", "A publisher without entries.", stream(EVENTS)),
        ("without-end", "Not complete.", stream(EVENTS, HEAD, ENTRIES, end=False)),
        (
            "ends-with-an-error",
            "Not complete.",
            stream(EVENTS, EndFrame(code="queue.full", reason=""), end=False),
        ),
        ("cut-inside-a-frame", "What came before counts.", stream(EVENTS, HEAD, ENTRIES, bodies)[:-40]),
        (
            "two-bundles",
            "A frame does not cross 256.",
            stream(EVENTS, LONG.checkpoint_frame(300), first, second),
        ),
        (
            "leaf-withheld",
            "Its hash proves the others.",
            stream(EVENTS, HEAD, LOG.entries_frame(0, 6, 6, [1, 3])),
        ),
        ("bodies-absent", "No fault.", stream(EVENTS, HEAD, ENTRIES, absent)),
        (
            "body-of-an-opaque-leaf",
            "Nothing says which body it names: passed over.",
            stream(EVENTS, HEAD, ENTRIES, LOG.bodies_frame(3, [body("Snow")])),
        ),
        (
            "body-of-a-withheld-leaf",
            "Its header is not here: passed over.",
            stream(EVENTS, HEAD, LOG.entries_frame(0, 6, 6, [1]), LOG.bodies_frame(1, [LOG.bodies[1]])),
        ),
        ("in-two-steps", "The second proven to a larger head.", stream(EVENTS, *later)),
        (
            "entries-overlap-what-is-held",
            "Nothing is taken twice.",
            stream(EVENTS, *later[:3], LOG.entries_frame(2, 6, 6)),
        ),
        ("entries-replayed", "Nothing is taken twice.", stream(EVENTS, HEAD, ENTRIES, HEAD, ENTRIES)),
        (
            "entries-already-held",
            "Nothing is taken twice.",
            stream(EVENTS, HEAD, ENTRIES, LOG.entries_frame(1, 3, 6)),
        ),
        (
            "entries-with-a-gap",
            "What is beyond a gap is asked for, not taken.",
            stream(EVENTS, LONG.checkpoint_frame(300), second),
        ),
        ("bodies-with-a-gap", "What is beyond a gap is asked for, not taken.", stream(EVENTS, HEAD, bodies)),
        (
            "rewound-head",
            "A smaller tree is no news and no fault.",
            stream(EVENTS, HEAD, ENTRIES, LOG.checkpoint_frame(4)),
        ),
        (
            "evidence-freezes-an-open-epoch",
            "What was verified stays, and nothing more is taken.",
            stream(EVENTS, *later[:2], EVIDENCE, *later[2:]),
        ),
        (
            "evidence-before-anything-else",
            "A newcomer takes nothing of that epoch.",
            stream(EVENTS, EVIDENCE, HEAD, ENTRIES, bodies),
        ),
        ("evidence-twice", "The first is kept.", stream(EVENTS, EVIDENCE, OTHER_EVIDENCE, EVIDENCE)),
        (
            "evidence-against-an-ended-epoch",
            "It changes nothing: what the end proves counts.",
            stream(ENDED_EVENTS, EVIDENCE, LOG.entries_frame(0, 4, 4)),
        ),
        (
            "evidence-settled-by-an-end",
            "An identity event ends the epoch, and all goes on.",
            stream(EVENTS, EVIDENCE, ENDED_EVENTS, LOG.entries_frame(0, 4, 4)),
        ),
        (
            "evidence-of-an-epoch-that-does-not-count",
            "Passed over.",
            stream(EVENTS, replace(EVIDENCE, origin=void.origin)),
        ),
        (
            "ended-epoch-drops-what-is-not-in-its-tree",
            "What both trees share stays, and the settled tree is taken.",
            stream(
                EVENTS, FORK.checkpoint_frame(6), FORK.entries_frame(0, 6, 6), LATER_EVENTS, LATER_ENTRIES
            ),
        ),
        (
            "ended-epoch-without-checkpoint",
            "The end is signed by the authority.",
            stream(ENDED_EVENTS, LOG.entries_frame(0, 4, 4)),
        ),
        (
            "ended-epoch-with-another-checkpoint",
            "The end counts, whatever is signed.",
            stream(ENDED_EVENTS, HEAD, LOG.entries_frame(0, 4, 4)),
        ),
        ("ended-epoch-entries-of-a-larger-tree", "Passed over.", stream(ENDED_EVENTS, HEAD, ENTRIES)),
        (
            "log-of-an-epoch-that-does-not-count",
            "Passed over: one side has not heard yet.",
            stream(EVENTS, void.checkpoint_frame(6), void.entries_frame(0, 6, 6)),
        ),
        (
            "stolen-log-key-goes-on-past-the-end",
            "What the key of an ended epoch signs later counts for nothing.",
            stream(ENDED_EVENTS, LOG.entries_frame(0, 4, 4), HEAD, LOG.entries_frame(4, 6, 6)),
        ),
        (
            "end-beyond-what-exists",
            "What is proven into the head stays, and waits for the rest for ever.",
            stream(EVENTS, HEAD, ENTRIES, BEYOND_EVENTS),
        ),
        (
            "identity-forked-takes-nothing-more",
            "Of the last epoch that both histories share.",
            stream(FORKED_EVENTS, HEAD, ENTRIES, bodies),
        ),
        (
            "identity-forked-shown-the-end-of-one-branch",
            "The sender follows one of the histories: no fault, and nothing is taken.",
            stream(FORKED_EVENTS, HEAD, LOG.entries_frame(0, 4, 4)),
        ),
        (
            "cursors-between",
            "They change nothing.",
            stream(EVENTS, CursorFrame(cursor=b"c"), HEAD, replace(ENTRIES, cursor=b"d")),
        ),
    ]


def invalid() -> dict[str, tuple[str, str, bytes]]:
    """About, code, bytes."""
    order, malformed, root = "frame.order", "frame.malformed", "tree.root"
    changed = replace(LOG, leaves=[*LOG.leaves[:5], LOG.leaves[4]]).entries_frame(0, 6, 6)
    forged = p.sign(p.ordinary_fields(p.GENESIS, 1), "x")
    too_long = replace(LOG, leaves=[bytes(513)])
    slots = LOG.entries_frame(0, 6, 6, [1]).withheld
    other_key = CheckpointFrame(origin=ORIGIN, note=LOG.note(6, p.key("log 1")))
    bare = p.sign(
        {name: value for name, value in p.genesis_fields().items() if name != "epoch"}, "authority 0"
    )
    bare_did = f"did:frost:{p.cid_of(bare)}"
    unopened = small_log(p.origin_of(bare_did, 0, bare), p.key("log 0"))
    held = (EVENTS, HEAD, ENTRIES)
    grown = (EVENTS, FORK.checkpoint_frame(4), FORK.entries_frame(0, 4, 4))
    return {
        "log-before-identity": ("nobody vouches for it", order, stream(HEAD, ENTRIES)),
        "entries-before-a-checkpoint": ("nothing proves them", order, stream(EVENTS, ENTRIES)),
        "entries-of-another-size": (
            "no checkpoint of that size came",
            order,
            stream(EVENTS, LOG.checkpoint_frame(4), ENTRIES),
        ),
        "forged-event": (
            "signed by a key of one's own choice",
            "identity.keys",
            stream(EVENTS, EventsFrame(did=p.DID, events=[forged])),
        ),
        "checkpoint-with-wrong-key": ("not the epoch's", "note.signature", stream(EVENTS, other_key)),
        "checkpoint-under-another-origin": (
            "the note of another log",
            "checkpoint.origin",
            stream(EVENTS, replace(HEAD, note=HEAD.note.replace(b"/log/0/", b"/log/1/"))),
        ),
        "checkpoint-of-an-epoch-never-opened": (
            "it has no key",
            "epoch.unknown",
            stream(EventsFrame(did=bare_did, events=[bare]), unopened.checkpoint_frame(6)),
        ),
        "checkpoint-with-a-wrong-proof": (
            "not consistent with what is held",
            "tree.proof",
            stream(
                EVENTS,
                LOG.checkpoint_frame(4),
                LOG.entries_frame(0, 4, 4),
                replace(LOG.checkpoint_frame(6, 4), proof=[FORK.root(4)]),
            ),
        ),
        "entries-changed": (
            "a leaf of the log at another place",
            root,
            stream(EVENTS, HEAD, replace(changed, proof=ENTRIES.proof)),
        ),
        "entries-one-hash-more": (
            "a proof that is too long",
            "tree.proof",
            stream(EVENTS, HEAD, replace(ENTRIES, proof=[LOG.root(6)])),
        ),
        "entries-one-leaf-less": (
            "a proof that does not fit",
            "tree.proof",
            stream(EVENTS, HEAD, replace(ENTRIES, bundle=encode_bundle(LOG.leaves[:5]))),
        ),
        "entries-shifted": (
            "the right run at a wrong place",
            root,
            stream(EVENTS, LOG.checkpoint_frame(4), replace(LOG.entries_frame(0, 2, 4), start=2)),
        ),
        "entries-none": ("nothing to prove", malformed, stream(EVENTS, HEAD, replace(ENTRIES, bundle=b""))),
        "entries-across-bundles": (
            "a multiple of 256 inside",
            malformed,
            stream(EVENTS, LONG.checkpoint_frame(300), LONG.entries_frame(200, 300, 300)),
        ),
        "entries-bundle-truncated": (
            "the last byte is missing",
            "tile.malformed",
            stream(EVENTS, HEAD, replace(ENTRIES, bundle=ENTRIES.bundle[:-1])),
        ),
        "leaf-too-long": (
            "513 bytes stop the log",
            "header.too-large",
            stream(
                EVENTS,
                too_long.checkpoint_frame(1),
                replace(too_long.entries_frame(0, 1, 1), bundle=encode_bundle([bytes(513)])),
            ),
        ),
        "slot-withheld-without-hash": (
            "an empty slot that nobody explains",
            root,
            stream(EVENTS, HEAD, replace(LOG.entries_frame(0, 6, 6, [1]), withheld=[])),
        ),
        "slot-withheld-with-wrong-hash": (
            "another hash",
            root,
            stream(
                EVENTS,
                HEAD,
                replace(LOG.entries_frame(0, 6, 6, [1]), withheld=[replace(slots[0], leaf_hash=bytes(32))]),
            ),
        ),
        "slot-withheld-and-there": (
            "a hash for a leaf that is there",
            malformed,
            stream(EVENTS, HEAD, replace(ENTRIES, withheld=slots)),
        ),
        "slot-withheld-beyond-the-run": (
            "a hash for no leaf",
            malformed,
            stream(EVENTS, HEAD, replace(ENTRIES, withheld=[replace(slots[0], offset=6)])),
        ),
        "ended-epoch-another-tree": (
            "not the one of the end",
            root,
            stream(ENDED_EVENTS, FORK.entries_frame(0, 4, 4)),
        ),
        "fork-at-one-size": (
            "two trees of one size",
            "checkpoint.fork",
            stream(*held, FORK.checkpoint_frame(6)),
        ),
        "fork-at-a-smaller-size": (
            "a smaller tree than the one held, and another",
            "checkpoint.fork",
            stream(*held, FORK.checkpoint_frame(3)),
        ),
        "evidence-by-another-key": (
            "forged",
            "note.signature",
            stream(EVENTS, replace(EVIDENCE, larger=FORK.note(6, p.key("of a thief")))),
        ),
        "evidence-of-nothing": (
            "two trees of which one begins with the other",
            "evidence.none",
            stream(
                EVENTS,
                replace(EVIDENCE, larger=LOG.note(6), proof=range_proof(3, 3, 6, LOG.node)),
            ),
        ),
        "evidence-without-proof": ("sizes differ", "tree.proof", stream(EVENTS, replace(EVIDENCE, proof=[]))),
        "evidence-before-the-identity": ("nobody vouches for the key", order, stream(EVIDENCE)),
        "fork-at-a-larger-size": (
            "a tree that does not begin with what is held",
            "checkpoint.fork",
            stream(*grown, HEAD, LOG.entries_frame(4, 6, 6)),
        ),
        "body-of-another-hash": (
            "not the one in the header",
            "body.hash",
            stream(*held, LOG.bodies_frame(0, [body("Sea ace")])),
        ),
        "body-truncated": (
            "not the size in the header",
            "body.hash",
            stream(*held, LOG.bodies_frame(0, [(LOG.bodies[0] or b"")[:-1]])),
        ),
        "body-of-a-withdrawal": ("it has none", order, stream(*held, LOG.bodies_frame(2, [body("Snow")]))),
        "bodies-across-bundles": (
            "a multiple of 256 inside",
            malformed,
            stream(EVENTS, LONG.bodies_frame(250, [None] * 10)),
        ),
    }


def vectors() -> Vectors:
    """All of the area."""
    for name, about, data in valid():
        yield Vector(area="streams", name=name, about=about, spec=SPEC, input={"bytes": data.hex()})
    for name, (about, error, data) in invalid().items():
        given: dict[str, Any] = {"bytes": data.hex()}
        yield Vector(area="streams", name=name, about=about, spec=SPEC, input=given, error=error)
