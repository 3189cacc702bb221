"""Erase content from this node for good: bodies, or headers down to their leaf hashes (spec/05-sync.md#withholding)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Final

from frostnode.log.content import headers_of
from frostnode.log.withheld import withheld_error
from frostnode.operations.parts import Json, Params, Parts, Progress
from frostnode.operations.scrub import scrub
from frostnode.ports import ArrivalKind, LogReader, LogWriter
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.entry import Header, header_cid
from frostnode.protocol.errors import LocalError, StorageError
from frostnode.protocol.limits import LISTING_MAX, REASON_CHARS_MAX, TILE_WIDTH
from frostnode.protocol.names import Did, DidUrl, Origin, parse_did, parse_did_url
from frostnode.protocol.withheld import Withheld

ERASED: Final = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An entry to erase something of, wherever it stands: counted, orphaned, or waiting for its signature."""

    did: Did
    origin: Origin
    index: int
    leaf: bytes
    header: Header


async def erase(parts: Parts, params: Params, progress: Progress) -> Json:
    """Erase what `target` names: a publisher by its DID, else a record or entry by its DID URL.

    `header`: erase headers too; `all_entries`: all entries of the record; `reason`: public; `dry_run`.
    Answers {target, what, reason, dry_run, hosted, entries: [{origin, index, header, body, status}], total, erased, gone}.
    """
    name, reason = str(params["target"]), check_reason(params.get("reason"))
    header, dry_run = bool(params.get("header")), bool(params.get("dry_run"))
    did, targets, gone_before = await parts.worker.run(
        partial(find_targets, parts, name, all_entries=bool(params.get("all_entries")))
    )
    hosted = did in await parts.read(lambda reader: {item.did for item in reader.hosted()})
    done = await parts.worker.run(lambda: _erase(parts, targets, reason, header=header, dry_run=dry_run))
    parts.arrived.ring()
    gone = await settle(parts, targets if header else [], progress) if not dry_run else False
    lines = gone_before + [
        _line(target, is_new, dry_run=dry_run) for target, is_new in zip(targets, done, strict=True)
    ]
    return {
        "target": name,
        "what": "header" if header else "body",
        "reason": reason,
        "dry_run": dry_run,
        "hosted": hosted,
        "entries": lines[:LISTING_MAX],
        "total": len(lines),
        "erased": sum(done),
        "gone": gone,
    }


def check_reason(reason: object) -> str:
    """A reason that everyone may read.

    Raises:
        LocalError: usage
    """
    text = reason.strip() if isinstance(reason, str) else ""
    if not text or len(text) > REASON_CHARS_MAX or not text.isprintable():
        raise LocalError(
            "usage",
            "reason, which everyone will see",
            found=f"{len(text)} characters",
            expected=f"1 to {REASON_CHARS_MAX} on one line",
        )
    return text


async def settle(parts: Parts, headers_gone: Iterable[Target], progress: Progress) -> bool:
    """Let the views follow what was erased, and overwrite it everywhere; answers whether nothing is left."""
    records = {(target.did, str(target.header.type), str(target.header.key)) for target in headers_gone}
    try:
        await parts.project()
        if records:
            await parts.worker.run(lambda: parts.index_fold.look_again(records))
        return await scrub(parts, progress)
    except StorageError:  # what is erased is erased; the overwriting is noted and made up for
        return False


# -- what is meant ----------------------------------------------------------------------------------------


def find_targets(parts: Parts, name: str, *, all_entries: bool) -> tuple[Did, list[Target], list[Json]]:
    """The publisher, the entries that a name means, and lines for what was erased before and is named by its hash.

    Raises:
        LocalError: publisher.unknown, record.not-found, usage; NameError_
    """
    if "/" not in name:
        did = parse_did(name)
        with parts.log.read() as log:
            return did, list(_entries(log, did)), []
    url = parse_did_url(name)
    if all_entries and url.cid is not None:
        raise LocalError("usage", name, expected="a record without ?cid=, to erase all of its entries")
    with parts.log.read() as log:
        found = entries_of(log, url)
        cid = url.cid or _current(log, found)
        if not all_entries:
            found = [target for target in found if header_cid(target.leaf) == cid]
        erased = log.withheld_header(url.cid) if url.cid is not None else None
    if not found and erased is None:
        raise LocalError("record.not-found", f"{url} is not here")
    return url.did, found, [] if erased is None or found else [_erased_before(erased)]


