"""Which words of a text are marked, and that marking changes nothing else."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markupsafe import Markup

from frostnode.edge.http.found_words import FoundWords
from frostnode.edge.tantivy.analysis import words
from frostnode.search.language import parse_query


def marked(query, text):
    return str(FoundWords(parse_query(query), words).marked(text))


@pytest.mark.parametrize(
    ("query", "text", "shown"),
    [
        ("ice", "Sea ice", "Sea <mark>ice</mark>"),
        ("temperatures", "Temperature, daily", "<mark>Temperature</mark>, daily"),
        ("state of the ice", "State of ice", "<mark>State</mark> of <mark>ice</mark>"),
        ('"sea ice"', "sea-ice", "<mark>sea</mark>-<mark>ice</mark>"),
        ("temp*", "Temporal ice", "<mark>Temporal</mark> ice"),
        ("keyword:ice title:sea*", "Sea ice", "<mark>Sea</mark> <mark>ice</mark>"),
        ("sst", "sst_daily", "<mark>sst</mark>_daily"),
        ("海冰", "南海冰図", "南<mark>海</mark><mark>冰</mark>図"),
        ("café", "Cafe CAFÉ", "<mark>Cafe</mark> <mark>CAFÉ</mark>"),
        ("b", "<b>&", "&lt;<mark>b</mark>&gt;&amp;"),
        ("-ice license:mit after:2000", "ice mit 2000", "ice mit 2000"),
        ("", "ice <", "ice &lt;"),
    ],
)
def test_the_words_that_were_asked_for_are_marked(query, text, shown):
    assert marked(query, text) == shown


@given(st.text(st.sampled_from('ice<mark>&* "é海+-'), max_size=30), st.text(max_size=60))
@example("ice*", "<mark>ice</mark>")
def test_marking_changes_no_text_and_lets_no_markup_through(query, text):
    plain = re.sub("</?mark>", "", marked(query, text))
    assert plain == str(Markup.escape(text))
