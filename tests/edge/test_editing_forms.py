"""What is typed into a form and the record that it means: faults stand at their inputs, and an edit loses nothing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.edge.http.editing.filling import fill
from frostnode.edge.http.editing.publication import key_for, suggested_key
from frostnode.edge.http.editing.reading import read_record
from frostnode.edge.http.editing.typed import pack, parse_form, rows_of, unpack
from frostnode.protocol.errors import FrostError, LocalError
from frostnode.protocol.limits import EDIT_FORM_FIELDS_MAX, EDIT_ROWS_MAX

RECORD = {
    "title": "Sea ice extent",
    "description": "# Ice\n\nDaily, *from* radiometers.",
    "keywords": ["sea ice", "arctic"],
    "languages": ["en", "de"],
    "creators": [{"name": "Ada", "orcid": "0000-0002-1825-0097", "roles": ["author", "contact"]}],
    "license": "CC-BY-4.0",
    "identifiers": [{"scheme": "doi", "value": "10.5281/zenodo.1"}],
    "extent": {"bbox": [[-180, 30.5, 180, 90]], "interval": [["1979-01-01", None], [None, "1980"]]},
    "locations": [{"href": "s3://ice/a.zarr", "storage": "s3"}],
    "schema": {
        "arrays": [{"name": "extent", "dims": ["time"], "shape": [None, 3]}],
        "tables": [{"columns": [{"name": "day", "type": "date"}]}],
    },
    "links": [{"rel": "about", "href": "https://example.org"}],
    "metadata": {"stac": {"n": [1, 1.5, None, True]}},
    "theirs.org": {"own": 1},
}


def same(one, other):
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def test_a_record_comes_back_as_it_was():
    typed = fill("dataset", RECORD)
    read = read_record("dataset", typed)
    assert read.faults == {}
    assert same(read.fields, RECORD)
    assert json.loads(typed["other"]) == {"theirs.org": {"own": 1}}
    assert rows_of(typed, "creators")[0]["roles"] == "author, contact"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", "two\nlines"),
        ("title", " about "),
        ("description", "with\r\nreturns"),
        ("keywords", [{"label": "ice", "uri": "https://example.org/ice"}]),
        ("keywords", ["a\nb"]),
        ("keywords", []),
        ("languages", ["a, b"]),
        ("creators", [{"name": "Ada", "email": "a@example.org"}]),
        ("extent", {"bbox": [[1, 2, 3, 4, 5, 6]]}),
        ("extent", {"bbox": [[1.0, 2, 3, 4]], "crs": "x"}),
        ("schema", {"tables": [{"columns": [{"name": "a"}]}, {"columns": []}]}),
        ("schema", {"arrays": [{"name": "a", "attributes": {"b": 1}}]}),
        ("license", 7),
        ("license", None),
        ("metadata", {}),
        ("metadata", []),
        ("links", [{"href": str(at)} for at in range(EDIT_ROWS_MAX + 1)]),
        ("other", {"a": 1}),
    ],
)
def test_what_no_input_can_say_stays_as_json(name, value):
    record = {"title": "x", name: value}
    assert same(read_record("dataset", fill("dataset", record)).fields, record)


TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e6, 1e6) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from([name for name in RECORD if name != "theirs.org"]) | TEXTS.filter(
    lambda name: name not in ("salt", "type", "key")
)


@pytest.mark.slow
@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_any_record_comes_back_as_it_was(fields):
    record = {**RECORD, **fields}
    assert same(read_record("dataset", unpack(pack(fill("dataset", record)))).fields, record)


@pytest.mark.parametrize(
    ("typed", "at"),
    [
        ({"title": " "}, "title"),
        ({"extent.bbox.0.west": "a lot", **{f"extent.bbox.0.{x}": "1" for x in ("south", "east", "north")}}, "extent.bbox.0.west"),
        ({"extent.bbox.2.west": "1", "extent.bbox.2.south": "1", "extent.bbox.2.east": "1"}, "extent.bbox.2.north"),
        ({"identifiers.1.scheme": "doi"}, "identifiers.1.value"),
        ({"locations.3.title": "without an address"}, "locations.3.href"),
        ({"schema.tables.1.type": "int"}, "schema.tables.1.name"),
        ({"schema.arrays.0.name": "a", "schema.arrays.0.shape": "two"}, "schema.arrays.0.shape"),
        ({"metadata": "{"}, "metadata"),
        ({"metadata": "[1]"}, "metadata"),
        ({"metadata": '{"a": 1e999}'}, "metadata"),
        ({"other": '{"title": "again"}'}, "other"),
        ({"other": '{"salt": 1}'}, "other"),
        ({"other": '{"deprecated": "yes"}'}, "other"),
    ],
)  # fmt: skip
def test_a_fault_is_told_at_its_input(typed, at):
    assert list(read_record("dataset", {"title": "Ice", **typed}).faults) == [at]


def test_all_faults_are_told_at_once():
    typed = {"metadata": "{", "other": "{", "extent.bbox.0.west": "x"}
    assert {"title", "metadata", "other", "extent.bbox.0.west"} <= read_record("dataset", typed).faults.keys()


def test_a_version_says_what_is_new():
    typed = {
        "changes.note": "All of it.",
        "snapshot.system": "icechunk",
        "snapshot.id": "VY76",
        "size": "12 000",
        "digests.0.algorithm": "sha256",
        "digests.0.value": "ab",
        "locations.0.href": "s3://a/b",
    }
    read = read_record("version", typed)
    assert read.faults == {}
    assert read.fields == {
        "changes": {"note": "All of it."},
        "locations": [{"href": "s3://a/b"}],
        "snapshot": {"system": "icechunk", "id": "VY76"},
        "digests": [{"algorithm": "sha256", "value": "ab"}],
        "size": 12000,
    }
    assert list(read_record("version", {"snapshot.system": "git"}).faults) == ["snapshot.id"]
    assert list(read_record("version", {"size": "-1"}).faults) == ["size"]


def test_a_key_is_made_of_a_title_where_none_is_typed():
    assert suggested_key("Ångström & Söhne: Ice, 2026!") == "angstrom-sohne-ice-2026"
    assert key_for("dataset", {"title": "Sea ice"}) == "sea-ice"
    assert key_for("dataset", {"title": "Sea ice", "key": " ice/x "}) == "ice/x"
    assert key_for("version", {"dataset": "ice", "label": "v1"}) == "ice@v1"
    for type_, typed in [
        ("dataset", {"title": "海冰"}),
        ("dataset", {"key": "~x"}),
        ("dataset", {"key": "a@b"}),
        ("version", {"dataset": "ice", "label": ""}),
        ("version", {"dataset": "ice", "label": "latest"}),
        ("version", {"label": "1"}),
    ]:
        with pytest.raises(FrostError) as refused:
            key_for(type_, typed)
        assert refused.value.code == "name.key"


def test_a_form_is_read_strictly_and_within_bounds():
    assert parse_form(b"") == {}
    assert parse_form(b"a=1&a=2&b=x%0D%0Ay%0Dz&c=%E2%80%AE") == {"a": "2", "b": "x\ny\nz", "c": "\u202e"}
    for data in (b"a", b"a=%FF", b"\xff=1", b"&".join([b"a=1"] * (EDIT_FORM_FIELDS_MAX + 1))):
        with pytest.raises(LocalError) as refused:
            parse_form(data)
        assert refused.value.code == "usage"


@given(st.binary(max_size=60))
def test_any_bytes_are_a_form_or_refused(data):
    try:
        typed = parse_form(data)
    except LocalError:
        return
    read_record("dataset", typed)
    assert unpack(pack(typed)) == typed


def test_rows_have_bounds_and_keep_their_places():
    typed = {
        "l.2.href": "c",
        "l.0.href": "a",
        f"l.{EDIT_ROWS_MAX}.href": "x",
        "l.x.href": "y",
        "l.1": "z",
        "l.٣.a": "w",
    }
    assert rows_of(typed, "l") == [{"href": "a"}, {}, {"href": "c"}]
