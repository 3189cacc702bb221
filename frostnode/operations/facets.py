"""Values by which an answer can be narrowed, each with the search that does so."""

from collections.abc import Mapping
from typing import Any

from frostnode.operations.badges import Badges
from frostnode.operations.parts import Json
from frostnode.protocol.errors import LocalError
from frostnode.protocol.names import Did
from frostnode.search.facets import ASKED_BY, COUNTED
from frostnode.search.printing import has_value, print_query, with_value, without_value
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
    return {
        str(field): [_value_json(query, field, value, count, badges) for value, count in counts.items()]
        for field, counts in facets.items()
    }


def _value_json(query: Query, field: Field, value: str, count: int, badges: Badges) -> Json:
    asked = ASKED_BY.get(field, field)
    is_chosen = has_value(query, asked, value)
    other = without_value(query, asked, value) if is_chosen else with_value(query, asked, value)
    name = badges.name(Did(value)) if field is Field.PUBLISHER else ""
    return {
        "value": value,
        "label": name or value,
        "count": count,
        "chosen": is_chosen,
        "query": print_query(other),
    }
