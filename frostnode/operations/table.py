"""Every operation by its name: what the control socket and the command line can ask."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from frostnode.operations import (
    archive,
    block,
    erase,
    evidence,
    follow,
    identity,
    lineage,
    local,
    local_notices,
    maintain,
    move,
    orphans,
    peers,
    policy,
    proof,
    publish,
    read,
    resolve,
    search,
    sessions,
    site,
    subscribers,
    subscriptions,
    tokens,
    versions,
)
from frostnode.operations.own_names import in_full
from frostnode.operations.parts import Json, Params, Parts, Progress
from frostnode.protocol.errors import LocalError

Operation: TypeAlias = Callable[[Parts, Params, Progress], Awaitable[Json]]

OPERATIONS: Final[dict[str, tuple[tuple[str, ...], Operation]]] = {
    "resolve": (("name",), resolve.resolve),
    "handle check": ((), resolve.check_handle),
    "publish": (("records",), publish.publish),
    "withdraw": (("url",), publish.withdraw),
    "version": (("dataset", "label"), local.version),
    "versions": (("url",), local.versions),
    "diff": (("a", "b"), versions.diff),
    "forget-local": (("url",), local.forget),
    "deprecate": (("dataset",), versions.deprecate),
    "derive": (("target", "used"), local.derive),
    "lineage": (("url",), local.lineage),
    "citations": (("url",), lineage.citations),
    "follow": (("target",), follow.follow),
    "unfollow": (("target",), follow.unfollow),
    "peers": ((), peers.peers),
    "peers-add": (("url",), peers.add_peer),
    "peers-remove": (("url",), peers.remove_peer),
    "sync": ((), follow.sync),
    "subscribe": (("target",), subscriptions.subscribe),
    "unsubscribe": (("id",), subscriptions.unsubscribe),
    "subscriptions": ((), subscriptions.subscriptions),
    "subscription test": (("id",), subscriptions.test),
    "subscription pause": (("id",), subscriptions.pause),
    "subscription resume": (("id",), subscriptions.resume),
    "subscribers": (("url",), subscribers.subscribers),
    "token create": (("scopes", "lifetime_s"), tokens.create),
    "token link": (("scopes",), sessions.link),
    "token list": ((), tokens.tokens),
    "token revoke": (("id",), tokens.revoke),
    "inbox page": ((), subscriptions.inbox_page),
    "changes": (("target",), local_notices.changes),
    "inbox": ((), local_notices.inbox),
    "inbox read": ((), local_notices.read_inbox),
    "search": (("query",), search.search),
    "similar": (("url",), search.similar),
    "show": (("url",), read.show),
    "log": ((), read.log),
    "records": ((), read.records),
    "survey": (("did",), move.survey_carriers),
    "orphans": (("did",), orphans.orphans),
    "republish": (("did",), orphans.republish),
    "take-event": (("did", "event"), move.take_event),
    "publishers": ((), read.publishers),
    "publisher": (("did",), read.publisher),
    "status": ((), local.status),
    "policy": ((), policy.show),
    "policy refusals": ((), policy.refusals),
    "policy reload": ((), policy.reload),
    "proof": (("url",), proof.proof),
    "evidence": (("target",), evidence.evidence),
    "identity": (("did",), identity.identity),
    "awaits": ((), identity.awaits),
    "export": (("file",), archive.export),
    "export-all": (("folder",), archive.export_all),
    "export-static": (("folder",), site.export_static),
    "import-archive": (("files",), archive.import_archives),
    "follow-from": (("file",), archive.follow_from),
    "erase": (("target", "reason"), erase.erase),
    "block": (("target", "reason"), block.block),
    "unblock": (("target",), block.unblock),
    "withheld": ((), block.withheld),
    "fsck": ((), maintain.fsck),
    "reindex": ((), maintain.reindex),
}
"""Name: the parameters that must be there, and what is run."""


async def operate(parts: Parts, operation: str, params: Params, progress: Progress) -> Json:
    """Run the operation of that name.

    Raises:
        LocalError: usage, for an unknown name or a missing parameter
    """
    if operation not in OPERATIONS:
        raise LocalError("usage", "operation", found=operation, expected=", ".join(OPERATIONS))
    wanted, run = OPERATIONS[operation]
    for name in wanted:
        if params.get(name) is None:
            raise LocalError(
                "usage", f"operation {operation}", found=sorted(params), expected=f"a parameter {name}"
            )
    return await run(parts, await in_full(parts, operation, params), progress)
