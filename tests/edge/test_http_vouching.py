"""Who vouches for a record, and since when: on pages, in JSON, in the proofs that a node hands out."""

import pytest

from frostnode.edge.peer_http import HttpTransport
from frostnode.operations.proof import proof_bytes
from frostnode.protocol.checkpoint import cosign
from frostnode.protocol.cosigners import Cosigner
from frostnode.protocol.errors import FrostError, LocalError
from frostnode.protocol.frames import CheckpointFrame
from frostnode.protocol.keys import SigningKey
from frostnode.protocol.note import vkey
from frostnode.protocol.proofs import verify_proof
from frostnode.protocol.tlog_policy import parse_policy
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.peers import AppTransport


def vouched_node(make_node, *, named=True):
    """A node with one dataset, whose witness and another one have cosigned."""
    node = make_node()
    publisher = MemoryPublisher("vouched")
    key = SigningKey(bytes(32))
    witness = Cosigner("<b>w</b>.example", key.public)
    if named:
        named_as = {"vkey": witness.vkey, "url": "https://w.example/"}
        publisher.put("self", {"name": "V", "witnesses": [named_as]}, "profile")
    publisher.put("ice", {"title": "Ice"})
    node.take(*publisher.stream())
    note = cosign(publisher.note(), witness.name, key, 1_700_000_000)
    node.take(CheckpointFrame(origin=publisher.origin, note=note))
    node.parts.witnessing._compare_heads()
    node.parts.witnessing._cosign([publisher.origin])
    return node, publisher


async def test_pages_show_who_vouches_and_since_when(make_node):
    node, publisher = vouched_node(make_node)
    for path in (f"/record/{publisher.did}/ice", f"/publisher/{publisher.did}"):
        page = (await node.ask(path)).text
        assert "&lt;b&gt;w&lt;/b&gt;.example" in page
        assert "14 Nov 2023, 22:13 UTC" in page
        assert "by this node" in page


async def test_json_says_who_vouches_and_since_when(make_node):
    node, publisher = vouched_node(make_node)
    (named, own) = (await node.ask(f"/api/record/{publisher.did}/ice")).json["witnesses"]
    assert (named["name"], named["time_s"], named["size"]) == ("<b>w</b>.example", 1_700_000_000, 2)
    assert (named["named"], named["here"], own["here"], own["named"]) == (True, False, True, False)
    assert own["vkey"] == node.parts.witness.cosigner.vkey == (await node.ask("/api/status")).json["witness"]
    (epoch,) = (await node.ask(f"/api/publishers/{publisher.did}")).json["epochs"]
    assert epoch["witnesses"] == [named, own]
    (epoch,) = (await node.ask(f"/api/log/{publisher.did}")).json["epochs"]
    assert epoch["witnesses"] == [named, own]


async def test_a_witness_that_nobody_here_knows_is_not_shown(make_node):
    node, publisher = vouched_node(make_node, named=False)
    assert [
        one["here"] for one in (await node.ask(f"/api/record/{publisher.did}/ice")).json["witnesses"]
    ] == [True]


async def test_a_witness_that_has_not_cosigned_yet_is_shown_as_such(make_node):
    node = make_node()
    witness = Cosigner("w.example", SigningKey(bytes(32)).public)
    named = {"name": "V", "witnesses": [{"vkey": witness.vkey, "url": "https://w.example/"}]}
    publisher = node.publish(("profile", "self", named), ("dataset", "ice", {"title": "Ice"}))
    assert "not yet vouched for by w.example" in (await node.ask(f"/record/{publisher.did}/ice")).text


async def test_a_proof_carries_the_cosignatures_that_verify(make_node):
    node, publisher = vouched_node(make_node)
    data = (await node.ask(f"/api/proof/{publisher.did}/ice")).body
    own = node.parts.witness.cosigner
    text = (
        f"witness w {vkey('<b>w</b>.example', SigningKey(bytes(32)).public, 4)}\n"
        f"witness here {own.vkey}\ngroup both all w here\nquorum both\n"
    )
    verified = verify_proof(data, policy=parse_policy(text.encode()))
    assert verified.verdict.holds
    assert verified.verdict.since == node.parts.witness.last(publisher.origin).time_s
    assert set(verified.cosigned) == {"<b>w</b>.example", own.name}


async def test_a_proof_is_made_to_the_tree_that_most_have_cosigned(make_node):
    node, publisher = vouched_node(make_node)
    start = len(publisher.leaves)
    publisher.put("more", {"title": "more"})
    node.take(*list(publisher.stream(start)))
    verified = verify_proof((await node.ask(f"/api/proof/{publisher.did}/ice")).body)
    assert verified.size == 2
    newest = verify_proof((await node.ask(f"/api/proof/{publisher.did}/more")).body)
    assert newest.size == 3


async def test_witnesses_are_asked_directly_for_a_proof(make_node):
    node, publisher = vouched_node(make_node, named=False)
    other = make_node("other")
    other.take(*publisher.stream())
    other.parts.witnessing._compare_heads()
    other.parts.witnessing._cosign([publisher.origin])
    url = f"{publisher.did}/ice"
    async with HttpTransport(AppTransport({"w.example": other.app})) as node.parts.transport:
        data, _ = await proof_bytes(node.parts, url, ["http://w.example/frost/witness/"])
        asked = other.parts.witness.cosigner
        assert verify_proof(data, {asked.name: asked.key}).cosigned.keys() == {asked.name}
        with pytest.raises(LocalError, match="answers 404"):
            await proof_bytes(node.parts, url, ["http://w.example/"])
        with pytest.raises(FrostError) as away:
            await proof_bytes(node.parts, url, ["http://gone.example"])
        assert away.value.code == "transport.unreachable"
        for wrong in (["ftp://w.example"], ["http://w.example"] * 17):
            with pytest.raises(LocalError) as refused:
                await proof_bytes(node.parts, url, wrong)
            assert refused.value.code == "usage"


async def test_the_web_cannot_make_a_node_ask_anybody(make_node):
    node, publisher = vouched_node(make_node)
    for name in ("witness", "witnesses"):
        answer = await node.ask(f"/api/proof/{publisher.did}/ice?{name}=http://w.example")
        assert (answer.status, answer.code) == (400, "usage")


async def test_an_ended_epoch_is_proven_to_its_end_whatever_was_cosigned(make_node):
    node, publisher = vouched_node(make_node)
    moved = publisher.move(2)
    node.take(moved.events())
    verified = verify_proof((await node.ask(f"/api/proof/{publisher.did}/ice")).body)
    assert (verified.size, verified.ended) == (2, True)
