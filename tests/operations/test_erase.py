"""Erasing: the bytes are gone from every file, the reason stays, the tree proves, and nothing of it comes back."""

import json
from base64 import b64decode

import pytest

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.entry import header_cid
from frostnode.protocol.errors import FrostError, LocalError
from frostnode.protocol.frames import BodyAbsent
from frostnode.protocol.limits import REASON_CHARS_MAX
from frostnode.protocol.merkle import inclusion_proof, leaf_hash, verify_inclusion
from frostnode.protocol.proofs import verify_proof
from frostnode.replicate.ingest import Ingest
from frostnode.replicate.serve import ArrivalStream, LogStream
from frostnode.testing.memory_publisher import MemoryPublisher

REASON = "personal data, by request"


def source(name="source", count=3):
    """Records with words that stand nowhere else, two entries of the last."""
    made = MemoryPublisher(name)
    for at in range(count):
        made.put(f"zkey{at}", {"title": f"Ztitle{at} common", "text": f"Zsecret{at}"})
    made.put(f"zkey{count - 1}", {"title": "Znewer common", "text": "Zrevised"})
    return made


def url(publisher, at, cid=None):
    return f"{publisher.did}/zkey{at}" + (f"?cid={cid}" if cid else "")


def dump(node):
    return node.views("common", "Zsecret1", "Zsecret2", "Zrevised")


async def test_the_bytes_of_an_erased_body_are_in_no_file_of_the_home(node):
    publisher = source()
    node.take(*publisher.stream())
    node.fold()
    # In the index a word may stand in pieces; the beginning of its list of words does not.
    assert set(node.holds(b"Zsecret1")) == {"frost.db-wal"}
    answer = await node.ask("erase", target=url(publisher, 1), reason=REASON)
    assert (answer["erased"], answer["total"], answer["gone"], answer["what"]) == (1, 1, True, "body")
    (line,) = answer["entries"]
    assert line["status"] == "erased"
    assert (line["header"], line["body"]) == (
        str(header_cid(publisher.leaves[1])),
        str(Cid.of(publisher.bodies[1])),
    )
    for word in (b"Zsecret1", b"zsecret1", b"Ztitle1", b"ztitle1"):
        assert node.holds(word) == []
    assert node.holds(b"Zsecret0") == ["frost.db"]
    assert node.found("Zsecret1") == set()
    assert node.found("common") == {(publisher.did, "dataset", "zkey0"), (publisher.did, "dataset", "zkey2")}
    assert node.findings() == ()
    assert dump(node) == node.rebuilt_views("common", "Zsecret1", "Zsecret2", "Zrevised")


async def test_an_erased_header_is_its_hash_and_its_neighbours_are_proven(node):
    publisher = source()
    node.take(*publisher.stream())
    node.fold()
    answer = await node.ask("erase", target=url(publisher, 1), reason=REASON, header=True)
    assert (answer["erased"], answer["what"]) == (1, "header")
    for word in (b"Zsecret1", b"zkey1", b"ztitle1"):
        assert node.holds(word) == []
    with node.disk.read() as reader:
        proof = inclusion_proof(2, 4, reader.node_at(publisher.origin))
        verify_inclusion(leaf_hash(publisher.leaves[2]), 2, 4, proof, publisher.tree().root())
        assert reader.leaves(publisher.origin, 1, 2).withheld[0].reason == REASON
    assert node.findings() == ()
    assert node.found("common") == {(publisher.did, "dataset", "zkey0"), (publisher.did, "dataset", "zkey2")}
    assert dump(node) == node.rebuilt_views("common", "Zsecret1", "Zsecret2", "Zrevised")


async def test_the_older_entry_is_current_when_the_newest_header_is_erased(node):
    publisher = source()
    node.take(*publisher.stream())
    node.fold()
    assert node.found("Zsecret2") == set()
    await node.ask("erase", target=url(publisher, 2), reason=REASON, header=True)
    assert node.found("Zsecret2") == {(publisher.did, "dataset", "zkey2")}
    assert node.holds(b"zrevised") == []
    assert dump(node) == node.rebuilt_views("common", "Zsecret1", "Zsecret2", "Zrevised")


