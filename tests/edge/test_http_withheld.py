"""What a node withholds, over HTTP: 451 with the reason on every path, a public list, and caches that ask again."""

import json
from html import escape

import pytest

from frostnode.operations.table import operate
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.entry import header_cid
from frostnode.protocol.limits import ERASABLE_CACHED_S, HEADS_PAGE_MAX
from frostnode.protocol.merkle import leaf_hash
from frostnode.protocol.proofs import verify_proof
from frostnode.testing.memory_publisher import MemoryPublisher

REASON = "asked for by <the author>"


async def quiet(what, done, total):
    """Nobody looks on."""


async def act(node, operation, **params):
    return await operate(node.parts, operation, {"reason": REASON, **params}, quiet)


@pytest.fixture
def publisher(node):
    return node.publish(*(("dataset", key, {"title": f"Title of {key}"}) for key in "abc"))


async def refused(node, path):
    """The answer to a path that must be refused, as a problem document or a page."""
    answer = await node.ask(path)
    assert answer.status == 451, path
    words = answer.text if "html" in answer.headers["content-type"] else answer.json["detail"]
    assert REASON in words or escape(REASON) in words
    assert answer.headers["cache-control"] == "no-cache"
    return answer


async def test_an_erased_body_is_451_on_every_path_and_its_entry_still_shown(node, publisher):
    cid = Cid.of(publisher.bodies[1])
    await act(node, "erase", target=f"{publisher.did}/b")
    await refused(node, f"/frost/body/{cid}")
    await refused(node, f"/api/proof/{publisher.did}/b")
    page = await refused(node, f"/record/{publisher.did}/b")
    assert "Title of b" not in page.text
    assert "bare=1" in page.text
    record = (await refused(node, f"/api/record/{publisher.did}/b")).json["record"]
    assert (record["index"], record["content"]["state"], record["title"]) == (1, "erased", "")
    bare = await node.ask(f"/api/proof/{publisher.did}/b?bare=1")
    assert (verify_proof(bare.body).index, verify_proof(bare.body).fields) == (1, None)
    for key in "ac":
        assert (await node.ask(f"/record/{publisher.did}/{key}")).status == 200
        neighbour = await node.ask(f"/api/proof/{publisher.did}/{key}")
        assert verify_proof(neighbour.body).fields == {"title": f"Title of {key}"}


async def test_an_erased_header_is_451_by_its_name_and_a_hash_in_its_bundle(node, publisher):
    exact = f"{publisher.did}/b?cid={header_cid(publisher.leaves[1])}"
    await act(node, "erase", target=f"{publisher.did}/b", header=True)
    for path in (f"/record/{exact}", f"/api/record/{exact}", f"/api/proof/{exact}"):
        assert (await refused(node, path)).code == "record.withheld"
    bundle = await node.ask(f"/frost/{publisher.origin}/tile/entries/000.p/3")
    assert publisher.leaves[0] in bundle.body
    assert publisher.leaves[1] not in bundle.body
    tile = await node.ask(f"/frost/{publisher.origin}/tile/0/000.p/3")
    assert tile.body == b"".join(map(leaf_hash, publisher.leaves))


async def test_who_is_blocked_is_451_on_every_path(node, publisher):
    other = node.publish(("dataset", "x", {"title": "Other"}), name="other")
    cid = Cid.of(publisher.bodies[0])
    await act(node, "block", target=publisher.did)
    did, origin = publisher.did, publisher.origin
    for path in (
        f"/frost/{did}/identity",
        f"/frost/{origin}/checkpoint",
        f"/frost/{origin}/frames",
        f"/frost/{origin}/tile/0/000.p/3",
        f"/frost/{origin}/tile/entries/000.p/3",
        f"/frost/body/{cid}",
        f"/frost/stream?did={did}",
        f"/api/record/{did}/a",
        f"/api/proof/{did}/a",
        f"/api/publishers/{did}",
        f"/api/log/{did}",
        f"/record/{did}/a",
        f"/publisher/{did}",
    ):
        assert (await refused(node, path)).code == "record.withheld"
    assert [head["did"] for head in (await node.ask("/frost/heads/0")).json["heads"]] == [other.did]
    for path in ("/", "/publishers", "/search?q=title", "/api/records"):
        assert did not in (await node.ask(path)).text
    await act(node, "unblock", target=did)
    for path in (f"/frost/{origin}/checkpoint", f"/frost/body/{cid}", f"/record/{did}/a"):
        assert (await node.ask(path)).status == 200


