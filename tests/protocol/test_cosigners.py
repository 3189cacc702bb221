"""Witnesses: whose lines in a note count, and which of two notes is kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.checkpoint import cosign, open_checkpoint, verify_cosignatures
from frostnode.protocol.cosigners import (
    Cosigner,
    cosigned_times,
    is_witness_url,
    keep_known,
    merge_notes,
    parse_cosigner,
)
from frostnode.protocol.errors import SignatureError
from frostnode.protocol.keys import SigningKey
from frostnode.protocol.limits import NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX
from frostnode.protocol.note import Note, NoteSignature, format_note, parse_note
from frostnode.testing.memory_publisher import MemoryPublisher

SOURCE = MemoryPublisher("p")
NOTE = SOURCE.note()
KEYS = [SigningKey(bytes([at]) * 32) for at in range(40)]
WITNESSES = [Cosigner(f"w{at}.example", key.public) for at, key in enumerate(KEYS)]


def signed(*which, note=NOTE, time_s=1_700_000_000):
    for at in which:
        note = cosign(note, f"w{at}.example", KEYS[at], time_s)
    return note


def lines(note):
    return [line.name for line in parse_note(note).signatures]


def merge(held, new, *named):
    return merge_notes(held, new, SOURCE.origin, [WITNESSES[at] for at in named])


def test_the_wire_sample_of_a_witness():
    # The sample of c2sp.org/tlog-cosignature in a public witness's test data, verified by its key.
    seed = SigningKey(bytes(range(32)))
    note = (
        "frost.example/log/alpha\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n"
        "— frost.example/log/alpha kSt9m/OyIvDVZB5Pr/CaXRspk55v0T0evd2+e7UgGmrXugcJ1PEE7J2aPpuWAiF4bdfYx8IrEv4+6X1H3o8PLl0XXgQ=\n"
    ).encode()
    line = (
        "— witness.example/w1 519lMgAAAABlU/EAQTQvInZycuD6pCPXBHMXuC3i7C8WjrjRFoSP3T+WS/vRz0II8Wl4p1Y+27tvgZT8/7UHzLRM"
        "Q3slKYeSKeBXBw==\n"
    )
    assert cosign(note, "witness.example/w1", seed, 1_700_000_000) == note + line.encode()
    assert verify_cosignatures(note + line.encode(), {"witness.example/w1": seed.public}) == {
        "witness.example/w1": 1_700_000_000
    }


def test_a_witness_is_read_from_its_verifier_key():
    text = "witness.example.org+b8a2cf20+BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN"
    witness = parse_cosigner(text, "https://w.example")
    assert witness.vkey == text
    assert (witness.name, witness.url) == ("witness.example.org", "https://w.example")


def test_the_key_of_a_log_is_no_witness():
    with pytest.raises(SignatureError) as refused:
        parse_cosigner("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
    assert refused.value.code == "key.malformed"


@pytest.mark.parametrize(
    "url", ["http://a", "https://w.example/x/y", "http://127.0.0.1:8417/frost/witness", "http://[::1]:1/"]
)
def test_where_a_witness_may_answer(url):
    assert is_witness_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://a",
        "http://",
        "http://a?b",
        "http://a#b",
        "http://u@h",
        "http://a b",
        "http://ä",
        "https:/a",
    ],
)
def test_where_none_may_answer(url):
    assert not is_witness_url(url)


def test_lines_that_fail_and_lines_of_strangers_say_nothing():
    other = MemoryPublisher("p")
    other.put("x", {"title": "x"})
    failing = parse_note(signed(1, note=other.note())).signatures[-1]
    note = parse_note(signed(0, 2)).with_signatures([failing])
    assert cosigned_times(note, WITNESSES[:2]) == {WITNESSES[0]: 1_700_000_000}


def test_the_note_with_more_is_kept():
    assert merge(NOTE, signed(0), 0) == signed(0)
    assert lines(merge(signed(0), signed(1), 0, 1)) == [SOURCE.origin, "w0.example", "w1.example"]


@pytest.mark.parametrize(
    ("held", "new"),
    [
        (signed(0), NOTE),
        (signed(0), signed(0)),
        (signed(0, 1), signed(1)),
        (signed(0), signed(0, time_s=1_800_000_000)),
    ],
    ids=["without", "the same", "with fewer", "with a later time"],
)
def test_a_note_with_no_more_changes_nothing(held, new):
    assert merge(held, new, 0, 1) is None
    assert merge_notes(held, new, SOURCE.origin, None) is None


def test_lines_of_others_than_the_named_are_not_taken_and_give_way():
    assert merge(NOTE, signed(3), 0) is None
    assert merge(signed(3), signed(0), 0) == signed(0)


def test_where_nobody_knows_whom_the_publisher_names_further_lines_are_carried():
    merged = merge_notes(signed(0), signed(0, 3), SOURCE.origin, None)
    assert lines(merged) == [SOURCE.origin, "w0.example", "w3.example"]


def test_a_note_does_not_grow_beyond_its_limits():
    full = signed(*range(NOTE_SIGNATURES_MAX - 1))
    assert len(lines(full)) == NOTE_SIGNATURES_MAX
    assert merge_notes(full, signed(35), SOURCE.origin, None) is None
    assert lines(merge(full, signed(35), 35)) == [SOURCE.origin, "w35.example"]
    long = parse_note(NOTE).with_signatures(
        NoteSignature(f"{at}{'x' * 250}", b"1234", bytes(570)) for at in range(15)
    )
    room = NOTE_BYTES_MAX - len(format_note(long))
    assert 0 < room < 1000
    fits, exceeds = (
        format_note(parse_note(NOTE).with_signatures([NoteSignature("y" * width, b"1234", bytes(2))]))
        for width in (room - len("—  MTIzNAAA\n".encode()), room - len("—  MTIzNAAA\n".encode()) + 1)
    )
    assert len(merge_notes(format_note(long), fits, SOURCE.origin, None)) == NOTE_BYTES_MAX
    assert merge_notes(format_note(long), exceeds, SOURCE.origin, None) is None


def test_what_is_handed_on_in_a_proof_has_no_line_that_could_condemn_it():
    other = MemoryPublisher("p")
    other.put("x", {"title": "x"})
    failing = parse_note(signed(0, note=other.note())).signatures[-1]
    poisoned = format_note(parse_note(signed(1, 2)).with_signatures([failing]))
    assert keep_known(poisoned, SOURCE.origin, WITNESSES[:2]) == signed(1)
    assert keep_known(poisoned, SOURCE.origin, None) == poisoned


SOME = st.lists(st.integers(0, 5), max_size=6)


@given(SOME, SOME, st.booleans())
def test_two_nodes_that_send_each_other_their_notes_come_to_rest_with_all_lines(mine, yours, knows):
    known = WITNESSES[:6] if knows else None
    one, other = signed(*mine), signed(*yours)
    for _ in range(2):
        one = merge_notes(one, other, SOURCE.origin, known) or one
        other = merge_notes(other, one, SOURCE.origin, known) or other
    assert merge_notes(one, other, SOURCE.origin, known) is None
    assert merge_notes(other, one, SOURCE.origin, known) is None
    assert (
        set(lines(one)) == set(lines(other)) == {SOURCE.origin, *(f"w{at}.example" for at in (*mine, *yours))}
    )
    open_checkpoint(one, SOURCE.origin, SOURCE.key.public)


def test_a_note_of_one_line_stays_what_it_is():
    assert keep_known(NOTE, SOURCE.origin, []) == NOTE
    assert Note(parse_note(NOTE).text, parse_note(NOTE).signatures) == parse_note(NOTE)
