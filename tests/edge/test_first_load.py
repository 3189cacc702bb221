"""No page loads more than 100 kB at first, whatever its node carries: as browsers are sent it, with all that it loads."""

import re
from hashlib import sha256
from types import MappingProxyType

import pytest

from frostnode.edge.http.app import make_app
from frostnode.edge.http.editing.typed import pack
from frostnode.edge.http.views import View
from frostnode.edge.view_settings import ViewSettings
from frostnode.editing_port import Draft
from frostnode.notify_port import Form, Watch
from frostnode.protocol.limits import DRAFTS_MAX, LINEAGE_NODES_MAX, PAGE_ITEMS_MAX, TITLE_CHARS_MAX
from frostnode.replicate.follow import PeerFollower
from frostnode.testing.memory_publisher import MemoryPublisher
from tests.edge.test_http_all_routes import NOT_PAGES, OF_A_VIEW, OF_EDITING
from tests.edge.test_http_editing import Browser, operate

FIRST_LOAD_BYTES_MAX = 100_000
PLAIN_BYTES_MAX = 400_000
"""For who takes nothing compressed."""
PLAIN = {"accept": "text/html"}
BROWSER = {"accept": "text/html", "accept-encoding": "gzip, deflate, br, zstd"}
FILES = re.compile(r'(?:href|src)="(/(?:static|v)/[^"#]*\.(?:css|js|svg|png))')
pytestmark = pytest.mark.slow


def words(seed, chars):
    """Text that does not shrink much: no two are alike."""
    found = ""
    while len(found) < chars:
        found += sha256(f"{seed} {len(found)}".encode()).hexdigest()[:7] + " "
    return found[:chars]


async def first_load(node, target, who=MappingProxyType({})):
    """(bytes as they are sent, bytes without compression) of a page and of all that it loads."""
    sent = plain = 0
    text = (await node.ask(target, headers={**PLAIN, **who})).text
    for path in (target, *sorted(set(FILES.findall(text)))):
        packed, whole = (
            await node.ask(path, headers={**BROWSER, **who}),
            await node.ask(path, headers={**PLAIN, **who}),
        )
        assert packed.status == whole.status == 200, (path, whole.text[:300])
        sent, plain = sent + len(packed.body), plain + len(whole.body)
    return sent, plain


class Worst:
    """A node with the largest of each kind that the format allows."""

    def __init__(self, node):
        self.node = node
        self.hub = self._lineage()
        self.long = self._long_titles()
        self.versions = self._versions()
        self.megabytes = self._megabytes()
        self._crowd()
        views = [View(settings=ViewSettings(name="all", title="All", query="+type:dataset"))]
        self.app = make_app(node.parts, {"name": "worst"}, views)
        node.app = self.app

    def _lineage(self):
        """Every end joined to the hub, and to others: as many as are looked at."""
        hub = MemoryPublisher("hub")
        hub.put("self", {"name": words("hub", 200)}, "profile")
        hub.put("hub", {"title": "The hub"})
        ends = [f"{hub.did}/{words(at, 12).replace(' ', '-')}-{at}" for at in range(LINEAGE_NODES_MAX)]
        for at, end in enumerate(ends):
            hub.put(end.partition("/")[2], {"title": words(f"title {at}", 300)})
        for at, end in enumerate(ends):
            others = [{"uri": ends[(at * 7 + step) % len(ends)]} for step in (1, 2, 3)]
            used = [{"uri": f"{hub.did}/hub"}, *others] if at % 2 else others
            hub.put(f"l{at}", {"generated": end, "used": used}, "lineage")
        hub.put(
            "hub", {"generated": f"{hub.did}/hub", "used": [{"uri": end} for end in ends[::2]]}, "lineage"
        )
        self.node.take(*hub.stream())
        return hub.did

    def _long_titles(self):
        long = MemoryPublisher("long")
        long.put("self", {"name": words("name", 4000), "description": words("about", 4000)}, "profile")
        for at in range(PAGE_ITEMS_MAX):
            fields = {
                "title": words(f"long {at}", 4000),
                "description": words(f"description {at}", 20_000),
                "keywords": [words(f"keyword {at} {n}", 200) for n in range(40)],
            }
            long.put(f"long-{at}", fields)
        self.node.take(*long.stream())
        return long.did

    def _versions(self):
        many = MemoryPublisher("versions")
        many.put("many", {"title": "Many versions"})
        for at in range(5000):
            many.put(f"many@{at}", {"label": str(at), "title": f"Version {at}"}, "version")
        self.node.take(*many.stream())
        return many.did

    def _crowd(self):
        """Publishers who say to be the same, peers that fail, contents that are withheld."""
        origins = []
        for at in range(120):
            one = MemoryPublisher(f"crowd {at}")
            one.put("self", {"name": words(f"crowd {at}", 4000)}, "profile")
            identifiers = [{"scheme": "doi", "value": "10.1000/crowd"}]
            one.put("it", {"title": words(f"it {at}", 4000), "identifiers": identifiers})
            one.put("gone", {"title": f"Gone {at}"})
            self.node.take(*one.stream())
            origins.append(one.origin)
        with self.node.store.write() as writer:
            for origin in origins:
                writer.withhold_body(origin, 2, "erased", words(origin, 200))
            for at in range(150):
                writer.put_peer(f"https://{words(at, 40).replace(' ', '')}.example")
        for at in range(150):
            url = f"https://{words(at, 40).replace(' ', '')}.example"
            follower = self.node.parts.followers[url] = PeerFollower(url, self.node.parts.world())
            follower.status.error = words(f"error {at}", 300)
            follower.status.stopped = {f"{origin} {at}": words(f"{origin} {at}", 300) for origin in origins}

    def _megabytes(self):
        big = MemoryPublisher("big")
        for key in ("big", "other"):
            stac = {words(f"key {key} {at}", 20): words(f"{key} {at}", 1000) for at in range(2400)}
            big.put(key, {"title": "Megabytes", "metadata": {"stac": stac}})
        self.node.take(*big.stream())
        return big.did


