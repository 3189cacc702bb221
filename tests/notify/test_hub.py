"""WebSub: subscriptions that are confirmed, leased and bounded, and feeds that arrive, in virtual time."""

from urllib.parse import parse_qsl, quote

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import wait_all_tasks_blocked

from frostnode.bell import Bell
from frostnode.notify import hub as hub_module
from frostnode.notify.hub import Hub
from frostnode.notify.tries import Verdict
from frostnode.notify.websub import WebSubSender, target_at, target_of_topic
from frostnode.notify_port import Form, WatchState
from frostnode.protocol.errors import LocalError, TransportError
from frostnode.protocol.limits import (
    HUB_ASKED_MAX,
    HUB_ASKED_PER_HOST_MAX,
    HUB_ASKED_S,
    HUB_AT_ONCE_MAX,
    HUB_LEASE_S_MAX,
    HUB_LEASE_S_MIN,
    HUB_SECRET_BYTES_MAX,
    HUB_SUBSCRIPTIONS_MAX,
    HUB_SUBSCRIPTIONS_PER_HOST_MAX,
    HUB_WAITING_MAX,
)
from frostnode.search.subscription_target import OfDataset, OfEverything, OfPublisher, OfSearch
from frostnode.testing.receiver import Received
from frostnode.testing.subscriber import Subscriber
from frostnode.testing.worker import InlineWorker
from frostnode.wire import CallbackAnswer

NODE = "https://node.example"
CALLBACK = "https://reader.example/cb?me=1"
DID = "did:frost:bafyreibnxgybcmq552m67dfwvh3lcbevep6ik3qsqeokvclsmro5lt2pzi"


class TitleFeeds:
    """Feeds that are the titles of all that a node carries."""

    def __init__(self):
        self.node = None
        self.asked = 0

    def path(self, target):
        match target:
            case OfDataset():
                return f"/feeds/dataset/{target}"
            case OfPublisher():
                return f"/feeds/publisher/{target}"
            case OfSearch():
                return f"/feeds/search?q={quote(target.text, safe='')}"
            case OfEverything():
                return "/feeds/node"

    def document(self, target):
        self.asked += 1
        with self.node.catalog.read() as catalog:
            return " ".join(
                entry.title for entry in catalog.records(type_=None, did=None, limit=100)
            ).encode()


class HubWorld:
    """A node with a hub, and subscribers by their callbacks."""

    def __init__(self, make_telling, callbacks):
        self.feeds = TitleFeeds()
        self.callbacks = callbacks

        def sender(ways_out, clock):
            return WebSubSender(
                callbacks=ways_out, feeds=self.feeds, worker=InlineWorker(), clock=clock, node=NODE
            )

        self.node = self.feeds.node = make_telling(senders={Form.WEBSUB: sender})
        parts = self.node.parts
        self.hub = Hub(
            node=NODE,
            feeds=self.feeds,
            callbacks=callbacks,
            log=parts.log,
            watches=parts.watches,
            worker=parts.worker,
            clock=parts.clock,
            random=parts.random,
            matched=Bell(),
        )

    def subscriber(self, callback=CALLBACK, **more):
        subscriber = Subscriber(callback, **more)

        async def receive(message):
            said = subscriber.answer(Received(message.method, message.url, message.headers, message.body))
            return CallbackAnswer(said.status, body=said.body)

        self.callbacks.receivers[callback.partition("?")[0]] = receive
        return subscriber

    async def ask(self, subscriber, mode, topic, **more):
        self.hub.ask(dict(parse_qsl(subscriber.request(mode, topic, **more).decode())))
        await trio.sleep(1)

    def put(self, publisher, *keys):
        start = len(publisher.leaves)
        for key in keys:
            publisher.put(key, {"title": key})
        self.node.tell(*publisher.stream(start))

    @property
    def subscriptions(self):
        with self.node.notices.read() as reader:
            return [watch for watch in reader.watches() if watch.form is Form.WEBSUB]


@pytest.fixture
async def world(make_telling, callbacks, nursery):
    world = HubWorld(make_telling, callbacks)
    nursery.start_soon(world.hub.run)
    async with world.node.delivering():
        yield world
    nursery.cancel_scope.cancel()


