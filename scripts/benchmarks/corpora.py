"""The real catalogs as what their publishers would publish: one publisher each, records as the importers make them."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from frostnode.formats import aws_open_data, stac
from frostnode.formats.imported import Record, dataset_of, present, text
from frostnode.protocol.dagcbor import Value
from scripts.benchmarks.material import CORPORA


def _community_records(lines: Iterable[bytes]) -> Iterator[Record]:
    """The community catalog of Earth Engine has a flat form of its own: a title and tags, no description.

    Some ids stand there twice: the first one counts.
    """
    met = set()
    for line in lines:
        document = json.loads(line)
        key = stac.key_of(document["id"])
        if key not in met:
            met.add(key)
            yield dataset_of(key, "gee-community", document, _community_fields)


def _community_fields(source: Mapping[str, Value]) -> dict[str, Value]:
    tags = [tag.strip() for tag in (text(source.get("tags")) or "").split(",")]
    return present(
        title=text(source.get("title")) or "-",
        keywords=[tag for tag in tags if tag],
        creators=[{"name": name}] if (name := text(source.get("provider"))) else [],
        license=text(source.get("license")),
        homepage=text(source.get("docs")),
    )


CATALOGS: Final[dict[str, tuple[str, Callable[[Iterable[bytes]], Iterator[Record]]]]] = {
    "aws-open-data-registry": ("datasets.jsonl", aws_open_data.from_json_lines),
    "earthengine": ("collections.jsonl", stac.from_json_lines),
    "planetary-computer": ("collections.jsonl", stac.from_json_lines),
    "gee-community": ("datasets.jsonl", _community_records),
}
"""By the name of its folder: the file, and how it is read."""


def records_of(catalog: str) -> Iterator[Record]:
    """All records of one catalog."""
    file, read = CATALOGS[catalog]
    with Path(CORPORA / catalog / file).open("rb") as lines:
        yield from read(lines)
