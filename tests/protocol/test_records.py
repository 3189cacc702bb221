"""Record types: what may be published, and what views make of whatever came."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.entry import decode_body, encode_body
from frostnode.protocol.errors import NameError_, PeerError, RecordError
from frostnode.protocol.keys import SigningKey
from frostnode.protocol.limits import (
    CHANGE_SUMMARY_BYTES_MAX,
    PUBLISHER_WITNESSES_MAX,
    TITLE_CHARS_MAX,
    WITNESS_URL_BYTES_MAX,
)
from frostnode.protocol.names import did_of
from frostnode.protocol.note import vkey
from frostnode.protocol.records import (
    RECORD_TYPES,
    RESERVED_TYPES,
    check_record,
    title_of,
    witnesses_of,
)

DID = did_of(Cid.of(b"genesis"))
ENTRY = Cid.of(b"header")
W = [vkey("w.example", SigningKey(bytes([at] * 32)).public, 4) for at in range(PUBLISHER_WITNESSES_MAX + 1)]


def naming(*which):
    """What a profile says of these witnesses."""
    return [{"vkey": W[at], "url": "https://w.example/"} for at in which]


DATASET = {
    "title": "Sea surface temperature, daily",
    "description": "Merged from <b>five</b> satellites",
    "keywords": [
        "ocean",
        {"label": "temperature", "uri": "http://vocab.nerc.ac.uk/standard_name/sea_surface_temperature/"},
    ],
    "languages": ["en", "no"],
    "creators": [
        {"name": "Ada", "orcid": "https://orcid.org/0000-0002-1825-0097"},
        {"name": "Marine Institute", "ror": "https://ror.org/05581wm82", "url": "https://marine.example"},
    ],
    "license": "Free, but please cite us! (CC-BY-4.0 or so)",
    "identifiers": [{"scheme": "doi", "value": "10.5067/GHGMR-4FJ04"}],
    "links": [
        {"href": "https://marine.example/sst", "rel": "documentation", "title": "Guide", "type": "text/html"}
    ],
    "extent": {"bbox": [[0, -90, 359.75, 90]], "interval": [["1981-09-01", None]]},
    "data_model": "array",
    "homepage": "https://marine.example/sst",
    "contact": "Ask [us](mailto:sst@marine.example)",
    "price": "none",
    "access": "requester pays",
    "deprecated": True,
    "successor": f"{DID}/sst-v2",
    "metadata": {"cf": {"Conventions": "CF-1.11", "n": [1, 2.5, None]}},
    "import_notes": [{"path": "/metadata/cf/n/2", "note": "NaN → null"}],
}

VERSION = {
    "label": "2026-11-20",
    "locations": [
        {
            "href": "s3://marine/sst.zarr",
            "type": "application/vnd.zarr",
            "role": "data",
            "storage": "s3",
            "region": "eu-west-1",
            "cost": "requester pays",
        }
    ],
    "snapshot": {"system": "icechunk", "id": "VNK8E0A9M5RJ3QWZ1D6G"},
    "digests": [{"algorithm": "sha2-256", "value": "00" * 32}],
    "size": 123_456_789_012,
    "schema": {
        "arrays": [
            {
                "name": "sst",
                "dims": ["time", "lat", "lon"],
                "shape": [None, 720, 1440],
                "chunks": [1, 360, 720],
                "dtype": "float32",
                "units": "K",
                "attributes": {"standard_name": "sea_surface_temperature"},
            }
        ],
        "tables": [
            {
                "name": "buoys",
                "columns": [
                    {"name": "id", "type": "string"},
                    {"name": "t", "type": "double", "units": "degC"},
                ],
                "keys": ["id"],
                "partitions": ["year"],
            }
        ],
    },
    "changes": {"note": "One day more", "summary": {"added": ["2026-11-20"]}},
    "previous": f"{DID}/sst@2026-11-19?cid={ENTRY}",
}

LINEAGE = {
    "generated": f"{DID}/anomaly@2026-11-20",
    "used": [
        {"uri": f"{DID}/sst@2026-11-20?cid={ENTRY}", "role": "input"},
        {"uri": "https://doi.org/10.1175/BAMS-D-24-0057.1"},
        {"uri": "swh:1:rev:309cf2674ee7a0749978cf8265ab91a60aea0f7d", "role": "code"},
    ],
    "activity": {
        "name": "anomaly",
        "code": "https://marine.example/anomaly.py",
        "container": "oci://marine/anomaly",
    },
}

PROFILE = {
    "name": "Marine Institute",
    "description": "We measure the sea",
    "homepage": "https://marine.example",
    "handle": "marine.example",
    "keyAgreement": [b"\xec\x01" + bytes(32)],
}

SUBSCRIPTION = {"target": {"dataset": f"{DID}/sst"}, "on_behalf_of": f"{DID}/anomaly"}

WHOLE = {
    "profile": ("self", PROFILE),
    "dataset": ("sst", DATASET),
    "version": ("sst@2026-11-20", VERSION),
    "lineage": ("anomaly/2026-11-20", LINEAGE),
    "subscription": ("sst", SUBSCRIPTION),
}


# -- what may be published --------------------------------------------------------------------------


@pytest.mark.parametrize("type_", RECORD_TYPES)
def test_a_record_with_every_field_is_published_as_it_is(type_: str) -> None:
    key, fields = WHOLE[type_]
    assert check_record(type_, key, fields) is fields
    assert decode_body(encode_body(fields, bytes(16))) == fields


@pytest.mark.parametrize(
    ("type_", "key", "fields"),
    [
        ("profile", "self", {}),
        ("dataset", "sst", {"title": "x"}),
        ("version", "sst@1", {}),
        ("lineage", "x", {"generated": "https://doi.org/10.1", "used": []}),
        ("subscription", "x", {"target": {"publisher": DID}}),
        ("subscription", "x", {"target": {"query": "sea ice"}}),
        ("org.example.thing", "x", {}),
        ("org.example.thing", "x", {"title": 7, "anything": [None, b"bytes", ENTRY]}),
    ],
)
def test_little_is_required(type_: str, key: str, fields: dict) -> None:
    assert check_record(type_, key, fields) == fields


@pytest.mark.parametrize(
    "fields",
    [
        {"license": "notspecified; see [here](https://x.example)"},
        {"extent": {}},
        {"extent": {"bbox": [[350, -95, 10, 400]]}},
        {"extent": {"bbox": [[0, 0, -5000, 1, 1, 100.5]]}},
        {"extent": {"interval": [[None, None], ["Cretaceous", "-0044-03-15"]]}},
        {"unknown": {"nested": [1, {"title": 3}]}, "Title": None},
        {"creators": [{"name": "x", "hindex": 12}, {}]},
        {"links": [{"href": ""}]},
        {"successor": "https://elsewhere.example/new"},
        {"description": ""},
        {"metadata": {"stac": [1, 2]}},
    ],
    ids=str,
)
def test_real_metadata_is_not_turned_away(fields: dict) -> None:
    whole = {"title": "x", **fields}
    assert check_record("dataset", "sst", whole) == whole


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({}, "/title"),
        ({"title": ""}, "/title"),
        ({"title": " \n"}, "/title"),
        ({"title": None}, "/title"),
        ({"title": "x", "description": None}, "/description"),
        ({"title": "x", "keywords": "ocean"}, "/keywords"),
        ({"title": "x", "keywords": ["a", 1]}, "/keywords/1"),
        ({"title": "x", "keywords": [{"uri": "http://x"}]}, "/keywords/0/label"),
        ({"title": "x", "creators": [{"name": "a", "orcid": 7}]}, "/creators/0/orcid"),
        ({"title": "x", "identifiers": [{"scheme": "doi"}]}, "/identifiers/0/value"),
        ({"title": "x", "links": [{"rel": "self"}]}, "/links/0/href"),
        ({"title": "x", "extent": {"bbox": [1, 2, 3, 4]}}, "/extent/bbox/0"),
        ({"title": "x", "extent": {"bbox": [[1, 2, 3]]}}, "/extent/bbox/0"),
        ({"title": "x", "extent": {"bbox": [[1, 2, 3, True]]}}, "/extent/bbox/0"),
        ({"title": "x", "extent": {"interval": [["1981"]]}}, "/extent/interval/0"),
        ({"title": "x", "extent": {"interval": [[1981, 1982]]}}, "/extent/interval/0"),
        ({"title": "x", "deprecated": "yes"}, "/deprecated"),
        ({"title": "x", "successor": "did:frost:nobody/x"}, "/successor"),
        ({"title": "x", "successor": DID}, "/successor"),
        ({"title": "x", "metadata": []}, "/metadata"),
        ({"title": "x", "import_notes": ["NaN"]}, "/import_notes/0"),
        ([], "/"),
        (None, "/"),
    ],
    ids=str,
)
def test_a_field_of_another_shape_is_refused_by_name(fields: object, path: str) -> None:
    with pytest.raises(RecordError, match=rf"^field {path}: found .+, expected ") as caught:
        check_record("dataset", "sst", fields)
    assert caught.value.code == "record.field"


@pytest.mark.parametrize(
    ("type_", "fields", "path"),
    [
        ("version", {"label": "other"}, "/label"),
        ("version", {"label": None}, "/label"),
        ("version", {"locations": [{"region": "eu"}]}, "/locations/0/href"),
        ("version", {"size": -1}, "/size"),
        ("version", {"size": True}, "/size"),
        ("version", {"digests": [{"algorithm": "md5"}]}, "/digests/0/value"),
        ("version", {"snapshot": {"id": "x"}}, "/snapshot/system"),
        ("version", {"schema": {"arrays": [{"dims": ["x"]}]}}, "/schema/arrays/0/name"),
        ("version", {"schema": {"arrays": [{"name": "x", "shape": [-1]}]}}, "/schema/arrays/0/shape/0"),
        ("version", {"schema": {"tables": [{"columns": [{}]}]}}, "/schema/tables/0/columns/0/name"),
        ("version", {"changes": {"summary": "x" * CHANGE_SUMMARY_BYTES_MAX}}, "/changes/summary"),
        ("version", {"previous": f"{DID}/~"}, "/previous"),
        ("lineage", {"used": []}, "/generated"),
        ("lineage", {"generated": "https://x.example"}, "/used"),
        ("lineage", {"generated": "", "used": []}, "/generated"),
        ("lineage", {"generated": "https://x.example", "used": ["https://y.example"]}, "/used/0"),
        ("lineage", {"generated": f"{DID}/b@1", "used": [{"uri": f"{DID}/a@1"}]}, "/used/0/uri"),
        ("lineage", {"generated": "x:y", "used": [], "activity": {"code": 1}}, "/activity/code"),
        ("subscription", {}, "/target"),
        ("subscription", {"target": {}}, "/target"),
        ("subscription", {"target": {"query": "x", "publisher": DID}}, "/target"),
        ("subscription", {"target": {"dataset": DID}}, "/target/dataset"),
        ("subscription", {"target": {"dataset": f"{DID}/a@1"}}, "/target/dataset"),
        ("subscription", {"target": {"dataset": "https://x.example"}}, "/target/dataset"),
        ("subscription", {"target": {"publisher": "noaa.gov"}}, "/target/publisher"),
        ("subscription", {"target": {"query": " "}}, "/target/query"),
        ("profile", {"keyAgreement": [bytes(34)]}, "/keyAgreement/0"),
        ("profile", {"keyAgreement": [b"\xec\x01" + bytes(31)]}, "/keyAgreement/0"),
        ("profile", {"name": 1}, "/name"),
        ("profile", {"witnesses": {}}, "/witnesses"),
        ("profile", {"witnesses": [{"vkey": W[0]}]}, "/witnesses/0/url"),
        ("profile", {"witnesses": [{"url": "https://w.example"}]}, "/witnesses/0/vkey"),
        ("profile", {"witnesses": [{"vkey": "w", "url": "https://w.example"}]}, "/witnesses/0/vkey"),
        ("profile", {"witnesses": [{"vkey": 1, "url": "https://w.example"}]}, "/witnesses/0/vkey"),
        ("profile", {"witnesses": [{"vkey": W[0], "url": "w.example"}]}, "/witnesses/0/url"),
        (
            "profile",
            {"witnesses": [{"vkey": W[0], "url": f"https://{'w' * (WITNESS_URL_BYTES_MAX - 7)}"}]},
            "/witnesses/0/url",
        ),
        ("profile", {"witnesses": naming(0, 0)}, "/witnesses"),
        ("profile", {"witnesses": naming(*range(PUBLISHER_WITNESSES_MAX + 1))}, "/witnesses"),
        ("org.example.thing", [], "/"),
        ("org.example.thing", {"type": "x"}, "/type"),
        ("org.example.thing", {"key": "x"}, "/key"),
        ("org.example.thing", {"salt": b""}, "/salt"),
    ],
    ids=str,
)
def test_every_type_says_which_field_is_wrong(type_: str, fields: object, path: str) -> None:
    key = WHOLE[type_][0] if type_ in WHOLE else "x"
    with pytest.raises(RecordError, match=rf"^field {path}: found .+, expected "):
        check_record(type_, key, fields)


@pytest.mark.parametrize("type_", [*RESERVED_TYPES, "catalog", "Dataset", "x" * 65, ""])
def test_other_types_are_not_published(type_: str) -> None:
    with pytest.raises(NameError_) as caught:
        check_record(type_, "x", {"title": "x"})
    assert caught.value.code == "name.type"


@pytest.mark.parametrize(
    ("type_", "key"),
    [
        ("dataset", "sst@1"),
        ("version", "sst"),
        ("dataset", ""),
        ("dataset", "/x"),
        ("profile", "me"),
        ("lineage", "a@b"),
        ("version", "sst@latest"),
    ],
)
def test_a_key_fits_its_type(type_: str, key: str) -> None:
    with pytest.raises(NameError_) as caught:
        check_record(type_, key, {"title": "x"})
    assert caught.value.code == "name.key"


# -- reading what came ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_", "fields", "title"),
    [
        ("dataset", {"title": "Sea ice"}, "Sea ice"),
        ("dataset", {"title": "  Sea\n\tice "}, "Sea ice"),
        ("dataset", {"title": "Sea \x1b[31mice\x9b"}, "Sea [31mice"),
        ("dataset", {"title": "Ice\u202egnp.exe\u2066"}, "Ice gnp.exe"),
        (
            "dataset",
            {"title": "\u0633\u200c\u0633 \U0001f469\u200d\U0001f52c"},
            "\u0633\u200c\u0633 \U0001f469\u200d\U0001f52c",
        ),
        ("dataset", {"title": " ", "name": "Ice"}, "Ice"),
        ("dataset", {"title": 7}, "the/key"),
        ("dataset", {}, "the/key"),
        ("profile", {"name": "NOAA", "title": "x"}, "NOAA"),
        ("version", {"label": "v2"}, "v2"),
        ("org.example.thing", {"title": ["x"], "name": {}}, "the/key"),
        ("dataset", None, "the/key"),
        ("dataset", [{"title": "x"}], "the/key"),
        ("dataset", {"title": "x" * 10_000}, "x" * TITLE_CHARS_MAX),
    ],
)
def test_a_title_is_found_or_the_key_stands_in(type_: str, fields: object, title: str) -> None:
    assert title_of(type_, "the/key", fields) == title


garbage = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from([1.5, "", "x", "did:frost:x", b"x", ENTRY]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["title", "href", "label", "uri", "bbox", "name", "dataset"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)
KNOWN = sorted({name for _, fields in WHOLE.values() for name in fields})


@given(st.sampled_from(RECORD_TYPES), st.dictionaries(st.sampled_from(KNOWN), garbage, max_size=4) | garbage)
def test_garbage_is_read_without_complaint_and_published_or_refused(type_: str, fields: object) -> None:
    key = WHOLE[type_][0]
    assert title_of(type_, key, fields)
    try:
        assert check_record(type_, key, fields) is fields
    except PeerError as error:
        assert error.code == "record.field"  # noqa: PT017 - both outcomes are right


def test_as_many_witnesses_with_as_long_addresses_as_a_profile_may_name() -> None:
    url = f"https://{'w' * (WITNESS_URL_BYTES_MAX - 8)}"
    named = [{**witness, "url": url} for witness in naming(*range(PUBLISHER_WITNESSES_MAX))]
    fields = check_record("profile", "self", {"witnesses": named})
    assert [witness.url for witness in witnesses_of(fields)] == [url] * PUBLISHER_WITNESSES_MAX


def test_the_witnesses_of_a_profile() -> None:
    for which in ([], [3], list(range(16))):
        fields = check_record("profile", "self", {"witnesses": naming(*which)})
        found = witnesses_of(fields)
        assert [(one.vkey, one.url) for one in found] == [(W[at], "https://w.example/") for at in which]
    assert witnesses_of({}) == ()


@pytest.mark.parametrize("value", [None, 1, "w", {}, [1], [{"vkey": "w", "url": "https://w.example"}]])
def test_what_is_no_list_of_witnesses_names_nobody(value: Any) -> None:
    assert witnesses_of({"witnesses": value}) == ()
