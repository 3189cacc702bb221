"""The pages: what they show, that it is readable without JavaScript, and that no record can make them do harm."""

from hashlib import sha256
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.bell import Bell
from frostnode.cli.look import offer_lines
from frostnode.edge.http.links import identifier_href, link_to, record_path
from frostnode.edge.http.record_page import record_values
from frostnode.edge.http.record_view import bytes_text, view_record
from frostnode.edge.http.rendering import count_text, load_static, make_environment
from frostnode.edge.http.times import day_text, iso_text, utc_text
from frostnode.neighbours import Hosted, Lease
from frostnode.operations.parts import Pushing
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.entry import Header, Op, encode_header, header_cid
from frostnode.protocol.keys import SigningKey, to_multibase
from frostnode.protocol.limits import (
    PAGE_JSON_CHARS_MAX,
    PAGE_LIST_ITEMS_MAX,
    PEER_WASTE_FRAMES_MAX,
    TIME_MS_MAX,
)
from frostnode.protocol.names import RecordKey, RecordType
from frostnode.replicate.follow import PeerFollower
from frostnode.replicate.lease_desk import LeaseDesk
from frostnode.replicate.offer import Offerer, OfferStatus
from frostnode.replicate.offer_desk import OfferDesk
from frostnode.replicate.offering import Offering
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.pages import Page

DID = f"did:frost:{Cid.of(b'somebody')}"


def words(text):
    return text.split()


async def page(node, target, status=200):
    answer = await node.ask(target)
    assert answer.status == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'self';")
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    return Page(answer.text)


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'`{{7*7}}&lt;b&gt;\u202e"
ICE = {
    "title": "Sea ice extent",
    "description": "Where the ice is.<br />Every <b>day</b> since 1979.\n\nSee [the guide](https://guide.example/).",
    "keywords": ["ice", {"label": "ocean", "uri": "https://vocab.example/ocean"}],
    "license": "CC-BY-4.0",
    "creators": [{"name": "Ada", "orcid": "0000-0002-1825-0097"}, {"name": "NII", "roles": ["host"]}],
    "extent": {"bbox": [[-180.0, 30.0, 180.0, 90.0]], "interval": [["1979-01-01T00:00:00Z", None]]},
    "links": [{"href": "https://a.example/x", "title": "Guide", "rel": "about"}, {"href": "s3://bucket/key"}],
    "identifiers": [{"scheme": "doi", "value": "10.5067/ABC"}],
    "metadata": {"cf": {"Conventions": "CF-1.8"}},
    "x-own": {"team": "b"},
}
RECORDS = (
    ("profile", "self", {"name": "Ice Institute"}),
    ("dataset", "sea-ice", {**ICE, "title": "Sea ice"}),
    ("dataset", "sea-ice", ICE),
    (
        "version",
        "sea-ice@v1",
        {
            "label": "v1",
            "title": "First",
            "size": 123_456_789,
            "locations": [{"href": "https://a.example/x.zarr", "type": "application/x-zarr", "role": "data"}],
            "schema": {
                "arrays": [{"name": "siconc", "dims": ["time", "x"], "shape": [None, 448], "dtype": "f4"}]
            },
            "changes": {"note": "One more month."},
        },
    ),
    (
        "lineage",
        "made",
        {"generated": f"{DID}/trend", "used": [{"uri": "https://doi.org/10.1/x", "role": "input"}]},
    ),
    (
        "dataset",
        "old",
        {"title": "Old", "deprecated": True, "deprecation_note": "Stale", "successor": f"{DID}/new"},
    ),
    ("dataset", "a/../b", {"title": "Dots"}),
    ("dataset", "hostile", dict.fromkeys(ICE, HOSTILE) | {"title": HOSTILE, HOSTILE: HOSTILE}),
    ("org.example.note", "n", {"text": HOSTILE}),
)


@pytest.fixture(scope="module")
def icy(make_lasting_node):
    """A node that carries `ice`; tests only look at it."""
    return make_lasting_node("icy")


