"""Editing in a browser, without JavaScript: from an empty form to a published dataset, its versions, and its end."""

import html
import re
from urllib.parse import urlencode

import pytest

from frostnode.edge.sqlite import editing_store
from frostnode.testing.pages import Page

pytestmark = pytest.mark.slow

ORIGIN = "http://node.example"
TYPE = "application/x-www-form-urlencoded"
FOR_EVER = "This is public for ever."


async def operate(node, operation, **params):
    """Run an operation, and bring the views up to it, as a node that lives does."""
    done = await node.operate(operation, **params)
    await node.parts.project()
    return done


class Browser:
    """Who is signed in at a node: looks at pages, fills in the form that is there, and sends it."""

    def __init__(self, node):
        self.node = node
        self.cookie = ""
        self.answer = None
        self.path = ""

    async def sign_in(self, *scopes, **params):
        token = await self.node.token(*scopes, **params)
        answer = await self.post("/edit/sign-in", {"token": token})
        self.cookie = answer.headers["set-cookie"].partition(";")[0]
        return token

    async def post(self, path, fields, **more):
        headers = {"origin": ORIGIN, "content-type": TYPE, "cookie": self.cookie, **more}
        return await self.node.ask(path, "POST", headers, urlencode(fields).encode())

    async def go(self, path):
        """Look at a page of editing, which must be well made."""
        self.path = path
        self.answer = await self.node.ask(path, headers={"cookie": self.cookie})
        Page(self.answer.text)
        return self.answer

    def inputs(self):
        """What stands in the form of the record on this page, and where it is sent."""
        text = self.answer.text
        form = re.search(
            r'<form class="record-form" method="post"(?: action="([^"]*)")?>(.*?)</form>', text, re.DOTALL
        )
        values = re.findall(r'<input [^>]*?name="([^"]*)"[^>]*?value="([^"]*)"', form[2])
        areas = re.findall(r'<textarea [^>]*?name="([^"]*)"[^>]*>\n(.*?)</textarea>', form[2], re.DOTALL)
        fields = {
            name: html.unescape(value)
            for name, value in [*values, *areas]
            if name not in ("understood", "public")
        }
        return form[1] or self.path.partition("?")[0], fields

    async def send(self, do, **fields):
        """Send that form with these things typed, and go where it leads."""
        path, typed = self.inputs()
        typed |= {name.replace("__", "."): value for name, value in fields.items()} | {"do": do}
        sent = await self.post(path, typed)
        if sent.status == 303 and sent.headers["location"].startswith("/edit"):
            await self.go(sent.headers["location"])
            return self.answer
        self.answer = sent
        return sent

    async def first(self):
        """A dataset that is published already, so that nothing is asked for the first time."""
        await operate(self.node, "publish", records=[{"type": "dataset", "key": "ice", "title": "Ice"}])
        return f"{self.node.did}/ice"


@pytest.fixture
async def editor(own):
    browser = Browser(own)
    await browser.sign_in()
    return browser


def path_of(answer):
    assert answer.status == 303, (answer.status, Page(answer.text).text)
    return answer.headers["location"]


