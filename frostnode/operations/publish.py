"""Publish and withdraw: records in, receipts out, nothing acknowledged before it is durable and signed."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from frostnode.operations.parts import Json, Params, Parts, Progress
from frostnode.ports import LogReader
from frostnode.project.stage import catch_up
from frostnode.protocol.limits import PUBLISH_BATCH_BYTES_MAX, PUBLISH_BATCH_RECORDS_MAX
from frostnode.protocol.names import parse_did_url
from frostnode.publish.submit import Checked, Checker, Place, open_place


async def publish(parts: Parts, params: Params, progress: Progress) -> Json:
    """Publish `records` (maps with type, key and fields, in lossless JSON form) for `did`.

    Answers {did, dry_run, records: [{url, status: published | unchanged | blocked | would publish, header, origin, index}]};
    what is published says too which entry it `replaces`, if any. With `expected` nothing is published over another entry
    than this one (`Checked.check_expected`).
    """
    place = await parts.read(lambda reader: open_place(reader, params.get("did")))
    dry_run = bool(params.get("dry_run"))
    checker = Checker(parts.log, parts.catalog, parts.clock, parts.random)
    records: Sequence[Any] = params["records"]
    results: list[Json] = []
    if not dry_run and (why := parts.start_check.waiting.get(place.origin)):
        await progress(f"publishing waits: {why}", 0, None)
    for at in range(0, len(records), PUBLISH_BATCH_RECORDS_MAX):
        batch = records[at : at + PUBLISH_BATCH_RECORDS_MAX]
        async with _writing(parts, place, map(_name, batch), dry_run=dry_run):
            checked = await parts.worker.run(partial(checker.check, place, batch))
            _check_expected(checked, params)
            results += await _submit(parts, place, checked, dry_run=dry_run)
        await progress("publishing", len(results), len(records))
    return {"did": place.did, "dry_run": dry_run, "records": results}


async def withdraw(parts: Parts, params: Params, progress: Progress) -> Json:
    """Withdraw the record `url`: its key gets a tombstone, its history stays."""
    url = parse_did_url(params["url"])
    place = await parts.read(lambda reader: open_place(reader, url.did))
    dry_run = bool(params.get("dry_run"))
    checker = Checker(parts.log, parts.catalog, parts.clock, parts.random)
    async with _writing(parts, place, [f"{url.type}/{url.key}"], dry_run=dry_run):
        checked = await parts.worker.run(lambda: checker.withdrawal(place, url))
        _check_expected([checked], params)
        results = await _submit(parts, place, [checked], dry_run=dry_run)
    return {"did": place.did, "dry_run": dry_run, "records": results}


def _name(record: Any) -> str:
    """Of a record that nobody has checked."""
    return f"{record.get('type')}/{record.get('key')}" if isinstance(record, Mapping) else ""


@asynccontextmanager
async def _writing(parts: Parts, place: Place, names: Iterable[str], *, dry_run: bool) -> AsyncIterator[None]:
    """Hold records of a publisher while they are checked and written.

    What is published is known from the catalog: it is brought up to date first. What an error left waiting for its signature is
    finished before: who tries again after it publishes nothing twice.
    """
    held = () if dry_run else [f"{place.did}/{name}" for name in names]
    async with parts.writing.of(held):
        if not dry_run and await parts.read(lambda reader: _waits(reader, place)):
            await parts.sequencing.submit(place.origin, [])
        await catch_up(parts.worker, parts.catalog_fold)
        yield


def _check_expected(checked: Sequence[Checked], params: Params) -> None:
    if params.get("expected") is not None:
        for item in checked:
            item.check_expected(str(params["expected"]))


def _waits(reader: LogReader, place: Place) -> bool:
    state = reader.log(place.origin)
    return state is not None and state.served < state.held.size


async def _submit(parts: Parts, place: Place, checked: list[Checked], *, dry_run: bool) -> list[Json]:
    """Hand what changed to the log; answers all, in order."""
    results: list[Json] = [{"url": str(item.url), **_standing(item)} for item in checked]
    for batch in () if dry_run else _batches(checked):
        receipts = await parts.sequencing.submit(place.origin, [checked[at].submission for at in batch])
        for at, receipt in zip(batch, receipts, strict=True):
            results[at] |= {
                "status": "published",
                "header": str(receipt.header),
                "origin": place.origin,
                "index": receipt.index,
                "replaces": checked[at].replaced or None,
            }
    return results


def _standing(item: Checked) -> Json:
    """What is to be done with a record."""
    if item.blocked:
        return {"status": "blocked", "reason": item.blocked}
    if item.changed or item.current is None:
        return {"status": "would publish"}
    now = item.current
    return {"status": "unchanged", "header": str(now.header), "origin": now.origin, "index": now.index}


def _batches(checked: list[Checked]) -> Iterator[list[int]]:
    """The places of what changed, in batches of at most PUBLISH_BATCH_BYTES_MAX of bodies."""
    batch: list[int] = []
    weight = 0
    for at, item in enumerate(checked):
        if not item.changed:
            continue
        size = len(item.submission.body or b"")
        if batch and weight + size > PUBLISH_BATCH_BYTES_MAX:
            yield batch
            batch, weight = [], 0
        batch.append(at)
        weight += size
    if batch:
        yield batch
