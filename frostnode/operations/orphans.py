"""Entries of a publisher that count no more: list them, fetch them from a host that has them, publish them anew."""

import json
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from frostnode.log.orphans import Orphan, orphans_of, standing_of
from frostnode.log.sequencer import Submission
from frostnode.log.withheld import check_shown
from frostnode.operations.parts import Json, Params, Parts, Progress
from frostnode.ports import CatalogReader, LogReader
from frostnode.project.stage import catch_up
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.entry import header_cid, parse_header
from frostnode.protocol.errors import FrostError, LocalError, LogError, PeerError, brief
from frostnode.protocol.limits import (
    BODY_BYTES_MAX,
    HEADER_BYTES_MAX,
    ORPHAN_PAGES_MAX,
    ORPHANS_PAGE_MAX,
    PUBLISH_BATCH_BYTES_MAX,
)
from frostnode.protocol.names import Did, Origin, parse_did, parse_origin, url_of
from frostnode.publish.submit import open_place
from frostnode.replicate.node_url import node_url

_PAGE_BYTES_MAX: Final = ORPHANS_PAGE_MAX * (2 * HEADER_BYTES_MAX + 512) + 4096


@dataclass(frozen=True, slots=True)
class _Found:
    """A header that somebody has as an orphan, and why it may or may not be published anew."""

    leaf: bytes
    body: Cid | None
    line: Json


async def orphans(parts: Parts, params: Params, progress: Progress) -> Json:
    """Orphans of `did` that are held here, or at the node `url`: {did, orphans: [{origin, index, …, status}]}.

    `status` is orphaned, published (again), or written since (its key was). `proven`: a tree that the epoch's key has
    signed has it here; of all others the node `url` alone says that they ever were.
    """
    did = parse_did(str(params["did"]))
    found = await _found(parts, did, params.get("url"), progress)
    return {"did": did, "orphans": [one.line for one in found]}


async def republish(parts: Parts, params: Params, progress: Progress) -> Json:
    """Publish orphans of `did` anew as the same bytes: those whose key was not written since, or with `all` every one.

    Answers {did, records: [{…, status: published | lost | written since}]}; lost are those whose body nobody has.
    """
    did = parse_did(str(params["did"]))
    place = await parts.read(lambda reader: open_place(reader, did))
    found = await _found(parts, did, params.get("url"), progress)
    wanted = {"orphaned", "written since"} if params.get("all") else {"orphaned"}
    due = [one for one in found if one.line["status"] in wanted]
    url = params.get("url")
    done = 0
    batch: list[Submission] = []
    weight = 0
    for one in due:
        body = None if one.body is None else await _body(parts, one.body, url)
        if one.body is not None and body is None:
            one.line["status"] = "lost"
            continue
        batch.append(Submission(one.leaf, body))
        weight += len(body or b"")
        one.line["status"] = "published"
        if weight >= PUBLISH_BATCH_BYTES_MAX:
            done += len(await parts.sequencing.submit(place.origin, batch))
            batch, weight = [], 0
            await progress("publishing anew", done, len(due))
    if batch:
        await parts.sequencing.submit(place.origin, batch)
    return {"did": did, "records": [one.line for one in found if one.line["status"] != "orphaned"]}


async def page_of_orphans(parts: Parts, did: Did, page: int) -> Json:
    """A page of the orphans that are held here, for other nodes: {orphans: [{header, origin, index}], next}.

    Raises:
        LocalError: publisher.unknown, record.withheld
    """

    def run(reader: LogReader) -> Json:
        check_shown(reader, did)
        if reader.history(did) is None:
            raise LocalError("publisher.unknown", did)
        start = page * ORPHANS_PAGE_MAX
        some = list(islice(orphans_of(reader, did), start, start + ORPHANS_PAGE_MAX + 1))
        return {
            "orphans": [
                {"header": one.leaf.hex(), "origin": one.origin, "index": one.index}
                for one in some[:ORPHANS_PAGE_MAX]
            ],
            "next": page + 1 if len(some) > ORPHANS_PAGE_MAX else None,
        }

    return await parts.read(run)


async def _found(parts: Parts, did: Did, url: Any, progress: Progress) -> list[_Found]:
    """Orphans that are held here, and those of another node; each header once."""
    await catch_up(parts.worker, parts.catalog_fold)
    told = [] if url is None else await _told(parts, did, node_url(str(url)), progress)

    def run() -> list[_Found]:
        with parts.log.read() as log, parts.catalog.read() as catalog:
            held = {one.leaf: one for one in orphans_of(log, did)}
            once = {one.leaf: one for one in told} | held
            ordered = sorted(once.values(), key=lambda one: (parse_origin(one.origin).epoch, one.index))
            return [_judged(catalog, did, one, is_proven=one.leaf in held) for one in ordered]

    return await parts.worker.run(run)


def _judged(catalog: CatalogReader, did: Did, orphan: Orphan, *, is_proven: bool) -> _Found:
    header = orphan.header
    line = {
        "url": url_of(did, header.type, header.key),
        "header": str(header_cid(orphan.leaf)),
        "op": str(header.op),
        "time_ms": header.time,
        "origin": orphan.origin,
        "index": orphan.index,
        "status": standing_of(catalog, did, orphan),
        "proven": is_proven,
    }
    return _Found(orphan.leaf, header.body, line)


async def _told(parts: Parts, did: Did, url: str, progress: Progress) -> list[Orphan]:
    """What another node has: nobody but the publisher says that it is to be published anew, so nothing is believed of it."""
    found: list[Orphan] = []
    page: int | None = 0
    while page is not None and page < ORPHAN_PAGES_MAX:
        raw = await parts.transport.fetch(f"{url}/frost/{did}/orphans/{page}", bytes_max=_PAGE_BYTES_MAX)
        lines, page = _read_page(raw, did, page)
        found += lines
        await progress("fetching orphans", len(found), None)
    return found


def _read_page(raw: bytes, did: Did, page: int) -> tuple[list[Orphan], int | None]:
    """Read what a node answers.

    Raises:
        LogError: heads.malformed
    """
    try:
        said = json.loads(raw)
        lines = [_read_line(line, did) for line in said["orphans"][:ORPHANS_PAGE_MAX]]
        following = said["next"]
    except (ValueError, KeyError, TypeError, RecursionError, PeerError) as error:
        raise LogError("heads.malformed", f"page {page} of orphans: {error}") from error
    if following is not None and following != page + 1:
        raise LogError("heads.malformed", "next page of orphans", found=following, expected=page + 1)
    return lines, following


def _read_line(line: dict[str, Any], did: Did) -> Orphan:
    leaf, origin, index = bytes.fromhex(line["header"]), str(line["origin"]), line["index"]
    if parse_origin(origin).did != did or type(index) is not int:
        raise ValueError(f"an entry of {brief(origin)}")
    return Orphan(Origin(origin), index, leaf, parse_header(leaf))


async def _body(parts: Parts, cid: Cid, url: Any) -> bytes | None:
    """A body from here, or from the other node."""
    found = await parts.read(lambda reader: reader.body(cid))
    if isinstance(found, bytes) or url is None:
        return found if isinstance(found, bytes) else None
    try:
        return await parts.transport.fetch(f"{node_url(str(url))}/frost/body/{cid}", bytes_max=BODY_BYTES_MAX)
    except FrostError:
        return None
