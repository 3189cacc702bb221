"""What search engines, browsers and programs find: JSON instead of pages, robots, sitemaps, OpenSearch, canonical pages."""

from xml.etree import ElementTree as ET

import pytest

from frostnode.edge.http import machines
from frostnode.testing.pages import Page

SITEMAPS = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
OPEN_SEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"
JSON = {"accept": "application/json"}


@pytest.fixture(scope="module")
def icy(make_lasting_node):
    node = make_lasting_node("machines")
    node.ice = node.publish(
        ("profile", "self", {"name": "Ice & <Institute>"}),
        ("dataset", "sea-ice", {"title": "Sea ice"}),
        ("dataset", "a/../b", {"title": "Dots"}),
        ("version", "sea-ice@v1", {"label": "v1"}),
        name="ice",
    )
    return node


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("/", "institutions"),
        ("/activity", "records"),
        ("/about", "operator"),
        ("/search?q=ice", "hits"),
        ("/publishers", "publishers"),
        ("/publisher/DID", "epochs"),
        ("/record/DID/sea-ice", "content"),
        ("/peers", "peers"),
        ("/status", "arrivals"),
        ("/withheld", "withheld"),
        ("/policy", "tiers"),
        ("/lineage/DID/sea-ice", "nodes"),
        ("/diff?a=DID/sea-ice&b=DID/sea-ice@v1", "changes"),
    ],
)
async def test_every_page_is_json_for_who_asks_for_it(icy, target, name):
    target = target.replace("DID", icy.ice.did)
    answer = await icy.ask(target, headers=JSON)
    assert answer.status == 200 and answer.headers["content-type"] == "application/json"
    assert name in answer.json and answer.headers["vary"].startswith("accept")
    for accept in ("text/html,application/xhtml+xml,*/*;q=0.8", "*/*", "text/html, application/json;q=0.9"):
        assert (await icy.ask(target, headers={"accept": accept})).text.startswith("<!doctype html>")


async def test_what_is_refused_is_a_problem_for_who_asks_for_json(icy):
    answer = await icy.ask("/nothing", headers=JSON)
    assert answer.status == 404 and answer.code == "record.not-found"
    assert answer.headers["content-type"] == "application/problem+json"


async def test_robots_are_led_to_the_sitemaps_and_away_from_what_has_no_end(icy):
    text = (await icy.ask("/robots.txt")).text
    assert "Sitemap: https://frost.example.org/sitemap.xml" in text and "Disallow: /search" in text


async def test_sitemaps_name_every_dataset_by_the_address_of_this_node(icy):
    index = ET.fromstring((await icy.ask("/sitemap.xml")).body)
    assert [loc.text for loc in index.iter(f"{SITEMAPS}loc")] == ["https://frost.example.org/sitemap/0.xml"]
    answer = await icy.ask("/sitemap/0.xml")
    assert answer.headers["content-type"] == "application/xml"
    found = [loc.text for loc in ET.fromstring(answer.body).iter(f"{SITEMAPS}loc")]
    assert sorted(found) == sorted(
        [
            f"https://frost.example.org/record/{icy.ice.did}/sea-ice",
            f"https://frost.example.org/record?url={icy.ice.did.replace(':', '%3A')}%2Fa%2F..%2Fb",
        ]
    )
    for url in found:
        assert (await icy.ask(url.removeprefix("https://frost.example.org"))).status == 200


async def test_sitemaps_are_bounded(icy, monkeypatch):
    monkeypatch.setattr(machines, "SITEMAP_URLS_MAX", 1)
    index = ET.fromstring((await icy.ask("/sitemap.xml")).body)
    assert len(list(index)) == 2
    one, two = [(await icy.ask(f"/sitemap/{at}.xml")).body for at in (0, 1)]
    assert one != two and one.count(b"<url>") == two.count(b"<url>") == 1
    assert (await icy.ask("/sitemap/2.xml")).body.count(b"<url>") == 0
    for name in ("x", "-1", "99999", "1000"):
        assert (await icy.ask(f"/sitemap/{name}.xml")).status == 404


async def test_browsers_are_told_how_to_search_here(icy):
    page = Page((await icy.ask("/")).text)
    answer = await icy.ask(page.metadata["search"])
    found = ET.fromstring(answer.body)
    assert found.find(f"{OPEN_SEARCH}ShortName").text == "The node of the "
    templates = [url.get("template") for url in found.iter(f"{OPEN_SEARCH}Url")]
    assert templates[0] == "https://frost.example.org/search?q={searchTerms}"
    for template in templates:
        target = template.removeprefix("https://frost.example.org").replace("{searchTerms}", "ice")
        assert (await icy.ask(target)).status == 200


async def test_the_name_of_a_node_cannot_break_what_browsers_are_told(node):
    node.parts.name = '<&">\x01' * 20
    assert ET.fromstring((await node.ask("/opensearch.xml")).body) is not None


async def test_a_record_names_the_page_at_its_host_as_its_own(icy, node):
    page = Page((await icy.ask(f"/record/{icy.ice.did}/sea-ice@v1")).text)
    host = (await icy.ask(f"/api/record/{icy.ice.did}/sea-ice@v1")).json["host"]
    base = host or "https://frost.example.org"
    assert page.metadata["canonical"] == f"{base}/record/{icy.ice.did}/sea-ice@v1"
