"""Foreign JSON becomes what DAG-CBOR can say, and every change is noted with its place."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.formats import json_values
from frostnode.formats.json_values import ValueMapper, loads, replace_surrogates
from frostnode.protocol.dagcbor import decode, encode
from frostnode.protocol.errors import EncodingError
from frostnode.protocol.limits import BODY_BYTES_MAX, BODY_DEPTH_MAX, IMPORT_NOTES_MAX


def mapped(text: str) -> tuple[Any, list[Any]]:
    mapper = ValueMapper()
    return mapper.map(loads(text.encode()), ""), mapper.notes


@pytest.mark.parametrize(
    ("text", "value", "notes"),
    [
        ('{"a": [1, -1, 1.5, "x", true, null, {}]}', {"a": [1, -1, 1.5, "x", True, None, {}]}, []),
        ("[1.0, 1e2]", [1.0, 100.0], []),
        ("[-0.0]", [0.0], [("/0", "-0.0 → 0.0")]),
        ("[-0]", [0], []),
        ('{"x": NaN}', {"x": None}, [("/x", "NaN → null")]),
        ('{"x": [Infinity, -Infinity]}', {"x": [None, None]}, [("/x/0", "Infinity → null"), ("/x/1", "-Infinity → null")]),
        ("[1e999]", [None], [("/0", "Infinity → null")]),
        ("[18446744073709551615, -18446744073709551616]", [2**64 - 1, -(2**64)], []),
        ("[18446744073709551616]", ["18446744073709551616"], [("/0", "integer beyond 64 bits → text")]),
        ("[-18446744073709551617]", ["-18446744073709551617"], [("/0", "integer beyond 64 bits → text")]),
        (f"[{'9' * 5000}]", ["9" * 5000], [("/0", "integer beyond 64 bits → text")]),
        ('{"a": 1, "b": 2, "a": 3, "a": 4}', {"a": 4, "b": 2}, [("/a", "equal keys → the last")] * 2),
        ('{"x": {"a": 1, "a": {"n": NaN}}}', {"x": {"a": {"n": None}}}, [("/x/a", "equal keys → the last"), ("/x/a/n", "NaN → null")]),
        ('["\\ud800", "a\\udfffb"]', ["\ufffd", "a\ufffdb"], [("/0", "lone surrogates → U+FFFD"), ("/1", "lone surrogates → U+FFFD")]),
        ('["\\ud83d\\ude00"]', ["\U0001f600"], []),
        ('{"\\ud800": 1}', {"\ufffd": 1}, [("/\ufffd", "lone surrogates → U+FFFD")]),
        (
            '{"\\ud800": 1, "\\udfff": 2}',
            {"\ufffd": 2},
            [("/\ufffd", "lone surrogates → U+FFFD")] * 2 + [("/\ufffd", "equal keys → the last")],
        ),
        ('{"a/b": {"~": NaN}}', {"a/b": {"~": None}}, [("/a~1b/~0", "NaN → null")]),
        ('["e\\u0301", "\\u0000", "\\u00e9"]', ["e\u0301", "\0", "\u00e9"], []),
    ],
)  # fmt: skip
def test_what_dag_cbor_cannot_say_is_mapped_and_noted(text: str, value: Any, notes: list[Any]) -> None:
    got, noted = mapped(text)
    assert json.dumps(got) == json.dumps(value)
    assert [(note["path"], note["note"]) for note in noted] == notes
    assert json.dumps(decode(encode(got))) == json.dumps(got) or got == decode(encode(got))


def test_paths_point_into_the_record() -> None:
    mapper = ValueMapper()
    mapper.map([float("nan")], "/metadata/cf")
    assert mapper.notes == [{"path": "/metadata/cf/0", "note": "NaN → null"}]


def test_depth_counts_from_the_record_and_names_the_place() -> None:
    deep: Any = "x"
    for _ in range(BODY_DEPTH_MAX - 2):
        deep = [deep]
    assert ValueMapper().map(deep, "/metadata/cf") == deep
    with pytest.raises(
        EncodingError, match=r"^nesting at /metadata/cf(/0){62}: found 65, expected ≤ 64"
    ) as caught:
        ValueMapper().map([deep], "/metadata/cf")
    assert caught.value.code == "encoding.too-deep"


@pytest.mark.parametrize("depth", [100, 1_000_000])
def test_deep_json_is_refused(depth: int) -> None:
    with pytest.raises(EncodingError) as caught:
        mapped("[" * depth + "]" * depth)
    assert caught.value.code == "encoding.too-deep"


def test_what_expands_beyond_a_body_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_values, "BODY_ITEMS_MAX", 10_000)
    bomb: Any = ["x"] * 100
    assert ValueMapper().map([bomb] * 99, "")
    for value in ([bomb] * 100, {str(n): bomb for n in range(100)}):
        with pytest.raises(EncodingError) as caught:
            ValueMapper().map(value, "")
        assert caught.value.code == "encoding.too-large"


def test_text_that_is_repeated_beyond_a_body_is_refused() -> None:
    long = "x" * 100_000
    assert ValueMapper().map([long] * (BODY_BYTES_MAX // 100_000), "")
    for value in ([long] * 42, [{long: 1}] * 42):
        with pytest.raises(EncodingError) as caught:
            ValueMapper().map(value, "")
        assert caught.value.code == "encoding.too-large"


@pytest.mark.parametrize("item", [b"bytes", {1: 2}, object(), {"a": {("t",): 1}}, 1j])
def test_what_json_cannot_say_is_refused(item: Any) -> None:
    with pytest.raises(EncodingError, match=r"^(value|key) at /m"):
        ValueMapper().map(item, "/m")


def test_notes_are_bounded_and_say_so() -> None:
    mapper = ValueMapper()
    mapper.map([float("nan")] * (IMPORT_NOTES_MAX + 5), "/m")
    assert len(mapper.notes) == IMPORT_NOTES_MAX + 1
    assert mapper.notes[-1] == {"path": "/m", "note": "5 further changes are not listed"}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "encoding.json"),
        (b"{", "encoding.json"),
        (b"{} {}", "encoding.json"),
        (b"{'a': 1}", "encoding.json"),
        (b"[01]", "encoding.json"),
        (b'"\x80"', "encoding.text"),
        (b'"\xed\xa0\x80"', "encoding.text"),
    ],
)
def test_what_is_no_json_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(EncodingError) as caught:
        loads(data)
    assert caught.value.code == code


def test_a_byte_order_mark_is_passed_over() -> None:
    assert loads(b"\xef\xbb\xbf[1]") == [1]


texts = st.text(alphabet="az/~\0é\u0301\ud800\U0001f600", max_size=3)
documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=4,
)


@given(documents)
def test_everything_comes_through_and_what_changed_is_noted(value: Any) -> None:
    """Mapped JSON encodes, and without a note it is the JSON that went in."""
    text = json.dumps(value)
    got, notes = mapped(text)
    assert decode(encode(got)) == got
    if not notes:
        assert json.dumps(got) == text
    assert mapped(json.dumps(got)) == (got, [])


@given(st.binary(max_size=30))
def test_any_bytes_are_json_or_an_encoding_error(data: bytes) -> None:
    try:
        ValueMapper().map(loads(data), "")
    except EncodingError as error:
        assert error.code.startswith("encoding.")  # noqa: PT017 - both outcomes are right


def test_surrogates_alone_are_replaced() -> None:
    assert replace_surrogates("a\ud800b\U0001f600") == "a\ufffdb\U0001f600"
