"""Pages of changes, newest first: they stay what they are, and together have everything."""

import pytest

from frostnode.notify import feed_pages as pages_module
from frostnode.notify.feed_pages import page
from frostnode.protocol.errors import LocalError
from frostnode.protocol.frames import BodiesFrame
from frostnode.search.subscription_target import parse_target


@pytest.fixture(autouse=True)
def small_pages(monkeypatch):
    monkeypatch.setattr(pages_module, "FEED_PAGE_ARRIVALS", 8)
    monkeypatch.setattr(pages_module, "FEED_PAGE_CHANGES_MAX", 5)
    monkeypatch.setattr(pages_module, "FEED_PAGE_NOTICES_MIN", 3)


def ask(node, target="*", name=None):
    node.fold()
    return page(node.parts.window.feed, parse_target(target), name)


def keys(found):
    return [notice.change.key for notice in found.notices]


def chain(node, target="*"):
    """The newest page, and all before it by the links."""
    found = [ask(node, target)]
    while found[-1].before is not None:
        found.append(ask(node, target, found[-1].before))
    return found


def publish(node, publisher, *written):
    start = len(publisher.leaves)
    for key in written:
        publisher.put(key, {"title": f"About {key}"})
    node.take(*publisher.stream(start))


def everything(found):
    """All keys of a chain, oldest first, each once."""
    return list(dict.fromkeys(key for one in reversed(found) for key in reversed(keys(one))))


def test_the_newest_page_alone_has_all_that_is_little(node, publisher):
    assert ask(node) == ask(node, "ice")
    assert (ask(node).notices, ask(node).before) == ([], None)
    publish(node, publisher, "a", "b")
    found = ask(node)
    assert (keys(found), found.name, found.before) == (["b", "a"], None, None)


@pytest.mark.slow
def test_pages_stay_what_they_are_while_others_come(node, publisher, make_publisher):
    other, seen = make_publisher("other"), {}
    written = []
    for n in range(16):
        publish(node, publisher if n % 3 else other, f"d{n}", *([f"e{n}"] if n % 7 == 0 else []))
        written += [f"d{n}", *([f"e{n}"] if n % 7 == 0 else [])]
        found = chain(node)
        assert everything(found) == written
        for one in found[1:]:
            assert seen.setdefault(one.name, (keys(one), one.before)) == (keys(one), one.before)
            assert len(one.notices) <= 5
    forward = [found[-1]]
    while forward[-1].after is not None:
        forward.append(ask(node, "*", forward[-1].after))
    behind = [one.name for one in reversed(found[1:])]
    assert [one.name for one in forward][: len(behind)] == behind


def test_each_target_has_pages_of_its_own(node, publisher, make_publisher):
    other = make_publisher("other")
    for n in range(20):
        publish(node, publisher if n % 5 == 0 else other, f"d{n}")
    assert everything(chain(node, publisher.did)) == ["d0", "d5", "d10", "d15"]
    assert everything(chain(node, f"{other.did}/d3")) == ["d3"]
    assert everything(chain(node, "about d16")) == ["d16"]
    assert len(chain(node, f"{other.did}/d3")) <= 2
    assert {notice.change.did for notice in ask(node, other.did).notices} == {other.did}


@pytest.mark.parametrize("limit", ["FEED_EXAMINED_MAX", "FEED_LOOK_S"])
def test_looking_for_the_page_before_ends_and_goes_on(node, publisher, monkeypatch, limit):
    for n in range(20):
        publish(node, publisher, f"d{n}")
    monkeypatch.setattr(pages_module, limit, 0)
    found = chain(node, f"{publisher.did}/d1")
    assert everything(found) == ["d1"]
    assert len(found) > 3


def test_what_is_no_page_is_not_found(node, publisher):
    publish(node, publisher, "a")
    for name in (0, 1, 2, 7, 8, 2**53):
        with pytest.raises(LocalError) as caught:
            ask(node, "*", name)
        assert caught.value.code == "record.not-found"


def test_what_waits_for_its_body_is_not_shown_yet_and_a_long_retraction_not_whole(node, publisher):
    publish(node, publisher, *[f"d{n}" for n in range(9)])
    publisher.put("late", {"title": "Late"})
    node.take(*[frame for frame in publisher.stream(9) if not isinstance(frame, BodiesFrame)])
    assert "late" not in keys(ask(node))
    node.clock.step_ms(5000)
    assert keys(ask(node))[0] == "late"
    node.take(publisher.move(1, url="https://new.example", node_seed=bytes(range(32))).events())
    kinds = [str(notice.kind) for one in chain(node) for notice in one.notices]
    assert kinds.count("retracted") == 5
    assert kinds.count("moved") == 1


def test_nothing_is_shown_of_whom_is_not_carried_or_hidden(node, publisher):
    publish(node, publisher, "a")
    feed = node.parts.window.feed

    def with_(**more):
        node.parts.window.feed = type(feed)(feed.log, feed.catalog, feed.clock, feed.words, "", **more)

    with_(carries=lambda did: False)
    assert keys(ask(node)) == []
    with_(hidden=lambda: {publisher.did})
    assert (keys(ask(node)), keys(ask(node, "about"))) == (["a"], [])
