"""What `frost status` says of kits until it is done: never checked, or still on the disk of the node.

It takes long to import: the command imports it when it runs.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from frostnode.cli.shared import ask_node
from frostnode.edge.home import Home
from frostnode.edge.home_kits import KitNote, kit_notes, strays
from frostnode.identity.kits import Purpose
from frostnode.protocol.errors import StorageError

Json: TypeAlias = dict[str, Any]


def kit_state(home: Path) -> Json:
    """How the kits of the publishers that are hosted here stand: {checks, lying, error}.

    `checks` has {did, purpose, checked, event_n, current} of each kit that is awaited, `lying` {did, purpose, path} of
    each that is on this disk.
    """
    place = Home(home)
    awaited = ask_node(home, "awaits", {})["hosted"]
    try:
        notes, error = kit_notes(place), ""
    except StorageError as failed:
        notes, error = [], str(failed)
    return {
        "checks": [
            _check(notes, item["did"], purpose, item[purpose])
            for item in awaited
            if not item["gone"]  # who has moved away is asked by the new host
            for purpose in Purpose
            if item[purpose] is not None
        ],
        "lying": list(_lying(place, notes)),
        "error": error,
    }


def _check(notes: Sequence[KitNote], did: str, purpose: Purpose, wanted: Json) -> Json:
    """The last check of a kit for what is awaited now, or else for what was."""
    checks = [each.checked for each in notes if (each.did, each.purpose) == (did, purpose) and each.checked]
    current = [each for each in checks if each.event == wanted["event"]]
    last = max(current or checks, key=lambda each: each.time, default=None)
    return {
        "did": did,
        "purpose": str(purpose),
        "checked": last.time if last else None,
        "event_n": wanted["event_n"],
        "current": bool(current),
    }


def _lying(home: Home, notes: Sequence[KitNote]) -> Iterator[Json]:
    """Kits on this disk: where they were met or written, and whatever lies in the home."""
    found = {path: (note.did, note.purpose) for note in notes for path in note.lying()}
    seen = {path.resolve() for path in found}
    found |= {path: (label.did, label.purpose) for path, label in strays(home) if path.resolve() not in seen}
    for path, (did, purpose) in sorted(found.items()):
        yield {"did": did, "purpose": str(purpose), "path": str(path)}


def nags(state: Json) -> Iterator[str]:
    """What is to be done, one line each; nothing when all is well."""
    for item in state["checks"]:
        kit = f"the {Purpose(item['purpose']).kit_name} of {item['did']}"
        if item["checked"] is None:
            yield f"{kit} was never checked: `frost kit check FILE` ends this"
        elif not item["current"]:
            yield f"{kit} was not checked since identity event {item['event_n']}: `frost kit check FILE` ends this"
    for item in state["lying"]:
        yield f"the {Purpose(item['purpose']).kit_name} lies on the disk of the node, {item['path']}: moving it away ends this"
    if state["error"]:
        yield state["error"]
