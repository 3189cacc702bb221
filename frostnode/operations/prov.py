"""The answer of `lineage` as W3C PROV-JSON: ends are entities, lineage records activities, publishers agents.

An exact entry is an entity of its own, a specialization of its record, and a version one of its dataset.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from frostnode.operations.parts import Json
from frostnode.protocol.names import DID_PREFIX

_PREFIXES: Final = {
    "frost": DID_PREFIX,
    "doi": "https://doi.org/",
    "id": "urn:frost:id:",
    "term": "urn:frost:term:",
}
_SAFE: Final = "/:;=._-()@?~+&,!*$'%#"
_DOI: Final = "doi:"
_NAME: Final = "prov:QUALIFIED_NAME"


def prov_json(answer: Mapping[str, Any]) -> Json:
    """A document of its own, with everything that is in the picture."""
    return _Document(answer).whole()


def _id(name: str) -> str:
    """The qualified name of an end, an activity or an agent."""
    if name.startswith(DID_PREFIX):
        return f"frost:{quote(name.removeprefix(DID_PREFIX), safe=_SAFE)}"
    if name.startswith(_DOI):
        return f"doi:{quote(name.removeprefix(_DOI), safe=_SAFE)}"
    return f"id:{quote(name, safe=_SAFE)}"


def _typed(name: str) -> Json:
    return {"$": name, "type": _NAME}


class _Document:
    """The parts of a document while they are gathered: statements by kind, each under a number."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        self._answer = answer
        self._parts: dict[str, dict[str, Json]] = {}

    def whole(self) -> Json:
        """All that the answer says."""
        for node in self._answer["nodes"]:
            self._entity(node)
        for activity in self._answer["activities"]:
            self._activity(activity)
        for pair in self._answer["versions"]:
            self._special(_id(pair["version"]), _id(pair["dataset"]))
        for edge in self._answer["edges"]:
            self._edge(edge)
        return {"prefix": dict(_PREFIXES), **self._parts}

    def _put(self, kind: str, key: str, values: Json) -> None:
        self._parts.setdefault(kind, {})[key] = values

    def _say(self, kind: str, **values: str) -> None:
        statement = {f"prov:{name}": value for name, value in values.items()}
        listed = self._parts.setdefault(kind, {})
        if statement not in listed.values():
            listed[f"_:{kind}{len(listed) + 1}"] = statement

    def _entity(self, node: Mapping[str, Any]) -> None:
        said: Json = {"prov:type": _typed(f"term:{node['kind']}"), "term:state": node["state"]}
        if node["title"]:
            said["prov:label"] = node["title"]
        self._put("entity", _id(node["name"]), said)
        if node["did"]:
            agent = {"prov:label": node["publisher"]} if node["publisher"] else {}
            self._put("agent", _id(node["did"]), agent)
            self._say("wasAttributedTo", entity=_id(node["name"]), agent=_id(node["did"]))

    def _activity(self, activity: Mapping[str, Any]) -> None:
        named = {
            "prov:label": activity["name"],
            "term:code": activity["code"],
            "term:container": activity["container"],
        }
        self._put(
            "activity", _id(activity["record"]), {name: value for name, value in named.items() if value}
        )
        self._parts.setdefault("agent", {}).setdefault(_id(activity["did"]), {})
        self._say("wasAssociatedWith", activity=_id(activity["record"]), agent=_id(activity["did"]))

    def _edge(self, edge: Mapping[str, Any]) -> None:
        made, used = self._exact(edge, "generated"), self._exact(edge, "used")
        record = _id(edge["record"])
        self._parts.setdefault("activity", {}).setdefault(record, {})
        self._say("wasGeneratedBy", entity=made, activity=record)
        self._say("used", activity=record, entity=used)
        self._say("wasDerivedFrom", generatedEntity=made, usedEntity=used, activity=record)

    def _exact(self, edge: Mapping[str, Any], side: str) -> str:
        """The entity that an edge names: the very entry, where it says which."""
        name, pin = edge[side], edge[f"{side}_pin"]
        if not pin:
            return _id(name)
        exact = _id(f"{name}?cid={pin}")
        self._put("entity", exact, {"prov:type": _typed("term:entry")})
        self._special(exact, _id(name))
        return exact

    def _special(self, specific: str, general: str) -> None:
        self._say("specializationOf", specificEntity=specific, generalEntity=general)