def entries_of(log: LogReader, url: DidUrl) -> list[Target]:
    """All entries of a record, blocked or not.

    Raises:
        LocalError: publisher.unknown
    """
    record = (url.type, url.key)
    return [one for one in _entries(log, url.did) if (one.header.type, one.header.key) == record]


def _current(log: LogReader, found: list[Target]) -> Cid | None:
    """The header of the last of these entries that counts."""
    counted = {
        state.origin: (at, state.counted) for at, state in enumerate(log.logs(found[0].did) if found else [])
    }
    count = [target for target in found if target.index < counted.get(target.origin, (0, 0))[1]]
    last = max(count, key=lambda target: (counted[target.origin][0], target.index), default=None)
    return None if last is None else header_cid(last.leaf)


def _entries(log: LogReader, did: Did) -> Iterator[Target]:
    """The entries of a publisher, in all of its logs."""
    origins = log.origins(did)
    if not origins:
        raise LocalError("publisher.unknown", f"{did} is not carried here")
    for origin in origins:
        state = log.log(origin)
        for index, leaf, header in headers_of(log, origin, 0, state.held.size if state else 0):
            yield Target(did=did, origin=origin, index=index, leaf=leaf, header=header)


# -- what is done -----------------------------------------------------------------------------------------


def _erase(parts: Parts, targets: list[Target], reason: str, *, header: bool, dry_run: bool) -> list[bool]:
    """Erase in one transaction, with an arrival for every entry that is touched; answers of which it is new."""
    if dry_run:
        with parts.log.read() as reader:
            return [header or _is_left(reader, target) for target in targets]
    with parts.log.write() as writer:
        # Nothing can arrive meanwhile: once the catalog is up to date it knows all that names these bodies.
        while parts.catalog_fold.step():
            pass
        return withhold(parts, writer, targets, reason, header=header)


def _is_left(reader: LogReader, target: Target) -> bool:
    return target.header.body is not None and not isinstance(reader.body(target.header.body), Withheld)


def withhold(
    parts: Parts, writer: LogWriter, targets: list[Target], reason: str, *, header: bool
) -> list[bool]:
    """Erase within a transaction, before which the catalog has followed all arrivals."""
    done: dict[tuple[Origin, int], bool] = {}
    new: set[Cid] = set()
    for origin, group in groupby(targets, attrgetter("origin")):
        some = list(group)
        indexes = [target.index for target in some]
        for target, is_new in zip(some, writer.withhold_bodies(origin, indexes, ERASED, reason), strict=True):
            done[origin, target.index] = is_new or header
            if is_new and target.header.body is not None:
                new.add(target.header.body)
        if header:
            writer.withhold_leaves(origin, indexes, ERASED, reason)
    touched = {
        (target.did, target.origin, target.index) for target in targets if header or target.header.body in new
    }
    if new:
        with parts.catalog.read() as catalog:
            touched.update((did, origin, index) for did, origin, index, _ in catalog.naming(new))
    for did, origin, start, stop in runs_of(touched):
        writer.arrive(ArrivalKind.ERASED, did, origin, start, stop)
    return [done[target.origin, target.index] for target in targets]


def runs_of(entries: Iterable[tuple[Did, Origin, int]]) -> Iterator[tuple[Did, Origin, int, int]]:
    """Neighbouring entries together, as arrivals may name them: within one bundle."""
    run: tuple[Did, Origin, int, int] | None = None
    for did, origin, index in sorted(entries):
        if run is not None and run[1] == origin and run[3] == index and index % TILE_WIDTH:
            run = (did, origin, run[2], index + 1)
            continue
        if run is not None:
            yield run
        run = (did, origin, index, index + 1)
    if run is not None:
        yield run


# -- what is said of it -----------------------------------------------------------------------------------


def _line(target: Target, is_new: bool, *, dry_run: bool) -> Json:
    if is_new:
        status = "would erase" if dry_run else ERASED
    else:
        status = "nothing to erase" if target.header.body is None else "erased before"
    return {
        "origin": target.origin,
        "index": target.index,
        "header": str(header_cid(target.leaf)),
        "body": str(target.header.body) if target.header.body else None,
        "status": status,
    }


def _erased_before(found: Withheld) -> Json:
    return {
        "origin": found.origin,
        "index": found.index,
        "header": None,
        "body": None,
        "status": "erased before",
        "reason": str(withheld_error(found)),
    }
