"""What the data of hits is at a glance: when, where, in which formats, under which license, for how much.

It is read from the records as the index reads them, so a hit shows what it was found by.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from frostnode.log.content import readable_body
from frostnode.operations.parts import Json, Parts
from frostnode.ports import CatalogEntry, CatalogReader, LogReader
from frostnode.protocol.dagcbor import Value
from frostnode.protocol.entry import Op
from frostnode.protocol.limits import GLANCE_BYTES_MAX
from frostnode.protocol.names import DATASET, Did
from frostnode.search.document import SearchDocument
from frostnode.search.query import Area
from frostnode.search.reading import document_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """Days are counted since 1970-01-01, None where open or not said; the rest is in the spelling of the search."""

    first_day: int | None = None
    last_day: int | None = None
    areas: Sequence[Area] = ()
    formats: Sequence[str] = ()
    license: str = ""
    price: str = ""


NOTHING = Glance()
"""Of a record that is not here, or too large to be read for a list."""


async def glances(parts: Parts, hits: Sequence[Json]) -> list[Glance]:
    """One of each hit, in their order."""

    def run() -> list[Glance]:
        with parts.catalog.read() as catalog, parts.log.read() as log:
            return [_glance(catalog, log, Did(hit["did"]), hit["type"], hit["key"]) for hit in hits]

    return await parts.worker.run(run)


def _glance(catalog: CatalogReader, log: LogReader, did: Did, type_: str, key: str) -> Glance:
    fields = _fields(log, catalog.current(did, type_, key))
    if fields is None:
        return NOTHING
    versions = catalog.versions(did, key, limit=1) if type_ == DATASET else []
    newest = _fields(log, versions[0]) if versions else None
    return _of(document_of(did, type_, key, fields, newest=newest))


def _fields(log: LogReader, entry: CatalogEntry | None) -> dict[str, Value] | None:
    """What an entry says; None where that is nothing, or not for a list."""
    if entry is None or entry.op != Op.PUT or entry.body is None or entry.size > GLANCE_BYTES_MAX:
        return None
    return readable_body(log, entry.body)


def _of(document: SearchDocument) -> Glance:
    return Glance(
        first_day=document.first_day,
        last_day=document.last_day,
        areas=document.areas,
        formats=document.formats,
        license=document.license,
        price=document.price,
    )
