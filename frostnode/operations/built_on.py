"""What others have built on the data of a publisher, over all its datasets."""

from frostnode.operations.lineage_reader import CatalogLineage
from frostnode.operations.parts import Json, Params, Parts, Progress
from frostnode.protocol.limits import BUILT_ON_LISTED_MAX, BUILT_ON_LOOKED_AT_MAX
from frostnode.protocol.names import parse_did


async def built_on(parts: Parts, params: Params, progress: Progress) -> Json:
    """{ends: [{name, title, publisher}], more}: what lineage records say was made from datasets of `did`, and is not its own.

    Looked at are BUILT_ON_LOOKED_AT_MAX mentions of its data.
    """
    did = parse_did(str(params["did"]))

    def run() -> Json:
        with parts.catalog.read() as catalog, parts.log.read() as log:
            found = catalog.built_elsewhere(
                did, limit=BUILT_ON_LISTED_MAX + 1, looked_at=BUILT_ON_LOOKED_AT_MAX
            )
            reader = CatalogLineage(parts, catalog, log)
            ends = [reader.end(name) for name in found[:BUILT_ON_LISTED_MAX]]
            return {
                "ends": [{"name": end.name, "title": end.title, "publisher": end.publisher} for end in ends],
                "more": len(found) > BUILT_ON_LISTED_MAX,
            }

    return await parts.worker.run(run)
