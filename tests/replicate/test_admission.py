"""The door on the way in: what of a batch is stored, what it uses up, what is remembered of the rest."""

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frostnode.edge.sqlite.store import SqliteStore
from frostnode.identity.kits import authority_key
from frostnode.ledger import STRANGERS, Amount
from frostnode.neighbours import Hosted
from frostnode.protocol.frames import CheckpointFrame, CursorFrame
from frostnode.protocol.identity import sign_event
from frostnode.protocol.limits import REFUSALS_PER_PEER_MAX
from frostnode.protocol.names import format_origin
from frostnode.replicate import admission
from frostnode.replicate.admission import PeerDoor
from frostnode.replicate.carrying import Carrying
from frostnode.replicate.ingest import Ingest
from frostnode.replicate.policy import DAY_MS, CarryPolicy, Mode, Quota, Tier, parse_rule
from frostnode.testing.clock import ManualClock
from frostnode.testing.memory_publisher import MemoryPublisher
from frostnode.testing.random import SeededRandom

ONE, TWO = "http://one.example", "http://two.example"
OPEN = CarryPolicy(vouched=Quota(), unknown=Quota(), unknown_total=Quota(), peer_day=Quota())


def held(node, publisher):
    with node.store.read() as reader:
        state = reader.log(publisher.origin)
        bodies = reader.bodies(publisher.origin, 0, state.held.size) if state and state.held.size else []
    return (0, 0) if state is None else (state.held.size, sum(body is not None for body in bodies))


def refusals(node):
    with node.store.read() as reader:
        return {(row.did, row.peer): row for row in reader.refusals(1000)}


def codes(node):
    return {key: row.code for key, row in refusals(node).items()}


def parts(source, *sizes):
    """The stream of a log in so many entries frames, each with its bodies behind it."""
    yield source.events()
    yield CheckpointFrame(origin=source.origin, note=source.note())
    for start, stop in zip([0, *sizes], sizes, strict=False):
        yield source.entries(start, stop)
        yield source.bodies_frame(start, stop)


def weight(source, start=0, stop=None):
    """What leaves and bodies of a log weigh, and its events."""
    bodies = sum(len(body) for body in source.bodies[start:stop] if body)
    leaves = sum(2 + len(leaf) for leaf in source.leaves[start:stop])
    return bodies + leaves


# who is carried


def test_who_is_denied_leaves_nothing_but_a_refusal(make_node, make_publisher):
    source, other = make_publisher("a"), make_publisher("b")
    node = make_node(policy=replace(OPEN, deny=frozenset([parse_rule(source.did)])))
    outcome = node.take_from(ONE, *source.stream(), *other.stream())
    assert list(node.contents()) == [other.did]
    assert outcome.entries == 3
    (row,) = refusals(node).values()
    assert (row.did, row.peer, row.code, row.what) == (source.did, ONE, "policy.denied", "")
    assert row.reason == f"denied by {source.did}"
    assert row.first_ms == row.last_ms == node.clock.now_ms() < row.again_ms


def test_further_frames_of_who_was_refused_are_passed_over_and_blamed_on_nobody(make_node, make_publisher):
    source = make_publisher("a", 300)
    node = make_node(policy=replace(OPEN, mode=Mode.FOLLOWED))
    node.take_from(ONE, source.events())
    later = [
        CheckpointFrame(origin=source.origin, note=source.note()),
        source.entries(256, 300),
        source.bodies_frame(0, 2),
    ]
    outcome = node.take_from(ONE, *later, CursorFrame(cursor=b"c"))
    assert (outcome.entries, outcome.gaps, outcome.missing) == (0, {}, set())
    assert node.contents() == {}
    assert node.peer(ONE)[0] == b"c"


def test_a_refusal_is_counted_and_remembers_when_it_was_first_seen(make_node, make_publisher):
    source = make_publisher("a")
    node = make_node(policy=replace(OPEN, mode=Mode.FOLLOWED))
    begun = node.clock.now_ms()
    for _ in range(3):
        node.take_from(ONE, *source.stream())
        node.clock.step_ms(1000)
    (row,) = refusals(node).values()
    assert (row.times, row.first_ms, row.last_ms) == (3, begun, begun + 2000)


def test_a_host_is_judged_by_the_events_that_come(make_node, make_publisher):
    source = make_publisher("a")
    moved = replace_url(source, "https://bad.example/x")
    node = make_node(policy=replace(OPEN, deny=frozenset([parse_rule("host:bad.example")])))
    node.take_from(ONE, *moved.stream())
    assert node.contents() == {}
    assert [row.host for row in refusals(node).values()] == ["bad.example"]


