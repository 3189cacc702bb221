"""A folder of files: every link leads somewhere, again writes what changed, what is withheld goes, heads come last."""

import json
import re
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import pytest

from frostnode.edge.files import DiskFolder
from frostnode.operations.site_names import record_at, record_name
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import SITE_PROOF_BODY_BYTES_MAX
from frostnode.protocol.names import parse_did_url
from frostnode.protocol.proofs import verify_proof
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.static_export import export_static

KEYS = ("plain", "a/b", "A/B", "../../up", "a/./b", "a//b", "x:y~z", "long/" + "k" * 190, "ends/")


def source(name="site", keys=KEYS):
    made = MemoryPublisher(name)
    made.put("self", {"name": f"Name of {name}"}, "profile")
    for key in keys:
        made.put(
            key, {"title": f"Title of {key}", "keywords": ["ice"], "description": f"See {made.did}/plain"}
        )
    links = [
        {"rel": "about", "href": f"{made.did}/plain"},
        {"href": f"{made.did}/not-here"},
        {"href": "https://example.org/"},
    ]
    made.put("plain@1", {"label": "1", "links": links}, "version")
    made.put("lost@1", {"label": "1"}, "version")
    made.put("spare", {"title": "Second"})
    made.put("spare", {"title": "Third"})
    return made


def pages_of(folder):
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*.html")}


def links_of(text):
    return [unescape(href) for href in re.findall(r'(?:href|src)="([^"]*)"', text)]


def dead_links(folder):
    """Every link of every page that is not out into the web and leads to no file."""
    dead = []
    for name, text in pages_of(folder).items():
        for href in links_of(text):
            if href.startswith(("https:", "#")):
                continue
            target = (folder / name).parent / unquote(href.partition("#")[0])
            if not href.startswith(("./", "../")) or not target.is_file():
                dead.append((name, href))
    return dead


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "out"


@pytest.mark.slow
async def test_every_link_of_every_page_leads_to_a_file(node, folder):
    publisher, empty = source(), MemoryPublisher("empty")
    node.take(*publisher.stream(), empty.events())
    node.fold()
    answer = await node.ask("export-static", folder=str(folder))
    assert (answer["publishers"], answer["entries"], answer["removed"]) == (2, 14, 0)
    pages = pages_of(folder)
    assert dead_links(folder) == []
    assert {"index.html", "publishers.html"} < set(pages)
    for key in KEYS:
        text = pages[record_name(parse_did_url(f"{publisher.did}/{key}"))]
        assert f"Title of {key}" in unescape(text)
    assert len([name for name in pages if name.startswith("record/")]) == len(KEYS) + 4
    everything = "".join(pages.values())
    for live in ("/search", "/api/", "/status", "/peers", "<form"):
        assert live not in everything
    version = pages[record_name(record_at(f"/record/{publisher.did}/plain@1"))]
    assert "https://example.org/" in version
    assert "not-here" in version


@pytest.mark.slow
async def test_lineage_is_drawn_with_links_to_files_and_to_the_web_alone(node, folder):
    made = MemoryPublisher("drawn")
    for key in ("source", "product"):
        made.put(key, {"title": f"The {key}"})
    used = [{"uri": f"{made.did}/source"}, {"uri": "https://doi.org/10.1/x"}, {"uri": f"{made.did}/not-here"}]
    made.put("l", {"generated": f"{made.did}/product", "used": used}, "lineage")
    node.take(*made.stream())
    node.fold()
    await node.ask("export-static", folder=str(folder))
    assert dead_links(folder) == []
    text = pages_of(folder)[record_name(parse_did_url(f"{made.did}/product"))]
    drawing = text[text.index('<svg class="lineage"') :].partition("</svg>")[0]
    source = record_name(parse_did_url(f"{made.did}/source"))
    assert f'<a href="../../{source}"' in drawing and 'href="https://doi.org/10.1/x" rel="nofollow' in drawing
    assert "not-here" in drawing and drawing.count("<a ") == 3


@pytest.mark.slow
async def test_again_writes_only_what_changed_and_removes_what_is_gone(node, folder):
    publisher = source()
    node.take(*publisher.stream())
    node.fold()
    await node.ask("export-static", folder=str(folder))
    again = await node.ask("export-static", folder=str(folder))
    assert (again["written"], again["removed"]) == (0, 0)
    for left in ("frost/body/.x.part", "record/.x.part", "publisher/.x.part", "static/old.css"):
        (folder / left).write_bytes(b"of an export that was cut off")
    publisher.put("new", {"title": "New"})
    publisher.withdraw("a/b")
    node.take(*publisher.stream())
    node.fold()
    third = await node.ask("export-static", folder=str(folder))
    assert third["kept"] > 20
    assert third["written"] < 17  # its page, proof, body and tiles, the heads and the listings
    assert third["removed"] == 6
    assert list(folder.rglob(".*")) == []
    assert dead_links(folder) == []
    assert not (folder / record_name(parse_did_url(f"{publisher.did}/a/b"))).exists()


def proof_on(folder, url):
    """The proof that the page of a record offers, as bytes."""
    name = record_name(parse_did_url(url))
    (href,) = (href for href in links_of((folder / name).read_text()) if href.endswith(".frostproof"))
    return (folder / name).parent / href


