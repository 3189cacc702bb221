"""What a running node needs: time until it answers, memory of its own."""

import statistics
import subprocess
import sys
import time

import httpx

from scripts.benchmarks.figures import Figure
from scripts.benchmarks.nodes import Node, running
from scripts.benchmarks.workshop import Workshop

_POLL_S = 0.5
_PROJECT_S_MAX = 1800


def cold_start_ms(workshop: Workshop) -> Figure:
    """From the start of the process of `frost serve` to its first answer over HTTP."""
    home, taken = workshop.catalog, []
    for _ in range(workshop.size.starts):
        begun = time.perf_counter()
        with running(home) as node:
            httpx.get(f"{node.url}/frost/node").raise_for_status()
            taken.append(time.perf_counter() - begun)
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return Figure(
        name="cold_start_ms",
        value=1000 * statistics.median(taken),
        unit="ms",
        ceiling=1000 * (time.perf_counter() - begun),
        is_cost=True,
        note=f"home of {workshop.size.entries:,} entries; the ceiling is the interpreter alone",
    )


def memory_mb(workshop: Workshop) -> Figure:
    """The most that a node held while it folded all of its entries into the views, streamed them and searched."""
    home, entries = workshop.large, workshop.size.memory_entries
    with running(home) as node:
        seen = [node.own_bytes()]
        with httpx.Client(base_url=node.url, timeout=60) as client:
            folding = _until_projected(client, node, seen)
            _use(client, node, seen)
    return Figure(
        name="memory_mb",
        value=max(seen) / 1e6,
        unit="MB",
        target=400,
        is_cost=True,
        note=f"{entries:,} entries of 1 KB; {folding / 1e6:.0f} MB while folding, {seen[-1] / 1e6:.0f} MB after use",
    )


def _until_projected(client: httpx.Client, node: Node, seen: list[int]) -> int:
    """Watch until both views have followed; answers the most that was held meanwhile."""
    behind, deadline = 1, time.perf_counter() + _PROJECT_S_MAX
    while behind:
        assert time.perf_counter() < deadline, f"views are {behind} arrivals behind after {_PROJECT_S_MAX} s"
        time.sleep(_POLL_S)
        status = client.get("/api/status").json()
        behind = status["catalog_behind"] + status["search_behind"]
        seen.append(node.own_bytes())
    return max(seen)


def _use(client: httpx.Client, node: Node, seen: list[int]) -> None:
    """Take the whole stream once, and search."""
    with client.stream("GET", "/frost/stream?live=false") as answer:
        for n, _ in enumerate(answer.iter_raw()):
            if n % 1000 == 0:
                seen.append(node.own_bytes())
    for word in ("ocean", "temperature", "satellite"):
        client.get("/api/search", params={"q": word}).raise_for_status()
    seen.append(node.own_bytes())
