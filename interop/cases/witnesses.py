"""Vectors of 04 log: requests to cosign."""

from typing import Any

from frostnode.protocol.merkle import EMPTY_ROOT, consistency_proof
from interop.cases import publisher as p
from interop.cases.log import small_log
from interop.cases.notes import LOG as LOG_KEY
from interop.cases.notes import ORIGIN, base64, log_line, text_of, witness_line
from interop.cases.vector import Vector, Vectors

ASKING = "04-log.md#asking-a-witness"
LOG = small_log(ORIGIN, LOG_KEY)


def consistency(old: int, new: int) -> list[bytes]:
    """The proof from one size of the log to another."""
    return consistency_proof(old, new, LOG.node) if 0 < old < new else []


def body(old: int | str, size: int, proof: list[bytes] | None = None, note: str | None = None) -> str:
    """The text of a request."""
    hashes = consistency(old, size) if proof is None and isinstance(old, int) else proof or []
    lines = "".join(f"{base64(item)}\n" for item in hashes)
    return f"old {old}\n{lines}\n{LOG.note(size).decode() if note is None else note}"


def given(request: str, last: int) -> dict[str, Any]:
    """The input: a request, the key of the log, and the tree that was cosigned last."""
    root = LOG.root(last) if last else EMPTY_ROOT
    return {"request": request, "key": LOG_KEY.public.hex(), "last": {"size": last, "root": root.hex()}}


def signed(text: str, *more: str) -> str:
    """A note."""
    return f"{text}\n{log_line(text)}{''.join(more)}"


def valid() -> list[tuple[str, str, str, int]]:
    """Name, about, request, size that was cosigned last."""
    text = LOG.note(6).decode().split("\n\n")[0] + "\n"
    return [
        ("first", "From nothing there is no proof.", body(0, 6), 0),
        ("grown", "By some leaves.", body(4, 6), 4),
        ("grown-from-an-odd-size", "The old tree is no perfect one.", body(3, 6), 3),
        ("again", "The same tree.", body(6, 6), 6),
        ("empty-tree", "With the one root that it has.", body(0, 0, note=signed(text_of(0, EMPTY_ROOT))), 0),
        (
            "cosigned-before",
            "Further lines are ignored.",
            body(0, 6, note=signed(text, witness_line(text, 1))),
            0,
        ),
    ]


def invalid() -> list[tuple[str, str, str, str, int]]:
    """Name, about, code, request, size that was cosigned last."""
    malformed, unsigned, proof = "witness.malformed", "witness.signature", "tree.proof"
    other = p.key("log 1")
    return [
        ("nothing", "an empty request", malformed, "", 0),
        ("no-blank-line", "the proof has no end", malformed, body(4, 6).replace("\n\n", "\n"), 4),
        ("old-with-leading-zero", "one spelling", malformed, body("04", 6, consistency(4, 6)), 4),
        ("old-negative", "no such tree", malformed, body("-4", 6, consistency(4, 6)), 4),
        ("old-above-the-size", "no way back", malformed, body(6, 4, []), 6),
        ("hash-of-three-bytes", "base64 of 32 bytes", malformed, body(4, 6, [b"abc"]), 4),
        ("proof-of-64-lines", "63 are enough for any tree", malformed, body(4, 6, [bytes(32)] * 64), 4),
        ("note-unfinished", "no newline at its end", malformed, body(0, 6)[:-1], 0),
        (
            "not-signed-by-the-log",
            "by another key under its name",
            unsigned,
            body(0, 6, note=f"{text_of(6)}\n{log_line(text_of(6), key=other)}"),
            0,
        ),
        (
            "not-signed",
            "by a witness alone",
            unsigned,
            body(0, 6, note=f"{text_of(6)}\n{witness_line(text_of(6), 1)}"),
            0,
        ),
        ("another-old-size", "409", "witness.conflict", body(3, 6), 4),
        ("old-zero-after-the-first", "409", "witness.conflict", body(0, 6), 4),
        ("proof-from-another-size", "it leads elsewhere", proof, body(4, 6, consistency(3, 6)), 4),
        ("proof-missing", "none where one is needed", proof, body(4, 6, []), 4),
        ("proof-from-nothing", "one where none may be", proof, body(0, 6, [bytes(32)]), 0),
        ("another-root-at-the-size", "signed two ways", "tree.root", body(6, 6, note=signed(text_of(6))), 6),
        ("empty-tree-with-a-root", "it cannot have one", "tree.root", body(0, 0, note=signed(text_of(0))), 0),
    ]


def vectors() -> Vectors:
    """Requests that are answered with a line, and those that are not."""
    for name, about, request, last in valid():
        yield Vector(area="witness", name=name, about=about, spec=ASKING, input=given(request, last))
    for name, about, error, request, last in invalid():
        yield Vector(
            area="witness", name=name, about=about, spec=ASKING, input=given(request, last), error=error
        )