@pytest.fixture(scope="module")
def ice(icy):
    return icy.publish(*RECORDS, name="ice")


# the pages


async def test_the_first_page_says_what_is_here_and_lists_the_newest(icy, ice):
    shown = await page(icy, "/")
    assert "Find scientific data, wherever it lives. 4 datasets of 1 publisher in one place" in shown.text
    assert (
        "Ice Institute unverified 4 datasets changed" in shown.text and f"/publisher/{ice.did}" in shown.links
    )
    assert f"/record/{ice.did}/sea-ice" in shown.links
    assert "The node of the tests" in shown.text


async def test_an_empty_node_says_what_to_do_first(node):
    shown = await page(node, "/")
    assert "frost publish sea-ice.yaml" in shown.text and "frost follow https://" in shown.text
    for target in ("/search", "/search?q=ice", "/publishers", "/peers", "/status"):
        await page(node, target)
    node.publish(("profile", "self", {"name": "Ice Institute"}))
    named = await page(node, "/")
    assert "frost publish sea-ice.yaml" in named.text and "Newest changes" not in named.text
    node.publish(("dataset", "one", {"title": "One"}), name="other")
    assert "frost publish" not in (await page(node, "/")).text


async def test_hits_have_title_snippet_publisher_and_type(icy, ice):
    shown = await page(icy, "/search?q=siconc+ice+extent")
    assert "Sea ice extent Where the ice is. Every day since 1979. See the guide. Ice Institute" in shown.text
    assert "version of sea-ice" in (await page(icy, "/search?q=siconc+type:version")).text
    assert shown.links[f"/record/{ice.did}/sea-ice"] == ""


async def test_hits_come_in_pages(node):
    node.publish(*[("dataset", f"k{at:02}", {"title": f"Buoy {at:02}"}) for at in range(45)])
    seen = set()
    target = "/search?q=buoy"
    for first in (1, 21, 41):
        shown = await page(node, target)
        assert "45 records" in shown.text and f"{first}–{min(first + 19, 45)}" in shown.text
        seen |= {link for link in shown.links if link.startswith("/record/")}
        further = [link for link in shown.links if "cursor=" in link]
        assert len(further) == (2 if first == 21 else 1)
        target = f"/search{further[-1]}"
    assert len(seen) == 45
    assert "Back to the first" in (await page(node, "/search?q=buoy&offset=9000")).text


async def test_hits_can_be_narrowed_by_their_values_without_a_script(node):
    licenses = enumerate(("CC-BY-4.0", "CC-BY-4.0", "MIT"))
    node.publish(*[("dataset", f"k{at}", {"title": "Buoy", "license": one}) for at, one in licenses])
    shown = await page(node, "/search?q=buoy")
    assert "License cc-by 2 mit 1" in shown.text
    narrowed = next(link for link in shown.links if "license%3Amit" in link)
    assert "1 record for buoy" in (await page(node, f"/search{narrowed}")).text
    assert "?q=buoy" in (await page(node, f"/search{narrowed}")).links


async def test_a_misspelt_search_shows_what_was_meant(node):
    node.publish(("dataset", "a", {"title": "Temperature of buoys"}))
    shown = await page(node, "/search?q=temprature")
    assert "Nothing has temprature. Here is temperature instead." in shown.text
    assert "1 record for temperature" in shown.text


async def test_an_identifier_leads_to_the_record_that_has_it(node):
    one = {"title": "Buoy", "identifiers": [{"scheme": "doi", "value": "10.5067/ONE"}]}
    did = node.publish(("dataset", "a", one)).did
    for name in ("10.5067/one", "https://doi.org/10.5067/ONE", "doi:10.5067/one"):
        answer = await node.ask(f"/search?q={quote(name)}")
        assert (answer.status, answer.headers["location"]) == (303, f"/record/{did}/a")
    assert (await node.ask("/search?q=10.5067/two")).status == 200


