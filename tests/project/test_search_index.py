"""What every search index does: one suite over Tantivy and over the one in memory."""

import pytest

from frostnode.edge.tantivy.analysis import words
from frostnode.edge.tantivy.index import TantivyIndex
from frostnode.protocol.limits import FACET_VALUES_MAX, SEARCH_ENOUGH, SEARCH_WINDOW, SNIPPET_CHARS_MAX
from frostnode.protocol.names import Did
from frostnode.search.document import SearchDocument
from frostnode.search.language import parse_query
from frostnode.search.query import Area, Field
from frostnode.search_port import Ask, Sort
from frostnode.testing.memory_index import IndexImage, MemoryIndex

DID = Did("did:frost:bafyreia")
OTHER = Did("did:frost:bafyreib")


@pytest.fixture(params=["tantivy", "memory"])
def open_index(request, tmp_path):
    """Opens the same index, again and again."""
    image, opened = IndexImage(), []

    def open_it():
        for index in opened:
            index.close()
        is_real = request.param == "tantivy"
        opened[:] = [TantivyIndex(tmp_path) if is_real else MemoryIndex(image, words=words)]
        return opened[0]

    yield open_it
    for index in opened:
        index.close()


def document(did, key, title, *texts, **more):
    return SearchDocument(
        did=did, type=more.pop("type", "dataset"), key=key, title=title, texts=texts, **more
    )


def put_some(index):
    index.put(document(DID, "ice", "Sea ice", "extent of the ice", "arctic ocean"))
    index.put(document(DID, "wind", "Wind over the sea", "speed"))
    index.put(document(OTHER, "ice", "Land", "no ice here"))


def ask(index, query, limit=300, **more):
    return index.search(Ask(query=parse_query(query), limit=limit, **more))


def hits(index, query, **more):
    answer = ask(index, query, **more)
    found = [(hit.did, hit.key) for hit in answer.found if not hit.is_near]
    assert answer.total == len(found)
    return found


def near(index, query, **more):
    answer = ask(index, query, **more)
    found = [(hit.did, hit.key) for hit in answer.found if hit.is_near]
    assert answer.near == len(found)
    return found


def test_what_is_put_is_found_once_it_is_committed(open_index):
    index = open_index()
    put_some(index)
    assert (index.cursor(), hits(index, "ice")) == (0, [])
    index.commit(7, b"tag")
    assert index.cursor() == 7
    assert set(hits(index, "ice")) == {(DID, "ice"), (OTHER, "ice")}


def test_a_title_counts_for_more(open_index):
    index = open_index()
    put_some(index)
    index.commit(1, b"tag")
    assert hits(index, "sea") == [(DID, "ice"), (DID, "wind")]
    assert hits(index, "ice")[0] == (DID, "ice")


def test_all_words_must_be_there_and_what_has_some_is_near(open_index):
    index = open_index()
    put_some(index)
    index.commit(1, b"tag")
    assert hits(index, "SPEED sea") == [(DID, "wind")]
    assert near(index, "SPEED sea") == [(DID, "ice")]
    assert (hits(index, "speed land"), set(near(index, "speed land"))) == (
        [],
        {(DID, "wind"), (OTHER, "ice")},
    )
    assert hits(index, '"arctic ocean"') == [(DID, "ice")]
    assert hits(index, '"ocean arctic"') == []
    assert hits(index, "+sea +speed") == [(DID, "wind")]
    assert hits(index, "ice -arctic") == [(OTHER, "ice")]
    assert hits(index, "nothing") == []


def test_an_empty_search_finds_everything(open_index):
    index = open_index()
    put_some(index)
    index.commit(1, b"tag")
    assert len(hits(index, "")) == 3


def test_a_phrase_stands_within_one_text(open_index):
    index = open_index()
    index.put(document(DID, "a", "Title", "one two", "three four", keywords=["red green", "blue"]))
    index.commit(1, b"tag")
    assert hits(index, '"one two"') == hits(index, '"red green"') == [(DID, "a")]
    assert hits(index, '"two three"') == hits(index, '"green blue"') == []


