"""The reading side of the store: one consistent state, its parts from one file each."""

from frostnode.edge.sqlite.arrival_reader import ArrivalReader
from frostnode.edge.sqlite.body_reader import BodyReader
from frostnode.edge.sqlite.evidence_reader import EvidenceReader
from frostnode.edge.sqlite.handles import HandleReading
from frostnode.edge.sqlite.identity_reader import IdentityReader
from frostnode.edge.sqlite.ledger_reader import LedgerReading
from frostnode.edge.sqlite.log_reader import LogStateReader
from frostnode.edge.sqlite.neighbour_reader import NeighbourReader
from frostnode.edge.sqlite.rows import damaged
from frostnode.edge.sqlite.source_reader import SourceReader
from frostnode.edge.sqlite.tree_reader import TreeReader


class Reader(
    IdentityReader,
    LogStateReader,
    TreeReader,
    BodyReader,
    EvidenceReader,
    ArrivalReader,
    NeighbourReader,
    SourceReader,
    LedgerReading,
    HandleReading,
):
    """A `frostnode.ports.LogReader` over one snapshot."""

    @property
    def database(self) -> bytes:
        """16 random bytes, drawn when the store was made; part of every cursor."""
        row = self._db.one("SELECT database FROM store")
        if row is None:
            raise damaged("store", "no row", "the name of the database")
        return bytes(row[0])
