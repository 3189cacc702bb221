"""Foreign YAML to the values that JSON has: dates stay text, nothing is constructed, nothing expands for free.

Read event by event, so that neither depth nor references cost more than the bytes that state them. Plain
scalars are what YAML 1.1 takes them for, timestamps excepted. A key is the text that it is written as. What
stands for something outside of JSON (tags, merge keys, keys that are no scalars) is refused.
"""

from collections.abc import Iterator
from typing import Any, Final

import yaml
from yaml.constructor import SafeConstructor

from frostnode.formats.json_values import LongInteger, object_of
from frostnode.protocol.errors import EncodingError
from frostnode.protocol.limits import BODY_DEPTH_MAX

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG: Final = "tag:yaml.org,2002:"
_TEXT: Final = f"{_TAG}str"
_INTEGER: Final = f"{_TAG}int"
_INTEGER_CHARS_MAX: Final = 4000
"""Python reads little more. Below that an integer that is too long is found by its value."""

_MERGE: Final = f"{_TAG}merge"
_COLLECTIONS: Final = (None, "!", f"{_TAG}map", f"{_TAG}seq")
_RESOLVERS: Final = yaml.SafeLoader.yaml_implicit_resolvers
_SCALARS: Final = SafeConstructor()
_CONSTRUCT: Final = {
    f"{_TAG}null": _SCALARS.construct_yaml_null,
    f"{_TAG}bool": _SCALARS.construct_yaml_bool,
    _INTEGER: _SCALARS.construct_yaml_int,
    f"{_TAG}float": _SCALARS.construct_yaml_float,
}


def loads(data: bytes) -> list[Any]:
    """Read all documents of a YAML stream. The result may share parts where the stream has references.

    Raises:
        EncodingError: encoding.text, encoding.json, encoding.too-deep
    """
    try:
        events = yaml.parse(data.decode("utf-8-sig"), Loader=_LOADER)
        return list(_documents(events))
    except UnicodeDecodeError as error:
        raise EncodingError("encoding.text", f"YAML is not UTF-8: {error.reason} at {error.start}") from error
    except yaml.YAMLError as error:
        raise EncodingError("encoding.json", f"not YAML: {' '.join(str(error).split())}") from error


def _documents(events: Iterator[Any]) -> Iterator[Any]:
    reader = _Reader()
    for event in events:
        match event:
            case yaml.DocumentStartEvent():
                reader = _Reader()
            case yaml.DocumentEndEvent():
                yield reader.document
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                reader.open(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                reader.close()
            case yaml.ScalarEvent():
                reader.scalar(event)
            case yaml.AliasEvent():
                reader.alias(event)
            case _:
                """The stream begins or ends."""


class _Collection:
    """A sequence or mapping that is not closed yet. A mapping has keys and values in turn."""

    __slots__ = ("anchor", "is_map", "items", "key")

    def __init__(self, anchor: str | None, *, is_map: bool) -> None:
        self.anchor = anchor
        self.is_map = is_map
        self.items: list[Any] = []
        self.key: str | None = None

    @property
    def wants_key(self) -> bool:
        return self.is_map and self.key is None

    def add(self, value: Any) -> None:
        if self.wants_key:
            raise _refused("key of a mapping", type(value).__name__, "a scalar")
        self.items.append((self.key, value) if self.is_map else value)
        self.key = None

    def close(self) -> Any:
        return object_of(self.items) if self.is_map else self.items


class _Reader:
    """One document on its way: the open collections, outermost first, below a sequence of the one document."""

    def __init__(self) -> None:
        self._anchors: dict[str, Any] = {}
        self._open = [_Collection(None, is_map=False)]

    @property
    def document(self) -> Any:
        return self._open[0].items[0]

    def open(self, event: Any) -> None:
        if event.tag not in _COLLECTIONS:
            raise _refused("tag", event.tag, "none")
        if len(self._open) > BODY_DEPTH_MAX:
            steps = (each.key if each.is_map else len(each.items) for each in self._open[1:])
            raise EncodingError(
                "encoding.too-deep",
                f"nesting of YAML at /{'/'.join(map(str, steps))}",
                found=len(self._open),
                expected=f"≤ {BODY_DEPTH_MAX}",
            )
        self._open.append(_Collection(event.anchor, is_map=isinstance(event, yaml.MappingStartEvent)))

    def close(self) -> None:
        closed = self._open.pop()
        self._add(closed.close(), closed.anchor)

    def scalar(self, event: Any) -> None:
        if self._open[-1].wants_key:
            self._open[-1].key = _key(event)
        else:
            self._add(_scalar(event), event.anchor)

    def alias(self, event: Any) -> None:
        if event.anchor not in self._anchors:
            raise _refused("reference", f"*{event.anchor}", "one to something complete")
        self._add(self._anchors[event.anchor], None)

    def _add(self, value: Any, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = value
        self._open[-1].add(value)


def _key(event: Any) -> str:
    if event.implicit[0] and _resolve(event.value) == _MERGE:
        raise _refused("merge key", event.value, "the keys themselves")
    return str(event.value)


def _scalar(event: Any) -> Any:
    text = event.value
    if event.tag in (None, "!"):
        tag = _resolve(text) if event.implicit[0] else _TEXT
    elif event.tag == _TEXT or event.tag in _CONSTRUCT:
        tag = event.tag
    else:
        raise _refused("tag", event.tag, "none")
    if tag not in _CONSTRUCT:
        return text
    if tag == _INTEGER and len(text) > _INTEGER_CHARS_MAX:
        return LongInteger(text)
    try:
        return _CONSTRUCT[tag](yaml.ScalarNode(tag, text))
    except (ValueError, KeyError):  # text with the tag of a number
        return text


def _resolve(text: str) -> str:
    """Tell what YAML 1.1 takes a plain scalar for."""
    for tag, pattern in (*_RESOLVERS.get(text[:1], ()), *_RESOLVERS.get(None, ())):
        if pattern.match(text):
            return str(tag)
    return _TEXT


def _refused(what: str, found: object, expected: str) -> EncodingError:
    return EncodingError("encoding.json", f"YAML: {what}", found=found, expected=expected)
