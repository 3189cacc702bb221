"""The JSON API: the operations of the node, for everyone, by GET."""

from urllib.parse import quote

import pytest

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.entry import Header, Op, encode_body, encode_header, header_cid
from frostnode.protocol.keys import to_multibase
from frostnode.protocol.limits import (
    LISTING_MAX,
    QUERY_CHARS_MAX,
    SEARCH_LIMIT_MAX,
    SEARCH_OFFSET_MAX,
    SNIPPET_CHARS_MAX,
)
from frostnode.protocol.names import RecordKey, RecordType
from frostnode.protocol.proofs import verify_proof
from frostnode.testing.memory_publisher import MemoryPublisher

ICE = {
    "title": "Sea ice extent",
    "description": "Where the <b>ice</b> is.\n\nEvery day.",
    "extent": {"bbox": [[-180.0, -90.0, 180.0, 90.0]]},
    "count": 1,
    "float": 1.0,
    "data": b"\x00\xff",
    "link": Cid.of(b"elsewhere"),
}
RECORDS = (
    ("profile", "self", {"name": "Ice Institute"}),
    ("dataset", "sea-ice", {"title": "Sea ice extents"}),
    ("dataset", "sea-ice", ICE),
    ("version", "sea-ice@v1", {"label": "v1", "title": "First version"}),
    ("dataset", "gone", {"title": "Gone"}),
    ("dataset", "gone", None),
    ("lineage", "ice-from-air", {"generated": "https://a.example/x", "used": []}),
)


@pytest.fixture(scope="module")
def icy(make_lasting_node):
    """A node that carries `ice`; tests only look at it."""
    return make_lasting_node("icy")


@pytest.fixture(scope="module")
def ice(icy):
    return icy.publish(*RECORDS, name="ice")


async def get(node, path):
    answer = await node.ask(path)
    assert answer.status == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-content-type-options"] == "nosniff"
    return answer.json


async def test_status_says_what_is_carried_and_how_far_views_are(icy, ice):
    status = await get(icy, "/api/status")
    assert status["name"] == "The node of the tests"
    assert status["records"] == {"dataset": 1, "lineage": 1, "profile": 1, "version": 1}
    assert (status["publishers"], status["catalog_behind"], status["search_behind"]) == (1, 0, 0)


async def test_search_finds_with_title_publisher_and_the_beginning_of_the_description(icy, ice):
    answer = await get(icy, "/api/search?q=ice")
    hit = next(hit for hit in answer["hits"] if hit["key"] == "sea-ice")
    assert (hit["url"], hit["title"]) == (f"{ice.did}/sea-ice", "Sea ice extent")
    assert (hit["publisher"], hit["description"]) == ("Ice Institute", ICE["description"])
    assert (answer["total"], len(answer["hits"])) == (4, 3)  # a version is shown under its dataset
    of_type = await get(icy, "/api/search?q=ice+type:version")
    assert [hit["key"] for hit in of_type["hits"]] == ["sea-ice@v1"]


async def test_search_has_pages(icy, ice):
    everything = (await get(icy, "/api/search?q=ice"))["hits"]
    pages = [(await get(icy, f"/api/search?q=ice&limit=1&offset={at}"))["hits"] for at in range(5)]
    assert [hit["url"] for page in pages for hit in page] == [hit["url"] for hit in everything]


async def test_a_hit_shows_how_its_description_begins_however_large_the_record_is(node):
    text = "song " * 20_000
    node.publish(("dataset", "a", {"title": "Whale", "description": text, "metadata": {"x": "y" * 300_000}}))
    (hit,) = (await get(node, "/api/search?q=whale"))["hits"]
    assert hit["description"] == text[:SNIPPET_CHARS_MAX]


@pytest.mark.parametrize(
    "query",
    [
        "*",
        "id:~cursor",
        'id:"~cursor"',
        "cursor:1",
        "cursor:[0 TO 9]",
        "-nothing",
        "title:*",
        "+",
        "text:IN [a b]",
        "\x00",
        '"',
        "(((",
        "title:ice",
        "a:b:c",
    ],
)
async def test_whatever_is_searched_for_hits_are_records(icy, ice, query):
    hits = (await get(icy, f"/api/search?q={quote(query)}"))["hits"]
    assert {hit["did"] for hit in hits} <= {ice.did}


