"""The Registry of Open Data on AWS: one YAML document for each dataset, its name the name of the file.

Almost everything in it is prose, Markdown included: licenses, contacts, who manages the data. It is copied
as it is; what is taken out of prose is web addresses and names, never meaning.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from frostnode.formats import json_values, yaml_values
from frostnode.formats.imported import (
    OncePerKey,
    Read,
    Record,
    dataset_of,
    maps,
    naming,
    present,
    text,
    texts,
    web_addresses,
)
from frostnode.protocol.dagcbor import Value
from frostnode.protocol.errors import EncodingError, RecordError

CONVENTION: Final = "aws-open-data"

_MARKDOWN_LINK: Final = re.compile(r"\[([^\[\]]+)\]\(([^()\s]*)\)")
_BETWEEN_NAMES: Final = re.compile(r"(?:[\s,;&/\"'.]|\band\b)*")
_BUCKET: Final = re.compile(r"arn:aws[a-z-]*:s3:[a-z0-9-]*:[0-9]*:([a-z0-9][a-z0-9.-]{1,62}(?:/\S*)?)")


def record_of(slug: str, document: dict[str, Any]) -> Record:
    """Make a dataset record of a document of the registry; its key is the slug, the name of the file.

    Raises:
        PeerError: name.key, record.field, encoding.*
    """
    return dataset_of(slug, CONVENTION, document, lambda source: _describe(slug, source))


def from_yaml(names: Iterable[str], read: Read) -> Iterator[Record]:
    """Read the YAML files of the registry: each `name` is a path whose last part is the slug and a suffix.

    Raises:
        PeerError: naming the file
    """
    once = OncePerKey()
    for name in names:
        with naming(name):
            documents = yaml_values.loads(read(name))
            if len(documents) != 1:
                raise EncodingError(
                    "encoding.json", "YAML documents", found=len(documents), expected="1 in a file"
                )
            records = list(once.new([record_of(PurePosixPath(name).stem, documents[0])]))
        yield from records


def from_json_lines(lines: Iterable[bytes]) -> Iterator[Record]:
    """Read documents of the registry as JSON Lines, each with its slug in a field `_slug` of its own.

    Raises:
        PeerError: naming the line
    """
    once = OncePerKey()
    for number, line in enumerate(lines, 1):
        if line.strip():
            with naming(f"line {number}"):
                records = list(once.new([_record_in_line(line)]))
            yield from records


def _record_in_line(line: bytes) -> Record:
    document = json_values.loads(line)
    slug = document.pop("_slug", None) if isinstance(document, dict) else None
    if not isinstance(slug, str):
        raise RecordError("record.field", "_slug of a document of the registry", found=slug, expected="text")
    return record_of(slug, document)


# -- fields -------------------------------------------------------------------------------------------


def _describe(slug: str, source: Mapping[str, Value]) -> dict[str, Value]:
    documentation = text(source.get("Documentation")) or ""
    pages = web_addresses(documentation)
    return present(
        title=text(source.get("Name")) or slug,
        description=text(source.get("Description")),
        keywords=list(texts(source.get("Tags"))),
        creators=_creators(text(source.get("ManagedBy")) or ""),
        license=text(source.get("License")),
        homepage=documentation.strip() if pages == [documentation.strip()] else None,
        links=[{"href": page, "rel": "documentation"} for page in pages] + _buckets(source.get("Resources")),
        contact=text(source.get("Contact")),
        price=_price(source.get("Resources")),
        update_frequency=text(source.get("UpdateFrequency")),
        deprecated=True if source.get("Deprecated") is True else None,
        deprecation_note=text(source.get("DeprecatedNotice")),
    )


def _creators(managed_by: str) -> list[Value]:
    """Take apart a list of Markdown links; anything else is one name, with the links' texts in it."""
    links = _MARKDOWN_LINK.findall(managed_by)
    if _BETWEEN_NAMES.fullmatch(_MARKDOWN_LINK.sub("", managed_by)):
        return [present(name=name.strip(), url=url) for name, url in links]
    name = _MARKDOWN_LINK.sub(r"\1", managed_by).strip()
    return [present(name=name, url=links[0][1] if len(links) == 1 else None)]


def _buckets(resources: Value) -> list[Value]:
    """Turn the names of buckets into addresses; other kinds of resources stay in the source document."""
    links: list[Value] = []
    for resource in maps(resources):
        match = _BUCKET.fullmatch(text(resource.get("ARN")) or "")
        if match:
            links.append(
                present(href=f"s3://{match[1]}", rel="data", title=text(resource.get("Description")))
            )
    return links


def _price(resources: Value) -> str | None:
    pays = [resource.get("RequesterPays") is True for resource in maps(resources)]
    if not any(pays):
        return None
    return "Requester pays" if all(pays) else "Requester pays for some of the resources"
