"""Files: curl, the tools of object stores, rclone, and GDAL, which reads them where they are."""

from collections.abc import Iterator

from frostnode.snippets.place import Kind, Place
from frostnode.snippets.quoting import file_name, word
from frostnode.snippets.snippet import Snippet, shell

_WHOLE = (Kind.ZARR, Kind.ICECHUNK, Kind.ICEBERG)
"""Kinds of which one address is a whole folder."""

_NO_FILE = (Kind.ZARR, Kind.ICECHUNK, Kind.DVC, Kind.HUGGING_FACE)
"""Kinds of which nothing is at the address itself: of a table of Iceberg its metadata are."""


def files(place: Place) -> Iterator[Snippet]:
    """What fetches or reads files at this place."""
    if place.kind is Kind.RASTER or (place.kind is Kind.FEATURES and place.scheme in ("http", "https")):
        yield from _gdal(place)
    if place.scheme in ("http", "https") and place.kind not in _NO_FILE:
        name = file_name(place.href)
        yield shell("curl", f"curl --fail --location --globoff --output {word(name)} {word(place.href)}")
    if place.scheme == "s3":
        yield from _s3(place)
    if place.scheme == "gs":
        yield shell("gcloud", f"gcloud storage ls {word(f'gs://{place.rest}')}")


def _s3(place: Place) -> Iterator[Snippet]:
    """A file is copied, a folder listed; what ends as Parquet may be either, and a table of Iceberg is the folder around its metadata."""
    region = f" --region {word(place.region)}" if place.region else ""
    rest = place.rest.partition("/metadata/")[0] if place.kind is Kind.ICEBERG else place.rest
    name = file_name(rest)
    is_file = "." in name and place.kind not in (*_WHOLE, Kind.PARQUET) and not rest.endswith("/")
    address = f"s3://{rest}"
    if is_file:
        line = f"aws s3 cp --no-sign-request{region} {word(address)} ."
    elif place.kind is Kind.PARQUET:
        line = f"aws s3 ls --no-sign-request{region} {word(address)}"
    else:
        line = f"aws s3 ls --no-sign-request{region} {word(address.rstrip('/') + '/')}"
    yield shell("aws", line, needs="pip install awscli")
    remote = f":s3,provider=AWS{f',region={place.region}' if place.region else ''}:{rest}"
    yield shell("rclone", f"rclone copy --progress {word(remote)} {'.' if is_file else word(name)}")


def _gdal(place: Place) -> Iterator[Snippet]:
    match place.scheme:
        case "http" | "https":
            path = f"/vsicurl/{place.href}"
        case "s3":
            path = f"/vsis3/{place.rest}"
        case "gs":
            path = f"/vsigs/{place.rest}"
        case _:
            return
    program = "gdalinfo" if place.kind is Kind.RASTER else "ogrinfo"
    free = {"s3": "AWS_NO_SIGN_REQUEST=YES ", "gs": "GS_NO_SIGN_REQUEST=YES "}.get(place.scheme, "")
    yield shell("gdal", f"{free}{program} {word(path)}")
