"""Versions and lineage over HTTP: the pages, the same as JSON, PROV-JSON that others read, drawings that are XML."""

import re
from io import StringIO
from itertools import chain
from urllib.parse import parse_qsl, quote, urlencode
from xml.etree import ElementTree as ET

import pytest
from prov.model import ProvDocument

from frostnode.protocol.entry import header_cid
from frostnode.protocol.limits import DIFF_SHOWN_MAX, DRAWN_ON_PAGE_MAX, LINEAGE_LISTED_MAX
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.pages import Page

HOSTILE = "<script>alert(1)</script>\"'&\u202e\x07]]>"
SVG = "{http://www.w3.org/2000/svg}"
CODE = "https://github.com/polar/mean"


class World:
    """Two publishers: one has ice in three versions, the other a mean of its first two, a paper and code on that."""

    def __init__(self, node):
        self.ice, self.mean = MemoryPublisher("ice"), MemoryPublisher("mean")
        self.ice.put("ice", {"title": "Sea ice"})
        for label in "123":
            note = {"note": f"Note {label}"}
            self.ice.put(f"ice@{label}", {"label": label, "size": int(label), "changes": note}, "version")
        self.mean.put("self", {"name": f"Mean {HOSTILE}"}, "profile")
        self.mean.put("mean", {"title": f"Mean {HOSTILE}"})
        self.mean.put("mean@1", {"label": "1"}, "version")
        used = [{"uri": self.exact(self.ice, at)} for at in (1, 2)]
        activity = {"name": "mean", "code": CODE, "container": "docker:mean"}
        self.made("mean/1", f"{self.mean.did}/mean@1", *used, {"uri": "x:SOURCE y"}, activity=activity)
        self.made("paper", "https://doi.org/10.1000/PAPER", {"uri": f"{self.mean.did}/mean@1"})
        self.made("code", f"{CODE}.git", {"uri": f"{self.mean.did}/mean"})
        self.made("note", "https://x.example/a?b=c", {"uri": self.exact(self.mean, 1)})
        for publisher in (self.ice, self.mean):
            node.take(*publisher.stream())

    def exact(self, publisher, at):
        key = {1: "ice@1", 2: "ice@2"}[at] if publisher is self.ice else "mean"
        return f"{publisher.did}/{key}?cid={header_cid(publisher.leaves[at])}"

    def made(self, key, generated, *used, **more):
        self.mean.put(key, {"generated": generated, "used": list(used), **more}, "lineage")


@pytest.fixture
def world(node):
    return World(node)


async def text_of(node, target, status=200):
    answer = await node.ask(target)
    assert answer.status == status, answer.text
    assert "<script>alert" not in answer.text
    return answer.text


async def test_the_page_of_a_dataset_shows_its_history_and_what_was_built_on_it(node, world):
    text = await text_of(node, f"/record/{world.ice.did}/ice")
    for words in (
        "Note 1",
        "Note 3",
        "latest",
        "Built on it",
        "1 dataset, 0 papers, 0 programs",
        "what changed",
    ):
        assert words in text
    assert f"/record/{world.mean.did}/mean@1" in text
    world.ice.withdraw("ice@3", "version")
    node.take(*world.ice.stream(4))
    text = await text_of(node, f"/record/{world.ice.did}/ice")
    assert '<span class="flag bad">withdrawn</span>' in text
    assert 'href="/diff?a=' in text


async def test_the_page_of_what_is_out_of_date_says_so(node, world):
    for key in ("mean", "mean@1", "mean@latest"):
        text = await text_of(node, f"/record/{world.mean.did}/{key}")
        assert "out of date" in text
        assert f"/lineage/{world.mean.did}/mean" in text
    assert "Cited by" in text