async def test_no_hit_comes_with_help_and_the_query_as_it_was(icy, ice):
    query = 'zzz "><b>qqq'
    shown = await page(icy, f"/search?q={quote(query)}")
    assert f"Nothing found for {query}" in shown.text and "general words find more" in shown.text


async def test_the_name_of_a_record_or_publisher_leads_to_its_page(icy, ice):
    for name, target in (
        (ice.did, f"/publisher/{ice.did}"),
        (f"{ice.did}/sea-ice", f"/record/{ice.did}/sea-ice"),
        (f" {ice.did}/~lineage/made ", f"/record/{ice.did}/~lineage/made"),
    ):
        answer = await icy.ask(f"/search?q={quote(name)}")
        assert (answer.status, answer.headers["location"]) == (303, quote(target, safe="/:~@?=&"))
    await page(icy, "/search?q=did:frost:nonsense")


async def test_a_dataset_shows_what_its_record_says(icy, ice):
    shown = await page(icy, f"/record/{ice.did}/sea-ice")
    for words in (
        "Sea ice extent",
        "Where the ice is.Every day since 1979.",
        "CC-BY-4.0",
        "30° N to 90° N, all longitudes",
        "since 1979-01-01",
        "s3://bucket/key",
        '"Conventions": "CF-1.8"',
        '"team": "b"',
        "frost verify FILE",
        f"number 2 in a log of {len(RECORDS)} entries",
    ):
        assert words in shown.text
    for link in (
        "https://guide.example/",
        "https://vocab.example/ocean",
        "https://orcid.org/0000-0002-1825-0097",
        "https://a.example/x",
        "https://doi.org/10.5067/ABC",
        f"/publisher/{ice.did}",
        f"/record/{ice.did}/sea-ice@v1",
        f"/api/record/{ice.did}/sea-ice",
        f"/api/proof/{ice.did}/sea-ice",
        *(f"/record/{ice.did}/sea-ice?cid={header_cid(ice.leaves[at])}" for at in (1, 2)),
    ):
        assert link in shown.links


async def test_every_link_of_a_record_to_this_node_leads_somewhere(icy, ice):
    for _, key, _ in RECORDS:
        for type_, name, _ in RECORDS:
            if name == key:
                path = key if type_ in ("dataset", "version") else f"~{type_}/{key}"
        shown = await page(icy, record_path(f"{ice.did}/{path}"))
        for link in shown.links:
            if link.startswith("/") and DID not in link:
                answer = await icy.ask(link.partition("#")[0] or "/")
                assert answer.status == 200, link


async def test_a_record_says_where_it_is_carried_as_far_as_this_node_tells(node):
    publisher = node.publish(("dataset", "a", {"title": "A"}), ("dataset", "b", {"title": "B"}))
    with node.store.write() as writer:
        for peer, size in (
            ("https://all.example", 2),
            ("https://some.example", 1),
            ("https://quiet.example", 2),
        ):
            writer.put_peer(peer)
            writer.put_sources(peer, {publisher.origin: size})
    node.neighbours_listed = ["https://all.example", "https://some.example"]
    first, second = [await page(node, f"/record/{publisher.did}/{key}") for key in "ab"]
    assert "Where it is carried https://all.example https://some.example this node" in first.text
    assert "Where it is carried https://all.example this node" in second.text
    node.parts.list_peers = False
    assert "Where it is carried this node" in (await page(node, f"/record/{publisher.did}/a")).text


async def test_where_no_data_is_named_the_record_itself_can_be_taken(icy, ice):
    old = await page(icy, f"/record/{ice.did}/old")
    url = f"https://frost.example.org/record/{ice.did}/old"
    assert f"The record itself: copycurl -H 'Accept: application/json' {url}" in old.text
    loaded = await page(icy, f"/record/{ice.did}/sea-ice")
    assert (
        "From the newest version, v1." in loaded.text
        and 'xr.open_zarr("https://a.example/x.zarr")' in loaded.text
    )


