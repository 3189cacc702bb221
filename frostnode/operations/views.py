"""What a view of all that is carried has: whether a record is in it, and all of its datasets."""

from frostnode.operations.parts import Parts
from frostnode.protocol.limits import SITEMAP_URLS_MAX
from frostnode.protocol.names import DATASET, VERSION, DidUrl, RecordKey, RecordType
from frostnode.protocol.references import dataset_of
from frostnode.search.language import parse_query
from frostnode.search.query import Field, Query, Within
from frostnode.search.values import spelled
from frostnode.search_port import Answer, Ask, Sort


async def is_in_view(parts: Parts, url: DidUrl, within: str) -> bool:
    """Whether a search finds this dataset; a version is where its dataset is, other records are in no view."""
    if url.type not in (DATASET, VERSION):
        return False
    name = spelled(Field.ID, str(dataset_of(url)))
    answer = await _asked(parts, Query((Within(Field.ID, name),)), within, limit=1)
    return answer.total > 0


async def datasets_of_view(parts: Parts, within: str) -> list[DidUrl]:
    """The datasets that a search finds, newest first; at most SITEMAP_URLS_MAX."""
    answer = await _asked(parts, Query(), within, limit=SITEMAP_URLS_MAX)
    return [
        DidUrl(did=hit.did, type=RecordType(hit.type), key=RecordKey(hit.key), cid=None)
        for hit in answer.found
    ]


async def _asked(parts: Parts, query: Query, within: str, *, limit: int) -> Answer:
    ask = Ask(
        query=query,
        limit=limit,
        sort=Sort.NEWEST,
        without=parts.carrying.hidden(include_unknown=False),
        own=parts.carrying.hosted,
        within=parse_query(within),
    )
    return await parts.worker.run(lambda: parts.index.search(ask))
