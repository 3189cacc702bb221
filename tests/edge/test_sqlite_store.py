"""What every store promises (frostnode.ports.LogStore), whatever the size of a log: one suite over the real one and the
fakes that stand for it while their faults are idle."""

import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from frostnode.edge.sqlite.store import SqliteStore
from frostnode.ledger import Refused
from frostnode.neighbours import Hosted, Lag
from frostnode.operations.parts import HomeStore
from frostnode.ports import ArrivalKind, LogStore, LogWriter
from frostnode.protocol.dagcbor import Cid
from frostnode.protocol.errors import LocalError, StorageError
from frostnode.protocol.evidence import Evidence
from frostnode.protocol.frames import BodyAbsent, WithheldLeaf
from frostnode.protocol.growth import grow
from frostnode.protocol.history import History
from frostnode.protocol.identity import End
from frostnode.protocol.log_state import Ahead
from frostnode.protocol.merkle import EMPTY_RANGE, EMPTY_ROOT, CompactRange, leaf_hash, node_hash
from frostnode.protocol.names import Origin
from frostnode.protocol.tiles import decode_bundle
from frostnode.testing.clock import ManualClock
from frostnode.testing.publisher import Publisher
from frostnode.testing.random import SeededRandom
from frostnode.testing.simulation.disk import Disk
from frostnode.testing.simulation.store import WatchedStore
from frostnode.testing.small_node import FaultyHome


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["sqlite", "faulty", "watched", "on a simulated disk"])
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> Iterator[HomeStore]:
    disk = Disk("contract", tmp_path, SeededRandom("disk")) if "disk" in request.param else None
    path = disk.uri("frost.db") if disk else tmp_path / "frost.db"
    beneath = SqliteStore(path, clock=clock, random=SeededRandom("store"))
    fakes: dict[str, HomeStore] = {
        "faulty": FaultyHome(beneath),
        "watched": WatchedStore(beneath, beneath, lambda: None),
    }
    store = fakes.get(request.param, beneath)
    yield store
    store.close()
    if disk:
        disk.close()


@pytest.fixture
def publisher(store: HomeStore) -> Publisher:
    made = Publisher()
    with store.write() as writer:
        writer.take_events(made.did, made.history, made.taken)
    return made


def leaf(index: int) -> bytes:
    """A leaf of its own; every seventh has no bytes at all, as an opaque one may."""
    return b"" if index % 7 == 3 else f"leaf {index}".encode() * (1 + index % 5)


def range_of(hashes: list[bytes]) -> CompactRange:
    return EMPTY_RANGE.extend(hashes)


def append(writer: LogWriter, origin: Origin, leaves: list[bytes]) -> None:
    """Append leaves behind what is held, cut at the boundaries of bundles."""
    state = writer.log(origin)
    assert state is not None
    held, at = state.held, 0
    while at < len(leaves):
        stop = min(len(leaves), at + 256 - held.size % 256)
        growth = grow(held, leaves[at:stop])
        writer.append(origin, growth)
        held, at = growth.after, stop


def subtree(hashes: list[bytes]) -> bytes:
    """MTH by the letter of RFC 6962."""
    if len(hashes) == 1:
        return hashes[0]
    middle = 1 << ((len(hashes) - 1).bit_length() - 1)
    return node_hash(subtree(hashes[:middle]), subtree(hashes[middle:]))


# -- leaves and trees -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "steps", [[1], [255, 1], [256], [1, 255, 256], [300, 300], [100] * 9, [513], [1] * 5]
)
def test_leaves_come_back_as_they_were_appended(
    store: HomeStore, publisher: Publisher, steps: list[int]
) -> None:
    origin, leaves = publisher.origin(), [leaf(index) for index in range(sum(steps))]
    at = 0
    for step in steps:
        with store.write() as writer:
            append(writer, origin, leaves[at : at + step])
        at += step
    with store.read() as reader:
        state = reader.log(origin)
        assert state is not None
        assert state.held == range_of(list(map(leaf_hash, leaves)))
        for start in (*range(0, at, 37), at - 1):
            border = (start // 256 + 1) * 256
            for stop in {start, start + 1, (start + border) // 2, border}:
                found = reader.leaves(origin, start, stop)
                assert decode_bundle(found.bundle) == leaves[start : min(stop, at)]
                assert (found.start, found.count, found.withheld) == (start, len(leaves[start:stop]), ())


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 700, 1030])
def test_every_subtree_is_that_of_the_leaves(store: HomeStore, publisher: Publisher, size: int) -> None:
    hashes = [leaf_hash(leaf(index)) for index in range(size)]
    with store.write() as writer:
        append(writer, publisher.origin(), [leaf(index) for index in range(size)])
    with store.read() as reader:
        node = reader.node_at(publisher.origin())
        for level in range(size.bit_length()):
            for index in range(size >> level):
                assert node(level, index) == subtree(hashes[index << level : (index + 1) << level])


