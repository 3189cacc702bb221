"""A way from public pages to where one edits them: for who is signed in and may; for everybody else they stay what they were."""

import re

import pytest

from frostnode.edge.http.app import make_app
from frostnode.edge.http.editors import MARK, MARKED
from frostnode.edge.http.views import View
from frostnode.edge.view_settings import ViewSettings
from frostnode.protocol.limits import SESSION_S_MAX
from frostnode.replicate.ingest import Ingest
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.pages import Page
from tests.edge.test_http_editing import Browser, operate

pytestmark = pytest.mark.slow


class Editor(Browser):
    """A browser that keeps the mark too, and sends it where it is for."""

    mark = ""

    async def sign_in(self, *scopes, **params):
        token = await self.node.token(*scopes, **params)
        answer = await self.post("/edit/sign-in", {"token": token})
        self.cookie = answer.headers["set-cookie"].partition(";")[0]
        (self.mark,) = {set_.partition(";")[0] for set_ in answer.cookies if set_.startswith(MARK)}
        return answer

    async def look(self, path, mark=None, **headers):
        """A public page, well made."""
        answer = await self.node.ask(path, headers={"cookie": self.mark if mark is None else mark, **headers})
        if answer.headers["content-type"].startswith("text/html"):
            Page(answer.text)
        return answer


@pytest.fixture
async def editor(own):
    one = Editor(own)
    one.url = await one.first()
    await one.sign_in()
    return one


def edits(answer):
    """Where the page leads to be edited."""
    return [link.replace("&amp;", "&") for link in re.findall(r'href="(/edit[^"]*)"', answer.text)]


async def test_who_may_edit_has_a_link_to_the_form_and_nobody_keeps_that_page(editor):
    for path, words in (
        (f"/record/{editor.url}", "Edit a dataset"),
        (f"/record?url={editor.url}", "Edit a dataset"),
        (f"/publisher/{editor.node.did}", "New dataset"),
    ):
        answer = await editor.look(path)
        (link,) = edits(answer)
        assert words in Page((await editor.go(link)).text).text
        assert editor.answer.status == 200
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["vary"] == "accept, cookie"
        packed = await editor.look(path, **{"accept-encoding": "gzip"})
        assert packed.body == answer.body and "content-encoding" not in packed.headers


async def test_everybody_else_gets_the_same_page_which_may_be_kept(editor):
    signed_out = Editor(editor.node)
    await signed_out.sign_in()
    form = re.search(r'name="form" value="([^"]+)"', (await signed_out.go("/edit")).text)[1]
    left = await signed_out.post("/edit/sign-out", {"form": form})
    assert left.status == 303
    reader = Editor(editor.node)
    await reader.sign_in("subscribe", "inbox")
    marks = (
        f"{MARK}={'0' * 64}",
        f"{MARK}=",
        f"{MARK}=é",
        f"{MARK}={'z' * 64}",
        f"{MARK}={'0' * 5000}",
        editor.cookie,
        f"{MARK}={editor.cookie.partition('=')[2]}",
        "other=1",
        signed_out.mark,
        reader.mark,
    )
    for path in (f"/record/{editor.url}", f"/publisher/{editor.node.did}"):
        public = await editor.node.ask(path)
        assert edits(public) == []
        assert public.headers["cache-control"] == "no-cache"
        assert public.headers["vary"] == "accept, cookie, accept-encoding"
        for mark in marks:
            answer = await editor.look(path, mark)
            assert (answer.body, answer.headers) == (public.body, public.headers), mark


async def test_the_mark_goes_to_these_pages_alone_opens_nothing_and_ends_with_the_session(editor):
    answer = await editor.sign_in()
    marks = [set_.lower() for set_ in answer.cookies if set_.startswith(MARK)]
    assert [re.search(r"path=([^;]+)", mark)[1] for mark in marks] == list(MARKED)
    assert all("httponly" in mark and "samesite=strict" in mark for mark in marks)
    assert "secure" not in marks[0]
    secret = editor.cookie.partition("=")[2]
    assert secret not in editor.mark
    value = editor.mark.partition("=")[2]
    for stolen in (f"frost-session={value}", editor.mark):
        assert (await editor.node.ask("/edit", headers={"cookie": stolen})).status == 401
    form = re.search(r'name="form" value="([^"]+)"', (await editor.go("/edit")).text)[1]
    left = await editor.post("/edit/sign-out", {"form": form})
    ended = [set_ for set_ in left.cookies if set_.startswith(MARK) and "Max-Age=0" in set_]
    assert len(ended) == len(MARKED)
    assert edits(await editor.look(f"/record/{editor.url}")) == []


async def test_a_mark_is_sent_over_tls_alone_where_it_came_by_tls(own):
    headers = {"origin": "https://node.example", "content-type": "application/x-www-form-urlencoded"}
    body = f"token={await own.token()}".encode()
    answer = await own.ask("/edit/sign-in", "POST", headers, body)
    assert len(answer.cookies) == 3 and all("secure" in set_.lower() for set_ in answer.cookies)


async def test_what_one_cannot_edit_has_no_link(editor):
    await operate(editor.node, "version", dataset="ice", label="1", fields={"title": "One"})
    found = await operate(editor.node, "show", url=editor.url)
    for path in (
        f"/record/{editor.url}@1",
        f"/record/{editor.url}?cid={found['header']}",
        f"/record/{editor.node.did}/none",
        "/",
        "/search?q=ice",
        f"/{editor.url}",
    ):
        answer = await editor.look(path, accept="text/html")
        assert edits(answer) in ([], ["/edit"]), path
    await operate(editor.node, "withdraw", url=editor.url)
    assert len(edits(await editor.look(f"/record/{editor.url}"))) == 1


async def test_data_of_others_and_views_have_no_link(editor):
    other = MemoryPublisher("other")
    other.put("sea", {"title": "Sea"})
    Ingest(editor.node.parts.log, None).take(list(other.stream()))
    await editor.node.parts.project()
    for path in (f"/record/{other.did}/sea", f"/publisher/{other.did}"):
        answer = await editor.look(path)
        assert answer.status == 200 and edits(answer) == []
    views = [View(settings=ViewSettings(name="all", title="All", query="+type:dataset"))]
    editor.node.app = make_app(editor.node.parts, {"name": "x"}, views)
    answer = await editor.look(f"/v/all/record/{editor.url}")
    assert answer.status == 200 and edits(answer) == []


async def test_the_link_is_gone_when_the_token_is(editor):
    listed = (await operate(editor.node, "token list"))["tokens"]
    for token in listed:
        await operate(editor.node, "token revoke", id=token["id"])
    assert edits(await editor.look(f"/record/{editor.url}")) == []


async def test_a_node_that_only_carries_offers_nobody_to_edit(node):
    publisher = node.publish(("dataset", "ice", {"title": "Ice"}))
    token = await node.token()
    headers = {"origin": "http://node.example", "content-type": "application/x-www-form-urlencoded"}
    answer = await node.ask("/edit/sign-in", "POST", headers, f"token={token}".encode())
    mark = next(set_.partition(";")[0] for set_ in answer.cookies if set_.startswith(MARK))
    for path in (f"/record/{publisher.did}/ice", f"/publisher/{publisher.did}"):
        assert edits(await node.ask(path, headers={"cookie": mark})) == []
    node.clock.step_ms(SESSION_S_MAX * 1000 + 1)
    assert edits(await node.ask(f"/record/{publisher.did}/ice", headers={"cookie": mark})) == []