async def test_a_blocked_record_is_451_and_the_rest_of_its_publisher_is_not(node, publisher):
    await act(node, "block", target=f"{publisher.did}/b")
    for path in (
        f"/frost/body/{Cid.of(publisher.bodies[1])}",
        f"/api/record/{publisher.did}/b",
        f"/api/proof/{publisher.did}/b",
        f"/record/{publisher.did}/b",
    ):
        await refused(node, path)
    for path in (
        f"/frost/body/{Cid.of(publisher.bodies[0])}",
        f"/frost/{publisher.origin}/checkpoint",
        f"/record/{publisher.did}/a",
        f"/publisher/{publisher.did}",
    ):
        assert (await node.ask(path)).status == 200


async def test_the_public_list_names_by_hash_and_says_why(node, publisher):
    other = node.publish(("dataset", "x", {"title": "Other"}), name="other")
    await act(node, "erase", target=f"{publisher.did}/a", header=True)
    await act(node, "block", target=f"{publisher.did}/b")
    await act(node, "block", target=other.did)
    answer = await node.ask("/frost/withheld/0")
    place = {"origin": publisher.origin, "index": 0, "state": "erased", "reason": REASON}
    blocked = {"state": "blocked", "reason": REASON}
    lines = sorted(answer.json["withheld"], key=lambda line: line["kind"])
    assert lines == [
        {"kind": "body", "cid": str(Cid.of(publisher.bodies[0])), **place},
        {"kind": "header", "leaf_hash": leaf_hash(publisher.leaves[0]).hex(), **place},
        {"kind": "publisher", "did": other.did, **blocked},
        {"kind": "record", "url": f"{publisher.did}/b", **blocked},
    ]
    assert answer.json["withheld"][0]["state"] == "blocked"
    assert answer.json == await act(node, "withheld")
    page = await node.ask("/withheld")
    assert page.status == 200
    assert page.text.count(escape(REASON)) == 4
    assert "Title" not in page.text + json.dumps(answer.json)
    assert 'href="/withheld"' in (await node.ask("/status")).text


async def test_the_list_comes_in_pages(node):
    made = MemoryPublisher("many")
    for at in range(HEADS_PAGE_MAX + 2):
        made.put(f"k{at}", {"title": "T"})
    node.take(*made.stream())
    await act(node, "erase", target=made.did)
    first, second = [(await node.ask(f"/frost/withheld/{at}")).json for at in (0, 1)]
    assert (len(first["withheld"]), first["next"]) == (HEADS_PAGE_MAX, 1)
    assert (len(second["withheld"]), second["next"]) == (2, None)
    assert 'href="/withheld?page=1"' in (await node.ask("/withheld")).text
    assert 'href="/withheld?page=0"' in (await node.ask("/withheld?page=1")).text
    assert (await node.ask("/withheld?page=7")).status == 200
    assert (await node.ask("/withheld?page=x")).status == 400


async def test_nothing_withheld_is_said_so(node):
    assert "Nothing." in (await node.ask("/withheld")).text


async def test_caches_ask_again_for_what_may_be_erased_and_never_for_hashes(node, publisher):
    cid = Cid.of(publisher.bodies[1])
    body, bundle = f"/frost/body/{cid}", f"/frost/{publisher.origin}/tile/entries/000.p/3"
    for path in (body, bundle):
        answer = await node.ask(path)
        assert answer.headers["cache-control"] == f"public, max-age={ERASABLE_CACHED_S}"
        again = await node.ask(path, headers={"if-none-match": answer.headers["etag"]})
        assert (again.status, again.body) == (304, b"")
        assert (
            await node.ask(path, headers={"if-none-match": '"other", W/' + answer.headers["etag"]})
        ).status == 304
        assert (await node.ask(path, headers={"if-none-match": '"other"'})).status == 200
    tile = await node.ask(f"/frost/{publisher.origin}/tile/0/000.p/3")
    assert "immutable" in tile.headers["cache-control"]
    before = (await node.ask(bundle)).headers["etag"]
    await act(node, "erase", target=f"{publisher.did}/b", header=True)
    assert (await node.ask(body, headers={"if-none-match": f'"{cid}"'})).status == 451
    assert (await node.ask(bundle, headers={"if-none-match": before})).status == 200