async def test_which_entries_are_meant(node):
    publisher = source()
    node.take(*publisher.stream())
    plan = {"reason": REASON, "dry_run": True}
    older = str(header_cid(publisher.leaves[2]))

    async def indexes(target, **more):
        return [line["index"] for line in (await node.ask("erase", target=target, **plan, **more))["entries"]]

    assert await indexes(url(publisher, 2)) == [3]
    assert await indexes(url(publisher, 2, older)) == [2]
    assert await indexes(url(publisher, 2), all_entries=True) == [2, 3]
    assert await indexes(publisher.did) == [0, 1, 2, 3]
    assert node.holds(b"Zsecret2"), "a plan does nothing"


async def test_erasing_again_does_nothing_and_keeps_the_first_reason(node):
    publisher = source()
    node.take(*publisher.stream())
    cid = str(header_cid(publisher.leaves[1]))
    for header in (False, True):
        target = url(publisher, 1, cid)
        first = await node.ask("erase", target=target, reason=REASON, header=header)
        with node.disk.read() as reader:
            arrivals = reader.last_arrival()
        again = await node.ask("erase", target=target, reason="another", header=header)
        assert [line["status"] for line in first["entries"]] == ["erased"]
        assert [line["status"] for line in again["entries"]] == ["erased before"]
        with node.disk.read() as reader:
            assert reader.last_arrival() == arrivals
    listed = (await node.ask("withheld"))["withheld"]
    assert {(line["kind"], line["reason"]) for line in listed} == {("body", REASON), ("header", REASON)}
    assert "zkey1" not in json.dumps(listed)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"target": "{did}/nothing"}, "record.not-found"),
        ({"target": "{did}/zkey1?cid={cid}"}, "record.not-found"),
        ({"target": "did:frost:{cid}"}, "publisher.unknown"),
        ({"target": "{did}/zkey0?cid={first}", "all_entries": True}, "usage"),
        ({"target": "nonsense"}, "name.did"),
        ({"target": "{did}/zkey0", "reason": " "}, "usage"),
        ({"target": "{did}/zkey0", "reason": "two\nlines"}, "usage"),
        ({"target": "{did}/zkey0", "reason": "x" * (REASON_CHARS_MAX + 1)}, "usage"),
    ],
)
async def test_what_cannot_be_erased_is_said(node, params, code):
    publisher = source()
    node.take(*publisher.stream())
    names = {
        "did": publisher.did,
        "cid": str(Cid.of(b"other")),
        "first": str(header_cid(publisher.leaves[0])),
    }
    target = params["target"].format(**names)
    with pytest.raises(FrostError) as raised:
        await node.ask("erase", **{"reason": REASON, **params, "target": target})
    assert raised.value.code == code


async def test_a_reason_of_the_longest_length_reaches_the_stream(node):
    publisher = source()
    node.take(*publisher.stream())
    longest = "é" * REASON_CHARS_MAX
    await node.ask("erase", target=url(publisher, 0), reason=longest)
    with node.disk.read() as reader:
        assert reader.bodies(publisher.origin, 0, 1) == [BodyAbsent("erased", longest)]


async def test_a_body_that_others_name_too_leaves_their_records_too(node):
    one, other = MemoryPublisher("one"), MemoryPublisher("other")
    one.put("zkey0", {"title": "Shared words"})
    other.put("zkey0", {"title": "Shared words"})  # the same salt: the very same body
    assert one.bodies == other.bodies
    node.take(*one.stream(), *other.stream())
    node.fold()
    await node.ask("erase", target=url(one, 0), reason=REASON)
    assert node.found("shared") == set()
    assert node.views("shared") == node.rebuilt_views("shared")


@pytest.mark.parametrize("header", [False, True])
async def test_what_was_erased_is_taken_from_nobody_again(make_node, header):
    publisher = source()
    full, node = make_node("full"), make_node()
    for each in (full, node):
        each.take(*publisher.stream())
    await node.ask("erase", target=url(publisher, 1), reason=REASON, header=header)

    def again(opened):
        with full.disk.read() as reader:
            for stream in (ArrivalStream(0), LogStream(publisher.origin, 0, 0)):
                while batch := stream.next_batch(reader):
                    Ingest(opened.disk, None).feed(batch)
        opened.take(*publisher.stream())
        assert opened.holds(b"Zsecret1") == []
        assert opened.holds(b"zkey1") == [] or not header

    again(node)
    node.close()
    node.__init__(node.folder)
    again(node)
    assert node.findings() == ()


