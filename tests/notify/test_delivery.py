"""Deliveries in virtual time: everything arrives, in order, whatever receivers and crashes do; repeats have the same id."""

from itertools import pairwise

import pytest
import trio

from frostnode.notify.tries import PAUSES_S, Verdict
from frostnode.notify_port import Form, Tries, WatchState
from frostnode.protocol.errors import LocalError, StorageError
from frostnode.protocol.limits import DELIVERIES_SLOW_AT_ONCE_MAX, DELIVERY_TRIES_MAX
from frostnode.testing.callbacks import saying, slowly
from frostnode.wire import CallbackAnswer

HOOK = "https://hook.example/x"
DAY_S = 86_400


def put(publisher, node, *keys):
    """Publish datasets, and carry and match them."""
    start = len(publisher.leaves)
    for key in keys:
        publisher.put(key, {"title": key})
    node.tell(*publisher.stream(start))


def chained(events):
    """The keys that were told, each once and in the order in which they were told first; the chain has no hole."""
    firsts = list({event["id"]: event for event in events}.values())
    for one, other in pairwise(firsts):
        assert other["data"]["previous"] == one["id"]
    return [event["data"]["key"] for event in firsts]


async def test_what_is_due_arrives_in_order_with_the_chain_of_ids(
    make_telling, publisher, callbacks, autojump_clock
):
    node = make_telling()
    callbacks.receivers[HOOK] = saying(204)
    node.watch("hook", publisher.did, address=HOOK)
    async with node.delivering():
        put(publisher, node, "a", "b")
        await trio.sleep(1)
        put(publisher, node, "c")
        await trio.sleep(1)
    assert chained(node.events(HOOK)) == ["a", "b", "c"]
    assert len(callbacks.came) == 3
    assert node.due("hook") == []
    assert node.tries("hook").delivered_ms is not None
    (first, *_) = callbacks.came
    assert first.headers["content-type"] == "application/cloudevents+json"
    assert first.headers["webhook-id"] == node.events(HOOK)[0]["id"]


@pytest.mark.slow
async def test_a_receiver_that_is_down_for_a_day_gets_everything_then(
    make_telling, publisher, callbacks, autojump_clock
):
    node = make_telling()
    callbacks.receivers[HOOK] = saying(500)
    node.watch("hook", publisher.did, address=HOOK)
    async with node.delivering():
        put(publisher, node, "a", "b")
        await trio.sleep(DAY_S / 2)
        put(publisher, node, "c")
        await trio.sleep(DAY_S / 2)
        assert len({message.headers["webhook-id"] for message in callbacks.came}) == 1, "one after the other"
        assert 5 <= len(callbacks.came) <= 8
        callbacks.came.clear()
        callbacks.receivers[HOOK] = saying(200)
        await trio.sleep(DAY_S)
    assert chained(node.events(HOOK)) == ["a", "b", "c"]
    assert len(callbacks.came) == 3
    assert node.tries("hook").attempts == 0


@pytest.mark.slow
async def test_after_75_hours_it_lapses_and_is_told_of_all_when_it_is_resumed(
    make_telling, publisher, callbacks, autojump_clock
):
    node = make_telling()
    callbacks.receivers[HOOK] = saying(200)
    node.watch("hook", publisher.did, address=HOOK)
    async with node.delivering():
        put(publisher, node, "a")
        await trio.sleep(1)
        callbacks.receivers[HOOK] = saying(503)
        put(publisher, node, "b", "c")
        await trio.sleep(5 * DAY_S)
        assert node.state("hook") is WatchState.LAPSED
        assert (node.tries("hook").attempts, node.tries("hook").error) == (DELIVERY_TRIES_MAX, "HTTP 503")
        assert len(callbacks.came) == 1 + DELIVERY_TRIES_MAX
        span_s = callbacks.came[-1].at_s - callbacks.came[1].at_s
        assert 0.9 * sum(PAUSES_S) <= span_s <= 1.1 * sum(PAUSES_S) + 60
        put(publisher, node, "d")
        await trio.sleep(DAY_S)
        assert len(callbacks.came) == 1 + DELIVERY_TRIES_MAX, "nothing is tried any more"
        callbacks.receivers[HOOK] = saying(200)
        node.parts.watches.resume("hook")
        node.tell()
        await trio.sleep(1)
    assert chained(node.events(HOOK)) == ["a", "b", "c", "d"]
    assert node.tries("hook").attempts == 0
    assert node.state("hook") is WatchState.LIVE


