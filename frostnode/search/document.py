"""What a record is found by: its texts by weight, and its values in the spelling of the index.

Rules (spec/15-search.md#what-a-record-is-found-by): values are put in order for the index only, never in the record.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from frostnode.protocol.names import Did
from frostnode.search.query import Area


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchDocument:
    """One current record as the index knows it.

    `first_day` and `last_day` are days since 1970-01-01, None where open or not said. `changed_ms` is the earlier of what
    its author claims and when this node first held it. `same_as` are identifiers that it shares with other records of the
    same thing. `uses` counts the publishers that subscribe to it or built on it, its own not counted.
    """

    did: Did
    type: str
    key: str
    title: str
    keywords: Sequence[str] = ()
    description: str = ""
    texts: Sequence[str] = ()
    """All other texts."""
    publisher: str = ""
    """The name of the publisher, "" where it has none."""
    harvested_from: str = ""
    model: str = ""
    variables: Sequence[str] = ()
    columns: Sequence[str] = ()
    formats: Sequence[str] = ()
    license: str = ""
    """Its family: one of those of spec/15, "other", or "" where the record says nothing."""
    price: str = ""
    access: str = ""
    hosts: Sequence[str] = ()
    """Where the data lies: the names of hosts and buckets."""
    areas: Sequence[Area] = ()
    """None of them crosses the antimeridian."""
    first_day: int | None = None
    last_day: int | None = None
    changed_ms: int = 0
    same_as: Sequence[str] = ()
    refers_to: Sequence[str] = ()
    """The records of this network that a lineage record or a subscription names: kept beside it, nothing is found by them."""
    uses: int = 0
    is_deprecated: bool = False
