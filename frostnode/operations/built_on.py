"""What others have built on the data of a publisher, over all its datasets."""

from frostnode.operations.lineage_reader import CatalogLineage
from frostnode.operations.parts import Json, Params, Parts, Progress
from frostnode.protocol.limits import BUILT_ON_DATASETS_MAX, BUILT_ON_LISTED_MAX
from frostnode.protocol.names import DATASET, DidUrl, parse_did
from frostnode.protocol.references import named_record, record_name


async def built_on(parts: Parts, params: Params, progress: Progress) -> Json:
    """{ends: [{name, title, publisher}], more}: what lineage records of others say was made from datasets of `did`.

    Looked at are its BUILT_ON_DATASETS_MAX newest datasets.
    """
    did = parse_did(str(params["did"]))

    def run() -> Json:
        with parts.catalog.read() as catalog, parts.log.read() as log:
            found: dict[str, None] = {}
            for entry in catalog.records(type_=DATASET, did=did, limit=BUILT_ON_DATASETS_MAX):
                name = record_name(DidUrl(did=did, type=DATASET, key=entry.key))  # type: ignore[arg-type]  # as taken, so checked
                for product in catalog.products(name, limit=BUILT_ON_LISTED_MAX + 1):
                    record = named_record(product)
                    if record is None or record.did != did:
                        found[product] = None
                if len(found) > BUILT_ON_LISTED_MAX:
                    break
            reader = CatalogLineage(parts, catalog, log)
            ends = [reader.end(name) for name in list(found)[:BUILT_ON_LISTED_MAX]]
            return {
                "ends": [{"name": end.name, "title": end.title, "publisher": end.publisher} for end in ends],
                "more": len(found) > BUILT_ON_LISTED_MAX,
            }

    return await parts.worker.run(run)
