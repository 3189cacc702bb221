"""Base32 as the library writes it, in lower case and unpadded."""

from base64 import b32encode

from hypothesis import given
from hypothesis import strategies as st

from frostnode.protocol.base32 import RAW_BYTES_MAX, base32_text


@given(st.binary(max_size=RAW_BYTES_MAX))
def test_it_is_what_the_library_writes(raw):
    assert base32_text(raw) == b32encode(raw).decode().lower().rstrip("=")


def test_the_vectors_of_the_standard():
    texts = ["", "f", "fo", "foo", "foob", "fooba", "foobar"]
    written = ["", "my", "mzxq", "mzxw6", "mzxw6yq", "mzxw6ytb", "mzxw6ytboi"]  # RFC 4648 §10
    assert [base32_text(text.encode()) for text in texts] == written
