"""Pages of editing as JSON: what they show, for who is signed in alone, and nothing that a foreign page could send a form with."""

import json
import re

import pytest

from frostnode.edge.http.editing.deeds import DEEDS
from tests.edge.test_http_editing import Browser

pytestmark = pytest.mark.slow

JSON = {"accept": "application/json"}


class Program(Browser):
    """A browser whose programs ask for JSON."""

    async def read(self, path, status=200):
        """What a page says, which has no token of a form."""
        answer = await self.node.ask(path, headers={**JSON, "cookie": self.cookie})
        assert answer.status == status, answer.text
        assert answer.headers["cache-control"] == "no-store" and answer.headers["vary"] == "accept, cookie"
        form = re.search(r'name="form" value="([^"]+)"', (await self.go("/edit")).text)[1]
        assert form not in answer.text and self.cookie.partition("=")[2] not in answer.text
        return answer.json

    async def send_json(self, do, **fields):
        """Send the form of the page that was looked at last; what comes is JSON."""
        path, typed = self.inputs()
        typed |= {name.replace("__", "."): value for name, value in fields.items()} | {"do": do}
        return await self.post(path, typed, **JSON)


@pytest.fixture
async def program(own):
    one = Program(own)
    await one.sign_in()
    return one


async def test_the_first_page_says_what_there_is_and_where_it_goes_on(program):
    did = program.node.did
    empty = await program.read("/edit")
    assert empty["session"]["scopes"] == ["inbox", "publish", "subscribe"]
    assert empty["session"]["publishers"] == [did] and empty["session"]["expires"].endswith("Z")
    assert empty["publisher"]["did"] == did and empty["first"] is True
    assert empty["datasets"] == empty["drafts"] == empty["others"] == []
    assert (await program.read(empty["new"]))["type"] == "dataset"
    url = await program.first()
    await program.go("/edit/dataset")
    await program.send("save", title="Begun")
    found = await program.read("/edit")
    assert found["first"] is False
    (dataset,), (draft,) = found["datasets"], found["drafts"]
    assert dataset["url"] == url and dataset["title"] == "Ice"
    for name in ("page", "edit", "version", *DEEDS):
        answer = await program.node.ask(dataset[name], headers={**JSON, "cookie": program.cookie})
        assert answer.status == 200, name
    assert draft["title"] == "Begun"
    assert (await program.read(draft["edit"]))["values"]["title"] == "Begun"
    assert (await program.read(draft["preview"]))["record"]["title"] == "Begun"


async def test_a_form_says_what_it_asks_for_what_is_typed_and_of_what(program):
    url = await program.first()
    form = await program.read(f"/edit/dataset?url={url}")
    assert (form["type"], form["published"], form["kept"]) == ("dataset", url, False)
    assert form["values"]["title"] == "Ice" and form["faults"] == {}
    fields = {field["name"]: field for field in form["fields"]}
    assert fields["title"]["required"] is True and fields["title"]["kind"] == "line"
    assert [column["name"] for column in fields["extent.bbox"]["columns"]] == [
        "west",
        "south",
        "east",
        "north",
    ]
    version = await program.read(f"/edit/version?url={url}")
    assert (version["type"], version["dataset"]) == ("version", "Ice")


async def test_what_is_wrong_with_a_draft_is_said_by_fields_and_what_is_right_as_it_will_be_published(
    program,
):
    await program.first()
    await program.go("/edit/dataset")
    await program.send("save", title="Sea", extent__bbox__0__west="-180")
    (draft,) = (await program.read("/edit"))["drafts"]
    wrong = await program.read(draft["preview"], 422)
    assert "extent.bbox.0.south" in wrong["faults"] and wrong["values"]["title"] == "Sea"
    await program.go(draft["edit"])
    sides = {f"extent__bbox__0__{side}": "10" for side in ("west", "south", "east", "north")}
    await program.send("save", **sides)
    shown = await program.read(draft["preview"])
    assert shown["record"] == {
        "type": "dataset",
        "key": "sea",
        "title": "Sea",
        "extent": {"bbox": [[10, 10, 10, 10]]},
    }
    assert shown["url"] == f"{program.node.did}/sea" and shown["faults"] == {}


