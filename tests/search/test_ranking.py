"""What counts for how much."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.names import Did
from frostnode.search.document import SearchDocument
from frostnode.search.ranking import RARITY_MIN, WEIGHTS, finer, near, quality, rarity, tie

ONE = SearchDocument(did=Did("did:frost:a"), type="dataset", key="a", title="A")


@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_rarity_comes_in_quarters_and_falls_with_every_record_that_has_the_word(count, more):
    total = count + more
    assert (4 * rarity(count, total)).is_integer()
    assert rarity(count, total) >= rarity(count + 1, total + 1) >= RARITY_MIN or more == 0


def test_parts_of_scores_add_up_to_the_same_in_any_order():
    fields = (WEIGHTS.title, WEIGHTS.keyword, WEIGHTS.publisher, WEIGHTS.lead)
    for weight in (*fields, WEIGHTS.text):
        assert (4 * weight).is_integer()
    assert (1 / WEIGHTS.other_places).is_integer() and (256 * WEIGHTS.other_places / 16).is_integer()


def test_a_word_counts_for_more_in_the_title_than_in_all_other_places_together():
    others = WEIGHTS.lead + WEIGHTS.publisher - 2 * WEIGHTS.text
    assert WEIGHTS.keyword >= max(WEIGHTS.lead, WEIGHTS.publisher)
    assert WEIGHTS.title > WEIGHTS.keyword + WEIGHTS.other_places * others


@given(
    st.integers(-(2**60), 2**60),
    st.integers(-5, 10**9),
    st.booleans(),
    st.sampled_from(["dataset", "profile", "lineage", "x"]),
)
def test_quality_is_within_bounds_whatever_a_record_says(changed_ms, uses, is_deprecated, type_):
    document = replace(ONE, changed_ms=changed_ms, uses=uses, is_deprecated=is_deprecated, type=type_)
    assert 1 <= quality(document, tie(document.did, document.type, document.key)) < 1.4


def test_use_and_freshness_count_for_something_and_deprecation_against():
    assert quality(replace(ONE, uses=5), 0) > quality(replace(ONE, uses=1), 0) > quality(ONE, 0)
    assert quality(replace(ONE, changed_ms=1_700_000_000_000), 0) > quality(ONE, 0)
    assert quality(replace(ONE, is_deprecated=True), 0) < quality(ONE, 0)
    assert quality(ONE, 0) > quality(replace(ONE, type="lineage"), 0)


def test_equals_differ_by_their_names_alone():
    assert 0 <= tie("did:frost:a", "dataset", "a") < 2**63
    assert len({tie("did:frost:a", "dataset", str(number)) for number in range(1000)}) == 1000


def test_a_title_that_says_what_was_typed_and_little_else_comes_first():
    def of(*title, is_key=False, is_known=False):
        return finer(["sea", "ice", "extent"], title, is_key=is_key, is_known=is_known)

    order = [
        of("other", is_key=True),
        of("sea", "ice", "extent"),
        of("sea", "ice", "extent", "daily"),
        of("sea", "ice"),
        of("extent", "of", "ice", "sea"),
        of("ice", "of", "land", "mountains", "and", "rivers"),
        of("other"),
    ]
    assert order == sorted(order, reverse=True) and len(set(order)) == len(order)
    assert of("sea", is_known=True) > of("sea")
    assert (
        finer([], ["a"], is_key=False, is_known=False) == finer(["b"], [], is_key=False, is_known=False) == 1
    )


def test_what_has_less_of_what_is_rare_counts_for_less():
    assert 1 == near(5, 5) > near(4, 5) > near(1, 5) > 0
    assert near(0, 0) == 1
