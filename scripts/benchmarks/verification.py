"""How fast what is stored is derived again from its bytes: leaf hashes, root, hashes of bodies."""

import time

from frostnode.edge.clock import SystemClock
from frostnode.edge.random import SystemRandom
from frostnode.edge.sqlite.store import SqliteStore
from frostnode.log.fsck import fsck
from scripts.benchmarks import ceilings
from scripts.benchmarks.figures import Figure
from scripts.benchmarks.material import BODY_BYTES, HEADER_BYTES
from scripts.benchmarks.workshop import Workshop


def entries_per_s(workshop: Workshop) -> Figure:
    """All that `frost fsck` does, per second of processor time."""
    store = SqliteStore(workshop.catalog.log_store, clock=SystemClock(), random=SystemRandom())
    begun = time.process_time()
    report = fsck(store)
    taken = time.process_time() - begun
    store.close()
    assert not report.findings, report.findings
    return Figure(
        name="verify_entries_per_s",
        value=report.entries / taken,
        unit="entries/s",
        target=100_000,
        ceiling=1 / (ceilings.sha256_s(BODY_BYTES) + 2 * ceilings.sha256_s(HEADER_BYTES)),
        note="per second of processor time; all of fsck",
    )
