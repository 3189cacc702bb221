"""Pictures of every page of a running node, in both themes and three widths, and what each page weighs.

Exit status 1 when a page sticks out at the side, shifts while it loads, is heavier than it may be, asks somebody else for
something, or makes the browser complain.
"""

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from urllib.request import urlopen

from frostnode.testing.browser import Browser, browser

_WIDTHS = {360: 740, 820: 1180, 1440: 900}
_BYTES_MAX = 100_000
_SHIFT_MAX = 0.01
_ASKED_S = 60
_VIEW = re.compile(r'href="(/v/[^/"]+/)"')
_OF_WHO_SIGNED_IN = {
    "editing": "/edit",
    "edit-dataset": "/edit/dataset",
    "edit-subscriptions": "/edit/subscriptions",
}
_EVERYWHERE = ("publishers", "activity", "about", "peers", "status", "policy", "withheld")


def pages_of(node: str) -> Iterator[tuple[str, str]]:
    """Names and paths: each kind of page once, with the richest record of each type that the node has."""
    yield "home", "/"
    yield "search", "/search?q=sea+surface+temperature"
    yield "search-empty", "/search"
    yield "search-nothing", "/search?q=zzzzqqqq"
    yield from ((name, f"/{name}") for name in _EVERYWHERE)
    yield "error", "/nothing-here"
    yield "sign-in", "/edit/sign-in"
    with urlopen(f"{node}/about", timeout=_ASKED_S) as answer:
        for path in sorted(set(_VIEW.findall(answer.read().decode()))):
            yield f"view-{path.split('/')[2]}", path
    publishers = _ask(node, "/api/publishers")["publishers"]
    if publishers:
        yield "publisher", f"/publisher/{max(publishers, key=lambda item: item['entries'])['did']}"
    for kind in ("dataset", "version", "lineage", "profile", "subscription"):
        found = _ask(node, f"/api/records?type={kind}&limit=50")["records"]
        if found:
            record = max(found, key=lambda item: item["size"] or 0)
            yield kind, f"/record/{record['url']}"
    versions = _ask(node, "/api/records?type=version&limit=50")["records"]
    if versions:
        dataset = versions[0]["url"].rpartition("@")[0]
        yield "dataset-versions", f"/record/{dataset}"
        yield "lineage-page", f"/lineage/{dataset}"
        listed = _ask(node, f"/api/versions/{dataset}")["versions"]
        if len(listed) > 1:
            pair = [quote(listed[at]["url"], safe="") for at in (1, 0)]
            yield "diff", f"/diff?a={pair[0]}&b={pair[1]}"


def enter(window: Browser, address: str) -> dict[str, str]:
    """Open what `frost token link` or `frost inbox --page` said, and answer the pages that may be seen then."""
    window.go(address)
    if urlsplit(address).path.startswith("/inbox"):
        return {"inbox": "/inbox?all=1"}
    window.expect_page()
    window.value("document.querySelector('main button').click()")
    window.wait("Page.loadEventFired")
    return _OF_WHO_SIGNED_IN


def _ask(node: str, path: str) -> dict[str, list[dict[str, str]]]:
    with urlopen(f"{node}{path}", timeout=_ASKED_S) as answer:
        return dict(json.load(answer))


def faults(found: Mapping[str, Any], url: str) -> list[str]:
    """What is wrong with a page that was measured."""
    elsewhere = [asked for asked in found["requests"] if urlsplit(asked).netloc != urlsplit(url).netloc]
    said = [f"asks {address}" for address in elsewhere]
    said += [
        f"complaint: {text}" for text in found["complaints"] if "404" not in text or "nothing" not in url
    ]
    if found["sticks_out"]:
        said.append(f"sticks out by {found['sticks_out']} px")
    if found["shift"] > _SHIFT_MAX:
        said.append(f"shifts by {found['shift']}")
    if found["bytes"] > _BYTES_MAX:
        said.append(f"weighs {found['bytes']} bytes")
    return said


def main() -> int:
    """Take the pictures."""
    arguments = argparse.ArgumentParser(prog="scripts/screenshots", description=__doc__)
    arguments.add_argument("folder", type=Path, help="where the pictures go")
    arguments.add_argument("node", help="the address of a node that runs")
    arguments.add_argument("pages", nargs="*", help="names of pages, or NAME=PATH; all without")
    arguments.add_argument("--width", type=int, action="append", choices=sorted(_WIDTHS), help="these alone")
    arguments.add_argument("--theme", action="append", choices=("light", "dark"), help="these alone")
    arguments.add_argument(
        "--enter",
        action="append",
        help="an address of `frost token link` or `frost inbox --page`",
        default=[],
    )
    given = arguments.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    node = given.node.rstrip("/")
    wanted = {name: path for name, _, path in (text.partition("=") for text in given.pages)}
    named = {**dict(pages_of(node)), **{name: path for name, path in wanted.items() if path}}
    bad = 0
    with tempfile.TemporaryDirectory() as profile, browser(Path(profile)) as window:
        for address in given.enter:
            named |= enter(window, address)
        pages = {name: path for name, path in named.items() if not wanted or name in wanted}
        for name, path in pages.items():
            for width in given.width or _WIDTHS:
                for theme in given.theme or ("light", "dark"):
                    said = _take(
                        window, given.folder / f"{name}-{width}-{theme}.png", node + path, width, theme
                    )
                    bad += bool(said)
    return 1 if bad else 0


def _take(window: Browser, file: Path, url: str, width: int, theme: str) -> list[str]:
    window.look_as(width=width, height=_WIDTHS[width], dark=theme == "dark")
    window.ask("Network.clearBrowserCache")
    window.go(url)
    found = window.measured()
    window.shoot(file)
    said = faults(found, url)
    weight = f"{found['bytes'] / 1000:6.1f} kB"
    print(f"{file.name:<36}{weight}  shift {found['shift']:<7}{'; '.join(said) or 'fine'}", flush=True)
    return said


if __name__ == "__main__":
    sys.exit(main())
