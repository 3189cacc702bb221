"""Vectors of 01 encoding: DAG-CBOR both ways."""

from typing import Any

from frostnode.protocol.dagcbor import Cid, encode
from interop.cases.vector import Vector, Vectors

PROFILE = "01-encoding.md#dag-cbor-profile"
CIDS = "01-encoding.md#cids"
JSON = "01-encoding.md#lossless-json-form"
LIMITS = "01-encoding.md#limits"

SOME = Cid.of(b"some")
VERSION_0 = Cid(bytes.fromhex("1220") + SOME.digest)
RAW = Cid(bytes.fromhex("01551220") + SOME.digest)
NO_DIGEST = Cid(bytes.fromhex("01550000"))


def valid_values() -> list[tuple[str, str, str, Any]]:
    """Name, about, anchor, value."""
    sizes = [0, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**53 - 1, 2**53, 2**63, 2**64 - 1]
    deep: Any = []
    for _ in range(63):
        deep = [deep]
    texts = ["", "é", "e\u0301", "\U0001f9ca", "\ufeffbom", "a\x00b", "\u2028", "ß" * 12]
    return [
        (
            "integers-at-every-width",
            "The shortest head for each size.",
            PROFILE,
            [*sizes, *(-1 - n for n in sizes)],
        ),
        (
            "floats",
            "Always 64 bits; 1.0 is not 1.",
            PROFILE,
            [0.0, 1.0, 1, -1.5, 0.1, 1e22, 1e100, 5e-324, 2.0**53],
        ),
        ("text-is-never-normalised", "Text is bytes: composed, decomposed, with BOM or NUL.", PROFILE, texts),
        ("bytes-that-look-like-a-link", "Without tag 42 it is bytes.", PROFILE, [b"\0" + SOME.raw, SOME]),
        (
            "keys-by-length-then-bytes",
            "Order of map keys.",
            PROFILE,
            {"b": 1, "aa": 2, "B": 3, "é": 4, "": 5},
        ),
        (
            "keys-that-some-languages-mistake",
            "Keys are nothing but text.",
            PROFILE,
            {"1": 1, "__proto__": 2, "b": 3},
        ),
        ("empty-containers", "Empty array, map, text, bytes.", PROFILE, [[], {}, "", b""]),
        ("simple-values", "false, true, null.", PROFILE, [False, True, None]),
        ("depth-at-the-limit", "64 arrays inside each other.", LIMITS, deep),
        ("link-of-version-0", "A CID of version 0 is written in base58btc.", CIDS, {"old": VERSION_0}),
        ("link-of-another-codec", "No table of codecs decides.", CIDS, [RAW, NO_DIGEST]),
        (
            "map-with-only-a-slash",
            'A map whose only key is "/" is no link in JSON.',
            JSON,
            {"/": "not a link"},
        ),
        (
            "map-with-only-a-slash-and-bytes",
            "The same around what looks like bytes.",
            JSON,
            {"/": {"bytes": "AA"}},
        ),
        ("map-with-only-slashes", "The same twice.", JSON, {"/": {"/": {"/": 1}}}),
        ("map-with-a-slash-among-others", "An ordinary map.", JSON, {"/": "x", "a": b"\xff\xfe"}),
    ]


