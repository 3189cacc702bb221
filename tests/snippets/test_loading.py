"""Lines of code are run as the page shows them, in an environment with what they say that they need, on data that is served here.

What asks an object store is led here by variables that its libraries know, what cannot be run without an account is held
against the signatures of its library.
"""

import ast
import json
import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from frostnode.snippets.choose import loadings
from frostnode.testing.data_server import S3_HOST, serving

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".snippets" / "bin" / "python"
LINE_S = 120
REGION = "us-east-1"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.network,
    pytest.mark.skipif(not PYTHON.exists(), reason="`scripts/test` makes the environment of the snippets"),
]

LED_HERE = """
import os
if os.environ.get("ARROW_ENDPOINT"):
    from pyarrow import fs
    store = fs.S3FileSystem
    def led_here(*names, **options):
        options["endpoint_override"] = options.get("endpoint_override") or os.environ["ARROW_ENDPOINT"]
        return store(*names, **options)
    fs.S3FileSystem = led_here
"""
"""Arrow alone knows no variable for where object stores are."""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Files of every kind, served."""
    folder = tmp_path_factory.mktemp("data")
    with serving(folder) as server:
        made = subprocess.run(
            [PYTHON, "-W", "ignore", Path(__file__).with_name("made_data.py"), folder, server.url],
            capture_output=True,
            text=True,
            timeout=LINE_S,
            check=False,
        )
        assert made.returncode == 0, made.stderr
        yield server


@pytest.fixture
def run(served, tmp_path):
    """Runs the lines of a tool for a location, and answers what they print; `place` is left with what they fetched."""
    place, site = tmp_path / "place", tmp_path / "site"
    for folder in (place, site):
        folder.mkdir()
    (site / "sitecustomize.py").write_text(LED_HERE)
    env = {
        "PATH": os.pathsep.join([str(PYTHON.parent), os.environ["PATH"]]),
        "HOME": str(tmp_path),
        "AWS_ENDPOINT_URL": served.url,
        "AWS_ALLOW_HTTP": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_S3_ENDPOINT": served.url.removeprefix("http://"),
        "AWS_HTTPS": "NO",
        "AWS_VIRTUAL_HOSTING": "FALSE",
    }

    def lines(tool, href, *, snapshot=None, more=None, **said):
        record = {"locations": [{"href": href, **said}], **({"snapshot": snapshot} if snapshot else {})}
        (found,) = loadings(record)
        snippet = next(one for one in found.snippets if one.tool == tool)
        command = (
            [PYTHON, "-W", "ignore", "-c", snippet.text]
            if snippet.language == "python"
            else ["bash", "-euc", snippet.text]
        )
        served.asked.clear()
        done = subprocess.run(
            command,
            cwd=place,
            env={**env, **(more or {})},
            capture_output=True,
            text=True,
            timeout=LINE_S,
            check=False,
        )
        assert done.returncode == 0, f"{snippet.text}\n{done.stdout}{done.stderr}"
        assert served.asked
        return done.stdout

    lines.place = place
    lines.arrow = {"PYTHONPATH": str(site), "ARROW_ENDPOINT": served.url}
    return lines


def fetched(run):
    return sorted(path.relative_to(run.place).as_posix() for path in run.place.rglob("*") if path.is_file())


# -- over HTTP -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tool", "name", "says"),
    [
        ("xarray", "ice.zarr", "extent   (day) float64"),
        ("xarray", "ice.nc", "7.0 8.0 9.0 10.0"),
        ("xarray", "classic.nc", "7.0 8.0 9.0 10.0"),
        ("rioxarray", "ice.tif", "(band: 1, y: 4, x: 8)"),
        ("pandas", "ice.csv", "2026-01-04    10.0"),
        ("pandas", "ice.parquet", "2026-01-04    10.0"),
        ("geopandas", "buoys.geojson", "POINT (10 82)"),
        ("geopandas", "buoys.gpkg", "POINT (10 82)"),
    ],
)
def test_what_a_web_server_has_is_loaded(served, run, tool, name, says):
    assert says in run(tool, f"{served.url}/{name}")


def test_a_catalog_of_intake_is_opened(served, run):
    assert run("intake", f"{served.url}/intake.yaml", type="application/vnd.intake").strip() == "['ice']"


@pytest.mark.skipif(
    (PYTHON.parents[1] / "lib" / "python3.11").exists(),
    reason="Icechunk reads over HTTP from version 2 on, which needs Python 3.12",
)
def test_a_repository_of_icechunk_is_opened_over_http(served, run):
    assert "extent   (day) float64" in run("icechunk", f"{served.url}/ice.icechunk")


def test_the_metadata_of_a_table_of_iceberg_is_fetched(served, run):
    made = json.loads((served.folder / "iceberg.json").read_text())
    run("curl", made["href"].replace("s3:/", served.url))
    (name,) = fetched(run)
    assert name.endswith(".metadata.json") and "table-uuid" in (run.place / name).read_text()


# -- GDAL, where it is -----------------------------------------------------------------------------------

with_gdal = pytest.mark.skipif(shutil.which("gdalinfo") is None, reason="no GDAL here")


@with_gdal
@pytest.mark.parametrize(
    ("name", "says"),
    [("ice.tif", "Size is 8, 4"), ("buoys.geojson", "buoys (Point)"), ("buoys.gpkg", "buoys (Point)")],
)
def test_gdal_reads_where_it_lies(served, run, name, says):
    assert says in run("gdal", f"{served.url}/{name}")


@with_gdal
def test_gdal_reads_a_bucket(run):
    assert "Size is 8, 4" in run("gdal", "s3://bucket/ice.tif")


# -- in a bucket -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tool", "name", "says"),
    [
        ("xarray", "ice.zarr", "extent   (day) float64"),
        ("xarray", "ice.nc", "7.0 8.0 9.0 10.0"),
        ("icechunk", "ice.icechunk", "extent   (day) float64"),
        ("pandas", "ice.csv", "2026-01-04    10.0"),
        ("pandas", "parts.parquet", "2026-01-04    10.0"),
        ("pyarrow", "ice.parquet", "[[7,8,9,10]]"),
        ("pyarrow", "parts.parquet", "[[7,8,9,10]]"),
    ],
)
def test_what_a_bucket_has_is_loaded(run, tool, name, says):
    more = run.arrow if tool == "pyarrow" else None
    assert says in run(tool, f"s3://bucket/{name}", region=REGION, more=more)


def test_a_snapshot_of_icechunk_is_opened_as_it_was(served, run):
    snapshot = {"system": "icechunk", "id": (served.folder / "bucket/ice.icechunk.first").read_text()}
    assert "extent   (day) float64" in run(
        "icechunk", "s3://bucket/ice.icechunk", region=REGION, snapshot=snapshot
    )


@pytest.mark.parametrize(("which", "count"), [("now", 6), ("first", 3)])
def test_a_table_of_iceberg_is_read_as_it_is_and_as_it_was(served, run, which, count):
    made = json.loads((served.folder / "iceberg.json").read_text())
    snapshot = {"system": "iceberg", "id": made["first"]} if which == "first" else None
    told = run("pyiceberg", made["href"], region=REGION, snapshot=snapshot, more=run.arrow)
    extents = told.partition("extent: ")[2]
    assert extents.count("7") * 3 == count


@pytest.mark.parametrize(
    ("name", "says", "files"),
    [
        ("ice.csv", "download: s3://bucket/ice.csv", ["ice.csv"]),
        ("ice.zarr", "PRE extent/", []),
        ("parts.parquet", "PRE parts.parquet/", []),
        ("ice.parquet", "ice.parquet", []),
    ],
)
def test_the_tool_of_the_store_copies_files_and_lists_folders(run, name, says, files):
    assert says in run("aws", f"s3://bucket/{name}", region=REGION)
    assert fetched(run) == files


@pytest.mark.skipif(shutil.which("rclone") is None, reason="no rclone here")
@pytest.mark.parametrize(
    ("name", "files"),
    [("ice.csv", ["ice.csv"]), ("parts.parquet", ["parts.parquet/part-0.parquet"])],
)
def test_rclone_copies_files_and_folders(served, run, name, files):
    more = {"RCLONE_S3_ENDPOINT": f"http://{S3_HOST}", "HTTP_PROXY": served.url, "RCLONE_RETRIES": "1"}
    run("rclone", f"s3://bucket/{name}", region=REGION, more=more)
    assert fetched(run) == files


# -- what asks for an account ----------------------------------------------------------------------------

SIGNATURES = """
import inspect, json
import datasets, ee, gcsfs, icechunk
from pyarrow import fs
print(json.dumps({
    "load_dataset": list(inspect.signature(datasets.load_dataset).parameters),
    "GcsFileSystem": "anonymous" in (fs.GcsFileSystem.__init__.__doc__ or "") + (fs.GcsFileSystem.__doc__ or ""),
    "gcsfs": list(inspect.signature(gcsfs.core.GCSFileSystem.__init__).parameters),
    "gcs_storage": list(inspect.signature(icechunk.gcs_storage).parameters),
    "ee": [name for name in ("Authenticate", "Initialize", "Image", "ImageCollection", "FeatureCollection") if hasattr(ee, name)],
    "Initialize": list(inspect.signature(ee.Initialize).parameters),
}))
"""


@pytest.fixture(scope="module")
def known():
    """What the libraries take."""
    done = subprocess.run(
        [PYTHON, "-W", "ignore", "-c", SIGNATURES], capture_output=True, text=True, timeout=LINE_S, check=True
    )
    return json.loads(done.stdout)


def calls(tool, **location):
    """Each call in the lines of a tool: {name: names of its arguments}."""
    (found,) = loadings({"locations": [location], "snapshot": {"id": "abc"}})
    tree = ast.parse(next(one for one in found.snippets if one.tool == tool).text)
    return {
        ast.unparse(node.func): [keyword.arg for keyword in node.keywords]
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    }


def test_a_data_set_of_hugging_face_is_named_as_its_library_wants(known):
    named = calls("datasets", href="https://huggingface.co/datasets/owner/name")
    assert named["load_dataset"] == ["revision"] and "revision" in known["load_dataset"]


@pytest.mark.parametrize("collection", ["image", "image_collection", "table"])
def test_an_asset_of_earth_engine_is_named_as_its_library_wants(known, collection):
    for name, arguments in calls("ee", href="ee://A/B", collection=collection).items():
        outer, _, attribute = name.partition(".")
        assert outer != "ee" or attribute in known["ee"], name
        assert attribute != "Initialize" or set(arguments) <= set(known["Initialize"])


def test_buckets_of_google_are_named_as_their_libraries_want(known):
    assert calls("icechunk", href="gs://b/x.icechunk")["icechunk.gcs_storage"] == [
        "bucket",
        "prefix",
        "anonymous",
    ]
    assert {"bucket", "prefix", "anonymous"} <= set(known["gcs_storage"])
    assert (
        calls("pyarrow", href="gs://b/x.parquet")["fs.GcsFileSystem"] == ["anonymous"]
        and known["GcsFileSystem"]
    )
    assert "token" in known["gcsfs"]


def test_what_dvc_is_told_is_a_repository_and_a_path():
    record = {"locations": [{"href": "https://h/repo.git#data/x", "type": "dvc"}], "snapshot": {"id": "v1"}}
    (found,) = loadings(record)
    (text,) = [one.text for one in found.snippets if one.tool == "dvc"]
    assert shlex.split(text) == ["dvc", "get", "--rev", "v1", "https://h/repo.git", "data/x"]
