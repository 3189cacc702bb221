"""Answers out of one snapshot: total, hits, counts and suggestions are all of the same records."""

import re
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from typing import Final

import tantivy

from frostnode.edge.tantivy.analysis import words
from frostnode.edge.tantivy.clauses import MUST, SHOULD, Query, all_of, any_of
from frostnode.edge.tantivy.facets import AllCounts, count_values
from frostnode.edge.tantivy.kept import Place, Record
from frostnode.edge.tantivy.names import Names
from frostnode.edge.tantivy.plan import Plan, Planner, Scored
from frostnode.edge.tantivy.recent import Recent
from frostnode.edge.tantivy.schema import DID, ID, KEYWORD, SAME, TEXT, TITLE, VALUES
from frostnode.edge.tantivy.snapshot import Hit, Snapshot, place_of
from frostnode.edge.tantivy.suggestions import nearest
from frostnode.edge.threads import Beside
from frostnode.protocol.limits import (
    SEARCH_ANSWERS_CACHED_MAX,
    SEARCH_ENOUGH,
    SEARCH_FACETS_CACHED_MAX,
    SEARCH_WINDOW,
    SIMILAR_WORDS_MAX,
)
from frostnode.protocol.names import Did
from frostnode.search.forms import forms
from frostnode.search.matching import Wanted, wanted_of
from frostnode.search.meaning import FUNCTION_WORDS
from frostnode.search.printing import print_query
from frostnode.search.query import Field, Occur, Phrase, Word
from frostnode.search.query import Query as Asked
from frostnode.search.ranking import WEIGHTS, finer, near
from frostnode.search_port import Answer, Ask, Counts, Found, Sort

_MASK_BITS: Final = 20
"""Words that one search tells apart by its scores: whole numbers up to 2**24 are exact in them."""

_COUNTED_APART: Final = 100_000
"""Hits that may be there, for it to be worth the while to read twice which they are, at once."""

_NO_LETTER: Final = re.compile(r"[\W_]+")


