"""The tables of the specification say what the code says, and all of it, and nothing else."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from frostnode.edge.outcomes import OUTCOMES, Exit, exit_code, http_status
from frostnode.protocol import errors, limits
from frostnode.protocol.errors import CODES, FrostError

ROOT = Path(__file__).parents[2]
LIMITS_DOC = ROOT / "spec/07-limits.md"
ERRORS_DOC = ROOT / "spec/08-errors.md"

CLASSES = {
    name: value
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, FrostError)
}


def table(document: Path, first_column: str) -> list[list[str]]:
    """The cells of every row of every table whose header begins with this column."""
    rows: list[list[str]] = []
    inside = False
    for line in document.read_text().splitlines():
        if not line.startswith("|"):
            inside = False
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] == first_column:
            inside = True
        elif inside and not set(line) <= set("|-: "):
            rows.append(cells)
    return rows


def code(cell: str) -> str:
    """What stands between the backticks of a cell."""
    match = re.fullmatch(r"`([^`]+)`", cell)
    assert match, f"expected one `code` in the cell, found {cell!r}"
    return match[1]


def number(cell: str) -> float:
    """A number of the limits table: digits with commas between thousands."""
    return float(cell.replace(",", ""))


# limits


def limits_in_code() -> dict[str, float]:
    return {name: value for name, value in vars(limits).items() if name.isupper()}


def limits_in_doc() -> dict[str, float]:
    return {code(row[0]): number(row[1]) for row in table(LIMITS_DOC, "Name")}


def test_the_limits_table_has_every_limit_with_its_value_and_no_other() -> None:
    assert limits_in_doc() == limits_in_code()


def test_the_limits_table_says_who_enforces_each_limit_and_what_happens_beyond_it() -> None:
    rows = table(LIMITS_DOC, "Name")
    assert len(rows) == len({row[0] for row in rows}), "a limit is listed twice"
    for row in rows:
        assert len(row) == 5, row
        assert all(row), f"{row[0]} has an empty cell"


def test_the_limits_table_names_only_codes_of_the_registry() -> None:
    for row in table(LIMITS_DOC, "Name"):
        for name in re.findall(r"`([a-z-]+\.[a-z-]+)`", row[4]):
            assert name in CODES, f"{row[0]} names the unknown code {name}"


# errors


def test_the_errors_table_has_every_code_with_its_meaning_and_no_other() -> None:
    rows = table(ERRORS_DOC, "Code")
    assert len(rows) == len({row[0] for row in rows}), "a code is listed twice"
    assert {code(row[0]): row[1] for row in rows} == CODES


@pytest.mark.parametrize("row", table(ERRORS_DOC, "Code"), ids=lambda row: row[0].strip("`"))
def test_a_row_of_the_errors_table_says_what_the_error_map_does(row: list[str]) -> None:
    name, _, families, status, exit_ = row
    for family in families.split(", "):
        error = CLASSES[code(family)](code(name), "")
        assert (int(status), int(exit_)) == (http_status(error), exit_code(error))


def test_no_code_and_no_limit_is_dead() -> None:
    tables = {"errors.py", "limits.py", "outcomes.py"}
    source = "".join(
        path.read_text() for path in (ROOT / "frostnode").rglob("*.py") if path.name not in tables
    )
    assert [name for name in CODES if f'"{name}"' not in source] == []
    assert [name for name in limits_in_code() if name not in source] == []


def raises(source: str) -> Iterator[tuple[str, str]]:
    """(class, code) of every error that the source makes with a literal code."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and node.args:
            class_, first = node.func, node.args[0]
            if isinstance(class_, ast.Name) and class_.id in CLASSES and isinstance(first, ast.Constant):
                yield class_.id, str(first.value)


def test_every_error_is_raised_in_the_family_that_the_errors_table_gives_it() -> None:
    families = {
        code(row[0]): {code(cell) for cell in row[2].split(", ")} for row in table(ERRORS_DOC, "Code")
    }
    strangers = [
        f"{path.relative_to(ROOT)}: {class_} {name}"
        for path in sorted((ROOT / "frostnode").rglob("*.py"))
        for class_, name in raises(path.read_text())
        if class_ not in families.get(name, ())
    ]
    assert strangers == []


def test_the_fallbacks_and_exit_codes_of_the_document_are_those_of_the_error_map() -> None:
    fallbacks = {code(row[0]): (int(row[1]), int(row[2])) for row in table(ERRORS_DOC, "Area or family")}
    rows = {
        row if isinstance(row, str) else row.__name__: tuple(outcome) for row, outcome in OUTCOMES.items()
    }
    assert fallbacks == {name: outcome for name, outcome in rows.items() if name not in CODES}
    exits = {int(row[0]): row[1] for row in table(ERRORS_DOC, "Exit code")}
    assert sorted(exits) == [0, *sorted(Exit)]
