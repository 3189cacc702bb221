"""The snippets of a record: from its locations, from links that lead to data, from what its metadata says of other systems."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from frostnode.protocol.limits import SNIPPET_PLACES_MAX
from frostnode.snippets.arrays import arrays
from frostnode.snippets.catalogs import catalogs
from frostnode.snippets.files import files
from frostnode.snippets.place import Kind, Place, read_place
from frostnode.snippets.snippet import Snippet
from frostnode.snippets.tables import tables

_DATA_LINKS: Final = ("data", "enclosure", "download", "item")
_FAMILIES: Final = (arrays, tables, catalogs, files)
_LOOKED_AT_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """One place and the ways to load from it, the best one first."""

    href: str
    title: str
    kind: str
    snippets: tuple[Snippet, ...]


def loadings(fields: object) -> tuple[Loading, ...]:
    """How to load what a record is about, out of its fields in their JSON form; at most SNIPPET_PLACES_MAX places."""
    if not isinstance(fields, Mapping):
        return ()
    found: dict[str, Loading] = {}
    for title, place in _places(fields):
        snippets = tuple(snippet for family in _FAMILIES for snippet in family(place))
        if snippets and place.href not in found:
            kind = "" if place.kind is Kind.FILES else str(place.kind)
            found[place.href] = Loading(href=place.href, title=title, kind=kind, snippets=snippets)
        if len(found) == SNIPPET_PLACES_MAX:
            break
    return tuple(found.values())


def _places(fields: Mapping[str, Any]) -> Iterator[tuple[str, Place]]:
    snapshot = fields.get("snapshot")
    for location in (*_maps(fields.get("locations")), *_data_links(fields), *_assets(fields)):
        place = read_place(location, snapshot if isinstance(snapshot, Mapping) else None)
        if place is not None:
            title = location.get("title")
            yield (title[:200] if isinstance(title, str) else ""), place


def _data_links(fields: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Links that say that they lead to data, or cannot lead anywhere else."""
    for link in _maps(fields.get("links")):
        place = read_place(link)
        is_store = place is not None and place.scheme not in ("http", "https")
        if is_store or link.get("rel") in _DATA_LINKS:
            yield link


def _assets(fields: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The assets of a STAC collection, and the asset of Earth Engine that one describes."""
    metadata = fields.get("metadata")
    stac = metadata.get("stac") if isinstance(metadata, Mapping) else None
    if not isinstance(stac, Mapping):
        return
    kind, name = stac.get("gee:type"), stac.get("id")
    if isinstance(kind, str) and isinstance(name, str):
        yield {"href": f"ee://{name}", "collection": kind, "title": "Earth Engine"}
    assets = stac.get("assets")
    for asset in islice(assets.values(), _LOOKED_AT_MAX) if isinstance(assets, Mapping) else ():
        if isinstance(asset, Mapping) and _is_data(asset):
            yield {**asset, "account": _account(asset)}


def _is_data(asset: Mapping[str, Any]) -> bool:
    roles = asset.get("roles")
    return not (
        isinstance(roles, list) and {"thumbnail", "overview", "metadata"} & set(map(str, roles))
    ) and (asset.get("type") not in ("text/html", "application/pdf", "image/png", "image/jpeg"))


def _account(asset: Mapping[str, Any]) -> str:
    """The account of an asset on Azure."""
    for name in ("xarray:storage_options", "table:storage_options"):
        options = asset.get(name)
        if isinstance(options, Mapping) and isinstance(options.get("account_name"), str):
            return str(options["account_name"])
    return ""


def _maps(value: object) -> Iterator[Mapping[str, Any]]:
    items = value[:_LOOKED_AT_MAX] if isinstance(value, list) else []
    return (item for item in items if isinstance(item, Mapping))
