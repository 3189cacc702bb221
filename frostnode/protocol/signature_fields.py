"""The header fields of a signed request, as text and values: Signature-Input, Signature, Content-Digest.

Source of the rules: RFC 9421 section 4, RFC 9530, and of RFC 8941 as much as they need. Rules kept here:
- a field has one member, and one spelling: that in which RFC 8941 would write it;
- components are plain names, parameters are integers and strings, and none comes twice.
"""

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypeAlias

from frostnode.protocol.errors import SignatureError
from frostnode.protocol.limits import REQUEST_FIELD_BYTES_MAX

Parameter: TypeAlias = int | str

_LABEL: Final = r"[a-z*][a-z0-9_.*-]*"
_STRING: Final = r'"(?:[ !#-\[\]-~]|\\["\\])*"'
_NUMBER: Final = r"0|-?[1-9][0-9]{0,14}"
_PARAMETER: Final = rf";({_LABEL})=({_NUMBER}|{_STRING})"
_INPUT: Final = re.compile(rf"({_LABEL})=\(((?:{_STRING}(?: {_STRING})*)?)\)((?:{_PARAMETER})*)")
_ONE_PARAMETER: Final = re.compile(_PARAMETER)
_ONE_STRING: Final = re.compile(_STRING)
_BYTES: Final = re.compile(rf"({_LABEL})=:([A-Za-z0-9+/]*={{0,2}}):")
_ESCAPED: Final = re.compile(r"\\(.)")
_NAME: Final = re.compile(r"@?[a-z0-9!#$%&'*+.^_`|~-]+")
_DIGEST: Final = "sha-256"


@dataclass(frozen=True, slots=True)
class SignatureInput:
    """Which components a signature covers, in order, and its parameters, in order."""

    label: str
    components: tuple[str, ...]
    parameters: tuple[tuple[str, Parameter], ...]

    def signature_params(self) -> str:
        """The value of `@signature-params`: the field without its label."""
        covered = " ".join(map(_quoted, self.components))
        return f"({covered})" + "".join(f";{name}={_written(value)}" for name, value in self.parameters)

    def __str__(self) -> str:
        """The field."""
        return f"{self.label}={self.signature_params()}"


def parse_signature_input(text: str) -> SignatureInput:
    """Read a Signature-Input field of one signature.

    Raises:
        SignatureError: request.malformed
    """
    match = _match(_INPUT, "Signature-Input", text)
    components = tuple(map(_unquoted, _ONE_STRING.findall(match[2])))
    found = [(name, _read(value)) for name, value in _ONE_PARAMETER.findall(match[3])]
    if len(set(components)) < len(components) or len(dict(found)) < len(found):
        raise _malformed("Signature-Input", text, "nothing twice")
    if not all(map(_NAME.fullmatch, components)):
        raise _malformed("Signature-Input", text, "names of components")
    return SignatureInput(match[1], components, tuple(found))


def format_signature(label: str, signature: bytes) -> str:
    """Write a Signature field."""
    return f"{label}=:{b64encode(signature).decode()}:"


def parse_signature(text: str, label: str) -> bytes:
    """Read a Signature field that has this label.

    Raises:
        SignatureError: request.malformed
    """
    return _parse_bytes("Signature", text, label)


def format_content_digest(body: bytes) -> str:
    """Write the Content-Digest field of a body."""
    return f"{_DIGEST}=:{b64encode(sha256(body).digest()).decode()}:"


def check_content_digest(text: str, body: bytes) -> None:
    """Hold a Content-Digest field against the body that came with it.

    Raises:
        SignatureError: request.malformed, request.signature
    """
    stated, found = _parse_bytes("Content-Digest", text, _DIGEST), sha256(body).digest()
    if stated != found:
        raise SignatureError("request.signature", "digest of the body", found=found, expected=stated)


def _parse_bytes(field: str, text: str, label: str) -> bytes:
    match = _match(_BYTES, field, text)
    try:
        data = b64decode(match[2], validate=True)
    except ValueError as error:
        raise _malformed(field, text, "base64") from error
    if match[1] != label or b64encode(data).decode() != match[2]:
        raise _malformed(field, text, f"{label}=:base64:")
    return data


def _match(form: re.Pattern[str], field: str, text: str) -> re.Match[str]:
    if len(text) > REQUEST_FIELD_BYTES_MAX:
        raise _malformed(field, f"{len(text)} bytes", f"≤ {REQUEST_FIELD_BYTES_MAX}")
    match = form.fullmatch(text)
    if match is None:
        raise _malformed(field, text, "one member as RFC 9421 writes it")
    return match


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _unquoted(text: str) -> str:
    return _ESCAPED.sub(r"\1", text[1:-1])


def _written(value: Parameter) -> str:
    return _quoted(value) if isinstance(value, str) else str(value)


def _read(text: str) -> Parameter:
    return _unquoted(text) if text.startswith('"') else int(text)


def _malformed(field: str, found: str, expected: str) -> SignatureError:
    return SignatureError("request.malformed", field, found=found, expected=expected)
