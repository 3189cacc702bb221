"""Vectors of 05 sync: signed requests."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

from frostnode.protocol.keys import SigningKey, to_multibase
from frostnode.protocol.request_signature import TAG, SignatureHeaders, Target, sign_request, signature_base
from frostnode.protocol.signature_fields import (
    format_content_digest,
    format_signature,
    parse_signature_input,
)
from interop.cases.vector import Vector, Vectors

SPEC = "05-sync.md#signed-requests"
KEY = SigningKey(sha256(b"frost test vector: a node").digest())
OTHER = SigningKey(sha256(b"frost test vector: another node").digest())
NOW = 1_800_000_000
BODY = b'{"to":"somebody","items":[]}'
DIGEST = format_content_digest(BODY)
TARGET = Target(method="POST", authority="frost.example.org", path="/frost/offer", query="?")
NONCE = "Jr8nW2sQ0vYzq4m1T7cXbA"
COVERED = '("@method" "@authority" "@path" "@query" "content-digest")'
RFC_9421 = {
    "what": "base",
    "signature_input": (
        'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length")'
        ';created=1618884473;keyid="test-key-ed25519"'
    ),
    "values": {
        "date": "Tue, 20 Apr 2021 02:07:55 GMT",
        "@method": "POST",
        "@path": "/foo",
        "@authority": "example.com",
        "content-type": "application/json",
        "content-length": "18",
    },
    "signature": "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:",
    "key": "26b40b8f93fff3d897112f7ebc582b232dbd72517d082fe83cfb30ddce43d1bb",
}


def stated(
    headers: SignatureHeaders, *, target: Target = TARGET, body: bytes | None = BODY, now: int = NOW
) -> dict[str, Any]:
    """The input of a vector about one request."""
    return {
        "what": "request",
        "method": target.method,
        "authority": target.authority,
        "path": target.path,
        "query": target.query,
        "signature_input": headers.signature_input,
        "signature": headers.signature,
        "content_digest": headers.content_digest,
        "body": None if body is None else body.hex(),
        "now": now,
    }


def signed(digest: str | None = DIGEST, target: Target = TARGET) -> SignatureHeaders:
    """A request as frostnode signs it."""
    return sign_request(KEY, target, content_digest=digest, now_s=NOW, nonce=NONCE)


def parameters(**changes: Any) -> str:
    """The parameters of a request of ours, with some written otherwise; None leaves one out."""
    written = {
        "created": NOW,
        "expires": NOW + 60,
        "nonce": f'"{NONCE}"',
        "keyid": f'"{to_multibase(KEY.public)}"',
        "tag": f'"{TAG}"',
        **changes,
    }
    return "".join(f";{name}={value}" for name, value in written.items() if value is not None)


def resigned(text: str, *, key: SigningKey = KEY, digest: str | None = DIGEST) -> SignatureHeaders:
    """Headers with this Signature-Input, and a signature that holds for it."""
    given = parse_signature_input(text)
    values = {**TARGET.components(), "content-digest": digest or "", "date": "today"}
    return SignatureHeaders(
        signature_input=text,
        signature=format_signature(given.label, key.sign(signature_base(given, values))),
        content_digest=digest,
    )


def valid() -> list[tuple[str, str, dict[str, Any]]]:
    """Name, about, input."""
    take = replace(TARGET, path="/frost/take/9f0c6a5e0b7d4c1e8a2b3c4d5e6f7081")
    asked = replace(TARGET, authority="127.0.0.1:8417", query="?a=%20&b")
    shuffled = f'a*.b-c_1={COVERED};tag="{TAG}";keyid="{to_multibase(KEY.public)}";nonce="{NONCE}";expires={NOW + 1};created={NOW}'
    return [
        ("rfc-9421-b-2-6", "The vector of the standard, through the same base.", RFC_9421),
        ("request", "With a body.", stated(signed())),
        ("request-streamed", "Without a digest: a take.", stated(signed(None, take), target=take, body=None)),
        ("request-with-a-port-and-a-query", "As they are sent.", stated(signed(target=asked), target=asked)),
        ("request-parameters-in-any-order", "And any label.", stated(resigned(shuffled))),
        ("request-at-the-earliest", "The receiver's clock is 60 s behind.", stated(signed(), now=NOW - 60)),
        ("request-at-the-latest", "The receiver's clock is 60 s ahead.", stated(signed(), now=NOW + 120)),
        (
            "request-of-the-longest-life",
            "300 s.",
            stated(resigned(f"frost={COVERED}{parameters(expires=NOW + 300)}")),
        ),
    ]


def invalid() -> list[tuple[str, str, str, dict[str, Any]]]:
    """Name, about, code, input."""
    bad, wrong, time = "request.malformed", "request.signature", "request.time"
    good = signed()
    text = good.signature_input

    def other(name: str, about: str, code: str, **changes: Any) -> tuple[str, str, str, dict[str, Any]]:
        return name, about, code, stated(resigned(f"frost={COVERED}{parameters(**changes)}"))

    def spelled(name: str, about: str, spelling: str) -> tuple[str, str, str, dict[str, Any]]:
        return name, about, bad, stated(replace(good, signature_input=spelling))

    less = COVERED.replace('"@query" ', "")
    return [
        ("method-changed", "signed for POST", wrong, stated(good, target=replace(TARGET, method="PUT"))),
        ("replayed-at-another-node", "another authority", wrong, stated(good, target=replace(TARGET, authority="b.example"))),
        ("replayed-at-another-path", "another path", wrong, stated(good, target=replace(TARGET, path="/frost/lease"))),
        ("query-added", "another query", wrong, stated(good, target=replace(TARGET, query="?a=b"))),
        ("body-changed", "another body than the digest says", wrong, stated(good, body=BODY + b" ")),
        ("digest-changed", "another digest than was signed", wrong, stated(replace(good, content_digest=format_content_digest(b"")), body=b"")),
        ("digest-dropped", "the signature covers one", bad, stated(replace(good, content_digest=None), body=None)),
        ("digest-added", "the signature covers none", bad, stated(replace(signed(None), content_digest=DIGEST))),
        ("digest-of-another-algorithm", "sha-256 only", bad, stated(resigned(f"frost={COVERED}{parameters()}", digest="sha-512=:AAAA:"))),
        ("another-key", "signed by another node", wrong, stated(resigned(text, key=OTHER))),
        ("too-early", "created in the future", time, stated(good, now=NOW - 61)),
        ("too-late", "expired", time, stated(good, now=NOW + 121)),
        other("life-too-long", "301 s", time, expires=NOW + 301),
        other("life-of-nothing", "expires when it is created", time, expires=NOW),
        other("tag-of-another-purpose", "not a request's", bad, tag='"another"'),
        other("tag-missing", "no purpose", bad, tag=None),
        other("nonce-missing", "could be replayed", bad, nonce=None),
        other("nonce-too-short", "15 characters", bad, nonce='"aaaaaaaaaaaaaaa"'),
        other("nonce-too-long", "65 characters", bad, nonce=f'"{"a" * 65}"'),
        other("nonce-of-other-characters", "a space", bad, nonce='"aaaaaaaa aaaaaaaa"'),
        other("expires-missing", "good for ever", bad, expires=None),
        other("created-as-text", "a number", bad, created=f'"{NOW}"'),
        other("keyid-in-another-form", "multibase", bad, keyid=f'"{KEY.public.hex()}"'),
        other("parameter-of-another-name", "alg", bad, alg='"ed25519"'),
        ("path-not-covered", "could be replayed elsewhere", bad, stated(resigned(f"frost={less}{parameters()}"))),
        ("more-covered", "a field that nobody asked for", bad, stated(resigned(f'frost={COVERED[:-1]} "date"){parameters()}'))),
        ("covered-in-another-order", "one order", bad, stated(resigned('frost=("@authority" "@method" "@path" "@query" "content-digest")' + parameters()))),
        spelled("two-signatures", "one member", f"{text}, b=()"),
        spelled("component-twice", "each once", text.replace('"@query"', '"@path"')),
        spelled("parameter-twice", "each once", f"{text};created={NOW}"),
        spelled("component-with-a-parameter", "plain names", text.replace('"@query"', '"@query";req')),
        spelled("leading-zero", "another spelling of a number", text.replace(f"created={NOW}", f"created=0{NOW}")),
        spelled("spaces", "another spelling of a list", text.replace('" "', '"  "')),
        spelled("no-input", "an empty field", ""),
        ("label-of-another-signature", "labels differ", bad, stated(replace(good, signature=good.signature.replace("frost", "other")))),
        ("signature-no-base64", "another spelling", bad, stated(replace(good, signature="frost=:AB==:"))),
        ("signature-too-short", "63 bytes", wrong, stated(replace(good, signature=format_signature("frost", bytes(63))))),
    ]  # fmt: skip


def vectors() -> Vectors:
    """All of the area."""
    for name, about, given in valid():
        yield Vector(area="requests", name=name, about=about, spec=SPEC, input=given)
    for name, about, error, given in invalid():
        yield Vector(area="requests", name=name, about=about, spec=SPEC, input=given, error=error)
