"""What a record refers to: the versions it came from, the one before it, its successor, what it watches.

Rules (spec/13-versions-and-lineage.md#references):
- all spellings of one thing become one name: a DID URL without `?cid=`, or the one spelling of an identifier of the world;
- the exact entry that was named is kept beside the name, as its pin;
- what a publisher says of what others made, or on behalf of others, refers to nothing;
- nobody has checked the fields: what has not its shape is passed over.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import NameError_
from frostnode.protocol.identifiers import identifier
from frostnode.protocol.limits import IDENTIFIER_CHARS_MAX, REFERENCES_PER_RECORD_MAX
from frostnode.protocol.names import (
    DATASET,
    DID_PREFIX,
    VERSION,
    Did,
    DidUrl,
    parse_did,
    parse_did_url,
    url_of,
)
from frostnode.protocol.records import LATEST_LABEL, LINEAGE, SUBSCRIPTION


class Role(StrEnum):
    """In which field of which record something is named."""

    GENERATED = "generated"
    USED = "used"
    PREVIOUS = "previous"
    SUCCESSOR = "successor"
    TARGET = "target"
    ON_BEHALF_OF = "on_behalf_of"


@dataclass(frozen=True, slots=True)
class Reference:
    """One thing that a record names; `pin` is the header of the exact entry, None for the record as it is."""

    role: Role
    name: str
    pin: Cid | None = None


def references_of(did: Did, type_: str, fields: object) -> tuple[Reference, ...]:
    """What a record of this publisher refers to, each once, at most REFERENCES_PER_RECORD_MAX.

    A lineage record without an end of its own refers to nothing at all: it makes no edge.
    """
    if not isinstance(fields, Mapping):
        return ()
    found: dict[Reference, None] = {}
    for role, text in _named(did, type_, fields):
        if (reference := _reference(role, text)) is not None:
            found[reference] = None
        if len(found) >= REFERENCES_PER_RECORD_MAX:
            break
    return tuple(found)


def _named(did: Did, type_: str, fields: Mapping[str, object]) -> Iterator[tuple[Role, str]]:
    if type_ == LINEAGE:
        generated = fields.get("generated")
        if isinstance(generated, str) and is_own(did, generated):
            yield Role.GENERATED, generated
            yield from ((Role.USED, uri) for uri in _uris(fields.get("used")))
    elif type_ == VERSION and isinstance(previous := fields.get("previous"), str):
        yield Role.PREVIOUS, previous
    elif type_ == DATASET and isinstance(successor := fields.get("successor"), str):
        yield Role.SUCCESSOR, successor
    elif type_ == SUBSCRIPTION:
        target, on_behalf_of = fields.get("target"), fields.get("on_behalf_of")
        if isinstance(target, Mapping):
            names = (target.get(name) for name in ("dataset", "publisher"))
            yield from ((Role.TARGET, name) for name in names if isinstance(name, str))
        if isinstance(on_behalf_of, str) and is_own(did, on_behalf_of):
            yield Role.ON_BEHALF_OF, on_behalf_of


def _uris(used: object) -> Iterator[str]:
    for item in used if isinstance(used, list) else ():
        if isinstance(item, dict) and isinstance(uri := item.get("uri"), str):
            yield uri


def _reference(role: Role, text: str) -> Reference | None:
    name, pin = reference_name(text)
    return Reference(role, name, pin) if name else None


def is_own(did: Did, text: str) -> bool:
    """Whether a publisher can speak for what is named: it is a record of its own, or lies outside of this network."""
    return not text.strip().startswith(DID_PREFIX) or text.strip().startswith(f"{did}/")


def reference_name(text: str) -> tuple[str, Cid | None]:
    """The name of what a URI leads to, and the exact entry that it says, if any; "" for what names nothing."""
    plain = text.strip()
    with suppress(NameError_):
        if plain.startswith(DID_PREFIX):
            if "/" not in plain:
                return parse_did(plain), None
            url = parse_did_url(plain)
            return record_name(url), url.cid
        return identifier(plain), None
    is_name = (
        plain.isprintable() and 0 < len(plain) <= IDENTIFIER_CHARS_MAX and not plain.startswith(DID_PREFIX)
    )
    return (plain if is_name else ""), None


def record_name(url: DidUrl) -> str:
    """A DID URL without the entry that it says."""
    return url_of(url.did, url.type, url.key)


# -- versions of datasets -------------------------------------------------------------------------------


def named_record(name: str) -> DidUrl | None:
    """The record that a name of a reference names; None for what lies outside, and for publishers."""
    try:
        return parse_did_url(name) if name.startswith(DID_PREFIX) else None
    except NameError_:
        return None


def dataset_of(url: DidUrl) -> DidUrl:
    """The dataset that a version is of; every other record itself."""
    if url.type != VERSION:
        return DidUrl(did=url.did, type=url.type, key=url.key)
    return DidUrl(did=url.did, type=DATASET, key=type(url.key)(url.key.partition("@")[0]))


def is_latest(url: DidUrl) -> bool:
    """Whether a DID URL asks for the newest version of a dataset, whichever that is."""
    return url.type == VERSION and url.cid is None and url.key.endswith(f"@{LATEST_LABEL}")
