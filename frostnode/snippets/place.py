"""Where data lies, read from the fields of a record that nobody has checked, and of what kind it seems to be.

An address with white space or signs that cannot be seen in it, with credentials, or longer than SNIPPET_HREF_CHARS_MAX is
no place: nobody shall run a line that says something else than it shows.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from frostnode.protocol.limits import SNIPPET_HREF_CHARS_MAX


class Kind(StrEnum):
    """What is at a place."""

    ZARR = "zarr"
    ICECHUNK = "icechunk"
    ICEBERG = "iceberg"
    PARQUET = "parquet"
    CSV = "csv"
    NETCDF = "netcdf"
    RASTER = "raster"
    FEATURES = "features"
    INTAKE = "intake"
    EARTH_ENGINE = "earth engine"
    HUGGING_FACE = "hugging face"
    DVC = "dvc"
    FILES = "files"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One location. `scheme` is in lower case, `rest` is what stands behind `://`."""

    href: str
    scheme: str
    rest: str
    kind: Kind
    region: str = ""
    account: str = ""
    snapshot: str = ""
    collection: str = ""
    """For Earth Engine: what kind of asset it is."""

    @property
    def bucket(self) -> str:
        """Of an address in an object store."""
        return self.rest.partition("/")[0]

    @property
    def path(self) -> str:
        """What stands behind the bucket or host."""
        return self.rest.partition("/")[2]


SCHEMES: Final = ("http", "https", "s3", "gs", "abfs", "az", "hf", "ee")
_ADDRESS: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,19})://(.+)", re.DOTALL)
_WORD: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_HUGGING_FACE: Final = re.compile(
    r"(?:https://huggingface\.co/datasets/|hf://datasets/)([\w.-]{1,96}/[\w.-]{1,96})"
)

_SAID: Final[tuple[tuple[str, Kind], ...]] = (
    ("icechunk", Kind.ICECHUNK),
    ("iceberg", Kind.ICEBERG),
    ("zarr", Kind.ZARR),
    ("parquet", Kind.PARQUET),
    ("csv", Kind.CSV),
    ("netcdf", Kind.NETCDF),
    ("hdf5", Kind.NETCDF),
    ("geotiff", Kind.RASTER),
    ("image/tiff", Kind.RASTER),
    ("geo+json", Kind.FEATURES),
    ("geopackage", Kind.FEATURES),
    ("intake", Kind.INTAKE),
    ("dvc", Kind.DVC),
)
"""Words in a media type, a storage or the name of the system that holds the data."""

_ENDS: Final[tuple[tuple[str, Kind], ...]] = (
    (".zarr", Kind.ZARR),
    (".icechunk", Kind.ICECHUNK),
    (".metadata.json", Kind.ICEBERG),
    (".parquet", Kind.PARQUET),
    (".parq", Kind.PARQUET),
    (".csv", Kind.CSV),
    (".csv.gz", Kind.CSV),
    (".nc", Kind.NETCDF),
    (".nc4", Kind.NETCDF),
    (".h5", Kind.NETCDF),
    (".tif", Kind.RASTER),
    (".tiff", Kind.RASTER),
    (".geojson", Kind.FEATURES),
    (".gpkg", Kind.FEATURES),
)


def read_place(location: Mapping[str, Any], snapshot: Mapping[str, Any] | None = None) -> Place | None:
    """Read a location; None for what no line of code can be given for."""
    href = _text(location, "href")
    found = _ADDRESS.fullmatch(href)
    if found is None or len(href) > SNIPPET_HREF_CHARS_MAX or not href.isprintable() or " " in href:
        return None
    scheme, rest = found[1].lower(), found[2]
    if scheme not in SCHEMES or "@" in rest.partition("/")[0] or not rest.strip("/"):
        return None
    held = snapshot if isinstance(snapshot, Mapping) else {}
    said = " ".join([_text(location, "type"), _text(location, "storage"), _text(held, "system")]).lower()
    return Place(
        href=href,
        scheme=scheme,
        rest=rest,
        kind=_kind(href, scheme, rest, said),
        region=_word(_text(location, "region")),
        account=_word(_text(location, "account")),
        snapshot=_text(held, "id"),
        collection=_text(location, "collection"),
    )


def hugging_face_name(href: str) -> str:
    """OWNER/NAME of a data set there; empty for another address."""
    found = _HUGGING_FACE.match(href)
    return found[1] if found else ""


def _kind(href: str, scheme: str, rest: str, said: str) -> Kind:
    if scheme == "ee":
        return Kind.EARTH_ENGINE
    if hugging_face_name(href):
        return Kind.HUGGING_FACE
    ending = rest.partition("?")[0].partition("#")[0].rstrip("/").lower()
    by_word = next((kind for word, kind in _SAID if word in said), None)
    by_end = next((kind for end, kind in _ENDS if ending.endswith(end)), None)
    if by_word is None and scheme in ("s3", "gs", "abfs", "az") and ".zarr/" in f"{ending}/":
        by_end = by_end or Kind.ZARR
    return by_word or by_end or Kind.FILES


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    return value.strip() if isinstance(value, str) else ""


def _word(text: str) -> str:
    """A region or account, if it looks like one."""
    return text if _WORD.fullmatch(text) else ""