@pytest.fixture(scope="module")
def worst(make_lasting_node):
    return Worst(make_lasting_node("worst"))


@pytest.fixture
async def editor(own):
    """Who has as many drafts as there can be, many datasets and many subscriptions, all with long names."""
    browser = Browser(own)
    await browser.sign_in()
    records = [{"type": "dataset", "key": f"k{at}", "title": words(at, TITLE_CHARS_MAX)} for at in range(30)]
    await operate(own, "publish", records=records)
    for at in range(DRAFTS_MAX):
        draft = Draft(
            id=f"{at:016x}",
            did=own.did,
            type="dataset",
            title=words(f"draft {at}", TITLE_CHARS_MAX),
            typed=pack({"title": words(f"draft {at}", TITLE_CHARS_MAX), "description": words(at, 12_000)}),
            changed_ms=at,
        )
        own.parts.editing.put_draft(draft)
    for at in range(40):
        await own.operate("subscribe", target=words(f"search {at}", 200), form="inbox", private=True)
    return browser


async def test_pages_of_who_is_signed_in_are_there_at_once_though_nothing_is_compressed(editor):
    url = f"{editor.node.did}/k7"
    for target in (
        "/edit",
        "/edit?drafts=90&offset=20",
        "/edit/dataset",
        f"/edit/dataset?url={url}",
        f"/edit/version?url={url}",
        "/edit/draft/0000000000000007",
        "/edit/draft/0000000000000007/preview",
        f"/edit/withdraw?url={url}",
        f"/edit/deprecate?url={url}",
        f"/edit/derive?url={url}",
        "/edit/subscriptions",
    ):
        sent, plain = await first_load(editor.node, target, {"cookie": editor.cookie})
        assert sent <= plain < FIRST_LOAD_BYTES_MAX, target


async def test_an_inbox_of_long_notices_is_there_at_once(node):
    node.parts.owner_token = "ab" * 32
    publisher = MemoryPublisher()
    told = {"form": Form.INBOX, "created_ms": 0, "told": (0, 2**62)}
    node.parts.watches.put(Watch(id="me", target=publisher.did, behalf=f"{publisher.did}/mine", **told))
    publisher.put("ice", {"title": words("ice", 4000)})
    for at in range(60):
        fields = {"title": words(at, 4000), "changes": {"note": words(f"note {at}", 4000)}}
        publisher.put(f"ice@{at}", fields, "version")
    node.take(*publisher.stream())
    while node.parts.matching.step():
        pass
    shown = {"cookie": f"frost-owner={node.parts.owner_token}"}
    assert "61 unread" in (await node.ask("/inbox", headers=shown)).text
    sent, plain = await first_load(node, "/inbox", shown)
    assert 30_000 < sent <= plain < FIRST_LOAD_BYTES_MAX


TARGETS = (
    "/",
    "/search",
    "/search?q=title",
    "/search?q=megabytes",
    "/activity",
    "/activity?type=dataset",
    "/about",
    "/publishers",
    "/publisher/{hub}",
    "/publisher/{long}",
    "/publisher/{versions}",
    "/peers",
    "/status",
    "/withheld",
    "/policy",
    "/api",
    "/id?name=doi:10.1000/crowd",
    "/record/{hub}/hub",
    "/record/{long}/long-7",
    "/record/{versions}/many",
    "/record/{versions}/many@77",
    "/record/{megabytes}/big",
    "/lineage/{hub}/hub",
    "/lineage/{hub}/hub?ends=450&edges=100",
    "/lineage/{versions}/many",
    "/lineage/{long}/long-7",
    "/diff?a={megabytes}/big&b={megabytes}/other",
    "/diff?a={long}/long-1&b={long}/long-2",
    "/v/all/",
    "/v/all/search?q=title",
    "/v/all/record/{hub}/hub",
    "/v/all/record/{long}/long-7",
    "/v/all/record/{versions}/many",
)


async def test_no_kind_of_page_is_forgotten(worst):
    paths = {route.path for route in worst.app.routes if "GET" in (route.methods or ())}
    shown = {path for path in paths if not (NOT_PAGES.match(path) or OF_A_VIEW.match(path))}
    shown = {path for path in shown if not path.startswith(OF_EDITING)}
    kinds = {re.sub(r"\{[^}]*\}", "{}", path) for path in shown} - {"/record", "/lineage", "/v/{}/record"}
    met = {re.sub(r"\{[^}]*\}(/[a-z].*)?", "{}", target.partition("?")[0]) for target in TARGETS}
    met = {target.replace("/v/all/", "/v/{}/") for target in met}
    assert kinds <= met


@pytest.mark.parametrize("target", TARGETS)
async def test_a_page_is_there_at_once(worst, target):
    sent, plain = await first_load(worst.node, target.format_map(vars(worst)))
    assert sent < FIRST_LOAD_BYTES_MAX
    assert plain < (FIRST_LOAD_BYTES_MAX if target.startswith("/lineage") else PLAIN_BYTES_MAX)
