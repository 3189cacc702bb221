"""Subscriptions as people make them: public ones with a record, private ones that nobody learns of, and the inbox."""

from collections import Counter
from contextlib import asynccontextmanager

import pytest

from frostnode.config import Config
from frostnode.edge.home import Home
from frostnode.edge.sqlite.arrival_reader import ArrivalReader
from frostnode.edge.sqlite.identity_reader import IdentityReader
from frostnode.edge.sqlite.notify_store import SqliteNotifyStore
from frostnode.founding import found
from frostnode.identity.kits import CHEAPEST
from frostnode.node import open_parts
from frostnode.operations.table import operate
from frostnode.protocol.errors import LocalError
from frostnode.replicate.ingest import Ingest
from frostnode.testing.memory_publisher import MemoryPublisher

pytestmark = pytest.mark.slow


async def quiet(what, done, total):
    """Nobody looks on."""


class Open:
    """An open home with one publisher of its own, beside one that it carries."""

    def __init__(self, parts, upstream):
        self.parts, self.upstream = parts, upstream

    async def ask(self, operation, **params):
        return await operate(self.parts, operation, params, quiet)

    async def upstream_puts(self, key, **fields):
        start = len(self.upstream.leaves)
        self.upstream.put(key, {"title": key, **fields}, "version" if "@" in key else "dataset")
        Ingest(self.parts.log, None).take(list(self.upstream.stream(start)))
        await self.match()

    async def match(self):
        await self.parts.project()
        while self.parts.own_subscriptions.look():
            pass
        while self.parts.matching.step():
            pass

    async def told(self):
        """What is unread: (kind, key)."""
        items = (await self.ask("inbox"))["items"]
        return [(item["notice"]["data"]["kind"], item["notice"]["data"].get("key")) for item in items]


@asynccontextmanager
async def opened(folder):
    home, config = Home(folder / "home"), Config(name="Home", url="https://home.example")
    if not home.exists:
        found(home, config, passphrase="p", kit=None, peers=[], cost=CHEAPEST)
    async with open_parts(home, config) as parts:
        upstream = MemoryPublisher("upstream")
        upstream.put("sst", {"title": "sst"})
        Ingest(parts.log, None).take(list(upstream.stream()))
        await parts.project()
        yield Open(parts, upstream)


async def test_a_public_subscription_is_a_record_and_is_told_of(tmp_path):
    async with opened(tmp_path) as home:
        await home.ask("publish", records=[{"type": "dataset", "key": "ours", "title": "Ours"}])
        target = f"{home.upstream.did}/sst"
        answer = await home.ask("subscribe", target=target, behalf="ours")
        assert (answer["public"], answer["followed"], answer["secret"]) == (True, None, None)
        again = await home.ask("subscribe", target=target, behalf="ours")
        assert again["id"] == answer["id"]
        shown = await home.ask("show", url=answer["id"])
        fields = shown["content"]["fields"]
        assert fields == {"target": {"dataset": target}, "on_behalf_of": answer["behalf"]}
        await home.upstream_puts("sst@2", changes={"note": "second"})
        await home.upstream_puts("other")
        assert await home.told() == [("published", "sst@2")]
        (item,) = (await home.ask("inbox", read=True))["items"]
        assert item["behalf"] == answer["behalf"]
        assert item["notice"]["data"]["links"]["proof"].startswith("https://home.example/api/proof/")
        assert await home.told() == []
        assert len((await home.ask("inbox", all=True))["items"]) == 1
        (listed,) = (await home.ask("subscriptions"))["subscriptions"]
        assert (listed["title"], listed["public"], listed["state"]) == ("sst", True, "live")
        assert (await home.ask("unsubscribe", id=target))["removed"] == [answer["id"]]
        await home.match()
        assert (await home.ask("subscriptions"))["subscriptions"] == []
        assert (await home.ask("show", url=answer["id"]))["op"] == "withdraw"


