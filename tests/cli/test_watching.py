"""The loop of `frost watch`: in order, one at a time, again after a failure, on from its place after a break."""

import fcntl
import json
import math
import os
import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.cli.watching import Place, Watching, marked, run_command
from frostnode.protocol.errors import LocalError, TransportError


class FakeNode:
    """A node with numbered events; it answers two at once, and some times not at all."""

    def __init__(self, count=0):
        self.events = [{"id": str(n + 1)} for n in range(count)]
        self.failures = 0

    def __call__(self, place, wait_s):
        if self.failures:
            self.failures -= 1
            raise TransportError("transport.unreachable", "http://node.example")
        at = len(self.events) if place == "now" else int(place)
        found = [(event, event["id"]) for event in self.events[at : at + 2]]
        return found, str(at + len(found))


class Watcher:
    def __init__(self, folder, node):
        self.seen, self.said, self.slept = [], [], []
        self.failing = 0
        self.watching = Watching(
            node, Place(folder, "target"), self._run, self.said.append, self.slept.append
        )

    def _run(self, event):
        self.seen.append(event["id"])
        if self.failing:
            self.failing -= 1
            return False
        return True

    def watch(self, since=None):
        at = self.watching.begin(since)
        while (after := self.watching.once(at, 0)) != at:
            at = after


def test_it_begins_now_and_goes_on_where_it_was(tmp_path):
    node = FakeNode(3)
    Watcher(tmp_path, node).watch()
    node.events += [{"id": "4"}, {"id": "5"}, {"id": "6"}]
    again = Watcher(tmp_path, node)
    again.watch()
    assert again.seen == ["4", "5", "6"]
    third = Watcher(tmp_path, node)
    third.watch()
    assert third.seen == []
    third.watch(since="beginning")
    assert third.seen == ["1", "2", "3", "4", "5", "6"]


def test_a_command_that_fails_is_tried_again_before_the_next(tmp_path):
    watcher = Watcher(tmp_path, FakeNode(2))
    watcher.failing = 3
    watcher.watch(since="beginning")
    assert watcher.seen == ["1", "1", "1", "1", "2"]
    assert watcher.slept == [1, 2, 4]
    assert "1; again in 1 s" in watcher.said[0]


def test_what_was_not_done_when_it_broke_off_comes_again(tmp_path):
    node = FakeNode(3)
    watcher = Watcher(tmp_path, node)

    def break_off(event):
        if event["id"] == "2":
            raise KeyboardInterrupt
        return True

    watcher.watching.run = break_off
    with pytest.raises(KeyboardInterrupt):
        watcher.watch(since="beginning")
    again = Watcher(tmp_path, node)
    again.watch()
    assert again.seen == ["2", "3"]


def test_a_node_that_does_not_answer_is_asked_again(tmp_path):
    node = FakeNode(1)
    watcher = Watcher(tmp_path, node)
    node.failures = 2
    watcher.watch(since="beginning")
    assert watcher.seen == ["1"]
    assert watcher.slept == [1, 2]


class OfOneStore(FakeNode):
    """A node whose places begin with the name of its store; `known` is up to where it was not set back."""

    def __init__(self, count=0):
        super().__init__(count)
        self.store, self.known = "first", count

    def __call__(self, place, wait_s):
        store, _, number = place.partition(":")
        if number and int(number) > (len(self.events) if store == self.store else self.known):
            raise LocalError("cursor.unknown", "id of a notice")
        at = int(number or place)
        found = [(event, self._place(at + n + 1)) for n, event in enumerate(self.events[at : at + 2])]
        return found, self._place(at + len(found))

    def _place(self, number):
        return f"{'first' if number <= self.known else self.store}:{number}"


def test_after_a_node_was_set_back_what_both_knew_is_gone_on_from(tmp_path):
    node = OfOneStore(40)
    Watcher(tmp_path, node).watch(since="beginning")
    node.store, node.known = "second", 30
    node.events = node.events[:30] + [{"id": f"new {n}"} for n in range(5)]
    again = Watcher(tmp_path, node)
    again.watch()
    new = [f"new {n}" for n in range(5)]
    assert again.seen[-5:] == new
    repeated = [int(id_) for id_ in again.seen[:-5]]
    assert repeated == list(range(31 - len(repeated), 31))
    assert len(repeated) < 2 * (40 - 30)
    assert "set back" in again.said[0]
    third = Watcher(tmp_path, node)
    third.watch()
    assert (third.seen, third.said) == ([], [])


