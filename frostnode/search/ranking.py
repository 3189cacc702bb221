"""Which hit comes first: all that can be weighed, in one table, and what follows from it.

Rules (spec/15-search.md#ranking):
- what a word counts for depends on the field it is in and on how many records have it, and not on what was there before:
  equal records are in equal order on every node, in whatever order they came;
- so all parts of a score are multiples of 1/256, which add up to the same in any order;
- the first hits are looked at again more closely.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import pairwise
from math import log2
from typing import Final

from frostnode.search.document import SearchDocument

_DAY_MS: Final = 86_400_000
_QUARTER: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What counts for how much. Those of fields are quarters, so that all parts of a score add up exactly."""

    title: float = 3.0
    keyword: float = 2.0
    publisher: float = 1.5
    lead: float = 1.5
    """The first LEAD_WORDS of the description: they say what it is about."""
    text: float = 0.5
    """Any text, and the key."""
    whole: float = 3.0
    """When the title, or the key, is what was typed and nothing else: as if all words counted once more in the title."""
    other_places: float = 1 / 16
    """A word that is not in the title counts where it counts most, and in all other places together this part of it; a power of two."""

    types: dict[str, float] = field(default_factory=lambda: {"dataset": 0.12, "profile": 0.06})
    """Types that people look for; all others are about these."""
    uses: float = 0.03
    """For each doubling of those who use it, up to `uses_max`."""
    uses_max: float = 0.12
    fresh: float = 0.04
    """For the whole span of years in which changes are told apart."""
    deprecated: float = -0.08

    all_in_title: float = 0.1
    """When all words are in the title; a part of it when some are."""
    title_covered: float = 0.4
    """When there is nothing else in the title."""
    in_order: float = 0.1
    """When the words follow each other there as they were typed."""
    known: float = 0.05
    """When its publisher is hosted, followed or vouched for here."""
    missing: float = 0.75
    """What has only some of the words counts for the share of their worth that it has, to this power."""
    key: float = 10.0
    """When the key, or the last part of it, is what was typed: then it is what was meant."""


WEIGHTS: Final = Weights()

_FRESH_FROM_MS: Final = 10_957 * _DAY_MS
"""2000-01-01."""

_FRESH_TO_MS: Final = 23_741 * _DAY_MS
"""2035-01-01: whatever is newer is as new as this."""


LEAD_WORDS: Final = 50

RARITY_MIN: Final = 1 / _QUARTER
"""What a word is worth that every record has."""


def rarity(count: int, total: int) -> float:
    """What a word is worth that `count` of `total` records have: a whole number of quarters."""
    return max(RARITY_MIN, round(_QUARTER * log2(1 + total / (count + 1))) / _QUARTER)


def quality(document: SearchDocument, order: int) -> float:
    """By what the score of a record is multiplied, whatever is asked for: 1 to 1.4. `order` is its `tie`."""
    factor = 1 + max(0.0, WEIGHTS.types.get(document.type, 0.0) + _used(document) + _fresh(document))
    if document.is_deprecated:
        factor += WEIGHTS.deprecated
    return max(1.0, factor) + order / 2**75


def _used(document: SearchDocument) -> float:
    return min(WEIGHTS.uses_max, WEIGHTS.uses * log2(1 + max(0, document.uses)))


def _fresh(document: SearchDocument) -> float:
    share = (document.changed_ms - _FRESH_FROM_MS) / (_FRESH_TO_MS - _FRESH_FROM_MS)
    return WEIGHTS.fresh * min(1.0, max(0.0, share))


def tie(did: str, type_: str, key: str) -> int:
    """The number below 2**63 by which equals are put in order: the same everywhere, and nobody's choice."""
    return int.from_bytes(blake2b(f"{did} {type_} {key}".encode(), digest_size=8).digest()) >> 1


def near(there: float, wanted: float) -> float:
    """By what the score of a record is multiplied that has words worth `there` of those worth `wanted`."""
    return (there / wanted) ** WEIGHTS.missing if wanted else 1.0


def finer(asked: Sequence[str], title: Sequence[str], *, is_key: bool, is_known: bool) -> float:
    """By what the score of one of the first hits is multiplied, once its title is read.

    `asked` are the words of the query in order, without those that are never required; `is_key` says that they are the key.
    """
    factor = 1 + (WEIGHTS.known if is_known else 0) + (WEIGHTS.key if is_key else 0)
    there = set(title)
    found = [word for word in asked if word in there]
    if found:
        share = len(found) / len(asked)
        factor += WEIGHTS.all_in_title * share * share
        factor += WEIGHTS.title_covered * len(found) / max(len(found), len(title))
        factor += WEIGHTS.in_order * _in_order(asked, title)
    return factor


def _in_order(asked: Sequence[str], title: Sequence[str]) -> float:
    """How many of the pairs of neighbours are neighbours in the title."""
    if len(asked) < 2 or len(title) < 2:
        return 0.0
    pairs = set(pairwise(title))
    return sum(map(pairs.__contains__, pairwise(asked))) / (len(asked) - 1)
