"""Cursors of answers."""

from base64 import urlsafe_b64encode
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import SEARCH_CURSOR_CHARS_MAX, SEARCH_OFFSET_MAX
from frostnode.search.cursor import Place, digest_of, parse_cursor, print_cursor

DIGEST = digest_of("ice", "relevance", "")


@given(st.text(max_size=30), st.integers(0, SEARCH_OFFSET_MAX), st.text(max_size=100))
def test_a_cursor_is_read_as_it_was_written(generation, position, last):
    place = Place(generation=generation, position=position, last=last)
    assert parse_cursor(print_cursor(place, DIGEST), DIGEST) == place


def encoded(text):
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "é",
        "{}",
        "[]" * 10,
        "A" * (SEARCH_CURSOR_CHARS_MAX + 1),
        encoded("[" * 700),
        encoded("null"),
        encoded(f'["1.1", -1, "", "{DIGEST}"]'),
        encoded(f'["1.1", {SEARCH_OFFSET_MAX + 1}, "", "{DIGEST}"]'),
        encoded(f'["1.1", "0", "", "{DIGEST}"]'),
        encoded(f'["1.1", true, "", "{DIGEST}"]'),
        encoded(f'["1.1", 1e400, "", "{DIGEST}"]'),
        encoded(f'["1.1", 0, "", "{DIGEST}", 0]'),
        print_cursor(Place(generation="1.1", position=0), digest_of("snow", "relevance", "")),
    ],
)
def test_whatever_is_no_cursor_of_this_search_is_refused(text):
    with pytest.raises(LocalError) as caught:
        parse_cursor(text, DIGEST)
    assert caught.value.code == "query.malformed"


@given(st.text(max_size=200))
def test_any_text_is_a_cursor_or_refused(text):
    with suppress(LocalError):
        assert parse_cursor(text, DIGEST).position <= SEARCH_OFFSET_MAX


def test_searches_differ_by_all_that_they_say():
    assert len({digest_of("a", "b"), digest_of("ab"), digest_of("ab", ""), digest_of("", "ab")}) == 4
