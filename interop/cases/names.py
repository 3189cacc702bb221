"""Vectors of 01 encoding: names."""

from frostnode.protocol.dagcbor import Cid
from interop.cases.vector import Vector, Vectors

SPEC = "01-encoding.md#names"
CID = str(Cid.of(b"a genesis event"))
EVENT = str(Cid.of(b"an event"))
DID = f"did:frost:{CID}"
RAW_CID = str(Cid(bytes.fromhex("01551220") + bytes(32)))
LONG = "k" * 200

VALID = {
    "cid": [("cid", "Our own kind.", CID)],
    "did": [("did", "The CID of a genesis event.", DID)],
    "type": [
        ("type-reverse-dns", "Types of others.", "org.example.buoy-2"),
        ("type-at-the-limit", "64 characters.", "t" * 64),
    ],
    "key": [
        ("key-of-every-character", "All that may be.", "-AZaz09._~:/x"),
        ("key-with-empty-segments", "Segments mean nothing.", "a//../."),
        ("key-at-the-limit", "200 characters.", LONG),
        ("key-with-label-at-the-limit", "200 characters, label counted.", f"{'k' * 196}@v~1"),
    ],
    "origin": [
        ("origin-of-epoch-0", "The log that genesis opened.", f"{DID}/log/0/{CID}"),
        ("origin-at-the-limit", "The last epoch that a path can have.", f"{DID}/log/999/{EVENT}"),
    ],
    "did-url": [
        ("did-url-of-a-dataset", "The type is not written.", f"{DID}/ice/extent"),
        ("did-url-of-a-version", "Dataset and label.", f"{DID}/ice/extent@2024:v~1"),
        ("did-url-of-another-type", "With a tilde.", f"{DID}/~lineage/ice/a"),
        ("did-url-of-a-dotted-type", "With a tilde.", f"{DID}/~org.example.buoy/7"),
        ("did-url-of-an-entry", "An exact entry.", f"{DID}/ice?cid={EVENT}"),
    ],
}
INVALID = {
    "cid": [
        ("cid-upper-case", "another spelling", "name.cid", CID.upper()),
        ("cid-of-another-codec", "raw, not dag-cbor", "name.cid", RAW_CID),
        ("cid-padded", "base32 with padding", "name.cid", f"{CID}======"),
        ("cid-truncated", "a character short", "name.cid", CID[:-1]),
        ("cid-with-bits-left", "unused bits that are not zero", "name.cid", f"{CID[:-1]}b"),
        ("cid-of-version-0", "base58btc", "name.cid", "QmNLei78zWmzUdbeRB3CiUfAizWUrbeeZh5K1rhAQKCh51"),
        ("cid-in-base16", "another base", "name.cid", "f01711220" + "00" * 32),
    ],
    "did": [
        ("did-of-another-method", "no did:frost", "name.did", f"did:web:{CID}"),
        ("did-upper-case", "methods are lower case", "name.did", f"did:FROST:{CID}"),
        ("did-with-a-path", "that is a DID URL", "name.did", f"{DID}/key"),
        ("did-with-white-space", "a newline at the end", "name.did", f"{DID}\n"),
        ("did-of-a-key", "no CID", "name.did", "did:frost:z6MkmfLRqgeocKSdiXbzauwUpow4n8uV3Yph2CH4qVvH5A3m"),
    ],
    "type": [
        ("type-upper-case", "lower case only", "name.type", "Dataset"),
        ("type-empty", "at least one character", "name.type", ""),
        ("type-too-long", "65 characters", "name.type", "t" * 65),
        ("type-begins-with-a-digit", "a letter first", "name.type", "2d"),
        ("type-with-a-line-end", "a newline at the end", "name.type", "dataset\n"),
        ("type-not-ascii", "a Cyrillic a", "name.type", "d\u0430taset"),
    ],
    "key": [
        ("key-empty", "at least one character", "name.key", ""),
        ("key-too-long", "201 characters", "name.key", f"{LONG}k"),
        ("key-with-label-too-long", "201 characters, label counted", "name.key", f"{'k' * 197}@v~1"),
        ("key-begins-with-a-tilde", "that is a type in a DID URL", "name.key", "~lineage/x"),
        ("key-begins-with-a-slash", "an empty first segment", "name.key", "/x"),
        ("key-with-a-space", "no space", "name.key", "sea ice"),
        ("key-with-a-percent-sign", "nothing is percent-encoded", "name.key", "a%2Fb"),
        ("key-not-ascii", "no letter but A-Z", "name.key", "m\u00f8re"),
        ("key-with-a-question-mark", "that begins a query", "name.key", "a?cid=b"),
        ("key-with-two-labels", "one label", "name.key", "a@b@c"),
        ("label-empty", "at least one character", "name.key", "a@"),
        ("label-with-a-slash", "no slash in a label", "name.key", "a@b/c"),
        ("label-alone", "no dataset key", "name.key", "@b"),
    ],
    "origin": [
        ("origin-epoch-with-leading-zero", "another spelling", "name.origin", f"{DID}/log/01/{EVENT}"),
        ("origin-epoch-too-large", "beyond the longest path", "name.origin", f"{DID}/log/1000/{EVENT}"),
        ("origin-without-the-event", "branches would share it", "name.origin", f"{DID}/log/1"),
        ("origin-with-a-slash-at-the-end", "another spelling", "name.origin", f"{DID}/log/1/{EVENT}/"),
        ("origin-of-a-host", "no DID", "name.origin", f"example.org/log/1/{EVENT}"),
    ],
    "did-url": [
        ("did-url-without-a-record", "a publisher is no record", "name.did-url", DID),
        ("did-url-empty-key", "no key", "name.did-url", f"{DID}/"),
        ("did-url-dataset-with-its-type", "another spelling", "name.did-url", f"{DID}/~dataset/ice"),
        ("did-url-version-with-its-type", "another spelling", "name.did-url", f"{DID}/~version/ice@1"),
        (
            "did-url-label-of-another-type",
            "only versions have labels",
            "name.did-url",
            f"{DID}/~lineage/ice@1",
        ),
        ("did-url-type-without-a-key", "no key", "name.did-url", f"{DID}/~lineage"),
        ("did-url-with-a-fragment", "no fragment", "name.did-url", f"{DID}/ice#a"),
        ("did-url-with-another-query", "cid only", "name.did-url", f"{DID}/ice?version=1"),
        ("did-url-with-an-empty-cid", "no CID", "name.did-url", f"{DID}/ice?cid="),
        (
            "did-url-with-more-in-the-query",
            "nothing behind the CID",
            "name.did-url",
            f"{DID}/ice?cid={EVENT}&a=b",
        ),
        ("did-url-percent-encoded", "nothing is percent-encoded", "name.did-url", f"{DID}/ice%2Fextent"),
    ],
}


def vectors() -> Vectors:
    """All of the area."""
    for what, cases in VALID.items():
        for name, about, text in cases:
            yield Vector(area="names", name=name, about=about, spec=SPEC, input={"what": what, "text": text})
    for what, refused in INVALID.items():
        for name, about, error, text in refused:
            given = {"what": what, "text": text}
            yield Vector(area="names", name=name, about=about, spec=SPEC, input=given, error=error)
