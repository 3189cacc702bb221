"""Whatever is asked for, and whatever is in a record: a page comes, it says what is the matter, and it stays of a size that loads."""

from urllib.parse import quote

import pytest

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.limits import BODY_BYTES_MAX
from frostnode.replicate.follow import PeerFollower
from frostnode.testing.equivocation import twin_of
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.pages import Page

DID = f"did:frost:{Cid.of(b'nobody')}"
PAGE_BYTES_MAX = 400_000
RIGHT_TO_LEFT = "مجموعة بيانات درجة حرارة سطح البحر"
BIDI = "safe\u202egnp.exe\u202c \u2066x\u2069"


async def page(node, target, status=200):
    answer = await node.ask(target)
    assert answer.status == status, answer.text[:500]
    assert len(answer.body) < PAGE_BYTES_MAX
    return Page(answer.text)


@pytest.mark.parametrize(
    ("target", "status", "words"),
    [
        (f"/publisher/{DID}", 404, "is not carried here"),
        (f"/record/{DID}/x", 404, "is not carried here"),
        (f"/activity?did={DID}", 200, "Nothing of this kind is here"),
        ("/publisher/did:frost:x", 400, "DID"),
        ("/record/did:web:example.org/x", 400, "DID"),
        (f"/lineage/{DID}/x", 404, "is not carried here"),
        (f"/diff?a={DID}/x&b={DID}/y", 404, "is not carried here"),
        ("/diff", 400, "DID"),
        ("/search?offset=-1", 400, "parameter offset"),
        ("/search?q=x&include=everything", 400, "parameter include"),
        ("/withheld?page=x", 400, "parameter page"),
        ("/policy?offset=1e9", 400, "parameter offset"),
        (f"/{'x' * 4000}", 404, "nothing at"),
        ("/%00%01%ff", 404, "nothing at"),
        ("/record/" + quote(BIDI), 400, "DID"),
    ],
)
async def test_what_cannot_be_shown_is_said_in_words(node, target, status, words):
    shown = await page(node, target, status)
    assert words in shown.text
    assert status == 200 or "Back to the start" in shown.text


@pytest.mark.slow
async def test_metadata_of_megabytes_is_shown_in_part(node):
    big = {"title": "Big", "metadata": {"stac": {f"k{at}": "x" * 1000 for at in range(2400)}}}
    publisher = node.publish(("dataset", "big", big))
    assert 2_400_000 < len(publisher.bodies[0]) < BODY_BYTES_MAX
    shown = await page(node, f"/record/{publisher.did}/big")
    assert "Big" in shown.text and "Cut here" in shown.text
    for target in ("/", "/activity", f"/publisher/{publisher.did}", "/search?q=big"):
        assert "Big" in (await page(node, target)).text


@pytest.mark.slow
async def test_thousands_of_versions_are_listed_in_part(node):
    versions = [("version", f"d@{at:04}", {"label": f"{at:04}"}) for at in range(5000)]
    publisher = node.publish(("dataset", "d", {"title": "Often"}), *versions)
    shown = await page(node, f"/record/{publisher.did}/d")
    assert "4999 latest" in shown.text and "and older ones" in shown.text
    await page(node, f"/record/{publisher.did}/d@0000")
    await page(node, f"/publisher/{publisher.did}")


async def test_a_title_of_thousands_of_characters_is_cut_and_can_be_unfolded(node):
    title = " ".join(f"word{at}" for at in range(550))
    assert len(title) > 4000
    publisher = node.publish(("dataset", "long", {"title": title}))
    shown = await page(node, f"/record/{publisher.did}/long")
    assert "The whole title" in shown.text and "word549" in shown.text
    for target in ("/", "/activity", f"/publisher/{publisher.did}", "/search?q=word7"):
        text = (await page(node, target)).text
        assert "word7" in text and "word549" not in text


async def test_text_of_any_direction_is_kept_apart_from_what_stands_around_it(node):
    publisher = node.publish(
        ("profile", "self", {"name": RIGHT_TO_LEFT}),
        (
            "dataset",
            "rtl",
            {"title": RIGHT_TO_LEFT, "description": RIGHT_TO_LEFT, "keywords": [RIGHT_TO_LEFT]},
        ),
        ("dataset", "bidi", {"title": BIDI, "description": BIDI, "license": BIDI}),
    )
    answer = await node.ask(f"/record/{publisher.did}/bidi")
    assert '<h1 dir="auto">safe gnp.exe x</h1>' in answer.text
    assert f'<p dir="auto">{BIDI}</p>' in answer.text and f'<dd dir="auto">{BIDI}</dd>' in answer.text
    listed = (await node.ask("/activity")).text
    assert f"<bdi>{RIGHT_TO_LEFT}</bdi>" in listed
    await page(node, f"/record/{publisher.did}/rtl")
    await page(node, "/")


async def test_an_erased_body_is_said_to_be_withheld_with_its_reason(node):
    publisher = MemoryPublisher("erased")
    publisher.put("gone", {"title": "Gone"})
    node.take(*publisher.stream())
    with node.store.write() as writer:
        writer.withhold_body(publisher.origin, 0, "erased", "asked by its author")
    shown = await page(node, f"/record/{publisher.did}/gone", 451)
    assert "asked by its author" in shown.text and "Cite it" not in shown.text and "Load it" not in shown.text
    assert "asked by its author" in (await page(node, "/withheld")).text


async def test_a_disputed_publisher_is_said_to_be_so_wherever_it_is_shown(node):
    source = node.publish(*[("dataset", f"k{at}", {"title": f"Title {at}"}) for at in range(3)])
    node.take(*twin_of(source, 1).stream())
    shown = await page(node, f"/publisher/{source.did}")
    assert "This log is disputed. Its key has signed two different logs" in shown.text
    assert "keeps what it had verified and takes nothing more" in shown.text
    shown = await page(node, f"/record/{source.did}/k0")
    assert "From a disputed log." in shown.text and f"/frost/{source.origin}/evidence" in shown.links
    for target in ("/", "/activity", "/search?q=title"):
        assert "disputed log" in (await page(node, target)).text, target
    assert "Disputed logs" in (await page(node, "/status")).text


async def test_a_dead_peer_is_said_to_be_dead_and_what_came_of_it_stays(node):
    publisher = node.publish(("dataset", "kept", {"title": "Kept"}))
    url = "https://dead.example"
    with node.store.write() as writer:
        writer.put_peer(url)
        writer.put_sources(url, {publisher.origin: 1})
    follower = node.parts.followers[url] = PeerFollower(url, node.parts.world())
    follower.status.error = "transport.unreachable: connection refused"
    shown = (await page(node, "/peers")).text
    assert all(words in shown for words in ("failing", "connection refused", "last heard")), shown
    shown = (await page(node, "/status")).text
    assert "not connected" in shown and "never heard" in shown and "connection refused" in shown
    assert "Kept" in (await page(node, f"/record/{publisher.did}/kept")).text


async def test_the_network_is_one_page_with_what_is_refused_and_withheld_and_why(node):
    publisher = MemoryPublisher("withheld")
    publisher.put("gone", {"title": "Gone"})
    node.take(*publisher.stream())
    empty = (await page(node, "/peers")).text
    assert "Nothing that was offered has been refused." in empty and "0 withheld" in empty
    with node.store.write() as writer:
        writer.withhold_body(publisher.origin, 0, "erased", "asked by its author")
    shown = await page(node, "/peers")
    assert "1 withheld" in shown.text and "asked by its author" in shown.text
    assert {"/policy", "/withheld"} <= set(shown.links)
