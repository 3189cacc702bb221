"""Any bytes are a JSON object or none, and no surprise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.json_object import read_object


def test_an_object_is_read_whatever_is_in_it() -> None:
    assert read_object(b' {"a": [1, {"b": null}], "a": 2} ') == {"a": 2}
    assert read_object(b"{}") == {}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"7",
        b'"{}"',
        b"null",
        b"{",
        b"{}{}",
        b"\xff{}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a": ' + b"9" * 10_000 + b"}",
    ],
)
def test_all_else_is_none(raw: bytes) -> None:
    assert read_object(raw) is None


@given(st.binary())
def test_any_bytes_are_an_object_or_none(raw: bytes) -> None:
    assert read_object(raw) is None or isinstance(read_object(raw), dict)
