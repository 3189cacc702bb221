"""What was asked for last is kept, and the oldest of it is let go of."""

import pytest

from frostnode.edge.tantivy.recent import Recent


def test_the_last_are_kept_and_those_not_asked_for_longest_go_first():
    made = []
    recent = Recent[str, str](2)

    def ask(key):
        return recent.get(key, lambda: made.append(key) or key.upper())

    assert [ask(key) for key in ("a", "b", "a", "c", "a", "b")] == ["A", "B", "A", "C", "A", "B"]
    assert made == ["a", "b", "c", "b"], "b was asked for longest ago when c came"


def test_what_fails_is_not_kept():
    recent = Recent[str, int](2)
    with pytest.raises(ZeroDivisionError):
        recent.get("a", lambda: 1 // 0)
    assert recent.get("a", lambda: 7) == 7
