"""Searches as text: what is written means what it says, everything else is words; what is printed is read the same."""

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import QUERY_CHARS_MAX, QUERY_CLAUSES_MAX
from frostnode.search.language import parse_query
from frostnode.search.licenses import LICENSE_FAMILIES
from frostnode.search.printing import print_query, switched, without_value
from frostnode.search.query import Area, Field, Occur, Period, Phrase, Query, Within, Word
from frostnode.search.values import spelled
from frostnode.testing.memory_publisher import MemoryPublisher

DID = MemoryPublisher().did
EPOCH = date(1970, 1, 1)


def day(text):
    return (date.fromisoformat(text) - EPOCH).days


def within(field, text, occur=Occur.WANTED, *, is_prefix=False):
    return Within(Field(field), text, occur, is_prefix)


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("", []),
        (" \n", []),
        ("sea ice", [Word("sea"), Word("ice")]),
        ('"sea  ice" age', [Phrase("sea ice"), Word("age")]),
        ("+sea -ice", [Word("sea", Occur.MUST), Word("ice", Occur.MUST_NOT)]),
        ('+"sea ice" -"old snow"', [Phrase("sea ice", Occur.MUST), Phrase("old snow", Occur.MUST_NOT)]),
        ("PubSeq - Public", [Word("PubSeq"), Word("Public")]),
        ("sentinel-2 L2A C++", [Word("sentinel-2"), Word("L2A"), Word("C++")]),
        ("(a OR b) [1 TO 2] ~ * ^", [Word(w) for w in ("(a", "OR", "b)", "[1", "TO", "2]")]),
        ('unclosed "phrase here', [Word("unclosed"), Phrase("phrase here")]),
        ('a"b c"d', [Word("a"), Phrase("b c"), Word("d")]),
        ('""', []),
        ("+ - -- +-", []),
        ("--a +-b", [Word("a", Occur.MUST_NOT), Word("b", Occur.MUST)]),
        ("Ålesund 北京", [Word("Ålesund"), Word("北京")]),
        ("\ud800 lone", [Word("lone")]),
        # beginnings
        ("oce* sea-ic*", [Word("oce", is_prefix=True), Word("sea-ic", is_prefix=True)]),
        ("a* s-i* *x f*o", [Word("a"), Word("s-i"), Word("*x"), Word("f*o")]),
        # names that mean something, and others
        ("publisher:NASA", [within("publisher", "NASA")]),
        (f"PUBLISHER:{DID}", [within("publisher", DID)]),
        ('keyword:"sea ice" -Model:Array', [within("keyword", "sea ice"), within("model", "array", Occur.MUST_NOT)]),
        ('title:"sea ic"* license:CC*', [
            within("title", "sea ic", is_prefix=True), within("license", "cc", is_prefix=True)
        ]),
        ('title:"a*" title:a* host:x-*', [within("title", "a*"), within("title", "a"), within("host", "x-")]),
        ('format:"Of  Mine" license:c*', [within("format", "of-mine"), within("license", "c")]),
        ('format:"Cloud Optimized GeoTIFF" license:CC-BY-4.0', [within("format", "cog"), within("license", "cc-by")]),
        ("license:CC-BY-4.0* host:s3://a.b/c license:mine", [
            within("license", "cc-by-4.0", is_prefix=True), within("host", "s3:a.b"), within("license", "mine")
        ]),
        ("year:2020 source:Own +price:free", [
            within("year", "2020"), within("source", "own"), within("price", "free", Occur.MUST)
        ]),
        ("title: Type: -year:", [Word("title"), Word("Type"), Word("year", Occur.MUST_NOT)]),
        ('title:"" "":x', [Word("title"), Word(":x")]),
        ("https://x.org/a?b=c note:this GOES:16", [Word("https://x.org/a?b=c"), Word("note:this"), Word("GOES:16")]),
        ('note:"of that"', [Word("note:"), Phrase("of that")]),
        # identifiers
        ("doi:10.5067/ABC", [within("id", "doi:10.5067/abc")]),
        ("-id:https://doi.org/10.5067/ABC", [within("id", "doi:10.5067/abc", Occur.MUST_NOT)]),
        ("id:10.5067/AB*", [within("id", "doi:10.5067/ab", is_prefix=True)]),
        (f"id:{DID}/Sea-Ice id:Sea-Ice", [within("id", f"{DID}/Sea-Ice"), within("id", "sea-ice")]),
        ('doi:none doi:"not one"', [Word("doi:none"), Phrase("doi:not one")]),
        ("10.5067/ABC", [Word("10.5067/ABC")]),
        # days
        ("after:2024", [Period(day("2024-01-01"), None)]),
        ("before:2024-02", [Period(None, day("2024-01-31"))]),
        ("after:2020-02-29 ice before:2021", [Period(day("2020-02-29"), day("2020-12-31")), Word("ice")]),
        ("after:2019 after:2020 before:2022 before:2021-06", [Period(day("2020-01-01"), day("2021-05-31"))]),
        ("during:2020", [Period(day("2020-01-01"), day("2020-12-31"))]),
        ("during:2020-02/2021", [Period(day("2020-02-01"), day("2021-12-31"))]),
        ("during:../2020 during:2021/..", [Period(None, day("2020-12-31")), Period(day("2021-01-01"), None)]),
        ("during:2020/", [Period(day("2020-01-01"), None)]),
        ("during:2020-12/2020-12", [Period(day("2020-12-01"), day("2020-12-31"))]),
        ("+after:2024", [Period(day("2024-01-01"), None)]),
        # places
        ("bbox:-10,-20,10,20.5", [Area(-10, -20, 10, 20.5)]),
        ("bbox:350,-20,10,20", [Area(-10, -20, 10, 20)]),
        ("bbox:170,-20,190,20", [Area(170, -20, -170, 20)]),
        ("bbox:0,-90,360,90 bbox:-180,0,180,1", [Area(-180, -90, 180, 90), Area(-180, 0, 180, 1)]),
        ("point:190,5.25", [Area(-170, 5.25, -170, 5.25)]),
        ('bbox:"1, 2, 3, 4"', [Area(1, 2, 3, 4)]),
    ],
)  # fmt: skip
def test_what_is_written_means_what_it_says(text, clauses):
    query = parse_query(text)
    assert list(query.clauses) == clauses
    assert parse_query(print_query(query)) == query


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("after:yesterday", "yesterday"),
        ("before:10000", "10000"),
        ("after:-2020", "-2020"),
        ("after:2021-02-29", "2021-02-29"),
        ("after:2021-13", "2021-13"),
        ("before:0001", "0001"),
        ("during:2021/2020", "2021/2020"),
        ("during:2020/2021/2022", "2021/2022"),
        ("after:2021 before:2020", "after:2021 before:2020"),
        ("-after:2020", "-after:2020"),
        ("after:2020*", "2020*"),
        ("year:10000", "10000"),
        ("year:0000", "0000"),
        ("year:20*", "20*"),
        ("source:elsewhere", "elsewhere"),
        ("source:own*", "own*"),
        ("bbox:1,2,3", "1,2,3"),
        ("bbox:1,2,3,4,5", "1,2,3,4,5"),
        ("bbox:0,10,1,5", "0,10,1,5"),
        ("bbox:0,-91,1,5", "0,-91,1,5"),
        ("bbox:-181,0,1,5", "-181,0,1,5"),
        ("bbox:0,0,361,5", "0,0,361,5"),
        ("bbox:nan,0,1,5", "nan,0,1,5"),
        ("bbox:0,0,1e999,5", "0,0,1e999,5"),
        ("-bbox:0,0,1,1", "-bbox:0,0,1,1"),
        ("point:1", "1"),
        ("point:1,91", "1,91"),
    ],
)
def test_what_cannot_be_read_is_said(text, found):
    with pytest.raises(LocalError) as caught:
        parse_query(text)
    assert (caught.value.code, caught.value.found) == ("query.malformed", found)
    assert caught.value.expected


