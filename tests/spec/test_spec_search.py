"""The tables of the specification of documents are those of the code."""

import re
from pathlib import Path

from frostnode.search.formats import FORMATS, SUBJECTS
from frostnode.search.licenses import LICENSE_FAMILIES, license_family
from frostnode.search.terms import ACCESSES, PRICES

CHAPTER = (Path(__file__).parents[2] / "spec/15-search.md").read_text()


def rows(first_column: str) -> list[tuple[str, list[str]]]:
    """Of the table whose header begins so: what each row names, and the code of its other cells."""
    lines = iter(CHAPTER.splitlines())
    assert any(line.startswith(f"| {first_column} |") for line in lines)
    assert set(next(lines)) <= set("|-")
    found = []
    for line in lines:
        if not line.startswith("|"):
            break
        name, *others = re.findall(r"`([^`]+)`", line)
        found.append((name, others))
    return found


def test_the_families_of_licenses_are_those_of_the_code_and_the_examples_are_of_them() -> None:
    table = rows("Family")
    assert [family for family, _ in table] == list(LICENSE_FAMILIES)
    for family, examples in table:
        assert examples
        assert {license_family(text) for text in examples} == {family}, family


def test_the_formats_are_those_of_the_code() -> None:
    assert {name: " | ".join(known) for name, known in rows("Format")} == FORMATS


def test_what_is_a_subject_as_a_keyword_is_said() -> None:
    said = re.search(r"As keywords, (.*) are subjects", CHAPTER)
    assert said is not None
    assert set(re.findall(r"`([^`]+)`", said[1])) == SUBJECTS


def test_values_of_price_and_access_are_said() -> None:
    said = re.search(r"Price is (.*?)\. Usual", CHAPTER, re.DOTALL)
    assert said is not None
    assert sorted(re.findall(r"`([^`]+)`", said[1])) == sorted((*PRICES, *ACCESSES))
