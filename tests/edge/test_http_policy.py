"""The policy as people and programs see it: the page, the API, what a search leaves out, a change at run time."""

from dataclasses import replace

import pytest

from frostnode.edge.http.asked import quiet
from frostnode.operations import follow, policy
from frostnode.operations.table import operate
from frostnode.protocol.errors import LocalError
from frostnode.protocol.keys import SigningKey, to_multibase
from frostnode.replicate.admission import PeerDoor
from frostnode.replicate.ingest import Ingest
from frostnode.replicate.policy import CarryPolicy, Mode, Tier, parse_rule
from frostnode.replicate.policy_table import ABOUT, settings_of
from frostnode.testing.memory_publisher import NODE_SEED, MemoryPublisher
from frostnode.testing.pages import Page

PEER = "http://peer.example"
STRANGER = "http://stranger.example"


def make_source(name, title):
    source = MemoryPublisher(name)
    source.put("self", {"name": f"Publisher {name}"}, "profile")
    source.put("ice", {"title": title})
    return source


class Nodes:
    """What /frost/node of some nodes says."""

    def __init__(self, **answers):
        self.answers = answers
        self.asked = []

    async def fetch(self, url, *, bytes_max):
        self.asked.append(url)
        return self.answers["node"]


@pytest.fixture
async def carrying(node):
    """A node that was brought a followed and a denied publisher by its peer, and an unknown one by a stranger."""
    known, unknown, denied = (
        make_source(name, f"Sea ice of {name}") for name in ("known", "unknown", "denied")
    )
    with node.store.write() as writer:
        writer.put_peer(PEER)
        writer.follow(known.did)
    node.parts.carrying.refresh(CarryPolicy(deny=frozenset([parse_rule(denied.did)])))
    for source, url in ((known, PEER), (unknown, STRANGER), (denied, PEER)):
        Ingest(node.store, None, door=PeerDoor(node.parts.carrying, url)).take(list(source.stream()))
    node.project()
    return node, known, unknown, denied


def dids(answer):
    return {hit["did"] for hit in answer.json["hits"]}


async def test_a_search_leaves_out_for_whom_nobody_vouches(carrying):
    node, known, unknown, _ = carrying
    answer = await node.ask("/api/search?q=sea+ice")
    assert (dids(answer), answer.json["total"], answer.json["unknown"]) == ({known.did}, 1, 1)
    answer = await node.ask("/api/search?q=sea+ice&include=unknown")
    assert (dids(answer), answer.json["total"], answer.json["unknown"]) == ({known.did, unknown.did}, 2, 0)
    assert (await node.ask("/api/search?q=ice&include=all")).code == "usage"
    page = await node.ask("/search?q=sea+ice")
    assert "Sea ice of known" in Page(page.text).text
    assert "Sea ice of unknown" not in Page(page.text).text
    assert "Left out: 1 publisher" in page.text
    assert (
        "/search?q=sea+ice&amp;include=unknown" in page.text or "?q=sea+ice&amp;include=unknown" in page.text
    )
    everyone = await node.ask("/search?q=sea+ice&include=unknown")
    assert "Sea ice of unknown" in Page(everyone.text).text


async def test_whom_a_followed_node_brings_is_found_though_nobody_vouches(carrying):
    node, known, unknown, _ = carrying
    door = PeerDoor(node.parts.carrying, PEER)
    unknown.put("more", {"title": "Sea ice again"})
    Ingest(node.store, None, door=door).take(list(unknown.stream(2)))
    node.project()
    for _ in range(2):
        answer = await node.ask("/api/search?q=sea+ice")
        assert (dids(answer), answer.json["unknown"]) == ({known.did, unknown.did}, 0)
        assert node.parts.carrying.tier(unknown.did) is Tier.UNKNOWN
        node.parts.carrying = type(node.parts.carrying)(
            node.store, node.parts.clock, node.parts.carrying.policy
        )
        node.parts.carrying.refresh()


async def test_a_search_that_finds_nothing_says_who_was_left_out(carrying):
    node, *_ = carrying
    assert "Left out: 1 publisher" in (await node.ask("/search?q=unheard-of")).text


