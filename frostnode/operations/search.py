"""Search: the query read, the index asked, the same datasets put together, and a page of it cut out."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from frostnode.operations.badges import Badges
from frostnode.operations.facets import facets_json, facets_wanted
from frostnode.operations.hits import Hits, Shown
from frostnode.operations.parts import Json, Params, Parts, Progress
from frostnode.operations.read import find_entry, includes_unknown
from frostnode.operations.went_to import goes_to
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import (
    SEARCH_LIMIT_MAX,
    SEARCH_OFFSET_MAX,
    SEARCH_SOURCES_MAX,
)
from frostnode.protocol.names import parse_did_url
from frostnode.search.cursor import Place, digest_of, parse_cursor, print_cursor
from frostnode.search.language import parse_query
from frostnode.search.query import Field, Within
from frostnode.search.sameness import Groups, families, shared_names, work_of
from frostnode.search_port import Ask, Found, SearchIndex, Sort

_DEPTH_MAX: Final = 2 * (SEARCH_OFFSET_MAX + SEARCH_LIMIT_MAX)
"""Hits that are looked at for a page: those before it, and as many again for those that are the same as others."""


async def search(parts: Parts, params: Params, progress: Progress) -> Json:
    """Search all that is carried: {query, meant, total, near, offset, unknown, facets, hits, next, previous, went_to}.

    `hits` are [{url, did, type, key, title, publisher, badge, description, score, near, duplicity, disputed, sources}]: one for each
    dataset, with all who publish it as `sources` where there are several. `near` counts those that have some of the words;
    `meant` is the query that was answered instead, "" for the one asked. `facets` are {name: [{value, label, count, chosen, query}]}
    of the names asked for. `next` and `previous` are cursors. `went_to` is the record whose name the query is, "" if it is none.
    What the query `within` does not find is as if it were not there.
    Whom strangers brought and nobody vouches for is searched only with `include` = `unknown`; `unknown` answers how many were left out.

    Raises:
        LocalError: query.malformed, usage
    """
    text = str(params["query"])
    query, sort = parse_query(text), _sort(params)
    counted = facets_wanted(params.get("facets"))
    includes = includes_unknown(params)
    without = parts.carrying.hidden(include_unknown=includes)
    limit = min(int(params.get("limit", 20)), SEARCH_LIMIT_MAX)
    within = str(params.get("within") or "")
    ask = Ask(
        query=query,
        limit=limit,
        sort=sort,
        facets=counted,
        without=without,
        own=parts.carrying.hosted,
        known=parts.carrying.no_strangers(),
        within=parse_query(within) if within else None,
    )
    digest = digest_of(text, sort, "unknown" if includes else "", *([within] if within else []))
    place = _place(params, digest)

    def run() -> Json:
        page = _Page(parts.index, ask, place)
        with parts.catalog.read() as catalog, parts.log.read() as log:
            badges = Badges(parts, catalog, log)
            shown = Hits(parts, catalog, log, badges, put_together=page.puts_together).shown(page.shown())
            went_to = goes_to(parts, catalog, log, text, without)
            following, previous = (
                print_cursor(at, digest) if at else None for at in (page.next, page.previous)
            )
            counts = page.answer.count()  # what was counted meanwhile is waited for last
            return {
                "query": text,
                "meant": page.meant,
                "total": counts.total,
                "near": page.answer.near,
                "offset": page.start,
                "unknown": len(without - parts.carrying.hidden(include_unknown=True)),
                "facets": facets_json(page.query, counts.facets, badges),
                "hits": shown,
                "next": following,
                "previous": previous,
                "went_to": went_to,
            }

    return await parts.worker.run(run)


async def similar(parts: Parts, params: Params, progress: Progress) -> Json:
    """Records that are most like one: {url, hits: [… as those of a search]}.

    Raises:
        NameError_: name.did-url; LocalError: publisher.unknown, record.not-found, record.withheld
    """
    url = parse_did_url(str(params["url"]))
    limit = min(int(params.get("limit", 10)), SEARCH_LIMIT_MAX)
    without = parts.carrying.hidden(include_unknown=includes_unknown(params))

    def run() -> Json:
        with parts.catalog.read() as catalog, parts.log.read() as log:
            entry = find_entry(parts, catalog, log, url)
            found = parts.index.similar(entry.did, entry.type, entry.key, limit=limit, without=without)
            badges = Badges(parts, catalog, log)
            hits = Hits(parts, catalog, log, badges, put_together=False)
            return {
                "url": str(replace(url, cid=None)),
                "hits": hits.shown(([hit], [hit]) for hit in found),
            }

    return await parts.worker.run(run)


def _sort(params: Params) -> Sort:
    name = params.get("sort") or Sort.RELEVANCE
    if name not in list(Sort):
        raise LocalError("usage", "parameter sort", found=name, expected=", ".join(Sort))
    return Sort(name)


def _place(params: Params, digest: str) -> Place:
    """Where the page begins.

    Raises:
        LocalError: query.malformed
    """
    if cursor := params.get("cursor"):
        return parse_cursor(str(cursor), digest)
    offset = int(params.get("offset") or 0)
    if not 0 <= offset <= SEARCH_OFFSET_MAX:
        raise LocalError("query.malformed", "offset", found=offset, expected=f"0 to {SEARCH_OFFSET_MAX}")
    return Place(generation="", position=offset)


class _Page:
    """One page of the answer to a search, out of one answer of the index: all of it is of one state.

    `query` is the one that is answered, which may be what was `meant` instead.
    """

    def __init__(self, index: SearchIndex, ask: Ask, place: Place) -> None:
        self._index = index
        self._ask = ask
        self.meant = ""
        self._look(place)
        if self.answer.meant:
            self.meant = self.answer.meant
            self._ask = replace(ask, query=parse_query(self.meant))
            self._look(place)
        self.query = self._ask.query
        self._page = self._groups[self.start : self.start + ask.limit]

    def _look(self, place: Place) -> None:
        """Ask for so many hits that there is a page of groups, and one more to know whether it is the last."""
        wanted = place.position + self._ask.limit + 1
        depth = 3 * wanted // 2
        while True:
            self.answer = self._index.search(replace(self._ask, limit=depth))
            self._groups = self._put_together(self.answer.found)
            if len(self._groups) >= wanted or len(self.answer.found) < depth or depth >= _DEPTH_MAX:
                break
            depth = min(2 * depth, _DEPTH_MAX)
        self.start = self._begin(place)

    def _put_together(self, found: Sequence[Found]) -> list[list[Found]]:
        if not self.puts_together:
            return [[hit] for hit in found]
        shared = shared_names(found)
        groups = Groups[Found](families([*found, *self._sharing(shared, found)]))
        for hit in found:
            groups.add(hit)
        return groups.groups

    @property
    def puts_together(self) -> bool:
        """Who asks for a type wants each record of it."""
        return not any(isinstance(one, Within) and one.field is Field.TYPE for one in self._ask.query.clauses)

    def _sharing(self, names: Sequence[str], found: Sequence[Found]) -> Sequence[Found]:
        """All that say one of these names; nothing where that is no more than was found."""
        if not names:
            return []
        limit = max(SEARCH_SOURCES_MAX, 4 * len(names))
        wanted = set(names)
        at_hand = sum(not wanted.isdisjoint(hit.same_as) for hit in found)
        return self._index.sharing(names, limit=limit, without=self._ask.without, at_hand=at_hand)

    def _begin(self, place: Place) -> int:
        """Where the page begins: after the hit that was shown last, where the index is another one since."""
        if place.last and place.generation != self.answer.generation:
            for number, group in enumerate(self._groups):
                if any(_name(hit) == place.last for hit in group):
                    return number + 1
        return place.position

    def shown(self) -> list[Shown]:
        """The groups of this page, with what is the same and was not found by the query."""
        names = sorted({name for group in self._page for hit in group for name in hit.same_as})
        others = self._sharing(names, self.answer.found) if self.puts_together else []
        if not others:
            return [(group, group) for group in self._page]
        groups = Groups[Found](families([*self.answer.found, *others]))
        for group in self._page:
            groups.take(group)
        seen = {work_of(hit) for group in self._groups for hit in group}
        for other in others:
            if work_of(other) not in seen:
                groups.add(other)
        return list(zip(self._page, groups.groups, strict=False))

    @property
    def next(self) -> Place | None:
        """Where the next page begins; None after the last, and where nobody is taken further."""
        position = self.start + len(self._page)
        if position >= len(self._groups) or position > SEARCH_OFFSET_MAX or not self._page:
            return None
        last = _name(self._page[-1][0])
        return Place(generation=self.answer.generation, position=position, last=last)

    @property
    def previous(self) -> Place | None:
        """Where the page before this begins; None on the first."""
        if not self.start:
            return None
        return Place(generation=self.answer.generation, position=max(0, self.start - self._ask.limit))


def _name(hit: Found) -> str:
    return f"{hit.did} {hit.type} {hit.key}"
