"""The example of spec/03-records.md is an entry, and its tables name what the code checks."""

import re
from pathlib import Path
from typing import Any

import pytest

from frostnode.formats.json_values import ValueMapper, loads
from frostnode.protocol import records
from frostnode.protocol.dagcbor import encode
from frostnode.protocol.dagjson import loads as loads_lossless
from frostnode.protocol.entry import check_body, decode_body, encode_header, header_cid, parse_header
from frostnode.protocol.merkle import leaf_hash
from frostnode.protocol.names import parse_did_url
from frostnode.protocol.records import RECORD_TYPES, RESERVED_TYPES, check_record, title_of

DOCUMENT = (Path(__file__).parents[2] / "spec/03-records.md").read_text()


def the_example() -> dict[str, Any]:
    [text] = re.findall(r"^```json example\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
    fields = loads_lossless(text)
    assert isinstance(fields, dict)
    return fields


EXAMPLE = the_example()
LEAF = bytes.fromhex(EXAMPLE["leaf"])


def section(heading: str) -> str:
    return DOCUMENT.partition(f"## {heading}\n")[2].partition("\n## ")[0]


def test_the_leaf_is_the_header() -> None:
    assert encode(EXAMPLE["header"]) == LEAF == encode_header(parse_header(LEAF))
    assert leaf_hash(LEAF).hex() == EXAMPLE["leaf_hash"]


def test_the_url_names_the_entry() -> None:
    url, header = parse_did_url(EXAMPLE["url"]), parse_header(LEAF)
    assert (url.type, url.key, url.cid) == (header.type, header.key, header_cid(LEAF))


def test_the_body_is_the_one_that_the_header_names() -> None:
    body = encode(EXAMPLE["body"])
    check_body(parse_header(LEAF), body)
    fields = decode_body(body)
    assert check_record("dataset", "ice/extent", fields) == fields
    assert title_of("dataset", "ice/extent", fields) == "Sea ice extent, daily"


def test_the_import_note_of_the_example_is_what_an_importer_writes() -> None:
    mapper = ValueMapper()
    source = loads(b'{"Conventions": "CF-1.11", "missing_value": NaN}')
    assert mapper.map(source, "/metadata/cf") == EXAMPLE["body"]["metadata"]["cf"]
    assert mapper.notes == EXAMPLE["body"]["import_notes"]


def test_the_types_are_those_of_the_code() -> None:
    text = section("Record types")
    assert re.findall(r"`([a-z]+)`", text.partition("Defined are ")[2].partition(".\n")[0]) == list(
        RECORD_TYPES
    )
    assert re.findall(r"`([a-z]+)`", text.partition("Reserved, ")[2].partition(".\n")[0]) == list(
        RESERVED_TYPES
    )


@pytest.mark.parametrize(
    ("table", "names"),
    [
        ("profile", {"name", "handle", "keyAgreement", "witnesses"}),
        ("dataset", set(records._DATASET)),
        ("version", set(records._VERSION)),
        ("lineage", set(records._LINEAGE)),
        ("subscription", set(records._SUBSCRIPTION)),
    ],
)
def test_the_fields_of_a_type_are_those_that_are_checked(table: str, names: set[str]) -> None:
    [cell] = re.findall(rf"^\| `{table}`[^|]*\|(.*)\|$", section("Record types"), re.MULTILINE)
    without_values = re.sub(r"\([^)]*\)|\{[^}]*\}|\[[^\]]*\]", "", cell)
    assert set(re.findall(r"`(\w+)`", without_values)) == names


def test_the_fields_of_all_types_are_those_that_are_checked() -> None:
    text = section("Record types").partition("Fields of all types:")[2].partition("\n\n")[0]
    without_values = re.sub(r"\([^)]*\)|\{[^}]*\}", "", text)
    assert set(re.findall(r"`(\w+)`", without_values)) == set(records._ABOUT)


def test_names_that_are_no_fields_are_said() -> None:
    named = section("JSON form").partition("MUST NOT be called")[2].partition(".")[0]
    assert set(re.findall(r"`(\w+)`", named)) == set(records.NOT_FIELDS)


def test_the_document_is_short() -> None:
    assert len(DOCUMENT.encode()) <= 10_000
