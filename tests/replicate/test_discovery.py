"""Nodes find each other through lists of strangers, and nobody is sent where it must not go."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.bell import Bell
from frostnode.neighbours import Peer
from frostnode.protocol.errors import LogError, TransportError
from frostnode.protocol.limits import (
    FOUND_PEER_EXPIRES_S,
    FOUND_PEER_SILENT_S,
    FOUND_PEERS_MAX,
    FOUND_PER_PEER_MAX,
    PEERS_LISTED_MAX,
)
from frostnode.replicate.discovery import Discovery, expired, read_list
from frostnode.replicate.follow import PeerFollower
from frostnode.replicate.node_url import is_public_address, may_be_public

PEER = "https://peer.example.org"
OWN = "https://own.example.org"


class Net:
    """A transport that knows some answers, and remembers what it was asked for."""

    def __init__(self, answers):
        self.answers = answers
        self.asked = []

    async def fetch(self, url, *, bytes_max):
        self.asked.append(url)
        if url not in self.answers:
            raise TransportError("transport.unreachable", url)
        answer = json.dumps(self.answers[url]).encode()
        assert len(answer) <= bytes_max
        return answer

    def stream(self, url):
        raise AssertionError("nothing is followed here")


def about(url, key=None, **more):
    return {f"{url}/frost/node": {"software": "frostnode", "database": key or url, **more}}


def lists(url, *others):
    return {f"{url}/frost/peers": {"peers": list(others)}}


@pytest.fixture
def look(make_node):
    """Look around once from a node that follows `peers`; answers the found ones and who was asked over the guarded way."""
    node = make_node()

    async def run(answers, *, peers=(PEER,), is_on=True, allows_private=False, carries=True):
        from frostnode.testing.memory_publisher import MemoryPublisher

        if carries:
            node.take(*MemoryPublisher().stream())
        net, guarded = Net(answers), Net(answers)
        world = node.world_over(net)
        followers = {}
        for url in peers:
            with node.store.write() as writer:
                writer.put_peer(url)
            followers[url] = PeerFollower(url, world)
            followers[url].status.reached_s = 1.0
        changed = Bell()
        discovery = Discovery(
            world,
            followers,
            guarded=guarded,
            changed=changed,
            own_url=OWN,
            is_on=is_on,
            allows_private=allows_private,
        )
        await discovery.look()
        with node.store.read() as reader:
            found = [peer.url for peer in reader.peers() if peer.listed_ms is not None]
        return found, guarded.asked, discovery

    with node.store.read() as reader:
        run.database = reader.database.hex()
    return run


async def test_who_has_too_few_sources_takes_some_that_its_peers_list(look):
    new = ["https://b.example.org", "https://c.example.org"]
    answers = {**about(PEER), **lists(PEER, *new), **about(new[0]), **about(new[1])}
    found, asked, discovery = await look(answers)
    assert found == new
    assert asked == [f"{url}/frost/node" for url in new]
    assert discovery.listed() == [PEER]
    assert await look(answers, is_on=False) != found


@pytest.mark.parametrize("why", ["off", "nothing is carried"])
async def test_nobody_is_looked_for_without_need(look, why):
    answers = {**about(PEER), **lists(PEER, "https://b.example.org"), **about("https://b.example.org")}
    found, asked, _ = await look(answers, is_on=why != "off", carries=why == "off")
    assert (found, asked) == ([], [])


async def test_what_is_no_other_node_is_not_taken(look):
    other = "https://b.example.org"
    listed = [
        OWN,
        PEER,
        other,
        f"{other}/",
        "https://alias.example.org",
        "https://peer-alias.example.org",
        "https://self.example.org",
        "https://shy.example.org",
        "https://nothing.example.org",
        "https://keyless.example.org",
    ]
    answers = {
        **about(PEER, "peer key"),
        **lists(PEER, *listed[:5]),
        **about("https://second.example.org"),
        **lists("https://second.example.org", *listed[5:]),
        **about(other, "other key"),
        **about("https://alias.example.org", "other key"),
        **about("https://peer-alias.example.org", "peer key"),
        **about("https://self.example.org", look.database),
        **about("https://shy.example.org", listed=False),
        "https://keyless.example.org/frost/node": {"software": "frostnode"},
    }
    found, _, _ = await look(answers, peers=(PEER, "https://second.example.org"))
    assert found == [other]


async def test_of_one_list_only_some_are_taken_and_there_are_never_many(look):
    many = [f"https://n{number:02}.example.org" for number in range(50)]
    peers = [f"https://p{number}.example.org" for number in range(4)]
    answers = {}
    for number, peer in enumerate(peers):
        answers |= about(peer) | lists(peer, *many[10 * number : 10 * number + 10])
    for url in many:
        answers |= about(url)
    found, asked, _ = await look(answers, peers=peers)
    assert found == many[:FOUND_PER_PEER_MAX] + many[10 : 10 + FOUND_PER_PEER_MAX]
    assert len(found) == len(asked) == FOUND_PEERS_MAX


PRIVATE = [
    "http://127.0.0.1:8417",
    "http://localhost:8417",
    "http://10.0.0.1",
    "http://192.168.1.1",
    "http://169.254.169.254",
    "http://100.64.0.1",
    "http://0.0.0.0",
    "http://[::1]:80",
    "http://[fe80::1]",
    "http://[fd00::1]",
    "http://[::ffff:10.0.0.1]",
    "http://printer",
    "http://printer.local",
    "http://db.internal",
    "http://2130706433",
    "http://0x7f.1",
    "http://127.1",
]


async def test_what_lies_in_a_network_of_its_own_is_not_dialled(look):
    answers = {**about(PEER), **lists(PEER, *PRIVATE)}
    found, asked, _ = await look(answers)
    assert (found, asked) == ([], [])


async def test_an_operator_may_allow_it(look):
    answers = {**about(PEER), **lists(PEER, PRIVATE[0]), **about(PRIVATE[0])}
    assert (await look(answers, allows_private=True))[0] == [PRIVATE[0]]


@pytest.mark.parametrize("url", PRIVATE)
def test_private_addresses_are_recognised(url):
    assert not may_be_public(url)


@pytest.mark.parametrize(
    "url", ["https://frost.example.org", "http://93.184.216.34", "http://[2606:2800:220:1::1]"]
)
def test_public_addresses_are_let_through(url):
    assert may_be_public(url)


@pytest.mark.parametrize(
    "address", ["224.0.0.1", "255.255.255.255", "::", "ff02::1", "name", "fe80::1%eth0", ""]
)
def test_addresses_of_special_use_are_not_public(address):
    assert not is_public_address(address)


async def test_a_peer_that_asked_to_be_left_out_is_not_listed(look):
    _, _, discovery = await look(about(PEER, listed=False))
    assert discovery.listed() == []


def peer(**values):
    return Peer(url="x", cursor=None, last_error="", **{"added_ms": 0, "last_seen_ms": None, **values})


@pytest.mark.parametrize(
    ("found", "is_gone"),
    [
        (peer(listed_ms=None), False),
        (peer(listed_ms=0), True),
        (peer(listed_ms=10**12, last_seen_ms=10**12), False),
        (peer(listed_ms=10**12, added_ms=10**12), False),
        (peer(listed_ms=10**12, last_seen_ms=10**12 - FOUND_PEER_SILENT_S * 1000), False),
        (peer(listed_ms=10**12, last_seen_ms=10**12 - FOUND_PEER_SILENT_S * 1000 - 1), True),
        (peer(listed_ms=10**12 - FOUND_PEER_EXPIRES_S * 1000, last_seen_ms=10**12), False),
        (peer(listed_ms=10**12 - FOUND_PEER_EXPIRES_S * 1000 - 1, last_seen_ms=10**12), True),
    ],
)
def test_found_peers_are_dropped_when_silent_or_listed_no_more_and_added_ones_never(found, is_gone):
    assert expired([found], 10**12) == (["x"] if is_gone else [])


def test_of_a_list_the_first_are_read_and_what_is_no_url_is_passed_over():
    urls = [f"https://n{number}.example.org" for number in range(PEERS_LISTED_MAX + 1)]
    assert read_list(json.dumps({"peers": urls}).encode()) == urls[:PEERS_LISTED_MAX]
    odd = [
        1,
        None,
        "ftp://x.org",
        "https://ok.org",
        "https://ok.org/",
        "https://u@x.org",
        "x" * 300,
        "\ud800",
    ]
    assert read_list(json.dumps({"peers": odd}).encode()) == ["https://ok.org"]


@given(
    st.binary()
    | st.recursive(
        st.none() | st.text() | st.integers(), lambda v: st.lists(v) | st.dictionaries(st.text(), v)
    ).map(lambda v: json.dumps(v).encode())
)
def test_whatever_a_stranger_answers_is_read_or_refused(raw):
    with suppress(LogError):
        read_list(raw)