@pytest.mark.slow
def test_tiles_of_the_second_level(store: HomeStore, publisher: Publisher) -> None:
    """65,536 leaves fill a tile of level 1; what comes later goes on from the stored partial ones."""
    origin, total = publisher.origin(), 256 * 256 + 3 * 256 + 5
    hashes = [leaf_hash(leaf(index)) for index in range(total)]
    for start, stop in ((0, 40_000), (40_000, 65_536), (65_536, 65_900), (65_900, total)):
        with store.write() as writer:
            append(writer, origin, [leaf(index) for index in range(start, stop)])
    with store.read() as reader:
        node = reader.node_at(origin)
        for level, index in (
            (16, 0),
            (15, 1),
            (8, 255),
            (8, 256),
            (8, 258),
            (9, 128),
            (0, total - 1),
            (3, 8_000),
        ):
            assert node(level, index) == subtree(hashes[index << level : (index + 1) << level])


def test_subtrees_within_a_transaction_know_what_it_appended(store: HomeStore, publisher: Publisher) -> None:
    hashes = [leaf_hash(leaf(index)) for index in range(600)]
    with store.write() as writer:
        for start in range(0, 600, 50):
            append(writer, publisher.origin(), [leaf(index) for index in range(start, start + 50)])
            assert writer.node_at(publisher.origin())(0, start) == hashes[start]
        assert writer.node_at(publisher.origin())(9, 0) == subtree(hashes[:512])


def test_appending_elsewhere_than_at_the_end_is_refused(store: HomeStore, publisher: Publisher) -> None:
    origin, first = publisher.origin(), grow(EMPTY_RANGE, [b"x"])
    with pytest.raises(StorageError) as raised, store.write() as writer:
        writer.append(origin, grow(first.after, [b"y"]))
    assert raised.value.code == "storage.conflict"
    with store.write() as writer:
        writer.append(origin, first)
    with pytest.raises(StorageError) as raised, store.write() as writer:
        writer.append(origin, first)
    assert raised.value.code == "storage.conflict"


def test_appending_to_another_tree_than_the_judged_one_is_refused(
    store: HomeStore, publisher: Publisher
) -> None:
    origin = publisher.origin()
    with store.write() as writer:
        writer.append(origin, grow(EMPTY_RANGE, [b"x"]))
    judged = range_of([leaf_hash(b"another")])
    with pytest.raises(StorageError) as raised, store.write() as writer:
        writer.append(origin, grow(judged, [b"y"]))
    assert raised.value.code == "storage.conflict"


def test_appending_to_a_log_that_no_event_opened_is_refused(store: HomeStore, publisher: Publisher) -> None:
    with pytest.raises(StorageError) as raised, store.write() as writer:
        writer.append(Origin("nobody/log/0/x"), grow(EMPTY_RANGE, [b"x"]))
    assert raised.value.code == "storage.conflict"


@pytest.mark.parametrize("size", [3, 256, 300])
def test_withheld_leaves_keep_their_hashes(store: HomeStore, publisher: Publisher, size: int) -> None:
    origin, gone = publisher.origin(), {1, 2, size - 1}
    hashes = [leaf_hash(f"{index}".encode()) for index in range(size)]
    with store.write() as writer:
        for start in range(0, size, 256):
            stop = min(size, start + 256)
            leaves = [b"" if index in gone else f"{index}".encode() for index in range(start, stop)]
            slots = [
                WithheldLeaf(index - start, hashes[index], "why")
                for index in range(start, stop)
                if index in gone
            ]
            writer.append(origin, grow(range_of(hashes[:start]), leaves, slots))
    with store.read() as reader:
        found = reader.leaves(origin, 1, min(size, 256))
        assert [slot.offset + 1 for slot in found.withheld] == sorted(index for index in gone if index < 256)
        assert found.withheld[0] == WithheldLeaf(0, hashes[1], "why")
        assert [reader.node_at(origin)(0, index) for index in range(size)] == hashes
        assert [(item.kind, item.name, item.index) for item in reader.withheld(0)] == [
            ("header", hashes[index].hex(), index) for index in sorted(gone)
        ]