@pytest.mark.slow
async def test_the_page_of_a_record_offers_its_proof_until_the_identity_goes_on(node, folder):
    publisher = source()
    publisher.put("large", {"title": "Large", "text": "x" * SITE_PROOF_BODY_BYTES_MAX})
    node.take(*publisher.stream())
    node.fold()
    url = f"{publisher.did}/plain"
    await node.ask("export-static", folder=str(folder))
    first = proof_on(folder, url)
    verified = verify_proof(first.read_bytes())
    assert (str(verified.url).partition("?")[0], verified.fields["title"]) == (url, "Title of plain")
    publisher.put("more", {"title": "More"})
    node.take(*publisher.stream())
    node.fold()
    await node.ask("export-static", folder=str(folder))
    assert proof_on(folder, url) == first, "an older tree proves as well"
    assert verify_proof(proof_on(folder, f"{publisher.did}/large").read_bytes()).body is None
    node.take(*publisher.move().stream())
    node.fold()
    await node.ask("export-static", folder=str(folder))
    moved = proof_on(folder, url)
    assert not first.exists()
    assert (verify_proof(moved.read_bytes()).tip_n, verify_proof(moved.read_bytes()).ended) == (1, True)
    await node.ask("erase", target=url, reason="by law")
    node.fold()
    await node.ask("export-static", folder=str(folder))
    assert not moved.exists()
    assert verify_proof(proof_on(folder, url).read_bytes()).body is None
    assert dead_links(folder) == []


@pytest.mark.slow
async def test_what_is_withheld_is_removed_wherever_it_stood(node, folder):
    publisher, other = source(), source("other", ("kept",))
    publisher.put("secret", {"title": "Very secret words"})
    node.take(*publisher.stream(), *other.stream())
    node.fold()
    await node.ask("export-static", folder=str(folder))
    publisher.put("later", {"title": "Later"})
    node.take(*publisher.stream())
    node.fold()

    def holds(words):
        return [path for path in folder.rglob("*") if path.is_file() and words in path.read_bytes()]

    assert holds(b"Very secret words")
    await node.ask("erase", target=f"{publisher.did}/secret", reason="by law", header=True)
    node.fold()
    await node.ask("export-static", folder=str(folder))
    assert holds(b"Very secret words") == []
    assert holds(b"secret") == []
    assert "by law" in (folder / "frost/withheld/0").read_text()
    await node.ask("block", target=publisher.did, reason="court order")
    node.fold()
    await node.ask("export-static", folder=str(folder))
    assert [path for path in holds(publisher.did.encode()) if "withheld" not in str(path)] == []
    assert holds(b"Title of plain") == []
    assert (folder / f"frost/{other.did}/identity").exists()
    assert dead_links(folder) == []


@pytest.mark.slow
async def test_without_pages_there_are_none_and_old_ones_go(node, folder):
    node.take(*source().stream())
    node.fold()
    await node.ask("export-static", folder=str(folder))
    await node.ask("export-static", folder=str(folder), pages=False)
    assert {path.name for path in folder.iterdir()} == {"frost"}


async def test_a_folder_of_others_is_not_touched(node, folder):
    folder.mkdir()
    (folder / "index.html").write_text("mine")
    with pytest.raises(LocalError) as caught:
        await node.ask("export-static", folder=str(folder))
    assert caught.value.code == "output.exists"
    assert [path.read_text() for path in folder.iterdir()] == ["mine"]


async def test_one_export_at_a_time_writes_to_a_folder(node, folder):
    other = DiskFolder(folder)
    with pytest.raises(LocalError) as caught:
        await node.ask("export-static", folder=str(folder))
    other.close()
    assert caught.value.code == "output.exists"


class Watched(DiskFolder):
    """Says after each write what a follower would be shown."""

    def __init__(self, root, seen):
        super().__init__(root)
        self._seen = seen

    def put(self, name, data):
        done = super().put(name, data)
        self._seen(name)
        return done

    def remove(self, name):
        super().remove(name)
        self._seen(name)


@pytest.mark.slow
@pytest.mark.network
async def test_whoever_reads_meanwhile_never_sees_a_head_before_what_is_under_it(
    node, tmp_path, folder, monkeypatch
):
    publisher = MemoryPublisher("grows")
    sizes = []

    def look(name):
        heads = folder / "frost/heads/0"
        for line in json.loads(heads.read_bytes())["heads"] if heads.exists() else ():
            size = int(line["checkpoint"].splitlines()[1])
            sizes.append(size)
            for at in range(0, size, 256):
                width = min(256, size - at)
                stem = f"frost/{line['origin']}/tile/entries/{at // 256:03d}"
                assert (folder / stem).exists() or (folder / f"{stem}.p/{width}").exists(), name

    monkeypatch.setattr("frostnode.testing.static_export.DiskFolder", lambda root: Watched(Path(root), look))
    for size in (3, 256, 300, 301, 600):
        while len(publisher.leaves) < size:
            publisher.put(f"key-{len(publisher.leaves)}", {"title": "x"})
        node.take(*publisher.stream())
        export_static(node.store, folder)
    assert set(sizes) == {3, 256, 300, 301, 600}
    partial = sorted(path.name for path in folder.rglob("*.p/*"))
    assert partial.count("45") == 2  # of the tree before, for whoever has read its head
    assert "44" not in partial


def test_names_of_records_differ_where_keys_do():
    names = {record_name(parse_did_url(f"{MemoryPublisher().did}/{key}")).lower() for key in KEYS}
    assert len(names) == len(KEYS)
    assert all(re.fullmatch(r"record/[a-z0-9]+/[a-z0-9-]+\.html", name) and len(name) < 200 for name in names)