async def test_records_are_those_that_are_not_withdrawn_newest_first(icy, ice):
    records = (await get(icy, "/api/records"))["records"]
    assert sorted(item["key"] for item in records) == ["ice-from-air", "sea-ice", "sea-ice@v1", "self"]
    assert {item["publisher"] for item in records} == {"Ice Institute"}
    (version,) = (await get(icy, f"/api/records?type=version&did={ice.did}"))["records"]
    assert version["url"] == f"{ice.did}/sea-ice@v1"
    assert (await get(icy, "/api/records?offset=4"))["records"] == []


async def test_publishers_and_one_of_them(icy, ice):
    (item,) = (await get(icy, "/api/publishers"))["publishers"]
    assert (item["did"], item["name"], item["entries"]) == (ice.did, "Ice Institute", len(RECORDS))
    publisher = await get(icy, f"/api/publishers/{ice.did}")
    (event,) = publisher["events"]
    assert (event["kind"], event["cid"]) == ("genesis", str(ice.genesis.cid))
    assert event["log_key"] == to_multibase(ice.key.public)
    (epoch,) = publisher["epochs"]
    assert (epoch["size"], epoch["end"], epoch["frozen"]) == (len(RECORDS), None, False)
    assert len(publisher["listing"]) == 4


async def test_the_log_newest_first(icy, ice):
    entries = (await get(icy, f"/api/log/{ice.did}?limit=3"))["entries"]
    assert [entry["index"] for entry in entries] == [6, 5, 4]
    assert [entry["header"] for entry in entries] == [str(header_cid(ice.leaves[at])) for at in (6, 5, 4)]


async def test_a_record_in_its_lossless_form(icy, ice):
    record = await get(icy, f"/api/record/{ice.did}/sea-ice")
    fields = record["content"]["fields"]
    assert fields["description"] == ICE["description"]
    assert fields["data"] == {"/": {"bytes": "AP8"}}
    assert fields["link"] == {"/": str(ICE["link"])}
    answer = await icy.ask(f"/api/record/{ice.did}/sea-ice")
    assert '"count":1,' in answer.text and '"float":1.0,' in answer.text
    assert [version["key"] for version in record["versions"]] == ["sea-ice@v1"]
    assert [entry["index"] for entry in record["history"]] == [2, 1]


async def test_an_exact_entry_is_asked_for_by_its_cid(icy, ice):
    cid = header_cid(ice.leaves[1])
    for path in (
        f"/api/record/{ice.did}/sea-ice?cid={cid}",
        f"/api/record?url={quote(f'{ice.did}/sea-ice?cid={cid}', safe='')}",
        f"/api/record?url={ice.did}/sea-ice&cid={cid}",
    ):
        record = await get(icy, path)
        assert (record["header"], record["content"]["fields"]["title"]) == (str(cid), "Sea ice extents")


async def test_a_name_with_dots_between_slashes_can_be_asked_for_too(node):
    publisher = node.publish(("dataset", "a/../b", {"title": "Dots"}))
    url = quote(f"{publisher.did}/a/../b", safe="")
    assert (await get(node, f"/api/record?url={url}"))["title"] == "Dots"
    answer = await node.ask(f"/api/proof?url={url}")
    assert verify_proof(answer.body).fields == {"title": "Dots"}


async def test_what_is_not_here_is_said_with_its_reason(node):
    publisher = MemoryPublisher("states")
    for key in ("erased", "absent", "here"):
        publisher.put(key, {"title": key})
    publisher.withdraw("here")
    publisher.bodies[1] = None
    node.take(*publisher.stream())
    with node.store.write() as writer:
        writer.withhold_body(publisher.origin, 0, "erased", "asked to")
    states = {}
    for key in ("erased", "absent", "here"):
        answer = await node.ask(f"/api/record/{publisher.did}/{key}")
        assert answer.status == (451 if key == "erased" else 200)
        record = answer.json["record"] if key == "erased" else answer.json
        states[key] = record["content"]["state"]
        assert "fields" not in record["content"]
        assert record["proof"]["available"]
    assert states == {"erased": "erased", "absent": "absent", "here": "withdrawn"}


