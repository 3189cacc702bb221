"""How fast entries are published: durable, signed and served when a receipt is given."""

import statistics
import time

import trio

from frostnode.log.sequencer import Submission
from frostnode.operations.parts import Parts
from scripts.benchmarks import ceilings
from scripts.benchmarks.figures import Figure
from scripts.benchmarks.material import BODY_BYTES, HEADER_BYTES, entry, record
from scripts.benchmarks.workshop import Workshop, opened, origin_of, publish


def entries_per_s(workshop: Workshop) -> Figure:
    """Entries whose headers and bodies are given as bytes: checked, hashed, stored, signed, revealed."""
    home = workshop.new_home("publishing")
    made = [entry(record(n)) for n in range(workshop.size.entries)]

    async def run() -> float:
        async with opened(home) as parts:
            begun = time.perf_counter()
            await publish(parts, (Submission(header, body) for header, body in made))
            return time.perf_counter() - begun

    least_s = max(
        ceilings.sha256_s(BODY_BYTES) + 2 * ceilings.sha256_s(HEADER_BYTES),
        (BODY_BYTES + HEADER_BYTES) / ceilings.disk_bytes_per_s(workshop.folder),
    )
    return Figure(
        name="publish_entries_per_s",
        value=len(made) / trio.run(run),
        unit="entries/s",
        target=15_000,
        ceiling=1 / least_s,
        note="header and body given as bytes",
    )


def single_ms(workshop: Workshop) -> Figure:
    """One entry at a time, from the submission to its receipt."""
    home = workshop.new_home("singles")

    async def one(parts: Parts, n: int) -> float:
        origin = await origin_of(parts)
        submission = Submission(*entry(record(n)))
        begun = time.perf_counter()
        await parts.sequencing.submit(origin, [submission])
        return time.perf_counter() - begun

    async def run() -> list[float]:
        async with opened(home) as parts:
            return [await one(parts, n) for n in range(workshop.size.singles)]

    return Figure(
        name="publish_p50_ms",
        value=1000 * statistics.median(trio.run(run)),
        unit="ms",
        ceiling=1000 * (ceilings.append_s(workshop.folder) + ceilings.signature_s()),
        is_cost=True,
        note="three commits: entry, signer's memory, head",
    )