async def test_the_newest_records_leave_them_out_too_and_a_publisher_shows_its_own(carrying):
    node, known, unknown, _ = carrying
    listed = {item["did"] for item in (await node.ask("/api/records")).json["records"]}
    assert listed == {known.did}
    assert "Sea ice of unknown" not in (await node.ask("/")).text
    assert "Sea ice of unknown" in (await node.ask(f"/publisher/{unknown.did}")).text
    assert (await node.ask(f"/api/records?did={unknown.did}")).json["records"]


async def test_an_operator_may_show_them_always(carrying):
    node, known, unknown, _ = carrying
    node.parts.carrying.refresh(replace(node.parts.carrying.policy, show_unknown=True))
    assert dids(await node.ask("/api/search?q=sea+ice")) == {known.did, unknown.did}


async def test_the_page_says_what_is_carried(carrying):
    node, *_ = carrying
    page = await node.ask("/policy")
    assert page.status == 200
    for name in ABOUT:
        assert f"<dt><code>{name}</code></dt>" in page.text
    answer = (await node.ask("/api/policy")).json
    assert answer["settings"] == settings_of(node.parts.carrying.policy)
    assert answer["tiers"] == {"own": 0, "followed": 1, "vouched": 0, "unknown": 1}
    assert (answer["not_carried"], answer["refusals"]) == (0, 1)


async def test_what_is_refused_is_shown_with_its_reason(carrying):
    node, _, _, denied = carrying
    answer = (await node.ask("/api/policy/refusals")).json
    (item,) = answer["refusals"]
    assert answer["total"] == 1
    assert (item["did"], item["peer"], item["code"], item["times"]) == (denied.did, PEER, "policy.denied", 1)
    assert item["again_ms"] > item["last_ms"]
    page = await node.ask("/policy")
    assert "policy.denied" in page.text
    network = (await node.ask("/peers")).text
    assert "policy.denied" in network and f"denied by {denied.did}" in network
    assert f"denied by {denied.did}" in page.text
    assert "lies beyond" in (await node.ask("/policy?offset=50")).text


async def test_who_is_denied_later_is_gone_from_every_page_and_comes_back(carrying):
    node, known, unknown, _ = carrying
    targets = [
        f"/publisher/{unknown.did}",
        f"/api/publishers/{unknown.did}",
        f"/api/log/{unknown.did}",
        f"/record/{unknown.did}/ice",
        f"/api/proof/{unknown.did}/ice",
        f"/frost/{unknown.did}/identity",
        f"/frost/{unknown.origin}/checkpoint",
        f"/frost/{unknown.origin}/tile/entries/000.p/2",
    ]
    before = [(await node.ask(target)).status for target in targets]
    listing = (await node.ask("/frost/heads/0")).json
    allowed = node.parts.carrying.policy
    node.parts.carrying.refresh(replace(allowed, deny=frozenset([parse_rule(unknown.did)])))
    assert [(await node.ask(target)).status for target in targets] == [404] * len(targets)
    assert "denied by" in (await node.ask(f"/publisher/{unknown.did}")).text
    for target in (
        "/api/search?q=sea+ice&include=unknown",
        "/api/records",
        "/api/publishers",
        "/frost/heads/0",
    ):
        assert unknown.did not in (await node.ask(target)).text
    assert (await node.ask("/api/policy")).json["not_carried"] == 1
    node.parts.carrying.refresh(allowed)
    node.project()
    assert [(await node.ask(target)).status for target in targets] == before == [200] * len(targets)
    assert (await node.ask("/frost/heads/0")).json == listing
    assert dids(await node.ask("/api/search?q=sea+ice&include=unknown")) == {known.did, unknown.did}


async def test_content_that_is_refused_for_its_type_says_so(node):
    source = make_source("a", "Sea ice")
    node.parts.carrying.refresh(CarryPolicy(deny=frozenset([parse_rule("type:dataset")])))
    Ingest(node.store, PEER, door=PeerDoor(node.parts.carrying, PEER)).take(list(source.stream()))
    node.project()
    content = (await node.ask(f"/api/record/{source.did}/ice")).json["content"]
    assert content["state"] == "absent"
    assert "content of type dataset is not taken" in content["reason"]


