"""What all importers do: map a document, let the format describe it, keep it whole, check the record.

A record is handed on in its lossless JSON form, a map of `type`, `key` and the fields: what publication
takes (spec/03-records.md#json-form).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, Final, TypeAlias

from frostnode.formats.json_values import ValueMapper
from frostnode.protocol.dagcbor import Value
from frostnode.protocol.dagjson import Json, to_json
from frostnode.protocol.errors import PeerError, RecordError
from frostnode.protocol.names import DATASET
from frostnode.protocol.records import check_record

Record: TypeAlias = dict[str, Json]

Read: TypeAlias = Callable[[str], bytes]
"""read(name): the bytes of a document. Its errors pass through."""

Describe: TypeAlias = Callable[[Mapping[str, Value]], dict[str, Value]]
"""The fields that a format finds in a mapped document."""

_WEB_ADDRESS: Final = re.compile(r"https?://[^\s<>\"'`]+")


def dataset_of(key: str, convention: str, document: Any, describe: Describe) -> Record:
    """Make a dataset record of a document, which stays whole in `metadata` under the name of its convention.

    Raises:
        PeerError: name.key, record.field, encoding.*
    """
    if not isinstance(document, dict):
        raise RecordError(
            "record.field", f"{convention} document", found=type(document).__name__, expected="an object"
        )
    mapper = ValueMapper()
    value = mapper.map(document, f"/metadata/{convention}")
    assert isinstance(value, dict)
    fields = {name: field for name, field in describe(value).items() if field not in (None, "", [], {})}
    fields["metadata"] = {convention: value}
    if mapper.notes:
        fields["import_notes"] = mapper.notes
    json_form = to_json(check_record(DATASET, key, fields))
    assert isinstance(json_form, dict)
    return {"type": DATASET, "key": key, **json_form}


@contextmanager
def naming(document: str) -> Iterator[None]:
    """Let an error say which document it was in."""
    try:
        yield
    except PeerError as error:
        error.message = f"{document}: {error.message}"
        raise


class OncePerKey:
    """Lets each key through once. An equal document may be met again, another one of the same key is refused."""

    def __init__(self) -> None:
        self._seen: dict[Json, bytes] = {}

    def new(self, records: Iterable[Record]) -> Iterator[Record]:
        """Yield the records whose keys were not met before.

        Raises:
            RecordError: record.field, when another record has the key
        """
        for record in records:
            key, content = record["key"], sha256(repr(record).encode()).digest()
            known = self._seen.setdefault(key, content)
            if known is content:
                yield record
            elif known != content:
                raise RecordError(
                    "record.field", "name of a document", found=key, expected="a name of its own"
                )


# -- picking ------------------------------------------------------------------------------------------


def text(value: object) -> str | None:
    """The value if it is text with something in it."""
    return value if isinstance(value, str) and value.strip() else None


def texts(value: object) -> list[Value]:
    """The texts of a list; of a text, the one."""
    if isinstance(value, str):
        return [value]
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def maps(value: object) -> list[Mapping[str, Value]]:
    """The maps of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def present(**fields: Value) -> dict[str, Value]:
    """The fields that have a value."""
    return {name: value for name, value in fields.items() if value not in (None, "", [])}


def web_addresses(prose: str) -> list[str]:
    """The web addresses in a text, Markdown or not, in order, each once."""
    found = (match.rstrip(".,;:!?") for match in _WEB_ADDRESS.findall(prose.replace("](", " ")))
    return list(dict.fromkeys(address.rstrip(")") if "(" not in address else address for address in found))
