"""What a record is found by: its fields, its newest version, what imported metadata says."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.formats import aws_open_data, stac
from frostnode.protocol.limits import (
    DOCUMENT_SAME_AS_MAX,
    DOCUMENT_VALUE_CHARS_MAX,
    DOCUMENT_VALUES_MAX,
    INDEXED_CHARS_MAX,
    INDEXED_ITEMS_MAX,
    LICENSES_PER_RECORD_MAX,
    SEARCH_AREAS_MAX,
)
from frostnode.protocol.names import Did, genesis_of
from frostnode.search.document import SearchDocument
from frostnode.search.query import Area
from frostnode.search.reading import document_of
from frostnode.search.times import day_of
from frostnode.testing.memory_publisher import MemoryPublisher

DID = MemoryPublisher("p").did
OTHER = MemoryPublisher("q").did


def document(fields: object, type_: str = "dataset", **more: Any) -> SearchDocument:
    return document_of(DID, type_, "key", fields, **more)


def imported(**metadata: object) -> SearchDocument:
    return document({"title": "Title", "metadata": {"found": metadata}})


def test_the_fields_of_a_record_are_where_a_search_looks_for_them() -> None:
    found = document(
        {
            "title": "Sea ice  extent",
            "description": "From microwaves.",
            "keywords": [
                "sea ice",
                {"label": "Arctic", "uri": "https://example.org/arctic"},
                {"uri": "x"},
                5,
            ],
            "creators": [{"name": "Ada"}],
            "license": "CC BY 4.0",
            "price": "free of charge",
            "access": "open",
            "data_model": "Array",
            "extent": {"bbox": [[0, 60, 360, 90]], "interval": [["1978-10-26", None]]},
            "harvested_from": {"name": "NSIDC"},
            "deprecated": True,
            "unknown": {"deep": ["Words", "Words"]},
        },
        changed_ms=7,
        uses=3,
    )
    assert (found.title, found.description) == ("Sea ice extent", "From microwaves.")
    assert found.keywords == ("sea ice", "Arctic")
    assert found.texts[0] == "Sea ice  extent", "the title in its own spelling is more than the title"
    assert "From microwaves." not in found.texts
    assert list(found.texts[1:3]) == ["Ada", "CC BY 4.0"]
    assert {"Words", "https://example.org/arctic", "NSIDC", "x"} < set(found.texts)
    assert found.texts.count("Words") == 1
    assert (found.license, found.price, found.access, found.model) == ("cc-by", "free", "open", "array")
    assert found.areas == (Area(-180, 60, 180, 90),)
    assert (found.first_day, found.last_day) == (day_of(1978, 10, 26), None)
    assert (found.harvested_from, found.is_deprecated, found.changed_ms, found.uses) == ("NSIDC", True, 7, 3)


def test_a_dataset_is_found_by_what_its_newest_version_says() -> None:
    newest = {
        "locations": [
            {"href": "s3://bucket/ice.zarr", "cost": "requester pays"},
            {"href": "https://example.org/ice", "type": "application/x-netcdf"},
        ],
        "schema": {
            "arrays": [
                {"name": "siconc", "attributes": {"standard_name": "sea_ice_area_fraction", "units": "1"}},
                {"name": "time"},
            ]
        },
        "digests": [{"algorithm": "SHA2-256", "value": "AB" * 32}, {"algorithm": "x", "value": "short"}],
        "license": "ODbL",
    }
    found = document({"title": "Ice"}, newest=newest)
    assert found.variables == ("siconc", "sea_ice_area_fraction", "time")
    assert found.formats == ("netcdf", "zarr")
    assert found.hosts == ("s3:bucket", "example.org")
    assert (found.model, found.access, found.license) == ("array", "requester-pays", "odbl")
    assert found.same_as == (f"digest:sha2-256:{'ab' * 32}",)
    assert document({"title": "Ice", "license": "MIT"}, newest=newest).license == "mit"
    table = {"schema": {"tables": [{"name": "t", "columns": [{"name": "station"}, {"name": "t2m"}]}]}}
    assert document(table, "version").columns == ("station", "t2m")
    assert document(table, "version").model == "table"


def test_imported_metadata_of_stac() -> None:
    found = imported(
        **{
            "cube:variables": {
                "sst": {"type": "data", "attrs": {"standard_name": "sea_surface_temperature"}},
                "time_bnds": {"type": "auxiliary"},
            },
            "item_assets": {
                "data": {
                    "type": "image/tiff; application=geotiff; profile=cloud-optimized",
                    "raster:bands": [{"name": "B1"}],
                },
                "thumbnail": {"type": "image/png", "roles": ["thumbnail"]},
            },
            "assets": {
                "thumbnail": {"href": "https://example.org/a.png"},
                "zarr": {"href": "abfs://cube/sst.zarr", "roles": ["data"]},
            },
            "summaries": {"eo:bands": [{"name": "red_1", "common_name": "red"}]},
            "storage:schemes": {
                "azure": {"type": "ms-azure", "container": "more"},
                "s3": {"type": "aws-s3", "bucket": "bucket"},
                "other": {"type": "custom-s3", "bucket": "own"},
            },
            "license": "proprietary",
            "links": [{"rel": "license", "href": "https://creativecommons.org/licenses/by/4.0/"}],
            "extent": {"spatial": {"bbox": [[1, 2, 3, 4]]}, "temporal": {"interval": [["2000", "2001"]]}},
        }
    )
    assert found.variables == ("sst", "sea_surface_temperature", "red_1", "red", "B1")
    assert found.formats == ("cog", "zarr")
    assert found.hosts == ("az:cube", "az:more", "s3:bucket")
    assert (found.model, found.license) == ("array", "cc-by")
    assert found.areas == (Area(1, 2, 3, 4),)
    assert (found.first_day, found.last_day) == (day_of(2000), day_of(2002) - 1)
    assert imported(**{"table:columns": [{"name": "city"}]}).model == "table"


def test_imported_metadata_of_earth_engine() -> None:
    found = imported(
        **{
            "gee:type": "image_collection",
            "gee:status": "deprecated",
            "gee:terms_of_use": "There are no restrictions.",
            "license": "proprietary",
            "summaries": {"eo:bands": [{"name": "LST_Day_1km"}], "gee:schema": [{"name": "ORBIT"}]},
        }
    )
    assert (found.formats, found.license, found.is_deprecated) == (("earth-engine",), "open", True)
    assert (found.variables, found.columns, found.model) == (("LST_Day_1km",), (), "array")
    found = imported(**{"summaries": {"gee:schema": [{"name": "ORBIT"}]}, "gee:type": "table"})
    assert (found.variables, found.columns, found.model) == ((), ("ORBIT",), "table")


def test_imported_metadata_of_schema_org_and_croissant() -> None:
    found = imported(
        variableMeasured=["chlorophyll", {"@type": "PropertyValue", "name": "depth"}],
        distribution=[{"contentUrl": "https://example.org/a.csv", "encodingFormat": "text/csv"}],
        recordSet=[{"field": [{"name": "species"}]}],
        sameAs="https://doi.org/10.1234/ABC",
        isAccessibleForFree=True,
        license={"@id": "https://spdx.org/licenses/CC0-1.0"},
        temporalCoverage="2001-08-06/2002-09-09",
    )
    assert (found.variables, found.columns) == (("chlorophyll", "depth"), ("species",))
    assert (found.formats, found.hosts, found.price, found.license) == (
        ("csv",),
        ("example.org",),
        "free",
        "cc0",
    )
    assert found.same_as == ("doi:10.1234/abc",)
    assert found.first_day == day_of(2001, 8, 6)


def test_the_registry_of_aws_names_formats_as_keywords_and_buckets_as_links() -> None:
    record = aws_open_data.record_of(
        "slug",
        {
            "Name": "Genomes",
            "Tags": ["parquet", "vcf", "genomic", "video"],
            "License": "CC0",
            "Resources": [{"ARN": "arn:aws:s3:::genomes/all", "Type": "S3 Bucket", "RequesterPays": True}],
        },
    )
    login = imported(Resources=[{"ControlledAccess": "https://data.example.org/s3credentials"}])
    assert login.access == "registration"
    assert imported(Resources=[{"ControlledAccess": "https://example.org/apply"}]).access == "restricted"
    found = document(record)
    assert (found.formats, found.hosts) == (("parquet", "vcf"), ("s3:genomes",))
    assert (found.license, found.access, found.price) == ("cc0", "requester-pays", "")


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"identifiers": [{"scheme": "DOI", "value": "10.5067/X"}]}, ["doi:10.5067/x"]),
        ({"homepage": "https://doi.org/10.5067/X"}, ["doi:10.5067/x"]),
        ({"homepage": "https://example.org/ice"}, []),
        ({"links": [{"rel": "cite-as", "href": "https://doi.org/10.5067/X"}]}, ["doi:10.5067/x"]),
        (
            {"links": [{"rel": "canonical", "href": "http://example.org/ice"}]},
            ["url:https://example.org/ice"],
        ),
        ({"links": [{"rel": "self", "href": "https://example.org/ice"}]}, []),
        ({"links": [{"rel": "license", "href": "https://doi.org/10.5067/X"}]}, []),
        ({"identifiers": [{"scheme": "local", "value": "7"}]}, []),
        ({"identifiers": [{"scheme": "issn", "value": "1234-5678"}]}, []),
    ],
)
def test_what_says_that_two_records_are_of_one_dataset(fields: dict[str, Any], names: list[str]) -> None:
    assert list(document({"title": "a", **fields}).same_as) == names
    assert not document({"title": "a", **fields}, "version").same_as


def test_what_a_lineage_record_or_a_subscription_names_is_kept_beside_it() -> None:
    used = [
        {"uri": f"{OTHER}/a@1"},
        {"uri": f"{OTHER}/a"},
        {"uri": "doi:10.5067/x"},
        {"uri": f"{OTHER}/~label/x"},
    ]
    made = {"generated": f"{DID}/b", "used": used}
    assert document(made, "lineage").refers_to == (f"{OTHER}/a",)
    assert document({"target": {"dataset": f"{OTHER}/a"}}, "subscription").refers_to == (f"{OTHER}/a",)
    assert document({"target": {"publisher": OTHER}}, "subscription").refers_to == ()
    assert document(made).refers_to == ()
    assert genesis_of(OTHER)


def test_a_document_has_bounds() -> None:
    many = [f"name {at}" for at in range(DOCUMENT_VALUES_MAX + 50)]
    found = document(
        {
            "title": "t",
            "description": "d" * (INDEXED_CHARS_MAX + 9),
            "keywords": [*many, "x" * 999],
            "license": "l" * 10_000,
            "rest": ["r" * 100] * 9,
            "identifiers": [{"scheme": "doi", "value": f"10.5067/{at}"} for at in range(99)],
        },
        newest={"schema": {"arrays": [{"name": name} for name in many]}},
    )
    assert len(found.description) == INDEXED_CHARS_MAX
    assert len(found.keywords) == len(found.variables) == DOCUMENT_VALUES_MAX
    assert found.texts == [], "the description took all the room"
    assert len(found.same_as) == DOCUMENT_SAME_AS_MAX
    terms = ["x"] * LICENSES_PER_RECORD_MAX
    assert document({"metadata": {"a": {"license": [*terms, "MIT"]}}}).license == "other"
    assert document({"metadata": {"a": {"license": [*terms[1:], "MIT"]}}}).license == "mit"
    wide = document({"title": "t", "rest": [str(at) for at in range(INDEXED_ITEMS_MAX + 9)]})
    assert len(wide.texts) < INDEXED_ITEMS_MAX
    deep = document({"title": "t", "rest": [["a"], [0] * INDEXED_ITEMS_MAX, ["b"]], "z": "c"})
    assert deep.texts == ["a", "c"], "a list is counted where it begins, and what comes after it has no room"
    long = document({"title": "t", "rest": ["x" * INDEXED_CHARS_MAX, "y"]})
    assert sum(map(len, long.texts)) == INDEXED_CHARS_MAX
    assert len(document({"keywords": ["x" * 999]}).keywords[0]) == DOCUMENT_VALUE_CHARS_MAX


KNOWN = st.sampled_from(
    [
        *(
            "title",
            "keywords",
            "label",
            "description",
            "extent",
            "bbox",
            "interval",
            "locations",
            "href",
            "type",
        ),
        *(
            "schema",
            "arrays",
            "tables",
            "columns",
            "name",
            "attributes",
            "license",
            "links",
            "rel",
            "metadata",
        ),
        *(
            "stac",
            "cube:variables",
            "table:columns",
            "summaries",
            "eo:bands",
            "item_assets",
            "assets",
            "roles",
        ),
        *(
            "spatial",
            "temporal",
            "variableMeasured",
            "distribution",
            "recordSet",
            "field",
            "sameAs",
            "digests",
        ),
        *(
            "identifiers",
            "scheme",
            "value",
            "homepage",
            "target",
            "used",
            "generated",
            "uri",
            "price",
            "cost",
        ),
        *("gee:schema", "gee:type", "gee:status", "Resources", "License", "isAccessibleForFree", "bands"),
        *("standard_name", "algorithm", "data_model", "access", "temporalCoverage", "deprecated", "attrs"),
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=9),
    KNOWN,
    st.binary(max_size=3),
    st.sampled_from(["doi:10.5067/x", "2001-02", "s3://bucket/a.zarr", "license", "canonical", f"{OTHER}/a"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KNOWN, inner, max_size=5)),
    max_leaves=30,
)


@given(
    st.sampled_from(["dataset", "version", "profile", "lineage", "subscription", "org.example.x"]),
    VALUES,
    VALUES,
)
def test_anything_can_be_read(type_: str, fields: object, newest: object) -> None:
    found = document_of(DID, type_, "key", fields, newest=newest)
    assert found.title
    assert len(found.areas) <= SEARCH_AREAS_MAX
    for value in (*found.keywords, *found.variables, *found.columns, *found.formats, *found.hosts):
        assert value.strip() == value != ""
    assert found.first_day is None or found.last_day is None or found.first_day <= found.last_day
    if isinstance(fields, dict):
        told = {found.title, found.description, *found.keywords, *found.texts}
        spaced = {" ".join(text.split()) for text in told}
        searched = (value for name, value in fields.items() if name != "import_notes")
        assert all(text in told or " ".join(text.split()) in spaced for text in texts_within([*searched]))


def texts_within(value: object) -> list[str]:
    """All texts, however deep."""
    if isinstance(value, str):
        return [value] if value else []
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for each in inner for text in texts_within(each)]


@pytest.mark.corpora
@pytest.mark.slow
def test_real_catalogs_are_found_by_more_than_words(corpora: Path | None) -> None:
    if corpora is None:
        pytest.skip("real catalogs are not beside the repository")
    for name, share, named in (("earthengine", 0.9, 0.9), ("planetary-computer", 0.7, 0.4)):
        with (corpora / name / "collections.jsonl").open("rb") as lines:
            read = [document_of(Did(DID), "dataset", str(r["key"]), r) for r in stac.from_json_lines(lines)]
        for values in ("areas", "formats", "license", "first_day"):
            said = sum(getattr(each, values) not in ((), "", None) for each in read)
            assert said >= share * len(read), (name, values, said, len(read))
        assert sum(bool(each.variables or each.columns) for each in read) > named * len(read)
