"""Vectors of 06 proofs: whole files."""

from typing import Any

from frostnode.protocol.dagcbor import Cid, encode
from interop.cases import publisher as p
from interop.cases.log import Log, body, small_log
from interop.cases.notes import NAME, WITNESS, witness_line
from interop.cases.vector import Vector, Vectors

FORMAT = "06-proofs.md#format"
VERIFICATION = "06-proofs.md#verification"
ORIGIN = p.origin_of(p.DID, 0, p.GENESIS)
LOG = small_log(ORIGIN, p.key("log 0"))
FORK = small_log(ORIGIN, p.key("log 0"), " and more")
ENDED = p.sign(p.ordinary_fields(p.GENESIS, 1) | {"end": {"size": 4, "root": LOG.root(4)}}, "authority 1")
TEXT = LOG.note(6).decode().split("\n\n")[0] + "\n"
COSIGNED_S = 1_767_225_600
SECOND = small_log(p.origin_of(p.DID, 1, ENDED), p.key("log 1"))
RECOVERED = p.sign(p.recovery_fields(ENDED, 2) | {"end": {"size": 6, "root": SECOND.root(6)}}, "recovery 1")


def parts(log: Log = LOG, index: int = 0, size: int = 6, **change: Any) -> dict[str, Any]:
    """The parts of a proof file; a part that is None is left out."""
    fields = {
        "format": "frost-proof/1",
        "history": [p.GENESIS],
        "origin": log.origin,
        "index": index,
        "path": log.path(index, size),
        "checkpoint": log.note(size).decode(),
        "header": log.leaves[index],
        "body": log.bodies[index],
    }
    return {name: value for name, value in (fields | change).items() if value is not None}


def proof(log: Log = LOG, index: int = 0, size: int = 6, **change: Any) -> bytes:
    """A proof file."""
    return encode(parts(log, index, size, **change))


def valid() -> list[tuple[str, str, bytes]]:
    """Name, about, file."""
    cosigned = LOG.note(6).decode() + witness_line(TEXT, COSIGNED_S)
    by_stranger = LOG.note(6).decode() + witness_line(TEXT, COSIGNED_S, name="w3.example", key=p.key("w3"))
    ended = [p.GENESIS, ENDED]
    recovered = [*ended, RECOVERED]
    return [
        ("open-epoch", "The tree that the epoch's key has signed.", proof()),
        ("version", "Another type of record.", proof(index=4)),
        ("withdrawal", "Without a body.", proof(index=2)),
        ("body-left-out", "Only the header is proven.", proof(body=None)),
        ("body-unreadable", "Hash and size decide.", proof(unreadable(), 0, 1)),
        ("log-of-one-entry", "An empty path.", proof(size=1)),
        ("older-checkpoint", "A smaller tree proves as well.", proof(index=1, size=2)),
        ("cosigned", "By a witness that the reader knows.", proof(checkpoint=cosigned)),
        ("cosigned-by-a-stranger", "That says nothing to the reader.", proof(checkpoint=by_stranger)),
        (
            "ended-epoch-with-another-tree-cosigned",
            "That is not the tree of the proof.",
            proof(index=1, size=4, history=ended, checkpoint=cosigned),
        ),
        (
            "ended-epoch",
            "The end of the epoch needs no checkpoint.",
            proof(index=1, size=4, history=ended, checkpoint=None),
        ),
        ("ended-epoch-with-its-checkpoint", "Of the same tree.", proof(index=1, size=4, history=ended)),
        (
            "ended-epoch-with-another-checkpoint",
            "The end counts.",
            proof(index=1, size=4, history=ended, checkpoint=LOG.note(6).decode()),
        ),
        ("second-epoch", "Its key is in the event that opened it.", proof(SECOND, 5, 6, history=ended)),
        (
            "ended-by-a-recovery-event",
            "As by any other.",
            proof(SECOND, 5, 6, history=recovered, checkpoint=None),
        ),
        *with_rivals(),
    ]


RIVAL = p.sign(p.ordinary_fields(p.GENESIS, 1, " of a rival"), "authority 1")
RECOVERY = p.sign(p.recovery_fields(p.GENESIS, 1), "recovery 1")
RIVAL_RECOVERY = p.sign(p.recovery_fields(RIVAL, 2, " of a rival"), "recovery 1")


