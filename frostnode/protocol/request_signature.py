"""Requests from node to node, signed with the node key: HTTP message signatures with Ed25519 (RFC 9421).

Source of the rules: spec/05-sync.md#signed-requests. Rules kept here:
- a signature covers the method, the authority, the path, the query and, but for a streamed body, the digest
  of the body: exactly these, in this order;
- it names its key (`keyid`, in multibase), its time (`created`, `expires`), itself (`nonce`) and its purpose
  (`tag`): exactly these, in any order;
- the base that is signed is built from the fields as they came, by one function for signer and verifier.

Whether a nonce came before is for `replay_window`; whether the body is the one of the digest, for whoever has it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from frostnode.protocol.errors import SignatureError
from frostnode.protocol.keys import PublicKey, SigningKey, from_multibase, to_multibase, verify
from frostnode.protocol.limits import (
    REQUEST_LIFETIME_S,
    REQUEST_LIFETIME_S_MAX,
    REQUEST_NONCE_CHARS_MAX,
    REQUEST_NONCE_CHARS_MIN,
    REQUEST_SKEW_S,
)
from frostnode.protocol.signature_fields import (
    SignatureInput,
    format_signature,
    parse_signature,
    parse_signature_input,
)

TAG: Final = "frost-request"
"""What a signature is for: one of another purpose is not taken for a request's, nor the other way round."""

_LABEL: Final = "frost"
_HEAD: Final = ("@method", "@authority", "@path", "@query")
_DIGEST: Final = "content-digest"
_PARAMETERS: Final = frozenset({"created", "expires", "nonce", "keyid", "tag"})
_NONCE: Final = re.compile(rf"[A-Za-z0-9_-]{{{REQUEST_NONCE_CHARS_MIN},{REQUEST_NONCE_CHARS_MAX}}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a request is made of but for its body, as it goes over the wire.

    `authority` is in lower case, without the port that its scheme implies; `query` begins with `?`, also
    where it is empty.
    """

    method: str
    authority: str
    path: str
    query: str

    def components(self) -> dict[str, str]:
        """The derived components of RFC 9421 section 2.2."""
        return dict(zip(_HEAD, (self.method, self.authority, self.path, self.query), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureHeaders:
    """The fields of one signature; without `content_digest` the body is streamed and proves itself."""

    signature_input: str
    signature: str
    content_digest: str | None

    def as_mapping(self) -> dict[str, str]:
        """The fields by their names."""
        fields = {"signature-input": self.signature_input, "signature": self.signature}
        return fields if self.content_digest is None else {**fields, _DIGEST: self.content_digest}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """Who signed a request, when, and which one it is. Times are POSIX seconds of the signer's clock."""

    key: PublicKey
    created: int
    expires: int
    nonce: str


def signature_base(given: SignatureInput, values: Mapping[str, str]) -> bytes:
    """The bytes that are signed (RFC 9421 section 2.5); `values` has the value of every component.

    Raises:
        SignatureError: request.malformed, for a component without a value or one that would be two lines
    """
    lines = [f'"{name}": {values.get(name, "")}' for name in given.components]
    if not values.keys() >= set(given.components) or any("\n" in line or "\r" in line for line in lines):
        raise SignatureError("request.malformed", "covered components", found=" ".join(given.components))
    lines.append(f'"@signature-params": {given.signature_params()}')
    try:
        return "\n".join(lines).encode("ascii")
    except UnicodeEncodeError as error:
        raise SignatureError("request.malformed", "covered components", found=error.object) from error


def sign_request(
    key: SigningKey, target: Target, *, content_digest: str | None, now_s: int, nonce: str
) -> SignatureHeaders:
    """Sign a request that is sent now."""
    parameters = (
        ("created", now_s),
        ("expires", now_s + REQUEST_LIFETIME_S),
        ("nonce", nonce),
        ("keyid", to_multibase(key.public)),
        ("tag", TAG),
    )
    given = SignatureInput(_LABEL, _covered(content_digest), parameters)
    base = signature_base(given, _values(target, content_digest))
    return SignatureHeaders(
        signature_input=str(given),
        signature=format_signature(_LABEL, key.sign(base)),
        content_digest=content_digest,
    )


def verify_request(target: Target, headers: SignatureHeaders, *, now_s: int) -> Signed:
    """Check who signed a request, and that it is meant for now.

    Raises:
        SignatureError: request.malformed; request.time, when it is too old or from the future;
            request.signature
    """
    given = parse_signature_input(headers.signature_input)
    signature = parse_signature(headers.signature, given.label)
    covered = _covered(headers.content_digest)
    if given.components != covered:
        found, expected = " ".join(given.components), " ".join(covered)
        raise SignatureError("request.malformed", "covered components", found=found, expected=expected)
    signed = _signed(dict(given.parameters))
    _check_time(signed, now_s)
    base = signature_base(given, _values(target, headers.content_digest))
    try:
        verify(signed.key, base, signature)
    except SignatureError as error:
        raise SignatureError(
            "request.signature", f"request of {to_multibase(signed.key)}: {error}"
        ) from error
    return signed


def _covered(content_digest: str | None) -> tuple[str, ...]:
    return _HEAD if content_digest is None else (*_HEAD, _DIGEST)


def _values(target: Target, content_digest: str | None) -> dict[str, str]:
    return {**target.components(), _DIGEST: content_digest or ""}


def _signed(parameters: Mapping[str, int | str]) -> Signed:
    """What the parameters say, all of them and nothing else."""
    created, expires = parameters.get("created"), parameters.get("expires")
    nonce, keyid = parameters.get("nonce"), parameters.get("keyid")
    if (
        parameters.keys() != _PARAMETERS
        or parameters["tag"] != TAG
        or not (isinstance(created, int) and isinstance(expires, int))
        or not (isinstance(nonce, str) and _NONCE.fullmatch(nonce))
    ):
        expected = f'created, expires, nonce, keyid and tag="{TAG}"'
        raise SignatureError("request.malformed", "parameters", found=dict(parameters), expected=expected)
    try:
        key = from_multibase(str(keyid))
    except SignatureError as error:
        raise SignatureError("request.malformed", f"keyid: {error}") from error
    return Signed(key=key, created=created, expires=expires, nonce=nonce)


def _check_time(signed: Signed, now_s: int) -> None:
    created, expires = signed.created, signed.expires
    if not created < expires <= created + REQUEST_LIFETIME_S_MAX:
        expected = f"1 to {REQUEST_LIFETIME_S_MAX} s"
        raise SignatureError(
            "request.time", "lifetime of the request", found=expires - created, expected=expected
        )
    if not created - REQUEST_SKEW_S <= now_s <= expires + REQUEST_SKEW_S:
        raise SignatureError(
            "request.time",
            "time of the request",
            found=f"{created} to {expires}",
            expected=f"{now_s} ± {REQUEST_SKEW_S}",
            hint="set the clock of the node that is wrong",
        )