async def test_a_private_watch_leaves_no_trace_in_any_log(tmp_path):
    async with opened(tmp_path) as home:
        before = (await home.ask("status"))["arrivals"]
        await home.ask("subscribe", target="sst", private=True, since="beginning")
        assert (await home.ask("status"))["arrivals"] == before
        await home.match()
        assert await home.told() == [("published", "sst")]


async def test_a_subscription_record_that_was_published_otherwise_is_told_of_too(tmp_path):
    async with opened(tmp_path) as home:
        target = {"publisher": home.upstream.did}
        await home.ask("publish", records=[{"type": "subscription", "key": "all", "target": target}])
        await home.match()
        (listed,) = (await home.ask("subscriptions"))["subscriptions"]
        assert (listed["target"], listed["form"]) == (home.upstream.did, "inbox")
        await home.upstream_puts("news")
        assert await home.told() == [("published", "news")]
        await home.ask(
            "publish", records=[{"type": "subscription", "key": "all", "target": {"query": "ice"}}]
        )
        await home.match()
        (listed,) = (await home.ask("subscriptions"))["subscriptions"]
        assert listed["target"] == "ice"


async def test_nothing_is_told_while_paused_and_all_of_it_afterwards(tmp_path):
    async with opened(tmp_path) as home:
        answer = await home.ask("subscribe", target=home.upstream.did, private=True)
        await home.ask("subscription pause", id=answer["id"])
        await home.upstream_puts("a")
        assert await home.told() == []
        await home.ask("subscription resume", id=answer["id"])
        await home.match()
        assert await home.told() == [("published", "a")]


async def test_a_publisher_that_is_not_carried_is_followed(tmp_path):
    async with opened(tmp_path) as home:
        stranger = MemoryPublisher("stranger").did
        answer = await home.ask("subscribe", target=stranger, private=True)
        assert answer["followed"] == stranger
        assert stranger in (await home.ask("status"))["followed"]


@pytest.mark.parametrize(
    "params",
    [
        {"target": "*"},
        {"target": "ice", "form": "pigeon", "private": True},
        {"target": "ice", "form": "webhook", "private": True},
        {"target": "ice", "address": "https://x.example", "private": True},
        {"target": "ice", "since": "yesterday", "private": True},
        {"target": "ice", "behalf": "bad key"},
        {"target": "-ice", "private": True},
    ],
)
async def test_what_cannot_be_subscribed_to_changes_nothing(tmp_path, params):
    async with opened(tmp_path) as home:
        before = (await home.ask("status"))["arrivals"]
        with pytest.raises(Exception, match=r".") as caught:
            await home.ask("subscribe", **params)
        assert caught.value.code in {"usage", "query.malformed", "name.key"}
        assert (await home.ask("status"))["arrivals"] == before
        assert (await home.ask("subscriptions"))["subscriptions"] == []


async def test_a_name_that_nothing_has(tmp_path):
    async with opened(tmp_path) as home:
        for operation in ("unsubscribe", "subscription pause", "subscription resume"):
            with pytest.raises(LocalError) as caught:
                await home.ask(operation, id="nobody")
            assert caught.value.code == "record.not-found"


async def test_of_more_public_subscriptions_than_are_told_none_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr("frostnode.publish.subscription_check.OWN_SUBSCRIPTIONS_MAX", 1)
    async with opened(tmp_path) as home:
        answer = await home.ask("subscribe", target="ice")
        with pytest.raises(LocalError) as caught:
            await home.ask("subscribe", target="snow")
        assert (caught.value.code, caught.value.hint) == (
            "queue.full",
            "subscribe with --private, or end others",
        )
        assert (await home.ask("subscribe", target="ice"))["id"] == answer["id"]
        assert (await home.ask("subscribe", target="snow", private=True))["state"] == "live"