def with_rivals() -> list[tuple[str, str, bytes]]:
    """Files that show that the publisher signed two histories."""
    ended, recovered = [p.GENESIS, ENDED], [p.GENESIS, p.sign(settled_fields(), "recovery 1")]
    return [
        (
            "fork-at-the-move",
            "The move that is followed and the other one.",
            proof(index=1, size=4, history=ended, rivals=[RIVAL]),
        ),
        (
            "fork-that-nobody-has-decided",
            "The path ends before both.",
            proof(rivals=[ENDED, RIVAL]),
        ),
        (
            "fork-settled-by-a-recovery-event",
            "Both are void, for everyone.",
            proof(index=1, size=4, history=recovered, rivals=[ENDED, RIVAL]),
        ),
        (
            "fork-by-a-stolen-recovery-set",
            "The other recovery event, with the event that it stands on.",
            proof(index=1, size=4, history=recovered, rivals=[RIVAL, RIVAL_RECOVERY]),
        ),
        (
            "fork-of-recovery-events-that-nobody-has-decided",
            "The path is what both share.",
            proof(rivals=[RECOVERY, RIVAL, RIVAL_RECOVERY]),
        ),
    ]


def settled_fields() -> p.Fields:
    """A recovery event that ends epoch 0 where the log of these cases is."""
    return p.recovery_fields(p.GENESIS, 1) | {"end": {"size": 4, "root": LOG.root(4)}}


def unreadable() -> Log:
    """A log whose one body is no DAG-CBOR."""
    content = b"\xff no record"
    header = encode(
        {
            "v": 1,
            "op": "put",
            "type": "dataset",
            "key": "x",
            "time": 0,
            "body": Cid.of(content),
            "size": len(content),
        }
    )
    return Log(ORIGIN, p.key("log 0"), [header], [content])


def malformed() -> list[tuple[str, str, bytes]]:
    """Name, about, file: by the form of the file."""
    good = proof()
    return [
        ("format-unknown", "a version that nobody knows", proof(format="frost-proof/2")),
        ("extra-field", "exactly these fields", proof(note="hello")),
        ("field-missing", "no path", proof(path=None)),
        ("not-a-map", "an array", encode([1])),
        ("not-canonical", "a length in more bytes than needed", good[:1] + b"\x78\x04" + good[2:]),
        ("truncated", "the last byte is missing", good[:-1]),
        ("bytes-after-the-file", "a byte too many", good + b"\0"),
        ("empty", "no bytes", b""),
        (
            "index-negative",
            "below the first leaf",
            encode(parts() | {"index": -1}),
        ),
        ("index-as-float", "0.0 is not 0", encode(parts() | {"index": 0.0})),
        ("checkpoint-as-bytes", "text", proof(checkpoint=LOG.note(6))),
        ("checkpoint-empty", "left out if there is none", proof(checkpoint="")),
        ("header-as-map", "bytes", proof(header={"v": 1})),
        ("history-as-one-event", "a list", proof(history=p.GENESIS)),
        ("history-too-long", "1,001 events", proof(history=[b""] * 1001)),
        ("rivals-none", "left out if there are none", proof(rivals=[])),
        ("rivals-too-many", "65 events", proof(rivals=[b""] * 65)),
        ("rivals-as-one-event", "a list", proof(rivals=RIVAL)),
    ]


