"""What a query means: one document after the other, each rule by itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.search.document import SearchDocument
from frostnode.search.language import parse_query
from frostnode.search.matching import DocumentWords, Question, Verdict, parts_of
from frostnode.search.meaning import meaning_of
from frostnode.search.query import Area, Query
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.plain_words import plain_words

DID, OTHER = (MemoryPublisher(name).did for name in ("one", "two"))

ICE = SearchDocument(
    did=DID,
    type="dataset",
    key="Ice/extent",
    title="Sea-ice extent, daily",
    keywords=("sea ice", "polar ocean"),
    description="From passive microwave, the longest record of all.",
    texts=("Größe: FULL_RES", "海氷面積"),
    publisher="National Snow Office",
    harvested_from="Elsewhere",
    model="array",
    variables=("ice_conc", "sea ice area"),
    columns=("lat", "lon"),
    formats=("netcdf", "zarr"),
    license="cc-by",
    price="free",
    access="open",
    hosts=("data.example.org", "s3:bucket"),
    areas=(Area(-180, 60, 180, 90), Area(170, -20, 180, -10), Area(-180, -20, -175, -10)),
    first_day=7305,  # 1990-01-01
    last_day=10956,  # 1999-12-31
    same_as=("doi:10.5067/x", "url:https://example.org/ice"),
)
OPEN = SearchDocument(did=OTHER, type="version", key="ice@1", title="Ice", first_day=7305)
BARE = SearchDocument(did=OTHER, type="dataset", key="bare", title="Untitled")


def judge(text, document, **more):
    words = DocumentWords(document, plain_words, **more)
    verdict = Question(parse_query(text), plain_words).judge(words)
    assert Question(parse_query(text), plain_words).is_answered_by(words) is (verdict is Verdict.HIT)
    return verdict


@pytest.mark.parametrize(
    "text",
    [
        "", "ice", "ICE daily", "sea-ice", "sea ice extent daily", '"ice extent"', "+sea -snowfall", "grosse full-res",
        "extent microwave polar conc lat", "ice -bucket -elsewhere", "海氷", '"氷面"', "office", "ice/extent",
        "micro*", '"passive microwave" -"passive waves"', "passive-mic*",
        # words that hold a sentence together
        "the ice of a", "the", "by the ice that was",
        # fields
        "title:ice", 'title:"ice extent"', 'title:"ice ext"*', "keyword:sea-ice", "keyword:desert keyword:polar",
        '+keyword:"sea ice" +keyword:ocean', "variable:conc column:lat", "-variable:lat -column:conc",
        "publisher:snow", 'publisher:"snow office"', f"publisher:{DID}", f"publisher:{DID[:16]}",
        f"-publisher:{OTHER}", "model:array type:dataset format:zarr format:csv license:cc-by", "license:cc*",
        "-license:cc-by-nc* -license:cc", "price:free access:open host:data.example.org host:s3:bucket", "host:s3*",
        "source:harvested", "-source:own", "year:1990 year:2005", "year:1999", "-year:2000",
        "id:10.5067/X", "doi:10.5067/X", "id:http://example.org:80/ice#x", "id:ice/Extent", f"id:{DID}/Ice/extent",
        "id:doi:10.5067/*", "-id:10.5067/y",
        # time and place
        "after:1999-12-31", "before:1990-01-02", "during:1995", "during:1980 during:1992/..", "after:1980 before:2030",
        "bbox:0,80,10,90", "bbox:350,80,10,90", "bbox:160,-15,200,-12", "point:0,60",
        "point:0,0 point:175,-15", "bbox:-10,0,350,61", "point:181,-20",
    ],
)  # fmt: skip
def test_a_hit(text):
    assert judge(text, ICE) is Verdict.HIT


@pytest.mark.parametrize(
    "text",
    [
        "snowfall", "+ice +snowfall", '"extent ice"', '"daily from"', "these", "ice -daily", '"ice polar"', '-"sea ice"', "elsewhere",
        "mic* -passive", '"micro"', "+the snowfall", "-the", '"of the" ice',
        '"the ice"', "+these ice",
        "title:sea-ice-area", 'keyword:"ice polar"', "keyword:desert", "+keyword:polar +keyword:desert",
        "variable:lat", "column:conc", "publisher:ice", f"publisher:{OTHER}", f"-publisher:{DID}", "model:table",
        "type:data", "format:csv", "license:cc", "license:cc-by-nc", "-license:cc*", "price:paid", "access:closed",
        "host:example.org", "host:data.example", "source:carried", "source:own", "year:1989", "year:2000", "-year:1995",
        "id:10.5067/y", "id:extent", f"id:{OTHER}/Ice/extent", "-id:ice/*",
        "after:2000", "before:1990", "during:1980/1985 during:2001", "bbox:0,0,10,59.9", "point:0,-15", "point:-174,-15",
        "bbox:-174,-15,169,-12",
    ],
)  # fmt: skip
def test_no_hit(text):
    assert judge(text, ICE) is Verdict.NOT


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("ice snowfall", Verdict.NEAR),
        ("ice snowfall rain", Verdict.NEAR),
        ("snowfall rain", Verdict.NOT),
        ("ice snow*  rain*", Verdict.NEAR),
        ("ice +snowfall", Verdict.NOT),
        ('ice snowfall "sea ice"', Verdict.NEAR),
        ('ice "deep snowfall"', Verdict.NOT),
        ("ice snowfall -daily", Verdict.NOT),
        ("ice snowfall model:table", Verdict.NOT),
        ("ice snowfall model:array after:1990", Verdict.NEAR),
        ("ice snowfall after:2000", Verdict.NOT),
        ("ice snowfall point:0,0", Verdict.NOT),
        ("the snowfall of record", Verdict.NEAR),
        ("the snowfall of rain", Verdict.NOT),
        ("sea-level ice", Verdict.NEAR),
    ],
)
def test_what_has_some_of_the_plain_words_is_near(text, verdict):
    assert judge(text, ICE) is verdict


def test_own_is_what_is_hosted_here():
    assert judge("source:own", ICE, is_own=True) is Verdict.HIT
    assert judge("source:harvested", ICE, is_own=True) is Verdict.NOT
    assert judge("source:carried", BARE) is Verdict.HIT


def test_open_ends_are_open_and_nothing_said_is_no_time():
    assert judge("year:2050 after:2050", OPEN) is Verdict.HIT
    assert judge("before:1990", OPEN) is Verdict.NOT
    for text in ("year:2000", "after:0001", "before:9999", "point:0,0"):
        assert judge(text, BARE) is Verdict.NOT
    assert judge("-year:2000 type:dataset", BARE) is Verdict.HIT
    assert judge("id:ICE@1 year:1990", OPEN) is Verdict.HIT


def test_what_has_no_words_asks_for_nothing():
    def words(text):
        return [word for word in plain_words(text) if word != "x"]

    for text in ("x", "+x", '"x"', "-x", "title:x", "-title:x", "title:x title:nothing", "ice x"):
        question = Question(parse_query(text), words)
        assert question.judge(DocumentWords(ICE, words)) is Verdict.HIT, text


def test_a_place_across_the_antimeridian_is_two_boxes():
    assert parts_of(Area(170, -1, -170, 1)) == (Area(170, -1, 180, 1), Area(-180, -1, -170, 1))
    assert parts_of(Area(-170, -1, 170, 1)) == (Area(-170, -1, 170, 1),)


VOCABULARY = st.sampled_from(
    ["sea", "ice", "sea-ice", "the", "snow", "ic*", '"sea ice"', "title:ice", "type:dataset"]
)
SIGNED = st.tuples(st.sampled_from(["", "", "+", "-"]), VOCABULARY).map("".join)
TITLES = st.lists(st.sampled_from(["sea", "ice", "the", "snow", "icy"]), max_size=4).map(" ".join)


@given(st.lists(SIGNED, max_size=6), TITLES)
def test_order_and_repetition_mean_nothing(parts, title):
    document = SearchDocument(did=DID, type="dataset", key="k", title=title)
    verdict = judge(" ".join(parts), document)
    assert judge(" ".join([*reversed(parts), *parts]), document) is verdict


@given(st.lists(SIGNED, min_size=1, max_size=6), TITLES, st.integers(0, 5))
def test_less_that_is_asked_for_finds_no_less(parts, title, at):
    """Each part of a query narrows it; values of a field that are enough by themselves do not."""
    document = SearchDocument(did=DID, type="dataset", key="k", title=title)
    less = [part for number, part in enumerate(parts) if number != at and part != "the"]
    more = [part for part in parts if part != "the"]
    if judge(" ".join(more), document) is Verdict.HIT:
        assert judge(" ".join(less), document) is Verdict.HIT


def test_what_a_query_means_is_put_in_order():
    meaning = meaning_of(
        parse_query('the ice ice +sea "of snow" -map title:a title:b +title:c -type:x point:1,2')
    )
    assert [word.text for word in meaning.wanted] == ["ice"]
    assert [text.text for text in meaning.must] == ["sea", "of snow"]
    assert [text.text for text in meaning.must_not] == ["map"]
    assert [[value.text for value in group] for group in meaning.groups] == [["a", "b"], ["c"]]
    assert [value.text for value in meaning.without] == ["x"]
    assert (meaning.periods, meaning.areas) == ((), (Area(1, 2, 1, 2),))
    assert meaning_of(Query()).wanted == ()
