"""The file in spec/12-archives.md is what the document says, and proves what it says that it proves."""

import json
import re
from pathlib import Path

from frostnode.operations.archive import FOLLOWS_FORMAT
from frostnode.protocol.archive import ARCHIVE_FORMAT, ArchiveDecoder
from frostnode.protocol.archive_check import ArchiveCheck
from frostnode.protocol.car import CarDecoder
from frostnode.protocol.dagcbor import decode
from frostnode.protocol.errors import CODES

DOCUMENT = (Path(__file__).parents[2] / "spec/12-archives.md").read_text("utf-8")
EXAMPLE = json.loads(re.search(r"```json example\n(.*?)```", DOCUMENT, re.DOTALL)[1])
FILE = bytes.fromhex(EXAMPLE["file"])


def kind_of(value):
    if isinstance(value, list):
        return value[0]
    return "manifest" if "format" in value else "a body"


def test_the_blocks_are_those_of_the_list():
    car = CarDecoder()
    blocks = list(car.feed(FILE))
    car.close()
    assert str(car.root) == EXAMPLE["root"]
    assert [
        {"at": block.at, "cid": str(block.cid), "is": kind_of(decode(block.data))} for block in blocks
    ] == EXAMPLE["blocks"]


def test_the_file_proves_what_the_document_says():
    check = ArchiveCheck()
    check.feed(FILE)
    checked = check.close()
    assert EXAMPLE["says"] == {
        "did": checked.did,
        "event": checked.tip_n,
        "logs": [
            {"origin": log.origin, "size": log.size, "root": log.root.hex(), "bodies": log.bodies}
            for log in checked.logs
        ],
    }
    assert checked.statement.splitlines() == EXAMPLE["statement"]


def test_the_manifest_has_the_fields_of_the_table():
    decoder = ArchiveDecoder()
    list(decoder.feed(FILE))
    first = next(CarDecoder().feed(FILE))
    table = DOCUMENT.partition("## Manifest")[2].partition("## Parts")[0]
    assert sorted(re.findall(r"^\| `([a-z]+)` \|", table, re.MULTILINE)) == sorted(decode(first.data))
    assert decoder.manifest.entries == 2


def test_the_formats_and_codes_of_the_document_are_those_of_the_code():
    assert f'"{ARCHIVE_FORMAT}"' in DOCUMENT
    assert f'"{FOLLOWS_FORMAT}"' in DOCUMENT
    assert set(re.findall(r"`(archive\.[a-z-]+)`", DOCUMENT)) <= set(CODES)
