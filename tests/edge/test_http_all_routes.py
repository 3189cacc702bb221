"""Every route of a node: pages are pages for people and JSON for programs, and say where else they are to be found."""

import re

import pytest

from frostnode.edge.http.app import make_app
from frostnode.edge.http.views import View
from frostnode.edge.view_settings import ViewSettings
from frostnode.testing.pages import Page
from tests.edge.test_http_editing import Browser

FIRST_LOAD_BYTES_MAX = 100_000
JSON = {"accept": "application/json"}
NOT_PAGES = re.compile(
    r"/(api/|frost/|feeds/|static/|sitemap|robots\.txt|opensearch\.xml|\.well-known/|did/|did:|id$|id/|inbox|hub|websub)"
)
"""What is for programs alone, leads on, or is its owner's alone: each has tests of its own."""
OF_A_VIEW = re.compile(r"/v/\{view\}(/sitemap\.xml|/robots\.txt|/opensearch\.xml|/\{file\})?$")
OF_EDITING = "/edit"
"""Pages for who is signed in alone."""
IN_FEEDS = ("/", "/publisher/{did}", "/record/{url:path}", "/search", "/v/{view}/", "/v/{view}/search")
HAVE_AN_OWN_ADDRESS = (
    "/publisher/{did}",
    "/record/{url:path}",
    "/record",
    "/v/{view}/",
    "/v/{view}/record/{url:path}",
    "/v/{view}/record",
)


@pytest.fixture(scope="module")
def site(make_lasting_node):
    node = make_lasting_node("routes")
    node.ice = node.publish(
        ("profile", "self", {"name": "Ice"}),
        ("dataset", "sea", {"title": "Sea ice"}),
        ("version", "sea@1", {"label": "1"}),
        name="routes",
    )
    views = [View(settings=ViewSettings(name="all", title="All ice", query="ice"))]
    node.app = make_app(node.parts, {"name": "routes"}, views)
    return node


def page_routes(node):
    """The paths of all pages, as the application has them."""
    paths = {route.path for route in node.app.routes if "GET" in (route.methods or ())}
    return sorted(path for path in paths if not NOT_PAGES.match(path) and not OF_A_VIEW.match(path))


def targets(node):
    """A path with values for each."""
    did = node.ice.did
    for path in page_routes(node):
        if path.startswith(OF_EDITING):
            continue
        target = path.replace("{did}", did).replace("{url:path}", f"{did}/sea").replace("{view}", "all")
        asked = {
            "/record": f"?url={did}/sea",
            "/v/{view}/record": f"?url={did}/sea",
            "/lineage": f"?url={did}/sea",
            "/diff": f"?a={did}/sea&b={did}/sea@1",
            "/search": "?q=ice",
            "/v/{view}/search": "?q=ice",
        }.get(path, "")
        yield path, target + asked


async def test_every_page_is_a_page_with_its_links_for_browsers(site):
    for path, target in targets(site):
        answer = await site.ask(target)
        assert answer.status == 200, (path, answer.text[:300])
        assert answer.headers["content-type"] == "text/html; charset=utf-8", path
        shown = Page(answer.text)
        assert (await site.ask(shown.metadata["search"])).status == 200, path
        assert ("canonical" in shown.metadata) == (path in HAVE_AN_OWN_ADDRESS), path
        if path in IN_FEEDS:
            feeds = re.findall(r'type="application/atom\+xml" href="([^"]*)"', answer.text)
            assert feeds and (await site.ask(feeds[0].replace("&amp;", "&"))).status == 200, path


async def test_every_page_is_json_for_who_asks_for_it(site):
    for path, target in targets(site):
        answer = await site.ask(target, headers=JSON)
        assert answer.status == 200 and isinstance(answer.json, dict), path
        assert answer.headers["content-type"] == "application/json", path
        assert answer.headers["vary"].startswith("accept"), path


async def test_no_page_loads_more_than_is_there_at_once(site):
    for path, target in targets(site):
        text = (await site.ask(target)).text
        files = set(re.findall(r'(?:href|src)="(/(?:static|v)/[^"#]*\.(?:css|js|svg|png))', text))
        assert files, path
        weights = [len((await site.ask(file)).body) for file in files]
        assert min(weights) > 0 and len(text.encode()) + sum(weights) < FIRST_LOAD_BYTES_MAX, path


async def test_the_walk_met_every_kind_of_page(site):
    met = {path.split("/")[1] for path in page_routes(site)}
    assert met >= {
        "",
        "search",
        "record",
        "activity",
        "about",
        "publishers",
        "publisher",
        "peers",
        "status",
        "withheld",
        "policy",
        "lineage",
        "diff",
        "v",
        "edit",
    }


@pytest.mark.slow
async def test_every_page_of_editing_is_json_too_for_who_is_signed_in_alone(own):
    browser = Browser(own)
    await browser.sign_in()
    url = await browser.first()
    await browser.go("/edit/dataset")
    await browser.send("save", title="Begun")
    (draft,) = set(re.findall(r"/edit/draft/([0-9a-f]+)", browser.answer.text))
    paths = [path for path in page_routes(own) if path.startswith(OF_EDITING)]
    assert len(paths) >= 10
    for path in paths:
        target = path.replace("{id}", draft) + (f"?url={url}" if path.count("/") == 2 else "")
        asked = {**JSON, "cookie": browser.cookie}
        page = await browser.go(target)
        answer = await own.ask(target, headers=asked)
        assert answer.status == page.status == 200 and isinstance(answer.json, dict), path
        assert answer.headers["content-type"] == "application/json", path
        assert answer.headers["cache-control"] == page.headers["cache-control"] == "no-store", path
        stranger = await own.ask(target, headers=JSON)
        is_open = path == "/edit/sign-in"
        assert (stranger.status == 200) if is_open else (stranger.code == "session.missing"), path
        assert stranger.headers["cache-control"] == "no-store", path
