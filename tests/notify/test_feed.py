"""Readers of changes: one look behind a place, and the place to go on, whatever was found."""

import json

import pytest

from frostnode.notify import feed as feed_module
from frostnode.notify.feed import publisher_of
from frostnode.notify.matcher import Matcher
from frostnode.protocol.errors import LocalError
from frostnode.protocol.frames import BodiesFrame
from frostnode.protocol.notice import parse_notice_id
from frostnode.search.subscription_target import parse_target


class Asking:
    """One who asks the feed of a node."""

    def __init__(self, node, target="*"):
        self.node = node
        self.target = parse_target(target)
        self.matcher = Matcher(node.index.words)
        self.matcher.add("me", self.target)

    @property
    def feed(self):
        return self.node.parts.window.feed

    def look(self, place="0", **more):
        self.node.fold()
        return self.feed.look(
            self.feed.place(str(place)), self.matcher, publisher=publisher_of(self.target), **more
        )

    def all(self, place="0", **more):
        """(kind, subject) of everything behind a place, and the ids."""
        told, ids = [], []
        while True:
            look = self.look(place, **more)
            for item, whom in look.told:
                assert whom == ["me"]
                told.append((str(item.notice.kind), item.notice.change.subject.partition("/")[2]))
                ids.append(str(item.id))
            place = look.place
            if not look.has_more:
                return told, ids


@pytest.fixture
def filled(node, publisher, make_publisher):
    publisher.put("ice", {"title": "Sea ice"})
    publisher.put("ice@1", {"changes": {"note": "first"}}, "version")
    publisher.put("sst", {"title": "Sea surface temperature"})
    publisher.withdraw("sst")
    node.take(*publisher.stream())
    other = make_publisher("other")
    other.put("wind", {"title": "Wind over sea ice"})
    node.take(*other.stream())
    publisher.put("ice", {"title": "Sea ice", "deprecated": True, "successor": f"{publisher.did}/sst"})
    node.take(*publisher.stream(4))
    return node


EVERYTHING = [
    ("published", "ice"),
    ("published", "ice@1"),
    ("published", "sst"),
    ("withdrawn", "sst"),
    ("published", "wind"),
    ("deprecated", "ice"),
]


def test_each_target_has_its_own(filled, publisher):
    assert Asking(filled).all()[0] == EVERYTHING
    assert Asking(filled, publisher.did).all()[0] == [item for item in EVERYTHING if item[1] != "wind"]
    assert Asking(filled, f"{publisher.did}/ice").all()[0] == [
        item for item in EVERYTHING if item[1].startswith("ice")
    ]
    assert [subject for _, subject in Asking(filled, "+sea +ice").all()[0]] == ["ice", "wind", "ice"]
    mine = Asking(filled, f"ice publisher:{publisher.did}")
    assert [subject for _, subject in mine.all()[0]] == ["ice", "ice@1", "ice"]


@pytest.mark.parametrize("limit", [1, 2, 5, 6, 7])
@pytest.mark.parametrize("examined", [1, 3, 1024])
def test_from_every_place_comes_exactly_the_rest(filled, monkeypatch, limit, examined):
    monkeypatch.setattr(feed_module, "FEED_EXAMINED_MAX", examined)
    asking = Asking(filled)
    told, ids = asking.all(limit=limit)
    assert told == EVERYTHING
    assert len(set(ids)) == len(ids)
    for n, id_ in enumerate(ids):
        assert asking.all(id_, limit=limit)[0] == EVERYTHING[n + 1 :]


def test_nothing_found_is_not_looked_through_again(filled, monkeypatch):
    asking = Asking(filled, "nothing-of-the-kind")
    look = asking.look()
    assert (look.told, look.has_more) == ([], False)
    monkeypatch.setattr(feed_module, "changes_of", lambda *args: pytest.fail("looked at again"))
    assert asking.look(look.place).place == look.place
    assert asking.look("now").place == look.place


def test_a_look_ends_when_its_time_is_over_and_gets_on_all_the_same(filled, monkeypatch):
    monkeypatch.setattr(feed_module, "FEED_LOOK_S", 0)
    asking = Asking(filled)
    assert len(asking.look().told) == 1
    assert asking.all()[0] == EVERYTHING


def test_a_notice_is_one_line_of_ascii_whatever_its_author_wrote(node, publisher):
    note = 'Ice\r\n\n\u2028\x85\x0b\x1e\x00 "previous":null \u202e\U0001f9ca'
    publisher.put("ice", {"title": note, "changes": {"note": note}})
    node.take(*publisher.stream())
    ((told, _),) = Asking(node).look().told
    for previous in (None, told.id):
        text = told.text(previous)
        assert text.isascii()
        assert text.isprintable()
        event = json.loads(text)
        assert event["data"]["note"] == note
        assert event["data"]["previous"] == (None if previous is None else str(previous))
        assert event["id"] == str(told.id)
        assert event["type"] == told.type == "org.frostnode.dataset.published"