async def test_an_exact_entry_of_the_past_says_so(icy, ice):
    cid = header_cid(ice.leaves[1])
    shown = await page(icy, f"/record/{ice.did}/sea-ice?cid={cid}")
    assert "an exact entry of the past" in shown.text
    assert f"/api/proof/{ice.did}/sea-ice?cid={cid}" in shown.links
    current = await page(icy, f"/record/{ice.did}/sea-ice?cid={header_cid(ice.leaves[2])}")
    assert "an exact entry of the past" not in current.text


async def test_a_version_shows_where_the_data_is_and_its_schema(icy, ice):
    shown = await page(icy, f"/record/{ice.did}/sea-ice@v1")
    for words in ("123 MB", "siconc", "time × x", "? × 448", "One more month.", "application/x-zarr"):
        assert words in shown.text
    assert f"/record/{ice.did}/sea-ice" in shown.links


async def test_lineage_leads_to_both_ends(icy, ice):
    shown = await page(icy, f"/record/{ice.did}/~lineage/made")
    assert {f"/record/{DID}/trend", "https://doi.org/10.1/x"} <= set(shown.links)


async def test_a_deprecated_dataset_says_so_first(icy, ice):
    shown = await page(icy, f"/record/{ice.did}/old")
    assert "Deprecated by its publisher. Stale Use instead:" in shown.text
    assert f"/record/{DID}/new" in shown.links


async def test_a_record_with_dots_in_its_name_is_linked_so_that_browsers_find_it(icy, ice):
    target = f"/record?url={quote(f'{ice.did}/a/../b', safe='')}"
    assert target in (await page(icy, "/")).links
    assert "Dots" in (await page(icy, target)).text


async def test_content_that_is_not_here_is_said_to_be_so(node):
    publisher = MemoryPublisher("states")
    for key in ("erased", "absent", "gone"):
        publisher.put(key, {"title": key})
    publisher.withdraw("gone")
    odd = b"\x82\x01\x02"
    header = Header(
        op=Op.PUT, type=RecordType("dataset"), key=RecordKey("odd"), time=1, body=Cid.of(odd), size=len(odd)
    )
    publisher.append(encode_header(header), odd)
    publisher.bodies[1] = None
    node.take(*publisher.stream())
    with node.store.write() as writer:
        writer.withhold_body(publisher.origin, 0, "erased", "asked by <b>the author</b>")
    for key, words in (
        ("erased", "Content not available here content not available here: asked by <b>the author</b>"),
        ("absent", "Content not available here It has not arrived yet."),
        ("gone", "Withdrawn Its publisher has withdrawn this record."),
        ("odd", "Content not available here content cannot be read"),
    ):
        shown = await page(node, f"/record/{publisher.did}/{key}", 451 if key == "erased" else 200)
        assert words in shown.text
        bare = "?bare=1" if key == "erased" else ""
        assert f"/api/proof/{publisher.did}/{key}{bare}" in shown.links


async def test_an_entry_whose_tree_is_not_complete_has_no_proof_yet(node):
    publisher = MemoryPublisher("partial")
    for at in range(3):
        publisher.put(f"k{at}", {"title": "x"})
    frames = list(publisher.stream())
    node.take(*frames[:2], publisher.entries(0, 2), publisher.bodies_frame(0, 2))
    shown = await page(node, f"/record/{publisher.did}/k1")
    assert "No proof yet: the signed tree around entry 1 is not complete here." in shown.text


async def test_a_publisher_shows_name_counts_host_keys_and_records(icy, ice):
    shown = await page(icy, f"/publisher/{ice.did}")
    for words in ("Ice Institute", "datasets4", "Epoch 0 open", "Created event 0", f"{len(RECORDS)} entries"):
        assert words in shown.text
    assert {f"/frost/{ice.origin}/checkpoint", f"/frost/{ice.did}/identity"} <= set(shown.links)


async def test_the_records_of_a_publisher_come_in_pages(carrier, large):
    shown = await page(carrier, f"/publisher/{large.did}?offset=250")
    assert "251–297 of 297" in shown.text and "?offset=200" in shown.links
    assert "beyond the last record" in (await page(carrier, f"/publisher/{large.did}?offset=1000")).text