@pytest.mark.parametrize("name", ["latest", "3", "2"])
async def test_latest_is_a_name_everywhere(node, world, name):
    url = f"{world.ice.did}/ice@{name}"
    newest = f"{world.ice.did}/ice@{'3' if name == 'latest' else name}"
    assert (await node.ask(f"/api/record/{url}")).json["url"] == newest
    answer = await node.ask(f"/{url}", headers={"accept": "application/json"})
    assert (answer.status, answer.json["url"]) == (200, newest)
    await text_of(node, f"/{url}")
    assert (await node.ask(f"/api/record/{world.mean.did}/self@latest")).code == "record.not-found"


async def test_lineage_is_answered_as_json(node, world):
    found = (await node.ask(f"/api/lineage/{world.mean.did}/mean@1")).json
    ends = {item["name"]: item for item in found["nodes"]}
    ice = f"{world.ice.did}/ice"
    assert {name for name, item in ends.items() if item["distance"] < 0} == {
        f"{ice}@1",
        f"{ice}@2",
        "x:SOURCE y",
    }
    assert ends["doi:10.1000/paper"]["kind"] == "paper"
    assert ends[f"url:{CODE}.git"]["kind"] == "code"
    assert ends[f"{world.mean.did}/mean@1"]["marks"] == ["out of date"]
    newer = {edge["used"]: edge["newer"].partition("?")[0] for edge in found["edges"]}
    assert newer[f"{ice}@1"] == newer[f"{ice}@2"] == f"{ice}@3"
    activity = next(item for item in found["activities"] if item["record"].endswith("/mean/1"))
    assert (activity["name"], activity["code"], activity["container"]) == ("mean", CODE, "docker:mean")
    up = (await node.ask(f"/api/lineage/{world.mean.did}/mean?up=1&depth=1")).json
    assert {item["distance"] for item in up["nodes"]} == {-1, 0}


async def test_ends_are_shown_as_what_they_are(node, world):
    stranger = MemoryPublisher("stranger")
    world.ice.withdraw("ice@2", "version")
    node.take(*world.ice.stream(4))
    world.made(
        "x", f"{world.mean.did}/mean@1", {"uri": f"{stranger.did}/x@1"}, {"uri": f"{world.ice.did}/ice@9"}
    )
    missing = f"{world.ice.did}/ice@3?cid={header_cid(world.ice.leaves[0][:-1] + b'x')}"
    world.made("y", f"{world.mean.did}/mean@1", {"uri": missing})
    node.take(*world.mean.stream(7))
    found = (await node.ask(f"/api/lineage/{world.mean.did}/mean@1?up=1")).json
    states = {item["name"].rpartition("/")[2]: item["state"] for item in found["nodes"]}
    assert states == {
        "mean@1": "here",
        "ice@1": "here",
        "ice@2": "withdrawn",
        "ice@3": "here",
        "ice@9": "not carried",
        "x@1": "not carried",
        "x:SOURCE y": "outside",
    }
    edges = {edge["used"].rpartition("/")[2]: edge for edge in found["edges"]}
    assert edges["ice@2"]["withdrawn"]
    assert edges["ice@3"]["missing"]
    assert edges["ice@3"]["newer"].startswith(f"{world.ice.did}/ice@3?cid=")
    mean = next(item for item in found["nodes"] if item["name"].endswith("mean@1"))
    assert mean["marks"] == ["out of date", "source withdrawn"]
    text = await text_of(node, f"/lineage/{world.mean.did}/mean@1")
    for words in ("not carried", "source withdrawn", "this entry is not here"):
        assert words in text


async def test_lineage_is_asked_of_anything_that_is_named(node, world):
    for name in ("doi:10.1000/PAPER", f"{CODE}.git", "https://x.example/a?b=c"):
        found = (await node.ask(f"/api/lineage?url={quote(name, safe='')}")).json
        assert f"{world.ice.did}/ice@1" in {item["name"] for item in found["nodes"]}
        await text_of(node, f"/lineage?url={quote(name, safe='')}")
    assert (await node.ask("/api/lineage?url=")).code == "usage"
    assert (await node.ask(f"/api/lineage/{world.ice.did}/snow")).code == "record.not-found"
    assert (await node.ask(f"/api/lineage/{world.ice.did}/ice?form=png")).code == "usage"
    assert (await node.ask(f"/api/lineage/{world.ice.did}/ice?depth=x")).code == "usage"


