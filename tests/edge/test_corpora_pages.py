"""Every record of the real catalogs has a page: without error, harmless whatever is written in it, and of a weight that loads at once."""

import re
from urllib.parse import quote

import pytest

from frostnode.edge.http.links import record_path
from frostnode.edge.http.rendering import load_static
from frostnode.formats.imported import Record
from frostnode.project.fold import CatalogFold
from frostnode.replicate.ingest import Ingest
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.pages import Page
from scripts.benchmarks.corpora import CATALOGS, records_of

RECORDS = 6_836
"""6,856 are there; 20 ids of the community catalog stand there twice."""
FIRST_LOAD_BYTES_MAX = 100_000
OF_EVERY_PAGE = ("site.css", "copy.js", "mark.svg", "world.svg")
MARKUP = re.compile(r"<[a-zA-Z/!]")
HARM = re.compile(
    r"<(script(?! src=\"/static/)|iframe|img src=\"[^/]|object|embed|style|base|meta http)|\son\w+=|javascript:|style=",
    re.IGNORECASE,
)


def weight_of_static():
    """What each page loads besides itself."""
    paths, files = load_static()
    return sum(len(files[paths[name].removeprefix("/static/")].content) for name in OF_EVERY_PAGE)


@pytest.fixture
def catalogs(corpora):
    if corpora is None:
        pytest.skip("real catalogs are not beside the repository")
    return {name: list(records_of(name)) for name in CATALOGS}


def carry(node, catalogs):
    """Let the node carry all records; answers them by the path of their page."""
    pages: dict[str, Record] = {}
    for name, records in catalogs.items():
        publisher = MemoryPublisher(name)
        for record in records:
            publisher.put(record["key"], {k: v for k, v in record.items() if k not in ("type", "key")})
            pages[record_path(f"{publisher.did}/{record['key']}")] = record
        Ingest(node.store, None).take(list(publisher.stream()))
    fold = CatalogFold(node.store, node.catalog)
    while fold.step():
        pass
    return pages


@pytest.mark.corpora
@pytest.mark.slow
async def test_every_real_record_has_a_harmless_page_that_is_loaded_at_once(node, catalogs):
    pages = carry(node, catalogs)
    assert len(pages) == RECORDS
    beside, with_markup, heavy = weight_of_static(), 0, {}
    for path, record in pages.items():
        answer = await node.ask(quote(path, safe="/:?=&%"))
        assert answer.status == 200, path
        text = answer.text
        assert HARM.search(text) is None, (path, HARM.search(text))
        has_markup = MARKUP.search(str(record.get("description", ""))) is not None
        with_markup += has_markup
        if has_markup:
            Page(text)
        if len(answer.body) + beside >= FIRST_LOAD_BYTES_MAX:
            heavy[path] = len(answer.body) + beside
    assert with_markup >= 343
    assert not heavy, sorted(heavy.items(), key=lambda item: -item[1])[:20]
