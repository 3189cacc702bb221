"""Atom feeds, read as feed readers read them."""

from itertools import pairwise
from xml.etree import ElementTree as ET

import feedparser
import pytest

from frostnode.edge.http.atom import FeedHead, atom
from frostnode.edge.http.atom_feeds import feed_path, search_feed_path
from frostnode.notify import feed_pages as pages_module
from frostnode.notify.feed_pages import FeedPage
from frostnode.search.subscription_target import parse_target
from frostnode.testing.memory_publisher import MemoryPublisher

URL = "https://frost.example.org"


def read(answer):
    """What a feed reader makes of it."""
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    found = feedparser.parse(
        answer.body, response_headers={"content-type": "application/atom+xml; charset=utf-8"}
    )
    assert not found.bozo
    assert found.version == "atom10"
    return found


def links(thing):
    return {link.rel: link.href for link in thing.links}


@pytest.fixture
def filled(node):
    publisher = MemoryPublisher()
    publisher.put("self", {"name": "Polar Data Centre"}, "profile")
    publisher.put("ice", {"title": "Sea ice <b>extent</b> & more"})
    publisher.put("ice@1", {"changes": {"note": "January 2026 <script>"}}, "version")
    publisher.put("wind", {"title": "Wind"})
    publisher.withdraw("wind")
    node.take(*publisher.stream())
    node.publisher = publisher
    return node


async def test_a_feed_of_a_publisher(filled):
    did = filled.publisher.did
    found = read(await filled.ask(f"/feeds/publisher/{did}"))
    assert (found.feed.id, found.feed.title, found.feed.author) == (did, *["Polar Data Centre"] * 2)
    assert links(found.feed) == {
        "self": f"{URL}/feeds/publisher/{did}",
        "alternate": f"{URL}/publisher/{did}",
    }
    titles = [entry.title for entry in found.entries]
    assert titles == [
        "Wind: dataset withdrawn",
        "Wind: dataset published",
        "Sea ice <b>extent</b> & more, version 1: version published",
        "Sea ice <b>extent</b> & more: dataset published",
        "Polar Data Centre: profile published",
    ]
    assert {entry.title_detail.type for entry in found.entries} == {"text/plain"}
    version = found.entries[2]
    assert version.id.startswith(f"{did}/ice@1?cid=bafyrei")
    assert version.author_detail.name == "Polar Data Centre"
    assert version.author_detail.href == did
    assert links(version) == {
        "alternate": f"{URL}/record/{version.id}",
        "related": f"{URL}/api/proof/{version.id}",
    }
    assert version.content[0].type == "text/plain"
    assert version.content[0].value == f"January 2026 <script>\n{version.id}"
    assert version.tags[0].term == "published"
    assert version.updated_parsed is not None


async def test_feeds_of_a_dataset_of_a_search_and_of_the_node(filled):
    did = filled.publisher.did
    dataset = read(await filled.ask(f"/feeds/dataset/{did}/ice"))
    assert dataset.feed.id == f"{did}/ice"
    assert [entry.title.rpartition(": ")[2] for entry in dataset.entries] == [
        "version published",
        "dataset published",
    ]
    assert (await filled.ask(f"/feeds/dataset?url={did}/ice")).body == (
        await filled.ask(f"/feeds/dataset/{did}/ice")
    ).body
    search = read(await filled.ask("/feeds/search?q=%22sea%20ice%22"))
    assert search.feed.id == "urn:frost:search:%22sea%20ice%22"
    assert len(search.entries) == 1
    node = read(await filled.ask("/feeds/node"))
    assert node.feed.id == f"urn:frost:node:{await filled.parts.read(lambda log: log.database.hex())}"
    assert (node.feed.title, len(node.entries)) == ("The node of the tests", 5)