def test_a_phrase_may_begin_in_what_a_hit_shows_of_a_description_and_end_behind_it(open_index):
    index = open_index()
    index.put(document(DID, "a", "Title", description="word " * 118 + "early late " * 10))
    index.commit(1, b"tag")
    assert hits(index, '"late early late early"') == [(DID, "a")]


def test_what_a_hit_shows_of_a_description_may_end_within_a_word_that_is_found_whole_alone(open_index):
    index = open_index()
    shown = "x" * (SNIPPET_CHARS_MAX - len(" bath"))
    index.put(document(DID, "sea", "Sea", description=f"{shown} bathymetry"))
    index.put(document(DID, "one", "One", description="y" * (SNIPPET_CHARS_MAX + 1)))
    index.commit(1, b"")
    assert hits(index, "bathymetry") == [(DID, "sea")] and hits(index, "bath") == []
    assert (
        hits(index, "y" * (SNIPPET_CHARS_MAX + 1)) == [(DID, "one")]
        and hits(index, "y" * SNIPPET_CHARS_MAX) == []
    )


def test_words_are_compared_by_stem_without_accents_and_characters_that_are_words(open_index):
    index = open_index()
    index.put(document(DID, "a", "Températures océaniques", "sst_daily", "海面水温データ", "ภาษาไทย"))
    index.commit(1, b"tag")
    for query in ("temperature", "OCÉANIQUES", "oceanique", "daily", "水温", '"面水温"', "sst", "ไทย"):
        assert hits(index, query) == [(DID, "a")], query
    assert hits(index, "温水") == hits(index, '"水面"') == []


def test_beginnings_of_words(open_index):
    index = open_index()
    put_some(index)
    index.commit(1, b"tag")
    assert hits(index, "arct*") == [(DID, "ice")]
    assert set(hits(index, "exten* -wi*")) == {(DID, "ice")}
    assert hits(index, "xx*") == []


def test_fields_of_words_and_of_values(open_index):
    index = open_index()
    index.put(
        document(
            DID,
            "a",
            "Ice",
            keywords=["Sea ice", "Arctic"],
            model="array",
            variables=["sea_ice_area"],
            columns=["station id"],
            formats=["zarr", "netcdf"],
            license="cc-by",
            price="free",
            access="open",
            hosts=["data.example.org"],
            same_as=["doi:10.5067/one"],
        )
    )
    index.put(document(OTHER, "b", "Ice", "sea ice zarr", license="cc-by-sa", type="lineage"))
    index.commit(1, b"tag")
    for query in (
        'keyword:"sea ice"',
        "keyword:arctic",
        "variable:sea_ice",
        "column:station",
        "model:array",
        "format:zarr",
        "format:cog format:netcdf",
        "license:cc-by",
        "price:free",
        "access:open",
        "host:data.example.org",
        "host:data*",
        "id:10.5067/ONE",
        "id:a",
        f"id:{DID}/a",
        f"publisher:{DID}",
        "type:dataset ice",
        "title:ice -type:lineage",
    ):
        assert hits(index, query) == [(DID, "a")], query
    assert set(hits(index, "license:cc*")) == {(DID, "a"), (OTHER, "b")}
    assert hits(index, "keyword:ocean") == hits(index, "format:zarr model:table") == []


def test_publishers_are_found_by_their_names_whenever_they_got_them(open_index):
    index = open_index()
    put_some(index)
    index.put(document(DID, "self", "NASA Goddard", type="profile"))
    index.put(document(OTHER, "self", "self", type="profile"))
    index.commit(1, b"tag")
    assert set(hits(index, "publisher:goddard")) == {(DID, "ice"), (DID, "wind"), (DID, "self")}
    assert hits(index, "nasa speed") == [(DID, "wind")]
    assert hits(index, "publisher:self") == []
    index.put(document(DID, "self", "ESA", type="profile"))
    index.commit(2, b"tag")
    assert hits(index, "publisher:nasa") == []
    assert hits(open_index(), "esa speed") == [(DID, "wind")]
    index = open_index()
    index.remove(DID, "profile", "self")
    index.commit(3, b"tag")
    assert hits(index, "publisher:esa") == []


