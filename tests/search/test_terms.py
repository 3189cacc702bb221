"""Price and access in the words of people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.search.terms import ACCESSES, PRICES, access_of, price_of


@pytest.mark.parametrize(
    ("said", "price"),
    [
        (["free"], "free"),
        (["Free of charge for research"], "free"),
        (["no cost"], "free"),
        (["0 EUR"], "free"),
        (["0.00"], "free"),
        (["20 EUR"], "paid"),
        (["$5 per GB"], "paid"),
        (["Paid subscription"], "paid"),
        (["Requester pays"], ""),
        (["", "ask us", "free"], "free"),
        ([], ""),
    ],
)
def test_price(said: list[str], price: str) -> None:
    assert price_of(said) == price


@pytest.mark.parametrize(
    ("said", "access"),
    [
        (["open"], "open"),
        (["publicly available"], "open"),
        (["no restrictions"], "open"),
        (["Unrestricted"], "open"),
        (["Requester pays for some of the resources"], "requester-pays"),
        (["requester_pays, open"], "requester-pays"),
        (["restricted"], "restricted"),
        (["on request"], "restricted"),
        (["Embargo until 2030"], "restricted"),
        (["free after registration"], "registration"),
        (["Earthdata login"], "registration"),
        (["weekly"], ""),
        (["weekly", "closed"], "restricted"),
        ([], ""),
    ],
)
def test_access(said: list[str], access: str) -> None:
    assert access_of(said) == access


@given(st.lists(st.text(), max_size=3))
def test_any_texts_say_one_of_few_things(said: list[str]) -> None:
    assert price_of(said) in ("", *PRICES)
    assert access_of(said) in ("", *ACCESSES)
