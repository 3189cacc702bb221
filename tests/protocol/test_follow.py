"""The follower: what it takes, what it refuses, what it passes over."""

from contextlib import suppress
from dataclasses import replace
from hashlib import sha256

import pytest

from frostnode.protocol.checkpoint import Checkpoint, cosign, sign_checkpoint
from frostnode.protocol.cosigners import Cosigner
from frostnode.protocol.errors import FrameError, FrostError, LogError, PeerError
from frostnode.protocol.follow import Follower
from frostnode.protocol.follow_actions import (
    Advance,
    Finished,
    Fork,
    Gap,
    Missing,
    NewHead,
    Stopped,
    TakeBodies,
    TakeEntries,
    TakeEvents,
    TakeEvidence,
    TakeLeaves,
)
from frostnode.protocol.follow_witnesses import NO_WITNESSES, Knowledge
from frostnode.protocol.frames import (
    BodiesFrame,
    BodyAbsent,
    CheckpointFrame,
    CursorFrame,
    EndFrame,
    EventsFrame,
    FrameDecoder,
    WithheldLeaf,
    encode_frame,
)
from frostnode.protocol.history import History
from frostnode.protocol.identity import parse_signed_event
from frostnode.protocol.leaf_run import read_run
from frostnode.protocol.limits import HEADER_BYTES_MAX, STREAM_HEADS_COMPARED_MAX
from frostnode.protocol.log_state import LogState
from frostnode.protocol.merkle import EMPTY_RANGE, consistency_proof, leaf_hash, leaf_hashes
from frostnode.protocol.note import parse_note
from frostnode.protocol.range_proof import root_above
from frostnode.protocol.tiles import decode_bundle, encode_bundle
from frostnode.protocol.withheld import Blocked
from frostnode.replicate.dispute import evidence_frame
from frostnode.testing.equivocation import evidence_of, twin_of
from frostnode.testing.memory_publisher import MemoryPublisher


class Held:
    """A receiver's memory, filled by the actions that it takes."""

    def __init__(self):
        self.histories = {}
        self.logs = {}
        self.leaves = {}
        self.bodies = {}

    def history(self, did):
        return self.histories.get(did)

    def log(self, origin):
        return self.logs.get(origin)

    def vouched(self, did):
        return {}

    def leaf(self, origin, index):
        return self.leaves.get((origin, index))

    def tree(self, origin, size):
        return EMPTY_RANGE.extend(leaf_hashes(self.leaves[origin, at] for at in range(size)))

    def apply(self, action):
        match action:
            case TakeEvents():
                self.histories[action.did] = action.history
            case TakeEntries():
                standing = self.histories[action.did].epoch(action.origin)
                old = self.logs.get(action.origin) or LogState(origin=action.origin, standing=standing)
                growth = action.growth
                assert old.held == growth.before
                for at, leaf in enumerate(decode_bundle(growth.bundle), growth.start):
                    self.leaves[action.origin, at] = leaf
                for slot in growth.withheld:
                    self.leaves[action.origin, growth.start + slot.offset] = None
                served = old.served if action.served is None else action.served
                self.logs[action.origin] = replace(
                    old,
                    held=growth.after,
                    served=served,
                    checkpoint=action.note or old.checkpoint,
                    ahead=action.ahead,
                )
            case TakeBodies():
                self.bodies.update(action.bodies)
            case NewHead():
                self.logs[action.origin] = replace(
                    self.logs[action.origin], served=action.size, checkpoint=action.note
                )
            case TakeEvidence():
                origin = action.evidence.origin
                standing = self.histories[action.did].epoch(origin)
                old = self.logs.get(origin) or LogState(origin=origin, standing=standing)
                self.logs[origin] = replace(old, disputed=True)


def publisher(count=3, name="p"):
    made = MemoryPublisher(name)
    for at in range(count):
        made.put(f"key-{at}", {"title": f"Title {at}"})
    return made


def feed(frames, held=None, follower=None):
    held = held or Held()
    follower = follower or Follower(held)
    actions = []
    for frame in frames:
        for action in follower.feed(frame):
            held.apply(action)
            actions.append(action)
    return held, actions