async def test_from_an_empty_form_to_a_page(editor):
    own = editor.node
    assert "Publish your first dataset" in (await editor.go("/edit")).text
    await editor.go("/edit/dataset")
    kept = await editor.send(
        "save",
        title="Sea ice <script>",
        description="**Bold** words",
        keywords="ice\n\narctic",
        creators__0__name="Ada",
        extent__bbox__0__west="-180",
        metadata='{"stac": {"a": 1.5}}',
    )
    assert "The draft is kept on this node" in kept.text
    assert "Sea ice &lt;script&gt;" in (await editor.go("/edit")).text
    assert await own.sizes() == 0
    await editor.go(re.search(r'/edit/draft/[^"]+', editor.answer.text)[0])
    wrong = await editor.send("preview")
    assert wrong.status == 422
    assert 'href="#in-extent.bbox.0.south"' in wrong.text
    assert "Nothing you typed is lost" in wrong.text
    sides = {
        f"extent__bbox__0__{side}": at for side, at in (("south", "30"), ("east", "180"), ("north", "90"))
    }
    looks = await editor.send("preview", **sides)
    assert looks.status == 200
    assert "<strong>Bold</strong>" in looks.text
    assert FOR_EVER in looks.text
    assert "Verify it yourself" not in looks.text
    sent = {
        name: re.search(f'name="{name}" value="([^"]+)"', looks.text)[1] for name in ("form", "as", "sum")
    }
    action = re.search(r'action="(/edit/draft/[^"]+)"', looks.text)[1]
    asked = await editor.post(action, {**sent, "do": "publish-draft"})
    assert asked.status == 422
    assert "please say that you know" in asked.text
    sent |= {"do": "publish-draft", "understood": "1"}
    done = await editor.post(action, sent)
    assert path_of(done) == f"/record/{own.did}/sea-ice-script"
    again = await editor.post(action, sent)
    assert path_of(again) == path_of(done)
    assert await own.sizes() == 1
    fields = (await operate(own, "show", url=f"{own.did}/sea-ice-script"))["content"]["fields"]
    assert fields["extent"] == {"bbox": [[-180, 30, 180, 90]]}
    assert fields["keywords"] == ["ice", "arctic"]
    assert fields["metadata"] == {"stac": {"a": 1.5}}
    assert (await own.ask(path_of(done))).status == 200
    desk = (await editor.go("/edit")).text
    assert "Drafts" not in desk and "New dataset" in desk
    assert FOR_EVER not in (await editor.go("/edit/dataset")).text


async def test_the_first_publication_asks_once_and_keeps_what_was_typed(editor):
    await editor.go("/edit/dataset")
    asked = await editor.send("publish", title="Ice", description="as\ntyped")
    assert asked.status == 422
    assert "please say that you know" in asked.text
    assert editor.inputs()[1]["description"] == "as\ntyped"
    done = await editor.send("publish", understood="1")
    assert path_of(done).endswith("/ice")
    await editor.go(f"/edit/withdraw?url={editor.node.did}/ice")
    await editor.send("")
    await editor.go("/edit/dataset")
    assert FOR_EVER not in editor.answer.text  # it was said


async def test_an_edit_replaces_what_was_seen_and_nothing_newer(editor):
    own = editor.node
    record = {
        "type": "dataset",
        "key": "ice",
        "title": "Ice",
        "theirs.org": {"kept": [1, 1.5]},
        "creators": [{"name": "Ada", "email": "a@example.org"}],
    }
    await operate(own, "publish", records=[record])
    await editor.go(f"/edit/dataset?url={own.did}/ice")
    path, typed = editor.inputs()
    done = await editor.send("publish", title="Sea ice", license="CC0-1.0")
    assert path_of(done) == f"/record/{own.did}/ice"
    fields = (await operate(own, "show", url=f"{own.did}/ice"))["content"]["fields"]
    kept = {name: record[name] for name in ("theirs.org", "creators")}
    assert fields == {"title": "Sea ice", "license": "CC0-1.0", **kept}
    late = await editor.post(path, {**typed, "title": "Late", "do": "publish"})
    assert late.status == 412
    assert "Late" in late.text and "record.changed" in late.text
    assert (await operate(own, "show", url=f"{own.did}/ice"))["title"] == "Sea ice"


async def test_a_new_dataset_takes_the_place_of_no_other(editor):
    url = await editor.first()
    await editor.go("/edit/dataset")
    assert (await editor.send("publish", title="Another", key="ice")).status == 412
    assert (await operate(editor.node, "show", url=url))["title"] == "Ice"
    assert path_of(await editor.send("publish", key="ice/other")).endswith("/ice/other")


async def test_what_is_sent_twice_is_published_once(editor):
    own = editor.node
    await editor.first()
    await editor.go("/edit/dataset")
    path, typed = editor.inputs()
    typed |= {"title": "Snow", "do": "publish"}
    paths = {path_of(await editor.post(path, typed)) for _ in range(3)}
    assert paths == {f"/record/{own.did}/snow"}
    assert await own.sizes() == 2
    await operate(own, "withdraw", url=f"{own.did}/snow")
    assert path_of(await editor.post(path, typed)) in paths  # a page that is loaded anew brings nothing back
    assert (await operate(own, "show", url=f"{own.did}/snow"))["content"]["state"] == "withdrawn"


async def test_rows_are_asked_for_and_keep_their_places(editor):
    await editor.go("/edit/dataset")
    answer = await editor.send("more:locations", title="x", locations__0__href="s3://a")
    assert answer.text.count('name="locations.') == 7 * 5
    assert editor.inputs()[1]["locations.0.href"] == "s3://a"


