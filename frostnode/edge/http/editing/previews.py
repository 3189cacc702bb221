"""How a record would look that is not published: the page of a record, without what only its entry gives it: proof, history, citation."""

from collections.abc import Mapping
from typing import Any

from frostnode.edge.http.record_page import record_values
from frostnode.operations.parts import Json
from frostnode.protocol.names import VERSION
from frostnode.protocol.records import title_of, version_title


def preview(
    publisher: Json, type_: str, key: str, fields: Mapping[str, Any], *, dataset: str, now_ms: int
) -> dict[str, Any]:
    """The values of `record.html`; `dataset` is the title of a version's."""
    title = title_of(type_, key, fields)
    shown: Json = {
        "url": f"{publisher['did']}/{key}",
        "did": publisher["did"],
        "publisher": publisher["name"],
        "badge": publisher["badge"],
        "type": type_,
        "key": key,
        "title": version_title(key, title, dataset) if type_ == VERSION else title,
        "op": "put",
        "content": {"state": "here", "fields": dict(fields)},
        "header": "",
        "body": None,
        "size": 0,
        "origin": "",
        "epoch": 0,
        "index": 0,
        "time_ms": now_ms,
        "seen_ms": now_ms,
        "proof": {"available": False, "size": 0},
        "host": "",
        "carried_by": [],
        "disputed": False,
        "signed": [],
        "forks": [],
        "witnesses": [],
        "history": [],
        "versions": [],
    }
    made = record_values(shown, None, at=lambda path: path)
    return {"record": shown, "around": None, "canonical": "", "asks": "", **made, "citation": None}
