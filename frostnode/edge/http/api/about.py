"""The page about the API, made of the table."""

from typing import Any

from starlette.responses import Response

from frostnode.edge.http.api.declared import Item, Route, Text, Whole
from frostnode.edge.http.api.openapi import status_of
from frostnode.edge.http.api.table import ROUTES, errors_of
from frostnode.edge.http.pages import Pages
from frostnode.protocol.limits import (
    API_BODY_BYTES_MAX,
    IDEMPOTENCY_KEPT_S,
    PUBLISH_BATCH_RECORDS_MAX,
    RATE_READS_MAX,
    RATE_WINDOW_S,
    RATE_WRITES_MAX,
)


async def about_page(pages: Pages) -> Response:
    """Every route, with what it takes and what it may answer."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for route in ROUTES:
        groups.setdefault(route.group, []).append(_shown(route))
    limits = {
        "body_mib": API_BODY_BYTES_MAX // 2**20,
        "records": PUBLISH_BATCH_RECORDS_MAX,
        "kept_h": IDEMPOTENCY_KEPT_S // 3600,
        "reads": RATE_READS_MAX,
        "writes": RATE_WRITES_MAX,
        "window_s": RATE_WINDOW_S,
    }
    return await pages.show("api.html", {"groups": groups, "limits": limits})


def _shown(route: Route) -> dict[str, Any]:
    items = [*([route.named] if route.named is not None else []), *route.items]
    schema = route.body.kind.schema() if route.body is not None else {}
    fields = (schema.get("oneOf") or [schema])[0]
    needed = fields.get("required", [])
    return {
        "method": route.method,
        "path": route.path,
        "about": route.about,
        "named": route.named is not None,
        "scope": route.scope,
        "body": route.body,
        "fields": [
            (name, name in needed, one["description"]) for name, one in fields.get("properties", {}).items()
        ],
        "items": [(item.name, item.is_required, item.about, _range(item)) for item in items],
        "errors": sorted((status_of(code), code) for code in errors_of(route)),
        "answers": [kind for kind in route.media_types if kind != "application/json"],
    }


def _range(item: Item) -> str:
    """Bounds and default, where there are any to tell."""
    told = []
    if isinstance(item.kind, Whole):
        told.append(f"{item.kind.minimum} to {item.kind.maximum}")
    elif not isinstance(item.kind, Text):
        told.append(" or ".join(str(word) for word in item.kind.schema().get("enum", ()) if word != ""))
    if item.default not in (None, "", False):
        told.append(f"{item.default} by default")
    return ", ".join(filter(None, told))
