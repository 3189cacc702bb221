"""The one table of routes: what is routed, checked, documented and shown comes from here."""

from typing import Final

from frostnode.edge.http.api import reads, writes
from frostnode.edge.http.api.declared import Cost, Route

ROUTES: Final[tuple[Route, ...]] = (*reads.ROUTES, *writes.ROUTES)

_OF_EVERY: Final = ("usage", "storage.failed", "storage.damaged")
_OF_TOKENS: Final = ("token.missing", "token.invalid", "token.scope")
_OF_KEYS: Final = ("idempotency.busy", "idempotency.reused", "queue.full")
_OF_BODIES: Final = (
    "request.media-type",
    "request.too-large",
    "request.too-slow",
    "encoding.text",
    "encoding.json",
    "encoding.too-deep",
)


def errors_of(route: Route) -> tuple[str, ...]:
    """Every code that a route may answer with."""
    found = [*_OF_EVERY, *route.errors]
    found += _OF_TOKENS if route.scope is not None else ()
    found += _OF_KEYS if route.cost is Cost.WRITE else ()
    found += _OF_BODIES if route.body is not None else ()
    found += ("request.rate",) if route.cost is not Cost.LIGHT else ()
    return tuple(dict.fromkeys(found))
