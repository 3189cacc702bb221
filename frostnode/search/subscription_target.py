"""What somebody wants to be told of: a dataset, a publisher, what a saved search matches, or everything.

The first three are the targets of subscription records, of which each has one (spec/03-records.md#record-types).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from frostnode.protocol.dagcbor import Value
from frostnode.protocol.errors import LocalError, NameError_
from frostnode.protocol.names import DATASET, DID_PREFIX, Did, RecordKey, parse_did, parse_did_url
from frostnode.search.saved_search import SavedSearch, parse_saved_search


@dataclass(frozen=True, slots=True)
class OfDataset:
    """A dataset and its versions, and moves of its publisher."""

    did: Did
    key: RecordKey

    def __str__(self) -> str:
        """The DID URL of the dataset."""
        return f"{self.did}/{self.key}"


@dataclass(frozen=True, slots=True)
class OfPublisher:
    """Everything of a publisher."""

    did: Did

    def __str__(self) -> str:
        """The DID."""
        return self.did


@dataclass(frozen=True, slots=True)
class OfSearch:
    """Records of all publishers that a search matches, as it was written."""

    text: str
    search: SavedSearch

    def __str__(self) -> str:
        """The search as it was written."""
        return self.text


@dataclass(frozen=True, slots=True)
class OfEverything:
    """All that is carried."""

    def __str__(self) -> str:
        """What stands for it where a target is written."""
        return "*"


Target: TypeAlias = OfDataset | OfPublisher | OfSearch | OfEverything


def parse_target(text: str) -> Target:
    """Read a target as people write it: a DID, the DID URL of a dataset, `*`, or a search.

    Raises:
        LocalError: usage, query.malformed
    """
    if text == "*":
        return OfEverything()
    if not text.startswith(DID_PREFIX):
        return OfSearch(text, parse_saved_search(text))
    try:
        if "/" not in text:
            return OfPublisher(parse_did(text))
        url = parse_did_url(text)
    except NameError_ as error:
        raise LocalError("usage", f"target {text}: {error}") from error
    if url.type != DATASET or url.cid is not None:
        raise LocalError("usage", "target", found=text, expected="a DID, the DID URL of a dataset, or words")
    return OfDataset(url.did, url.key)


def target_of(fields: Mapping[str, Value]) -> Target | None:
    """The target of a subscription record; None when it has none that can be read."""
    stated = fields.get("target")
    if not isinstance(stated, dict) or len(stated) != 1:
        return None
    ((kind, text),) = stated.items()
    if kind not in ("dataset", "publisher", "query") or not isinstance(text, str):
        return None
    try:
        if kind == "query":
            return OfSearch(text, parse_saved_search(text))
        target = parse_target(text)
    except LocalError:
        return None
    return target if isinstance(target, OfDataset if kind == "dataset" else OfPublisher) else None


def check_target(fields: object) -> None:
    """Check that a subscription record, whose shape is right, concerns something: a saved search that can be read.

    Raises:
        LocalError: query.malformed
    """
    target = fields.get("target") if isinstance(fields, Mapping) else None
    query = target.get("query") if isinstance(target, Mapping) else None
    if isinstance(query, str):
        parse_saved_search(query)


def target_field(target: Target) -> dict[str, Value]:
    """The field of a subscription record that states a target.

    Raises:
        LocalError: usage: everything is no target of a public subscription
    """
    match target:
        case OfDataset():
            return {"dataset": str(target)}
        case OfPublisher():
            return {"publisher": str(target)}
        case OfSearch():
            return {"query": target.text}
        case OfEverything():
            raise LocalError("usage", "target", found="*", expected="a dataset, a publisher or a search")
