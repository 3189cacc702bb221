"""Write the static paths of a store as files: what any web server can serve (spec/05-sync.md#resources)."""

import json
from pathlib import Path
from typing import Any

from frostnode.log.withheld import withheld_line
from frostnode.ports import LogReader, LogStore
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.frames import encode_byte_string
from frostnode.protocol.limits import HEADS_PAGE_MAX, TILE_WIDTH
from frostnode.protocol.log_state import LogState
from frostnode.protocol.names import Did, Origin
from frostnode.protocol.tiles import TilePath, bundles_for, tiles_for
from frostnode.replicate.dispute import evidence_file
from frostnode.replicate.serve import offered_size


def export_static(store: LogStore, folder: Path) -> None:
    """All static paths below `folder`; files that are there already are written again."""
    with store.read() as reader:
        _put(folder, "frost/node", json.dumps({"software": "frostnode", "database": reader.database.hex()}))
        _pages(folder, "heads", [_head(head) for page in _all(reader.heads) for head in page])
        _pages(folder, "withheld", [withheld_line(item) for page in _all(reader.withheld) for item in page])
        for did in reader.dids():
            if reader.block(did) is None:
                _publisher(reader, folder, did)


def _put(folder: Path, path: str, data: bytes | str) -> None:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data.encode() if isinstance(data, str) else data)


def _all(read: Any) -> Any:
    """Pages until one is not full."""
    number, page = 0, read(0)
    while page:
        yield page
        number += 1
        page = read(number)


def _pages(folder: Path, name: str, items: list[dict[str, Any]]) -> None:
    count = max(1, -(-len(items) // HEADS_PAGE_MAX))
    for number in range(count):
        page = items[number * HEADS_PAGE_MAX : (number + 1) * HEADS_PAGE_MAX]
        following = number + 1 if number + 1 < count else None
        _put(folder, f"frost/{name}/{number}", json.dumps({name: page, "next": following}))


def _head(head: Any) -> dict[str, Any]:
    return {
        "did": head.did,
        "origin": head.origin,
        "epoch": head.epoch,
        "checkpoint": head.checkpoint.decode() if head.checkpoint else None,
        "tip": str(head.tip),
        "forked": head.forked,
        "disputed": head.disputed,
    }


def _publisher(reader: LogReader, folder: Path, did: Did) -> None:
    history = reader.history(did)
    events = history.events if history else ()
    _put(folder, f"frost/{did}/identity", b"".join(encode_byte_string(event.raw) for event in events))
    for state in reader.logs(did):
        _log(reader, folder, state)


def _log(reader: LogReader, folder: Path, state: LogState) -> None:
    origin, size = state.origin, offered_size(reader, state)
    if state.checkpoint is not None:
        _put(folder, f"frost/{origin}/checkpoint", state.checkpoint)
    if reader.evidence(origin) is not None:
        _put(folder, f"frost/{origin}/evidence", evidence_file(reader, origin))
    node = reader.node_at(origin)
    for tile in tiles_for(size):
        first = tile.n * TILE_WIDTH
        hashes = (node(8 * (tile.level or 0), first + at) for at in range(tile.width))
        _put(folder, f"frost/{origin}/{tile}", b"".join(hashes))
    for bundle in bundles_for(size):
        _bundle(reader, folder, origin, bundle)


def _bundle(reader: LogReader, folder: Path, origin: Origin, path: TilePath) -> None:
    start = path.n * TILE_WIDTH
    leaves = reader.leaves(origin, start, start + path.width)
    _put(folder, f"frost/{origin}/{path}", leaves.bundle)
    for index in range(start, start + path.width):
        _body(reader, folder, origin, index)


def _body(reader: LogReader, folder: Path, origin: Origin, index: int) -> None:
    """The body of a leaf, if it has one that is here."""
    (body,) = reader.bodies(origin, index, index + 1)
    if isinstance(body, bytes):
        _put(folder, f"frost/body/{Cid.of(body)}", body)