async def test_what_is_said_again_of_an_entry_takes_the_place_of_what_was_said(filled):
    publisher = filled.publisher
    filled.take(publisher.move(4, url="https://new.example", node_seed=bytes(range(32))).events())
    found = read(await filled.ask(f"/feeds/publisher/{publisher.did}"))
    titles = [entry.title for entry in found.entries]
    assert titles[:2] == ["Wind: dataset retracted", "Polar Data Centre: publisher moved"]
    assert "Wind: dataset withdrawn" not in titles
    assert found.entries[1].id.startswith(f"{publisher.did}/log/1/bafyrei")
    assert "https://new.example" in found.entries[1].content[0].value
    assert len({entry.id for entry in found.entries}) == len(found.entries)


async def test_who_has_it_need_not_read_it_again(filled):
    path = "/feeds/node"
    first = await filled.ask(path)
    tag = first.headers["etag"]
    again = await filled.ask(path, headers={"if-none-match": f'"other", W/{tag}'})
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    start = len(filled.publisher.leaves)
    filled.publisher.put("new", {"title": "New"})
    filled.take(*filled.publisher.stream(start))
    assert (await filled.ask(path, headers={"if-none-match": tag})).status == 200
    assert (await filled.ask(path, method="HEAD")).status == 200


@pytest.mark.slow
async def test_archives_lead_from_one_to_the_next(filled, monkeypatch):
    monkeypatch.setattr(pages_module, "FEED_PAGE_ARRIVALS", 4)
    monkeypatch.setattr(pages_module, "FEED_PAGE_NOTICES_MIN", 2)
    for n in range(12):
        start = len(filled.publisher.leaves)
        filled.publisher.put(f"d{n}", {"title": f"Dataset {n}"})
        filled.take(*filled.publisher.stream(start))
    path, ids, walked = "/feeds/search?q=dataset", [], []
    while path:
        answer = await filled.ask(path.removeprefix(URL))
        found = read(answer)
        ids += [entry.id for entry in found.entries]
        walked.append(links(found.feed))
        root = ET.fromstring(answer.body)
        archive = root.find("{http://purl.org/syndication/history/1.0}archive")
        assert (archive is not None) == ("page=" in path)
        path = walked[-1].get("prev-archive")
    assert len(set(ids)) == 12
    assert len(walked) > 3
    assert "next-archive" not in walked[0]
    for newer, older in pairwise(walked[1:]):
        assert older["next-archive"] == newer["self"]
        assert older["current"] == f"{URL}/feeds/search?q=dataset"
    for wrong in ("page=x", "page=-1", "page=99999999999999999"):
        assert (await filled.ask(f"/feeds/node?{wrong}")).code == "usage"
    assert (await filled.ask("/feeds/node?page=3")).code == "record.not-found"


async def test_what_there_is_no_feed_of(filled):
    did, unknown = filled.publisher.did, MemoryPublisher("unknown").did
    expected = {
        f"/feeds/publisher/{unknown}": (404, "publisher.unknown"),
        "/feeds/publisher/nobody": (400, "name.did"),
        f"/feeds/dataset/{did}/nothing": (404, "record.not-found"),
        f"/feeds/dataset/{unknown}/ice": (404, "publisher.unknown"),
        f"/feeds/dataset/{did}/~profile/self": (400, "usage"),
        f"/feeds/dataset/{did}": (400, "usage"),
        "/feeds/dataset": (400, "query.malformed"),
        "/feeds/search": (400, "query.malformed"),
        "/feeds/search?q=-ice": (400, "query.malformed"),
        "/feeds/nothing": (404, "record.not-found"),
    }
    for path, refusal in expected.items():
        answer = await filled.ask(path)
        assert (answer.status, answer.code) == refusal, path
    await filled.parts_operate("block", target=did, reason="by court order")
    for path in (f"/feeds/publisher/{did}", f"/feeds/dataset/{did}/ice"):
        assert (await filled.ask(path)).status == 451
    assert read(await filled.ask("/feeds/node")).entries == []