def holds_all(held, source):
    state = held.logs[source.origin]
    return (
        state.held == source.tree()
        and state.served == len(source.leaves)
        and all(held.leaves[source.origin, at] == leaf for at, leaf in enumerate(source.leaves))
        and set(held.bodies.values()) == {body for body in source.bodies if body is not None}
    )


@pytest.mark.parametrize("count", [1, 3, 255, 256, 257, 600])
def test_a_whole_stream_is_taken(count):
    source = publisher(count)
    held, _ = feed(source.stream())
    assert holds_all(held, source)


def test_a_stream_is_resumed_from_any_frame():
    source = publisher(600)
    frames = list(source.stream())
    for cut in range(len(frames)):
        held, _ = feed(frames[:cut])
        feed(frames, held)
        assert holds_all(held, source)


def test_what_is_held_is_not_taken_again():
    source = publisher(300)
    held, _ = feed(source.stream())
    _, again = feed(source.stream(), held)
    assert not [action for action in again if isinstance(action, TakeEvents | TakeEntries)]


def test_a_log_that_grew_is_continued_within_a_bundle():
    source = publisher(10)
    held, _ = feed(source.stream())
    for at in range(10, 300):
        source.put(f"key-{at}", {"title": "more"})
    _, actions = feed(source.stream(), held)
    assert [action.growth.start for action in actions if isinstance(action, TakeEntries)] == [10, 256]
    assert holds_all(held, source)


def test_only_a_complete_tree_is_served():
    source = publisher(300)
    frames = list(source.stream())
    held, _ = feed(frames[:3])
    state = held.logs[source.origin]
    assert (state.held.size, state.served, state.checkpoint) == (256, 0, None)


def test_a_gap_is_told_and_nothing_is_taken():
    source = publisher(300)
    frames = list(source.stream())
    held, actions = feed([*frames[:2], *frames[4:]])
    assert [action for action in actions if isinstance(action, Gap)] == [
        Gap(did=source.did, origin=source.origin, held=0, shown=300)
    ] * 2
    assert source.origin not in held.logs


def test_cursor_and_end_are_passed_on():
    _, actions = feed(
        [CursorFrame(cursor=b"c"), EndFrame(code="end.complete"), EndFrame(code="queue.full", reason="slow")]
    )
    assert actions == [
        Advance(cursor=b"c"),
        Finished(complete=True, reason="end.complete"),
        Finished(complete=False, reason="queue.full: slow"),
    ]


def test_a_cursor_on_a_frame_comes_after_its_effect():
    source = publisher()
    frames = [source.events(), CheckpointFrame(origin=source.origin, note=source.note())]
    _, actions = feed([*frames, source.entries(0, 3, cursor=b"c")])
    assert isinstance(actions[-2], TakeEntries)
    assert actions[-1] == Advance(cursor=b"c")


def refused(frames, code, family=PeerError, held=None):
    held = held or Held()
    follower = Follower(held)
    *before, last = frames
    feed(before, held, follower)
    with pytest.raises(family) as caught:
        follower.feed(last)
    assert caught.value.code == code
    return held


def start(source, size=None):
    return [source.events(), CheckpointFrame(origin=source.origin, note=source.note(size))]


def test_a_log_before_its_identity_is_refused():
    source = publisher()
    refused([CheckpointFrame(origin=source.origin, note=source.note())], "frame.order", FrameError)


def test_entries_before_a_checkpoint_are_refused():
    source = publisher()
    refused([source.events(), source.entries(0, 3)], "frame.order", FrameError)


def test_entries_proven_to_another_size_are_refused():
    source = publisher()
    refused([*start(source), source.entries(0, 2, size=2)], "frame.order", FrameError)


def test_a_checkpoint_by_another_key_is_refused():
    source, thief = publisher(), publisher(name="thief")
    note = sign_checkpoint(Checkpoint(source.origin, 3, source.tree().root()), thief.key)
    refused([source.events(), CheckpointFrame(origin=source.origin, note=note)], "note.signature", PeerError)


