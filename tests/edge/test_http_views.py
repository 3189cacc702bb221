"""Views: a catalog of one's own has its title, logo and colours, shows what its query finds, and nothing else in its dress."""

from xml.etree import ElementTree as ET

import pytest

from frostnode.edge.http.app import make_app
from frostnode.edge.http.views import View
from frostnode.edge.logo import Logo
from frostnode.edge.view_settings import ViewSettings
from frostnode.testing.pages import Page

LOGO = Logo(content=b"<svg/>", kind="svg", width=120, height=40)
OCEAN = ViewSettings(
    name="ocean",
    title="Ocean & <Data>",
    query="ocean -draft",
    intro="All of the **ocean**.<script>alert(1)</script>",
    url="https://ocean.example",
    accent="#00634f",
    band="#053b4a",
)
OF_ICE = "of-ice"
JSON = {"accept": "application/json"}
AT_HOST = {"host": "Ocean.example"}
LOC = "{http://www.sitemaps.org/schemas/sitemap/0.9}loc"


@pytest.fixture(scope="module")
def site(make_lasting_node):
    """A node of two publishers, and a view over both, and one of one of them."""
    node = make_lasting_node("views")
    node.ice = node.publish(
        ("profile", "self", {"name": "Ice Institute"}),
        ("dataset", "waves", {"title": "Ocean waves", "keywords": ["ocean", "wave"]}),
        ("dataset", "waves-draft", {"title": "Ocean draft waves"}),
        ("dataset", "land", {"title": "Land cover"}),
        ("dataset", "gone", {"title": "Ocean gone"}),
        ("dataset", "gone", None),
        ("version", "waves@v1", {"label": "v1"}),
        (
            "lineage",
            "l",
            {"title": "ocean", "generated": "https://a.example/x", "used": [{"uri": "https://b.example/y"}]},
        ),
        name="ice",
    )
    node.sea = node.publish(
        ("profile", "self", {"name": "Sea Survey"}),
        ("dataset", "deep", {"title": "Deep ocean", "keywords": ["ocean"]}),
        name="sea",
    )
    views = [
        View(settings=OCEAN, logo=LOGO),
        View(settings=ViewSettings(name=OF_ICE, title="Of ice", query=f"publisher:{node.ice.did}")),
        View(settings=ViewSettings(name="none", title="None", query="zebra")),
    ]
    node.app = make_app(node.parts, {"name": "test"}, views)
    return node


async def page(node, target, status=200, headers=None):
    answer = await node.ask(target, headers=headers)
    assert answer.status == status, answer.text
    assert "unsafe" not in answer.headers["content-security-policy"]
    return Page(answer.text)


def records(shown):
    return {link for link in shown.links if "/record/" in link}


async def test_the_first_page_says_what_the_catalog_is_and_shows_its_datasets_alone(site):
    shown = await page(site, "/v/ocean/")
    assert shown.text.startswith("Ocean & <Data> Skip") and "2 datasets of 2 publishers" in shown.text
    assert "All of the ocean." in shown.text
    assert records(shown) == {
        f"/v/ocean/record/{site.ice.did}/waves",
        f"/v/ocean/record/{site.sea.did}/deep",
    }
    assert "/v/ocean/search" in shown.links
    assert shown.metadata["canonical"] == "https://ocean.example/"
    assert (
        (await site.ask(shown.metadata["alternate"])).headers["content-type"].startswith("application/atom")
    )


async def test_a_view_of_a_publisher_has_all_datasets_of_it(site):
    shown = await page(site, f"/v/{OF_ICE}/")
    assert "3 datasets of Ice Institute" in shown.text
    assert shown.metadata["canonical"] == f"https://frost.example.org/v/{OF_ICE}/"


async def test_a_view_that_finds_nothing_says_so(site):
    shown = await page(site, "/v/none/")
    assert "no dataset that this node carries is found by zebra" in shown.text
    assert "Nothing is in this catalog yet" in (await page(site, "/v/none/search")).text


async def test_a_search_within_a_view_never_leaves_it(site):
    everything = await page(site, "/v/ocean/search")
    assert "2 datasets" in everything.text
    assert records(await page(site, "/v/ocean/search?q=deep")) == {f"/v/ocean/record/{site.sea.did}/deep"}
    assert "Nothing found" in (await page(site, "/v/ocean/search?q=cover")).text
    assert "Nothing found" in (await page(site, f"/v/{OF_ICE}/search?q=publisher:{site.sea.did}")).text
    outside = f"/v/{OF_ICE}/search?q=publisher:{site.sea.did}+publisher:{site.ice.did}"
    assert all(site.ice.did in link for link in records(await page(site, outside)))
    answer = await site.ask("/v/ocean/search?q=land", headers=JSON)
    assert answer.json["total"] == 0 and answer.headers["vary"] == "accept"
    assert (await site.ask("/v/ocean/search?q=ocean", headers=JSON)).json["total"] == 2


