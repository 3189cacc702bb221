"""Who vouches for a log, and since when: the cosignatures in its note, and that of this node."""

from collections.abc import Sequence

from frostnode.operations.parts import Json, Parts
from frostnode.ports import CatalogReader, LogReader
from frostnode.protocol.cosigners import Cosigner, cosigned_times
from frostnode.protocol.log_state import LogState
from frostnode.protocol.names import Did, Origin, parse_origin
from frostnode.protocol.note import parse_note
from frostnode.replicate.named import named_witnesses


def known_witnesses(
    parts: Parts, log: LogReader, catalog: CatalogReader, did: Did
) -> tuple[Cosigner, ...] | None:
    """Those whose lines this node can judge: named by the publisher or trusted here; None when the first are not known."""
    named = named_witnesses(log, catalog, did)
    return (
        None
        if named is None
        else tuple({witness.key: witness for witness in (*parts.trusted, *named)}.values())
    )


def witnesses_json(
    parts: Parts, log: LogReader, catalog: CatalogReader, state: LogState | None
) -> list[Json]:
    """Each witness with {name, vkey, size, time_s, named, trusted, here}; size and time are null while it has not cosigned."""
    if state is None or state.standing is None:
        return []
    named = named_witnesses(log, catalog, parse_origin(state.origin).did) or ()
    witnesses = {witness.key: witness for witness in (*named, *parts.trusted)}.values()
    times = cosigned_times(parse_note(state.checkpoint), witnesses) if state.checkpoint else {}
    shown = [
        _json(witness, state.served if witness in times else None, times.get(witness), named=witness in named)
        | {"trusted": witness in parts.trusted, "here": False}
        for witness in witnesses
        if witness in times or (witness in named and state.standing.accepts)
    ]
    return shown + _own(parts, state.origin, [witness.key for witness in witnesses])


def _own(parts: Parts, origin: Origin, shown: Sequence[bytes]) -> list[Json]:
    """What this node has cosigned, unless its line travels in the note."""
    last, own = parts.witness.last(origin), parts.witness.cosigner
    if last is None or own.key in shown:
        return []
    return [_json(own, last.size, last.time_s, named=False) | {"trusted": False, "here": True}]


def _json(witness: Cosigner, size: int | None, time_s: int | None, *, named: bool) -> Json:
    return {"name": witness.name, "vkey": witness.vkey, "size": size, "time_s": time_s, "named": named}


def asked_json(parts: Parts, origin: Origin) -> list[Json]:
    """How the named witnesses of a hosted log answered since this node started."""
    return [
        {"url": status.cosigner.url, "size": status.size, "time_s": status.time_s, "error": status.error}
        for (of, _), status in parts.collecting.status.items()
        if of == origin
    ]
