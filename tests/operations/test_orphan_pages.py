"""Orphans in pages: so many on each, and of another node so many pages are read as there may be."""

import json

import pytest

from frostnode.operations import orphans
from frostnode.operations.orphans import page_of_orphans
from frostnode.protocol.errors import LogError
from frostnode.protocol.limits import ORPHAN_PAGES_MAX, ORPHANS_PAGE_MAX
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.small_node import NoTransport, SmallNode

URL = "http://old.example"


class Pages(NoTransport):
    """A node that has a page of orphans behind each, for ever."""

    def __init__(self):
        self.asked = []
        self.page = None

    async def fetch(self, url, *, bytes_max):
        number = int(url.rpartition("/")[2])
        self.asked.append(number)
        answer = json.dumps(self.page(number)).encode()
        assert len(answer) <= bytes_max
        return answer


@pytest.fixture
def pages():
    return Pages()


@pytest.fixture
def node(tmp_path, pages):
    made = SmallNode(tmp_path / "node", pages)
    yield made
    made.close()


def cut(node, count):
    """A publisher whose last entries, so many of them, count no more."""
    source = MemoryPublisher("cut")
    for number in range(count + 1):
        source.put(f"key-{number}", {"title": "t"})
    node.take(*source.stream())
    node.take(source.move(1).events())
    return source


async def test_so_many_orphans_stand_on_a_page_and_one_more_on_the_next(node, monkeypatch):
    assert ORPHANS_PAGE_MAX > 3
    monkeypatch.setattr(orphans, "ORPHANS_PAGE_MAX", 3)
    three = cut(node, 3)
    page = await page_of_orphans(node.parts, three.did, 0)
    assert ([one["index"] for one in page["orphans"]], page["next"]) == ([1, 2, 3], None)
    monkeypatch.setattr(orphans, "ORPHANS_PAGE_MAX", 2)
    page = await page_of_orphans(node.parts, three.did, 0)
    assert ([one["index"] for one in page["orphans"]], page["next"]) == ([1, 2], 1)
    page = await page_of_orphans(node.parts, three.did, 1)
    assert ([one["index"] for one in page["orphans"]], page["next"]) == ([3], None)


async def test_so_many_pages_are_read_of_another_node_and_no_more(node, pages, monkeypatch):
    assert ORPHAN_PAGES_MAX > 2
    monkeypatch.setattr(orphans, "ORPHAN_PAGES_MAX", 2)
    source = cut(node, 1)
    line = {"origin": source.origin, "header": source.leaves[1].hex(), "index": 1}
    pages.page = lambda number: {"orphans": [line], "next": number + 1}
    listed = await node.ask("orphans", did=source.did, url=URL)
    assert pages.asked == [0, 1]
    assert len(listed["orphans"]) == 1


async def test_a_page_that_goes_on_elsewhere_or_holds_too_much_is_not_followed(node, pages, monkeypatch):
    monkeypatch.setattr(orphans, "ORPHANS_PAGE_MAX", 1)
    source = cut(node, 0)
    line = {"origin": source.origin, "header": source.leaves[0].hex(), "index": 0}
    pages.page = lambda number: {"orphans": [line, "one too many"], "next": None}
    assert len((await node.ask("orphans", did=source.did, url=URL))["orphans"]) == 1
    pages.page = lambda number: {"orphans": [], "next": number}
    with pytest.raises(LogError) as caught:
        await node.ask("orphans", did=source.did, url=URL)
    assert caught.value.code == "heads.malformed"


async def test_what_only_another_node_tells_is_marked_and_what_is_held_here_is_not(node, pages):
    """An old host that is hostile may make up whatever it likes: its owner sees which."""
    source = cut(node, 1)
    stranger = MemoryPublisher("made up")
    stranger.put("never-published", {"title": "t"})
    leaves = (source.leaves[1], stranger.leaves[0])
    lines = [
        {"origin": source.origin, "header": leaf.hex(), "index": at} for at, leaf in enumerate(leaves, 1)
    ]
    pages.page = lambda number: {"orphans": lines, "next": None}
    listed = (await node.ask("orphans", did=source.did, url=URL))["orphans"]
    assert [(line["url"].rpartition("/")[2], line["proven"]) for line in listed] == [
        ("key-1", True),
        ("never-published", False),
    ]
