"""What this node is, hosts, carries and follows."""

from collections.abc import Sequence

from frostnode.log.left import CHANGED_SINCE, TO_GO_ON, Left, left
from frostnode.log.sequencer import TO_ROTATE, is_refused
from frostnode.neighbours import Hosted
from frostnode.operations.around import lease_json, offers_json, peer_json
from frostnode.operations.badges import Badges
from frostnode.operations.duplicity import forked_json
from frostnode.operations.parts import Json, Params, Parts, Progress
from frostnode.operations.read import log_json, shown_dids
from frostnode.operations.vouch import asked_json, witnesses_json
from frostnode.ports import CatalogReader, LogReader
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import LISTING_MAX
from frostnode.protocol.log_state import LogState
from frostnode.protocol.names import Origin, parse_origin


async def status(parts: Parts, params: Params, progress: Progress) -> Json:
    """What this node is, hosts, carries and follows; `troubles`: what the disk refuses parts of it, by their names."""

    def run() -> Json:
        with parts.catalog.read() as catalog, parts.log.read() as log:
            last = log.last_arrival()
            return {
                "name": parts.name,
                "url": parts.url,
                "database": log.database.hex(),
                "carry": str(parts.carrying.policy.mode),
                "records": catalog.counts(),
                "publishers": len(shown_dids(log)),
                "hosted": [_hosted_json(parts, log, catalog, item) for item in _newest(log.hosted())],
                "witness": parts.witness.cosigner.vkey,
                "trusted": [{"vkey": witness.vkey, "url": witness.url} for witness in parts.trusted],
                "not_cosigned": dict(parts.witnessing.refused),
                "peers": [peer_json(parts, peer) for peer in log.peers()],
                "followed": log.followed(),
                "forked": forked_json(log, LISTING_MAX),
                "disputed": [_disputed_json(log, origin) for origin in log.disputed()],
                "offers": offers_json(parts),
                "leases": [lease_json(lease) for lease in log.leases()],
                "arrivals": last,
                "catalog_behind": last - catalog.cursor(),
                "search_behind": last - parts.index.cursor(),
                "troubles": dict(parts.troubles),
            }

    return await parts.worker.run(run)


def _newest(hosted: Sequence[Hosted]) -> list[Hosted]:
    """Of each publisher the epoch that was hosted last."""
    ordered = sorted(hosted, key=lambda item: parse_origin(item.origin).epoch)
    return list({item.did: item for item in ordered}.values())


def _hosted_json(parts: Parts, log: LogReader, catalog: CatalogReader, hosted: Hosted) -> Json:
    state = log.log(hosted.origin)
    if state is None:
        raise LocalError("publisher.unknown", f"{hosted.origin} is hosted but not stored")
    gone = left(log, hosted.did)
    return {
        "did": hosted.did,
        "badge": Badges(parts, catalog, log).badge(hosted.did),
        "moved_to": None if gone is None or gone.is_here else gone.where,
        "publishing_waits": _waits(parts, log, state, gone),
        **log_json(state),
        "witnesses": witnesses_json(parts, log, catalog, state),
        "asked": asked_json(parts, hosted.origin),
    }


def _waits(parts: Parts, log: LogReader, state: LogState, gone: Left | None) -> str | None:
    """Why nothing is signed now, and what to do; None when it may be."""
    if gone is not None and gone.is_here:
        return f"{CHANGED_SINCE}: {TO_GO_ON}"
    if parts.start_check.is_copy:
        return "this home was copied or put back: `frost serve --i-am-the-only-copy` if no other one runs"
    if is_refused(log, state):
        return f"the signer remembers another tree of this log than is here: {TO_ROTATE}"
    return parts.start_check.waiting.get(state.origin)


def _disputed_json(log: LogReader, origin: Origin) -> Json:
    state = log.log(origin)
    return {"did": parse_origin(origin).did, **(log_json(state) if state else {})}
