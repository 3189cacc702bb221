"""Lines of code for what records say of their data: they parse, say what the record says, and nothing breaks out of them."""

import ast
import shlex

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from frostnode.protocol.limits import SNIPPET_HREF_CHARS_MAX, SNIPPET_PLACES_MAX
from frostnode.snippets.choose import loadings
from frostnode.snippets.place import SCHEMES, Kind, read_place
from frostnode.snippets.quoting import file_name, literal, word


def snippets(location, **fields):
    """All snippets of a version with this location, by tool."""
    return {
        snippet.tool: snippet
        for loading in loadings({"locations": [location], **fields})
        for snippet in loading.snippets
    }


def of_python(text):
    """The strings of the code, and its shape without them."""
    tree = ast.parse(text)
    strings = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return strings, ast.dump(tree)


def of_shell(text):
    """The words of a command, and those that do something in a shell when they are not quoted."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    found = list(lexer)
    return shlex.split(text), [one for one in found if set(one) <= set("();<>|&")]


@pytest.mark.parametrize(
    ("location", "tool", "says"),
    [
        (
            {"href": "s3://b/x.zarr"},
            "xarray",
            'xr.open_zarr(\n    "s3://b/x.zarr",\n    storage_options={"anon": True},\n)',
        ),
        ({"href": "gs://b/x.zarr/"}, "xarray", 'storage_options={"token": "anon"}'),
        ({"href": "abfs://c/x.zarr", "account": "acc"}, "xarray", 'storage_options={"account_name": "acc"}'),
        ({"href": "https://h/x", "type": "application/vnd.zarr"}, "xarray", 'xr.open_zarr("https://h/x")'),
        ({"href": "https://h/x.nc"}, "xarray", 'fsspec.open("https://h/x.nc") as file'),
        ({"href": "s3://b/x.nc"}, "xarray", 'fsspec.open("s3://b/x.nc", anon=True) as file'),
        ({"href": "https://h/x.tif"}, "rioxarray", 'open_rasterio("https://h/x.tif")'),
        ({"href": "https://h/x.tif"}, "gdal", "gdalinfo /vsicurl/https://h/x.tif"),
        ({"href": "s3://b/x.tif"}, "gdal", "AWS_NO_SIGN_REQUEST=YES gdalinfo /vsis3/b/x.tif"),
        ({"href": "gs://b/x.tif"}, "gdal", "GS_NO_SIGN_REQUEST=YES gdalinfo /vsigs/b/x.tif"),
        ({"href": "https://h/x.parquet"}, "pandas", 'pd.read_parquet("https://h/x.parquet")'),
        ({"href": "s3://b/x.parquet"}, "pyarrow", 'ds.dataset("b/x.parquet", filesystem=store'),
        ({"href": "https://h/x.csv"}, "pandas", 'pd.read_csv("https://h/x.csv")'),
        ({"href": "https://h/x.geojson"}, "geopandas", 'read_file("https://h/x.geojson")'),
        ({"href": "https://h/x.gpkg"}, "gdal", "ogrinfo /vsicurl/https://h/x.gpkg"),
        (
            {"href": "s3://b/t/v1.metadata.json", "region": "eu-north-1"},
            "pyiceberg",
            'from_metadata("s3://b/t/v1.metadata.json", properties={"s3.anonymous": "true", "s3.region": "eu-north-1"})',
        ),
        (
            {"href": "s3://b/t/metadata/v1.metadata.json"},
            "aws",
            "aws s3 ls --no-sign-request s3://b/t/",
        ),
        ({"href": "s3://b/p/x.parquet"}, "aws", "aws s3 ls --no-sign-request s3://b/p/x.parquet"),
        ({"href": "s3://b/p/x.bin"}, "rclone", "rclone copy --progress :s3,provider=AWS:b/p/x.bin ."),
        (
            {"href": "s3://b/p/x.parquet", "region": "eu-north-1"},
            "pyarrow",
            'fs.S3FileSystem(anonymous=True, region="eu-north-1")',
        ),
        (
            {"href": "https://h/c.yaml", "type": "application/vnd.intake+yaml"},
            "intake",
            'open_catalog("https://h/c.yaml")',
        ),
        ({"href": "ee://A/B", "collection": "image"}, "ee", 'ee.Image("A/B")'),
        ({"href": "ee://A/B", "collection": "table"}, "ee", 'ee.FeatureCollection("A/B")'),
        ({"href": "ee://A/B", "collection": "bigquery_table"}, None, ""),
        ({"href": "ee://A/B"}, "ee", 'ee.ImageCollection("A/B")'),
        ({"href": "hf://datasets/o/n/x.parquet"}, "datasets", 'load_dataset("o/n")'),
        ({"href": "https://huggingface.co/datasets/o/n"}, "datasets", 'load_dataset("o/n")'),
        ({"href": "https://h/r.git#data/x", "storage": "dvc"}, "dvc", "dvc get https://h/r.git data/x"),
        (
            {"href": "s3://b/p", "region": "eu-north-1"},
            "aws",
            "aws s3 ls --no-sign-request --region eu-north-1 s3://b/p/",
        ),
        ({"href": "s3://b/p/x.bin"}, "aws", "aws s3 cp --no-sign-request s3://b/p/x.bin ."),
        ({"href": "s3://b/p"}, "rclone", "rclone copy --progress :s3,provider=AWS:b/p p"),
        ({"href": "gs://b/p"}, "gcloud", "gcloud storage ls gs://b/p"),
        ({"href": "https://h/a b"}, None, ""),
        (
            {"href": "https://h/x.zip"},
            "curl",
            "curl --fail --location --globoff --output x.zip https://h/x.zip",
        ),
    ],
)
def test_each_kind_of_place_has_its_lines(location, tool, says):
    found = snippets(location)
    if tool is None:
        assert found == {}
    else:
        assert says in found[tool].text


def test_snapshots_are_opened_as_they_were():
    ice = {"href": "s3://b/repo", "storage": "icechunk", "region": "us-east-1"}
    text = snippets(ice, snapshot={"system": "icechunk", "id": "ABC"})["icechunk"].text
    assert 's3_storage(bucket="b", prefix="repo", region="us-east-1", anonymous=True)' in text
    assert 'readonly_session(snapshot_id="ABC")' in text
    assert 'readonly_session("main")' in snippets(ice)["icechunk"].text
    assert (
        'http_storage("https://h/repo")'
        in snippets({"href": "https://h/repo", "type": "x/icechunk"})["icechunk"].text
    )
    table = {"href": "s3://b/v.metadata.json"}
    assert (
        "scan(snapshot_id=7, limit=100)"
        in snippets(table, snapshot={"system": "iceberg", "id": "7"})["pyiceberg"].text
    )
    assert (
        "snapshot_id" not in snippets(table, snapshot={"system": "iceberg", "id": "7)+x("})["pyiceberg"].text
    )
    assert (
        'revision="v2"'
        in snippets({"href": "hf://datasets/o/n"}, snapshot={"system": "git", "id": "v2"})["datasets"].text
    )


def test_a_dataset_without_locations_is_loaded_by_its_links_and_what_its_metadata_names():
    fields = {
        "links": [
            {"rel": "data", "href": "https://h/x.csv", "title": "Table"},
            {"rel": "about", "href": "https://h/about"},
            {"href": "s3://b/x"},
        ],
        "metadata": {
            "stac": {
                "id": "A/B",
                "gee:type": "image_collection",
                "assets": {
                    "zarr": {"href": "abfs://c/x.zarr", "xarray:storage_options": {"account_name": "acc"}},
                    "thumbnail": {"href": "https://h/x.tif", "roles": ["thumbnail"]},
                    "odd": 7,
                },
            }
        },
    }
    found = loadings(fields)
    assert [(one.href, one.title) for one in found] == [
        ("https://h/x.csv", "Table"),
        ("s3://b/x", ""),
        ("ee://A/B", "Earth Engine"),
        ("abfs://c/x.zarr", ""),
    ]
    assert '"account_name": "acc"' in found[3].snippets[0].text


def test_places_are_bounded_and_each_is_there_once():
    many = [{"href": f"https://h/{at}.csv"} for at in range(50)]
    assert len(loadings({"locations": many})) == SNIPPET_PLACES_MAX
    assert len(loadings({"locations": [many[0]] * 9})) == 1
    assert loadings({"locations": [{"href": "https://h/" + "x" * SNIPPET_HREF_CHARS_MAX}]}) == ()


@pytest.mark.parametrize(
    "href",
    [
        *(
            "",
            "x",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "data://x",
            "https://u:p@h/x.csv",
            "https://h/x\ny.csv",
        ),
        *("https://h/x\u202e.csv", "https://h/x\u200b.csv", "https:///", "-oX://y"),
    ],
)
def test_what_is_no_place_has_no_lines(href):
    assert read_place({"href": href}) is None
    assert loadings({"locations": [{"href": href}]}) == ()


_sharp = st.text(alphabet="abcXYZ/.\"'`$(){}[]\\;&|<>!#%*?~=,:-+_é", max_size=30)
_ends = st.sampled_from(
    ["", "/", ".zarr", ".csv", ".parquet", ".tif", ".nc", ".geojson", ".metadata.json", ".icechunk"]
)
_types = st.sampled_from(["", "zarr", "icechunk", "iceberg", "dvc", "intake", "csv"])


@given(st.sampled_from(SCHEMES), _sharp, _ends, _types, _sharp, _sharp)
@example("s3", '");import os;os.system("x");("', ".zarr", "", "", "")
@example("https", "$(touch x)`id`'\"", ".csv", "", "", "")
@example("https", "h/{a,b}[1-9]", "", "", "", "")
@example("https", "h/r#-x", "", "dvc", "", "--help")
@example("s3", "b", "", "icechunk", 'x", evil=("', "x'; rm -rf ~; '")
def test_no_address_gets_out_of_its_literal_or_word(scheme, rest, end, type_, region, snapshot):
    hostile = {"href": f"{scheme}://x{rest}{end}", "type": type_, "region": region, "account": region}
    for loading in loadings({"locations": [hostile], "snapshot": {"system": "", "id": snapshot}}):
        for snippet in loading.snippets:
            assert snippet.needs.count("\n") == 0
            if snippet.language == "python":
                strings, shape = of_python(snippet.text)
                assert any("x" in text for text in strings)
                assert "evil" not in shape and "'os'" not in shape
            else:
                words, active = of_shell(snippet.text)
                assert active == [] and "\n" not in snippet.text
                assert not any(one.startswith("-") for one in words[1:] if one not in _OPTIONS), words


_OPTIONS = {
    *(
        "--fail",
        "--location",
        "--globoff",
        "--output",
        "--progress",
        "--no-sign-request",
        "--region",
        "--rev",
    ),
}


@given(st.sampled_from(list(Kind)), st.sampled_from(SCHEMES), _sharp)
def test_the_shape_of_python_does_not_depend_on_the_address(kind, scheme, rest):
    def shapes(href):
        found = loadings({"locations": [{"href": href, "type": str(kind)}]})
        return [
            (one.tool, of_python(one.text)[1])
            for item in found
            for one in item.snippets
            if one.language == "python"
        ]

    hostile, plain = f"{scheme}://x/{rest}.bin", f"{scheme}://x/y.bin"
    if read_place({"href": hostile, "type": str(kind)}) is not None:
        assert shapes(hostile) == shapes(plain)


@given(st.text())
def test_a_literal_is_the_text_and_a_word_is_the_text(text):
    assert ast.literal_eval(literal(text)) == text
    assert shlex.split(word(text)) == [text]


@given(st.text(max_size=200))
@example("https://h/.bashrc")
@example("https://h/-rf")
@example("https://h/../..")
def test_file_names_are_plain(href):
    name = file_name(href)
    assert name and name[0] not in ".-" and "/" not in name and word(name) == name


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["href", "type", "stac", "assets", "id"]), inner)
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(["locations", "links", "metadata", "snapshot"]), _json) | _json)
def test_any_fields_make_lines_or_none(fields):
    assert isinstance(loadings(fields), tuple)