# changes


async def test_a_policy_is_taken_up_while_the_node_runs(carrying):
    node, _, unknown, _ = carrying
    changed, peers = node.parts.carrying_changed.listen(), node.parts.peers_changed.listen()
    node.parts.read_policy = lambda: CarryPolicy(mode=Mode.FOLLOWED)
    answer = await operate(node.parts, "policy reload", {}, quiet)
    assert answer["changed"]
    assert answer["settings"]["mode"] == "followed"
    assert not node.parts.carrying.is_carried(unknown.did)
    await changed.wait(0)
    await peers.wait(0)
    assert not (await operate(node.parts, "policy reload", {}, quiet))["changed"]


async def test_a_file_that_cannot_be_read_keeps_the_old_policy(carrying):
    node, *_ = carrying
    before = node.parts.carrying.policy

    def broken():
        raise LocalError(
            "input.unreadable", "frost.toml: carry.mode", found="'x'", expected="everything or followed"
        )

    node.parts.read_policy = broken
    with pytest.raises(LocalError) as caught:
        await operate(node.parts, "policy reload", {}, quiet)
    assert caught.value.code == "input.unreadable"
    assert node.parts.carrying.policy is before


async def test_who_comes_to_be_followed_is_followed_at_once(carrying):
    node, _, unknown, denied = carrying
    answer = await follow.follow(node.parts, {"target": unknown.did}, quiet)
    assert answer == {"followed": unknown.did, "refused": None}
    assert node.parts.carrying.tier(unknown.did) is Tier.FOLLOWED
    assert unknown.did in dids(await node.ask("/api/search?q=sea+ice"))
    answer = await follow.follow(node.parts, {"target": denied.did}, quiet)
    assert answer["refused"] == f"denied by {denied.did}"
    await follow.unfollow(node.parts, {"target": unknown.did}, quiet)
    assert node.parts.carrying.tier(unknown.did) is Tier.UNKNOWN


async def test_what_a_peer_had_is_forgotten_with_the_peer(carrying):
    node, *_ = carrying
    await follow.unfollow(node.parts, {"target": PEER}, quiet)
    assert (await node.ask("/api/policy/refusals")).json["total"] == 0


# who vouches


async def test_whom_a_followed_publisher_follows_is_vouched_for(carrying):
    node, known, unknown, _ = carrying
    known.put(unknown.did, {}, "follow")
    known.put("some-other-convention", {}, "follow")
    Ingest(node.store, PEER, door=PeerDoor(node.parts.carrying, PEER)).take(list(known.stream(2)))
    node.project()
    await policy.refresh(node.parts)
    assert node.parts.carrying.tier(unknown.did) is Tier.VOUCHED
    known.withdraw(unknown.did, "follow")
    Ingest(node.store, PEER, door=PeerDoor(node.parts.carrying, PEER)).take(list(known.stream(4)))
    node.project()
    await policy.refresh(node.parts)
    assert node.parts.carrying.tier(unknown.did) is Tier.UNKNOWN


async def test_whom_a_followed_node_hosts_is_vouched_for(carrying):
    node, _, unknown, _ = carrying
    key = to_multibase(SigningKey(NODE_SEED).public)
    node.parts.transport = Nodes(node=b'{"node_key": "%s"}' % key.encode())
    await policy.greet(node.parts, [PEER])
    assert node.parts.carrying.tier(unknown.did) is Tier.VOUCHED
    await policy.greet(node.parts, [PEER])
    assert node.parts.transport.asked == [f"{PEER}/frost/node"]
    await follow.unfollow(node.parts, {"target": PEER}, quiet)
    assert node.parts.carrying.tier(unknown.did) is Tier.UNKNOWN


@pytest.mark.parametrize(
    "said", [b"", b"[]", b"{}", b'{"node_key": 7}', b'{"node_key": "z"}', b"[" * 100_000]
)
async def test_a_node_that_does_not_say_its_key_vouches_for_nobody(carrying, said):
    node, _, unknown, _ = carrying
    node.parts.transport = Nodes(node=said)
    await policy.greet(node.parts, [PEER])
    assert node.parts.carrying.tier(unknown.did) is Tier.UNKNOWN
