"""A log that was signed two ways, as others see it on this node: paths for nodes, pages and JSON for people."""

import pytest

from frostnode.protocol.evidence import verify_evidence
from frostnode.replicate.dispute import evidence_frame
from frostnode.testing.equivocation import evidence_of, twin_of


@pytest.fixture
def source(node):
    return node.publish(*[("dataset", f"key-{at}", {"title": f"Title {at}"}) for at in range(3)])


def dispute(node, source):
    twin = twin_of(source, 1)
    node.take(*twin.stream())
    return twin


async def test_the_evidence_is_a_file_that_anyone_can_verify(node, source):
    path = f"/frost/{source.origin}/evidence"
    assert (await node.ask(path)).code == "record.not-found"
    twin = dispute(node, source)
    answer = await node.ask(path)
    assert answer.headers["content-type"] == "application/vnd.frostnode.evidence+cbor"
    found = verify_evidence(answer.body).found
    assert (found.smaller.root, found.larger.root) == (source.tree().root(), twin.tree().root())


async def test_heads_flag_it_while_its_epoch_is_open(node, source):
    async def flags():
        return [head["disputed"] for head in (await node.ask("/frost/heads/0")).json["heads"]]

    assert await flags() == [False]
    dispute(node, source)
    assert await flags() == [True]
    node.take(source.move().events())
    assert await flags() == [False, False]
    assert (await node.ask(f"/frost/{source.origin}/evidence")).status == 200


async def test_pages_and_json_say_so_and_lead_to_the_evidence(node, source):
    path = f"/frost/{source.origin}/evidence"
    paths = ("/status", f"/publisher/{source.did}", f"/record/{source.did}/key-0", "/publishers")
    for page in paths:
        assert "disputed" not in (await node.ask(page)).text.lower(), page
    dispute(node, source)
    for page in paths:
        shown = (await node.ask(page)).text
        assert "disputed" in shown.lower(), page
        assert page == "/publishers" or path in shown, page
    status = (await node.ask("/api/status")).json
    assert [(item["did"], item["evidence_path"]) for item in status["disputed"]] == [(source.did, path)]
    publisher = (await node.ask(f"/api/publishers/{source.did}")).json
    assert publisher["disputed"]
    (epoch,) = publisher["epochs"]
    assert (epoch["frozen"], epoch["disputed"], epoch["evidence_path"]) == (True, True, path)
    assert (await node.ask(f"/api/record/{source.did}/key-0")).json["disputed"]
    node.take(source.move().events())
    shown = (await node.ask(f"/publisher/{source.did}")).text
    assert "was signed two ways, settled since" in shown
    assert "This log is disputed" not in shown
    assert not (await node.ask(f"/api/record/{source.did}/key-0")).json["disputed"]


async def test_entries_of_a_branch_that_lost_leave_the_views(node, source):
    """What was shown of a tree that is not the settled one goes, and the settled one is shown."""
    twin = twin_of(source, 1, 3)
    node.take(*source.stream())
    moved = twin.move()
    node.take(moved.events(), *list(twin.stream())[1:])
    shown = (await node.ask("/api/records")).json["records"]
    assert {item["key"] for item in shown} == {"key-0", "twin-1", "twin-2"}
    hits = (await node.ask("/api/search?q=title")).json["hits"]
    assert [hit["key"] for hit in hits] == ["key-0"]
    node.catalog.clear()
    node.index.clear()
    node.project()
    assert {item["key"] for item in (await node.ask("/api/records")).json["records"]} == {
        "key-0",
        "twin-1",
        "twin-2",
    }
    assert (await node.ask("/api/search?q=title")).json["hits"] == hits


async def test_evidence_that_was_only_heard_of_is_served_on(node, source):
    node.take(evidence_frame(evidence_of(source, twin_of(source, 1))))
    assert (await node.ask(f"/frost/{source.origin}/evidence")).status == 200
