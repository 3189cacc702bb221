"""Small files of every kind that can be loaded; run in the environment of the snippets: `made_data.py FOLDER ADDRESS`.

What is in FOLDER is served at ADDRESS; its folder `bucket` is a bucket of an object store too.
"""

import json
import sys
from pathlib import Path

import geopandas
import icechunk
import numpy as np
import pandas as pd
import pyarrow as pa
import rasterio
import xarray as xr
from pyarrow.fs import LocalFileSystem
from pyiceberg.catalog.memory import InMemoryCatalog
from pyiceberg.io.pyarrow import PyArrowFile, PyArrowFileIO
from rasterio.transform import from_origin
from shapely.geometry import Point

DAYS = pd.date_range("2026-01-01", periods=4, name="day")


def arrays(folder):
    """The same extents by day as Zarr, NetCDF, GeoTIFF and a repository of Icechunk."""
    ice = xr.Dataset({"extent": ("day", np.array([7.0, 8.0, 9.0, 10.0]))}, coords={"day": DAYS})
    ice.to_zarr(folder / "ice.zarr", consolidated=True)
    ice.to_netcdf(folder / "ice.nc", engine="h5netcdf")
    ice.to_netcdf(folder / "classic.nc", engine="scipy")
    with rasterio.open(
        folder / "ice.tif",
        "w",
        driver="GTiff",
        width=8,
        height=4,
        count=1,
        dtype="float32",
        crs="EPSG:4326",
        transform=from_origin(-180, 90, 45, 45),
    ) as image:
        image.write(np.arange(32, dtype="float32").reshape(1, 4, 8))
    storage = icechunk.local_filesystem_storage(str(folder / "ice.icechunk"))
    repository = icechunk.Repository.create(storage)
    session = repository.writable_session("main")
    ice.to_zarr(session.store, consolidated=False)
    first = session.commit("four days")
    session = repository.writable_session("main")
    (ice + 1).to_zarr(session.store, consolidated=False, mode="w")
    session.commit("corrected")
    (folder / "ice.icechunk.first").write_text(first)


def tables(folder):
    """The same as tables: CSV, Parquet, features."""
    table = pd.DataFrame({"day": DAYS, "extent": [7.0, 8.0, 9.0, 10.0]})
    table.to_csv(folder / "ice.csv", index=False)
    table.to_parquet(folder / "ice.parquet")
    (folder / "parts.parquet").mkdir()
    table.to_parquet(folder / "parts.parquet" / "part-0.parquet")
    buoys = geopandas.GeoDataFrame({"buoy": ["a", "b"]}, geometry=[Point(0, 80), Point(10, 82)], crs=4326)
    buoys.to_file(folder / "buoys.geojson", driver="GeoJSON")
    buoys.to_file(folder / "buoys.gpkg", driver="GPKG")


class Bucket(PyArrowFileIO):
    """Writes what belongs into the bucket to the folder that is served as one."""

    def _file(self, location):
        path = Path(self.properties["folder"]) / location.removeprefix("s3://")
        path.parent.mkdir(parents=True, exist_ok=True)
        return PyArrowFile(location=location, path=str(path), fs=LocalFileSystem(), buffer_size=1024)

    new_input = new_output = _file


def iceberg(folder):
    """A table of Iceberg with two snapshots in the bucket; in `iceberg.json` is where, and the first of these."""
    properties = {"warehouse": "s3://bucket/lake", "py-io-impl": "made_data.Bucket", "folder": str(folder)}
    catalog = InMemoryCatalog("made", **properties)
    catalog.create_namespace("polar")
    rows = pa.table({"day": pa.array([1, 2, 3]), "extent": pa.array([7.0, 8.0, 9.0])})
    table = catalog.create_table("polar.ice", schema=rows.schema)
    table.append(rows)
    first = table.current_snapshot().snapshot_id
    table.append(rows)
    made = {"href": table.metadata_location, "first": str(first)}
    (folder / "iceberg.json").write_text(json.dumps(made))


def intake(folder, address):
    """A catalog of Intake that leads to the table."""
    source = {"driver": "csv", "args": {"urlpath": f"{address}/ice.csv"}, "description": "Sea ice"}
    (folder / "intake.yaml").write_text(json.dumps({"sources": {"ice": source}}))


def main(folder, address):
    """Everything, in the folder and in its bucket."""
    for place in (folder, folder / "bucket"):
        place.mkdir(exist_ok=True)
        arrays(place)
        tables(place)
    intake(folder, address)
    iceberg(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
