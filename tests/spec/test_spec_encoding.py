"""The example of spec/01-encoding.md: a value, its bytes, its CID, a signature, names."""

import re
from pathlib import Path
from typing import Any

import pytest

from frostnode.protocol.dagcbor import Cid, decode, encode
from frostnode.protocol.dagjson import dumps, loads
from frostnode.protocol.errors import NameError_, SignatureError
from frostnode.protocol.keys import (
    SigningKey,
    check_public_key,
    derive_seed,
    from_multibase,
    from_multikey_bytes,
    verify,
)
from frostnode.protocol.names import did_of, parse_did, parse_did_url

DOCUMENT = Path(__file__).parents[2] / "spec/01-encoding.md"
TEXT = DOCUMENT.read_text()


def example() -> dict[str, Any]:
    [block] = re.findall(r"^```json example\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    fields = loads(block)
    assert isinstance(fields, dict)
    return fields


def test_the_value_has_these_bytes_this_cid_and_this_json() -> None:
    fields = example()
    data = bytes.fromhex(fields["bytes"])
    assert encode(fields["value"]) == data
    assert dumps(decode(data)) == dumps(fields["value"])
    assert str(Cid.of(data)) == fields["cid"]


def test_the_key_comes_from_the_secret_and_signed_the_bytes() -> None:
    fields = example()
    seed = derive_seed(fields["secret"].encode(), fields["label"])
    key = SigningKey(seed)
    assert seed.hex() == fields["seed"]
    assert (
        from_multikey_bytes(bytes.fromhex(fields["multikey"])) == from_multibase(fields["key"]) == key.public
    )
    verify(key.public, bytes.fromhex(fields["bytes"]), bytes.fromhex(fields["signature"]))
    assert key.sign(bytes.fromhex(fields["bytes"])).hex() == fields["signature"]


def test_the_names_are_names() -> None:
    fields = example()
    assert parse_did(fields["did"]) == did_of(Cid.parse(fields["cid"]))
    assert [str(parse_did_url(text)) for text in fields["names"]] == fields["names"]
    assert [parse_did_url(text).type for text in fields["names"]] == ["dataset", "version", "lineage"]


def test_the_stated_rule_refuses_48_points_and_so_do_we() -> None:
    p = 2**255 - 19
    [t_text] = re.findall(r"`([0-9a-f]{64})`", TEXT)
    t = int.from_bytes(bytes.fromhex(t_text), "little")
    assert "48 byte strings" in TEXT
    refused = 0
    for y in {*range(p, 2**255), 0, 1, p - 1, t, p - t, 2, 3}:
        for s in (0, 1):
            stated = y >= p or (s == 1 and y in {1, p - 1}) or y in {0, 1, p - 1, t, p - t}
            try:
                check_public_key((y + s * 2**255).to_bytes(32, "little"))
            except SignatureError:
                refused += 1
                assert stated
            else:
                assert not stated
    assert refused == 48


GRAMMAR = dict(
    re.findall(r"^([\w-]+) *= (.*?)(?: *;.*)?$", TEXT[TEXT.index("```abnf") :].split("```")[1], re.MULTILINE)
)
"""The rules of the ABNF block."""


def as_regex(rule: str) -> str:
    """Turn the little ABNF that the document uses into a regular expression."""
    tokens = re.findall(
        r'%s"[^"]*"|"[^"]*"|%x[0-9A-F]+(?:-[0-9A-F]+)?|\d*\*\d*|\d+(?=\()|[\w-]+|[()\[\]/]', GRAMMAR[rule]
    )
    out, repeat = "", ""
    opened: list[str] = []
    for token in tokens:
        if token in "([":
            opened.append(repeat if token == "(" else "?")
            out, repeat = out + "(?:", ""
        elif token in ")]":
            out += ")" + opened.pop()
        elif token == "/":
            out += "|"
        elif re.fullmatch(r"\d*\*\d*", token):
            low, high = token.split("*")
            repeat = f"{{{low or 0},{high}}}"
        elif token.isdigit():
            repeat = f"{{{token}}}"
        else:
            out, repeat = f"{out}(?:{terminal(token)}){repeat}", ""
    return out


def terminal(token: str) -> str:
    if token.startswith("%x"):
        return "[" + "-".join(f"\\x{number}" for number in token[2:].split("-")) + "]"
    if '"' in token:
        return re.escape(token.removeprefix("%s").strip('"'))
    return "[0-9]" if token == "DIGIT" else as_regex(token)


CID = str(Cid.of(b""))
DID = f"did:frost:{CID}"


@pytest.mark.parametrize(
    "rest",
    [
        *(
            "a",
            "a/b",
            "a@1",
            "a@~",
            "~label/a",
            "a?cid=" + CID,
            "~label/a/b~?cid=" + CID,
            ".",
            "..",
            "a//b",
            ":",
            "-_",
        ),
        *(
            "",
            "~a",
            "/a",
            "a@",
            "@a",
            "a@b@c",
            "a@b/c",
            "~label/a@b",
            "~/a",
            "~Label/a",
            "~label/",
            "a?",
            "a?cid=",
            "a%20",
            "é",
        ),
        *("a" * 200, "a" * 201, "~" + "t" * 64 + "/a", "~" + "t" * 65 + "/a", "a?CID=" + CID),
    ],
)
def test_the_grammar_takes_what_the_parser_takes(rest: str) -> None:
    text = f"{DID}/{rest}"
    try:
        taken = str(parse_did_url(text)) == text
    except NameError_:
        taken = False
    assert bool(re.fullmatch(as_regex("did-url"), text)) == taken
