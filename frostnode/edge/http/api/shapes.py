"""What answers look like, as JSON Schema: what is always there, with its type. More may come with later versions."""

from collections.abc import Mapping
from typing import Final

from frostnode.operations.parts import Json

TEXT: Final[Json] = {"type": "string"}
WHOLE: Final[Json] = {"type": "integer"}
NUMBER: Final[Json] = {"type": "number"}
FLAG: Final[Json] = {"type": "boolean"}
MAP: Final[Json] = {"type": "object"}
COUNTS: Final[Json] = {"type": "object", "additionalProperties": WHOLE}
TEXT_OR_NULL: Final[Json] = {"type": ["string", "null"]}
WHOLE_OR_NULL: Final[Json] = {"type": ["integer", "null"]}


def each(schema: Json) -> Json:
    """A list."""
    return {"type": "array", "items": schema}


def shape(needed: Mapping[str, Json], optional: Mapping[str, Json] | None = None) -> Json:
    """A map with these fields."""
    return {"type": "object", "required": list(needed), "properties": {**needed, **(optional or {})}}


def _joined(*shapes: Json) -> Json:
    """A map with the fields of all of them."""
    needed = {name: one["properties"][name] for one in shapes for name in one["required"]}
    return shape(needed, {name: value for one in shapes for name, value in one["properties"].items()})


