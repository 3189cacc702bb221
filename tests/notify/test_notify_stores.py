"""What every store of notices does (frostnode.notify_port.NotifyStore): one suite over the one on disk and the one in memory,
and whatever is done to both, they say the same."""

import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frostnode.edge.sqlite import notify_store
from frostnode.edge.sqlite.notify_store import SqliteNotifyStore
from frostnode.notify_port import LAST_POSITION, Due, Form, Tries, Watch, WatchState
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.limits import INBOX_ITEMS_MAX
from frostnode.protocol.names import did_of, format_origin
from frostnode.protocol.notice import Change, ChangeKind, NoticeId
from frostnode.testing import memory_notices
from frostnode.testing.memory_notices import MemoryNotifyStore

EVENT = Cid.of(b"genesis")
DID = did_of(EVENT)
MARKS = 64
"""How many places a store remembers to go on from."""


@pytest.fixture(params=["sqlite", "memory"])
def store(request, tmp_path):
    made = SqliteNotifyStore(tmp_path / "notices.db") if request.param == "sqlite" else MemoryNotifyStore()
    yield made
    made.close()


def watch(id_="a", form=Form.WEBHOOK, **more):
    fields = {
        "target": "words",
        "created_ms": 1,
        "told": (0, -1),
        "address": f"https://{id_}.example",
        **more,
    }
    return Watch(id=id_, form=form, **fields)


def change(number, position=0, key="k"):
    return Change(
        id=NoticeId(number=number, position=position, database=bytes(16), tag=bytes(8)),
        kind=ChangeKind.PUT,
        did=DID,
        at_ms=number,
        type="dataset",
        key=key,
        origin=format_origin(DID, 0, EVENT),
        index=number,
        header=Cid.of(b"header %d" % number),
        body=None if number % 2 else Cid.of(b"body %d" % number),
    )


def due(number, to="a", previous=None, position=0):
    return Due(watch=to, change=change(number, position), previous=previous)


def fill(store, *watches, dues=()):
    with store.write() as writer:
        for one in watches:
            writer.put_watch(one)
        writer.add(dues)


def numbers(store, id_="a", limit=100):
    with store.read() as reader:
        return [one.change.id.number for one in reader.due(id_, limit)]


def inbox(store, **how):
    with store.read() as reader:
        return [(item.due.change.id.number, item.read_ms) for item in reader.inbox(limit=100, **how)]


# watches


def test_a_watch_is_kept_whole_and_replaced_by_its_id(store):
    full = watch(
        secret=b"s",
        behalf="of",
        record="r",
        digest_s=60,
        expires_ms=9,
        last="l",
        state=WatchState.PAUSED,
        told=(3, LAST_POSITION),
    )
    fill(store, full, watch("b"))
    changed = replace(full, target="other", created_ms=99, form=Form.EMAIL)
    fill(store, changed)
    with store.read() as reader:
        assert reader.watch("a") == replace(changed, created_ms=1), "when it was made does not change"
        assert [one.id for one in reader.watches()] == ["a", "b"], "oldest first"
        assert [one.id for one in reader.watches([WatchState.LIVE])] == ["b"]
        assert reader.watches([]) == []
        assert (reader.watch("c"), reader.tries("c"), reader.due("c", 9), reader.due_count("c")) == (
            None,
            Tries(),
            [],
            0,
        )
        assert reader.addresses(Form.EMAIL) == ["https://a.example"]


def test_who_is_removed_takes_along_what_was_due(store):
    fill(store, watch(), watch("i", Form.INBOX), dues=[due(1), due(1, "i"), due(2)])
    with store.write() as writer:
        writer.remove_watch("a")
        writer.remove_watch("i")
        writer.remove_watch("nobody")
    fill(store, watch(), watch("i", Form.INBOX))
    assert (numbers(store), inbox(store)) == ([], [])
    with store.read() as reader:
        assert (reader.tries("a"), reader.due_count("a"), reader.inbox_counts()) == (Tries(), 0, (0, 0))


