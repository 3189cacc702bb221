"""Whom a change concerns: the matcher says what a slow, obvious one says."""

from hypothesis import given
from hypothesis import strategies as st

from frostnode.notify.matcher import Matcher
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.notice import Change, ChangeKind, NoticeId
from frostnode.search.document import SearchDocument
from frostnode.search.matching import DocumentWords
from frostnode.search.subscription_target import (
    parse_target,
)
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.obvious_matcher import is_told
from frostnode.testing.plain_words import plain_words

DIDS = [MemoryPublisher(name).did for name in ("one", "two")]
KEYS = ["ice", "sst", "ice/north"]
WORDS = ["sea", "ice", "extent", "ocean"]
TARGETS = st.sampled_from(
    ["*", *DIDS]
    + [f"{did}/{key}" for did in DIDS for key in KEYS]
    + [
        "sea",
        "sea ice",
        '"sea ice"',
        "ocean -ice",
        "type:version ice",
        f"publisher:{DIDS[0]}",
        "ice extent sea",
        "title:ice title:ocean",
        "title:sea license:mit",
        "ic*",
        "after:2020",
    ]
).map(parse_target)


@st.composite
def changes(draw):
    kind = draw(st.sampled_from(ChangeKind))
    id_ = NoticeId(number=1, position=0, database=bytes(16), tag=bytes(8))
    did = draw(st.sampled_from(DIDS))
    if kind is ChangeKind.MOVED:
        return Change(id=id_, kind=kind, did=did, at_ms=0)
    type_ = draw(st.sampled_from(["dataset", "version", "org.example.x"]))
    key = draw(st.sampled_from(KEYS)) + ("@1" if type_ == "version" else "")
    return Change(id=id_, kind=kind, did=did, at_ms=0, type=type_, key=key, header=Cid.of(b"x"))


@given(
    st.dictionaries(st.integers(0, 30), TARGETS, max_size=20),
    st.lists(st.integers(0, 30), max_size=5),
    changes(),
    st.none() | st.lists(st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join), min_size=1, max_size=2),
)
def test_it_says_what_the_obvious_way_says(targets, removed, change, texts):
    matcher = Matcher(plain_words)
    for who, target in targets.items():
        matcher.add(who, parse_target("*"))
        matcher.add(who, target)
    for who in removed:
        matcher.remove(who)
    left = {who: target for who, target in targets.items() if who not in removed}
    assert len(matcher) == len(left)
    document = None
    if texts is not None and change.kind is not ChangeKind.MOVED:
        made = SearchDocument(did=change.did, type=change.type, key=change.key, title=texts[0], texts=texts)
        document = DocumentWords(made, plain_words)
    found = matcher.match(change, lambda: document)
    told = [who for who, target in left.items() if is_told(target, change, document, plain_words)]
    assert sorted(found) == sorted(told)
