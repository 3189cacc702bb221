"""The schema of a version as tables to read: what arrays and columns there are."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from frostnode.protocol.limits import PAGE_ITEMS_MAX

_CELL_CHARS_MAX: Final = 500

_ARRAY_COLUMNS: Final[Mapping[str, str]] = {
    "name": "Array",
    "dims": "Dimensions",
    "shape": "Shape",
    "dtype": "Type",
    "units": "Units",
}
_TABLE_COLUMNS: Final[Mapping[str, str]] = {
    "name": "Column",
    "type": "Type",
    "units": "Units",
    "description": "Description",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of text under a caption; `more` rows are left out."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    more: int = 0


def read_schema(schema: object) -> Iterator[Table]:
    """The tables of a field `schema`, whatever of it has the known shape."""
    if not isinstance(schema, Mapping):
        return
    if arrays := _maps(schema.get("arrays")):
        yield _table("Arrays", _ARRAY_COLUMNS, arrays)
    for table in _maps(schema.get("tables"))[:PAGE_ITEMS_MAX]:
        if columns := _maps(table.get("columns")):
            yield _table(f"Table {_cell(table.get('name'))}".strip(), _TABLE_COLUMNS, columns)


def _maps(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _table(caption: str, columns: Mapping[str, str], items: list[Mapping[str, Any]]) -> Table:
    rows = tuple(tuple(_cell(item.get(name)) for name in columns) for item in items[:PAGE_ITEMS_MAX])
    more = max(0, len(items) - PAGE_ITEMS_MAX)
    return Table(caption=caption, columns=tuple(columns.values()), rows=rows, more=more)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return " × ".join("?" if item is None else str(item) for item in value[:20])[:_CELL_CHARS_MAX]
    return str(value)[:_CELL_CHARS_MAX]
