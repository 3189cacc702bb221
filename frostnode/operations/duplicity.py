"""What is told of publishers that signed two histories, and of logs that were signed two ways."""

from frostnode.operations.parts import Json
from frostnode.ports import CatalogEntry, LogReader
from frostnode.protocol.checkpoint import parse_checkpoint_text
from frostnode.protocol.duplicity import branching_json, branchings, is_duplicitous
from frostnode.protocol.history import History
from frostnode.protocol.log_state import LogState
from frostnode.protocol.names import Did, Origin
from frostnode.protocol.note import parse_note


def forks_json(history: History | None) -> list[Json]:
    """Every place where a history parts, with both events; `settled_by` names the recovery event that ended it."""
    return [branching_json(branching) for branching in branchings(history)] if history is not None else []


def forks_of(log: LogReader, did: Did) -> list[Json]:
    """The same by DID; a history is read only where there is more of it than what counts."""
    return forks_json(log.history(did)) if log.is_contested(did) else []


def is_forked(log: LogReader, did: Did) -> bool:
    """Whether two histories of a publisher are known and nothing has settled it for everyone."""
    history = log.history(did) if log.is_contested(did) else None
    return history is not None and is_duplicitous(history)


def is_disputed(log: LogReader, origin: Origin) -> bool:
    """Whether the key of an epoch has signed two trees, and nothing has settled that yet."""
    state = log.log(origin)
    return state is not None and state.frozen


def marks_json(log: LogReader, entry: CatalogEntry) -> Json:
    """{duplicity, disputed}: what to be warned of wherever a record is listed."""
    return {"duplicity": is_forked(log, entry.did), "disputed": is_disputed(log, entry.origin)}


def signed_json(log: LogReader, state: LogState) -> list[Json]:
    """The two trees of a disputed log that its key has signed: [{size, root}]; none of another log."""
    evidence = log.evidence(state.origin) if state.disputed else None
    notes = (evidence.smaller, evidence.larger) if evidence is not None else ()
    found = (parse_checkpoint_text(parse_note(note).text) for note in notes)
    return [{"size": checkpoint.size, "root": checkpoint.root.hex()} for checkpoint in found]


def forked_json(log: LogReader, limit: int) -> list[Json]:
    """{did, forks} of at most `limit` publishers of whom two histories are known and not settled."""
    found: list[Json] = []
    for did in log.contested():
        if len(found) == limit:
            break
        if forks := [fork for fork in forks_json(log.history(did)) if fork["settled_by"] is None]:
            found.append({"did": did, "forks": forks})
    return found
