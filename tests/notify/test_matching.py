"""The stage from arrivals to what is due: whom each change concerns, in order, without gap, whatever happens in between."""

from dataclasses import replace

import pytest

from frostnode.notify_port import Form, WatchState
from frostnode.protocol.errors import LocalError
from frostnode.protocol.frames import BodiesFrame, EventsFrame


def test_a_dataset_a_publisher_a_search_and_everything(node, publisher):
    node.watch("dataset", f"{publisher.did}/ice")
    node.watch("publisher", publisher.did)
    node.watch("search", "ocean -deep")
    node.watch("all", "*")
    publisher.put("ice", {"title": "Sea ice"})
    publisher.put("ice@1", {"changes": {"note": "first"}}, "version")
    publisher.put("ice-sheet", {"title": "Another"})
    publisher.put("sst", {"title": "The Ocean's heat"})
    publisher.put("abyss", {"title": "Ocean, deep"})
    publisher.withdraw("sst")
    node.take(*publisher.stream())
    node.match()
    assert node.due("dataset") == [("put", "ice"), ("put", "ice@1")]
    everything = [("put", key) for key in ("ice", "ice@1", "ice-sheet", "sst", "abyss")] + [
        ("withdrawn", "sst")
    ]
    assert node.due("publisher") == node.due("all") == everything
    assert node.due("search") == [("put", "sst"), ("withdrawn", "sst")]


def test_who_comes_later_is_not_told_of_what_was(node, publisher):
    publisher.put("ice", {"title": "Sea ice"})
    node.take(*publisher.stream())
    node.watch("late", publisher.did)
    node.match()
    assert node.due("late") == []
    publisher.put("ice", {"title": "Sea ice, again"})
    node.take(*publisher.stream(1))
    node.match()
    assert node.due("late") == [("put", "ice")]


def test_history_first_then_news_without_a_gap(node, publisher):
    for n in range(5):
        publisher.put(f"d{n}", {"title": f"Dataset {n}"})
    node.take(*publisher.stream())
    node.watch("history", publisher.did, told=(0, -1))
    publisher.put("d5", {"title": "Dataset 5"})
    node.take(*publisher.stream(5))
    node.match()
    publisher.put("d6", {"title": "Dataset 6"})
    node.take(*publisher.stream(6))
    node.match()
    assert node.due("history") == [("put", f"d{n}") for n in range(7)]
    with node.notices.read() as reader:
        assert reader.watch("history").state is WatchState.LIVE


@pytest.mark.parametrize("examined", [1, 2, 3])
def test_who_has_much_to_catch_up_with_does_so_in_small_steps(node, publisher, monkeypatch, examined):
    """Those who are up to date are matched in between: a step looks at so many changes and no more."""
    monkeypatch.setattr("frostnode.notify.catching_up.FEED_EXAMINED_MAX", examined)
    monkeypatch.setattr("frostnode.notify.catching_up.FEED_LOOK_S", 0)
    for start, stop in ((0, 5), (5, 6), (6, 9)):
        for n in range(start, stop):
            publisher.put(f"d{n}", {"title": f"Dataset {n}"})
        node.take(*publisher.stream(start))
    node.watch("odd", "publisher:" + publisher.did + " -4", told=(0, -1))
    node.watch("all", publisher.did, told=(0, -1))
    node.watch("one", f"{publisher.did}/d8", told=(0, -1))
    node.match()
    assert node.due("all") == [("put", f"d{n}") for n in range(9)]
    assert node.due("odd") == [("put", f"d{n}") for n in range(9) if n != 4]
    assert node.due("one") == [("put", "d8")]
    with node.notices.read() as reader:
        assert all(watch.state is WatchState.LIVE for watch in reader.watches())


def test_a_dataset_is_not_told_of_itself(node, publisher):
    node.watch("loop", publisher.did, behalf=f"{publisher.did}/derived")
    publisher.put("source", {"title": "Source"})
    publisher.put("derived", {"title": "Derived"})
    publisher.put("derived@1", {}, "version")
    node.take(*publisher.stream())
    node.match()
    assert node.due("loop") == [("put", "source")]


