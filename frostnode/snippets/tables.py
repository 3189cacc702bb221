"""Tables: pandas and PyArrow over Parquet and CSV, GeoPandas over features, PyIceberg."""

from collections.abc import Iterator

from frostnode.snippets.place import Kind, Place
from frostnode.snippets.quoting import literal
from frostnode.snippets.snippet import Snippet, python
from frostnode.snippets.stores import call, filesystem_package, options


def tables(place: Place) -> Iterator[Snippet]:
    """What reads tables at this place."""
    package = f" {filesystem_package(place)}" if options(place) else ""
    match place.kind:
        case Kind.PARQUET:
            yield python("pandas", f"pandas pyarrow{package}", *_pandas("read_parquet", place))
            if place.scheme in ("s3", "gs"):
                yield _pyarrow(place)
        case Kind.CSV:
            yield python("pandas", f"pandas{package}", *_pandas("read_csv", place))
        case Kind.FEATURES if place.scheme in ("http", "https"):
            yield python(
                "geopandas",
                "geopandas",
                "import geopandas",
                "",
                f"features = geopandas.read_file({literal(place.href)})",
                "print(features.head())",
            )
        case Kind.ICEBERG if place.scheme not in ("http", "https"):  # which PyIceberg does not read
            yield _iceberg(place)
        case _:
            return


def _pandas(read: str, place: Place) -> list[str]:
    return ["import pandas as pd", "", *call(f"table = pd.{read}", place), "print(table.head())"]


def _pyarrow(place: Place) -> Snippet:
    region = f", region={literal(place.region)}" if place.region and place.scheme == "s3" else ""
    return python(
        "pyarrow",
        "pyarrow",
        "import pyarrow.dataset as ds",
        "from pyarrow import fs",
        "",
        f"store = fs.{'S3FileSystem' if place.scheme == 's3' else 'GcsFileSystem'}(anonymous=True{region})",
        f'table = ds.dataset({literal(place.rest)}, filesystem=store, format="parquet").head(100)',
        "print(table)",
    )


def _iceberg(place: Place) -> Snippet:
    snapshot = place.snapshot if place.snapshot.isascii() and place.snapshot.isdigit() else ""
    scan = f"table.scan(snapshot_id={int(snapshot)}, limit=100)" if snapshot else "table.scan(limit=100)"
    free = {"s3.anonymous": "true", **({"s3.region": place.region} if place.region else {})}
    properties = ", ".join(f"{literal(name)}: {literal(value)}" for name, value in free.items())
    named = f", properties={{{properties}}}" if place.scheme == "s3" else ""
    return python(
        "pyiceberg",
        "'pyiceberg[pyarrow,s3fs]'",
        "from pyiceberg.table import StaticTable",
        "",
        f"table = StaticTable.from_metadata({literal(place.href)}{named})",
        f"print({scan}.to_arrow())",
    )