def test_a_checkpoint_of_another_log_is_refused():
    source, other = publisher(), publisher(name="other")
    refused(
        [source.events(), other.events(), CheckpointFrame(origin=source.origin, note=other.note())],
        "checkpoint.origin",
    )


def test_a_wrong_epoch_number_is_passed_over():
    source = publisher()
    origin = source.origin.replace("/log/0/", "/log/1/")
    _, actions = feed([source.events(), CheckpointFrame(origin=origin, note=source.note())])
    assert [type(action) for action in actions] == [TakeEvents]


@pytest.mark.parametrize("where", ["leaf", "proof", "order"])
def test_entries_that_do_not_lead_to_the_root_are_refused(where):
    source = publisher(5)
    good = source.entries(0, 3, size=5)
    leaves = decode_bundle(good.bundle)
    bad = {
        "leaf": replace(good, bundle=encode_bundle([leaves[0][:-1] + b"\xff", *leaves[1:]])),
        "proof": replace(good, proof=[bytes(32), *good.proof[1:]]),
        "order": replace(good, bundle=encode_bundle(reversed(leaves))),
    }[where]
    held = refused([*start(source), bad], "tree.root", LogError)
    assert not held.logs


def test_a_proof_of_the_wrong_length_is_refused():
    source = publisher(5)
    good = source.entries(0, 3, size=5)
    refused([*start(source), replace(good, proof=[*good.proof, bytes(32)])], "tree.proof")


def test_entries_at_another_place_are_refused():
    source = publisher(6)
    moved = replace(source.entries(0, 3, size=6), start=3)
    with pytest.raises(FrostError):
        feed([*start(source), moved])


def test_a_frame_across_two_bundles_is_refused():
    source = publisher(300)
    refused([*start(source), source.entries(250, 260)], "frame.malformed", FrameError)


def test_an_empty_frame_is_refused():
    source = publisher()
    refused([*start(source), source.entries(0, 0)], "frame.malformed", FrameError)


@pytest.mark.parametrize("length", [HEADER_BYTES_MAX + 1, 2**16 - 1])
def test_a_leaf_above_the_limit_stops_its_log_behind_the_leaf_before_it_and_no_other(length):
    source, other = publisher(), publisher(name="other")
    source.append(b"x" * length, None)
    source.put("after", {"title": "after"})
    held, actions = feed([*source.stream(), *other.stream()])
    assert [action for action in actions if isinstance(action, Stopped)] == [
        Stopped(origin=source.origin, code="header.too-large", reason="leaf 3 has more than 512 bytes")
    ]
    assert held.logs[source.origin].held == source.tree(3)
    assert held.logs[source.origin].served == 0
    assert holds_all(held, other)


def test_a_leaf_above_the_limit_that_is_not_in_the_signed_tree_is_the_peers_fault():
    source = publisher()
    bad = replace(source.entries(0, 3), bundle=encode_bundle([*source.leaves[:2], b"x" * 513]))
    refused([*start(source), bad], "tree.root", LogError)


def test_what_was_stopped_is_not_asked_for_again():
    source = publisher(260)
    source.append(b"x" * 513, None)
    for at in range(300):
        source.put(f"later-{at}", {"title": "t"})
    held, _ = feed(source.stream())
    follower = Follower(held)
    _, first = feed(list(source.stream(256)), held, follower)
    assert [type(action) for action in first] == [Stopped]
    _, again = feed([source.entries(512, 561, cursor=b"c"), source.bodies_frame(512, 561)], held, follower)
    assert again == [Advance(cursor=b"c")]


@pytest.mark.parametrize("leaf", [b"", b"no header", b"\xa0", b"x" * HEADER_BYTES_MAX])
def test_a_leaf_that_nobody_can_read_is_carried(leaf):
    source = publisher()
    source.append(leaf, None)
    source.put("after", {"title": "after"})
    held, _ = feed(source.stream())
    assert holds_all(held, source)


def test_a_withheld_leaf_is_taken_by_its_hash():
    source = publisher(5)
    leaves = list(source.leaves)
    leaves[2] = b""
    frame = replace(
        source.entries(0, 5),
        bundle=encode_bundle(leaves),
        withheld=[WithheldLeaf(2, leaf_hash(source.leaves[2]), "law")],
    )
    held, _ = feed([*start(source), frame])
    assert held.logs[source.origin].held == source.tree()
    assert held.leaves[source.origin, 2] is None