def replace_url(source, url):
    """The same publisher in a second epoch that says to be at `url`."""
    following = source.move()
    last = following.history[-1].event
    event = replace(last, epoch=replace(last.epoch, url=url))
    following.history[-1] = sign_event(event, [authority_key(source.authority_seed, last.n)])
    following.origin = format_origin(source.did, last.n, following.history[-1].cid)
    return following


def test_what_a_node_hosts_comes_back_to_it_uncounted(make_node, make_publisher):
    source = make_publisher("own")
    node = make_node(policy=CarryPolicy(mode=Mode.FOLLOWED, deny=frozenset([parse_rule(source.did)])))
    with node.store.write() as writer:
        writer.host(Hosted(did=source.did, origin=source.origin, key_label="x"))
    node.take_from(ONE, *source.stream())
    assert held(node, source) == (3, 3)
    with node.store.read() as reader:
        assert reader.taken_of(source.did) == Amount()


# quotas


def test_a_quota_of_entries_ends_a_log_behind_a_frame(make_node, make_publisher):
    source = make_publisher("a", 40)
    node = make_node(policy=replace(OPEN, unknown=Quota(entries=15)))
    outcome = node.take_from(ONE, *parts(source, 10, 20, 30, 40), CursorFrame(cursor=b"c"))
    assert held(node, source) == (20, 10)
    assert outcome.entries == 20
    assert codes(node) == {(source.did, ONE): "policy.quota"}
    assert [row.what for row in refusals(node).values()] == [source.origin]
    assert node.peer(ONE)[0] == b"c"


def test_at_the_quota_nothing_more_is_taken_and_below_it_all(make_node, make_publisher):
    source = make_publisher("a", 10)
    exact = make_node("exact", replace(OPEN, unknown=Quota(entries=10)))
    exact.take_from(ONE, *parts(source, 10))
    assert (held(exact, source), len(refusals(exact))) == ((10, 0), 1)
    more = make_node("more", replace(OPEN, unknown=Quota(entries=11)))
    more.take_from(ONE, *parts(source, 10))
    assert (held(more, source), refusals(more)) == ((10, 10), {})


def test_identity_events_come_through_a_quota_that_is_used_up(make_node, make_publisher):
    source = make_publisher("a", 10)
    node = make_node(policy=replace(OPEN, unknown=Quota(entries=5)))
    node.take_from(ONE, *parts(source, 10))
    node.take_from(ONE, source.move().events())
    with node.store.read() as reader:
        assert len(reader.history(source.did).events) == 2


def test_subscriptions_are_counted_by_the_headers_that_say_so(make_node):
    source = MemoryPublisher("a")
    for at in range(6):
        source.put(f"s-{at}", {"target": "x"}, "subscription")
        source.put(f"type-subscription-{at}", {"title": "no subscription"})
        source.withdraw(f"w-{at}", "subscription")
    node = make_node(policy=replace(OPEN, unknown=Quota(subscriptions=10)))
    node.take_from(ONE, *parts(source, 9, 18))
    with node.store.read() as reader:
        assert reader.taken_of(source.did).subscriptions == 12
    assert codes(node) == {(source.did, ONE): "policy.quota"}


def test_what_is_counted_is_what_is_stored(make_node, make_publisher):
    source = make_publisher("a", 30)
    node = make_node(policy=OPEN)
    node.take_from(ONE, *parts(source, 10, 30))
    events = sum(len(event.raw) for event in source.history)
    with node.store.read() as reader:
        assert reader.taken_of(source.did) == Amount(1, 30, weight(source) + events, 0)
        assert reader.unknown_of(ONE) == Amount(1, 30, weight(source) + events, 0)
        assert reader.taken_today(ONE, node.clock.now_ms() // DAY_MS) == Amount(
            1, 30, weight(source) + events, 0
        )


def test_bodies_sent_again_use_up_nothing(make_node, make_publisher):
    source = make_publisher("a", 10)
    node = make_node(policy=OPEN)
    node.take_from(ONE, *source.stream())
    with node.store.read() as reader:
        before = reader.taken_of(source.did)
    for _ in range(5):
        node.take_from(TWO, *source.stream())
    with node.store.read() as reader:
        assert reader.taken_of(source.did) == before
        assert reader.unknown_of(TWO) == Amount()


def test_a_batch_that_is_not_stored_uses_up_nothing(make_node, make_publisher):
    source = make_publisher("a", 10)
    node = make_node(policy=OPEN)
    with node.store.write() as writer:
        writer.put_peer(ONE)
    node.carrying.refresh()

    class Failing:
        def read(self):
            return node.store.read()

        def write(self):
            return failing(node.store)

    @contextmanager
    def failing(store):
        with store.write() as writer:
            yield writer
            raise RuntimeError

    with pytest.raises(RuntimeError):
        Ingest(Failing(), ONE, door=PeerDoor(node.carrying, ONE)).take(list(source.stream()))
    with node.store.read() as reader:
        assert reader.taken_of(source.did) == reader.unknown_of(ONE) == Amount()
    assert node.carrying.verdict(source.did) is None


