"""How fast a log is taken from a node: over HTTP on loopback, verified, durable, views off."""

import json
import subprocess
import sys

from scripts.benchmarks import ceilings
from scripts.benchmarks.figures import Figure
from scripts.benchmarks.material import BODY_BYTES, HEADER_BYTES
from scripts.benchmarks.nodes import running
from scripts.benchmarks.workshop import Workshop

_ENTRY_BYTES = BODY_BYTES + HEADER_BYTES
_RECEIVER = "scripts.benchmarks.receiver"


def entries_per_s(workshop: Workshop) -> Figure:
    """Two processes: a node that serves, and one that follows it until it has all."""
    folder = workshop.folder / "receiver"
    folder.mkdir()
    with running(workshop.catalog) as node:
        before_s = node.cpu_s()
        done = subprocess.run(
            [sys.executable, "-m", _RECEIVER, node.url, str(folder)], stdout=subprocess.PIPE, check=True
        )
        after_s = node.cpu_s()
    taken = json.loads(done.stdout)
    assert taken["entries"] == workshop.size.entries, f"{taken['entries']} of {workshop.size.entries}"
    least_s = max(
        ceilings.sha256_s(BODY_BYTES) + 2 * ceilings.sha256_s(HEADER_BYTES),
        _ENTRY_BYTES / ceilings.loopback_bytes_per_s(),
        _ENTRY_BYTES / ceilings.disk_bytes_per_s(workshop.folder),
    )
    costs = {"take": taken["cpu_s"], "send": after_s - before_s if before_s and after_s else None}
    return Figure(
        name="replicate_entries_per_s",
        value=taken["entries"] / taken["seconds"],
        unit="entries/s",
        target=25_000,
        ceiling=1 / least_s,
        note="processor time of an entry: "
        + ", ".join(
            f"{cost / taken['entries'] * 1e6:.0f} µs to {what}" for what, cost in costs.items() if cost
        ),
    )
