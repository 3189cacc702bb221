"""What a name leads to: a DID, a DID URL, a handle, or any identifier that records claim."""

from typing import Final

from frostnode.log.content import readable_body
from frostnode.log.withheld import check_shown
from frostnode.operations import read
from frostnode.operations.badges import Badges
from frostnode.operations.duplicity import marks_json
from frostnode.operations.parts import Json, Params, Parts, Progress
from frostnode.ports import CatalogReader, LogReader
from frostnode.protocol.did_document import Described, describe
from frostnode.protocol.errors import LocalError
from frostnode.protocol.handles import WELL_KNOWN_PATH, Handle, parse_handle
from frostnode.protocol.history import History
from frostnode.protocol.identifiers import identifier
from frostnode.protocol.limits import CLAIMS_MAX
from frostnode.protocol.names import DID_PREFIX, Did, parse_did
from frostnode.protocol.records import PROFILE, PROFILE_KEY

_ABSENT: Final = "absent"
_WITHDRAWN: Final = "withdrawn"


async def resolve(parts: Parts, params: Params, progress: Progress) -> Json:
    """What `name` is: {kind: publisher, document, metadata, forks}, {kind: record, record} or {kind: identifier, identifier, claims}.

    Raises:
        NameError_: name.did, name.did-url, name.identifier
        LocalError: what `record_at` and `claims` say
    """
    name = str(params["name"])
    if not name.startswith(DID_PREFIX):
        return {"kind": "identifier", **await claims(parts, {"identifier": name}, progress)}
    if "/" in name:
        return {"kind": "record", "record": await record_at(parts, name, progress)}
    found = await did_document(parts, name)
    shown = await read.publisher(parts, {"did": name, "limit": 0}, progress)
    described = {"document": dict(found.document), "metadata": dict(found.metadata)}
    badge = {"publisher": shown["name"], "badge": shown["badge"], "forks": shown["forks"]}
    return {"kind": "publisher", **badge, **described}


async def record_at(parts: Parts, url: str, progress: Progress) -> Json:
    """The record that a DID URL names, its content with it. An exact entry stays what it was when it is withdrawn.

    Raises:
        LocalError: publisher.unknown, record.not-found; record.withdrawn; record.withheld, when all of it is;
            policy.type, when this node takes no such content; record.unreached, when it has come from nobody yet
    """
    shown = await read.show(parts, {"url": url}, progress)
    error = not_here(parts, shown, is_exact="?cid=" in url)
    if error is not None:
        raise error
    return shown


def not_here(parts: Parts, shown: Json, *, is_exact: bool) -> LocalError | None:
    """Why what a DID URL names cannot be given, None when it can; an entry that was asked for exactly may be a withdrawal."""
    url, content = shown["url"], shown["content"]
    if read.is_withheld(shown):
        return LocalError("record.withheld", f"{url}: {content['reason']}")
    if content["state"] == _WITHDRAWN and not is_exact:
        return LocalError("record.withdrawn", f"{url} is withdrawn", hint="?cid= shows what it was")
    if content["state"] == _ABSENT:
        if parts.carrying.types_refused([shown["type"]]) is not None:
            return LocalError("policy.type", f"{url}: {content['reason']}")
        return LocalError("record.unreached", f"{url}: {content['reason']}")
    return None


async def claims(parts: Parts, params: Params, progress: Progress) -> Json:
    """Who says to be what `identifier` names: {identifier, claims: [{url, title, publisher, badge, duplicity, …}]}, verified first.

    Found by the spelling that all spellings of an identifier have, never by search. At most CLAIMS_MAX.

    Raises:
        NameError_: name.identifier; LocalError: record.not-found
    """
    name = identifier(str(params["identifier"]))
    hidden = parts.carrying.hidden(include_unknown=True)

    def run() -> list[Json]:
        with parts.catalog.read() as catalog, parts.log.read() as log:
            without = hidden | {block.did for block in log.blocks() if not block.type}
            verified = parts.carrying.handles.keys()
            found = catalog.claims(name, limit=CLAIMS_MAX, first=verified, without=without)
            badges = Badges(parts, catalog, log)
            return [
                {**read.entry_json(entry), **badges.of(entry), **marks_json(log, entry)} for entry in found
            ]

    found = await parts.worker.run(run)
    if not found:
        raise LocalError("record.not-found", f"no record here says that it is {name}")
    return {"identifier": name, "claims": sorted(found, key=lambda claim: not claim["badge"]["verified"])}


