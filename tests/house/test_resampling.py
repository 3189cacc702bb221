"""Records put together from real ones are records, and the words that are compared by stand for themselves."""

import pytest

from frostnode.protocol.entry import decode_body
from scripts.benchmarks.beside_pycsw import simple_words
from scripts.benchmarks.material import entry
from scripts.benchmarks.resampling import resampled, text_of


@pytest.mark.corpora
@pytest.mark.slow
def test_they_are_the_same_at_every_run_and_each_another_one():
    records = list(resampled(40))
    assert records == list(resampled(40))
    assert (
        len({record["key"] for _, record in records}) == len({record["title"] for _, record in records}) == 40
    )


@pytest.mark.corpora
@pytest.mark.slow
def test_each_can_be_published():
    for _, record in resampled(40):
        _, body = entry(record)
        assert decode_body(body)["title"] == record["title"]


def test_the_texts_of_a_record_are_all_there():
    record = {"title": "a", "links": [{"href": "b", "n": 1}], "keywords": ["c", None]}
    assert text_of(record) == "a\nb\nc"


def test_simple_words_are_part_of_no_other_and_share_no_stem():
    prose = ["glacier of granite and basalt", "glaciers", "granite basalt", "igranites"] * 5
    records = [{"title": text, "key": "k"} for text in prose]
    assert simple_words(records, 10) == {"basalt": 10, "igranites": 5}, "all but glacier(s) and granite"


def test_a_word_that_stands_outside_of_prose_too_is_not_simple():
    records = [
        {"title": "basalt", "key": "k", "links": [{"href": f"https://example.org/{word}"}]}
        for word in ("basalt", "x")
    ] * 5
    assert simple_words(records, 10) == {"basalt": 10}
    aside = [{"title": "-", "links": [{"href": "https://example.org/basalt"}]}]
    assert simple_words([*records, *aside], 10) == {}