async def test_strangers_text_is_text_whatever_is_in_it(node):
    publisher = MemoryPublisher()
    evil = "".join(map(chr, [*range(0x20), 0x7F, 0x85, 0xFFFE, 0xFFFF, 0x10FFFF])) + "]]><x/>&amp;</title>"
    publisher.put("self", {"name": evil}, "profile")
    publisher.put("ice", {"title": evil, "changes": {"note": evil}, "deprecated": True, "successor": evil})
    node.take(*publisher.stream())
    found = read(await node.ask(f"/feeds/publisher/{publisher.did}"))
    assert len(found.entries) == 2
    assert "]]><x/>&amp;</title>" in found.entries[0].content[0].value
    assert "\x00" not in found.entries[0].content[0].value
    search = read(await node.ask("/feeds/search?q=ice%00%0C%EF%BF%BF%3C%22%3E"))
    assert "\x00" not in search.feed.title


def test_a_node_without_an_address_leads_to_itself():
    head = FeedHead(id="urn:x", title="T", author="A", node="", path="/feeds/node", page="/")
    root = ET.fromstring(atom(head, FeedPage(notices=[], publishers={}, name=4, before=2, after=6)))
    found = {link.get("rel"): link.get("href") for link in root.iter("{http://www.w3.org/2005/Atom}link")}
    assert found == {
        "self": "/feeds/node?page=4",
        "current": "/feeds/node",
        "prev-archive": "/feeds/node?page=2",
        "next-archive": "/feeds/node?page=6",
        "alternate": "/",
    }


@pytest.mark.parametrize(
    ("page", "feed"),
    [
        ("/", "/feeds/node"),
        ("/publisher/{did}", "/feeds/publisher/{did}"),
        ("/record/{did}/ice", "/feeds/dataset/{did}/ice"),
        ("/record/{did}/ice@1", "/feeds/dataset/{did}/ice"),
        ("/search?q=sea+%26+ice", "/feeds/search?q=sea%20%26%20ice"),
    ],
)
async def test_pages_name_their_feed_to_programs_and_to_people(filled, page, feed):
    did = filled.publisher.did
    shown, path = (await filled.ask(page.format(did=did))).text, feed.format(did=did)
    assert f'<link rel="alternate" type="application/atom+xml" href="{path}">' in shown
    assert f'<a href="{path}" type="application/atom+xml">' in shown
    read(await filled.ask(path))


async def test_pages_that_have_none_name_none(filled):
    for page in ("/search?q=-ice", "/search", f"/record/{filled.publisher.did}/~profile/self"):
        assert "application/atom+xml" not in (await filled.ask(page)).text


def test_where_feeds_are():
    did = MemoryPublisher().did
    assert feed_path(parse_target(f"{did}/a/b")) == f"/feeds/dataset/{did}/a/b"
    assert feed_path(parse_target(f"{did}/a/../b")).startswith("/feeds/dataset?url=did%3Afrost")
    assert feed_path(parse_target(did)) == f"/feeds/publisher/{did}"
    assert search_feed_path("sea ice") == feed_path(parse_target("sea ice")) == "/feeds/search?q=sea%20ice"
    assert search_feed_path("-ice") == search_feed_path("") == ""


async def test_a_feed_begins_with_a_test_for_who_asks_alone(filled):
    path = f"/feeds/publisher/{filled.publisher.did}"
    plain = await filled.ask(path)
    answer = await filled.ask(f"{path}?test=1")
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers
    first, *rest = read(answer).entries
    assert (first.title, first.tags[0].term) == ("A test notice: publisher test", "test")
    assert first.id.startswith("urn:frost:test:0.")
    assert [entry.id for entry in rest] == [entry.id for entry in read(plain).entries]
    assert (await filled.ask(path)).body == plain.body
    assert (await filled.ask(f"{path}?test=2")).code == "usage"