def test_titles_that_begin_like_fields_are_words():
    for text in ("Source:Landsat", "After:tomorrow", "BBOX:none", "-Point:zero", "Year:zero"):
        (clause,) = parse_query(text).clauses
        assert clause == Word(text.lstrip("-"), Occur(text[: -len(text.lstrip("-"))]))
        assert print_query(Query((clause,))) == text
    assert parse_query('Source:"Land sat"') == Query((Phrase("Source:Land sat"),))
    assert parse_query("Source:Own Year:2020") == parse_query("source:own year:2020")


def test_a_query_has_a_limit():
    assert parse_query("a" * QUERY_CHARS_MAX) == Query((Word("a" * QUERY_CHARS_MAX),))
    assert len(parse_query("a " * QUERY_CLAUSES_MAX).clauses) == QUERY_CLAUSES_MAX
    for text, size in (("a" * 100_000, 100_000), ("a " * (QUERY_CLAUSES_MAX + 1), QUERY_CLAUSES_MAX + 1)):
        with pytest.raises(LocalError) as caught:
            parse_query(text)
        assert (caught.value.code, caught.value.found) == ("query.malformed", size)


PIECES = st.sampled_from([
    "title:", "doi:", "id:", "year:", "after:", "before:", "during:", "bbox:", "point:", "source:", "publisher:", "license:",
    "2020", "2019-02", "1,2,3,4", "350,-1,10,1", "own", "10.5067/A", "https://a.org/B", "did:frost:", '"', "+", "-", "*",
    " ", "/", "..", ":", "a", "sea", "ice", "北", "\u212aeyword:", "x:y",
])  # fmt: skip