def test_a_leaf_that_is_held_as_a_hash_alone_is_taken_from_whoever_has_it():
    """With its body, in one conversation; of a leaf that nobody can carry the hash stays."""
    source = publisher(4)
    source.append(b"x" * (HEADER_BYTES_MAX + 1), None)
    withheld = [WithheldLeaf(at, leaf_hash(source.leaves[at]), "law") for at in (2, 4)]
    leaves = [b"" if at in (2, 4) else leaf for at, leaf in enumerate(source.leaves)]
    poor = replace(source.entries(0, 5), bundle=encode_bundle(leaves), withheld=withheld)
    head = [source.events(), CheckpointFrame(origin=source.origin, note=source.note())]
    held, _ = feed([*head, poor])
    _, actions = feed([*head, source.entries(0, 5), source.bodies_frame(0, 4)], held)
    leaf, bodies = actions
    assert leaf == TakeLeaves(did=source.did, origin=source.origin, leaves=[(2, source.leaves[2])])
    assert [body for _, body in bodies.bodies] == source.bodies[:4]
    assert feed([*head, poor], held)[1] == [], "who has less says nothing new"


def test_of_a_blocked_publisher_everything_is_passed_over():
    source, other = publisher(), publisher(name="other")
    held = Held()
    follower = Follower(held)
    follower.blocked = Blocked(publishers={source.did})
    _, actions = feed([*source.stream(), *other.stream()], held, follower)
    assert {action.did for action in actions} == {other.did}
    assert holds_all(held, other)


def test_of_a_blocked_record_headers_are_taken_and_bodies_are_not():
    source = publisher()
    held = Held()
    follower = Follower(held)
    follower.blocked = Blocked(records={(source.did, "dataset", "key-1")})
    feed(source.stream(), held, follower)
    assert held.logs[source.origin].held == source.tree()
    assert set(held.bodies.values()) == {source.bodies[0], source.bodies[2]}


def test_a_withheld_hash_in_a_slot_that_is_not_empty_is_refused():
    source = publisher(5)
    frame = replace(source.entries(0, 5), withheld=[WithheldLeaf(2, leaf_hash(source.leaves[2]), "law")])
    refused([*start(source), frame], "frame.malformed", FrameError)


def test_a_withheld_leaf_among_those_that_are_held_is_passed_over():
    source = publisher(3)
    held, _ = feed(source.stream())
    source.put("new", {"title": "new"})
    leaves = [b"", *source.leaves[1:]]
    slot = WithheldLeaf(0, leaf_hash(source.leaves[0]), "law")
    frame = replace(source.entries(0, 4), bundle=encode_bundle(leaves), withheld=[slot])
    _, actions = feed([*start(source), frame], held)
    taken = [action for action in actions if isinstance(action, TakeEntries)]
    assert [(action.growth.start, list(action.growth.withheld)) for action in taken] == [(3, [])]
    assert held.leaves[source.origin, 0] == source.leaves[0]


def bodies(source, *items, at=0):
    return BodiesFrame(origin=source.origin, start=at, items=list(items))


def test_a_body_of_another_hash_is_refused():
    source = publisher()
    changed = source.bodies[0][:-1] + b"\xff"
    refused([*start(source), source.entries(0, 3), bodies(source, changed)], "body.hash")


def test_a_body_of_another_branch_is_nobodys_fault_where_no_tree_was_shown():
    """An honest node that met the other branch of an equivocator sends its bodies, long after their entries."""
    source, twin = publisher(), publisher(count=1)
    for at in range(2):
        twin.put(f"twin-{at}", {"title": "of another branch"})
    held, _ = feed(source.stream())
    _, actions = feed([twin.bodies_frame(0, 3)], held)
    assert [list(action.bodies) for action in actions] == [
        [(sha256(source.bodies[0]).digest(), source.bodies[0])]
    ]
    refused(
        [CheckpointFrame(origin=source.origin, note=source.note()), twin.bodies_frame(0, 3)],
        "body.hash",
        held=held,
    )


