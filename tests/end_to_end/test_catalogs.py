"""Two catalogs, four nodes: A and B publish, C follows both, D follows only C while A and B are gone.

With the real catalogs where they are, else with records written for the project.
"""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from frostnode.edge.sqlite.store import SqliteStore
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.dagjson import to_json
from frostnode.protocol.entry import decode_body
from frostnode.protocol.proofs import verify_proof

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "tests" / "formats" / "samples"
VERIFIERS = [
    [sys.executable, "-m", "frostnode", "verify"],
    [sys.executable, str(ROOT / "interop/python/frost_verify.py"), "proof"],
    ["node", str(ROOT / "interop/javascript/frost-verify.mjs"), "proof"],
]
PATIENCE_S = 120


@pytest.fixture
def catalogs(corpora, tmp_path):
    """(aws source, stac source) as JSON Lines, and the documents in them."""
    if corpora is not None:
        aws = corpora / "aws-open-data-registry" / "datasets.jsonl"
        stac = corpora / "earthengine" / "collections.jsonl"
    else:
        aws, stac = SAMPLES / "aws-open-data.jsonl", SAMPLES / "stac.jsonl"
    documents = [
        [json.loads(line) for line in path.read_text("utf-8").splitlines() if line] for path in (aws, stac)
    ]
    return aws, stac, documents


def wait_until(what, node, condition):
    """Poll a node's status; a bound, not a measure."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        status = node.json("status")
        if condition(status):
            return status
        assert time.monotonic() < deadline, f"{what}: {status}"
        time.sleep(0.2)


def datasets(status):
    return status["records"].get("dataset", 0)


def settled(node, total):
    return lambda status: (
        datasets(status) == total
        and not status["catalog_behind"]
        and not status["search_behind"]
        and not lacks_bodies(node)
    )


def lacks_bodies(node):
    """Whether a body is still to come: the leaf that names it may be durable before it is."""
    store = SqliteStore(node.home / "frost.db", None, None)
    try:
        with store.read() as reader:
            return any(reader.missing_bodies(head.origin, 0, 1) for head in reader.heads(0))
    finally:
        store.close()


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.corpora
def test_a_catalog_of_catalogs(make_node, catalogs, tmp_path):
    aws, stac, (aws_documents, stac_documents) = catalogs
    total = len(aws_documents) + len(stac_documents)
    a, b, c, d = map(make_node, "abcd")
    a.init("Registry A")
    b.init("Catalog B")
    assert len(a.json("import", "aws-open-data", aws)["records"]) == len(aws_documents)
    a.start()
    b.start()
    published = b.json("import", "stac", stac)["records"]
    assert {item["status"] for item in published} == {"published"}
    again = a.json("import", "aws-open-data", aws)["records"]
    assert {item["status"] for item in again} == {"unchanged"}

    c.init("Carrier C", "--peer", a.url, "--peer", b.url)
    chance = random.Random(7)
    kills = interrupted_sync(c, total, chance)
    c.start()
    wait_until("C carries both", c, settled(c, total))
    a.kill()
    b.kill()

    d.init("Carrier D", "--peer", c.url)
    kills += interrupted_sync(d, total, chance)
    d.start()
    wait_until("D carries both", d, settled(d, total))
    c.stop()
    assert kills >= 2
    assert d.json("fsck")["findings"] == []

    check_contents(d, aws_documents, stac_documents)
    for origin in origins_of(d):
        for verifier in VERIFIERS[1:]:
            command = [*verifier[:-1], "log", d.url, origin]
            subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE_S)
    d.stop()
    assert c.json("fsck")["findings"] == []
    assert d.json("fsck")["findings"] == []


def interrupted_sync(node, total, chance):
    """Start and kill -9 at random moments of the sync, with a clean fsck after each; answers how often."""
    kills = 0
    for _ in range(3):
        node.start()
        deadline = time.monotonic() + chance.uniform(0.05, 1.2)
        while time.monotonic() < deadline:
            time.sleep(0.01)
        node.kill()
        kills += 1
        assert node.json("fsck")["findings"] == []
    return kills


def check_contents(node, aws_documents, stac_documents):
    """Every dataset is there: found by its title, alone or as a source of the same; equal body and metadata; proofs verify."""
    store = SqliteStore(node.home / "frost.db", None, None)
    records = records_of(node)
    by_source = {
        (kind, json.dumps(document, sort_keys=True))
        for kind, document in sources(aws_documents, stac_documents)
    }
    found = set()
    with store.read() as reader:
        for record in records:
            body = reader.body(Cid.parse(record["body"]))
            assert str(Cid.of(body)) == record["body"]
            metadata = to_json(decode_body(body)["metadata"])
            ((kind, document),) = metadata.items()
            found.add((kind, json.dumps(document, sort_keys=True)))
    store.close()
    assert found == by_source
    with httpx.Client(base_url=node.url) as client:
        for record in records:
            hits = client.get("/api/search", params={"q": record["title"], "limit": 20}).json()["hits"]
            found_urls = [one["url"] for hit in hits for one in (hit, *hit["sources"])]
            assert record["url"] in found_urls, record["title"]
            verify_proof(client.get(f"/api/proof/{record['url']}").content)
    for record in (records[0], records[len(records) // 2], records[-1]):
        proof = node.home / "record.frostproof"
        node.frost("proof", record["url"], "-o", proof)
        for verifier in VERIFIERS:
            subprocess.run([*verifier, str(proof)], check=True, capture_output=True, timeout=60)


def sources(aws_documents, stac_documents):
    for document in aws_documents:
        yield "aws-open-data", {name: value for name, value in document.items() if name != "_slug"}
    yield from (("stac", document) for document in stac_documents)


def origins_of(node):
    """The logs that the running node offers, by its pages of heads."""
    return [head["origin"] for head in httpx.get(f"{node.url}/frost/heads/0").json()["heads"]]


def records_of(node):
    """All current datasets, by the API of the running node."""
    records = []
    while True:
        page = httpx.get(
            f"{node.url}/api/records",
            params={"type": "dataset", "limit": 1000, "offset": len(records)},
        ).json()["records"]
        records += page
        if len(page) < 1000:
            return records
