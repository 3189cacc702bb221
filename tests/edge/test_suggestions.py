"""Did you mean: which word is offered for one that no record has, by distance, by how many have it, and as they write it."""

import pytest

from frostnode.edge.tantivy import suggestions
from frostnode.edge.tantivy.analysis import words
from frostnode.edge.tantivy.index import TantivyIndex
from frostnode.edge.tantivy.schema import KEYWORD, TITLE
from frostnode.edge.tantivy.suggestions import nearest
from frostnode.protocol.names import Did
from frostnode.search.document import SearchDocument

DID = Did("did:frost:x")


@pytest.fixture
def index(tmp_path):
    index = TantivyIndex(tmp_path)
    yield index
    index.close()


def put(index, *titles, **more):
    """A record for each title, and a commit."""
    for at, title in enumerate(titles):
        index.put(SearchDocument(did=DID, type="dataset", key=f"{title} {at}", title=title, **more))
    index.commit(1, b"tag")


def offered(index, word):
    """What is offered for it; how many have a word is counted among titles and keywords."""
    snapshot = index._reading().snapshot

    def count(term):
        return sum(snapshot.count(snapshot.clauses.term(field, term)) for field in (TITLE, KEYWORD))

    return nearest(snapshot, "".join(words(word)), count)


@pytest.mark.parametrize(
    "typed",
    ["glacer", "galcier", "glaciar", "glacierr", "gpacier", "glasier"],
)
def test_a_letter_wrong_missing_too_many_or_exchanged_leads_to_the_word(index, typed):
    put(index, "Glacier outlines", "Rain on deserts")
    assert offered(index, typed) == "glacier"


def test_a_short_word_may_have_no_mistake_a_long_one_two(index):
    put(index, "Ice", "Lake", "Temperature")
    assert offered(index, "icy") == "", "of three letters none may be wrong"
    assert offered(index, "lakc") == "lake"
    assert offered(index, "lxkc") == "", "of four letters one"
    assert offered(index, "temparaturr") == "temperature"


def test_the_first_letter_is_right(index):
    put(index, "Glacier")
    assert offered(index, "clacier") == ""


def test_words_with_the_same_two_letters_come_before_commoner_ones_with_the_first_alone(index):
    put(index, "Cabin", "Cobalt", "Cobalt too")
    assert offered(index, "cabal") == "", "of five letters one may be wrong"
    assert offered(index, "cabalt") == "cobalt"
    put(index, "Cabals")
    assert offered(index, "cabalt") == "cabals"


def test_of_words_as_near_the_commonest_is_offered(index):
    put(index, "Storms", "Stores of a", "Stores of b", "Stores of c")
    assert offered(index, "storfs") == "stores"


def test_the_nearest_is_offered_however_common_a_farther_one_is(index):
    put(index, "Sediments", *(f"Sentiment {at}" for at in range(5)))
    assert offered(index, "sedimenta") == "sediments"


def test_it_is_offered_as_records_write_it_and_not_as_it_is_indexed(index):
    put(index, "Temperatures, everywhere", keywords=["(Oceanography)"])
    assert offered(index, "temperaturs") == "temperatures"
    assert offered(index, "oceanogrphy") == "oceanography"


def test_letters_with_accents_are_no_mistakes(index):
    put(index, "Météorologie de la forêt")
    assert words(offered(index, "meteorologje")) == words("météorologie")
    assert words(offered(index, "météorologje")) == words("météorologie")


def test_words_of_records_that_are_gone_are_not_offered(index):
    put(index, "Glacier", "Rain")
    index.remove(DID, "dataset", "Glacier 0")
    index.commit(2, b"tag")
    assert offered(index, "glacer") == ""


def test_nothing_near_and_nothing_there_is_said_by_nothing(index):
    assert offered(index, "glacier") == ""
    put(index, "Rain")
    assert offered(index, "glacier") == ""
    assert offered(index, "") == ""


def test_of_many_words_with_one_beginning_the_commonest_are_looked_at(index, monkeypatch):
    monkeypatch.setattr(suggestions, "SUGGESTION_TERMS_MAX", 20)
    many = [f"glac{number:03}x" for number in range(20)]
    put(index, *many, "Glacier")
    assert offered(index, "glacir") == ""
    put(index, "A glacier", "Another glacier")
    assert offered(index, "glacir") == "glacier"
