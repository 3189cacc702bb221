"""Reading what nobody has checked: texts, lists and maps within bounds, and whatever else is there passed over."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from frostnode.protocol.limits import DOCUMENT_VALUE_CHARS_MAX, DOCUMENT_VALUES_MAX


def texts(value: object) -> Iterator[str]:
    """The texts of a list; of a text, the one."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield from (item for item in value[:DOCUMENT_VALUES_MAX] if isinstance(item, str))


def maps(value: object) -> Iterator[Mapping[str, Any]]:
    """The maps of a list; of a map, the one."""
    if isinstance(value, dict):
        yield value
    elif isinstance(value, list):
        yield from (item for item in value[:DOCUMENT_VALUES_MAX] if isinstance(item, dict))


def named(value: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The maps in a map, with their names."""
    if isinstance(value, dict):
        for _, (name, item) in zip(range(DOCUMENT_VALUES_MAX), value.items(), strict=False):
            if isinstance(item, dict):
                yield name, item


def names_in(value: object, *keys: str) -> Iterator[str]:
    """What is called by these keys in the maps of a list."""
    for item in maps(value):
        for key in keys:
            if isinstance(name := item.get(key), str):
                yield name


def distinct(found: Iterable[str]) -> tuple[str, ...]:
    """Each text once, on one line, as far as a document has room for values and for the characters of one."""
    kept: dict[str, None] = {}
    for text in found:
        if line := " ".join(text[:DOCUMENT_VALUE_CHARS_MAX].split()):
            kept[line] = None
            if len(kept) >= DOCUMENT_VALUES_MAX:
                break
    return tuple(kept)