def test_those_who_are_behind_come_by_what_they_were_told(store):
    states = {
        "live": WatchState.LIVE,
        "full": WatchState.BEHIND,
        "far": WatchState.BEHIND,
        "near": WatchState.BEHIND,
    }
    told = {"live": (1, 0), "full": (0, 0), "far": (2, 0), "near": (3, 1)}
    fill(store, *(watch(id_, state=state, told=told[id_]) for id_, state in states.items()))
    fill(store, dues=[due(1, "full"), due(2, "full"), due(3, "near")])
    with store.write() as writer:
        writer.set_told("full", (0, 0))
        writer.set_told("near", (3, 1))
        assert writer.watch_count() == 4
        assert [(one.id, due) for one, due in writer.behind(1, 9)] == [("far", 0), ("near", 1)]
        assert [one.id for one, _ in writer.behind(2, 9)] == ["full", "far", "near"]
        assert [one.id for one, _ in writer.behind(2, 2, newest=True)] == ["near", "far"]


def test_those_whose_time_is_over(store):
    ended = [watch("a", expires_ms=5), watch("b"), watch("c", expires_ms=3), watch("d", expires_ms=6)]
    fill(store, *ended)
    with store.read() as reader:
        assert [reader.expired(now_ms) for now_ms in (2, 3, 5)] == [[], ["c"], ["c", "a"]]


# what is due


def test_what_is_due_comes_in_order_once_and_moves_told_along(store):
    first, second = due(1), due(2, previous=str(change(1).id))
    fill(store, watch(), dues=[first, second, due(3, "nobody")])
    fill(store, dues=[second])
    with store.read() as reader:
        assert reader.due("a", 9) == [first, second]
        assert reader.due("a", 1) == [first]
        assert (reader.due_count("a"), reader.due_count("nobody")) == (2, 0)
        assert (reader.watch("a").told, reader.watch("a").last) == ((2, 0), str(change(2).id))


def test_one_change_is_due_to_many_and_goes_with_the_last(store):
    fill(store, watch(), watch("b"), watch("i", Form.INBOX), dues=[due(1), due(1, "b"), due(1, "i")])
    with store.write() as writer:
        writer.done("a", [change(1).id], 7)
        writer.remove_watch("i")
    assert (numbers(store), numbers(store, "b"), inbox(store)) == ([], [1], [])


def test_who_was_told_is_told_of_the_rest_later(store):
    fill(store, watch(), dues=[due(1), due(2)])
    with store.write() as writer:
        writer.put_tries("a", Tries(attempts=3, failing_since_ms=1, next_ms=2, error="e", is_slow=True))
        writer.put_tries("nobody", Tries(attempts=1))
    with store.read() as reader:
        assert reader.tries("a") == Tries(attempts=3, failing_since_ms=1, next_ms=2, error="e", is_slow=True)
        assert reader.tries("nobody") == Tries()
    with store.write() as writer:
        writer.done("a", [change(1).id, change(9).id], 50, next_ms=60)
    assert numbers(store) == [2]
    with store.read() as reader:
        assert reader.tries("a") == Tries(delivered_ms=50, next_ms=60)
        assert [reader.next_try_ms(now_ms) for now_ms in (0, 59, 60)] == [60, 60, None]


def test_those_with_something_due_who_wait_longest_come_first(store):
    many = [watch(id_) for id_ in "abcdef"] + [watch("mail", Form.EMAIL)]
    fill(store, *many, watch("idle"), dues=[due(1, one.id) for one in many])
    with store.write() as writer:
        for id_, next_ms in (("a", 5), ("b", 3), ("c", 9), ("idle", 1)):
            writer.put_tries(id_, Tries(next_ms=next_ms))
        writer.put_tries("d", Tries(next_ms=4, is_slow=True))
        writer.set_state("e", WatchState.LAPSED)
        writer.set_state("f", WatchState.PAUSED)
    with store.read() as reader:
        assert reader.next_due(5, 9, Form.WEBHOOK, is_slow=False) == ["b", "a"]
        assert reader.next_due(5, 1, Form.WEBHOOK, is_slow=False) == ["b"]
        assert reader.next_due(5, 9, Form.WEBHOOK, is_slow=True) == ["d"]
        assert reader.next_due(5, 9, Form.EMAIL, is_slow=False) == ["mail"]
        assert reader.next_try_ms(5) == 9
    with store.write() as writer:
        writer.bring_forward(4)
        assert writer.next_try_ms(3) == 4
    with store.read() as reader:
        assert reader.next_due(4, 9, Form.WEBHOOK, is_slow=False) == ["b", "a", "c"]