async def test_a_version_with_data_a_note_and_the_one_before(editor):
    url, own = await editor.first(), editor.node
    await editor.go(f"/edit/version?url={url}")
    assert (await editor.send("publish")).status == 422
    typed = {
        "label": "2026",
        "changes__note": "All new.",
        "locations__0__href": "s3://ice/2026.zarr",
        "snapshot__system": "icechunk",
        "snapshot__id": "VY76",
        "digests__0__algorithm": "sha256",
        "digests__0__value": "ab",
    }
    looks = await editor.send("preview", **typed)
    assert "Ice, version 2026" in Page(looks.text).text
    await editor.go(re.search(r'href="(/edit/draft/[^"]+)">Go on', looks.text)[1])
    assert path_of(await editor.send("publish")) == f"/record/{url}@2026"
    fields = (await operate(own, "show", url=f"{url}@2026"))["content"]["fields"]
    assert fields["snapshot"] == {"system": "icechunk", "id": "VY76"}
    assert fields["changes"] == {"note": "All new."}
    await editor.go(f"/edit/version?url={url}")
    assert (await editor.send("publish", label="2026")).status == 412
    assert path_of(await editor.send("publish", label="2027")) == f"/record/{url}@2027"
    assert f"{url}@2026" in (await operate(own, "show", url=f"{url}@2027"))["content"]["fields"]["previous"]
    assert (await editor.go("/edit/version?url=nowhere")).status == 404


async def test_a_dataset_is_derived_deprecated_and_withdrawn(editor):
    url, own = await editor.first(), editor.node
    await editor.go(f"/edit/derive?url={url}")
    assert (await editor.send("", used=" ")).status == 400
    assert (await editor.send("", used=f"{url}/never")).status == 404
    assert "record.not-found" in editor.answer.text
    assert editor.inputs()[1]["used"] == f"{url}/never"
    done = await editor.send("", used="https://doi.org/10.5281/zenodo.1\n", activity__name="fit")
    assert path_of(done) == f"/record/{own.did}/~lineage/ice"
    await editor.go(f"/edit/deprecate?url={url}")
    assert path_of(await editor.send("", successor=f"{own.did}/snow", note="Old.")) == f"/record/{url}"
    fields = (await operate(own, "show", url=url))["content"]["fields"]
    assert (fields["deprecated"], fields["successor"]) == (True, f"{own.did}/snow")
    await editor.go(f"/edit/withdraw?url={url}")
    path, typed = editor.inputs()
    size = await own.sizes()
    for _ in range(2):
        assert path_of(await editor.post(path, typed)) == f"/record/{url}"
    assert await own.sizes() == size + 1
    assert (await operate(own, "show", url=url))["content"]["state"] == "withdrawn"
    assert (await editor.post(path, {**typed, "once": ""})).status == 400
    assert (await editor.go(f"/edit/withdraw?url={own.did}/never")).status == 404


async def test_subscriptions_are_made_paused_and_ended(editor):
    url, own = await editor.first(), editor.node
    await editor.go(f"/edit/subscriptions?target={url}")
    assert editor.inputs()[1]["target"] == url
    assert (await editor.send("subscribe", target="")).status == 400
    assert (await editor.send("subscribe", target='"sea ice" -antarctic')).status == 200
    (made,) = (await operate(own, "subscriptions"))["subscriptions"]
    assert (made["target"], made["public"], made["form"]) == ('"sea ice" -antarctic', False, "inbox")
    form = editor.inputs()[1]["form"]
    for at, do in enumerate(("pause", "resume", "end")):
        fields = {"form": form, "once": str(at), "id": made["id"], "do": do}
        assert path_of(await editor.post("/edit/subscriptions", fields)) == "/edit/subscriptions"
        assert path_of(await editor.post("/edit/subscriptions", fields)) == "/edit/subscriptions"
    assert (await operate(own, "subscriptions"))["subscriptions"] == []
    await editor.go("/edit/subscriptions")
    hook = await editor.send("subscribe", target=url, by="webhook", address="https://hook.example/x")
    assert "shown this once" in hook.text and "whsec_" in hook.text