async def test_facets_and_pages_of_a_search_stay_in_the_view(site):
    first = (await site.ask("/v/ocean/search?limit=1", headers=JSON)).json
    rest = (await site.ask(f"/v/ocean/search?limit=1&sort=newest&cursor={first['next']}", headers=JSON)).json
    assert {hit["key"] for hit in (*first["hits"], *rest["hits"])} == {"waves", "deep"}
    assert sum(one["count"] for one in first["facets"]["publisher"]) == 2
    elsewhere = await site.ask(f"/v/{OF_ICE}/search?limit=1&sort=newest&cursor={first['next']}", headers=JSON)
    assert elsewhere.code == "query.malformed"


async def test_a_dataset_is_shown_in_the_dress_and_names_the_page_of_its_origin(site):
    shown = await page(site, f"/v/ocean/record/{site.ice.did}/waves")
    plain = await page(site, f"/record/{site.ice.did}/waves")
    assert "Ocean & <Data>" in shown.text and "Ocean & <Data>" not in plain.text
    assert shown.metadata["canonical"] == plain.metadata["canonical"]
    assert f"/v/ocean/record/{site.ice.did}/waves@v1" in shown.links
    assert "/v/ocean/search?q=wave" in shown.links
    await page(site, f"/v/ocean/record/{site.ice.did}/waves@v1")
    answer = await site.ask(f"/v/ocean/record/{site.ice.did}/waves", headers=JSON)
    assert answer.json["title"] == "Ocean waves"


@pytest.mark.parametrize("key", ["land", "waves-draft", "gone", "~lineage/l", "~profile/self"])
async def test_what_is_not_in_the_view_is_never_shown_in_its_dress(site, key):
    target = f"/record/{site.ice.did}/{key}"
    answer = await site.ask(f"/v/ocean{target}")
    assert (answer.status, answer.headers["location"]) == (303, target)
    at_host = await page(site, target, headers=AT_HOST)
    assert "Ocean & <Data>" not in at_host.text


async def test_at_its_own_host_a_view_is_the_root(site):
    shown = await page(site, "/", headers=AT_HOST)
    assert "2 datasets of 2 publishers" in shown.text
    assert f"/record/{site.sea.did}/deep" in shown.links and "https://frost.example.org/" in shown.links
    assert "Deep ocean" in (await page(site, "/search?q=deep", headers=AT_HOST)).text
    assert "Ocean & <Data>" in (await page(site, f"/record/{site.sea.did}/deep", headers=AT_HOST)).text
    assert "Ocean & <Data>" not in (await page(site, "/")).text
    assert (await site.ask("/api/status", headers=AT_HOST)).json["name"]
    robots = (await site.ask("/robots.txt", headers=AT_HOST)).text
    assert "Sitemap: https://ocean.example/sitemap.xml" in robots


async def test_search_engines_and_browsers_find_its_way(site):
    urls = [loc.text for loc in ET.fromstring((await site.ask("/v/ocean/sitemap.xml")).body).iter(LOC)]
    assert sorted(urls) == sorted(
        [
            "https://ocean.example/",
            f"https://ocean.example/record/{site.ice.did}/waves",
            f"https://ocean.example/record/{site.sea.did}/deep",
        ]
    )
    for url in urls:
        assert (await site.ask(url.removeprefix("https://ocean.example"), headers=AT_HOST)).status == 200
    shown = await page(site, "/v/ocean/")
    search = (await site.ask(shown.metadata["search"])).text
    assert "https://ocean.example/search?q={searchTerms}" in search and "Ocean &amp; &lt;Data&gt;" in search


async def test_logo_and_colours_are_files_that_a_strict_policy_allows(site):
    text = (await site.ask("/v/ocean/")).text
    style, logo = (
        next(part for part in text.split('"') if part.startswith(f"/v/ocean/{name}."))
        for name in ("dress", "logo")
    )
    assert f'<img src="{logo}" alt="" width="120" height="40">' in text and "style=" not in text
    css, picture = await site.ask(style), await site.ask(logo)
    assert css.headers["content-type"] == "text/css; charset=utf-8"
    assert "--cold:#00634f;" in css.text and "--night:#053b4a;" in css.text and css.text.count("--cold:") == 2
    assert picture.headers["content-type"] == "image/svg+xml" and picture.body == LOGO.content
    assert "default-src 'self'" in picture.headers["content-security-policy"]
    for answer in (css, picture):
        assert "immutable" in answer.headers["cache-control"]
    assert (await site.ask("/v/ocean/logo.000000000000.svg")).status == 404


async def test_a_view_has_one_address_and_unknown_ones_none(site, node):
    answer = await site.ask("/v/ocean")
    assert (answer.status, answer.headers["location"]) == (308, "/v/ocean/")
    await page(site, "/v/nothing/", 404)
    await page(site, "/v/nothing", 404)
    assert (await node.ask("/v/ocean/")).status == 404


async def test_the_first_page_is_json_for_who_asks_for_it(site):
    found = (await site.ask("/v/ocean/", headers=JSON)).json
    assert (found["title"], found["query"], found["total"]) == ("Ocean & <Data>", "ocean -draft", 2)
    assert [hit["key"] for hit in found["newest"]] == ["deep", "waves"]


async def test_about_names_the_catalogs_of_the_node(site):
    shown = await page(site, "/about")
    assert "Shown as catalogs of their own: Ocean & <Data>" in shown.text and "/v/ocean/" in shown.links