def test_a_node_that_knows_no_place_any_more_is_gone_through_from_the_beginning(tmp_path):
    node = OfOneStore(3)
    Watcher(tmp_path, node).watch(since="beginning")
    node.store, node.known = "another", 0
    again = Watcher(tmp_path, node)
    again.watch()
    assert again.seen == ["1", "2", "3"]
    assert "--since now" in again.said[0]


@given(st.integers(1, 400), st.integers(1, 400))
def test_few_places_are_kept_and_one_is_not_much_further_back_than_needed(count, lost):
    marks = []
    for n in range(count):
        marks = marked(marks, str(n))
    kept = [int(mark) for _, mark in marks]
    assert len(kept) <= 2 * math.log2(count) + 3
    assert (kept[0], kept[-1]) == (0, count - 1)
    needed = max(0, count - 1 - lost)
    assert max(n for n in kept if n <= needed) >= count - 1 - 4 * lost


def test_one_watcher_of_a_target_at_a_time(tmp_path):
    with Place(tmp_path, "target").held():
        with Place(tmp_path, "another").held():
            pass
        with pytest.raises(LocalError) as caught, Place(tmp_path, "target").held():
            pass
        assert caught.value.code == "home.busy"


@pytest.mark.parametrize("text", ["", "[]", "{}", "\xff", '{"place": "1", "marks": [1]}'])
def test_a_broken_place_is_said(tmp_path, text):
    place = Place(tmp_path, "target")
    place.path.write_text(text, "latin-1")
    with pytest.raises(LocalError) as caught:
        place.read()
    assert caught.value.code == "input.unreadable"


def test_a_command_that_outlives_its_watcher_is_waited_for(tmp_path):
    watcher = Watcher(tmp_path, FakeNode())
    place = watcher.watching.place
    watcher.watching.wait_for_the_last()
    with place.path.with_suffix(".run").open("w") as inherited:
        fcntl.flock(inherited, fcntl.LOCK_EX)
        print("4711", end="", file=inherited, flush=True)

        def sleep(seconds):
            watcher.slept.append(seconds)
            if len(watcher.slept) == 3:
                fcntl.flock(inherited, fcntl.LOCK_UN)

        watcher.watching.sleep = sleep
        watcher.watching.wait_for_the_last()
    assert watcher.slept == [1, 2, 4]
    assert "still runs (process 4711" in watcher.said[0]


def test_what_a_command_leaves_behind_holds_nobody_up(tmp_path):
    place = Place(tmp_path, "target")
    with place.running() as lock:
        assert run_command(f"exec 0<&-; sleep 60 & echo $! > {tmp_path}/pid", EVENT, 10, lock)
    assert place.left_running() is None
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


EVENT = {"id": "1", "data": {"title": "$(touch evil); `touch evil` \n 'x"}}


def test_the_event_is_on_standard_input_and_nowhere_else(tmp_path):
    got = tmp_path / "got"
    assert run_command(f'cat > {got}; env > {tmp_path}/env; echo "$0 $*" > {tmp_path}/args', EVENT, 10)
    assert json.loads(got.read_text()) == EVENT
    assert "touch evil" not in (tmp_path / "env").read_text() + (tmp_path / "args").read_text()


@pytest.mark.parametrize("command", ["exit 3", "kill -9 $$", "true < /dev/null; exit 1"])
def test_a_command_that_ends_badly(command):
    assert run_command(command, EVENT, 10) is False


def test_a_command_that_reads_nothing():
    assert run_command("exec 0<&-; exit 0", {"data": "x" * 1_000_000}, 10) is True


def test_a_command_that_takes_too_long_is_ended_with_all_it_started(tmp_path):
    script = f"sh -c 'sleep 30; touch {tmp_path}/late' & sleep 30"
    assert run_command(script, EVENT, 0.05) is False
    assert not (tmp_path / "late").exists()
