"""A publisher that signed two histories, as this node shows it: both events on every page, until a recovery event."""

import re

import pytest

from frostnode.protocol.frames import EventsFrame
from frostnode.protocol.proofs import verify_proof
from frostnode.testing.equivocation import twin_of

NOTICE = "Two histories of this publisher were signed."


@pytest.fixture
def source(node):
    return node.publish(("dataset", "ice", {"title": "Ice"}))


@pytest.fixture
def branches(source):
    return source.move(url="https://a.example"), source.move(url="https://b.example")


def paths(source):
    return f"/publisher/{source.did}", f"/record/{source.did}/ice"


async def forks_by_path(node, source):
    asked = (f"/api/publishers/{source.did}", f"/api/record/{source.did}/ice", f"/api/log/{source.did}")
    return [(await node.ask(path)).json["forks"] for path in asked]


async def test_every_page_shows_both_events_and_which_is_followed(node, source, branches):
    first, second = branches
    node.take(first.events())
    for path in paths(source):
        assert NOTICE not in (await node.ask(path)).text, path
    node.take(second.events())
    for path in paths(source):
        shown = (await node.ask(path)).text
        assert NOTICE in shown, path
        assert "met first" in shown, path
        for branch in branches:
            assert str(branch.history[1].cid) in shown, path
        assert "https://a.example" in shown and "https://b.example" in shown, path
        assert len(re.findall("followed here", shown)) == 1, path
    assert "signed two histories" in (await node.ask("/publishers")).text
    for path in ("/", "/search?q=ice"):
        assert "its publisher signed two histories" in (await node.ask(path)).text, path
    assert "one is followed" in (await node.ask("/status")).text


async def test_json_says_the_same(node, source, branches):
    assert await forks_by_path(node, source) == [[], [], []]
    first, second = branches
    node.take(first.events())
    node.take(second.events())
    (fork,) = (await forks_by_path(node, source))[0]
    assert await forks_by_path(node, source) == [[fork]] * 3
    assert (fork["kind"], fork["after"]) == ("ordinary", {"n": 0, "cid": str(source.genesis.cid)})
    assert (fork["followed"], fork["settled_by"]) == (str(first.history[1].cid), None)
    told = [(event["n"], event["time_ms"], event["host"], event["followed"]) for event in fork["rivals"]]
    assert told == [(1, 1001, "https://a.example", True), (1, 1001, "https://b.example", False)]
    assert [event["cid"] for event in fork["rivals"]] == [str(each.history[1].cid) for each in branches]
    assert (await node.ask("/api/status")).json["forked"] == [{"did": source.did, "forks": [fork]}]
    (hit,) = (await node.ask("/api/search?q=ice")).json["hits"]
    assert (hit["duplicity"], hit["disputed"]) == (True, False)
    (publisher,) = (await node.ask("/api/publishers")).json["publishers"]
    assert (publisher["duplicity"], publisher["forked"]) == (True, False)


async def test_who_met_both_at_once_says_that_neither_is_followed(node, source, branches):
    events = [source.genesis.raw, *(branch.history[1].raw for branch in branches)]
    node.take(EventsFrame(did=source.did, events=events))
    for path in paths(source):
        shown = (await node.ask(path)).text
        assert NOTICE in shown and "follows neither" in shown, path
        assert "followed here" not in shown, path
    assert (await forks_by_path(node, source))[0][0]["followed"] is None
    assert "neither is followed" in (await node.ask("/status")).text


async def test_a_recovery_event_ends_it_and_it_stays_to_be_seen(node, source, branches):
    for branch in branches:
        node.take(branch.events())
    recovered = branches[1].recover(url="https://c.example")
    node.take(recovered.events())
    for path in (*paths(source), "/", "/search?q=ice", "/publishers", "/status"):
        shown = (await node.ask(path)).text
        assert NOTICE not in shown and "signed two histories" not in shown, path
    shown = (await node.ask(f"/publisher/{source.did}")).text
    assert "Settled by a recovery event" in shown and str(recovered.history[2].cid) in shown
    for (fork,) in await forks_by_path(node, source):
        assert fork["followed"] == str(branches[1].history[1].cid)
        assert fork["settled_by"] == str(recovered.history[2].cid)
    assert (await node.ask("/api/status")).json["forked"] == []
    assert not (await node.ask("/api/search?q=ice")).json["hits"][0]["duplicity"]


async def test_a_proof_carries_both_branches(node, source, branches):
    async def verified():
        return verify_proof((await node.ask(f"/api/proof/{source.did}/ice")).body)

    node.take(branches[0].events())
    assert (await verified()).branchings == ()
    node.take(branches[1].events())
    found = await verified()
    (branching,) = found.branchings
    assert [rival.cid for rival in branching.rivals] == [branch.history[1].cid for branch in branches]
    assert (branching.followed, branching.settled_by) == (branches[0].history[1].cid, None)
    for words in (str(branches[1].history[1].cid), "'https://b.example'", "nothing has settled it"):
        assert words in found.statement
    recovered = branches[0].recover()
    node.take(recovered.events())
    assert f"recovery event {recovered.history[2].cid} has settled it" in (await verified()).statement


async def test_a_disputed_log_shows_both_trees_that_were_signed(node, source):
    node.take(*twin_of(source, 0).stream())
    (epoch,) = (await node.ask(f"/api/publishers/{source.did}")).json["epochs"]
    roots = [tree["root"] for tree in epoch["signed"]]
    assert len(roots) == 2 and source.tree(1).root().hex() in roots
    for path in paths(source):
        shown = (await node.ask(path)).text
        assert all(root in shown for root in roots), path
    assert "disputed log" in (await node.ask("/search?q=ice")).text
