"""Who has said in public that they want to be told; and a stranger who says so without end."""

from dataclasses import replace

import pytest

from frostnode.operations.subscribers import subscribers_json
from frostnode.replicate.admission import PeerDoor
from frostnode.replicate.ingest import Ingest
from frostnode.testing.memory_publisher import MemoryPublisher

PEER = "https://peer.example"
QUOTA = 600
LISTED = 20


@pytest.mark.slow
async def test_of_a_flood_of_subscriptions_a_carrier_takes_its_quota_lists_some_and_matches_none(
    node, monkeypatch
):
    monkeypatch.setattr("frostnode.operations.subscribers.LISTING_MAX", LISTED)
    carrying, parts = node.parts.carrying, node.parts
    policy = carrying.policy
    carrying.refresh(policy=replace(policy, unknown=replace(policy.unknown, subscriptions=QUOTA)))
    upstream, flood = MemoryPublisher("upstream"), MemoryPublisher("flood")
    upstream.put("ice", {"title": "Ice"})
    ice = f"{upstream.did}/ice"
    for n in range(4 * QUOTA):
        flood.put(f"s{n}", {"target": {"dataset": ice}}, "subscription")
    ingest = Ingest(node.disk, PEER, door=PeerDoor(carrying, PEER))
    ingest.take(list(upstream.stream()))
    for frame in flood.stream():
        ingest.take([frame])
    node.fold()
    with node.disk.read() as log:
        held = log.log(flood.origin).held.size
    assert QUOTA <= held < QUOTA + 256  # up to the end of the bundle in which the quota is used up
    (refusal,) = (await node.ask("policy refusals"))["refusals"]
    assert (refusal["did"], refusal["code"]) == (flood.did, "policy.quota")
    assert refusal["reason"] == f"of one unknown publisher at most {QUOTA} subscriptions"
    answer = await node.ask("subscribers", url=ice)
    assert (len(answer["subscribers"]), answer["more"]) == (LISTED, True)
    assert parts.own_subscriptions.look() is False
    while parts.matching.step():
        pass
    assert len(parts.watches.matcher) == 0


async def test_no_publisher_fills_the_list_alone(node):
    ice = f"{MemoryPublisher('upstream').did}/ice"
    many, few = MemoryPublisher("many"), MemoryPublisher("few")
    for n in range(9):
        many.put(f"s{n}", {"target": {"dataset": ice}}, "subscription")
    few.put("s", {"target": {"dataset": ice}}, "subscription")
    node.take(*many.stream())
    node.take(*few.stream())
    node.fold()
    with node.catalog.read() as catalog, node.disk.read() as log:
        answer = subscribers_json(node.parts, catalog, log, ice, 3)
    assert [item["record"].partition("~")[2] for item in answer["subscribers"]] == [
        "subscription/s0",
        "subscription/s",
        "subscription/s1",
    ]
    assert answer["more"] is True
