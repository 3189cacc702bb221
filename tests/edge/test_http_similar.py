"""What is like a record, over HTTP: anybody may ask, by the record's name in the path or beside it."""

from urllib.parse import quote

import pytest

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.entry import header_cid
from frostnode.protocol.limits import SEARCH_LIMIT_MAX
from frostnode.testing.memory_publisher import MemoryPublisher

RECORDS = (
    ("profile", "self", {"name": "Ice Institute"}),
    ("dataset", "extent", {"title": "Sea ice extent of the Arctic", "keywords": ["cryosphere"]}),
    ("dataset", "thickness", {"title": "Sea ice thickness of the Arctic", "keywords": ["cryosphere"]}),
    ("dataset", "drift", {"title": "Drift of sea ice"}),
    ("dataset", "rain", {"title": "Rain on deserts"}),
    ("version", "extent@1", {"label": "1", "title": "Sea ice extent of the Arctic"}),
    ("dataset", "gone", {"title": "Sea ice extent of the Arctic"}),
    ("dataset", "gone", None),
)


@pytest.fixture(scope="module")
def icy(make_lasting_node):
    """A node that carries `ice`; tests only look at it."""
    return make_lasting_node("icy-similar")


@pytest.fixture(scope="module")
def ice(icy):
    return icy.publish(*RECORDS, name="ice")


async def test_records_of_the_same_type_come_the_most_alike_first(icy, ice):
    answer = await icy.ask(f"/api/similar/{ice.did}/extent")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.json["url"] == f"{ice.did}/extent"
    assert [hit["key"] for hit in answer.json["hits"]] == ["thickness", "drift"]
    first = answer.json["hits"][0]
    assert (first["title"], first["publisher"]) == ("Sea ice thickness of the Arctic", "Ice Institute")
    assert [source["url"] for source in first["sources"]] == []
    assert first["score"] > answer.json["hits"][1]["score"] > 0


async def test_the_record_is_named_in_the_path_or_beside_it_and_so_many_are_answered(icy, ice):
    url = f"{ice.did}/extent"
    in_path = await icy.ask(f"/api/similar/{url}?limit=1")
    beside = await icy.ask(f"/api/similar?limit=1&url={quote(url, safe='')}")
    assert [hit["key"] for hit in in_path.json["hits"]] == ["thickness"]
    assert beside.json == in_path.json
    assert (await icy.ask(f"/api/similar/{url}?limit=0")).json["hits"] == []
    exact = quote(f"{url}?cid={header_cid(ice.leaves[1])}", safe="")
    assert (await icy.ask(f"/api/similar?limit=1&url={exact}")).json == in_path.json


async def test_what_is_like_nothing_has_no_hits(icy, ice):
    assert (await icy.ask(f"/api/similar/{ice.did}/rain")).json["hits"] == []


async def test_who_has_the_answer_is_not_sent_it_again_until_it_is_another(node):
    publisher = MemoryPublisher("growing")
    publisher.put("a", {"title": "Sea ice extent"})
    publisher.put("b", {"title": "Sea ice thickness"})
    node.take(*publisher.stream())
    target = f"/api/similar/{publisher.did}/a"
    first = await node.ask(target)
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "no-cache"
    assert (await node.ask(target, headers={"if-none-match": tag})).status == 304
    publisher.put("c", {"title": "Sea ice extent by night"})
    node.take(*publisher.stream(2))
    again = await node.ask(target, headers={"if-none-match": tag})
    assert (again.status, [hit["key"] for hit in again.json["hits"]]) == (200, ["c", "b"])


async def test_what_is_withheld_is_no_hit_and_is_not_asked_about(node):
    publisher = MemoryPublisher("withheld")
    for key in ("a", "b", "c"):
        publisher.put(key, {"title": f"Sea ice {key}"})
    node.take(*publisher.stream())
    await node.parts_operate("block", target=f"{publisher.did}/b", reason="asked to")
    answer = await node.ask(f"/api/similar/{publisher.did}/a")
    assert [hit["key"] for hit in answer.json["hits"]] == ["c"]
    refused = await node.ask(f"/api/similar/{publisher.did}/b")
    assert (refused.status, refused.code) == (451, "record.withheld")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/similar", 400, "usage"),
        ("/api/similar/", 400, "name.did-url"),
        ("/api/similar/{did}", 400, "name.did-url"),
        ("/api/similar/{did}/nothing", 404, "record.not-found"),
        (f"/api/similar/did:frost:{Cid.of(b'')}/x", 404, "publisher.unknown"),
        (f"/api/similar/{{did}}/extent?limit={SEARCH_LIMIT_MAX + 1}", 400, "usage"),
        ("/api/similar/{did}/extent?limit=-1", 400, "usage"),
        ("/api/similar/{did}/extent?include=all", 400, "usage"),
        ("/api/similar/{did}/extent?q=ice", 400, "usage"),
        ("/api/similar/{did}/extent?url={did}/drift", 400, "usage"),
    ],
)
async def test_what_cannot_be_answered_is_said_with_a_code(icy, ice, path, status, code):
    answer = await icy.ask(path.format(did=ice.did))
    assert (answer.status, answer.code) == (status, code)


async def test_nothing_is_written_by_it(icy, ice):
    answer = await icy.ask(f"/api/similar/{ice.did}/extent", "POST")
    assert (answer.status, answer.code, answer.headers["allow"]) == (
        405,
        "request.method",
        "GET, HEAD, OPTIONS",
    )
