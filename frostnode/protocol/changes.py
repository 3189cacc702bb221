"""What differs between two records: each change with the place where it is.

Rules (spec/13-versions-and-lineage.md#differences):
- a place is a JSON pointer (RFC 6901); arrays, tables and columns of a schema are told apart by their names, which
  stand in the pointer in place of a number;
- of other lists it is said what is in one of them alone: something put in front does not change all that follows;
- numbers are equal as DAG-CBOR has them: 1 and 1.0 differ, and so do true and 1.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any, Final

from frostnode.protocol.limits import DIFF_CHANGES_MAX

_NAMED: Final = frozenset({"arrays", "tables", "columns"})
_SCHEMA: Final = "/schema/"


class Op(StrEnum):
    """What became of a place."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference: what stood at `path` before, and what stands there now; None where nothing does."""

    op: Op
    path: str
    before: Any = None
    after: Any = None


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[list[Change], bool]:
    """The differences from one record to another, in order of place, and whether there are more than DIFF_CHANGES_MAX."""
    found = list(islice(_of_maps(before, after, ""), DIFF_CHANGES_MAX + 1))
    return found[:DIFF_CHANGES_MAX], len(found) > DIFF_CHANGES_MAX


def _differences(before: Any, after: Any, path: str) -> Iterator[Change]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _of_maps(before, after, path)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _of_lists(before, after, path)
    elif not _same(before, after):
        yield Change(op=Op.CHANGED, path=path, before=before, after=after)


def _of_maps(before: Mapping[str, Any], after: Mapping[str, Any], path: str) -> Iterator[Change]:
    for name in sorted(before.keys() | after.keys()):
        place = f"{path}/{_escaped(name)}"
        if name not in after:
            yield Change(op=Op.REMOVED, path=place, before=before[name])
        elif name not in before:
            yield Change(op=Op.ADDED, path=place, after=after[name])
        else:
            yield from _differences(before[name], after[name], place)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _of_lists(before: Sequence[Any], after: Sequence[Any], path: str) -> Iterator[Change]:
    if path.startswith(_SCHEMA) and path.rpartition("/")[2] in _NAMED:
        one, other = _by_name(before), _by_name(after)
        if one is not None and other is not None:
            yield from _of_maps(one, other, path)
            return
    only_before, only_after = _only(before, after), _only(after, before)
    if not only_before and not only_after and not _same(before, after):
        yield Change(op=Op.CHANGED, path=path, before=before, after=after)  # the same in another order
        return
    for at in only_before:
        yield Change(op=Op.REMOVED, path=f"{path}/{at}", before=before[at])
    for at in only_after:
        yield Change(op=Op.ADDED, path=f"{path}/{at}", after=after[at])


def _by_name(items: Sequence[Any]) -> dict[str, Any] | None:
    """Items by their names; None when not all have one, or two have the same."""
    named = {
        item["name"]: item for item in items if isinstance(item, dict) and isinstance(item.get("name"), str)
    }
    return named if len(named) == len(items) else None


def _only(items: Sequence[Any], others: Sequence[Any]) -> list[int]:
    """The places of items that others do not have, each as often as it is there."""
    left: dict[Any, int] = {}
    for other in others:
        left[_frozen(other)] = left.get(_frozen(other), 0) + 1
    places = []
    for at, item in enumerate(items):
        if left.get(_frozen(item), 0):
            left[_frozen(item)] -= 1
        else:
            places.append(at)
    return places


def _same(one: Any, other: Any) -> bool:
    return bool(_frozen(one) == _frozen(other))


def _frozen(value: Any) -> Any:
    """A value that can be counted, with the kinds that Python takes for equal told apart."""
    if isinstance(value, Mapping):
        return ("map", *sorted((name, _frozen(item)) for name, item in value.items()))
    if isinstance(value, list):
        return ("list", *(_frozen(item) for item in value))
    return (type(value).__name__, value)