def test_days_and_places(open_index):
    index = open_index()
    index.put(document(DID, "old", "Old", first_day=0, last_day=364, areas=[Area(0, 0, 10, 10)]))
    index.put(
        document(
            DID,
            "new",
            "New",
            first_day=18_262,
            areas=[Area(170, -20, 180, -10), Area(-180, -20, -170, -10)],
        )
    )
    index.put(document(DID, "none", "None"))
    index.commit(1, b"tag")
    assert hits(index, "before:1971") == hits(index, "year:1970") == [(DID, "old")]
    assert hits(index, "after:2024") == hits(index, "year:2020") == [(DID, "new")]
    assert hits(index, "during:1971/2019") == []
    assert hits(index, "bbox:5,5,20,20") == hits(index, "point:10,10") == [(DID, "old")]
    assert hits(index, "bbox:175,-15,-175,-15") == hits(index, "bbox:-175,-90,-174,90") == [(DID, "new")]
    assert hits(index, "point:182,-15") == [(DID, "new")]
    assert hits(index, "bbox:20,20,30,30") == []


def test_whose_a_record_is(open_index):
    index = open_index()
    index.put(document(DID, "mine", "A"))
    index.put(document(OTHER, "taken", "A", harvested_from="NASA"))
    index.put(document(OTHER, "theirs", "A"))
    index.commit(1, b"tag")
    own = frozenset({DID})
    assert hits(index, "source:own", own=own) == [(DID, "mine")]
    assert hits(index, "source:harvested", own=own) == [(OTHER, "taken")]
    assert hits(index, "source:carried", own=own) == [(OTHER, "theirs")]
    assert len(hits(index, "source:carried source:own", own=own)) == 2
    assert hits(index, "source:own") == []


def test_publishers_can_be_left_out(open_index):
    index = open_index()
    put_some(index)
    index.commit(1, b"tag")
    assert hits(index, "ice", without=frozenset({DID})) == [(OTHER, "ice")]
    assert near(index, "ice arctic", without=frozenset({DID})) == [(OTHER, "ice")]


def test_a_search_within_another_finds_nothing_else(open_index):
    index = open_index()
    put_some(index)
    index.commit(1, b"tag")
    within = parse_query(f"ice -arctic publisher:{OTHER}")
    assert hits(index, "", within=within) == hits(index, "land", within=within) == [(OTHER, "ice")]
    assert hits(index, "sea", within=within) == [] and near(index, "land sea", within=within) == [
        (OTHER, "ice")
    ]
    both = f"publisher:{DID} publisher:{OTHER}"
    assert hits(index, both, within=within) == [(OTHER, "ice")]
    counted = ask(index, "", within=within, facets=(Field.PUBLISHER,)).facets
    assert counted == {Field.PUBLISHER: {OTHER: 1}}
    assert sum(ask(index, "", facets=(Field.PUBLISHER,)).facets[Field.PUBLISHER].values()) == 3


def test_facets_count_hits_and_nothing_else(open_index):
    index = open_index()
    put_some(index)
    for number in range(FACET_VALUES_MAX + 5):
        index.put(
            document(
                DID,
                f"n{number}",
                "Number",
                keywords=[f"Key {number}", "All", "all"],
                formats=["zarr"],
                first_day=365 * number,
                last_day=365 * (number + 1),
            )
        )
    index.commit(1, b"tag")
    fields = (Field.PUBLISHER, Field.KEYWORD, Field.FORMAT, Field.YEAR, Field.SOURCE, Field.TYPE)
    answer = ask(index, "", facets=fields, own=frozenset({OTHER}))
    assert answer.facets[Field.PUBLISHER] == {DID: FACET_VALUES_MAX + 7, OTHER: 1}
    assert next(iter(answer.facets[Field.KEYWORD].items())) == ("all", FACET_VALUES_MAX + 5)
    assert len(answer.facets[Field.KEYWORD]) == FACET_VALUES_MAX
    assert list(answer.facets[Field.KEYWORD])[1:] == sorted(answer.facets[Field.KEYWORD])[1:]
    assert answer.facets[Field.FORMAT] == {"zarr": FACET_VALUES_MAX + 5}
    assert answer.facets[Field.SOURCE] == {"carried": FACET_VALUES_MAX + 7, "own": 1}
    assert answer.facets[Field.YEAR]["1972"] == 2 + 1
    assert ask(index, "speed number", facets=fields).facets[Field.FORMAT] == {}
    assert answer.facets == ask(index, "", facets=fields, own=frozenset({OTHER})).facets
    assert ask(index, "", facets=(Field.TYPE,)).facets == {Field.TYPE: {"dataset": FACET_VALUES_MAX + 8}}