def test_who_lapses_goes_on_later_before_the_first_that_was_due(store):
    fill(store, watch(), dues=[due(4, previous="before"), due(5)])
    with store.write() as writer:
        writer.lapse("a")
    with store.read() as reader:
        found = reader.watch("a")
        assert (found.state, found.told, found.last) == (WatchState.LAPSED, (4, -1), "before")
        assert reader.due_count("a") == 0
    with store.write() as writer:
        writer.lapse("a")
        assert writer.watch("a").told == (4, -1), "nothing was due"


# the inbox


def test_an_inbox_is_told_at_once_and_read_item_by_item(store):
    fill(store, watch("i", Form.INBOX), dues=[due(1, "i"), due(2, "i"), due(2, "i"), due(3, "i")])
    assert inbox(store) == [(3, None), (2, None), (1, None)]
    with store.write() as writer:
        assert writer.read_items([change(2).id, change(9).id], 8) == 1
        assert writer.read_items([change(2).id], 9) == 0
    assert inbox(store, unread=True) == [(3, None), (1, None)]
    assert inbox(store, offset=1) == [(2, 8), (1, None)]
    with store.write() as writer:
        assert writer.inbox_counts() == (3, 2)
        assert writer.read_items(None, 10) == 2
    assert inbox(store) == [(3, 10), (2, 8), (1, 10)]
    with store.read() as reader:
        assert (reader.due_count("i"), reader.watch("i").told) == (0, (3, 0))


def test_what_is_put_into_an_inbox_is_no_part_of_what_is_told(store):
    fill(store, watch("i", Form.INBOX))
    with store.write() as writer:
        writer.put_item(due(1, "i"))
        writer.put_item(due(1, "nobody"))
    assert inbox(store) == [(1, None)]
    with store.read() as reader:
        assert (reader.watch("i").told, reader.watch("i").last) == ((0, -1), "")


@pytest.mark.parametrize("way", ["add", "put_item"])
def test_an_inbox_keeps_so_many_items_and_lets_go_of_the_oldest_that_was_read(store, monkeypatch, way):
    assert INBOX_ITEMS_MAX > 3
    for module in (notify_store, memory_notices):
        monkeypatch.setattr(module, "INBOX_ITEMS_MAX", 3)
    fill(store, watch("i", Form.INBOX), dues=[due(number, "i") for number in (1, 2, 3)])
    with store.write() as writer:
        writer.read_items([change(2).id], 5)
    for number in (4, 5):
        with store.write() as writer:
            one = due(number, "i")
            writer.add([one]) if way == "add" else writer.put_item(one)
    assert inbox(store) == [(5, None), (4, None), (3, None)]


# the place


def test_the_place_and_the_last_places_before_it(store):
    for arrival in range(1, MARKS + 11):
        with store.write() as writer:
            writer.advance(arrival, b"%d" % arrival)
    with store.read() as reader:
        assert reader.cursor() == MARKS + 10
        assert reader.marks() == [(number, b"%d" % number) for number in range(MARKS + 10, 10, -1)]
    with store.write() as writer:
        writer.advance(50, b"again")
        assert writer.marks()[:2] == [(50, b"again"), (49, b"49")]


def test_a_log_store_that_was_set_back_takes_what_was_told_along(store):
    ahead, at, before = (watch(id_, told=told) for id_, told in (("a", (9, 3)), ("b", (5, 1)), ("c", (2, 0))))
    fill(store, ahead, at, before)
    with store.write() as writer:
        for arrival in (3, 5, 9):
            writer.advance(arrival, b"t")
        writer.set_back(5)
    with store.read() as reader:
        assert (reader.cursor(), reader.marks()) == (5, [(5, b"t"), (3, b"t")])
        assert [one.told for one in reader.watches()] == [(5, LAST_POSITION), (5, 1), (2, 0)]


