"""In which forms a word is looked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.search.forms import forms


@pytest.mark.parametrize(
    "family",
    [
        "temperature temperatures",
        "city cities",
        "process processes processed processing",
        "map maps mapped mapping",
        "forest forests forested",
        "derive derives derived deriving",
        "study studies studied studying",
        "use uses used using",
        "agree agreed agreeing",
        "box boxes",
        "index indexes indexed indexing",
        "bus buses",
        "monitor monitors monitored monitoring",
        "survey surveys surveyed surveying",
        "gas gases",
        "measurement measurements",
    ],
)
def test_each_word_of_a_family_finds_all_others(family):
    words = family.split()
    for word in words:
        assert set(words) <= set(forms(word)), word


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("speed", "spe"),
        ("organization", "organ"),
        ("glass", "glas"),
        ("status", "statu"),
        ("analysis", "analysi"),
        ("string", "str"),
        ("thing", "the"),
        ("univers", "university"),
        ("red", "r"),
    ],
)
def test_what_only_looks_alike_is_another_word(one, other):
    assert other not in forms(one)


@pytest.mark.parametrize("word", ["no2", "co", "a", "été", "海", "modis09", ""])
def test_what_is_no_plain_word_has_one_form(word):
    assert forms(word) == (word,)


@given(st.from_regex(r"[a-z]{3,12}", fullmatch=True))
def test_forms_are_few_and_the_word_itself_is_the_first(word):
    found = forms(word)
    assert found[0] == word and len(found) == len(set(found)) <= 24
    assert all(form.isalpha() and form.isascii() for form in found)