def test_a_period_without_end_is_counted_in_every_year_since(open_index):
    index = open_index()
    index.put(document(DID, "a", "A", first_day=0))
    index.put(document(DID, "b", "B", last_day=800))
    index.put(document(DID, "c", "C", first_day=740, last_day=1100))
    index.put(document(DID, "d", "D"))
    index.commit(1, b"tag")
    assert ask(index, "", facets=(Field.YEAR,)).facets[Field.YEAR] == {
        "1972": 3,
        "1970": 2,
        "1971": 2,
        "1973": 2,
    }


def test_the_order_is_by_what_is_asked(open_index):
    index = open_index()
    for at, (key, uses) in enumerate((("a", 2), ("b", 9), ("c", 0))):
        index.put(document(DID, key, "Same", changed_ms=1_600_000_000_000 + at, uses=uses))
    index.commit(1, b"tag")
    assert [key for _, key in hits(index, "same", sort=Sort.NEWEST)] == ["c", "b", "a"]
    assert [key for _, key in hits(index, "same", sort=Sort.OLDEST)] == ["a", "b", "c"]
    assert [key for _, key in hits(index, "same", sort=Sort.USED)] == ["b", "a", "c"]


def test_the_first_hits_are_the_same_however_many_are_asked_for(open_index):
    index = open_index()
    for number in range(3 * SEARCH_WINDOW):
        index.put(document(DID, f"key-{number}", "Same"))
    index.commit(1, b"tag")
    for sort in Sort:
        everything = hits(index, "same", sort=sort)
        assert len(set(everything)) == 3 * SEARCH_WINDOW
        for limit in (1, 7, SEARCH_WINDOW - 1, SEARCH_WINDOW + 1):
            answer = ask(index, "same", sort=sort, limit=limit)
            assert answer.total == 3 * SEARCH_WINDOW
            assert [(hit.did, hit.key) for hit in answer.found] == everything[:limit]


def test_nothing_near_is_looked_for_where_there_is_enough(open_index):
    index = open_index()
    for number in range(SEARCH_ENOUGH):
        index.put(document(DID, f"key-{number}", "Red green"))
    index.put(document(DID, "near", "Red"))
    index.commit(1, b"tag")
    assert near(index, "red green") == []
    index.remove(DID, "dataset", "key-0")
    index.commit(2, b"tag")
    assert near(index, "red green") == [(DID, "near")]


def test_what_is_put_again_is_replaced_and_what_is_removed_is_gone(open_index):
    index = open_index()
    put_some(index)
    index.commit(1, b"tag")
    index.put(document(DID, "ice", "Snow"))
    index.remove(DID, "dataset", "wind")
    index.remove(DID, "dataset", "never there")
    index.commit(2, b"tag")
    assert set(hits(index, "ice")) == {(DID, "ice"), (OTHER, "ice")}  # one by its key
    assert hits(index, "snow") == [(DID, "ice")]
    assert hits(index, "arctic") == hits(index, "speed") == []


