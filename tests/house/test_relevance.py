"""Rankings are measured right, and what was judged is there."""

import json
import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.benchmarks.corpora import CATALOGS, records_of
from scripts.benchmarks.judgements import FOLDER, Kind, Split, all_judged
from scripts.benchmarks.material import has_corpora
from scripts.benchmarks.plain_bm25 import PlainBm25
from scripts.benchmarks.ranking_measures import ndcg, reciprocal_rank

GRADES = st.dictionaries(st.sampled_from("abcdefghijklmnop"), st.integers(0, 3), min_size=1)


def test_the_gain_falls_with_the_rank_and_grows_with_the_grade():
    grades = {"a": 3, "b": 1}
    possible = 7 / math.log2(2) + 1 / math.log2(3)
    assert ndcg(["a", "b"], grades) == 1
    assert ndcg(["b", "a"], grades) == pytest.approx((1 + 7 / math.log2(3)) / possible)
    assert ndcg(["x", "a"], grades) == pytest.approx(7 / math.log2(3) / possible)
    assert ndcg([*"0123456789", "a"], grades) == 0, "only the first ten count"
    assert ndcg(["a"], {"a": 0}) == 0


@given(GRADES, st.permutations(list("abcdefghijklmnop")))
def test_no_ranking_is_better_than_the_best(grades, ranking):
    best = sorted(grades, key=lambda id_: -grades[id_])
    assert 0 <= ndcg(ranking, grades) <= 1
    assert ndcg(best, grades) == (1 if any(grades.values()) else 0)


def test_the_reciprocal_rank_is_that_of_the_first_of_the_grade():
    grades = {"a": 3, "b": 2}
    assert reciprocal_rank(["x", "b", "a"], grades, 3) == pytest.approx(1 / 3)
    assert reciprocal_rank(["x", "b", "a"], grades, 2) == pytest.approx(1 / 2)
    assert reciprocal_rank(["x"], grades, 3) == 0


def test_plain_bm25_is_bm25():
    plain = PlainBm25([("a", "Ice, ice and sea"), ("b", "sea"), ("c", "land and land and land and land")])
    assert plain.search("ICE", 10) == ["a"]
    assert plain.search("sea", 10) == ["b", "a"], "the shorter one first"
    assert plain.search("sea land", 1) == ["c"], "often and rare counts more"
    assert plain.search("nothing", 10) == []


def test_every_judgement_is_complete_and_half_are_held_out():
    lines = [json.loads(line) for path in FOLDER.glob("*.jsonl") for line in path.read_text().splitlines()]
    for line in lines:
        assert set(line) == {"query", "kind", "style", "split", "judged"}
        assert line["query"].strip()
        ids = [judged["id"] for judged in line["judged"]]
        assert len(ids) == len(set(ids)), line["query"]
        for judged in line["judged"]:
            assert set(judged) == {"id", "grade", "reason"}
            assert judged["grade"] in range(4)
            assert judged["reason"]
    judged = all_judged()
    assert len({each.query for each in judged}) == len(judged)
    kinds = Counter((each.kind, each.split) for each in judged)
    assert kinds[Kind.KNOWN_ITEM, Split.HELD_OUT] + kinds[Kind.TOPICAL, Split.HELD_OUT] >= 75
    assert all(abs(kinds[kind, Split.HELD_OUT] - kinds[kind, Split.TUNING]) <= 1 for kind in Kind)
    assert all(3 in each.grades.values() for each in judged)


@pytest.mark.corpora
@pytest.mark.slow
@pytest.mark.skipif(not has_corpora(), reason="real catalogs are not beside the repository")
def test_every_judged_record_exists():
    there = {f"{catalog}/{record['key']}" for catalog in CATALOGS for record in records_of(catalog)}
    assert {id_ for each in all_judged() for id_ in each.grades} <= there
