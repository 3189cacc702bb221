"""Saved searches mean exactly what the search means: over records of a real catalog, by what stands in them."""

import random

import pytest

from frostnode.edge.tantivy.index import TantivyIndex
from frostnode.formats import stac
from frostnode.notify.matcher import Matcher
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import LocalError
from frostnode.protocol.notice import Change, ChangeKind, NoticeId
from frostnode.search.matching import DocumentWords, field_texts, field_values
from frostnode.search.query import Field
from frostnode.search.reading import document_of
from frostnode.search.saved_search import parse_saved_search
from frostnode.search.subscription_target import OfSearch
from frostnode.search_port import Ask
from frostnode.testing.memory_publisher import MemoryPublisher

DIDS = [MemoryPublisher(name).did for name in ("one", "two")]
ANY = NoticeId(number=1, position=0, database=bytes(16), tag=bytes(8))
RECORDS = 60
SEARCHES = 300
AROUND = [
    "after:2000",
    "before:2015",
    "during:2010/2012",
    "bbox:-10,30,40,60",
    "point:10,50",
    "bbox:170,-50,200,50",
]
MADE_UP = [
    "Sea-ice extent, daily",
    "Größe des Meereises",
    "海氷面積",
    "Sea surface temperature",
    "Ice_sheet mass of ice",
]


def records(corpora):
    """(key, fields) of some records, of a real catalog where there is one."""
    if corpora is None:
        return [
            (f"made/up-{n}", {"title": MADE_UP[n % 5], "keywords": [MADE_UP[n % 3]], "license": ["CC-BY-4.0", "MIT"][n % 2]})
            for n in range(RECORDS)
        ]  # fmt: skip
    with (corpora / "planetary-computer" / "collections.jsonl").open("rb") as lines:
        found = [(str(record["key"]), record) for record in stac.from_json_lines(lines)]
    return found[:RECORDS]


def part(document, chance):
    """Something that might be asked for by who knows of this document."""
    texts = [document.title, *document.keywords, document.description[:500], *document.texts[:20]]
    words = (chance.choice(texts) or "ice").replace('"', "").split() or ["ice"]
    at = chance.randrange(len(words))
    sign = chance.choice(["", "", "", "+", "-"])
    match chance.randrange(6):
        case 0 | 1:
            return sign + words[at].swapcase()
        case 2:
            return f'{sign}"{" ".join(words[at : at + 3])}"'
        case 3:
            return f"{words[at][: chance.randrange(2, 6)]}*"
    field = chance.choice(sorted({*Field} - {Field.YEAR, Field.SOURCE}))
    value = chance.choice([*field_texts(document, field), *field_values(document, field), "ice"]).replace(
        '"', ""
    )
    return f'{sign}{field}:"{value}"' if chance.random() < 0.7 else f'{field}:"{value[:4]}"*'


def search(documents, chance):
    document = chance.choice(documents)
    parts = [part(document, chance) for _ in range(chance.randrange(1, 4))]
    return " ".join([*parts, *chance.sample(AROUND, chance.random() < 0.2)])


@pytest.mark.slow
@pytest.mark.corpora
def test_who_has_saved_a_search_is_told_of_what_it_finds(tmp_path, corpora):
    chance = random.Random(15)
    documents = [document_of(chance.choice(DIDS), "dataset", key, fields) for key, fields in records(corpora)]
    index = TantivyIndex(tmp_path)
    for document in documents:
        index.put(document)
    index.commit(1, b"tag")
    matcher, saved = Matcher(index.words), {}
    for text in (search(documents, chance) for _ in range(SEARCHES)):
        try:
            saved[text] = parse_saved_search(text)
        except LocalError:
            continue
        matcher.add(text, OfSearch(text, saved[text]))
    told = {text: set() for text in saved}
    for document in documents:
        seen = DocumentWords(document, index.words)
        for text in matcher.match(change_of(document), lambda seen=seen: seen):
            told[text].add((document.did, document.key))
    for text, query in saved.items():
        answer = index.search(Ask(query=query.query, limit=RECORDS))
        assert told[text] == {(hit.did, hit.key) for hit in answer.found if not hit.is_near}, text
    assert len(saved) > SEARCHES / 2
    assert sum(map(bool, told.values())) > len(saved) / 4
    index.close()


def change_of(document):
    return Change(
        id=ANY,
        kind=ChangeKind.PUT,
        did=document.did,
        at_ms=0,
        type=document.type,
        key=document.key,
        header=Cid.of(b"x"),
    )