async def test_a_subscriber_gets_the_feed_signed_after_each_change(world, autojump_clock, publisher):
    topic = f"{NODE}/feeds/publisher/{publisher.did}"
    reader = world.subscriber(secret="between us")
    world.put(publisher, "before")
    await world.ask(reader, "subscribe", topic)
    assert reader.leases == {topic: HUB_LEASE_S_MAX}
    await trio.sleep(1)
    assert reader.got == []
    world.put(publisher, "a", "b")
    await trio.sleep(1)
    assert len(reader.got) == 1, "one message for what came together"
    assert set(reader.got[0][1].split()) == {b"before", b"a", b"b"}
    world.put(publisher, "c")
    await trio.sleep(1)
    assert b"c" in reader.got[1][1].split()
    message = world.callbacks.came[-1]
    assert message.url == CALLBACK
    assert message.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert message.headers["link"] == f'<{NODE}/feeds/hub>; rel="hub", <{topic}>; rel="self"'


async def test_nothing_is_kept_of_who_did_not_mean_it(world, autojump_clock, publisher):
    topic = f"{NODE}/feeds/node"
    reader = world.subscriber()
    reader.is_confused = True
    await world.ask(reader, "subscribe", topic)
    other = world.subscriber("https://other.example/cb")
    request = dict(parse_qsl(other.request("subscribe", topic).decode()))
    other.intents.clear()
    world.hub.ask(request)
    world.hub.ask({**request, "hub.callback": "https://nobody.example/"})
    await trio.sleep(1)
    assert world.subscriptions == []
    reader.is_confused = False
    await world.ask(reader, "subscribe", topic)
    assert len(world.subscriptions) == 1


async def test_a_stranger_ends_no_subscription(world, autojump_clock, publisher):
    topic = f"{NODE}/feeds/node"
    reader = world.subscriber()
    await world.ask(reader, "subscribe", topic)
    request = dict(parse_qsl(reader.request("unsubscribe", topic).decode()))
    reader.intents[topic] = "subscribe"
    world.hub.ask(request)
    await trio.sleep(1)
    assert len(world.subscriptions) == 1
    await world.ask(reader, "unsubscribe", topic)
    assert world.subscriptions == []
    world.put(publisher, "a")
    await trio.sleep(1)
    assert reader.got == []


@pytest.mark.parametrize(
    ("asked", "granted"),
    [("1", HUB_LEASE_S_MIN), ("7200", 7200), (str(10**15), HUB_LEASE_S_MAX), ("", HUB_LEASE_S_MAX)],
)
async def test_leases_are_bounded(world, autojump_clock, asked, granted):
    reader = world.subscriber()
    topic = f"{NODE}/feeds/node"
    await world.ask(reader, "subscribe", topic, lease_seconds=asked)
    assert reader.leases[topic] == granted


async def test_a_lease_ends_and_asking_again_prolongs_it_and_replaces_the_secret(
    world, autojump_clock, publisher
):
    topic = f"{NODE}/feeds/node"
    reader = world.subscriber(secret="one")
    await world.ask(reader, "subscribe", topic, lease_seconds=600)
    await trio.sleep(500)
    reader.secret = "two"
    await world.ask(reader, "subscribe", topic, lease_seconds=600)
    await trio.sleep(500)
    world.put(publisher, "a")
    await trio.sleep(1)
    assert len(reader.got) == 1
    await trio.sleep(300)
    assert world.subscriptions == []
    world.put(publisher, "b")
    await trio.sleep(1)
    assert len(reader.got) == 1


async def test_one_that_is_gone_is_forgotten(world, autojump_clock, publisher):
    reader = world.subscriber()
    await world.ask(reader, "subscribe", f"{NODE}/feeds/node")
    reader.is_gone = True
    world.put(publisher, "a")
    await trio.sleep(1)
    assert world.subscriptions == []


async def test_one_that_lapsed_goes_on_when_it_asks_again(world, autojump_clock, publisher):
    reader = world.subscriber()
    topic = f"{NODE}/feeds/node"
    await world.ask(reader, "subscribe", topic)
    (watch,) = world.subscriptions
    world.put(publisher, "a")
    with world.node.parts.watches.matching, world.node.notices.write() as writer:
        world.node.parts.watches.stop(watch.id, WatchState.LAPSED, writer)
    await world.ask(reader, "subscribe", topic)
    world.node.tell()
    await trio.sleep(1)
    assert world.subscriptions[0].state is WatchState.LIVE
    assert b"a" in reader.got[-1][1]


