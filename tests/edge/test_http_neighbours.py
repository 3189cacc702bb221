"""Ranges of heads and lists of peers: what they answer is what the store holds, whatever is asked."""

from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frostnode.protocol.errors import CODES
from frostnode.protocol.head_ranges import EVERYTHING, Bounds, HeadSet, bounds_of
from frostnode.protocol.limits import HEAD_RANGE_PARTS_MAX, HEAD_RANGES_MAX, PEERS_LISTED_MAX
from frostnode.replicate.cursor import cursor_at
from frostnode.replicate.head_index import HeadIndex, head_set
from frostnode.replicate.range_listing import format_bounds, read_ranges
from frostnode.testing.memory_publisher import MemoryPublisher


def publisher(name, count=1):
    made = MemoryPublisher(name)
    for at in range(count):
        made.put(f"key-{at}", {"title": "x"})
    return made


def heads_of(node, dids=None):
    with node.store.read() as reader:
        return head_set(reader, dids)


async def ask(node, *asked):
    query = "?" + urlencode([("range", format_bounds(bounds)) for bounds in asked]) if asked else ""
    answer = await node.ask(f"/frost/heads/ranges{query}")
    assert answer.status == 200
    return read_ranges(answer.body, asked or [EVERYTHING])


async def test_without_a_range_everything_is_answered_with_a_cursor_of_now(node):
    node.take(*(frame for number in range(40) for frame in publisher(f"p{number}").stream()))
    page = await ask(node)
    (answer,) = page.answers
    assert len(answer.parts) == HEAD_RANGE_PARTS_MAX
    assert sum(part.count for part in answer.parts) == sum(part.leaves for part in answer.parts) == 40
    assert answer == heads_of(node).answer(EVERYTHING)
    with node.store.read() as reader:
        assert page.cursor == cursor_at(reader, reader.last_arrival()).to_bytes()


async def test_each_range_is_answered_in_order(node):
    sources = [publisher(name) for name in "abc"]
    for source in sources:
        node.take(*source.stream())
    asked = [bounds_of(source.did) for source in sources]
    page = await ask(node, *asked)
    assert [[head.origin for head in answer.heads] for answer in page.answers] == [
        [source.origin] for source in sources
    ]
    assert (await ask(node, Bounds("z", ""))).answers[0].heads == []


async def test_a_head_is_that_of_the_tree_that_is_offered(node):
    source = publisher("a", 5)
    node.take(*source.stream())
    (head,) = heads_of(node)
    assert (head.size, head.root, head.tip) == (5, source.tree().root(), source.genesis.cid)
    moved = source.move(3)
    node.take(moved.events())
    ended, following = heads_of(node)
    assert (ended.size, ended.root) == (3, source.tree(3).root())
    assert (following.size, following.root) == (0, b"")
    assert ended.tip == following.tip == moved.history[-1].cid


async def test_the_kept_heads_follow_the_arrivals(node):
    index = HeadIndex()

    def same():
        with node.store.read() as reader:
            kept = index.refresh(reader)
            assert list(kept) == list(head_set(reader))
            assert index.refresh(reader) is kept, "nothing has arrived since"
            return len(kept)

    assert same() == 0
    sources = [publisher(f"p{number}", 2) for number in range(5)]
    for source in sources:
        node.take(*source.stream())
    assert same() == 5
    sources[2].put("more", {"title": "more"})
    node.take(*sources[2].stream(2))
    assert same() == 5
    node.take(sources[3].move().events(), *publisher("new").stream())
    assert same() == 7


@pytest.mark.parametrize("text", ["", "a", "b,a", "a,a", "a,b,c", "a" * 256 + ",", "ä,", ",é"])
async def test_a_range_that_is_none_is_refused(node, text):
    answer = await node.ask(f"/frost/heads/ranges?range={quote(text)}")
    assert (answer.status, answer.code) == (400, "usage")


@pytest.mark.parametrize(("count", "status"), [(HEAD_RANGES_MAX, 200), (HEAD_RANGES_MAX + 1, 400)])
async def test_so_many_ranges_are_answered_at_once_and_no_more(node, count, status):
    answer = await node.ask("/frost/heads/ranges?" + "&".join(["range=a,b"] * count))
    assert answer.status == status


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(max_size=300), max_size=3))
async def test_whatever_is_asked_is_answered_or_refused(carrier, texts):
    query = urlencode([("range", text) for text in texts], errors="replace")
    answer = await carrier.ask(f"/frost/heads/ranges?{query}")
    assert answer.status == 200 or answer.code in CODES


async def test_what_is_answered_is_a_set_like_any_other(carrier):
    page = await ask(carrier)
    assert HeadSet(page.answers[0].heads).summary() == heads_of(carrier).summary()


async def test_peers_are_listed_as_the_node_says(node):
    assert (await node.ask("/frost/peers")).json == {"peers": []}
    urls = [f"https://n{number}.example.org" for number in range(PEERS_LISTED_MAX + 1)]
    node.neighbours_listed[:] = urls
    assert (await node.ask("/frost/peers")).json == {"peers": urls[:PEERS_LISTED_MAX]}
