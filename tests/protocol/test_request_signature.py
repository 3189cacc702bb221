"""Requests are signed as RFC 9421 says, in one form; whatever differs is refused with an error of ours."""

from base64 import b64decode
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from frostnode.protocol.errors import LocalError, PeerError
from frostnode.protocol.keys import PublicKey, SigningKey, to_multibase, verify
from frostnode.protocol.limits import (
    REQUEST_FIELD_BYTES_MAX,
    REQUEST_LIFETIME_S,
    REQUEST_LIFETIME_S_MAX,
    REQUEST_NONCE_CHARS_MAX,
    REQUEST_NONCE_CHARS_MIN,
    REQUEST_SKEW_S,
)
from frostnode.protocol.request_signature import (
    SignatureHeaders,
    Target,
    sign_request,
    signature_base,
    verify_request,
)
from frostnode.protocol.signature_fields import (
    check_content_digest,
    format_content_digest,
    format_signature,
    parse_signature,
    parse_signature_input,
)

KEY = SigningKey(b"n" * 32)
NOW = 1_800_000_000
BODY = b'{"items": []}'
DIGEST = format_content_digest(BODY)
TARGET = Target(method="POST", authority="node.example", path="/frost/offer", query="?")
NONCE = "abcdefghijklmnop"


def signed(**changes):
    given_ = {"content_digest": DIGEST, "now_s": NOW, "nonce": NONCE, **changes}
    return sign_request(KEY, TARGET, **given_)


def code_of(headers, target=TARGET, now_s=NOW):
    with pytest.raises(PeerError) as caught:
        verify_request(target, headers, now_s=now_s)
    return caught.value.code


def resigned(text, *, digest=DIGEST):
    """Headers with this Signature-Input, whatever it says, and a signature that holds for it."""
    given_ = parse_signature_input(text)
    base = signature_base(given_, {**TARGET.components(), "content-digest": digest or "", "date": "x"})
    signature = format_signature(given_.label, KEY.sign(base))
    return SignatureHeaders(signature_input=text, signature=signature, content_digest=digest)


# the standard


def test_the_vector_of_the_rfc():
    """RFC 9421 B.2.6, through the same builder."""
    field = (
        'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length")'
        ';created=1618884473;keyid="test-key-ed25519"'
    )
    values = {
        "date": "Tue, 20 Apr 2021 02:07:55 GMT",
        "@method": "POST",
        "@path": "/foo",
        "@authority": "example.com",
        "content-type": "application/json",
        "content-length": "18",
    }
    spki = b64decode("MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=")
    signature = (
        "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:"
    )
    given_ = parse_signature_input(field)
    assert str(given_) == field
    base = signature_base(given_, values)
    assert base.startswith(b'"date": Tue, 20 Apr 2021 02:07:55 GMT\n"@method": POST\n')
    assert base.endswith(b'\n"@signature-params": ' + field.removeprefix("sig-b26=").encode())
    verify(PublicKey(spki[-32:]), base, parse_signature(signature, "sig-b26"))


def test_the_base_of_a_request_of_ours():
    headers = signed()
    assert signature_base(
        parse_signature_input(headers.signature_input), {**TARGET.components(), "content-digest": DIGEST}
    ).decode() == "\n".join(
        (
            '"@method": POST',
            '"@authority": node.example',
            '"@path": /frost/offer',
            '"@query": ?',
            f'"content-digest": {DIGEST}',
            (
                '"@signature-params": ("@method" "@authority" "@path" "@query" "content-digest")'
                f';created={NOW};expires={NOW + REQUEST_LIFETIME_S};nonce="{NONCE}"'
                f';keyid="{to_multibase(KEY.public)}";tag="frost-request"'
            ),
        )
    )


# what holds


