"""A registry's real history of changes, replayed to many subscribers: each gets exactly what the obvious way says."""

import json
import random

import pytest

from frostnode.log.content import headers_of
from frostnode.notify.describe import document_of_change
from frostnode.protocol.entry import header_cid
from frostnode.protocol.notice import Change, ChangeKind, NoticeId
from frostnode.search.subscription_target import parse_target
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.obvious_matcher import is_told

AT_ONCE = 400
PARTS = 3
ANY = NoticeId(number=1, position=0, database=bytes(16), tag=bytes(8))


def history(corpora):
    """(added or changed, slug) each, in order; made up where there is no real one."""
    if corpora is not None:
        lines = (corpora / "aws-open-data-registry" / "changes.tsv").read_text("utf-8").splitlines()
        rows = (line.split("\t") for line in lines)
        return [(kind != "D", slug.replace(" ", "-")) for _, kind, slug in rows]
    chance = random.Random(5)
    return [(chance.random() > 0.03, f"dataset-{chance.randrange(200)}") for _ in range(1500)]


def titles(corpora):
    """What the datasets are called, in some order."""
    if corpora is None:
        return [
            f"Dataset {n} of {word}" for n, word in enumerate(["ice", "ocean", "genomes", "weather"] * 50)
        ]
    lines = (corpora / "aws-open-data-registry" / "datasets.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["Name"] for line in lines]


def targets(publishers, slugs, names, chance):
    """200 of them: datasets, publishers, searches and everything."""
    words = sorted({word for name in names for word in name.lower().split() if word.isalpha()})
    found = [f"{publishers[place(slug)].did}/{slug}" for slug in chance.sample(slugs, 150)]
    found += [publishers[n % PARTS].did for n in range(6)]
    found += [" ".join(chance.sample(words, chance.randrange(1, 3))) for _ in range(30)]
    found += [f"{word} -{chance.choice(words)}" for word in chance.sample(words, 13)]
    return [*found, "*"]


def place(slug):
    """Which publisher a dataset is given to."""
    return sum(slug.encode()) % PARTS


@pytest.mark.slow
@pytest.mark.corpora
def test_each_subscriber_gets_what_the_obvious_way_says(make_node, corpora):
    node, chance = make_node(), random.Random(4)
    node.restart_stage(due_max=100_000)
    events, names = history(corpora), titles(corpora)
    publishers = [MemoryPublisher(f"publisher {n}") for n in range(PARTS)]
    slugs = sorted({slug for _, slug in events})
    wanted = {f"w{n}": parse_target(text) for n, text in enumerate(targets(publishers, slugs, names, chance))}
    assert len(wanted) == 200
    for who, target in wanted.items():
        node.watch(who, str(target))
    sent = [0] * PARTS
    for begin in range(0, len(events), AT_ONCE):
        for n, (is_there, slug) in enumerate(events[begin : begin + AT_ONCE], begin):
            publisher = publishers[place(slug)]
            if is_there:
                publisher.put(slug, {"title": f"{names[hash_of(slug) % len(names)]} {n}"})
            else:
                publisher.withdraw(slug)
        for at, publisher in enumerate(publishers):
            if len(publisher.leaves) > sent[at]:
                node.take(*publisher.stream(sent[at]))
                sent[at] = len(publisher.leaves)
        node.match()
    expected = obvious(node, publishers, wanted)
    for who, target in wanted.items():
        assert sorted(told(node, who)) == sorted(expected[who]), str(target)
    assert sum(map(len, expected.values())) > len(events)


def hash_of(slug):
    """A number that is the same in every run."""
    return int.from_bytes(slug.encode()[:6])


def told(node, who):
    """What is due: (publisher, index)."""
    with node.notices.read() as reader:
        dues = reader.due(who, 100_000)
    for publisher in {due.change.did for due in dues}:
        of_one = [due.change.index for due in dues if due.change.did == publisher]
        assert of_one == sorted(of_one)
    return [(due.change.did, due.change.index) for due in dues]


def obvious(node, publishers, wanted):
    """The same for all of them, entry by entry."""
    found = {who: [] for who in wanted}
    with node.disk.read() as log, node.catalog.read() as catalog:
        for publisher in publishers:
            for index, leaf, header in headers_of(log, publisher.origin, 0, len(publisher.leaves)):
                change = Change(
                    id=ANY,
                    kind=ChangeKind.PUT if header.op == "put" else ChangeKind.WITHDRAWN,
                    did=publisher.did,
                    at_ms=0,
                    type=header.type,
                    key=header.key,
                    origin=publisher.origin,
                    index=index,
                    header=header_cid(leaf),
                    body=header.body,
                )
                document = document_of_change(node.index.words, log, catalog, change)
                for who, target in wanted.items():
                    if is_told(target, change, document, node.index.words):
                        found[who].append((publisher.did, index))
    return found
