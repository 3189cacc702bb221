"""Did you mean: the nearest word of titles and keywords to one that is nowhere."""

from collections.abc import Callable

import tantivy

from frostnode.edge.tantivy.schema import KEYWORD, TITLE
from frostnode.edge.tantivy.snapshot import Snapshot
from frostnode.protocol.limits import SUGGESTION_TERMS_MAX
from frostnode.search.spelling import distance_within, may_be_within, mistakes_in

Count = Callable[[str], int]
"""How many records have a word, in whichever text."""


def nearest(snapshot: Snapshot, word: str, count: Count) -> str:
    """The word as it is written that has fewest letters other than this, and of these the commonest; "" if none is near.

    It begins with the same two letters, or else with the same one.
    """
    allowed = mistakes_in(word)
    for beginning in (word[:2], word[:1]):
        near = _near(snapshot.searcher, word, beginning, allowed)
        if near and (best := _commonest(near, count)):
            return best
    return ""


def _near(searcher: tantivy.Searcher, word: str, beginning: str, allowed: int) -> list[str]:
    """Words that begin so and are nearest, if any is near enough."""
    found: dict[int, set[str]] = {}
    for field in (TITLE, KEYWORD):
        for term, _ in searcher.terms_with_prefix(field, beginning, limit=SUGGESTION_TERMS_MAX):
            if (
                may_be_within(word, term, allowed)
                and (far := distance_within(word, term, allowed)) is not None
            ):
                found.setdefault(far, set()).add(term)
    return sorted(found[min(found)]) if found else []


def _commonest(terms: list[str], count: Count) -> str:
    """What most records have; "" when all that is near was of records that are gone."""
    counts = [(-count(term), term) for term in terms]
    fewest, term = min(counts)
    return term if fewest else ""