def refused() -> dict[str, tuple[str, str, bytes]]:
    """About, code, file: parts that do not belong together."""
    inclusion, mismatch = "tree.proof", "proof.mismatch"
    ended = [p.GENESIS, ENDED]
    forged = p.sign(p.ordinary_fields(p.GENESIS, 1), "x")
    rival = p.sign(p.ordinary_fields(p.GENESIS, 1, " twin"), "authority 1")
    path = LOG.path(0, 6)
    stranger = small_log(p.origin_of(p.DID, 1, p.MOVED), p.key("log 1"))
    not_cosigned = LOG.note(6).decode() + witness_line(TEXT, COSIGNED_S, said=COSIGNED_S + 1)
    void = p.sign(p.recovery_fields(p.GENESIS, 1), "recovery 1")
    third = p.sign(p.ordinary_fields(p.GENESIS, 1, " third"), "authority 1")
    below = p.sign(p.ordinary_fields(RIVAL, 2, " of a rival"), "authority 2 of a rival")
    forged_rival = p.sign(p.ordinary_fields(p.GENESIS, 1, " forged"), "x")

    def beside(*rivals: bytes) -> bytes:
        return proof(index=1, size=4, history=ended, rivals=list(rivals))

    wrong_key = LOG.note(6, p.key("log 1")).decode()
    return {
        "header-of-another-leaf": ("the path is not its", inclusion, proof(header=LOG.leaves[1], body=None)),
        "header-changed": (
            "another time",
            inclusion,
            proof(header=LOG.leaves[0].replace(b"ice", b"ace"), body=None),
        ),
        "body-of-another-record": ("the hash is not its", "body.hash", proof(body=body("Sea ace"))),
        "body-of-a-withdrawal": ("it has none", "body.hash", proof(index=2, body=body("Snow"))),
        "header-opaque": (
            "a leaf that is no header proves nothing that can be said",
            "header.malformed",
            proof(index=3),
        ),
        "index-of-another-leaf": ("the path of a neighbour", inclusion, encode(parts() | {"index": 1})),
        "index-beyond-the-tree": ("no such leaf", "tree.size", encode(parts() | {"index": 6})),
        "path-one-hash-more": ("too long", inclusion, proof(path=[*path, LOG.root(6)])),
        "path-one-hash-less": ("too short", inclusion, proof(path=path[:-1])),
        "path-hash-too-short": ("31 bytes", inclusion, proof(path=[path[0][:31], *path[1:]])),
        "wrong-root": ("the checkpoint of a fork", inclusion, proof(checkpoint=FORK.note(6).decode())),
        "checkpoint-of-another-size": (
            "the path leads elsewhere",
            inclusion,
            proof(checkpoint=LOG.note(5).decode()),
        ),
        "checkpoint-with-wrong-key": ("not the epoch's", "note.signature", proof(checkpoint=wrong_key)),
        "checkpoint-of-another-log": (
            "of another epoch",
            "checkpoint.origin",
            proof(checkpoint=stranger.note(6).decode()),
        ),
        "checkpoint-missing": ("the epoch is open", mismatch, proof(checkpoint=None)),
        "checkpoint-broken-beside-an-end": (
            "what is there must hold",
            "note.signature",
            proof(index=1, size=4, history=ended, checkpoint=wrong_key),
        ),
        "beyond-the-end": ("an orphan", "tree.size", proof(index=5, history=ended)),
        "ended-at-another-tree": ("not the tree of the end", inclusion, proof(FORK, 1, 4, history=ended)),
        "history-without-the-epoch": ("nobody opened that log", "epoch.unknown", proof(SECOND)),
        "history-empty": ("no genesis", mismatch, proof(history=[])),
        "history-without-genesis": ("nothing stands on nothing", mismatch, proof(history=[ENDED])),
        "history-out-of-order": ("ancestors first", mismatch, proof(index=1, size=4, history=ended[::-1])),
        "cosignature-of-a-known-witness-fails": (
            "it condemns the note",
            "note.signature",
            proof(checkpoint=not_cosigned),
        ),
        "history-with-a-void-event": (
            "a path and nothing beside it",
            mismatch,
            proof(history=[p.GENESIS, ENDED, void]),
        ),
        "history-with-an-event-twice": ("each once", mismatch, proof(history=[p.GENESIS, p.GENESIS])),
        "history-with-a-fork": (
            "one path",
            mismatch,
            proof(index=1, size=4, history=[p.GENESIS, ENDED, rival]),
        ),
        "history-with-a-forged-event": (
            "signed by a key of one's own choice",
            "identity.keys",
            proof(history=[p.GENESIS, forged]),
        ),
        "history-of-another-publisher": (
            "another genesis",
            "identity.unknown",
            proof(history=[p.sign(p.genesis_fields(" of another"), "a")]),
        ),
        "rival-forged": (
            "nobody is accused with a key of one's own choice",
            "identity.keys",
            beside(forged_rival),
        ),
        "rival-that-counts": ("it goes on behind the path", mismatch, beside(p.sign(later(), "authority 2"))),
        "rival-that-voids-the-path": (
            "a recovery event is no rival of what it voids",
            mismatch,
            beside(void),
        ),
        "rival-twice": ("each once", mismatch, beside(RIVAL, RIVAL)),
        "rival-of-the-path-itself": ("no other event", mismatch, beside(ENDED)),
        "rivals-three-of-a-place": ("two show it", mismatch, beside(RIVAL, third)),
        "rival-with-what-stands-on-it": ("that shows nothing more", mismatch, beside(RIVAL, below)),
        "rival-without-its-ancestors": ("nobody could judge it", mismatch, beside(below)),
        "epoch-number-changed": (
            "the origin is not that of the event",
            "epoch.unknown",
            proof(origin=ORIGIN.replace("/log/0/", "/log/1/")),
        ),
        "origin-malformed": ("no origin", "name.origin", proof(origin="example.org/log")),
        "epoch-of-another-event": (
            "the right number, another event",
            "epoch.unknown",
            proof(origin=p.origin_of(p.DID, 0, ENDED)),
        ),
    }


def later() -> p.Fields:
    """An event that goes on behind the path of the cases."""
    return p.ordinary_fields(ENDED, 2)


def vectors() -> Vectors:
    """All of the area."""
    for name, about, data in valid():
        yield Vector(area="proofs", name=name, about=about, spec=VERIFICATION, input=given(data))
    for name, about, data in malformed():
        yield Vector(
            area="proofs", name=name, about=about, spec=FORMAT, input=given(data), error="proof.malformed"
        )
    for name, (about, error, data) in refused().items():
        yield Vector(area="proofs", name=name, about=about, spec=VERIFICATION, input=given(data), error=error)


def given(data: bytes) -> dict[str, Any]:
    """The input of a vector about a file, for a reader who knows one witness."""
    return {"file": data.hex(), "witnesses": {NAME: WITNESS.public.hex()}}