def test_a_body_in_another_place_is_refused():
    source = publisher()
    refused([*start(source), source.entries(0, 3), bodies(source, source.bodies[1])], "body.hash")


def test_a_body_of_a_header_without_one_is_refused():
    source = publisher()
    source.withdraw("key-0")
    refused([*start(source), source.entries(0, 4), bodies(source, b"body", at=3)], "frame.order", FrameError)


def test_a_body_of_another_branch_of_an_ended_epoch_is_passed_over():
    """Who has not heard of the end goes on sending what is under it, and lies to nobody."""
    source = publisher()
    twin = publisher(count=2)
    twin.put("twin", {"title": "of another branch"})
    held, _ = feed([*source.stream(), source.move().events()])
    _, actions = feed([CheckpointFrame(origin=twin.origin, note=twin.note(2)), twin.bodies_frame(0, 3)], held)
    assert [list(action.bodies) for action in actions] == [
        [(sha256(body).digest(), body) for body in source.bodies[:2]]
    ]
    assert holds_all(held, source)


def test_what_a_peer_has_shown_and_not_sent_is_known_until_the_batch_is_done():
    source = publisher()
    held, _ = feed([source.events()])
    follower = Follower(held)
    follower.feed(CheckpointFrame(origin=source.origin, note=source.note()))
    assert (follower.shown, follower.behind()) == ({source.origin: 3}, [source.origin])
    for frame in (source.entries(0, 2, 3), source.entries(2, 3)):
        assert follower.behind() == [source.origin]
        follower.feed(frame)
    assert (follower.shown, follower.behind()) == ({source.origin: 3}, [])
    follower.keep()
    assert (follower.shown, follower.behind()) == ({}, [])


def test_bodies_before_their_headers_are_a_gap():
    source = publisher()
    _, actions = feed([*start(source), source.bodies_frame(0, 3)])
    assert isinstance(actions[-1], Gap)


def test_absent_bodies_are_no_fault():
    source = publisher()
    frame = bodies(source, BodyAbsent("erased", "law"), None, source.bodies[2])
    held, _ = feed([*start(source), source.entries(0, 3), frame])
    assert list(held.bodies.values()) == [source.bodies[2]]


def test_bodies_that_come_later_are_checked_against_stored_headers():
    source = publisher()
    held, _ = feed([*start(source), source.entries(0, 3)])
    _, actions = feed([source.bodies_frame(0, 3)], held)
    assert [action.fresh for action in actions] == [False]
    assert holds_all(held, source)


WITNESSES = [
    Cosigner(f"w{at}.example", publisher_key)
    for at, publisher_key in enumerate(MemoryPublisher(f"w{at}").key.public for at in range(4))
]


def cosigned(note, *which, time_s=1_700_000_000):
    for at in which:
        note = cosign(note, f"w{at}.example", MemoryPublisher(f"w{at}").key, time_s)
    return note


def naming(*which):
    """What is known where the publisher names these witnesses."""
    return Knowledge(named=lambda did: [WITNESSES[at] for at in which])


def heads(held, source, note, known):
    _, actions = feed(
        [CheckpointFrame(origin=source.origin, note=note)], held, follower=Follower(held, witnesses=known)
    )
    return [action.note for action in actions]


def test_more_cosignatures_on_the_same_tree_are_a_new_head():
    source = publisher()
    held, _ = feed(source.stream())
    note = cosigned(source.note(), 0)
    _, actions = feed([CheckpointFrame(origin=source.origin, note=note)], held)
    assert actions == [NewHead(did=source.did, origin=source.origin, note=note, size=3)]


def test_an_old_peer_takes_no_cosignature_away():
    source = publisher()
    held, _ = feed(source.stream())
    known = naming(0, 1)
    (both,) = heads(held, source, cosigned(source.note(), 0, 1), known)
    assert both == cosigned(source.note(), 0, 1)
    assert heads(held, source, cosigned(source.note(), 0), known) == []
    assert heads(held, source, source.note(), known) == []
    assert heads(held, source, cosigned(source.note(), 0, time_s=1_800_000_000), known) == []


