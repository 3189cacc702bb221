"""Look after a home: re-derive everything from bytes, rebuild the views."""

from frostnode.log.fsck import fsck as check
from frostnode.operations.parts import Json, Params, Parts, Progress, telling


async def fsck(parts: Parts, params: Params, progress: Progress) -> Json:
    """Derive everything that is held again from its bytes: {logs, entries, bodies, …, findings: […]}."""
    seen = ("checking", 0)

    def look(what: str, done: int) -> None:
        nonlocal seen
        seen = (what, done)

    cursors = {
        "catalog": await parts.read_catalog(lambda catalog: catalog.cursor()),
        "search": parts.index.cursor(),
    }
    async with telling(progress, lambda: seen):
        report = await parts.worker.run(lambda: check(parts.log, look, cursors, parts.witness))
    return report.as_json()


async def reindex(parts: Parts, params: Params, progress: Progress) -> Json:
    """Drop both views and fold them again from the first arrival: {arrivals, records}."""
    await parts.worker.run(parts.catalog.clear)
    await parts.worker.run(parts.index.clear)
    total = await parts.read(lambda reader: reader.last_arrival())
    for what, view in (
        ("folding", parts.catalog_fold),
        ("indexing", parts.index_fold),
    ):
        while await parts.worker.run(view.step):
            done = (
                parts.index.cursor() if what == "indexing" else await parts.read_catalog(lambda c: c.cursor())
            )
            await progress(what, done, total)
    return {"arrivals": total, "records": await parts.read_catalog(lambda catalog: catalog.counts())}
