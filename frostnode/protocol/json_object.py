"""JSON objects that others wrote: whatever the bytes are, they are an object, or they are none."""

import json
from typing import Any


def read_object(raw: bytes) -> dict[str, Any] | None:
    """The object that these bytes are in JSON; None if they are no JSON, nested beyond all measure, or another value."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
