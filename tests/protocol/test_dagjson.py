"""The lossless JSON form: both ways without loss, strict on the way in."""

import json
import math
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.dagcbor import Cid, Value, decode, encode
from frostnode.protocol.dagjson import dumps, from_json, loads, to_json
from frostnode.protocol.errors import EncodingError
from frostnode.protocol.limits import BODY_DEPTH_MAX

RAW = "bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity"
VERSION_0 = "QmbWqxBEKC3P8tqsKc98xmWNzrzDtRLMiMPL8wBuTGsMnR"
OURS = str(Cid.of(b"\xa0"))

links = st.one_of(st.binary(max_size=8).map(Cid.of), st.sampled_from([RAW, VERSION_0]).map(Cid.parse_any))
floats = st.floats(allow_nan=False, allow_infinity=False).map(lambda number: number or 0.0)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**64), 2**64 - 1),
    floats,
    st.text(max_size=20),
    st.binary(max_size=20),
    links,
)
keys = st.one_of(st.sampled_from(["/", "/", "bytes", ""]), st.text(max_size=3))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=10,
)
json_items: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=6),
        st.sampled_from([RAW, OURS, "YQ"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["/", "bytes", "a"]), inner, max_size=2),
        inner.map(lambda item: {"/": item}),
        inner.map(lambda item: {"bytes": item}),
    ),
    max_leaves=8,
)


@given(values)
def test_a_value_survives_json_byte_for_byte(value: Value) -> None:
    assert encode(from_json(to_json(value))) == encode(value)
    assert encode(loads(dumps(value))) == encode(value)


@given(values)
def test_the_text_is_json_that_anyone_can_read_and_lay_out_anew(value: Value) -> None:
    item = json.loads(dumps(value))
    assert encode(from_json(item)) == encode(value)
    assert encode(loads(json.dumps(item, indent=2))) == encode(value)
    assert dumps(decode(encode(value))) == dumps(value)


@given(json_items)
def test_any_json_is_one_value_that_is_written_back_alike_or_refused(item: Any) -> None:
    try:
        value = from_json(item)
    except EncodingError:
        return
    assert json.dumps(to_json(value), sort_keys=True) == json.dumps(item, sort_keys=True)
    assert encode(decode(encode(value))) == encode(value)


@given(st.text(alphabet='[]{}":,/\\abytes01.-eu ', max_size=30))
def test_any_text_is_a_value_or_refused(text: str) -> None:
    try:
        value = loads(text)
    except EncodingError:
        return
    assert encode(loads(dumps(value))) == encode(value)


@given(values, st.data())
def test_mutated_and_truncated_text_is_a_value_or_refused(value: Value, data: st.DataObject) -> None:
    text = dumps(value)
    at = data.draw(st.integers(0, len(text)))
    for mutated in (text[:at], text[:at] + data.draw(st.text(max_size=2)) + text[at + 1 :]):
        try:
            encode(loads(mutated))
        except EncodingError:
            continue


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("1.0", 1.0),
        ("1e0", 1.0),
        ("-1", -1),
        ("0.0", 0.0),
        ("18446744073709551615", 2**64 - 1),
        ("-18446744073709551616", -(2**64)),
        ("true", True),
        ("null", None),
        ('"é"', "é"),
        ('"\\ud83d\\ude00"', "😀"),
        ('{"/":{"bytes":""}}', b""),
        ('{"/":{"bytes":"AAE"}}', b"\x00\x01"),
        (f'{{"/":"{OURS}"}}', Cid.of(b"\xa0")),
        (f'{{"/":"{VERSION_0}"}}', Cid.parse_any(VERSION_0)),
        ('{"/":{"/":1}}', {"/": 1}),
        ('{"/":{"/":{"/":{"/":1}}}}', {"/": {"/": 1}}),
        ('{"/":{"/":{"bytes":"AAE"}}}', {"/": {"bytes": "AAE"}}),
        ('{"/":{"/":{"/":{"bytes":"AAE"}}}}', {"/": b"\x00\x01"}),
        ('{"/":1,"a":2}', {"/": 1, "a": 2}),
        ('{"bytes":"AAE"}', {"bytes": "AAE"}),
        ("{}", {}),
    ],
)
def test_loads_takes(text: str, value: Value) -> None:
    assert encode(loads(text)) == encode(value)
    assert encode(loads(dumps(value))) == encode(value)