def test_absent_leaves_are_told_until_they_come_but_for_those_that_are_erased_elsewhere(
    store: HomeStore, publisher: Publisher
) -> None:
    origin, whole = publisher.origin(), [leaf(index) for index in range(10)]
    hashes = list(map(leaf_hash, whole))
    gone = (2, 5, 6, 9)
    with store.write() as writer:
        slots = [WithheldLeaf(index, hashes[index], "why") for index in gone]
        leaves = [b"" if index in gone else item for index, item in enumerate(whole)]
        writer.append(origin, grow(EMPTY_RANGE, leaves, slots))
        assert writer.absent_leaves(origin, 0, 10) == (2, 10)
        assert writer.absent_leaves(origin, 3, 9) == (5, 7)
        assert writer.absent_leaves(origin, 7, 9) is None
        assert writer.absent_leaves(Origin("nobody's"), 0, 9) is None
        assert writer.put_leaves(origin, [(5, whole[5]), (2, whole[2])]) == [5, 2]
        append(writer, origin, [whole[6]])
        writer.withhold_leaf(origin, 10, "erased", "why")
    with store.read() as reader:
        assert reader.absent_leaves(origin, 0, 11) == (9, 10)


def test_what_is_not_known_is_none_or_empty(store: HomeStore, publisher: Publisher) -> None:
    nobody, nowhere = Publisher("nobody"), Origin("did:frost:x/log/0/y")
    with store.read() as reader:
        assert reader.history(nobody.did) is None
        assert reader.log(nowhere) is None
        assert reader.logs(nobody.did) == []
        assert reader.leaves(nowhere, 0, 10).count == 0
        assert reader.bodies(nowhere, 0, 10) == []
        assert reader.missing_bodies(nowhere, 0, 10) == []
        assert reader.body(Cid.of(b"x")) is None
        assert reader.arrival(99) is None
        assert reader.arrivals(0, 10, frozenset({nobody.did})) == []
        assert reader.hosted_log(nowhere) is None
        assert reader.setting("nothing") is None
        assert (
            reader.heads(7)
            == reader.withheld(7)
            == reader.peers()
            == reader.followed()
            == reader.hosted()
            == []
        )


# -- serving --------------------------------------------------------------------------------------------


def test_what_is_served_is_remembered_with_its_note(store: HomeStore, publisher: Publisher) -> None:
    origin = publisher.origin()
    with store.write() as writer:
        append(writer, origin, [leaf(index) for index in range(10)])
        writer.serve(origin, b"a note", 10)
    with store.write() as writer:
        append(writer, origin, [leaf(index) for index in range(10, 12)])
        writer.serve(origin, None, 12)
    with store.read() as reader:
        state, (head,) = reader.log(origin), reader.heads(0)
        assert state is not None
        assert (state.served, state.checkpoint, state.held.size) == (12, b"a note", 12)
        assert (head.did, head.origin, head.size, head.checkpoint) == (publisher.did, origin, 12, b"a note")
        assert (head.tip, head.forked, head.epoch) == (publisher.genesis.cid, False, 0)


def test_serving_more_than_is_held_is_refused(store: HomeStore, publisher: Publisher) -> None:
    with pytest.raises(StorageError) as raised, store.write() as writer:
        writer.serve(publisher.origin(), b"note", 1)
    assert raised.value.code == "storage.conflict"


def test_a_log_is_frozen_by_its_first_evidence_until_its_epoch_ends(
    store: HomeStore, publisher: Publisher
) -> None:
    origin = publisher.origin()
    first = Evidence(origin=origin, smaller=b"one", larger=b"two", proof=(bytes(32), b"h" * 32))
    with store.write() as writer:
        assert (writer.evidence(origin), writer.disputed(), writer.heads(0)[0].disputed) == (None, [], False)
        writer.freeze(first)
        writer.freeze(Evidence(origin=origin, smaller=b"other", larger=b"evidence"))
    with store.read() as reader:
        state = reader.log(origin)
        assert state is not None
        assert (state.frozen, state.disputed, reader.heads(0)[0].disputed) == (True, True, True)
        assert (reader.evidence(origin), reader.disputed()) == (first, [origin])
    publisher.move(End(size=0, root=EMPTY_ROOT))
    with store.write() as writer:
        writer.take_events(publisher.did, publisher.history, publisher.taken)
    with store.read() as reader:
        state = reader.log(origin)
        assert state is not None
        assert (state.frozen, state.disputed, reader.heads(0)[0].disputed) == (False, True, False)
        assert (reader.evidence(origin), reader.disputed()) == (first, [])