@pytest.mark.parametrize("digest", [DIGEST, None])
def test_what_was_signed_verifies(digest):
    found = verify_request(TARGET, signed(content_digest=digest), now_s=NOW)
    assert (found.key, found.created, found.nonce) == (KEY.public, NOW, NONCE)
    assert found.expires == NOW + REQUEST_LIFETIME_S
    assert list(signed(content_digest=digest).as_mapping())[2:] == (["content-digest"] if digest else [])


def test_parameters_may_come_in_any_order_and_labels_be_any():
    covered = '("@method" "@authority" "@path" "@query" "content-digest")'
    text = f'x*={covered};tag="frost-request";keyid="{to_multibase(KEY.public)}";expires={NOW + 1};nonce="{NONCE}";created={NOW}'
    assert verify_request(TARGET, resigned(text), now_s=NOW).key == KEY.public


def test_the_window_of_time_with_the_skew_of_clocks():
    headers = signed()
    for now_s in (NOW - REQUEST_SKEW_S, NOW + REQUEST_LIFETIME_S + REQUEST_SKEW_S):
        verify_request(TARGET, headers, now_s=now_s)
    for now_s in (NOW - REQUEST_SKEW_S - 1, NOW + REQUEST_LIFETIME_S + REQUEST_SKEW_S + 1):
        assert code_of(headers, now_s=now_s) == "request.time"


def with_lifetime(seconds):
    return resigned(signed().signature_input.replace(f"expires={NOW + 60}", f"expires={NOW + seconds}"))


def test_a_lifetime_has_a_limit():
    verify_request(TARGET, with_lifetime(REQUEST_LIFETIME_S_MAX), now_s=NOW)
    verify_request(TARGET, with_lifetime(1), now_s=NOW)
    for seconds in (REQUEST_LIFETIME_S_MAX + 1, 0, -5):
        assert code_of(with_lifetime(seconds)) == "request.time"


# what does not


@pytest.mark.parametrize(
    "target",
    [
        replace(TARGET, method="PUT"),
        replace(TARGET, authority="other.example"),
        replace(TARGET, path="/frost/lease"),
        replace(TARGET, query="?a"),
    ],
)
def test_a_signature_is_for_one_request(target):
    assert code_of(signed(), target) == "request.signature"


def test_a_signature_is_for_one_body():
    check_content_digest(DIGEST, BODY)
    assert code_of(replace(signed(), content_digest=format_content_digest(b""))) == "request.signature"
    with pytest.raises(PeerError) as caught:
        check_content_digest(DIGEST, BODY + b" ")
    assert caught.value.code == "request.signature"


def test_a_digest_is_neither_left_out_nor_added():
    assert code_of(replace(signed(), content_digest=None)) == "request.malformed"
    assert code_of(replace(signed(content_digest=None), content_digest=DIGEST)) == "request.malformed"


def test_another_key_is_no_key():
    other = to_multibase(SigningKey(b"o" * 32).public)
    text = signed().signature_input.replace(to_multibase(KEY.public), other)
    assert code_of(replace(signed(), signature_input=text)) == "request.signature"


