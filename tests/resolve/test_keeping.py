"""A handle is verified while domain and profile name each other, and no moment longer than that is known."""

from dataclasses import replace

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from frostnode.edge.dns_texts import DnsTexts
from frostnode.edge.peer_http import HttpTransport
from frostnode.edge.public_addresses import PublicAddresses
from frostnode.operations import resolve
from frostnode.protocol.limits import (
    CLAIMS_MAX,
    HANDLE_DOCUMENT_BYTES_MAX,
    HANDLE_EXPIRES_S,
    HANDLE_LOOK_UP_S,
    HANDLE_LOOK_UPS_MAX,
    HANDLE_RECHECK_S,
    HANDLE_RETRY_S,
    HANDLES_AT_ONCE_MAX,
)
from frostnode.replicate.policy import CarryPolicy, Mode, Tier, parse_rule
from frostnode.resolve.domains import Domains, DomainSays
from frostnode.testing.domains import domain_world, publisher_with_profile
from frostnode.testing.faults import Fault
from frostnode.testing.loopback import response
from frostnode.testing.memory_publisher import MemoryPublisher

pytestmark = pytest.mark.network


async def badge(node, did):
    node.fold()
    return (await node.ask("publisher", did=did))["badge"]


async def look(node):
    node.fold()
    return await node.parts.handles.look()


async def test_a_domain_and_a_profile_that_name_each_other_verify(node) -> None:
    noaa = publisher_with_profile("noaa", "noaa.example")
    node.take(*noaa.stream())
    async with domain_world(node.parts) as world:
        before = await badge(node, noaa.did)
        assert (before["state"], before["reason"]) == ("unverified", "noaa.example has not been asked yet")
        world.name("noaa.example", noaa.did)
        await look(node)
        after = await badge(node, noaa.did)
    assert (after["state"], after["handle"], after["verified"], after["reason"]) == (
        "verified",
        "noaa.example",
        True,
        "",
    )
    assert node.parts.carrying.tier(noaa.did) is Tier.VOUCHED, "a verified handle vouches"


async def test_the_dns_is_enough(node) -> None:
    noaa = publisher_with_profile("noaa", "noaa.example")
    node.take(*noaa.stream())
    async with domain_world(node.parts) as world:
        world.dns.texts["_frost.noaa.example"] = ["v=spf1 -all", f"did={noaa.did}"]
        answer = await node.ask("handle check", handle="noaa.example")
        assert (await badge(node, noaa.did))["verified"] is False, "what was not folded is not claimed"
        answer = await node.ask("handle check", handle="noaa.example")
        assert (await badge(node, noaa.did))["verified"] is True
    assert [(item["did"], item["how"]) for item in answer["named"]] == [(noaa.did, "dns")]
    assert [item["did"] for item in answer["claimed_by"]] == [noaa.did] and answer["answered"]


@pytest.mark.parametrize("side", ["domain names another", "profile names nothing", "profile names another"])
async def test_one_side_alone_verifies_nothing(node, side) -> None:
    noaa, other = publisher_with_profile("noaa", "noaa.example"), publisher_with_profile("other")
    if side != "domain names another":
        noaa = publisher_with_profile("noaa", "b.example" if side == "profile names another" else None)
    node.take(*noaa.stream(), *other.stream())
    async with domain_world(node.parts) as world:
        world.name("noaa.example", other.did if side == "domain names another" else noaa.did)
        await look(node)
        assert (await badge(node, noaa.did))["state"] == "unverified"
        assert (await badge(node, other.did))["state"] == "unverified"


async def test_domains_and_profiles_in_a_circle_verify_nothing_and_are_asked_once_each(node) -> None:
    """a names Bob, Bob says b, b names Ann, Ann says a."""
    ann, bob = publisher_with_profile("ann", "a.example"), publisher_with_profile("bob", "b.example")
    node.take(*ann.stream(), *bob.stream())
    async with domain_world(node.parts) as world:
        world.name("a.example", bob.did)
        world.name("b.example", ann.did)
        await look(node)
        assert not await look(node)
        assert [(await badge(node, who.did))["verified"] for who in (ann, bob)] == [False, False]
        assert world.asked("a.example") == world.asked("b.example") == 1


