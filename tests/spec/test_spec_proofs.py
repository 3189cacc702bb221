"""The file in spec/06-proofs.md proves what the document says that it proves."""

import re
from pathlib import Path
from typing import Any

import pytest

from frostnode.protocol.dagcbor import decode, encode
from frostnode.protocol.dagjson import loads
from frostnode.protocol.errors import CODES, PeerError
from frostnode.protocol.note import parse_vkey
from frostnode.protocol.proofs import PROOF_FORMAT, decode_proof, encode_proof, verify_proof
from frostnode.protocol.tlog_policy import parse_policy

DOCUMENT = (Path(__file__).parents[2] / "spec/06-proofs.md").read_text()


def the_example() -> dict[str, Any]:
    [text] = re.findall(r"^```json example\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
    fields = loads(text)
    assert isinstance(fields, dict)
    return fields


EXAMPLE = the_example()
FILE = bytes.fromhex(EXAMPLE["file"])
NAME, _, WITNESS = parse_vkey(EXAMPLE["witness"])


def test_the_file_says_what_the_document_says() -> None:
    verified = verify_proof(FILE, {NAME: WITNESS})
    assert EXAMPLE["says"] == {
        "url": str(verified.url),
        "event": verified.tip_n,
        "origin": verified.origin,
        "index": verified.index,
        "size": verified.size,
        "root": verified.root.hex(),
        "cosigned": verified.cosigned,
        "fields": verified.fields,
    }
    assert verified.statement.splitlines() == EXAMPLE["statement"]


def test_the_policy_says_what_the_document_says() -> None:
    verified = verify_proof(FILE, policy=parse_policy(EXAMPLE["policy"].encode()))
    assert verified.verdict is not None
    assert EXAMPLE["verdict"] == {"holds": verified.verdict.holds, "since": verified.verdict.since}
    assert "The policy holds since 2026-01-01T00:01:00Z" in verified.statement


def test_without_the_witness_the_statement_is_less() -> None:
    statement = verify_proof(FILE).statement
    assert "no witness that is known here has cosigned this tree" in statement
    assert '"no witness has cosigned this tree"' in DOCUMENT


def test_the_fields_of_the_table_are_those_of_the_file() -> None:
    table = DOCUMENT.partition("## Format")[2].partition("## Verification")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == {*decode(FILE), "rivals"}
    assert f"`{PROOF_FORMAT}`" in table
    assert encode_proof(decode_proof(FILE)) == FILE


@pytest.mark.parametrize("name", sorted(decode(FILE)))
def test_every_field_is_needed_or_changes_what_is_said(name: str) -> None:
    fields = dict(decode(FILE))
    del fields[name]
    if name == "body":
        assert verify_proof(encode(fields)).fields is None
    else:
        with pytest.raises(PeerError):
            verify_proof(encode(fields))


def test_the_codes_exist() -> None:
    assert set(re.findall(r"`([a-z]+\.[a-z-]+)`", DOCUMENT)) <= set(CODES)