async def test_publishers_are_listed_and_named(icy, ice):
    shown = await page(icy, "/publishers")
    assert "Ice Institute unverified 4 datasets" in shown.text and f"/publisher/{ice.did}" in shown.links
    assert "beyond the last of 1 publisher" in (await page(icy, "/publishers?offset=100")).text


async def test_publishers_with_most_datasets_come_first(node):
    for name, count in (("one", 1), ("three", 3), ("two", 2)):
        datasets = [("dataset", f"d{at}", {"title": "D"}) for at in range(count)]
        node.publish(("profile", "self", {"name": f"Lab of {name}"}), *datasets, name=name)
    text = (await page(node, "/publishers")).text
    assert text.index("Lab of three") < text.index("Lab of two") < text.index("Lab of one")


async def test_status_shows_hosted_peers_and_lag(node):
    publisher = node.publish(("dataset", "a", {"title": "A"}))
    with node.store.write() as writer:
        writer.host(Hosted(did=publisher.did, origin=publisher.origin, key_label="label"))
        writer.put_peer("https://peer.example")
        writer.peer_reached("https://peer.example", None, "transport.unreachable: <refused>")
        writer.follow(publisher.did)
    publisher.put("b", {"title": "B"})
    node.project = lambda: None
    node.take(*publisher.stream(1))
    assert "Troubles" not in (await page(node, "/status")).text
    node.parts.troubles["search"] = "storage.failed: make room <there>"
    shown = await page(node, "/status")
    for words in (
        "storage.failed: make room <there>",
        "not connected",
        "transport.unreachable: <refused>",
        "2 arrivals behind",
        "everything that",
    ):
        assert words in shown.text
    assert {"https://peer.example", f"/publisher/{publisher.did}"} <= set(shown.links)


async def test_peers_show_what_each_does_and_what_is_wrong(node):
    assert "frost peers add URL" in (await page(node, "/peers")).text
    publisher = node.publish(("dataset", "a", {"title": "A"}))
    url, found = "https://peer.example", "https://found.example"
    with node.store.write() as writer:
        writer.put_peer(url)
        writer.list_peer(found)
        writer.peer_reached(found, None, "")
        writer.put_sources(url, {publisher.origin: 4})
        writer.put_sources(found, {publisher.origin: 1})
    follower = node.parts.followers[url] = PeerFollower(url, node.parts.world())
    follower.status.error = "transport.timeout: <slow>"
    follower.status.waits_until_s = node.clock.monotonic_s() + 7
    follower.status.failed[publisher.origin] = "frame.order: <late>"
    follower.status.wasted_bytes, follower.status.wasted_frames = 1, PEER_WASTE_FRAMES_MAX // 2
    shown = await page(node, "/peers")
    for words in (
        "failing",
        "full source",
        "3 entries of 1 log",
        "transport.timeout: <slow>",
        "again in 7 seconds",
        "50 % spent",
    ):
        assert words in shown.text
    for words in ("1 log stopped", "frame.order: <late>", "found", "nothing"):
        assert words in shown.text
    assert {url, found} <= set(shown.links)
    answer = (await node.ask("/api/peers")).json["peers"]
    assert [(peer["url"], peer["found"], peer["logs_behind"], peer["code"]) for peer in answer] == [
        (url, False, 1, "transport.timeout"),
        (found, True, 0, ""),
    ]
    follower.status.error, follower.status.connected, follower.status.caught_up = "", True, True
    assert "up to date" in (await page(node, "/peers")).text


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ("/nothing", 404, "record.not-found"),
        ("/record/x", 400, "name.did-url"),
        (f"/record/{DID}/x", 404, "publisher.unknown"),
        ("/record", 400, "name.did-url"),
        (f"/publisher/{DID}", 404, "publisher.unknown"),
        ("/publisher/x", 400, "name.did"),
        ("/publishers?offset=x", 400, "usage"),
        ("/search?q=x&offset=99999", 400, "usage"),
        ("/search?q=" + "x" * 1001, 400, "query.malformed"),
        ("/status/", 404, "record.not-found"),
        ("/static/nothing.css", 404, "record.not-found"),
        ("/static/../pages.py", 404, "record.not-found"),
        ("/static/%2e%2e%2fpages.py", 404, "record.not-found"),
        (f"/{quote(HOSTILE)}", 404, "record.not-found"),
    ],
)
async def test_an_error_is_a_page_with_its_words_and_code(icy, target, status, code):
    answer = await icy.ask(target)
    assert (answer.status, answer.code) == (status, code)
    await page(icy, target, status)


