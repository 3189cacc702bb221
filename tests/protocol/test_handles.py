"""Handles and what domains say: one spelling, anything else refused; hostile documents name nobody and break nothing."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import EncodingError, NameError_
from frostnode.protocol.handles import (
    is_handle,
    parse_handle,
    read_txt,
    read_well_known,
    well_known_url,
    write_well_known,
)
from frostnode.protocol.limits import HANDLE_CHARS_MAX, HANDLE_DIDS_MAX
from frostnode.protocol.names import did_of

DIDS = [did_of(Cid.of(bytes([n]))) for n in range(3)]


@pytest.mark.parametrize(
    "text", ["noaa.gov", "data.example.org", "a.b", "xn--bcher-kva.example", "1.2.example", "a-b.c3"]
)
def test_a_domain_in_lower_case_is_a_handle(text: str) -> None:
    assert parse_handle(text) == text
    assert well_known_url(parse_handle(text)) == f"https://{text}/.well-known/frost.json"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost",
        "NOAA.gov",
        "noaa.gov.",
        ".noaa.gov",
        "noaa..gov",
        "-a.gov",
        "a-.gov",
        "noaa.gov:8080",
        "noaa.gov/x",
        "user@noaa.gov",
        "https://noaa.gov",
        "127.0.0.1",
        "10.1",
        "[::1]",
        "_frost.noaa.gov",
        "bücher.example",
        "noaa.gov\n",
        f"{'a' * 64}.gov",
        f"{'a.' * (HANDLE_CHARS_MAX // 2 + 1)}gov",
    ],
)
def test_anything_else_is_none(text: str) -> None:
    assert not is_handle(text)
    with pytest.raises(NameError_) as raised:
        parse_handle(text)
    assert raised.value.code == "name.handle"


def test_a_document_names_publishers_and_may_say_more() -> None:
    raw = json.dumps({"dids": [DIDS[0], "did:web:other.example", 7, None, DIDS[1], DIDS[0]], "more": {}})
    assert read_well_known(raw.encode()) == set(DIDS[:2])
    assert read_well_known(write_well_known(DIDS)) == set(DIDS)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b'{"dids": "did:frost:x"}',
        b'{"dids": {}}',
        b"\xff\xfe",
        b"[" * 32_000,
        b'{"dids":' * 4_000,
    ],
    ids=lambda raw: raw[:12],
)
def test_a_document_that_is_none_is_refused(raw: bytes) -> None:
    with pytest.raises(EncodingError) as raised:
        read_well_known(raw)
    assert raised.value.code == "handle.malformed"


@given(
    st.binary(max_size=200) | st.recursive(st.none() | st.text(), st.lists).map(json.dumps).map(str.encode)
)
def test_any_bytes_name_publishers_or_are_refused(raw: bytes) -> None:
    with suppress(EncodingError):
        assert all(did.startswith("did:frost:") for did in read_well_known(raw))


def test_of_very_many_publishers_the_first_count() -> None:
    many = [did_of(Cid.of(n.to_bytes(2, "big"))) for n in range(HANDLE_DIDS_MAX + 1)]
    assert read_well_known(json.dumps({"dids": many}).encode()) == set(many[:-1])


def test_text_records_name_one_publisher_each() -> None:
    assert read_txt(
        [f"did={DIDS[0]}", "v=spf1 -all", f"did={DIDS[1]}", DIDS[2], "did=did:web:a.example"]
    ) == set(DIDS[:2])
