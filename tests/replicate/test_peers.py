"""Who is asked for what: decided from what is known, at edges that a network rarely reaches."""

import pytest

from frostnode.neighbours import Owed
from frostnode.protocol.limits import (
    FILLS_MAX,
    PEER_BACKOFF_MAX_S,
    PEER_FILLS_MAX,
    SOURCE_GRACE_S,
    SOURCE_SILENCE_S,
)
from frostnode.replicate.peers import PeerView, Wanted, choose_full, choose_peer, due_s, view_of
from frostnode.replicate.world import PeerStatus

NOW = 1_000.0
LOG = Owed(did="did", origin="log", held=3, wanted=9, offers={"a": 9, "b": 9, "c": 5, "d": 3})


def live(url, **values):
    return PeerView(url=url, **{"connected": True, "caught_up": True, "heard_s": NOW, **values})


def gone(url, **values):
    return PeerView(url=url, has_failed=True, heard_s=NOW, **values)


@pytest.mark.parametrize(
    ("peers", "current", "chosen"),
    [
        ([], None, None),
        ([], "a", None),
        ([live("a", is_found=True)], None, None),
        ([live("b"), live("a")], None, "a"),
        ([live("b"), live("a", caught_up=False)], None, "b"),
        ([gone("a"), live("b")], None, "b"),
        ([gone("a"), PeerView(url="b")], None, "b"),
        ([gone("a"), gone("b")], None, "a"),
        ([live("a"), live("b")], "b", "b"),
        ([live("a"), gone("b")], "b", "a"),
        ([gone("a"), gone("b")], "b", "b"),
        ([live("a", is_found=True), gone("b")], "b", "b"),
        ([live("a"), live("b", heard_s=NOW - SOURCE_SILENCE_S)], "b", "b"),
        ([live("a"), live("b", heard_s=NOW - SOURCE_SILENCE_S - 1)], "b", "a"),
        ([live("a", heard_s=0), live("b", heard_s=0)], "b", "b"),
        ([live("a")], "b", "a"),
        ([live("a"), PeerView(url="b", is_static=True, heard_s=NOW - 60)], "b", "a"),
    ],
)
def test_the_full_source_stays_while_it_works_and_is_never_a_found_one(peers, current, chosen):
    assert choose_full(peers, current, NOW) == chosen


@pytest.mark.parametrize(
    ("full", "due"),
    [
        (None, 500),
        (gone("a"), 500),
        (live("a"), 500 + SOURCE_GRACE_S),
        (live("x"), 500),
        (live("a", caught_up=False, progressed_s=0), 500 + SOURCE_SILENCE_S),
        (live("a", caught_up=False, progressed_s=900), 900 + SOURCE_SILENCE_S),
    ],
)
def test_what_the_full_source_is_about_to_bring_is_waited_for(full, due):
    assert due_s(LOG, Wanted(500), full) == due


def test_the_least_busy_that_has_most_is_asked_and_the_full_source_last():
    peers = {url: live(url) for url in "abcd"}
    assert choose_peer(LOG, Wanted(0), peers, None, [], NOW) == "a"
    assert choose_peer(LOG, Wanted(0), peers, "a", [], NOW) == "b"
    assert choose_peer(LOG, Wanted(0), peers, "a", ["b"], NOW) == "c"
    assert choose_peer(LOG, Wanted(0), {"a": live("a")}, "a", [], NOW) == "a"
    assert choose_peer(LOG, Wanted(0), {"d": live("d")}, None, [], NOW) is None, "it has nothing new"
    assert choose_peer(LOG, Wanted(0), {"a": gone("a")}, None, [], NOW) is None
    assert choose_peer(LOG, Wanted(0), {"b": PeerView(url="b", is_static=True)}, None, [], NOW) == "b"


def test_nobody_is_asked_for_too_much_at_once_or_too_often_in_vain():
    peers = {"a": live("a")}
    assert choose_peer(LOG, Wanted(0), peers, None, ["a"] * (PEER_FILLS_MAX - 1), NOW) == "a"
    assert choose_peer(LOG, Wanted(0), peers, None, ["a"] * PEER_FILLS_MAX, NOW) is None
    assert choose_peer(LOG, Wanted(0), peers, None, ["x"] * (FILLS_MAX - 1), NOW) == "a"
    assert choose_peer(LOG, Wanted(0), peers, None, ["x"] * FILLS_MAX, NOW) is None
    tried = Wanted(0, tried_s={"a": NOW - PEER_BACKOFF_MAX_S})
    assert choose_peer(LOG, tried, peers, None, [], NOW) == "a"
    tried.tried_s["a"] += 1
    assert choose_peer(LOG, tried, peers, None, [], NOW) is None


def test_a_peer_that_has_said_nothing_yet_is_given_time_from_when_it_was_begun():
    status = PeerStatus("a")
    assert view_of(status, is_found=True, begun_s=7) == PeerView(
        url="a", is_found=True, heard_s=7, progressed_s=7
    )
    status.heard_s, status.progressed_s, status.error = 9.0, 8.0, "x"
    view = view_of(status, is_found=False, begun_s=7)
    assert (view.heard_s, view.progressed_s, view.has_failed) == (9, 8, True)