async def test_pages_answer_head(icy, ice):
    for target in ("/", "/search?q=ice", f"/record/{ice.did}/sea-ice", "/status", "/nothing"):
        assert (await icy.ask(target, "HEAD")).status == (await icy.ask(target)).status


# static files


async def test_static_files_lie_under_their_hash_and_may_be_kept_for_ever(icy):
    paths, files = load_static()
    text = "".join([(await icy.ask(path)).text for path in ("/", "/search", "/edit/sign-in")])
    names = ["copy.js", "editing.css", "mark.svg", "search.css", "search.js", "site.css", "world.svg"]
    assert sorted(paths) == names
    for path in paths.values():
        assert path in text
        answer = await icy.ask(path)
        assert sha256(answer.body).hexdigest()[:12] in path
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert len(files) == len(paths)


def test_static_files_and_templates_load_nothing_from_elsewhere():
    _, files = load_static()
    for file in files.values():
        text = file.content.decode().replace("http://www.w3.org/2000/svg", "")
        assert "http:" not in text and "https:" not in text and "//" not in text.replace("// ", "")
        assert "@import" not in text and "url(" not in text


# whatever a record says

_words = st.text(max_size=20) | st.sampled_from(
    [HOSTILE, "https://a.example/", "javascript:alert(1)", f"{DID}/x", ""]
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_words, inner, max_size=4),
    max_leaves=15,
)
_parts = words(
    "label uri name orcid ror url roles scheme value href rel title type role path note system id number code activity "
    "dataset publisher query arrays tables columns dims shape dtype bbox interval summary algorithm"
)
_shaped = st.dictionaries(st.sampled_from(_parts), _json | st.lists(_json, max_size=3), max_size=6)
_field = _json | st.lists(_shaped, max_size=4) | _shaped
_names = words(
    "title description keywords license creators extent links identifiers metadata languages homepage contact size "
    "snapshot activity locations digests used generated previous target changes schema deprecated deprecation_note "
    "successor import_notes on_behalf_of label name x-own"
)
ENTRY = {
    "url": f"{DID}/x",
    "did": DID,
    "type": "dataset",
    "key": "x",
    "title": HOSTILE,
    "op": "put",
    "origin": "o",
    "epoch": 0,
    "index": 0,
    "header": str(Cid.of(b"h")),
    "body": str(Cid.of(b"b")),
    "size": 10,
    "time_ms": TIME_MS_MAX,
    "seen_ms": 0,
}
NO_PAGES = {"first": 1, "last": 1, "total": 1, "params": {}, "before": None, "after": None}
RECORD_PAGE = make_environment(load_static()[0]).get_template("record.html")


