"""What a node says of itself to people: who runs it, what it carries, whom to write to."""

from frostnode.operations.parts import Json, Params, Parts, Progress
from frostnode.operations.read import shown_dids
from frostnode.protocol.names import DATASET


async def about(parts: Parts, params: Params, progress: Progress) -> Json:
    """{name, url, operator, contact, carry, hosted, publishers, datasets, records, software, version}."""

    def run() -> Json:
        with parts.catalog.read() as catalog, parts.log.read() as log:
            counts = catalog.counts()
            return {
                "name": parts.name,
                "url": parts.url,
                "operator": parts.operator,
                "contact": parts.contact,
                "carry": str(parts.carrying.policy.mode),
                "hosted": len({item.did for item in log.hosted()}),
                "publishers": len(shown_dids(log)),
                "datasets": counts.get(DATASET, 0),
                "records": sum(counts.values()),
                "software": parts.about.get("software", ""),
                "version": parts.about.get("version", ""),
            }

    return await parts.worker.run(run)