def test_what_lies_ahead_of_a_log_is_remembered_until_its_tree_is_complete(
    store: HomeStore, publisher: Publisher
) -> None:
    origin = publisher.origin()
    ahead = Ahead(note=b"of ten", beyond=(bytes(32), b"h" * 32))
    with store.write() as writer:
        growth = grow(EMPTY_RANGE, [leaf(index) for index in range(4)])
        writer.append(origin, growth, ahead)
    with store.read() as reader:
        state = reader.log(origin)
        assert state is not None
        assert (state.held, state.served, state.ahead) == (growth.after, 0, ahead)
    with store.write() as writer:
        append(writer, origin, [leaf(index) for index in range(4, 10)])
        writer.serve(origin, b"of ten", 10)
    with store.read() as reader:
        state = reader.log(origin)
        assert state is not None
        assert (state.served, state.ahead) == (10, None)


@pytest.mark.slow
def test_heads_come_in_pages_in_order_of_did(store: HomeStore) -> None:
    publishers = [Publisher(f"publisher {number}") for number in range(260)]
    with store.write() as writer:
        for each in publishers:
            writer.take_events(each.did, each.history, each.taken)
    with store.read() as reader:
        pages = [[head.did for head in reader.heads(page)] for page in range(3)]
        assert list(map(len, pages)) == [256, 4, 0]
        assert (
            [did for page in pages for did in page]
            == sorted(each.did for each in publishers)
            == reader.dids()
        )


# -- bodies ---------------------------------------------------------------------------------------------


def put_body(writer: LogWriter, body: bytes | None) -> bool:
    assert body is not None
    return writer.put_bodies([(sha256(body).digest(), body)])[0]


def publish(writer: LogWriter, publisher: Publisher, *submissions: object, bodies: bool = True) -> None:
    append(writer, publisher.origin(), [item.header for item in submissions])  # type: ignore[attr-defined]
    for item in submissions:
        if bodies and item.body is not None:  # type: ignore[attr-defined]
            put_body(writer, item.body)  # type: ignore[attr-defined]


def test_bodies_come_back_by_entry_and_by_name(store: HomeStore, publisher: Publisher) -> None:
    entries = [publisher.put(f"k{number}", padding=number * 997 % 9000) for number in range(120)]
    entries[5:5] = [publisher.withdraw("k1"), publisher.put("large", padding=300_000)]
    with store.write() as writer:
        publish(writer, publisher, *entries)
        assert writer.body(Cid.of(entries[0].body or b"")) == entries[0].body
    with store.read() as reader:
        assert reader.bodies(publisher.origin(), 0, 256) == [entry.body for entry in entries]
        assert reader.bodies(publisher.origin(), 4, 8) == [entry.body for entry in entries[4:8]]
        bodies = [entry.body for entry in entries if entry.body]
        assert [reader.body(Cid.of(body)) for body in bodies] == bodies
        shuffled = [*bodies[::7], b"not here", *bodies[::-1], bodies[0]]
        assert list(reader.each_body([Cid.of(body) for body in shuffled])) == [
            None if body == b"not here" else body for body in shuffled
        ]
        assert list(reader.each_body([])) == []


def test_an_opaque_leaf_has_no_body(store: HomeStore, publisher: Publisher) -> None:
    with store.write() as writer:
        append(writer, publisher.origin(), [b"not a header", b""])
    with store.read() as reader:
        assert reader.bodies(publisher.origin(), 0, 2) == [None, None]
        assert reader.missing_bodies(publisher.origin(), 0, 9) == []


def test_a_body_is_new_once(store: HomeStore, publisher: Publisher, tmp_path: Path) -> None:
    one, two = (publisher.put(key, padding=50_000) for key in "ab")
    pairs = [(sha256(item.body or b"").digest(), item.body or b"") for item in (one, two)]
    with store.write() as writer:
        assert writer.put_bodies(pairs[:1]) == [True]
        assert writer.put_bodies(pairs[:1]) == [False]
        assert writer.put_bodies([pairs[0], pairs[1], pairs[1]]) == [False, True, False]
    with store.write() as writer:
        assert writer.put_bodies(pairs) == [False, False]
    with store.audit() as audit:
        assert sum(len(content) for _, content in audit.stored_packs()) == len(one.body or b"") + len(
            two.body or b""
        )