END = {"name": f"url:https://x.example/{HOSTILE}", "title": HOSTILE, "kind": "other", "publisher": HOSTILE}
VERSION = {"label": HOSTILE, "title": HOSTILE, "note": HOSTILE, "url": ENTRY["url"], "seen_ms": TIME_MS_MAX}
AROUND = {
    "versions": {
        "versions": [{**VERSION, "withdrawn": False}, {**VERSION, "withdrawn": True}],
        "latest": ENTRY["url"],
        "dataset": ENTRY["url"],
        "more": True,
    },
    "up": [{**END, "marks": ["upstream withdrawn", HOSTILE]}],
    "down": [{**END, "name": HOSTILE, "title": "", "marks": []}],
    "newest": {
        "label": HOSTILE,
        "fields": {
            "locations": [
                {"href": f"https://x.example/{HOSTILE}"},
                {"href": "s3://b/x.zarr", "title": HOSTILE},
            ]
        },
    },
    "dataset": {"title": HOSTILE, "fields": {"creators": [{"name": HOSTILE}]}},
    "graph": None,
    "marks": ["out of date"],
    "citations": {"counts": {"datasets": 1, "papers": 2, "code": 3, "other": 4}, "more": True},
}


def render(content):
    record = {
        **ENTRY,
        "publisher": HOSTILE,
        "badge": {
            "state": "harvested",
            "handle": HOSTILE,
            "verified": True,
            "harvested_from": HOSTILE,
            "reason": "",
        },
        "content": {"state": "here", "fields": content},
        "proof": {"available": True, "size": 1},
        "signed": [],
        "forks": [],
        "disputed": True,
        "witnesses": [],
        "history": [ENTRY],
        "versions": [],
        "host": HOSTILE,
        "carried_by": ["https://peer.example"],
    }
    made = record_values(record, AROUND, at=str)
    values = {"record": record, "around": AROUND, "canonical": "", "asks": "", **made}
    return Page(RECORD_PAGE.render(node_name=HOSTILE, query="", **values))


@pytest.mark.slow
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(_names, _field)) | _json)
def test_any_record_makes_a_page_that_keeps_the_rules(content):
    assert "beyond the year 9999" in render(content).text


def test_every_field_is_shown_or_is_among_the_further_metadata():
    content = {name: {"marker": f"marker-{name}"} for name in _names}
    text = render(content).text
    for name in set(_names) - {"extent", "changes", "activity", "snapshot", "schema"}:
        assert f"marker-{name}" in text, name


def test_what_is_too_long_is_cut_and_says_so():
    shown = render(
        {
            "description": "word " * 10_000,
            "keywords": [f"k{at}" for at in range(PAGE_LIST_ITEMS_MAX + 5)],
            "links": [{"href": f"https://a.example/{at}"} for at in range(PAGE_LIST_ITEMS_MAX + 5)],
            "metadata": {"big": "x" * (PAGE_JSON_CHARS_MAX + 1)},
        }
    )
    assert "The description goes on" in shown.text
    assert "and 5 more, in the JSON" in shown.text
    assert "Cut here" in shown.text


def test_all_foreign_metadata_together_has_so_much_room_and_small_blocks_are_whole():
    large = {f"large{at}": ["x" * 50] * PAGE_JSON_CHARS_MAX for at in range(3)}
    blocks = view_record({"metadata": {"a": 1, **large, "z": {"b": 2}}}).blocks
    assert [block.cut for block in blocks] == [False, True, True, True, False]
    assert sum(len(block.text) for block in blocks) <= PAGE_JSON_CHARS_MAX
    assert min(len(block.text) for block in blocks[1:4]) > PAGE_JSON_CHARS_MAX / 6


def test_long_names_are_whole_for_whoever_copies_them():
    shown = render({})
    assert f"{DID}/x" in shown.text, "style sheets shorten it, the text has all of it"


# small words


def test_links_of_names():
    assert link_to(f"{DID}/a@b") == f"/record/{DID}/a@b"
    assert link_to(DID) == f"/publisher/{DID}"
    assert link_to(f"{DID}/..") == f"/record?url={quote(f'{DID}/..', safe='')}"
    assert link_to("s3://bucket/x") == ""
    assert record_path(f"{DID}/a", "/api/proof") == f"/api/proof/{DID}/a"