async def test_a_domain_that_stops_naming_ends_the_handle_at_the_next_check(node) -> None:
    noaa = publisher_with_profile("noaa", "noaa.example")
    node.take(*noaa.stream())
    async with domain_world(node.parts) as world:
        world.name("noaa.example", noaa.did)
        await look(node)
        world.name("noaa.example")
        node.clock.step_ms(HANDLE_RECHECK_S * 700)
        await look(node)
        assert (await badge(node, noaa.did))["verified"] and world.asked("noaa.example") == 1, "not yet due"
        node.clock.step_ms(HANDLE_RECHECK_S * 600)
        await look(node)
        now = await badge(node, noaa.did)
    assert (now["state"], now["reason"]) == ("unverified", "noaa.example names no publisher")
    assert node.parts.carrying.tier(noaa.did) is Tier.UNKNOWN


async def test_a_profile_that_names_another_domain_ends_the_handle_at_once(node) -> None:
    noaa = publisher_with_profile("noaa", "noaa.example")
    node.take(*noaa.stream())
    async with domain_world(node.parts) as world:
        world.name("noaa.example", noaa.did)
        await look(node)
        noaa.put("self", {"name": "Noaa", "handle": "new.example"}, "profile")
        node.take(*noaa.stream())
        assert (await badge(node, noaa.did))["verified"] is False
        world.name("new.example", noaa.did)
        await look(node)
        assert (await badge(node, noaa.did))["handle"] == "new.example"
        noaa.withdraw("self", "profile")
        node.take(*noaa.stream())
        await look(node)
        assert (await badge(node, noaa.did))["verified"] is False
    with node.store.read() as reader:
        assert reader.handle_checks() == [], "who claims nothing is forgotten"


async def test_a_domain_in_trouble_keeps_its_word_until_it_expires(node) -> None:
    noaa = publisher_with_profile("noaa", "noaa.example")
    node.take(*noaa.stream())
    async with domain_world(node.parts) as world:
        world.name("noaa.example", noaa.did)
        await look(node)
        world.answers["/noaa.example"] = response(status=503)
        waits = []
        while (await badge(node, noaa.did))["verified"]:
            node.clock.step_ms(HANDLE_RECHECK_S * 1_300)
            before = node.clock.now_ms()
            await look(node)
            with node.store.read() as reader:
                check = reader.handle_check(noaa.did)
            waits.append((check.again_ms - before) / 1000)
            assert check.failures == len(waits)
        assert "503" in (await badge(node, noaa.did))["reason"]
        assert node.parts.carrying.handles == {}
    assert len(waits) == -(-HANDLE_EXPIRES_S // (HANDLE_RECHECK_S * 13 // 10)), "as long as it may be kept"
    assert HANDLE_RETRY_S * 0.75 <= waits[0] <= HANDLE_RETRY_S * 1.25
    assert waits[1] > waits[0] and waits[3] > waits[2] and max(waits) <= HANDLE_RECHECK_S * 1.25
    assert len(set(waits)) == len(waits), "spread by chance"


async def test_a_domain_without_a_web_server_takes_back_in_the_dns_what_it_said_there(node) -> None:
    noaa = publisher_with_profile("noaa", "noaa.example")
    node.take(*noaa.stream())
    async with domain_world(node.parts) as world:
        world.answers["/noaa.example"] = response(status=503)
        world.dns.texts["_frost.noaa.example"] = [f"did={noaa.did}"]
        await look(node)
        assert (await badge(node, noaa.did))["verified"]
        world.dns.failing.add("_frost.noaa.example")
        await node.ask("handle check", handle="noaa.example")
        assert (await badge(node, noaa.did))["verified"], "no way has answered"
        world.dns.failing.clear()
        del world.dns.texts["_frost.noaa.example"]
        await node.ask("handle check", handle="noaa.example")
        after = await badge(node, noaa.did)
    assert (after["verified"], "names it no longer by dns" in after["reason"]) == (False, True)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (response(b"x" * (HANDLE_DOCUMENT_BYTES_MAX + 1)), "expected 32768"),
        (response(b"[" * HANDLE_DOCUMENT_BYTES_MAX), "did:frost"),
        (response(b'{"dids": {"did:frost:x": 1}}'), "did:frost"),
        (response(status=302, location="https://noaa.example/.well-known/frost.json"), "not followed"),
        (response(b"\x1f\x8b", content_encoding="gzip"), "gzip"),
        (response(b"", 404), ""),
    ],
    ids=["too large", "too deep", "another shape", "redirects to itself", "compressed", "nothing"],
)
async def test_a_hostile_document_verifies_nothing_and_the_dns_still_may(node, answer, words) -> None:
    noaa = publisher_with_profile("noaa", "noaa.example")
    node.take(*noaa.stream())
    async with domain_world(node.parts) as world:
        world.answers["/noaa.example"] = answer
        await look(node)
        now = await badge(node, noaa.did)
        assert now["state"] == "unverified" and words in now["reason"]
        world.dns.texts["_frost.noaa.example"] = [f"did={noaa.did}"]
        await node.ask("handle check", handle="noaa.example")
        assert (await badge(node, noaa.did))["verified"]
        assert world.asked("noaa.example") == 2, "a redirect was followed"


