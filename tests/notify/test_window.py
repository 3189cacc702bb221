"""Those who read along: one look for all of them, nothing kept for any, the store for whoever is too late."""

import random

import pytest
import trio
import trio.testing

from frostnode.notify import window as window_module
from frostnode.notify.feed import Feed
from frostnode.notify.reader import Reader
from frostnode.protocol.frames import BodiesFrame
from frostnode.search.subscription_target import parse_target


class Life:
    """A node whose window is kept up, and looks at its store are counted."""

    def __init__(self, node, publisher, monkeypatch):
        self.node = node
        self.publisher = publisher
        self.window = node.parts.window
        self.looks = 0
        look = Feed.look

        def counted(feed, *args, **more):
            self.looks += 1
            return look(feed, *args, **more)

        monkeypatch.setattr(Feed, "look", counted)

    def publish(self, *keys):
        start = len(self.publisher.leaves)
        for key in keys:
            self.publisher.put(key, {"title": f"About {key}"})
        self.take(*self.publisher.stream(start))

    def take(self, *frames):
        self.node.take(*frames)
        self.node.fold()
        self.node.parts.projected.ring()

    def reader(self, target="*", since="0", **more):
        return Reader(self.window, parse_target(target), self.window.feed.place(str(since)), **more)


def keys(found):
    return [told.notice.change.key for told, _ in found]


@pytest.fixture
async def life(node, publisher, monkeypatch, nursery):
    living = Life(node, publisher, monkeypatch)
    nursery.start_soon(node.parts.window.run)
    return living


async def all_of(reader):
    """What is there until nothing comes any more."""
    found = []
    while some := await reader.more(1):
        found += keys(some)
    return found


async def test_history_first_then_along_with_others_without_a_gap(life, autojump_clock):
    life.publish("a", "b")
    readers = [life.reader() for _ in range(50)]
    for reader in readers:
        assert keys(await reader.more(1)) == ["a", "b"]
        assert await reader.more(1) == []
    life.looks = 0
    life.publish("c")
    for reader in readers:
        assert keys(await reader.more(1)) == ["c"]
    await trio.testing.wait_all_tasks_blocked()
    assert life.looks <= 2


async def test_whom_nothing_concerns_is_not_woken_and_its_place_goes_on(life, autojump_clock):
    rare, all_ = life.reader("zebra", "now"), life.reader("*", "now")
    assert await rare.more(0.1) == await all_.more(0.1) == []
    life.looks = 0
    for n in range(5):
        life.publish(f"d{n}")
        assert keys(await all_.more(1)) == [f"d{n}"]
    assert await rare.more(1) == []
    assert rare.place == all_.place == life.window.feed.place("now")
    life.publish("zebra")
    ((told, text),) = await rare.more(1)
    assert told.notice.change.key == "zebra"
    assert '"previous":null' in text
    life.publish("zebra-2")
    ((_, text),) = await rare.more(1)
    assert f'"previous":"{told.id}"' in text
    assert life.looks < 25


@pytest.mark.parametrize(("in_all", "per_target"), [(3, 100), (100, 2), (100, 100)])
async def test_who_is_slow_takes_the_rest_from_the_store(
    life, autojump_clock, monkeypatch, in_all, per_target
):
    monkeypatch.setattr(window_module, "FEED_WINDOW_MAX", in_all)
    monkeypatch.setattr(window_module, "FEED_WINDOW_PER_TARGET_MAX", per_target)
    slow, fast = life.reader(), life.reader()
    await slow.more(1), await fast.more(1)
    written = []
    for n in range(12):
        written.append(f"d{n}")
        life.publish(written[-1])
        assert await all_of(fast) == [written[-1]]
    life.looks = 0
    assert await all_of(slow) == written
    assert (life.looks > 0) == (min(in_all, per_target) < 12)
    assert len(life.window._recent) <= in_all
    assert all(len(channel.numbers) <= per_target for channel in life.window._channels.values())


async def test_no_more_is_answered_than_was_asked_for(life, autojump_clock):
    reader = life.reader(limit=2)
    life.publish("a", "b", "c")
    assert (keys(await reader.more(0)), reader.has_more) == (["a", "b"], True)
    assert (keys(await reader.more(0)), reader.has_more) == (["c"], False)
    await reader.more(0.1)
    life.publish("d", "e", "f", "g")
    assert (keys(await reader.more(1)), reader.has_more) == (["d", "e"], True)
    assert (keys(await reader.more(1)), reader.has_more) == (["f", "g"], False)


async def test_what_is_erased_is_not_told_from_the_window(life, autojump_clock):
    slow, target = life.reader(), f"{life.publisher.did}/a"
    await slow.more(1)
    start = len(life.publisher.leaves)
    life.publisher.put("a", {"title": "A secret"})
    life.take(*life.publisher.stream(start))
    await trio.testing.wait_all_tasks_blocked()
    await life.node.ask("erase", target=target, reason="a secret")
    life.take()
    await trio.testing.wait_all_tasks_blocked()
    found = await slow.more(1)
    assert keys(found) == ["a"]
    assert "secret" not in "".join(text for _, text in found)


async def test_who_comes_while_a_body_is_waited_for_is_told_in_order(life, autojump_clock):
    start = len(life.publisher.leaves)
    life.publisher.put("late", {"title": "Late"})
    life.take(*[frame for frame in life.publisher.stream(start) if not isinstance(frame, BodiesFrame)])
    reader = life.reader()
    assert await reader.more(1) == []
    life.publish("next")
    assert await reader.more(1) == []
    life.take(life.publisher.bodies_frame(0, 1))
    assert keys(await reader.more(1)) == ["late", "next"]


async def test_nothing_is_looked_at_when_nobody_reads_along(life, autojump_clock):
    readers = [life.reader(target) for target in ("*", "zebra", "*")]
    for reader in readers:
        await reader.more(0.1)
    for reader in readers:
        reader.close()
        reader.close()
    life.publish("a")
    life.looks = 0
    await trio.sleep(100)
    assert life.looks == 0
    assert not life.window._channels
    assert keys(await readers[1].more(0.1)) == []
    assert keys(await life.reader().more(0)) == ["a"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
async def test_readers_that_come_break_off_and_come_again_have_each_notice_once(
    life, autojump_clock, monkeypatch, seed
):
    chance = random.Random(seed)
    monkeypatch.setattr(window_module, "FEED_WINDOW_MAX", chance.choice([2, 5, 100]))
    targets = {"*": lambda key: True, "even": lambda key: "even" in key, life.publisher.did: lambda key: True}
    places = {name: life.window.feed.place("0") for name in targets}
    readers, got, written = {}, {name: [] for name in targets}, []
    for n in range(24):
        if chance.random() < 0.6:
            batch = [
                f"{'even' if (n + k) % 2 == 0 else 'odd'}-{n}-{k}" for k in range(chance.randrange(1, 4))
            ]
            written += batch
            life.publish(*batch)
        name = chance.choice(list(targets))
        if name not in readers:
            readers[name] = life.reader(name, places[name], limit=chance.choice([1, 2, 256]))
        found = await readers[name].more(chance.choice([0, 0.5]))
        got[name] += keys(found)
        places[name] = found[-1][0].id if found and chance.random() < 0.5 else readers[name].place
        if chance.random() < 0.4:
            readers.pop(name).close()
        elif places[name] != readers[name].place:
            readers.pop(name)  # it was killed behind what it had taken
    for name, concerns in targets.items():
        got[name] += await all_of(life.reader(name, places[name]))
        assert got[name] == [key for key in written if concerns(key)], name
