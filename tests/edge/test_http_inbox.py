"""The page of the inbox: its owner sees it, nobody else does."""

from urllib.parse import urlsplit

import pytest

from frostnode.notify_port import Form, Watch
from frostnode.testing.memory_publisher import MemoryPublisher

TOKEN = "ab" * 32


@pytest.fixture
def inbox(node):
    """A node with one item in its inbox, whose text is not to be trusted."""
    node.parts.owner_token, node.parts.address = TOKEN, "http://127.0.0.1:8417"
    publisher = MemoryPublisher()
    node.parts.watches.put(
        Watch(
            id="me",
            target=publisher.did,
            form=Form.INBOX,
            created_ms=0,
            told=(0, 2**62),
            behalf=f"{publisher.did}/mine",
        )
    )
    publisher.put("ice", {"title": "<b>Sea</b> ice"})
    publisher.put("ice@1", {"changes": {"note": "<script>alert(1)</script>"}}, "version")
    node.take(*publisher.stream())
    while node.parts.matching.step():
        pass
    return node


def cookie(token=TOKEN):
    return {"cookie": f"frost-owner={token}"}


async def test_without_the_token_there_is_nothing_to_see(inbox):
    for path, headers in [
        ("/inbox", {}),
        ("/inbox", cookie("x")),
        ("/inbox?token=", {}),
        ("/inbox?token=é", {}),
    ]:
        answer = await inbox.ask(path, headers=headers)
        assert (answer.status, answer.code) == (403, "owner.unknown")
        assert "&lt;b" not in answer.text
    assert (await inbox.ask("/inbox", method="POST")).status == 403


async def test_a_node_without_an_owner_has_no_inbox_page(node):
    assert (await node.ask("/inbox?token=")).status == 403
    assert (await node.ask("/inbox", headers=cookie(""))).status == 403


async def test_the_token_goes_into_a_cookie_and_out_of_the_address(inbox):
    answer = await inbox.ask(f"/inbox?token={TOKEN}")
    assert (answer.status, answer.headers["location"]) == (303, "/inbox")
    said = answer.headers["set-cookie"].lower()
    assert all(part in said for part in (TOKEN, "httponly", "samesite=strict", "path=/inbox"))
    assert (await inbox.parts_operate("inbox page"))["url"] == f"http://127.0.0.1:8417/inbox?token={TOKEN}"


async def test_what_came_in_is_shown_and_marked_as_read(inbox):
    page = await inbox.ask("/inbox", headers=cookie())
    assert page.status == 200
    assert page.headers["cache-control"] == "no-store"
    assert "&lt;b&gt;Sea" in page.text
    assert "<script>alert" not in page.text
    assert "2 unread, 2 in all" in page.text
    first = (await inbox.parts_operate("inbox"))["items"][0]["notice"]["id"]
    marked = await inbox.ask("/inbox", method="POST", headers=cookie(), body=f"id={first}".encode())
    assert (marked.status, marked.headers["location"]) == (303, "/inbox")
    assert "1 unread, 2 in all" in (await inbox.ask("/inbox", headers=cookie())).text
    await inbox.ask("/inbox", method="POST", headers=cookie())
    assert "Nothing new." in (await inbox.ask("/inbox", headers=cookie())).text
    assert "&lt;b&gt;Sea" in (await inbox.ask("/inbox?all=1", headers=cookie())).text


async def test_programs_get_the_inbox_as_json(inbox):
    asked = {"accept": "application/json"}
    answer = await inbox.ask("/inbox", headers={**cookie(), **asked})
    assert answer.json == await inbox.parts_operate("inbox") and answer.json["items"]
    assert answer.headers["cache-control"] == "no-store" and "accept" in answer.headers["vary"]
    assert (await inbox.ask("/inbox", headers=asked)).code == "owner.unknown"


async def test_a_form_is_bounded_and_an_id_is_checked(inbox):
    assert (await inbox.ask("/inbox", method="POST", headers=cookie(), body=b"x" * 70_000)).status == 400
    assert (await inbox.ask("/inbox", method="POST", headers=cookie(), body=b"id=1.2.3")).status == 400


async def test_a_dataset_knows_who_is_told_of_it(node):
    source, reader = MemoryPublisher("source"), MemoryPublisher("reader")
    source.put("ice", {"title": "Sea ice"})
    reader.put("self", {"name": "Climate Lab"}, "profile")
    reader.put("waves", {"title": "Waves <i>"})
    target, own = f"{source.did}/ice", f"{reader.did}/waves"
    reader.put("s1", {"target": {"dataset": target}, "on_behalf_of": own}, "subscription")
    reader.put("s2", {"target": {"publisher": source.did}}, "subscription")
    node.take(*source.stream())
    node.take(*reader.stream())
    page = (await node.ask(f"/record/{target}")).text
    assert "Told of changes" in page
    assert "Climate Lab" in page
    assert "Waves &lt;i&gt;" in page
    assert "Told of changes" in (await node.ask(f"/publisher/{source.did}")).text
    assert "Told of changes" not in (await node.ask(f"/publisher/{reader.did}")).text
    (told,) = (await node.ask(f"/api/subscribers/{target}")).json["subscribers"]
    assert (told["did"], told["publisher"], told["behalf"], told["title"]) == (
        reader.did,
        "Climate Lab",
        own,
        "Waves <i>",
    )
    assert urlsplit(told["record"]).scheme == "did"
    reader.withdraw("s1", "subscription")
    node.take(*reader.stream(len(reader.leaves) - 1))
    assert (await node.ask(f"/api/subscribers/{target}")).json["subscribers"] == []
