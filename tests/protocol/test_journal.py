"""A mapping that can go back is, at every moment, a dict of which a copy was kept."""

from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.journal import Journal

KEYS = st.sampled_from("abc")
STEPS = st.one_of(
    st.tuples(st.just("put"), KEYS, st.none() | st.integers(0, 3)), st.just(("keep",)), st.just(("undo",))
)


@given(st.lists(STEPS, max_size=40))
def test_it_does_what_a_copied_dict_does(steps):
    journal, now, kept = Journal(), {}, {}
    for step, *arguments in steps:
        match step:
            case "put":
                key, value = arguments
                journal.put(key, value)
                now[key] = value
                now = {key: value for key, value in now.items() if value is not None}
            case "keep":
                journal.keep()
                kept = dict(now)
            case "undo":
                journal.undo()
                now = dict(kept)
        assert {key: journal.get(key) for key in "abc" if journal.get(key) is not None} == now
        assert sorted(journal) == sorted(now.values())
