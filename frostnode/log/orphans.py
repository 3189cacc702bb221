"""Entries that count no more: past the end of an epoch, or in an epoch that is void (spec/02-identity.md#epochs-and-ends).

They are kept, shown to nobody but whoever asks for them, and may be published anew by their publisher as the very same
header bytes, so that what refers to them is whole again.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from frostnode.log.content import headers_of
from frostnode.ports import CatalogReader, LogReader
from frostnode.protocol.entry import Header, header_cid
from frostnode.protocol.names import Did, Origin, parse_origin


@dataclass(frozen=True, slots=True)
class Orphan:
    """One entry: where it stood, and the bytes of its header."""

    origin: Origin
    index: int
    leaf: bytes
    header: Header


def orphans_of(log: LogReader, did: Did) -> Iterator[Orphan]:
    """All that are held of a publisher, log by log, in order; headers that are withheld or unreadable are none."""
    for origin in log.origins(did):
        state = log.log(origin)
        if state is not None and state.counted < state.held.size:
            for index, leaf, header in headers_of(log, origin, state.counted, state.held.size):
                yield Orphan(origin, index, leaf, header)


def standing_of(catalog: CatalogReader, did: Did, orphan: Orphan) -> str:
    """Whether to publish an orphan anew: "orphaned", "published" again already, or its key was "written since"."""
    if catalog.entry_by_header(did, header_cid(orphan.leaf)) is not None:
        return "published"
    current = catalog.current(did, orphan.header.type, orphan.header.key)
    if current is not None and current.epoch > parse_origin(orphan.origin).epoch:
        return "written since"
    return "orphaned"