async def test_a_form_that_is_sent_and_refused_is_a_problem_beside_the_form(program):
    url = await program.first()
    await program.go(f"/edit/derive?url={url}")
    answer = await program.send_json("derive", used="nothing at all ")
    assert answer.status >= 400 and answer.headers["content-type"] == "application/problem+json"
    assert answer.json["code"] and answer.json["page"]["deed"] == "derive"
    assert answer.json["page"]["values"]["used"] == "nothing at all "
    assert answer.json["page"]["faults"].keys() == {"used"}
    assert answer.headers["cache-control"] == "no-store"
    await program.go("/edit/dataset")
    answer = await program.send_json("publish", title="")
    assert answer.status == 422 and answer.json["faults"]["title"]


async def test_deeds_and_subscriptions_say_what_they_are_of(program):
    url = await program.first()
    for name, deed in DEEDS.items():
        shown = await program.read(f"/edit/{name}?url={url}")
        assert (shown["deed"], shown["record"]["url"], shown["about"]) == (name, url, deed.about)
        assert [field["name"] for field in shown["fields"]] == [field.name for field in deed.fields]
        assert shown["values"] == {"url": url}
    await program.go("/edit/subscriptions")
    assert (await program.send("subscribe", target=url)).status in (200, 303)
    (one,) = (await program.read("/edit/subscriptions"))["subscriptions"]
    assert (one["target"], one["form"], one["public"]) == (url, "inbox", False)


PATHS = (
    "/edit",
    "/edit/dataset",
    "/edit/dataset?url={url}",
    "/edit/version?url={url}",
    "/edit/draft/0123456789abcdef",
    "/edit/draft/0123456789abcdef/preview",
    "/edit/withdraw?url={url}",
    "/edit/deprecate?url={url}",
    "/edit/derive?url={url}",
    "/edit/subscriptions",
)


@pytest.mark.parametrize("cookie", ["", "frost-session=x", "frost-session="])
async def test_who_is_not_signed_in_is_told_so_in_words_for_programs(own, cookie):
    for path in PATHS:
        answer = await own.ask(path.format(url=f"{own.did}/ice"), headers={**JSON, "cookie": cookie})
        assert (answer.status, answer.code) == (401, "session.missing"), path
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"
        assert own.did not in json.dumps({**answer.json, "detail": ""})
    answer = await own.ask("/edit/sign-in?link=secret", headers=JSON)
    assert answer.status == 200 and "secret" not in answer.text and answer.json["by"] == ["link", "token"]


async def test_what_fails_is_a_problem_that_nobody_keeps(program):
    for path, code in (
        ("/edit/draft/0123456789abcdef", "record.not-found"),
        ("/edit/dataset?url=did:web:x/y", "name.did"),
        ("/edit?offset=x", "usage"),
        (f"/edit/withdraw?url={program.node.did}/none", "record.not-found"),
        ("/edit?as=did:frost:x", "publisher.not-hosted"),
    ):
        for accept, kind in (("application/json", "application/problem+json"), ("text/html", "text/html")):
            answer = await program.node.ask(path, headers={"accept": accept, "cookie": program.cookie})
            assert answer.status >= 400 and answer.headers["content-type"].startswith(kind), path
            assert answer.code.startswith(code), (path, answer.code)
            assert answer.headers["cache-control"] == "no-store", path


async def test_a_token_that_may_do_less_is_told_what_it_lacks(own):
    program = Program(own)
    await program.sign_in("subscribe")
    nobody = await program.read("/edit")
    assert nobody["publisher"] is None and nobody["session"]["scopes"] == ["subscribe"]
    answer = await own.ask("/edit/dataset", headers={**JSON, "cookie": program.cookie})
    assert answer.code == "token.scope" and answer.headers["cache-control"] == "no-store"


async def test_a_form_of_a_session_that_has_ended_is_told_so(program):
    await program.first()
    await program.go("/edit/dataset")
    program.cookie = "frost-session=ended"
    answer = await program.send_json("save", title="Sea")
    assert (answer.status, answer.code) == (401, "session.missing")