def test_missing_bodies_are_listed_until_they_come(store: HomeStore, publisher: Publisher) -> None:
    entries = [publisher.put(f"k{number}") for number in range(300)]
    entries[10] = publisher.withdraw("k1")
    with store.write() as writer:
        publish(writer, publisher, *entries, bodies=False)
        put_body(writer, entries[3].body)
    expected = [index for index in range(300) if index not in (3, 10)]
    with store.read() as reader:
        assert reader.missing_bodies(publisher.origin(), 0, 1000) == expected
        assert reader.missing_bodies(publisher.origin(), 255, 5) == [255, 256, 257, 258, 259]
        assert reader.bodies(publisher.origin(), 0, 4) == [None, None, None, entries[3].body]


@pytest.mark.parametrize("state", ["erased", "refused"])
@pytest.mark.parametrize("padding", [10, 200_000])
def test_an_erased_body_is_gone_and_is_not_taken_again(
    store: HomeStore, publisher: Publisher, tmp_path: Path, state: str, padding: int
) -> None:
    entries = [publisher.put(key, title=f"secret of {key}", padding=padding) for key in "abc"]
    with store.write() as writer:
        publish(writer, publisher, *entries)
    with store.write() as writer:
        writer.withhold_body(publisher.origin(), 1, state, "court order")
    with store.write() as writer:
        assert put_body(writer, entries[1].body) is False
    with store.read() as reader:
        items = reader.bodies(publisher.origin(), 0, 3)
        assert items == [entries[0].body, BodyAbsent(state, "court order"), entries[2].body]
        withheld = reader.body(Cid.of(entries[1].body or b""))
        assert [withheld] == reader.withheld(0)
        assert list(reader.each_body([Cid.of(entries[at].body or b"") for at in (1, 2)])) == [
            withheld,
            entries[2].body,
        ]
        assert reader.missing_bodies(publisher.origin(), 0, 9) == []
    on_disk = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"secret of a" in on_disk
    assert b"secret of b" not in on_disk


@pytest.mark.parametrize("index", [0, 255, 256, 299])
def test_an_erased_header_leaves_its_hash(
    store: HomeStore, publisher: Publisher, tmp_path: Path, index: int
) -> None:
    entries = [publisher.put(f"key-{number}-", padding=10) for number in range(300)]
    origin = publisher.origin()
    with store.write() as writer:
        publish(writer, publisher, *entries)
    with store.write() as writer:
        writer.withhold_body(origin, index, "erased", "wish of the author")
        writer.withhold_leaf(origin, index, "erased", "wish of the author")
        append(writer, origin, [entries[0].header])
    with store.read() as reader:
        leaves = reader.leaves(origin, index, index + 1)
        assert (leaves.bundle, leaves.count) == (b"\0\0", 1)
        assert leaves.withheld == (WithheldLeaf(0, leaf_hash(entries[index].header), "wish of the author"),)
        state = reader.log(origin)
        assert state is not None
        hashes = [leaf_hash(entry.header) for entry in (*entries, entries[0])]
        assert state.held == range_of(hashes)
        assert [reader.node_at(origin)(0, at) for at in range(301)] == hashes
    on_disk = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert f"key-{index}-".encode() not in on_disk or index == 0


def test_withholding_what_is_not_there(store: HomeStore, publisher: Publisher) -> None:
    with store.write() as writer:
        publish(writer, publisher, publisher.withdraw("gone"))
    for withhold in ("withhold_body", "withhold_leaf"):
        with pytest.raises(LocalError) as raised, store.write() as writer:
            getattr(writer, withhold)(
                publisher.origin(), 0 if withhold == "withhold_body" else 5, "erased", "why"
            )
        assert raised.value.code == "record.not-found"


# -- arrivals -------------------------------------------------------------------------------------------


def test_arrivals_are_numbered_without_gap_and_told_by_publisher(
    store: HomeStore, clock: ManualClock
) -> None:
    publishers = [Publisher(f"publisher {number}") for number in range(3)]
    for each in publishers:
        with store.write() as writer:
            writer.take_events(each.did, each.history, each.taken)
            append(writer, each.origin(), [b"x"])
    clock.step_ms(5)
    for number in range(30):
        each = publishers[number % 3]
        with store.write() as writer:
            assert writer.arrive(ArrivalKind.ENTRIES, each.did, each.origin(), 0, 1) == number + 4
    with store.read() as reader:
        all_of_them = reader.arrivals(0, 100)
        assert [arrival.number for arrival in all_of_them] == list(range(1, 34))
        assert reader.last_arrival() == 33
        assert len({arrival.tag for arrival in all_of_them}) == 33
        assert {len(arrival.tag) for arrival in all_of_them} == {8}
        assert all_of_them[-1].at_ms == clock.now_ms() == all_of_them[0].at_ms + 5
        assert reader.arrival(7) == all_of_them[6]
        assert reader.arrivals(10, 4) == all_of_them[10:14]
        assert reader.arrivals_before(10, 4) == all_of_them[8:4:-1]
        mine = [arrival for arrival in all_of_them if arrival.did == all_of_them[0].did]
        assert reader.arrivals_before(2**62, 1000, mine[0].did) == mine[::-1]
        assert reader.arrivals_before(mine[-1].number, 2, mine[0].did) == mine[-2:-4:-1]
        assert reader.arrivals_before(2**62, 1000, Publisher("unknown").did) == []
        two = frozenset({publishers[0].did, publishers[2].did})
        chosen = [arrival for arrival in all_of_them if arrival.did in two]
        assert reader.arrivals(0, 100, two) == chosen
        assert reader.arrivals(8, 5, two) == [arrival for arrival in chosen if arrival.number > 8][:5]
        many = two | {Publisher(f"other {number}").did for number in range(80)}
        assert reader.arrivals(8, 5, many) == [arrival for arrival in chosen if arrival.number > 8][:5]