@pytest.mark.slow
async def test_those_who_are_slow_keep_nobody_waiting(make_telling, publisher, callbacks, autojump_clock):
    node = make_telling()
    callbacks.receivers[HOOK] = saying(200)
    callbacks.receivers["https://slow.example/"] = slowly(14)
    callbacks.receivers["https://dead.example/"] = saying(500)
    slow = 2 * DELIVERIES_SLOW_AT_ONCE_MAX
    for n in range(slow):
        node.watch(f"slow-{n}", publisher.did, address=f"https://slow.example/?{n}")
    node.watch("dead", publisher.did, address="https://dead.example/")
    node.watch("fast", publisher.did, address=HOOK)
    async with node.delivering():
        put(publisher, node, "first")
        await trio.sleep(60)  # who is slow is known then
        for n in range(20):
            asked_s = trio.current_time()
            put(publisher, node, f"d{n}")
            await trio.sleep(0.5)
            assert node.callbacks.at(HOOK)[-1].at_s - asked_s < 0.1
        await trio.sleep(3600)
        assert chained(node.events(HOOK)) == ["first", *(f"d{n}" for n in range(20))]
        assert len(node.callbacks.at("https://slow.example/")) == slow * 21
        assert node.tries("slow-1").is_slow and not node.tries("fast").is_slow


async def test_one_that_is_gone_lapses_at_once_and_says_why(
    make_telling, publisher, callbacks, autojump_clock
):
    node = make_telling()
    callbacks.receivers[HOOK] = saying(410)
    node.watch("hook", publisher.did, address=HOOK)
    async with node.delivering():
        put(publisher, node, "a")
        await trio.sleep(600)
    assert len(callbacks.came) == 1
    assert (node.state("hook"), node.tries("hook").error) == (WatchState.LAPSED, "HTTP 410: gone")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("after", "wait_s"), [("600", 600), ("Thu, 01 Jan 1970 00:00:00 GMT", 4), ("9" * 30, DAY_S)]
)
async def test_a_receiver_that_says_when_to_come_again_is_not_asked_before(
    make_telling, publisher, callbacks, autojump_clock, after, wait_s
):
    node = make_telling()
    callbacks.receivers[HOOK] = saying(429, retry_after=after)
    node.watch("hook", publisher.did, address=HOOK)
    async with node.delivering():
        put(publisher, node, "a")
        await trio.sleep(2 * DAY_S)
    one, other, *_ = callbacks.came
    assert wait_s <= other.at_s - one.at_s <= max(1.5 * wait_s, 60)


async def test_redirects_are_not_followed(make_telling, publisher, callbacks, autojump_clock):
    node = make_telling()
    callbacks.receivers[HOOK] = saying(302)
    node.watch("hook", publisher.did, address=HOOK)
    async with node.delivering():
        put(publisher, node, "a")
        await trio.sleep(2)
    assert node.tries("hook").error == "HTTP 302: redirects are not followed"
    assert node.due("hook") == [("put", "a")]


async def test_what_was_committed_is_sent_after_a_crash(
    make_telling, publisher, callbacks, autojump_clock, tmp_path
):
    node = make_telling(on_disk=True)
    node.watch("hook", publisher.did, address=HOOK)
    put(publisher, node, "a", "b")  # due, and nobody delivers
    node.image(tmp_path / "crashed")
    callbacks.receivers[HOOK] = saying(200)
    again = make_telling("crashed", on_disk=True)
    async with again.delivering():
        await trio.sleep(1)
    assert chained(again.events(HOOK)) == ["a", "b"]


