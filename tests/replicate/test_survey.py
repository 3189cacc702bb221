"""Carriers are asked a few at once, each for so long: who is silent keeps nobody from hearing the others."""

import trio

from frostnode.edge.peer_http import HttpTransport
from frostnode.protocol.limits import SURVEY_AT_ONCE_MAX, SURVEY_LISTED_MAX, SURVEY_S
from frostnode.replicate.fetch_history import fetch_history
from frostnode.replicate.survey import Further, survey
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.peers import AppTransport
from frostnode.testing.small_node import NoTransport


class Silent(NoTransport):
    """Carriers that answer after so many seconds of asking."""

    def __init__(self, answer_s):
        self.answer_s = answer_s
        self.open = self.most = 0

    async def fetch(self, url, *, bytes_max):
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            await trio.sleep(self.answer_s)
        finally:
            self.open -= 1
        return await super().fetch(url, bytes_max=bytes_max)


async def errors_of(node, transport, carriers):
    """What is said of so many carriers, and how long that took."""
    urls = [f"http://c{number}.example" for number in range(carriers)]
    begun = trio.current_time()
    heard = await survey(node.world_over(transport), MemoryPublisher().did, urls)
    assert [one.url for one in heard] == urls
    return {one.error.partition(":")[0] for one in heard}, trio.current_time() - begun


async def test_so_many_carriers_are_asked_at_once_and_the_next_waits(make_node, autojump_clock):
    node, transport = make_node(), Silent(SURVEY_S - 1)
    told, lasted_s = await errors_of(node, transport, SURVEY_AT_ONCE_MAX)
    assert (told, transport.most, round(lasted_s)) == (
        {"transport.unreachable"},
        SURVEY_AT_ONCE_MAX,
        SURVEY_S - 1,
    )
    told, lasted_s = await errors_of(node, transport, SURVEY_AT_ONCE_MAX + 1)
    assert (told, transport.most, round(lasted_s)) == (
        {"transport.unreachable"},
        SURVEY_AT_ONCE_MAX,
        2 * (SURVEY_S - 1),
    )


async def test_a_carrier_that_says_nothing_for_so_long_counts_as_one_that_cannot_be_reached(
    make_node, autojump_clock
):
    told, lasted_s = await errors_of(make_node(), Silent(SURVEY_S + 1), 1)
    assert (told, round(lasted_s)) == ({"transport.timeout"}, SURVEY_S)


async def nothing(*_):
    """Nobody looks on."""


async def test_those_too_are_asked_whom_a_carrier_lists(make_node, make_publisher, autojump_clock):
    """One step, over the guarded way out alone; who has most may be among them, and has what is missing."""
    node, near, far, farther, other = map(make_node, ("node", "near", "far", "farther", "other"))
    source = make_publisher(count=3)
    near.take(*source.stream())
    source.put("late", {"title": "Late"})
    for one in (far, farther):
        one.take(*source.stream())
    near.listed = ["http://near.example", "http://other.example", "http://far.example", "http://mine.example"]
    far.listed = ["http://farther.example"]
    plain = AppTransport({"near.example": near.app})
    apps = {"far.example": far.app, "farther.example": farther.app, "other.example": other.app}
    guarded = AppTransport(apps)
    async with HttpTransport(plain) as wire, HttpTransport(guarded) as outside:
        world = node.world_over(wire)
        further = Further(node.world_over(outside), lambda url: url != "http://mine.example")
        asked = (world, source.did, ["http://near.example"])
        (alone,) = await survey(*asked)
        assert (alone.head.size, alone.is_listed) == (3, False)
        heard = await survey(*asked, further=further)
        await fetch_history(world, source.did, heard, nothing, further)
    assert [(one.url, one.head.size, one.is_listed) for one in heard] == [
        ("http://near.example", 3, False),
        ("http://far.example", 4, True),
    ]
    with node.store.read() as reader:
        assert reader.log(source.origin).held.size == 4
    assert not [line for line in plain.asked if "near.example" not in line]
    assert not [line for line in guarded.asked if "farther" in line or "mine" in line]


async def test_of_those_who_are_listed_so_many_are_asked_and_some_of_each_list(
    make_node, make_publisher, autojump_clock
):
    source, near = make_publisher(), [make_node(f"near{number}") for number in range(4)]
    for number, one in enumerate(near):
        one.take(*source.stream())
        one.listed = [f"http://{number}-{at}.example" for at in range(SURVEY_LISTED_MAX // 3)]
    net = AppTransport({f"near{number}.example": one.app for number, one in enumerate(near)})
    guarded = AppTransport({})
    async with HttpTransport(net) as wire, HttpTransport(guarded) as outside:
        node = make_node()
        urls = [f"http://near{number}.example" for number in range(4)]
        further = Further(node.world_over(outside), lambda _: True)
        heard = await survey(node.world_over(wire), source.did, urls, further=further)
    assert [one.url for one in heard] == urls, "who does not answer is nobody that anyone has named"
    asked = {line.split("//")[1].split("/")[0] for line in guarded.asked}
    assert len(asked) == SURVEY_LISTED_MAX
    assert {host.partition("-")[0] for host in asked} == {"0", "1", "2", "3"}