async def test_subscription_records_beyond_the_limit_are_not_published_by_any_way(tmp_path, monkeypatch):
    monkeypatch.setattr("frostnode.publish.subscription_check.OWN_SUBSCRIPTIONS_MAX", 3)

    def records(*names):
        return [{"type": "subscription", "key": name, "target": {"query": name}} for name in names]

    async with opened(tmp_path) as home:
        stranger = MemoryPublisher("stranger").did
        await home.ask("publish", records=records("a", "b", "c", "a"))
        before = await home.ask("status")
        with pytest.raises(LocalError) as caught:
            await home.ask("publish", records=records("c", "d"))
        assert (caught.value.code, caught.value.expected) == ("queue.full", "≤ 3")
        assert "/~subscription/d: subscriptions of did:frost:" in caught.value.message
        with pytest.raises(LocalError):
            await home.ask("subscribe", target=stranger)
        after = await home.ask("status")
        assert (after["arrivals"], after["followed"]) == (before["arrivals"], before["followed"])
        url = (await home.ask("publish", records=records("a")))["records"][0]["url"]
        await home.ask("withdraw", url=url)
        await home.ask("publish", records=records("d"))


async def test_subscription_records_beyond_all_watches_stop_nobody(tmp_path, monkeypatch):
    """Of whoever publishes at this node: the stage goes on, and others are told as before."""
    monkeypatch.setattr("frostnode.notify.watches.WATCHES_MAX", 2)
    async with opened(tmp_path) as home:
        await home.ask("subscribe", target=home.upstream.did, private=True)
        records = [
            {"type": "subscription", "key": f"s{n}", "target": {"query": f"word{n}"}} for n in range(9)
        ]
        for record in records:
            await home.ask("publish", records=[record])
            await home.match()
        assert len((await home.ask("subscriptions"))["subscriptions"]) == 2
        await home.upstream_puts("news")
        assert await home.told() == [("published", "news")]
        await home.ask("unsubscribe", id=home.upstream.did)
        assert len((await home.ask("subscriptions"))["subscriptions"]) == 1
        await home.match()  # nothing of them is new, but there is room for one of those that were left out
        assert len((await home.ask("subscriptions"))["subscriptions"]) == 2


async def test_a_look_costs_as_much_for_many_own_subscriptions_as_for_few(tmp_path, monkeypatch):
    """One look through the arrivals and one transaction, however many there are; none where nothing of them is new."""
    asked = Counter()

    def count(owner, name):
        real = getattr(owner, name)

        def counted(self, *arguments, **more):
            asked[name] += 1
            return real(self, *arguments, **more)

        monkeypatch.setattr(owner, name, counted)

    async with opened(tmp_path) as home:
        count(ArrivalReader, "arrivals")
        count(SqliteNotifyStore, "write")
        count(IdentityReader, "history")

        async def cost_of_look_after(records):
            await home.ask("publish", records=records)
            await home.parts.project()
            asked.clear()
            is_changed = home.parts.own_subscriptions.look()
            return is_changed, dict(asked)

        def searches(name, count):
            return [
                {"type": "subscription", "key": f"{name}{n}", "target": {"query": f"{name}{n}"}}
                for n in range(count)
            ]

        await cost_of_look_after(searches("first", 1))
        is_changed, few = await cost_of_look_after(searches("few", 2))
        assert is_changed
        assert few["write"] == 1
        assert await cost_of_look_after(searches("many", 50)) == (True, few)
        is_changed, none = await cost_of_look_after([{"type": "dataset", "key": "ours", "title": "Ours"}])
        assert not is_changed
        assert "write" not in none
        assert len((await home.ask("subscriptions"))["subscriptions"]) == 53


async def test_a_record_whose_search_cannot_be_read_is_not_published(tmp_path):
    async with opened(tmp_path) as home:
        for query in ("-ice", " ".join(f"word{n}" for n in range(40))):
            record = {"type": "subscription", "key": "all", "target": {"query": query}}
            with pytest.raises(LocalError) as caught:
                await home.ask("publish", records=[record])
            assert caught.value.code == "query.malformed"
            assert "/~subscription/all: " in caught.value.message
