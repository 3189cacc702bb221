"""Citations: names as they were written, a DOI where there is one, BibTeX that nothing breaks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.edge.http.citation import cite

RECORD = {
    "type": "dataset",
    "key": "sea-ice",
    "title": "Sea ice",
    "publisher": "Ice Institute",
    "url": "did:frost:x/sea-ice",
    "header": "bafyheader",
    "time_ms": 1_716_000_000_000,
}


def test_people_are_named_as_they_are_written_and_hosts_are_not_authors():
    creators = [{"name": "Ada Ice"}, {"name": "Ölgemöller, B."}, {"name": "The Cloud", "roles": ["host"]}]
    fields = {
        "creators": creators,
        "identifiers": [{"scheme": "DOI", "value": "https://doi.org/10.5067/A_B"}],
    }
    found = cite(RECORD, fields)
    assert found.text == (
        "Ada Ice, & Ölgemöller, B. (2024). Sea ice [Data set]. Ice Institute. https://doi.org/10.5067/A_B"
    )
    assert found.bibtex.splitlines() == [
        "@misc{adaice2024seaice,",
        "  author = {{Ada Ice} and {Ölgemöller, B.}},",
        "  title = {{Sea ice}},",
        "  year = {2024},",
        "  publisher = {Ice Institute},",
        "  doi = {10.5067/A_B},",
        "  note = {FROST record did:frost:x/sea-ice?cid=bafyheader},",
        "}",
    ]


def test_without_names_the_publisher_made_it_and_the_exact_entry_is_its_address():
    found = cite({**RECORD, "type": "version"}, {"label": "v1"})
    assert found.text == (
        "Ice Institute (2024). Sea ice (Version v1) [Data set]. did:frost:x/sea-ice?cid=bafyheader"
    )
    assert "version = {v1}" in found.bibtex and "url = {did:frost:x/sea-ice?cid=bafyheader}" in found.bibtex


def test_a_version_is_cited_by_its_dataset_and_the_makers_of_it():
    dataset = {"title": "Sea ice", "fields": {"creators": [{"name": "Ada Ice"}]}}
    found = cite({**RECORD, "type": "version", "title": "Release 1"}, {"label": "v1"}, dataset)
    assert found.text.startswith("Ada Ice (2024). Sea ice (Version v1) [Data set]. Ice Institute. did:frost:")


@pytest.mark.parametrize(
    "metadata", [{"stac": {"sci:citation": "Cite\n  *me*"}}, {"aws-open-data": {"Citation": "Cite me"}}]
)
def test_what_the_source_asks_for_comes_first(metadata):
    assert cite(RECORD, {"metadata": metadata}).asked == "Cite me"


def test_other_records_are_not_cited():
    assert cite({**RECORD, "type": "lineage"}, {}) is None
    assert cite(RECORD, ["x"]) is None


@given(st.text(), st.text(), st.text(), st.integers(0, 2**62))
def test_bibtex_stays_one_entry(title, publisher, name, time_ms):
    record = {**RECORD, "title": title, "publisher": publisher, "time_ms": time_ms}
    lines = cite(record, {"creators": [{"name": name}]}).bibtex.splitlines()
    assert lines[0].startswith("@misc{") and lines[-1] == "}"
    for line in lines[1:-1]:
        plain = line.replace("\\{", "").replace("\\}", "").replace("{}", "")
        assert line.startswith("  ") and plain.count("{") == plain.count("}")