@pytest.mark.parametrize(
    "text",
    [
        *("", "nul", "{", "[1,]", "'a'", "1 2", "\ufeff1", '"\t"', "01", "+1", ".5", "1.", "0x1"),
        *("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "-0", "-0.0", "-0e5", "-1e-400"),
        *("18446744073709551616", "-18446744073709551617", "1" * 5000),
        *('"\\ud800"', '{"\\udfff":1}', '["\\ude00\\ud83d"]'),
        *('{"a":1,"a":1}', '{"/":{"bytes":"","bytes":""}}'),
        *('{"/":1}', '{"/":null}', '{"/":[]}', '{"/":{}}', '{"/":""}', '{"/":"a"}', '{"/":{"link":"a"}}'),
        *('{"/":{"bytes":1}}', '{"/":{"bytes":"","a":1}}', '{"/":{"/":1,"a":1}}', '{"/":{"bytes":{"/":1}}}'),
        *('{"/":{"bytes":"AAE="}}', '{"/":{"bytes":"AAF"}}', '{"/":{"bytes":"A"}}', '{"/":{"bytes":"A-_A"}}'),
        *(
            '{"/":{"bytes":"AA E"}}',
            '{"/":{"bytes":"AA\\nE"}}',
            '{"/":{"bytes":"mAAEC"}}',
            '{"/":{"bytes":"é"}}',
        ),
        *(
            f'{{"/":"{OURS.upper()}"}}',
            f'{{"/":"z{VERSION_0}"}}',
            f'{{"/":"{OURS[:-1]}"}}',
            f'{{"/":"{VERSION_0[:-1]}"}}',
        ),
    ],
)
def test_loads_refuses(text: str) -> None:
    with pytest.raises(EncodingError) as caught:
        loads(text)
    assert caught.value.code == "encoding.json"
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        -0.0,
        2**64,
        "\ud800",
        {"\ud800": 1},
        {1: 2},
        (1,),
        {1},
        pytest.param(object(), id="object"),
        bytearray(),
    ],
    ids=repr,
)
def test_what_has_no_form_is_refused_in_both_directions(value: Any) -> None:
    for turn in (to_json, dumps, from_json):
        with pytest.raises(EncodingError):
            turn([value])


class Word(StrEnum):
    """A text to Python, and no text to a codec that asks for the exact type."""

    ONE = "one"


def test_subclasses_are_refused_as_by_the_encoder() -> None:
    for turn in (to_json, from_json, encode):
        with pytest.raises(EncodingError):
            turn([Word.ONE])


def test_bytes_and_links_are_no_json_items() -> None:
    for item in (b"", Cid.of(b"")):
        with pytest.raises(EncodingError):
            from_json(item)


def slashes(depth: int) -> Value:
    value: Value = b"\x00"
    for _ in range(depth):
        value = {"/": value}
    return value


def test_depth_is_that_of_the_value_however_deep_its_json_is() -> None:
    deepest = slashes(BODY_DEPTH_MAX)
    assert loads(dumps(deepest)) == decode(encode(deepest)) == deepest
    for value in (slashes(BODY_DEPTH_MAX + 1), json.loads("[" * 65 + "]" * 65)):
        for turn in (to_json, dumps):
            with pytest.raises(EncodingError) as caught:
                turn(value)
            assert caught.value.code == "encoding.too-deep"
    with pytest.raises(EncodingError):
        from_json(json.loads("[" * 65 + "]" * 65))


@pytest.mark.parametrize("text", ["[", '{"a":', '{"/":', '["[",', "[]" * 10 + "["], ids=repr)
def test_huge_nesting_is_refused_before_anything_recurses(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(json, "loads", lambda *_, **__: pytest.fail("the parser was asked"))
    with pytest.raises(EncodingError) as caught:
        loads(text * 50_000)
    assert caught.value.code == "encoding.too-deep"


def test_brackets_in_strings_are_no_nesting() -> None:
    value = ["[{" * 500, '"[' * 500, "\\", "[" * 500, '\\"{' * 500]
    assert loads(dumps(value)) == value


def test_an_object_deeper_than_the_stack_is_refused_and_named_briefly() -> None:
    item: Any = 1
    for _ in range(100_000):
        item = {"/": {"/": item, "x": item}} if item == 1 else {"/": item}
    for wrapped in (item, {"/": [item]}, [item]):
        with pytest.raises(EncodingError) as caught:
            from_json(wrapped)
        assert len(str(caught.value)) < 300


def test_keys_are_sorted_and_nothing_is_padded() -> None:
    assert dumps({"b": 1, "aa": [1.5, "é"], "a": None}) == '{"a":null,"aa":[1.5,"é"],"b":1}'
