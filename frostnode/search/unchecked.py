"""Reading what nobody has checked: texts, lists and maps within bounds, and whatever else is there passed over."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from frostnode.protocol.limits import DOCUMENT_VALUE_CHARS_MAX, DOCUMENT_VALUES_MAX


def texts(value: object) -> Sequence[str]:
    """The texts of a list; of a text, the one."""
    if type(value) is str:
        return (value,)
    if type(value) is list:
        return [item for item in value[:DOCUMENT_VALUES_MAX] if type(item) is str]
    return ()


def maps(value: object) -> Sequence[Mapping[str, Any]]:
    """The maps of a list; of a map, the one."""
    if type(value) is list:
        return [item for item in value[:DOCUMENT_VALUES_MAX] if type(item) is dict]
    if type(value) is dict:
        return (value,)
    return ()


def named(value: object) -> Sequence[tuple[str, Mapping[str, Any]]]:
    """The maps in a map, with their names."""
    if type(value) is not dict:
        return ()
    first = zip(range(DOCUMENT_VALUES_MAX), value.items(), strict=False)
    return [pair for _, pair in first if type(pair[1]) is dict]


def names_in(found: Iterable[Mapping[str, Any]], *keys: str) -> Sequence[str]:
    """What is called by these keys in some maps."""
    return [name for item in found for key in keys if type(name := item.get(key)) is str]


def distinct(found: Iterable[str]) -> tuple[str, ...]:
    """Each text once, on one line, as far as a document has room for values and for the characters of one."""
    kept: dict[str, None] = {}
    for text in filter(None, found):
        if line := " ".join(text[:DOCUMENT_VALUE_CHARS_MAX].split()):
            kept[line] = None
            if len(kept) >= DOCUMENT_VALUES_MAX:
                break
    return tuple(kept)