def test_cosignatures_that_come_one_by_one_add_up():
    source = publisher()
    held, _ = feed(source.stream())
    known = naming(0, 1)
    heads(held, source, cosigned(source.note(), 1), known)
    (both,) = heads(held, source, cosigned(source.note(), 0), known)
    assert set(parse_note(both).signatures) == set(parse_note(cosigned(source.note(), 0, 1)).signatures)


def test_lines_of_witnesses_that_the_publisher_does_not_name_do_not_travel():
    source = publisher()
    held, _ = feed(source.stream())
    assert heads(held, source, cosigned(source.note(), 2, 3), naming(0)) == []
    assert heads(held, source, cosigned(source.note(), 0, 2), naming(0)) == [cosigned(source.note(), 0)]


def test_a_line_of_a_named_witness_that_fails_is_no_line_and_nobodys_fault():
    source = publisher()
    held, _ = feed(source.stream())
    broken = source.note() + cosigned(source.note(2), 0).splitlines(keepends=True)[-1]
    assert heads(held, source, broken, naming(0)) == []
    heads(held, source, broken, NO_WITNESSES)
    assert held.logs[source.origin].checkpoint == broken
    assert heads(held, source, cosigned(source.note(), 0), naming(0)) == [cosigned(source.note(), 0)]


def test_an_older_checkpoint_replayed_takes_nothing():
    source = publisher(5)
    held, _ = feed(source.stream())
    frames = [CheckpointFrame(origin=source.origin, note=source.note(2)), source.entries(0, 2, size=2)]
    _, actions = feed(frames, held)
    assert actions == []
    assert holds_all(held, source)


def fork_of(source, at):
    twin = MemoryPublisher("p")
    twin.leaves, twin.bodies = source.leaves[:at], source.bodies[:at]
    for number in range(at, len(source.leaves) + 3):
        twin.put(f"forged-{number}", {"title": "forged"})
    return twin


@pytest.mark.parametrize("at", [0, 3, 4])
def test_another_tree_under_the_same_key_is_a_fork(at):
    source = publisher(5)
    held, _ = feed(source.stream())
    before = held.logs[source.origin]
    _, actions = feed(fork_of(source, at).stream(), held)
    forks = [action for action in actions if isinstance(action, Fork)]
    assert forks
    assert not [action for action in actions if isinstance(action, TakeEntries)]
    assert held.logs[source.origin] == before


def test_another_root_at_the_same_size_is_a_fork():
    source, twin = publisher(5), publisher(4)
    twin.put("other", {"title": "other"})
    held, _ = feed(source.stream())
    _, actions = feed([CheckpointFrame(origin=source.origin, note=twin.note())], held)
    assert [type(action) for action in actions] == [Fork, Stopped]
    assert actions[1].code == "checkpoint.fork"


def test_a_consistency_proof_is_checked_when_offered():
    source = publisher(3)
    held, _ = feed(source.stream())
    source.put("more", {"title": "more"})
    note = source.note()
    bad = CheckpointFrame(origin=source.origin, note=note, old=3, proof=[bytes(32)] * 3)
    with pytest.raises(PeerError) as caught:
        Follower(held).feed(bad)
    assert caught.value.code.startswith("tree.")


def test_events_that_wait_are_asked_for():
    source = publisher()
    from frostnode.identity.kits import authority_key
    from frostnode.protocol.identity import End, Epoch, Event, Kind, commitment, sign_event

    first, following = authority_key(source.authority_seed, 1), authority_key(source.authority_seed, 2)
    move = sign_event(
        Event(
            kind=Kind.ORDINARY,
            n=1,
            prev=source.genesis.cid,
            time=5_000,
            keys=(first.public,),
            next=commitment([following.public], 1),
            end=End(size=2, root=source.tree(2).root()),
            epoch=Epoch(key=publisher(name="new").key.public, node=source.key.public, url=""),
        ),
        [first],
    )
    held = Held()
    follower = Follower(held)
    (missing,) = follower.feed(EventsFrame(did=source.did, events=[move.raw]))
    assert missing == Missing(did=source.did, ancestors=(source.genesis.cid,))
    _, actions = feed([EventsFrame(did=source.did, events=[source.genesis.raw, move.raw])], held, follower)
    assert [type(action) for action in actions] == [TakeEvents]
    # The epoch has ended at 2: what is proven into the end counts, with or without a checkpoint.
    _, actions = feed([source.entries(0, 2, size=2)], held, follower)
    assert [(action.served, action.note) for action in actions] == [(2, None)]
    _, actions = feed([CheckpointFrame(origin=source.origin, note=source.note()), source.entries(0, 3)], held)
    assert actions == []
    assert held.logs[source.origin].counted == 2