async def test_a_domain_that_says_nothing_at_all_is_given_up_in_time(node, autojump_clock) -> None:
    class Silent:
        async def fetch(self, url, *, bytes_max):
            await trio.sleep_forever()

        async def texts(self, name):
            await trio.sleep_forever()

    says = await Domains(Silent(), Silent()).ask("a.example")
    assert trio.current_time() == pytest.approx(HANDLE_LOOK_UP_S, abs=0.01) and not says.is_answer


async def test_names_that_lead_into_this_network_are_not_asked(node) -> None:
    async with domain_world(node.parts) as world:

        async def inside(name):
            return ["127.0.0.1"]

        async with HttpTransport(PublicAddresses(resolve=inside)) as guarded:
            domains = Domains(
                guarded, DnsTexts(world.dns.address), lambda handle: f"{world.web.url}/{handle}"
            )
            says = await domains.ask("inside.example")
        assert world.web.requests == [] and says.named == {}
        assert "expected public ones" in says.reason


async def test_a_name_server_that_fails_is_no_answer(node) -> None:
    noaa = publisher_with_profile("noaa", "noaa.example")
    node.take(*noaa.stream())
    async with domain_world(node.parts) as world:
        world.dns.failing.add("_frost.noaa.example")
        says = await node.parts.handles.domains.ask("noaa.example")
        assert not says.is_answer and "dns" in says.reason
        world.name("noaa.example", noaa.did)
        says = await node.parts.handles.domains.ask("noaa.example")
        assert says.named == {noaa.did: "well-known"}, "the other way is enough"


async def test_many_publishers_that_claim_one_domain_are_one_request(node) -> None:
    crowd = [publisher_with_profile(f"sybil-{n}", "victim.example") for n in range(20)]
    for one in crowd:
        node.take(*one.stream())
    async with domain_world(node.parts) as world:
        world.name("victim.example", crowd[3].did)
        while await look(node):
            pass
        assert world.asked("victim.example") == 1
        verified = [one for one in crowd if (await badge(node, one.did))["verified"]]
    assert verified == [crowd[3]]


async def test_a_round_is_bounded_and_few_are_asked_at_once(node) -> None:
    class Counting:
        now = most = asked = 0

        async def ask(self, handle):
            self.now += 1
            self.asked += 1
            self.most = max(self.most, self.now)
            await trio.lowlevel.checkpoint()
            self.now -= 1
            return DomainSays(named={}, reason="")

    counting = node.parts.handles.domains = Counting()
    for n in range(HANDLES_AT_ONCE_MAX + 3):
        node.take(*publisher_with_profile(f"p{n}", f"p{n}.example").stream())
    assert await look(node) and counting.asked == HANDLES_AT_ONCE_MAX
    assert not await look(node) and counting.asked == HANDLES_AT_ONCE_MAX + 3
    assert counting.most == 4


async def test_a_crowd_of_strangers_delays_strangers_alone(node) -> None:
    crowd = [publisher_with_profile(f"p{n}", f"p{n}.example") for n in range(3)]
    friend = publisher_with_profile("friend", "z.example")
    for one in (*crowd, friend):
        node.take(*one.stream())
    node.fold()
    await node.ask("follow", target=friend.did)
    assert list(node.parts.handles.due().claims) == ["z.example", "p0.example", "p1.example", "p2.example"]


