"""Drawings of lineage: whatever strangers call their data, they are XML that shows it, bounded, each end in its place."""

import re
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from frostnode.operations.drawing import draw
from frostnode.operations.prov import prov_json
from frostnode.protocol.limits import DRAWN_LINES_PER_NODE_MAX, DRAWN_NODES_MAX

SVG = "{http://www.w3.org/2000/svg}"


def end(name, distance, **more):
    said = {"title": "", "kind": "dataset", "state": "here", "marks": [], "did": None, "publisher": ""}
    flags = dict.fromkeys(("outdated", "withdrawn_source", "upstream_outdated", "upstream_withdrawn"), False)
    return {"name": name, "distance": distance, **said, **flags, **more}


def edge(generated, used, **more):
    pins = {"generated_pin": None, "used_pin": None, "record": "did:frost:x/~lineage/l"}
    return {
        "generated": generated,
        "used": used,
        "newer": "",
        "withdrawn": False,
        "missing": False,
        **pins,
        **more,
    }


def answer(nodes, edges=(), versions=()):
    return {
        "url": nodes[0]["name"],
        "nodes": nodes,
        "edges": list(edges),
        "versions": list(versions),
        "activities": [],
    }


def lines(text):
    """Where each line begins and ends."""
    found = []
    for x, y, right, down in re.findall(r"M(\d+) (\d+)c-?\d+ 0 -?\d+ -?\d+ (-?\d+) (-?\d+)", text):
        found.append(((int(x), int(y)), (int(x) + int(right), int(y) + int(down))))
    return found


def boxes(text):
    root = ET.fromstring(text)
    return {group.find(f"{SVG}title").text: group for group in root.iter(f"{SVG}g")}


def test_sources_are_on_the_left_and_what_was_built_on_them_on_the_right():
    nodes = [end("b", 0), end("a", -1), end("z", -2), end("c", 1), end("d", 1)]
    drawn = draw(answer(nodes, [edge("b", "a"), edge("a", "z"), edge("c", "b"), edge("d", "b")]))
    places = {
        name: tuple(int(box.find(f"{SVG}rect").get(at)) for at in "xy") for name, box in boxes(drawn).items()
    }
    assert places["z"][0] < places["a"][0] < places["b"][0] < places["c"][0] == places["d"][0]
    assert len(set(places.values())) == 5
    assert boxes(drawn)["b"].get("class") == "start"
    assert len(lines(drawn)) == 4


def test_states_are_said_in_words_and_classes():
    nodes = [
        end("a@1", 0, kind="version", outdated=True, marks=["out of date"]),
        end("b", -1, state="withdrawn", marks=["withdrawn"]),
        end("c", -1, state="outside", kind="paper"),
    ]
    edges = [edge("a@1", "b", withdrawn=True), edge("a@1", "c", newer="x")]
    drawn = draw(answer(nodes, edges, [{"version": "a@1", "dataset": "a"}]))
    assert boxes(drawn)["a@1"].get("class") == "start stale"
    assert boxes(drawn)["b"].get("class") == "gone"
    assert boxes(drawn)["c"].get("class") == "away"
    assert "version 1, out of date" in drawn
    assert ">example.org/x</text>" in draw(answer([end("url:https://example.org/x", 0)]))
    assert ">ice@1</text>" in draw(answer([end("did:frost:x/ice@1", 0)]))
    assert re.findall(r'<path class="(\w+)"', drawn) == ["stale", "gone"]


def test_on_a_page_ends_are_links_and_the_style_is_that_of_the_page():
    nodes = [end("a", 0), end("url:https://x.example", 1)]
    hrefs = {"a": '/record/a"', "url:https://x.example": "https://x.example"}
    drawn = draw(answer(nodes), is_alone=False, href=hrefs.__getitem__)
    assert "<style" not in drawn
    assert "xmlns" not in drawn
    assert '<a href="/record/a&quot;">' in drawn
    assert '<a href="https://x.example" rel="nofollow noopener noreferrer">' in drawn