DEEP = [["81", 64], ["80", 1]]
NOT_CANONICAL = "encoding.not-canonical"
INVALID: list[tuple[str, str, str, Any]] = [
    ("undefined", "undefined", NOT_CANONICAL, "f7"),
    ("float-of-16-bits", "1.0 in 16 bits", NOT_CANONICAL, "f93c00"),
    ("float-of-32-bits", "1.0 in 32 bits", NOT_CANONICAL, "fa3f800000"),
    ("not-a-number", "NaN", NOT_CANONICAL, "fb7ff8000000000000"),
    ("infinity", "Infinity", NOT_CANONICAL, "fb7ff0000000000000"),
    ("negative-zero", "-0.0", NOT_CANONICAL, "fb8000000000000000"),
    ("indefinite-array", "an array of indefinite length", NOT_CANONICAL, "9f01ff"),
    ("indefinite-map", "a map of indefinite length", NOT_CANONICAL, "bf616101ff"),
    ("indefinite-text", "text in chunks", NOT_CANONICAL, "7f6161ff"),
    ("indefinite-bytes", "bytes in chunks", NOT_CANONICAL, "5f4100ff"),
    ("over-long-integer", "0 in two bytes", NOT_CANONICAL, "1800"),
    ("over-long-negative-integer", "-1 in three bytes", NOT_CANONICAL, "390000"),
    ("over-long-integer-of-64-bits", "a 32-bit integer in nine bytes", NOT_CANONICAL, "1b00000000ffffffff"),
    ("over-long-length", "the length of a text in two bytes", NOT_CANONICAL, "780161"),
    ("over-long-array-head", "the length of an array in two bytes", NOT_CANONICAL, "980101"),
    ("over-long-tag", "tag 42 in three bytes", NOT_CANONICAL, "d9002a58250001711220" + SOME.digest.hex()),
    ("big-integer", "2^64 as a tagged big integer", NOT_CANONICAL, "c249010000000000000000"),
    ("unknown-tag", "a date", NOT_CANONICAL, "c11a514b67b0"),
    ("self-described", "the tag of self-described CBOR", NOT_CANONICAL, "d9d9f700"),
    (
        "keys-in-bytewise-order",
        "the order of RFC 8949 in place of length first",
        NOT_CANONICAL,
        "a262616101616202",
    ),
    ("keys-out-of-order", "b before a", NOT_CANONICAL, "a2616201616102"),
    ("duplicate-key", "a twice", NOT_CANONICAL, "a2616101616102"),
    ("integer-key", "a key that is no text", NOT_CANONICAL, "a10101"),
    ("bytes-key", "a key of bytes", NOT_CANONICAL, "a1416101"),
    ("bytes-after-the-value", "a second item", NOT_CANONICAL, "0000"),
    ("nothing", "no item", NOT_CANONICAL, ""),
    ("truncated-array", "an array that ends early", NOT_CANONICAL, "8201"),
    ("truncated-map", "a key without a value", NOT_CANONICAL, "a16161"),
    ("truncated-text", "a text that ends early", NOT_CANONICAL, "6261"),
    ("truncated-head", "half a length", NOT_CANONICAL, "59ff"),
    ("claims-all-there-is", "heads that claim more items than bytes", NOT_CANONICAL, "9b7fffffffffffffff00"),
    ("nested-claims", "heads inside heads, each claiming what follows", NOT_CANONICAL, [["990400", 60]]),
    ("text-not-utf-8", "an invalid byte", NOT_CANONICAL, "62c328"),
    ("text-with-a-surrogate", "U+D800 in UTF-8", NOT_CANONICAL, "63eda080"),
    ("text-over-long", "/ in two bytes", NOT_CANONICAL, "62c0af"),
    ("text-beyond-unicode", "U+110000", NOT_CANONICAL, "64f4908080"),
    ("simple-value", "simple value 16", NOT_CANONICAL, "f0"),
    ("simple-value-in-two-bytes", "false as f814", NOT_CANONICAL, "f814"),
    ("break-alone", "a break without a beginning", NOT_CANONICAL, "ff"),
    ("reserved-head", "additional information 28", NOT_CANONICAL, "1c"),
    ("nested-too-deep", "65 arrays inside each other", "encoding.too-deep", DEEP),
    ("nested-maps-too-deep", "65 maps inside each other", "encoding.too-deep", [["a16161", 64], ["a0", 1]]),
    ("oversized", "4 MiB and a byte", "encoding.too-large", [["5a00400000", 1], ["00", 4 * 1024 * 1024]]),
    ("too-many-items", "2^20 items and one", "encoding.too-large", [["9a00100000", 1], ["f6", 2**20]]),
]
INVALID_LINKS = [
    ("link-without-zero", "the byte 0x00 before the CID is missing", "d82a582401711220" + SOME.digest.hex()),
    ("link-that-is-text", "tag 42 on text", "d82a6100"),
    ("link-in-a-link", "tag 42 twice", "d82ad82a4100"),
    ("link-empty", "no CID", "d82a4100"),
    ("link-digest-too-short", "31 bytes where 32 are stated", "d82a58240001711220" + SOME.digest.hex()[:62]),
    ("link-digest-too-long", "33 bytes where 32 are stated", "d82a58260001711220" + SOME.digest.hex() + "00"),
    ("link-of-version-2", "a version that is none", "d82a58250002711220" + SOME.digest.hex()),
    ("link-with-over-long-varint", "the codec in two bytes", "d82a58260001f1001220" + SOME.digest.hex()),
    ("link-of-version-0-too-long", "33 bytes of digest", "d82a5824001220" + SOME.digest.hex() + "00"),
]

