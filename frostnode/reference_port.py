"""What the catalog knows of references: which current records name what.

Part of the catalog view: it follows cuts, erasures and bodies that come late as everything there does.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.lineage import Edge
from frostnode.protocol.names import Did
from frostnode.protocol.references import Reference, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Referring:
    """One current record that refers to something, and how."""

    did: Did
    type: str
    key: str
    header: Cid
    reference: Reference


class ReferenceReader(Protocol):
    """References of current records that are not withdrawn; no other record makes an edge or refers to anything."""

    def references(self, did: Did, type_: str, key: str) -> list[Reference]:
        """What a record refers to now, in its own order."""

    def referring(
        self, names: Iterable[str], roles: Iterable[Role], *, limit: int, versions: bool = False
    ) -> list[Referring]:
        """Who refers to one of these names in one of these roles, in the order in which they came here.

        With `versions` also who refers to a version of a dataset that is named.
        """

    def made_from(self, name: str, *, limit: int) -> list[Edge]:
        """What lineage records say that this was made from."""

    def built_on(self, name: str, *, limit: int) -> list[Edge]:
        """What lineage records say was made from this, in the order in which they came here."""

    def products(self, name: str, *, limit: int) -> list[str]:
        """The names of all that was made from this, or from a version of it, each once."""

    def built_elsewhere(self, did: Did, *, limit: int, looked_at: int) -> list[str]:
        """The names of all that was made from records of a publisher and is not its own, each once, as far as so many mentions say."""

    def uses(self, did: Did, dataset_keys: Collection[str], *, limit: int) -> dict[str, int]:
        """How many publishers other than its own built on a dataset or subscribe to it, or to one of its versions: up to `limit`.

        Of all these datasets at once, those that have none left out.
        """
