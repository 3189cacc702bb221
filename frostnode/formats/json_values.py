"""Foreign JSON to values that DAG-CBOR can say, with a note for each value that had to change.

Source of the rules: spec/03-records.md#imported-records. Strings are never normalised; what is not in the
table there comes through as it was, byte by byte. A value that has no place at all is refused.
"""

import json
import math
from collections.abc import Iterable
from typing import Any, Final

from frostnode.protocol.dagcbor import Value
from frostnode.protocol.errors import EncodingError
from frostnode.protocol.limits import BODY_BYTES_MAX, BODY_DEPTH_MAX, BODY_ITEMS_MAX, IMPORT_NOTES_MAX

_INTEGER_MIN: Final = -(2**64)
_INTEGER_MAX: Final = 2**64 - 1
_INTEGER_CHARS_MAX: Final = 21
_REPLACEMENT: Final = "\ufffd"


class Repeated(dict[str, Any]):
    """An object that had a key more than once: the last value of each, and which keys they were."""

    __slots__ = ("names",)

    names: list[str]


class LongInteger(str):
    """The digits of an integer that is too long to be one."""

    __slots__ = ()


def object_of(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its pairs; the last of equal keys wins and is remembered."""
    pairs = list(pairs)
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    seen: set[str] = set()
    repeated = Repeated(made)
    repeated.names = []
    for key, _ in pairs:
        if key in seen:
            repeated.names.append(key)
        seen.add(key)
    return repeated


def loads(data: bytes) -> Any:
    """Read one JSON text as it is found in the world: UTF-8, perhaps with NaN, Infinity and equal keys.

    Raises:
        EncodingError: encoding.text, encoding.json, encoding.too-deep
    """
    try:
        text = data.decode("utf-8-sig")
        return json.loads(text, object_pairs_hook=object_of, parse_int=_integer)
    except UnicodeDecodeError as error:
        raise EncodingError("encoding.text", f"JSON is not UTF-8: {error.reason} at {error.start}") from error
    except RecursionError as error:
        raise EncodingError(
            "encoding.too-deep", "nesting of JSON", found="hundreds", expected=f"≤ {BODY_DEPTH_MAX}"
        ) from error
    except ValueError as error:
        raise EncodingError("encoding.json", f"not JSON: {error}") from error


def _integer(text: str) -> int | LongInteger:
    return int(text) if len(text) <= _INTEGER_CHARS_MAX else LongInteger(text)


class ValueMapper:
    """Maps one document, and collects the notes: {path, note}, the path as a JSON pointer into the record."""

    def __init__(self) -> None:
        self.notes: list[Value] = []
        self._left_out = 0
        self._items = 0
        self._chars = 0

    def map(self, item: Any, path: str) -> Value:
        """Map a document that will stand at `path` of the record; the depth counts from the record.

        Raises:
            EncodingError: encoding.too-deep or encoding.json, naming the path; encoding.too-large
        """
        value = self._map(item, (None, path), path.count("/") + 1)
        if self._left_out:
            self.notes.append({"path": path, "note": f"{self._left_out} further changes are not listed"})
            self._left_out = 0
        return value

    def _map(self, item: Any, path: "_Path", depth: int) -> Value:
        self._items += 1
        if self._items > BODY_ITEMS_MAX:
            raise EncodingError("encoding.too-large", "items", found="more", expected=f"≤ {BODY_ITEMS_MAX}")
        kind = type(item)
        if kind is str:
            return self._text(item, path)
        if item is None or isinstance(item, bool):
            return item
        if kind is int:
            return item if _INTEGER_MIN <= item <= _INTEGER_MAX else self._long(str(item), path)
        if kind is float:
            return self._float(item, path)
        if kind is LongInteger:
            return self._long(str(item), path)
        if depth > BODY_DEPTH_MAX:
            raise EncodingError(
                "encoding.too-deep",
                f"nesting at {_pointer(path)}",
                found=depth,
                expected=f"≤ {BODY_DEPTH_MAX}",
            )
        if kind is list:
            return [self._map(each, (path, index), depth + 1) for index, each in enumerate(item)]
        if isinstance(item, dict):
            return self._map_object(item, path, depth)
        raise EncodingError(
            "encoding.json", f"value at {_pointer(path)}", found=kind.__name__, expected="what JSON can say"
        )

    def _map_object(self, item: dict[Any, Any], path: "_Path", depth: int) -> Value:
        for name in item.names if isinstance(item, Repeated) else ():
            self._note((path, name), "equal keys → the last")
        made: dict[str, Value] = {}
        for key, each in item.items():
            if type(key) is not str:
                raise EncodingError(
                    "encoding.json", f"key at {_pointer(path)}", found=type(key).__name__, expected="text"
                )
            name = self._text(key, (path, key))
            if name in made:
                self._note((path, name), "equal keys → the last")
            made[name] = self._map(each, (path, name), depth + 1)
        return made

    def _text(self, text: str, path: "_Path") -> str:
        self._chars += len(text)
        if self._chars > BODY_BYTES_MAX:
            raise EncodingError(
                "encoding.too-large", "characters", found="more", expected=f"≤ {BODY_BYTES_MAX} in all"
            )
        try:
            text.encode()
        except UnicodeEncodeError:
            self._note(path, "lone surrogates → U+FFFD")
            return replace_surrogates(text)
        return text

    def _float(self, number: float, path: "_Path") -> Value:
        if not math.isfinite(number):
            self._note(path, f"{_name_of(number)} → null")
            return None
        if number == 0 and math.copysign(1, number) < 0:
            self._note(path, "-0.0 → 0.0")
            return 0.0
        return number

    def _long(self, digits: str, path: "_Path") -> str:
        self._note(path, "integer beyond 64 bits → text")
        return digits

    def _note(self, path: "_Path", note: str) -> None:
        if len(self.notes) < IMPORT_NOTES_MAX:
            self.notes.append({"path": _pointer(path), "note": note})
        else:
            self._left_out += 1


_Path = tuple[Any, Any]
"""(path above, key or index), so that a pointer is only made where one is needed; (None, pointer) at the top."""


def _pointer(path: _Path) -> str:
    """Write a JSON pointer (RFC 6901)."""
    steps: list[str] = []
    above, step = path
    while above is not None:
        steps.append(replace_surrogates(str(step)).replace("~", "~0").replace("/", "~1"))
        above, step = above
    return "/".join((str(step), *reversed(steps)))


def replace_surrogates(text: str) -> str:
    """Put U+FFFD in the place of each lone surrogate, which no encoding of Unicode can say."""
    return "".join(_REPLACEMENT if "\ud800" <= char <= "\udfff" else char for char in text)


def _name_of(number: float) -> str:
    if math.isnan(number):
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"
