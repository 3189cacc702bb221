"""How soon a person on a middling phone sees each page of a running node.

As Lighthouse measures it: a browser with a processor slowed down four times, on a line of 1.6 Mbit/s and 150 ms. Exit
status 1 when a figure is beyond what web.dev calls good: first paint 1.8 s, largest paint 2.5 s, blocking 0.2 s, shift 0.1.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from frostnode.testing.browser import Browser, browser
from scripts.browsing.__main__ import pages_of

_WIDTH: Final = 390
_HEIGHT: Final = 844
_SLOWER: Final = 4
_LATENCY_MS: Final = 150
_DOWN_BYTES_PER_S: Final = 1_600_000 // 8
_UP_BYTES_PER_S: Final = 750_000 // 8
_GOOD: Final = {"first_ms": 1800.0, "largest_ms": 2500.0, "blocked_ms": 200.0, "shift": 0.1}
_OBSERVE: Final = """
window.__speed = {largest: 0, blocked: 0, shift: 0};
const on = (type, then) => new PerformanceObserver(list => list.getEntries().forEach(then)).observe({type, buffered: true});
on('largest-contentful-paint', entry => { __speed.largest = entry.startTime });
on('longtask', entry => { __speed.blocked += Math.max(0, entry.duration - 50) });
on('layout-shift', entry => { if (!entry.hadRecentInput) __speed.shift += entry.value });
"""
_READ: Final = """new Promise(done => requestAnimationFrame(() => setTimeout(() => {
  const [page] = performance.getEntriesByType('navigation');
  const first = performance.getEntriesByName('first-contentful-paint')[0];
  const all = [page, ...performance.getEntriesByType('resource')];
  done({answered: page.responseStart, first: first ? first.startTime : 0, largest: __speed.largest, blocked: __speed.blocked,
    shift: __speed.shift, kilobytes: all.reduce((sum, one) => sum + one.transferSize, 0) / 1000, requests: all.length});
}, 50)))"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """How one page came: milliseconds since it was asked for, kilobytes as they were sent, shift as browsers count it."""

    answered_ms: float
    first_ms: float
    largest_ms: float
    blocked_ms: float
    shift: float
    kilobytes: float
    requests: int

    def beyond(self) -> list[str]:
        """What is not good."""
        return [name for name, limit in _GOOD.items() if getattr(self, name) > limit]


def slowed(window: Browser) -> None:
    """Make the browser what it is measured as."""
    window.look_as(width=_WIDTH, height=_HEIGHT)
    window.ask("Page.addScriptToEvaluateOnNewDocument", source=_OBSERVE)
    window.ask("Emulation.setCPUThrottlingRate", rate=_SLOWER)
    window.ask(
        "Network.emulateNetworkConditions",
        offline=False,
        latency=_LATENCY_MS,
        downloadThroughput=_DOWN_BYTES_PER_S,
        uploadThroughput=_UP_BYTES_PER_S,
    )


def measure(window: Browser, url: str) -> Speed:
    """Open a page for the first time."""
    window.ask("Network.clearBrowserCache")
    window.go(url)
    found: Mapping[str, float] = window.value(_READ)
    return Speed(
        answered_ms=found["answered"],
        first_ms=found["first"],
        largest_ms=max(found["largest"], found["first"]),
        blocked_ms=found["blocked"],
        shift=found["shift"],
        kilobytes=found["kilobytes"],
        requests=int(found["requests"]),
    )


def main() -> int:
    """Measure every page, one line each."""
    arguments = argparse.ArgumentParser(prog="scripts/page-speed", description=__doc__)
    arguments.add_argument("node", help="the address of a node that runs")
    node = arguments.parse_args().node.rstrip("/")
    bad = 0
    print(
        f"{'page':<18}{'answered':>9}{'first':>8}{'largest':>8}{'blocked':>8}{'shift':>8}{'kB':>7}{'requests':>9}"
    )
    with tempfile.TemporaryDirectory() as profile, browser(Path(profile)) as window:
        slowed(window)
        for name, path in pages_of(node):
            speed = measure(window, node + path)
            beyond = speed.beyond()
            bad += bool(beyond)
            print(
                f"{name:<18}{speed.answered_ms:>9.0f}{speed.first_ms:>8.0f}{speed.largest_ms:>8.0f}{speed.blocked_ms:>8.0f}"
                f"{speed.shift:>8.3f}{speed.kilobytes:>7.1f}{speed.requests:>9}  {', '.join(beyond) or 'good'}",
                flush=True,
            )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