def test_nothing_is_lost_or_doubled_when_the_stage_begins_anew(node, publisher):
    node.watch("all", "*")
    for n in range(4):
        publisher.put(f"d{n}", {"title": f"Dataset {n}"})
        node.take(*publisher.stream(n))
        node.fold()
        node.parts.matching.step()
        node.restart_stage()
    node.match()
    assert node.due("all") == [("put", f"d{n}") for n in range(4)]


def test_to_whom_too_much_is_due_falls_behind_and_catches_up(node, publisher):
    node.restart_stage(due_max=4)
    node.watch("slow", "*")
    node.watch("fast", publisher.did)
    told = []
    for n in range(11):
        publisher.put(f"d{n}", {"title": f"Dataset {n}"})
    node.take(*publisher.stream())
    node.match()
    for _ in range(20):
        with node.notices.read() as reader:
            dues = reader.due("slow", 3)
            assert reader.due_count("slow") <= 4
        with node.notices.write() as writer:
            writer.done("slow", [due.change.id for due in dues], 0)
        told += [due.change.key for due in dues]
        node.match()
    assert told == [f"d{n}" for n in range(11)]


def test_what_is_cut_is_retracted_and_what_comes_back_restored(node, publisher):
    for n in range(4):
        publisher.put(f"d{n}", {"title": f"Dataset {n}"})
    node.take(*publisher.stream())
    node.watch("all", "*")
    moved = publisher.move(2, url="https://new.example", node_seed=bytes(range(32)))
    node.take(EventsFrame(did=publisher.did, events=tuple(event.raw for event in moved.history), cursor=None))
    node.match()
    assert node.due("all") == [("moved", ""), ("retracted", "d2"), ("retracted", "d3")]
    recovered = publisher.recover(4)
    node.take(
        EventsFrame(did=publisher.did, events=tuple(event.raw for event in recovered.history), cursor=None)
    )
    node.match()
    assert [told for told in node.due("all")[3:] if told[0] == "restored"] == [
        ("restored", "d2"),
        ("restored", "d3"),
    ]


def test_a_cut_tells_only_of_what_counted_before(node, publisher):
    for n in range(4):
        publisher.put(f"d{n}", {"title": f"Dataset {n}"})
    node.take(*publisher.stream())
    node.watch("all", "*")
    node.take(publisher.move(3).events())
    node.take(publisher.recover(1).events())
    node.match()
    assert [told for told in node.due("all") if told[0] == "retracted"] == [
        ("retracted", "d3"),
        ("retracted", "d1"),
        ("retracted", "d2"),
    ]


def test_a_body_is_waited_for_a_moment_and_told_of_when_it_comes_later(node, publisher):
    node.watch("search", "ice")
    node.watch("all", "*")
    publisher.put("ice", {"title": "Sea ice"})
    frames = [frame for frame in publisher.stream() if not isinstance(frame, BodiesFrame)]
    node.take(*frames)
    node.match()
    assert node.due("all") == []
    assert node.parts.matching.waits_until_ms == node.clock.now_ms() + 5000
    node.clock.step_ms(5000)
    node.match()
    assert node.due("all") == [("put", "ice")]
    assert node.due("search") == []
    node.take(publisher.bodies_frame(0, 1))
    node.match()
    assert node.due("all") == [("put", "ice"), ("content", "ice")]
    assert node.due("search") == [("content", "ice")]


def test_a_body_that_comes_in_time_is_no_news_of_its_own(node, publisher):
    node.watch("search", "ice")
    publisher.put("ice", {"title": "Sea ice"})
    node.take(*[frame for frame in publisher.stream() if not isinstance(frame, BodiesFrame)])
    node.match()
    node.take(publisher.bodies_frame(0, 1))
    node.match()
    assert node.due("search") == [("put", "ice")]


