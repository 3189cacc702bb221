"""A person who never heard of the network, at a real browser with a keyboard alone: finds a dataset, leaves with a line of code.

Every page is held to axe-core's rules, in both themes, on a phone and on a wide screen; with no JavaScript it says the same.
"""

import ast
import json
from pathlib import Path

import pytest

from frostnode.testing.browser import find_chromium

AXE = Path(__file__).parents[2] / "scripts/browsing/node_modules/axe-core/axe.min.js"
WIDTHS = (360, 1440)
TABS_MAX = 60
BYTES_MAX = 100_000

RECORDS = [
    {"type": "profile", "key": "self", "name": "Ice Institute", "description": "We **measure** ice."},
    {
        "type": "dataset",
        "key": "sea-ice",
        "title": "Sea ice extent, daily",
        "description": "## What it is\n\n- a list\n- of *two*\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n[guide](https://guide.example/)",
        "keywords": ["sea ice", "arctic"],
        "license": "CC-BY-4.0",
        "extent": {"bbox": [[170, 30, -170, 80]], "interval": [["1979-01-01T00:00:00Z", None]]},
    },
    {"type": "dataset", "key": "trend", "title": "Sea ice trend"},
    *(
        {
            "type": "version",
            "key": f"sea-ice@{label}",
            "label": label,
            "locations": [{"href": f"s3://ice/{label}.zarr"}, {"href": f"https://ice.example/{label}.csv"}],
            "schema": {"arrays": [{"name": "extent", "dims": ["time"], "shape": [None], "dtype": "f4"}]},
            "changes": {"note": f"Release {label}."},
        }
        for label in ("2025", "2026")
    ),
]

LOGO = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 3 1"><style>path{fill:#fff}</style><path d="M0 0h3v1H0z"/></svg>"""
VIEW = """
[view.ice]
title = "All about ice"
query = "ice"
intro = "Kept by **us**."
logo = "logo.svg"
accent = "#00634f"
band = "#053b4a"
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.network,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium here"),
]


@pytest.fixture(scope="module")
def icy(make_lasting_node):
    """A node of an institution with datasets, versions and a lineage."""
    node = make_lasting_node("icy")
    node.did = node.init("Ice Institute")["did"]
    (node.home / "logo.svg").write_text(LOGO, "utf-8")
    with (node.home / "frost.toml").open("a", encoding="utf-8") as settings:
        settings.write(VIEW)
    node.frost("publish", "-", stdin="\n".join(map(json.dumps, RECORDS)).encode())
    node.frost("derive", "trend", "--from", f"{node.did}/sea-ice", "--activity", "fit")
    node.start()
    return node


def pages(node):
    """Every page of a node."""
    record = f"/record/{node.did}"
    pair = f"/diff?a={node.did}/sea-ice@2025&b={node.did}/sea-ice@2026"
    return [
        *(
            "/",
            "/search",
            "/search?q=ice",
            "/search?q=zzz",
            "/search?q=ice+after:1990+bbox:150,-60,-120,90",
            "/search?q=ice+license:gpl",
            "/publishers",
            f"/publisher/{node.did}",
            "/activity",
            "/about",
        ),
        *(
            f"{record}/sea-ice",
            f"{record}/sea-ice@2026",
            f"{record}/~lineage/trend",
            f"{record}/~profile/self",
        ),
        *("/v/ice/", "/v/ice/search", f"/v/ice{record}/sea-ice"),
        *(f"/lineage/{node.did}/trend", pair, "/peers", "/status", "/policy", "/withheld", "/nothing"),
    ]


def tab_to(window, words):
    """Go on by the key Tab until the focus is on what has these words."""
    for _ in range(TABS_MAX):
        window.press("Tab")
        focused = (
            "document.activeElement.innerText || document.activeElement.getAttribute('aria-label') || ''"
        )
        if words in window.value(focused):
            return
    raise AssertionError(f"{words!r} is not reached by keys")


def follow(window):
    """Press Enter, and wait for the page that comes."""
    window.expect_page()
    window.press("Enter")
    window.wait("Page.loadEventFired")


def test_with_a_keyboard_alone_one_finds_a_dataset_and_a_line_that_loads_it(icy, window):
    window.look_as(width=1440, height=900)
    window.go(f"{icy.url}/")
    assert window.value("document.activeElement.name") == "q"
    for letter in "daily":
        window.press(letter)
    follow(window)
    tab_to(window, "Sea ice extent, daily")
    follow(window)
    assert window.value("document.querySelector('h1').innerText") == "Sea ice extent, daily"
    tab_to(window, "Load it")
    window.press("Enter")
    assert window.value("location.hash") == "#load"
    code = window.value("document.querySelector('#load details[open] details[open] pre').innerText")
    assert "s3://ice/2026.zarr" in code
    ast.parse(code)


def test_a_key_leads_past_the_head_of_the_page(icy, window):
    window.look_as(width=360, height=700)
    window.go(f"{icy.url}/publishers")
    tab_to(window, "Skip to the content")
    window.press("Enter")
    assert window.value("location.hash") == "#content"


def test_no_page_sticks_out_shifts_weighs_much_or_asks_anybody_else(icy, window):
    for path in pages(icy):
        for width in WIDTHS:
            window.look_as(width=width, height=800)
            window.ask("Network.clearBrowserCache")
            window.go(icy.url + path)
            found = window.measured()
            assert found["sticks_out"] == 0, (path, width)
            assert found["shift"] < 0.01 and found["bytes"] < BYTES_MAX, (path, found)
            assert all(asked.startswith(icy.url) for asked in found["requests"]), path
            assert found["complaints"] == [] or path == "/nothing", (path, found["complaints"])


def test_without_javascript_the_pages_say_the_same(icy, window):
    for path in ("/", f"/record/{icy.did}/sea-ice", "/search?q=ice"):
        texts = []
        for script in (True, False):
            window.look_as(width=1440, height=900, script=script)
            window.go(icy.url + path)
            document = window.ask("DOM.getDocument")["root"]["nodeId"]
            body = window.ask("DOM.querySelector", nodeId=document, selector="main")["nodeId"]
            texts.append(window.ask("DOM.getOuterHTML", nodeId=body)["outerHTML"].replace(' ready"', '"'))
        assert texts[0] == texts[1], path


@pytest.mark.skipif(not AXE.exists(), reason="no axe-core here: `npm ci` in scripts/browsing")
def test_every_page_keeps_the_rules_of_axe(icy, window):
    axe = AXE.read_text("utf-8")
    run = "axe.run(document, {resultTypes: ['violations']}).then(found => JSON.stringify(found.violations))"
    for path in pages(icy):
        for width in WIDTHS:
            for dark in (False, True):
                window.look_as(width=width, height=800, dark=dark)
                window.go(icy.url + path)
                window.value(f"{axe};1")
                found = [(one["id"], one["nodes"][0]["html"][:200]) for one in json.loads(window.value(run))]
                assert found == [], (path, width, dark)
