"""What imported metadata says in the usual conventions: STAC, Earth Engine, schema.org and Croissant, the registry of AWS.

Rules (spec/15-search.md#imported-metadata): a convention is told by its own names of things, wherever a record keeps it; what the
fields of a record say themselves comes first.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from frostnode.search.unchecked import maps, named, names_in, texts

_NOT_DATA: Final = frozenset(
    {
        *("documentation", "index", "iso-19115", "metadata", "overview", "preview", "rendered_preview"),
        *("stac-items", "thumbnail", "tilejson", "tiles", "visual-preview"),
    }
)
"""Roles and names of assets that are about data, not data."""

_BANDS: Final = ("bands", "eo:bands", "raster:bands")
_EARTH_ENGINE_MODELS: Final = (("image", "array"), ("table", "table"), ("feature", "table"))
_STORES: Final = (
    ("bucket", {"aws-s3": "s3", "gcp-storage": "gs"}),
    ("container", {"ms-azure": "az"}),
)
_VARIABLE_NAMES: Final = ("standard_name", "long_name")


@dataclass(slots=True)
class Said:
    """What was found, in order: texts as they stand there."""

    variables: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    formats: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    licenses: list[str] = field(default_factory=list)
    prices: list[str] = field(default_factory=list)
    accesses: list[str] = field(default_factory=list)
    same_as: list[str] = field(default_factory=list)
    boxes: list[object] = field(default_factory=list)
    intervals: list[object] = field(default_factory=list)
    model: str = ""
    is_deprecated: bool = False


def read_metadata(metadata: object) -> Said:
    """Read all documents that a record keeps in its field `metadata`."""
    said = Said()
    for _, document in named(metadata):
        _read(document, said)
    return said


def _read(document: Mapping[str, Any], said: Said) -> None:
    for name, read in _READERS.items():
        if name in document:
            read(document[name], said)


# -- STAC and Earth Engine ----------------------------------------------------------------------------


def _cube_variables(value: object, said: Said) -> None:
    for name, variable in named(value):
        if variable.get("type") != "auxiliary":
            said.variables.append(name)
            attributes = variable.get("attrs")
            if isinstance(attributes, dict):
                said.variables += _names(attributes)


def _names(attributes: Mapping[str, Any]) -> Iterator[str]:
    return (name for key in _VARIABLE_NAMES if isinstance(name := attributes.get(key), str))


def _bands(value: Mapping[str, Any], said: Said) -> None:
    for name in _BANDS:
        if name in value:
            said.variables += names_in(maps(value[name]), "name", "common_name", "eo:common_name")


def _columns(value: object, said: Said) -> None:
    said.columns += names_in(maps(value), "name")


def _summaries(value: object, said: Said) -> None:
    if isinstance(value, dict):
        _bands(value, said)
        said.variables += texts(value.get("cmip6:variable"))
        if said.model != "array":  # of images it lists what is said of each
            _columns(value.get("gee:schema"), said)


def _assets(value: object, said: Said) -> None:
    for name, asset in named(value):
        if name in _NOT_DATA or not _NOT_DATA.isdisjoint(texts(asset.get("roles"))):
            continue
        if isinstance(type_ := asset.get("type"), str):
            said.formats.append(type_)
        if isinstance(href := asset.get("href"), str):
            said.addresses.append(href)
        _bands(asset, said)
        if "table:columns" in asset:
            _columns(asset["table:columns"], said)
        if "cube:variables" in asset:
            _cube_variables(asset["cube:variables"], said)


def _storage_schemes(value: object, said: Said) -> None:
    for _, scheme in named(value):
        for name, store in _STORES:
            if isinstance(bucket := scheme.get(name), str):
                said.addresses.append(f"{store.get(str(scheme.get('type')), '')}://{bucket}")


def _earth_engine_type(value: object, said: Said) -> None:
    if isinstance(value, str):
        said.formats.append("earth engine asset")
        said.model = next((model for kind, model in _EARTH_ENGINE_MODELS if value.startswith(kind)), "")


def _earth_engine_status(value: object, said: Said) -> None:
    said.is_deprecated |= value == "deprecated"


def _extent(value: object, said: Said) -> None:
    if isinstance(value, dict):
        said.boxes += _listed(value.get("spatial"), "bbox")
        said.intervals += _listed(value.get("temporal"), "interval")


def _listed(value: object, name: str) -> list[object]:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def _links(value: object, said: Said) -> None:
    for link in maps(value):
        if link.get("rel") == "license":
            said.licenses += (text for key in ("href", "title") if isinstance(text := link.get(key), str))


# -- others --------------------------------------------------------------------------------------------


def _licenses(value: object, said: Said) -> None:
    said.licenses += texts(value)
    said.licenses += names_in(maps(value), "url", "@id", "name")


def _resources(value: object, said: Said) -> None:
    for resource in maps(value):
        if resource.get("RequesterPays") is True:
            said.accesses.append("requester pays")
        if isinstance(address := resource.get("ControlledAccess"), str):
            said.accesses.append("registration" if "credential" in address.lower() else "controlled")


def _variables(value: object, said: Said) -> None:
    said.variables += texts(value)
    said.variables += names_in(maps(value), "name", "alternateName")


def _distribution(value: object, said: Said) -> None:
    for item in maps(value):
        said.formats += (text for key in ("encodingFormat", "mediaType") for text in texts(item.get(key)))
        said.addresses += (text for key in ("contentUrl", "downloadURL") for text in texts(item.get(key)))


def _record_sets(value: object, said: Said) -> None:
    for record_set in maps(value):
        said.columns += names_in(maps(record_set.get("field")), "name")


def _same_as(value: object, said: Said) -> None:
    said.same_as += texts(value)


def _is_free(value: object, said: Said) -> None:
    if isinstance(value, bool):
        said.prices.append("free" if value else "paid")


def _temporal_coverage(value: object, said: Said) -> None:
    said.intervals += texts(value)


_READERS: Final = {
    "gee:type": _earth_engine_type,
    "cube:variables": _cube_variables,
    "table:columns": _columns,
    "summaries": _summaries,
    "item_assets": _assets,
    "assets": _assets,
    "storage:schemes": _storage_schemes,
    "gee:terms_of_use": _licenses,
    "gee:status": _earth_engine_status,
    "Resources": _resources,
    "License": _licenses,
    "license": _licenses,
    "license_text": _licenses,
    "variableMeasured": _variables,
    "distribution": _distribution,
    "recordSet": _record_sets,
    "sameAs": _same_as,
    "isAccessibleForFree": _is_free,
    "extent": _extent,
    "links": _links,
    "temporalCoverage": _temporal_coverage,
}