def test_a_forged_event_is_refused():
    source = publisher()
    raw = bytearray(source.genesis.raw)
    raw[raw.index(source.genesis.signatures[0])] ^= 1
    with pytest.raises(PeerError):
        feed([EventsFrame(did=source.did, events=[bytes(raw)])])
    assert parse_signed_event(bytes(raw)).cid == source.genesis.cid
    held, _ = feed(source.stream())
    assert isinstance(held.histories[source.did], History)


@pytest.mark.slow
def test_a_stream_with_any_byte_changed_stores_nothing_wrong():
    source = publisher(4)
    data = b"".join(map(encode_frame, source.stream()))
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 0x41]) + data[at + 1 :]
        held = Held()
        with suppress(PeerError):
            feed(FrameDecoder().feed(changed), held)
        for (origin, index), leaf in held.leaves.items():
            assert origin == source.origin
            assert leaf == source.leaves[index]
        assert set(held.bodies.values()) <= set(source.bodies)


# who is not wanted


class Choosy:
    """Publishers whose logs are passed over for now."""

    def __init__(self, *dids):
        self.dids = set(dids)

    def __call__(self, did):
        return did in self.dids


def choosy(*dids):
    held, choice = Held(), Choosy(*dids)
    return held, choice, Follower(held, passes_over=choice)


def test_the_log_of_who_is_not_wanted_is_passed_over_and_its_events_are_judged():
    source = publisher(3)
    held, _, follower = choosy(source.did)
    actions = [action for frame in source.stream() for action in follower.feed(frame)]
    assert [type(action) for action in actions] == [TakeEvents]
    assert follower.feed(source.entries(0, 3)) == []
    assert held.logs == {}


def test_frames_of_who_is_not_wanted_and_was_never_heard_of_are_no_fault():
    source = publisher(3)
    _, _, follower = choosy(source.did)
    for frame in list(source.stream())[1:]:
        assert follower.feed(frame) == []


def test_who_comes_to_be_wanted_is_asked_for_by_size_where_the_checkpoint_was_passed_over():
    source = publisher(3)
    held, choice, follower = choosy(source.did)
    feed([source.events()], held, follower)
    assert follower.feed(CheckpointFrame(origin=source.origin, note=source.note())) == []
    choice.dids.clear()
    assert follower.feed(source.entries(0, 3)) == [Gap(did=source.did, origin=source.origin, held=0, shown=3)]


def test_who_comes_to_be_wanted_is_asked_for_by_size_where_the_events_were_passed_over():
    source = publisher(3)
    _, _, follower = choosy()
    assert follower.feed(CheckpointFrame(origin=source.origin, note=source.note())) == []
    assert follower.feed(source.bodies_frame(0, 3)) == []
    assert follower.feed(source.entries(0, 3)) == [Gap(did=source.did, origin=source.origin, held=0, shown=3)]


def test_a_choosy_follower_is_as_strict_as_any_while_it_passes_over_nobody():
    source = publisher(3)
    held, _, follower = choosy()
    feed([source.events()], held, follower)
    with pytest.raises(FrameError) as caught:
        follower.feed(source.entries(0, 3))
    assert caught.value.code == "frame.order"


# what is shown of another tree


