"""A query in the terms of the library: what has all that is asked for, and what has some of the words."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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


class Plan:
    """What to ask for. It is known before what comes first is, so that counting can begin.

    `which` finds all hits, and scores nothing; `rest` finds what is none of them, of all that is shown to who asks for everything. More
    than `at_most` are no hits, 0 where beginnings of words are asked for, which do not tell. `is_most` says whether most records are hits,
    None where that is not told without counting.
    """

    def __init__(self, planner: "Planner", ask: Ask, hidden: Query | None) -> None:
        meaning = meaning_of(ask.query)
        own = planner.clauses.one_of(DID, ask.own)
        self._planner, self.asked = planner, ask.query
        self.wanted, self.must = _runs(meaning.wanted), _runs(meaning.must)
        self.runs = list(dict.fromkeys((*self.wanted, *self.must)))
        found = list(planner.filters(meaning, own))
        if ask.within is not None:
            found.append(planner.which(ask.within, own))
        self.filters = [_constant(query, 0.0 if self.runs else 1.0) for query in found]
        hides = [planner.clauses.cursor, *([hidden] if hidden is not None else [])]
        unwanted = planner.without(meaning, own)
        self.without = [*unwanted, *(hides[1:] if self.runs else hides)]  # no text finds the cursor
        self.which = _query([*map(planner.found, self.runs), *self.filters], self.without)
        self.rest = _query([], [self.which, *hides])
        self.at_most = min(map(planner.at_most, self.runs), default=planner.total)
        may_be_most = 2 * self.at_most > planner.total
        is_told = not (self.filters or unwanted) and len(self.runs) == 1
        self.is_most = None if may_be_most and not is_told else may_be_most

    def scored(self) -> "Scored":
        """What to ask for in order: words may have to be counted for it."""
        return Scored(self._planner, self)


class Scored:
    """The same in order of what it is worth; each of these is asked for at most once, and few searches need all.

    `texts` are the words with what each is worth, `wanted` the plain ones of them.
    """

    def __init__(self, planner: "Planner", plan: Plan) -> None:
        self._planner, self._plan = planner, plan
        is_alone = len(plan.runs) == 1  # then it makes no difference, and need not be counted
        self._worth = {run: 1.0 if is_alone else planner.rarity(run) for run in plan.runs}
        self._whole = planner.whole(plan.asked, sum(self._worth.values()))
        self.texts = list(self._worth.items())
        self.wanted = [(run, self._worth[run]) for run in plan.wanted]

    def hits(self) -> Query:
        """All hits."""
        plan = self._plan
        found = [*self._counted(plan.runs), *plan.filters]
        return _helped(_query(found, plan.without), [*self._more(plan.runs), *self._whole])

    def titled(self) -> Query | None:
        """Those of the hits that have all words in the title; None where there are not enough of them, or others before them."""
        plan = self._plan
        if not plan.runs or plan.at_most < _MANY:
            return None
        return self._planner.titled(self._worth, plan.filters, self._whole, plan.without)

    def beyond(self) -> float:
        """More is no record worth that lacks one of the words in its title, and whose title or key is not what was typed."""
        others = (WEIGHTS.lead - WEIGHTS.text) + (WEIGHTS.publisher - WEIGHTS.text)
        elsewhere = WEIGHTS.keyword + WEIGHTS.other_places * others
        worths = self._worth.values()
        most = WEIGHTS.title * sum(worths) - (WEIGHTS.title - elsewhere) * min(worths, default=0.0)
        return self._planner.best_quality * most

    def near(self) -> Query | None:
        """What has at least one of the plain words; None where nothing can be near."""
        plan = self._plan
        if len(plan.wanted) <= 1:
            return None
        some = any_of([*self._counted(plan.wanted), *self._more(plan.wanted)])
        found = _query([*self._counted(plan.must), *plan.filters, some], plan.without)
        return _helped(found, [*self._more(plan.must), *self._whole])

    def _counted(self, runs: Iterable[Wanted]) -> list[Query]:
        return [self._planner.counted(run, self._worth[run]) for run in runs]

    def _more(self, runs: Iterable[Wanted]) -> list[Query]:
        return [self._planner.more(run, self._worth[run]) for run in runs]


class Planner:
    """Makes plans, for one snapshot, of parts that are the same in each."""

    def __init__(self, snapshot: Snapshot, names: Names) -> None:
        self.clauses: Final = snapshot.clauses
        self.total: Final = snapshot.searcher.num_docs
        self._snapshot = snapshot
        self._names = names

    @property
    def best_quality(self) -> float:
        """By what the score of the best record is multiplied."""
        return self._snapshot.best_quality

    def plan(self, ask: Ask, hidden: Query | None) -> Plan:
        """What to ask for; `hidden` finds what nothing is wanted of."""
        return Plan(self, ask, hidden)

    def at_most(self, run: Wanted) -> int:
        """No more records have a run of words in their texts, or in the name of their publisher; 0 for the beginning of a word."""
        if run.is_prefix:
            return 0
        by_name = (self._snapshot.searcher.doc_freq(DID, did) for did in self._names.having(run))
        return self.clauses.at_most(run) + sum(by_name)

    def rarity(self, run: Wanted) -> float:
        """What a run of words is worth."""
        return self._snapshot.rarity(run)

    def which(self, query: Asked, own: Query) -> Query:
        """What has everything that a query asks for."""
        meaning = meaning_of(query)
        texts = _runs((*meaning.wanted, *meaning.must))
        return _query([*map(self.found, texts), *self.filters(meaning, own)], self.without(meaning, own))

    def without(self, meaning: Meaning, own: Query) -> list[Query]:
        """What has something that must not be there."""
        found = [self.found(run) for run in _runs(meaning.must_not)]
        return found + [query for value in meaning.without if (query := self._within(value, own)) is not None]

    def found(self, run: Wanted) -> Query:
        """What has a run of words in any text, or in the name of its publisher."""
        dids = self._names.having(run)
        return any_of([self.clauses.run(TEXT, run), *([self.clauses.one_of(DID, dids)] if dids else [])])

    def titled(
        self,
        worth: Mapping[Wanted, float],
        filters: Sequence[Query],
        whole: Sequence[Query],
        without: Sequence[Query],
    ) -> Query | None:
        """Those of the hits that have all words in the title, scored as all hits are; None where others come before them.

        A word counts most in titles: it need not be looked for elsewhere.
        """
        titles = [_constant(self.clauses.run(TITLE, run), WEIGHTS.title * worth[run]) for run in worth]
        if any(self._snapshot.count(all_of([one], [all_of(titles)])) for one in whole):
            return None  # its key is what was typed
        return _helped(_query([*titles, *filters], without), whole)

    def whole(self, query: Asked, worth: float) -> list[Query]:
        """What is called just as was typed, for as much as all of the words in a title."""
        asked = [text for text in query.clauses if isinstance(text, Word | Phrase)]
        if any(text.occur is Occur.MUST_NOT or (isinstance(text, Word) and text.is_prefix) for text in asked):
            return []
        typed = " ".join(word for text in asked for word in words(text.text))
        if not typed or not self._snapshot.searcher.doc_freq(WHOLE, typed):
            return []
        return [tantivy.Query.const_score_query(self.clauses.term(WHOLE, typed), WEIGHTS.whole * worth)]

    def counted(self, run: Wanted, worth: float) -> Query:
        """What has a run of words, for as little as it counts anywhere."""
        return tantivy.Query.const_score_query(self.found(run), WEIGHTS.text * worth)

    def more(self, run: Wanted, worth: float) -> Query:
        """Where it counts for more, for as much more: in the title; elsewhere where it counts most, and a little for all other places.

        What has it is found in one field alone; only of that is it asked where it stands.
        """
        elsewhere = [
            tantivy.Query.const_score_query(query, (weight - WEIGHTS.text) * worth)
            for query, weight in self._other_places(run)
        ]
        titled = tantivy.Query.const_score_query(
            self.clauses.run(TITLE, run), (WEIGHTS.title - WEIGHTS.text) * worth
        )
        return tantivy.Query.disjunction_max_query(
            [titled, tantivy.Query.disjunction_max_query(elsewhere, WEIGHTS.other_places)]
        )

    def _other_places(self, run: Wanted) -> Iterator[tuple[Query, float]]:
        """Where a run of words counts for more than in any text, but for less than in the title."""
        yield self.clauses.run(KEYWORD, run), WEIGHTS.keyword
        if len(run.words) == 1 and not run.is_prefix:
            yield self.clauses.run(LEAD, run), WEIGHTS.lead
        if dids := self._names.having(run):
            yield self.clauses.one_of(DID, dids), WEIGHTS.publisher

    def filters(self, meaning: Meaning, own: Query) -> Iterable[Query]:
        """What has each of the values, periods and areas that are asked for."""
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
