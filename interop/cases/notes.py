"""Vectors of 04 log: signed notes, checkpoints, cosignatures."""

from base64 import b64encode
from hashlib import sha256
from typing import Any

from frostnode.protocol.keys import PublicKey, SigningKey
from frostnode.protocol.merkle import EMPTY_ROOT
from frostnode.protocol.note import key_id, vkey
from interop.cases import publisher as p
from interop.cases.vector import Vector, Vectors

NOTES = "04-log.md#signed-notes"
CHECKPOINTS = "04-log.md#checkpoints"
COSIGNATURES = "04-log.md#cosignatures"
C2SP_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
C2SP_NOTE = (
    "This is an example message.\n\n\u2014 example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
ORIGIN = p.origin_of(p.DID, 0, p.GENESIS)
LOG = p.key("log 0")
WITNESS = p.key("witness")
NAME = "witness.example/w1"
ROOT = sha256(b"a tree").digest()


def base64(data: bytes) -> str:
    """Standard base64."""
    return b64encode(data).decode()


def line(name: str, payload: bytes) -> str:
    """A signature line."""
    return f"\u2014 {name} {base64(payload)}\n"


def log_line(text: str, name: str = ORIGIN, key: SigningKey = LOG, kind: int = 1) -> str:
    """The line of a log."""
    return line(name, key_id(name, key.public, kind) + key.sign(text.encode()))


def witness_line(
    text: str, time: int, *, said: int | None = None, name: str = NAME, key: SigningKey = WITNESS
) -> str:
    """The line of a witness, which may say another time than it signed."""
    message = f"cosignature/v1\ntime {time}\n{text}".encode()
    stated = (time if said is None else said).to_bytes(8, "big")
    return line(name, key_id(name, key.public, 4) + stated + key.sign(message))


def text_of(size: int | str = 3, root: bytes = ROOT, origin: str = ORIGIN) -> str:
    """The text of a checkpoint."""
    return f"{origin}\n{size}\n{base64(root)}\n"


TEXT = text_of()
UNKNOWN = line("other.example/log", b"\x01\x02\x03\x04" + bytes(64))


def valid_notes() -> list[tuple[str, str, str]]:
    """Name, about, note."""
    return [
        ("c2sp-example", "The example of signed-note.", C2SP_NOTE),
        ("text-with-blank-lines", "Split at the last blank line.", f"a\n\nb\n\n\n{UNKNOWN}"),
        (
            "text-that-looks-signed",
            "Only what is behind the last blank line signs.",
            f"a\n\n{UNKNOWN}\n{UNKNOWN}",
        ),
        ("unknown-type", "Any bytes behind the key ID.", f"a\n\n{line('x', b'1234' + b'5')}"),
        ("several-signatures", "Also of one key.", f"a\n\n{UNKNOWN}{UNKNOWN}{line('y', b'12345')}"),
        ("most-signatures", "32 lines.", f"a\n\n{UNKNOWN * 32}"),
        ("text-empty", "A newline alone.", f"\n\n{UNKNOWN}"),
        ("text-beyond-ascii", "UTF-8.", f"Größe \U0001f9ca\n\n{line('zeuge.example/größe', b'12345')}"),
    ]


def invalid_notes() -> list[tuple[str, str, dict[str, str]]]:
    """Name, about, input."""
    good = f"a\n\n{UNKNOWN}"
    texts = [
        ("no-blank-line", "no end of the text", f"a\n{UNKNOWN}"),
        ("no-signature", "nobody signs", "a\n\n"),
        ("last-line-unfinished", "no newline at the end", good[:-1]),
        ("line-after-the-signatures", "not a signature line", f"{good}hello\n"),
        ("carriage-return", "a control character", good.replace("a\n", "a\r\n")),
        ("tab", "a control character", good.replace("a", "a\tb")),
        ("null", "a control character", good.replace("a", "a\0")),
        ("hyphen-for-dash", "U+002D", good.replace("\u2014", "-")),
        ("en-dash-for-dash", "U+2013", good.replace("\u2014", "\u2013")),
        ("two-spaces", "one spelling", good.replace("\u2014 ", "\u2014  ")),
        ("name-with-plus", "it separates in verifier keys", f"a\n\n{line('a+b', b'12345')}"),
        ("name-with-no-break-space", "white space of Unicode", "a\n\n" + line("a\u00a0b", b"12345")),
        ("name-with-ideographic-space", "white space of Unicode", "a\n\n" + line("a\u3000b", b"12345")),
        ("name-empty", "no name", f"a\n\n{line('', b'12345')}"),
        ("signature-without-padding", "one spelling", good.replace("=\n", "\n")),
        ("signature-with-bits-left", "unused bits that are not zero", "a\n\n\u2014 x MTIzNDV=\n"),
        (
            "signature-url-safe",
            "the alphabet of URLs",
            f"a\n\n\u2014 x {base64(b'12345' + bytes([255] * 4)).replace('/', '_')}\n",
        ),
        ("signature-with-white-space", "one spelling", "a\n\n\u2014 x MTIz NDU=\n"),
        ("signature-of-four-bytes", "a key ID alone", f"a\n\n{line('x', b'1234')}"),
        ("too-many-signatures", "33 lines", f"a\n\n{UNKNOWN * 33}"),
        ("oversized", "above 16 KiB", f"{'a' * 16384}\n\n{UNKNOWN}"),
    ]
    cases = [(name, about, {"what": "note", "note": text}) for name, about, text in texts]
    broken = good.encode().replace(b"a\n", b"\xff\n")
    return [*cases, ("not-utf-8", "a byte that is no text", {"what": "note", "bytes": broken.hex()})]


def vkeys() -> Vectors:
    """Verifier keys."""
    good = vkey(ORIGIN, LOG.public)
    neutral = PublicKey((1).to_bytes(32, "little"))
    low = f"x+{key_id('x', neutral).hex()}+" + base64(b"\x01" + neutral)
    for name, about, text in (
        ("vkey-c2sp-example", "The example of signed-note.", C2SP_VKEY),
        ("vkey-of-a-log", "Named by its origin.", good),
        ("vkey-of-a-witness", "Type 4.", vkey(NAME, WITNESS.public, 4)),
    ):
        yield Vector(area="notes", name=name, about=about, spec=NOTES, input={"what": "vkey", "text": text})
    for name, about, error, text in (
        (
            "vkey-of-another-name",
            "the key ID is over the name",
            "key.malformed",
            good.replace("/log/0/", "/log/1/"),
        ),
        ("vkey-id-upper-case", "one spelling", "key.malformed", C2SP_VKEY.replace("530d903a", "530D903A")),
        ("vkey-of-unknown-type", "ECDSA", "key.malformed", "x+00000000+" + base64(b"\x02" + bytes(32))),
        ("vkey-without-key", "two parts", "key.malformed", "x+00000000"),
        ("vkey-too-short", "31 bytes", "key.malformed", "x+00000000+" + base64(b"\x01" + bytes(31))),
        ("vkey-low-order", "judged by nobody", "key.refused", low),
    ):
        given = {"what": "vkey", "text": text}
        yield Vector(area="notes", name=name, about=about, spec=NOTES, input=given, error=error)


def checkpoint(note: str, **change: Any) -> dict[str, Any]:
    """The input of a vector about a checkpoint."""
    return {"note": note, "origin": ORIGIN, "key": LOG.public.hex()} | change


def signed(text: str, *more: str) -> str:
    """A note signed by the log, with further lines."""
    return f"{text}\n{log_line(text)}{''.join(more)}"


def checkpoints() -> Vectors:
    """Checkpoints."""
    largest = text_of(2**53 - 1)
    for name, about, note in (
        ("checkpoint", "Signed by the log.", signed(TEXT)),
        ("cosigned", "Further lines are carried.", signed(TEXT, witness_line(TEXT, 1_767_225_600))),
        ("unknown-lines-in-front", "They are passed over.", f"{TEXT}\n{UNKNOWN}{log_line(TEXT)}"),
        ("no-entries", "Size 0 and the empty root.", signed(text_of(0, EMPTY_ROOT))),
        ("largest-tree", "2^53 - 1 leaves.", signed(largest)),
        ("signed-twice", "Each line of the key verifies.", signed(TEXT, log_line(TEXT))),
    ):
        yield Vector(area="checkpoints", name=name, about=about, spec=CHECKPOINTS, input=checkpoint(note))
    for name, (about, error, given) in refused_checkpoints().items():
        yield Vector(area="checkpoints", name=name, about=about, spec=CHECKPOINTS, input=given, error=error)


def refused_checkpoints() -> dict[str, tuple[str, str, dict[str, Any]]]:
    """About, code, input."""
    malformed, unsigned = "checkpoint.malformed", "note.signature"
    other = p.origin_of(p.DID, 1, p.MOVED)
    elsewhere = text_of(origin=other)
    bad = line(ORIGIN, key_id(ORIGIN, LOG.public) + bytes(64))
    texts = {
        "extension-line": ("nobody could audit it", f"{TEXT}more\n"),
        "leading-zero": ("one spelling", text_of("03")),
        "plus-sign": ("one spelling", text_of("+3")),
        "negative-size": ("no such tree", text_of(-1)),
        "size-in-hex": ("decimal", text_of("0x3")),
        "size-in-other-digits": ("decimal digits of ASCII", text_of("\u0663")),
        "size-beyond-any-tree": ("2^53", text_of(2**53)),
        "root-too-short": ("31 bytes", text_of(root=ROOT[:31])),
        "root-not-padded": ("one spelling", TEXT.replace("=\n", "\n")),
        "no-entries-with-a-root": ("the empty tree has one root", text_of(0)),
        "two-lines": ("no root", f"{ORIGIN}\n3\n"),
        "root-line-empty": ("no root", f"{ORIGIN}\n3\n\n"),
    }
    cases = {name: (about, malformed, checkpoint(signed(text))) for name, (about, text) in texts.items()}
    long = f"{'o' * 256}"
    return cases | {
        "origin-too-long": (
            "256 bytes",
            malformed,
            checkpoint(f"{text_of(origin=long)}\n{log_line(text_of(origin=long), long)}", origin=long),
        ),
        "other-origin": (
            "of another log",
            "checkpoint.origin",
            checkpoint(f"{elsewhere}\n{log_line(elsewhere, other)}"),
        ),
        "wrong-key": (
            "signed by another log's key",
            unsigned,
            checkpoint(f"{TEXT}\n{log_line(TEXT, key=p.key('log 1'))}"),
        ),
        "wrong-key-under-the-right-id": (
            "key IDs can be made to collide",
            unsigned,
            checkpoint(
                f"{TEXT}\n{line(ORIGIN, key_id(ORIGIN, LOG.public) + p.key('log 1').sign(TEXT.encode()))}"
            ),
        ),
        "signed-under-another-name": (
            "the key name is the origin",
            unsigned,
            checkpoint(f"{TEXT}\n{log_line(TEXT, 'example.org')}"),
        ),
        "signed-as-a-cosignature": (
            "type 4 is for witnesses",
            unsigned,
            checkpoint(f"{TEXT}\n{log_line(TEXT, kind=4)}"),
        ),
        "replayed-signature": ("of an older tree", unsigned, checkpoint(f"{text_of(4)}\n{log_line(TEXT)}")),
        "cosigned-only": ("the log has not signed", unsigned, checkpoint(f"{TEXT}\n{witness_line(TEXT, 1)}")),
        "one-of-two-signatures-fails": (
            "a known line that fails condemns the note",
            unsigned,
            checkpoint(signed(TEXT, bad)),
        ),
        "signature-truncated": (
            "63 bytes",
            unsigned,
            checkpoint(f"{TEXT}\n{line(ORIGIN, key_id(ORIGIN, LOG.public) + LOG.sign(TEXT.encode())[:63])}"),
        ),
        "signed-with-the-blank-line": (
            "the text alone is signed",
            unsigned,
            checkpoint(f"{TEXT}\n{log_line(TEXT + chr(10))}"),
        ),
        "not-a-note": ("no signature lines", "note.malformed", checkpoint(TEXT)),
    }


def cosignatures() -> Vectors:
    """Cosignatures."""
    time = 1_767_225_600
    other = p.key("another witness")
    witnesses = {NAME: WITNESS.public.hex(), "w2.example": other.public.hex()}
    second = witness_line(TEXT, time + 5, name="w2.example", key=other)
    for name, about, lines in (
        ("one-of-two-witnesses", "The other has not signed.", witness_line(TEXT, time)),
        ("both-witnesses", "Each with its time.", witness_line(TEXT, time) + second),
        (
            "the-latest-counts",
            "Of several lines of one key.",
            witness_line(TEXT, time + 9) + witness_line(TEXT, time),
        ),
        ("time-zero", "1970.", witness_line(TEXT, 0)),
        ("unknown-witness", "Passed over, even if it fails.", UNKNOWN),
        ("witness-key-under-another-name", "Another key ID.", witness_line(TEXT, time, name="w3.example")),
    ):
        given = {"note": signed(TEXT, lines), "witnesses": witnesses}
        yield Vector(area="cosignatures", name=name, about=about, spec=COSIGNATURES, input=given)
    for name, about, lines in (
        ("another-time", "it signed another one", witness_line(TEXT, time, said=time + 1)),
        ("another-tree", "replayed from an older checkpoint", witness_line(text_of(2), time)),
        (
            "another-key",
            "the key ID of one, the signature of another",
            line(NAME, key_id(NAME, WITNESS.public, 4) + bytes(8) + other.sign(TEXT.encode())),
        ),
        (
            "without-context",
            "the text alone",
            line(NAME, key_id(NAME, WITNESS.public, 4) + bytes(8) + WITNESS.sign(TEXT.encode())),
        ),
        (
            "without-time",
            "64 bytes",
            line(NAME, key_id(NAME, WITNESS.public, 4) + WITNESS.sign(TEXT.encode())),
        ),
        ("over-long", "a byte too many", line(NAME, key_id(NAME, WITNESS.public, 4) + bytes(73))),
        ("time-too-large", "2^63", witness_line(TEXT, 2**63)),
        (
            "one-of-two-fails",
            "a known line that fails condemns the note",
            witness_line(TEXT, time) + witness_line(TEXT, 1, said=2),
        ),
    ):
        given = {"note": signed(TEXT, lines), "witnesses": witnesses}
        yield Vector(
            area="cosignatures",
            name=name,
            about=about,
            spec=COSIGNATURES,
            input=given,
            error="note.signature",
        )


def vectors() -> Vectors:
    """All of the three areas."""
    for name, about, text in valid_notes():
        yield Vector(area="notes", name=name, about=about, spec=NOTES, input={"what": "note", "note": text})
    for name, about, given in invalid_notes():
        yield Vector(area="notes", name=name, about=about, spec=NOTES, input=given, error="note.malformed")
    yield from vkeys()
    yield from checkpoints()
    yield from cosignatures()
