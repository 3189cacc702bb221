"""Vectors of 04 log, evidence: whole files."""

from typing import Any

from frostnode.protocol.checkpoint import Checkpoint, sign_checkpoint
from frostnode.protocol.dagcbor import encode
from frostnode.protocol.merkle import EMPTY_ROOT
from frostnode.protocol.names import Origin
from frostnode.protocol.range_proof import range_proof
from interop.cases import publisher as p
from interop.cases.log import Log, long_log, small_log
from interop.cases.notes import witness_line
from interop.cases.vector import Vector, Vectors

SPEC = "04-log.md#evidence"
FORMAT = "04-log.md#evidence-as-a-file"
ORIGIN = p.origin_of(p.DID, 0, p.GENESIS)
LOG = small_log(ORIGIN, p.key("log 0"))
FORK = small_log(ORIGIN, p.key("log 0"), " and more")
SECOND_ORIGIN = p.origin_of(p.DID, 1, p.MOVED)
SECOND = small_log(SECOND_ORIGIN, p.key("log 1"))
SECOND_FORK = small_log(SECOND_ORIGIN, p.key("log 1"), " and more")


def parts(small: Log, m: int, large: Log, n: int, **change: Any) -> dict[str, Any]:
    """The parts of an evidence file; a part that is None is left out."""
    fields = {
        "format": "frost-evidence/1",
        "history": [p.GENESIS],
        "origin": small.origin,
        "smaller": small.note(m).decode(),
        "larger": large.note(n).decode(),
        "proof": range_proof(m, m, n, large.node) if m < n else [],
    }
    return {name: value for name, value in (fields | change).items() if value is not None}


def file(small: Log = LOG, m: int = 3, large: Log = FORK, n: int = 6, **change: Any) -> bytes:
    """An evidence file."""
    return encode(parts(small, m, large, n, **change))


def by_root(size: int) -> tuple[Log, int, Log, int]:
    """Both trees of one size, the smaller root first."""
    one, other = sorted((LOG, FORK), key=lambda log: log.root(size))
    return one, size, other, size


def valid() -> list[tuple[str, str, bytes]]:
    """Name, about, file."""
    small = long_log(ORIGIN, p.key("log 0"), 300)
    text = FORK.note(6).decode().split("\n\n")[0] + "\n"
    cosigned = FORK.note(6).decode() + witness_line(text, 1_767_225_600)
    return [
        ("smaller-tree-is-another", "The larger tree begins with other leaves.", file()),
        ("two-trees-of-one-size", "No proof is needed.", encode(parts(*by_root(6)))),
        ("one-leaf-each", "The least that there is.", encode(parts(*by_root(1)))),
        (
            "smaller-size-is-a-power-of-two",
            "The proof shows the tree of that size too.",
            file(LOG, 4, FORK, 6),
        ),
        ("smaller-size-is-half", "A perfect tree within a perfect one.", file(LOG, 2, FORK, 4)),
        ("one-leaf-less", "The largest smaller tree.", file(LOG, 5, FORK, 6)),
        ("many-leaves", "More than one bundle.", file(FORK, 5, small, 300)),
        ("cosigned", "Lines of others are carried.", file(larger=cosigned)),
        (
            "second-epoch",
            "The history leads to the key of that epoch.",
            file(SECOND, 3, SECOND_FORK, 6, history=[p.GENESIS, p.MOVED]),
        ),
    ]


def malformed() -> list[tuple[str, str, bytes]]:
    """Name, about, file: by the form of the file."""
    good = file()
    return [
        ("format-unknown", "a version that nobody knows", file(format="frost-evidence/2")),
        ("format-of-a-proof", "another kind of file", file(format="frost-proof/1")),
        ("extra-field", "exactly these fields", file(note="hello")),
        ("field-missing", "no proof is an empty list", file(proof=None)),
        ("not-a-map", "an array", encode([1])),
        ("not-canonical", "a length in more bytes than needed", good[:1] + b"\x78\x05" + good[2:]),
        ("bytes-after-the-file", "one more", good + b"\0"),
        ("note-as-bytes", "text", file(smaller=LOG.note(3))),
        ("proof-as-one-hash", "a list", file(proof=bytes(32))),
        ("proof-too-long", "129 hashes", file(proof=[bytes(32)] * 129)),
        ("history-too-long", "1,001 events", file(history=[b""] * 1001)),
        ("larger-tree-first", "one form", file(FORK, 6, LOG, 3, proof=range_proof(3, 3, 6, FORK.node))),
        ("larger-root-first", "one form", encode(parts(*by_root(6)[2:], *by_root(6)[:2]))),
        ("proof-between-equal-sizes", "nothing to be shown", encode(parts(*by_root(6), proof=[bytes(32)]))),
    ]


