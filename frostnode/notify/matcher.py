"""Whom a change concerns, out of many: by names in tables, by one word of each saved search.

A search is looked up by its rarest word as far as the matcher knows: the one that the fewest others are filed under.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

from frostnode.protocol.names import DATASET, VERSION
from frostnode.protocol.notice import Change, ChangeKind
from frostnode.protocol.saved_search import SavedSearch, Words
from frostnode.protocol.subscription_target import OfDataset, OfEverything, OfPublisher, OfSearch, Target

K = TypeVar("K", bound=Hashable)


class Matcher(Generic[K]):
    """Targets by the names of those who have them."""

    def __init__(self) -> None:
        self._targets: dict[K, Target] = {}
        self._named: defaultdict[tuple[str, str], dict[K, None]] = defaultdict(dict)
        self._searches: defaultdict[str, dict[K, SavedSearch]] = defaultdict(dict)
        self._filed: dict[K, str] = {}

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
            words = {word for phrase in target.search.wanted for word in phrase}
            filed = min(sorted(words), key=lambda word: len(self._searches.get(word, ())), default="")
            self._searches[filed][who] = target.search
            self._filed[who] = filed
        else:
            self._named[_place(target)][who] = None

    def remove(self, who: K) -> None:
        """Forget somebody, if they are here."""
        target = self._targets.pop(who, None)
        if target is None:
            return
        if isinstance(target, OfSearch):
            filed = self._filed.pop(who)
            del self._searches[filed][who]
            if not self._searches[filed]:
                del self._searches[filed]
        else:
            place = _place(target)
            del self._named[place][who]
            if not self._named[place]:
                del self._named[place]

    def match(self, change: Change, words: Callable[[], Words | None]) -> list[K]:
        """Those whom a change concerns. `words` is asked for only if there are searches that may match.

        A retraction whose content is gone concerns every search that might have matched.
        """
        if change.kind is ChangeKind.MOVED:
            return self._concerned(change.did)
        found = [who for place in _places(change) for who in self._named.get(place, ())]
        if self._searches:
            found += self._match_searches(change, words())
        return found

    def _concerned(self, did: str) -> list[K]:
        """Those whom a move of a publisher concerns: it is rare, so there is no table for it."""
        return [who for (whose, _), some in self._named.items() if whose in ("", did) for who in some]

    def _match_searches(self, change: Change, words: Words | None) -> Iterable[K]:
        if words is None:
            if change.kind is not ChangeKind.RETRACTED:
                return []
            return [
                who
                for filed in self._searches.values()
                for who, search in filed.items()
                if search.type in (None, change.type) and search.publisher in (None, change.did)
            ]
        filed_under = (word for word in sorted({*words.all, ""}) if word in self._searches)
        return [
            who
            for word in filed_under
            for who, search in self._searches[word].items()
            if search.matches(change.did, change.type, words)
        ]


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
