"""Read what this node does not show: what it erased or refused, whom and what it blocks."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final

from frostnode.edge.sqlite.connection import Row
from frostnode.edge.sqlite.rows import Rows
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.limits import HEADS_PAGE_MAX
from frostnode.protocol.merkle import Hash
from frostnode.protocol.names import Did, Origin
from frostnode.protocol.withheld import Block, Withheld

_BLOCK: Final = "SELECT did, type, key, reason, at FROM block "

_WITHHELD: Final = """
    SELECT kind, name, origin, leaf, state, reason FROM (
        SELECT 0 AS rank, CASE type WHEN '' THEN 'publisher' ELSE 'record' END AS kind,
            did || '\n' || type || '\n' || key AS name, '' AS origin, 0 AS log, 0 AS leaf, 'blocked' AS state, reason
        FROM block
        UNION ALL
        SELECT 1, 'body', digest, origin, log, leaf, state, reason
        FROM withheld_body JOIN log ON log.id = withheld_body.log
        UNION ALL
        SELECT 1, 'header', hash, origin, log, leaf, state, reason
        FROM withheld_leaf JOIN log ON log.id = withheld_leaf.log WHERE leaf >= 0
    ) ORDER BY rank, log, leaf, kind, name LIMIT ? OFFSET ?
"""

_ABSENT: Final = """
    SELECT min(leaf), max(leaf) FROM withheld_leaf AS here JOIN log ON log.id = log
    WHERE origin = ? AND leaf >= ? AND leaf < ? AND state = 'absent'
        AND NOT EXISTS (SELECT 1 FROM withheld_leaf WHERE hash = here.hash AND state <> 'absent')
"""

_ANYTHING: Final = """
    SELECT 1 FROM (SELECT 1 FROM withheld_body LIMIT 1) UNION ALL
    SELECT 1 FROM (SELECT 1 FROM withheld_leaf WHERE state <> 'absent' LIMIT 1)
"""


class WithheldReader(Rows):
    """What is withheld, and why."""

    def withheld(self, page: int) -> list[Withheld]:
        """What this node does not give out: blocks, then what is gone, in order of log and entry; page from 0."""
        rows = self._db.all(_WITHHELD, (HEADS_PAGE_MAX, page * HEADS_PAGE_MAX))
        return [
            Withheld(
                kind=kind,
                name=_name(kind, name),
                origin=Origin(origin),
                index=leaf,
                state=state,
                reason=reason,
            )
            for kind, name, origin, leaf, state, reason in rows
        ]

    def withheld_header(self, header: Cid) -> Withheld | None:
        """The header with this CID, if it was here and is erased."""
        return self._withheld_leaf("header = ?", header.digest)

    def erased_among(self, leaf_hashes: Iterable[Hash], bodies: Iterable[Cid]) -> Withheld | None:
        """The first of these headers and bodies that is not taken again."""
        if self._db.one(_ANYTHING) is None:
            return None
        leaves = (
            self._withheld_leaf("hash = ? AND state <> 'absent'", leaf_hash) for leaf_hash in leaf_hashes
        )
        found = chain(leaves, map(self._withheld_body, bodies))
        return next((item for item in found if item is not None), None)

    def absent_leaves(self, origin: Origin, start: int, stop: int) -> tuple[int, int] | None:
        """From the first to behind the last of leaves [start, stop) that came as a hash alone and would be taken; None for none."""
        row = self._db.one(_ABSENT, (origin, start, stop))
        return None if row is None or row[0] is None else (row[0], row[1] + 1)

    def _withheld_body(self, cid: Cid) -> Withheld | None:
        row = self._db.one(
            "SELECT origin, leaf, state, reason FROM withheld_body JOIN log ON log.id = log WHERE digest = ?",
            (cid.digest,),
        )
        if row is None:
            return None
        origin, leaf, state, reason = row
        return Withheld(kind="body", name=str(cid), origin=origin, index=leaf, state=state, reason=reason)

    def _withheld_leaf(self, condition: str, value: bytes) -> Withheld | None:
        row = self._db.one(
            "SELECT hash, origin, leaf, state, reason FROM withheld_leaf JOIN log ON log.id = log"
            f" WHERE {condition} LIMIT 1",
            (value,),
        )
        if row is None:
            return None
        leaf_hash, origin, leaf, state, reason = row
        return Withheld(
            kind="header", name=leaf_hash.hex(), origin=origin, index=leaf, state=state, reason=reason
        )

    def blocks(self, did: Did | None = None) -> list[Block]:
        """All blocks, or those of one publisher and its records; by DID, type and key."""
        where, bindings = ("", ()) if did is None else ("WHERE did = ? ", (did,))
        return [_block(row) for row in self._db.all(_BLOCK + where + "ORDER BY did, type, key", bindings)]

    def block(self, did: Did, type_: str = "", key: str = "") -> Block | None:
        """The block that keeps a publisher, or one of its records, from being shown."""
        row = self._db.one(
            _BLOCK + "WHERE did = ? AND (type = '' OR (type = ? AND key = ?)) ORDER BY type LIMIT 1",
            (did, type_, key),
        )
        return None if row is None else _block(row)

    def blocked_body(self, cid: Cid) -> Block | None:
        """The block that keeps a body from being given out by its CID."""
        row = self._db.one(
            _BLOCK + "JOIN blocked_body ON block = id WHERE digest = ? LIMIT 1",
            (cid.digest,),
        )
        return None if row is None else _block(row)

    def scrubs(self) -> dict[str, int]:
        """Places where bytes of what was erased may still lie, each with the last arrival that said so."""
        return dict(self._db.all("SELECT place, arrival FROM scrub WHERE place <> 'file'"))

    def _reasons(self, did: Did) -> dict[tuple[str, str], str]:
        """The blocked records of a publisher, by type and key."""
        rows: Sequence[Row] = self._db.all(
            "SELECT type, key, reason FROM block WHERE did = ? AND type <> ''", (did,)
        )
        return {(type_, key): reason for type_, key, reason in rows}


def _block(row: Row) -> Block:
    did, type_, key, reason, at = row
    return Block(did=Did(did), type=type_, key=key, reason=reason, at_ms=at)


def _name(kind: str, name: str | bytes) -> str:
    """How lists name what is withheld: never by what it says."""
    if isinstance(name, bytes):
        return str(Cid.from_digest(name)) if kind == "body" else name.hex()
    did, type_, key = name.split("\n")
    return Block(did=Did(did), type=type_, key=key, reason="", at_ms=0).name
