"""Values by which an answer can be narrowed, each with the search that does so."""

from collections.abc import Mapping
from typing import Any

from frostnode.operations.badges import Badges
from frostnode.operations.parts import Json
from frostnode.protocol.errors import LocalError
from frostnode.protocol.names import Did
from frostnode.search.facets import ASKED_BY, COUNTED
from frostnode.search.printing import switched
from frostnode.search.query import Field, Query


def facets_wanted(said: Any) -> tuple[Field, ...]:
    """The fields to count by: names in a list, or apart by commas.

    Raises:
        LocalError: usage
    """
    names = said.split(",") if isinstance(said, str) else list(said or ())
    known = list(map(str, COUNTED))
    for name in filter(None, names):
        if name not in known:
            raise LocalError("usage", "parameter facets", found=name, expected=", ".join(known))
    return tuple(dict.fromkeys(Field(name) for name in names if name))


def facets_json(query: Query, facets: Mapping[Field, Mapping[str, int]], badges: Badges) -> Json:
    """{name: [{value, label, count, chosen, query}]}: `query` asks for the value too, or for it no more where it is chosen."""
    return {str(field): _values_json(query, field, counts, badges) for field, counts in facets.items()}


def _values_json(query: Query, field: Field, counts: Mapping[str, int], badges: Badges) -> list[Json]:
    choices = switched(query, ASKED_BY.get(field, field), counts)
    return [
        {
            "value": value,
            "label": (badges.name(Did(value)) if field is Field.PUBLISHER else "") or value,
            "count": count,
            "chosen": is_chosen,
            "query": text,
        }
        for (value, count), (is_chosen, text) in zip(counts.items(), choices, strict=True)
    ]