def test_a_peer_may_bring_so_many_new_publishers_in_a_day(make_node, make_publisher):
    sources = [make_publisher(name, 1) for name in "abcde"]
    node = make_node(policy=replace(OPEN, peer_day=Quota(publishers=2)))
    for source in sources[:4]:
        node.take_from(ONE, *source.stream())
    assert set(node.contents()) == {source.did for source in sources[:2]}
    assert set(codes(node).values()) == {"policy.peer"}
    node.take_from(TWO, *sources[2].stream())
    assert sources[2].did in node.contents()
    node.clock.step_ms(DAY_MS)
    node.take_from(ONE, *sources[4].stream())
    assert sources[4].did in node.contents()


def test_many_new_publishers_in_one_batch_are_counted_one_by_one(make_node, make_publisher):
    sources = [make_publisher(f"p{at}", 1) for at in range(9)]
    node = make_node(policy=replace(OPEN, peer_day=Quota(publishers=4)))
    node.take_from(ONE, *(frame for source in sources for frame in source.stream()))
    assert len(node.contents()) == 4
    assert len(refusals(node)) == 5


def test_a_clock_that_is_set_back_begins_another_day(make_node, make_publisher):
    node = make_node(policy=replace(OPEN, peer_day=Quota(publishers=1)))
    node.clock.set_ms(node.clock.now_ms() + 1000 * DAY_MS)
    node.take_from(ONE, *make_publisher("a").stream())
    node.clock.set_ms(node.clock.now_ms() - 1000 * DAY_MS)
    node.take_from(ONE, *make_publisher("b").stream())
    assert len(node.contents()) == 2


# shares


def test_one_peer_that_floods_leaves_the_others_their_parts(make_node, make_publisher):
    node = make_node(policy=replace(OPEN, unknown_total=Quota(publishers=9)))
    for url in (ONE, TWO):
        node.take_from(url)
    for at in range(20):
        node.take_from(ONE, *make_publisher(f"flood-{at}", 1).stream())
    assert len(node.contents()) == 3
    for at in range(3):
        node.take_from(TWO, *make_publisher(f"honest-{at}", 1).stream())
    assert len(node.contents()) == 6
    assert {row.code for row in refusals(node).values()} == {"policy.share"}


def test_who_is_not_followed_shares_one_part_with_all_such(make_node, make_publisher):
    node = make_node(policy=replace(OPEN, unknown_total=Quota(publishers=4)))
    node.take_from(ONE)
    for at in range(5):
        door = PeerDoor(node.carrying, f"http://stranger-{at}.example")
        Ingest(node.store, None, door=door).take(list(make_publisher(f"p{at}", 1).stream()))
    assert len(node.contents()) == 2
    assert {row.peer for row in refusals(node).values()} == {STRANGERS}
    for at in range(3):
        node.take_from(ONE, *make_publisher(f"q{at}", 1).stream())
    assert len(node.contents()) == 4


def test_what_another_peer_brings_of_a_publisher_is_its_own_affair(make_node, make_publisher):
    """Else whoever feeds a publisher that another peer brought first would use up that peer's part."""
    node = make_node(policy=replace(OPEN, unknown_total=Quota(entries=30)))
    source = make_publisher("a", 25)
    node.take_from(TWO)
    node.take_from(ONE, *list(parts(source, 1, 25))[:4])
    node.take_from(TWO, *parts(source, 1, 25))
    with node.store.read() as reader:
        assert (reader.unknown_of(ONE).entries, reader.unknown_of(TWO).entries) == (1, 24)


def test_a_publisher_that_comes_to_be_followed_gives_back_what_it_used_of_shares(make_node, make_publisher):
    node = make_node(policy=replace(OPEN, unknown_total=Quota(publishers=2)))
    first, second = make_publisher("a", 2), make_publisher("b", 2)
    node.take_from(ONE, *first.stream())
    node.take_from(ONE, *second.stream())
    assert set(node.contents()) == {first.did}
    with node.store.write() as writer:
        writer.follow(first.did)
    node.take_from(ONE, *second.stream())
    assert set(node.contents()) == {first.did, second.did}
    with node.store.write() as writer:
        writer.unfollow(first.did)
    node.carrying.refresh()
    with node.store.read() as reader:
        assert reader.unknown_of(ONE).publishers == 2


# types


