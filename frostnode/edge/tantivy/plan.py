"""A query in the terms of the library: what has all that is asked for, and what has some of the words."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import tantivy

from frostnode.edge.tantivy.analysis import words
from frostnode.edge.tantivy.clauses import MUST, MUST_NOT, SHOULD, Query, all_of, any_of
from frostnode.edge.tantivy.names import Names
from frostnode.edge.tantivy.schema import (
    COLUMN,
    DID,
    KEYWORD,
    LEAD,
    TEXT,
    TITLE,
    VARIABLE,
    WHOLE,
)
from frostnode.edge.tantivy.snapshot import Snapshot
from frostnode.search.matching import Wanted, wanted_of
from frostnode.search.meaning import Meaning, meaning_of
from frostnode.search.query import Field, Occur, Phrase, Within, Word
from frostnode.search.query import Query as Asked
from frostnode.search.ranking import WEIGHTS
from frostnode.search.values import WORDY_FIELDS, is_did, period_of
from frostnode.search_port import Ask

_MANY: Final = 512
"""Records that have a word, for it to be worth the while to look at their titles first."""

_WORDY: Final = {
    Field.TITLE: TITLE,
    Field.KEYWORD: KEYWORD,
    Field.VARIABLE: VARIABLE,
    Field.COLUMN: COLUMN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to ask for.

    `which` finds the same as `hits`, and scores nothing; `rest` finds all else that is shown to who asks for everything. `is_most` says
    whether most records are hits, None where that is not told without counting; more than `at_most` are not. `titled`
    finds those of the hits that have all words in the title, where there may be enough of them: no other is worth more than
    `beyond`. `near` finds what has at least one of the plain words, None where nothing can be near; `wanted` are the plain words,
    `texts` they and those that must be there, each with what it is worth.
    """

    hits: Query
    which: Query
    rest: Query
    is_most: bool | None
    at_most: int
    titled: Query | None
    beyond: float
    near: Query | None
    wanted: tuple[tuple[Wanted, float], ...]
    texts: tuple[tuple[Wanted, float], ...]


