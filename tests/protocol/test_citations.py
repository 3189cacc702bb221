"""What was built on data, by kind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.citations import Citations, Kind, citations, kind_of
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.references import reference_name

DID = f"did:frost:{Cid.of(b'me')}"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"{DID}/a", "dataset"),
        (f"{DID}/a@1", "dataset"),
        (f"{DID}/~lineage/x", "other"),
        (DID, "other"),
        ("https://doi.org/10.1000/X", "paper"),
        ("arXiv:2001.00001", "paper"),
        ("https://arxiv.org/abs/2001.00001", "paper"),
        ("swh:1:rev:" + "a" * 40, "code"),
        ("https://archive.softwareheritage.org/swh:1:rev:" + "a" * 40, "code"),
        ("https://github.com/polar/mean", "code"),
        ("https://gitlab.example.org/polar/mean", "code"),
        ("https://git.example.org/mean", "code"),
        ("https://example.org/mean.git", "code"),
        ("git+https://example.org/mean", "code"),
        ("https://example.org/report.pdf", "other"),
        ("https://notgithub.com/x", "other"),
        ("Q42", "other"),
        ("the station book", "other"),
    ],
)
def test_a_name_tells_what_it_names(text, kind):
    assert kind_of(reference_name(text)[0]) == kind


def test_versions_count_as_their_dataset_and_none_for_itself():
    products = [
        f"{DID}/b@1",
        f"{DID}/b@2",
        f"{DID}/a@2",
        "doi:10.1/x",
        "swh:1:rev:" + "a" * 40,
        "x:y",
        f"{DID}/c",
    ]
    found = Citations(
        datasets=(f"{DID}/b", f"{DID}/c"),
        papers=("doi:10.1/x",),
        code=("swh:1:rev:" + "a" * 40,),
        other=("x:y",),
    )
    assert citations(f"{DID}/a", products) == found
    assert citations(f"{DID}/a@1", reversed(products)) == found


@given(st.text(max_size=40), st.sampled_from(["", "url:https://", "url:http://[", "doi:", DID]))
def test_any_name_has_a_kind(text, prefix):
    assert kind_of(prefix + text) in Kind
