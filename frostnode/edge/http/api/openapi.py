"""The table as an OpenAPI 3.1 document."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from frostnode.edge.http.api import shapes
from frostnode.edge.http.api.bodies import LINES
from frostnode.edge.http.api.declared import Cost, Item, Place, Route
from frostnode.edge.http.api.table import ROUTES, errors_of
from frostnode.edge.http.refusals import PROBLEM
from frostnode.edge.outcomes import http_status
from frostnode.operations.parts import Json
from frostnode.protocol.errors import (
    CODES,
    EncodingError,
    FrostError,
    LocalError,
    NameError_,
    RecordError,
    StorageError,
    TransportError,
)
from frostnode.protocol.limits import IDEMPOTENCY_KEY_CHARS_MAX

_FAMILIES: Final[Mapping[str, type[FrostError]]] = {
    "encoding": EncodingError,
    "name": NameError_,
    "body": RecordError,
    "header": RecordError,
    "lineage": RecordError,
    "record.field": RecordError,
    "request.too-large": TransportError,
    "request.too-slow": TransportError,
    "transport": TransportError,
    "storage": StorageError,
}
"""Who raises codes of an area, where it is not the command that was asked."""

_REUSED: Final = {"$ref": "#/components/schemas/Problem"}
_TAG: Final = "The entry that is replaced: the CID of its header in quotes, or the ETag with which it was read; `*` for any."


def status_of(code: str) -> int:
    """With which status a code is answered."""
    family = _FAMILIES.get(code) or _FAMILIES.get(code.partition(".")[0], LocalError)
    return http_status(family(code, ""))


def document(about: Mapping[str, Any]) -> Json:
    """The whole document; `about` is what the node says of itself."""
    paths: dict[str, Json] = {}
    for route in ROUTES:
        for path, items in route.paths():
            in_path = any(item.place is Place.PATH for item in items) and route.named is not None
            operation = _operation(route, items, suffix="InPath" if in_path else "")
            paths.setdefault(path, {})[route.method.lower()] = operation
    groups = dict.fromkeys(route.group for route in ROUTES)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"The API of {about.get('name') or 'a frostnode'}",
            "version": str(about.get("version") or "0"),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "description": "Everything that the pages of this node show, read by anybody; written with a token. "
            "Records travel in the lossless JSON form of DAG-CBOR.",
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": group} for group in groups],
        "paths": paths,
        "components": {
            "schemas": {"Problem": shapes.PROBLEM},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "`frost token create` makes one, for these scopes: publish, subscribe, inbox.",
                }
            },
        },
    }


def _operation(route: Route, items: Sequence[Item], suffix: str) -> Json:
    made: Json = {
        "operationId": f"{route.id}{suffix}",
        "tags": [route.group],
        "summary": route.about,
        "parameters": [*map(_parameter, items), *_header_parameters(route)],
        "responses": {**_answers(route), **_problems(route)},
        "security": [] if route.scope is None else [{"token": [str(route.scope)]}],
    }
    if route.body is not None:
        schema = route.body.kind.schema()
        made["requestBody"] = {
            "required": True,
            "description": route.body.about,
            "content": {
                kind: {"schema": {"type": "string"} if kind == LINES else schema}
                for kind in route.body.media_types
            },
        }
    return made


def _parameter(item: Item) -> Json:
    schema = item.kind.schema()
    return {
        "name": item.name,
        "in": str(item.place),
        "required": item.is_required,
        "description": item.about,
        "schema": schema if item.default in (None, "", False) else {**schema, "default": item.default},
    }


def _header_parameters(route: Route) -> list[Json]:
    found: list[tuple[str, str, Json]] = []
    if route.cost is Cost.WRITE:
        schema = {"type": "string", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_CHARS_MAX}
        found.append(("Idempotency-Key", "The same key and request are done once, for 24 hours.", schema))
    if route.conditional:
        found.append(
            ("If-Match", _TAG, {"type": "string", "maxLength": 200, "pattern": '^[^,]*[^, "][^,]*$'})
        )
        found.append(("If-None-Match", "`*`: there is no such record.", {"type": "string", "enum": ["*"]}))
    return [
        {"name": name, "in": "header", "required": False, "description": about, "schema": schema}
        for name, about, schema in found
    ]


def _answers(route: Route) -> Json:
    content = {kind: {"schema": route.answer} if kind.endswith("json") else {} for kind in route.media_types}
    statuses = [200, 201] if route.method == "PUT" else [200]
    done = {str(status): {"description": "Done.", "content": content} for status in statuses}
    unchanged = {"304": {"description": "What If-None-Match names is what there is."}}
    return {**done, **(unchanged if route.method == "GET" and route.scope is None else {})}


def _problems(route: Route) -> Json:
    """A problem document for each status, with the codes that it may carry."""
    by_status: dict[int, list[str]] = {}
    for code in errors_of(route):
        by_status.setdefault(status_of(code), []).append(code)
    return {
        str(status): {
            "description": "; ".join(f"`{code}`: {CODES[code]}" for code in codes),
            "content": {PROBLEM: {"schema": {**_REUSED, "properties": {"code": {"enum": codes}}}}},
        }
        for status, codes in sorted(by_status.items())
    }