def test_an_abandoned_transaction_leaves_no_gap(store: HomeStore, publisher: Publisher) -> None:
    def abandoned() -> None:
        with store.write() as writer:
            writer.arrive(ArrivalKind.BLOCKED, publisher.did)
            append(writer, publisher.origin(), [b"x"])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        abandoned()
    with store.write() as writer:
        state = writer.log(publisher.origin())
        assert state is not None
        assert state.held.size == 0
        assert writer.arrive(ArrivalKind.BLOCKED, publisher.did) == 2


# -- identities -----------------------------------------------------------------------------------------


def end_of(publisher: Publisher, size: int) -> End:
    return End(size=size, root=range_of([leaf_hash(leaf(index)) for index in range(size)]).root())


def kinds(store: LogStore) -> list[tuple[str, str, int]]:
    with store.read() as reader:
        return [(arrival.kind, arrival.origin, arrival.start) for arrival in reader.arrivals(1, 100)]


def test_a_history_comes_back_as_it_was_taken(store: HomeStore, publisher: Publisher) -> None:
    with store.write() as writer:
        append(writer, publisher.origin(), [leaf(index) for index in range(20)])
        taken = publisher.move(end_of(publisher, 15))
        writer.take_events(publisher.did, publisher.history, taken)
    with store.read() as reader:
        history = reader.history(publisher.did)
        assert history is not None
        assert (history.events, history.choices) == (publisher.history.events, publisher.history.choices)
        assert (history.tip, history.standing) == (publisher.history.tip, publisher.history.standing)
        assert [state.standing for state in reader.logs(publisher.did)] == list(history.standing)


def test_an_end_below_what_is_held_cuts(store: HomeStore, publisher: Publisher) -> None:
    old = publisher.origin()
    with store.write() as writer:
        append(writer, old, [leaf(index) for index in range(20)])
    taken = publisher.move(end_of(publisher, 15))
    with store.write() as writer:
        writer.take_events(publisher.did, publisher.history, taken)
    assert kinds(store) == [("events", "", 1), ("cut", old, 15)]
    with store.read() as reader:
        state = reader.log(old)
        assert state is not None
        assert (state.held.size, state.counted) == (20, 15)
        assert reader.leaves(old, 0, 20).count == 20


def test_an_end_at_or_above_what_is_held_cuts_nothing(store: HomeStore, publisher: Publisher) -> None:
    with store.write() as writer:
        append(writer, publisher.origin(), [leaf(index) for index in range(15)])
    taken = publisher.move(end_of(publisher, 15))
    with store.write() as writer:
        writer.take_events(publisher.did, publisher.history, taken)
    assert kinds(store) == [("events", "", 1)]


def test_a_recovery_event_switches_cuts_and_restores(store: HomeStore, publisher: Publisher) -> None:
    """A thief moved away at 5 and wrote; the owner ends the first epoch at 12 instead."""
    first = publisher.origin()
    with store.write() as writer:
        append(writer, first, [leaf(index) for index in range(20)])
        writer.take_events(publisher.did, publisher.history, publisher.move(end_of(publisher, 5)))
    stolen = publisher.origin()
    with store.write() as writer:
        append(writer, stolen, [leaf(index) for index in range(3)])
        taken = publisher.recover(publisher.genesis, end_of(publisher, 12))
        writer.take_events(publisher.did, publisher.history, taken)
    assert kinds(store) == [
        ("events", "", 1),
        ("cut", first, 5),
        ("events", "", 1),
        ("switched", "", 1),
        ("cut", stolen, 0),
        ("restored", first, 12),
    ]
    with store.read() as reader:
        void = reader.log(stolen)
        assert void is not None
        assert (void.standing, void.counted, void.held.size) == (None, 0, 3)
        assert [head.origin for head in reader.heads(0)] == [first, publisher.origin()]


