"""The page of a search: hits at a glance, filters that come and go, place and time in one query, and errors beside the query."""

import re
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest

from frostnode.edge.http.search_page import FACETS
from frostnode.protocol.limits import SEARCH_FACET_SHOWN_MAX, SEARCH_OFFSET_MAX
from frostnode.testing.pages import Page

BIDI = "\u202eevil\u2066<b>" + "x" * 4000


def ice(**more):
    return {
        "title": "Sea ice extent",
        "description": "Daily extent of the ice, from radiometers.",
        "keywords": ["arctic"],
        "license": "CC-BY-4.0",
        "price": "free",
        "extent": {
            "bbox": [[170, 60, -160, 80]],
            "interval": [["1979-01-01T00:00:00Z", "2001-12-31T00:00:00Z"]],
        },
        "locations": [{"href": "https://ice.example/x.zarr"}, {"href": "https://ice.example/x.nc"}],
        **more,
    }


RECORDS = (
    ("profile", "self", {"name": "Ice Institute"}),
    ("dataset", "sea-ice", ice()),
    (
        "dataset",
        "lake",
        ice(title="Lake ice", license="MIT", keywords=["lakes"], extent={"bbox": [[5, 45, 18, 55]]}),
    ),
    ("dataset", "globe", ice(title="Snow", extent={"bbox": [[-180, -90, 180, 90]]}, license="CC-BY-4.0")),
    ("dataset", "odd", {"title": BIDI, "description": f"fish {BIDI}", "license": BIDI, "keywords": [BIDI]}),
    ("version", "lake@1", {"label": "1"}),
)


@pytest.fixture(scope="module")
def icy(make_lasting_node):
    """A node that tests only look at."""
    node = make_lasting_node("icy-search")
    node.publish(*RECORDS, name="ice")
    return node


async def page(node, query="", status=200, **more):
    answer = await node.ask(f"/search?{urlencode({'q': query, **more})}")
    assert answer.status == status, answer.text
    return Page(answer.text)


async def sent(node, **fields):
    """Where the form of place and time leads."""
    answer = await node.ask(f"/search?{urlencode(fields)}")
    assert answer.status == 303
    return parse_qs(urlsplit(answer.headers["location"]).query)


def queries(shown):
    """What the links of a page search for."""
    return [parse_qs(link[1:]).get("q", [""])[0] for link in shown.links if link.startswith("?")]


async def test_a_hit_says_when_where_in_which_formats_and_under_which_license(icy):
    shown = await page(icy, "sea ice")
    assert (
        "Time: 1979 – 2001 Place: 60° N to 80° N, 170° E to 160° W Formats: zarr, netcdf cc-by license Price: free"
        in shown.text
    )
    assert "Place: the whole globe" in (await page(icy, "snow")).text


async def test_found_words_are_marked_in_title_and_description(icy):
    text = (await icy.ask("/search?q=extents+radiometers+-lake")).text
    assert "Sea ice <mark>extent</mark>" in text and "Daily <mark>extent</mark> of the ice" in text
    assert "<mark>radiometers</mark>" in text


async def test_places_of_hits_are_drawn_but_those_of_the_whole_globe(icy):
    lake, globe = [(await icy.ask(f"/search?q={name}")).text for name in ("lakes", "snow")]
    assert '<rect class="box" x="185.0" y="35.0" width="13.0" height="10.0"/>' in lake
    assert 'class="box"' not in globe
    both_sides = (await icy.ask("/search?q=sea")).text
    assert both_sides.count('class="box"') == 2


async def test_every_filter_has_a_link_without_it(icy):
    shown = await page(icy, 'ice license:cc-by after:1990 bbox:150,40,-150,90 -keyword:"lakes"')
    assert "license cc-by ×" in shown.text and "time 1990 to now ×" in shown.text
    assert "place 40° N to 90° N, 150° E to 150° W ×" in shown.text and "no keyword lakes ×" in shown.text
    assert "ice after:1990 bbox:150,40,-150,90 -keyword:lakes" in queries(shown)
    assert "ice license:cc-by bbox:150,40,-150,90 -keyword:lakes" in queries(shown)
    assert "ice license:cc-by after:1990 -keyword:lakes" in queries(shown)
    assert "1 record for ice" in shown.text


async def test_a_publisher_is_named_in_its_filter(icy):
    did = (await icy.ask("/search?q=ice", headers={"accept": "application/json"})).json["hits"][0]["did"]
    assert "publisher Ice Institute ×" in (await page(icy, f"ice publisher:{did}")).text


async def test_a_chosen_value_is_marked_and_its_link_removes_it(icy):
    shown = await page(icy, "ice license:mit")
    assert "License ✓ mit 1" in shown.text
    assert "ice" in queries(shown)


async def test_of_a_field_the_first_values_are_shown_and_all_by_a_link(node):
    node.publish(
        *[("dataset", f"k{at}", {"title": "Buoy", "keywords": [f"word{at:02}"]}) for at in range(12)]
    )
    first = await page(node, "buoy")
    assert "word05" in first.text and "word06" not in first.text
    assert f"{12 - SEARCH_FACET_SHOWN_MAX} more" in first.text
    assert "?q=buoy&facet=keyword#facet-keyword" in first.links
    assert "word11" in (await page(node, "buoy", facet="keyword")).text


