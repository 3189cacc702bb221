"""Whom a change concerns, out of many: by names in tables, by a word or value of each saved search.

A search is looked up by what is rarest in it as far as the matcher knows: what the fewest others are filed under.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import Final, Generic, TypeVar

from frostnode.protocol.names import DATASET, VERSION
from frostnode.protocol.notice import Change, ChangeKind
from frostnode.search.matching import DocumentWords, Question, Words
from frostnode.search.subscription_target import OfDataset, OfEverything, OfPublisher, OfSearch, Target

K = TypeVar("K", bound=Hashable)

_ANY: Final = ("",)
"""Under which a search is filed of which nothing can be looked up."""


class Matcher(Generic[K]):
    """Targets by the names of those who have them."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._targets: dict[K, Target] = {}
        self._named: defaultdict[tuple[str, str], dict[K, None]] = defaultdict(dict)
        self._searches: defaultdict[str, dict[K, Question]] = defaultdict(dict)
        self._filed: dict[K, tuple[str, ...]] = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self._targets)

    def __contains__(self, who: K) -> bool:
        """Whether somebody is here."""
        return who in self._targets

    def is_search(self, who: K) -> bool:
        """Whether somebody who is here has a saved search for a target."""
        return who in self._filed

    def add(self, who: K, target: Target) -> None:
        """Let somebody be told of a target, instead of what there was."""
        self.remove(who)
        self._targets[who] = target
        if isinstance(target, OfSearch):
            question = Question(target.search.query, self._words)
            self._filed[who] = min(sorted(question.ways_in()), key=self._others, default=_ANY)
            for key in self._filed[who]:
                self._searches[key][who] = question
        else:
            self._named[_place(target)][who] = None

    def remove(self, who: K) -> None:
        """Forget somebody, if they are here."""
        target = self._targets.pop(who, None)
        if target is None:
            return
        if isinstance(target, OfSearch):
            for key in self._filed.pop(who):
                del self._searches[key][who]
                if not self._searches[key]:
                    del self._searches[key]
        else:
            place = _place(target)
            del self._named[place][who]
            if not self._named[place]:
                del self._named[place]

    def _others(self, keys: tuple[str, ...]) -> int:
        """How many are filed there already."""
        return sum(len(self._searches.get(key, ())) for key in keys)

    def match(self, change: Change, document: Callable[[], DocumentWords | None]) -> list[K]:
        """Those whom a change concerns. `document` is asked for only if there are searches that may match.

        A retraction whose content is gone concerns every search that might have matched.
        """
        if change.kind is ChangeKind.MOVED:
            return self._concerned(change.did)
        found = [who for place in _places(change) for who in self._named.get(place, ())]
        if self._searches:
            found += self._match_searches(change, document())
        return found

    def _concerned(self, did: str) -> list[K]:
        """Those whom a move of a publisher concerns: it is rare, so there is no table for it."""
        return [who for (whose, _), some in self._named.items() if whose in ("", did) for who in some]

    def _match_searches(self, change: Change, document: DocumentWords | None) -> Sequence[K]:
        if document is None:
            if change.kind is not ChangeKind.RETRACTED:
                return []
            every = {who: question for filed in self._searches.values() for who, question in filed.items()}
            return [who for who, question in every.items() if question.may_be_of(change.did, change.type)]
        filed_under = sorted(self._searches.keys() & {*document.keys, *_ANY})
        filed = {who: question for key in filed_under for who, question in self._searches[key].items()}
        return [who for who, question in filed.items() if question.is_answered_by(document)]


def _place(target: OfDataset | OfPublisher | OfEverything) -> tuple[str, str]:
    match target:
        case OfDataset():
            return target.did, target.key
        case OfPublisher():
            return target.did, ""
        case OfEverything():
            return "", ""


def _places(change: Change) -> list[tuple[str, str]]:
    """Under which names somebody is told of a change."""
    places = [("", ""), (str(change.did), "")]
    if change.type == DATASET:
        places.append((change.did, change.key))
    elif change.type == VERSION:
        places.append((change.did, change.key.partition("@")[0]))
    return places
