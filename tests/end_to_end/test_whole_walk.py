"""The whole walk of a newcomer, with a keyboard alone: from an empty node over a dataset that is found, drawn, compared and loaded, to one of
one's own that another institution's node shows.
"""

import json
import subprocess

import pytest

from frostnode.testing.browser import browser, find_chromium
from frostnode.testing.data_server import serving
from frostnode.testing.patience import wait_until

TABLE = b"day,extent\n1,7\n2,8\n"
TABS_MAX = 400

pytestmark = [
    pytest.mark.slow,
    pytest.mark.network,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium here"),
]


@pytest.fixture
def data(tmp_path):
    """Where the data of the older institution lies."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "extent.csv").write_bytes(TABLE)
    with serving(folder) as server:
        yield server


@pytest.fixture
def older(make_node, data):
    """The node of an institution that has datasets, versions and lineage."""
    node = make_node("older")
    node.did = node.init("Ice Institute")["did"]
    records = [
        {
            "type": "dataset",
            "key": "sea-ice",
            "title": "Sea ice extent, daily",
            "keywords": ["sea ice", "arctic"],
            "extent": {"bbox": [[-60, 10, 60, 80]], "interval": [["1979-01-01T00:00:00Z", None]]},
        },
        {"type": "dataset", "key": "trend", "title": "Trend of sea ice"},
        *(
            {
                "type": "version",
                "key": f"sea-ice@{label}",
                "label": label,
                "locations": [{"href": f"{data.url}/extent.csv", "type": "text/csv"}],
                "changes": {"note": f"Release {label}."},
            }
            for label in ("2025", "2026")
        ),
    ]
    node.frost("publish", "-", stdin="\n".join(map(json.dumps, records)).encode())
    node.frost("derive", "trend", "--from", f"{node.did}/sea-ice", "--activity", "fit")
    node.start()
    return node


@pytest.fixture
def newer(make_node):
    """An empty node of a publisher that has published nothing."""
    node = make_node("newer")
    node.did = node.init("Snow School")["did"]
    node.start()
    return node


class Walker:
    """A person who only has keys. Nothing that any page asks for may leave the node, and no page may complain."""

    def __init__(self, window, url):
        self.window = window
        self.url = url
        self.asked, self.complaints = [], []

    def open(self, path):
        self.look()
        self.window.go(path if path.startswith("http") else self.url + path)

    def look(self):
        found = self.window.measured()
        self.asked += [address for address in found["requests"] if not address.startswith("data:")]
        self.complaints += found["complaints"]

    def tab_to(self, condition, what):
        """Go on by Tab until the focus is on what this says of the element `at`."""
        for _ in range(TABS_MAX):
            if self.window.value(f"(at => at !== document.body && !!({condition}))(document.activeElement)"):
                return
            self.window.press("Tab")
        raise AssertionError(f"{what} is not reached by keys on {self.window.value('location.href')}")

    def follow(self, words, within="body"):
        """Tab to the link or button with these words, and press Enter."""
        said = "(at.innerText || at.getAttribute('aria-label') || '').trim()"
        self.tab_to(f"at.closest({json.dumps(within)}) && {said}.includes({json.dumps(words)})", words)
        self.enter()

    def enter(self):
        self.look()
        self.window.expect_page()
        self.window.press("Enter")
        self.window.wait("Page.loadEventFired")

    def type(self, name, text):
        self.tab_to(f"at.name === {json.dumps(name)}", name)
        self.window.ask("Input.insertText", text=text)

    def text(self, selector="main"):
        return self.window.value(f"document.querySelector({json.dumps(selector)}).innerText")

    @property
    def path(self):
        return self.window.value("location.pathname + location.search")


def until_found(node, words):
    """Wait until a search of this node has a hit."""
    wait_until(f"{words} at {node.home.name}", lambda: node.json("search", words)["hits"])


def test_from_the_first_start_to_a_dataset_that_another_node_shows(newer, older, data, tmp_path):
    with browser(tmp_path / "profile") as window:
        window.look_as(width=1440, height=900)
        walker = Walker(window, newer.url)
        window.go(newer.url)
        assert "frost follow" in walker.text() and "frost token link" in walker.text()
        newer.frost("follow", older.url)
        until_found(newer, "sea ice")
        search(walker)
        understand(walker, older)
        load(walker, data, tmp_path)
        publish(walker, newer)
        walker.look()
        assert [address for address in walker.asked if not address.startswith(newer.url)] == []
        assert walker.complaints == []
        older.frost("follow", newer.url)
        until_found(older, "snow depth")
        walker.url = older.url
        walker.open("/")
        window.ask("Input.insertText", text="snow depth")
        walker.enter()
        walker.follow("Snow depth of the school yard", ".results")
        assert "Snow School" in walker.text() and walker.text("h1") == "Snow depth of the school yard"


def search(walker):
    """Search, narrow by a facet and by a box on the map, and open the hit."""
    walker.open("/")
    walker.window.ask("Input.insertText", text="ice")
    walker.enter()
    assert "Trend of sea ice" in walker.text(".results")
    walker.follow("arctic")
    assert "Trend of sea ice" not in walker.text(".results")
    walker.tab_to("at.classList.contains('pad')", "the map")
    walker.window.press("ArrowRight")
    walker.enter()
    assert "bbox" in walker.path
    walker.follow("Sea ice extent, daily", ".results")
    assert walker.text("h1") == "Sea ice extent, daily"


def understand(walker, older):
    """What changed between two versions, and what was made of it."""
    at = walker.path
    walker.follow("what changed")
    assert walker.path.startswith("/diff") and "2025" in walker.text()
    walker.open(at)
    walker.follow("The whole lineage")
    assert walker.path.startswith("/lineage") and "Trend of sea ice" in walker.text()
    walker.open(at)


def load(walker, data, tmp_path):
    """Copy the line for curl with its button, and run it as it was copied."""
    window = walker.window
    window.ask(
        "Browser.grantPermissions",
        permissions=["clipboardReadWrite", "clipboardSanitizedWrite"],
        origin=walker.url,
    )
    walker.tab_to("at.matches('summary') && at.innerText.includes('curl')", "curl")
    window.press("Enter")
    walker.tab_to("at.matches('button.copy') && at.closest('#load')", "the button that copies")
    window.press("Enter")
    line = window.value(
        "new Promise(done => setTimeout(async () => done(await navigator.clipboard.readText())))"
    )
    assert line.startswith("curl")
    folder = tmp_path / "loaded"
    folder.mkdir()
    subprocess.run(["bash", "-c", line], cwd=folder, check=True, capture_output=True, timeout=30)
    assert (folder / "extent.csv").read_bytes() == TABLE


def publish(walker, newer):
    """Sign in by a link, write a dataset, look at it, and publish it."""
    made = newer.json("token", "link", "--scope", "publish")
    walker.open("/edit" + made["url"].partition("/edit")[2])
    walker.follow("Sign in", "main")
    walker.follow("Publish your first dataset", "main")
    walker.type("title", "Snow depth of the school yard")
    walker.follow("Preview", ".bar")
    walker.tab_to("at.type === 'checkbox'", "that it is public for ever")
    walker.window.press(" ")
    walker.follow("Publish", "main")
    assert walker.text("h1") == "Snow depth of the school yard"
