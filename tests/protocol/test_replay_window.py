"""No request is admitted twice, whatever clocks do, and nobody uses up the memory of others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol import replay_window
from frostnode.protocol.errors import FrostError
from frostnode.protocol.keys import PublicKey
from frostnode.protocol.limits import REQUEST_SKEW_S
from frostnode.protocol.replay_window import ReplayWindow
from frostnode.protocol.request_signature import Signed

NOW = 1_800_000_000


def key(name):
    return PublicKey(name.encode().ljust(32, b"."))


def request(nonce="n", by="one", created=NOW, lifetime=60):
    return Signed(key=key(by), created=created, expires=created + lifetime, nonce=nonce)


def code_of(window, signed, now_s=NOW, *, is_known=False):
    with pytest.raises(FrostError) as caught:
        window.admit(signed, now_s, is_known=is_known)
    return caught.value.code


def test_a_request_is_admitted_once():
    window = ReplayWindow(NOW)
    window.admit(request(), NOW, is_known=False)
    assert code_of(window, request()) == "request.replayed"
    assert code_of(window, request(), is_known=True) == "request.replayed"
    window.admit(request("m"), NOW, is_known=False)
    window.admit(request(by="two"), NOW, is_known=True)
    assert len(window) == 3


def test_what_its_time_refuses_is_forgotten():
    window = ReplayWindow(NOW)
    window.admit(request(), NOW, is_known=False)
    last = NOW + 60 + REQUEST_SKEW_S
    assert code_of(window, request(), last) == "request.replayed"
    window.admit(request("m", created=last + 1), last + 1, is_known=False)
    assert len(window) == 1


def test_a_clock_that_goes_back_brings_nothing_back():
    window = ReplayWindow(NOW)
    window.admit(request(), NOW, is_known=False)
    window.admit(request("m", created=NOW + 3600), NOW + 3600, is_known=False)
    assert code_of(window, request(), NOW) == "request.replayed"


def test_a_node_that_began_anew_takes_nothing_from_before():
    window = ReplayWindow(NOW)
    assert code_of(window, request(created=NOW - 1)) == "request.replayed"
    window.admit(request(), NOW, is_known=False)


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(replay_window, "REQUEST_NONCES_PER_NODE_MAX", 3)
    monkeypatch.setattr(replay_window, "REQUEST_NONCES_OF_STRANGERS_MAX", 5)


def test_a_node_uses_up_its_own_memory_and_nobody_elses(small):
    window = ReplayWindow(NOW)
    for number in range(3):
        window.admit(request(str(number), by="greedy"), NOW, is_known=True)
    assert code_of(window, request("3", by="greedy"), is_known=True) == "queue.full"
    window.admit(request(by="other"), NOW, is_known=True)
    later = NOW + 61 + REQUEST_SKEW_S
    window.admit(request("4", by="greedy", created=later), later, is_known=True)


def test_strangers_use_up_the_memory_of_strangers(small):
    window = ReplayWindow(NOW)
    for number in range(5):
        window.admit(request(by=f"stranger {number}"), NOW, is_known=False)
    assert code_of(window, request(by="stranger 5")) == "queue.full"
    window.admit(request(by="friend"), NOW, is_known=True)
    later = NOW + 61 + REQUEST_SKEW_S
    window.admit(request(by="stranger 6", created=later), later, is_known=False)
    assert len(window) == 1


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(-90, 90), st.integers(1, 40), st.integers(0, 400)),
        max_size=60,
    )
)
def test_nothing_is_admitted_twice_in_any_order_and_at_any_time(requests):
    window = ReplayWindow(0)
    admitted = set()
    for nonce, ahead, lifetime, now_s in requests:
        signed = request(str(nonce), created=now_s + ahead, lifetime=lifetime)
        if not signed.created - REQUEST_SKEW_S <= now_s <= signed.expires + REQUEST_SKEW_S:
            continue
        try:
            window.admit(signed, now_s, is_known=True)
        except FrostError:
            continue
        assert signed not in admitted
        admitted.add(signed)
