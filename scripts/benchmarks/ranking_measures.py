"""How good a ranking is by what people judged: nDCG at 10 and the reciprocal rank."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

DEPTH: Final = 10
"""How many hits count: those that people look at."""


def ndcg(ranking: Sequence[str], grades: Mapping[str, int], depth: int = DEPTH) -> float:
    """The discounted gain of the first hits over the greatest possible one; a grade gains 2^grade − 1, what is not judged nothing."""
    possible = _discounted(sorted(grades.values(), reverse=True)[:depth])
    return _discounted([grades.get(id_, 0) for id_ in ranking[:depth]]) / possible if possible else 0.0


def reciprocal_rank(ranking: Sequence[str], grades: Mapping[str, int], least: int) -> float:
    """1 over the rank of the first hit of at least this grade; 0 where there is none."""
    ranks = (rank for rank, id_ in enumerate(ranking, 1) if grades.get(id_, 0) >= least)
    return 1 / next(ranks, math.inf)


def _discounted(grades: Sequence[int]) -> float:
    return math.fsum((2**grade - 1) / math.log2(rank + 1) for rank, grade in enumerate(grades, 1))