def test_a_link_whose_title_is_cut_is_called_by_the_whole_of_it_and_all_that_is_shown():
    title = "Sea surface temperature, monthly mean & more"
    nodes = [end("a", 0, title="Short"), end("b", 1, title=title, marks=["out of date"])]
    drawn = draw(answer(nodes), is_alone=False, href=lambda name: f"/{name}")
    called = "<title>Sea surface temperature, monthly mean &amp; more, dataset, out of date</title>"
    assert f'<a href="/b">{called}<rect' in drawn and '<a href="/a"><rect' in drawn


def test_a_drawing_is_bounded_and_says_what_is_left_out():
    nodes = [end("a", 0), *(end(f"x{at}", 1 + at % 3) for at in range(DRAWN_NODES_MAX + 20))]
    drawn = draw(answer(nodes, [edge(f"x{at}", "a") for at in range(DRAWN_NODES_MAX + 20)]))
    assert len(boxes(drawn)) == DRAWN_NODES_MAX
    assert "21 more are not drawn" in drawn and "more lines" not in drawn


def test_lines_are_bounded_by_the_ends_and_join_the_nearest():
    nodes = [end("a", 0), *(end(f"x{at:02}", 1 + at) for at in range(19))]
    names = [node["name"] for node in nodes]
    edges = [edge(two, one) for one in names for two in names if one < two]
    most = DRAWN_LINES_PER_NODE_MAX * len(nodes)
    drawn = draw(answer(nodes, edges), nodes_max=len(nodes))
    assert len(lines(drawn)) == most
    assert f"{len(edges) - most} more lines are not drawn" in drawn
    places = sorted(x for _, (x, _) in lines(drawn))
    farthest = max(int(box.find(f"{SVG}rect").get("x")) for box in boxes(drawn).values())
    assert places[-1] < farthest
    assert len(lines(draw(answer(nodes, edges)))) == len(edges)


def test_a_line_goes_from_the_right_of_what_was_used_to_the_left_of_what_was_made():
    drawn = draw(answer([end("b", 0), end("a", -1)], [edge("b", "a")]))
    places = {name: box.find(f"{SVG}rect") for name, box in boxes(drawn).items()}
    (start, stop), *none = lines(drawn)
    assert not none
    assert start == (int(places["a"].get("x")) + 210, int(places["a"].get("y")) + 22)
    assert stop == (int(places["b"].get("x")), int(places["b"].get("y")) + 22)


NAMES = st.text(min_size=1, max_size=60) | st.sampled_from(
    ["]]>", "</svg>", "&amp;", "\x00", "\ufffe", "a@b"]
)


@given(
    st.lists(
        st.tuples(NAMES, NAMES, st.integers(-3, 3)), min_size=1, max_size=8, unique_by=lambda item: item[0]
    )
)
def test_any_words_make_a_drawing_and_a_document(items):
    nodes = [end(name, distance, title=title, kind="version") for name, title, distance in items]
    edges = [edge(one["name"], other["name"], used_pin="bafy") for one in nodes for other in nodes]
    whole = answer(nodes, edges)
    assert len(boxes(draw(whole))) <= len(nodes)
    ET.fromstring(draw(whole))
    document = prov_json(whole)
    assert all(re.fullmatch(r"[!-~]+", name) for name in document["entity"])


def test_lines_beside_the_last_column_are_within_the_drawing():
    nodes = [end("a", 0), end("a@1", 0)]
    drawn = ET.fromstring(draw(answer(nodes, versions=[{"version": "a@1", "dataset": "a"}])))
    curves = [path.get("d") for path in drawn.iter(f"{SVG}path")]
    bulges = [re.match(r"M(\d+) \d+c\d+ 0 (\d+) ", curve) for curve in curves]
    reach = max(int(bulge[1]) + int(bulge[2]) for bulge in bulges)
    right = max(int(rect.get("x")) + int(rect.get("width")) for rect in drawn.iter(f"{SVG}rect"))
    assert right < reach <= int(drawn.get("width"))
