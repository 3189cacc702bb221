"""Search as a node answers it: the same datasets put together, pages, names that lead straight to a record."""

from dataclasses import replace

import pytest

from frostnode.operations.hits import Hits
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import (
    QUERY_CHARS_MAX,
    QUERY_CLAUSES_MAX,
    SEARCH_LIMIT_MAX,
    SEARCH_OFFSET_MAX,
    SEARCH_WINDOW,
)
from frostnode.testing.memory_publisher import MemoryPublisher

DOI = {"scheme": "doi", "value": "10.5067/ONE"}


def publish(node, name, *records):
    """A publisher with these records, (key, fields) or (type, key, fields) each."""
    publisher = MemoryPublisher(name)
    publisher.put("self", {"name": name.title()}, "profile")
    for *type_, key, fields in records:
        publisher.put(key, fields, *type_)
    node.take(*publisher.stream())
    node.parts.carrying.refresh()
    node.fold()
    return publisher


async def found(node, query, **params):
    return await node.ask("search", query=query, include="unknown", **params)


def names(answer):
    return [(hit["publisher"], hit["key"]) for hit in answer["hits"]]


async def walk(node, query, between=lambda: None, **params):
    """All hits, page by page."""
    hits, cursor = [], None
    while True:
        answer = await found(node, query, cursor=cursor, **params)
        hits += answer["hits"]
        cursor = answer["next"]
        if cursor is None:
            return hits
        between()


async def test_the_same_dataset_of_several_publishers_is_one_hit_with_its_sources(node):
    publish(
        node, "copier", ("ice", {"title": "Sea ice", "identifiers": [DOI], "harvested_from": {"name": "X"}})
    )
    publish(node, "origin", ("sea-ice", {"title": "Extent of sea ice", "identifiers": [DOI]}))
    publish(node, "other", ("ice", {"title": "Sea ice"}))
    answer = await found(node, "sea ice")
    assert (answer["total"], len(answer["hits"])) == (3, 2)
    (hit,) = [hit for hit in answer["hits"] if hit["sources"]]
    assert hit["publisher"] == "Origin"
    assert [source["publisher"] for source in hit["sources"]] == ["Origin", "Copier"]
    assert [hit["sources"] for hit in answer["hits"] if hit["publisher"] == "Other"] == [[]]


async def test_a_source_that_the_query_does_not_find_is_named_and_stands_for_nothing(node):
    publish(node, "origin", ("ice", {"title": "Extent", "identifiers": [DOI]}))
    publish(node, "copier", ("ice", {"title": "Snow and rain", "identifiers": [DOI]}))
    (hit,) = (await found(node, "snow"))["hits"]
    assert (hit["publisher"], {source["publisher"] for source in hit["sources"]}) == (
        "Copier",
        {"Origin", "Copier"},
    )


async def test_who_claims_an_identifier_of_another_neither_hides_nor_changes_it(node):
    origin = publish(node, "origin", ("ice", {"title": "Sea ice", "identifiers": [DOI]}))
    alone = await node.ask("search", query="sea ice", include="unknown")
    with node.disk.write() as writer:
        writer.follow(origin.did)
    claims = [(f"k{at}", {"title": "Sea ice sea ice", "identifiers": [DOI]}) for at in range(5)]
    publish(node, "stranger", *claims[:1])
    (hit,) = (await found(node, "sea ice"))["hits"]
    assert [source["publisher"] for source in hit["sources"]] == ["Origin", "Stranger"]
    assert {name: hit[name] for name in ("url", "title", "header")} == {
        name: alone["hits"][0][name] for name in ("url", "title", "header")
    }
    publish(node, "another", *claims)  # who claims it again and again says nothing
    answer = await found(node, "sea ice")
    assert len(answer["hits"]) == 1 + len(claims)
    assert hit["url"] in [hit["url"] for hit in answer["hits"]]


async def test_a_version_is_shown_under_its_dataset_unless_versions_are_asked_for(node):
    publish(
        node,
        "origin",
        ("ice", {"title": "Sea ice"}),
        ("version", "ice@1", {"label": "1", "notes": "Better sea ice"}),
        ("version", "snow@1", {"label": "1", "notes": "Sea ice no more"}),
    )
    assert sorted(names(await found(node, "sea ice"))) == [("Origin", "ice"), ("Origin", "snow@1")]
    assert names(await found(node, "better")) == [("Origin", "ice")]
    assert sorted(names(await found(node, "ice type:version"))) == [("Origin", "ice@1"), ("Origin", "snow@1")]