class Planner:
    """Makes plans, for one snapshot."""

    def __init__(self, snapshot: Snapshot, names: Names) -> None:
        self.clauses: Final = snapshot.clauses
        self._snapshot = snapshot
        self._names = names

    def plan(self, ask: Ask, hidden: Query | None) -> Plan:
        """What to ask for; `hidden` finds what nothing is wanted of."""
        meaning = meaning_of(ask.query)
        wanted, must = _runs(meaning.wanted), _runs(meaning.must)
        worth = {run: self._worth(run, alone=len(wanted) + len(must) == 1) for run in (*wanted, *must)}
        total = self._snapshot.searcher.num_docs
        at_most = min(map(self.clauses.at_most, worth), default=total)
        may_be_most = 2 * at_most > total
        own = self.clauses.one_of(DID, ask.own)
        filters = [_constant(query, 0.0 if worth else 1.0) for query in self._filters(meaning, own)]
        if ask.within is not None:
            filters.append(_constant(self._which(ask.within, own), 0.0 if worth else 1.0))
        base = [*(self._counted(run, worth[run]) for run in must), *filters]
        hides = [self.clauses.cursor, *([hidden] if hidden is not None else [])]
        unwanted = self._without(meaning, own)
        without = [*unwanted, *(hides[1:] if worth else hides)]  # no text finds the cursor
        whole = self._whole(ask.query, sum(worth.values()))
        plain = [self._counted(run, worth[run]) for run in wanted]
        more = {run: self._more(run, worth[run]) for run in worth}
        which = _query([*map(self.found, worth), *filters], without)
        some = any_of([*plain, *(more[run] for run in wanted)])
        return Plan(
            hits=_helped(_query([*base, *plain], without), [*more.values(), *whole]),
            which=which,
            rest=_query([], [which, *hides]),
            is_most=None if may_be_most and (filters or unwanted or len(worth) != 1) else may_be_most,
            at_most=at_most,
            titled=self._titled(worth, filters, whole, without) if at_most >= _MANY else None,
            beyond=self._beyond(list(worth.values())),
            near=_helped(_query([*base, some], without), [*(more[run] for run in must), *whole])
            if len(wanted) > 1
            else None,
            wanted=tuple((run, worth[run]) for run in wanted),
            texts=tuple(worth.items()),
        )

    def _which(self, query: Asked, own: Query) -> Query:
        """What has everything that a query asks for."""
        meaning = meaning_of(query)
        texts = _runs((*meaning.wanted, *meaning.must))
        return _query([*map(self.found, texts), *self._filters(meaning, own)], self._without(meaning, own))

    def _without(self, meaning: Meaning, own: Query) -> list[Query]:
        """What has something that must not be there."""
        found = [self.found(run) for run in _runs(meaning.must_not)]
        return found + [query for value in meaning.without if (query := self._within(value, own)) is not None]

    def _worth(self, run: Wanted, *, alone: bool) -> float:
        """What a run of words is worth; where nothing is asked for beside it that need not be counted."""
        return 1.0 if alone else self._snapshot.rarity(run)

    def found(self, run: Wanted) -> Query:
        """What has a run of words in any text, or in the name of its publisher."""
        dids = self._names.having(run)
        return any_of([self.clauses.run(TEXT, run), *([self.clauses.one_of(DID, dids)] if dids else [])])

    def _titled(
        self,
        worth: Mapping[Wanted, float],
        filters: Sequence[Query],
        whole: Sequence[Query],
        without: Sequence[Query],
    ) -> Query | None:
        """Those of the hits that have all words in the title, scored as all hits are; None where there are too few, or others before them.

        A word counts most in titles: nothing has to be compared, only added.
        """
        if not worth:
            return None
        titles = [_constant(self.clauses.run(TITLE, run), WEIGHTS.title * worth[run]) for run in worth]
        if any(self._snapshot.count(all_of([one], titles)) for one in whole):
            return None  # its key is what was typed
        others = [
            _constant(place, (weight - WEIGHTS.text) * worth[run] * WEIGHTS.other_places)
            for run in worth
            for place, weight in self._other_places(run)
        ]
        return _helped(_query([*titles, *filters], without), [*others, *whole])

    def _beyond(self, worths: Sequence[float]) -> float:
        """More is no record worth that lacks one of the words in its title, and whose title or key is not what was typed."""
        others = (WEIGHTS.keyword, WEIGHTS.lead, WEIGHTS.publisher)
        there, lacking = _most(WEIGHTS.title, *others), _most(*others)
        most = there * sum(worths) - (there - lacking) * min(worths, default=0.0)
        return self._snapshot.best_quality * most

    def _whole(self, query: Asked, worth: float) -> list[Query]:
        """What is called just as was typed, for as much as all of the words in a title."""
        asked = [text for text in query.clauses if isinstance(text, Word | Phrase)]
        if any(text.occur is Occur.MUST_NOT or (isinstance(text, Word) and text.is_prefix) for text in asked):
            return []
        typed = " ".join(word for text in asked for word in words(text.text))
        if not typed:
            return []
        return [tantivy.Query.const_score_query(self.clauses.term(WHOLE, typed), WEIGHTS.whole * worth)]

    def _counted(self, run: Wanted, worth: float) -> Query:
        """What has a run of words, for as little as it counts anywhere."""
        return tantivy.Query.const_score_query(self.found(run), WEIGHTS.text * worth)

    def _more(self, run: Wanted, worth: float) -> Query:
        """Where it counts for more, for as much more: most where it counts most, and a little for all other places.

        What has it is found in one field alone; only of that is it asked where it stands.
        """
        places = [(self.clauses.run(TITLE, run), WEIGHTS.title), *self._other_places(run)]
        return tantivy.Query.disjunction_max_query(
            [
                tantivy.Query.const_score_query(query, (weight - WEIGHTS.text) * worth)
                for query, weight in places
            ],
            WEIGHTS.other_places,
        )

    def _other_places(self, run: Wanted) -> Iterator[tuple[Query, float]]:
        """Where a run of words counts for more than in any text, but for less than in the title."""
        yield self.clauses.run(KEYWORD, run), WEIGHTS.keyword
        if len(run.words) == 1 and not run.is_prefix:
            yield self.clauses.run(LEAD, run), WEIGHTS.lead
        if dids := self._names.having(run):
            yield self.clauses.one_of(DID, dids), WEIGHTS.publisher

    def _filters(self, meaning: Meaning, own: Query) -> Iterable[Query]:
        for group in meaning.groups:
            found = [self._within(value, own) for value in group]
            if None not in found:
                yield any_of([query for query in found if query is not None])
        if meaning.periods:
            yield any_of([self.clauses.time(period) for period in meaning.periods])
        if meaning.areas:
            yield any_of([self.clauses.place(area) for area in meaning.areas])

    def _within(self, value: Within, own: Query) -> Query | None:
        """What has something in a field; None where there is no word in what is asked for."""
        if value.field is Field.YEAR:
            return self.clauses.time(period_of(value.text))
        if value.field not in WORDY_FIELDS or (value.field is Field.PUBLISHER and is_did(value.text)):
            return self.clauses.value(value, own)
        run = Wanted(tuple(words(value.text)), value.is_prefix)
        if not run.words:
            return None
        if value.field is Field.PUBLISHER:
            return self.clauses.one_of(DID, self._names.having(run))
        return self.clauses.run(_WORDY[value.field], run)


def _runs(texts: Iterable[Word | Phrase]) -> list[Wanted]:
    made = (wanted_of(text, words) for text in texts)
    return list(dict.fromkeys(run for run in made if run is not None))


def _constant(query: Query, score: float = 1.0) -> Query:
    """What is there or not: it makes no difference to the order."""
    return tantivy.Query.const_score_query(query, score)


def _most(best: float, *others: float) -> float:
    """What a word is worth at most that stands in all these places."""
    return best + WEIGHTS.other_places * sum(weight - WEIGHTS.text for weight in others)


def _query(must: Sequence[Query], without: Sequence[Query]) -> Query:
    clauses = [(MUST, query) for query in must or [_constant(tantivy.Query.all_query())]]
    return tantivy.Query.boolean_query(clauses + [(MUST_NOT, query) for query in without])


def _helped(found: Query, helping: Iterable[Query]) -> Query:
    """The same, worth more where it has any of these.

    To add one after the other is faster than to look for any of several, which reads what nothing was found in.
    """
    for query in helping:
        found = tantivy.Query.boolean_query([(MUST, found), (SHOULD, query)])
    return found
