"""Saved searches and targets: how they are written, and that they mean what the search means."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.notify.matcher import Matcher
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import SAVED_SEARCH_TERMS_MAX
from frostnode.protocol.notice import Change, ChangeKind, NoticeId
from frostnode.search.document import SearchDocument
from frostnode.search.matching import DocumentWords
from frostnode.search.query import Area
from frostnode.search.saved_search import parse_saved_search
from frostnode.search.subscription_target import (
    OfDataset,
    OfEverything,
    OfPublisher,
    OfSearch,
    parse_target,
    target_field,
    target_of,
)
from frostnode.search_port import Ask
from frostnode.testing.memory_index import MemoryIndex
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.plain_words import plain_words

DID, OTHER = (MemoryPublisher(name).did for name in ("one", "two"))
ANY = NoticeId(number=1, position=0, database=bytes(16), tag=bytes(8))


@pytest.mark.parametrize(
    "text", ["", "-ice", "type:dataset", "type:a type:b -ice", "source:own", "ice -source:own"]
)
def test_what_is_no_saved_search(text):
    with pytest.raises(LocalError) as caught:
        parse_saved_search(text)
    assert caught.value.code == "query.malformed"


@pytest.mark.parametrize(
    "text", ["ice", "ic*", "license:cc*", "after:2020", "point:1,2", "type:x title:y -z"]
)
def test_what_is_one(text):
    assert parse_saved_search(text).query.clauses


def test_parts_are_bounded():
    parse_saved_search("a " * SAVED_SEARCH_TERMS_MAX)
    with pytest.raises(LocalError) as caught:
        parse_saved_search("a " * (SAVED_SEARCH_TERMS_MAX + 1))
    assert caught.value.code == "query.malformed"


@pytest.mark.parametrize(
    ("text", "publisher"),
    [
        (f"publisher:{DID}", DID),
        (f"ice +publisher:{DID} publisher:{OTHER} publisher:nasa", DID),
        (f"publisher:{DID} publisher:{OTHER}", None),
        (f"ice -publisher:{DID}", None),
        (f"publisher:{DID[:-1]}", None),
        ("publisher:nasa", None),
        ("ice", None),
    ],
)
def test_whose_records_alone_can_be_meant(text, publisher):
    assert parse_saved_search(text).publisher == publisher


WORDS = ["sea", "ice", "extent", "ocean", "icy"]
TEXT = st.lists(st.sampled_from(WORDS), max_size=3).map(" ".join)
TEXTS = st.lists(TEXT, max_size=2).map(tuple)
PARTS = st.sampled_from([
    *WORDS, "sea-ice", '"sea ice"', '"ice extent ocean"', "ic*", "sea-ic*", "the", "title:ice", 'title:"sea ice"',
    "title:oc*", 'keyword:"sea ice"', "keyword:ocean", "variable:ice", "column:sea", "publisher:ocean",
    f"publisher:{DID}", f"publisher:{OTHER}", f"publisher:{DID[:20]}", "type:dataset", "type:version", "license:cc-by",
    "license:cc*", "format:zarr", "model:array", "host:a.org", "price:free", "access:open", "year:2020",
    "id:10.5067/x", "id:k0", "id:k1@1",
])  # fmt: skip
SEARCHES = st.lists(
    st.tuples(st.sampled_from(["", "", "", "+", "-"]), PARTS).map("".join)
    | st.sampled_from(
        ["after:2020", "before:2020", "during:2019/2021", "bbox:0,0,10,10", "bbox:170,0,-170,9"]
    ),
    min_size=1,
    max_size=4,
).map(" ".join)
NAME = "Ocean ice"
PROFILE = SearchDocument(did=DID, type="profile", key="self", title=NAME, publisher=NAME)
"""What one of the publishers is called, the other has no name."""

DAYS = st.none() | st.integers(17_000, 19_500)


@st.composite
def documents(draw):
    first, last = draw(DAYS), draw(DAYS)
    type_ = draw(st.sampled_from(["dataset", "version"]))
    did = draw(st.sampled_from([DID, OTHER]))
    return SearchDocument(
        did=did,
        type=type_,
        key=draw(st.sampled_from(["k0", "k1", "k2"])) + ("@1" if type_ == "version" else ""),
        title=draw(TEXT),
        keywords=draw(TEXTS),
        description=draw(TEXT),
        texts=draw(TEXTS),
        publisher=NAME if did == DID else "",
        model=draw(st.sampled_from(["", "array"])),
        variables=draw(TEXTS),
        columns=draw(TEXTS),
        formats=draw(st.sampled_from([(), ("zarr",), ("zarr", "cog")])),
        license=draw(st.sampled_from(["", "cc-by", "cc0", "mit"])),
        price=draw(st.sampled_from(["", "free"])),
        access=draw(st.sampled_from(["", "open"])),
        hosts=draw(st.sampled_from([(), ("a.org",)])),
        areas=draw(
            st.sampled_from([(), (Area(5, 5, 20, 20),), (Area(171, 1, 180, 2), Area(-180, 1, -175, 2))])
        ),
        first_day=first if last is None or first is None else min(first, last),
        last_day=last if last is None or first is None else max(first, last),
        same_as=draw(st.sampled_from([(), ("doi:10.5067/x",)])),
    )


@pytest.mark.slow
@given(st.lists(documents(), max_size=6), st.lists(SEARCHES, min_size=1, max_size=6))
def test_it_matches_exactly_what_the_search_finds(catalog, searches):
    """Each is looked up by a word or value: what is found so is what looking at every document finds."""
    index = MemoryIndex()
    catalog = [PROFILE, *catalog]
    for document in catalog:
        index.put(document)
    index.commit(1, b"")
    saved = {}
    for text in searches:
        try:
            saved[text] = OfSearch(text, parse_saved_search(text))
        except LocalError:
            continue
    matcher = Matcher(plain_words)
    for text, target in saved.items():
        matcher.add(text, target)
    there = {(one.did, one.type, one.key): one for one in catalog}
    told = {text: set() for text in saved}
    for name, document in there.items():
        words = DocumentWords(document, plain_words)
        for text in matcher.match(change_of(document), lambda words=words: words):
            told[text].add(name)
    for text, target in saved.items():
        answer = index.search(Ask(query=target.search.query, limit=len(there)))
        hits = {(hit.did, hit.type, hit.key) for hit in answer.found if not hit.is_near}
        assert told[text] == hits, text
        assert answer.total == len(hits)
        if target.search.publisher is not None:
            assert {did for did, _, _ in hits} <= {target.search.publisher}


@pytest.mark.parametrize(
    "text",
    [
        "license:mit license:cc*",
        'title:snow title:"sea ice"',
        f"publisher:{OTHER} publisher:one",
        "id:none id:doi:10.5067/*",
        "year:1970 license:cc-by year:2020",
        "license:cc* after:2020",
        "keyword:ic*",
        f"publisher:{DID[:20]} publisher:{OTHER}",
        "format:zarr format:cog -license:mit*",
    ],
)
def test_what_cannot_be_looked_up_is_looked_at(text):
    """Also where one of several values could be, of which any is enough."""
    document = SearchDocument(
        did=DID,
        type="dataset",
        key="k",
        title="sea ice",
        keywords=("icy",),
        publisher="Number one",
        license="cc-by",
        formats=("cog",),
        first_day=18_500,
        last_day=18_600,
        same_as=("doi:10.5067/x",),
    )
    matcher = Matcher(plain_words)
    matcher.add("me", parse_target(text))
    assert matcher.match(change_of(document), lambda: DocumentWords(document, plain_words)) == ["me"]


@given(documents(), SEARCHES)
def test_a_retraction_without_content_concerns_all_that_may_have_matched(document, text):
    try:
        target = OfSearch(text, parse_saved_search(text))
    except LocalError:
        return
    matcher = Matcher(plain_words)
    matcher.add("me", target)
    change = change_of(document)
    if matcher.match(change, lambda: DocumentWords(document, plain_words)):
        assert matcher.match(replace(change, kind=ChangeKind.RETRACTED), lambda: None)
    assert not matcher.match(change, lambda: None)


def change_of(document):
    return Change(
        id=ANY,
        kind=ChangeKind.PUT,
        did=document.did,
        at_ms=0,
        type=document.type,
        key=document.key,
        header=Cid.of(b"x"),
    )


def test_targets_as_people_write_them():
    assert parse_target(DID) == OfPublisher(DID)
    assert parse_target(f"{DID}/ice") == OfDataset(DID, "ice")
    assert parse_target("*") == OfEverything()
    assert isinstance(parse_target("sea ice"), OfSearch)
    for text in (DID, f"{DID}/ice", "sea ice", "title:ice after:2020"):
        target = parse_target(text)
        assert str(target) == text
        assert target_of({"target": target_field(target)}) == target
    for text in (f"{DID}/ice@1", f"{DID}/~profile/self", f"{DID}/ice?cid=x", "did:frost:x"):
        with pytest.raises(LocalError):
            parse_target(text)
    with pytest.raises(LocalError):
        target_field(OfEverything())


@pytest.mark.parametrize(
    "target",
    [
        None,
        [],
        {},
        {"dataset": 1},
        {"dataset": DID},
        {"publisher": f"{DID}/ice"},
        {"other": "x"},
        {"query": ""},
        {"query": "ice after:yesterday"},
    ],
)
def test_what_strangers_state_is_read_or_is_none(target):
    assert target_of({"target": target}) is None