def test_an_older_head_of_another_tree_is_a_fork_also_within_one_batch():
    source = publisher(300)
    held, _ = feed(source.stream())
    twin = twin_of(source, 1, 200)
    for follower in (Follower(held), None):
        frames = [CheckpointFrame(origin=source.origin, note=twin.note())]
        if follower is None:
            follower, frames = Follower(Held()), [*source.stream(), *frames]
        actions = [action for frame in frames for action in follower.feed(frame)]
        assert [type(action) for action in actions[-2:]] == [Fork, Stopped]


def test_a_consistency_proof_that_shows_another_tree_is_a_fork():
    source = publisher(3)
    held, _ = feed(source.stream())
    twin = twin_of(source, 2, 5)
    proof = consistency_proof(3, 5, twin.node)
    frame = CheckpointFrame(origin=source.origin, note=twin.note(), old=3, proof=proof)
    fork, stopped = Follower(held).feed(frame)
    assert (fork.note, fork.run, stopped.code) == (twin.note(), None, "checkpoint.fork")


def test_what_was_read_ahead_is_what_the_tree_is_proven_by():
    source = publisher(600)
    held, _ = feed(list(source.stream())[:4])
    state = held.logs[source.origin]
    assert root_above(state.held, 600, state.ahead.beyond) == source.tree().root()
    assert state.ahead.note == source.note()
    held, _ = feed(source.stream(), held)
    assert held.logs[source.origin].ahead is None


def test_evidence_freezes_an_open_epoch_and_is_taken_once():
    source = publisher(5)
    held, _ = feed(source.stream())
    follower = Follower(held)
    evidence = evidence_frame(evidence_of(source, twin_of(source, 2)))
    (taken,) = follower.feed(evidence)
    assert isinstance(taken, TakeEvidence)
    held.apply(taken)
    source.put("more", {"title": "more"})
    _, actions = feed(
        [evidence, *source.stream(), CheckpointFrame(origin=source.origin, note=source.note(2))], held
    )
    assert not [action for action in actions if not isinstance(action, TakeBodies)]


def test_evidence_against_what_does_not_count_or_nobody_asked_for_is_passed_over():
    source = publisher(5)
    evidence = evidence_frame(evidence_of(source, twin_of(source, 2)))
    stranger = Follower(Held(), frozenset({publisher(0, "other").did}))
    assert stranger.feed(evidence) == []
    held, _ = feed([source.move().events()])
    assert Follower(held).feed(evidence) == []
    assert Follower(held).feed(replace(evidence, origin=source.origin.replace("/log/0/", "/log/7/"))) == []
    with pytest.raises(FrameError):
        Follower(Held()).feed(evidence)


@pytest.mark.parametrize("at", [0, 1, 255, 256, 257, 511, 512, 560])
def test_a_run_of_the_settled_tree_shows_what_is_shared(at):
    source = publisher(600)
    twin = twin_of(source, at, 580)
    for start in (0, 256, 512):
        run = read_run(source.entries(start, min(600, start + 256)))
        shared = run.shared_with(580, twin.tree)
        assert shared == min(at, run.stop, 580) if at >= start else shared <= at
        assert source.tree(shared) == twin.tree(shared)


def test_heads_that_were_beyond_what_was_held_are_compared_so_many_at_one_cursor():
    """A peer shows heads of other trees; then the trees that are held come from others."""
    held = Held()
    follower = Follower(held)
    sources = []
    for number in range(STREAM_HEADS_COMPARED_MAX + 1):
        source, twin = MemoryPublisher(f"p{number}"), MemoryPublisher(f"p{number}")
        sources.append(source)
        source.put("a", {"title": "one"})
        twin.put("a", {"title": "another"})
        head = CheckpointFrame(origin=source.origin, note=twin.note())
        for action in [*follower.feed(source.events()), *follower.feed(head)]:
            held.apply(action)
    follower.keep()
    for source in sources:
        other = Follower(held)
        for frame in source.stream():
            for action in other.feed(frame):
                held.apply(action)
    follower.keep()
    cursor = CursorFrame(cursor=b"c" * 32)
    forks = [sum(isinstance(action, Fork) for action in follower.feed(cursor)) for _ in range(3)]
    assert forks == [STREAM_HEADS_COMPARED_MAX, 1, 0]