GOOD = signed().signature_input


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace('tag="frost-request"', 'tag="another"'),
        GOOD.replace(';tag="frost-request"', ""),
        GOOD.replace(f";created={NOW}", ""),
        GOOD.replace(f";created={NOW}", f';created="{NOW}"'),
        GOOD.replace(f'nonce="{NONCE}"', "nonce=12345678901234"),
        GOOD.replace(NONCE, "x" * (REQUEST_NONCE_CHARS_MIN - 1)),
        GOOD.replace(NONCE, "x" * (REQUEST_NONCE_CHARS_MAX + 1)),
        GOOD.replace(NONCE, "abcdefghijklmno "),
        GOOD + ';alg="ed25519"',
        GOOD.replace(to_multibase(KEY.public), "z6Mk"),
        GOOD.replace(f'keyid="{to_multibase(KEY.public)}"', "keyid=7"),
        GOOD.replace('"@method" "@authority"', '"@authority" "@method"'),
        GOOD.replace('"@query" ', ""),
        GOOD.replace('"content-digest")', '"content-digest" "date")'),
    ],
)
def test_a_signature_of_another_form_is_refused_though_it_holds(text):
    assert code_of(resigned(text)) == "request.malformed"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "frost",
        "frost=1",
        GOOD + " ",
        GOOD + ", other=()",
        GOOD.replace('("', '( "'),
        GOOD.replace('" "', '"  "'),
        GOOD.replace("frost=", "Frost="),
        GOOD.replace(";created", "; created"),
        GOOD.replace(f"created={NOW}", f"created=0{NOW}"),
        GOOD.replace(f"created={NOW}", "created=1e9"),
        GOOD.replace(f"created={NOW}", "created"),
        GOOD.replace(f"created={NOW}", f"created={NOW};created={NOW}"),
        GOOD.replace('"@query"', '"@query";req'),
        GOOD.replace('"@query"', '"@path"'),
        GOOD.replace('"@query"', '"@Query"'),
        GOOD.replace('"@query"', '"a b"'),
        GOOD.replace('"@query"', '"'),
        GOOD.replace(NONCE, 'a\\"b\\x'),
        GOOD.replace(NONCE, "x" * REQUEST_FIELD_BYTES_MAX),
        GOOD.replace(NONCE, "é" * 16),
    ],
)
def test_another_spelling_is_refused(text):
    assert code_of(replace(signed(), signature_input=text)) == "request.malformed"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "frost=::",
        "other=:AAAA:",
        "frost=:AAA:",
        "frost=:AB==:",
        "frost=AAAA",
        signed().signature + ", b=:AAAA:",
        signed().signature.replace("=:", "=: "),
        "frost=:" + "A" * REQUEST_FIELD_BYTES_MAX + ":",
    ],
)
def test_a_signature_field_that_is_none(text):
    assert code_of(replace(signed(), signature=text)) in ("request.malformed", "request.signature")


@pytest.mark.parametrize(
    "text", ["", "sha-512=:AAAA:", "sha-256=:AB==:", DIGEST + ", " + DIGEST, DIGEST + ";a"]
)
def test_a_digest_that_is_none(text):
    with pytest.raises(PeerError) as caught:
        check_content_digest(text, BODY)
    assert caught.value.code == "request.malformed"


def test_no_value_begins_a_line_of_its_own():
    given_ = parse_signature_input('a=("@path")')
    for path in ("/x\n/y", "/x\r"):
        with pytest.raises(PeerError):
            signature_base(given_, {"@path": path})
    with pytest.raises(PeerError):
        signature_base(given_, {})
    with pytest.raises(PeerError):
        signature_base(given_, {"@path": "/é"})


def test_strings_with_quotes_are_read_and_written_alike():
    text = 'a=("@path");keyid="a\\"b\\\\c";n=-5'
    assert parse_signature_input(text).parameters == (("keyid", 'a"b\\c'), ("n", -5))
    assert str(parse_signature_input(text)) == text


field = st.text(st.characters(codec="utf-8"), max_size=80) | st.text(
    st.sampled_from('frost=("@method";created=1, :\\)'), max_size=60
)


@given(
    field | st.builds(lambda a, b: GOOD[:a] + GOOD[b:], *[st.integers(0, len(GOOD))] * 2),
    field,
    field | st.none(),
)
@example(GOOD, signed().signature, DIGEST)
def test_any_fields_verify_or_raise_an_error_of_ours(signature_input, signature, digest):
    headers = SignatureHeaders(signature_input=signature_input, signature=signature, content_digest=digest)
    try:
        verify_request(TARGET, headers, now_s=NOW)
    except (PeerError, LocalError):
        return
    assert headers == signed()


@given(field)
def test_any_text_is_an_input_written_alike_or_refused(text):
    try:
        found = parse_signature_input(text)
    except PeerError:
        return
    assert str(found) == text


@given(field)
def test_any_text_is_a_digest_or_an_error_of_ours(text):
    try:
        check_content_digest(text, BODY)
    except PeerError:
        return
    assert text == DIGEST
