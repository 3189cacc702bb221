"""Lineage is checked against what is carried: versions never come from each other in a circle."""

from collections.abc import Iterator, Mapping
from typing import Final

from frostnode.ports import CatalogReader
from frostnode.protocol.errors import RecordError
from frostnode.protocol.limits import LINEAGE_EDGES_MAX
from frostnode.protocol.lineage import cycle
from frostnode.protocol.names import Did
from frostnode.protocol.record_shapes import wrong
from frostnode.protocol.records import LINEAGE
from frostnode.protocol.references import Role, is_own, references_of

_SHOWN_MAX: Final = 8


class LineageCheck:
    """The lineage records of one publication, each held against the catalog and those before it."""

    def __init__(self) -> None:
        self._drawn: dict[tuple[Did, str], tuple[str, list[str]]] = {}

    def check(self, catalog: CatalogReader, did: Did, key: str, fields: Mapping[str, object]) -> None:
        """Check what a record says was made from what; it is remembered for the next one.

        Raises:
            RecordError: record.field, for a record of somebody else; lineage.cycle
        """
        if not is_own(did, str(fields.get("generated"))):
            raise wrong("/generated", fields["generated"], "a record of the publisher itself, or one outside")
        references = references_of(did, LINEAGE, fields)
        generated = next((item.name for item in references if item.role is Role.GENERATED), "")
        used = [item.name for item in references if item.role is Role.USED]
        self._drawn.pop((did, key), None)
        loop = cycle(lambda name: self._built_on(catalog, did, key, name), generated, used)
        if loop:
            shown = " → ".join(loop[:_SHOWN_MAX]) + (" → …" if len(loop) > _SHOWN_MAX else "")
            raise RecordError("lineage.cycle", f"a version would come from itself: {shown}")
        self._drawn[did, key] = generated, used

    def _built_on(self, catalog: CatalogReader, did: Did, key: str, name: str) -> Iterator[str]:
        """What was made from a version, without what the record in question said before."""
        for edge in catalog.built_on(name, limit=LINEAGE_EDGES_MAX):
            if (edge.did, edge.key) != (did, key) and (edge.did, edge.key) not in self._drawn:
                yield edge.generated
        yield from (generated for generated, used in self._drawn.values() if name in used)
