"""The pages about the node and what is new: activity, about, what a publisher is and what was built on its data."""

from urllib.parse import quote

import pytest

from frostnode.protocol.limits import ACTIVITY_LISTED
from frostnode.testing.pages import Page


async def page(node, target, status=200):
    answer = await node.ask(target)
    assert answer.status == status
    return Page(answer.text)


async def test_activity_lists_the_newest_first_and_can_be_narrowed(node):
    ice = node.publish(
        ("profile", "self", {"name": "Ice"}),
        ("dataset", "a", {"title": "Floes"}),
        ("version", "a@1", {}),
        name="ice",
    )
    sea = node.publish(("dataset", "b", {"title": "Waves"}), name="sea")
    everything = (await page(node, "/activity")).text
    assert everything.index("Waves") < everything.index("Floes")
    of_ice = await page(node, f"/activity?did={ice.did}")
    assert "Floes" in of_ice.text and "Waves" not in of_ice.text
    assert f"/activity?type=version&did={quote(ice.did)}" in of_ice.links and "/activity" in of_ice.links
    versions = (await page(node, "/activity?type=version")).text
    assert "a@1" in versions and "Waves" not in versions
    assert "Nothing of this kind is here" in (await page(node, f"/activity?did={sea.did}&type=lineage")).text


async def test_activity_comes_in_pages(node):
    node.publish(*[("dataset", f"k{at}", {"title": f"Title {at}"}) for at in range(ACTIVITY_LISTED + 3)])
    first = await page(node, "/activity?type=dataset")
    assert f"?type=dataset&offset={ACTIVITY_LISTED}" in first.links
    second = await page(node, f"/activity?type=dataset&offset={ACTIVITY_LISTED}")
    assert "?type=dataset&offset=0" in second.links
    shown = [link for one in (first, second) for link in one.links if link.startswith("/record/")]
    assert len(set(shown)) == ACTIVITY_LISTED + 3
    assert "Nothing more" in (await page(node, "/activity?offset=500")).text


@pytest.mark.parametrize(
    ("target", "status"), [("/activity?did=x", 400), ("/activity?type=X", 400), ("/activity?offset=x", 400)]
)
async def test_activity_says_what_it_cannot_read(node, target, status):
    await page(node, target, status)


@pytest.mark.parametrize(
    ("contact", "href"),
    [
        ("data@example.org", "mailto:data@example.org"),
        ("https://example.org/contact", "https://example.org/contact"),
        ("javascript:alert(1)", None),
        ("the office, room 4", None),
    ],
)
async def test_about_says_who_runs_the_node_and_whom_to_write_to(node, contact, href):
    assert "has not said" in (await page(node, "/about")).text
    node.parts.operator, node.parts.contact = "University <of> the North", contact
    shown = await page(node, "/about")
    assert "University <of> the North" in shown.text and contact in shown.text
    assert [link for link in shown.links if link.startswith(("mailto", "http", "java"))] == (
        [href] if href else []
    )


async def test_a_publisher_says_what_it_is_and_what_others_built_on_its_data(node):
    ice = node.publish(
        (
            "profile",
            "self",
            {"name": "Ice", "description": "We **measure** ice.", "homepage": "https://ice.example"},
        ),
        ("dataset", "a", {"title": "Floes"}),
        name="ice",
    )
    mine = ("lineage", "own", {"generated": f"{ice.did}/b", "used": [{"uri": f"{ice.did}/a"}]})
    node.publish(
        ("profile", "self", {"name": "Trend Lab"}), ("dataset", "t", {"title": "Trend"}), mine, name="lab"
    )
    lab = node.publish(("dataset", "t", {"title": "Trend"}), name="other")
    made = ("lineage", "t", {"generated": f"{lab.did}/t", "used": [{"uri": f"{ice.did}/a"}]})
    node.publish(("dataset", "t", {"title": "Trend"}), made, name="other")
    shown = await page(node, f"/publisher/{ice.did}")
    assert "We measure ice." in shown.text and "https://ice.example" in shown.links
    assert "Built on its data Trend" in shown.text and f"/record/{lab.did}/t" in shown.links
    assert f"/record/{ice.did}/b" not in shown.links
