"""Overwrite what was erased wherever it may still lie: beside the pages of the store, and in the views.

Rule: an erasure is done with its commit, and that notes what is still to be scrubbed. Each step may be cut off
and repeated: a place is struck off only when nothing of what was noted before the step can be left there.
"""

from collections.abc import Callable

from frostnode.operations.parts import Parts, Progress


async def scrub(parts: Parts, progress: Progress) -> bool:
    """Scrub every place that is noted; False while a reader still needs one of them: try again later."""
    async with parts.scrubbing:
        noted = await parts.read(lambda reader: reader.scrubs())
        if not noted:
            return True
        await parts.project()
        clean = True
        for at, place in enumerate(noted):
            await progress(f"overwriting in the {place}", at, len(noted))
            if await parts.worker.run(_steps(parts)[place]):
                await parts.worker.run(lambda place=place: _strike_off(parts, place, noted[place]))  # type: ignore[misc]
            else:
                clean = False
        return clean


def _steps(parts: Parts) -> dict[str, Callable[[], bool]]:
    return {"store": parts.log.scrub, "catalog": parts.catalog.scrub, "index": lambda: _renew(parts)}


def _renew(parts: Parts) -> bool:
    parts.index_fold.renew()
    return True


def _strike_off(parts: Parts, place: str, arrival: int) -> None:
    with parts.log.write() as writer:
        writer.scrubbed(place, arrival)
