"""The example of spec/04-log.md holds, and its parts are what the code makes of the leaves."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from frostnode.protocol import limits
from frostnode.protocol.checkpoint import (
    Checkpoint,
    cosign,
    open_checkpoint,
    sign_checkpoint,
    verify_cosignatures,
)
from frostnode.protocol.entry import read_leaf
from frostnode.protocol.keys import SigningKey
from frostnode.protocol.merkle import (
    EMPTY_RANGE,
    EMPTY_ROOT,
    compact_range,
    consistency_proof,
    inclusion_proof,
    leaf_hashes,
    verify_consistency,
    verify_inclusion,
)
from frostnode.protocol.names import Origin, parse_origin
from frostnode.protocol.note import (
    COSIGNATURE_V1,
    ED25519,
    format_note,
    parse_note,
    parse_signatures,
    parse_vkey,
)
from frostnode.protocol.range_proof import check_range, range_proof
from frostnode.protocol.tiles import parse_tile_path, tiles_for
from frostnode.protocol.witness import judge, parse_add_checkpoint

DOCUMENT = (Path(__file__).parents[2] / "spec/04-log.md").read_text()

LOG_KEY = SigningKey(bytes(range(32)))
WITNESS_KEY = SigningKey(bytes(range(32, 64)))


def the_example() -> Any:
    [text] = re.findall(r"^```json example\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
    return json.loads(text)


EXAMPLE = the_example()
LEAVES = [bytes.fromhex(leaf) for leaf in EXAMPLE["leaves"]]
HASHES = leaf_hashes(LEAVES)
NOTE = EXAMPLE["checkpoint"].encode()


def proof_of(name: str) -> list[bytes]:
    return [bytes.fromhex(item) for item in EXAMPLE[name]["proof"]]


def node(level: int, index: int) -> bytes:
    return EMPTY_RANGE.extend(HASHES[index << level : (index + 1) << level]).root()


def opened() -> Checkpoint:
    name, type_, public = parse_vkey(EXAMPLE["log"])
    assert type_ == ED25519
    return open_checkpoint(NOTE, Origin(name), public)


def test_four_leaves_are_headers_and_one_is_opaque() -> None:
    assert [read_leaf(leaf) is None for leaf in LEAVES] == [False, False, False, True, False]


def test_the_checkpoint_is_signed_over_the_root_of_the_leaves() -> None:
    checkpoint = opened()
    assert checkpoint == Checkpoint(checkpoint.origin, len(LEAVES), EMPTY_RANGE.extend(HASHES).root())
    parts = parse_origin(checkpoint.origin)
    assert (parts.epoch, str(parts.event)) == (0, parts.did.removeprefix("did:frost:"))


def test_the_cosignature_verifies() -> None:
    name, type_, public = parse_vkey(EXAMPLE["witness"])
    assert type_ == COSIGNATURE_V1
    [(witness, time_s)] = verify_cosignatures(NOTE, {name: public}).items()
    assert cosign(sign_checkpoint(opened(), LOG_KEY), witness, WITNESS_KEY, time_s) == NOTE


def test_the_inclusion_proof_holds() -> None:
    index, size = EXAMPLE["inclusion"]["index"], EXAMPLE["inclusion"]["size"]
    verify_inclusion(HASHES[index], index, size, proof_of("inclusion"), opened().root)
    assert inclusion_proof(index, size, node) == proof_of("inclusion")


def test_the_consistency_proof_holds() -> None:
    old, size = EXAMPLE["consistency"]["old"], EXAMPLE["consistency"]["size"]
    old_root = EMPTY_RANGE.extend(HASHES[:old]).root()
    verify_consistency(old, old_root, size, opened().root, proof_of("consistency"))
    assert consistency_proof(old, size, node) == proof_of("consistency")


def test_the_range_proof_holds() -> None:
    start, stop, size = (EXAMPLE["range"][name] for name in ("start", "stop", "size"))
    left, root = check_range(HASHES[start:stop], start, size, proof_of("range"))
    assert (left, root) == (compact_range(start, node), opened().root)
    assert range_proof(start, stop, size, node) == proof_of("range")


def test_the_proof_of_an_empty_range_is_evidence_of_a_fork() -> None:
    """Two trees share two leaves of three; the larger shows what its first three make."""
    forked = EMPTY_RANGE.extend([*HASHES[:2], HASHES[4]])
    left, root = check_range([], 3, 5, range_proof(3, 3, 5, node))
    assert root == opened().root
    assert left.root() != forked.root()
    assert left.root() == EMPTY_RANGE.extend(HASHES[:3]).root()


@pytest.mark.parametrize("size", [256, 70_000])
def test_the_tiles_that_the_text_counts(size: int) -> None:
    named = re.findall(r"`(tile/[^`<]*[0-9])`", DOCUMENT)
    assert len(named) == 6
    partial = [path for path in tiles_for(size) if path.width < 256]
    assert {str(path) for path in partial} <= set(named)
    assert all(str(parse_tile_path(text)) == text for text in named)


@pytest.mark.parametrize(
    ("sentence", "value"),
    [
        (r"a leaf of at most (\d+) bytes", limits.HEADER_BYTES_MAX),
        (r"1 to (\d+) signature lines", limits.NOTE_SIGNATURES_MAX),
        (r"notes of (\d+) KiB", limits.NOTE_BYTES_MAX // 1024),
        (r"An origin has at most (\d+) bytes", limits.ORIGIN_BYTES_MAX),
        (r"of (\d+) hashes or leaves", limits.TILE_WIDTH),
    ],
)
def test_the_limits_that_the_text_names(sentence: str, value: int) -> None:
    assert [int(number) for number in re.findall(sentence, DOCUMENT)] == [value]


def test_the_largest_proof_is_the_one_that_the_text_names() -> None:
    size = limits.TREE_SIZE_MAX
    assert "2⁵³ − 1 leaves, so a proof has at most 106 hashes" in DOCUMENT
    assert size == 2**53 - 1
    long = range_proof(2**52 - 1, 2**52 + 1, size, lambda level, index: EMPTY_ROOT)
    assert 100 < len(long) <= 106 <= limits.PROOF_HASHES_MAX


def test_the_request_to_cosign_is_one_that_the_witness_may_answer() -> None:
    asked, checkpoint = parse_add_checkpoint(EXAMPLE["add-checkpoint"]["request"].encode())
    judge(asked, checkpoint, LOG_KEY.public, 3, compact_range(3, node).root())
    assert (asked.old, list(asked.proof)) == (3, proof_of("consistency"))
    (line,) = parse_signatures(EXAMPLE["add-checkpoint"]["answer"].encode())
    assert format_note(parse_note(asked.note).with_signatures([line])) == NOTE