async def test_many_readers_of_a_feed_have_it_made_once(world, autojump_clock, publisher):
    readers = [world.subscriber(f"https://reader{n}.example/cb") for n in range(20)]
    for reader in readers:
        world.hub.ask(dict(parse_qsl(reader.request("subscribe", f"{NODE}/feeds/node").decode())))
    await trio.sleep(1)
    world.put(publisher, "a")
    await trio.sleep(1)
    assert [len(reader.got) for reader in readers] == [1] * 20
    assert world.feeds.asked <= 2


async def test_a_test_notice_is_the_feed(world, autojump_clock):
    reader = world.subscriber()
    await world.ask(reader, "subscribe", f"{NODE}/feeds/node")
    (watch,) = world.subscriptions
    assert (await world.node.parts.delivery.test(watch.id)).verdict is Verdict.TAKEN
    assert len(reader.got) == 1


async def test_few_questions_go_to_one_host_and_one_at_a_time_for_one_subscription(world, autojump_clock):
    reader = world.subscriber()
    requests = [
        dict(parse_qsl(Subscriber(f"{CALLBACK}&{n}").request("subscribe", f"{NODE}/feeds/node").decode()))
        for n in range(HUB_ASKED_PER_HOST_MAX)
    ]
    world.hub.ask(requests[0])
    with pytest.raises(LocalError) as caught:
        world.hub.ask(requests[0])
    assert caught.value.code == "queue.full"
    for request in requests[1:]:
        world.hub.ask(request)
    await trio.sleep(1)
    with pytest.raises(LocalError):
        await world.ask(reader, "subscribe", f"{NODE}/feeds/node")
    other = world.subscriber("https://other.example/cb")
    await world.ask(other, "subscribe", f"{NODE}/feeds/node")
    await trio.sleep(3600)
    await world.ask(reader, "subscribe", f"{NODE}/feeds/node")
    assert len(world.subscriptions) == 2


async def test_one_host_has_so_many_subscriptions_and_no_more(world, autojump_clock):
    topic = f"{NODE}/feeds/node"
    for n in range(HUB_SUBSCRIPTIONS_PER_HOST_MAX + 2):
        if n % (HUB_ASKED_PER_HOST_MAX - 1) == 0:
            await trio.sleep(3600)
        reader = world.subscriber(f"https://reader.example/{n}")
        world.hub.ask(dict(parse_qsl(reader.request("subscribe", topic).decode())))
        await trio.sleep(0.01)
    assert len(world.subscriptions) == HUB_SUBSCRIPTIONS_PER_HOST_MAX


async def test_a_secret_as_long_as_it_may_be_is_kept(world, autojump_clock):
    secret = b"x" * HUB_SECRET_BYTES_MAX
    reader = world.subscriber(secret=secret)
    await world.ask(reader, "subscribe", f"{NODE}/feeds/node")
    (watch,) = world.subscriptions
    assert watch.secret == secret


def request(host, callback="/cb"):
    """What somebody asks for whose receiver is at this host."""
    topic = f"{NODE}/feeds/node"
    return dict(parse_qsl(Subscriber(f"https://{host}{callback}").request("subscribe", topic).decode()))


def is_refused(hub, form):
    try:
        hub.ask(form)
    except LocalError as error:
        return error.code == "queue.full"
    return False


async def test_so_many_receivers_are_asked_at_once_so_many_wait_and_the_next_is_refused(
    world, autojump_clock
):
    async def never(message):
        await trio.sleep_forever()

    count = HUB_AT_ONCE_MAX + HUB_WAITING_MAX
    for number in range(count + 1):
        world.callbacks.receivers[f"https://r{number}.example/cb"] = never
    for number in range(HUB_AT_ONCE_MAX):
        assert not is_refused(world.hub, request(f"r{number}.example"))
    await wait_all_tasks_blocked()
    for number in range(HUB_AT_ONCE_MAX, count):
        assert not is_refused(world.hub, request(f"r{number}.example"))
    await wait_all_tasks_blocked()
    assert len(world.callbacks.came) == HUB_AT_ONCE_MAX
    assert is_refused(world.hub, request(f"r{count}.example"))


