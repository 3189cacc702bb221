"""Vectors of 03 records: headers and bodies."""

from typing import Any

from frostnode.protocol.dagcbor import Cid, encode
from interop.cases.vector import Vector, Vectors, hexed

HEADERS = "03-records.md#headers"
BODIES = "03-records.md#bodies"
SALT = bytes(range(16))
BODY = encode(
    {"salt": SALT, "title": "Sea ice extent", "extent": {"bbox": [-180.0, 60, 180.0, 90]}, "x": None}
)
OTHER_SALT = encode(
    {"salt": bytes(16), "title": "Sea ice extent", "extent": {"bbox": [-180.0, 60, 180.0, 90]}, "x": None}
)
OTHER = encode(
    {"salt": SALT, "title": "Sea ice extent", "extent": {"bbox": [-180, 60, 180.0, 90]}, "x": None}
)
TIME = 1_767_225_600_000
HEADER: dict[str, Any] = {
    "v": 1,
    "op": "put",
    "type": "dataset",
    "key": "ice/extent",
    "time": TIME,
    "body": Cid.of(BODY),
    "size": len(BODY),
}
WITHDRAW: dict[str, Any] = {"v": 1, "op": "withdraw", "type": "dataset", "key": "ice/extent", "time": TIME}


def changed(**fields: Any) -> bytes:
    """The header with some fields changed."""
    return encode(HEADER | fields)


def without(*names: str) -> bytes:
    """The header without some fields."""
    return encode({name: value for name, value in HEADER.items() if name not in names})


VALID_HEADERS = [
    ("put-a-dataset", "With body and size.", encode(HEADER)),
    ("put-a-version", "Its key has a label.", changed(type="version", key="ice/extent@2024")),
    ("put-a-type-of-others", "Carried and stored unread.", changed(type="org.example.buoy")),
    ("withdraw", "Without a body.", encode(WITHDRAW)),
    ("withdraw-with-a-body", "With a reason in it.", changed(op="withdraw")),
    ("names-at-the-limit", "64 and 200 characters.", changed(type="t" * 64, key="k" * 200)),
    ("time-zero", "1970.", changed(time=0)),
    ("time-at-the-limit", "2^53 - 1.", changed(time=2**53 - 1)),
    ("size-at-the-limit", "4 MiB.", changed(size=4 * 1024 * 1024)),
]


def invalid_headers() -> list[tuple[str, str, bytes]]:
    """Name, about, bytes: leaves that are opaque."""
    good = encode(HEADER)
    swapped = encode(WITHDRAW).replace(b"\x61v\x01\x62op\x68withdraw", b"\x62op\x68withdraw\x61v\x01")
    doubled = encode({"v": 1, "w": 1} | WITHDRAW).replace(b"\x61w", b"\x61v")
    return [
        ("extra-field", "exactly these fields", changed(note="hello")),
        (
            "extra-field-in-place-of-one",
            "as many, but others",
            encode({name: value for name, value in HEADER.items() if name != "size"} | {"bytes": len(BODY)}),
        ),
        ("missing-size", "body and size come together", without("size")),
        ("missing-body", "body and size come together", without("body")),
        ("missing-key", "exactly these fields", without("key")),
        ("put-without-a-body", "only a withdrawal has none", without("body", "size")),
        ("null-body", "absent fields are absent", encode(WITHDRAW | {"body": None, "size": None})),
        ("version-2", "a version nobody knows", changed(v=2)),
        ("version-true", "true is not 1", changed(v=True)),
        ("unknown-op", "put or withdraw", changed(op="delete")),
        ("type-upper-case", "lower case only", changed(type="Dataset")),
        ("type-too-long", "65 characters", changed(type="t" * 65)),
        ("key-too-long", "201 characters", changed(key="k" * 201)),
        ("key-with-label-too-long", "201 characters", changed(type="version", key="k" * 197 + "@v~1")),
        ("key-begins-with-a-tilde", "that is a type in a DID URL", changed(key="~x")),
        ("key-begins-with-a-slash", "an empty first segment", changed(key="/x")),
        ("key-with-a-line-end", "no white space", changed(key="ice\n")),
        ("label-on-a-dataset", "only versions have one", changed(key="ice@2024")),
        ("label-missing-on-a-version", "a version has one", changed(type="version")),
        ("label-with-a-slash", "no slash in a label", changed(type="version", key="ice@20/24")),
        ("negative-time", "before 1970", changed(time=-1)),
        ("time-too-large", "2^53", changed(time=2**53)),
        ("float-time", "no floats in headers", changed(time=1.5)),
        ("whole-float-time", "1.0 is not 1", changed(time=1.0)),
        (
            "body-of-another-codec",
            "raw, not dag-cbor",
            changed(body=Cid(bytes.fromhex("01551220") + bytes(32))),
        ),
        ("body-as-bytes", "not a link", changed(body=b"\0" + Cid.of(BODY).raw)),
        ("body-as-text", "not a link", changed(body=str(Cid.of(BODY)))),
        ("size-zero", "no body is empty", changed(size=0)),
        ("size-too-large", "4 MiB and a byte", changed(size=4 * 1024 * 1024 + 1)),
        ("size-as-float", "no floats in headers", changed(size=float(len(BODY)))),
        ("keys-out-of-order", "canonical order", swapped),
        ("duplicate-key", "v twice", doubled),
        ("bytes-after-the-header", "a byte too many", good + b"\0"),
        ("truncated", "the last byte is missing", good[:-1]),
        ("not-a-map", "an array", encode(list(HEADER.values()))),
        ("empty", "no bytes", b""),
    ]


