"""Place and time of a search, drawn in a real browser: by mouse, finger and keys, and typed where nothing can be drawn."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from frostnode.testing.browser import browser, find_chromium

PLACES = {"europe": [5, 45, 18, 55], "pacific": [170, -20, -160, 10], "andes": [-75, -40, -65, -10]}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.network,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium here"),
]


@pytest.fixture(scope="module")
def mapped(make_lasting_node):
    """A node with a dataset in each of some places, each from another year on."""
    node = make_lasting_node("mapped")
    node.did = node.init("Map Institute")["did"]
    records = [
        {
            "type": "dataset",
            "key": name,
            "title": f"Rain of {name}",
            "extent": {
                "bbox": [box],
                "interval": [[f"{1980 + 10 * at}-01-01T00:00:00Z", f"{1989 + 10 * at}-12-31T00:00:00Z"]],
            },
        }
        for at, (name, box) in enumerate(PLACES.items())
    ]
    node.frost("publish", "-", stdin="\n".join(map(json.dumps, records)).encode())
    node.start()
    return node


@pytest.fixture
def window(mapped, tmp_path):
    """A browser at a search of all of them."""
    with browser(tmp_path / "profile") as found:
        found.look_as(width=1440, height=900)
        found.go(f"{mapped.url}/search?q=rain")
        yield found


def within(window, selector, across, down):
    """A point of the window, by its share of what is selected."""
    area = window.value(f"JSON.stringify(document.querySelector({selector!r}).getBoundingClientRect())")
    found = json.loads(area)
    return found["x"] + across * found["width"], found["y"] + down * found["height"]


def on_map(window, longitude, latitude):
    return within(window, ".pad", (longitude + 180) / 360, (90 - latitude) / 180)


def fields(window, *names):
    return [window.value(f"document.querySelector('.bounds [name={name}]').value") for name in names]


def sides(window):
    return [round(float(side)) for side in fields(window, "west", "south", "east", "north")]


def apply(window):
    """Press the button, and what is asked for then."""
    window.expect_page()
    window.value("document.querySelector('.bounds button').click()")
    window.wait("Page.loadEventFired")
    return parse_qs(urlsplit(window.value("location.href")).query)["q"][0]


def titles(window):
    return sorted(window.value("[...document.querySelectorAll('.results h2')].map(one => one.innerText)"))


def test_a_box_is_drawn_by_mouse(window):
    assert len(titles(window)) == 3
    window.drag(on_map(window, -10, 60), on_map(window, 10, 50), on_map(window, 30, 40))
    west, south, east, north = sides(window)
    assert abs(west + 10) <= 1 and abs(south - 40) <= 1 and abs(east - 30) <= 1 and abs(north - 60) <= 1
    assert apply(window).startswith("rain bbox:")
    assert titles(window) == ["Rain of europe"]
    assert window.value("document.querySelector('.drawn').getAttribute('d')").count("M") == 1


def test_a_box_that_is_drawn_over_the_edge_crosses_the_antimeridian(window):
    window.drag(on_map(window, 160, 10), on_map(window, 175, 0), on_map(window, 200, -10))
    west, south, east, north = sides(window)
    assert abs(west - 160) <= 1 and abs(east + 160) <= 1 and (south, north) == (-10, 10)
    assert window.value("document.querySelector('.drawn').getAttribute('d')").count("M") == 2
    apply(window)
    assert titles(window) == ["Rain of pacific"]
    assert sides(window) == [west, south, east, north]
    window.go(window.value("location.href"))
    window.drag(on_map(window, -150, 10), on_map(window, -178, 0), on_map(window, -200, -10))
    assert abs(sides(window)[0] - 160) <= 1 and abs(sides(window)[2] + 150) <= 1


def test_a_box_is_drawn_by_keys_alone(window):
    window.value("document.querySelector('.pad').focus()")
    window.press("ArrowRight")
    assert sides(window) == [-30, -15, 30, 15]
    for key, times, shift in (
        ("ArrowLeft", 9, False),
        ("ArrowDown", 1, False),
        ("ArrowLeft", 4, True),
        ("ArrowDown", 2, True),
    ):
        for _ in range(times):
            window.press(key, shift=shift)
    assert sides(window) == [-75, -20, -35, 0]
    assert "-75° to -35°" in window.value("document.querySelector('.now').innerText")
    window.expect_page()
    window.press("Enter")
    window.wait("Page.loadEventFired")
    assert titles(window) == ["Rain of andes"]
    window.value("document.querySelector('.pad').focus()")
    for _ in range(30):
        window.press("ArrowLeft")
    assert sides(window)[0] == 135 and sides(window)[2] == 175
    window.press("ArrowLeft")
    window.press("Delete")
    assert apply(window) == "rain"
    assert len(titles(window)) == 3


def test_a_box_is_drawn_by_finger_on_a_phone(mapped, window):
    window.look_as(width=390, height=844)
    window.ask("Emulation.setTouchEmulationEnabled", enabled=True)
    window.go(f"{mapped.url}/search?q=rain&sort=oldest")
    assert window.value("getComputedStyle(document.querySelector('.narrow')).display") == "none"
    window.value("document.querySelector('.to-narrow a').click()")
    assert window.value("getComputedStyle(document.querySelector('.narrow')).display") == "block"
    window.touch(
        on_map(window, -10, 60), on_map(window, 5, 55), on_map(window, 15, 50), on_map(window, 30, 40)
    )
    west, south, east, north = sides(window)
    assert abs(west + 10) <= 2 and abs(south - 40) <= 2 and abs(east - 30) <= 2 and abs(north - 60) <= 2
    apply(window)
    assert titles(window) == ["Rain of europe"]
    assert "sort=oldest" in window.value("location.href")


def test_years_are_chosen_by_mouse(window):
    assert (
        window.value("document.querySelector('.timeline').getAttribute('aria-label')")
        == "Hits by year, 1980 to 2009"
    )
    at = [within(window, ".timeline", (year - 1980 + 0.5) / 30, 0.5) for year in (1992, 1994, 1996)]
    window.drag(*at)
    assert fields(window, "from", "to") == ["1992", "1996"]
    assert apply(window) == "rain during:1992/1996"
    assert titles(window) == ["Rain of pacific"]
    end = within(window, ".timeline", 17 / 30, 0.5)
    window.drag(end, within(window, ".timeline", 0.9, 0.5), within(window, ".timeline", 1.2, 0.5))
    assert fields(window, "from", "to") == ["1992", ""]


def test_years_are_chosen_by_keys_alone(window):
    window.value("document.querySelectorAll('.handle')[0].focus()")
    for _ in range(21):
        window.press("ArrowRight")
    assert fields(window, "from", "to") == ["2001", ""]
    assert window.value("document.querySelector('.handle').getAttribute('aria-valuenow')") == "2001"
    window.press("Tab")
    assert window.value("document.activeElement.getAttribute('aria-label')") == "Last year"
    window.press("ArrowLeft")
    assert fields(window, "from", "to") == ["2001", "2008"]
    window.expect_page()
    window.press("Enter")
    window.wait("Page.loadEventFired")
    assert titles(window) == ["Rain of andes"]
    assert parse_qs(urlsplit(window.value("location.href")).query)["q"] == ["rain during:2001/2008"]


def test_without_javascript_place_and_time_are_typed(mapped, window):
    window.look_as(width=390, height=844, script=False)
    window.go(f"{mapped.url}/search?q=rain&sort=newest#narrow")
    document = window.ask("DOM.getDocument")["root"]["nodeId"]
    for name, text in (("west", "160"), ("south", "-9"), ("east", "-170"), ("north", "9"), ("to", "1999")):
        found = window.ask("DOM.querySelector", nodeId=document, selector=f".bounds [name={name}]")["nodeId"]
        window.ask("DOM.focus", nodeId=found)
        for letter in text:
            window.press(letter)
    window.expect_page()
    window.press("Enter")
    window.wait("Page.loadEventFired")
    address = window.ask("Page.getNavigationHistory")["entries"][-1]["url"]
    assert parse_qs(urlsplit(address).query)["q"] == ["rain bbox:160,-9,-170,9 before:2000"]
    document = window.ask("DOM.getDocument")["root"]["nodeId"]
    found = window.ask("DOM.querySelector", nodeId=document, selector=".results")["nodeId"]
    assert "pacific" in window.ask("DOM.getOuterHTML", nodeId=found)["outerHTML"]


def test_the_place_of_a_hit_is_shown_while_one_is_at_it(window):
    window.value("document.querySelectorAll('.results h2 a')[1].focus()")
    lit = "[...document.querySelectorAll('.map g')].map(one => one.classList.contains('lit'))"
    assert window.value(lit) == [False, True, False]
    window.value("document.activeElement.blur()")
    assert window.value(lit) == [False, False, False]
