"""What differs between two records, by JSON pointer; schemas by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.changes import changes
from frostnode.protocol.limits import DIFF_CHANGES_MAX


def told(before, after):
    found, more = changes(before, after)
    assert not more
    return [(str(change.op), change.path, change.before, change.after) for change in found]


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"b": 2}, [("removed", "/a", 1, None), ("added", "/b", None, 2)]),
        ({"a": {"b/~": 1}}, {"a": {"b/~": 2}}, [("changed", "/a/b~1~0", 1, 2)]),
        ({"a": 1}, {"a": 1.0}, [("changed", "/a", 1, 1.0)]),
        ({"a": 1}, {"a": True}, [("changed", "/a", 1, True)]),
        ({"a": None}, {}, [("removed", "/a", None, None)]),
        ({"a": ["x", "y"]}, {"a": ["z", "x", "y"]}, [("added", "/a/0", None, "z")]),
        ({"a": ["x", "x"]}, {"a": ["x"]}, [("removed", "/a/1", "x", None)]),
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}, [("changed", "/a", ["x", "y"], ["y", "x"])]),
        (
            {"a": [{"n": 1}]},
            {"a": [{"n": 2}]},
            [("removed", "/a/0", {"n": 1}, None), ("added", "/a/0", None, {"n": 2})],
        ),
        ({"a": []}, {"a": {}}, [("changed", "/a", [], {})]),
    ],
)
def test_changes_have_their_place(before, after, found):
    assert told(before, after) == found


def test_arrays_tables_and_columns_are_told_by_name():
    before = {
        "schema": {
            "arrays": [{"name": "sst", "dims": ["t", "y"], "dtype": "f4"}, {"name": "ice", "dtype": "f4"}],
            "tables": [
                {"name": "s", "columns": [{"name": "id", "type": "int"}, {"name": "old", "type": "int"}]}
            ],
        }
    }
    after = {
        "schema": {
            "arrays": [
                {"name": "wind", "dtype": "f4"},
                {"name": "sst", "dims": ["t", "y", "x"], "dtype": "f8"},
            ],
            "tables": [{"name": "s", "columns": [{"name": "id", "type": "text"}]}],
        }
    }
    assert told(before, after) == [
        ("removed", "/schema/arrays/ice", {"name": "ice", "dtype": "f4"}, None),
        ("added", "/schema/arrays/sst/dims/2", None, "x"),
        ("changed", "/schema/arrays/sst/dtype", "f4", "f8"),
        ("added", "/schema/arrays/wind", None, {"name": "wind", "dtype": "f4"}),
        ("changed", "/schema/tables/s/columns/id/type", "int", "text"),
        ("removed", "/schema/tables/s/columns/old", {"name": "old", "type": "int"}, None),
    ]


def test_arrays_without_names_or_with_the_same_one_are_a_list():
    before = {"schema": {"arrays": [{"name": "a"}, {"name": "a"}]}}
    assert told(before, {"schema": {"arrays": [{"name": "a"}]}}) == [
        ("removed", "/schema/arrays/1", {"name": "a"}, None)
    ]
    assert told({"schema": {"arrays": [1]}}, {"schema": {"arrays": []}}) == [
        ("removed", "/schema/arrays/0", 1, None)
    ]


def test_there_is_a_bound_and_it_is_said():
    found, more = changes({}, {f"{at:05}": at for at in range(DIFF_CHANGES_MAX + 1)})
    assert (len(found), more) == (DIFF_CHANGES_MAX, True)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, 1.0]) | st.sampled_from("ab"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "schema", "arrays", "name"]), inner)
    ),
    max_leaves=10,
)
FIELDS = st.dictionaries(st.sampled_from(["schema", "a", "b"]), JSON)


@given(FIELDS, FIELDS)
def test_equal_records_alone_have_no_difference(before, after):
    assert changes(before, before) == ([], False)
    there, back = told(before, after), told(after, before)
    assert (there == []) == (repr_of(before) == repr_of(after))
    turned = {"added": "removed", "removed": "added", "changed": "changed"}
    assert sorted((turned[op], path) for op, path, *_ in there) == sorted((op, path) for op, path, *_ in back)


def repr_of(value):
    if isinstance(value, dict):
        return sorted((name, repr_of(item)) for name, item in value.items())
    return [repr_of(item) for item in value] if isinstance(value, list) else (type(value).__name__, value)
