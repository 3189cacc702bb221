"""The page of a search: its hits with what they are at a glance, what narrows it, the map, the time-line.

Everything that is chosen stands in the address as one query (spec/15-search.md). The form of place and time leads there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frostnode.edge.http.accept import wants_document
from frostnode.edge.http.asked import quiet, search_params
from frostnode.edge.http.atom_feeds import search_feed_path
from frostnode.edge.http.extent import Rectangle, box_text, rectangles
from frostnode.edge.http.found_words import FoundWords
from frostnode.edge.http.links import link_to
from frostnode.edge.http.narrowing import (
    SIDES,
    TIMES,
    drops,
    filters,
    form_as_sent,
    form_of,
    with_form,
    without_period,
    words_of,
)
from frostnode.edge.http.plain_text import one_line
from frostnode.edge.http.rendering import cut_text
from frostnode.edge.http.timeline import TALL, Timeline, timeline
from frostnode.edge.http.times import year_text
from frostnode.edge.outcomes import http_status, problem
from frostnode.operations.glance import Glance, glances
from frostnode.operations.parts import Json, Parts
from frostnode.operations.search import search
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import SEARCH_DROPS_MAX, SEARCH_FACET_SHOWN_MAX, SEARCH_FORMATS_SHOWN_MAX
from frostnode.protocol.names import DATASET, DID_PREFIX, Did
from frostnode.search.language import parse_query
from frostnode.search.printing import print_query
from frostnode.search.query import Area, Period, Query
from frostnode.search_port import Sort
from frostnode.snippets.quoting import word

FACETS: Final = {
    "publisher": "Publisher",
    "keyword": "Keyword",
    "format": "Format",
    "license": "License",
    "model": "Data model",
    "price": "Price",
    "access": "Access",
    "host": "Where it lies",
    "year": "Year",
    "type": "Kind of record",
    "source": "How it came here",
}
"""The fields by which it is counted, and what they are called."""

_SORTS: Final = {
    Sort.RELEVANCE: "best match",
    Sort.NEWEST: "newest",
    Sort.OLDEST: "oldest",
    Sort.USED: "most used",
}
_EVERYTHING: Final = f"type:{DATASET}"
"""Among what is looked for by who asks for nothing."""

_SEEN: Final = {"cache-control": "no-cache", "vary": "accept"}
_DAY_MS: Final = 86_400_000
_TITLE_CHARS: Final = 300
_BEGINNING_CHARS: Final = 260
_QUERY_SHOWN_CHARS: Final = 4000
_WIDE: Final = 300.0
_TALL: Final = 150.0
"""Degrees from which on an area is most of the globe: on the map it would only hide the others."""

NOTHING: Final[Json] = {
    "query": "",
    "meant": "",
    "total": 0,
    "near": 0,
    "offset": 0,
    "unknown": 0,
    "facets": {},
    "hits": [],
    "next": None,
    "previous": None,
    "went_to": "",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found, as JSON, and as the values of the template `search.html`."""

    answer: Json
    values: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What an address asks for: `text` is the query as it was typed, `kept` what further links keep beside it."""

    text: str
    within: str
    params: Mapping[str, Any]
    sent: Mapping[str, str]
    """Fields of the form of place and time."""
    opened: str
    """The facet of which all values are shown."""
    kept: Mapping[str, str]


async def find(parts: Parts, request: Request, within: str) -> Response | Found:
    """Answer a search among what the query `within` finds; a redirect where a name or the form leads elsewhere.

    Raises:
        LocalError: usage, query.malformed; on a page they are told beside the query, which can be mended there
    """
    try:
        asked = _asked(request, within)
        if asked.text.startswith(DID_PREFIX) and (target := link_to(asked.text)):
            return _see(target)
        if asked.sent:
            text = print_query(with_form(parse_query(asked.text), asked.sent))
            return _see("?" + urlencode({"q": text, **asked.kept}))
        answer = await search(parts, {**asked.params, "facets": ",".join(FACETS)}, quiet)
        if answer["went_to"] and (target := link_to(answer["went_to"])):
            return _see(target)
        if wants_document(request):
            return Found(answer=answer)
        return Found(answer=answer, values=await _values(parts, asked, answer))
    except LocalError as error:
        if wants_document(request) or error.code not in ("query.malformed", "usage"):
            raise
        return _refused(request, error)


def _see(target: str) -> Response:
    return RedirectResponse(target, 303, headers=_SEEN)


def _asked(request: Request, within: str) -> _Asked:
    params = dict(search_params(request))
    text = params["query"] = params["query"].strip()
    if not text and not params["sort"]:
        params["sort"] = Sort.NEWEST
    params["within"] = within or ("" if text else _EVERYTHING)
    given = request.query_params
    return _Asked(
        text=text,
        within=within,
        params=params,
        sent={name: given[name][:40] for name in (*SIDES, *TIMES) if name in given},
        opened=given.get("facet", ""),
        kept={name: given[name] for name in ("sort", "include") if given.get(name)},
    )


async def _values(parts: Parts, asked: _Asked, answer: Json) -> dict[str, Any]:
    query = parse_query(answer["meant"] or asked.text)
    named = _names(answer["facets"])
    seen = await glances(parts, answer["hits"])
    marked_years = await _timeline(parts, asked, query, answer)
    marking = FoundWords(query, parts.index.words)
    hits = await parts.worker.run(
        lambda: [_hit(hit, glance, marking) for hit, glance in zip(answer["hits"], seen, strict=True)]
    )
    return {
        **_frame(asked.text, asked.within, asked.kept, asked.params["sort"] or Sort.RELEVANCE),
        **answer,
        "query": asked.text,
        "hits": hits,
        "facets": [shown for name in FACETS if (shown := _facet(name, answer, asked.opened))],
        "filters": filters(query, named),
        "drops": [] if answer["total"] else await _worthwhile(parts, asked, query, named),
        "form": form_of(query),
        "has_place": any(isinstance(clause, Area) for clause in query.clauses),
        "timeline": marked_years,
        "words": words_of(query) if filters(query, named) else answer["meant"] or asked.text,
    }


async def _timeline(parts: Parts, asked: _Asked, query: Query, answer: Json) -> Timeline | None:
    """How many hits each year has; those too that a chosen period leaves out, so that it can be widened."""
    period = next((clause for clause in query.clauses if isinstance(clause, Period)), None)
    facets = answer["facets"]
    if period is not None:
        params = {
            **asked.params,
            "query": without_period(query),
            "facets": "year",
            "limit": 1,
            "cursor": None,
            "offset": 0,
        }
        facets = (await search(parts, params, quiet))["facets"]
    years = {int(one["value"]): one["count"] for one in facets.get("year", ())}
    return timeline(years, period, int(year_text(parts.clock.now_ms())))


def _frame(text: str, within: str, kept: Mapping[str, str], sort: str) -> dict[str, Any]:
    """What the page has whether or not the search could be read."""
    whole = f"{text} {within}".strip()
    return {
        "query": text,
        "within": within,
        "include": kept.get("include", ""),
        "sort": sort,
        "sorts": _SORTS,
        "kept": {"q": text, **kept},
        "feed": search_feed_path(whole),
        "subscribe": f"frost subscribe --private {word(whole)}",
        "api": f"/api/search?{urlencode({'q': whole})}",
        "trouble": None,
        "tall": TALL,
    }


def _names(facets: Json) -> dict[Did, str]:
    return {Did(one["value"]): one["label"] for one in facets.get("publisher", ())}


def _refused(request: Request, error: LocalError) -> Found:
    """The page that says what could not be read, with all that was typed."""
    given = request.query_params
    text = given.get("q", "").strip()[:_QUERY_SHOWN_CHARS]
    values = {
        **_frame(text, "", {}, Sort.RELEVANCE),
        **NOTHING,
        "query": text,
        "filters": [],
        "drops": [],
        "form": form_as_sent(given),
        "has_place": False,
        "timeline": None,
        "words": text,
        "feed": "",
        "facets": [],
        "trouble": {
            **problem(error),
            "found": error.found,
            "expected": error.expected,
            "about": error.message,
            "hint": error.hint,
        },
    }
    return Found(answer=NOTHING, values=values, status=http_status(error))


async def _worthwhile(
    parts: Parts, asked: _Asked, query: Query, named: Mapping[Did, str]
) -> list[dict[str, Any]]:
    """What may be left out so that something is found, with how much that is; the most first."""
    found = []
    for one in drops(query, named, SEARCH_DROPS_MAX):
        params = {
            "query": one.without,
            "limit": 1,
            "include": asked.params["include"],
            "within": asked.within,
        }
        total = (await search(parts, params, quiet))["total"]
        if total:
            found.append({"name": one.name, "value": one.value, "query": one.without, "total": total})
    return sorted(found, key=lambda one: -one["total"])


def _facet(name: str, answer: Json, opened: str) -> dict[str, Any] | None:
    """A field with the values that are shown of it, the chosen ones first; None where it tells nothing apart."""
    values = sorted(answer["facets"].get(name, ()), key=lambda one: not one["chosen"])
    if not values or (len(values) == 1 and not values[0]["chosen"] and values[0]["count"] == answer["total"]):
        return None
    shown = values if name == opened else values[:SEARCH_FACET_SHOWN_MAX]
    return {"name": name, "label": FACETS[name], "values": shown, "more": len(values) - len(shown)}


# -- hits ----------------------------------------------------------------------------------------------


def _hit(hit: Json, glance: Glance, marking: FoundWords) -> dict[str, Any]:
    title = hit["title"] or hit["key"]
    return {
        **hit,
        "title_marked": marking.marked(cut_text(title, _TITLE_CHARS)),
        "beginning": _beginning(hit["description"], marking),
        "when": _when(glance.first_day, glance.last_day),
        "where": _where(glance.areas),
        "rectangles": list(chain.from_iterable(map(_drawn, glance.areas))),
        "license": glance.license,
        "price": glance.price,
        "formats": glance.formats[:SEARCH_FORMATS_SHOWN_MAX],
    }


def _beginning(description: str, marking: FoundWords) -> Markup:
    return marking.marked(one_line(description, _BEGINNING_CHARS))


def _when(first: int | None, last: int | None) -> str:
    begin, end = (None if day is None else year_text(day * _DAY_MS) for day in (first, last))
    if begin and end:
        return begin if begin == end else f"{begin} – {end}"
    if begin:
        return f"since {begin}"
    return f"until {end}" if end else ""


def _where(areas: Sequence[Area]) -> str:
    """The first place in words; two halves on both sides of the antimeridian are one."""
    if not areas:
        return ""
    first, rest = areas[0], areas[1:]
    west, east = first.west, first.east
    if (
        rest
        and east == 180
        and rest[0].west == -180
        and (first.south, first.north) == (rest[0].south, rest[0].north)
    ):
        east, rest = rest[0].east, rest[1:]
    return box_text(west, first.south, east, first.north) + (f" and {len(rest)} more" if rest else "")


def _drawn(area: Area) -> list[Rectangle]:
    if area.east - area.west >= _WIDE and area.north - area.south >= _TALL:
        return []
    return list(rectangles(area.west, area.south, area.east, area.north))
