"""ReferenceReader over the catalog's database."""

import json
from collections.abc import Collection, Iterable
from itertools import product
from typing import Final

from frostnode.edge.sqlite.connection import Row
from frostnode.edge.sqlite.rows import Rows
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.lineage import Edge
from frostnode.protocol.names import Did
from frostnode.protocol.records import LINEAGE
from frostnode.protocol.references import Reference, Role
from frostnode.reference_port import Referring

IS_CURRENT: Final = (
    "JOIN record r ON r.publisher = e.publisher AND r.type = e.type AND r.key = e.key AND r.entry = e.id"
)
"""Of entries `e` those that are their record now, `r`."""

_RECORDS: Final = f"CROSS JOIN entry e ON e.id = {{0}}.entry CROSS {IS_CURRENT}"
"""From references to the records that they stand in, in this order: else some plans begin with all records."""
_ENTRIES: Final = f"{_RECORDS} CROSS JOIN publisher p ON p.id = e.publisher"

_EDGE: Final = f"""
    SELECT p.did, e.key, e.header, g.name, g.pin, u.name, u.pin
    FROM reference {{0}} {_ENTRIES} CROSS JOIN reference {{1}} ON {{1}}.entry = e.id
    WHERE {{0}}.name = ? AND {{0}}.role = '{{2}}' AND {{1}}.role = '{{3}}' AND e.type = '{LINEAGE}' AND r.withdrawn = 0
    ORDER BY {{0}}.entry, u.place LIMIT ?
"""
_MADE_FROM: Final = _EDGE.format("g", "u", Role.GENERATED, Role.USED)
_BUILT_ON: Final = _EDGE.format("u", "g", Role.USED, Role.GENERATED)
_PRODUCTS: Final = f"""
    SELECT DISTINCT g.name FROM reference u {_RECORDS.format("u")} CROSS JOIN reference g ON g.entry = e.id
    WHERE {{0}} AND u.role = '{Role.USED}' AND g.role = '{Role.GENERATED}' AND e.type = '{LINEAGE}'
    AND r.withdrawn = 0 LIMIT ?2
"""
_BUILT_ELSEWHERE: Final = f"""
    SELECT DISTINCT g.name FROM (
        SELECT entry FROM reference WHERE name >= ?1 AND name < ?2 AND role = '{Role.USED}' ORDER BY name, role LIMIT ?3
    ) u {_RECORDS.format("u")} CROSS JOIN reference g ON g.entry = e.id
    WHERE g.role = '{Role.GENERATED}' AND NOT (g.name >= ?1 AND g.name < ?2) AND e.type = '{LINEAGE}'
    AND r.withdrawn = 0 LIMIT ?4
"""
"""Names of records begin with the DID of their publisher and a slash; the character behind that is a zero."""
_REFERRING: Final = f"""
    SELECT e.id, p.did, e.type, e.key, e.header, u.role, u.name, u.pin FROM reference u {_ENTRIES.format("u")}
    WHERE {{0}} AND u.role = ?2 AND r.withdrawn = 0 ORDER BY u.entry, u.place LIMIT ?3
"""
"""Of one role: for `_ITSELF` the index has them in this order, and of a million no more are read than are wanted."""
_ITSELF: Final = "u.name = ?1"
_OF_VERSION: Final = "u.name > ?1 || '@' AND u.name < ?1 || 'A'"
"""Names between `NAME@` and the next character are those of versions."""
_USES: Final = f"""
    SELECT w.value, (SELECT count(*) FROM (SELECT DISTINCT e.publisher FROM reference u {_RECORDS.format("u")}
    WHERE (u.name = ?1 || '/' || w.value OR u.name > ?1 || '/' || w.value || '@' AND u.name < ?1 || '/' || w.value || 'A')
    AND u.role IN ('{Role.TARGET}', '{Role.USED}') AND r.withdrawn = 0
    AND e.publisher != (SELECT id FROM publisher WHERE did = ?1) LIMIT ?3)) FROM json_each(?2) w
"""


def _cid(digest: bytes | None) -> Cid | None:
    return None if digest is None else Cid.from_digest(digest)


def _edge(row: Row) -> Edge:
    did, key, header, generated, generated_pin, used, used_pin = row
    return Edge(
        did=Did(did),
        key=key,
        header=Cid.from_digest(header),
        generated=generated,
        generated_pin=_cid(generated_pin),
        used=used,
        used_pin=_cid(used_pin),
    )


class ReferenceReading(Rows):
    """What current records refer to, and who refers to what."""

    def references(self, did: Did, type_: str, key: str) -> list[Reference]:
        """What a record refers to now."""
        rows = self._db.all(
            "SELECT u.role, u.name, u.pin FROM publisher p JOIN record r ON r.publisher = p.id"
            " JOIN reference u ON u.entry = r.entry WHERE p.did = ? AND r.type = ? AND r.key = ?"
            " AND r.withdrawn = 0 ORDER BY u.place",
            (did, type_, key),
        )
        return [Reference(Role(role), name, _cid(pin)) for role, name, pin in rows]

    def referring(
        self, names: Iterable[str], roles: Iterable[Role], *, limit: int, versions: bool = False
    ) -> list[Referring]:
        """Who refers to one of these names."""
        found: dict[int, Row] = {}
        wheres, wanted = (_ITSELF, _OF_VERSION) if versions else (_ITSELF,), set(roles)
        in_order = [role for role in Role if role in wanted]  # as they stand in a record
        for name, where, role in product(sorted(set(names)), wheres, in_order):
            for row in self._db.all(_REFERRING.format(where), (name, role, limit)):
                found.setdefault(row[0], row)
        return [
            Referring(
                did=Did(did),
                type=type_,
                key=key,
                header=Cid.from_digest(header),
                reference=Reference(Role(role), name, _cid(pin)),
            )
            for _, (_, did, type_, key, header, role, name, pin) in sorted(found.items())[:limit]
        ]

    def made_from(self, name: str, *, limit: int) -> list[Edge]:
        """What this was made from."""
        return [_edge(row) for row in self._db.all(_MADE_FROM, (name, limit))]

    def built_on(self, name: str, *, limit: int) -> list[Edge]:
        """What was made from this."""
        return [_edge(row) for row in self._db.all(_BUILT_ON, (name, limit))]

    def products(self, name: str, *, limit: int) -> list[str]:
        """All that was made from this or from a version of it."""
        found: dict[str, None] = {}
        for where in (_ITSELF, _OF_VERSION):
            found |= dict.fromkeys(row[0] for row in self._db.each(_PRODUCTS.format(where), (name, limit)))
        return list(found)[:limit]

    def built_elsewhere(self, did: Did, *, limit: int, looked_at: int) -> list[str]:
        """What was made from records of a publisher and is not its own."""
        rows = self._db.all(_BUILT_ELSEWHERE, (f"{did}/", f"{did}0", looked_at, limit))
        return [name for (name,) in rows]

    def uses(self, did: Did, dataset_keys: Collection[str], *, limit: int) -> dict[str, int]:
        """How many other publishers built on each of these datasets or subscribe to it."""
        rows = self._db.all(_USES, (did, json.dumps(list(dataset_keys)), limit))
        return {key: count for key, count in rows if count}
