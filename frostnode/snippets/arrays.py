"""Arrays: xarray over Zarr, NetCDF and rasters, and Icechunk, which keeps snapshots of Zarr."""

from collections.abc import Iterator

from frostnode.snippets.place import Kind, Place
from frostnode.snippets.quoting import literal
from frostnode.snippets.snippet import Snippet, python
from frostnode.snippets.stores import call, filesystem_package, options, to_open


def arrays(place: Place) -> Iterator[Snippet]:
    """What opens arrays at this place."""
    if place.kind is Kind.ICECHUNK:
        yield from _icechunk(place)
    elif place.kind is Kind.ZARR:
        package = filesystem_package(place)
        yield python(
            "xarray",
            f"xarray zarr {package}",
            "import xarray as xr",
            "",
            *call("ds = xr.open_zarr", place),
            "print(ds)",
        )
    elif place.kind is Kind.NETCDF:
        package = filesystem_package(place)
        named = [f"{name}={value}" for name, value in options(place).items()]
        yield python(
            "xarray",
            f"xarray h5netcdf h5py scipy fsspec {package}",  # scipy for those of version 3
            "import fsspec",
            "import xarray as xr",
            "",
            f"with fsspec.open({', '.join([to_open(place), *named])}) as file:",
            "    ds = xr.open_dataset(file).load()",
            "print(ds)",
        )
    elif place.kind is Kind.RASTER and place.scheme in ("http", "https"):
        yield python(
            "rioxarray",
            "rioxarray",
            "import rioxarray",
            "",
            f"image = rioxarray.open_rasterio({literal(place.href)})",
            "print(image)",
        )


def _icechunk(place: Place) -> Iterator[Snippet]:
    prefix = literal(place.path.rstrip("/"))
    region = f", region={literal(place.region)}" if place.region else ""
    match place.scheme:
        case "s3":
            storage = f"icechunk.s3_storage(bucket={literal(place.bucket)}, prefix={prefix}{region}, anonymous=True)"
        case "gs":
            storage = f"icechunk.gcs_storage(bucket={literal(place.bucket)}, prefix={prefix}, anonymous=True)"
        case "http" | "https":
            storage = f"icechunk.http_storage({literal(place.href)})"
        case _:
            return
    release = "'icechunk>=2'" if place.scheme in ("http", "https") else "icechunk"  # older ones know no HTTP
    at = f"snapshot_id={literal(place.snapshot)}" if place.snapshot else '"main"'
    yield python(
        "icechunk",
        f"{release} xarray zarr",
        "import icechunk",
        "import xarray as xr",
        "",
        f"storage = {storage}",
        f"session = icechunk.Repository.open(storage).readonly_session({at})",
        "ds = xr.open_zarr(session.store, consolidated=False)",
        "print(ds)",
    )
