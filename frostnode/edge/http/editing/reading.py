"""From what was typed to the fields of a record, with every fault at the input where it is.

The rules are those of publication (`protocol.records`), asked for each field alone, so that all faults are told at once.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from frostnode.edge.http.editing.fields import OTHER, Column, Field, Kind, One, Rows, fields_of
from frostnode.edge.http.editing.typed import Typed, rows_of
from frostnode.protocol.dagjson import from_json, loads, to_json
from frostnode.protocol.errors import EncodingError, FrostError, brief
from frostnode.protocol.names import DATASET, VERSION
from frostnode.protocol.records import NOT_FIELDS, check_record

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER: Final = re.compile(r"[-+]?([0-9]{1,18}([.][0-9]{0,30})?|[.][0-9]{1,30})([eE][-+]?[0-9]{1,2})?")
_POINTER: Final = re.compile(r"field (/\S*)")


@dataclass(slots=True)
class Read:
    """The fields of a record in their JSON form, and what is wrong, by the names of inputs."""

    fields: dict[str, Any] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)


def read_record(type_: str, typed: Typed) -> Read:
    """Make fields of what was typed."""
    read, rows = Read(), dict[str, list[int]]()
    for asked in fields_of(type_):
        value = _rows(asked, typed, read, rows) if isinstance(asked, Rows) else _one(asked, typed, read)
        if value is None:
            continue
        if asked.name == OTHER:
            _add_others(type_, value, read)
        else:
            _put(read.fields, asked.name, value)
    for asked in fields_of(type_):
        if isinstance(asked, One) and asked.is_required and asked.name not in read.fields:
            read.faults.setdefault(asked.name, f"{asked.label} is needed")
    _check(type_, read, rows)
    return read


def _put(fields: dict[str, Any], name: str, value: Any) -> None:
    first, _, second = name.partition(".")
    if second:
        fields.setdefault(first, {})[second] = value
    else:
        fields[first] = value


def _add_others(type_: str, value: dict[str, Any], read: Read) -> None:
    """Fields without inputs, below those that have one."""
    taken = sorted({*value} & {*read.fields, *NOT_FIELDS})
    if taken:
        read.faults[OTHER] = f"{', '.join(taken)}: said in this form already"
    read.fields |= {name: item for name, item in value.items() if name not in taken}


def _one(asked: One, typed: Typed, read: Read) -> Any:
    return _value(asked.kind, typed.get(asked.name, ""), asked.name, read)


def _rows(asked: Rows, typed: Typed, read: Read, places: dict[str, list[int]]) -> Any:
    """The rows that say something; `places` notes which of those typed they are."""
    found: list[Any] = []
    for at, row in enumerate(rows_of(typed, asked.name)):
        if not any(text.strip() for text in row.values()):
            continue
        values = {
            column.name: _value(
                column.kind, row.get(column.name, ""), f"{asked.name}.{at}.{column.name}", read
            )
            for column in asked.columns
        }
        found.append(_row(asked, values, at, read))
        places.setdefault(asked.name, []).append(at)
    if not found:
        return None
    return [{"columns": found}] if asked.is_table else found


def _row(asked: Rows, values: dict[str, Any], at: int, read: Read) -> Any:
    if not asked.are_lists:
        return {name: value for name, value in values.items() if value is not None}
    for column in asked.columns:
        name = f"{asked.name}.{at}.{column.name}"
        if column.kind is Kind.NUMBER and values[column.name] is None:
            read.faults.setdefault(name, f"{column.label} is needed")
    return list(values.values())


def _value(kind: Kind, text: str, name: str, read: Read) -> Any:
    """What a text stands for; None for nothing, and where it is at fault."""
    if not text.strip():
        return None
    try:
        return _KINDS[kind](text)
    except (ValueError, EncodingError) as error:
        read.faults[name] = str(error)
        return None


def _line(text: str) -> str:
    return " ".join(_CONTROLS.sub("", text).replace("\t", " ").split("\n")).strip()


def _text(text: str) -> str:
    return _CONTROLS.sub("", text).strip()


def _words(text: str) -> list[str]:
    return [word for part in text.split(",") if (word := _line(part))]


def _lines(text: str) -> list[str]:
    return [line for part in text.split("\n") if (line := _line(part))]


def _number(text: str) -> int | float:
    text = text.strip().replace("\u2212", "-")
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text) is None:
        raise ValueError(f"{brief(text)} is no number; expected one like -12.5")
    return float(text)


def _count(text: str) -> int:
    text = text.strip().replace(" ", "").replace("\u202f", "")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ValueError(f"{brief(text)}: expected an integer from 0")
    return int(text)


def _counts(text: str) -> list[int | None]:
    return [None if word == "?" else _count(word) for word in _words(text)]


def _flag(text: str) -> bool | None:
    return text.strip() == "1" or None


def _map(text: str) -> dict[str, Any]:
    value = to_json(loads(text))
    if not isinstance(value, dict):
        raise ValueError('expected a JSON map: {"name": value}')  # noqa: TRY004 - it is about a text
    return value


_KINDS: Final[dict[Kind, Callable[[str], Any]]] = {
    Kind.LINE: _line,
    Kind.TEXT: _text,
    Kind.WORDS: _words,
    Kind.LINES: _lines,
    Kind.NUMBER: _number,
    Kind.COUNT: _count,
    Kind.COUNTS: _counts,
    Kind.FLAG: _flag,
    Kind.JSON: _map,
}


def _check(type_: str, read: Read, rows: dict[str, list[int]]) -> None:
    """Hold each field against the rules of its type, and of versions, whose rules for data are those of datasets too."""
    typed_wrong = {fault.partition(".")[0] for fault in read.faults}
    for name, value in read.fields.items():
        if name in typed_wrong:
            continue
        types = [type_, VERSION] if name in ("locations", "schema") else [type_]
        for checked in types:
            fields: dict[str, Any] = {"title": "x", name: value} if checked == DATASET else {name: value}
            try:
                check_record(checked, "x@1" if checked == VERSION else "x", from_json(fields))
            except FrostError as error:
                read.faults.setdefault(*_at_input(type_, name, error, rows))
                break


def _at_input(type_: str, name: str, error: FrostError, rows: dict[str, list[int]]) -> tuple[str, str]:
    """The input that a fault is of, and how it is said there."""
    pointer = _POINTER.search(error.message)
    path = pointer[1].split("/")[1:] if pointer is not None else [name]
    said = _said(error)
    for asked in _matching(type_, path):
        rest = path[len(asked.name.split(".")) :]
        if isinstance(asked, One):
            return asked.name, said
        if asked.is_table:
            rest = rest[2:]
        places = rows.get(asked.name, [])
        if rest and rest[0].isdigit() and int(rest[0]) < len(places):
            return f"{asked.name}.{places[int(rest[0])]}.{_column(asked, rest[1:])}", said
        return asked.name, said
    return OTHER, f"{name}: {said}"


def _matching(type_: str, path: list[str]) -> Iterator[Field]:
    for asked in fields_of(type_):
        parts = asked.name.split(".")
        if path[: len(parts)] == parts:
            yield asked


def _column(asked: Rows, rest: list[str]) -> str:
    columns: list[Column] = [column for column in asked.columns if rest[:1] == [column.name]]
    return (columns[0] if columns else asked.columns[0]).name


def _said(error: FrostError) -> str:
    if error.expected is None:
        return error.message
    found = "" if error.found is None else f"{brief(error.found)}: "
    return f"{found}expected {brief(error.expected)}"


def write_map(value: object) -> str:
    """A map as it stands in an input."""
    return json.dumps(value, ensure_ascii=False, indent=2)
