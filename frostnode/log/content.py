"""Read held leaves and bodies as what they say: headers, and records where they can be read."""

from collections.abc import Iterator, Sequence

from frostnode.ports import LogReader
from frostnode.protocol.dagcbor import Cid, Value
from frostnode.protocol.entry import Header, decode_body, read_leaf
from frostnode.protocol.errors import PeerError
from frostnode.protocol.limits import TILE_WIDTH
from frostnode.protocol.names import Origin
from frostnode.protocol.tiles import decode_bundle
from frostnode.protocol.withheld import Withheld


def leaves_of(log: LogReader, origin: Origin, start: int, stop: int) -> Iterator[tuple[int, bytes | None]]:
    """Leaves [start, stop) that are held, with their index; None where the leaf is withheld."""
    at = start
    while at < stop:
        border = min(stop, (at // TILE_WIDTH + 1) * TILE_WIDTH)
        run = log.leaves(origin, at, border)
        withheld = {leaf.offset for leaf in run.withheld}
        for offset, leaf in enumerate(decode_bundle(run.bundle)):
            yield at + offset, None if offset in withheld else leaf
        at = border


def headers_of(log: LogReader, origin: Origin, start: int, stop: int) -> Iterator[tuple[int, bytes, Header]]:
    """The leaves among them that are headers; opaque ones project to nothing."""
    for index, leaf in leaves_of(log, origin, start, stop):
        header = read_leaf(leaf) if leaf is not None else None
        if leaf is not None and header is not None:
            yield index, leaf, header


def readable_body(log: LogReader, cid: Cid) -> dict[str, Value] | None:
    """A body as fields, None when it is not here or is no record: it is carried all the same."""
    return _readable(log.body(cid), again=False)


def readable_again(log: LogReader, cids: Sequence[Cid]) -> Iterator[dict[str, Value] | None]:
    """Many bodies as fields that were readable before: None for one that is not here any more."""
    return (_readable(found, again=True) for found in log.each_body(cids))


def _readable(found: bytes | Withheld | None, *, again: bool) -> dict[str, Value] | None:
    try:
        return decode_body(found, again=again) if isinstance(found, bytes) else None
    except PeerError:
        return None