class Reading:
    """Whatever is asked while a snapshot is the newest one."""

    def __init__(self, snapshot: Snapshot, names: Names, beside: Beside) -> None:
        self.snapshot: Final = snapshot
        self.names: Final = names
        self._beside = beside
        self._planner = Planner(snapshot, names)
        self._all: dict[frozenset[Did], AllCounts] = {}
        self._facets = Recent[object, Callable[[], Counts]](SEARCH_FACETS_CACHED_MAX)
        self._answers = Recent[Ask, Answer](SEARCH_ANSWERS_CACHED_MAX)

    def search(self, ask: Ask, hidden: Query | None) -> Answer:
        """See `SearchIndex.search`; `hidden` are the records of whom nothing is wanted."""
        if ask.limit > SEARCH_ENOUGH:
            return self._answer(ask, hidden)  # too large to be kept
        return self._answers.get(ask, partial(self._answer, ask, hidden))

    def _answer(self, ask: Ask, hidden: Query | None) -> Answer:
        plan = self._planner.plan(ask, hidden)
        wanted = max(ask.limit, SEARCH_ENOUGH)
        by_values = self._by_values(plan, ask)
        scored = plan.scored()
        total, hits = self._hits(scored, ask, wanted)
        in_all = self._in_all(plan, ask, total)
        near_total, few = self._near(scored, ask, hits, wanted)
        if ask.sort is Sort.RELEVANCE:
            found = self._ranked(scored, ask, hits, few)
        else:
            found = [*self.snapshot.found(hits), *self.snapshot.found(few, is_near=True)]

        def count() -> Counts:
            known, counts = in_all(), by_values()
            return Counts(counts.total if known is None else known, counts.facets)

        return Answer(
            near=near_total,
            found=found[: ask.limit],
            generation=f"{self.snapshot.cursor}.{self.snapshot.commits}",
            count=count,
            meant="" if hits else self._meant(ask.query),
        )

    def _hits(self, scored: Scored, ask: Ask, wanted: int) -> tuple[int | None, list[Hit]]:
        """How many hits there are, and the first of them.

        Of words that many records have those are most often the ones with all in the title; then the others are not counted here.
        """
        if ask.sort is Sort.RELEVANCE and (titled := scored.titled()) is not None:
            _, hits = self.snapshot.top(titled, wanted)
            if len(hits) == wanted and hits[-1][0] > scored.beyond():
                return None, hits
        return self.snapshot.top(scored.hits(), wanted, ask.sort)

    def _near(self, scored: Scored, ask: Ask, hits: list[Hit], wanted: int) -> tuple[int, list[Hit]]:
        """The same of what is near, where there are few hits."""
        if len(hits) >= SEARCH_ENOUGH or (near := scored.near()) is None:
            return 0, []
        total, found = self.snapshot.top(near, wanted + len(hits), ask.sort)
        known = {place_of(address) for _, address in hits}
        return total - len(hits), [hit for hit in found if place_of(hit[1]) not in known][:wanted]

    # -- order ------------------------------------------------------------------------------------------

    def _ranked(self, scored: Scored, ask: Ask, hits: list[Hit], few: list[Hit]) -> list[Found]:
        """The first of the hits and of what is near in one order, by a closer look; all others behind them."""
        snapshot, closer = self.snapshot, self._closer(scored, ask)
        first, some = (snapshot.records(found[:SEARCH_WINDOW]) for found in (hits, few))
        window = [(score * closer(record), record, False) for score, record in first]
        window += [
            (score * share * closer(record), record, True)
            for share, (score, record) in zip(self._shares(scored, some), some, strict=True)
        ]
        window.sort(key=lambda ranked: (-ranked[0], ranked[1].did, ranked[1].type, ranked[1].key))
        rest = max(0, ask.limit - len(window))
        return [
            *(record.found(score, is_near=is_near) for score, record, is_near in window[: ask.limit]),
            *snapshot.found(hits[SEARCH_WINDOW:][:rest]),
            *snapshot.found(few[SEARCH_WINDOW:][:rest], is_near=True),
        ]

    def _closer(self, scored: Scored, ask: Ask) -> Callable[[Record], float]:
        """By what the score of a record is multiplied, once it is looked at."""
        asked = [word for run, _ in scored.texts if not run.is_prefix for word in run.words]
        spelling = {form: run.words[0] for run, _ in scored.texts for form in run.forms}
        typed = _plain("".join(text.text for text in ask.query.clauses if isinstance(text, Word | Phrase)))

        def closer(record: Record) -> float:
            return finer(
                asked,
                [spelling.get(word, word) for word in record.title_words],
                is_key=_is_key(record.key, typed),
                is_known=record.did in ask.known,
            )

        return closer

    def _shares(self, scored: Scored, few: list[tuple[float, Record]]) -> list[float]:
        """By what the score of each of these is multiplied for the share of the words that it has."""
        if not few:
            return []
        at_hand = self.snapshot.clauses.one_of(ID, [record.name for _, record in few])
        worth: dict[Place, float] = defaultdict(float)
        for start in range(0, len(scored.wanted), _MASK_BITS):
            some = scored.wanted[start : start + _MASK_BITS]
            bits = [
                (SHOULD, tantivy.Query.const_score_query(self._planner.found(run), float(1 << bit)))
                for bit, (run, _) in enumerate(some)
            ]
            query = tantivy.Query.boolean_query(
                [(MUST, tantivy.Query.const_score_query(at_hand, 0.0)), *bits]
            )
            for mask, address in self.snapshot.searcher.search(query, limit=len(few), count=False).hits:
                worth[place_of(address)] += sum(
                    value for bit, (_, value) in enumerate(some) if int(mask) >> bit & 1
                )
        every = sum(value for _, value in scored.wanted)
        return [near(worth[record.place], every) for _, record in few]

    # -- counts and suggestions -------------------------------------------------------------------------

    def _in_all(self, plan: Plan, ask: Ask, known: int | None) -> Callable[[], int | None]:
        """How many hits there are; None where those tell who are counted by values."""
        if known is None and (plan.is_most or not ask.facets):
            return self._beside.begin(partial(self.snapshot.count, plan.which))
        return lambda: known

    def _by_values(self, plan: Plan, ask: Ask) -> Callable[[], Counts]:
        """Counts of all hits by fields, which are begun. The last that were asked for are kept.

        Who turns a page or sorts asks for the same again, and every visitor for those of everything.
        """
        if not ask.facets:
            return partial(Counts, 0)
        key = (ask.query, ask.within, ask.facets, ask.without, ask.own)
        return self._facets.get(key, partial(self._begin, plan, ask))

    def _begin(self, plan: Plan, ask: Ask) -> Callable[[], Counts]:
        """Keywords of many hits are counted apart from all other fields, for they take as long, by whoever is free first."""
        others = tuple(field for field in ask.facets if field is not Field.KEYWORD)
        if plan.at_most < _COUNTED_APART or len(others) in (0, len(ask.facets)):
            return self._beside.begin(partial(self._count_values, plan, ask, ask.facets))
        keywords = self._beside.begin(partial(self._count_values, plan, ask, (Field.KEYWORD,)))
        rest = self._beside.begin(partial(self._count_values, plan, ask, others))

        def together() -> Counts:
            counts = rest()
            values = {**counts.facets, **keywords().facets}
            return Counts(counts.total, {field: values[field] for field in ask.facets})

        return together

    def _count_values(self, plan: Plan, ask: Ask, fields: tuple[Field, ...]) -> Counts:
        own = self.snapshot.clauses.one_of(DID, ask.own)
        return count_values(self.snapshot, plan, fields, own, self._all_counts(ask.without))

    def _all_counts(self, without: frozenset[Did]) -> AllCounts:
        """Where counts over everything are kept, for each choice of publishers."""
        if len(self._all) >= SEARCH_FACETS_CACHED_MAX:
            self._all = {}
        return self._all.setdefault(without, {})

    def _meant(self, query: Asked) -> str:
        """The query with the nearest words for those that no record has; "" when there are none."""
        clauses = [
            replace(clause, text=other)
            if isinstance(clause, Word) and (other := self._instead(clause))
            else clause
            for clause in query.clauses
        ]
        meant = Asked(tuple(clauses))
        return print_query(meant) if meant != query else ""

    def _instead(self, word: Word) -> str:
        wanted = wanted_of(word, words)
        if wanted is None or not wanted.forms or word.occur is Occur.MUST_NOT or self._count(wanted):
            return ""
        return nearest(self.snapshot, wanted.words[0], lambda other: self._count(Wanted((other,))))

    def _count(self, run: Wanted) -> int:
        return self.snapshot.count(self.snapshot.clauses.run(TEXT, run))

    # -- records by others ------------------------------------------------------------------------------

    def similar(self, name: str, type_: str, limit: int, hidden: Query | None) -> list[Found]:
        """See `SearchIndex.similar`: those that share the rarest words of title and keywords."""
        record = self.snapshot.record(name)
        if record is None:
            return []
        texts = [record.title, *record.keywords]
        distinct = dict.fromkeys(word for text in texts for word in words(text))
        some = [word for word in distinct if word not in FUNCTION_WORDS][:SIMILAR_WORDS_MAX]
        clauses = self.snapshot.clauses
        shared = [self._shared(Wanted((word,), forms=forms(word))) for word in some]
        if not shared:
            return []
        same = record.same_as
        without = [clauses.term(ID, name), *([clauses.one_of(SAME, same)] if same else [])]
        of_type = tantivy.Query.const_score_query(clauses.term(VALUES[Field.TYPE], type_), 0.0)
        query = all_of([of_type, any_of(shared)], [*without, *([hidden] if hidden is not None else [])])
        return self.snapshot.found(self.snapshot.top(query, limit)[1])

    def _shared(self, run: Wanted) -> Query:
        clauses = self.snapshot.clauses
        worth = self.snapshot.rarity(run)
        return any_of(
            [
                tantivy.Query.const_score_query(clauses.run(field, run), worth * weight)
                for field, weight in ((TITLE, WEIGHTS.title), (KEYWORD, WEIGHTS.keyword))
            ]
        )

    def sharing(self, names: Collection[str], limit: int, hidden: Query | None, at_hand: int) -> list[Found]:
        """See `SearchIndex.sharing`."""
        if not names:
            return []
        found = self.snapshot.clauses.one_of(SAME, names)
        query = all_of([tantivy.Query.const_score_query(found, 1.0)], [hidden] if hidden is not None else [])
        total, hits = self.snapshot.top(query, limit)
        return self.snapshot.found(hits) if total > at_hand else []


def _is_key(key: str, typed: str) -> bool:
    """Whether a key, or the last part of it, is what was typed."""
    last = key[-1]
    if not typed or (last.isalnum() and not typed.endswith(last.lower())):  # tells nearly all
        return False
    plain = _plain(key)
    return plain == typed or (plain.endswith(typed) and _plain(key.rpartition("/")[2]) == typed)


def _plain(text: str) -> str:
    """Letters and digits alone: how a key is written when it is typed from memory."""
    return _NO_LETTER.sub("", text).lower()
