"""Those who are behind: brought up to date together, whatever stands at which place, and nobody waits for another's history."""

from collections import Counter

import pytest

from frostnode.notify import catching_up
from frostnode.notify_port import LAST_POSITION, WatchState


@pytest.fixture
def examined(monkeypatch):
    """The changes that were looked at, by name."""
    seen = Counter()
    real = catching_up.changes_of

    def counted(*arguments):
        for change in real(*arguments):
            seen[change.key] += 1
            yield change

    monkeypatch.setattr(catching_up, "changes_of", counted)
    return seen


def take(node, publisher, count):
    """So many datasets, one after the other; answers the place before each."""
    places = []
    for n in range(count):
        with node.disk.read() as log:
            places.append((log.last_arrival(), LAST_POSITION))
        publisher.put(f"d{n}", {"title": f"Dataset {n}"})
        node.take(*publisher.stream(n))
    return places


def states(node):
    with node.notices.read() as reader:
        return {watch.id: watch.state for watch in reader.watches()}


def test_each_change_is_looked_at_once_however_many_are_behind(node, publisher, examined):
    places = take(node, publisher, 20)
    for n in range(20):
        node.watch(f"w{n}", publisher.did, told=places[n])
    node.match()
    for n in range(20):
        assert node.due(f"w{n}") == [("put", f"d{k}") for k in range(n, 20)]
    assert set(states(node).values()) == {WatchState.LIVE}
    assert max(examined.values()) == 1


def test_who_is_nearly_up_to_date_does_not_wait_for_somebody_else_s_history(node, publisher, monkeypatch):
    monkeypatch.setattr(catching_up, "FEED_EXAMINED_MAX", 2)
    monkeypatch.setattr(catching_up, "NOTICE_ARRIVALS_MAX", 4)
    places = take(node, publisher, 20)
    node.watch("far", publisher.did, told=(0, -1))
    node.watch("near", publisher.did, told=places[19])
    node.fold()
    steps = 0
    while states(node)["near"] is not WatchState.LIVE:
        assert node.parts.matching.step()
        steps += 1
    assert steps <= 2
    assert states(node)["far"] is WatchState.BEHIND
    node.match()
    assert node.due("far") == [("put", f"d{n}") for n in range(20)]
    assert node.due("near") == [("put", "d19")]


def test_who_has_no_room_stays_where_it_is_and_keeps_nobody_back(node, publisher):
    node.restart_stage(due_max=4)
    take(node, publisher, 9)
    node.watch("full", publisher.did, told=(0, -1))
    node.watch("rare", f"{publisher.did}/d8", told=(0, -1))
    node.match()
    assert node.due("full") == [("put", f"d{n}") for n in range(4)]
    assert node.due("rare") == [("put", "d8")]
    assert states(node) == {"full": WatchState.BEHIND, "rare": WatchState.LIVE}


def test_a_saved_search_is_not_told_of_hidden_publishers_from_the_past_either(node, publisher):
    node.parts.matching.hidden = lambda: {publisher.did}
    node.restart_stage()
    publisher.put("ice", {"title": "Sea ice"})
    node.take(*publisher.stream())
    node.watch("search", "ice", told=(0, -1))
    node.watch("publisher", publisher.did, told=(0, -1))
    node.match()
    assert node.due("search") == []
    assert node.due("publisher") == [("put", "ice")]