async def did_document(parts: Parts, did: str) -> Described:
    """The DID document of a publisher that is carried here.

    Raises:
        NameError_: name.did; LocalError: publisher.unknown, record.withheld
    """
    name = parse_did(did)

    def run() -> Described:
        with parts.catalog.read() as catalog, parts.log.read() as log:
            history = _history(parts, log, name)
            badge = Badges(parts, catalog, log).badge(name)
            return describe(
                name,
                history,
                handle=Handle(badge["handle"]) if badge["verified"] else None,
                disputed=any(state.frozen for state in log.logs(name)),
                profile=_profile(catalog, log, name),
            )

    return await parts.worker.run(run)


def _history(parts: Parts, log: LogReader, did: Did) -> History:
    check_shown(log, did)
    history = log.history(did)
    if history is None or not parts.carrying.is_carried(did):
        raise read.not_carried(parts, did)
    return history


def _profile(catalog: CatalogReader, log: LogReader, did: Did) -> Json:
    entry = catalog.current(did, PROFILE, PROFILE_KEY)
    if entry is None or entry.body is None:
        return {}
    return readable_body(log, entry.body) or {}


async def own_publishers(parts: Parts, host: str) -> list[Did]:
    """The publishers hosted here whose profile names this host as their handle: what a domain says by this node."""

    def run() -> list[Did]:
        with parts.catalog.read() as catalog, parts.log.read() as log:
            hosted = {item.did for item in log.hosted()}
            return sorted(
                did
                for did in hosted
                if catalog.handles(did).get(did) == host and log.block(did) is None and _writes_here(log, did)
            )

    return await parts.worker.run(run)


def _writes_here(log: LogReader, did: Did) -> bool:
    """Whether the open epoch of a publisher is one of this node: who moved away is named by its new host."""
    history = log.history(did)
    last = history.standing[-1] if history is not None and history.standing else None
    return last is not None and log.hosted_log(last.origin) is not None


async def check_handle(parts: Parts, params: Params, progress: Progress) -> Json:
    """Ask a domain now whom it names: {handle, named: [{did, how, …}], claimed_by: […], reason, answered}.

    Without `handle` the one that the publisher hosted here claims.

    Raises:
        NameError_: name.handle; LocalError: usage
    """
    given = params.get("handle")
    handle = parse_handle(str(given)) if given else await _own_handle(parts)
    says = await parts.handles.check(handle)

    def run() -> Json:
        with parts.catalog.read() as catalog, parts.log.read() as log:
            badges = Badges(parts, catalog, log)
            claimants = [did for did, claimed in catalog.handles().items() if claimed == handle]
            named = [
                {"did": did, "how": how, "publisher": badges.name(did), "badge": badges.badge(did)}
                for did, how in sorted(says.named.items())
            ]
            claimed = [
                {"did": did, "publisher": badges.name(did), "badge": badges.badge(did)}
                for did in sorted(claimants)
            ]
        return {"named": named, "claimed_by": claimed[:CLAIMS_MAX]}

    found = await parts.worker.run(run)
    return {
        "handle": handle,
        "well_known": f"https://{handle}{WELL_KNOWN_PATH}",
        **found,
        "reason": says.reason,
        "answered": says.is_answer,
    }


async def _own_handle(parts: Parts) -> Handle:
    def run() -> set[Handle]:
        with parts.catalog.read() as catalog, parts.log.read() as log:
            return {handle for item in log.hosted() for handle in catalog.handles(item.did).values()}

    handles = await parts.worker.run(run)
    if len(handles) != 1:
        raise LocalError(
            "usage",
            "handles of the publishers hosted here",
            found=len(handles),
            expected="one, or a domain as argument",
            hint="`frost edit` a profile to set its `handle`",
        )
    return handles.pop()
