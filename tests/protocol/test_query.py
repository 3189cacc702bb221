"""Queries: signs and quotes mean something, everything else is words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import QUERY_CHARS_MAX
from frostnode.protocol.query import Occur, Term, parse_query


def terms(text):
    return [(str(term.occur), term.text) for term in parse_query(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("sea ice", [("", "sea"), ("", "ice")]),
        ('"sea ice" age', [("", "sea ice"), ("", "age")]),
        ("+sea -ice", [("+", "sea"), ("-", "ice")]),
        ('+"sea ice" -"old snow"', [("+", "sea ice"), ("-", "old snow")]),
        ("PubSeq - Public", [("", "PubSeq"), ("", "Public")]),
        ("sentinel-2 L2A", [("", "sentinel-2"), ("", "L2A")]),
        (
            "title:ice (a OR b) [1 TO 2] ~ * ^",
            [("", "title:ice"), ("", "(a"), ("", "OR"), ("", "b)"), ("", "[1"), ("", "TO"), ("", "2]")],
        ),
        ('unclosed "phrase here', [("", "unclosed"), ("", "phrase here")]),
        ('a"b c"d', [("", "a"), ("", "b c"), ("", "d")]),
        ('""', []),
        ("+ - -- +-", []),
        ("Ålesund 北京", [("", "Ålesund"), ("", "北京")]),
    ],
)
def test_queries(text, expected):
    assert terms(text) == expected


def test_a_query_has_a_limit():
    assert parse_query("a" * QUERY_CHARS_MAX) == [Term(Occur.SHOULD, "a" * QUERY_CHARS_MAX)]
    with pytest.raises(LocalError) as caught:
        parse_query("a" * (QUERY_CHARS_MAX + 1))
    assert caught.value.code == "query.malformed"


@given(st.text(max_size=200))
def test_any_text_is_a_query(text):
    for term in parse_query(text):
        assert '"' not in term.text
        assert any(map(str.isalnum, term.text))