def test_an_inbox_has_it_at_once(node, publisher):
    node.watch("me", publisher.did, form=Form.INBOX)
    publisher.put("ice", {"title": "Sea ice"})
    node.take(*publisher.stream())
    node.match()
    with node.notices.read() as reader:
        assert reader.inbox_counts() == (1, 1)
        (item,) = reader.inbox(limit=10)
        assert reader.due_count("me") == 0
    assert item.due.change.key == "ice"
    with node.notices.write() as writer:
        assert writer.read_items(None, 7) == 1
        assert writer.inbox_counts() == (1, 0)


def test_who_is_lapsed_is_told_from_where_it_stopped(node, publisher):
    node.watch("away", "*")
    for n in range(3):
        publisher.put(f"d{n}", {"title": f"Dataset {n}"})
    node.take(*publisher.stream())
    node.match()
    with node.notices.read() as reader:
        first, *_ = reader.due("away", 10)
    with node.notices.write() as writer:
        writer.done("away", [first.change.id], 0)
    with node.parts.watches.matching, node.notices.write() as writer:
        node.parts.watches.stop("away", WatchState.LAPSED, writer)
    publisher.put("d3", {"title": "Dataset 3"})
    node.take(*publisher.stream(3))
    node.match()
    assert node.due("away") == []
    node.parts.watches.resume("away")
    node.match()
    assert node.due("away") == [("put", f"d{n}") for n in (1, 2, 3)]
    with node.notices.read() as reader:
        assert reader.due("away", 1)[0].previous == str(first.change.id)


def test_strangers_that_no_search_finds_are_not_told_to_searches(node, publisher):
    node.parts.matching.hidden = lambda: {publisher.did}
    node.watch("search", "ice")
    node.watch("named", publisher.did)
    publisher.put("ice", {"title": "Sea ice"})
    node.take(*publisher.stream())
    node.match()
    assert node.due("search") == []
    assert node.due("named") == [("put", "ice")]


def test_a_store_that_was_set_back_is_gone_on_from_where_both_agree(make_node, publisher, tmp_path):
    node = make_node("node", on_disk=True)
    node.watch("all", "*")
    publisher.put("d0", {"title": "Dataset 0"})
    node.take(*publisher.stream())
    node.match()
    image = node.image(tmp_path / "older")
    publisher.put("d1", {"title": "Dataset 1"})
    node.take(*publisher.stream(1))
    node.match()
    notices = (
        (tmp_path / "node" / "notices.db").read_bytes(),
        (tmp_path / "node" / "notices.db-wal").read_bytes(),
    )
    (image / "notices.db").write_bytes(notices[0])
    (image / "notices.db-wal").write_bytes(notices[1])
    again = make_node("older", on_disk=True)
    publisher.put("d2", {"title": "Dataset 2"})
    again.take(*publisher.stream(1))
    again.match()
    assert again.due("all") == [("put", "d0"), ("put", "d1"), ("put", "d1"), ("put", "d2")]


def test_a_target_that_cannot_be_read_is_refused(node):
    with pytest.raises(LocalError, match="saved search"):
        node.watch("bad", "-nothing")


@pytest.mark.parametrize("state", [WatchState.LIVE, WatchState.BEHIND])
def test_a_target_that_another_version_could_read_keeps_nobody_else_from_being_told(node, publisher, state):
    for id_ in ("old", "other"):
        node.watch(id_, "ice", told=(0, -1))
    with node.notices.write() as writer:
        writer.put_watch(replace(writer.watch("old"), target="source:carried", state=state))
    node.restart_stage()
    publisher.put("ice", {"title": "Sea ice"})
    node.take(*publisher.stream())
    node.match()
    assert node.due("other") == [("put", "ice")]
    assert node.due("old") == []
    with node.notices.read() as reader:
        assert reader.watch("old").state is WatchState.PAUSED
        assert "saved search" in reader.tries("old").error
    with pytest.raises(LocalError, match="saved search"):
        node.parts.watches.resume("old")
