"""The chapters of searches say what the code does: the words that are passed over, the fields, the examples."""

import re
from pathlib import Path

import pytest

from frostnode.search.language import parse_query
from frostnode.search.meaning import FUNCTION_WORDS
from frostnode.search.printing import print_query
from frostnode.search.query import Field, Within, Word
from frostnode.search.values import SOURCES

CHAPTER = (Path(__file__).parents[2] / "spec/15-search.md").read_text("utf-8")


def section(title):
    return CHAPTER.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_the_words_that_are_passed_over_are_those_of_the_chapter():
    listed = section("Words").rpartition("other word or phrase:")[2]
    assert set(re.findall(r"[a-z]+", listed)) == FUNCTION_WORDS


def test_every_field_and_every_source_is_in_the_table():
    table = section("Queries").partition("| Field |")[2]
    rows = re.findall(r"^\| ((?:`[a-z]+`(?:, )?)+) \|(.*)$", table, re.MULTILINE)
    fields = {name: text for names, text in rows for name in re.findall(r"`([a-z]+)`", names)}
    assert set(fields) == {*map(str, Field)}
    assert set(re.findall(r"`(\w+)`: ", fields["source"])) == set(SOURCES)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ('publisher:nasa keyword:"sea ice" model:array after:2024 license:cc-by price:free', None),
        ("doi:10.5067/X", "id:doi:10.5067/x"),
        ("after:2020-01-01 before:2021", "during:2020"),
        ("bbox:190,-10,200,10", "bbox:-170,-10,-160,10"),
        ("year:2020 Title:Ice", "year:2020 title:Ice"),
    ],
)
def test_examples(text, printed):
    assert print_query(parse_query(text)) == (printed or text)


def test_every_written_form_of_the_table_can_be_read():
    forms = re.findall(r"^\| `([a-z]+):([^`]*)`", section("Queries"), re.MULTILINE)
    names = [name for name, _ in forms]
    assert names == ["name", "doi", "after", "before", "during", "bbox", "point"]
    values = {"doi": "10.5067/X", "bbox": "1,2,3,4", "point": "1,2", "name": "value"}
    for name in names:
        (clause,) = parse_query(f"{name}:{values.get(name, '2020')}").clauses
        assert isinstance(clause, Word) is (name == "name")
        assert isinstance(clause, Within) is (name == "doi")
