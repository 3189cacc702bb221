"""Did you mean: the nearest word of titles and keywords to one that is nowhere."""

from collections import Counter
from collections.abc import Callable
from typing import Final

import tantivy

from frostnode.edge.tantivy.analysis import words
from frostnode.edge.tantivy.schema import KEYWORD, TITLE
from frostnode.edge.tantivy.snapshot import Snapshot
from frostnode.protocol.limits import SUGGESTION_TERMS_MAX
from frostnode.search.spelling import distance_within, may_be_within, mistakes_in

_SEEN: Final = 8
"""Records that are looked at for the spelling of a word: the index knows its stem."""

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
            return _as_written(snapshot, best) or best
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


def _as_written(snapshot: Snapshot, term: str) -> str:
    """How the best records that have a word write it."""
    spellings: Counter[str] = Counter()
    for field in (TITLE, KEYWORD):
        query = tantivy.Query.const_score_query(snapshot.clauses.term(field, term), 1.0)
        for _, address in snapshot.top(query, _SEEN)[1]:
            for text in snapshot.searcher.doc(address).get_all(field):
                spellings.update(part for part in text.lower().split() if words(part) == [term])
    likely = [spelled.strip("".join(char for char in spelled if not char.isalnum())) for spelled in spellings]
    return min(zip((-count for count in spellings.values()), likely, strict=True))[1] if spellings else ""