async def test_pages_follow_each_other_and_have_each_record_once(node):
    publish(node, "many", *[(f"k{at}", {"title": "Buoy"}) for at in range(2 * SEARCH_WINDOW + 7)])
    for sort in ("relevance", "newest", "oldest", "used"):
        hits = await walk(node, "buoy", limit=30, sort=sort)
        assert len({hit["url"] for hit in hits}) == len(hits) == 2 * SEARCH_WINDOW + 7
    whole = await walk(node, "buoy", limit=SEARCH_LIMIT_MAX)
    assert [hit["url"] for hit in whole] == [hit["url"] for hit in await walk(node, "buoy", limit=7)]
    second = await found(node, "buoy", limit=7, cursor=(await found(node, "buoy", limit=7))["next"])
    first = await found(node, "buoy", limit=7, cursor=second["previous"])
    assert (second["offset"], first["offset"], first["previous"]) == (7, 0, None)
    assert first["hits"] == whole[:7] and second["hits"] == whole[7:14]


async def test_who_goes_on_while_records_come_misses_none_and_sees_none_twice(node):
    publisher = MemoryPublisher("many")
    for at in range(40):
        publisher.put(f"k{at}", {"title": "Buoy"})
    node.take(*publisher.stream())
    node.fold()

    def arrive():
        size = len(publisher.leaves)
        for at in range(size, size + 5):
            publisher.put(f"k{at}", {"title": "Buoy"})
        publisher.withdraw(f"k{size - 40}")
        node.take(*publisher.stream(size))
        node.fold()

    hits = await walk(node, "buoy", arrive, limit=7)
    keys = [hit["key"] for hit in hits]
    assert len(keys) == len(set(keys))
    there = {hit["key"] for hit in await walk(node, "buoy")}
    assert there.intersection(f"k{at}" for at in range(40)) <= set(keys)


async def test_a_cursor_is_good_for_its_search_alone(node):
    publish(node, "many", *[(f"k{at}", {"title": "Buoy"}) for at in range(3)])
    cursor = (await found(node, "buoy", limit=1))["next"]
    for changed in ({"query": "title:buoy"}, {"query": "buoy", "sort": "newest"}):
        with pytest.raises(LocalError) as caught:
            await node.ask("search", **{"include": "unknown", "cursor": cursor, **changed})
        assert caught.value.code == "query.malformed"


async def test_a_place_whose_record_is_gone_is_a_number(node):
    publisher = publish(node, "many", *[(f"k{at}", {"title": "Buoy"}) for at in range(5)])
    page = await found(node, "buoy", limit=2)
    size = len(publisher.leaves)
    publisher.withdraw(page["hits"][-1]["key"])
    node.take(*publisher.stream(size))
    node.fold()
    further = await found(node, "buoy", limit=2, cursor=page["next"])
    assert (further["offset"], len(further["hits"])) == (2, 2)


async def test_names_lead_straight_to_their_record(node):
    one = publish(
        node,
        "one",
        ("ice", {"title": "Sea ice", "identifiers": [DOI], "homepage": "https://example.org/ice"}),
    )
    url = f"{one.did}/ice"
    for name in (
        "10.5067/ONE",
        "https://doi.org/10.5067/one",
        " doi:10.5067/one ",
        url,
        "http://example.org/ice",
    ):
        assert (await found(node, name))["went_to"] == url, name
    for name in ("ice", "10.5067/two", f"{one.did}/snow", "example.org", one.did, "10.5067/one ice", ""):
        assert (await found(node, name))["went_to"] == "", name


async def test_facets_name_publishers_and_say_how_to_narrow(node):
    one = publish(node, "one", ("a", {"title": "Buoy", "license": "CC-BY-4.0"}))
    publish(node, "two", ("a", {"title": "Buoy", "keywords": ["Wave height"]}))
    publish(node, "three", ("a", {"title": "Buoy", "keywords": ["Wave height, mean"]}))
    answer = await found(node, "buoy", facets="publisher,license,keyword")
    publishers = {value["label"]: value for value in answer["facets"]["publisher"]}
    assert {label: value["count"] for label, value in publishers.items()} == {"One": 1, "Three": 1, "Two": 1}
    assert publishers["One"]["query"] == f"buoy publisher:{one.did}"
    keyword, _ = answer["facets"]["keyword"]
    assert (keyword["query"], keyword["chosen"]) == ('buoy subject:"wave height"', False)
    narrowed = await found(node, keyword["query"], facets=["keyword"])
    assert names(narrowed) == [("Two", "a")]
    assert narrowed["facets"]["keyword"] == [{**keyword, "chosen": True, "query": "buoy"}]
    with pytest.raises(LocalError) as caught:
        await found(node, "buoy", facets="title")
    assert caught.value.code == "usage"


async def test_what_was_meant_is_answered_where_nothing_else_is(node):
    publish(node, "one", ("a", {"title": "Temperature of the ocean"}), ("b", {"title": "Tempera painting"}))
    answer = await found(node, "temprature ocean")
    assert (answer["meant"], answer["total"], names(answer)) == ("temperature ocean", 1, [("One", "a")])
    assert answer["query"] == "temprature ocean"
    assert (await found(node, "temperature"))["meant"] == ""
    assert (await found(node, "zzzzzz"))["meant"] == ""
    assert (await found(node, "-temprature"))["meant"] == ""


