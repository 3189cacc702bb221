"""Of what many records have, the first hits and the counts are found by shorter ways: they are the same as by the long ones."""

import random
from dataclasses import replace

import pytest

from frostnode.edge.tantivy import clauses, facets, plan
from frostnode.edge.tantivy.index import TantivyIndex
from frostnode.protocol.limits import SEARCH_ENOUGH
from frostnode.protocol.names import Did
from frostnode.search.document import SearchDocument
from frostnode.search.language import parse_query
from frostnode.search.query import Field
from frostnode.search_port import Ask

WORDS = ["sea", "ice", "wind", "buoy", "of", "ocean"]
QUERIES = [
    "sea",
    "ice",
    "seas",
    "sea ice",
    "wind of",
    '"sea ice"',
    "ice publisher:ocean",
    "sea after:1970",
    "ice ocean",
    "sea -wind",
    "+sea sea",
    "+the seas",
]
EVERY = 10**9


def document(chance, number):
    def text(size):
        return " ".join(chance.choices(WORDS, k=size))

    return SearchDocument(
        did=Did(f"did:frost:bafyrei{chance.choice('abc')}"),
        type=chance.choice(["dataset", "lineage"]),
        key=chance.choice(["sea", "ice", "sea-ice", f"k{number}"]) if number < 12 else f"k{number}",
        title=text(chance.randrange(1, 4)),
        keywords=[text(1), f"{text(1)} {chance.randrange(500)}"],
        description=text(4),
        uses=chance.choice([0, 0, 0, 7]),
        changed_ms=chance.choice([10**12, 1_700_000_000_000]),
        first_day=chance.choice([None, 0, 400]),
    )


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    index = TantivyIndex(tmp_path_factory.mktemp("index"))
    chance = random.Random(6)
    for number in range(900):
        index.put(document(chance, number))
        if number % 300 == 299:
            index.put(
                SearchDocument(did=Did("did:frost:bafyreia"), type="profile", key="self", title="Ocean")
            )
            index.commit(number, b"tag")
    yield index
    index.close()


def answers(index):
    index._newest = None  # nothing that was kept
    found = []
    for query in QUERIES:
        answer = index.search(
            Ask(query=parse_query(query), limit=7, facets=(Field.KEYWORD, Field.TYPE, Field.YEAR))
        )
        found.append(
            (
                query,
                answer.total,
                [(hit.did, hit.type, hit.key, hit.score) for hit in answer.found],
                answer.facets,
            )
        )
    return found


def test_titles_first_and_the_rest_counted_find_the_same(index, monkeypatch):
    counted = []
    look_at_titles, count_rest = plan.Planner.titled, facets._less_the_rest
    monkeypatch.setattr(plan, "_MANY", EVERY)
    monkeypatch.setattr(facets, "_less_the_rest", lambda *_: {})
    plain = answers(index)
    monkeypatch.setattr(plan, "_MANY", 1)
    monkeypatch.setattr(facets, "_KEPT", 2 * facets._LIKELY)
    monkeypatch.setattr(
        plan.Planner, "titled", lambda *given: counted.append(one := look_at_titles(*given)) or one
    )
    monkeypatch.setattr(
        facets, "_less_the_rest", lambda *given: counted.append(found := count_rest(*given)) or found
    )
    assert answers(index) == plain
    assert any(found is not None and not isinstance(found, dict) for found in counted)
    assert any(isinstance(found, dict) and "label" in found for found in counted)


def test_many_values_are_found_together_as_few_are_one_by_one(index, monkeypatch):
    snapshot = index._reading().snapshot
    names = [f"did:frost:bafyrei{letter}" for letter in "abcx"]
    one_by_one, some = answers(index), snapshot.count(snapshot.clauses.one_of("did", names))
    monkeypatch.setattr(clauses, "_TERMS_MAX", 0)
    assert answers(index) == one_by_one
    assert snapshot.count(snapshot.clauses.one_of("did", names)) == some > 800


def test_a_record_is_worth_the_same_however_many_are_asked_for(index, monkeypatch):
    monkeypatch.setattr(plan, "_MANY", 1)
    for query in QUERIES:
        first, all_ = (
            index.search(Ask(query=parse_query(query), limit=limit)).found for limit in (10, 10**4)
        )
        scores = {(hit.did, hit.type, hit.key): hit.score for hit in all_}
        assert [scores[hit.did, hit.type, hit.key] for hit in first] == [hit.score for hit in first], query


@pytest.mark.parametrize(
    "fields",
    [(), (Field.KEYWORD,), (Field.PUBLISHER,), (Field.KEYWORD, Field.TYPE), (Field.YEAR, Field.SOURCE)],
)
@pytest.mark.parametrize("few", [0, EVERY])
def test_how_many_there_are_does_not_depend_on_what_they_are_counted_by(index, monkeypatch, fields, few):
    monkeypatch.setattr(facets, "_FEW", few)
    snapshot = index._reading().snapshot
    for query in QUERIES:
        ask = Ask(query=parse_query(query), limit=7, facets=fields)
        which = index._reading()._planner.plan(ask, None).which
        index._newest = None  # nothing that was kept
        assert index.search(ask).total == snapshot.count(which), query


def test_an_answer_is_kept_until_something_is_committed(tmp_path):
    index = TantivyIndex(tmp_path)
    chance = random.Random(1)
    for number in range(30):
        index.put(document(chance, number))
    index.commit(1, b"tag")
    ask = Ask(query=parse_query("sea"), limit=5, facets=(Field.TYPE,))
    first = index.search(ask)
    assert index.search(ask) is first
    assert index.search(replace(ask, limit=4)) is not first
    whole = replace(ask, limit=SEARCH_ENOUGH + 1)
    assert index.search(whole) is not index.search(whole)
    index.put(replace(document(chance, 99), title="Sea"))
    index.commit(2, b"tag")
    assert index.search(ask).total == first.total + 1
    index.close()
