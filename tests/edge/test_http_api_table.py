"""One table of routes: what it declares is what is checked, documented and shown; and how long answers are good."""

import re
from pathlib import Path

import pytest

from frostnode.edge.http.api.openapi import document, status_of
from frostnode.edge.http.api.table import ROUTES, errors_of
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.entry import header_cid
from frostnode.protocol.errors import CODES
from frostnode.protocol.limits import ERASABLE_CACHED_S

SPEC = Path(__file__).parents[2] / "spec/08-errors.md"
RECORDS = (
    ("profile", "self", {"name": "Ice Institute"}),
    ("dataset", "ice", {"title": "Sea ice extents"}),
    ("dataset", "ice", {"title": "Sea ice extent"}),
    ("version", "ice@1", {"label": "1"}),
)


@pytest.fixture(scope="module")
def icy(make_lasting_node):
    """A node that carries `ice`; tests only look at it."""
    return make_lasting_node("icy-table")


@pytest.fixture(scope="module")
def ice(icy):
    return icy.publish(*RECORDS, name="ice")


# -- the document ----------------------------------------------------------------------------------------


async def test_the_document_has_every_route_and_is_open_to_all(icy, ice):
    answer = await icy.ask("/api/openapi.json")
    assert answer.headers["content-type"].startswith("application/vnd.oai.openapi+json")
    assert answer.headers["access-control-allow-origin"] == "*"
    again = await icy.ask("/api/openapi.json", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    found = {
        (method.upper(), path): operation
        for path, operations in answer.json["paths"].items()
        for method, operation in operations.items()
    }
    declared = {(route.method, path): route for route in ROUTES for path, _ in route.paths()}
    assert found.keys() == declared.keys()
    ids = [operation["operationId"] for operation in found.values()]
    assert len(ids) == len(set(ids))
    for name, route in declared.items():
        assert bool(found[name]["security"]) == (route.scope is not None)
        assert bool(found[name].get("requestBody")) == (route.body is not None)


def test_every_code_is_declared_with_the_status_of_the_registry():
    rows = re.findall(r"^\| `([a-z.-]+)` \| .+? \| ([0-9]{3}) \| [0-9] \|$", SPEC.read_text(), re.MULTILINE)
    registry = {code: int(status) for code, status in rows}
    codes = {code for route in ROUTES for code in errors_of(route)}
    assert codes <= CODES.keys()
    assert {code: status_of(code) for code in codes} == {code: registry[code] for code in codes}


def test_the_document_is_self_contained():
    text = str(document({"name": "x", "version": "1"}))
    assert "http" not in text.replace("'type': 'http'", "").replace("RFC", "")


async def test_the_page_shows_every_route_and_loads_nothing_from_elsewhere(icy, ice):
    answer = await icy.ask("/api")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    for route in ROUTES:
        assert f"<code>{route.method} {route.path}</code>" in answer.text
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", answer.text)
    assert 'href="/api"' in (await icy.ask("/")).text


# -- what may be asked -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ("/api/records?limt=1", 400, "usage"),
        ("/api/records?limit=1&limit=2", 400, "usage"),
        ("/api/status?x=", 400, "usage"),
        ("/api/record?url={did}/ice&url={did}/ice", 400, "usage"),
        ("/api/record/{did}/ice?url={did}/ice", 400, "usage"),
        ("/api/record", 400, "usage"),
        ("/api/diff?a={did}/ice", 400, "usage"),
        ("/api/proof/{did}/ice?bare=yes", 400, "usage"),
        ("/api/lineage/{did}/ice?up=true", 400, "usage"),
        ("/api/search?q=x&include=all", 400, "usage"),
        ("/api/search?q=x&limit=%EF%BC%91", 400, "usage"),
        ("/api/withheld?page=" + "9" * 17, 400, "usage"),
        ("/api/resolve?name=" + "x" * 5000, 400, "usage"),
        ("/api/evidence?target={did}", 404, "record.not-found"),
        ("/api/evidence?target=x", 400, "name.did"),
        ("/api/nothing", 404, "record.not-found"),
        ("/api/records/", 404, "record.not-found"),
        ("/api/", 404, "record.not-found"),
        ("/api/records%0A", 404, "record.not-found"),
        ("/api/x%0Ay", 404, "record.not-found"),
        ("/api/record/{did}/a%0Ab", 400, "name.did-url"),
        ("/api/record/{did}/ice%0A", 400, "name.did-url"),
        ("/api/publishers/{did}%0A", 400, "name.did"),
    ],
)
async def test_what_is_asked_wrong_is_a_problem_that_pages_may_read(icy, ice, target, status, code):
    answer = await icy.ask(target.format(did=ice.did))
    assert (answer.status, answer.code) == (status, code)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "NONSENSE"])
