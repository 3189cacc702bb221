"""How far two words are from each other, in letters that are wrong, missing, too many or exchanged with the next."""

from typing import Final

_SHORT: Final = 4
_LONG: Final = 8


def mistakes_in(word: str) -> int:
    """How many mistakes a word of this length may have and still be recognised."""
    return 0 if len(word) < _SHORT else 1 if len(word) < _LONG else 2


def may_be_within(a: str, b: str, allowed: int) -> bool:
    """Whether two words can be that near, by what letters they have: quick, and never wrong about a no."""
    return abs(len(a) - len(b)) <= allowed and len(set(a) ^ set(b)) <= 2 * allowed


def distance_within(a: str, b: str, allowed: int) -> int | None:
    """How many mistakes lead from one to the other; None when there are more than allowed."""
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, char in enumerate(a, 1):
        row = [i]
        for j, other in enumerate(b, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (char != other))
            if i > 1 and j > 1 and char == b[j - 2] and a[i - 2] == other:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > allowed:
            return None
        before, last = last, row
    return last[-1] if last[-1] <= allowed else None