async def test_what_has_some_of_the_words_is_marked(node):
    publish(node, "one", ("a", {"title": "Wave height"}), ("b", {"title": "Wave direction"}))
    answer = await found(node, "wave height")
    assert (answer["total"], answer["near"]) == (1, 1)
    assert [(hit["key"], hit["near"]) for hit in answer["hits"]] == [("a", False), ("b", True)]


async def test_similar_records_of_others_are_shown_and_never_the_same_again(node):
    one = publish(node, "one", ("ice", {"title": "Sea ice extent", "identifiers": [DOI]}))
    publish(
        node,
        "two",
        ("ice", {"title": "Sea ice extent", "identifiers": [DOI]}),
        ("thick", {"title": "Sea ice thickness"}),
    )
    answer = await node.ask("similar", url=f"{one.did}/ice", include="unknown")
    assert (answer["url"], names(answer)) == (f"{one.did}/ice", [("Two", "thick")])
    with pytest.raises(LocalError) as caught:
        await node.ask("similar", url=f"{one.did}/none")
    assert caught.value.code == "record.not-found"


@pytest.mark.parametrize(
    "query",
    [
        '"unbalanced',
        '"" "',
        "*",
        "**",
        "a*",
        "ab*",
        "ab**cd*",
        "+",
        "-",
        "-ab",
        "-a -b",
        "((((",
        "\x00\x01",
        "ab* " * 60,
        " ".join(f"w{at}" for at in range(60)),
        "-" * 500,
        "海" * 900,
        f"{'x' * 990}*",
        '"' + "a b " * 240 + '"',
        '"' + "a b " * 240 + 'c"*',
        "bbox:170,-10,-170,10",
        "bbox:0,0,360,1",
        "title:ab* keyword:cd* variable:ef*",
        "id:" + "z" * 900 + "*",
        "publisher:did:frost:* x",
        "year:0001 after:0001 before:9999",
    ],
)
async def test_any_query_is_answered_with_bounded_work(node, query, monkeypatch):
    publish(node, "one", ("ab", {"title": "ab cd ef", "description": "ab " * 1000}))
    asked = []
    search = node.index.search

    def counting(ask):
        asked.append(ask.limit)
        return search(ask)

    monkeypatch.setattr(node.index, "search", counting)
    answer = await found(node, query, facets="publisher,keyword,year")
    assert len(answer["hits"]) <= answer["total"] + answer["near"]
    assert len(asked) <= 2 and sum(asked) <= 2 * (20 + 1 + SEARCH_WINDOW)


@pytest.mark.parametrize(
    ("query", "params"),
    [
        ("x" * (QUERY_CHARS_MAX + 1), {}),
        ("x" * 100_000, {}),
        ("x " * (QUERY_CLAUSES_MAX + 1), {}),
        ("bbox:0,10,10,0", {}),
        ("bbox:1,2,3", {}),
        ("bbox:nan,0,0,0", {}),
        ("after:10000", {}),
        ("after:yesterday", {}),
        ("year:10000", {}),
        ("source:elsewhere", {}),
        ("x", {"offset": SEARCH_OFFSET_MAX + 1}),
        ("x", {"cursor": "nonsense"}),
    ],
)
async def test_what_means_nothing_is_refused_with_a_reason(node, query, params):
    with pytest.raises(LocalError) as caught:
        await found(node, query, **params)
    assert caught.value.code == "query.malformed"
    assert len(str(caught.value)) < 500


async def test_the_last_page_is_at_a_bounded_depth(node, monkeypatch):
    publish(node, "one", *[(f"k{at}", {"title": "Buoy"}) for at in range(30)])
    monkeypatch.setattr("frostnode.operations.search.SEARCH_OFFSET_MAX", 20)
    hits = await walk(node, "buoy", limit=10)
    assert len(hits) == 30
    monkeypatch.setattr("frostnode.operations.search.SEARCH_OFFSET_MAX", 19)
    assert len(await walk(node, "buoy", limit=10)) == 20


async def test_hits_are_read_before_anybody_waits_for_counts(node, monkeypatch):
    """Counts are made meanwhile; whoever asks for them first waits."""
    publish(node, "one", ("ab", {"title": "Buoy"}))
    search, order = node.index.search, []

    def counted_late(ask):
        answer = search(ask)

        def count():
            order.append("counts")
            return answer.count()

        return replace(answer, count=count)

    shown = Hits.shown
    monkeypatch.setattr(Hits, "shown", lambda *args: order.append("hits") or shown(*args))
    monkeypatch.setattr(node.index, "search", counted_late)
    answer = await found(node, "buoy", facets="type")
    assert (order, answer["total"], answer["facets"]["type"][0]["count"]) == (["hits", "counts"], 1, 1)