async def test_a_path_says_its_methods(icy, ice, method):
    answer = await icy.ask("/api/records", method)
    assert (answer.status, answer.code, answer.headers["allow"]) == (
        405,
        "request.method",
        "GET, HEAD, OPTIONS",
    )
    record = await icy.ask("/api/record?url=x", "PATCH")
    assert record.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, PUT"


async def test_other_paths_say_so_too(icy, ice):
    answer = await icy.ask("/frost/node", "DELETE")
    assert (answer.status, answer.code) == (405, "request.method")
    assert "GET" in answer.headers["allow"]


async def test_a_page_from_elsewhere_may_ask_before_it_asks(icy, ice):
    sent = {"origin": "https://app.example", "access-control-request-method": "PUT"}
    answer = await icy.ask(f"/api/record/{ice.did}/ice", "OPTIONS", sent)
    assert (answer.status, answer.body) == (204, b"")
    assert "PUT" in answer.headers["access-control-allow-methods"]
    allowed = answer.headers["access-control-allow-headers"].split(", ")
    assert {"authorization", "content-type", "if-match", "idempotency-key"} <= set(allowed)
    assert int(answer.headers["access-control-max-age"]) > 0


async def test_head_tells_what_get_would_and_nothing_more(icy, ice):
    got = await icy.ask(f"/api/record/{ice.did}/ice")
    head = await icy.ask(f"/api/record/{ice.did}/ice", "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers == got.headers


# -- how long it is good ---------------------------------------------------------------------------------


async def test_what_did_not_change_is_not_sent_again(node):
    publisher = node.publish(("dataset", "ice", {"title": "Ice"}))
    for target in ("/api/records", "/api/status", f"/api/record/{publisher.did}/ice", "/api/search?q=ice"):
        first = await node.ask(target)
        tag = first.headers["etag"]
        assert first.headers["cache-control"] == "no-cache" and not tag.startswith("W/")
        same = await node.ask(target, headers={"if-none-match": f'"x", {tag}'})
        assert (same.status, same.body, same.headers["etag"]) == (304, b"", tag)
    node.publish(("dataset", "snow", {"title": "Snow and ice"}), name="other")
    for target in ("/api/records", "/api/status", "/api/search?q=ice"):
        changed = await node.ask(target, headers={"if-none-match": first.headers["etag"]})
        assert changed.status == 200


async def test_the_tag_of_a_record_begins_with_the_entry_that_an_edit_replaces(icy, ice):
    answer = await icy.ask(f"/api/record/{ice.did}/ice")
    assert answer.headers["etag"].startswith(f'"{header_cid(ice.leaves[2])}-')


async def test_what_is_named_by_its_cid_is_kept_as_long_as_what_may_be_erased(icy, ice):
    old, new = (header_cid(ice.leaves[at]) for at in (1, 2))
    pinned = [
        f"/api/record/{ice.did}/ice?cid={old}",
        f"/api/proof/{ice.did}/ice?cid={old}",
        f"/api/diff?a={ice.did}/ice?cid={old}&b={ice.did}/ice?cid={new}",
    ]
    for target in pinned:
        answer = await icy.ask(target)
        assert answer.status == 200, answer.text
        assert answer.headers["cache-control"] == f"public, max-age={ERASABLE_CACHED_S}"
        assert (await icy.ask(target, headers={"if-none-match": answer.headers["etag"]})).status == 304
    for target in (
        f"/api/proof/{ice.did}/ice",
        f"/api/diff?a={ice.did}/ice?cid={old}&b={ice.did}/ice",
        f"/api/record/{ice.did}/ice?cid={Cid.of(b'')}",
    ):
        assert (await icy.ask(target)).headers["cache-control"] == "no-cache"


async def test_feeds_and_withheld_are_told(icy, ice):
    found = (await icy.ask(f"/api/feeds?target={ice.did}/ice")).json
    assert found["atom"] == f"/feeds/dataset/{ice.did}/ice"
    for path in (found["atom"], found["changes"]):
        assert (await icy.ask(path)).status == 200
    assert (await icy.ask("/api/feeds")).json["atom"] == "/feeds/node"
    assert (await icy.ask("/api/withheld")).json == {"withheld": [], "next": None}
