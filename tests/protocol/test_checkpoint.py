"""Checkpoints and cosignatures: a sample made elsewhere, the one spelling, and who must have signed."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.checkpoint import (
    COSIGNATURE_TIME_S_MAX,
    Checkpoint,
    cosign,
    open_checkpoint,
    parse_checkpoint_text,
    sign_checkpoint,
    verify_cosignatures,
)
from frostnode.protocol.errors import LogError
from frostnode.protocol.keys import PublicKey, SigningKey
from frostnode.protocol.limits import NOTE_SIGNATURES_MAX, ORIGIN_BYTES_MAX, TREE_SIZE_MAX
from frostnode.protocol.merkle import EMPTY_ROOT, leaf_hash
from frostnode.protocol.names import Origin
from frostnode.protocol.note import COSIGNATURE_V1, Note, NoteSignature, format_note, key_id, parse_note, vkey

ORIGIN = Origin("frost.example/log/alpha")
WITNESS = "witness.example/w1"
KEY = SigningKey(bytes(range(32)))
OTHER = SigningKey(bytes(32))
ROOT = leaf_hash(b"one")
CHECKPOINT = Checkpoint(ORIGIN, 1, ROOT)
NOTE = sign_checkpoint(CHECKPOINT, KEY)

SAMPLE = (
    "frost.example/log/alpha\n"
    "0\n"
    "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    "\n"
    "\u2014 frost.example/log/alpha kSt9m/OyIvDVZB5Pr/CaXRspk55v0T0evd2+e7UgGmrXugcJ1PEE7J2aPpuWAiF4bdfYx8IrEv4+6X1H3o8PLl0XXgQ=\n"
    "\u2014 witness.example/w1 519lMgAAAABlU/EAQTQvInZycuD6pCPXBHMXuC3i7C8WjrjRFoSP3T+WS/vRz0II8Wl4p1Y+27tvgZT8/7UHzLRMQ3slKYeSKeBXBw==\n"
).encode()


def refusal(note: bytes, origin: str = ORIGIN, public: PublicKey = KEY.public) -> str:
    """The code of the error of opening; empty when the checkpoint is that of this log."""
    try:
        open_checkpoint(note, Origin(origin), public)
    except LogError as error:
        return error.code
    return ""


def with_lines(note: bytes, *lines: NoteSignature) -> bytes:
    parsed = parse_note(note)
    return format_note(Note(parsed.text, (*parsed.signatures, *lines)))


# -- a sample made elsewhere -----------------------------------------------------------------------------


def test_the_sample_opens_and_its_cosignature_verifies() -> None:
    assert open_checkpoint(SAMPLE, ORIGIN, KEY.public) == Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    assert verify_cosignatures(SAMPLE, {WITNESS: KEY.public}) == {WITNESS: 1_700_000_000}


def test_the_sample_is_made_again_byte_by_byte() -> None:
    note = sign_checkpoint(Checkpoint(ORIGIN, 0, EMPTY_ROOT), KEY)
    assert cosign(note, WITNESS, KEY, 1_700_000_000) == SAMPLE
    expected = "frost.example/log/alpha+912b7d9b+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
    assert vkey(ORIGIN, KEY.public) == expected


# -- the text ----------------------------------------------------------------------------------------------


def test_the_text_reads_and_writes() -> None:
    for size in (1, 255, 70_000, TREE_SIZE_MAX):
        checkpoint = Checkpoint(ORIGIN, size, ROOT)
        assert parse_checkpoint_text(checkpoint.text()) == checkpoint


B64 = b64encode(ROOT).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "\n\n\n",
        "origin\n",
        "origin\n1\n",
        f"origin\n1\n{B64}",
        f"origin\n1\n{B64}\n\n",
        f"origin\n1\n{B64}\nextension\n",
        f"origin\n\n1\n{B64}\n",
        f"\n1\n{B64}\n",
        f"ori gin\n1\n{B64}\n",
        f"ori+gin\n1\n{B64}\n",
        f"{'o' * (ORIGIN_BYTES_MAX + 1)}\n1\n{B64}\n",
        f"{'é' * (ORIGIN_BYTES_MAX // 2 + 1)}\n1\n{B64}\n",
        f"origin\n\n{B64}\n",
        f"origin\n01\n{B64}\n",
        f"origin\n+1\n{B64}\n",
        f"origin\n-1\n{B64}\n",
        f"origin\n 1\n{B64}\n",
        f"origin\n1 \n{B64}\n",
        f"origin\n1_0\n{B64}\n",
        f"origin\n0x1\n{B64}\n",
        f"origin\n\u0661\n{B64}\n",
        f"origin\n{TREE_SIZE_MAX + 1}\n{B64}\n",
        f"origin\n{'9' * 5000}\n{B64}\n",
        f"origin\n0\n{B64}\n",
        "origin\n1\n\n",
        f"origin\n1\n {B64}\n",
        f"origin\n1\n{B64[:-1]}\n",
        f"origin\n1\n{B64[:-2]}{chr(ord(B64[-2]) + 1)}=\n",
        f"origin\n1\n{b64encode(ROOT[:31]).decode()}\n",
        f"origin\n1\n{b64encode(ROOT + ROOT).decode()}\n",
        f"origin\n1\n{ROOT.hex()}\n",
    ],
)
def test_every_other_text_is_refused(text: str) -> None:
    with pytest.raises(LogError) as caught:
        parse_checkpoint_text(text)
    assert caught.value.code == "checkpoint.malformed"


def test_an_origin_of_the_largest_length_is_read() -> None:
    text = f"{'o' * ORIGIN_BYTES_MAX}\n1\n{B64}\n"
    assert parse_checkpoint_text(text).text() == text


@pytest.mark.parametrize(
    "checkpoint",
    [
        Checkpoint(Origin("two words"), 1, ROOT),
        Checkpoint(ORIGIN, -1, ROOT),
        Checkpoint(ORIGIN, TREE_SIZE_MAX + 1, ROOT),
        Checkpoint(ORIGIN, 1, ROOT[:31]),
        Checkpoint(ORIGIN, 0, ROOT),
    ],
)
def test_nothing_is_signed_that_could_not_be_read(checkpoint: Checkpoint) -> None:
    with pytest.raises(LogError) as caught:
        sign_checkpoint(checkpoint, KEY)
    assert caught.value.code == "checkpoint.malformed"


# -- who signed ----------------------------------------------------------------------------------------------


def test_a_checkpoint_of_another_log_is_refused() -> None:
    assert refusal(NOTE) == ""
    assert refusal(NOTE, origin="frost.example/log/beta") == "checkpoint.origin"


def test_a_checkpoint_of_another_key_is_refused() -> None:
    assert refusal(NOTE, public=OTHER.public) == "note.signature"
    assert refusal(sign_checkpoint(CHECKPOINT, OTHER)) == "note.signature"


def test_the_key_must_have_signed_as_a_log_and_under_the_origin() -> None:
    text = CHECKPOINT.text()
    for name, type_ in ((ORIGIN, COSIGNATURE_V1), ("frost.example/log/beta", 1)):
        line = NoteSignature(name, key_id(name, KEY.public, type_), KEY.sign(text.encode()))
        assert refusal(format_note(Note(text, (line,)))) == "note.signature"


def test_unknown_signatures_are_ignored_wherever_they_stand() -> None:
    known = parse_note(NOTE).signatures[0]
    unknown = [
        NoteSignature("stranger", bytes(4), b"anything"),
        NoteSignature(known.name, b"\0\0\0\0", known.payload),
        NoteSignature("stranger", known.key_id, known.payload),
        NoteSignature("post-quantum", b"\1\2\3\4", bytes(2428)),
    ]
    assert open_checkpoint(with_lines(NOTE, *unknown), ORIGIN, KEY.public) == CHECKPOINT
    assert refusal(format_note(Note(CHECKPOINT.text(), (*unknown, known)))) == ""


@pytest.mark.parametrize("payload", [b"s", bytes(63), bytes(64), bytes(65), b"\xff" * 64])
def test_one_line_of_the_known_key_that_fails_condemns_the_note(payload: bytes) -> None:
    known = parse_note(NOTE).signatures[0]
    bad = NoteSignature(known.name, known.key_id, payload)
    assert refusal(format_note(Note(CHECKPOINT.text(), (bad,)))) == "note.signature"
    assert refusal(format_note(Note(CHECKPOINT.text(), (known, bad)))) == "note.signature"
    assert refusal(format_note(Note(CHECKPOINT.text(), (bad, known)))) == "note.signature"


def test_a_signature_does_not_cover_another_tree() -> None:
    line = parse_note(NOTE).signatures[0]
    for other in (Checkpoint(ORIGIN, 2, ROOT), Checkpoint(ORIGIN, 1, leaf_hash(b"two"))):
        assert refusal(format_note(Note(other.text(), (line,)))) == "note.signature"


def test_extension_lines_are_refused_even_when_signed() -> None:
    text = f"{CHECKPOINT.text()}extension\n"
    line = NoteSignature(ORIGIN, key_id(ORIGIN, KEY.public), KEY.sign(text.encode()))
    assert refusal(format_note(Note(text, (line,)))) == "checkpoint.malformed"


def test_a_key_of_low_order_opens_nothing() -> None:
    public = PublicKey(bytes(32))
    line = NoteSignature(ORIGIN, key_id(ORIGIN, public), bytes(64))
    assert refusal(format_note(Note(CHECKPOINT.text(), (line,))), public=public) == "note.signature"


# -- cosignatures ----------------------------------------------------------------------------------------------


def test_a_cosigned_checkpoint_still_opens() -> None:
    cosigned = cosign(cosign(NOTE, WITNESS, OTHER, 5), "w2", KEY, 7)
    assert open_checkpoint(cosigned, ORIGIN, KEY.public) == CHECKPOINT
    both = {WITNESS: OTHER.public, "w2": KEY.public, "absent": KEY.public}
    assert verify_cosignatures(cosigned, both) == {WITNESS: 5, "w2": 7}
    assert verify_cosignatures(NOTE, both) == {}


def test_a_witness_has_one_cosignature_and_it_is_the_latest() -> None:
    cosigned = cosign(cosign(NOTE, WITNESS, OTHER, 5), WITNESS, OTHER, 9)
    assert len(parse_note(cosigned).signatures) == 2
    assert verify_cosignatures(cosigned, {WITNESS: OTHER.public}) == {WITNESS: 9}


def test_two_lines_of_one_witness_must_both_verify_and_the_later_counts() -> None:
    [older] = parse_note(cosign(NOTE, WITNESS, OTHER, 5)).signed_by(
        WITNESS, key_id(WITNESS, OTHER.public, COSIGNATURE_V1)
    )
    twice = with_lines(cosign(NOTE, WITNESS, OTHER, 9), older)
    assert verify_cosignatures(twice, {WITNESS: OTHER.public}) == {WITNESS: 9}
    bad = with_lines(cosign(NOTE, WITNESS, OTHER, 9), NoteSignature(WITNESS, older.key_id, bytes(72)))
    with pytest.raises(LogError) as caught:
        verify_cosignatures(bad, {WITNESS: OTHER.public})
    assert caught.value.code == "note.signature"


def test_a_cosignature_is_for_one_tree_and_one_time() -> None:
    line = parse_note(cosign(NOTE, WITNESS, OTHER, 5)).signatures[1]
    other_tree = with_lines(sign_checkpoint(Checkpoint(ORIGIN, 2, ROOT), KEY), line)
    other_time = with_lines(
        NOTE, NoteSignature(WITNESS, line.key_id, (6).to_bytes(8, "big") + line.payload[8:])
    )
    short = with_lines(NOTE, NoteSignature(WITNESS, line.key_id, line.payload[:-1]))
    for note in (other_tree, other_time, short):
        assert refusal(note) == ""
        with pytest.raises(LogError) as caught:
            verify_cosignatures(note, {WITNESS: OTHER.public})
        assert caught.value.code == "note.signature"
        assert verify_cosignatures(note, {WITNESS: KEY.public}) == {}


def test_times_have_bounds() -> None:
    for time_s in (0, COSIGNATURE_TIME_S_MAX):
        cosigned = cosign(NOTE, WITNESS, OTHER, time_s)
        assert verify_cosignatures(cosigned, {WITNESS: OTHER.public}) == {WITNESS: time_s}
    for time_s in (-1, COSIGNATURE_TIME_S_MAX + 1):
        with pytest.raises(LogError):
            cosign(NOTE, WITNESS, OTHER, time_s)


def test_a_time_beyond_the_bound_is_refused_even_when_signed() -> None:
    payload = (2**63).to_bytes(8, "big") + OTHER.sign(
        f"cosignature/v1\ntime {2**63}\n{CHECKPOINT.text()}".encode()
    )
    note = with_lines(NOTE, NoteSignature(WITNESS, key_id(WITNESS, OTHER.public, COSIGNATURE_V1), payload))
    with pytest.raises(LogError) as caught:
        verify_cosignatures(note, {WITNESS: OTHER.public})
    assert caught.value.code == "note.signature"


def test_a_full_note_takes_no_further_witness() -> None:
    full = NOTE
    for number in range(NOTE_SIGNATURES_MAX - 1):
        full = cosign(full, f"w{number}", OTHER, 5)
    assert verify_cosignatures(full, {"w0": OTHER.public, "w30": OTHER.public}) == {"w0": 5, "w30": 5}
    with pytest.raises(LogError) as caught:
        cosign(full, "one more", OTHER, 5)
    assert caught.value.code == "note.malformed"


# -- any bytes -------------------------------------------------------------------------------------------------

CODES = {"", "note.malformed", "note.signature", "checkpoint.malformed", "checkpoint.origin"}


def outcomes(note: bytes) -> set[str]:
    """What opening and reading cosignatures say of these bytes."""
    codes = {refusal(note)}
    try:
        verify_cosignatures(note, {WITNESS: KEY.public})
    except LogError as error:
        codes.add(error.code)
    return codes


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data: bytes) -> None:
    assert outcomes(data) <= CODES - {""}


@given(st.text(max_size=80), st.binary(min_size=5, max_size=80))
def test_any_text_and_line_are_refused(text: str, payload: bytes) -> None:
    line = f"\u2014 {ORIGIN} {b64encode(key_id(ORIGIN, KEY.public) + payload).decode()}\n"
    assert outcomes(f"{text}\n\n{line}".encode()) <= CODES
    assert refusal(f"{text}\n\n{line}".encode()) != ""


def test_a_checkpoint_cut_anywhere_is_the_same_or_refused() -> None:
    for cut in range(len(SAMPLE)):
        assert outcomes(SAMPLE[:cut]) <= CODES
        complete = SAMPLE[:cut].endswith(b"XgQ=\n")
        assert (refusal(SAMPLE[:cut]) == "") == complete


def test_a_changed_byte_never_makes_another_checkpoint() -> None:
    genuine = open_checkpoint(SAMPLE, ORIGIN, KEY.public)
    for place in range(len(SAMPLE)):
        for value in (0, 10, 32, 43, 65, SAMPLE[place] ^ 1, SAMPLE[place] ^ 0x80):
            changed = SAMPLE[:place] + bytes([value]) + SAMPLE[place + 1 :]
            if changed != SAMPLE and refusal(changed) == "":
                assert open_checkpoint(changed, ORIGIN, KEY.public) == genuine
                assert place > SAMPLE.rindex(b"\xe2\x80\x94") + 3, "only in the line of the witness"
