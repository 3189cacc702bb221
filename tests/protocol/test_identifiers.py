"""All spellings of one identifier are one name; what different things are called stays different."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.errors import NameError_
from frostnode.protocol.identifiers import identifier, identifiers_of
from frostnode.protocol.limits import IDENTIFIER_CHARS_MAX, IDENTIFIERS_PER_RECORD_MAX

SWHID = "swh:1:rev:309cf2674ee7a0749978cf8265ab91a60aea0f7d"

SPELLINGS = {
    "doi:10.5067/modis/mod11a1.061": [
        "10.5067/MODIS/MOD11A1.061",
        "doi:10.5067/modis/mod11a1.061",
        "DOI: 10.5067/MODIS/MOD11A1.061",
        "https://doi.org/10.5067/MODIS/MOD11A1.061",
        "http://dx.doi.org/10.5067/MODIS%2FMOD11A1.061",
        "info:doi/10.5067/modis/mod11a1.061",
        "hdl:10.5067/modis/mod11a1.061",
        " 10.5067/MODIS/MOD11A1.061 ",
    ],
    "ark:12148/btv1b8449691v": [
        "ark:/12148/btv1b8449691v",
        "ark:12148/btv1b-8449691v",
        "ARK:/12148/btv1b8449691v/",
        "https://gallica.bnf.fr/ark:/12148/btv1b8449691v",
        "https://n2t.net/ark:12148/btv1b8449691v",
    ],
    "lsid:ubio.org:namebank:11815": [
        "urn:lsid:ubio.org:namebank:11815",
        "URN:LSID:uBio.org:namebank:11815",
    ],
    SWHID: [
        SWHID,
        f"{SWHID};origin=https://example.org/x.git;path=/a",
        f"https://archive.softwareheritage.org/{SWHID}",
    ],
    "issn:2041-172X": ["ISSN 2041-172x", "2041-172X", "urn:issn:2041-172X", "issn:2041-172X",
                       "https://portal.issn.org/resource/ISSN/2041-172X"],
    "orcid:0000-0002-1825-0097": ["https://orcid.org/0000-0002-1825-0097", "0000-0002-1825-0097"],
    "ror:02mhbdp94": ["https://ror.org/02mhbdp94", "ror:02MHBDP94"],
    "wikidata:Q42": ["Q42", "wikidata:Q42", "https://www.wikidata.org/wiki/Q42",
                     "http://www.wikidata.org/entity/Q42"],
    "hdl:11234/1-abc": ["hdl:11234/1-ABC", "https://hdl.handle.net/11234/1-ABC"],
    "handle:noaa.gov": ["noaa.gov", "NOAA.gov"],
    "url:https://example.org/a%20b?c=d": ["https://Example.org/a%20b?c=d", "http://example.org:80/a b?c=d#top",
                                          "HTTPS://EXAMPLE.org:443/a b?c=d"],
    "url:https://example.org/": ["https://example.org", "https://example.org/"],
    "url:https://example.org:8080/x": ["http://example.org:8080/x"],
    "accession:GSE123": ["accession:GSE123", "ACCESSION: GSE123"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "name"), [(text, name) for name, texts in SPELLINGS.items() for text in texts]
)
def test_every_spelling_is_one_name(text: str, name: str) -> None:
    assert identifier(text) == name


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_name_is_a_spelling_of_itself(name: str) -> None:
    assert identifier(name) == name


@pytest.mark.parametrize(
    "text",
    ["", "words of a person", "sea-ice", "42", "did:frost:bafy", ":x", "x:", "https://", "https://user@a.example/",
     "https://[::1", "10.5067", "a:\x00", "x" * (IDENTIFIER_CHARS_MAX + 1), "9:x"],
)  # fmt: skip
def test_what_has_no_known_form_is_none(text: str) -> None:
    with pytest.raises(NameError_) as raised:
        identifier(text)
    assert raised.value.code == "name.identifier"


@given(st.text(max_size=60) | st.sampled_from(["https://", "doi:", "ark:/", "hdl:"]).flatmap(
    lambda start: st.text(max_size=40).map(lambda rest: start + rest)
))  # fmt: skip
def test_any_text_is_an_identifier_with_one_spelling_or_refused(text: str) -> None:
    with suppress(NameError_):
        name = identifier(text)
        assert identifier(name) == name


def test_a_record_claims_its_identifiers_homepage_and_telling_links() -> None:
    fields = {
        "identifiers": [
            {"scheme": "DOI", "value": "10.5067/X1"},
            {"scheme": "doi", "value": "https://doi.org/10.5067/X1"},
            {"scheme": "ror", "value": "02mhbdp94"},
            {"scheme": "NASA CMR", "value": "C123-LP"},
            {"scheme": "handle", "value": "noaa.gov"},
            {"scheme": "doi", "value": 7},
            "nothing",
        ],
        "homepage": "https://example.org/ice",
        "links": [
            {"href": "https://example.org/canon", "rel": "canonical"},
            {"href": "https://example.org/other", "rel": "related"},
            {"href": 7, "rel": "self"},
        ],
        "handle": "data.example.org",
    }
    claimed = (
        "doi:10.5067/x1",
        "ror:02mhbdp94",
        "nasa-cmr:C123-LP",
        "url:https://example.org/ice",
        "url:https://example.org/canon",
    )
    assert identifiers_of(fields) == claimed, "a domain is claimed by profiles alone"
    assert identifiers_of(fields, is_profile=True) == ("handle:data.example.org", *claimed)


@pytest.mark.parametrize("fields", [None, [], {}, {"identifiers": "x", "links": {}, "homepage": []}])
def test_what_has_no_shape_claims_nothing(fields: object) -> None:
    assert identifiers_of(fields, is_profile=True) == ()


def test_a_record_claims_no_more_than_the_limit() -> None:
    many = [{"scheme": "x", "value": str(n)} for n in range(IDENTIFIERS_PER_RECORD_MAX + 5)]
    assert len(identifiers_of({"identifiers": many})) == IDENTIFIERS_PER_RECORD_MAX