def test_events_that_were_added_to_another_history_are_refused(
    store: HomeStore, publisher: Publisher
) -> None:
    """Two peers brought two successors of genesis at the same time: only the first is first seen."""
    with store.read() as reader:
        mine, yours = reader.history(publisher.did), reader.history(publisher.did)
    assert mine is not None
    assert yours is not None
    rival = Publisher()
    rival.move(end_of(rival, 1))
    publisher.move(end_of(publisher, 2))
    taken_mine = mine.take([publisher.history.path[-1]])
    taken_yours = yours.take([rival.history.path[-1]])
    with store.write() as writer:
        writer.take_events(publisher.did, mine, taken_mine)
    with pytest.raises(StorageError) as raised, store.write() as writer:
        writer.take_events(publisher.did, yours, taken_yours)
    assert raised.value.code == "storage.conflict"
    with store.read() as reader:
        stored = reader.history(publisher.did)
        assert stored is not None
        assert stored.tip == mine.tip


def test_a_fork_that_nobody_decides_is_shown(store: HomeStore) -> None:
    one, two = Publisher(), Publisher()
    one.move(end_of(one, 1))
    two.move(end_of(two, 2))
    history = History.empty(one.did)
    taken = history.take([one.genesis, one.history.path[-1], two.history.path[-1]])
    with store.write() as writer:
        writer.take_events(one.did, history, taken)
    with store.read() as reader:
        stored, (head,) = reader.history(one.did), reader.heads(0)
        assert stored is not None
        assert (stored.choices, stored.forked) == (history.choices, True)
        assert (head.tip, head.forked) == (one.genesis.cid, True)
        (state,) = reader.logs(one.did)
        assert state.standing is not None
        assert not state.standing.accepts


# -- neighbours -----------------------------------------------------------------------------------------


def test_sources_say_who_offers_what_and_what_is_owed(store: HomeStore, publisher: Publisher) -> None:
    origin, other = publisher.origin(), Origin("nobody's")
    with store.write() as writer:
        for url in ("a", "b"):
            writer.put_peer(url)
        writer.put_sources("a", {origin: 5, other: 9})
        writer.put_sources("b", {origin: 3})
        writer.put_sources("stranger", {origin: 99})
    with store.read() as reader:
        owed = reader.owed(origin)
        assert owed is not None
        assert (owed.did, owed.held, owed.wanted, owed.offers) == (publisher.did, 0, 5, {"a": 5, "b": 3})
        assert reader.owed(other) is None
        assert reader.owed_logs(10) == [origin]
        assert reader.owed_logs(0) == []
        assert reader.lag("a") == Lag(logs=1, leaves=5, offered=1)
        assert reader.lag("stranger") == Lag(logs=0, leaves=0, offered=0)
        assert [reader.logs_with_few_sources(count) for count in (1, 2, 3)] == [0, 0, 1]
    with store.write() as writer:
        writer.put_sources("a", {origin: 2})
        writer.remove_peer("b")
    with store.read() as reader:
        owed = reader.owed(origin)
        assert owed is not None
        assert owed.offers == {"a": 2}
    with store.write() as writer:
        writer.freeze(Evidence(origin=origin, smaller=b"one", larger=b"two", proof=()))
    with store.read() as reader:
        assert (reader.owed(origin), reader.owed_logs(10)) == (None, [])
        assert reader.lag("a") == Lag(logs=0, leaves=0, offered=0)


def test_what_is_refused_of_a_peer_is_no_lag(store: HomeStore, publisher: Publisher) -> None:
    with store.write() as writer:
        for url, code in (("a", "policy.quota"), ("b", "policy.type")):
            writer.put_peer(url)
            writer.put_sources(url, {publisher.origin(): 5})
            writer.put_refusal(
                Refused(
                    did=publisher.did,
                    peer=url,
                    code=code,
                    reason="",
                    what="",
                    host="",
                    first_ms=1,
                    last_ms=1,
                    again_ms=2,
                    times=1,
                )
            )
    with store.read() as reader:
        assert reader.lag("a") == Lag(logs=0, leaves=0, offered=0)
        assert reader.lag("b") == Lag(logs=1, leaves=5, offered=1)