async def test_the_loop_hears_of_new_profiles_and_outlives_a_failing_disk(node, autojump_clock) -> None:
    noaa = publisher_with_profile("noaa", "noaa.example")

    class Saying:
        async def ask(self, handle):
            return DomainSays(named={noaa.did: "dns"}, reason="")

    node.parts.handles.domains = Saying()
    with trio.fail_after(200):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(node.parts.handles.run, node.parts.projected)
            await trio.sleep(1)
            node.take(*noaa.stream())
            node.fold()
            node.fail(1, Fault.NOT_WRITTEN)
            node.parts.projected.ring()
            while not (await badge(node, noaa.did))["verified"]:  # noqa: ASYNC110 - it is the store that is looked at
                await trio.sleep(1)
            nursery.cancel_scope.cancel()


async def test_an_allowed_handle_lets_in_whom_its_domain_names_before_their_profile_is_here(node) -> None:
    noaa, other = (
        publisher_with_profile("noaa", "noaa.example"),
        publisher_with_profile("other", "other.example"),
    )
    policy = CarryPolicy(mode=Mode.FOLLOWED, allow=frozenset({parse_rule("handle:noaa.example")}))
    node.parts.carrying.refresh(policy)
    judge = node.parts.carrying.judge
    async with domain_world(node.parts) as world:
        world.name("noaa.example", noaa.did)
        await look(node)
        assert judge(noaa.did, None) is Tier.VOUCHED
        assert judge(other.did, None).code == "policy.not-followed"
        node.take(*publisher_with_profile("noaa", "elsewhere.example").stream())
        await look(node)
        assert judge(noaa.did, None).code == "policy.not-followed", "its profile does not name the domain"


async def test_what_is_denied_by_handle_goes_when_it_is_verified(node) -> None:
    noaa = publisher_with_profile("noaa", "noaa.example")
    node.take(*noaa.stream())
    node.parts.carrying.refresh(CarryPolicy(deny=frozenset({parse_rule("handle:*.example")})))
    assert node.parts.carrying.is_carried(noaa.did)
    async with domain_world(node.parts) as world:
        world.name("noaa.example", noaa.did)
        await look(node)
    assert not node.parts.carrying.is_carried(noaa.did)


async def test_what_is_remembered_survives_a_restart(node) -> None:
    noaa = publisher_with_profile("noaa", "noaa.example")
    node.take(*noaa.stream())
    async with domain_world(node.parts) as world:
        world.name("noaa.example", noaa.did)
        await look(node)
        with node.store.read() as reader:
            (check,) = reader.handle_checks()
    assert check.holds("noaa.example", node.clock.now_ms())
    assert not check.holds("other.example", node.clock.now_ms())
    assert not check.holds("noaa.example", check.verified_ms + HANDLE_EXPIRES_S * 1000)
    assert not replace(check, verified_ms=None).holds("noaa.example", 0)


class SlowDomains:
    """Domains that answer when they are told to."""

    def __init__(self):
        self.asked = self.open = self.most = 0
        self.answering = trio.Event()

    async def ask(self, handle):
        self.asked += 1
        self.open += 1
        self.most = max(self.most, self.open)
        await self.answering.wait()
        await trio.lowlevel.checkpoint()
        self.open -= 1
        return DomainSays(named={}, reason="nothing")


async def test_so_many_domains_are_asked_at_once_and_the_others_wait(node) -> None:
    for number in range(HANDLE_LOOK_UPS_MAX + 1):
        node.take(*publisher_with_profile(f"p{number}", f"p{number}.example").stream())
    node.fold()
    domains = node.parts.handles.domains = SlowDomains()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(node.parts.handles.look)
        await wait_all_tasks_blocked()
        assert domains.asked == HANDLE_LOOK_UPS_MAX
        domains.answering.set()
    assert (domains.asked, domains.most) == (HANDLE_LOOK_UPS_MAX + 1, HANDLE_LOOK_UPS_MAX)


async def test_so_many_claims_of_one_identifier_are_listed_and_no_more(node, monkeypatch) -> None:
    for name in ("one", "two", "three"):
        source = MemoryPublisher(name)
        source.put("a", {"title": name, "identifiers": [{"scheme": "doi", "value": "10.5067/X"}]})
        node.take(*source.stream())
    node.fold()
    claims = (await node.ask("resolve", name="doi:10.5067/X"))["claims"]
    assert len(claims) == 3
    assert CLAIMS_MAX > 2
    monkeypatch.setattr(resolve, "CLAIMS_MAX", 2)
    assert len((await node.ask("resolve", name="doi:10.5067/X"))["claims"]) == 2