def refused() -> dict[str, tuple[str, str, bytes]]:
    """About, code, file: what accuses nobody."""
    none, proof, signer = "evidence.none", "tree.proof", "note.signature"
    thief = p.key("of a thief")
    right = range_proof(3, 3, 6, FORK.node)
    empty = sign_checkpoint(Checkpoint(Origin(ORIGIN), 0, EMPTY_ROOT), p.key("log 0")).decode()
    forged = p.sign(p.ordinary_fields(p.GENESIS, 1), "x")
    return {
        "honest-log-that-grew": ("its own smaller tree", none, file(LOG, 3, LOG, 6)),
        "honest-log-with-the-proof-of-a-fork": (
            "it leads elsewhere",
            none,
            file(LOG, 3, LOG, 6, proof=right),
        ),
        "one-checkpoint-twice": ("no contradiction", none, file(LOG, 6, LOG, 6)),
        "empty-tree": (
            "every tree begins with it",
            none,
            file(smaller=empty, proof=range_proof(0, 0, 6, FORK.node)),
        ),
        "smaller-signed-by-another-key": (
            "forged",
            signer,
            file(smaller=LOG.note(3, thief).decode()),
        ),
        "larger-signed-by-another-key": ("forged", signer, file(larger=FORK.note(6, thief).decode())),
        "larger-unsigned-root": (
            "another root under the same signature",
            signer,
            file(
                larger=LOG.note(6)
                .decode()
                .replace(LOG.note(6).decode().split("\n")[2], FORK.note(6).decode().split("\n")[2])
            ),
        ),
        "checkpoint-of-another-log": (
            "of the next epoch",
            "checkpoint.origin",
            file(larger=SECOND.note(6).decode()),
        ),
        "proof-one-hash-less": ("too short", proof, file(proof=right[:-1])),
        "proof-one-hash-more": ("too long", proof, file(proof=[*right, bytes(32)])),
        "proof-hash-too-short": ("31 bytes", proof, file(proof=[right[0][:31], *right[1:]])),
        "proof-made-up": ("it leads to no signed root", none, file(proof=[bytes(32)] * len(right))),
        "proof-missing": ("sizes differ", proof, file(proof=[])),
        "note-malformed": ("no note", "note.malformed", file(smaller="hello")),
        "history-empty": ("nobody vouches for the key", "proof.mismatch", file(history=[])),
        "history-of-another-publisher": (
            "another genesis",
            "identity.unknown",
            file(history=[p.sign(p.genesis_fields(" of another"), "a")]),
        ),
        "history-with-more-than-is-needed": (
            "it ends with the event that opened the epoch",
            "proof.mismatch",
            file(history=[p.GENESIS, p.MOVED]),
        ),
        "history-with-an-event-twice": ("each once", "proof.mismatch", file(history=[p.GENESIS] * 2)),
        "history-with-a-forged-event": (
            "signed by a key of one's own choice",
            "identity.keys",
            file(SECOND, 3, SECOND_FORK, 6, history=[p.GENESIS, forged]),
        ),
        "history-without-the-epoch": (
            "nobody opened that log",
            "epoch.unknown",
            file(SECOND, 3, SECOND_FORK, 6),
        ),
        "origin-malformed": ("no origin", "name.origin", file(origin="example.org/log")),
        "epoch-number-changed": (
            "the origin is not that of the event",
            "epoch.unknown",
            file(origin=ORIGIN.replace("/log/0/", "/log/1/")),
        ),
    }


def vectors() -> Vectors:
    """All of the area."""
    for name, about, data in valid():
        yield Vector(area="evidence", name=name, about=about, spec=SPEC, input={"file": data.hex()})
    for name, about, data in malformed():
        given = {"file": data.hex()}
        yield Vector(
            area="evidence", name=name, about=about, spec=FORMAT, input=given, error="evidence.malformed"
        )
    for name, (about, error, data) in refused().items():
        given = {"file": data.hex()}
        yield Vector(area="evidence", name=name, about=about, spec=SPEC, input=given, error=error)