@pytest.mark.parametrize(
    ("scheme", "value", "href"),
    [
        ("DOI", "10.5067/ABC<x>", "https://doi.org/10.5067/ABC%3Cx%3E"),
        ("doi", "doi:10.5067/a/b", "https://doi.org/10.5067/a/b"),
        ("doi", "https://doi.org/10.1/x", "https://doi.org/10.1/x"),
        ("doi", "javascript:alert(1)", ""),
        ("orcid", "0000-0002-1825-009X", "https://orcid.org/0000-0002-1825-009X"),
        ("wikidata", "Q2063", "https://www.wikidata.org/wiki/Q2063"),
        ("ark", "ark:/12345/x", "https://n2t.net/ark:/12345/x"),
        ("lsid", "urn:lsid:x", ""),
    ],
)
def test_identifiers_resolve_where_that_is_known(scheme, value, href):
    assert identifier_href(scheme, value) == href


def test_times_are_utc_and_any_time_has_words():
    assert utc_text(1_716_000_000_000) == "18 May 2024, 02:40 UTC"
    assert iso_text(1_716_000_000_000) == "2024-05-18T02:40:00Z"
    assert day_text(0) == "1 Jan 1970"
    for time_ms in (TIME_MS_MAX, 2**62):
        assert (utc_text(time_ms), iso_text(time_ms)) == ("beyond the year 9999", "")


def test_numbers_have_units():
    assert [count_text(n, "entry", "entries") for n in (0, 1, 2)] == ["0 entries", "1 entry", "2 entries"]
    assert count_text(1_234_567) == "1\u202f234\u202f567"
    assert [bytes_text(n) for n in (0, 1, 999, 1000, 999_950, 12_345_678)] == [
        *("0 bytes", "1 byte", "999 bytes", "1 kB", "1 MB", "12.3 MB")
    ]
    assert bytes_text(10**40).endswith(" EB")


async def test_status_shows_who_is_offered_to(node):
    me, other = SigningKey(b"m" * 32).public, SigningKey(b"o" * 32).public
    world = node.parts.world()
    offering = Offering(me=me, world=world, lease_world=world, arrived=node.bell, changed=Bell())
    desk = OfferDesk(me=me, world=world, slots=node.parts.slots, taken=7)
    leases = LeaseDesk(me=me, world=world, changed=lambda: None)
    node.parts.pushing = Pushing(desk, leases, offering)
    with node.store.write() as writer:
        writer.put_lease(Lease(node=other, url="https://leased.example", expires_ms=2))
    for url, lease, status in (
        ("https://leased.example", other, OfferStatus(active=True, sent=5, waiting=2, refused="<log>: why")),
        ("https://peer.example", None, OfferStatus(error="transport.unreachable: <refused>")),
    ):
        offering.offerers[url] = Offerer(
            url=url, lease=lease, me=me, world=world, arrived=node.bell, active={}, node=lease, status=status
        )
    shown = await page(node, "/status")
    for words in (
        "7 entries taken",
        "https://leased.example leased offered to",
        "5 entries sent, 2 logs waiting",
        "<log>: why",
        "not offered to",
        "transport.unreachable: <refused>",
    ):
        assert words in shown.text
    answer = (await node.ask("/api/status")).json
    assert [(each["url"], each["leased"], each["sent"]) for each in answer["offers"]["to"]] == [
        ("https://leased.example", True, 5),
        ("https://peer.example", False, 0),
    ]
    assert answer["leases"] == [
        {"url": "https://leased.example", "node": to_multibase(other), "expires_ms": 2}
    ]
    assert list(offer_lines(answer)) == [
        "offers to https://leased.example: 5 entries sent, 2 logs waiting",
        "offers to https://peer.example: transport.unreachable: <refused>",
        "takes     offers: 7 entries taken since it started",
    ]
    desk.refused.note("z6Mk<b>", "frame.order: <late>", is_known=False)
    answer = (await node.ask("/api/peers")).json["refused_takes"]
    assert answer == [{"node": "z6Mk<b>", "code": "frame.order", "error": "frame.order: <late>"}]
    assert "z6Mk<b> frame.order: <late>" in (await page(node, "/peers")).text
    desk.is_open = False
    assert "takes no offers" in (await page(node, "/status")).text
