"""Overwrite what was erased wherever it may still lie: beside the pages of the store, and in the views.

Rule: an erasure is done with its commit, and that notes what is still to be scrubbed. Each step may be cut off
and repeated: a place is struck off only when nothing of what was noted before the step can be left there.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from frostnode.operations.parts import Parts, Progress

_CLEAN: Final = "scrubbed up to this arrival: "
"""Before the name of a place: the setting that says so."""


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
                await parts.worker.run(partial(_strike_off, parts, place, noted[place]))
            else:
                clean = False
        return clean


async def drop_old_views(parts: Parts) -> None:
    """Empty a view that somebody put back from before an erasure. To be called before it is shown or follows anything.

    It would follow the erasure once more. But until then it shows what was erased, what is taken out of it may stay in
    its files, and of an erased header no arrival says whose it was.

    Raises:
        StorageError
    """
    cursors = {
        "catalog": await parts.read_catalog(lambda catalog: catalog.cursor()),
        "index": await parts.worker.run(parts.index.cursor),
    }

    def drop() -> None:
        with parts.log.read() as reader:
            clean = {place: int(reader.setting(_CLEAN + place) or 0) for place in cursors}
        old = [place for place, cursor in cursors.items() if 0 < cursor < clean[place]]
        if old:
            with parts.log.write() as writer:
                for place in old:
                    writer.scrub_again(place, clean[place])
        if "catalog" in old:
            parts.catalog.clear()
        if "index" in old:
            parts.index.clear()

    await parts.worker.run(drop)


def _steps(parts: Parts) -> dict[str, Callable[[], bool]]:
    return {"store": parts.log.scrub, "catalog": parts.catalog.scrub, "index": lambda: _renew(parts)}


def _renew(parts: Parts) -> bool:
    parts.index_fold.renew()
    return True


def _strike_off(parts: Parts, place: str, arrival: int) -> None:
    with parts.log.write() as writer:
        writer.scrubbed(place, arrival)
        writer.put_setting(_CLEAN + place, str(arrival))
