"""Hand over what an identity history says, to those who hold its keys (spec/02-identity.md#keys-and-kits)."""

from base64 import b64encode

from frostnode.identity.fit import awaited
from frostnode.identity.kits import Purpose
from frostnode.log.left import left
from frostnode.log.withheld import check_shown
from frostnode.operations.parts import Json, Params, Parts, Progress
from frostnode.operations.read import not_carried
from frostnode.ports import LogReader
from frostnode.protocol.errors import IdentityError
from frostnode.protocol.history import History
from frostnode.protocol.names import Did, parse_did


async def identity(parts: Parts, params: Params, progress: Progress) -> Json:
    """The signed events of a publisher: {did, path, beside}, lists of base64. `path` counts here."""
    did = parse_did(str(params["did"]))

    def work(reader: LogReader) -> Json:
        check_shown(reader, did)
        history = reader.history(did)
        if history is None or not parts.carrying.is_carried(did):
            raise not_carried(parts, did)
        counts = {signed.cid for signed in history.path}
        beside = [signed.raw for signed in history.events if signed.cid not in counts]
        return {
            "did": did,
            "path": [b64encode(signed.raw).decode() for signed in history.path],
            "beside": [b64encode(raw).decode() for raw in beside],
        }

    return await parts.read(work)


async def awaits(parts: Parts, params: Params, progress: Progress) -> Json:
    """What the publishers that are hosted here, or were, await from their kits: {hosted: [{did, gone, authority, recovery}]}.

    `gone` says that the publisher has moved away. Each of the two is {n, event, event_n, threshold, kits}, or None where there is no recovery set.
    """

    def work(reader: LogReader) -> Json:
        dids = dict.fromkeys(item.did for item in reader.hosted())  # of several epochs each
        histories = [reader.history(did) for did in dids]
        return {
            "hosted": [
                {
                    "did": history.did,
                    "gone": _is_gone(reader, history.did),
                    **{str(each): awaited_json(history, each) for each in Purpose},
                }
                for history in histories
                if history is not None
            ]
        }

    return await parts.read(work)


def _is_gone(reader: LogReader, did: Did) -> bool:
    found = left(reader, did)
    return found is not None and not found.is_here


def awaited_json(history: History, purpose: Purpose) -> Json | None:
    """The plain form of what is awaited from the kits of a purpose."""
    try:
        found = awaited(history, purpose)
    except IdentityError:
        return None
    return {
        "n": found.n,
        "event": str(found.event),
        "event_n": found.event_n,
        "threshold": found.made.threshold,
        "kits": len(found.made.hashes),
    }