def test_what_was_committed_outlives_the_index_and_nothing_else(open_index):
    index = open_index()
    put_some(index)
    index.commit(3, b"tag")
    index.put(document(DID, "late", "Never committed"))
    index = open_index()
    assert index.cursor() == 3
    assert set(hits(index, "ice")) == {(DID, "ice"), (OTHER, "ice")}
    index.commit(4, b"tag")
    assert hits(index, "never") == []


def test_a_cleared_index_is_empty(open_index):
    index = open_index()
    put_some(index)
    index.commit(3, b"tag")
    index.clear()
    assert (index.cursor(), hits(index, "ice")) == (0, [])
    put_some(index)
    index.commit(1, b"tag")
    assert len(hits(index, "ice")) == 2


def test_an_answer_names_the_state_that_it_is_of(open_index):
    index = open_index()
    put_some(index)
    seen = {ask(index, "ice").generation}
    for step in (lambda: index.commit(3, b"a"), lambda: index.commit(3, b"a"), index.clear):
        step()
        seen.add(ask(index, "ice").generation)
    assert ask(index, "ice").generation == ask(index, "sea").generation
    assert len(seen) >= 3


def test_an_index_made_beside_another_takes_its_place(open_index):
    index = open_index()
    put_some(index)
    index.commit(3, b"tag")
    fresh = index.beside()
    fresh.put(document(DID, "snow", "Snow"))
    fresh.commit(4, b"new")
    assert hits(index, "snow") == []
    fresh.take_over()
    assert (index.cursor(), index.mark()) == (4, b"new")
    assert (hits(index, "snow"), hits(index, "ice")) == ([(DID, "snow")], [])
    assert open_index().cursor() == 4


def test_hits_say_what_they_share_and_how_they_begin(open_index):
    index = open_index()
    put_some(index)
    index.put(document(DID, "a", "Snow", description="Much of it.", same_as=["doi:10/a", "url:https://b/"]))
    index.put(document(OTHER, "b", "Snow", same_as=["doi:10/a"], refers_to=["x", "y"], type="lineage"))
    index.commit(1, b"tag")
    (hit,) = ask(index, "much").found
    assert (hit.title, hit.description, list(hit.same_as)) == (
        "Snow",
        "Much of it.",
        ["doi:10/a", "url:https://b/"],
    )
    found = index.sharing(["doi:10/a", "doi:10/none"], limit=5)
    assert {(one.did, one.key) for one in found} == {(DID, "a"), (OTHER, "b")}
    assert [one.did for one in index.sharing(["doi:10/a"], limit=5, without=frozenset({DID}))] == [OTHER]
    assert len(index.sharing(["doi:10/a"], limit=1)) == 1
    assert len(index.sharing(["doi:10/a"], limit=5, at_hand=1)) == len(found) == 2
    assert list(index.sharing(["doi:10/a"], limit=5, at_hand=2)) == []
    assert list(index.sharing([], limit=5)) == []
    assert list(index.referred(OTHER, "lineage", "b")) == ["x", "y"]
    assert list(index.referred(OTHER, "lineage", "none")) == []


def test_similar_records_share_words_of_titles_and_keywords(open_index):
    index = open_index()
    index.put(document(DID, "a", "Sea ice extent", keywords=["arctic"], same_as=["doi:10/a"]))
    index.put(document(DID, "b", "Sea ice thickness", keywords=["arctic"]))
    index.put(document(OTHER, "c", "The sea of the moon"))
    index.put(document(OTHER, "copy", "Sea ice extent", same_as=["doi:10/a"]))
    index.put(document(OTHER, "d", "Forests", "sea ice extent"))
    index.put(document(OTHER, "e", "Sea ice extent", type="lineage"))
    index.commit(1, b"tag")
    found = index.similar(DID, "dataset", "a", limit=5)
    assert [(one.did, one.key) for one in found] == [(DID, "b"), (OTHER, "c")]
    assert [one.key for one in index.similar(DID, "dataset", "a", limit=1)] == ["b"]
    assert [one.key for one in index.similar(DID, "dataset", "a", limit=5, without=frozenset({DID}))] == ["c"]
    assert list(index.similar(DID, "dataset", "none", limit=5)) == []