def test_a_body_is_waited_for_a_moment(node, publisher):
    publisher.put("ice", {"title": "Sea ice"})
    node.take(*[frame for frame in publisher.stream() if not isinstance(frame, BodiesFrame)])
    asking = Asking(node)
    look = asking.look()
    assert (look.told, look.has_more, look.until_ms) == ([], False, node.clock.now_ms() + 5000)
    assert asking.feed.seconds_until(look.until_ms) == 5
    now = asking.feed.place("now")
    assert asking.look(now).until_ms is None
    node.clock.step_ms(5000)
    ((told, _),) = asking.look(look.place).told
    assert told.notice.title == "ice"
    node.take(publisher.bodies_frame(0, 1))
    assert asking.all(told.id)[0] == [("content", "ice")]
    assert asking.all(now)[0] == [("content", "ice")]
    assert asking.look("now", limit=1).told == []


def test_what_is_cut_is_retracted_and_what_comes_back_restored(node, publisher):
    for n in range(4):
        publisher.put(f"d{n}", {"title": f"Dataset {n}"})
    node.take(*publisher.stream())
    asking = Asking(node, publisher.did)
    _, before = asking.all()
    node.take(publisher.move(2, url="https://new.example", node_seed=bytes(range(32))).events())
    cut, ids = asking.all(before[-1])
    assert cut == [("moved", ""), ("retracted", "d2"), ("retracted", "d3")]
    assert [asking.all(id_)[0] for id_ in ids] == [cut[1:], cut[2:], []]
    node.take(publisher.recover(4).events())
    assert (
        asking.all(ids[-1])[0] == asking.all(ids[-1], limit=1)[0] == [("restored", "d2"), ("restored", "d3")]
    )
    assert [item for item in asking.all(before[-1])[0] if item[0] != "moved"] == [
        *cut[1:],
        *asking.all(ids[-1])[0],
    ]


def test_strangers_that_no_search_finds_are_not_told_to_searches_and_who_is_not_carried_to_nobody(
    filled, publisher
):
    parts = filled.parts
    feed = parts.window.feed

    def with_(**more):
        parts.window.feed = type(feed)(feed.log, feed.catalog, feed.clock, feed.words, feed.node_url, **more)

    with_(hidden=lambda: {publisher.did})
    assert [subject for _, subject in Asking(filled, "ice").all()[0]] == ["wind"]
    assert Asking(filled).all()[0] == EVERYTHING
    with_(carries=lambda did: did != publisher.did)
    assert [subject for _, subject in Asking(filled).all()[0]] == ["wind"]


@pytest.mark.parametrize("target", ["{did}", "{did}/ice"])
async def test_of_what_is_blocked_nothing_is_told(filled, publisher, target):
    named = target.format(did=publisher.did)
    feed = filled.parts.window.feed
    feed.check(parse_target(named))
    feed.check(parse_target("ice"))
    await filled.ask("block", target=named, reason="by court order")
    with pytest.raises(LocalError, match="court order"):
        feed.check(parse_target(named))
    assert not [item for item in Asking(filled, named).all()[0] if item[1] == "ice"]


async def test_of_a_blocked_record_not_even_its_end_is_told(filled, publisher):
    await filled.ask("block", target=f"{publisher.did}/ice", reason="by court order")
    _, ids = Asking(filled).all()
    filled.take(publisher.move(0, url="https://new.example", node_seed=bytes(range(32))).events())
    told, _ = Asking(filled).all(ids[-1])
    assert ("retracted", "sst") in told
    assert ("retracted", "ice") not in told


@pytest.mark.parametrize("text", ["", "1", "now ", "-1", "0.0", "a.b.c.d", "1.0.00.00", "٣", "9" * 5000])
def test_what_is_no_place_is_refused(node, text):
    with pytest.raises(LocalError) as caught:
        node.parts.window.feed.place(text)
    assert caught.value.code == "cursor.malformed"


def test_a_place_of_another_store_or_of_a_lost_future_is_unknown(make_node, publisher, tmp_path):
    node, other = make_node("node"), make_node("other")
    publisher.put("d0", {"title": "Dataset 0"})
    for each in (node, other):
        each.take(*publisher.stream())
    image = node.image(tmp_path / "older")
    kept = Asking(node).all()[1][-1]
    publisher.put("d1", {"title": "Dataset 1"})
    node.take(*publisher.stream(1))
    lost = Asking(node).all()[1][-1]
    again = make_node(image.name)
    assert Asking(again).all(kept)[0] == []
    for strange in (lost, Asking(other).all()[1][-1]):
        with pytest.raises(LocalError) as caught:
            again.parts.window.feed.place(strange)
        assert caught.value.code == "cursor.unknown"
    again.take(*publisher.stream(1))
    with pytest.raises(LocalError):
        again.parts.window.feed.place(lost)
    assert Asking(again).all(kept)[0] == [("published", "d1")]


def test_the_beginning_of_an_empty_store_is_a_place(node, publisher):
    place = Asking(node).look().place
    assert parse_notice_id(str(place)) == place
    assert node.parts.window.feed.place("now") == place
    publisher.put("ice", {"title": "Sea ice"})
    node.take(*publisher.stream())
    assert Asking(node).all(place)[0] == [("published", "ice")]


def test_nothing_is_told_while_the_catalog_begins_anew(filled):
    asking = Asking(filled)
    _, ids = asking.all()
    filled.catalog.clear()
    feed = asking.feed
    assert feed.look(feed.place(ids[1]), asking.matcher).place == parse_notice_id(ids[1])
    assert feed.look(feed.place("0"), asking.matcher).told == []
    assert asking.all()[0] == EVERYTHING