def test_a_found_peer_is_one_until_the_operator_adds_it(store: HomeStore, clock: ManualClock) -> None:
    def listed() -> list[int | None]:
        with store.read() as reader:
            return [peer.listed_ms for peer in reader.peers()]

    with store.write() as writer:
        writer.list_peer("a")
    first = clock.now_ms()
    assert listed() == [first]
    clock.step_ms(1000)
    with store.write() as writer:
        writer.list_peer("a")
    assert listed() == [first + 1000]
    with store.write() as writer:
        writer.put_peer("a")
        writer.list_peer("a")
    assert listed() == [None]


def test_peers_and_settings(store: HomeStore, publisher: Publisher, clock: ManualClock) -> None:
    with store.write() as writer:
        for url in ("https://b.example", "https://a.example", "https://a.example"):
            writer.put_peer(url)
        writer.follow(publisher.did)
        writer.follow(publisher.did)
        writer.host(Hosted(did=publisher.did, origin=publisher.origin(), key_label="label"))
        writer.put_setting("name", "one")
        writer.put_setting("name", "two")
    began = clock.now_ms()
    clock.step_ms(10)
    with store.write() as writer:
        writer.peer_reached("https://a.example", b"cursor", "")
        writer.peer_reached("https://b.example", None, "refused")
    with store.write() as writer:
        writer.peer_reached("https://a.example", None, "timeout")
    with store.read() as reader:
        one, two = reader.peers()
        assert (one.url, one.cursor, one.added_ms, one.last_seen_ms, one.last_error) == (
            "https://a.example",
            b"cursor",
            began,
            began + 10,
            "timeout",
        )
        assert (two.cursor, two.last_seen_ms, two.last_error) == (None, None, "refused")
        assert reader.followed() == [publisher.did]
        assert reader.hosted() == [reader.hosted_log(publisher.origin())]
        assert reader.setting("name") == "two"
    with store.write() as writer:
        writer.forget_cursor("https://a.example")
        writer.remove_peer("https://b.example")
        writer.unfollow(publisher.did)
    with store.read() as reader:
        assert [(peer.url, peer.cursor) for peer in reader.peers()] == [("https://a.example", None)]
        assert reader.followed() == []


# -- transactions ---------------------------------------------------------------------------------------


def test_a_reader_sees_one_state_while_others_write(store: HomeStore, publisher: Publisher) -> None:
    with store.read() as before:
        assert before.last_arrival() == 1
        with store.write() as writer:
            writer.arrive(ArrivalKind.BLOCKED, publisher.did)
            with store.read() as during:
                assert during.last_arrival() == 1
        with store.read() as after:
            assert after.last_arrival() == 2
        assert before.last_arrival() == 1


def test_a_second_writer_waits(store: HomeStore, publisher: Publisher) -> None:
    entered, order = threading.Event(), []

    def second() -> None:
        entered.set()
        with store.write() as writer:
            order.append(("second", writer.last_arrival()))
            writer.arrive(ArrivalKind.BLOCKED, publisher.did)

    thread = threading.Thread(target=second)
    with store.write() as writer:
        thread.start()
        entered.wait()
        writer.arrive(ArrivalKind.BLOCKED, publisher.did)
        order.append(("first", writer.last_arrival()))
    thread.join()
    assert order == [("first", 2), ("second", 2)]


def test_the_database_keeps_its_name(tmp_path: Path, clock: ManualClock) -> None:
    names = []
    for seed in ("one", "two"):
        store = SqliteStore(tmp_path / "frost.db", clock=clock, random=SeededRandom(seed))
        with store.read() as reader:
            names.append(reader.database)
        store.close()
    assert names[0] == names[1] == SeededRandom("one").bytes(16)


def test_it_is_durable_and_found_again(store: HomeStore, publisher: Publisher, tmp_path: Path) -> None:
    """A second store on the same files, as after a crash: nothing was closed."""
    with store.write() as writer:
        append(writer, publisher.origin(), [leaf(index) for index in range(300)])
    again = SqliteStore(tmp_path / "frost.db", clock=ManualClock(), random=SeededRandom("again"))
    with again.read() as reader:
        state = reader.log(publisher.origin())
        assert state is not None
        assert state.held.size == 300
    with again.write() as writer:
        append(writer, publisher.origin(), [leaf(300)])
    again.close()
    with store.read() as reader:
        assert reader.leaves(publisher.origin(), 300, 301).count == 1


def test_empty_logs_have_the_empty_root(store: HomeStore, publisher: Publisher) -> None:
    with store.read() as reader:
        state = reader.log(publisher.origin())
        assert state is not None
        assert (state.held.root(), state.counted, state.checkpoint) == (EMPTY_ROOT, 0, None)
