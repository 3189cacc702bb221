"""Read bodies: by the entry that names them or by CID, out of the packs that they lie in."""

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from frostnode.edge.sqlite.connection import Database
from frostnode.edge.sqlite.leaf_reader import LeafReader
from frostnode.edge.sqlite.rows import damaged
from frostnode.edge.sqlite.withheld_reader import WithheldReader
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.entry import read_leaf
from frostnode.protocol.frames import BodyAbsent, BodyItem
from frostnode.protocol.limits import TILE_WIDTH
from frostnode.protocol.named_body import named_body
from frostnode.protocol.names import Did, Origin
from frostnode.protocol.tiles import decode_bundle
from frostnode.protocol.withheld import Withheld

_FIND: Final = {
    many: f"SELECT digest, pack, start, size FROM body WHERE digest IN ({', '.join('?' * many)})"
    for many in (1, 16, 256)
}
"""Look-ups of one, some and a bundle's worth of digests: few statements, so that they stay prepared."""


Place: TypeAlias = tuple[bytes, int, int, int]
"""A digest, and where its body lies: pack, start, size."""


class BodyReader(LeafReader, WithheldReader):
    """The bodies of entries."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._last_pack = (0, b"")

    def body(self, cid: Cid) -> bytes | Withheld | None:
        """A body by its CID."""
        return next(self.each_body([cid]))

    def each_body(self, cids: Sequence[Cid]) -> Iterator[bytes | Withheld | None]:
        """The body of each, read when it is come to: many places are looked up together, but few bodies fit into memory."""
        places = find(self._db, [cid.digest for cid in cids])
        for cid in cids:
            place = places.get(cid.digest)
            yield self._withheld_body(cid) if place is None else self._cut(place)

    def bodies(self, origin: Origin, start: int, stop: int) -> list[BodyItem]:
        """What is here of the bodies of leaves [start, stop), one item each."""
        digests = self._body_digests(origin, start, stop)
        blocked = self._blocked_bodies(origin, start, stop)
        places = find(self._db, [digest for digest in digests if digest is not None])
        items: list[BodyItem] = []
        for index, digest in enumerate(digests, start):
            place = None if digest is None else places.get(digest)
            if index in blocked:
                items.append(None if digest is None else BodyAbsent("refused", blocked[index]))
            elif place is not None:
                items.append(self._cut(place))
            else:
                items.append(None if digest is None else self._absence(digest))
        return items

    def _blocked_bodies(self, origin: Origin, start: int, stop: int) -> dict[int, str]:
        """Leaves of blocked records, each with the reason. Few publishers have any."""
        reasons = self._reasons(Did(origin.partition("/")[0]))
        if not reasons:
            return {}
        headers = map(read_leaf, decode_bundle(self.leaves(origin, start, stop).bundle))
        return {
            index: reasons[header.type, header.key]
            for index, header in enumerate(headers, start)
            if header is not None and (header.type, header.key) in reasons
        }

    def missing_bodies(self, origin: Origin, start: int, limit: int, stop: int | None = None) -> list[int]:
        """Indexes from `start` on whose body is neither here nor withheld, nor of a blocked record. Reads the log up to `stop`."""
        missing: list[int] = []
        for at, digests in self._runs_of_digests(origin, start, stop):
            wanted = [digest for digest in digests if digest is not None]
            places = find(self._db, wanted)
            lacking = [
                at + offset
                for offset, digest in enumerate(digests)
                if digest is not None and digest not in places and self._absence(digest) is None
            ]
            blocked = self._blocked_bodies(origin, at, at + len(digests)) if lacking else {}
            missing += [index for index in lacking if index not in blocked]
            if len(missing) >= limit:
                break
        return missing[:limit]

    def _runs_of_digests(
        self, origin: Origin, start: int, end: int | None
    ) -> Iterator[tuple[int, list[bytes | None]]]:
        while end is None or start < end:
            border = (start // TILE_WIDTH + 1) * TILE_WIDTH
            digests = self._body_digests(origin, start, border if end is None else min(border, end))
            if not digests:
                return
            yield start, digests
            start += len(digests)

    def _body_digests(self, origin: Origin, start: int, stop: int) -> list[bytes | None]:
        """The digests of the bodies that held leaves [start, stop) name; None where one names none."""
        named = map(named_body, decode_bundle(self.leaves(origin, start, stop).bundle))
        return [None if body is None else body.digest for body in named]

    def _cut(self, place: Place) -> bytes:
        """Take a body out of its pack; neighbours lie in the same one."""
        _, pack, start, size = place
        if self._last_pack[0] != pack:
            row = self._db.one("SELECT bodies FROM pack WHERE id = ?", (pack,))
            self._last_pack = (pack, b"" if row is None else row[0])
        body = self._last_pack[1][start : start + size]
        if len(body) != size:
            raise damaged(f"pack {pack}", f"{len(self._last_pack[1])} bytes", f"≥ {start + size}")
        return body

    def _absence(self, digest: bytes) -> BodyAbsent | None:
        row = self._db.one("SELECT state, reason FROM withheld_body WHERE digest = ?", (digest,))
        return None if row is None else BodyAbsent(*row)


def find(database: Database, digests: Sequence[bytes]) -> dict[bytes, Place]:
    """Look up where bodies lie; those that are not here are left out."""
    found: dict[bytes, Place] = {}
    at = 0
    while at < len(digests):
        many = next((many for many in _FIND if len(digests) - at <= many), max(_FIND))
        some: list[bytes | None] = list(digests[at : at + many])
        some += [None] * (many - len(some))
        found.update((row[0], row) for row in database.all(_FIND[many], some))
        at += many
    return found
