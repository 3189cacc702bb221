"""Block publishers and records: neither taken nor shown here, until they are unblocked; and list all that is withheld."""

from typing import Final

from frostnode.log.withheld import withheld_line
from frostnode.operations.erase import (
    Target,
    check_reason,
    entries_of,
    find_targets,
    runs_of,
    settle,
    withhold,
)
from frostnode.operations.parts import Json, Params, Parts, Progress
from frostnode.ports import ArrivalKind, LogReader, LogWriter
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import HEADS_PAGE_MAX
from frostnode.protocol.names import DidUrl, parse_did, parse_did_url
from frostnode.protocol.withheld import Block
from frostnode.replicate.scope import ask_again

_BLOCKED: Final = "blocked"


async def block(parts: Parts, params: Params, progress: Progress) -> Json:
    """Block `target`, a publisher (DID) or record (DID URL), for a public `reason`; `erase`: its bodies too; `dry_run`.

    A publisher hosted here is blocked only when `hosted` says so: nobody could publish in its name any more.
    Answers {target, reason, dry_run, hosted, status: blocked | would block | blocked before, erased, gone}.
    """
    wanted = _parse(parts, str(params["target"]), check_reason(params.get("reason")))
    erase, dry_run = bool(params.get("erase")), bool(params.get("dry_run"))
    hosted = wanted.did in await parts.read(lambda reader: {item.did for item in reader.hosted()})
    if hosted and not wanted.type and not params.get("hosted"):
        raise LocalError(
            "usage",
            f"{wanted.did} is hosted here: blocked, it could not be published to, and its log be had from nowhere",
            hint="block its records, or say --hosted",
        )
    if dry_run:
        known = await parts.read(lambda reader: _find(reader, wanted))
        status, erased, gone = "would block" if known is None else f"{_BLOCKED} before", 0, False
    else:
        is_new, erased = await parts.worker.run(lambda: _block(parts, wanted, erase=erase))
        status = _BLOCKED if is_new else f"{_BLOCKED} before"
        parts.arrived.ring()
        gone = await settle(parts, [], progress)
    return {
        "target": wanted.name,
        "reason": wanted.reason,
        "dry_run": dry_run,
        "hosted": hosted,
        "status": status,
        "erased": erased,
        "gone": gone,
    }


def _parse(parts: Parts, target: str, reason: str) -> Block:
    """What is to be blocked.

    Raises:
        LocalError: usage; NameError_
    """
    now = parts.clock.now_ms()
    if "/" not in target:
        return Block(did=parse_did(target), reason=reason, at_ms=now)
    url = parse_did_url(target)
    if url.cid is not None:
        raise LocalError("usage", target, expected="a record; one entry of it can be erased, not blocked")
    return Block(did=url.did, type=url.type, key=url.key, reason=reason, at_ms=now)


def _find(reader: LogReader, wanted: Block) -> Block | None:
    """The same block, if it stands."""
    found = (item for item in reader.blocks(wanted.did) if item.name == wanted.name)
    return next(found, None)


def _targets(parts: Parts, wanted: Block) -> list[Target]:
    """The entries that are here of what is named: none of somebody who was never heard of."""
    try:
        return find_targets(parts, wanted.name, all_entries=bool(wanted.type))[1]
    except LocalError as error:
        if error.code not in ("publisher.unknown", "record.not-found"):
            raise
        return []


def _block(parts: Parts, wanted: Block, *, erase: bool) -> tuple[bool, int]:
    """Block, and erase, in one transaction; answers whether it is new, and how many bodies were erased."""
    with parts.log.write() as writer:
        while parts.catalog_fold.step():
            pass
        targets = _targets(parts, wanted)
        is_new = _find(writer, wanted) is None
        writer.put_block(wanted)
        if is_new:
            writer.block_bodies(wanted, _only_named_by(parts, targets))
            _announce(writer, wanted, targets)
        erased = withhold(parts, writer, targets, wanted.reason, header=False) if erase else []
    return is_new, sum(erased)


def _only_named_by(parts: Parts, targets: list[Target]) -> set[Cid]:
    """The bodies of these entries that no other entry names: blocking one publisher takes nothing from another."""
    bodies = {target.header.body for target in targets if target.header.body is not None}
    places = {(target.origin, target.index) for target in targets}
    with parts.catalog.read() as catalog:
        named = catalog.naming(bodies) if bodies else []
    return bodies - {body for _, origin, index, body in named if (origin, index) not in places}


def _announce(writer: LogWriter, wanted: Block, targets: list[Target]) -> None:
    """One arrival for a publisher; for a record one for each run of its entries."""
    if not wanted.type:
        writer.arrive(ArrivalKind.BLOCKED, wanted.did)
    for did, origin, start, stop in runs_of((t.did, t.origin, t.index) for t in targets if wanted.type):
        writer.arrive(ArrivalKind.BLOCKED, did, origin, start, stop)


async def unblock(parts: Parts, params: Params, progress: Progress) -> Json:
    """Block `target` no longer: what was kept is shown again, what was passed over is asked for again.

    Answers {target, status: unblocked | not blocked}.
    """
    wanted = _parse(parts, str(params["target"]), "")

    def run() -> bool:
        with parts.log.write() as writer:
            if _find(writer, wanted) is None:
                return False
            writer.remove_block(wanted)
            _announce(writer, wanted, _kept(writer, wanted))
            ask_again(writer, wanted.did)
            return True

    was_blocked = await parts.worker.run(run)
    parts.arrived.ring()
    parts.peers_changed.ring()
    await parts.project()
    return {"target": wanted.name, "status": "unblocked" if was_blocked else "not blocked"}


def _kept(reader: LogReader, wanted: Block) -> list[Target]:
    if not wanted.type or not reader.origins(wanted.did):
        return []
    return entries_of(reader, _url(wanted))


def _url(wanted: Block) -> DidUrl:
    return parse_did_url(wanted.name)


async def withheld(parts: Parts, params: Params, progress: Progress) -> Json:
    """The public list of what this node withholds: a `page` of it: {withheld: [{kind, …, state, reason}], next}."""
    page = int(params.get("page") or 0)
    found = await parts.read(lambda reader: reader.withheld(page))
    return {
        "withheld": [withheld_line(item) for item in found],
        "next": page + 1 if len(found) == HEADS_PAGE_MAX else None,
    }
