"""The lossless JSON form of DAG-CBOR values: what is written as JSON and read again is the same bytes.

Source of the rules: spec/01-encoding.md#lossless-json-form, which is DAG-JSON with one addition: a map whose
only key is "/" has a form too. Reading is strict; each form that means nothing is refused.
"""

import json
import math
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from typing import Any, Final, TypeAlias

from frostnode.protocol.dagcbor import Cid, Value
from frostnode.protocol.errors import EncodingError, NameError_
from frostnode.protocol.limits import BODY_DEPTH_MAX

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None

_INTEGER_MAX: Final = 2**64 - 1
_INTEGER_MIN: Final = -(2**64)
_INTEGER_CHARS_MAX: Final = 21
_SLASH: Final = "/"
_BYTES: Final = "bytes"
_JSON_DEPTH_MAX: Final = 2 * BODY_DEPTH_MAX + 2
"""A map whose only key is "/" is two JSON objects; so are the bytes in the innermost."""

_STRING_OR_BRACKET: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)


def to_json(value: Value) -> Json:
    """Turn a value into what the json module writes.

    Raises:
        EncodingError: encoding.json, for what DAG-CBOR cannot say either; encoding.too-deep
    """
    return _to_json(value, 0)


def _to_json(value: Value, depth: int) -> Json:
    if value is None or type(value) is bool:
        return value
    if isinstance(value, str | int | float):
        return _checked(value)
    if isinstance(value, Cid):
        return {_SLASH: str(value)}
    if isinstance(value, bytes):
        return {_SLASH: {_BYTES: b64encode(value).decode("ascii").rstrip("=")}}
    _check_depth(depth + 1)
    if type(value) is list:
        return [_to_json(item, depth + 1) for item in value]
    if type(value) is dict:
        fields = {_checked_key(key): _to_json(item, depth + 1) for key, item in value.items()}
        return {_SLASH: fields} if fields.keys() == {_SLASH} else fields
    raise _no_form("a value", type(value).__name__, "what DAG-CBOR can say")


def from_json(item: object) -> Value:
    """Turn what the json module read into the value that it stands for.

    Raises:
        EncodingError: encoding.json, encoding.too-deep
    """
    return _from_json(item, 0)


def _from_json(item: object, depth: int) -> Value:
    if item is None or type(item) is bool:
        return item
    if isinstance(item, str | int | float):
        return _checked(item)
    if type(item) is dict and item.keys() == {_SLASH}:
        return _from_slash(item[_SLASH], depth)
    _check_depth(depth + 1)
    if type(item) is list:
        return [_from_json(each, depth + 1) for each in item]
    if type(item) is dict:
        return {_checked_key(key): _from_json(each, depth + 1) for key, each in item.items()}
    raise _no_form("an item", type(item).__name__, "what JSON can say")


def _from_slash(form: object, depth: int) -> Value:
    """Read what an object has whose only key is "/": a link, bytes, or such a map in earnest."""
    if type(form) is str:
        try:
            return Cid.parse_any(form)
        except NameError_ as error:
            raise EncodingError("encoding.json", str(error)) from error
    if type(form) is dict and len(form) == 1:
        (key, inner), *_ = form.items()
        if key == _BYTES and type(inner) is str:
            return _bytes_from_text(inner)
        if key == _SLASH:
            _check_depth(depth + 1)
            return {_SLASH: _from_json(inner, depth + 1)}
    raise _no_form('object with the one key "/"', type(form).__name__, 'a CID, {"bytes": …} or {"/": …}')


def _bytes_from_text(text: str) -> bytes:
    """Take base64 without padding in its one spelling."""
    try:
        data = b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        data = b""
    if b64encode(data).decode("ascii").rstrip("=") != text:
        raise _no_form("bytes", text, "base64 without padding, canonical")
    return data


def _checked(scalar: str | float) -> str | float:
    """Return a text or number that both DAG-CBOR and JSON can say."""
    if type(scalar) is str:
        if not (scalar.isascii() or _is_unicode(scalar)):
            raise _no_form("text", ascii(scalar), "no lone surrogates")
    elif type(scalar) is int:
        if not _INTEGER_MIN <= scalar <= _INTEGER_MAX:
            raise _no_form("integer", f"{scalar.bit_length()} bits", "at most 64 bits and a sign")
    elif type(scalar) is not float:
        raise _no_form("a value", type(scalar).__name__, "what DAG-CBOR can say")
    elif not math.isfinite(scalar) or (scalar == 0 and math.copysign(1, scalar) < 0):
        raise _no_form("float", scalar, "a finite number that is not -0.0")
    return scalar


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _checked_key(key: object) -> str:
    if type(key) is not str:
        raise _no_form("key", type(key).__name__, "text")
    _checked(key)
    return key


def _check_depth(depth: int) -> None:
    if depth > BODY_DEPTH_MAX:
        raise EncodingError("encoding.too-deep", "nesting", found=depth, expected=f"≤ {BODY_DEPTH_MAX}")


def _no_form(what: str, found: object, expected: str) -> EncodingError:
    return EncodingError("encoding.json", f"lossless JSON form: {what}", found=found, expected=expected)


def dumps(value: Value) -> str:
    """Write a value as compact JSON text with its keys sorted.

    Raises:
        EncodingError: encoding.json, encoding.too-deep
    """
    return json.dumps(to_json(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def loads(text: str) -> Value:
    """Read a value from JSON text.

    Numbers without fraction and exponent are integers, all others floats.

    Raises:
        EncodingError: encoding.json, encoding.too-deep
    """
    _check_nesting(text)
    try:
        return from_json(
            json.loads(
                text,
                object_pairs_hook=_object,
                parse_int=_integer,
                parse_constant=_constant,
            )
        )
    except ValueError as error:
        raise EncodingError("encoding.json", f"not JSON: {error}") from error


def _check_nesting(text: str) -> None:
    """Count brackets outside of strings before the json module, which recurses, sees them."""
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        token = match[0]
        if token in ("[", "{"):
            depth += 1
            if depth > _JSON_DEPTH_MAX:
                raise EncodingError(
                    "encoding.too-deep", "nesting of JSON", found=depth, expected=f"≤ {_JSON_DEPTH_MAX}"
                )
        elif token in ("]", "}"):
            depth -= 1


def _object(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    items: dict[str, Any] = {}
    for key, item in pairs:
        if key in items:
            raise _no_form("object", f"the key {key!a} twice", "each key once")
        items[key] = item
    return items


def _integer(text: str) -> int:
    if text == "-0" or len(text) > _INTEGER_CHARS_MAX:
        raise _no_form("integer", text, "at most 64 bits and a sign, no -0")
    return int(text)


def _constant(text: str) -> float:
    raise _no_form("number", text, "a finite number")