def test_content_of_a_type_that_is_denied_is_left_out_and_the_log_goes_on(make_node):
    source = MemoryPublisher("a")
    for at in range(4):
        source.put(f"d-{at}", {"title": "d"})
        source.put(f"l-{at}", {"title": "l"}, "label")
    node = make_node(policy=replace(OPEN, deny=frozenset([parse_rule("type:label")])))
    node.take_from(ONE, *parts(source, 4, 8))
    assert held(node, source) == (8, 4)
    assert codes(node) == {(source.did, ONE): "policy.type"}
    assert not node.carrying.passes_over(ONE, source.did)
    with node.store.read() as reader:
        assert reader.missing_bodies(source.origin, 0, 9) == [1, 3, 5, 7]
        assert reader.log(source.origin).served == 8


# the memory of refusals


def test_so_many_refusals_are_remembered_of_a_peer_and_the_rest_as_one(
    make_node, make_publisher, monkeypatch
):
    monkeypatch.setattr(admission, "REFUSALS_PER_PEER_MAX", 3)
    node = make_node(policy=replace(OPEN, mode=Mode.FOLLOWED))
    for at in range(6):
        node.take_from(ONE, *make_publisher(f"p{at}", 1).stream())
    found = codes(node)
    assert sorted(found.values()) == ["policy.many", *["policy.not-followed"] * 3]
    assert found["", ONE] == "policy.many"
    node.take_from(TWO, *make_publisher("other", 1).stream())
    assert len(refusals(node)) == 5
    # Frames of who is not remembered are nobody's fault either.
    source = make_publisher("p5", 1)
    node.take_from(ONE, CheckpointFrame(origin=source.origin, note=source.note()), source.entries(0, 1))
    # Who is remembered is counted on.
    node.take_from(ONE, *make_publisher("p0", 1).stream())
    assert refusals(node)[make_publisher("p0", 1).did, ONE].times == 2


def test_the_memory_of_refusals_is_bounded():
    assert REFUSALS_PER_PEER_MAX <= 10_000


# offers


def test_an_offer_is_answered_as_its_log_would_be(make_node, make_publisher):
    known, new, denied, full = (make_publisher(name) for name in ("known", "new", "denied", "full"))
    policy = replace(OPEN, deny=frozenset([parse_rule(denied.did)]), unknown=Quota(entries=3))
    node = make_node(policy=policy)
    with node.store.write() as writer:
        writer.follow(known.did)
    node.take_from(ONE, *known.stream(), *full.stream())

    def offered(source, peer=ONE):
        with node.store.read() as reader:
            verdict = node.carrying.offered(reader, peer, source.did)
        return verdict if isinstance(verdict, Tier) else verdict.code

    assert [offered(source) for source in (known, new, denied, full)] == [
        Tier.FOLLOWED,
        Tier.UNKNOWN,
        "policy.denied",
        "policy.quota",
    ]


# counters beside a recount


@pytest.mark.slow
@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([ONE, TWO, "http://stranger.example"]), st.integers(0, 2), st.integers(0, 9)
        ),
        min_size=1,
        max_size=12,
    ),
    st.sets(st.integers(0, 2)),
)
def test_counters_are_what_a_recount_finds_and_no_bound_is_passed_by_more_than_a_frame(offers, followed):
    sources = [MemoryPublisher(f"p{at}") for at in range(3)]
    for source in sources:
        for at in range(9):
            source.put(f"key-{at}", {"title": f"Title {at}"})
    policy = replace(
        OPEN, unknown=Quota(entries=7), unknown_total=Quota(entries=12), peer_day=Quota(entries=10)
    )
    folder = TemporaryDirectory()
    store = SqliteStore(Path(folder.name) / "frost.db", ManualClock(), SeededRandom("recount"))
    try:
        carrying = Carrying(store, ManualClock(), policy)
        with store.write() as writer:
            for url in (ONE, TWO):
                writer.put_peer(url)
            for at in followed:
                writer.follow(sources[at].did)
        carrying.refresh()
        for peer, at, size in offers:
            frames = list(parts(sources[at], *([size] if size else [])))
            Ingest(store, None, door=PeerDoor(carrying, peer)).take(frames)
        with store.read() as reader:
            taken = reader._db.all(
                "SELECT did, share, unknown, entries FROM taken JOIN publisher ON id = publisher"
            )
            for at, source in enumerate(sources):
                state = reader.log(source.origin)
                entries = state.held.size if state else 0
                assert reader.taken_of(source.did).entries == entries
                assert at in followed or entries < 7 + 9
            for share in (ONE, TWO, STRANGERS):
                unknown = sum(row[3] for row in taken if row[1] == share and row[2])
                assert reader.unknown_of(share).entries == unknown < 4 + 9
            assert {row[0] for row in taken if row[2]} == {row[0] for row in taken} - {
                sources[at].did for at in followed
            }
    finally:
        store.close()
        folder.cleanup()