@given(st.text(max_size=60) | st.lists(PIECES, max_size=12).map("".join))
@example('title:"')
@example('"":"":')
@example("id:HTTPS://EXAMPLE.org:443/%7ea?b#c")
@example("id:ark:/12345/a-b. id:urn:issn:1234-567x")
def test_any_text_is_a_query_or_said_to_be_none_and_its_print_is_the_same_query(text):
    try:
        query = parse_query(text)
    except LocalError:
        return
    printed = print_query(query)
    assert parse_query(printed) == query
    assert print_query(parse_query(printed)) == printed


LETTERS = st.text("aeiouxyz-_.:/*+北é0", min_size=1, max_size=8)
OCCURS = st.sampled_from(Occur)
DAYS = st.integers(day("0001-01-01"), day("9999-12-31"))
LATITUDES = st.floats(-90, 90)
LONGITUDES = st.floats(-180, 180)
YEARS = st.integers(1, 9999).map("{:04}".format)


def says(text):
    return any(map(str.isalnum, text))


WORDS = LETTERS.map(lambda text: text.lstrip("+-").rstrip("*")).filter(says)
"""None of them begins with a name: there are not the letters for it."""


@st.composite
def values(draw):
    field = draw(st.sampled_from(Field))
    match field:
        case Field.YEAR:
            text = draw(YEARS)
        case Field.SOURCE:
            text = draw(st.sampled_from(["own", "carried", "harvested"]))
        case _:
            text = spelled(field, draw(st.lists(LETTERS, min_size=1, max_size=3).map(" ".join).filter(says)))
    may_begin = field not in (Field.YEAR, Field.SOURCE) and text[-2:].isalnum() and len(text) > 1
    return Within(field, text, draw(OCCURS), is_prefix=may_begin and draw(st.booleans()))


@st.composite
def words(draw):
    text = draw(WORDS)
    return Word(text, draw(OCCURS), is_prefix=len(text) > 1 and text[-2:].isalnum() and draw(st.booleans()))


@st.composite
def phrases(draw):
    text = " ".join(draw(st.lists(LETTERS, min_size=1, max_size=3).map(" ".join).filter(says)).split())
    return Phrase(text, draw(OCCURS))


@st.composite
def periods(draw):
    first, last = sorted((draw(DAYS), draw(DAYS)))
    return draw(st.sampled_from([Period(first, last), Period(first, None), Period(None, last)]))


@st.composite
def areas(draw):
    south, north = sorted((draw(LATITUDES), draw(LATITUDES)))
    return Area(draw(LONGITUDES), south, draw(LONGITUDES), north)


QUERIES = st.lists(words() | phrases() | values() | periods() | areas(), max_size=8).map(
    lambda clauses: Query(tuple(clauses))
)


@given(QUERIES)
@example(Query((Period(None, day("9999-12-31")),)))
@example(Query((Area(-179.99999999999997, 0, 180, 0),)))
@example(Query((Period(day("2020-02-01"), day("2020-02-29")), Area(180, -90, -180, 90))))
def test_what_is_printed_is_read_as_the_same(query):
    assert parse_query(print_query(query)) == query


@given(QUERIES, values())
def test_a_value_more_or_less(query, value):
    field, text = value.field, value.text
    less = without_value(query, field, text)
    ((is_chosen, other),) = switched(query, field, [text])
    assert less == without_value(less, field, text)
    assert parse_query(other) == (less if is_chosen else Query((*query.clauses, Within(field, text))))
    assert is_chosen or less == query
    again = parse_query(other)
    ((is_chosen_then, back),) = switched(again, field, [text])
    assert is_chosen_then != is_chosen
    assert parse_query(back) == (Query((*less.clauses, Within(field, text))) if is_chosen else query)


def test_values_of_facets_become_links():
    query = parse_query("ice -type:version license:cc-by")
    text = "ice -type:version license:cc-by"
    assert list(switched(query, Field.KEYWORD, ['Sea "Ice"', "--"])) == [
        (False, f'{text} keyword:"Sea Ice"'),
        (False, text),
    ]
    assert list(switched(query, Field.LICENSE, ["CC-BY", "cc0"])) == [
        (True, "ice -type:version"),
        (False, f"{text} license:cc0"),
    ]
    assert list(switched(Query(), Field.TYPE, ["dataset"])) == [(False, "type:dataset")]
    assert without_value(query, Field.TYPE, "version") == query


READ_BY_FIELDS = st.text(max_size=30) | st.sampled_from([
    *LICENSE_FAMILIES, "CC-BY 4.0", "GeoTIFF", "application/x-zarr", "s3://bucket/x", "https://a.org:8/b", "10.5067/X",
])  # fmt: skip


@given(st.sampled_from(sorted({*Field} - {Field.YEAR, Field.SOURCE})), READ_BY_FIELDS)
def test_a_spelling_is_its_own_spelling(field, text):
    once = spelled(field, text)
    assert spelled(field, once) == once