# transactions


def test_what_fails_leaves_nothing_and_who_reads_sees_one_state(store):
    fill(store, watch(), dues=[due(1)])

    def failing():
        with store.write() as writer:
            writer.remove_watch("a")
            assert writer.watch("a") is None
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    with store.read() as reader:
        assert reader.due_count("a") == 1
        fill(store, dues=[due(2)])
        assert reader.due_count("a") == 1
    assert numbers(store) == [1, 2]


# whatever is done


IDS = st.sampled_from(["a", "b", "i"])
WHEN = st.integers(0, 5)
DUES = st.builds(lambda number, position, to: due(number, to, None, position), WHEN, st.integers(0, 1), IDS)
NOTICES = st.lists(st.builds(lambda number: change(number).id, WHEN), max_size=3)
FORMS = {"a": Form.WEBHOOK, "b": Form.EMAIL, "i": Form.INBOX}
STEPS = st.one_of(
    st.tuples(
        st.just("put_watch"),
        st.builds(
            lambda id_, state, told, expires: watch(
                id_, FORMS[id_], state=state, told=told, expires_ms=expires
            ),
            IDS,
            st.sampled_from(WatchState),
            st.tuples(WHEN, WHEN),
            st.none() | WHEN,
        ),
    ),
    st.tuples(st.just("remove_watch"), IDS),
    st.tuples(st.just("add"), st.lists(DUES, max_size=4)),
    st.tuples(st.just("put_item"), DUES.map(lambda one: replace(one, watch="i"))),
    st.tuples(st.just("done"), IDS, NOTICES, WHEN),
    st.tuples(
        st.just("put_tries"),
        IDS,
        st.builds(lambda at, slow: Tries(attempts=at, next_ms=at, is_slow=slow), WHEN, st.booleans()),
    ),
    st.tuples(st.just("bring_forward"), WHEN),
    st.tuples(st.just("set_state"), IDS, st.sampled_from(WatchState)),
    st.tuples(st.just("set_told"), IDS, st.tuples(WHEN, WHEN)),
    st.tuples(st.just("lapse"), IDS),
    st.tuples(st.just("read_items"), st.none() | NOTICES, WHEN),
    st.tuples(st.just("set_back"), WHEN),
    st.tuples(st.just("advance"), WHEN, st.binary(max_size=2)),
)


def everything(store):
    with store.read() as reader:
        return (
            reader.cursor(),
            reader.marks(),
            reader.watches(),
            [(reader.tries(id_), reader.due(id_, 99), reader.due_count(id_)) for id_ in FORMS],
            [
                reader.next_due(now_ms, 99, form, is_slow=is_slow)
                for now_ms in range(6)
                for form in Form
                for is_slow in (False, True)
            ],
            [(reader.next_try_ms(now_ms), sorted(reader.expired(now_ms))) for now_ms in range(6)],
            [sorted(reader.addresses(form)) for form in Form],
            reader.watch_count(),
            [reader.behind(most, 2, newest=newest) for most in (0, 9) for newest in (False, True)],
            reader.inbox(limit=99),
            reader.inbox(limit=99, unread=True),
            reader.inbox_counts(),
        )


@pytest.mark.slow
@settings(max_examples=60)
@given(st.lists(STEPS, min_size=5, max_size=25))
def test_whatever_is_done_to_both_they_say_the_same(steps):
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        stores = [SqliteNotifyStore(Path(folder) / "notices.db"), MemoryNotifyStore()]
        for store in stores:
            stack.callback(store.close)
            fill(store, *(watch(id_, form) for id_, form in FORMS.items()))
        for step, *arguments in steps:
            answers = []
            for store in stores:
                with store.write() as writer:
                    answers.append(getattr(writer, step)(*arguments))
            one, other = answers
            assert one == other, step
            one, other = map(everything, stores)
            assert one == other, step