async def test_a_crash_between_send_and_ack_repeats_with_the_same_id(
    make_telling, publisher, callbacks, autojump_clock, tmp_path
):
    node = make_telling(on_disk=True)
    images = []

    async def receive(message):
        if len(images) < 5:  # the power fails when the receiver has it and before the sender knows
            images.append(node.image(tmp_path / f"crash-{len(images)}"))
        return CallbackAnswer(200)

    callbacks.receivers[HOOK] = receive
    node.watch("hook", publisher.did, address=HOOK)
    keys = ["a", "b", "c", "d", "e"]
    async with node.delivering():
        put(publisher, node, *keys)
        await trio.sleep(1)
    ids = [event["id"] for event in node.events(HOOK)]
    assert len(images) == len(ids) == 5
    for told, image in enumerate(images, 1):
        callbacks.came.clear()
        again = make_telling(image.name, on_disk=True)
        async with again.delivering():
            await trio.sleep(1)
        repeated = [event["id"] for event in again.events(HOOK)]
        assert repeated == ids[len(ids) - len(repeated) :]
        assert len(repeated) >= len(ids) - told, "nothing is lost"


async def test_a_disk_that_refuses_to_note_what_was_told_repeats_it(
    make_telling, publisher, callbacks, autojump_clock, monkeypatch
):
    node = make_telling()
    callbacks.receivers[HOOK] = saying(200)
    node.watch("hook", publisher.did, address=HOOK)
    outbox = node.parts.delivery.outbox
    with monkeypatch.context() as broken:

        def refuse(self, settled, now_ms):
            raise StorageError("storage.failed", "disk full")

        broken.setattr(type(outbox), "settle", refuse)
        put(publisher, node, "a", "b")
        with pytest.RaisesGroup(StorageError, allow_unwrapped=True, flatten_subgroups=True):
            await node.parts.delivery.run()
    async with node.delivering():
        await trio.sleep(1)
    assert chained(node.events(HOOK)) == ["a", "b"]
    assert len(callbacks.came) == 4


async def test_what_was_erased_since_is_not_sent(make_telling, publisher, callbacks, autojump_clock):
    node = make_telling()
    callbacks.receivers[HOOK] = saying(500)
    node.watch("hook", publisher.did, address=HOOK)
    async with node.delivering():
        publisher.put("a", {"title": "secret title", "changes": {"note": "secret note"}})
        node.tell(*publisher.stream())
        await trio.sleep(1)
        assert "secret" in callbacks.came[0].body.decode()
        await node.ask("erase", target=f"{publisher.did}/a", reason="asked to")
        callbacks.came.clear()
        callbacks.receivers[HOOK] = saying(200)
        await trio.sleep(60)
    (event,) = node.events(HOOK)
    assert (event["data"]["key"], event["data"]["title"]) == ("a", "a")
    assert "secret" not in callbacks.came[0].body.decode()


async def test_what_was_blocked_since_is_passed_over(
    make_telling, publisher, make_publisher, callbacks, autojump_clock
):
    node = make_telling()
    other = make_publisher("other")
    callbacks.receivers[HOOK] = saying(500)
    node.watch("hook", "*", address=HOOK)
    async with node.delivering():
        put(publisher, node, "a")
        put(other, node, "b")
        await trio.sleep(1)
        await node.ask("block", target=publisher.did, reason="spam")
        callbacks.came.clear()
        callbacks.receivers[HOOK] = saying(200)
        await trio.sleep(600)
    assert [event["data"]["key"] for event in node.events(HOOK)] == ["b"]
    assert node.due("hook") == []


@pytest.mark.slow
async def test_a_clock_that_was_wrong_does_not_put_off_deliveries_for_ever(
    make_telling, publisher, callbacks, autojump_clock
):
    node = make_telling()
    callbacks.receivers[HOOK] = saying(500)
    node.watch("hook", publisher.did, address=HOOK)
    right_ms = node.clock.now_ms()
    node.clock.set_ms(right_ms + 10 * 365 * DAY_S * 1000)
    async with node.delivering():
        put(publisher, node, "a")
        await trio.sleep(1)
        node.clock.set_ms(right_ms)
        callbacks.receivers[HOOK] = saying(200)
        await trio.sleep(8 * DAY_S)
    assert chained(node.events(HOOK)) == ["a"]