JSON_VALID = [
    ("layout-is-free", "White space and order of keys.", ' { "b" : [ 1 , 2 ],\n\t"a" : null }\r\n'),
    ("escapes", "Escaped text is text.", r'["\u00e9\ud83e\uddca\/\n", "\"\\"]'),
    (
        "a-fraction-or-exponent-is-a-float",
        "1 is an integer, all others are floats.",
        "[1,1.0,1e0,1E+2,10e-1,-0.5]",
    ),
    (
        "integers-beyond-doubles",
        "No digit is lost.",
        "[9007199254740993,18446744073709551615,-18446744073709551616]",
    ),
    (
        "float-with-more-digits-than-needed",
        "Read to the nearest.",
        "[0.1000000000000000055511151231257827021181583]",
    ),
    ("empty-key", "An empty key is a key.", '{"":{"/":{"bytes":""}}}'),
]
JSON_INVALID = [
    ("json-duplicate-key", "the last would win silently", "encoding.json", '{"a":1,"a":2}'),
    ("json-not-a-number", "NaN", "encoding.json", "[NaN]"),
    ("json-infinity", "a number that is none", "encoding.json", "[-Infinity]"),
    ("json-float-out-of-range", "rounds to infinity", "encoding.json", "[1e400]"),
    ("json-negative-zero", "-0", "encoding.json", "[-0]"),
    ("json-negative-zero-float", "-0.0", "encoding.json", "[-0.0]"),
    ("json-integer-out-of-range", "2^64", "encoding.json", "[18446744073709551616]"),
    ("json-lone-surrogate", "text that UTF-8 cannot say", "encoding.json", r'["\ud800"]'),
    ("json-lone-surrogate-in-key", "a key that UTF-8 cannot say", "encoding.json", r'{"\udc00":1}'),
    ("json-link-malformed", "no CID", "encoding.json", '{"/":"bafy"}'),
    ("json-link-upper-case", "another spelling of a CID", "encoding.json", f'{{"/":"{str(SOME).upper()}"}}'),
    ("json-slash-number", "means nothing", "encoding.json", '{"/":1}'),
    ("json-slash-empty", "means nothing", "encoding.json", '{"/":{}}'),
    ("json-bytes-padded", "base64 with padding", "encoding.json", '{"/":{"bytes":"AA=="}}'),
    ("json-bytes-with-bits-left", "unused bits that are not zero", "encoding.json", '{"/":{"bytes":"AB"}}'),
    ("json-bytes-url-safe", "the alphabet of URLs", "encoding.json", '{"/":{"bytes":"_-8"}}'),
    ("json-bytes-and-more", "two keys where one may be", "encoding.json", '{"/":{"bytes":"AA","x":1}}'),
    ("json-two-values", "one value and another", "encoding.json", "1 2"),
    ("json-trailing-comma", "a comma too many", "encoding.json", "[1,]"),
    ("json-leading-zero", "01", "encoding.json", "[01]"),
    ("json-control-character", "a raw tab in a string", "encoding.json", '["\t"]'),
    ("json-nested-too-deep", "65 arrays", "encoding.too-deep", "[" * 65 + "]" * 65),
]


def vectors() -> Vectors:
    """All of the area."""
    for name, about, spec, value in valid_values():
        yield Vector(area="encoding", name=name, about=about, spec=spec, input=cbor(encode(value).hex()))
    yield Vector(
        area="encoding",
        name="a-float-of-no-fraction-is-still-a-float",
        about="Where floats may be, 1.0 stays one.",
        spec=PROFILE,
        input={"what": "dag-cbor", "bytes": "fb3ff0000000000000", "floats": True},
    )
    for name, about, error, data in INVALID:
        spec = LIMITS if error != NOT_CANONICAL else PROFILE
        yield Vector(area="encoding", name=name, about=about, spec=spec, input=cbor(data), error=error)
    for name, about, data in INVALID_LINKS:
        yield Vector(
            area="encoding", name=name, about=about, spec=CIDS, input=cbor(data), error=NOT_CANONICAL
        )
    for name, about, data in (
        ("float-where-none-may-be", "1.5", "fb3ff8000000000000"),
        ("whole-float-where-none-may-be", "1.0, which some languages take for 1", "a16161fb3ff0000000000000"),
    ):
        given = cbor(data) | {"floats": False}
        yield Vector(
            area="encoding", name=name, about=about, spec=PROFILE, input=given, error="encoding.float"
        )
    for name, about, text in JSON_VALID:
        given = json_form(text)
        yield Vector(area="encoding", name=f"json-{name}", about=about, spec=JSON, input=given)
    for name, about, error, text in JSON_INVALID:
        given = json_form(text)
        yield Vector(area="encoding", name=name, about=about, spec=JSON, input=given, error=error)


def cbor(data: Any) -> dict[str, Any]:
    """The input of a vector about bytes."""
    return {"what": "dag-cbor", "bytes": data}


def json_form(text: str) -> dict[str, Any]:
    """The input of a vector about JSON."""
    return {"what": "dag-json", "text": text}
