"""Record types and their fields: what is checked before publication, and how views read what came.

Rules (spec/03-records.md#record-types):
- a record is refused for publication only for what its own type demands, and so that readers can rely
  on the shape of what is there; unknown fields are kept untouched;
- what comes from the network was checked by nobody: reading helpers take anything and raise nothing.
"""

from collections.abc import Mapping
from typing import Any, Final

from frostnode.protocol.cosigners import Cosigner, parse_cosigner
from frostnode.protocol.dagcbor import Value
from frostnode.protocol.errors import NameError_, RecordError
from frostnode.protocol.limits import TITLE_CHARS_MAX
from frostnode.protocol.names import DATASET, VERSION, RecordKey, RecordType, check_type_and_key
from frostnode.protocol.record_shapes import (
    Check,
    any_map,
    box,
    count,
    dataset_url,
    domain,
    flag,
    interval,
    items,
    one_of,
    or_null,
    pinned_url,
    publisher_did,
    record_url,
    shape,
    some_text,
    summary,
    text,
    text_or,
    witnesses,
    wrong,
    x25519_key,
)

PROFILE: Final = RecordType("profile")
LINEAGE: Final = RecordType("lineage")
SUBSCRIPTION: Final = RecordType("subscription")

RECORD_TYPES: Final = (PROFILE, DATASET, VERSION, LINEAGE, SUBSCRIPTION)
"""The types whose fields are defined."""

RESERVED_TYPES: Final[tuple[RecordType, ...]] = tuple(
    map(
        RecordType, ["label", "comment", "follow", "correction", "grant", "group", "pledge", "mirror", "blob"]
    )
)
"""Types that will mean something later. No further type without a dot may be used."""

PROFILE_KEY: Final = "self"
"""A publisher has one profile."""

LATEST_LABEL: Final = "latest"
"""The label that no version has: it stands for the newest one."""

NOT_FIELDS: Final = ("salt", "type", "key")
"""What the body and the JSON form of a record say beside its fields."""

_TEXTS: Final = items(text)
_METADATA: Final = "metadata"
_IMPORT_NOTES: Final = "import_notes"
_HARVESTED_FROM: Final = "harvested_from"

_ABOUT: Final[Mapping[str, Check]] = {
    "description": text,
    "keywords": items(text_or(shape({"label": text, "uri": text}, "label"))),
    "languages": _TEXTS,
    "creators": items(shape({"name": text, "orcid": text, "ror": text, "url": text, "roles": _TEXTS})),
    "license": text,
    "identifiers": items(shape({"scheme": text, "value": text}, "scheme", "value")),
    "links": items(shape({"href": text, "rel": text, "title": text, "type": text}, "href")),
    "extent": shape({"bbox": items(box), "interval": items(interval)}),
    "homepage": text,
    "contact": text,
    _HARVESTED_FROM: shape({"name": some_text, "url": text, "did": publisher_did}, "name"),
    _METADATA: any_map,
    _IMPORT_NOTES: items(shape({"path": text, "note": text}, "path", "note")),
}
"""What a record of any type may say about its subject."""

_DATASET: Final[Mapping[str, Check]] = {
    "title": some_text,
    "data_model": text,
    "price": text,
    "access": text,
    "update_frequency": text,
    "deprecated": flag,
    "deprecation_note": text,
    "successor": record_url,
}

_LOCATION: Final = shape(
    dict.fromkeys(("href", "type", "role", "storage", "region", "cost", "title"), text), "href"
)

_SHAPE_OF_ARRAY: Final = items(or_null(count))
_ARRAY: Final = shape(
    {
        "name": text,
        "dims": _TEXTS,
        "shape": _SHAPE_OF_ARRAY,
        "chunks": _SHAPE_OF_ARRAY,
        "dtype": text,
        "units": text,
        "attributes": any_map,
    },
    "name",
)

_COLUMN: Final = shape({"name": text, "type": text, "units": text, "description": text}, "name")
_TABLE: Final = shape({"name": text, "columns": items(_COLUMN), "keys": _TEXTS, "partitions": _TEXTS})

_VERSION: Final[Mapping[str, Check]] = {
    "label": text,
    "title": text,
    "locations": items(_LOCATION),
    "snapshot": shape({"system": text, "id": text}, "system", "id"),
    "digests": items(shape({"algorithm": text, "value": text}, "algorithm", "value")),
    "size": count,
    "schema": shape({"arrays": items(_ARRAY), "tables": items(_TABLE)}),
    "changes": shape({"note": text, "summary": summary}),
    "previous": record_url,
}

_LINEAGE: Final[Mapping[str, Check]] = {
    "title": text,
    "generated": record_url,
    "used": items(shape({"uri": pinned_url, "role": text}, "uri")),
    "activity": shape({"name": text, "code": text, "container": text}),
}

_SUBSCRIPTION: Final[Mapping[str, Check]] = {
    "title": text,
    "target": one_of({"dataset": dataset_url, "publisher": publisher_did, "query": some_text}),
    "on_behalf_of": dataset_url,
}