@pytest.mark.parametrize(
    ("fields", "query"),
    [
        ({"q": "ice", "west": "170", "south": "-10", "east": "-170", "north": "10.5"}, "ice bbox:170,-10,-170,10.5"),
        ({"q": "ice", "west": "350", "south": "0", "east": "359", "north": "9"}, "ice bbox:-10,0,-1,9"),
        ({"q": "bbox:1,2,3,4 ice", "west": "5", "south": "6", "east": "7", "north": "8"}, "bbox:5,6,7,8 ice"),
        ({"q": "ice bbox:1,2,3,4", "west": "", "south": "", "east": "", "north": ""}, "ice"),
        ({"q": "ice", "from": "1990", "to": ""}, "ice after:1990"),
        ({"q": "ice", "from": "", "to": "2000"}, "ice before:2001"),
        ({"q": "ice after:2010", "from": "1990", "to": "2000-06"}, "ice during:1990/2000-06"),
        ({"q": "after:2010", "from": "", "to": ""}, ""),
        ({"q": "ice after:2010 bbox:1,2,3,4", "from": "", "to": ""}, "ice bbox:1,2,3,4"),
    ],
)  # fmt: skip
async def test_the_form_of_place_and_time_becomes_one_query(icy, fields, query):
    assert await sent(icy, **fields) == ({"q": [query]} if query else {})


async def test_the_form_keeps_the_order_and_shows_what_was_asked(icy):
    found = await sent(icy, q="ice", sort="newest", west="1", south="2", east="3", north="4")
    assert found == {"q": ["ice bbox:1,2,3,4"], "sort": ["newest"]}
    text = (await icy.ask("/search?q=ice+bbox:170,-10,-170,10.5+during:1990/2000")).text
    for name, value in {
        "west": "170",
        "south": "-10",
        "east": "-170",
        "north": "10.5",
        "from": "1990",
        "to": "2000",
    }.items():
        assert re.search(f'name="{name}" value="{value}"', text), name
    assert 'class="drawn" d="M350.0 79.5h10.0v20.5h-10.0zM0.0 79.5h10.0v20.5h-10.0z"' in text


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"q": "ice bbox:1,2,3"}, "bbox: “1,2,3” cannot be read. It needs west,south,east,north in degrees"),
        ({"q": "ice", "west": "1", "south": "2", "east": "3", "north": ""}, "the north of the box is missing"),
        ({"q": "ice", "west": "1", "south": "9", "east": "3", "north": "2"}, "“1,9,3,2” cannot be read"),
        ({"q": "ice", "from": "last year", "to": ""}, "“last year” cannot be read. It needs YYYY"),
        ({"q": "ice", "from": "2001", "to": "2000"}, "an end that is not before the beginning"),
        ({"q": "ice", "sort": "beauty"}, "“beauty” cannot be read. It needs relevance"),
        ({"q": "ice", "cursor": "x"}, "cursor: “x” cannot be read"),
        ({"q": "ice " + "x" * 1000}, "1 004 are too many, at most 1 000 are read"),
        ({"q": "year:" + BIDI[:50]}, "cannot be read"),
    ],
)  # fmt: skip
async def test_what_cannot_be_read_is_said_beside_the_query_as_it_was(icy, params, words):
    answer = await icy.ask(f"/search?{urlencode(params)}")
    assert (answer.status, answer.code) in ((400, "query.malformed"), (400, "usage"))
    shown = Page(answer.text)
    assert words in shown.text.replace("\u202f", " ")
    field = re.search('name="q" value="([^"]*)"', answer.text)
    assert field and field[1][:5] == params["q"][:5] and len(field[1]) >= len(params["q"])
    for name in ("from", "north"):
        assert f'name="{name}" value="{params.get(name, "")}"' in answer.text


async def test_errors_are_problems_for_programs(icy):
    answer = await icy.ask("/search?q=bbox:1", headers={"accept": "application/json"})
    assert (answer.status, answer.code) == (400, "query.malformed")


async def test_where_nothing_is_found_it_says_what_to_leave_out(icy):
    shown = await page(icy, "ice license:gpl keyword:lakes")
    assert "Nothing found for ice" in shown.text
    assert "without license gpl 1 record" in shown.text
    assert "without all filters " in shown.text
    assert "without keyword lakes" not in shown.text
    assert "ice keyword:lakes" in queries(shown)


async def test_the_years_of_the_hits_are_drawn(icy):
    text = (await icy.ask("/search?q=ice+during:1985/1990")).text
    assert 'aria-label="Hits by year, 1979 to 2001"' in text
    assert '<rect class="span narrowed" x="6" y="0" width="6"' in text
    one_year = (await icy.ask("/search?q=ice+during:1900")).text
    assert 'aria-label="Hits by year, 1900 to 2001"' in one_year and "Nothing found" in one_year
    assert 'class="timeline"' not in (await icy.ask("/search?q=lakes")).text


async def test_who_asks_for_nothing_sees_all_datasets_newest_first(icy):
    shown = await page(icy)
    assert "4 datasets" in shown.text and "version" not in shown.text.split("4 datasets")[1].split("Place")[0]
    assert "subject:lakes" in queries(shown)
    found = (await icy.ask("/search", headers={"accept": "application/json"})).json
    assert (found["total"], found["query"]) == (4, "") and {hit["type"] for hit in found["hits"]} == {
        "dataset"
    }
    assert set(found["facets"]) == set(FACETS)


async def test_a_search_can_be_kept(icy):
    shown = await page(icy, "ice license:mit")
    assert "frost subscribe --private 'ice license:mit'" in shown.text
    assert (
        "/feeds/search?q=ice%20license%3Amit" in shown.links
        and "/api/search?q=ice+license%3Amit" in shown.links
    )
    assert "frost subscribe" not in (await page(icy, "source:own")).text


async def test_hostile_texts_are_harmless(icy):
    shown = await page(icy, "fish")
    assert "1 record for fish" in shown.text and "x" * 2000 not in shown.text
    await page(icy, quote(BIDI)[:900])
    await page(icy, "fish", facet=BIDI[:200])
    await page(icy, "fish", offset=SEARCH_OFFSET_MAX)