async def test_a_withdrawal_with_words_of_its_own_is_still_a_withdrawal(node):
    publisher = MemoryPublisher("words")
    publisher.put("a", {"title": "A"})
    body = encode_body({"note": "wrong units"}, bytes(16))
    header = Header(
        op=Op.WITHDRAW,
        type=RecordType("dataset"),
        key=RecordKey("a"),
        time=1,
        body=Cid.of(body),
        size=len(body),
    )
    publisher.append(encode_header(header), body)
    node.take(*publisher.stream())
    record = await get(node, f"/api/record/{publisher.did}/a")
    assert record["content"]["state"] == "withdrawn"


async def test_the_proof_proves_the_record_without_the_node(icy, ice):
    answer = await icy.ask(f"/api/proof/{ice.did}/sea-ice")
    assert answer.headers["content-type"] == "application/vnd.frostnode.proof+cbor"
    assert answer.headers["content-disposition"] == 'attachment; filename="sea-ice.frostproof"'
    proven = verify_proof(answer.body)
    assert (proven.did, proven.index, proven.fields) == (ice.did, 2, ICE)
    record = await get(icy, f"/api/record/{ice.did}/sea-ice")
    assert record["proof"] == {"available": True, "size": len(RECORDS)}


@pytest.mark.parametrize("key", ["a/b", "..", "a:b", "...", ".-.", "x" * 200])
async def test_the_file_name_of_a_proof_is_harmless(node, key):
    publisher = node.publish(("dataset", key, {"title": "x"}))
    answer = await node.ask(f"/api/proof?url={quote(f'{publisher.did}/{key}', safe='')}")
    name = answer.headers["content-disposition"].partition("filename=")[2].strip('"')
    assert name.endswith(".frostproof") and not name.startswith(("/", "-"))
    assert "/" not in name and ".." not in name and len(name) < 120


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/nothing", 404, "record.not-found"),
        ("/api/search?q=x&limit=-1", 400, "usage"),
        ("/api/search?q=x&limit=x", 400, "usage"),
        (f"/api/search?q=x&limit={SEARCH_LIMIT_MAX + 1}", 400, "usage"),
        (f"/api/search?q=x&offset={SEARCH_OFFSET_MAX + 1}", 400, "usage"),
        (f"/api/search?q={'x' * (QUERY_CHARS_MAX + 1)}", 400, "query.malformed"),
        (f"/api/records?limit={LISTING_MAX + 1}", 400, "usage"),
        ("/api/records?type=Data%20set", 400, "name.type"),
        ("/api/records?did=x", 400, "name.did"),
        ("/api/records?offset=" + "9" * 30, 400, "usage"),
        ("/api/publishers/x", 400, "name.did"),
        (f"/api/publishers/did:frost:{Cid.of(b'')}", 404, "publisher.unknown"),
        (f"/api/log/did:frost:{Cid.of(b'')}", 404, "publisher.unknown"),
        ("/api/record", 400, "usage"),
        ("/api/record/", 400, "name.did-url"),
        ("/api/record/{did}", 400, "name.did-url"),
        ("/api/record/{did}/nothing", 404, "record.not-found"),
        ("/api/record/{did}/sea-ice?cid=x", 400, "name.did-url"),
        (f"/api/record/{{did}}/sea-ice?cid={Cid.of(b'')}", 404, "record.not-found"),
        (f"/api/record/did:frost:{Cid.of(b'')}/sea-ice", 404, "publisher.unknown"),
        ("/api/proof/{did}/nothing", 404, "record.not-found"),
    ],
)
async def test_what_cannot_be_answered_is_said_with_a_code(icy, ice, path, status, code):
    answer = await icy.ask(path.format(did=ice.did))
    assert (answer.status, answer.code) == (status, code)
