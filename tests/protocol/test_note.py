"""Signed notes: the published vector, the one spelling of everything, and any bytes at all."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.errors import LogError, SignatureError
from frostnode.protocol.keys import SigningKey, verify
from frostnode.protocol.limits import NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX
from frostnode.protocol.note import (
    COSIGNATURE_V1,
    ED25519,
    Note,
    NoteSignature,
    format_note,
    is_key_name,
    key_id,
    parse_note,
    parse_signatures,
    parse_vkey,
    vkey,
)

VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
NOTE = (
    "This is an example message.\n"
    "\n"
    "\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
KEY = SigningKey(bytes(range(32)))
LINE = "\u2014 name AAAAAAE=\n"


def refusal(data: bytes | str) -> str:
    """The code of the error of reading; empty when the bytes are a note."""
    raw = data.encode() if isinstance(data, str) else data
    try:
        note = parse_note(raw)
    except LogError as error:
        return error.code
    assert format_note(note) == raw
    return ""


# -- the vector of the specification -------------------------------------------------------------------


def test_the_example_of_signed_note_verifies() -> None:
    note = parse_note(NOTE.encode())
    name, type_, public = parse_vkey(VKEY)
    assert (name, type_) == ("example.com/foo", ED25519)
    assert key_id(name, public).hex() == "530d903a"
    [line] = note.signed_by(name, key_id(name, public))
    verify(public, note.text.encode(), line.payload)
    assert vkey(name, public) == VKEY
    assert format_note(note) == NOTE.encode()


def test_one_key_has_another_id_for_each_type_and_name() -> None:
    ids = {key_id(name, KEY.public, type_) for name in ("a", "b") for type_ in (ED25519, COSIGNATURE_V1)}
    assert len(ids) == 4


# -- the grammar ---------------------------------------------------------------------------------------


def test_the_text_ends_at_the_last_blank_line() -> None:
    for text in ("a\n", "a\n\nb\n", "a\n\n\n\n", "\n", "\n\n", f"a\n\n{LINE}\n", "\u2014 not a signature\n"):
        assert parse_note(f"{text}\n{LINE}".encode()).text == text


def test_lines_of_unknown_keys_stay_as_they_came() -> None:
    lines = [LINE, "\u2014 other/key AAAAAAEC\n", f"\u2014 ml-dsa {b64encode(bytes(2432)).decode()}\n", LINE]
    note = parse_note(f"text\n\n{''.join(lines)}".encode())
    assert [str(line) for line in note.signatures] == lines
    assert note.signatures[0] == NoteSignature("name", bytes(4), b"\x01")


@pytest.mark.parametrize(
    "data",
    [
        "",
        "\n",
        "\n\n",
        "text\n",
        "text\n\n",
        "text\n\n\n",
        LINE,
        f"\n{LINE}",
        f"text\n{LINE}",
        f"text\n\n{LINE[:-1]}",
        f"text\n\n{LINE}\n",
        f"text\n\n{LINE}\n\n",
        f"text\n\nno signature\n{LINE}",
        f"text\n\n{LINE}no signature\n",
        f"text\r\n\r\n{LINE}",
        f"te\txt\n\n{LINE}",
        f"te\0xt\n\n{LINE}",
        "text\n\n- name AAAAAAE=\n",
        "text\n\n\u2013 name AAAAAAE=\n",
        "text\n\n\u2014name AAAAAAE=\n",
        "text\n\n\u2014  name AAAAAAE=\n",
        "text\n\n\u2014 name  AAAAAAE=\n",
        "text\n\n\u2014 name AAAAAAE= \n",
        "text\n\n\u2014 name AAAAAAE= AAAA\n",
        "text\n\n\u2014 name\n",
        "text\n\n\u2014 name \n",
        "text\n\n\u2014  AAAAAAE=\n",
        "text\n\n\u2014 na+me AAAAAAE=\n",
        "text\n\n\u2014 na\u00a0me AAAAAAE=\n",
        "text\n\n\u2014 na\u2028me AAAAAAE=\n",
        "text\n\n\u2014 na\u3000me AAAAAAE=\n",
        "text\n\n\u2014 name AAAAAA==\n",
        "text\n\n\u2014 name AAAA\n",
        "text\n\n\u2014 name AAAAAAE\n",
        "text\n\n\u2014 name AAAAAAF=\n",
        "text\n\n\u2014 name AAAAAA-_\n",
        "text\n\n\u2014 name AAAA\u00e9AE=\n",
        "text\n\n\u2014 name AAAAAAE==\n",
        "text\n\n\u2014 name =AAAAAAE\n",
    ],
)
def test_every_other_spelling_is_refused(data: str) -> None:
    assert refusal(data) == "note.malformed"


def test_bytes_that_are_not_utf8_are_refused() -> None:
    for raw in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xe2\x80"):
        assert refusal(b"text" + raw + b"\n\n" + LINE.encode()) == "note.malformed"


@pytest.mark.parametrize("code", [*range(0x0A), *range(0x0B, 0x20)])
def test_control_characters_are_refused_everywhere(code: int) -> None:
    assert refusal(f"te{chr(code)}xt\n\n{LINE}") == "note.malformed"
    assert refusal(f"text\n\n\u2014 na{chr(code)}me AAAAAAE=\n") == "note.malformed"
    assert not is_key_name(f"na{chr(code)}me")


def test_no_space_of_any_kind_is_in_a_key_name() -> None:
    spaces = [chr(code) for code in range(0x110000) if chr(code).isspace()]
    assert len(spaces) >= 25
    assert not any(is_key_name(f"a{space}b") for space in spaces)
    assert all(is_key_name(name) for name in ("a", "did:frost:b/log/0/c", "Zürich/ключ", "\u200b", "x" * 300))
    assert not any(is_key_name(name) for name in ("", "+", "a+b", "\ud800", "a\udfff"))


# -- limits --------------------------------------------------------------------------------------------


def test_as_many_signatures_as_the_limit_and_no_more() -> None:
    assert NOTE_SIGNATURES_MAX >= 16, "what every verifier has to accept"
    assert refusal("text\n\n" + LINE * NOTE_SIGNATURES_MAX) == ""
    assert refusal("text\n\n" + LINE * (NOTE_SIGNATURES_MAX + 1)) == "note.malformed"


def test_as_many_bytes_as_the_limit_and_no_more() -> None:
    rest = f"\n\n{LINE}"
    text = "x" * (NOTE_BYTES_MAX - len(rest.encode()))
    assert refusal(text + rest) == ""
    assert refusal(f"x{text}{rest}") == "note.malformed"


# -- writing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "note",
    [
        Note("no newline", (NoteSignature("a", bytes(4), b"s"),)),
        Note("", (NoteSignature("a", bytes(4), b"s"),)),
        Note("text\n", ()),
        Note("text\n", (NoteSignature("a b", bytes(4), b"s"),)),
        Note("text\n", (NoteSignature("a\n", bytes(4), b"s"),)),
        Note("text\n", (NoteSignature("a", bytes(4), b""),)),
        Note("text\n", (NoteSignature("a", bytes(3), b"ss"),)),
        Note("text\n", (NoteSignature("a", bytes(4), b"s"),) * (NOTE_SIGNATURES_MAX + 1)),
        Note("\ud800\n", (NoteSignature("a", bytes(4), b"s"),)),
    ],
)
def test_nothing_is_written_that_could_not_be_read(note: Note) -> None:
    with pytest.raises(LogError) as caught:
        format_note(note)
    assert caught.value.code == "note.malformed"


def test_a_new_signature_of_a_key_takes_the_place_of_its_old_one() -> None:
    first, second = NoteSignature("a", bytes(4), b"1"), NoteSignature("b", bytes(4), b"2")
    same_name = NoteSignature("a", b"\0\0\0\1", b"3")
    newer = NoteSignature("a", bytes(4), b"4")
    note = Note("text\n", (first, second)).with_signatures((same_name, newer))
    assert note == Note("text\n", (newer, second, same_name))


def test_signature_lines_are_read_without_their_note() -> None:
    answer = f"{LINE}\u2014 other AAAAAAE=\n"
    assert [line.name for line in parse_signatures(answer.encode())] == ["name", "other"]
    for data in (b"", b"\n", b"\xff", answer[:-1].encode(), f"text\n\n{answer}".encode()):
        with pytest.raises(LogError) as caught:
            parse_signatures(data)
        assert caught.value.code == "note.malformed"


# -- any bytes -----------------------------------------------------------------------------------------

pieces = st.lists(
    st.sampled_from(["\u2014", " ", "\n", "\n\n", "name", "AAAAAAE=", LINE, "text\n", "+", "\0", "\u2028"]),
    max_size=12,
).map(lambda parts: "".join(parts).encode())


@given(st.binary(max_size=200) | pieces | pieces.map(lambda head: head + f"\n\n{LINE}".encode()))
def test_any_bytes_are_a_note_or_a_log_error(data: bytes) -> None:
    assert refusal(data) in ("", "note.malformed")


def test_a_note_cut_anywhere_is_refused() -> None:
    data = NOTE.encode()
    assert {refusal(data[:cut]) for cut in range(len(data))} == {"note.malformed"}


@given(st.integers(0, len(NOTE.encode()) - 1), st.integers(0, 255))
def test_a_changed_byte_gives_another_note_or_a_log_error(place: int, value: int) -> None:
    changed = bytearray(NOTE.encode())
    changed[place] = value
    assert refusal(bytes(changed)) in ("", "note.malformed")


# -- verifier keys -------------------------------------------------------------------------------------


def test_verifier_keys_of_logs_and_witnesses_round_trip() -> None:
    for type_ in (ED25519, COSIGNATURE_V1):
        assert parse_vkey(vkey("witness.example/w1", KEY.public, type_)) == (
            "witness.example/w1",
            type_,
            KEY.public,
        )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "++",
        "name",
        "name+530d903a",
        VKEY[:-1],
        VKEY + "=",
        VKEY + "\n",
        VKEY.replace("530d903a", "530D903A"),
        VKEY.replace("530d903a", "530d903b"),
        VKEY.replace("530d903a", "0530d903a"),
        VKEY.replace("foo", "bar"),
        VKEY.replace("example.com/foo", ""),
        VKEY.replace("example.com/foo", "example com"),
        VKEY.replace("example.com/foo", "\ud800"),
        VKEY.replace("AekyeRrm", "BekyeRrm"),
        VKEY.replace("AekyeRrm", "AukyeRrm"),
        f"name+00000000+{b64encode(bytes(1313)).decode()}",
        f"name+00000000+{b64encode(bytes([5]) + KEY.public).decode()}",
    ],
)
def test_other_verifier_keys_are_refused(text: str) -> None:
    with pytest.raises(SignatureError) as caught:
        parse_vkey(text)
    assert caught.value.code == "key.malformed"


def test_a_verifier_key_of_low_order_is_refused() -> None:
    with pytest.raises(SignatureError) as caught:
        parse_vkey(f"name+00000000+{b64encode(bytes([1]) + bytes(32)).decode()}")
    assert caught.value.code == "key.refused"


@given(st.text(max_size=40) | st.binary(max_size=40).map(lambda raw: f"a+00000000+{b64encode(raw).decode()}"))
def test_any_text_is_a_verifier_key_or_a_signature_error(text: str) -> None:
    with pytest.raises(SignatureError):
        parse_vkey(text)
