"""A data manager at a real browser: signs in by a link, writes a draft, looks at it, publishes, edits, brings out a version, withdraws.

All of it also without JavaScript; every page on the way is held to axe-core's rules, in both themes, on a phone and on a wide screen.
"""

import json

import pytest

from frostnode.testing.browser import find_chromium
from tests.end_to_end.test_browser import AXE

WIDTHS = (390, 1440)
RUN_AXE = "axe.run(document, {resultTypes: ['violations']}).then(found => JSON.stringify(found.violations))"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.network,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium here"),
]


@pytest.fixture(scope="module")
def empty(make_lasting_node):
    """A node of a publisher that has published nothing."""
    node = make_lasting_node("editing")
    node.did = node.init("Ice Institute")["did"]
    node.start()
    return node


def put(window, name, text):
    """Type into an input."""
    window.value(f"document.getElementById({json.dumps('in-' + name)}).focus()")
    window.ask("Input.insertText", text=text)


def press(window, selector):
    """Go to a button or link by name, press Enter, and wait for the page that comes."""
    window.value(f"document.querySelector({json.dumps(selector)}).focus()")
    window.expect_page()
    window.press("Enter")
    window.wait("Page.loadEventFired")


def text(window, selector="main"):
    return window.value(f"document.querySelector({json.dumps(selector)}).innerText")


def check(window):
    """The page that is open sticks out nowhere, complains of nothing, and keeps the rules."""
    if AXE.exists():
        window.value(f"{AXE.read_text('utf-8')};1")
    for width in WIDTHS:
        for dark in (False, True):
            window.look_as(width=width, height=900, dark=dark)
            found = window.measured()
            where = (window.value("location.pathname"), width, dark)
            assert found["sticks_out"] == 0, where
            if AXE.exists():
                faults = [
                    (one["id"], one["nodes"][0]["html"][:200]) for one in json.loads(window.value(RUN_AXE))
                ]
                assert faults == [], where
    window.look_as(width=1440, height=900)


def sign_in(window, node):
    made = node.json("token", "link", "--scope", "publish,subscribe")
    window.go(made["url"].replace(made["url"].partition("/edit")[0], node.url))
    check(window)
    press(window, "main button")
    assert window.value("location.pathname") == "/edit"
    return made


def test_from_a_link_to_a_withdrawal(empty, window):
    node = empty
    window.look_as(width=1440, height=900)
    window.go(node.url)
    assert "frost token link" in text(window)
    check(window)
    made = sign_in(window, node)
    assert window.value("document.cookie") == ""
    check(window)
    press(window, "main .button")
    check(window)
    put(window, "title", "Sea ice extent, daily")
    put(window, "description", "From **microwave** radiometers.")
    put(window, "keywords", "sea ice\narctic")
    put(window, "locations.0.href", "s3://ice/a.zarr")
    put(window, "extent.bbox.0.west", "-180")
    press(window, ".bar button[value=save]")
    assert "The draft is kept" in text(window)
    press(window, ".bar button[value=preview]")
    assert "South is needed" in text(window, "#problems")
    check(window)
    for side, degrees in (("south", "30"), ("east", "180"), ("north", "90")):
        put(window, f"extent.bbox.0.{side}", degrees)
    press(window, ".bar button[value=preview]")
    assert "This is public for ever." in text(window)
    assert text(window, ".prose strong") == "microwave"
    check(window)
    window.value("document.querySelector('#in-understood').focus()")
    window.press(" ")
    press(window, "button[value=publish-draft]")
    url = f"{node.did}/sea-ice-extent-daily"
    assert window.value("location.pathname") == f"/record/{url}"
    assert text(window, "h1") == "Sea ice extent, daily"
    window.go(f"{node.url}/publisher/{node.did}")
    check(window)
    press(window, ".head .buttons a")
    assert "Sea ice extent, daily" in text(window)
    window.go(f"{node.url}/record/{url}")
    check(window)
    press(window, '.head .buttons a[href^="/edit"]')
    assert text(window, "h1") == "Edit a dataset"
    assert "public for ever" not in text(window)
    put(window, "license", "CC-BY-4.0")
    press(window, ".bar button[value=publish]")
    assert "CC-BY-4.0" in text(window)
    window.go(f"{node.url}/edit/version?url={url}")
    check(window)
    put(window, "label", "2026")
    put(window, "changes.note", "The first one.")
    put(window, "locations.0.href", "s3://ice/2026.zarr")
    press(window, ".bar button[value=publish]")
    assert window.value("location.pathname") == f"/record/{url}@2026"
    assert "s3://ice/2026.zarr" in text(window)
    for deed in ("derive", "deprecate", "withdraw"):
        window.go(f"{node.url}/edit/{deed}?url={url}")
        check(window)
    press(window, ".bar button")
    assert "Withdrawn" in text(window)
    window.go(f"{node.url}/edit/subscriptions")
    check(window)
    node.frost("token", "revoke", made["id"])
    window.go(f"{node.url}/edit")
    assert "Sign in" in text(window, "h1")
    check(window)
    window.go(f"{node.url}/record/{url}")
    assert window.value("document.querySelector('.head a[href^=\"/edit\"]')") is None


def test_without_javascript_it_works_the_same(empty, window):
    node = empty
    window.look_as(width=390, height=900)
    sign_in(window, node)
    window.look_as(width=390, height=900, script=False)
    window.go(f"{node.url}/edit/dataset")
    document = window.ask("DOM.getDocument")["root"]["nodeId"]
    field = window.ask("DOM.querySelector", nodeId=document, selector="#in-title")["nodeId"]
    window.ask("DOM.focus", nodeId=field)
    window.ask("Input.insertText", text="By hand")
    window.expect_page()
    window.press("Enter")  # in a line it keeps a draft, and publishes nothing
    window.wait("Page.loadEventFired")
    document = window.ask("DOM.getDocument")["root"]["nodeId"]
    main = window.ask("DOM.querySelector", nodeId=document, selector="main")["nodeId"]
    assert "The draft is kept on this node" in window.ask("DOM.getOuterHTML", nodeId=main)["outerHTML"]
