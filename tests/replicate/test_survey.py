"""Carriers are asked a few at once, each for so long: who is silent keeps nobody from hearing the others."""

import trio

from frostnode.protocol.limits import SURVEY_AT_ONCE_MAX, SURVEY_S
from frostnode.replicate.survey import survey
from frostnode.testing.memory_publisher import MemoryPublisher
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
