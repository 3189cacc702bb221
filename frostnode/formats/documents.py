"""Records as people write them: a map, a list of maps, YAML documents, or one JSON record a line."""

from collections.abc import Iterator
from typing import Any

from frostnode.formats import yaml_values
from frostnode.formats.imported import naming
from frostnode.formats.json_values import ValueMapper
from frostnode.protocol.dagjson import loads, to_json
from frostnode.protocol.errors import EncodingError, LocalError
from frostnode.protocol.records import named_fields

_LINES = (".jsonl", ".ndjson")
_JSON = (".json",)


def read_documents(name: str, data: bytes) -> Iterator[Any]:
    """The records in a file, in their lossless JSON form. Its name tells JSON from YAML; `-` may be any.

    Types and keys are checked here, where it is known what stands where: what else is wrong names its record by them.

    Raises:
        PeerError: naming the file and the record, or line of JSON Lines; LocalError: input.unreadable when empty
    """
    number = 0
    for document in _documents(name, data):
        for record in document if isinstance(document, list) else [document]:
            if record is not None:
                number += 1
                with naming(f"{name}: record {number}"):
                    named_fields(record)
                yield record
    if not number:
        raise LocalError("input.unreadable", name, found="nothing", expected="a record, or several")


def read_value(name: str, data: bytes) -> Any:
    """The one JSON or YAML value in a file, in its lossless JSON form.

    Raises:
        PeerError: naming the file; LocalError: input.unreadable
    """
    found = list(_documents(name, data))
    if len(found) != 1:
        raise LocalError("input.unreadable", name, found=f"{len(found)} values", expected="one")
    return found[0]


def _documents(name: str, data: bytes) -> Iterator[Any]:
    with naming(name):
        if name.endswith(_LINES) or (not name.endswith(_JSON) and _are_json_lines(data)):
            yield from _json_lines(name, data)
        elif name.endswith(_JSON):
            yield _json(data)
        else:
            for document in yaml_values.loads(data):
                yield [_exact(each) for each in document] if isinstance(document, list) else _exact(document)


def _exact(value: Any) -> Any:
    """A record of a YAML document, its references written out. What its author did not say is not published."""
    mapper = ValueMapper()
    mapped = mapper.map(value, "")
    if mapper.notes:
        raise EncodingError(
            "encoding.json", "YAML", found=mapper.notes[0], expected="what a record can say, each key once"
        )
    return mapped


def _are_json_lines(data: bytes) -> bool:
    """Whether several lines are an object each, which as YAML they could not be: standard input has no suffix."""
    lines = [line.strip() for line in data.splitlines() if line.strip()]
    return len(lines) > 1 and all(line[:1] == b"{" and line[-1:] == b"}" for line in lines)


def _json_lines(name: str, data: bytes) -> Iterator[Any]:
    for number, line in enumerate(data.splitlines(), 1):
        if line.strip():
            with naming(f"line {number}"):
                yield _json(line)


def _json(data: bytes) -> Any:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EncodingError("encoding.text", f"JSON is not UTF-8: {error.reason} at {error.start}") from error
    return to_json(loads(text))