async def test_so_many_questions_are_asked_in_a_while_whoever_is_asked(world, autojump_clock, monkeypatch):
    assert HUB_ASKED_MAX > 3
    monkeypatch.setattr(hub_module, "HUB_ASKED_MAX", 3)
    for number in range(3):
        assert not is_refused(world.hub, request(f"r{number}.example"))
        await trio.sleep(1)
    assert is_refused(world.hub, request("r3.example"))
    await trio.sleep(HUB_ASKED_S - 3 + 0.5)
    assert not is_refused(world.hub, request("r3.example")), "the first is forgotten"
    assert is_refused(world.hub, request("r4.example")), "the second is not"


async def test_a_node_has_so_many_subscriptions_and_no_more(world, autojump_clock, monkeypatch):
    assert HUB_SUBSCRIPTIONS_MAX > 2
    monkeypatch.setattr(hub_module, "HUB_SUBSCRIPTIONS_MAX", 2)
    topic = f"{NODE}/feeds/node"
    readers = [world.subscriber(f"https://r{number}.example/cb") for number in range(3)]
    for reader in readers:
        await world.ask(reader, "subscribe", topic)
    addresses = ["https://r0.example/cb", "https://r1.example/cb"]
    assert sorted(watch.address for watch in world.subscriptions) == addresses
    await world.ask(readers[0], "unsubscribe", topic)
    await world.ask(readers[2], "subscribe", topic)
    assert len(world.subscriptions) == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mode", "publish"),
        ("mode", ""),
        ("topic", "https://elsewhere.example/feeds/node"),
        ("topic", f"{NODE}/feeds/nothing"),
        ("topic", f"{NODE}/feeds/node?page=1"),
        ("topic", f"{NODE}/feeds/publisher/did:frost:x"),
        ("topic", f"{NODE}/feeds/dataset?url={DID}/a"),
        ("topic", f"{NODE}/feeds/search?q="),
        ("topic", f"{NODE}/feeds/search"),
        ("topic", f"{NODE}.evil.example/feeds/node"),
        ("callback", ""),
        ("callback", "ftp://reader.example/"),
        ("callback", "https://me:you@reader.example/"),
        ("callback", "https://reader.example/#x"),
        ("lease_seconds", "-1"),
        ("lease_seconds", "for ever"),
        ("lease_seconds", "9" * 5000),
        ("secret", "x" * (HUB_SECRET_BYTES_MAX + 1)),
        ("secret", "ü" * (HUB_SECRET_BYTES_MAX // 2 + 1)),
    ],
)
async def test_what_is_no_request_is_refused_and_nobody_is_asked(world, autojump_clock, field, value):
    form = {"hub.mode": "subscribe", "hub.topic": f"{NODE}/feeds/node", "hub.callback": CALLBACK}
    with pytest.raises(LocalError) as caught:
        world.hub.ask({**form, f"hub.{field}": value})
    assert caught.value.code == "usage"
    await trio.sleep(1)
    assert world.callbacks.came == []


@pytest.mark.parametrize(
    "path",
    [
        "/feeds/node",
        f"/feeds/publisher/{DID}",
        f"/feeds/dataset/{DID}/ice/extent",
        "/feeds/search?q=sea%20ice%20%26%20more",
    ],
)
def test_the_feed_of_each_target_is_a_topic(path):
    feeds = TitleFeeds()
    assert feeds.path(target_of_topic(feeds, f"{NODE}/", f"{NODE}{path}")) == path


@given(st.text().map(lambda text: f"/feeds/{text}") | st.text())
def test_no_path_breaks_it(path):
    target_at(path)


async def test_an_address_that_is_not_gone_to_is_no_subscription(world, autojump_clock):
    async def refuse(message):
        raise TransportError("transport.timeout", "callback")

    reader = world.subscriber()
    world.callbacks.receivers[CALLBACK.partition("?")[0]] = refuse
    await world.ask(reader, "subscribe", f"{NODE}/feeds/node")
    assert world.subscriptions == []
