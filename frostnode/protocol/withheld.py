"""What a node withholds: content that it erased or refused, whom and what it blocks, and passes over in streams."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Final

from frostnode.protocol.entry import read_leaf
from frostnode.protocol.names import Did, DidUrl, RecordKey, RecordType


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """What this node does not give out, and why; `origin` and `index` are those of an entry that has it."""

    kind: str
    """`body`, `header`, `publisher` or `record`; the last two are named by `name` alone."""
    name: str
    """CID text of a body, hex leaf hash of a header, DID of a publisher, DID URL of a record."""
    origin: str
    index: int
    state: str
    """`erased`, `refused`, `blocked`, or of a header `absent`: it came here as a hash alone."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A publisher, or one record, that this node neither takes nor shows. Type and key are "" for a publisher."""

    did: Did
    type: str = ""
    key: str = ""
    reason: str
    at_ms: int

    @property
    def name(self) -> str:
        """The DID, or the DID URL of the record."""
        if not self.type:
            return self.did
        return str(DidUrl(did=self.did, type=RecordType(self.type), key=RecordKey(self.key)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """Publishers of whom nothing is taken, and records, by (publisher, type, key), of which no body is taken.

    The headers of a blocked record are taken: without them nothing behind them in their log could be proven.
    """

    publishers: Set[Did] = frozenset()
    records: Set[tuple[Did, str, str]] = frozenset()

    def without_blocked(self, did: Did, leaves: Sequence[bytes | None]) -> Sequence[bytes | None]:
        """These leaves of a publisher's log, with None in the place of those of blocked records."""
        if not any(blocked == did for blocked, _, _ in self.records):
            return leaves
        return [None if leaf is None or self._is_blocked(did, leaf) else leaf for leaf in leaves]

    def _is_blocked(self, did: Did, leaf: bytes) -> bool:
        header = read_leaf(leaf)
        return header is not None and (did, header.type, header.key) in self.records


NOTHING_BLOCKED: Final = Blocked()