async def test_an_erased_header_that_comes_in_another_log_is_a_hash_there_too(node):
    publisher, other = source(), MemoryPublisher("other")
    other.put("a", {"title": "Something else"})
    other.append(publisher.leaves[1], publisher.bodies[1])
    other.put("b", {"title": "Something more"})
    node.take(*publisher.stream())
    await node.ask("erase", target=url(publisher, 1), reason=REASON, header=True)
    node.take(*other.stream())
    assert node.holds(b"zkey1") == node.holds(b"Zsecret1") == []
    with node.disk.read() as reader:
        assert reader.leaves(other.origin, 1, 2).withheld[0].leaf_hash == leaf_hash(publisher.leaves[1])
        assert reader.log(other.origin).served == 3
    assert node.findings() == ()


async def test_a_newcomer_that_has_only_this_node_gets_all_else_proven(make_node):
    publisher = source(count=300)
    node, newcomer = make_node(), make_node("newcomer")
    node.take(*publisher.stream())
    await node.ask("erase", target=url(publisher, 1), reason=REASON)
    await node.ask("erase", target=url(publisher, 7), reason=REASON, header=True)
    await node.ask("erase", target=url(publisher, 299), reason=REASON, header=True)
    with node.disk.read() as reader:
        stream = ArrivalStream(0)
        while batch := stream.next_batch(reader):
            Ingest(newcomer.disk, None).feed(batch)
    with newcomer.disk.read() as reader:
        state = reader.log(publisher.origin)
        assert (state.served, state.held) == (301, publisher.tree())
        assert reader.bodies(publisher.origin, 1, 2) == [None], "absent, not erased: others may have it"
        assert [(line.index, line.state) for line in reader.withheld(0)] == [(7, "absent"), (300, "absent")]
        assert reader.missing_bodies(publisher.origin, 0, 9) == [1]
    assert newcomer.findings() == ()


async def test_who_has_it_keeps_it_and_gives_it_to_who_has_not(make_node):
    """A newcomer of the erasing node lacks header and body; another peer brings both."""
    publisher = source()
    node, keeper, newcomer = make_node(), make_node("keeper"), make_node("newcomer")
    node.take(*publisher.stream())
    keeper.take(*publisher.stream())
    await node.ask("erase", target=url(publisher, 1), reason=REASON, header=True)

    def pass_on(giver, taker):
        with giver.disk.read() as reader:
            stream = ArrivalStream(0)
            while batch := stream.next_batch(reader):
                Ingest(taker.disk, None).feed(batch)

    pass_on(node, keeper)
    assert keeper.holds(b"Zsecret1")
    pass_on(node, newcomer)
    assert newcomer.found("Zsecret1") == set()
    newcomer.fold()
    pass_on(keeper, newcomer)
    assert newcomer.views("Zsecret1")[3]["Zsecret1"] == {(publisher.did, "dataset", "zkey1")}
    assert newcomer.views("common") == newcomer.rebuilt_views("common")
    assert newcomer.findings() == ()
    with newcomer.disk.read() as reader:
        assert reader.withheld(0) == []


async def test_a_publisher_is_erased_whole(node):
    publisher, other = source(count=300), source("other")
    node.take(*publisher.stream(), *other.stream())
    answer = await node.ask("erase", target=publisher.did, reason=REASON, header=True)
    assert (answer["erased"], answer["total"]) == (301, 301)
    assert node.findings() == ()
    assert node.views("common") == node.rebuilt_views("common")
    assert {did for did, _, _ in node.found("common")} == {other.did}


async def test_show_and_proof_say_why(node):
    publisher = source()
    node.take(*publisher.stream())
    cid = str(header_cid(publisher.leaves[1]))
    await node.ask("erase", target=url(publisher, 1), reason=REASON)
    shown = await node.ask("show", url=url(publisher, 1))
    assert (shown["content"]["state"], REASON in shown["content"]["reason"]) == ("erased", True)
    for operation in ("show", "proof"):
        if operation == "proof":
            with pytest.raises(LocalError, match=REASON) as raised:
                await node.ask(operation, url=url(publisher, 1))
            assert raised.value.code == "record.withheld"
    bare = await node.ask("proof", url=url(publisher, 1), bare=True)
    assert verify_proof(b64decode(bare["bytes"])).fields is None
    await node.ask("erase", target=url(publisher, 1), reason=REASON, header=True)
    for operation in ("show", "proof"):
        with pytest.raises(LocalError, match=REASON) as raised:
            await node.ask(operation, url=url(publisher, 1, cid), bare=True)
        assert raised.value.code == "record.withheld"
        with pytest.raises(LocalError) as raised:
            await node.ask(operation, url=url(publisher, 1))
        assert raised.value.code == "record.not-found", "nobody here knows any more that there was one"