_CHECKS: Final[Mapping[str, Check]] = {
    PROFILE: shape(
        {**_ABOUT, "name": text, "handle": domain, "keyAgreement": items(x25519_key), "witnesses": witnesses}
    ),
    DATASET: shape({**_ABOUT, **_DATASET}, "title"),
    VERSION: shape({**_ABOUT, **_VERSION}),
    LINEAGE: shape({**_ABOUT, **_LINEAGE}, "generated", "used"),
    SUBSCRIPTION: shape({**_ABOUT, **_SUBSCRIPTION}, "target"),
}


def named_fields(record: object) -> tuple[RecordType, RecordKey, dict[str, Any]]:
    """Take a record in its JSON form apart: type, key, and the fields, which nobody has checked.

    Nothing is made text of: a log is for ever.

    Raises:
        RecordError: record.field; NameError_: name.type, name.key
    """
    if not isinstance(record, Mapping):
        raise RecordError(
            "record.field",
            "a record",
            found=type(record).__name__,
            expected="a map with type, key and fields",
        )
    fields = dict(record)
    pair = fields.pop("type", None), fields.pop("key", None)
    for name, value in zip(("type", "key"), pair, strict=True):
        if not isinstance(value, str):
            found = "nothing" if value is None else type(value).__name__
            raise NameError_(f"name.{name}", f"{name} of a record", found=found, expected="text")
    return *check_type_and_key(*pair), fields


def check_record(type_: str, key: str, fields: Value) -> dict[str, Value]:
    """Check a record that shall be published; return its fields, untouched.

    Raises:
        NameError_: name.type, also for a reserved or undefined one; name.key
        RecordError: record.field
    """
    check_type_and_key(type_, key)
    if type_ not in RECORD_TYPES and "." not in type_:
        what = "record type that is reserved" if type_ in RESERVED_TYPES else "record type"
        expected = f"{', '.join(RECORD_TYPES)}, or a reverse domain name"
        raise NameError_("name.type", what, found=type_, expected=expected)
    if type_ == PROFILE and key != PROFILE_KEY:
        raise NameError_("name.key", "key of a profile", found=key, expected=PROFILE_KEY)
    _CHECKS.get(type_, any_map)(fields, "")
    assert isinstance(fields, dict)
    for name in NOT_FIELDS:
        if name in fields:
            raise wrong(f"/{name}", "a field", "another name: this one is taken")
    label = key.partition("@")[2]
    if type_ == VERSION and label == LATEST_LABEL:
        raise NameError_(
            "name.key", "label of a version", found=label, expected="another one: it is the newest"
        )
    if type_ == VERSION and fields.get("label", label) != label:
        raise wrong("/label", fields["label"], f"{label}, as in the key")
    return fields


# -- reading what came ----------------------------------------------------------------------------------

_UNPRINTABLE: Final = dict.fromkeys(
    (*range(0x20), *range(0x7F, 0xA0), *range(0x2028, 0x202F), *range(0x2066, 0x206A)), " "
)


def title_of(type_: str, key: str, fields: object) -> str:
    """Tell what to call a record, on one line: its title, name or label, or else its key.

    A profile's name comes before its title. Controls, also those that turn the direction of text, become spaces,
    white space is collapsed, and the rest is cut to TITLE_CHARS_MAX.
    """
    if isinstance(fields, Mapping):
        for name in ("name", "title") if type_ == PROFILE else ("title", "name", "label"):
            value = fields.get(name)
            if isinstance(value, str):
                begun = value[: 4 * TITLE_CHARS_MAX]
                words = (begun if begun.isprintable() else begun.translate(_UNPRINTABLE)).split()
                if words:
                    return " ".join(words)[:TITLE_CHARS_MAX]
    return key


def version_title(key: str, own: str, dataset: str) -> str:
    """Tell what to call a version: as `title_of` says, or, where that is only its label or key, after its dataset.

    `own` is what `title_of` says of it, `dataset` of its dataset ("" where that is not known).
    """
    named, _, label = key.partition("@")
    return f"{dataset or named}, version {label}" if own in (label, key) else own


def harvested_from(fields: object) -> str:
    """Tell from whom a record was taken over by someone else: a name on one line; "" when it does not say so."""
    source = fields.get(_HARVESTED_FROM) if isinstance(fields, Mapping) else None
    name = source.get("name") if isinstance(source, Mapping) else None
    return title_of("", "", {"name": name}) if isinstance(name, str) else ""


def witnesses_of(fields: Mapping[str, Value]) -> tuple[Cosigner, ...]:
    """The witnesses that a profile names; none when the field has not its shape."""
    named = fields.get("witnesses", [])
    try:
        witnesses(named, "")
    except RecordError:
        return ()
    assert isinstance(named, list)
    return tuple(
        parse_cosigner(str(witness["vkey"]), str(witness["url"]))
        for witness in named
        if isinstance(witness, dict)
    )
