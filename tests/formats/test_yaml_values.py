"""Foreign YAML becomes the values that JSON has, at no more cost than its bytes."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from frostnode.formats import json_values
from frostnode.formats.json_values import Repeated, ValueMapper
from frostnode.formats.yaml_values import loads
from frostnode.protocol.errors import EncodingError
from frostnode.protocol.limits import BODY_DEPTH_MAX

SAMPLES = Path(__file__).parent / "samples/aws-open-data"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 2024-02-29\nb: 2001-12-14t21:59:43.10-05:00", {"a": "2024-02-29", "b": "2001-12-14t21:59:43.10-05:00"}),
        ("[1, 1.5, 0x1F, 1_000, true, yes, ~, null, .inf]", [1, 1.5, 31, 1000, True, True, None, None, float("inf")]),
        ("['1', \"true\", '~', !!str 7]", ["1", "true", "~", "7"]),
        ("[!!int '7', !!float 1, !!null x, !!bool 'no']", [7, 1.0, None, False]),
        ("1: a\nyes: b\n~: c\n2024-01-01: d", {"1": "a", "yes": "b", "~": "c", "2024-01-01": "d"}),
        ("a: &x [1, 2]\nb: *x", {"a": [1, 2], "b": [1, 2]}),
        ("a: |\n  two\n  lines\nb: >\n  one\n  line\n", {"a": "two\nlines\n", "b": "one line\n"}),
        ("a:", {"a": None}),
        ("{}", {}),
        ("plain", "plain"),
        ("9" * 5000, "9" * 5000),
    ],
)  # fmt: skip
def test_yaml_is_read_as_json(text: str, value: Any) -> None:
    assert loads(text.encode()) == [value]


def test_an_integer_longer_than_python_reads_is_noted_like_any_other_that_is_too_long() -> None:
    for digits in ("9" * 21, "9" * 5000):
        mapper = ValueMapper()
        mapper.map(loads(f"a: {digits}".encode())[0], "")
        assert mapper.notes == [{"path": "/a", "note": "integer beyond 64 bits → text"}]


def test_every_document_of_a_stream_is_read() -> None:
    assert loads(b"a: 1\n---\nb: 2\n...\n---\n") == [{"a": 1}, {"b": 2}, None]
    assert loads(b"") == []
    assert loads(b"\xef\xbb\xbfa: 1") == [{"a": 1}]


def test_equal_keys_are_noted() -> None:
    [document] = loads(b"a: 1\nb: 2\na: 3\n")
    assert isinstance(document, Repeated)
    mapper = ValueMapper()
    assert mapper.map(document, "/m") == {"a": 3, "b": 2}
    assert mapper.notes == [{"path": "/m/a", "note": "equal keys → the last"}]


@pytest.mark.parametrize(
    "text",
    [
        "!!binary aGk=",
        "!!timestamp 2024-01-01",
        "!!set {a, b}",
        "!!python/object:os.system x",
        "!local x",
        "a: &x {b: 1}\nc: {<<: *x}",
        "? [a, b]\n: c",
        "? {a: b}\n: c",
        "a: *nothing",
        "a: &x [*x]",
        "a: [",
        "\ta: 1",
        "a: b: c",
        "%YAML 9.0\n---\na",
        "\x00",
    ],
)
def test_what_stands_outside_of_json_is_refused(text: str) -> None:
    with pytest.raises(EncodingError) as caught:
        loads(text.encode())
    assert caught.value.code == "encoding.json"


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(EncodingError) as caught:
        loads(b"a: \xff")
    assert caught.value.code == "encoding.text"


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "? " * 1000])
def test_depth_is_refused_before_it_costs(text: str) -> None:
    with pytest.raises(EncodingError):
        loads(text.encode())


def test_depth_names_the_place() -> None:
    text = "a: " + "[" * BODY_DEPTH_MAX + "]" * BODY_DEPTH_MAX
    with pytest.raises(EncodingError, match=r"at /a(/0)+: found 65, expected ≤ 64") as caught:
        loads(text.encode())
    assert caught.value.code == "encoding.too-deep"


def test_references_to_references_are_stopped_when_they_expand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_values, "BODY_ITEMS_MAX", 10_000)
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    [bomb] = loads("\n".join(lines).encode())
    with pytest.raises(EncodingError) as caught:
        ValueMapper().map(bomb, "")
    assert caught.value.code == "encoding.too-large"


class _SlowTwin(yaml.SafeLoader):
    """The ordinary way to read YAML, with dates left as they are."""


_SlowTwin.add_constructor("tag:yaml.org,2002:timestamp", yaml.SafeLoader.construct_yaml_str)


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_samples_are_read_as_by_the_slow_twin(path: Path) -> None:
    assert loads(path.read_bytes()) == [yaml.load(path.read_bytes(), Loader=_SlowTwin)]


@pytest.mark.slow
@pytest.mark.corpora
def test_real_documents_are_read_as_by_the_slow_twin(corpora: Path | None) -> None:
    paths = sorted((corpora / "aws-open-data-registry/yaml-sample").glob("*.yaml")) if corpora else []
    for path in paths:
        data = path.read_bytes()
        if len(data) < 20_000:
            assert loads(data) == [yaml.load(data, Loader=_SlowTwin)], path.name


@given(st.text(alphabet="ab:-[]{}&*!?'\"#|>%,~ \n01.", max_size=12) | st.binary(max_size=12))
def test_any_bytes_are_yaml_or_an_encoding_error(data: str | bytes) -> None:
    try:
        loads(data.encode() if isinstance(data, str) else data)
    except EncodingError as error:
        assert error.code.startswith("encoding.")  # noqa: PT017 - both outcomes are right