async def test_a_draft_is_its_publishers_own_and_can_be_thrown_away(editor):
    await editor.go("/edit/dataset")
    await editor.send("save", title="Secret")
    path = editor.path
    assert (await editor.node.ask(path)).status == 401
    other = Browser(editor.node)
    await other.sign_in("subscribe")
    assert (await other.go(path)).code == "token.scope"
    assert (await other.go("/edit")).status == 200
    assert "Secret" not in other.answer.text
    for place in ("/", "/search?q=secret", "/activity", "/status"):
        assert "Secret" not in (await editor.node.ask(place)).text
    assert (await operate(editor.node, "search", query="secret"))["total"] == 0
    await editor.go(path)
    await editor.send("drop")
    assert (await editor.go(path)).status == 404
    for bad in ("/edit/draft/x", "/edit/draft/0123456789abcdeg", "/edit/draft/0123456789abcdef/preview"):
        assert (await editor.go(bad)).status == 404


async def test_a_token_of_one_publisher_writes_for_no_other(editor):
    own = editor.node
    await editor.first()
    foreign = "did:frost:bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"
    assert (await editor.go(f"/edit?as={foreign}")).code == "publisher.not-hosted"
    assert (await editor.go(f"/edit/withdraw?url={foreign}/ice")).code == "publisher.not-hosted"
    limited = Browser(own)
    await limited.sign_in("publish", did=own.did)
    assert (await limited.go("/edit")).status == 200
    assert (await limited.go(f"/edit?as={foreign}")).code == "token.scope"
    assert (await limited.go("/edit/subscriptions")).code == "token.scope"
    await limited.go("/edit/dataset")
    path, typed = limited.inputs()
    assert (
        await limited.post(path, {**typed, "as": foreign, "title": "x", "do": "save"})
    ).code == "token.scope"


async def test_drafts_survive_a_restart_and_are_bounded(own_home, node_over, monkeypatch):
    async with node_over(own_home) as own:
        editor = Browser(own)
        await editor.sign_in()
        await editor.go("/edit/dataset")
        await editor.send("save", title="Kept", metadata="{ not yet")
        path = editor.path
    async with node_over(own_home) as own:
        editor.node = own
        await editor.go(path)
        assert editor.inputs()[1]["metadata"] == "{ not yet"
        monkeypatch.setattr(editing_store, "DRAFTS_MAX", 1)
        await editor.go("/edit/dataset")
        full = await editor.send("save", title="One more")
        assert (full.status, editor.inputs()[1]["title"]) == (503, "One more")
        assert "queue.full" in full.text


async def test_whatever_is_typed_comes_back_harmless(editor):
    await editor.first()
    await editor.go("/edit/dataset")
    nasty = '"><script>alert(1)</script>\u202egnp.exe\u2066'
    answer = await editor.send("save", title=nasty, description=nasty, creators__0__name=nasty, key=nasty)
    assert "<script>alert" not in answer.text
    assert editor.inputs()[1]["title"] == nasty
    assert (await editor.send("preview")).status == 422  # the key
    looks = await editor.send("preview", key="x")
    assert looks.status == 200
    assert "<script>alert" not in looks.text
    assert "\u202e" not in re.search(r"<h1.*?</h1>", looks.text, re.DOTALL)[0]
    long = await editor.post(
        *[editor_path(editor), {**await form_of(editor), "title": "y" * 200_000, "do": "save"}]
    )
    assert long.status == 303
    assert (await editor.go("/edit")).status == 200
    assert len(editor.answer.text) < 60_000
    await editor.go("/edit/dataset")
    path, typed = editor.inputs()
    assert (await editor.post(path, {**typed, "type": "profile"})).code == "usage"


def editor_path(editor):
    return re.search(r'action="(/edit/draft/[^"]+)"', editor.answer.text)[1]


async def form_of(editor):
    names = ("form", "as")
    return {name: re.search(f'name="{name}" value="([^"]+)"', editor.answer.text)[1] for name in names}


async def test_a_name_that_was_withdrawn_can_be_published_again(editor):
    url = await editor.first()
    await operate(editor.node, "withdraw", url=url)
    await editor.go(f"/edit/dataset?url={url}")
    assert editor.inputs()[1]["key"] == "ice"
    assert path_of(await editor.send("publish", title="Ice again")) == f"/record/{url}"