BADGE: Final = shape(
    {
        "state": {"type": "string", "enum": ["verified", "unverified", "harvested"]},
        "handle": TEXT,
        "verified": FLAG,
        "harvested_from": TEXT,
        "checked_ms": WHOLE_OR_NULL,
        "reason": TEXT,
    }
)
ENTRY: Final = shape(
    {
        "url": TEXT,
        "did": TEXT,
        "type": TEXT,
        "key": TEXT,
        "title": TEXT,
        "op": {"type": "string", "enum": ["put", "withdraw"]},
        "origin": TEXT,
        "epoch": WHOLE_OR_NULL,
        "index": WHOLE,
        "header": TEXT,
        "body": TEXT_OR_NULL,
        "size": WHOLE,
        "time_ms": WHOLE,
        "seen_ms": WHOLE,
    }
)
_SAID_BY: Final = shape({"publisher": TEXT, "badge": BADGE})
_MARKS: Final = shape({"duplicity": FLAG, "disputed": FLAG})
_LISTED: Final = _joined(ENTRY, _SAID_BY, _MARKS)
_CONTENT: Final = shape(
    {
        "state": {
            "type": "string",
            "enum": ["here", "withdrawn", "absent", "erased", "refused", "unreadable"],
        }
    },
    {"fields": MAP, "reason": TEXT},
)
RECORD: Final = _joined(
    ENTRY,
    _SAID_BY,
    shape(
        {
            "content": _CONTENT,
            "proof": shape({"available": FLAG, "size": WHOLE}),
            "disputed": FLAG,
            "signed": each(MAP),
            "forks": each(MAP),
            "witnesses": each(MAP),
            "history": each(ENTRY),
            "versions": each(ENTRY),
        }
    ),
)
_SOURCE: Final = _joined(
    shape({"url": TEXT, "did": TEXT, "type": TEXT, "key": TEXT, "title": TEXT}),
    shape({"time_ms": WHOLE, "seen_ms": WHOLE}),
    _SAID_BY,
)
_HIT: Final = _joined(
    _LISTED, shape({"description": TEXT, "score": NUMBER, "near": FLAG, "sources": each(_SOURCE)})
)
_FACET: Final = shape({"value": TEXT, "label": TEXT, "count": WHOLE, "chosen": FLAG, "query": TEXT})
SEARCH: Final = shape(
    {
        "query": TEXT,
        "meant": TEXT,
        "total": WHOLE,
        "near": WHOLE,
        "offset": WHOLE,
        "unknown": WHOLE,
        "facets": {"type": "object", "additionalProperties": each(_FACET)},
        "hits": each(_HIT),
        "next": TEXT_OR_NULL,
        "previous": TEXT_OR_NULL,
        "went_to": TEXT,
    }
)
SIMILAR: Final = shape({"url": TEXT, "hits": each(_HIT)})
RECORDS: Final = shape({"records": each(_LISTED)})
_PUBLISHER: Final = shape(
    {
        "did": TEXT,
        "name": TEXT,
        "tier": TEXT_OR_NULL,
        "records": COUNTS,
        "changed_ms": WHOLE,
        "forked": FLAG,
        "duplicity": FLAG,
        "disputed": FLAG,
        "entries": WHOLE,
        "badge": BADGE,
    }
)
_EPOCH: Final = shape(
    {
        "origin": TEXT,
        "epoch": WHOLE_OR_NULL,
        "size": WHOLE,
        "served": WHOLE,
        "end": WHOLE_OR_NULL,
        "host": TEXT,
        "frozen": FLAG,
        "disputed": FLAG,
        "log_path": TEXT,
        "evidence_path": TEXT_OR_NULL,
        "vkey": TEXT_OR_NULL,
        "signed": each(MAP),
        "witnesses": each(MAP),
    }
)
_EVENT: Final = shape(
    {
        "cid": TEXT,
        "n": WHOLE,
        "kind": TEXT,
        "time_ms": WHOLE,
        "host": TEXT,
        "log_key": TEXT_OR_NULL,
    }
)
PUBLISHERS: Final = shape({"publishers": each(_PUBLISHER)})
PUBLISHER: Final = _joined(
    _PUBLISHER,
    shape({"epochs": each(_EPOCH), "events": each(_EVENT), "forks": each(MAP), "listing": each(ENTRY)}),
)
LOG: Final = shape(
    {
        "did": TEXT,
        "forks": each(MAP),
        "epochs": each(_EPOCH),
        "entries": each(
            shape(
                {
                    "epoch": WHOLE_OR_NULL,
                    "index": WHOLE,
                    "op": TEXT,
                    "type": TEXT,
                    "key": TEXT,
                    "time_ms": WHOLE,
                    "header": TEXT,
                }
            )
        ),
    }
)
VERSIONS: Final = shape(
    {
        "dataset": TEXT,
        "latest": TEXT,
        "versions": each(
            shape(
                {
                    "url": TEXT,
                    "exact": TEXT,
                    "label": TEXT,
                    "title": TEXT,
                    "note": TEXT,
                    "time_ms": WHOLE,
                    "seen_ms": WHOLE,
                    "withdrawn": FLAG,
                }
            )
        ),
        "more": FLAG,
    }
)
_SIDE: Final = shape({"url": TEXT, "exact": TEXT, "title": TEXT, "time_ms": WHOLE})
DIFF: Final = shape(
    {
        "a": _SIDE,
        "b": _SIDE,
        "changes": each(
            shape({"op": {"type": "string", "enum": ["added", "removed", "changed"]}, "path": TEXT})
        ),
        "more": FLAG,
    }
)
LINEAGE: Final = shape(
    {
        "url": TEXT,
        "nodes": each(
            shape(
                {
                    "name": TEXT,
                    "kind": TEXT,
                    "state": TEXT,
                    "title": TEXT,
                    "publisher": TEXT,
                    "did": TEXT_OR_NULL,
                    "header": TEXT_OR_NULL,
                    "distance": WHOLE,
                    "marks": each(TEXT),
                }
            )
        ),
        "edges": each(shape({"generated": TEXT, "used": TEXT, "record": TEXT, "newer": TEXT_OR_NULL})),
        "versions": each(shape({"version": TEXT, "dataset": TEXT})),
        "more": each(TEXT),
        "activities": each(shape({"record": TEXT, "did": TEXT, "time_ms": WHOLE_OR_NULL})),
    }
)
_CITED: Final = each(shape({"name": TEXT, "title": TEXT}))
CITATIONS: Final = shape(
    {
        "url": TEXT,
        "counts": COUNTS,
        "datasets": _CITED,
        "papers": _CITED,
        "code": _CITED,
        "other": _CITED,
        "more": FLAG,
    }
)
SUBSCRIBERS: Final = shape(
    {
        "subscribers": each(
            shape(
                {
                    "did": TEXT,
                    "publisher": TEXT,
                    "badge": BADGE,
                    "record": TEXT,
                    "behalf": TEXT,
                    "title": TEXT,
                }
            )
        ),
        "more": FLAG,
    }
)
STATUS: Final = shape(
    {
        "name": TEXT,
        "url": TEXT,
        "database": TEXT,
        "carry": TEXT,
        "records": COUNTS,
        "publishers": WHOLE,
        "hosted": each(shape({"did": TEXT, "badge": BADGE, "size": WHOLE, "served": WHOLE})),
        "witness": TEXT,
        "trusted": each(MAP),
        "peers": each(MAP),
        "followed": each(TEXT),
        "forked": each(MAP),
        "disputed": each(MAP),
        "arrivals": WHOLE,
        "catalog_behind": WHOLE,
        "search_behind": WHOLE,
        "troubles": {"type": "object", "additionalProperties": TEXT},
    }
)
PEERS: Final = shape(
    {
        "peers": each(shape({"url": TEXT, "found": FLAG, "state": TEXT, "logs": WHOLE, "error": TEXT})),
        "refused_takes": each(MAP),
    }
)
POLICY: Final = shape({"settings": MAP, "tiers": COUNTS, "not_carried": WHOLE, "refusals": WHOLE})
REFUSALS: Final = shape(
    {
        "total": WHOLE,
        "refusals": each(
            shape({"did": TEXT_OR_NULL, "publisher": TEXT, "code": TEXT, "reason": TEXT, "times": WHOLE})
        ),
    }
)
WITHHELD: Final = shape(
    {"withheld": each(shape({"kind": TEXT, "state": TEXT, "reason": TEXT})), "next": WHOLE_OR_NULL}
)
RESOLVED: Final = shape({"kind": {"type": "string", "enum": ["publisher", "record", "identifier"]}})
EVIDENCE: Final = shape({"origin": TEXT, "name": TEXT, "bytes": TEXT})
FEEDS: Final = shape({"target": TEXT, "atom": TEXT, "events": TEXT, "firehose": TEXT, "changes": TEXT})
INBOX: Final = shape(
    {
        "all": WHOLE,
        "unread": WHOLE,
        "items": each(shape({"notice": MAP, "subscription": TEXT, "target": TEXT, "read": TEXT_OR_NULL})),
    }
)
READ: Final = shape({"read": WHOLE})
SUBSCRIPTIONS: Final = shape(
    {
        "subscriptions": each(
            shape({"id": TEXT, "target": TEXT, "form": TEXT, "public": FLAG, "state": TEXT, "due": WHOLE})
        )
    }
)
SUBSCRIBED: Final = shape(
    {
        "target": TEXT,
        "form": TEXT,
        "public": FLAG,
    },
    {"id": TEXT, "state": TEXT, "behalf": TEXT, "secret": TEXT_OR_NULL, "followed": TEXT_OR_NULL},
)
_TOLD: Final = shape(
    {
        "url": TEXT,
        "status": {"type": "string", "enum": ["published", "unchanged", "blocked", "would publish"]},
    },
    {"header": TEXT, "origin": TEXT, "index": WHOLE, "replaces": TEXT_OR_NULL, "reason": TEXT},
)
PUBLISHED: Final = shape({"did": TEXT, "dry_run": FLAG, "records": each(_TOLD)})
VERSION_PUBLISHED: Final = _joined(PUBLISHED, shape({"previous": TEXT_OR_NULL}))
DERIVED: Final = _joined(PUBLISHED, shape({"generated": TEXT, "used": each(TEXT)}))
PROBLEM: Final = shape(
    {
        "type": TEXT,
        "title": TEXT,
        "status": WHOLE,
        "detail": TEXT,
        "code": TEXT,
    }
)


def ids(name: str) -> Json:
    """A list of ids under that name."""
    return shape({name: each(TEXT)})
