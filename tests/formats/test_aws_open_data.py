"""Datasets of the Registry of Open Data on AWS as records: nothing lost, nothing turned away."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from frostnode.formats import yaml_values
from frostnode.formats.aws_open_data import from_json_lines, from_yaml, record_of
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.dagjson import from_json
from frostnode.protocol.entry import Header, Op, decode_body, encode_body, encode_header
from frostnode.protocol.errors import NameError_, PeerError, RecordError
from frostnode.protocol.limits import BODY_BYTES_MAX
from frostnode.protocol.records import check_record

SAMPLES = Path(__file__).parent / "samples/aws-open-data"
NAMES = [str(path) for path in sorted(SAMPLES.glob("*.yaml"))]


def read(name: str) -> bytes:
    return Path(name).read_bytes()


def published(record: dict[str, Any]) -> dict[str, Any]:
    """What a reader finds in the body after publication."""
    fields = from_json({name: value for name, value in record.items() if name not in ("type", "key")})
    body = encode_body(check_record(record["type"], record["key"], fields), bytes(16))
    assert len(body) <= BODY_BYTES_MAX
    encode_header(
        Header(op=Op.PUT, type=record["type"], key=record["key"], time=0, body=Cid.of(body), size=len(body))
    )
    return decode_body(body)


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def test_a_document_becomes_a_dataset() -> None:
    [record, _] = from_yaml(NAMES, read)
    assert {name: value for name, value in record.items() if name != "metadata"} == {
        "type": "dataset",
        "key": "fjord-temperature",
        "title": "Fjord temperature profiles",
        "description": "Temperature and salinity of 31 fjords, <b>monthly</b> since 1998.\n"
        "Größe und Tiefe in Metern. See [the atlas](https://fjords.example/atlas).\n",
        "keywords": ["oceans", "climate"],
        "creators": [
            {"name": "Marine Institute", "url": "https://marine.example"},
            {"name": "Polar Survey", "url": "https://polar.example/"},
        ],
        "license": "Free for all uses. Please cite us; see https://fjords.example/license for what that means.",
        "homepage": "https://fjords.example/temperature",
        "links": [
            {"href": "https://fjords.example/temperature", "rel": "documentation"},
            {"href": "s3://fjord-temperature/profiles", "rel": "data", "title": "Profiles as NetCDF"},
        ],
        "contact": "[The fjord people](mailto:fjords@marine.example)",
        "price": "Requester pays for some of the resources",
        "update_frequency": "Monthly, if the ship sails",
    }
    source = record["metadata"]["aws-open-data"]
    assert source["RegistryEntryAdded"] == "2024-02-29"
    assert source["Resources"][1]["Type"] == "SNS Topic"
    assert source["Citation"] is None


def test_a_deprecated_document_says_so_and_why() -> None:
    [_, record] = from_yaml(NAMES, read)
    assert record["deprecated"] is True
    assert record["deprecation_note"] == "Moved to [the new place](https://moorings.example/new).\n"
    assert record["creators"] == [{"name": "Dr. N. Drift (n.drift@marine.example)"}]
    assert record["links"] == [
        {"href": "https://moorings.example/readme.html", "rel": "documentation"},
        {"href": "https://moorings.example/faq", "rel": "documentation"},
    ]
    assert "homepage" not in record
    assert "price" not in record


@pytest.mark.parametrize("name", NAMES, ids=lambda name: Path(name).stem)
def test_the_source_comes_back_whole(name: str) -> None:
    [record] = from_yaml([name], read)
    [document] = yaml_values.loads(read(name))
    assert canonical(published(record)["metadata"]) == canonical({"aws-open-data": document})


def test_json_lines_carry_their_slug() -> None:
    lines = [b'{"Name": "A", "_slug": "a"}\n', b"\n", b'{"_slug": "b", "n": [-0.0]}']
    first, second = from_json_lines(lines)
    assert first == {
        "type": "dataset",
        "key": "a",
        "title": "A",
        "metadata": {"aws-open-data": {"Name": "A"}},
    }
    assert second["title"] == "b"
    assert second["import_notes"] == [{"path": "/metadata/aws-open-data/n/0", "note": "-0.0 → 0.0"}]


@pytest.mark.parametrize(
    ("managed_by", "creators"),
    [
        ("NASA", [{"name": "NASA"}]),
        ("[NOAA](http://www.noaa.gov/)", [{"name": "NOAA", "url": "http://www.noaa.gov/"}]),
        ('"[NOAA](http://www.noaa.gov/)"\n', [{"name": "NOAA", "url": "http://www.noaa.gov/"}]),
        ("[A](x:a), [B](x:b) and [C](x:c).", [{"name": n, "url": f"x:{n.lower()}"} for n in "ABC"]),
        ("The Archive ([IRSA](x:i)) at Caltech", [{"name": "The Archive (IRSA) at Caltech", "url": "x:i"}]),
        ("[A](x:a) on behalf of [B](x:b)", [{"name": "A on behalf of B"}]),
        ("[A]()", [{"name": "A"}]),
    ],
)
def test_who_manages_the_data_becomes_creators(managed_by: str, creators: list[dict[str, str]]) -> None:
    assert record_of("x", {"Name": "x", "ManagedBy": managed_by})["creators"] == creators


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"Name": ""},
        {"Name": None, "Description": None, "Tags": None, "Resources": None},
        {
            "Name": ["x"],
            "Tags": [1, None],
            "Resources": [None, {"ARN": 7}],
            "ManagedBy": {},
            "Documentation": 3,
        },
    ],
)
def test_a_document_without_anything_is_named_by_its_slug(document: dict[str, Any]) -> None:
    record = record_of("slug", document)
    assert record["title"] == "slug"
    assert published(record)["metadata"] == {"aws-open-data": document}


def test_errors_say_where_they_are() -> None:
    def wrong(name: str) -> bytes:
        return b"a: [" if name == "b.yaml" else b"Name: fine"

    records = from_yaml(["a.yaml", "b.yaml"], wrong)
    assert next(records)["key"] == "a"
    with pytest.raises(PeerError, match=r"^b\.yaml: not YAML"):
        next(records)
    with pytest.raises(PeerError, match=r"^x\.yaml: YAML documents: found 2, expected 1"):
        list(from_yaml(["x.yaml"], lambda _: b"a: 1\n---\nb: 2"))
    with pytest.raises(NameError_, match=r"^a b\.yaml: record key"):
        list(from_yaml(["a b.yaml"], lambda _: b"Name: x"))
    with pytest.raises(RecordError, match=r"^line 2: _slug"):
        list(from_json_lines([b'{"_slug": "a"}', b"{}"]))
    with pytest.raises(RecordError, match=r"^line 1: _slug"):
        list(from_json_lines([b"[]"]))
    with pytest.raises(RecordError, match=r"^x\.yaml: aws-open-data document"):
        list(from_yaml(["x.yaml"], lambda _: b"- a"))


def test_one_key_is_one_document() -> None:
    same = b'{"Name": "A", "_slug": "a"}'
    assert len(list(from_json_lines([same, same]))) == 1
    with pytest.raises(RecordError, match=r"^line 2: name of a document: found a"):
        list(from_json_lines([same, b'{"Name": "B", "_slug": "a"}']))


FIELDS = ["Name", "Tags", "Resources", "ManagedBy", "Documentation", "Deprecated", "License", "/"]
ODD = [None, True, 7, "", "text", "[a](b", ["x", 1], [{"ARN": "arn:aws:s3:::b"}], {"a": []}]


@given(st.lists(st.tuples(st.sampled_from(FIELDS), st.sampled_from(ODD)), max_size=4).map(dict))
def test_any_document_is_a_record(document: dict[str, Any]) -> None:
    assert canonical(published(record_of("x", document))["metadata"]["aws-open-data"]) == canonical(document)


def lines_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as lines:
        yield from lines


@pytest.mark.slow
@pytest.mark.corpora
def test_the_whole_registry_comes_through(corpora: Path | None) -> None:
    if corpora is None:
        return
    path = corpora / "aws-open-data-registry/datasets.jsonl"
    records = from_json_lines(lines_of(path))
    count = 0
    for line, record in zip(lines_of(path), records, strict=True):
        source = json.loads(line)
        assert record["key"] == source.pop("_slug")
        assert record["title"] == source["Name"].strip() or record["title"] == source["Name"]
        assert canonical(published(record)["metadata"]["aws-open-data"]) == canonical(source)
        count += 1
    assert count == 1190


@pytest.mark.slow
@pytest.mark.corpora
def test_yaml_and_json_lines_of_the_registry_are_the_same_records(corpora: Path | None) -> None:
    if corpora is None:
        return
    paths = sorted((corpora / "aws-open-data-registry/yaml-sample").glob("*.yaml"))
    slugs = [json.dumps({"_slug": path.stem}, separators=(",", ":"))[1:].encode() for path in paths]
    whole = lines_of(corpora / "aws-open-data-registry/datasets.jsonl")
    lines = [line for line in whole if any(line.rstrip().endswith(slug) for slug in slugs)]
    assert len(lines) == len(paths) > 20
    from_lines = {record["key"]: record for record in from_json_lines(lines)}
    for record in from_yaml(map(str, paths), read):
        assert canonical(record) == canonical(from_lines[record["key"]])


def test_samples_are_plain_yaml() -> None:
    """The samples are read by any YAML library."""
    assert all(isinstance(yaml.safe_load(read(name)), dict) for name in NAMES)
