"""What must be true in the end: all honest nodes that carry everything hold the same of every honest publisher."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from frostnode.ports import LogReader
from frostnode.protocol.log_state import LogState
from frostnode.protocol.names import Did, Origin

Logs: TypeAlias = tuple[tuple[Origin, int, bytes], ...]
Head: TypeAlias = tuple[Did, tuple[str, ...], tuple[str, ...], Logs]


def heads(reader: LogReader, dids: Iterable[Did]) -> tuple[Head, ...]:
    """What a node says of these publishers: the events that count, all events, and how much of their logs they serve."""
    return tuple((did, _path(reader, did), _events(reader, did), _logs(reader, did)) for did in sorted(dids))


def _path(reader: LogReader, did: Did) -> tuple[str, ...]:
    """The events that count, in order: all nodes must follow one branch."""
    history = reader.history(did)
    return () if history is None else tuple(str(signed.cid) for signed in history.path)


def _events(reader: LogReader, did: Did) -> tuple[str, ...]:
    history = reader.history(did)
    return () if history is None else tuple(sorted(str(signed.cid) for signed in history.events))


def _logs(reader: LogReader, did: Did) -> Logs:
    """Origin, how many leaves are served, and the signed head of what is still open."""
    return tuple((state.origin, min(state.served, state.counted), _head(state)) for state in reader.logs(did))


def _head(state: LogState) -> bytes:
    """An ended log is proven into its end: which head it had last is of no account."""
    is_open = state.standing is not None and state.standing.end is None
    return state.checkpoint or b"" if is_open else b""


def missing_bodies(reader: LogReader, dids: Iterable[Did]) -> list[tuple[Origin, list[int]]]:
    """Which bodies are neither here nor withheld."""
    found = []
    for did in sorted(dids):
        for state in reader.logs(did):
            served = min(state.served, state.counted)
            missing = [at for at in reader.missing_bodies(state.origin, 0, 1000) if at < served]
            if missing:
                found.append((state.origin, missing))
    return found


def discord(nodes: Mapping[str, LogReader], dids: Iterable[Did]) -> str:
    """How the nodes differ; empty when they do not."""
    dids = list(dids)
    said = {name: heads(reader, dids) for name, reader in nodes.items()}
    first, *others = said
    for name in others:
        for one, other in zip(said[first], said[name], strict=True):
            if one != other:
                return f"{first} and {name} differ in {one[0]}: {_brief(one)} / {_brief(other)}"
    for name, reader in nodes.items():
        if missing := missing_bodies(reader, dids):
            return f"{name} lacks bodies: {missing}"
    return ""


def _brief(head: Head) -> str:
    _, path, events, logs = head
    sizes = ", ".join(f"{origin[-12:]} {served}" for origin, served, _ in logs)
    return f"path {' '.join(cid[-6:] for cid in path)} of {len(events)} events, {sizes}"