async def test_prov_json_is_read_by_others(node, world):
    answer = await node.ask(f"/api/lineage/{world.mean.did}/mean@1?form=prov")
    assert answer.headers["content-type"] == "application/provenance+json"
    document = ProvDocument.deserialize(StringIO(answer.text), format="json")
    kinds = [type(record).__name__ for record in document.get_records()]
    assert kinds.count("ProvDerivation") == 6
    assert kinds.count("ProvActivity") == 4
    assert kinds.count("ProvAgent") == 2
    names = {
        str(entity.identifier.uri)
        for entity in document.get_records()
        if type(entity).__name__ == "ProvEntity"
    }
    assert {f"{world.ice.did}/ice@1", world.exact(world.ice, 1), "https://doi.org/10.1000/paper"} <= names
    again = ProvDocument.deserialize(StringIO(document.serialize()), format="json")
    assert again == document


async def test_a_drawing_is_xml_that_says_what_it_shows_and_runs_nothing(node, world):
    answer = await node.ask(f"/api/lineage/{world.mean.did}/mean?form=svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    root = ET.fromstring(answer.body)
    assert root.tag == f"{SVG}svg"
    assert root.find(f"{SVG}title").text.startswith("Lineage of did:frost:")
    assert root.find(f"{SVG}desc").text.startswith("3 sources on the left, 3 ends")
    assert root.get("aria-labelledby") == "lineage-title lineage-desc"
    allowed = {f"{SVG}{tag}" for tag in ("svg", "title", "desc", "style", "g", "rect", "text", "path")}
    assert {element.tag for element in root.iter()} <= allowed
    assert not {
        name for element in root.iter() for name in element.attrib if name.startswith("on") or "href" in name
    }
    shown = " ".join(element.text or "" for element in root.iter(f"{SVG}text"))
    assert "Mean" in shown
    assert "out of date" in shown
    assert "\u202e" not in answer.text
    style = root.find(f"{SVG}style").text
    assert "prefers-color-scheme" in style


async def test_differences_are_a_page_and_json(node, world):
    ice = f"{world.ice.did}/ice"
    sides = f"a={quote(f'{ice}@1')}&b={quote(f'{ice}@latest')}"
    found = (await node.ask(f"/api/diff?{sides}")).json
    assert [change["path"] for change in found["changes"]] == ["/changes/note", "/label", "/size"]
    text = await text_of(node, f"/diff?{sides}")
    assert "/changes/note" in text
    assert "No difference" in await text_of(node, f"/diff?a={quote(ice)}&b={quote(ice)}")
    assert (await node.ask("/api/diff?a=x&b=x")).code == "name.did-url"


async def test_versions_and_citations_are_answered_as_json(node, world):
    ice = f"{world.ice.did}/ice"
    found = (await node.ask(f"/api/versions/{ice}")).json
    assert [item["note"] for item in found["versions"]] == ["Note 3", "Note 2", "Note 1"]
    assert (await node.ask(f"/api/versions/{ice}@1?limit=1")).json["more"] is True
    cited = (await node.ask(f"/api/citations/{world.mean.did}/mean")).json
    assert cited["counts"] == {"datasets": 0, "papers": 1, "code": 1, "other": 1}
    assert cited["papers"] == [{"name": "doi:10.1000/paper", "title": ""}]


async def test_two_nodes_that_carry_the_same_count_the_same(make_node):
    one, other = make_node("one"), make_node("other")
    world = World(one)
    for publisher in (world.mean, world.ice):
        other.take(*publisher.stream())
    for name in ("ice", "ice@1"):
        cited = [(await node.ask(f"/api/citations/{world.ice.did}/{name}")).json for node in (one, other)]
        assert cited[0] == cited[1]
        found = [(await node.ask(f"/api/lineage/{world.ice.did}/{name}")).json for node in (one, other)]
        assert found[0]["nodes"] == found[1]["nodes"]
        assert found[0]["edges"]
        assert sorted(map(str, found[0]["edges"])) == sorted(map(str, found[1]["edges"]))


@pytest.fixture
def wide(node):
    """A dataset made from more than are drawn and listed on one page."""
    hub = MemoryPublisher("hub")
    hub.put("hub", {"title": "Hub"})
    sources = [f"{hub.did}/source-{at:03}" for at in range(DRAWN_ON_PAGE_MAX + 10)]
    for at, source in enumerate(sources):
        hub.put(source.partition("/")[2], {"title": f"Source {at:03}"})
    used = [{"uri": uri} for uri in sources]
    hub.put("made", {"generated": f"{hub.did}/hub", "used": used}, "lineage")
    node.take(*hub.stream())
    return f"{hub.did}/hub", len(sources)


async def test_a_large_lineage_is_drawn_in_part_and_whole_in_a_file(node, wide):
    url, sources = wide
    text = await text_of(node, f"/lineage/{url}")
    assert text.count("<rect") == DRAWN_ON_PAGE_MAX
    shown = Page(text)
    assert f"the {DRAWN_ON_PAGE_MAX} nearest of {sources + 1} ends" in shown.text
    (whole,) = {link for link in shown.links if "form=svg" in link}
    assert (await node.ask(whole)).text.count("<rect") == sources + 1


async def test_the_lists_of_a_large_lineage_go_on_page_by_page_each_by_itself(node, wide):
    url, sources = wide
    first = await text_of(node, f"/lineage/{url}?up=1")
    (after, later) = (link for link in Page(first).links if link.startswith("?"))
    assert set(parse_qsl(after[1:])) == {("up", "1"), ("ends", str(LINEAGE_LISTED_MAX))}
    assert set(parse_qsl(later[1:])) == {("up", "1"), ("edges", str(LINEAGE_LISTED_MAX))}
    steps = range(0, sources, LINEAGE_LISTED_MAX)
    pages = [await text_of(node, f"/lineage/{url}?ends={at}") for at in steps]
    assert f"<bdi>Source {LINEAGE_LISTED_MAX:03}" in (await text_of(node, f"/lineage/{url}{after}"))
    listed = [re.findall(r"<li><a [^>]*><bdi>(Source \d+)", text) for text in pages]
    assert listed[0] and list(chain(*listed)) == [f"Source {at:03}" for at in range(sources)]
    rows = [(await text_of(node, f"/lineage/{url}?up=1&edges={at}")).count("<td>") // 4 for at in steps]
    assert rows == [min(LINEAGE_LISTED_MAX, sources - at) for at in steps]
    beyond = await text_of(node, f"/lineage/{url}?ends=9999&edges=9999")
    assert "Source 000" not in beyond.partition("</svg>")[2]
    assert (await node.ask(f"/lineage/{url}?ends=x")).status == 400
    found = (await node.ask(f"/lineage/{url}", headers={"accept": "application/json"})).json
    assert len(found["nodes"]) == sources + 1


async def test_a_page_of_many_differences_shows_some_and_says_where_all_are(node):
    publisher = MemoryPublisher("changing")
    for turn in "ab":
        publisher.put("much", {"title": "Much", "metadata": {f"k{at:03}": turn for at in range(150)}})
    node.take(*publisher.stream())
    sides = [f"{publisher.did}/much?cid={header_cid(leaf)}" for leaf in publisher.leaves]
    asked = urlencode(dict(zip("ab", sides, strict=True)))
    text = await text_of(node, f"/diff?{asked}")
    assert text.count("<td><code>/") == DIFF_SHOWN_MAX and f"{150 - DIFF_SHOWN_MAX} differences more" in text
    (whole,) = (link for link in Page(text).links if link.startswith("/api/diff"))
    assert len((await node.ask(whole)).json["changes"]) == 150
