"""The first page: whose data is here, and words that find more than one dataset."""

from hypothesis import given
from hypothesis import strategies as st

from frostnode.operations.front import examples
from frostnode.protocol.limits import FRONT_EXAMPLES_MAX


def test_examples_are_words_that_several_titles_share_and_first_those_of_several_institutions():
    one = [
        "Sea surface temperature, daily",
        "Sea surface temperature: monthly",
        "Land cover 2020",
        "Land cover 2021",
    ]
    other = ["Sea surface temperature of the North", "Point cloud of a city"]
    assert examples([one, other]) == ["sea surface temperature", "land cover"]


def test_words_that_say_little_are_no_examples():
    assert examples([["The new data of version 2", "The new data of version 3"]]) == []
    assert examples([["NOAA-20 VIIRS", "NOAA-21 VIIRS"]]) == []


@given(st.lists(st.lists(st.text(max_size=30), max_size=5), max_size=3))
def test_any_titles_make_few_examples_of_visible_words(titles):
    found = examples(titles)
    assert len(found) <= FRONT_EXAMPLES_MAX
    assert all(words.isprintable() and len(words.split()) in (2, 3) for words in found)
