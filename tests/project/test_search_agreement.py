"""The index over Tantivy against the one that looks at each document in turn: random catalogs, random queries, any history."""

import random
from dataclasses import replace

import pytest

from frostnode.edge.tantivy.analysis import words
from frostnode.edge.tantivy.index import TantivyIndex
from frostnode.protocol.names import Did
from frostnode.search.document import SearchDocument
from frostnode.search.facets import COUNTED, label_of
from frostnode.search.query import Area, Field, Occur, Period, Phrase, Query, Within, Word
from frostnode.search_port import Ask, Sort
from frostnode.testing.memory_index import MemoryIndex

DIDS = [Did(f"did:frost:bafyrei{letter}") for letter in "abcd"]
VOCABULARY = [
    "sea",
    "ice",
    "seas",
    "icy",
    "extent",
    "Étude",
    "naïve",
    "temperature",
    "temperatures",
    "海",
    "面",
    "水温",
    "the",
    "of",
    "ocean-colour",
    "sst_daily",
    "MODIS09",
    "in",
    "ภาษา",
    "हिन्दी",
    "x9",
    "9",
]
VALUES = {
    Field.MODEL: ["array", "table"],
    Field.FORMAT: ["zarr", "netcdf", "cog", "geotiff"],
    Field.LICENSE: ["cc-by", "cc-by-sa", "other"],
    Field.PRICE: ["free"],
    Field.ACCESS: ["open", "restricted"],
    Field.HOST: ["data.example.org", "s3:bucket"],
    Field.TYPE: ["dataset", "lineage", "profile"],
    Field.SOURCE: ["own", "carried", "harvested"],
    Field.YEAR: ["1970", "1971", "1975", "2000"],
}
NAMES = ["doi:10.5067/one", "doi:10.5067/two", "url:https://example.org/a?b=c"]


