"""What a publisher subscribes to: something that can be told of, and no more than is."""

from collections.abc import Mapping

from frostnode.ports import CatalogReader
from frostnode.protocol.dagcbor import Value
from frostnode.protocol.entry import Op
from frostnode.protocol.errors import LocalError
from frostnode.protocol.limits import OWN_SUBSCRIPTIONS_MAX
from frostnode.protocol.names import Did
from frostnode.protocol.records import SUBSCRIPTION
from frostnode.search.subscription_target import check_target


class SubscriptionCheck:
    """Of the records of one publication: each new one is counted with those before it."""

    def __init__(self) -> None:
        self._room: int | None = None
        self._new: set[str] = set()

    def check(self, catalog: CatalogReader, did: Did, key: str, fields: Mapping[str, Value]) -> None:
        """Check a subscription record.

        Raises:
            LocalError: query.malformed; queue.full: beyond OWN_SUBSCRIPTIONS_MAX nobody would be told
        """
        check_target(fields)
        current = catalog.current(did, SUBSCRIPTION, key)
        if key in self._new or (current is not None and current.op == Op.PUT):
            return
        if self._room is None:
            self._room = OWN_SUBSCRIPTIONS_MAX - catalog.counts(did).get(SUBSCRIPTION, 0)
        if self._room <= 0:
            raise LocalError(
                "queue.full",
                f"subscriptions of {did}",
                expected=f"≤ {OWN_SUBSCRIPTIONS_MAX}",
                hint="subscribe with --private, or end others",
            )
        self._room -= 1
        self._new.add(key)
