"""What people write of price and access, as the few values that one can ask for.

Rules (spec/15-search.md#price-and-access): of several the first that says something counts; what says nothing of the kind is "".
"""

import re
from collections.abc import Iterable
from typing import Final

from frostnode.protocol.limits import DOCUMENT_VALUE_CHARS_MAX

_PRICES: Final = (
    (
        "free",
        r"\bfree\b|no (?:cost|charge|fee)s?\b|without (?:cost|charge)|^\W*0(?:[.,]0+)?\W*(?:[a-z]{3})?\W*$|\bgratis\b",
    ),
    (
        "paid",
        r"\bpaid\b|\bfees?\b|\bcharge|subscription|commercial|purchase|\bbuy\b|[$€£¥]|\b(?:usd|eur|gbp|chf|jpy)\b|\bper (?:gb|tb|year|month)",
    ),
)
_ACCESSES: Final = (
    ("requester-pays", r"requester[- _]?pays"),
    ("open", r"unrestricted|(?:no|without|any) restrictions?\b"),
    (
        "restricted",
        (
            r"\brestrict|controlled|embargo|closed|private|confidential|non-?public|approv|agreement|members"
            r"|permission|on request|by request|authori[sz]ed"
        ),
    ),
    ("registration", r"regist|log ?in\b|account|sign[- ]?(?:up|in)\b|credential|token|api key|authenticat"),
    ("open", r"\bopen|public|anonymous|\bfree|anyone"),
)
_PRICE_FORMS: Final = tuple((name, re.compile(form)) for name, form in _PRICES)
_ACCESS_FORMS: Final = tuple((name, re.compile(form)) for name, form in _ACCESSES)

PRICES: Final = tuple(name for name, _ in _PRICES)
ACCESSES: Final = tuple(dict.fromkeys(name for name, _ in _ACCESSES))


def price_of(said: Iterable[str]) -> str:
    """One of PRICES, or "" where nothing is said."""
    return _first(said, _PRICE_FORMS)


def access_of(said: Iterable[str]) -> str:
    """One of ACCESSES, or "" where nothing is said."""
    return _first(said, _ACCESS_FORMS)


def _first(said: Iterable[str], forms: tuple[tuple[str, re.Pattern[str]], ...]) -> str:
    for text in filter(None, said):
        plain = text[:DOCUMENT_VALUE_CHARS_MAX].lower()
        for name, form in forms:
            if form.search(plain) is not None:
                return name
    return ""
