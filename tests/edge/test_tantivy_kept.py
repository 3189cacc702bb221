"""What the index keeps of a record comes back as it was."""

from hypothesis import given
from hypothesis import strategies as st

from frostnode.edge.tantivy.kept import Record, kept_of, same_as
from frostnode.protocol.limits import SNIPPET_CHARS_MAX
from frostnode.protocol.names import Did, url_of
from frostnode.search.document import SearchDocument

DID = Did("did:frost:x")
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
some = st.lists(texts, max_size=4).map(tuple)
names = st.sampled_from([("dataset", "a"), ("version", "a/b@1"), ("lineage", "a"), ("profile", "self")])


def document(name, **fields):
    type_, key = name
    return SearchDocument(did=DID, type=type_, key=key, **fields)


@given(names, texts, texts, some, some, some)
def test_all_of_it_comes_back(name, title, description, same, keywords, refers):
    made = document(
        name, title=title, description=description, same_as=same, keywords=keywords, refers_to=refers
    )
    record = Record(kept_of(url_of(DID, *name), made, "some words", same_as(made)), (1, 2))
    found = record.found(0.5, is_near=True)
    assert (record.did, record.type, record.key) == (found.did, found.type, found.key) == (DID, *name)
    assert (record.title, record.title_words, record.place) == (title, ["some", "words"], (1, 2))
    assert (record.keywords, record.refers_to) == (list(keywords), list(refers))
    assert (found.title, found.description, found.score, found.is_near) == (title, description, 0.5, True)
    assert found.same_as == record.same_as == same_as(made)


def test_a_long_description_is_kept_in_part():
    made = document(("dataset", "a"), title="x", description="y" * (SNIPPET_CHARS_MAX + 1))
    assert Record(kept_of("n/a", made, "", ()), (0, 0)).found(1).description == "y" * SNIPPET_CHARS_MAX
