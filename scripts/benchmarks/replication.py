"""How fast logs are taken from a node: over HTTP on loopback, verified, durable, views off."""

import json
import shutil
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from scripts.benchmarks import ceilings
from scripts.benchmarks.figures import Figure
from scripts.benchmarks.git_clone import clone_s, make_repository
from scripts.benchmarks.material import BODY_BYTES, HEADER_BYTES, entry, record
from scripts.benchmarks.nodes import Node, running
from scripts.benchmarks.workshop import LOG_ENTRIES, Workshop

_ENTRY_BYTES = BODY_BYTES + HEADER_BYTES
_RECEIVER = "scripts.benchmarks.receiver"


@dataclass(frozen=True, slots=True)
class Taken:
    """What one run came to; processor time of both sides, of the sender where the system tells."""

    entries: int
    seconds: float
    take_cpu_s: float
    send_cpu_s: float | None

    @property
    def per_s(self) -> float:
        """Entries per second."""
        return self.entries / self.seconds

    def costs(self) -> str:
        """Processor time of an entry, in words."""
        costs = {"take": self.take_cpu_s, "send": self.send_cpu_s}
        parts = [f"{cost / self.entries * 1e6:.0f} µs to {what}" for what, cost in costs.items() if cost]
        return "processor time of an entry: " + ", ".join(parts)


def take_all(node: Node, folder: Path) -> Taken:
    """Follow a node from a process of its own until it has nothing more, into a new store in `folder`."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    before_s = node.cpu_s()
    done = subprocess.run(
        [sys.executable, "-m", _RECEIVER, node.url, str(folder)], stdout=subprocess.PIPE, check=True
    )
    after_s = node.cpu_s()
    said = json.loads(done.stdout)
    return Taken(
        said["entries"],
        said["seconds"],
        said["cpu_s"],
        None if before_s is None or after_s is None else after_s - before_s,
    )


def entries_per_s(workshop: Workshop) -> Figure:
    """One log, two processes: a node that serves, and one that follows it until it has all."""
    with running(workshop.catalog) as node:
        taken = take_all(node, workshop.folder / "receiver")
    assert taken.entries == workshop.size.entries, f"{taken.entries} of {workshop.size.entries}"
    return Figure(
        name="replicate_entries_per_s",
        value=taken.per_s,
        unit="entries/s",
        target=40_000,
        ceiling=_ceiling(workshop),
        note=taken.costs(),
    )


def to_git_clone(workshop: Workshop) -> Figure:
    """The same beside a git clone of as many files, in turns: the median of the ratios."""
    repository = workshop.folder / "repository"
    make_repository(repository, (entry(record(n))[1] for n in range(workshop.size.entries)))
    ratios, clones = [], []
    with running(workshop.catalog) as node:
        for turn in range(workshop.size.turns):
            clone = workshop.folder / f"clone-{turn}"
            clones.append(workshop.size.entries / clone_s(repository, clone))
            shutil.rmtree(clone)
            ratios.append(take_all(node, workshop.folder / "receiver").per_s / clones[-1])
    return Figure(
        name="replicate_to_git_clone",
        value=statistics.median(ratios),
        unit="×",
        target=0.8,
        note=f"git clone: {statistics.median(clones):,.0f} files/s, checked, unsigned; {len(ratios)} turns",
    )


def small_logs_per_s(workshop: Workshop) -> Figure:
    """Very many publishers with small logs: identity, head, entries and bodies of each."""
    with running(workshop.network) as node:
        taken = take_all(node, workshop.folder / "receiver")
    expected = workshop.size.logs * LOG_ENTRIES
    assert taken.entries == expected, f"{taken.entries} of {expected}"
    return Figure(
        name="small_logs_entries_per_s",
        value=taken.per_s,
        unit="entries/s",
        target=15_000,
        ceiling=_ceiling(workshop),
        note=f"{workshop.size.logs:,} logs of {LOG_ENTRIES}; {taken.costs()}",
    )


def _ceiling(workshop: Workshop) -> float:
    least_s = max(
        ceilings.sha256_s(BODY_BYTES) + 2 * ceilings.sha256_s(HEADER_BYTES),
        _ENTRY_BYTES / ceilings.loopback_bytes_per_s(),
        _ENTRY_BYTES / ceilings.disk_bytes_per_s(workshop.folder),
    )
    return 1 / least_s
