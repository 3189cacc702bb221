"""From the fields of a record to what its form shows: what comes back unchanged stands in the same fields, to the letter.

What the inputs of a field cannot say, or would say otherwise, stands as JSON among the further fields.
"""

import json
from collections.abc import Mapping
from typing import Any

from frostnode.edge.http.editing.fields import OTHER, Column, Field, Kind, One, Rows, fields_of
from frostnode.edge.http.editing.reading import read_record, write_map
from frostnode.protocol.limits import EDIT_ROWS_MAX


def fill(type_: str, fields: Mapping[str, Any]) -> dict[str, str]:
    """The inputs of a record that is published."""
    typed: dict[str, str] = {}
    others: dict[str, Any] = {}
    for name, value in fields.items():
        inputs: dict[str, str] = {}
        for asked in fields_of(type_):
            if asked.name.partition(".")[0] == name and asked.name != OTHER:
                inputs |= _filled(asked, _at(fields, asked.name))
        if _says(type_, inputs, name, value):
            typed |= inputs
        else:
            others[name] = value
    return {**typed, **({OTHER: write_map(others)} if others else {})}


def _says(type_: str, inputs: dict[str, str], name: str, value: Any) -> bool:
    """Whether these inputs mean exactly this."""
    if not inputs:
        return False
    read = read_record(type_, inputs).fields.get(name)
    return _exactly(read) == _exactly(value)


def _exactly(value: Any) -> str:
    """As text: in Python 1 is 1.0, and True too."""
    return json.dumps(value, sort_keys=True)


def _at(fields: Mapping[str, Any], name: str) -> Any:
    first, _, second = name.partition(".")
    value = fields.get(first)
    if not second:
        return value
    return value.get(second) if isinstance(value, Mapping) else None


def _filled(asked: Field, value: Any) -> dict[str, str]:
    if value is None:
        return {}
    if isinstance(asked, One):
        return {asked.name: _text(asked.kind, value)}
    if asked.is_table:
        table = value[0] if isinstance(value, list) and len(value) == 1 else None
        value = table.get("columns") if isinstance(table, Mapping) else None
    if not isinstance(value, list) or len(value) > EDIT_ROWS_MAX:
        return {}
    inputs: dict[str, str] = {}
    for at, row in enumerate(value):
        for place, column in enumerate(asked.columns):
            inputs[f"{asked.name}.{at}.{column.name}"] = _cell(asked, column, place, row)
    return inputs


def _cell(asked: Rows, column: Column, place: int, row: Any) -> str:
    if asked.are_lists:
        value = row[place] if isinstance(row, list) and place < len(row) else None
    else:
        value = row.get(column.name) if isinstance(row, Mapping) else None
    return "" if value is None else _text(column.kind, value)


def _text(kind: Kind, value: Any) -> str:
    """As it would be typed; what is not of this kind becomes what does not mean it."""
    if kind is Kind.JSON:
        return write_map(value)
    if kind in (Kind.WORDS, Kind.COUNTS) and isinstance(value, list):
        return ", ".join("?" if item is None else str(item) for item in value)
    if kind is Kind.LINES and isinstance(value, list):
        return "\n".join(map(str, value))
    return str(value)