def valid_bodies() -> list[tuple[str, str, dict[str, Any]]]:
    """Name, about, input."""
    unknown = encode({"salt": SALT, "title": "t", "from_the_future": [1, 1.0, {"/": b"\0"}]})
    return [
        ("body", "Floats and integers stay what they are.", {"what": "body", "body": BODY}),
        ("unknown-fields", "They survive.", {"what": "body", "body": unknown}),
        (
            "salt-alone",
            "What a type needs is not asked of what comes from the network.",
            {"what": "body", "body": encode({"salt": SALT})},
        ),
        (
            "is-the-one-named",
            "Right size and hash.",
            {"what": "check", "header": encode(HEADER), "body": BODY},
        ),
        (
            "unreadable-but-named",
            "Hash and size decide, not content.",
            {"what": "check", "header": changed(body=Cid.of(b"\xff"), size=1), "body": b"\xff"},
        ),
        (
            "same-but-for-the-salt",
            "The salt is no content.",
            {"what": "same-content", "one": BODY, "other": OTHER_SALT},
        ),
        (
            "unreadable-is-the-same-as-itself-alone",
            "Nothing is guessed.",
            {"what": "same-content", "one": BODY, "other": BODY + b"\0"},
        ),
        ("not-the-same", "-180 is not -180.0.", {"what": "same-content", "one": BODY, "other": OTHER}),
    ]


def invalid_bodies() -> list[tuple[str, str, str, dict[str, Any]]]:
    """Name, about, code, input."""
    malformed, wrong = "body.malformed", "body.hash"
    short = encode(HEADER | {"size": len(BODY) - 1})
    deep = (
        encode({"salt": SALT})[:1].replace(b"\xa1", b"\xa2")
        + encode("a")
        + b"\x81" * 64
        + b"\x80"
        + encode({"salt": SALT})[1:]
    )

    def check(header: bytes, body: bytes) -> dict[str, Any]:
        return {"what": "check", "header": header, "body": body}

    return [
        ("no-salt", "every body has one", malformed, {"what": "body", "body": encode({"title": "t"})}),
        ("salt-too-short", "15 bytes", malformed, {"what": "body", "body": encode({"salt": SALT[:15]})}),
        ("salt-too-long", "17 bytes", malformed, {"what": "body", "body": encode({"salt": SALT + b"\0"})}),
        (
            "salt-as-text",
            "not bytes",
            malformed,
            {"what": "body", "body": encode({"salt": "0123456789abcdef"})},
        ),
        ("not-a-map", "an array", malformed, {"what": "body", "body": encode([SALT])}),
        (
            "not-canonical",
            "a float in 16 bits",
            "encoding.not-canonical",
            {
                "what": "body",
                "body": encode({"salt": SALT, "x": 1}).replace(b"\x61x\x01", b"\x61x\xf9\x3c\x00"),
            },
        ),
        ("nested-too-deep", "66 levels", "encoding.too-deep", {"what": "body", "body": deep}),
        ("wrong-hash", "another body of the same size", wrong, check(encode(HEADER), OTHER_SALT)),
        ("wrong-size", "the right body, another size in the header", wrong, check(short, BODY)),
        ("truncated", "the last byte is missing", wrong, check(encode(HEADER), BODY[:-1])),
        ("over-long", "a byte too many", wrong, check(encode(HEADER), BODY + b"\0")),
        ("of-a-header-without-body", "nothing fits", wrong, check(encode(WITHDRAW), BODY)),
    ]


def vectors() -> Vectors:
    """All of both areas."""
    for name, about, data in VALID_HEADERS:
        yield Vector(area="headers", name=name, about=about, spec=HEADERS, input={"bytes": data.hex()})
    for name, about, data in invalid_headers():
        given = {"bytes": data.hex()}
        yield Vector(
            area="headers", name=name, about=about, spec=HEADERS, input=given, error="header.malformed"
        )
    oversized = {"bytes": encode(HEADER | {"note": "x" * 512}).hex()}
    about = "more than 512 bytes: such a leaf stops its log"
    yield Vector(
        area="headers", name="oversized", about=about, spec=HEADERS, input=oversized, error="header.too-large"
    )
    for name, about, given in valid_bodies():
        yield Vector(area="bodies", name=name, about=about, spec=BODIES, input=hexed(given))
    for name, about, error, given in invalid_bodies():
        yield Vector(area="bodies", name=name, about=about, spec=BODIES, input=hexed(given), error=error)
    huge = {"what": "body", "body": [["5a00400000", 1], ["00", 4 * 1024 * 1024]]}
    yield Vector(
        area="bodies",
        name="oversized",
        about="above 4 MiB",
        spec=BODIES,
        input=huge,
        error="encoding.too-large",
    )