class Chance:
    """What comes of one seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def text(self, longest=4):
        return " ".join(self.random.choices(VOCABULARY, k=self.random.randrange(1, longest + 1)))

    def some(self, values, most=2):
        return tuple(self.random.sample(values, self.random.randrange(min(most, len(values)) + 1)))

    def maybe(self, value):
        return value if self.random.random() < 0.5 else None

    def day(self):
        return self.random.randrange(-400, 2200)

    def area(self):
        west, east = (self.random.choice([-180, -90.5, 0, 10, 180]) for _ in range(2))
        south, north = sorted(self.random.choice([-90, -10.25, 0, 45, 90]) for _ in range(2))
        return Area(float(west), float(south), float(east), float(north))

    def within_globe(self):
        area = self.area()
        return replace(area, west=min(area.west, area.east), east=max(area.west, area.east))

    def document(self):
        type_ = self.random.choice(VALUES[Field.TYPE])
        first, last = sorted((self.day(), self.day()))
        return SearchDocument(
            did=self.random.choice(DIDS),
            type=type_,
            key="self" if type_ == "profile" else self.random.choice(["a", "sea-ice", "b/c.d", "x9"]),
            title=self.text(),
            keywords=[self.text(2) for _ in range(self.random.randrange(3))],
            description=self.maybe(self.text(12)) or "",
            texts=[self.text() for _ in range(self.random.randrange(3))],
            variables=[self.text(1) for _ in range(self.random.randrange(2))],
            columns=[self.text(1) for _ in range(self.random.randrange(2))],
            harvested_from=self.maybe("elsewhere") or "",
            model=self.maybe("array") or "",
            formats=self.some(VALUES[Field.FORMAT]),
            license=self.random.choice(["", *VALUES[Field.LICENSE]]),
            price=self.maybe("free") or "",
            access=self.random.choice(["", *VALUES[Field.ACCESS]]),
            hosts=self.some(VALUES[Field.HOST]),
            areas=[self.within_globe() for _ in range(self.random.randrange(3))],
            first_day=self.maybe(first),
            last_day=self.maybe(last),
            changed_ms=self.random.choice([0, 10**12, 1_700_000_000_000]),
            same_as=self.some(NAMES),
            uses=self.random.randrange(3),
            is_deprecated=self.random.random() < 0.2,
        )

    def occur(self):
        return self.random.choices(list(Occur), [6, 1, 1])[0]

    def within(self):
        field = self.random.choice(list(Field))
        if field in VALUES:
            text = self.random.choice(VALUES[field])
            can_begin = field not in (Field.YEAR, Field.SOURCE)
        elif field is Field.SUBJECT:
            text, can_begin = label_of(self.text(2)), True
        elif field is Field.ID:
            text = self.random.choice([*NAMES, "a", "b/c.d", f"{DIDS[0]}/a", f"{DIDS[1]}/~lineage/x9"])
            can_begin = True
        elif field is Field.PUBLISHER:
            text, can_begin = self.random.choice([DIDS[0], DIDS[1][:-1], self.text(1)]), False
        else:
            text, can_begin = self.text(2), True
        is_prefix = can_begin and self.random.random() < 0.2
        if is_prefix:
            text = text[: self.random.randrange(2, len(text) + 1)].rstrip() if len(text) > 2 else text
        return Within(field, text, self.occur(), is_prefix)

    def clause(self):
        kind = self.random.choices(["word", "phrase", "within", "period", "area"], [8, 2, 4, 1, 1])[0]
        match kind:
            case "word":
                text = self.text(1)
                is_prefix = len(text) > 2 and self.random.random() < 0.2
                return Word(text[:-1] if is_prefix else text, self.occur(), is_prefix)
            case "phrase":
                return Phrase(self.text(3), self.occur())
            case "within":
                return self.within()
            case "period":
                first, last = sorted((self.day(), self.day()))
                first = self.maybe(first)
                return Period(first, last if first is None else self.maybe(last))
            case _:
                return self.area()

    def query(self):
        return Query(tuple(self.clause() for _ in range(self.random.randrange(5))))

    def ask(self):
        return Ask(
            query=self.query(),
            limit=1000,
            sort=self.random.choice(list(Sort)),
            facets=COUNTED,
            without=frozenset(self.some(DIDS, 1)),
            own=frozenset(self.some(DIDS, 2)),
            known=frozenset(DIDS[:2]),
            within=self.query() if not self.random.randrange(3) else None,
        )


def named(found, *, is_near):
    return sorted((hit.did, hit.type, hit.key) for hit in found if hit.is_near is is_near)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_tantivy_answers_what_looking_at_each_document_does(tmp_path, seed):
    chance = Chance(seed)
    indexes = TantivyIndex(tmp_path), MemoryIndex(words=words)
    for document in [chance.document() for _ in range(30)]:
        for index in indexes:
            index.put(document)
    for index in indexes:
        index.commit(1, b"tag")
    kinds = set()
    for _ in range(200):
        ask = chance.ask()
        real, plain = (index.search(ask) for index in indexes)
        assert named(real.found, is_near=False) == named(plain.found, is_near=False), ask
        assert named(real.found, is_near=True) == named(plain.found, is_near=True), ask
        assert (real.total, real.near) == (plain.total, plain.near)
        assert {field: list(real.facets[field].items()) for field in real.facets} == {
            field: list(plain.facets[field].items()) for field in plain.facets
        }, ask
        kinds.add((bool(real.total), bool(real.near)))
    assert len(kinds) == 4  # hits, near ones, both and neither: the test sees something
    indexes[0].close()


def answers(index, seed):
    chance = Chance(seed)
    asks = [chance.ask() for _ in range(120)]
    return [
        (answer.total, answer.near, [(hit.did, hit.type, hit.key, hit.score) for hit in answer.found])
        for answer in map(index.search, asks)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_equal_documents_are_in_equal_order_whatever_was_there_before(tmp_path, seed):
    chance = Chance(seed)
    final = {(one.did, one.type, one.key): one for one in (chance.document() for _ in range(40))}
    indexes = []
    for name in ("straight", "winding"):
        index = TantivyIndex(tmp_path / name)
        order = list(final.values())
        chance.random.shuffle(order)
        for at, document in enumerate(order, 1):
            if name == "winding":
                index.put(replace(chance.document(), did=document.did, type=document.type, key=document.key))
                passing = chance.document()
                index.put(passing)
                if not at % 5:
                    index.commit(at, b"tag")
                if (passing.did, passing.type, passing.key) not in final:
                    index.remove(passing.did, passing.type, passing.key)
                else:
                    index.put(final[passing.did, passing.type, passing.key])
            index.put(document)
        index.commit(100, b"tag")
        indexes.append(index)
    assert answers(indexes[0], seed) == answers(indexes[1], seed)
    for index in indexes:
        index.close()