@pytest.mark.slow
async def test_much_is_due_and_everybody_gets_a_turn(make_telling, publisher, callbacks, autojump_clock):
    node = make_telling()
    node.restart_stage(due_max=8)
    node.parts.delivery.outbox = type(node.parts.delivery.outbox)(
        node.store, node.catalog, node.parts.watches
    )
    for n in range(100):
        callbacks.receivers[f"{HOOK}{n}"] = saying(200)
        node.watch(f"w{n}", "*", address=f"{HOOK}{n}")
    async with node.delivering():
        for part in range(3):
            put(publisher, node, *(f"d{part}-{n}" for n in range(10)))
            for _ in range(6):
                await trio.sleep(1)
                node.tell()
    for n in (0, 50, 99):
        assert chained(node.events(f"{HOOK}{n}")) == [f"d{part}-{n}" for part in range(3) for n in range(10)]


async def test_one_that_is_removed_while_it_is_told_is_told_no_more(
    make_telling, publisher, callbacks, autojump_clock
):
    node = make_telling()
    callbacks.receivers[HOOK] = slowly(5)
    node.watch("hook", publisher.did, address=HOOK)
    async with node.delivering():
        put(publisher, node, "a", "b", "c")
        await trio.sleep(1)
        node.parts.watches.remove("hook")
        await trio.sleep(60)
    assert len(callbacks.came) == 1


async def test_a_watch_whose_time_is_over_is_forgotten(make_telling, publisher, callbacks, autojump_clock):
    node = make_telling()
    callbacks.receivers[HOOK] = saying(200)
    node.watch("hook", publisher.did, address=HOOK, expires_ms=node.clock.now_ms() + 600_000)
    async with node.delivering():
        put(publisher, node, "a")
        await trio.sleep(720)
        put(publisher, node, "b")
        await trio.sleep(60)
    assert chained(node.events(HOOK)) == ["a"]
    with node.notices.read() as reader:
        assert reader.watch("hook") is None


async def test_a_test_notice_changes_nothing_else(make_telling, publisher, callbacks, autojump_clock):
    node = make_telling()
    put(publisher, node, "a")
    node.watch("hook", publisher.did, address=HOOK)
    node.watch("all", "*", address=HOOK)
    node.watch("me", publisher.did, form=Form.INBOX)
    node.watch("mail", publisher.did, form=Form.EMAIL)
    before = node.tries("hook")
    test = node.parts.delivery.test
    assert (await test("hook")).verdict is Verdict.REFUSED
    callbacks.receivers[HOOK] = saying(200)
    for id_ in ("hook", "hook", "all", "me"):
        assert (await test(id_)).verdict is Verdict.TAKEN
    events = node.events(HOOK)
    assert {event["type"] for event in events} == {"org.frostnode.publisher.test"}
    assert len({event["id"] for event in events}) == 3
    assert events[0]["source"] == publisher.did
    assert all(event["source"] and event["subject"] for event in events)
    assert (node.tries("hook"), node.due("hook")) == (before, [])
    with node.notices.read() as reader:
        (item,) = reader.inbox(limit=10)
        assert (str(item.due.change.kind), reader.watch("me").told[0] > 0) == ("test", True)
    with pytest.raises(LocalError, match="sends nothing by email"):
        await test("mail")
    with pytest.raises(LocalError, match="nobody"):
        await test("nobody")


async def test_secrets_are_in_no_text(make_telling, publisher, callbacks, autojump_clock):
    node = make_telling()
    secret = b"very secret, and long enough"
    node.watch("hook", publisher.did, address="https://hook.example/token-4711", secret=secret)
    with node.notices.read() as reader:
        assert "very secret" not in repr(reader.watch("hook"))
    async with node.delivering():
        put(publisher, node, "a")
        await trio.sleep(1)
    assert node.tries("hook") != Tries()
    assert "4711" not in node.tries("hook").error


async def test_one_that_is_paused_while_it_fails_stays_paused(
    make_telling, publisher, callbacks, autojump_clock
):
    node = make_telling()

    async def receive(message):
        await trio.sleep(1)
        return CallbackAnswer(410)

    callbacks.receivers[HOOK] = receive
    node.watch("hook", publisher.did, address=HOOK)
    async with node.delivering():
        put(publisher, node, "a")
        await trio.sleep(0.5)
        with node.parts.watches.matching, node.notices.write() as writer:
            node.parts.watches.stop("hook", WatchState.PAUSED, writer)
        await trio.sleep(5)
    assert node.state("hook") is WatchState.PAUSED
