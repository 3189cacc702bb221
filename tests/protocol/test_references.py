"""What a record refers to: roles, names in one spelling, pins; nothing raises, whatever the fields are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.limits import REFERENCES_PER_RECORD_MAX
from frostnode.protocol.names import Did, parse_did_url
from frostnode.protocol.references import (
    Reference,
    Role,
    dataset_of,
    is_latest,
    is_own,
    named_record,
    record_name,
    reference_name,
    references_of,
)

DID = Did(f"did:frost:{Cid.of(b'me')}")
OTHER = Did(f"did:frost:{Cid.of(b'other')}")
PIN = Cid.of(b"entry")


@pytest.mark.parametrize(
    ("type_", "fields", "found"),
    [
        (
            "lineage",
            {
                "generated": f"{DID}/b@1?cid={PIN}",
                "used": [{"uri": f"{OTHER}/a@1?cid={PIN}"}, {"uri": "doi:10.5067/X"}],
            },
            [
                ("generated", f"{DID}/b@1", PIN),
                ("used", f"{OTHER}/a@1", PIN),
                ("used", "doi:10.5067/x", None),
            ],
        ),
        ("lineage", {"generated": f"{OTHER}/b@1", "used": [{"uri": "doi:10.5067/X"}]}, []),
        (
            "lineage",
            {"generated": "https://doi.org/10.1000/P", "used": [{"uri": f"{DID}/a"}]},
            [("generated", "doi:10.1000/p", None), ("used", f"{DID}/a", None)],
        ),
        (
            "lineage",
            {"generated": f"{DID}/b", "used": ["x", {"uri": 1}, {}, None]},
            [("generated", f"{DID}/b", None)],
        ),
        ("lineage", {"generated": f"{DID}/b", "used": {"uri": "x:y"}}, [("generated", f"{DID}/b", None)]),
        ("version", {"previous": f"{DID}/a@1?cid={PIN}"}, [("previous", f"{DID}/a@1", PIN)]),
        ("dataset", {"successor": f"{OTHER}/a"}, [("successor", f"{OTHER}/a", None)]),
        (
            "subscription",
            {"target": {"dataset": f"{OTHER}/a"}, "on_behalf_of": f"{DID}/b"},
            [("target", f"{OTHER}/a", None), ("on_behalf_of", f"{DID}/b", None)],
        ),
        ("subscription", {"target": {"publisher": OTHER}}, [("target", OTHER, None)]),
        ("subscription", {"target": {"query": "ice"}, "on_behalf_of": f"{OTHER}/b"}, []),
        ("profile", {"successor": f"{OTHER}/a"}, []),
        ("org.example.x", {"generated": "x:y"}, []),
    ],
)
def test_what_a_record_refers_to(type_, fields, found):
    assert references_of(DID, type_, fields) == tuple(
        Reference(Role(role), name, pin) for role, name, pin in found
    )


def test_one_thing_is_referred_to_once_and_there_is_a_bound():
    used = [{"uri": f"x:{at // 2}"} for at in range(2 * REFERENCES_PER_RECORD_MAX + 10)]
    found = references_of(DID, "lineage", {"generated": f"{DID}/b", "used": used})
    assert len(found) == len(set(found)) == REFERENCES_PER_RECORD_MAX


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("https://example.org/a#b", "url:https://example.org/a"),
        ("swh:1:rev:" + "a" * 40 + ";origin=x", "swh:1:rev:" + "a" * 40),
        ("the station book", "the station book"),
        (" ", ""),
        ("a\nb", ""),
        ("x" * 501, ""),
        (f"{DID}/~lineage/x", f"{DID}/~lineage/x"),
        (f"{DID}/", ""),
        ("did:frost:nonsense", ""),
    ],
)
def test_a_name_has_one_spelling(text, name):
    assert reference_name(text) == (name, None)


def test_versions_are_of_a_dataset():
    version = parse_did_url(f"{DID}/a/b@1?cid={PIN}")
    assert record_name(version) == f"{DID}/a/b@1"
    assert str(dataset_of(version)) == f"{DID}/a/b"
    assert dataset_of(parse_did_url(f"{DID}/a/b")) == parse_did_url(f"{DID}/a/b")
    assert is_latest(parse_did_url(f"{DID}/a@latest"))
    assert not is_latest(parse_did_url(f"{DID}/a@latest?cid={PIN}"))
    assert not is_latest(version)
    assert named_record("doi:10.1/x") is named_record(DID) is None
    assert is_own(DID, "doi:10.1/x")
    assert is_own(DID, f"{DID}/a")
    assert not is_own(DID, f"{OTHER}/a")


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.binary()
    | st.sampled_from([f"{DID}/a", f"{DID}/a@1?cid=x"]),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["uri", "dataset", "publisher", "x"]), inner)
    ),
    max_leaves=8,
)


@given(
    st.sampled_from(["lineage", "version", "dataset", "subscription", "profile"]),
    st.dictionaries(
        st.sampled_from(["generated", "used", "previous", "successor", "target", "on_behalf_of"]), ANYTHING
    )
    | ANYTHING,
)
def test_nothing_that_anybody_writes_breaks_it(type_, fields):
    for reference in references_of(DID, type_, fields):
        assert reference.name
